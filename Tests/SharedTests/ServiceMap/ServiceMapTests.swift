import Testing

@testable import Shared

@Suite struct `Service map` {
    /// One thing to record.
    enum Record {
        case exchange(String, String, DestinationType, String, String, String, String, Int64, Int64)
        case connection(String, String, DestinationType, ProtocolID, UInt16, Int, String, Int64, Bool)
    }

    private func document(_ records: [Record], limits: Limits = Limits()) -> (ServiceMapDocument, refused: UInt64) {
        var map = ServiceMap(limits: limits, registry: .standard)
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
                let source, let destination, let type, let method, let path, let ask, let answer, let first, let last):
                let request = reader.id(Array(ask.utf8))
                let response = reader.id(Array(answer.utf8))
                let (from, to) = (party(source, .external), party(destination, type))
                let operation = map.operation(
                    method: Array(method.utf8).span.bytes, path: Array(path.utf8).span.bytes)
                map.record(
                    exchange: from, to: to, operation: operation, protocol: .http, request: request,
                    response: response, firstSeen: Timestamp(nanoseconds: first),
                    lastSeen: Timestamp(nanoseconds: last),
                    shapes: reader.table)
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
        let document = map.document(generatedAt: Timestamp(nanoseconds: 9), shapes: reader.table) {
            parties[Int($0.raw)]
        }
        return (document, map.refused)
    }

    @Test func `merges equal exchanges and keeps variants apart`() {
        let (document, refused) = document([
            .exchange("web", "api", .container, "GET", "/", "", "{\"a\":1}", 5, 6),
            .exchange("web", "api", .container, "GET", "/", "", "{\"a\":2}", 3, 9),
            .exchange("web", "api", .container, "GET", "/", "", "{\"a\":\"x\"}", 7, 8),
            .exchange("web", "api", .container, "GET", "/", "", "", 20, 21),
            .exchange("web", "api", .container, "GET", "/", "[1]", "{\"a\":1}", 1, 2),
        ])
        #expect(refused == 0)
        let service = document.services[0]
        #expect(service.name == "web")
        #expect(service.image == nil)
        #expect(service.firstSeen == Timestamp(nanoseconds: 1))
        #expect(service.lastSeen == Timestamp(nanoseconds: 21))
        #expect(service.endpoints.map(\.count) == [1, 2, 1, 1])
        #expect(service.endpoints.map(\.requestSchema) == [.empty, .empty, .empty, .array([.number])])
        #expect(service.endpoints[0].responseSchema == .empty)
        #expect(service.endpoints[1].responseSchema == .object([.init(key: "a", shape: .number)]))
        #expect(service.endpoints[1].firstSeen == Timestamp(nanoseconds: 3))
        #expect(service.endpoints[1].lastSeen == Timestamp(nanoseconds: 9))
        #expect(service.endpoints[2].responseSchema == .object([.init(key: "a", shape: .string)]))
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
                bodies.randomElement(using: &random)!, time, time + 5)
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

    @Test func `takes parties that go by one name as one`() {
        var map = ServiceMap(registry: .standard)
        let table = ShapeTable()
        for (party, at) in [(0, 5), (1, 3), (2, 9)] as [(UInt32, Int64)] {
            map.record(
                exchange: PartyID(raw: party), to: PartyID(raw: 9),
                operation: map.operation(method: Array("GET".utf8).span.bytes, path: Array("/".utf8).span.bytes),
                protocol: .http, request: .empty, response: .empty, firstSeen: Timestamp(nanoseconds: at),
                lastSeen: Timestamp(nanoseconds: at), shapes: table)
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
        var records: [Record] = (0..<30).map { .exchange("web", "api", .external, "GET", "/\($0)", "", "", 1, 1) }
        records.append(.connection("web", "db", .external, .redis, 1, 90, "", 1, true))
        records.append(.exchange("web", "api", .external, "GET", "/3", "", "", 1, 1))
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
            (0..<20).map { .exchange("web", "api", .external, "GET", "/\($0)", body, "", 1, 1) }, limits: limits)
        #expect(document.services[0].endpoints.count == 5)
        #expect(refused == 15)
    }

    @Test func `repairs what is not UTF-8 and takes what then is alike as one`() {
        var map = ServiceMap(registry: .standard)
        let table = ShapeTable()
        let (from, to) = (PartyID(raw: 0), PartyID(raw: 1))
        for path in [[0x2F, 0xFF], [0x2F, 0xFE], Array("/\u{FFFD}".utf8)] as [[UInt8]] {
            let operation = map.operation(method: ([0x80] as [UInt8]).span.bytes, path: path.span.bytes)
            map.record(
                exchange: from, to: to, operation: operation, protocol: .http, request: .empty, response: .nonJSON,
                firstSeen: Timestamp(nanoseconds: 1),
                lastSeen: Timestamp(nanoseconds: 1), shapes: table)
        }
        let document = map.document(generatedAt: Timestamp(nanoseconds: 1), shapes: table) {
            PartyName(text: $0.raw == 0 ? "a" : "b", type: .external)
        }
        #expect(document.services[0].endpoints.map(\.path) == ["/\u{FFFD}"])
        #expect(document.services[0].endpoints.map(\.method) == ["\u{FFFD}"])
        #expect(document.services[0].endpoints.map(\.count) == [3])
    }
}
