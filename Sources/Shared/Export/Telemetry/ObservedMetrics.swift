/// A map and a summary as metrics: how often, how long, how often in vain, by OpenTelemetry's names where it has some; who calls whom, as
/// Grafana's service graph has it; and what was lost.
///
/// A function of the map: the figures are its own.
package struct ObservedMetrics {
    /// Which points there are.
    package enum Points: Sendable {
        /// One, at the end.
        case total
        /// One an interval of the map's timeline, and one of zero at the beginning, for what the timeline has; of the rest two, at the
        /// beginning and at the end.
        case intervals
    }

    private let document: ServiceMapDocument
    private let summary: Summary
    private let times: MetricTimes
    private let points: Points
    private var requests: [Key: Observed] = [:]
    private var edges: [Key: Observed] = [:]
    private var connections: [Key: UInt64] = [:]
    private var failures: [Key: UInt64] = [:]

    /// Whose a series is, and what it is of.
    private struct Key: Hashable {
        var service: String?
        var convention: TelemetryNames.Convention?
        var attributes: [Metric.Attribute]
    }

    /// What the map has of a series.
    fileprivate struct Observed {
        var count: UInt64 = 0
        /// Answered with an error, or not at all.
        var failed: UInt64 = 0
        var latency = LatencyHistogram()
        var server = LatencyHistogram()
        var waiting = LatencyHistogram()
        var status = SparseCounts()
        var requestBytes: UInt64 = 0
        var responseBytes: UInt64 = 0
        /// When they were, where the timeline has all of them.
        var intervals: [Timeline.Bin]?

        mutating func merge(_ other: Observed) {
            count &+= other.count
            failed &+= other.failed
            latency.merge(other.latency)
            server.merge(other.server)
            waiting.merge(other.waiting)
            status.merge(other.status)
            requestBytes &+= other.requestBytes
            responseBytes &+= other.responseBytes
            guard var own = intervals, let others = other.intervals else {
                intervals = nil
                return
            }
            for (place, bin) in others.enumerated() { own[place].add(bin) }
            intervals = own
        }
    }

    /// - Parameters:
    ///   - document: with its story, where there are to be intervals.
    ///   - from: what it was made from, for people; `nil`: it is told of as it grows.
    package static func all(
        _ document: ServiceMapDocument, _ summary: Summary, _ points: Points, from: String? = nil
    ) -> [Metric] {
        guard let first = summary.firstEvent, let last = summary.lastEvent else { return [] }
        let axis = document.story?.axis ?? TimeAxis()
        var observed = ObservedMetrics(document, summary, MetricTimes(axis, first: first, last: last), points)
        observed.gather()
        return (observed.metrics() + observed.ledger() + observed.provenance(from)).filter { !$0.series.isEmpty }
    }

    private init(
        _ document: ServiceMapDocument, _ summary: Summary, _ times: MetricTimes, _ points: Points
    ) {
        self.document = document
        self.summary = summary
        self.times = times
        self.points = points
    }

    // MARK: The map

    private typealias Subject = ServiceMapDocument.Story.Subject

    private mutating func gather() {
        var asked: [Subject: (names: TelemetryNames, type: String?, observed: Observed)] = [:]
        var order: [Subject] = []
        func add(_ subject: Subject, _ names: TelemetryNames, _ type: String?, _ observed: Observed) {
            if asked[subject] == nil {
                asked[subject] = (names, type, observed)
                order.append(subject)
            } else {
                asked[subject]?.observed.merge(observed)
                // What differs is not said: the ports of several connections.
                asked[subject]?.names.attributes.removeAll { !names.attributes.contains($0) }
            }
        }
        for service in document.services {
            for endpoint in service.endpoints {
                let subject = Subject(
                    service: service.name, destination: endpoint.destination, protocolName: endpoint.protocolName,
                    method: endpoint.method, name: endpoint.title)
                add(subject, TelemetryNames(endpoint), nil, Observed(endpoint))
            }
            for connection in service.connections {
                let type = TelemetryNames.connectionType(connection.category)
                for operation in connection.operations {
                    let subject = Subject(
                        service: service.name, destination: connection.destination,
                        protocolName: connection.protocolName, name: operation.title)
                    add(subject, TelemetryNames(operation, connection), type, Observed(operation))
                }
                addConnects(connection, of: service.name)
            }
        }
        for subject in order {
            guard let (names, type, counted) = asked[subject] else { continue }
            var observed = counted
            observed.intervals = intervals(of: subject, observed)
            Self.merge(
                observed, &requests,
                Key(service: subject.service, convention: names.convention, attributes: names.attributes))
            Self.merge(
                observed, &edges,
                Key(
                    attributes: TelemetryNames.sorted([
                        Metric.Attribute("client", subject.service), Metric.Attribute("server", subject.destination),
                        Metric.Attribute("connection_type", type ?? ""),
                    ])))
        }
    }

    private static func merge(_ observed: Observed, _ table: inout [Key: Observed], _ key: Key) {
        if table[key] == nil { table[key] = observed } else { table[key]?.merge(observed) }
    }

    /// Connections that gave no HTTP exchange, and connects that failed.
    private mutating func addConnects(_ connection: ServiceMapDocument.Connection, of service: String) {
        let attributes =
            TelemetryNames.peer(connection.destination, port: connection.port)
            + [Metric.Attribute("network.protocol.name", connection.protocolName)]
        let key = Key(service: service, attributes: TelemetryNames.sorted(attributes))
        connections[key, default: 0] &+= connection.count
        for failure in connection.failures {
            let attributes = attributes + [Metric.Attribute("error.type", failure.reason)]
            let key = Key(service: service, attributes: TelemetryNames.sorted(attributes))
            failures[key, default: 0] &+= failure.count
        }
    }

    /// When they were; `nil` where the timeline has not all of them.
    private func intervals(of subject: Subject, _ observed: Observed) -> [Timeline.Bin]? {
        guard points == .intervals, let story = document.story, let timeline = story.timelines[subject] else {
            return nil
        }
        let bins = timeline.bins(of: story.axis)
        let total = bins.reduce(into: Timeline.Bin()) { $0.add($1) }
        guard total.count == observed.count, total.errors == observed.failed else { return nil }
        return times.intervals(bins)
    }

    // MARK: Metrics

    private func metrics() -> [Metric] {
        var metrics = TelemetryNames.Convention.allCases.map { convention in
            Metric(
                name: convention.metric, unit: .seconds, description: convention.description,
                kind: .durations(bounds: convention.bounds),
                series: durations(requests.filter { $0.key.convention == convention }, \.latency))
        }
        metrics.append(
            Metric(
                name: "tapedeck.wait.duration", unit: .seconds,
                description: "How long a client listened: polls, subscriptions, blocking commands. No latency.",
                kind: .durations(bounds: TelemetryNames.Convention.requestBounds),
                series: durations(requests, \.waiting)))
        metrics.append(
            Metric(
                name: "tapedeck.request.duration", unit: .nanoseconds,
                description: "Duration of all requests and operations that were answered, as exact as it is known.",
                kind: .exponential, series: durations(requests, \.latency)))
        metrics += counters()
        metrics += [
            Metric(
                name: "traces_service_graph_request", unit: .request,
                description: "Requests and operations between a client and a server.", kind: .counter,
                series: counts(edges, \.count) { $0.count }),
            Metric(
                name: "traces_service_graph_request_failed", unit: .request,
                description: "Of these, those that were answered with an error, or not at all.", kind: .counter,
                series: counts(edges, \.failed) { $0.errors }),
            Metric(
                name: "traces_service_graph_request_client", unit: .seconds,
                description: "From the request's first byte to the answer's last.",
                kind: .durations(bounds: TelemetryNames.Convention.requestBounds), series: durations(edges, \.latency)),
            Metric(
                name: "traces_service_graph_request_server", unit: .seconds,
                description: "From the request's last byte to the answer's first: what the server took.",
                kind: .durations(bounds: TelemetryNames.Convention.requestBounds), series: durations(edges, \.server)),
        ]
        return metrics
    }

    private func counters() -> [Metric] {
        [
            Metric(
                name: "tapedeck.requests", unit: .request,
                description: "Requests and operations, as the service map counts them.", kind: .counter,
                series: counts(requests, \.count) { $0.count }),
            Metric(
                name: "tapedeck.request.failures", unit: .request,
                description: "Of these, those that were answered with an error, or not at all.", kind: .counter,
                series: counts(requests, \.failed) { $0.errors }),
            Metric(
                name: "tapedeck.responses", unit: .response,
                description: "Answers over HTTP by their status.", kind: .counter, series: responses()),
            Metric(
                name: "tapedeck.request", unit: .bytes,
                description: "Bytes of requests over HTTP on the wire.", kind: .counter,
                series: sizes(\.requestBytes)),
            Metric(
                name: "tapedeck.response", unit: .bytes,
                description: "Bytes of answers over HTTP on the wire.", kind: .counter,
                series: sizes(\.responseBytes)),
            Metric(
                name: "tapedeck.connections", unit: .connection,
                description: "Connections that gave no HTTP exchange, by what they were found to talk.", kind: .counter,
                series: totals(connections)),
            Metric(
                name: "tapedeck.connect.failures", unit: .connection,
                description: "Connects that failed.", kind: .counter, series: totals(failures)),
        ]
    }

    /// - Parameter part: of an interval.
    private func counts(
        _ table: [Key: Observed], _ whole: (Observed) -> UInt64, _ part: (Timeline.Bin) -> UInt64
    ) -> [Metric.Series] {
        series(table) { observed in
            guard let intervals = observed.intervals else { return ends(.count(0), .count(whole(observed))) }
            var count: UInt64 = 0
            return cumulative(intervals, zero: .count(0)) { bin in
                count &+= part(bin)
                return .count(count)
            }
        }
    }

    private func durations(
        _ table: [Key: Observed], _ whole: (Observed) -> LatencyHistogram
    ) -> [Metric.Series] {
        series(table) { observed in
            let all = whole(observed)
            guard !all.isEmpty else { return [] }
            let none = Metric.Value.durations(LatencyHistogram())
            var sum = LatencyHistogram()
            // A state has no durations of intervals, and nobody has all kinds of them.
            guard let intervals = observed.intervals,
                intervals.reduce(into: LatencyHistogram(), { $0.merge($1.latency) }) == all
            else { return ends(none, .durations(all)) }
            return cumulative(intervals, zero: none) { bin in
                sum.merge(bin.latency)
                return .durations(sum)
            }
        }
    }

    private func responses() -> [Metric.Series] {
        var table: [Key: UInt64] = [:]
        for (key, observed) in requests {
            observed.status.visit { status, count in
                let name = AnswerStatus.name(status)
                let isHTTP = status <= AnswerStatus.highestOfHTTP
                var attributes = key.attributes
                if isHTTP, status != AnswerStatus.unknown {
                    attributes.append(Metric.Attribute("http.response.status_code", UInt64(status)))
                } else {
                    let field = isHTTP || key.convention != .rpc ? "tapedeck.status" : "rpc.status_code"
                    attributes.append(Metric.Attribute(field, name))
                }
                if AnswerStatus.isError(status) { attributes.append(Metric.Attribute("error.type", name)) }
                table[Key(service: key.service, attributes: TelemetryNames.sorted(attributes)), default: 0] &+= count
            }
        }
        return totals(table)
    }

    private func sizes(_ bytes: (Observed) -> UInt64) -> [Metric.Series] {
        totals(requests.mapValues(bytes).filter { $0.value > 0 })
    }

    // MARK: The summary

    /// What became of what was seen, and what was lost: of all that is on the tape, whatever is chosen of the map.
    private func ledger() -> [Metric] {
        let bytes = summary.bytes
        let fates = [
            ("parsed", bytes.parsed), ("recognised", bytes.recognised), ("gap", bytes.gaps.total),
            ("unparsed", bytes.unparsed.total),
        ]
        return [
            Metric(
                name: "tapedeck.operations", unit: .operation,
                description: "Requests and operations of the tape, each once, by what is known of them.",
                kind: .counter, series: named("completeness", summary.completeness)),
            Metric(
                name: "tapedeck.stream", unit: .bytes, description: "Bytes of streams by what became of them.",
                kind: .counter, series: named("fate", fates)),
            Metric(
                name: "tapedeck.lost", unit: .bytes, description: "Bytes of streams that were not captured.",
                kind: .counter, series: named("reason", Self.cases(bytes.gaps))),
            Metric(
                name: "tapedeck.lost.events", unit: .event,
                description: "Events and packets that the source could not deliver.", kind: .counter,
                series: named("reason", Self.cases(summary.losses))),
        ]
    }

    /// Zeros as well: whoever waits for one to grow has to find it.
    private static func cases<Kind>(_ tally: Tally<Kind>) -> [(String, UInt64)] {
        Kind.allCases.map { (SummaryJSON.snakeCase("\($0)"), tally[$0]) }
    }

    private func named(_ attribute: String, _ counts: [(name: String, count: UInt64)]) -> [Metric.Series] {
        var table: [Key: UInt64] = [:]
        for (name, count) in counts { table[Key(attributes: [Metric.Attribute(attribute, name)])] = count }
        return totals(table)
    }

    private func provenance(_ from: String?) -> [Metric] {
        guard let from else { return [] }
        let point = Metric.Point(time: times.end, value: .count(1))
        return [
            Metric(
                name: "tapedeck.tape", unit: .one, description: "What the metrics were made from.", kind: .info,
                series: [
                    Metric.Series(attributes: [Metric.Attribute("made_from", from)], points: [point])
                ])
        ]
    }

    // MARK: Points

    private func series(_ table: [Key: Observed], _ points: (Observed) -> [Metric.Point]) -> [Metric.Series] {
        table.map { Metric.Series(service: $0.service, attributes: $0.attributes, points: points($1)) }
            .filter { !$0.points.isEmpty }.sorted(by: Metric.Series.precedes)
    }

    private func totals(_ table: [Key: UInt64]) -> [Metric.Series] {
        table.map {
            Metric.Series(
                service: $0.service, attributes: $0.attributes, points: ends(.count(0), .count($1)))
        }.sorted(by: Metric.Series.precedes)
    }

    private func ends(_ zero: Metric.Value, _ whole: Metric.Value) -> [Metric.Point] {
        let last = Metric.Point(time: times.end, value: whole)
        return points == .total ? [last] : [Metric.Point(time: times.start, value: zero), last]
    }

    private func cumulative(
        _ intervals: [Timeline.Bin], zero: Metric.Value, _ value: (Timeline.Bin) -> Metric.Value
    ) -> [Metric.Point] {
        [Metric.Point(time: times.start, value: zero)]
            + zip(times.ends, intervals).map { Metric.Point(time: $0, value: value($1)) }
    }
}

