@testable import Shared

/// A conversation of bytes, gaps and ends on one connection, as HTTP's parsers and all behind them see it, cut at
/// places that follow from the input.
///
/// The input: one byte says what the connection is, then there are turns; each a byte that says what it is, and a run.
func fuzzHTTP(_ input: [UInt8]) {
    var fields = FuzzedFields(input)
    let tape = tape(&fields)
    requireReadable(tape, input)
}

/// What a turn of the input does, in the low bits of its first byte.
enum FuzzedTurn: UInt8, CaseIterable {
    case send, receive, sentGap, receivedGap, sendEarlier, wait, sentEnd, receivedEnd
}

private func tape(_ fields: inout FuzzedFields) -> TapeBuilder {
    var tape = TapeBuilder()
    let kind = fields.byte()
    let ports: [UInt16] = [8080, 5432, 6379, 9092]
    tape.open(
        remote: TapeBuilder.server(ports[Int(kind & 3)]),
        role: [.client, .server, .unknown, .client][Int(kind >> 2 & 3)],
        joinedLate: kind & 16 != 0)
    while !fields.isAtEnd {
        let turn = FuzzedTurn(rawValue: fields.byte() % UInt8(FuzzedTurn.allCases.count)) ?? .send
        let run = fields.run()
        switch turn {
        case .send: tape.data(.send, run)
        case .receive: tape.data(.receive, run)
        case .sentGap: tape.gap(.send, UInt64(run.count))
        case .receivedGap: tape.gap(.receive, UInt64(run.count))
        case .sendEarlier: tape.data(.send, run, at: tape.sent - min(tape.sent, UInt64(run.first ?? 0)))
        case .wait: tape.wait(milliseconds: Int64(run.count))
        case .sentEnd: tape.finish(.send)
        case .receivedEnd: tape.finish(.receive)
        }
    }
    tape.close()
    return tape
}
