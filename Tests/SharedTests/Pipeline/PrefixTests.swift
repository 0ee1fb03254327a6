import Testing

@testable import Shared

/// What stands before a protocol is stepped over, once, at the connection's start, and names the destination.
@Suite struct `A prefix` {
    private static let ping: [UInt8] = Array("*1\r\n$4\r\nPING\r\n".utf8)
    private static let pong: [UInt8] = Array("+PONG\r\n".utf8)
    private static let proxy1: [UInt8] = Array("PROXY TCP4 10.0.0.9 10.0.0.7 40000 6379\r\n".utf8)
    private static let proxy2 = [UInt8](hex: "0d0a0d0a000d0a515549540a 21 11 000c 0a000009 0a000007 9c40 18eb")
    private static let proxy2Extended = [UInt8](
        hex: "0d0a0d0a000d0a515549540a 21 11 0011 0a000009 0a000007 9c40 18eb 04 0002 0000")
    private static let request5: [UInt8] = [5, 1, 0, 3, 5] + Array("cache".utf8) + [0x18, 0xEB]
    private static let reply5: [UInt8] = [5, 0, 0, 1, 0, 0, 0, 0, 0, 0]

    static let talks: [Talk] = [
        Talk("PROXY version 1", [.client(proxy1 + ping), .server(pong)], ["= redis 90"]),
        Talk("PROXY version 2", [.client(proxy2), .client(ping), .server(pong)], ["= redis 90"]),
        Talk("PROXY version 2 with more in it", [.client(proxy2Extended + ping), .server(pong)], ["= redis 90"]),
        Talk(
            "SOCKS5",
            [.client([5, 1, 0]), .server([5, 0]), .client(request5), .server(reply5), .client(ping), .server(pong)],
            ["= redis 90"]),
        Talk(
            "SOCKS5 with a password",
            [
                .client([5, 2, 0, 2]), .server([5, 2]), .client([1, 1, 0x61, 1, 0x62]), .server([1, 0]),
                .client(request5), .server(reply5), .client(ping), .server(pong),
            ], ["= redis 90"]),
        Talk(
            "SOCKS4a",
            [
                .client([UInt8](hex: "0401 18eb 00000001 6d6500 636163686500")),
                .server([UInt8](hex: "005a000000000000")),
                .client(ping), .server(pong),
            ], ["= redis 90"]),
        Talk(
            "CONNECT",
            [.c("CONNECT cache:6379 HTTP/1.1\r\n\r\n"), .s("HTTP/1.1 200 OK\r\n\r\n"), .client(ping), .server(pong)],
            ["> CONNECT cache:6379", "< 200 CONNECT cache:6379", "= redis 90"]),
        // A server that speaks first, and a prefix before a prefix.
        Talk(
            "PROXY before SOCKS5",
            [
                .client(proxy1 + [5, 1, 0]), .server([5, 0]), .client(request5), .server(reply5), .client(ping),
                .server(pong),
            ], ["= redis 90"]),
    ]

    @Test(arguments: talks) func `is stepped over`(_ talk: Talk) throws {
        try talk.check()
        let result = talk.tape.run()
        let event = try #require(try result.events().last)
        // By the port that was named, and not by the proxy's.
        #expect(event.string("detection_reason")?.hasPrefix("port 6379, ") == true, "\(event.line)")
        #expect(result.summary.connections.verdicts[.redis] == (talk.name == "CONNECT" ? 0 : 1))
        #expect(result.summary.bytes.unparsed.total == 0)
    }

