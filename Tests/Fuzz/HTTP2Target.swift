@testable import Shared

/// Frames of HTTP/2 that are whole, whatever is in them, on one connection: deeper than bytes get which have to find the form of
/// frames by themselves.
///
/// The input: one byte says how the connection begins, then there are frames; each a byte that says who sends it, one of its type,
/// one of its flags, one of its stream, and a run.
func fuzzHTTP2(_ input: [UInt8]) {
    var fields = FuzzedFields(input)
    var tape = TapeBuilder()
    let kind = fields.byte()
    tape.open(role: kind & 1 == 0 ? .client : .unknown, joinedLate: kind & 2 != 0)
    if kind & 4 == 0 { tape.data(.send, HTTP2Frames.preface) }
    while !fields.isAtEnd {
        let how = fields.byte()
        let direction: Direction = how & 1 == 0 ? .send : .receive
        // The types that there are, and the next.
        let frame = HTTP2Frames.frame(
            fields.byte() % 11, fields.byte(), stream: UInt32(fields.byte() % 16), fields.run())
        tape.wait(milliseconds: Int64(how >> 5))
        tape.data(direction, frame, losing: how)
    }
    tape.close()
    requireReadable(tape, input)
}

extension HTTP2Frames {
    /// The frames of a direction as `fuzzHTTP2` reads them, as far as they are whole.
    static func fuzzed(_ bytes: [UInt8], isClient: Bool) -> [UInt8] {
        var input: [UInt8] = []
        var rest = bytes[...]
        if rest.starts(with: preface.dropLast(9)) { rest = rest.dropFirst(preface.count - 9) }
        while rest.count >= 9 {
            let header = Array(rest.prefix(9))
            let length = Int(header[0]) << 16 | Int(header[1]) << 8 | Int(header[2])
            guard rest.count >= 9 + length else { break }
            input += [isClient ? 0 : 1, header[3], header[4], header[8]]
            input += FuzzedFields.run(rest.dropFirst(9).prefix(length))
            rest = rest.dropFirst(9 + length)
        }
        return input
    }
}
