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
}