extension ObservedMetrics.Observed {
    init(_ endpoint: ServiceMapDocument.Endpoint) {
        let numbers = endpoint.numbers
        count = endpoint.count
        failed = numbers.errors &+ numbers.unanswered(of: endpoint.count)
        latency = numbers.total
        server = numbers.server
        waiting = numbers.waiting
        status = numbers.status
        requestBytes = numbers.requestBytes
        responseBytes = numbers.responseBytes
    }

    init(_ operation: ServiceMapDocument.Operation) {
        count = operation.count
        failed = operation.errors
        latency = operation.latency
        waiting = operation.waiting
    }
}

extension Summary {
    /// Requests and operations, each once, by what is known of them; housekeeping is among them.
    var completeness: [(name: String, count: UInt64)] {
        let others = operations.byStatus.nonZero.reduce(UInt64(0)) { sum, status in
            [.unanswered, .oneWay].contains(status.key) ? sum : sum &+ status.count &- operations.again[status.key]
        }
        let partial = messages.partial &+ operations.partial
        let unanswered = operations.byStatus[.unanswered] &- operations.again[.unanswered]
        return [
            ("whole", messages.distinct &+ others &- partial &- operations.withoutText), ("partial", partial),
            ("text_unknown", operations.withoutText), ("unanswered", messages.distinctUnanswered &+ unanswered),
            ("one_way", operations.byStatus[.oneWay] &- operations.again[.oneWay]),
        ]
    }
}
