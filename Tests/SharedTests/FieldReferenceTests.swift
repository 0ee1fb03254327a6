import Foundation
import TestSupport
import Testing
import Yams

@testable import Shared

/// What `docs/fields.md` says, held against what the writers write: nothing is written that it does not list, and it
/// lists nothing that is never written.
///
/// `replay`'s own part is held in `ReplayTests`.
@Suite struct `The field reference` {
    let fields: FieldReference
    let values: FieldReference

    init() throws {
        fields = try FieldReference(column: "field")
        values = try FieldReference(column: "value")
    }

    /// The fields of a table with `--compat`, or without it.
    private func names(_ heading: String, compat: Bool) throws -> [String] {
        let rows = try fields.rows(heading)
        try #require(rows.allSatisfy { ["yes", "–"].contains($0.cells["compat"]) }, "\(heading)")
        return rows.filter { !compat || $0.cells["compat"] == "yes" }.map(\.name)
    }

    // MARK: Tapes

    /// The goldens of a name in Fixtures.
    private static func goldens(_ name: String) throws -> [String] {
        let paths = try #require(FileManager.default.enumerator(atPath: "Fixtures")).compactMap { $0 as? String }
        let found = paths.filter { ($0 as NSString).lastPathComponent == name }.sorted()
        #expect(found.count > 100, "\(name)")
        return try found.map { try String(contentsOfFile: "Fixtures/\($0)", encoding: .utf8) }
    }

