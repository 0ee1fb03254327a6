/// What the contents of a string look like, as JSON Schema calls it (2020-12, Validation, section 7.3).
///
/// Each string has one at most.
enum StringFormat: UInt8, Sendable, CaseIterable {
    case dateTime, date, time, email, uuid, ipv4, ipv6, uri

    /// JSON Schema's name.
    var name: StaticString {
        switch self {
        case .dateTime: "date-time"
        case .date: "date"
        case .time: "time"
        case .email: "email"
        case .uuid: "uuid"
        case .ipv4: "ipv4"
        case .ipv6: "ipv6"
        case .uri: "uri"
        }
    }

    /// Bytes of a string that is looked at: what is longer has none.
    static let longest = 256

    /// The format of a text; `nil` where it has none.
    static func of(_ text: RawSpan) -> StringFormat? {
        guard text.byteCount > 1, text.byteCount <= longest else { return nil }
        // Nothing else than a URI has an `@`, too.
        if text.firstIndex(of: 0x40) != nil, MailAddress.matches(text) { return .email }
        var marks = Marks()
        for place in 0..<text.byteCount { marks.add(text.byte(place)) }
        guard marks.isASCII else { return nil }
        if marks.dashes > 1 {
            if text.byteCount == 36, isUUID(text) { return .uuid }
            if isDate(text) {
                if text.byteCount == 10 { return .date }
                return text.byte(10) == 0x54 && isTime(text, from: 11) ? .dateTime : nil
            }
        }
        if marks.colons > 1, isTime(text, from: 0) { return .time }
        if marks.dots == 3, isIPv4(text, from: 0) { return .ipv4 }
        if marks.colons > 1, isIPv6(text) { return .ipv6 }
        return marks.colons > 0 && isURI(text) ? .uri : nil
    }

    private struct Marks {
        var dashes = 0
        var colons = 0
        var dots = 0
        var isASCII = true

        mutating func add(_ byte: UInt8) {
            switch byte {
            case 0x2D: dashes += 1
            case 0x3A: colons += 1
            case 0x2E: dots += 1
            default: if byte >= 0x7F || byte <= 0x20 { isASCII = false }
            }
        }
    }

    private static func isDigit(_ text: RawSpan, _ place: Int) -> Bool { text.byte(place) &- 0x30 < 10 }

    private static func twoDigits(_ text: RawSpan, _ place: Int) -> Int {
        isDigit(text, place) && isDigit(text, place + 1)
            ? Int(text.byte(place) &- 0x30) * 10 + Int(text.byte(place + 1) &- 0x30) : -1
    }

    private static func isHex(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 || byte | 0x20 &- 0x61 < 6 }

    /// RFC 9562, section 4.
    private static func isUUID(_ text: RawSpan) -> Bool {
        for place in 0..<36 {
            let isDash = place == 8 || place == 13 || place == 18 || place == 23
            guard isDash ? text.byte(place) == 0x2D : isHex(text.byte(place)) else { return false }
        }
        return true
    }

    /// `full-date` of RFC 3339, section 5.6, with what may stand behind it; a day that there is.
    private static func isDate(_ text: RawSpan) -> Bool {
        guard text.byteCount >= 10, text.byte(4) == 0x2D, text.byte(7) == 0x2D else { return false }
        let (century, years) = (twoDigits(text, 0), twoDigits(text, 2))
        let (month, day) = (twoDigits(text, 5), twoDigits(text, 8))
        guard century >= 0, years >= 0, (1...12).contains(month), day >= 1 else { return false }
        let year = century * 100 + years
        // Year 0 is none to many.
        guard year > 0 else { return false }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let days = month == 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
        return day <= days
    }

    /// `full-time` of RFC 3339, section 5.6, to the end; leap seconds are left out, since many do not know them.
    private static func isTime(_ text: RawSpan, from start: Int) -> Bool {
        var at = start + 8
        guard text.byteCount > at, text.byte(start + 2) == 0x3A, text.byte(start + 5) == 0x3A,
            (0...23).contains(twoDigits(text, start)), (0...59).contains(twoDigits(text, start + 3)),
            (0...59).contains(twoDigits(text, start + 6))
        else { return false }
        if text.byte(at) == 0x2E {
            let point = at
            at += 1
            while at < text.byteCount, isDigit(text, at) { at += 1 }
            guard at > point + 1, at < text.byteCount else { return false }
        }
        if text.byte(at) == 0x5A { return at == text.byteCount - 1 }
        guard text.byte(at) == 0x2B || text.byte(at) == 0x2D, at + 6 == text.byteCount, text.byte(at + 3) == 0x3A
        else { return false }
        return (0...23).contains(twoDigits(text, at + 1)) && (0...59).contains(twoDigits(text, at + 4))
    }

