/// A packet, as far as it is known when its first bytes are there: MySQL Source Code Documentation, "MySQL Packets".
struct MySQLPacket {
    /// Without the header.
    var length: Int
    var sequence: UInt8
    var at: Arrival
    /// Bytes of it were not captured.
    var hasGap = false

    static let headerBytes = 4
    /// A packet that is as long goes on in the next one.
    static let longest = 0xFF_FFFF

    var size: UInt64 { UInt64(length &+ Self.headerBytes) }

    @inline(__always)
    static func length(_ bytes: RawSpan, at offset: Int = 0) -> Int? {
        guard let low = bytes.little(UInt16.self, at: offset), let high = bytes.u8(at: offset &+ 2) else { return nil }
        return Int(low) | Int(high) &<< 16
    }

    /// A packet's first bytes are an error's: 0xFF and a number that servers have.
    static func isError(_ body: RawSpan, length: Int) -> Bool {
        guard body.u8(at: 0) == 0xFF, length >= 3, let code = body.little(UInt16.self, at: 1) else { return false }
        return code >= 1000
    }

    /// EOF, which is OK where CLIENT_DEPRECATE_EOF was agreed on; a row that begins so is longer than any packet.
    static func isEnd(_ body: RawSpan, length: Int) -> Bool { body.u8(at: 0) == 0xFE && length < longest }

    /// EOF as it was before: a count of warnings and the status.
    static func isOldEnd(_ body: RawSpan, length: Int) -> Bool { body.u8(at: 0) == 0xFE && length == 5 }

    /// Its catalog is always "def".
    static func isDefinition(_ body: RawSpan) -> Bool { body.has("\u{3}def") }

    // MARK: Searching

    /// The first place at which a command proves itself by its own form.
    static func search(_ bytes: RawSpan, from: Int) -> Found {
        var at = from
        while at < bytes.byteCount {
            switch command(bytes, at) {
            case .yes: return .at(at)
            case .open: return .none(Search(start: at, next: at))
            case .no: at &+= 1
            }
        }
        return .none(Search(start: bytes.byteCount, next: bytes.byteCount))
    }

    private static func command(_ bytes: RawSpan, _ at: Int) -> Fit {
        let compressed = MySQLCompressed.client(bytes, at: at)
        guard compressed == .no else { return compressed }
        guard bytes.byteCount &- at > headerBytes else {
            return bytes.fit(byteAt: at &+ 3) { $0 == 0 } == .no ? .no : .open
        }
        guard let length = length(bytes, at: at), length > 0, bytes.u8(at: at &+ 3) == 0,
            let command = bytes.u8(at: at &+ headerBytes).flatMap(MySQLCommand.init)
        else { return .no }
        let body = at &+ headerBytes &+ 1
        switch command {
        case .query: return statement(bytes, body, length)
        case .prepare: return verb(bytes, body, length &- 1)
        case .execute:
            return Fit(length >= 10).and(bytes.fit(byteAt: body &+ 4) { $0 & 0xF0 == 0 })
                .and(bytes.fit(little: UInt32.self, at: body &+ 5) { $0 == 1 })
        case .ping, .resetConnection, .quit, .statistics, .debug:
            return Fit(length == 1)
        case .closeStatement, .resetStatement: return Fit(length == 5)
        case .fetch: return Fit(length == 9)
        default: return .no
        }
    }

    /// The statement begins with a verb; before it there may be query attributes.
    private static func statement(_ bytes: RawSpan, _ body: Int, _ length: Int) -> Fit {
        guard let first = bytes.u8(at: body) else { return .open }
        guard first < 9 else { return verb(bytes, body, length &- 1) }
        return bytes.fit(byteAt: body &+ 1) { $0 == 1 }
            .and(first == 0 ? verb(bytes, body &+ 2, length &- 3) : .no)
    }

    private static func verb(_ bytes: RawSpan, _ at: Int, _ length: Int) -> Fit {
        guard length >= 2 else { return .no }
        var end = at
        while end &- at < 16, end &- at < length {
            guard let byte = bytes.u8(at: end) else { return .open }
            guard ASCII.isLetter(byte) else { break }
            end &+= 1
        }
        return Fit(SQLVerb.begins(bytes.extracting(first: at &+ length), at: at))
    }
}

extension RawSpan {
    /// A length-encoded integer, behind which `at` is moved.
    ///
    /// `nil` where it isn't there whole, or is NULL (MySQL Source Code Documentation, "Protocol::LengthEncodedInteger").
    func lengthEncoded(_ at: inout Int) -> UInt64? {
        guard let first = u8(at: at) else { return nil }
        let (number, width): (UInt64?, Int) =
            switch first {
            case 0...0xFA: (UInt64(first), 1)
            case 0xFC: (little(UInt16.self, at: at &+ 1).map { UInt64($0) }, 3)
            case 0xFD: (MySQLPacket.length(self, at: at &+ 1).map { UInt64($0) }, 4)
            case 0xFE: (little(UInt64.self, at: at &+ 1), 9)
            default: (nil, 0)
            }
        if number != nil { at &+= width }
        return number
    }

    /// A string behind its length; moves behind it.
    func lengthEncodedString(_ at: inout Int) -> Range<Int>? {
        guard let length = lengthEncoded(&at), length <= UInt64(Swift.max(0, byteCount &- at)) else { return nil }
        let start = at
        at &+= Int(length)
        return start..<at
    }
}
