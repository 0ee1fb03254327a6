import Testing

@testable import Shared

@Suite struct `Service map` {
    /// One thing to record.
    enum Record {
        case exchange(
            String, String, DestinationType, String, String, String, String, Int64,
            ExchangeMeasures = ExchangeMeasures())
        case connection(String, String, DestinationType, ProtocolID, UInt16, Int, String, Int64, Bool)
    }

    private func document(_ records: [Record], limits: Limits = Limits()) -> (ServiceMapDocument, refused: UInt64) {
        var map = ServiceMap(limits: limits, registry: .standard, templates: .raw)
        var reader = SchemaReader(limits: limits)
        var parties: [PartyName] = []
        func party(_ text: String, _ type: DestinationType) -> PartyID {
            let name = PartyName(text: text, type: type)
            let place = parties.firstIndex(of: name) ?? parties.count
            if place == parties.count { parties.append(name) }
            return PartyID(raw: UInt32(place))
        }
        for record in records {
            switch record {
            case .exchange(
                let source, let destination, let type, let method, let path, let ask, let answer, let at, let measures):
                let request = reader.id(Array(ask.utf8))
                let response = reader.id(Array(answer.utf8))
                let (from, to) = (party(source, .external), party(destination, type))
                let operation = map.operation(
                    method: Array(method.utf8).span.bytes, path: Array(path.utf8).span.bytes, of: to)
                map.record(
                    exchange: from, to: to, operation: operation, protocol: .http, request: request,
                    response: response, at: Timestamp(nanoseconds: at), measures, shapes: reader.table)
            case .connection(
                let source, let destination, let type, let service, let port, let confidence, let reason, let at,
                let opened):
                let (from, to) = (party(source, .external), party(destination, type))
                map.record(
                    ServiceMap.ConnectionRecord(
                        key: ServiceMap.ConnectionKey(
                            source: from.raw, destination: to.raw, port: port, row: service), confidence: confidence,
                        reason: reason, isEncrypted: false, isNew: opened), at: Timestamp(nanoseconds: at))
            }
        }
        let document = map.document(generatedAt: Timestamp(nanoseconds: 9), shapes: reader.table, withBodies: true) {
            parties[Int($0.raw)]
        }
        return (document, map.refused)
    }

    @Test func `merges equal exchanges and keeps variants apart`() {
        let (document, refused) = document([
            .exchange("web", "api", .container, "GET", "/", "", "{\"a\":1}", 5),
            .exchange("web", "api", .container, "GET", "/", "", "{\"a\":2}", 3),
            .exchange("web", "api", .container, "GET", "/", "", "{\"a\":\"x\"}", 7),
            .exchange("web", "api", .container, "GET", "/", "", "", 20),
            .exchange("web", "api", .container, "GET", "/", "[1]", "{\"a\":1}", 1),
        ])
        #expect(refused == 0)
        let service = document.services[0]
        #expect(service.name == "web")
        #expect(service.image == nil)
        #expect(service.firstSeen == Timestamp(nanoseconds: 1))
        #expect(service.lastSeen == Timestamp(nanoseconds: 20))
        #expect(service.endpoints.map(\.count) == [1, 2, 1, 1])
        #expect(service.endpoints.map(\.requestSchema) == [.empty, .empty, .empty, .array([.number])])
        #expect(service.endpoints[0].responseSchema == .empty)
        #expect(service.endpoints[1].responseSchema == .object([.init(key: "a", shape: .number)]))
        #expect(service.endpoints[1].firstSeen == Timestamp(nanoseconds: 3))
        #expect(service.endpoints[1].lastSeen == Timestamp(nanoseconds: 5))
        #expect(service.endpoints[2].responseSchema == .object([.init(key: "a", shape: .string)]))
    }

    @Test func `has one entry of answers whose keys are identifiers`() {
        let records: [Record] = (0..<40).map {
            .exchange(
                "web", "api", .container, "GET", "/usersById", "", "{\"\(1000 + $0)\":{\"a\":1},\"\($0)\":{\"a\":2}}", 5
            )
        }
        let endpoints = document(records).0.services[0].endpoints
        #expect(endpoints.map(\.count) == [40])
        #expect(endpoints[0].responseSchema.brief == "{{key}: {a: number}}")
    }

