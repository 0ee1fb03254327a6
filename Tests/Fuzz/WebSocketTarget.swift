@testable import Shared

/// Frames of WebSocket that are whole, whatever is in them, on one connection: deeper than bytes get which have to find the form of
/// frames by themselves.
///
/// The input: one byte says what was agreed and how the connection begins, then there are frames; each a byte that says who sends
/// it and what of it is missing, its first byte, and a run.
func fuzzWebSocket(_ input: [UInt8]) {
    var fields = FuzzedFields(input)
    var tape = TapeBuilder()
    let kind = fields.byte()
    let isLate = kind & 1 != 0
    tape.open(role: isLate ? .unknown : .client, joinedLate: isLate)
    if !isLate {
        let forgetful = "permessage-deflate; server_no_context_takeover"
        let extensions = kind & 2 == 0 ? "permessage-deflate" : kind & 4 == 0 ? "x-other" : forgetful
        let agreed = kind & 8 == 0 ? "\r\nSec-WebSocket-Protocol: graphql-ws" : ""
        tape.send("GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n")
        tape.receive(
            "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nSec-WebSocket-Extensions: \(extensions)\(agreed)\r\n\r\n")
    }
    while !fields.isAtEnd {
        let how = fields.byte()
        let isClient = how & 1 == 0
        let direction: Direction = isClient ? .send : .receive
        let first = fields.byte()
        let frame = WebSocketFrames.frame(
            first & 0x0F, fields.run(), isClient: isClient, isFinal: first & 0x80 != 0, marks: first & 0x70)
        tape.wait(milliseconds: Int64(how >> 5))
        tape.data(direction, frame, losing: how)
    }
    tape.close()
    requireReadable(tape, input)
}

extension WebSocketFrames {
    /// The frames of a direction as `fuzzWebSocket` reads them, as far as they are whole.
    static func fuzzed(_ bytes: [UInt8], isClient: Bool) -> [UInt8] {
        var input: [UInt8] = []
        guard bytes.starts(with: Array((isClient ? "GET " : "HTTP/1.1 101").utf8)),
            let end = bytes.indices.first(where: { bytes[$0...].starts(with: [13, 10, 13, 10]) })
        else { return [] }
        var rest = bytes[(end + 4)...]
        while rest.count >= 2, input.count < 4096 {
            let first = rest[rest.startIndex]
            let short = Int(rest[rest.startIndex + 1] & 0x7F)
            var start = rest.startIndex + 2
            var length = short
            if short == 126, rest.count >= 4 {
                length = Int(rest[start]) << 8 | Int(rest[start + 1])
                start += 2
            }
            let mask = start < rest.endIndex && isClient ? Array(rest[start...].prefix(4)) : []
            start += isClient ? 4 : 0
            guard short != 127, start + length <= rest.endIndex, !isClient || mask.count == 4 else { break }
            let payload = rest[start..<start + length].enumerated().map { place, byte in
                isClient ? byte ^ mask[place % 4] : byte
            }
            input += [isClient ? 0 : 1, first] + FuzzedFields.run(payload[...])
            rest = rest[(start + length)...]
        }
        return input
    }
}
