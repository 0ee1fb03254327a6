import Console
import Foundation
import Testing

@testable import Shared
@testable import replay

/// Whatever a tape is told as, each request is counted once: in the map, spans, metrics, HTTP Archive, tables, event log and summary.
///
/// Where two of them differ, it is by a rule that has a name here.
@Suite struct `All that is told of one tape` {
    /// Who asks whom.
    struct Edge: Hashable, CustomStringConvertible {
        var service: String
        var destination: String
        var description: String { "\(service) -> \(destination)" }
    }

    typealias Counts = [Edge: UInt64]

    /// What a map counts.
    struct Map {
        /// Requests over HTTP with what became of them.
        var exchanges: Counts = [:]
        /// What is said within one of those: messages of a WebSocket, and those of an answer that are one-way.
        ///
        /// The map has endpoints of them, and metrics count them; they are no exchanges of their own, and so no spans, no entries of
        /// an archive, no requests of the log.
        var said: Counts = [:]
        /// Of databases, caches, buses and name services, without housekeeping.
        var operations: Counts = [:]
        var connections: Counts = [:]

        init(_ document: ServiceMapDocument) {
            for service in document.services {
                for endpoint in service.endpoints {
                    let edge = Edge(service: service.name, destination: endpoint.destination)
                    let said = endpoint.protocolName == "websocket" ? endpoint.count : endpoint.numbers.oneWay
                    exchanges.add(endpoint.count - said, edge)
                    self.said.add(said, edge)
                }
                for connection in service.connections {
                    let edge = Edge(service: service.name, destination: connection.destination)
                    connections.add(connection.count, edge)
                    for operation in connection.operations { operations.add(operation.count, edge) }
                }
            }
        }

        var asked: Counts { exchanges.adding(said).adding(operations) }
    }

    /// A run with what a command of `replay` sets.
    private static func run(_ fixture: Fixture, _ prepare: (inout Replaying) -> Void) throws -> Replaying.Result {
        var replaying = Replaying()
        prepare(&replaying)
        return try replaying.run([fixture.path(fixture.tape)]) { _ in true }
    }

    @Test(arguments: `Fixtures`.tapes) func `agrees on how often who asked whom`(_ fixture: Fixture) throws {
        let tables = try TapeDatabase()
        var log: [UInt8] = []
        let result = try Replaying().run([fixture.path(fixture.tape)]) { bytes throws(Failure) in
            bytes.withUnsafeBytes { log.append(contentsOf: $0) }
            try tables.add(events: bytes)
            return true
        }
        let map = Map(result.map)
        try checkSummary(result.summary, map)
        try checkLog(log, result.summary, map)
        try tables.add(result.map, summary: SummaryJSON.text(result.summary, capture: { result.capture.write(&$0) }))
        try checkTables(tables, log, map)
        try checkSpans(fixture, map)
        try checkMetrics(fixture, map)
        try checkArchive(fixture, map)
    }

    // MARK: One by one

