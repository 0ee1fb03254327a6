import Testing

@testable import Shared

/// HTTP/2 where bytes are missing, or the capture joined late.
@Suite struct `HTTP/2 with losses` {
    private typealias H2 = HTTP2Frames

    @Test func `goes on exactly behind a gap within a body`() throws {
        let tape = H2.tape([
            .client(H2.get(1, "/a") + H2.get(3, "/b")),
            .server(H2.headers(1, H2.block([":status": "200"])) + H2.data(1, "0123456789", end: true)),
            .server(H2.answer(3, 200, "b")),
        ])
        let offset =
            H2.preface.count + 9 + H2.get(1, "/a").count * 2 + H2.headers(1, H2.block([":status": "200"])).count
        #expect(
            try H2.briefs(tape.losing(4, at: offset + 9 + 3).run()).suffix(2) == [
                "< 200 GET /a \"012789\" !gap", "< 200 GET /b \"b\"",
            ])
    }

    /// Programs that announce it send a whole message as one frame: grpc does.
    @Test func `takes frames of content as large as a length can say`() throws {
        let body = [UInt8](repeating: 0x61, count: 3 << 20)
        let result = H2.tape([
            .client(H2.get(1, "/a") + H2.get(3, "/b")),
            .server(H2.headers(1, H2.block([":status": "200"])) + H2.frame(0, 1, stream: 1, body)),
            .server(H2.answer(3, 200, "b")),
        ]).run()
        #expect(try H2.briefs(result).last == "< 200 GET /b \"b\"")
        #expect(result.summary.bytes.unparsed.total == 0 && result.summary.messages.exchanges == 2)
    }

    /// A connection that has carried millions of calls is one that is joined late.
    @Test(arguments: [1, (1 << 24) + 1, (1 << 31) - 101] as [UInt32])
    func `is found again behind a loss however many streams there were`(_ first: UInt32) throws {
        let ids = (0..<20).map { first + 2 * UInt32($0) }
        let tape = H2.tape(ids.flatMap { [.client(H2.get($0, "/a")), .server(H2.answer($0, 200, "b"))] })
        for offset in [60, 150] {
            let result = tape.losing(4, at: offset).run()
            #expect(result.summary.messages.exchanges >= 16, "\(offset): \(result.summary.messages.exchanges)")
        }
    }

    /// What is asked behind a loss is known before its answers come.
    @Test func `pairs what was seen whole behind a loss`() throws {
        // As programs say them: `GET`, `http` and `200` are known to every table (RFC 7541, appendix A).
        func get(_ id: UInt32) -> [UInt8] {
            H2.headers(id, [0x82, 0x86, 0x04] + H2.text("/\(id)") + [0x01] + H2.text("shop"), end: true)
        }
        func answered(_ id: UInt32) -> [UInt8] { H2.headers(id, [0x88]) + H2.data(id, "b", end: true) }
        let ids = (0..<40).map { 1 + 2 * UInt32($0) }
        let tape = H2.tape(ids.flatMap { [.client(get($0)), .server(answered($0))] })
        let whole = try H2.briefs(tape.run())
        // The fifth request, from its first byte on and from within; then the fifth answer.
        let (request, answer) = (get(1).count, answered(1).count)
        let fifth = H2.preface.count + 9 + 4 * (request + answer)
        for (start, others) in [
            (0, ["< 200 \"b\" !response_without_request"]), (12, ["> GET", "< 200 GET \"b\""]),
        ] {
            let briefs = try H2.briefs(tape.losing(request - start, at: fifth + start).run())
            #expect(briefs.filter { !whole.contains($0) } == others, "\(start): \(briefs)")
        }
        let result = tape.losing(answer, at: fifth + request).run()
        #expect(result.summary.messages.responses == 39 && result.summary.messages.requests == 40)
    }

    @Test func `takes trailers for no head where that was lost`() throws {
        let head = H2.headers(1, H2.block([":status": "404"])) + H2.data(1, "x")
        let calls = [1, 3, 5, 7, 9].map { H2.get($0, "/\($0)") }
        let trailers = H2.headers(1, H2.block(["x-checksum": "7"]), end: true)
        let answers = [3, 5, 7, 9].map { H2.answer($0, 200, "[\($0)]") }
        let tape = H2.tape([.client(calls.flatMap { $0 }), .server(head + trailers + answers.flatMap { $0 })])
        let start = H2.preface.count + 9 + calls.joined().count
        let events = try tape.losing(head.count, at: start).run().events()
        let answer = try #require(events.first { $0.string("url") == "/1" && $0.number("duration_ms") != nil })
        #expect(answer.fields["status_code"] == nil && answer.anomalies.contains("gap"), "\(answer.line)")
        #expect(answer.fields["headers_incomplete"] != nil)
        #expect(events.last?.brief == "< 200 GET /9 \"[9]\"")
    }

    /// Whatever is missing at the beginning, or anywhere, what is said of a message is what is said of it where nothing is.
    @Test func `says nothing wrong where bytes are missing`() throws {
        var said: [Conversation.Said] = []
        for place in 0..<12 {
            let id = UInt32(2 * place + 1)
            let names =
                place == 0 ? H2.kept("x-a", "a") + H2.kept("x-b", "b") : H2.indexed(62) + H2.kept("x-\(place)", "c")
            said.append(.client(H2.headers(id, H2.request("/\(place)") + names, end: true)))
            said.append(
                .server(
                    H2.headers(id, [0x88] + H2.kept("y-\(place)", "d") + (place > 3 ? H2.indexed(64) : []))
                        + H2.data(id, "[\(place)]", end: true)))
        }
        let tape = H2.tape(said)
        func key(_ event: TapeResult.Event) -> String {
            "\(event.number("stream") ?? 0) \(event.string("direction") ?? "")"
        }
        let whole = Dictionary(try tape.run().events().map { (key($0), $0) }) { first, _ in first }
        #expect(whole.count == 24)
        for offset in stride(from: 1, to: tape.dataBytes, by: 5) {
            for tape in [tape.losing(9, at: offset), tape.dropping(first: offset)] {
                for event in try tape.run().events() where event.string("event_type") == "http" {
                    let right = try #require(whole[key(event)], "\(event.line)")
                    for name in ["method", "url", "status_code"] where event.fields[name] != nil {
                        #expect(
                            "\(event.fields[name] ?? "")" == "\(right.fields[name] ?? "")", "\(offset): \(event.line)")
                    }
                    for (name, value) in event.fields["headers"] as? [String: String] ?? [:] {
                        #expect(right.header(name) as? String == value, "\(offset): \(event.line)")
                    }
                    if event.anomalies.isEmpty, let body = event.string("body") {
                        #expect(body == right.string("body"))
                    }
                }
            }
        }
    }

    /// Uploads in frames that are longer than frames usually may be, as the server has allowed; the capture loses some of the third.
    @Test(arguments: [16_384, 20_000, 200_000]) func `finds frames as long as were announced`(_ length: Int) throws {
        let allowed = [0, 5] + H2.big(1 << 18)
        var said: [Conversation.Said] = []
        for place in 0..<8 {
            let id = UInt32(2 * place + 1)
            let head = H2.headers(id, H2.request("/up/\(place)", "POST"))
            let parts = (0..<5).flatMap { part in
                H2.frame(0, part == 4 ? 1 : 0, stream: id, Array(repeating: UInt8(ascii: "a"), count: length))
            }
            said += [.client(head + parts), .server(H2.answer(id, 200))]
        }
        let tape = H2.tape(said, settings: allowed)
        let before = 33 + 15 + 2 * (5 * (length + 9) + 70)
        let result = tape.losing(2 * length, at: before + length).run()
        let asked = try result.events().filter { $0.string("direction") == "send" }.compactMap { $0.string("url") }
        #expect(asked == [0, 1, 2, 4, 5, 6, 7].map { "/up/\($0)" } || asked == (0..<8).map { "/up/\($0)" })
        #expect(result.summary.bytes.isBalanced)
    }

    /// What an answer's fields say, and not the ports, tells who is the client.
    @Test(arguments: [false, true]) func `knows the client by any field of a block`(_ isCoded: Bool) throws {
        let method = isCoded ? [0, 0x85, 0xB9, 0x49, 0x53, 0x39, 0xE4] + H2.text("PUT") : H2.field(":method", "PUT")
        for client in [H2.indexed(70) + method, method + H2.indexed(70), H2.indexed(70) + [0x83]] {
            for isTurned in [false, true] {
                // The port of the client is the lower one.
                let (low, high) = (Endpoint(IPAddress(v4: 0x0A00_0001), 1024), TapeBuilder.server(50_000))
                var tape = TapeBuilder()
                tape.open(
                    local: isTurned ? high : low, remote: isTurned ? low : high, role: .unknown, joinedLate: true)
                for id in [7, 9, 11] as [UInt32] {
                    tape.wait(milliseconds: 1)
                    tape.data(isTurned ? .receive : .send, H2.headers(id, client, end: true))
                    tape.wait(milliseconds: 1)
                    tape.data(isTurned ? .send : .receive, H2.headers(id, H2.indexed(80), end: true))
                }
                tape.close()
                for tape in [tape, tape.cut(every: 1)] {
                    let result = tape.run()
                    #expect(result.summary.messages.exchanges == 3)
                    let events = try result.events()
                    #expect(events.map { $0.string("direction") } == (0..<6).map { $0 % 2 == 0 ? "send" : "recv" })
                    #expect(events.first?.number("source_port") == 1024)
                }
            }
        }
    }

    /// Content that is longer than a frame usually may be, and the server's windows before its answers.
    @Test func `is found from the middle whatever stands before an answer`() throws {
        let window = H2.frame(8, stream: 0, H2.big(20_000)) + H2.frame(8, stream: 5, H2.big(20_000))
        var tape = TapeBuilder()
        tape.open(role: .unknown, joinedLate: true)
        for id in [5, 7] as [UInt32] {
            tape.wait(milliseconds: 1)
            tape.data(
                .send, H2.headers(id, H2.request("/up")) + H2.data(id, String(repeating: "a", count: 20_000), end: true)
            )
            tape.wait(milliseconds: 1)
            tape.data(.receive, window + H2.answer(id, 200, String(repeating: "b", count: 20_000)))
        }
        tape.close()
        #expect(tape.run().summary.messages.exchanges == 2)
        #expect(tape.cut(every: 700).run().text == tape.run().text)
    }

    /// The server had answered before it heard that nobody wants the answer.
    @Test func `takes an answer that crosses a reset for none`() throws {
        let late = H2.headers(1, [0x88] + H2.kept("x", "late")) + H2.data(1, "{}", end: true)
        let result = H2.tape([
            .client(H2.get(1, "/a")), .client(H2.reset(1, 8)), .server(late), .client(H2.get(3, "/b")),
            .server(H2.headers(3, [0x88] + H2.indexed(62), end: true)),
        ]).run()
        let events = try result.events()
        #expect(events.count { $0.string("direction") == "recv" && $0.number("stream") == 1 } == 1)
        // What it did to the table holds.
        #expect(events.last?.header("x") as? String == "late")
        #expect(events.allSatisfy { $0.anomalies.isEmpty || $0.number("stream") == 1 })
    }

    /// As many as are cancelled within a round trip, and what crosses a GOAWAY.
    @Test func `takes what crosses any number of resets, or a GOAWAY, for none`() throws {
        let ids = stride(from: 1 as UInt32, to: 1200, by: 2)
        var result = H2.tape([
            .client(ids.flatMap { H2.get($0, "/a") + H2.reset($0, 8) }), .server(ids.flatMap { H2.answer($0, 200) }),
        ]).run()
        #expect(result.summary.messages.requests == 600 && result.summary.messages.responses == 600)
        #expect(result.summary.anomalies.total == 0)
        result = H2.tape([
            .client(H2.get(1, "/a")), .client(H2.headers(3, H2.request("/b", "POST"))),
            .server(H2.frame(7, stream: 0, H2.big(1) + H2.big(0))),
            .client(H2.data(3, "x") + H2.headers(3, H2.block(["x-sum": "1"]), end: true)), .server(H2.answer(1, 200)),
        ]).run()
        #expect(result.summary.messages.requests == 2)
    }

    /// The informational answer's status is an entry of a table that was not seen, and the final one's is none.
    @Test(arguments: [false, true]) func `takes no final answer for trailers of an informational one`(_ isEmpty: Bool)
        throws
    {
        let final =
            H2.headers(3, [0x8D] + H2.kept("x", "y"), end: isEmpty) + (isEmpty ? [] : H2.data(3, "gone", end: true))
        let answer = H2.headers(1, H2.kept(":status", "103")) + H2.headers(1, [0x88], end: true)
        let tape = H2.tape([
            .client(H2.get(1, "/a")), .server(answer), .client(H2.get(3, "/b")),
            .server(H2.headers(3, H2.indexed(62)) + final),
        ])
        let before = H2.preface.count + 9 + H2.get(1, "/a").count
        let events = try tape.losing(1, at: before + 12).run().events().filter { $0.number("stream") == 3 }
        let last = try #require(events.last)
        #expect(last.number("status_code") == 404 && last.fields["trailers"] as? [String: String] != [":status": "404"])
        #expect(last.string("body") == (isEmpty ? nil : "gone"))
        // Where the head that follows could be trailers, too, both are one.
        #expect(events.count == (isEmpty ? 2 : 3))
        #expect(events[1].fields["headers_incomplete"] as? Bool == true)
    }

    /// A block that no table explains is a request all the same, and is answered.
    @Test func `counts a request whose fields cannot be read`() throws {
        let result = H2.tape([
            .client(H2.get(1, "/a")), .server(H2.answer(1, 200)), .client(H2.headers(3, H2.indexed(99), end: true)),
            .server(H2.answer(3, 204)), .client(H2.get(5, "/b")), .server(H2.answer(5, 200)),
        ]).run()
        #expect(result.summary.messages.exchanges == 3)
        let unread = try result.events().filter { $0.number("stream") == 3 }
        #expect(unread.count == 2 && unread.allSatisfy { $0.string("method") == nil && $0.string("url") == nil })
        #expect(unread.last?.number("status_code") == 204)
    }

    /// The client's packets took another way.
    @Test func `reads all of a server whose client is not captured`() throws {
        var tape = TapeBuilder()
        tape.open()
        tape.data(.receive, H2.frame(4, stream: 0, []))
        for place in 0..<2000 {
            tape.wait(milliseconds: 1)
            tape.lose(.send, 40)
            tape.acknowledge(.send)
            tape.data(.receive, H2.answer(UInt32(2 * place + 1), 200, "{}"))
        }
        tape.close()
        let result = tape.run()
        #expect(try result.events().count { $0.number("status_code") == 200 } == 2000)
        #expect(result.summary.bytes.unparsed.total == 0)
    }
}
