import Testing

@testable import Shared

/// Every bound of `Limits`: it is reached, counted, and what comes after it is read as before.
@Suite struct `Limits of the pipeline` {
    private static let next = "GET /next HTTP/1.1\r\n\r\n"

    private func limits(_ change: (inout Limits) -> Void) -> Limits {
        var limits = Limits()
        change(&limits)
        return limits
    }

    /// Runs the tape whole and in single bytes: a limit is reached in the same way.
    private func run(_ tape: TapeBuilder, _ limits: Limits, _ location: SourceLocation = #_sourceLocation) -> TapeResult
    {
        let whole = tape.run(limits)
        for size in [1, 7] {
            let cut = tape.cut(every: size).run(limits)
            #expect(cut.text == whole.text, "cut every \(size)", sourceLocation: location)
            #expect(cut.summary == whole.summary, "cut every \(size)", sourceLocation: location)
        }
        #expect(whole.summary.bytes.isBalanced, sourceLocation: location)
        #expect(whole.isValidLog, sourceLocation: location)
        return whole
    }

    @Test(arguments: [199, 200, 201]) func `headBytes: a larger head is none`(_ length: Int) throws {
        let frame = "GET /a HTTP/1.1\r\nX: \r\n\r\n"
        let head = "GET /a HTTP/1.1\r\nX: " + String(repeating: "y", count: length - frame.utf8.count) + "\r\n\r\n"
        let tape = Talk("", [.c(head + Self.next)], []).tape
        let result = run(tape, limits { $0.headBytes = 200 })
        let fits = length <= 200
        let expected = fits ? ["> GET /a", "> GET /next"] : ["> GET /next !head_too_large !resynchronised"]
        #expect(try result.events().map(\.brief) == expected)
        #expect(result.summary.limits[.headBytes] == (fits ? 0 : 1))
    }

    @Test func `headBytes: a start line without end is no reason to keep it`() throws {
        let tape = Talk("", [.c(Self.next + "GET /" + String(repeating: "x", count: 900))], []).tape
        let result = run(tape, limits { $0.headBytes = 200 })
        #expect(try result.events().map(\.brief) == ["> GET /next"])
        #expect(result.summary.limits[.headBytes] == 1)
    }

    @Test(arguments: [9, 10, 11]) func `bodyBytes: an event shows no more`(_ count: Int) throws {
        let body = String(repeating: "b", count: count)
        let tape = Talk("", [.c("POST /a HTTP/1.1\r\nContent-Length: \(count)\r\n\r\n" + body + Self.next)], []).tape
        let events = try run(tape, limits { $0.bodyBytes = 10 }).events()
        #expect(events[0].string("body") == String(body.prefix(10)))
        #expect(events[0].number("bytes") == 38 + "\(count)".count + count)
        #expect(events[0].string("raw_payload") == "POST /a HT")
        #expect(events[0].fields["truncated"] as? Bool == true)
        #expect(events[1].string("url") == "/next")
    }

    @Test(arguments: ["Content-Encoding: gzip\r\nContent-Length: 39", "Transfer-Encoding: gzip, chunked"])
    func `bodyBytes: a decoded body is cut too`(_ field: String) throws {
        var tape = TapeBuilder()
        tape.open()
        tape.send("POST /a HTTP/1.1\r\n\(field)\r\n\r\n" + (field.contains("chunked") ? "27\r\n" : ""))
        tape.data(.send, CodedBodies.gzip)
        tape.send((field.contains("chunked") ? "\r\n0\r\n\r\n" : "") + Self.next)
        let events = try run(tape, limits { $0.bodyBytes = 7 }).events()
        #expect(events[0].string("body") == #"{"messa"#)
        #expect(events[0].fields["truncated"] as? Bool == true)
        #expect(events[1].string("url") == "/next")
    }

    @Test func `outOfOrderBytes: a hole is given up`() throws {
        var tape = TapeBuilder()
        tape.open()
        tape.send("GET /a HTTP/1.1\r\n\r\n")
        tape.lose(.send, 20)
        for _ in 0..<8 { tape.send("GET /b HTTP/1.1\r\n\r\n") }
        let result = tape.run(limits { $0.outOfOrderBytes = 100 })
        #expect(result.summary.limits[.outOfOrder] == 1)
        #expect(result.summary.bytes.gaps[.reassemblyLimit] == 20)
        #expect(result.summary.messages.requests == 9)
        #expect(result.summary.bytes.isBalanced)
    }

    @Test func `outOfOrderPieces: a hole is given up`() throws {
        var tape = TapeBuilder()
        tape.open()
        tape.send("GET /a HTTP/1.1\r\n\r\n")
        tape.lose(.send, 20)
        for byte in "GET /b HTTP/1.1\r\n\r\nGET /c HTTP/1.1\r\n\r\n".unicodeScalars {
            // What comes at one moment is one piece.
            tape.wait(milliseconds: 1)
            tape.send(String(byte))
        }
        let result = tape.run(limits { $0.outOfOrderPieces = 10 })
        #expect(result.summary.limits[.outOfOrder] == 1)
        #expect(result.summary.bytes.gaps[.reassemblyLimit] == 20)
        #expect(result.summary.messages.requests == 3)
        #expect(result.summary.bytes.isBalanced)
    }

    @Test func `streamDistance: bytes too far ahead are not of the stream`() throws {
        var tape = TapeBuilder()
        tape.open()
        tape.data(.send, [1, 2, 3], at: .max - 1)
        for (position, length) in [(1 << 40, 1), (.max, 1), (5, .max - 4), (0, 0)] as [(UInt64, UInt64)] {
            let at = StreamPosition(tape.connection, .send, position)
            tape.add(.gap(StreamGap(at: at, length: length, reason: .snaplen)))
        }
        tape.send(Self.next)
        tape.finish(.send, .max)
        tape.close()
        let result = tape.run()
        // The end that it claims is as far.
        #expect(result.summary.limits[.streamDistance] == 5)
        #expect(try result.events().map(\.brief) == ["> GET /next"])
        #expect(result.summary.bytes.unparsed[.streamDistance] == 3)
        #expect(result.summary.bytes.total == UInt64(Self.next.utf8.count) + 3)
        #expect(result.summary.bytes.isBalanced)
    }

    @Test(arguments: [(1_999, false), (2_001, true)]) func `holeAge: a confirmed hole is given up when it is old`(
        _ wait: Int64, _ isOld: Bool
    ) throws {
        var tape = TapeBuilder()
        tape.open()
        tape.send("GET /a HTTP/1.1\r\n\r\n")
        tape.lose(.send, 20)
        tape.send(Self.next)
        tape.acknowledge(.send)
        tape.wait(milliseconds: wait)
        tape.acknowledge(.send)
        let profiler = Profiler(Profiler.Options())
        tape.play(into: profiler)
        #expect(profiler.summary.messages.requests == (isOld ? 2 : 1))
        #expect(profiler.summary.bytes.gaps[.packetLost] == (isOld ? 20 : 0))
    }

    @Test func `holeAge: a hole that nobody confirmed is kept`() throws {
        var tape = TapeBuilder()
        tape.open()
        tape.send("GET /a HTTP/1.1\r\n\r\n")
        tape.lose(.send, 22)
        tape.send(Self.next)
        tape.wait(milliseconds: 60_000)
        tape.data(.send, Array("GET /late HTTP/1.1\r\n\r\n".utf8), at: 19)
        let result = tape.run()
        #expect(try result.events().map(\.brief) == ["> GET /a", "> GET /late", "> GET /next"])
        #expect(result.summary.bytes.gaps.total == 0)
    }

    @Test func `detectionBytes: what nobody understands is unparsed`() throws {
        let tape = Talk("", [.client([UInt8](repeating: 0xEE, count: 3000))], []).tape
        let result = run(tape, limits { $0.detectionBytes = 100 })
        #expect(result.summary.bytes.unparsed.total == 3000)
        #expect(result.summary.connections.verdicts.unrecognised == 1)
    }

    @Test func `detectionTurns: talk that nobody understands is unparsed`() throws {
        let turns = (0..<40).flatMap { _ in [Talk.Turn.client([0xEE, 0xEE]), .server([0xDD])] }
        let result = run(Talk("", turns, []).tape, limits { $0.detectionTurns = 3 })
        #expect(result.summary.bytes.unparsed[.unknownProtocol] == 120)
    }

    @Test func `pipelinedRequests: the oldest request is given up, and its answer is nobody else's`() throws {
        let requests = (0..<10).map { "GET /\($0) HTTP/1.1\r\n\r\n" }.joined()
        let responses = (0..<8).map { "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n#\($0)" }.joined()
        let tape = Talk("", [.c(requests), .s(responses)], []).tape
        let result = run(tape, limits { $0.pipelinedRequests = 4 })
        #expect(result.summary.limits[.pipelinedRequests] == 6)
        #expect(result.summary.messages.requests == 10)
        #expect(result.summary.messages.exchanges == 2 && result.summary.messages.unansweredRequests == 8)
        #expect(
            try result.events().suffix(3).map(\.brief) == [
                "< 200 \"#5\" !response_without_request", "< 200 GET /6 \"#6\"", "< 200 GET /7 \"#7\"",
            ])
        #expect(run(tape.cut(every: 1), limits { $0.pipelinedRequests = 4 }) == result)
    }