    /// Rule "both sides": of an exchange or operation that both sides of a connection told of, one is counted.
    private func checkSummary(_ summary: Summary, _ map: Map) throws {
        let messages = summary.messages
        // Rule "housekeeping": what only asks whether a service is there, or keeps a session going, is counted and not on the map.
        let kept = messages.housekeeping
        #expect(
            map.exchanges.total <= messages.distinctRequests && messages.distinctRequests <= map.exchanges.total + kept)
        let operations = summary.operations
        #expect(
            map.operations.total == operations.distinct - (operations.housekeeping - operations.housekeepingAgain))
    }

    private func checkLog(_ log: [UInt8], _ summary: Summary, _ map: Map) throws {
        let events = try Self.objects(log)
        let requests = events.filter { $0["event_type"] as? String == "http" && $0["status_code"] == nil }
        let messages = summary.messages
        // Rule "both sides": the log has what each of them saw.
        let both = messages.again + messages.unansweredRequests - messages.distinctUnanswered
        #expect(UInt64(requests.count) == map.exchanges.total + both, "requests of the log")
        let operations = events.filter { $0["event_type"] as? String == "operation" }
        let again = summary.operations.again.total - summary.operations.housekeepingAgain
        #expect(UInt64(operations.count) == map.operations.total + again, "operations of the log")
    }

    private func checkTables(_ tables: TapeDatabase, _ log: [UInt8], _ map: Map) throws {
        func rows(_ query: String) throws -> [[Statement.Value]] {
            let statement = try tables.database.prepare(query: query)
            var rows: [[Statement.Value]] = []
            while try tables.database.step(statement) { rows.append(statement.row) }
            return rows
        }
        var edges: Counts = [:]
        for row in try rows("SELECT service, destination, sum(calls) FROM edges GROUP BY service, destination") {
            guard case .text(let service) = row[0], case .text(let destination) = row[1],
                case .integer(let calls) = row[2]
            else { continue }
            edges.add(UInt64(calls), Edge(service: service, destination: destination))
        }
        #expect(edges.nonZero == map.asked.nonZero, "edges of the tables")
        // The log's tables have its lines.
        let events = try Self.objects(log)
        for (table, type) in [("http", "http"), ("operations", "operation"), ("connections", "connection")] {
            let lines = events.filter { $0["event_type"] as? String == type }.count
            #expect(try rows("SELECT count(*) FROM \(table)") == [[.integer(Int64(lines))]], "\(table)")
        }
        let requests = events.filter { $0["event_type"] as? String == "http" && $0["status_code"] == nil }.count
        #expect(try rows("SELECT count(*) FROM exchanges") == [[.integer(Int64(requests))]], "exchanges")
    }

    private func checkSpans(_ fixture: Fixture, _ map: Map) throws {
        let result = try Self.run(fixture) { $0.prepareForTraces() }
        #expect(result.refusedSpans == 0)
        var spans: [(service: String, kind: Int, id: String, parent: String?, attributes: [String: String])] = []
        for request in TelemetryOutput.requests(result, OTLPFile.Resource()) where request.signal == .traces {
            var count = 0
            for (service, span) in try Self.elements(request.body, "resourceSpans", "scopeSpans", "spans") {
                count += 1
                spans.append(
                    (
                        service, try #require(span["kind"] as? Int), try #require(span["spanId"] as? String),
                        span["parentSpanId"] as? String, Self.attributes(span)
                    ))
            }
            #expect(request.count == count)
        }
        // Rule "the server's view": below a client's span it is the same exchange; without that it is the only one, and does not
        // say who asked.
        let server = 2
        let clients = Set(spans.filter { $0.kind != server }.map(\.id))
        var known: Counts = [:]
        var byDestination: [String: UInt64] = [:]
        var asked: UInt64 = 0
        for span in spans where span.kind != server || !clients.contains(span.parent ?? "") {
            let destination = span.attributes["service.peer.name"] ?? ""
            byDestination[destination, default: 0] += 1
            if span.kind != server { known.add(1, Edge(service: span.service, destination: destination)) }
            if span.attributes["tapedeck.status"] != nil { asked += 1 }
        }
        let wanted = map.exchanges.adding(map.operations)
        #expect(byDestination == wanted.nonZero.reduce(into: [:]) { $0[$1.key.destination, default: 0] += $1.value })
        if known.total == wanted.total { #expect(known.nonZero == wanted.nonZero, "spans by edge") }
        #expect(asked == map.operations.total, "spans of operations")
    }

    private func checkMetrics(_ fixture: Fixture, _ map: Map) throws {
        let result = try Self.run(fixture) { $0.prepareForMetrics() }
        for points in [ObservedMetrics.Points.total, .intervals] {
            let metrics = result.metrics(points)
            func counts(_ name: String, _ edge: (Metric.Series) -> Edge) -> Counts {
                var counts: Counts = [:]
                for series in metrics.filter({ $0.name == name }).flatMap(\.series) {
                    guard case .count(let count)? = series.points.last?.value else { continue }
                    counts.add(count, edge(series))
                }
                return counts.nonZero
            }
            func own(_ series: Metric.Series) -> Edge {
                Edge(service: series.service ?? "", destination: series.text("service.peer.name"))
            }
            #expect(counts("tapedeck.requests", own) == map.asked.nonZero, "metrics of requests")
            #expect(counts("tapedeck.connections", own) == map.connections.nonZero, "metrics of connections")
            let graph = counts("traces_service_graph_request") {
                Edge(service: $0.text("client"), destination: $0.text("server"))
            }
            #expect(graph == map.asked.nonZero, "the service graph")
        }
    }

    private func checkArchive(_ fixture: Fixture, _ map: Map) throws {
        let result = try Self.run(fixture) {
            $0.options.archive = HARFile.Content()
            $0.options.redact = true
        }
        let archive = try #require(result.archive)
        // Rule "left out": what no archive can have is counted.
        #expect(UInt64(archive.count) + archive.refused == map.exchanges.total, "entries of the archive")
        let text = try #require(
            try JSONSerialization.jsonObject(with: Data(archive.text(from: "", version: ""))) as? [String: Any])
        let entries = try #require((text["log"] as? [String: Any])?["entries"] as? [[String: Any]])
        #expect(entries.count == archive.count)
    }

    // MARK: Reading

    private static func objects(_ lines: [UInt8]) throws -> [[String: Any]] {
        try lines.split(separator: 0x0A).map {
            try #require(try JSONSerialization.jsonObject(with: Data($0)) as? [String: Any])
        }
    }

    /// The elements of a request of OTLP with the services that they are of.
    private static func elements(
        _ body: [UInt8], _ resources: String, _ scopes: String, _ elements: String
    ) throws -> [(String, [String: Any])] {
        let request = try #require(try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])
        var found: [(String, [String: Any])] = []
        for resource in try #require(request[resources] as? [[String: Any]]) {
            let service = attributes(resource["resource"] as? [String: Any] ?? [:])["service.name"] ?? ""
            for scope in resource[scopes] as? [[String: Any]] ?? [] {
                found += (scope[elements] as? [[String: Any]] ?? []).map { (service, $0) }
            }
        }
        return found
    }

    private static func attributes(_ node: [String: Any]) -> [String: String] {
        var attributes: [String: String] = [:]
        for attribute in node["attributes"] as? [[String: Any]] ?? [] {
            guard let key = attribute["key"] as? String, let value = attribute["value"] as? [String: Any] else {
                continue
            }
            attributes[key] = value.values.first as? String
        }
        return attributes
    }
}

extension Metric.Series {
    fileprivate func text(_ name: String) -> String { attributes.first { $0.name == name }?.value.text ?? "" }
}

extension [`All that is told of one tape`.Edge: UInt64] {
    fileprivate mutating func add(_ count: UInt64, _ edge: Key) { self[edge, default: 0] += count }

    fileprivate func adding(_ other: Self) -> Self { merging(other) { $0 + $1 } }

    fileprivate var total: UInt64 { values.reduce(0, +) }

    fileprivate var nonZero: Self { filter { $0.value > 0 } }
}