    /// `IPv4address` of RFC 3986, section 3.2.2: no leading zeros.
    private static func isIPv4(_ text: RawSpan, from start: Int) -> Bool {
        var (number, digits, parts) = (0, 0, 0)
        for place in start..<text.byteCount {
            let byte = text.byte(place)
            if byte == 0x2E {
                guard digits > 0 else { return false }
                (number, digits, parts) = (0, 0, parts + 1)
            } else {
                guard byte &- 0x30 < 10, digits == 0 || number > 0 else { return false }
                number = number * 10 + Int(byte &- 0x30)
                digits += 1
                guard number <= 255 else { return false }
            }
        }
        return parts == 3 && digits > 0
    }

    /// `IPv6address` of RFC 3986, section 3.2.2.
    private static func isIPv6(_ text: RawSpan) -> Bool {
        var (groups, at) = (0, 0)
        var isShortened = false
        if text.byte(0) == 0x3A {
            guard text.byteCount > 1, text.byte(1) == 0x3A else { return false }
            isShortened = true
            at = 2
        }
        while at < text.byteCount {
            let start = at
            while at < text.byteCount, isHex(text.byte(at)) { at += 1 }
            if at < text.byteCount, text.byte(at) == 0x2E {
                guard isIPv4(text, from: start) else { return false }
                groups += 2
                at = text.byteCount
                break
            }
            guard (1...4).contains(at - start) else { return false }
            groups += 1
            guard at < text.byteCount else { break }
            guard text.byte(at) == 0x3A else { return false }
            at += 1
            guard at < text.byteCount else { return false }
            if text.byte(at) == 0x3A {
                guard !isShortened else { return false }
                isShortened = true
                at += 1
            }
        }
        return isShortened ? groups < 8 : groups == 8
    }

    /// A URI with an authority: what has none looks like any text with a colon (RFC 3986, section 3).
    private static func isURI(_ text: RawSpan) -> Bool {
        guard text.byte(0) | 0x20 &- 0x61 < 26 else { return false }
        var at = 1
        while at < text.byteCount, text.byte(at) != 0x3A {
            let byte = text.byte(at)
            let isScheme = byte | 0x20 &- 0x61 < 26 || byte &- 0x30 < 10 || byte == 0x2B || byte == 0x2D || byte == 0x2E
            guard isScheme, at < longestScheme else { return false }
            at += 1
        }
        guard at + 3 < text.byteCount, text.byte(at + 1) == 0x2F, text.byte(at + 2) == 0x2F else { return false }
        at += 3
        var fragments = 0
        while at < text.byteCount {
            switch text.byte(at) {
            // Section 2: neither reserved nor unreserved. Brackets belong to addresses, which are few.
            case 0x22, 0x3C, 0x3E, 0x5B, 0x5C, 0x5D, 0x5E, 0x60, 0x7B, 0x7C, 0x7D: return false
            case 0x25:
                guard at + 2 < text.byteCount, isHex(text.byte(at + 1)), isHex(text.byte(at + 2)) else { return false }
            case 0x23: fragments += 1
            default: break
            }
            at += 1
        }
        return fragments < 2
    }

    private static let longestScheme = 15
}

extension RawSpan {
    /// The shape of a string whose contents, without escapes, lie between two places.
    ///
    /// Most strings are words and are told from what has a format by a look at a few bytes.
    @inline(__always)
    func textShape(_ start: Int, _ end: Int) -> UInt32 {
        let length = end &- start
        guard length > 1, length <= StringFormat.longest else { return ShapeID.string.raw }
        let first = byte(start)
        if first &- 0x30 < 10 {
            // Of what begins with a digit the shortest are `1::` and `1.1.1.1`; a number in quotes has neither.
            guard length > 2 else { return ShapeID.string.raw }
        } else if length != 36 || byte(start &+ 8) != 0x2D {
            guard hasMark(start, end) else { return ShapeID.string.raw }
        }
        return formattedShape(start, end)
    }

    /// There is an `@` or a `:`.
    @inline(__always)
    private func hasMark(_ start: Int, _ end: Int) -> Bool {
        var i = start
        while i < end {
            guard byteCount &- i >= 8 else {
                while i < end {
                    if byte(i) == 0x40 || byte(i) == 0x3A { return true }
                    i &+= 1
                }
                return false
            }
            let word = word(i)
            let at = word ^ 0x4040_4040_4040_4040
            let colon = word ^ 0x3A3A_3A3A_3A3A_3A3A
            let found = ((at &- ByteMask.ones) & ~at | (colon &- ByteMask.ones) & ~colon) & ByteMask.highBits
            if found != 0 { return ByteMask.index(found) < end &- i }
            i &+= 8
        }
        return false
    }

    @inline(never)
    private func formattedShape(_ start: Int, _ end: Int) -> UInt32 {
        StringFormat.of(extracting(start..<end)).map { ShapeID.text($0).raw } ?? ShapeID.string.raw
    }
}
