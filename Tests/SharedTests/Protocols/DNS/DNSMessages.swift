@testable import Shared

/// Messages of DNS, made from their parts (RFC 1035, section 4.1).
struct DNSBytes {
    var id: UInt16 = 0x1234
    /// QR, opcode, AA, TC, RD, RA, Z, AD, CD, RCODE.
    var flags: UInt16 = 0x0100
    var questions: [[UInt8]] = []
    var answers: [[UInt8]] = []
    var others: [[UInt8]] = []

    static func name(_ name: String) -> [UInt8] {
        name.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
    }

    static func big(_ value: Int) -> [UInt8] { [UInt8(value >> 8 & 0xFF), UInt8(value & 0xFF)] }

    static func question(_ host: String, _ type: UInt16 = 1, in group: Int = 1) -> [UInt8] {
        name(host) + big(Int(type)) + big(group)
    }

    /// A record of a name that was said at `offset` before; 12 is the first question's.
    static func record(_ type: UInt16, _ data: [UInt8], seconds: Int = 60, name offset: Int = 12) -> [UInt8] {
        big(0xC000 | offset) + big(Int(type)) + big(1) + big(seconds >> 16) + big(seconds) + big(data.count) + data
    }

    static func ask(_ host: String, _ type: UInt16 = 1, id: UInt16 = 0x1234) -> [UInt8] {
        DNSBytes(id: id, questions: [question(host, type)]).bytes
    }

    static func answer(
        _ host: String, _ type: UInt16 = 1, id: UInt16 = 0x1234, code: UInt16 = 0, isTruncated: Bool = false,
        _ answers: [[UInt8]] = []
    ) -> [UInt8] {
        DNSBytes(
            id: id, flags: 0x8180 | code | (isTruncated ? 0x0200 : 0), questions: [question(host, type)],
            answers: answers
        ).bytes
    }

    static func answer(_ host: String, _ answers: [[UInt8]]) -> [UInt8] { answer(host, 1, answers) }

    var bytes: [UInt8] {
        Self.big(Int(id)) + Self.big(Int(flags)) + Self.big(questions.count) + Self.big(answers.count) + [0, 0]
            + Self.big(others.count) + (questions + answers + others).flatMap { $0 }
    }

    /// Behind its length, as over TCP.
    static func framed(_ bytes: [UInt8]) -> [UInt8] { big(bytes.count) + bytes }
}

/// A tape of datagrams, and of connections beside them.
struct DNSTape {
    var tape = TapeBuilder()

    static let server = Endpoint(IPAddress(v4: 0x0A00_0035), 53)

    /// A client's port.
    static func client(_ port: UInt16 = 40_000) -> Endpoint { Endpoint(IPAddress(v4: 0x0A00_0001), port) }

    mutating func ask(_ bytes: [UInt8], from port: UInt16 = 40_000, missing: UInt32 = 0) {
        datagram(.send, bytes, port, missing)
    }

    mutating func answer(_ bytes: [UInt8], to port: UInt16 = 40_000, missing: UInt32 = 0) {
        datagram(.receive, bytes, port, missing)
    }

    private mutating func datagram(_ direction: Direction, _ bytes: [UInt8], _ port: UInt16, _ missing: UInt32) {
        tape.wait(milliseconds: 1)
        tape.add(
            .datagram(
                CapturedDatagram(
                    local: Self.client(port), remote: Self.server, direction: direction,
                    cut: missing > 0 ? CapturedDatagram.Cut(missing, .snaplen) : nil)), bytes)
    }

    func lines() throws -> [String] { try tape.run().operationLines(withTargets: true) }
}
