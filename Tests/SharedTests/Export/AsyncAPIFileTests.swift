import Testing
import Yams

@testable import Shared

@Suite struct `AsyncAPI descriptions` {
    private typealias Operation = ServiceMapDocument.Operation

    private static let first = Timestamp(nanoseconds: 1_000_000_000)
    private static let last = Timestamp(nanoseconds: 2_000_000_000)

    private static func operation(_ name: String, _ targets: [String], count: UInt64 = 1, series: UInt64 = 0)
        -> Operation
    {
        Operation(
            name: name, targets: targets, summary: name, count: count, errors: 0, rows: 0, series: series,
            firstSeen: first, lastSeen: last)
    }

    /// A service that talks with one broker.
    private static func description(
        _ protocolName: String, _ operations: [Operation], showsCounts: Bool = false
    ) throws -> (text: String, document: [String: Any], leftOut: [String]) {
        let connection = ServiceMapDocument.Connection(
            destination: "bus", destinationType: .external, protocolName: protocolName, category: "message_bus",
            port: 7, confidence: 90, reason: "", firstSeen: first, lastSeen: last, count: 1, operations: operations)
        let service = ServiceMapDocument.Service(
            name: "web", image: nil, endpoints: [], connections: [connection], firstSeen: first, lastSeen: last)
        let map = ServiceMapDocument(generatedAt: last, services: [service])
        let all = AsyncAPIFile.descriptions(map, from: "x", showsCounts: showsCounts)
        let one = try #require(all.first)
        let document = one.text.isEmpty ? [:] : try #require(try Yams.load(yaml: one.text) as? [String: Any])
        return (one.text, document, one.leftOut)
    }

    /// What is sent and received: the action, the address, and what else there is to say.
    private static func acts(_ document: [String: Any]) throws -> [String] {
        let operations = try #require(document["operations"] as? [String: [String: Any]])
        let channels = try #require(document["channels"] as? [String: [String: Any]])
        return try operations.values.map { operation in
            let reference = try #require((operation["channel"] as? [String: String])?["$ref"])
            let channel = try #require(channels[String(reference.dropFirst("#/channels/".count))])
            let action = try #require(operation["action"] as? String)
            let place = channel["address"] ?? channel["title"] ?? ""
            return "\(action) \(place)\(operation["reply"] == nil ? "" : " and wait")"
        }.sorted()
    }

    @Test(
        arguments: [
            (
                "kafka", [("send", ["orders"]), ("poll", ["mails"]), ("poll", []), ("commit", ["mails"])],
                ["receive mails", "send orders"]
            ),
            (
                "nats",
                [
                    ("publish", ["orders.{id}.new"]), ("subscribe", ["orders.*.new"]), ("process", ["orders.{id}.new"]),
                    ("request", ["stock.check"]), ("subscribe", []), ("publish", ["$KV.a.b"]),
                    ("receive", ["EVENTS.w"]),
                ],
                [
                    "receive EVENTS.w", "receive orders.{any}.new", "send orders.{id}.new",
                    "send stock.check and wait",
                ]
            ),
            ("nats", [("process", ["a.>"])], ["receive a.{rest}"]),
            (
                "redis",
                [("PUBLISH", ["news:{id}"]), ("PSUBSCRIBE", ["news:*"]), ("pmessage", ["news:*"]), ("GET", ["a"])],
                ["receive news:{any}", "send news:{id}"]
            ),
            (
                "amqp",
                [
                    ("publish", ["orders:order.{id}.new"]), ("publish", ["log"]), ("consume", ["mail"]),
                    ("deliver", ["orders:order.{id}.new:mail"]), ("ack", []),
                ],
                ["receive mail", "send log", "send order.{id}.new"]
            ),
            ("amqp", [("deliver", ["orders:key:mail"])], ["receive mail"]),
            // What was sent with braces is no parameter.
            (
                "kafka", [("send", ["a{b"]), ("send", ["{x}.{…}.{…}"]), ("send", ["{user:{id}}"])],
                ["send %7Buser:{id}%7D", "send %7Bx%7D.{param}.{param2}", "send a%7Bb"]
            ),
            ("nats", [("publish", ["a.{any}.{b}"])], ["send a.%7Bany%7D.%7Bb%7D"]),
        ] as [(String, [(String, [String])], [String])])
    func `have what is sent and received`(
        _ bus: String, _ operations: [(String, [String])], _ expected: [String]
    ) throws {
        let described = try Self.description(bus, operations.map { Self.operation($0.0, $0.1) })
        #expect(try Self.acts(described.document) == expected)
        #expect(described.leftOut == [])
    }

