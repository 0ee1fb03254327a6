import Testing

@testable import Shared

/// Streams through the whole pipeline, with packets out of order and lost.
@Suite struct `Streams with packets out of order and lost` {
    @Test(arguments: 0..<20) func `give the body, or say what of it is missing`(_ batch: UInt64) throws {
        for number in 0..<50 {
            var random = SeededRandom(seed: batch << 20 | UInt64(number))
            let body = random.letters(1 + random.below(300))
            let head = Array("PUT /a HTTP/1.1\r\nContent-Length: \(body.count)\r\n\r\n".utf8)
            var tape = TapeBuilder()
            tape.open()
            tape.data(.send, head)
            let segments = random.cuts(body.count, longest: 40)
            let kept = segments.filter { _ in !random.chance(oneIn: 6) }
            for range in (kept + kept.filter { _ in random.chance(oneIn: 5) }).shuffled(using: &random) {
                tape.data(.send, Array(body[range]), at: UInt64(head.count + range.lowerBound))
            }
            tape.finish(.send, UInt64(head.count + body.count))
            tape.close()
            let result = tape.run()
            let captured = kept.reduce(into: [UInt8]()) { $0 += body[$1] }
            let event = try #require(try result.events().first, "seed \(random.seed)")
            #expect(event.string("body") ?? "" == String(decoding: captured, as: UTF8.self), "seed \(random.seed)")
            #expect(event.anomalies == (captured.count == body.count ? [] : ["gap"]), "seed \(random.seed)")
            #expect(event.number("bytes") == head.count + body.count, "seed \(random.seed)")
            #expect(result.summary.bytes.total == UInt64(head.count + body.count), "seed \(random.seed)")
            #expect(
                result.summary.bytes.gaps[.packetLost] == UInt64(body.count - captured.count), "seed \(random.seed)")
            #expect(result.summary.bytes.isBalanced, "seed \(random.seed)")
            if result.summary.bytes.isBalanced == false { return }
        }
    }

    /// One request after the other, each with its answer, of which any may be lost: rather no pair than a wrong one.
    @Test(arguments: 0..<20) func `pair nothing wrongly, whatever is lost`(_ batch: UInt64) throws {
        for number in 0..<50 {
            var random = SeededRandom(seed: 9 << 40 | batch << 20 | UInt64(number))
            var tape = TapeBuilder()
            tape.open()
            for index in 0..<3 + random.below(9) {
                let body = "body-of-\(index)"
                for (direction, text) in [
                    (Direction.send, "GET /\(index) HTTP/1.1\r\nHost: host.example\r\n\r\n"),
                    (.receive, "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"),
                ] {
                    tape.wait(milliseconds: 1)
                    if random.chance(oneIn: 3) {
                        tape.lose(direction, UInt64(text.utf8.count))
                    } else {
                        tape.data(direction, Array(text.utf8))
                    }
                }
            }
            tape.close()
            for event in try tape.run().events() {
                guard let body = event.string("body"), let url = event.string("url") else { continue }
                #expect(body == "body-of-" + url.dropFirst(), "seed \(random.seed)")
            }
        }
    }

    /// Who sends two at once may have sent others that were lost right before.
    @Test func `pair nothing where a client that is seen to pipeline may have sent others before`() throws {
        var tape = TapeBuilder()
        tape.open()
        tape.send("GET /0 HTTP/1.1\r\nHost: host.example\r\n\r\n")
        tape.receive("HTTP/1.1 204 No Content\r\n\r\n")
        tape.wait(milliseconds: 1)
        tape.lose(.send, 1400)
        tape.send("GET /3 HTTP/1.1\r\nHost: host.example\r\n\r\nGET /4 HTTP/1.1\r\nHost: host.example\r\n\r\n")
        tape.wait(milliseconds: 1)
        for index in 1..<5 { tape.receive("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nbody-\(index)") }
        tape.close()
        let answers = try tape.run().events().filter { $0.number("status_code") != nil }
        #expect(answers.map { $0.string("url") } == ["/0", nil, nil, nil, nil])
    }

    /// What was asked before the capture began, or in what it lost first, is answered first.
    @Test(arguments: [true, false])
    func `pair nothing where a client that is seen to pipeline was joined late`(_ isLate: Bool) throws {
        var tape = TapeBuilder()
        tape.open(joinedLate: isLate)
        if !isLate { tape.lose(.send, 700) }
        for index in 2..<4 { tape.send("GET /\(index) HTTP/1.1\r\nHost: host.example\r\n\r\n") }
        tape.wait(milliseconds: 1)
        for index in 0..<4 { tape.receive("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nbody-\(index)") }
        tape.close()
        let answers = try tape.run().events().filter { $0.number("status_code") != nil }
        #expect(answers.map { $0.string("url") } == [nil, nil, nil, nil])
    }

    /// Each exchange's packets; all but the last packet of a turn may be late by a few, beyond the other side's turn.
    @Test(arguments: 0..<20) func `pair requests and responses while one side has a hole`(_ batch: UInt64) throws {
        for number in 0..<25 {
            var random = SeededRandom(seed: 7 << 40 | batch << 20 | UInt64(number))
            var packets: [(direction: Direction, bytes: [UInt8], position: UInt64)] = []
            var positions: [Direction: UInt64] = [:]
            let exchanges = 2 + random.below(5)
            for index in 0..<exchanges {
                let body = "body-of-\(index)"
                let turns: [(Direction, String)] = [
                    (.send, "GET /\(index) HTTP/1.1\r\nHost: host.example\r\n\r\n"),
                    (.receive, "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"),
                ]
                for (direction, text) in turns {
                    let bytes = Array(text.utf8)
                    for range in random.cuts(bytes.count, longest: 30) {
                        packets.append(
                            (
                                direction, Array(bytes[range]),
                                positions[direction, default: 0] + UInt64(range.lowerBound)
                            ))
                    }
                    positions[direction, default: 0] += UInt64(bytes.count)
                }
            }
            // The first packet stays: it tells that this is HTTP. A turn's last packet stays: it shows the hole.
            for index in (1..<packets.count - 1).reversed() where random.chance(oneIn: 3) {
                let isLastOfTurn = packets[index + 1].direction != packets[index].direction
                if !isLastOfTurn {
                    packets.insert(packets.remove(at: index), at: min(packets.count - 1, index + 1 + random.below(5)))
                }
            }
            var tape = TapeBuilder()
            tape.open()
            for packet in packets {
                tape.wait(milliseconds: 1)
                tape.data(packet.direction, packet.bytes, at: packet.position)
            }
            tape.close()
            let result = tape.run()
            let expected = (0..<exchanges).flatMap { ["> GET /\($0)", "< 200 GET /\($0) \"body-of-\($0)\""] }
            let seen = try result.events().map(\.brief)
            #expect(seen == expected, "seed \(random.seed)")
            #expect(result.summary.bytes.isBalanced && result.summary.bytes.gaps.total == 0, "seed \(random.seed)")
            if seen != expected { return }
        }
    }

    @Test func `hold back a response whose request is incomplete`() throws {
        var tape = TapeBuilder()
        tape.open()
        let request = Array("GET /a HTTP/1.1\r\nHost: h\r\n\r\n".utf8)
        tape.data(.send, Array(request[..<10]), at: 0)
        tape.data(.send, Array(request[20...]), at: 20)
        tape.receive("HTTP/1.1 204 No Content\r\n\r\n")
        tape.data(.send, Array(request[10..<20]), at: 10)
        tape.close()
        #expect(try tape.run().events().map(\.brief) == ["> GET /a", "< 204 GET /a"])
    }

    @Test func `close a message whose end was seen before its bytes`() throws {
        var tape = TapeBuilder()
        tape.open()
        tape.send("GET /a HTTP/1.0\r\n\r\n")
        tape.receive("HTTP/1.0 200 OK\r\n\r\n")
        tape.finish(.receive, 24)
        tape.data(.receive, Array("lo".utf8), at: 22)
        tape.data(.receive, Array("hel".utf8), at: 19)
        let profiler = Profiler(Profiler.Options())
        tape.play(into: profiler)
        // The stream is whole: the response is there before the connection closes.
        #expect(profiler.summary.messages.responses == 1)
        profiler.finish()
        #expect(try TapeResult(profiler).events().last?.brief == "< 200 GET /a \"hello\"")
    }

    @Test func `know what is missing at the end from FIN`() {
        var tape = TapeBuilder()
        tape.open()
        tape.send("GET /a HTTP/1.1\r\n\r\n")
        tape.receive("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n12345")
        tape.finish(.receive, 39 + 50)
        tape.close()
        let summary = tape.run().summary
        #expect(summary.bytes.gaps[.packetLost] == 45)
        #expect(summary.bytes.isBalanced)
    }

    @Test func `name a retransmission with other bytes on the message`() throws {
        var tape = TapeBuilder()
        tape.open()
        tape.send("PUT /a HTTP/1.1\r\nContent-Length: 8\r\n\r\nabcd")
        tape.data(.send, Array("abXX".utf8), at: 38)
        tape.send("efgh")
        let result = tape.run()
        #expect(try result.events().map(\.brief) == ["> PUT /a \"abcdefgh\" !retransmission_differs"])
        #expect(result.summary.bytes.retransmitted == 4 && result.summary.bytes.retransmittedDifferent == 2)
    }
}