    @Test func `pipelinedBytes: the oldest requests are given up, and later answers are their own`() throws {
        let paths = (0..<10).map { "/\($0)" + String(repeating: "x", count: 100) }
        let requests = paths.map { "GET \($0) HTTP/1.1\r\n\r\n" }.joined()
        let responses = (0..<10).map { "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n#\($0)" }.joined()
        let result = run(Talk("", [.c(requests), .s(responses)], []).tape, limits { $0.pipelinedBytes = 400 })
        // What is waited for is more than the budget by one request at most.
        #expect(result.summary.limits[.pipelinedRequests] == 6)
        #expect(result.summary.messages.exchanges == 4 && result.summary.messages.unansweredRequests == 6)
        let answers = try result.events().suffix(4)
        #expect(answers.map { $0.string("url") } == paths.suffix(4))
        #expect(answers.map { $0.string("body") } == ["#6", "#7", "#8", "#9"])
    }

    @Test func `connections: further ones are refused until one closes`() throws {
        var tape = TapeBuilder()
        for _ in 0..<3 {
            tape.open()
            tape.send(Self.next)
        }
        tape.resume(ConnectionID(1), sent: 22, received: 0)
        tape.close()
        tape.resume(ConnectionID(3), sent: 22, received: 0)
        tape.open()
        tape.send(Self.next)
        let result = run(tape, limits { $0.connections = 2 })
        #expect(result.summary.limits[.connections] == 1)
        #expect(result.summary.connections.opened == 3 && result.summary.messages.requests == 3)
        #expect(result.summary.bytes.unparsed[.connectionLimit] == UInt64(Self.next.utf8.count))
        #expect(result.summary.strayConnections == 0)
    }

