import Testing

@testable import Shared

/// HTTP/2 (RFC 9113): what its frames say, in whatever order and pieces.
@Suite struct `HTTP/2` {
    private typealias H2 = HTTP2Frames

    @Test func `reads heads in parts, padding, priorities, informational answers and trailers`() throws {
        let block = H2.request("/orders?id=7", "POST") + H2.block(["cookie": "a=1", "cookie": "b=2"])
        let padded = [3] + H2.big(0) + [15] + block.prefix(9) + [0, 0, 0]
        let result = H2.tape([
            .client(
                H2.frame(1, 0x28, stream: 1, padded) + H2.frame(9, stream: 1, Array(block[9..<20]))
                    + H2.frame(9, 4, stream: 1, Array(block.dropFirst(20)))
                    + H2.frame(0, 8, stream: 1, [2] + Array("{\"a\":".utf8) + [0, 0]) + H2.data(1, "1}", end: true)),
            .server(
                H2.headers(1, H2.block([":status": "103", "link": "x"]))
                    + H2.headers(1, H2.block([":status": "201", "content-type": "application/json"]))
                    + H2.data(1, "[true]") + H2.headers(1, H2.block(["checksum": "42"]), end: true)),
        ]).run()
        let events = try result.events()
        #expect(
            try H2.briefs(result) == [
                "> POST /orders?id=7 \"{\"a\":1}\"", "< 103 POST /orders?id=7",
                "< 201 POST /orders?id=7 \"[true]\"",
            ])
        #expect(events[0].header("Host") as? String == "shop" && events[0].header("cookie") as? String == "a=1; b=2")
        #expect(events[2].fields["trailers"] as? [String: String] == ["checksum": "42"])
        #expect(events.allSatisfy { $0.string("protocol") == "http/2" && $0.number("stream") == 1 })
        #expect(events.allSatisfy { $0.fields["raw_payload"] == nil && $0.fields["reason"] == nil })
        let endpoint = try #require(result.serviceMap.services.first?.endpoints.first)
        #expect(endpoint.path == "/orders" && endpoint.protocolName == "http/2")
        #expect(result.serviceMap.services.first?.connections.isEmpty == true)
        #expect(result.summary.bytes.isBalanced && result.summary.bytes.parsed == result.summary.bytes.total)
    }

    @Test func `finds the preface behind bytes that are none of its own, wherever it is cut`() throws {
        let said = H2.preface + H2.frame(4, stream: 0, []) + H2.get(1, "/late")
        for cut in 0...said.count {
            var tape = TapeBuilder()
            tape.open()
            tape.data(.send, H2.preface + H2.frame(4, stream: 0, []))
            tape.data(.receive, H2.frame(4, stream: 0, []))
            // A frame that there cannot be, and where the next would stand is no frame either.
            tape.data(.send, Array(repeating: 0xFF, count: 30) + said.prefix(cut))
            tape.data(.send, Array(said.dropFirst(cut)))
            tape.close()
            let result = tape.run()
            #expect(try H2.briefs(result) == ["> GET /late"], "cut at \(cut)")
            #expect(result.summary.bytes.unparsed.total == 30, "cut at \(cut)")
        }
    }

    /// A hundred streams at once, answered from the last to the first, a few bytes of each at a time.
    private static let interleaved: [Conversation.Said] = {
        let ids = (0..<100).map { UInt32(2 * $0 + 1) }
        let bodies = ids.map { "{\"of\":\"\($0)\"}" }
        var answers = ids.reversed().flatMap { H2.headers($0, H2.block([":status": "200"])) }
        for place in 0..<3 {
            for id in ids.reversed() {
                let body = bodies[Int(id / 2)]
                let piece = body.dropFirst(place * 5).prefix(place == 2 ? 99 : 5)
                answers += H2.data(id, String(piece), end: place == 2)
            }
        }
        return ids.map { .client(H2.get($0, "/\($0)")) } + [.server(answers)]
    }()

    @Test func `pairs a hundred streams by their numbers`() throws {
        let result = H2.tape(Self.interleaved).run()
        let answers = try result.events().filter { $0.fields["status_code"] != nil }
        #expect(answers.count == 100)
        for answer in answers {
            let id = try #require(answer.number("stream"))
            #expect(answer.string("url") == "/\(id)" && answer.string("body") == "{\"of\":\"\(id)\"}")
        }
        #expect(result.summary.messages.exchanges == 100)
        let endpoints = result.serviceMap.services.first?.endpoints ?? []
        #expect(endpoints.map(\.count) == [100], "one template: /{param}")
    }

    @Test func `counts each stream once where both sides are profiled`() {
        var tape = TapeBuilder()
        let said = [Conversation.Said.client(H2.preface), .server(H2.frame(4, stream: 0, []))] + Self.interleaved
        tape.open(process: ProcessKey(pid: 1, startTime: 1))
        let client = tape.connection
        tape.open(
            local: TapeBuilder.server(), remote: TapeBuilder.client, role: .server,
            process: ProcessKey(pid: 2, startTime: 1))
        let server = tape.connection
        var (sent, received): (UInt64, UInt64) = (0, 0)
        for said in said {
            tape.wait(milliseconds: 1)
            for (view, isClient) in [(client, true), (server, false)] {
                tape.resume(view, sent: isClient ? sent : received, received: isClient ? received : sent)
                tape.data(said.isClient == isClient ? .send : .receive, said.bytes)
            }
            if said.isClient { sent += UInt64(said.bytes.count) } else { received += UInt64(said.bytes.count) }
        }
        for view in [client, server] {
            tape.resume(view, sent: 0, received: 0)
            tape.close()
        }
        let endpoints = tape.run().serviceMap.services.flatMap(\.endpoints)
        #expect(endpoints.map(\.count) == [100], "one template: /{param}")
    }

    @Test func `says what ended a stream, and who`() throws {
        let result = H2.tape([
            .client(H2.get(1, "/mid") + H2.get(3, "/cancelled") + H2.get(5, "/refused")),
            .server(H2.headers(1, H2.block([":status": "200"])) + H2.data(1, "half") + H2.reset(1, 2)),
            .client(H2.reset(3, 8)), .server(H2.frame(7, stream: 0, H2.big(3) + H2.big(0))),
            .client(H2.reset(99, 8)),
        ]).run()
        let ended = try result.events().filter { $0.fields["ended"] != nil }
        #expect(
            ended.map { "\($0.string("url") ?? "") \($0.string("ended") ?? "") \($0.string("ended_by") ?? "")" } == [
                "/mid rst_stream INTERNAL_ERROR server", "/cancelled rst_stream CANCEL client",
                "/refused goaway server",
            ])
        #expect(ended[0].anomalies == ["body_incomplete"] && ended[1].fields["status_code"] == nil)
        #expect(result.summary.messages.exchanges == 1 && result.summary.messages.unansweredRequests == 2)
    }

    @Test func `tells of an answer that nobody asked for, and counts no call`() throws {
        let result = H2.tape([
            .client(H2.get(1, "/page")),
            .server(
                H2.frame(5, 4, stream: 1, H2.big(2) + H2.request("/style.css")) + H2.answer(1, 200, "page")
                    + H2.answer(2, 200, "style")),
        ]).run()
        let pushed = try #require(try result.events().last)
        #expect(pushed.string("url") == "/style.css" && pushed.fields["pushed"] as? Bool == true)
        #expect(result.serviceMap.services.first?.endpoints.map(\.path) == ["/page"])
    }

    @Test func `takes an answer in HTTP/1 for that to the request`() throws {
        let result = H2.tape(
            [
                .client(H2.preface + H2.get(1, "/a")), .server("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
            ], preface: false
        ).run()
        #expect(try H2.briefs(result) == ["> GET /a", "< 400 GET /a"])
        let early = H2.tape(
            [
                .client(H2.preface), .server("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
                .client(H2.get(1, "/a")),
            ], preface: false
        ).run()
        #expect(try H2.briefs(early) == ["> PRI *", "< 400 PRI *"])
        #expect(early.summary.messages.exchanges == 1 && early.summary.bytes.isBalanced)
        #expect(result.summary.messages.exchanges == 1 && result.summary.bytes.isBalanced)
    }

    @Test func `goes on with the request that asked for the upgrade`() throws {
        let upgrade = "GET /a HTTP/1.1\r\nHost: shop\r\nUpgrade: h2c\r\nHTTP2-Settings: AAQ\r\n\r\n"
        let accepted = H2.tape(
            [
                .client(upgrade), .server("HTTP/1.1 101 X\r\nUpgrade: h2c\r\n\r\n"),
                .server(H2.frame(4, stream: 0, [])),
                .client(H2.preface + H2.get(3, "/b")), .server(H2.answer(1, 200, "one") + H2.answer(3, 404)),
            ], preface: false)
        for tape in [accepted, accepted.cut(every: 1)] {
            #expect(
                try H2.briefs(tape.run()).filter { !$0.hasPrefix(">") } == [
                    "< 101 GET /a", "< 200 GET /a \"one\"", "< 404 GET /b",
                ])
            #expect(tape.run().summary.messages.exchanges == 2)
        }
        let declined = H2.tape(
            [
                .client(upgrade), .server("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none"),
            ], preface: false
        ).run()
        #expect(try H2.briefs(declined) == ["> GET /a", "< 200 GET /a \"one\""])
    }

    // MARK: Tables

    @Test(arguments: [0, 64 << 10]) func `follows the table through any size`(size: Int) throws {
        var block = H2.integer(size, bits: 5, 0x20) + H2.request("/")
        for place in 0..<200 { block += H2.kept("x-\(place)", String(repeating: "v", count: 200)) }
        var result = H2.tape([
            .client(H2.headers(1, block, end: true)), .server(H2.answer(1, 200)),
            .client(H2.headers(3, H2.request("/again") + H2.indexed(62 + 150), end: true)),
        ]).run()
        var again = try #require(try result.events().last)
        #expect(again.string("url") == "/again")
        // Of a table without room nothing can be had, and a reference into it breaks the block.
        #expect(again.header("x-49") as? String == (size == 0 ? nil : String(repeating: "v", count: 200)))
        #expect(again.fields["headers_incomplete"] as? Bool == (size == 0 ? true : nil))
        result = H2.tape([
            .client(H2.headers(1, block, end: true)), .server(H2.answer(1, 200)), .client(H2.get(3, "/plain")),
        ]).run()
        again = try #require(try result.events().last)
        #expect(again.string("url") == "/plain" && again.fields["headers_incomplete"] == nil)
    }

    @Test func `leaves out what refers to a table that was not seen`() throws {
        let first = H2.request("/") + H2.kept("x-secret", "seen once") + H2.kept("x-other", "too")
        let second = H2.request("/two") + H2.indexed(62) + H2.indexed(63) + H2.kept("x-new", "n") + H2.indexed(62)
        let tape = H2.tape([
            .client(H2.headers(1, first, end: true)), .server(H2.answer(1, 200)),
            .client(H2.headers(3, second, end: true)),
        ])
        let whole = try #require(try tape.run().events().last)
        #expect(whole.header("x-other") as? String == "too" && whole.header("x-secret") as? String == "seen once")
        // A byte of the first block is missing, so that what it did to the table is not known.
        let offset = H2.preface.count + 9 + 9 + 20
        let torn = try #require(try tape.losing(1, at: offset).run().events().last)
        #expect(torn.string("url") == "/two" && torn.fields["headers_incomplete"] as? Bool == true)
        #expect(torn.header("x-other") == nil && torn.header("x-secret") == nil)
        #expect(torn.header("x-new") as? String == "n, n")
    }

    @Test func `counts an answer whose status was not seen as unknown`() throws {
        let status = H2.kept(":status", "299")
        let tape = H2.tape([
            .client(H2.get(1, "/a")), .server(H2.headers(1, status, end: true)), .client(H2.get(3, "/a")),
            .server(H2.headers(3, H2.indexed(62), end: true)),
        ])
        let torn = tape.losing(1, at: tape.dataBytes - 9 - 1 - 9 - 2 - H2.get(3, "/a").count)
        let log = try #require(try torn.run().events().last)
        #expect(log.number("status_code") == nil && log.fields["headers_incomplete"] as? Bool == true)
        #expect(ServiceMapFile.yaml(torn.run().serviceMap).contains("status: {unknown: 2}"))
    }

    // MARK: Bounds

    @Test func `bounds a head of a megabyte, and reads what follows`() throws {
        let field = H2.kept("x-large", String(repeating: "y", count: 60_000))
        var block = H2.request("/large")
        for _ in 0..<17 { block += field }
        var frames = H2.frame(1, 1, stream: 1, Array(block.prefix(16_384)))
        for start in stride(from: 16_384, to: block.count, by: 16_384) {
            let isLast = start + 16_384 >= block.count
            frames += H2.frame(9, isLast ? 4 : 0, stream: 1, Array(block[start..<min(start + 16_384, block.count)]))
        }
        let tape = H2.tape([.client(frames + H2.get(3, "/next")), .server(H2.answer(1, 431) + H2.answer(3, 200))])
        let result = tape.run()
        let events = try result.events()
        #expect(events.first?.string("url") == "/large" && events.first?.fields["headers_incomplete"] as? Bool == true)
        #expect(events.map { $0.string("url") } == ["/large", "/next", "/large", "/next"])
        #expect(result.summary.limits[.headBytes] == 1)
        #expect(tape.cut(every: 1000).run() == result)
    }

    /// A header block in frames of 16 KiB.
    private static func parts(_ stream: UInt32, _ block: [UInt8], end: Bool = false) -> [UInt8] {
        stride(from: 0, to: block.count, by: 16_384).flatMap { start in
            let stop = min(start + 16_384, block.count)
            let flags: UInt8 = (start == 0 && end ? 1 : 0) | (stop == block.count ? 4 : 0)
            return H2.frame(start == 0 ? 1 : 9, flags, stream: stream, Array(block[start..<stop]))
        }
    }

    /// nghttp2 takes no value of more than 64 KiB.
    @Test(arguments: [65_536, 65_537, 100_000, 1_000_000])
    func `reads on behind a value of any length`(_ length: Int) throws {
        let long = String(repeating: "v", count: length)
        for field in [H2.kept("x-long", long), H2.field("x-long", long)] {
            let first =
                H2.request("/long") + H2.kept("x-before", "b") + H2.kept("x-middle", String(repeating: "m", count: 300))
                + field + H2.kept("x-after", "a")
            // What was kept before is gone where the long one was to be kept.
            let isKept = field[0] == 0x40
            let second = H2.request("/next") + H2.indexed(62) + (isKept ? [] : H2.indexed(64))
            let tape = H2.tape([
                .client(Self.parts(1, first, end: true) + H2.headers(3, second, end: true)),
                .server(H2.answer(1, 200) + H2.answer(3, 200)),
            ])
            let result = tape.run()
            let events = try result.events().filter { $0.string("url") != nil && $0.fields["status_code"] == nil }
            let (one, two) = (try #require(events.first), try #require(events.last))
            #expect(one.string("url") == "/long" && one.header("x-after") as? String == "a")
            #expect(one.header("x-before") as? String == "b" && (one.header("x-middle") as? String)?.count == 300)
            #expect(one.header("x-long") as? String == (length > 65_536 ? nil : long))
            #expect(one.fields["headers_incomplete"] as? Bool == (length > 65_536 ? true : nil))
            #expect(two.string("url") == "/next" && two.header("x-after") as? String == "a")
            #expect(two.header("x-before") as? String == (isKept ? nil : "b"))
            #expect(two.fields["headers_incomplete"] == nil)
            #expect(result.summary.limits[.headBytes] == (length > 65_536 ? 1 : 0))
            for size in length == 65_537 ? [1, 1000] : [1000] {
                #expect(tape.cut(every: size).run() == result, "\(size)")
            }
        }
    }

    /// What is left out of a head that is too long is not what the message is read by.
    @Test func `knows of a head that is too long what its body is`() throws {
        let large = (0..<6).flatMap { H2.field("x-\($0)", String(repeating: "y", count: 60_000)) }
        let type = H2.field("content-type", "application/json; x=" + String(repeating: "y", count: 60_000))
        let head = large + type + H2.field("content-encoding", "gzip") + H2.field("x-last", "z")
        let body = H2.frame(0, 1, stream: 1, CodedBodies.gzip)
        let tape = H2.tape([
            .client(Self.parts(1, H2.request("/long", "POST") + head) + body),
            .server(Self.parts(1, H2.block([":status": "200"]) + head) + body),
        ])
        let result = tape.run()
        let events = try result.events()
        #expect(events.map { $0.string("body") } == [CodedBodies.plain, CodedBodies.plain])
        #expect(events.allSatisfy { $0.fields["headers_incomplete"] as? Bool == true })
        // There is room for what is short.
        #expect(events.allSatisfy { $0.header("content-type") == nil && $0.header("x-last") as? String == "z" })
        #expect(result.summary.limits[.headBytes] == 2)
        #expect(tape.cut(every: 1000).run() == result)
    }

    @Test func `holds nothing for a flood of CONTINUATION`() throws {
        let part = H2.frame(9, stream: 1, H2.field("x", "y"))
        var tape = H2.tape([
            .client(H2.frame(1, stream: 1, H2.request("/flood")) + (0..<100_000).flatMap { _ in part })
        ])
        var options = Profiler.Options()
        options.eventLog = true
        let profiler = Profiler(options)
        tape.play(into: profiler)
        #expect(profiler.heldBytes < 600 << 10)
        profiler.finish()
        #expect(profiler.summary.limits[.headBytes] == 1)
        // It is not the next frame's head.
        tape = H2.tape([
            .client(H2.frame(1, stream: 1, H2.request("/flood")) + part + H2.get(3, "/next")),
            .server(H2.answer(3, 200)),
        ])
        #expect(try H2.briefs(tape.run()).prefix(2) == ["> GET /next", "< 200 GET /next"])
    }

    /// Of each stream a long head and the beginning of a body are kept, both ways.
    @Test func `keeps no more of few streams than of many`() throws {
        let long = (0..<4).flatMap { H2.field("x-\($0)", String(repeating: "v", count: 60_000)) }
        let parts = (0..<3).map { String(repeating: "b", count: 16_384 + $0) }
        var said: [Conversation.Said] = []
        for id in stride(from: 1 as UInt32, to: 120, by: 2) {
            said.append(.client(H2.headers(id, H2.request("/up", "POST") + long)))
            said.append(.server(H2.headers(id, H2.block([":status": "200"]) + long)))
            said += parts.flatMap { [.client(H2.data(id, $0)), .server(H2.data(id, $0))] }
        }
        var options = Profiler.Options()
        options.eventLog = true
        let profiler = Profiler(options)
        H2.tape(said).play(into: profiler)
        #expect(profiler.summary.limits[.streamBytes] > 0)
    }

    @Test func `gives up the oldest of streams that never end`() throws {
        let count = 5000
        let requests = (0..<count).flatMap { H2.headers(UInt32(2 * $0 + 1), H2.request("/\($0)")) }
        let profiler = Profiler(Profiler.Options())
        var tape = H2.tape([.client(requests)])
        tape.play(into: profiler)
        profiler.finish()
        #expect(profiler.summary.limits[.pipelinedRequests] == UInt64(count - Limits().pipelinedRequests))
        #expect(profiler.summary.messages.unansweredRequests == UInt64(count))
        tape = H2.tape([.client(requests), .server(H2.answer(9999, 200) + H2.answer(1, 200))])
        let briefs = try H2.briefs(tape.run())
        #expect(briefs.contains("< 200 GET /4999") && briefs.contains("< 200 !response_without_request"))
    }
}