    @Test func `name groups and exchanges where they were seen`() throws {
        let kafka = try Self.description(
            "kafka", [Self.operation("poll", ["mails"]), Self.operation("JoinGroup", ["billing"])], showsCounts: true)
        #expect(kafka.text.contains("groupId:\n          type: string\n          enum:\n            - billing\n"))
        #expect(kafka.text.contains("      count: 1\n      first: \"1970-01-01T00:00:01"))
        let amqp = try Self.description("amqp", [Self.operation("publish", ["orders:key"])])
        #expect(amqp.text.contains("amqp:\n        is: routingKey\n        exchange:\n          name: orders\n"))
        #expect(amqp.text.contains("host: \"bus:7\"") || amqp.text.contains("host: bus:7"))
    }

    @Test func `have the schemas of messages, where they come by a subscription, too`() throws {
        var table = ShapeTable()
        func contents(_ json: String, answer: String? = nil, hasOthers: Bool = false) -> MessageContents {
            var contents = MessageContents()
            func schema(_ text: String) -> GeneralSchema {
                var scanner = JSONShapeScanner()
                scanner.feed(Array(text.utf8).span.bytes, into: &table)
                var schema = GeneralSchema()
                schema.add(scanner.finish(), times: 1, table)
                return schema
            }
            contents.message = schema(json)
            if let answer { contents.answer = schema(answer) }
            contents.hasOthers = hasOthers
            return contents
        }
        func told(_ name: String, _ target: String, _ contents: MessageContents?) -> Operation {
            var operation = Self.operation(name, [target])
            operation.contents = contents
            return operation
        }
        let nats = try Self.description(
            "nats",
            [
                told("subscribe", "orders.*", nil), told("process", "orders.new", contents(#"{"id":1}"#)),
                told("process", "orders.old", contents(#"{"id":1,"at":"x"}"#)),
                told("process", "mails.new", contents(#"{"secret":1}"#)),
                told("request", "stock", contents("7", answer: "[true]")),
                told("publish", "log", contents("[1]", hasOthers: true)),
            ])
        let text = nats.text
        #expect(
            text.contains(
                "    messages:\n      message:\n        contentType: application/json\n        payload:\n          type: object\n"
                    + "          properties:\n            at:\n              type: string\n            id:\n              type: integer\n"
                    + "          required:\n            - id\n"), "\(text)")
        // Who is not subscribed to it gets it by no way that is known.
        #expect(!text.contains("secret") && !text.contains("mails"))
        #expect(
            text.contains(
                "  StockReply:\n    title: answers to Stock\n    servers:\n      - \"$ref\": \"#/servers/Bus\"\n    messages:\n"
                    + "      message:\n        contentType: application/json\n        payload:\n          type: array\n"
                    + "          items:\n            type: boolean\n"), "\(text)")
        #expect(
            text.contains(
                "payload:\n          type: array\n          items:\n            type: integer\n      message2:\n        payload: {}"
            ),
            "\(text)")
        #expect(text.contains("Messages whose payload may be anything are no JSON"))
        let known = try Self.description("redis", [told("PUBLISH", "a", contents("1"))])
        #expect(!known.text.contains("may be anything") && known.text.contains("type: integer"))
    }

    @Test func `say what they can't say`() throws {
        let described = try Self.description(
            "kafka", [Self.operation("send", []), Self.operation("poll", ["a"], series: 3)])
        #expect(
            described.leftOut == [
                "1 kind of messages of which the address is not known: kafka send",
                "1 kind of messages beyond what is told of each service: kafka poll",
            ])
        #expect(described.text == "")
    }

    @Test func `are of both ends of a WebSocket, each from its view`() throws {
        func endpoint(_ name: String, _ request: Shape, _ response: Shape) -> ServiceMapDocument.Endpoint {
            ServiceMapDocument.Endpoint(
                destination: "chat:80", destinationType: .external, method: "WS", path: "/live", operation: name,
                requestSchema: request, responseSchema: response, firstSeen: Self.first, lastSeen: Self.last, count: 1,
                protocolName: "websocket")
        }
        let service = ServiceMapDocument.Service(
            name: "web", image: nil,
            endpoints: [endpoint("hello", .object([]), .empty), endpoint("news", .empty, .nonJSON)], connections: [],
            firstSeen: Self.first, lastSeen: Self.last)
        let all = AsyncAPIFile.descriptions(ServiceMapDocument(generatedAt: Self.last, services: [service]), from: "x")
        #expect(all.map(\.service) == ["chat:80", "web"])
        let acts = try all.map { try Self.acts(#require(try Yams.load(yaml: $0.text) as? [String: Any])) }
        #expect(acts == [["receive /live", "send /live"], ["receive /live", "send /live"]])
        #expect(
            all[0].text.contains(
                "receiveLive:\n    action: receive\n    channel:\n      \"$ref\": \"#/channels/Live\"\n    messages:\n      - \"$ref\": \"#/channels/Live/messages/Hello\""
            ))
        #expect(
            all[1].text.contains(
                "sendLive:\n    action: send\n    channel:\n      \"$ref\": \"#/channels/Live\"\n    messages:\n      - \"$ref\": \"#/channels/Live/messages/Hello\""
            ))
    }

    /// Clients send what they like: a brace of theirs begins no parameter.
    @Test(arguments: [
        (false, "send /%7Broom%7D/{param}", ["param"]), (true, "send /%7Broom%7D/%7BroomId%7D", []),
    ])
    func `have the parameters of a template, and no braces of a path`(
        isRaw: Bool, act: String, parameters: [String]
    ) throws {
        var endpoint = ServiceMapDocument.Endpoint(
            destination: "chat:80", destinationType: .external, method: "WS", path: "/{room}/{roomId}",
            requestSchema: .object([]), responseSchema: .empty, firstSeen: Self.first, lastSeen: Self.last, count: 1,
            protocolName: "websocket")
        var trie = PathTrie(words: 8)
        let root = trie.addRoot()
        let text = isRaw ? "/{room}/{roomId}" : "{room}"
        var node = trie.add(root, isRaw ? .whole : .literal, 7, [])
        if !isRaw { node = trie.add(node, .parameter, PathTrie.plain, []) }
        endpoint.template = PathTemplate(node, trie, isRaw: isRaw) { _ in text }
        #expect(endpoint.template?.text == (isRaw ? text : "/{room}/{param}"))
        let service = ServiceMapDocument.Service(
            name: "web", image: nil, endpoints: [endpoint], connections: [], firstSeen: Self.first,
            lastSeen: Self.last)
        let all = AsyncAPIFile.descriptions(ServiceMapDocument(generatedAt: Self.last, services: [service]), from: "x")
        let written = try #require(all.last).text
        let document = try #require(try Yams.load(yaml: written) as? [String: Any])
        let channels = try #require(document["channels"] as? [String: [String: Any]])
        let channel = try #require(channels.values.first)
        let known = try #require(try Self.acts(document).first)
        #expect(known == act && (channel["parameters"] as? [String: Any] ?? [:]).keys.sorted() == parameters)
    }
}
