extension Timestamp {
    /// A moment from its text, as RFC 3339 has it in UTC: `2026-04-08T18:24:10Z`, with up to nine digits of the second.
    package init?(_ text: RawSpan) {
        func digits(_ start: Int, _ count: Int) -> Int? { text.decimal(start..<(start &+ count)) }
        guard text.byteCount >= 20, let year = digits(0, 4), let month = digits(5, 2), let day = digits(8, 2),
            let hour = digits(11, 2), let minute = digits(14, 2), let second = digits(17, 2),
            text.u8(at: 4) == 0x2D, text.u8(at: 7) == 0x2D, text.u8(at: 10) == 0x54, text.u8(at: 13) == 0x3A,
            text.u8(at: 16) == 0x3A, text.u8(at: text.byteCount &- 1) == 0x5A,
            (1...12).contains(month), (1...Self.days(in: month, of: year)).contains(day), hour < 24, minute < 60,
            second < 60
        else { return nil }
        var nanoseconds = 0
        let places = text.byteCount &- 21
        if text.byteCount > 20 {
            guard (1...9).contains(places), text.u8(at: 19) == 0x2E, let fraction = digits(20, places) else {
                return nil
            }
            nanoseconds = fraction
            for _ in places..<9 { nanoseconds &*= 10 }
        }
        let seconds = Self.days(year, month, day) &* 86_400 &+ hour &* 3600 &+ minute &* 60 &+ second
        // The earliest second begins before what 64 bits hold.
        guard let all = Int64(exactly: Int128(seconds) * 1_000_000_000 + Int128(nanoseconds)) else { return nil }
        self.init(nanoseconds: all)
    }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970-01-01: `days_from_civil`, the inverse of what `TimestampText` does.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

extension Endpoint {
    /// An endpoint from its text: `10.0.0.5:80`, `[::1]:80`.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ ASCII.isDigit($0) }),
            let port = UInt16(digits)
        else { return nil }
        let host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        guard let address = IPAddress(isBracketed ? host.dropFirst().dropLast() : host),
            isBracketed || address.v4 != nil
        else { return nil }
        self.init(address, port)
    }
}
