import Testing

@testable import Shared

/// Streams of HTTP/2 that go on as something else: CONNECT (RFC 9113, section 8.5), and its extension (RFC 8441).
@Suite struct `Tunnels in HTTP/2` {
    private typealias H2 = HTTP2Frames

    private static func tape(_ asked: [UInt8], _ answer: [UInt8], _ said: [Conversation.Said]) -> TapeBuilder {
        var tape = TapeBuilder()
        tape.open()
        tape.data(.send, H2.preface + H2.headers(1, asked))
        tape.data(.receive, H2.frame(4, stream: 0, []) + H2.headers(1, answer))
        for said in said {
            tape.wait(milliseconds: 1)
            tape.data(said.isClient ? .send : .receive, said.bytes)
        }
        tape.close()
        return tape
    }

    private static let extended =
        H2.block([
            ":method": "CONNECT", ":protocol": "websocket", ":scheme": "http", ":path": "/chat", ":authority": "shop",
            "sec-websocket-extensions": "permessage-deflate",
        ])
    private static let connect = H2.block([":method": "CONNECT", ":authority": "cache:6379"])
    private static let ok = H2.block([":status": "200"])

    private static func data(_ stream: UInt32, _ bytes: [UInt8], end: Bool = false) -> [UInt8] {
        H2.frame(0, end ? 1 : 0, stream: stream, bytes)
    }

    @Test func `carry a WebSocket, beside other streams`() throws {
        let hello: [UInt8] = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]
        let tape = Self.tape(
            Self.extended, Self.ok + H2.block(["sec-websocket-extensions": "permessage-deflate"]),
            [
                .client(Self.data(1, WebSocketFrames.client("{\"type\":\"join\"}")) + H2.get(3, "/a")),
                .server(H2.answer(3, 200, "A")),
                .server(Self.data(1, WebSocketFrames.frame(1, hello, isClient: false, marks: 0x40))),
                .client(Self.data(1, WebSocketFrames.frame(8, [3, 0xE8], isClient: true), end: true)),
                .server(Self.data(1, WebSocketFrames.frame(8, [3, 0xE8], isClient: false), end: true)),
            ])
        let result = tape.run()
        #expect(
            try result.events().map(\.brief) == [
                "> CONNECT /chat", "< 200 CONNECT /chat", ">> websocket text join \"{\"type\":\"join\"}\"", "> GET /a",
                "< 200 GET /a \"A\"", "<< websocket text \"Hello\" compressed", ">> websocket close 1000",
                "<< websocket close 1000",
            ])
        let endpoint = try #require(result.serviceMap.services[0].endpoints.first { $0.operation == "join" })
        #expect(endpoint.method == "WS" && endpoint.path == "/chat" && endpoint.destination == "shop")
        #expect(result.summary.bytes.isBalanced && result.summary.innerBytes.isBalanced)
        #expect(result.summary.innerBytes.parsed > 0)
        #expect(tape.cut(every: 1).run() == result)
    }

    @Test func `carry what CONNECT leads to`() throws {
        let result = Self.tape(
            Self.connect, Self.ok,
            [
                .client(Self.data(1, Array("*1\r\n$4\r\nPING\r\n".utf8))),
                .server(Self.data(1, Array("+PONG\r\n".utf8))),
            ]
        ).run()
        #expect(
            try result.events().map(\.brief) == ["> CONNECT cache:6379", "< 200 CONNECT cache:6379", "= redis 90"])
        let edge = try #require(result.serviceMap.services[0].connections.first)
        #expect(edge.protocolName == "redis" && edge.destination == "cache" && edge.port == 6379)
    }

    /// RFC 9113, section 8.3.1: a user has no place there; where it stands all the same, it is no part of a name.
    @Test func `lead to a host, without a user before it`() throws {
        let result = Self.tape(H2.block([":method": "CONNECT", ":authority": "bob:s3cret@cache:6379"]), Self.ok, [])
            .run()
        #expect(
            result.serviceMap.services[0].endpoints.map { "\($0.path) \($0.destination)" } == ["cache:6379 cache:6379"])
        let path = H2.block([
            ":method": "CONNECT", ":protocol": "websocket", ":scheme": "http", ":path": "/a@b",
            ":authority": "u:p@shop",
        ])
        let other = Self.tape(path, Self.ok, []).run()
        #expect(other.serviceMap.services[0].endpoints.map { "\($0.path) \($0.destination)" } == ["/a@b shop"])
    }

    @Test func `end with a reset`() throws {
        let result = Self.tape(
            Self.extended, Self.ok,
            [
                .client(Self.data(1, WebSocketFrames.client("a")) + H2.reset(1, 8) + H2.get(3, "/a")),
                .server(H2.answer(3, 204)),
            ]
        ).run()
        #expect(try result.events().last?.brief == "< 204 GET /a")
    }

    @Test func `are none where CONNECT is declined`() throws {
        let result = Self.tape(
            Self.connect, H2.block([":status": "403"]), [.server(Self.data(1, Array("no".utf8), end: true))]
        )
        .run()
        #expect(try result.events().map(\.brief).contains("< 403 CONNECT cache:6379 \"no\""))
    }

    @Test func `lose their place with frames, and nothing is made up`() throws {
        var tape = TapeBuilder()
        tape.open()
        tape.data(.send, H2.preface + H2.headers(1, Self.extended))
        tape.data(.receive, H2.frame(4, stream: 0, []) + H2.headers(1, Self.ok))
        tape.data(.receive, Self.data(1, WebSocketFrames.server("before")))
        tape.gap(.receive, 100)
        tape.data(.receive, Self.data(1, WebSocketFrames.server("after")))
        for number in 0..<4 as Range<UInt8> {
            tape.data(.receive, H2.frame(6, stream: 0, [UInt8](repeating: number, count: 8)))
        }
        tape.close()
        let result = tape.run()
        #expect(try result.events().last?.brief == "<< websocket text \"before\"")
        #expect(result.summary.bytes.isBalanced && result.summary.innerBytes.isBalanced)
    }

    @Test func `streams that are opened and never end are given up by what they keep`() {
        var limits = Limits()
        limits.streamBytes = 100_000
        var tape = TapeBuilder()
        tape.open()
        tape.data(.send, H2.preface)
        let large = H2.block(["x": String(repeating: "x", count: 5000)])
        for number in 0..<1000 {
            tape.data(.send, H2.headers(UInt32(2 * number + 1), H2.request("/\(number)") + large))
        }
        var options = Profiler.Options()
        options.limits = limits
        options.eventLog = true
        let profiler = Profiler(options)
        tape.play(into: profiler)
        #expect(profiler.heldBytes < 1_000_000 && profiler.summary.limits[.streamBytes] > 500)
    }
}