    /// What the fixtures have not: containers, plaintext and failures at both ends of connections of both kinds.
    private static func tape() -> TapeBuilder {
        var tape = TapeBuilder()
        let (client, server) = (ProcessKey(pid: 7, startTime: 1), ProcessKey(pid: 8, startTime: 1))
        for (key, name) in [(client, "shop"), (server, "store")] {
            tape.add(
                .process(
                    ProcessIdentity(
                        key: key, comm: name, commandLine: "/bin/\(name)", profile: "local", profileName: name,
                        environment: .block(Array("A=1\u{0}".utf8)))))
            let identity = ContainerIdentity(service: name, image: "\(name):1", id: "4f1c", name: "\(name)-1")
            tape.add(.container(ContainerFact(subject: .process(key), container: identity)))
            let end = key == client ? TapeBuilder.client : TapeBuilder.server(0)
            tape.add(.container(ContainerFact(subject: .endpoint(end), container: identity)))
        }
        let gone = ProcessIdentity(
            key: ProcessKey(pid: 9, startTime: 1), comm: "gone", commandLine: "",
            environment: .unavailable("the process is gone"))
        tape.add(.process(gone))

        tape.open(process: client)
        tape.send("POST /a HTTP/1.1\r\nHost: web\r\nContent-Length: 2\r\n\r\n")
        tape.data(.send, [0xFF, 0xFE])
        tape.receive("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + String(repeating: "x", count: 100_000))
        tape.send("GET /b HTTP/1.1\r\nHost: web\r\n\r\n")
        tape.receive("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf")
        tape.gap(.receive, 10)
        tape.close()

        // An answer in HTTP/2 that nobody asked for.
        tape.open()
        tape.data(.send, HTTP2Frames.preface + HTTP2Frames.get(1, "/a"))
        tape.data(
            .receive,
            HTTP2Frames.frame(5, 4, stream: 1, HTTP2Frames.big(2) + HTTP2Frames.request("/b"))
                + HTTP2Frames.answer(2, 200, "b"))
        tape.close()

        // A message bus within a WebSocket, behind a proxy, and a WebSocket within TLS.
        let upgrade = "GET /ws HTTP/1.1\r\nHost: web\r\nUpgrade: websocket\r\n\r\n"
        let switched = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
        tape.open(process: client)
        tape.send("PROXY TCP4 10.9.9.9 10.0.0.2 1000 80\r\n" + upgrade)
        tape.receive(switched + "Sec-WebSocket-Protocol: mqtt\r\n\r\n")
        tape.data(.send, WebSocketFrames.frame(2, [1, 2], isClient: true))
        tape.data(.receive, [0x82, 9, 1])
        tape.close()
        tape.open(port: 443)
        for (direction, bytes) in [
            (.send, Array(upgrade.utf8)), (.receive, Array("\(switched)\r\n".utf8) + WebSocketFrames.server("a")),
        ] as [(Direction, [UInt8])] {
            tape.add(.data(StreamPosition(tape.connection, direction, 0, layer: .plaintext)), bytes)
        }
        tape.close()

        // A database within TLS, and one that nobody answers.
        tape.open(port: 5432)
        let query = Array("Q\u{0}\u{0}\u{0}\u{D}SELECT 1\u{0}".utf8)
        let startup: [UInt8] =
            [0, 0, 0, 16, 0, 3, 0, 0] + Array("user\u{0}a\u{0}\u{0}".utf8)
        for (place, bytes) in [startup, query].enumerated() {
            let position = place == 0 ? 0 : UInt64(startup.count)
            tape.add(.data(StreamPosition(tape.connection, .send, position, layer: .plaintext)), bytes)
        }
        tape.close()
        // The same behind a proxy, with two statements in one message.
        tape.open(port: 5432)
        tape.send("PROXY TCP4 10.9.9.9 10.0.0.2 1000 5432\r\n")
        tape.data(.send, startup + PostgresTalk.Client.query("SELECT 1; INSERT INTO a VALUES (1)").bytes)
        tape.data(.receive, PostgresTalk.Server.ok.bytes + PostgresTalk.Server.ready.bytes)
        tape.close()
        tape.open(process: client)
        tape.data(.send, startup + PostgresTalk.Client.query("SELECT 1").bytes)
        tape.data(.receive, PostgresTalk.Server.ok.bytes + PostgresTalk.Server.ready.bytes)
        tape.close()
        tape.open(remote: TapeBuilder.server(5432), process: client)
        tape.close(.connectFailed)
        return tape
    }

    private static func profile(_ set: FieldSet) -> (profiler: Profiler, log: [OrderedJSON]) {
        var options = Profiler.Options()
        options.fields = set
        let profiler = Profiler(options)
        tape().play(into: profiler)
        profiler.finish()
        var log: [UInt8] = []
        profiler.drainEventLog { log = [UInt8]($0) }
        let lines = String(decoding: log, as: UTF8.self).split(separator: "\n")
        return (profiler, lines.compactMap { try? OrderedJSON(String($0)) })
    }

    // MARK: Event log

    @Test(arguments: [false, true]) func `has the fields of the event log`(compat: Bool) throws {
        var kinds = [
            "http": SeenFields(try names("Messages", compat: compat)),
            "connection": SeenFields(try names("Connections of the log", compat: compat)),
            "websocket": SeenFields(try names("Messages within a conversation", compat: compat)),
            "operation": SeenFields(try names("Operations of the log", compat: compat)),
            "container": SeenFields(try names("Containers of events", compat: compat)),
        ]
        var events = Self.profile(compat ? .compat : .all).log
        #expect(events.count == (compat ? 14 : 21))
        for golden in try Self.goldens(compat ? "events.compat.jsonl" : "events.jsonl") {
            events += try golden.split(separator: "\n").map { try OrderedJSON(String($0)) }
        }
        for event in events {
            var kind = try #require(event["event_type"]?.text)
            // They share a table.
            if kind == "sse" || kind == "ndjson" { kind = "websocket" }
            kinds[kind]?.add(event.names)
            for end in ["source_container", "destination_container"] {
                if let container = event[end] { kinds["container"]?.add(container.names) }
            }
        }
        for (kind, seen) in kinds { #expect(seen.differences == [], "\(kind)") }
    }

    // MARK: Service map

    @Test(arguments: [false, true]) func `has the fields of the service map`(compat: Bool) throws {
        let headings = ["Map", "Services", "Endpoints", "Connections of the map"]
        var operations = SeenFields(try names("Operations of the map", compat: compat))
        var seen = try headings.map { SeenFields(try names($0, compat: compat)) }
        let set: FieldSet = compat ? .compat : .all
        var map = Self.profile(set).profiler.serviceMap()
        // No fixture asks for as many paths.
        let asking = try #require(map.services.firstIndex { !$0.endpoints.isEmpty })
        for hash in 0..<300 { map.services[asking].endpoints[0].paths.insert(UInt64(hash)) }
        // Nor for so many things.
        map.services[asking].endpoints[0].series = 1
        // No analyzer of what the tape has knows of what waits.
        for service in map.services.indices {
            for connection in map.services[service].connections.indices
            where !map.services[service].connections[connection].operations.isEmpty {
                map.services[service].connections[connection].operations[0].waiting.record(1)
                map.services[service].connections[connection].operations[0].series = 1
            }
        }
        let own = ServiceMapFile.yaml(map, set)
        for golden in try Self.goldens(compat ? "service_map.compat.yaml" : "service_map.yaml") + [own] {
            let written = try #require(try Yams.compose(yaml: golden)?.mapping)
            seen[0].add(Self.names(written))
            for service in Self.list(written["services"]) {
                seen[1].add(Self.names(service))
                for endpoint in Self.list(service["endpoints"]) { seen[2].add(Self.names(endpoint)) }
                for connection in Self.list(service["connections"]) {
                    seen[3].add(Self.names(connection))
                    for operation in Self.list(connection["operations"]) { operations.add(Self.names(operation)) }
                }
            }
        }
        for (heading, seen) in zip(headings, seen) { #expect(seen.differences == [], "\(heading)") }
        #expect(operations.differences == [])
    }

    private static func names(_ mapping: Node.Mapping) -> [String] { mapping.keys.compactMap(\.string) }

    private static func list(_ node: Node?) -> [Node.Mapping] {
        node?.sequence.map { $0.compactMap(\.mapping) } ?? []
    }

    @Test func `has the leaves of schemas`() throws {
        let shapes: [Shape] = [.empty, .null, .string, .number, .boolean, .nonJSON]
        let moment = Timestamp(nanoseconds: 0)
        let leaves = shapes.map { shape in
            var map = ServiceMapDocument(generatedAt: moment, services: [])
            map.services = [
                ServiceMapDocument.Service(
                    name: "a", image: nil,
                    endpoints: [
                        ServiceMapDocument.Endpoint(
                            destination: "b", destinationType: .external, method: "GET", path: "/",
                            requestSchema: shape, responseSchema: .empty, firstSeen: moment,
                            lastSeen: moment, count: 1, protocolName: "http/1.1")
                    ], connections: [], firstSeen: moment, lastSeen: moment)
            ]
            let line = ServiceMapFile.yaml(map).split(separator: "\n").first { $0.contains("request_schema:") }
            return line?.split(separator: ": ").last.map(String.init) ?? ""
        }
        #expect(try values.names("Schemas") == leaves)
    }

    // MARK: Environment file

    @Test func `has the fields of the environment file`() throws {
        var seen = SeenFields(try names("Environments", compat: false))
        let profiler = Self.profile(.all).profiler
        var text = ""
        profiler.drainEnvironment { text = String(decoding: [UInt8]($0), as: UTF8.self) }
        for document in try Yams.compose_all(yaml: text) { seen.add(Self.names(try #require(document.mapping))) }
        #expect(seen.differences == [])
    }

    // MARK: Summary

    @Test func `has the fields of the summary`() throws {
        let rows = try fields.rows("Members of the summary")
        // What stands before `first_event` is held in ReplayTests.
        let replays: Set<Substring> = [
            "inputs", "filter", "packets", "multipath", "not_unpacked", "unknown_link_types",
        ]
        let isReplays = { (name: String) in replays.contains(name.prefix { $0 != "." && $0 != "[" }) }
        var seen = SeenFields(rows.map(\.name).filter { !isReplays($0) })
        let counts = Set(rows.filter { $0.cells["type"]?.hasPrefix("counts") == true }.map(\.name))
        let isLeaf = { (path: String) in counts.contains(path) }
        var summaries = try Self.goldens("summary.json")
        var unread = Summary(.standard)
        unread.notUnderstood.count(nil, port: 9000, bytes: 7)
        unread.unread.datagrams = 1
        (unread.tls.secrets, unread.tls.sessions, unread.tls.unusedSecrets, unread.tls.decrypted) = (1, 1, 1, 1)
        (unread.tls.records, unread.tls.failed, unread.tls.unverified, unread.tls.lost) = (1, 1, 1, 1)
        unread.tls.waited = 1
        unread.tls.closed[.noSecret] = 1
        unread.tls.count(closedOf: "java")
        unread.operations.byStatus[.ok] = 1
        unread.operations.textUnknown = 1
        unread.operations.again[.ok] = 1
        unread.messages.exchanges = 1
        unread.hidden[.token] = 1
        unread.bytes.neededGaps[.sendfile] = 1
        unread.unwritten[.eventLog] = 1
        unread.rejected[.spans] = 1
        summaries.append(SummaryJSON.text(unread))
        let ledger = rows.filter { $0.name.hasPrefix("bytes.") && $0.cells["absent"] == "never" }
            .map { $0.name.dropFirst("bytes.".count) }
        for text in summaries {
            let summary = try OrderedJSON(text)
            let paths = summary.paths { isLeaf($0) || $0 == "layers.plaintext" }
            seen.add(paths.filter { !isReplays($0) })
            if let plaintext = summary["layers"]?["plaintext"] { #expect(plaintext.names == ledger.map(String.init)) }
        }
        #expect(seen.differences == [])
    }

    // MARK: Trace

    @Test func `has the fields of the trace`() throws {
        let common = try fields.names("All events")
        var samples = TraceSamples(seed: 12)
        let entries = samples.entries(4000)
        var kinds: [String: SeenFields] = [:]
        for entry in entries {
            let line = TraceContents(entries: [entry]).text.split(separator: 0x0A)[1]
            let event = try OrderedJSON(String(decoding: line, as: UTF8.self))
            let type = try #require(event["type"]?.text)
            #expect(Array(event.names.prefix(common.count)) == common)
            let own = Array(event.names.dropFirst(common.count))
            if own.isEmpty, type == "end" { continue }
            var seen = try kinds[type] ?? SeenFields(fields.names(type))
            seen.add(own)
            kinds[type] = seen
        }
        for (type, seen) in kinds { #expect(seen.differences == [], "\(type)") }
        let headings = fields.headings.filter { $0.first?.isLowercase == true }
        #expect(headings == Set(kinds.keys))
    }

    // MARK: Names

    @Test func `has the values of all enumerations`() throws {
        func snake(_ cases: [some Any]) -> [String] { cases.map { SummaryJSON.snakeCase("\($0)") } }
        func trace(_ cases: [some TraceCoded]) -> [String] { cases.map { "\($0.traceName)" } }
        let registry = Registry.standard
        #expect(try values.names("Protocols") == registry.rows.map { "\($0.name)" })
        for (row, listed) in zip(registry.rows, try values.rows("Protocols")) {
            #expect(listed.cells["category"] == "\(row.category.name)")
            #expect(listed.cells["default ports"] == row.ports.map(String.init).joined(separator: ", "))
        }
        var categories: [String] = []
        for row in registry.rows where !categories.contains("\(row.category.name)") {
            categories.append("\(row.category.name)")
        }
        #expect(try values.names("Categories") == categories + ["unknown"])
        #expect(
            try values.names("Destination types")
                == (0..<8).compactMap { DestinationType(rawValue: $0)?.name })
        #expect(try values.names("Failures of a connect") == ConnectFailure.allCases.map { "\($0.text)" })
        #expect(Set((0..<200).map { ConnectFailure(error: $0) }) == Set(ConnectFailure.allCases))

        var verdicts = Summary.Verdicts(registry)
        (verdicts.byPortOnly, verdicts.noPayload, verdicts.unrecognised) = (1, 1, 1)
        #expect(try values.names("Verdicts") == verdicts.nonZero.map(\.name))
        #expect(try values.names("Status of an operation") == ServiceOperation.Status.allCases.map { "\($0.name)" })
        #expect(try values.names("Ends of a connection") == snake(ConnectionClosed.How.allCases))
        #expect(try values.names("Ends of a connection") == trace(ConnectionClosed.How.traceCases))
        #expect(try values.names("Reasons of gaps") == snake(GapReason.allCases))
        #expect(try values.names("Reasons of gaps") == trace(GapReason.traceCases))
        #expect(try values.names("Reasons of unparsed bytes") == snake(UnparsedReason.allCases))
        #expect(try values.names("Anomalies") == Anomaly.allCases.map { "\($0.name)" })
        #expect(try values.names("Losses") == snake(Loss.Reason.allCases) + ["stray_connections"])
        #expect(try values.names("Losses").dropLast() == trace(Loss.Reason.traceCases)[...])
        #expect(try values.names("Reasons of closed TLS") == snake(TLSClosed.allCases))
        #expect(try values.names("Limits") == snake(Limit.allCases))
        #expect(try values.names("Roles") == trace(Role.traceCases))
    }

    // MARK: Examples

    @Test func `has examples with the fields of the tables`() throws {
        let page = try String(contentsOfFile: "docs/fields.md", encoding: .utf8)
        let objects = try page.matches(of: /(?s)```json\n(.*?)```/).map { try OrderedJSON(String($0.1)) }
        #expect(objects.count == 8)
        for object in objects {
            let heading =
                switch (object["event_type"]?.text, object["type"]?.text) {
                case ("http", _): "Messages"
                case ("connection", _): "Connections of the log"
                case ("operation", _): "Operations of the log"
                case ("websocket", _): "Messages within a conversation"
                case (_, let type?): type
                default:
                    [
                        "inputs": "Members of the summary", "fixtures": "The result of check",
                        "perfect": "The result of grade",
                    ][object.names.first ?? ""] ?? ""
                }
            let common = object["type"] == nil ? [] : try fields.names("All events")
            var seen = SeenFields(common + (try fields.names(heading)))
            seen.add(object.names)
            #expect(seen.faults == [], "\(heading)")
        }
        for example in page.matches(of: /(?s)```yaml\n(.*?)```/) { _ = try Yams.compose(yaml: String(example.1)) }
    }

    // MARK: Sources

    /// A field that no tape of the tests makes a writer write is still a literal in the writer's source.
    @Test(
        arguments: [
            "Shared/Output/EventLog.swift", "Shared/Output/ServiceMapFile.swift", "Shared/Output/SummaryJSON.swift",
            "Shared/Environment/EnvironmentFile.swift", "Shared/Trace/TraceTextWriter.swift",
            "Replay/Output/CaptureReport.swift", "Replay/Commands/CheckReport.swift",
            "Replay/Grading/GradeReport.swift",
        ])
    func `has every name in the source of a writer`(_ path: String) throws {
        let page = try String(contentsOfFile: "docs/fields.md", encoding: .utf8)
        let named = Set(page.matches(of: /[a-z][a-z0-9_]*/).map { String($0.0) })
        let source = try String(contentsOfFile: "Sources/\(path)", encoding: .utf8)
        let literals = Set(source.matches(of: /"([a-z]+_[a-z0-9_]+|[a-z]+)"/).map { String($0.1) })
        #expect(!literals.isEmpty)
        // Words for people.
        let others: Set = [
            "block", "connection", "difference", "event", "fixture", "input", "line", "new", "nothing", "packet",
        ]
        #expect(literals.subtracting(named).subtracting(others) == [])
    }
}
