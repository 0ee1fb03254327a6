import Testing

@testable import Shared

/// Where nobody knows who called, what is said decides who the client is, and not how it was cut.
@Suite struct `A connection joined late` {
    private func tape(_ said: [Conversation.Said], localIsClient: Bool) -> TapeBuilder {
        var tape = TapeBuilder()
        tape.open(remote: TapeBuilder.server(4222), role: .unknown, joinedLate: true)
        for said in said { tape.data(said.isClient == localIsClient ? .send : .receive, said.bytes) }
        tape.close()
        return tape
    }

    @Test(arguments: `Protocol detection`.known + `Protocol detection`.unknown)
    func `is the same byte by byte as all at once`(_ conversation: Conversation) {
        for localIsClient in [true, false] {
            let tape = tape(conversation.said, localIsClient: localIsClient)
            let whole = tape.run()
            #expect(whole.summary.bytes.isBalanced)
            for cut in [1, 2, 3, 5] { #expect(tape.cut(every: cut).run() == whole, "cut every \(cut)") }
        }
    }

    /// `PORT /a HTTP/1.1` reads like a request, and is what is left of REPORT; `ong HTTP/1.1` of a long target.
    @Test(arguments: [
        "REPORT /a/very/long HTTP/1.1\r\nHost: h\r\n\r\n", "GET /a/very/long HTTP/1.1\r\nHost: h\r\n\r\n",
    ])
    func `never takes the rest of a request for one`(_ first: String) throws {
        for cut in 1..<first.utf8.count {
            var tape = TapeBuilder()
            tape.open(remote: TapeBuilder.server(8080), role: .unknown, joinedLate: true)
            tape.send(String(first.dropFirst(cut)))
            tape.receive("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1")
            for path in ["b", "c"] {
                tape.send("FETCH /\(path) HTTP/1.1\r\nHost: h\r\n\r\n")
                tape.receive("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\(path)")
            }
            tape.close()
            let whole = tape.run()
            #expect(whole.summary.bytes.isBalanced)
            let events = try whole.events().filter { $0.string("event_type") == "http" }
            for event in events {
                let (url, method) = (event.string("url"), event.string("method"))
                #expect(["/b", "/c", nil].contains(url) && ["FETCH", nil].contains(method), "\(cut): \(event.line)")
                if let body = event.string("body"), let url { #expect(url == "/" + body, "\(cut): \(event.line)") }
            }
            #expect(events.contains { $0.string("url") == "/c" && $0.string("body") == "c" }, "\(cut)")
            for piece in [1, 3] { #expect(tape.cut(every: piece).run() == whole, "\(cut), cut every \(piece)") }
        }
    }

    /// `PUB` alone may be a server's as well, and then what the other side said would be a client's.
    @Test func `is not turned round by who is heard to the end first`() throws {
        let tape = tape(
            [.server("MSG orders.new 1 7\r\norder 0\r\n"), .client("PUB orders.new  7\r\norder 1\r\n")],
            localIsClient: true)
        let whole = tape.run()
        let connections = try whole.events().filter { $0.string("event_type") == "connection" }
        #expect(connections.map { $0.string("direction") } == ["send"])
        for cut in 1..<29 { #expect(tape.cut(every: cut).run() == whole, "cut every \(cut)") }
    }

    struct Exchange: Sendable, CustomTestStringConvertible {
        let row: String
        let ask: [UInt8]
        let answer: [UInt8]
        var testDescription: String { row }
    }

    private static func frame(_ method: [UInt8], _ arguments: [UInt8]) -> [UInt8] {
        [1, 0, 1, 0, 0, 0, UInt8(4 + arguments.count)] + method + arguments + [0xCE]
    }

    private static func mongo(_ id: UInt8, to: UInt8, _ document: [UInt8]) -> [UInt8] {
        let length = UInt8(21 + document.count)
        return [length, 0, 0, 0, id, 0, 0, 0, to, 0, 0, 0, 0xDD, 0x07, 0, 0, 0, 0, 0, 0, 0] + document
    }

    private static let exchanges = [
        Exchange(
            row: "redis", ask: Array("*2\r\n$4\r\nKEYS\r\n$1\r\n*\r\n".utf8),
            answer: Array("*2\r\n$2\r\nab\r\n$3\r\nabc\r\n".utf8)),
        Exchange(
            row: "nats", ask: Array("PUB orders.new 7\r\norder 1\r\n".utf8),
            answer: Array("MSG orders.new 1 7\r\norder 0\r\n".utf8)),
        Exchange(row: "amqp", ask: frame([0, 60, 0, 70], [0, 0, 1, 0x71, 0]), answer: frame([0, 60, 0, 72], [0])),
        Exchange(
            row: "mongodb", ask: mongo(9, to: 0, [12, 0, 0, 0, 0x10, 0x61, 0, 1, 0, 0, 0, 0]),
            answer: mongo(3, to: 9, [12, 0, 0, 0, 0x10, 0x6F, 0, 1, 0, 0, 0, 0])),
    ]

    /// What a server says reads like a client's message as well, but for what only one side says.
    @Test(arguments: exchanges, [true, false])
    func `knows who asks, though a client's message has begun before it`(_ exchange: Exchange, localIsClient: Bool)
        throws
    {
        for ports in [(50_000, 40_000), (40_000, 50_000)] as [(UInt16, UInt16)] {
            for rest in [0, 100, 400] {
                var tape = TapeBuilder()
                tape.open(remote: TapeBuilder.server(ports.1), role: .unknown, joinedLate: true)
                let (client, server): (Direction, Direction) = localIsClient ? (.send, .receive) : (.receive, .send)
                if rest > 0 { tape.data(client, [UInt8](repeating: 0x71, count: rest)) }
                tape.data(server, exchange.answer)
                for _ in 0..<4 {
                    tape.data(client, exchange.ask)
                    tape.data(server, exchange.answer)
                }
                tape.close()
                let events = try tape.run().events().filter { $0.string("event_type") == "connection" }
                #expect(events.map { $0.string("protocol") } == [exchange.row], "\(rest)")
                let asker = localIsClient ? TapeBuilder.client.port : ports.1
                #expect(events.map { $0.number("source_port") } == [Int(asker)], "\(rest)")
                #expect(events.map { $0.string("direction") } == ["send"], "\(rest)")
            }
        }
    }

    /// The middle of a payload that is longer than what is kept of a turn, and nobody answers.
    @Test(arguments: [100, 17_000, 30_000, 90_000])
    func `is known behind a long payload of one side`(_ length: Int) throws {
        var tape = TapeBuilder()
        tape.open(remote: TapeBuilder.server(4222), role: .unknown, joinedLate: true)
        tape.send(String(repeating: "x", count: length) + "\r\nPUB a.b 5\r\nhello\r\n")
        tape.send("PUB a.b 5\r\nhello\r\n")
        tape.close()
        let whole = tape.run()
        let events = try whole.events().filter { $0.string("event_type") == "connection" }
        #expect(events.map { $0.string("protocol") } == ["nats"] && whole.summary.bytes.isBalanced)
    }
}