    @Test(arguments: talks.filter { $0.name.hasPrefix("PROXY") || $0.name.hasPrefix("SOCKS5") })
    func `is stepped over where only the handshake is missing`(_ talk: Talk) throws {
        let whole = talk.joinedLate.run()
        #expect(try whole.events().map(\.brief) == talk.expected)
        #expect(whole.summary.bytes.unparsed.total == 0)
        for cut in [1, 2, 7] { #expect(talk.joinedLate.cut(every: cut).run() == whole, "cut every \(cut)") }
    }

    @Test func `of HTTP leaves no trace on the messages but whom they are for`() throws {
        let talk = Talk(
            "PROXY",
            [.client(Self.proxy1), .c("GET /a HTTP/1.1\r\n\r\n"), .s("HTTP/1.1 204 No Content\r\n\r\n")],
            ["> GET /a", "< 204 GET /a"])
        try talk.check()
        for event in try talk.tape.run().events() {
            #expect(event.string("proxied_for") == "10.0.0.9:40000")
            #expect(event.number("bytes") == (event.string("direction") == "send" ? 19 : 27))
        }
    }

    /// The capture has joined when CONNECT was on its way, or sent: what it leads to is read all the same, from its beginning.
    @Test(arguments: ["", "le:443 HTTP/1.1\r\nHost: secret.example:443\r\n\r\n"])
    func `of which the end was captured hides no handshake behind it`(_ rest: String) throws {
        let hello = ClientHelloSample.bytes
        for answer in [
            "HTTP/1.1 200 Connection established\r\n\r\n", "200 OK\r\nVia: proxy\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        ] {
            for role in [Role.unknown, .client] {
                var tape = TapeBuilder()
                tape.open(remote: TapeBuilder.server(3128), role: role, joinedLate: true)
                if !rest.isEmpty { tape.send(rest) }
                tape.receive(answer)
                tape.data(.send, hello)
                tape.data(.receive, [0x15, 3, 3, 0, 2, 2, 40])
                tape.close()
                let result = tape.run()
                let event = try #require(try result.events().last)
                #expect(event.string("protocol") == "tls" && event.number("confidence") == 90, "\(event.line)")
                #expect(event.string("server_name") == "db.example.com", "\(event.line)")
                #expect(result.summary.bytes.isBalanced)
                for cut in [1, 3] { #expect(tape.cut(every: cut).run() == result, "\(answer), cut every \(cut)") }
            }
        }
    }

    /// A connection that a proxy refused to make was meant for there, and is a dependency of its client.
    @Test(arguments: [
        (
            Talk(
                "SOCKS5",
                [.client([5, 1, 0]), .server([5, 0]), .client(request5), .server([5, 5, 0, 1, 0, 0, 0, 0, 0, 0])], [],
                port: 1080), "redis", "cache", "connection refused"
        ),
        (
            Talk(
                "SOCKS4",
                [
                    .client([UInt8](hex: "0401 2328 0a000007 6d6500")), .server([UInt8](hex: "005b000000000000")),
                ], [], port: 1080), "unknown", "10.0.0.7", "failed"
        ),
    ])
    func `that is refused names the destination`(
        _ talk: Talk, _ name: String, _ peer: String, _ error: String
    ) throws {
        let result = talk.tape.run()
        let events = try result.events()
        #expect(events.count == 1)
        let event = try #require(events.last)
        #expect(event.string("protocol") == name)
        #expect(event.string("peer") == peer)
        #expect(event.string("detection_reason")?.hasSuffix(", connect failed: \(error)") == true)
        #expect(event.string("error") == error)
        let edge = try #require(result.serviceMap.services.first?.connections.first)
        #expect(edge.count == 0 && edge.failures.map(\.reason) == [error] && edge.destination == peer)
        #expect(result.summary.notUnderstood.connections == 0)
        #expect(result.summary.bytes.isBalanced)
        #expect(talk.tape.cut(every: 1).run() == result)
    }

    @Test(
        arguments: [
            (1, "failed"), (2, "failed"), (3, "network unreachable"), (4, "no route to host"), (6, "no route to host"),
        ] as [(UInt8, String)])
    func `that is refused says why`(_ code: UInt8, _ error: String) throws {
        let turns: [Talk.Turn] = [
            .client([5, 1, 0]), .server([5, 0]), .client(Self.request5), .server([5, code, 0, 1, 0, 0, 0, 0, 0, 0]),
        ]
        #expect(try Talk("", turns, [], port: 1080).tape.run().events().map { $0.string("error") } == [error])
        // What follows a refusal all the same is no failed connect.
        let goesOn = Talk("", turns + [.c("PING\r\n"), .s("+PONG\r\n")], [], port: 1080).tape.run()
        #expect(try goesOn.events().allSatisfy { $0.string("error") == nil })
        // Refused was the wish to be connected to, of which nobody knows by whom.
        var bind = turns
        bind[2] = .client([5, 2, 0, 1, 10, 0, 0, 7, 0, 80])
        #expect(try Talk("", bind, [], port: 1080).tape.run().events().allSatisfy { $0.string("error") == nil })
    }

    @Test(
        arguments: [
            ("before nothing", [.client(proxy1)]),
            (
                "SOCKS5 that is refused",
                [
                    .client([5, 1, 0]), .server([5, 0]), .client(request5), .server([5, 5, 0, 1, 0, 0, 0, 0, 0, 0]),
                ]
            ),
            (
                "SOCKS5 for datagrams",
                [
                    .client([5, 1, 0]), .server([5, 0]), .client([5, 3, 0, 1, 0, 0, 0, 0, 0, 0]), .server(reply5),
                    .client([1, 2, 3]),
                ]
            ),
        ] as [(String, [Talk.Turn])])
    func `alone is no protocol`(_ name: String, _ turns: [Talk.Turn]) throws {
        let talk = Talk(name, turns, turns.count == 1 ? ["= redis 60"] : [])
        let result = talk.tape.run()
        #expect(result.summary.bytes.isBalanced)
        #expect(try result.events().allSatisfy { $0.number("confidence") ?? 0 < 90 })
        #expect(talk.tape.cut(every: 1).run() == result)
    }
}
