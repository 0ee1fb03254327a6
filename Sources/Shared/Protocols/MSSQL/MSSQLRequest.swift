/// What a client asks for in one message: MS-TDS 2.2.6.
struct MSSQLRequest {
    /// A procedure's name as it is sent, in UTF-16.
    var procedure: Range<Int>?
    /// A procedure of the server's own, by its number.
    var number: UInt16?
    /// The text of a statement, in UTF-16.
    var text: Range<Int>?
    /// What was prepared.
    var handle: UInt32?

    /// - Parameter bytes: of the message without its packets' headers, as many as are kept.
    init(batch bytes: RawSpan) {
        let start = Self.headers(bytes)
        text = start..<bytes.byteCount
    }

    init(rpc bytes: RawSpan) {
        var at = Self.headers(bytes)
        guard let length = bytes.little(UInt16.self, at: at) else { return }
        at &+= 2
        if length == 0xFFFF {
            number = bytes.little(UInt16.self, at: at)
            at &+= 2
        } else {
            guard at &+ Int(length) &* 2 <= bytes.byteCount else { return }
            procedure = at..<at &+ Int(length) &* 2
            at &+= Int(length) &* 2
        }
        // Option flags.
        at &+= 2
        switch number {
        // sp_executesql: the statement; sp_cursoropen: a handle that comes back, the statement.
        case 10: text = Self.text(bytes, &at)
        case 2: if Self.skip(bytes, &at) { text = Self.text(bytes, &at) }
        // sp_prepare, sp_prepexec, sp_cursorprepare: a handle that comes back, the parameters, the statement.
        case 11, 13, 3: if Self.skip(bytes, &at), Self.skip(bytes, &at) { text = Self.text(bytes, &at) }
        // sp_cursorprepexec: two handles.
        case 5:
            if Self.skip(bytes, &at), Self.skip(bytes, &at), Self.skip(bytes, &at) { text = Self.text(bytes, &at) }
        // sp_execute, sp_unprepare, sp_cursorexecute, sp_cursorunprepare.
        case 12, 15, 4, 6: handle = Self.integer(bytes, &at)
        default: break
        }
    }

    /// ALL_HEADERS, since version 7.2: its length, which counts itself, and headers whose lengths add up to it (2.2.5.3).
    private static func headers(_ bytes: RawSpan) -> Int {
        guard let total = bytes.little(UInt32.self, at: 0), let first = bytes.little(UInt32.self, at: 4),
            10...4096 ~= total, 6...total &- 4 ~= first, let type = bytes.little(UInt16.self, at: 8), 1...3 ~= type
        else { return 0 }
        return Swift.min(Int(total), bytes.byteCount)
    }

    // MARK: Parameters

    /// A parameter: a name, flags, a type with its own facts, and a value (2.2.6.6).
    private static func value(_ bytes: RawSpan, _ at: inout Int) -> Range<Int>? {
        guard let name = bytes.u8(at: at) else { return nil }
        at &+= 1 &+ Int(name) &* 2 &+ 1
        guard let type = bytes.u8(at: at) else { return nil }
        at &+= 1
        switch type {
        // INTN, BITN.
        case 0x26, 0x68: return short(bytes, &at)
        // Characters: the longest length and a collation.
        case 0xE7, 0xEF, 0xA7, 0xAF:
            guard let longest = bytes.little(UInt16.self, at: at) else { return nil }
            at &+= 7
            guard longest != 0xFFFF else { return chunks(bytes, &at) }
            guard let length = bytes.little(UInt16.self, at: at) else { return nil }
            at &+= 2
            return take(bytes, &at, length == 0xFFFF ? 0 : Int(length))
        // TEXT, NTEXT.
        case 0x63, 0x23:
            at &+= 9
            guard let length = bytes.little(UInt32.self, at: at) else { return nil }
            at &+= 4
            return take(bytes, &at, length == .max ? 0 : Int(length))
        // INT1 to INT4, BIT.
        case 0x30, 0x32: return take(bytes, &at, 1)
        case 0x34: return take(bytes, &at, 2)
        case 0x38: return take(bytes, &at, 4)
        case 0x1F: return take(bytes, &at, 0)
        default: return nil
        }
    }

    private static func short(_ bytes: RawSpan, _ at: inout Int) -> Range<Int>? {
        at &+= 1
        guard let length = bytes.u8(at: at) else { return nil }
        at &+= 1
        return take(bytes, &at, Int(length))
    }

    /// A value of any length: its length, or that it is not known, and chunks (2.2.5.2.3); the first is what matters.
    private static func chunks(_ bytes: RawSpan, _ at: inout Int) -> Range<Int>? {
        at &+= 8
        guard let length = bytes.little(UInt32.self, at: at) else { return nil }
        at &+= 4
        let range = take(bytes, &at, Int(length))
        at &+= length > 0 ? 4 : 0
        return range
    }

    /// As much of it as is kept.
    private static func take(_ bytes: RawSpan, _ at: inout Int, _ count: Int) -> Range<Int>? {
        guard at <= bytes.byteCount else { return nil }
        let start = at
        at &+= count
        return start..<Swift.min(at, bytes.byteCount)
    }

    private static func skip(_ bytes: RawSpan, _ at: inout Int) -> Bool { value(bytes, &at) != nil }

    private static func text(_ bytes: RawSpan, _ at: inout Int) -> Range<Int>? { value(bytes, &at) }

    private static func integer(_ bytes: RawSpan, _ at: inout Int) -> UInt32? {
        guard let range = value(bytes, &at), range.count == 4 else { return nil }
        return bytes.little(UInt32.self, at: range.lowerBound)
    }

    /// What the server's own procedures are called, by their numbers.
    static let procedures: [StaticString] = [
        "", "sp_cursor", "sp_cursoropen", "sp_cursorprepare", "sp_cursorexecute", "sp_cursorprepexec",
        "sp_cursorunprepare",
        "sp_cursorfetch", "sp_cursoroption", "sp_cursorclose", "sp_executesql", "sp_prepare", "sp_execute",
        "sp_prepexec",
        "sp_prepexecrpc", "sp_unprepare",
    ]
}

extension UniqueBytes {
    /// Appends UTF-16LE as UTF-8; what is none of it is U+FFFD.
    mutating func append(utf16 bytes: RawSpan) {
        var at = 0
        while let unit = bytes.little(UInt16.self, at: at) {
            at &+= 2
            if unit < 0x80 {
                append(UInt8(truncatingIfNeeded: unit))
                continue
            }
            var scalar = UInt32(unit)
            if unit & 0xFC00 == 0xD800, let low = bytes.little(UInt16.self, at: at), low & 0xFC00 == 0xDC00 {
                at &+= 2
                scalar = 0x1_0000 &+ (UInt32(unit & 0x3FF) &<< 10 | UInt32(low & 0x3FF))
            } else if unit & 0xF800 == 0xD800 {
                scalar = 0xFFFD
            }
            if scalar < 0x800 {
                append(UInt8(truncatingIfNeeded: 0xC0 | scalar &>> 6))
            } else {
                if scalar < 0x1_0000 {
                    append(UInt8(truncatingIfNeeded: 0xE0 | scalar &>> 12))
                } else {
                    append(UInt8(truncatingIfNeeded: 0xF0 | scalar &>> 18))
                    append(UInt8(truncatingIfNeeded: 0x80 | scalar &>> 12 & 0x3F))
                }
                append(UInt8(truncatingIfNeeded: 0x80 | scalar &>> 6 & 0x3F))
            }
            append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
        }
    }
}
