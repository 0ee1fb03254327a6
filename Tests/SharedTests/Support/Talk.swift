import Testing

@testable import Shared

/// A conversation for a table: what each side says in turn, and what the event log has to say of it.
struct Talk: Sendable, CustomTestStringConvertible {
    enum Turn: Sendable {
        /// The client's or the server's bytes.
        case c(String)
        case s(String)
        case client([UInt8])
        case server([UInt8])
        /// Bytes of the client or of the server that were not captured.
        case clientGap(UInt64)
        case serverGap(UInt64)
        case clientEnd
        case serverEnd
    }

    let name: String
    let turns: [Turn]
    /// `TapeResult.Event.brief` of each event.
    let expected: [String]
    var port: UInt16 = 8080

    init(_ name: String, _ turns: [Turn], _ expected: [String], port: UInt16 = 8080) {
        self.name = name
        self.turns = turns
        self.expected = expected
        self.port = port
    }

    var testDescription: String { name }

    /// The tape, one millisecond a turn.
    var tape: TapeBuilder { tape { $0.open(port: port) } }

    /// The same of a connection that nobody has seen opening.
    var joinedLate: TapeBuilder {
        tape { $0.open(remote: TapeBuilder.server(port), role: .unknown, joinedLate: true) }
    }

    private func tape(_ open: (inout TapeBuilder) -> Void) -> TapeBuilder {
        var tape = TapeBuilder()
        open(&tape)
        for turn in turns {
            tape.wait(milliseconds: 1)
            switch turn {
            case .c(let text): tape.send(text)
            case .s(let text): tape.receive(text)
            case .client(let bytes): tape.data(.send, bytes)
            case .server(let bytes): tape.data(.receive, bytes)
            case .clientGap(let length): tape.gap(.send, length)
            case .serverGap(let length): tape.gap(.receive, length)
            case .clientEnd: tape.finish(.send)
            case .serverEnd: tape.finish(.receive)
            }
        }
        tape.wait(milliseconds: 1)
        tape.close()
        return tape
    }
}