    @Test func `keeps so many variants, and of more what holds for all`() {
        func records(_ count: Int) -> [Record] {
            (0..<count).map {
                .exchange("web", "api", .container, "GET", "/", "", "{\"id\":1,\"k\($0 % 9)x\":\"\"}", 5)
            }
                + [
                    .exchange("web", "api", .container, "GET", "/", "", "", 5),
                    .exchange("web", "api", .container, "GET", "/", "", "x", 5),
                ]
        }
        #expect(document(records(6)).0.services[0].endpoints.count == 8)
        let endpoints = document(records(18)).0.services[0].endpoints
        #expect(endpoints.map(\.count) == [1, 1, 18])
        #expect(
            endpoints[2].responseSchema.brief
                == "{id: number, \((0..<9).map { "k\($0)x?: string" }.joined(separator: ", "))}")
        #expect(ServiceMapFile.yaml(document(records(18)).0).contains("          k0x?: string\n"))
    }

    @Test func `counts how often a connection was opened, and believes the more confident`() {
        let (document, _) = document([
            .connection("web", "db", .external, .postgres, 5432, 60, "port 5432", 4, true),
            .connection("web", "db", .container, .postgres, 5432, 90, "startup", 5, false),
            .connection("web", "db", .external, .postgres, 5432, 60, "port 5432", 3, true),
            .connection("web", "db", .external, .postgres, 5433, 90, "startup", 3, true),
            .connection("web", "db", .external, .mysql, 5432, 60, "port", 3, true),
        ])
        let connections = document.services[0].connections
        #expect(connections.map(\.protocolName) == ["mysql", "postgres", "postgres"])
        #expect(connections.map(\.port) == [5432, 5432, 5433])
        #expect(connections[1].count == 2)
        #expect(connections[1].confidence == 90)
        #expect(connections[1].reason == "startup")
        #expect(connections[1].destinationType == .container)
        #expect(connections[1].category == "database")
        #expect(connections[1].firstSeen == Timestamp(nanoseconds: 3))
        #expect(connections[1].lastSeen == Timestamp(nanoseconds: 5))
    }

    @Test func `is the same in whatever order it was recorded`() {
        var random = SeededRandom(seed: 10)
        let names = ["a", "b", "B", "ä", "10.0.0.1"]
        let bodies = [
            "", "x", "null", "[1,\"a\"]", "[\"a\",2]", "{\"a\":1}", "{\"b\":{},\"a\":1}", "{\"a\":1,\"b\":{}}",
            "[[],{}]",
        ]
        var records: [Record] = (0..<400).map { _ in
            let time = Int64.random(in: 0..<50, using: &random)
            return .exchange(
                names.randomElement(using: &random)!, names.randomElement(using: &random)!,
                Bool.random(using: &random) ? .container : .external, ["GET", "POST"].randomElement(using: &random)!,
                ["/", "/a", "/\u{FFFD}"].randomElement(using: &random)!, bodies.randomElement(using: &random)!,
                bodies.randomElement(using: &random)!, time, Self.measures(&random))
        }
        records += (0..<200).map { _ in
            .connection(
                names.randomElement(using: &random)!, names.randomElement(using: &random)!,
                Bool.random(using: &random) ? .container : .process,
                [.postgres, .redis, .amqp].randomElement(using: &random)!, [1, 2].randomElement(using: &random)!,
                [60, 90].randomElement(using: &random)!, ["one", "two"].randomElement(using: &random)!,
                Int64.random(in: 0..<50, using: &random), .random(using: &random))
        }
        let (expected, _) = document(records)
        for _ in 0..<20 {
            records.shuffle(using: &random)
            let (again, _) = document(records)
            #expect(again == expected)
            #expect(ServiceMapFile.yaml(again) == ServiceMapFile.yaml(expected))
        }
    }

    private static func measures(_ random: inout SeededRandom) -> ExchangeMeasures {
        guard Int.random(in: 0..<8, using: &random) > 0 else { return ExchangeMeasures(requestBytes: 7) }
        return ExchangeMeasures(
            status: [200, 204, 302, 404, 500, 503].randomElement(using: &random)!,
            requestBytes: .random(in: 0..<9, using: &random), responseBytes: .random(in: 0..<99, using: &random),
            total: .random(in: 0..<5_000_000, using: &random), server: .random(in: -9..<4_000_000, using: &random),
            isWaiting: Int.random(in: 0..<5, using: &random) == 0)
    }

    @Test func `counts what became of exchanges, and keeps what waits apart`() {
        func measures(_ status: UInt16?, _ total: Int64, isWaiting: Bool = false) -> ExchangeMeasures {
            ExchangeMeasures(
                status: status, requestBytes: 100, responseBytes: status == nil ? 0 : 1000,
                total: status == nil ? nil : total, server: status == nil ? nil : total / 2, isWaiting: isWaiting)
        }
        let (document, _) = document([
            .exchange("web", "api", .container, "GET", "/", "", "", 1, measures(200, 1_234_567)),
            .exchange("web", "api", .container, "GET", "/", "", "", 2, measures(404, 2_000_000)),
            .exchange("web", "api", .container, "GET", "/", "", "", 3, measures(503, 9_000_000)),
            .exchange("web", "api", .container, "GET", "/", "", "", 4, measures(nil, 0)),
            .exchange("web", "api", .container, "GET", "/", "", "", 5, measures(200, 60_000_000_000, isWaiting: true)),
            .exchange("web", "api", .container, "GET", "/", "", "", 6, measures(301, 2_000_001)),
        ])
        let lines = ServiceMapFile.yaml(document).split(separator: "\n").map { String($0.drop { $0 == " " }) }
        #expect(
            lines[13..<23] == [
                "protocol: http/1.1", "status: {200: 2, 301: 1, 404: 1, 503: 1}", "errors: 2",
                "latency_ms: {p50: 1.997, p95: 9, p99: 9, max: 9}", "bytes: {request: 600, response: 5000}",
                "first_byte_ms: {p50: 0.9987, p95: 30000, p99: 30000, max: 30000}", "unanswered: 1", "waiting: true",
                "waiting_ms: {p50: 60000, p95: 60000, p99: 60000, max: 60000}", "connections: []",
            ])
        #expect(!ServiceMapFile.yaml(document, .compat).contains("errors"))
    }

    @Test func `writes milliseconds with four significant digits`() {
        let texts: [(UInt64, String)] = [
            (0, "0"), (1, "0.000001"), (999, "0.000999"), (12_345, "0.01235"), (99_995, "0.1"), (1_234_567, "1.235"),
            (12_500_000, "12.5"), (7_000_000, "7"), (99_994_999, "99.99"), (123_456_789_012, "123500"),
            (UInt64(Int64.max), "9223000000000"),
        ]
        for (nanoseconds, text) in texts { #expect(MillisecondsText.text(nanoseconds: nanoseconds) == text) }
    }

    @Test func `holds few of many shapes, and says the same of them`() {
        var random = SeededRandom(seed: 8)
        func body() -> String {
            let keys = (0..<14).filter { _ in Int.random(in: 0..<8, using: &random) > 0 }
            let kinds = ["1", "1.5", "null", "[]"]
            return "{" + keys.map { "\"k\($0)\":" + kinds.randomElement(using: &random)! }.joined(separator: ",") + "}"
        }
        var records: [Record] = (0..<3000).map { number in
            let status: UInt16 = number % 7 == 0 ? 404 : 200
            return .exchange(
                "web", "api", .external, "POST", number % 3 == 0 ? "/other" : "/", body(), body(), Int64(number),
                ExchangeMeasures(status: status))
        }
        // One that has a few.
        records += (0..<4).map { .exchange("web", "api", .external, "GET", "/few", "", "{\"n\($0)\":1}", 9) }
        var unbounded = Limits()
        unbounded.heldShapes = 1 << 20
        let (expected, refused) = document(records, limits: unbounded)
        #expect(refused == 0)
        #expect(expected.services[0].endpoints.count == 6)
        for _ in 0..<2 {
            records.shuffle(using: &random)
            #expect(document(records).0 == expected)
        }
        var limits = Limits()
        limits.serviceMapEntries = 2000
        let (bounded, none) = document(records, limits: limits)
        #expect(none == 0)
        #expect(bounded == expected)
    }

    @Test func `takes parties that go by one name as one`() {
        var map = ServiceMap(registry: .standard)
        let table = ShapeTable()
        for (party, at) in [(0, 5), (1, 3), (2, 9)] as [(UInt32, Int64)] {
            map.record(
                exchange: PartyID(raw: party), to: PartyID(raw: 9),
                operation: map.operation(
                    method: Array("GET".utf8).span.bytes, path: Array("/".utf8).span.bytes, of: PartyID(raw: 9)),
                protocol: .http, request: .empty, response: .empty, at: Timestamp(nanoseconds: at),
                ExchangeMeasures(), shapes: table)
        }
        func names(_ late: String) -> [String] {
            let document = map.document(generatedAt: Timestamp(nanoseconds: 1), shapes: table) {
                PartyName(text: [0: "a", 1: late, 2: "c"][$0.raw] ?? "d", type: .external)
            }
            return document.services.map { "\($0.name) \($0.endpoints[0].count) \($0.firstSeen.nanoseconds)" }
        }
        #expect(names("10.0.0.1") == ["10.0.0.1 1 3", "a 1 5", "c 1 9"])
        #expect(names("a") == ["a 2 3", "c 1 9"])
    }

    @Test func `refuses and counts what is over its limit, and goes on counting what it has`() {
        var limits = Limits()
        limits.serviceMapEntries = 10
        var records: [Record] = (0..<30).map { .exchange("web", "api", .external, "GET", "/\($0)", "", "", 1) }
        records.append(.connection("web", "db", .external, .redis, 1, 90, "", 1, true))
        records.append(.exchange("web", "api", .external, "GET", "/3", "", "", 1))
        let (document, refused) = document(records, limits: limits)
        #expect(document.services[0].endpoints.count == 10)
        #expect(document.services[0].connections.isEmpty)
        #expect(refused == 21)
        #expect(document.services[0].endpoints[3].count == 2)
    }

    @Test func `refuses schemas that would make a text without bound`() {
        var limits = Limits()
        limits.serviceMapEntries = 100
        let body = "{" + (0..<900).map { "\"k\($0)\":1" }.joined(separator: ",") + "}"
        let (document, refused) = document(
            (0..<20).map { .exchange("web", "api", .external, "GET", "/\($0)", body, "", 1) }, limits: limits)
        #expect(document.services[0].endpoints.count == 5)
        #expect(refused == 15)
    }

    @Test func `repairs what is not UTF-8 and takes what then is alike as one`() {
        var map = ServiceMap(registry: .standard)
        let table = ShapeTable()
        let (from, to) = (PartyID(raw: 0), PartyID(raw: 1))
        for path in [[0x2F, 0xFF], [0x2F, 0xFE], Array("/\u{FFFD}".utf8)] as [[UInt8]] {
            let operation = map.operation(method: ([0x80] as [UInt8]).span.bytes, path: path.span.bytes, of: to)
            map.record(
                exchange: from, to: to, operation: operation, protocol: .http, request: .empty, response: .nonJSON,
                at: Timestamp(nanoseconds: 1), ExchangeMeasures(), shapes: table)
        }
        let document = map.document(generatedAt: Timestamp(nanoseconds: 1), shapes: table) {
            PartyName(text: $0.raw == 0 ? "a" : "b", type: .external)
        }
        #expect(document.services[0].endpoints.map(\.path) == ["/\u{FFFD}"])
        #expect(document.services[0].endpoints.map(\.method) == ["\u{FFFD}"])
        #expect(document.services[0].endpoints.map(\.count) == [3])
    }
}
