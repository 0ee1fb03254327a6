import Testing

@testable import Shared

/// Conversations in which each answer says whose it is, and of which any one or two messages are missing, whole or in part: no
/// answer is told of as another's.
@Suite struct `Answers, whatever is lost of the conversation` {
    struct Speaker: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// An open connection on which nothing was asked.
        let begin: @Sendable () -> TapeBuilder
        /// The question of a number, and the answer with its number.
        let ask: @Sendable (Int) -> [UInt8]
        let answer: @Sendable (Int) -> [UInt8]
        /// The numbers of the question and of the answer that an event puts together.
        let pair: @Sendable (TapeResult.Event) -> (Int, Int)?
    }

    private static func opened(_ port: UInt16) -> TapeBuilder {
        var tape = TapeBuilder()
        tape.open(port: port)
        return tape
    }

    /// Of a statement that ends with its number, and an error's code that does.
    private static func pair(_ event: TapeResult.Event) -> (Int, Int)? {
        guard let statement = event.string("statement"), let code = event.string("code"),
            let asked = Int(statement.suffix(2)), let answered = Int(code.suffix(2))
        else { return nil }
        return (asked, answered)
    }

    private static let speakers = [
        Speaker(
            testDescription: "http", begin: { opened(80) },
            ask: { Array("GET /\($0) HTTP/1.1\r\nHost: h\r\n\r\n".utf8) },
            answer: { Array("HTTP/1.1 2\($0) OK\r\nContent-Length: 2\r\n\r\n\($0)".utf8) },
            pair: { event in
                guard let status = event.number("status_code"), let url = event.string("url"),
                    let asked = Int(url.dropFirst())
                else { return nil }
                return (asked, Int(status) - 200)
            }),
        Speaker(
            testDescription: "redis", begin: { opened(6379) },
            ask: { Array("*2\r\n$3\r\nGET\r\n$3\r\nk\($0)\r\n".utf8) }, answer: { Array("-E\($0) bad\r\n".utf8) },
            pair: pair),
        Speaker(
            testDescription: "postgres", begin: { PostgresTalk().tape },
            ask: { PostgresTalk.message("Q", "select \($0)\0") },
            answer: {
                PostgresTalk.message("E", "SERROR\0C430\($0)\0Mbad\0\0") + PostgresTalk.message("Z", "I")
            }, pair: pair),
        Speaker(
            testDescription: "mysql", begin: { MySQLTalk().tape },
            ask: { MySQLTalk.Client.query("select \($0)").bytes },
            answer: { MySQLTalk.packets(1, [.error(UInt16(1000 + $0))]) }, pair: pair),
    ]

    /// What is missing of a message.
    private enum Part: CaseIterable { case all, head, end }

    private static func tape(_ speaker: Speaker, together: Int, _ missing: [Int: Part], isEnded: Bool) -> TapeBuilder {
        var tape = speaker.begin()
        var place = 0
        func say(_ direction: Direction, _ bytes: [UInt8]) {
            // Whoever speaks has all that the other side has said, and a packet says so.
            tape.wait(milliseconds: 1)
            if missing[place] != .all {
                let (other, heard): (Direction, UInt64) =
                    direction == .send ? (.receive, tape.received) : (.send, tape.sent)
                tape.add(.expected(StreamPosition(tape.connection, other, heard)))
                tape.acknowledge(other)
            }
            let half = bytes.count / 2
            switch missing[place] {
            case nil: tape.data(direction, bytes)
            case .all: tape.lose(direction, UInt64(bytes.count))
            case .head:
                tape.lose(direction, UInt64(half))
                tape.data(direction, Array(bytes[half...]))
            case .end:
                tape.data(direction, Array(bytes[..<half]))
                tape.lose(direction, UInt64(bytes.count - half))
            }
            place += 1
        }
        for first in stride(from: 20, to: 20 + 3 * together, by: together) {
            for number in first..<first + together { say(.send, speaker.ask(number)) }
            for number in first..<first + together { say(.receive, speaker.answer(number)) }
        }
        if isEnded {
            tape.finish(.send)
            tape.finish(.receive)
        }
        tape.close(isEnded ? .orderly : .tapeEnd)
        return tape
    }

    @Test(arguments: speakers, 1...2)
    func `are their own or nobody's`(_ speaker: Speaker, together: Int) throws {
        var options = Profiler.Options()
        options.housekeeping = true
        options.statements = .full
        let count = 6 * together
        var paired = 0
        func check(_ missing: [Int: Part], _ isEnded: Bool) throws {
            let tape = Self.tape(speaker, together: together, missing, isEnded: isEnded)
            for event in try tape.run(options).events() {
                guard let (asked, answered) = speaker.pair(event) else { continue }
                paired += 1
                #expect(asked == answered, "\(missing), \(isEnded ? "ended" : "open")")
            }
        }
        for isEnded in [true, false] {
            try check([:], isEnded)
            for first in 0..<count {
                for part in Part.allCases {
                    try check([first: part], isEnded)
                    for second in first + 1..<Swift.max(count, first + 1) {
                        for other in Part.allCases { try check([first: part, second: other], isEnded) }
                    }
                }
            }
        }
        // Most are paired nonetheless.
        #expect(paired > count * count, "\(paired)")
    }
}
