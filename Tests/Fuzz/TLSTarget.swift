@testable import Shared

/// Records of TLS that are protected as they should be, whatever is in them, on one connection whose secret the tape has, early,
/// late or never: deeper than bytes get that would have to find a key by themselves.
///
/// The input: one byte says how the connection begins, then there are records; each a byte that says who sends it and what becomes
/// of it, one of its type, and a run.
func fuzzTLS(_ input: [UInt8]) {
    var fields = FuzzedFields(input)
    var tape = TapeBuilder()
    var records = TLSRecords()
    let kind = fields.byte()
    let alpn = kind & 2 != 0 ? "http/1.1" : kind & 4 != 0 ? "h2" : nil
    tape.open(role: .client)
    if kind & 1 == 0 { tape.add(.secret(TLSRecords.secret)) }
    tape.data(.send, TLSRecords.clientHello(alpn: alpn))
    tape.data(.receive, TLSRecords.serverHello(alpn: alpn))
    tape.data(.send, records.finished(isClient: true))
    tape.data(.receive, records.finished(isClient: false))
    while !fields.isAtEnd {
        let how = fields.byte()
        let isClient = how & 1 == 0
        let direction: Direction = isClient ? .send : .receive
        let type = fields.byte()
        if type == 0xFF {
            tape.add(.secret(TLSRecords.secret))
            continue
        }
        let content = Array(fields.run().prefix(16 << 10))
        let record =
            how & 4 == 0
            ? records.protected(20 + type % 5, content, isClient: isClient) : TLSRecords.record(20 + type % 5, content)
        tape.wait(milliseconds: Int64(how >> 5))
        guard how & 2 != 0 else {
            tape.data(direction, record)
            continue
        }
        // A part of it is missing, or more than it.
        let start = Int(how >> 3 & 3) * record.count / 4
        let length = min(record.count - start, 1 + Int(how >> 5) * 9)
        tape.data(direction, Array(record[..<start]))
        tape.gap(direction, UInt64(length) + (how & 0x80 != 0 ? 300 : 0))
        if how & 0x80 == 0 { tape.data(direction, Array(record[(start + length)...])) }
    }
    tape.close()
    requireReadable(tape, input)
}
