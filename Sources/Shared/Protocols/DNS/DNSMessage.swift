/// The header and the questions of a message (RFC 1035, section 4.1).
struct DNSMessage {
    let id: UInt16
    let isAnswer: Bool
    let opcode: DNSOpcode
    /// It did not fit, and is to be asked for over TCP.
    let isTruncated: Bool
    /// The header's part of the answer's code; EDNS has the rest.
    let headerCode: UInt8
    let questions: Int
    /// Where the records begin; `nil` where not all of the questions were captured.
    let records: DNSRecords?
    /// Of the first question.
    let type: UInt16

    static let headerLength = 12
    /// Questions of a message: all but one are an experiment of former times.
    static let mostQuestions = 16
    /// The smallest record: the root's name, type, class, time to live, and the length of no data.
    static let shortestRecord = 11

    /// - Parameter isWhole: all of it was captured.
    /// - Returns: `nil` where it is no message of DNS.
    init?(_ bytes: RawSpan, isWhole: Bool) {
        guard let id = bytes.big(UInt16.self, at: 0), let flags = bytes.big(UInt16.self, at: 2),
            let questions = bytes.big(UInt16.self, at: 4), let answers = bytes.big(UInt16.self, at: 6),
            let authorities = bytes.big(UInt16.self, at: 8), let others = bytes.big(UInt16.self, at: 10),
            let opcode = DNSOpcode(rawValue: UInt8(truncatingIfNeeded: flags >> 11 & 0xF)),
            // Reserved (RFC 1035, section 4.1.1; RFC 4035 has taken two of the three bits).
            flags & 0x0040 == 0, Int(questions) <= Self.mostQuestions
        else { return nil }
        let count = Int(answers) &+ Int(authorities) &+ Int(others)
        isAnswer = flags & 0x8000 != 0
        // What asks for nothing says something else, if only who it is (RFC 7873, section 5.4).
        guard questions > 0 || isAnswer || count > 0 else { return nil }
        var at = Self.headerLength
        var type: UInt16 = 0
        for number in 0..<Int(questions) {
            guard let end = DNSName.end(bytes, at), let asked = bytes.big(UInt16.self, at: end),
                bytes.byteCount >= end &+ 4
            else {
                guard !isWhole, Self.mayGoOn(bytes, at) else { return nil }
                at = -1
                break
            }
            if number == 0 { type = asked }
            at = end &+ 4
        }
        if isWhole, at >= 0, count &* Self.shortestRecord > bytes.byteCount &- at, flags & 0x0200 == 0 { return nil }
        self.id = id
        self.opcode = opcode
        isTruncated = flags & 0x0200 != 0
        headerCode = UInt8(truncatingIfNeeded: flags & 0xF)
        self.questions = Int(questions)
        self.type = type
        records =
            at < 0
            ? nil
            : DNSRecords(
                at: at, answers: Int(answers), authorities: Int(authorities), others: Int(others))
    }

    /// A name that ends with the bytes, and not before them.
    private static func mayGoOn(_ bytes: RawSpan, _ start: Int) -> Bool {
        var at = start
        while let length = bytes.u8(at: at), at &- start < DNSName.longest {
            guard length < 64 else { return length >= 192 }
            if length == 0 { return true }
            at &+= 1 &+ Int(length)
        }
        return at >= bytes.byteCount
    }
}

/// A record of a message (RFC 1035, section 4.1.3).
struct DNSRecord {
    enum Section { case answer, authority, other }

    var section: Section
    var type: UInt16
    /// Seconds.
    var timeToLive: UInt32
    var data: Range<Int>
}

/// The records of a message, one after the other.
struct DNSRecords {
    private var at: Int
    private var answers: Int
    private var authorities: Int
    private var others: Int

    init(at: Int, answers: Int, authorities: Int, others: Int) {
        self.at = at
        self.answers = answers
        self.authorities = authorities
        self.others = others
    }

    /// All were read.
    var isAtEnd: Bool { answers &+ authorities &+ others == 0 }

    /// - Returns: `nil` behind the last, and where what follows is none, or was not captured.
    mutating func next(_ message: RawSpan) -> DNSRecord? {
        guard !isAtEnd, let name = DNSName.end(message, at), let type = message.big(UInt16.self, at: name),
            let timeToLive = message.big(UInt32.self, at: name &+ 4),
            let length = message.big(UInt16.self, at: name &+ 8),
            name &+ 10 &+ Int(length) <= message.byteCount
        else { return nil }
        at = name &+ 10 &+ Int(length)
        let section: DNSRecord.Section
        if answers > 0 {
            answers &-= 1
            section = .answer
        } else if authorities > 0 {
            authorities &-= 1
            section = .authority
        } else {
            others &-= 1
            section = .other
        }
        return DNSRecord(section: section, type: type, timeToLive: timeToLive, data: name &+ 10..<at)
    }
}
