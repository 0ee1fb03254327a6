import Testing

@testable import Shared

/// Of losses one behind the other, before anybody has found a place to go on, each is counted with its own reason, and what was
/// captured between them as what it is.
@Suite struct `Losses one behind the other` {
    private static let request = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
    private static let answer = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1"

    /// What the stream was at when the first bytes were lost.
    enum Place: String, CaseIterable, Sendable {
        case head, body, chunk, query, undecided, unknown

        func begin(_ tape: inout TapeBuilder) {
            switch self {
            case .head: tape.send("GET /b HTTP/1.1\r\nHos")
            case .body: tape.send("POST /b HTTP/1.1\r\nContent-Length: 20\r\n\r\nab")
            case .chunk: tape.send("POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab")
            case .query:
                tape.send("*1\r\n$4\r\nPING\r\n")
                tape.receive("+PONG\r\n")
                tape.send("*2\r\n$3\r\nGET\r\n$9\r\nab")
            case .undecided: tape.send("G")
            case .unknown:
                tape.data(.send, [UInt8](repeating: 0xEE, count: 9000))
                tape.data(.receive, [UInt8](repeating: 0xEE, count: 9000))
            }
        }
    }

    private static let reasons: [(GapReason, GapReason)] = [
        (.snaplen, .captureLimit), (.captureLimit, .eventLost), (.eventLost, .packetLost), (.snaplen, .snaplen),
    ]

    @Test(arguments: Place.allCases)
    func `have their own reasons each`(_ place: Place) {
        for (first, second) in Self.reasons {
            // Directly behind each other, with a few bytes between them, and with enough to be searched.
            for between in ["", "xy", String(repeating: "z", count: 3000)] {
                var tape = TapeBuilder()
                tape.open(port: 9999)
                place.begin(&tape)
                let begun = tape.run().summary.bytes.total
                tape.gap(.send, 101, first)
                if !between.isEmpty { tape.send(between) }
                // The last one is of bytes that nobody tells of before they are acknowledged.
                if second == .packetLost {
                    tape.lose(.send, 57)
                    tape.acknowledge(.send)
                } else {
                    tape.gap(.send, 57, second)
                }
                tape.wait(milliseconds: 5000)
                tape.send(Self.request)
                tape.receive(Self.answer)
                tape.close()
                let bytes = tape.run().summary.bytes
                let text = "\(place), \(first), \(second), \(between.utf8.count) between"
                #expect(bytes.isBalanced, "\(text)")
                #expect(bytes.gaps[first] == (first == second ? 158 : 101) && bytes.gaps[second] >= 57, "\(text)")
                #expect(bytes.gaps.total == 158, "\(text)")
                let captured = Self.request.utf8.count + Self.answer.utf8.count + between.utf8.count
                #expect(bytes.total == begun + 158 + UInt64(captured), "\(text)")
                #expect(tape.cut(every: 1).run().summary.bytes == bytes, "\(text), byte by byte")
            }
        }
    }

    /// The second is told of before the first, or reaches into it.
    @Test func `have their own reasons in whatever order they are told of`() {
        var tape = TapeBuilder()
        tape.open(port: 9999)
        tape.send(Self.request)
        let at = tape.sent
        func gap(_ from: UInt64, _ length: UInt64, _ reason: GapReason) {
            let place = StreamPosition(tape.connection, .send, at + from)
            tape.add(.gap(StreamGap(at: place, length: length, reason: reason)))
        }
        gap(150, 50, .captureLimit)
        tape.data(.send, Array("xy".utf8), at: at + 100)
        // What is told of twice has the reason that came first.
        gap(102, 60, .eventLost)
        gap(0, 100, .snaplen)
        tape.data(.send, Array(Self.request.utf8), at: at + 200)
        tape.close()
        let bytes = tape.run().summary.bytes
        #expect(bytes.gaps[.snaplen] == 100 && bytes.gaps[.eventLost] == 48 && bytes.gaps[.captureLimit] == 50)
        #expect(bytes.isBalanced && bytes.total == at + 200 + UInt64(Self.request.utf8.count))
    }

    /// What a setting leaves out, or has no buffer, is a loss where nobody knows what was in it, or where the next message begins.
    @Test(arguments: [GapReason.captureLimit, .sendfile, .splice, .ioUring], [UInt64(1), 50, 5000])
    func `that are none by themselves are losses where a message needed them`(_ reason: GapReason, _ length: UInt64) {
        /// - Returns: bytes that were needed, after an exchange that was whole.
        func needed(_ before: String, _ behind: String = "", lossy: Bool) -> UInt64 {
            var tape = TapeBuilder()
            tape.open(port: 80)
            tape.send(Self.request)
            tape.receive(Self.answer)
            tape.send(Self.request)
            tape.receive(before)
            tape.gap(.receive, length, reason)
            tape.receive(behind)
            tape.close()
            let summary = tape.run().summary
            #expect(SummaryReport.isLossy(summary) == lossy, "\(before) \(behind)")
            #expect(summary.bytes.gaps[reason] == length && summary.bytes.isBalanced)
            #expect(summary.bytes.neededGaps.total == summary.bytes.neededGaps[reason])
            return summary.bytes.neededGaps.total
        }
        let head = "HTTP/1.1 200 OK\r\n"
        // Within the body, to its end, and to the connection's.
        #expect(needed(head + "Content-Length: \(length + 3)\r\n\r\na", "bc", lossy: false) == 0)
        #expect(needed(head + "Content-Length: \(length)\r\n\r\n", lossy: false) == 0)
        #expect(needed(head + "\r\n", lossy: false) == 0)
        let size = String(length, radix: 16)
        #expect(needed(head + "Transfer-Encoding: chunked\r\n\r\n\(size)\r\n", "\r\n0\r\n\r\n", lossy: false) == 0)
        // The head, a chunk's size, and more than the body has.
        #expect(needed(head + "Content-Le", "ngth: 0\r\n\r\n", lossy: true) == length)
        #expect(needed(head + "Transfer-Encoding: chunked\r\n\r\n2", "\r\n0\r\n\r\n", lossy: true) == length)
        if length > 1 {
            #expect(needed(head + "Content-Length: 1\r\n\r\n", lossy: true) == length)
        }
    }
}
