// Strings with escapes, whole or cut.
//
// Each `read…` takes a token from `start` on and gives the offset behind it. It gives a negative number where the piece
// ends first (then `phase` names what was cut, and the next piece goes on with it) or where the grammar is violated
// (then `phase` is `.failed`). Numbers and literals, in JSONShapeScanner+Numbers.swift, do the same.
extension JSONShapeScanner {
    /// Where in an escape sequence a string was cut (RFC 8259, section 7).
    enum Escape: UInt8 {
        case none, backslash, fourDigits, threeDigits, twoDigits, oneDigit
    }

    mutating func cut(in phase: Phase) -> Int {
        self.phase = phase
        return -1
    }

    mutating func violated(_ limit: Limit? = nil) -> Int {
        fail(limit)
        return -1
    }

    /// RFC 8259, section 8.1: a parser may ignore a byte order mark.
    mutating func readByteOrderMark(_ bytes: RawSpan) -> Int {
        var i = 0
        while i < bytes.byteCount {
            let expected: UInt8 = matched == 0 ? 0xEF : matched == 1 ? 0xBB : 0xBF
            guard bytes.byte(i) == expected else { return violated() }
            matched += 1
            i += 1
            if matched == 3 {
                phase = .value
                return i
            }
        }
        return -1
    }

    /// A string value that is not read by one look: it is cut, or has escapes.
    /// - Parameter end: where its plain contents end.
    @inline(never)
    mutating func beginText(_ bytes: RawSpan, from start: Int, to end: Int) -> Int {
        escape = .none
        name.removeAll(keepingCapacity: true)
        isPlain = end < bytes.byteCount
        keepText(bytes, start, end)
        return readText(bytes, from: end)
    }

    /// What has escapes, or is long, has no format.
    private mutating func keepText(_ bytes: RawSpan, _ start: Int, _ end: Int) {
        guard !isPlain, end > start else { return }
        guard name.count &+ (end &- start) <= StringFormat.longest else {
            isPlain = true
            return
        }
        for place in start..<end { name.append(bytes.byte(place)) }
    }

    /// The shape of a text that was read to its end.
    var textShape: UInt32 { isPlain ? ShapeID.string.raw : name.span.bytes.textShape(0, name.count) }

    /// A string value from somewhere behind its opening quote.
    @inline(never)
    mutating func readText(_ bytes: RawSpan, from start: Int) -> Int {
        var i = start
        while true {
            if escape == .none {
                let before = i
                i = bytes.plainTextEnd(i)
                keepText(bytes, before, i)
                guard i < bytes.byteCount else { return cut(in: .text) }
                let byte = bytes.byte(i)
                i &+= 1
                if byte == UInt8(ascii: "\"") { return i }
                guard byte == UInt8(ascii: "\\") else { return violated() }
                escape = .backslash
                isPlain = true
            } else {
                guard i < bytes.byteCount else { return cut(in: .text) }
                guard advanceEscape(bytes.byte(i)) else { return violated() }
                i &+= 1
            }
        }
    }

    /// Takes the next byte of an escape sequence; `false` where it is none.
    private mutating func advanceEscape(_ byte: UInt8) -> Bool {
        switch escape {
        case .none:
            return false
        case .backslash:
            switch byte {
            case UInt8(ascii: "u"):
                escape = .fourDigits
                hexDigits = 0
                return true
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
                UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
                escape = .none
                return true
            default:
                return false
            }
        case .fourDigits, .threeDigits, .twoDigits, .oneDigit:
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte &- UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte &- UInt8(ascii: "a") &+ 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte &- UInt8(ascii: "A") &+ 10
            default: return false
            }
            hexDigits = hexDigits &<< 4 | UInt16(digit)
            escape = Escape(rawValue: escape.rawValue &+ 1) ?? .none
            return true
        }
    }

    // MARK: - Keys that are decoded

    mutating func beginName() {
        name.removeAll(keepingCapacity: true)
        escape = .none
        highSurrogate = 0
    }

    /// A key from somewhere behind its opening quote into `name`, its escapes decoded.
    @inline(never)
    mutating func readName(_ bytes: RawSpan, from start: Int) -> Int {
        var i = start
        while i < bytes.byteCount {
            guard name.count <= Self.maximumKeyLength else { return violated(.jsonKeys) }
            let byte = bytes.byte(i)
            i &+= 1
            switch escape {
            case .none:
                switch byte {
                case UInt8(ascii: "\""):
                    flushSurrogate()
                    guard name.count <= Self.maximumKeyLength else { return violated(.jsonKeys) }
                    return i
                case UInt8(ascii: "\\"):
                    escape = .backslash
                case 0..<0x20:
                    return violated()
                default:
                    flushSurrogate()
                    name.append(byte)
                }
            case .backslash:
                guard advanceEscape(byte) else { return violated() }
                if escape == .none {
                    flushSurrogate()
                    name.append(Self.escaped(byte))
                }
            case .fourDigits, .threeDigits, .twoDigits:
                guard advanceEscape(byte) else { return violated() }
            case .oneDigit:
                guard advanceEscape(byte) else { return violated() }
                escape = .none
                appendCodeUnit()
            }
        }
        return cut(in: .name)
    }

    private static func escaped(_ byte: UInt8) -> UInt8 {
        switch byte {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: byte
        }
    }

    /// A `\u` escape gives a UTF-16 code unit; two may be one character (RFC 8259, section 7).
    private mutating func appendCodeUnit() {
        let unit = hexDigits
        if highSurrogate != 0, unit & 0xFC00 == 0xDC00 {
            let scalar = 0x10000 + (UInt32(highSurrogate & 0x3FF) << 10 | UInt32(unit & 0x3FF))
            highSurrogate = 0
            append(scalar)
            return
        }
        flushSurrogate()
        if unit & 0xFC00 == 0xD800 {
            highSurrogate = unit
        } else {
            append(unit & 0xFC00 == 0xDC00 ? 0xFFFD : UInt32(unit))
        }
    }

    /// A high surrogate that no low one followed (RFC 8259, section 8.2) is no character.
    private mutating func flushSurrogate() {
        guard highSurrogate != 0 else { return }
        highSurrogate = 0
        append(0xFFFD)
    }

    private mutating func append(_ scalar: UInt32) {
        guard let scalar = Unicode.Scalar(scalar) else { return }
        for byte in UTF8.encode(scalar)! { name.append(byte) }
    }
}
