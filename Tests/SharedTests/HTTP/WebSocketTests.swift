import Testing

@testable import Shared

/// WebSocket behind an Upgrade, and met in the middle: frames to messages, masks, compression, kinds, calls.
@Suite struct `WebSocket` {
    typealias F = WebSocketFrames

    private static let asked = "GET /ws?a=1 HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n"
    private static let opening = ["> GET /ws?a=1", "< 101 GET /ws?a=1"]

    private static func open(_ fields: String = "") -> [Talk.Turn] {
        [.c(asked), .s("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\(fields)\r\n")]
    }

    private static let deflate = "Sec-WebSocket-Extensions: permessage-deflate\r\n"
    private static let hello = Array("Hello".utf8)
    /// "Hello" compressed, and once more with what is known of the first (RFC 7692, sections 7.2.3.1 and 7.2.3.2).
    private static let first: [UInt8] = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]
    private static let second: [UInt8] = [0xF2, 0x00, 0x11, 0x00, 0x00]

    static let talks: [Talk] = [
        Talk(
            "the document's examples (RFC 6455, section 5.7)",
            open() + [
                .server([0x81, 0x05] + hello),
                .client([0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]),
                .server([0x01, 0x03] + hello[..<3]), .server([0x80, 0x02] + hello[3...]),
                .server([0x89, 0x05] + hello), .client(F.frame(10, hello, isClient: true)),
                .server(F.frame(2, [UInt8](repeating: 0xFF, count: 256), isClient: false)),
            ],
            opening + [
                "<< websocket text \"Hello\"", ">> websocket text \"Hello\"", "<< websocket text \"Hello\" in 2",
                "<< websocket binary base64(\(String(repeating: "////", count: 85))/w==)",
            ]),
        Talk(
            "control frames between fragments, and a close with its code",
            open() + [
                .client(F.frame(1, [0x61], isClient: true, isFinal: false)), .client(F.frame(9, [], isClient: true)),
                .client(F.frame(0, [0x62], isClient: true)),
                .server(F.frame(8, [0x0F, 0xA1] + Array("enough".utf8), isClient: false)),
                .client(F.frame(8, [], isClient: true)),
            ],
            opening + [
                ">> websocket text \"ab\" in 2", "<< websocket close 4001 \"enough\"", ">> websocket close",
            ]),
        Talk(
            "compressed with a window that is kept",
            open(deflate) + [
                .server(F.frame(1, first, isClient: false, marks: 0x40)),
                .server(F.frame(1, second, isClient: false, marks: 0x40)),
                .server(F.frame(1, hello, isClient: false)),
            ],
            opening + [
                "<< websocket text \"Hello\" compressed", "<< websocket text \"Hello\" compressed",
                "<< websocket text \"Hello\"",
            ]),
        Talk(
            "compressed in two fragments, of which only the first is marked",
            open(deflate) + [
                .client(F.frame(1, Array(first[..<3]), isClient: true, isFinal: false, marks: 0x40)),
                .client(F.frame(0, Array(first[3...]), isClient: true)),
            ], opening + [">> websocket text \"Hello\" in 2 compressed"]),
        Talk(
            "with a window that is not kept: what refers to it can't be read",
            open("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n") + [
                .server(F.frame(1, first, isClient: false, marks: 0x40)),
                .server(F.frame(1, second, isClient: false, marks: 0x40)),
                .server(F.frame(1, first, isClient: false, marks: 0x40)),
            ],
            opening + [
                "<< websocket text \"Hello\" compressed", "<< websocket text compressed unknown",
                "<< websocket text \"Hello\" compressed",
            ]),
        Talk(
            "an extension that nobody knows: lengths, and nothing else",
            open("Sec-WebSocket-Extensions: x-other\r\n") + [.server(F.frame(1, hello, isClient: false, marks: 0x20))],
            opening + ["<< websocket text"]),
        Talk(
            "a gap within a frame, after which it goes on",
            open() + [
                .server([0x81, 0x05, 0x48]), .serverGap(3), .server([0x6F]),
                .server(F.frame(1, hello, isClient: false)),
            ], opening + ["<< websocket text \"Ho\" !gap", "<< websocket text \"Hello\""]),
        Talk(
            "a gap in a compressed message: what refers to it can't be read, and what doesn't can",
            open(deflate) + [
                .server([0xC1, 0x07] + first[..<3]), .serverGap(2), .server(Array(first[5...])),
                .server(F.frame(1, second, isClient: false, marks: 0x40)),
                .server(F.frame(1, first, isClient: false, marks: 0x40)),
                .server(F.frame(1, second, isClient: false, marks: 0x40)),
            ],
            opening + [
                "<< websocket text compressed unknown !gap", "<< websocket text compressed unknown",
                "<< websocket text \"Hello\" compressed", "<< websocket text \"Hello\" compressed",
            ]),
        Talk(
            "a gap over frames: the next are found by their chain",
            open() + [.server([0x81, 0x05, 0x48]), .serverGap(100)]
                + (0..<4).map { .server(F.server("number \($0)")) },
            opening + ["<< websocket text \"H\" !body_incomplete !gap"]
                + (0..<4).map { "<< websocket text \"number \($0)\"" }),
        Talk(
            "a message that has no end",
            open() + [.server([0x81, 0x05, 0x48])], opening + ["<< websocket text \"H\" !body_incomplete"]),
        Talk(
            "bytes that are no frames",
            open() + [.c("no frames at all"), .s("nor here")], opening),
        Talk(
            "kinds, and JSON-RPC 2.0: calls pair by their ids, whoever asks and in whatever order",
            open() + [
                .client(F.client("{\"type\":\"join\",\"n\":1}")), .client(F.client("{\"type\":\"7f3e9a0b12cd\"}")),
                .client(F.client("{\"jsonrpc\":\"2.0\",\"method\":\"add\",\"id\":1}")),
                .client(F.client("{\"jsonrpc\":\"2.0\",\"method\":\"sub\",\"id\":\"1\"}")),
                .server(F.server("{\"jsonrpc\":\"2.0\",\"error\":{},\"id\":\"x\"}")),
                .server(F.server("{\"jsonrpc\":\"2.0\",\"method\":\"ask\",\"id\":1}")),
                .client(F.client("{\"jsonrpc\":\"2.0\",\"result\":[{\"id\":1}],\"id\":1}")),
                .server(F.server("{\"jsonrpc\":\"2.0\",\"result\":{\"a\":\"\\\"\"},\"id\":1}")),
                .client(F.client("{\"jsonrpc\":\"2.0\",\"method\":\"log\"}")),
            ],
            opening + [
                ">> websocket text join \"{\"type\":\"join\",\"n\":1}\"",
                ">> websocket text \"{\"type\":\"7f3e9a0b12cd\"}\"",
                ">> websocket text add \"{\"jsonrpc\":\"2.0\",\"method\":\"add\",\"id\":1}\" #2",
                ">> websocket text sub \"{\"jsonrpc\":\"2.0\",\"method\":\"sub\",\"id\":\"1\"}\" #3",
                "<< websocket text \"{\"jsonrpc\":\"2.0\",\"error\":{},\"id\":\"x\"}\"",
                "<< websocket text ask \"{\"jsonrpc\":\"2.0\",\"method\":\"ask\",\"id\":1}\" #4",
                ">> websocket text ask \"{\"jsonrpc\":\"2.0\",\"result\":[{\"id\":1}],\"id\":1}\" #4",
                "<< websocket text add \"{\"jsonrpc\":\"2.0\",\"result\":{\"a\":\"\\\"\"},\"id\":1}\" #2",
                ">> websocket text log \"{\"jsonrpc\":\"2.0\",\"method\":\"log\"}\"",
            ]),
        Talk(
            "a message bus by the name of its subprotocol: what is said in it is not shown",
            open("Sec-WebSocket-Protocol: mqtt\r\n") + [.client(F.frame(2, hello, isClient: true))],
            opening + [">> websocket binary"]),
        Talk(
            "NATS in binary messages goes to NATS",
            open() + [
                .server(F.frame(2, Array("INFO {\"server_id\":\"a\",\"version\":\"2\"}\r\n".utf8), isClient: false)),
                .client(F.frame(2, Array("CONNECT {}\r\nPING\r\n".utf8), isClient: true)),
                .server(F.frame(2, Array("PONG\r\n".utf8), isClient: false)),
            ],
            opening + [
                "<< websocket binary \"INFO {\"server_id\":\"a\",\"version\":\"2\"}\r\n\"", "= nats 90",
            ]),
        Talk(
            "HTTP in a message is no HTTP",
            open() + [.client(F.frame(2, Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8), isClient: true))],
            opening + [">> websocket binary \"GET / HTTP/1.1\r\nHost: x\r\n\r\n\""]),
    ]

    @Test(arguments: talks) func `becomes messages`(_ talk: Talk) throws { try talk.check() }

    /// Behind a loss frames are believed that are one behind the other, and of the last of them as much is waited for as shows
    /// whether its text is one.
    @Test func `is found behind a loss at the same place, however it was cut`() throws {
        var tape = TapeBuilder()
        tape.open()
        tape.send("GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n")
        tape.receive("HTTP/1.1 101 X\r\nUpgrade: websocket\r\n\r\n")
        tape.gap(.receive, 40)
        for word in ["one", "two", "three"] { tape.data(.receive, F.server(word)) }
        tape.data(.receive, F.frame(1, [UInt8](repeating: 1, count: 20), isClient: false))
        for word in ["red", "green", "blue", "black"] { tape.data(.receive, F.server(word)) }
        tape.close()
        let result = tape.run()
        let said = try result.events().map(\.brief).filter { $0.contains("websocket") }
        #expect(said == ["red", "green", "blue", "black"].map { "<< websocket text \"\($0)\"" })
        for size in [1, 2, 3, 7] { #expect(tape.cut(every: size).run() == result, "cut every \(size)") }
    }

    /// Two bytes of a control frame's header are few: they stand in any content.
    @Test(
        arguments: [
            [0x8A, 3, 1, 2, 3, 0x88, 2, 0x6A, 0x41], [0x89, 1, 7, 0x8A, 1, 8], [0x88, 2, 0x03, 0xE8, 0x89, 0],
            [0x81, 1, 0x61, 0x82, 1, 7, 0x89, 0, 0x88, 2, 0xFF, 0xFF],
        ] as [[UInt8]])
    func `has no control frame that stands in what is left of a message`(_ content: [UInt8]) throws {
        var tape = TapeBuilder()
        tape.open()
        tape.send("GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n")
        tape.receive("HTTP/1.1 101 X\r\nUpgrade: websocket\r\n\r\n")
        tape.gap(.receive, 40)
        tape.data(.receive, content + [UInt8](repeating: 0xFF, count: 30))
        let words = (10..<60).map { "word \($0)" }
        for word in words { tape.data(.receive, F.server(word)) }
        tape.data(.receive, F.frame(8, [0x03, 0xE8] + Array("bye".utf8), isClient: false))
        tape.close()
        let said = try tape.run().events().map(\.brief).filter { $0.contains("websocket") }
        // A message that might go on for 127 bytes is waited for.
        #expect(said.count > 30 && said.last?.hasPrefix("<< websocket close 1000") == true, "\(said)")
        let right = words.map { "<< websocket text \"\($0)\"" }
        #expect(Array(said.dropLast()) == right.suffix(said.count - 1), "\(said)")
    }

    @Test func `is recognised by its frames`() throws {
        var tape = TapeBuilder()
        tape.open(role: .unknown, joinedLate: true)
        for number in 0..<3 {
            tape.data(.send, F.client("{\"type\":\"say\",\"n\":\(number)}"))
            tape.data(.receive, F.server("{\"type\":\"heard\",\"n\":\(number)}"))
        }
        tape.data(.receive, F.frame(1, Self.first, isClient: false, marks: 0x40))
        tape.data(.receive, F.frame(1, Self.second, isClient: false, marks: 0x40))
        tape.close()
        let result = tape.run()
        let events = try result.events().map(\.brief)
        #expect(events.count == 8 && events[0] == ">> websocket text say \"{\"type\":\"say\",\"n\":0}\"")
        // The second refers to the first, which was seen.
        #expect(events[7] == "<< websocket text \"Hello\" compressed")
        #expect(result.summary.connections.verdicts[.websocket] == 1)
        #expect(tape.cut(every: 1).run() == result)
    }

    @Test(
        arguments: [
            [[0x81, 0x05, 0x01, 0x02, 0x03, 0x04, 0x05]], [[0x82, 0x7E, 0x00, 0x04, 1, 2, 3, 4]],
            [[0xF1, 0x02, 0x61, 0x62]],
        ] as [[[UInt8]]])
    func `is not what only looks like it`(_ server: [[UInt8]]) {
        var tape = TapeBuilder()
        tape.open(role: .unknown, joinedLate: true)
        tape.data(.send, F.client("hello, world"))
        for bytes in server { tape.data(.receive, bytes) }
        tape.close()
        #expect(tape.run().summary.connections.verdicts[.websocket] == 0)
    }

    @Test func `is on the map by kinds, and calls by what they call`() throws {
        let turns: [Talk.Turn] =
            Self.open() + [
                .client(F.client("{\"type\":\"join\",\"room\":\"a\"}")), .client(F.client("{\"type\":\"leave\"}")),
                .server(F.server("{\"type\":\"join\",\"count\":1}")), .server(F.server("plain")),
                .client(F.client("{\"jsonrpc\":\"2.0\",\"method\":\"add\",\"params\":[1],\"id\":1}")),
                .server(F.server("{\"jsonrpc\":\"2.0\",\"result\":7,\"id\":1}")),
                .client(F.client("{\"jsonrpc\":\"2.0\",\"method\":\"add\",\"params\":[1],\"id\":2}")),
                .server(F.server("{\"jsonrpc\":\"2.0\",\"error\":7,\"id\":2}")),
                .client(F.client("{\"jsonrpc\":\"2.0\",\"method\":\"add\",\"params\":[1],\"id\":3}")),
            ]
        let result = Talk("", turns, []).tape.run()
        let endpoints = result.serviceMap.services[0].endpoints.filter { $0.method == "WS" }
        #expect(endpoints.allSatisfy { $0.path == "/ws" && $0.protocolName == "websocket" && $0.destination == "a" })
        let call = "{id: number, jsonrpc: string, method: string, params: [number]}"
        let written = endpoints.map {
            "\($0.operation ?? "-") \($0.requestSchema.brief) \($0.responseSchema.brief) \($0.count) \($0.numbers.errors)"
        }
        #expect(
            written == [
                "- null non-json 1 0", "add \(call) null 1 0",
                "add \(call) {error: number, id: number, jsonrpc: string} 1 1",
                "add \(call) {id: number, jsonrpc: string, result: number} 1 0",
                "join null {count: number, type: string} 1 0", "join {room: string, type: string} null 1 0",
                "leave {type: string} null 1 0",
            ])
        #expect(result.summary.messages.said[.websocket] == 9)
        let yaml = ServiceMapFile.yaml(result.serviceMap)
        #expect(yaml.contains("        status: {ok: 1}\n") && yaml.contains("        status: {error: 1}\n"))
        var options = Profiler.Options()
        options.fields = .compat
        #expect(!ServiceMapFile.yaml(Talk("", turns, []).tape.run(options).serviceMap, .compat).contains("WS"))
    }

    @Test func `hides credentials in messages`() throws {
        let talk = Talk("", Self.open() + [.client(F.client("{\"password\":\"hunter2hunter2\"}"))], [])
        var options = Profiler.Options()
        options.eventLog = true
        options.redact = true
        #expect(!talk.tape.run(options).text.contains("hunter2"))
    }

    @Test func `gives up the oldest of too many calls, by count`() {
        var limits = Limits()
        limits.pipelinedRequests = 4
        let calls = (0..<10).map { Talk.Turn.client(F.client("{\"jsonrpc\":\"2.0\",\"method\":\"a\",\"id\":\($0)}")) }
        let result = Talk("", Self.open() + calls, []).tape.run(limits)
        #expect(result.summary.limits[.pipelinedRequests] == 6)
        #expect(result.serviceMap.services[0].endpoints.first { $0.operation == "a" }?.count == 10)
    }

    @Test func `stops inflating what grows too large`() throws {
        var limits = Limits()
        limits.expansion = 10
        limits.bodyBytes = 1000
        // A megabyte of zeros, by zlib.
        let bomb = CodedBodies.rawZeros
        let talk = Talk("", Self.open(Self.deflate) + [.server(F.frame(1, bomb, isClient: false, marks: 0x40))], [])
        let result = talk.tape.run(limits)
        #expect(result.summary.limits[.expansion] == 1)
        #expect(try result.events().last?.anomalies == ["content_coding_limit"])
    }
}
