/// DNS: RFC 1035, section 4.1; over TCP with the length before each message (section 4.2.2; RFC 7766, section 8).
///
/// Strict enough: of the twelve bytes of a header the flags and four counts have few values each, and a question follows of a
/// type and a class that are in use.
enum DNSDetector: Detector {
    // As strict as any, and it needs fourteen bytes to refuse: it would hold back those that know after four.
    static var strictness: Strictness { .words }

    static func examine(client: RawSpan, server: RawSpan, _ context: DetectionContext) -> Finding {
        framed(client, at: 0, from: .client).finding("DNS question")
            .atTheEnd(
                context, client.byteCount == 0 ? framed(server, at: 0, from: .server).finding("DNS answer") : .no)
    }

    static func search(_ bytes: RawSpan, from side: Side) -> Evidence? {
        for place in 0..<bytes.byteCount where framed(bytes, at: place, from: side) == .yes {
            return Evidence(side == .client ? "DNS question" : "DNS answer")
        }
        return nil
    }

    static func likeness(_ bytes: RawSpan, from side: Side, isStreamStart: Bool) -> Likeness {
        Likeness(of: bytes) { offset in
            let length = bytes.big(UInt16.self, at: offset).map { Int($0) &+ 2 }
            return (framed(bytes, at: offset, from: side), length)
        }
    }

    /// A message behind its length, as far as its first question.
    static func framed(_ bytes: RawSpan, at offset: Int, from side: Side) -> Fit {
        bytes.fit(big: UInt16.self, at: offset) { Int($0) >= DNSMessage.headerLength &+ 5 }
            .and(header(bytes, at: offset &+ 2, from: side))
            .and(
                question(
                    bytes, at: offset &+ 2 &+ DNSMessage.headerLength,
                    end: offset &+ 2 &+ Int(bytes.big(UInt16.self, at: offset) ?? 0)))
    }

    private static func header(_ bytes: RawSpan, at offset: Int, from side: Side) -> Fit {
        let length = Int(bytes.big(UInt16.self, at: offset &- 2) ?? 0)
        let isUpdate = (bytes.u8(at: offset &+ 2) ?? 0) & 0x78 == 0x28
        let few: (UInt16) -> Bool = { Int($0) &* DNSMessage.shortestRecord <= length }
        return bytes.fit(byteAt: offset &+ 2) { byte in
            guard let opcode = DNSOpcode(rawValue: byte >> 3 & 0xF), opcode != .stateful else { return false }
            // Only answers are truncated, and only they know whether they may be believed; a notice does, too.
            return side == .server
                ? byte & 0x80 != 0 : byte & 0x82 == 0 && (byte & 0x04 == 0 || opcode == .notify)
        }
        .and(
            bytes.fit(byteAt: offset &+ 3) { byte in
                side == .server ? byte & 0x40 == 0 && byte & 0x0F < 12 : byte & 0xCF == 0
            }
        )
        .and(bytes.fit(1 as UInt16, at: offset &+ 4))
        .and(bytes.fit(big: UInt16.self, at: offset &+ 6) { side == .server || isUpdate ? few($0) : $0 <= 1 })
        .and(bytes.fit(big: UInt16.self, at: offset &+ 8) { side == .server || isUpdate ? few($0) : $0 <= 1 })
        .and(bytes.fit(big: UInt16.self, at: offset &+ 10) { side == .server ? few($0) : $0 <= 4 })
    }

    /// A name without pointers, as a message's first is, a type and a class.
    private static func question(_ bytes: RawSpan, at start: Int, end: Int) -> Fit {
        var at = start
        while true {
            guard let length = bytes.u8(at: at) else { return .open }
            guard length < 64, at &- start < DNSName.longest else { return .no }
            at &+= 1 &+ Int(length)
            if length == 0 { break }
        }
        guard at &+ 4 <= end else { return .no }
        return bytes.fit(big: UInt16.self, at: at) { DNSType.name($0) != nil }
            .and(bytes.fit(big: UInt16.self, at: at &+ 2) { [1, 3, 4, 254, 255].contains($0) })
    }
}

extension DNSDetector: DatagramDetector {
    static var evidence: (question: Evidence, answer: Evidence) {
        (Evidence("DNS question over UDP"), Evidence("DNS answer over UDP"))
    }

    static func examine(datagram: RawSpan, isWhole: Bool) -> (side: Side, evidence: Evidence)? {
        guard let message = DNSMessage(datagram, isWhole: isWhole) else { return nil }
        return message.isAnswer ? (.server, evidence.answer) : (.client, evidence.question)
    }
}