    @Test func `serviceMapEntries: further endpoints are refused`() throws {
        let requests = "abcdefghij".map { "GET /\($0) HTTP/1.1\r\n\r\n" }.joined()
        let result = run(Talk("", [.c(requests)], []).tape, limits { $0.serviceMapEntries = 4 })
        #expect(result.serviceMap.services.flatMap(\.endpoints).count <= 4)
        #expect(result.summary.limits[.serviceMapEntries] >= 6)
        #expect(result.summary.messages.requests == 10)
    }

    private func post(_ body: String) -> TapeBuilder {
        Talk("", [.c("POST /a HTTP/1.1\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)" + Self.next)], []).tape
    }

    @Test(arguments: [4, 5]) func `jsonDepth: deeper is non-json`(_ depth: Int) throws {
        let body = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        let result = run(post(body), limits { $0.jsonDepth = 4 })
        #expect(result.summary.limits[.jsonDepth] == (depth > 4 ? 1 : 0))
        let endpoint = result.serviceMap.services[0].endpoints.first { $0.method == "POST" }
        #expect((endpoint?.requestSchema == .nonJSON) == (depth > 4))
    }

    @Test(arguments: [4, 5]) func `jsonKeys: more is non-json`(_ keys: Int) throws {
        let body = "{" + (0..<keys).map { "\"k\($0)\":1" }.joined(separator: ",") + "}"
        let result = run(post(body), limits { $0.jsonKeys = 4 })
        #expect(result.summary.limits[.jsonKeys] == (keys > 4 ? 1 : 0))
        #expect(result.summary.messages.requests == 2)
    }

    @Test func `expansion: a bomb is cut off`() throws {
        let response = CodedBodies.response("br", CodedBodies.brotliBomb)
        let tape = Talk("", [.c("GET / HTTP/1.1\r\n\r\n"), .server(response), .c(Self.next)], []).tape
        let result = run(tape, limits { $0.expansion = 10 })
        #expect(result.summary.limits[.expansion] == 1)
        #expect(try result.events()[1].anomalies == ["content_coding_limit"])
        #expect(try result.events()[2].string("url") == "/next")
    }
}
