/// What a text that identifies one thing among many looks like: a segment of a path, a key of an object.
///
/// Words of any language are none: nothing here knows a dictionary.
enum IdentifierClass: UInt8, Sendable, CaseIterable {
    case integer, uuid, ulid, date, dateTime, email, ipv4, hexadecimal, token, resourceName, digits, prefixed, mixed

    /// For people.
    var name: StaticString {
        switch self {
        case .integer: "integer"
        case .uuid: "UUID"
        case .ulid: "ULID"
        case .date: "date"
        case .dateTime: "date and time"
        case .email: "e-mail address"
        case .ipv4: "IPv4 address"
        case .hexadecimal: "hexadecimal"
        case .token: "JSON Web Token"
        case .resourceName: "URN or ARN"
        case .digits: "six digits in a row"
        case .prefixed: "prefix and hexadecimal"
        case .mixed: "letters and digits mixed"
        }
    }

    /// The first class that fits, in the order in which they stand above.
    /// - Returns: `nil` for a word, and for a version (`v1`, `v2beta3`, `1.0`).
    static func of(_ text: UnsafeRawBufferPointer) -> IdentifierClass? {
        // No identifier is as short as one letter.
        guard let first = text.first, text.count > 1 || first &- 0x30 < 10 else { return nil }
        // Most are short words, and take one look.
        if text.count < 20, isPlain(text) { return nil }
        if isInteger(text) { return .integer }
        if text.count <= longestOfNoClass, !text.contains(where: { $0 == 0x40 || $0 == 0x3A }) { return nil }
        let facts = Facts(text)
        if isVersion(text) { return nil }
        if isUUID(text) { return .uuid }
        if text.count == 26, facts.isCrockford, facts.digits > 0, first &- 0x30 < 8 { return .ulid }
        if isDate(text) { return text.count == 10 ? .date : .dateTime }
        if facts.ats == 1, isEmail(text) { return .email }
        if facts.dots == 3, isIPv4(text) { return .ipv4 }
        if text.count >= 8, facts.hexDigits == text.count, facts.digits > 0 { return .hexadecimal }
        if facts.dots == 2, text.count > 16, begins(text, "eyJ") { return .token }
        if begins(text, "urn:") || begins(text, "arn:") { return .resourceName }
        if facts.longestDigits >= 6 { return .digits }
        if facts.digitsBehindPrefix > 0, facts.hexBehindPrefix >= 8 { return .prefixed }
        if text.count >= 8, facts.changes >= 3 { return .mixed }
        // One digit within a word (`CreateS3TableIntegration`) makes no identifier.
        return text.count >= 20 && facts.changes >= 2 && facts.digits >= 2 ? .mixed : nil
    }

    /// So short a text that is no number, e-mail address or URN is nothing: six digits are the shortest else.
    private static let longestOfNoClass = 5

    /// Nothing but letters, dashes and underscores.
    private static func isPlain(_ text: UnsafeRawBufferPointer) -> Bool {
        for byte in text {
            guard (byte | 0x20) &- 0x61 < 26 || byte == 0x5F || byte == 0x2D else { return false }
        }
        return true
    }

    /// Digits alone, as many as 64 bits have.
    static func isInteger(_ text: UnsafeRawBufferPointer) -> Bool {
        guard text.count <= 19, !text.isEmpty else { return false }
        for byte in text where byte &- 0x30 >= 10 { return false }
        return true
    }

    /// What one look at all bytes tells.
    private struct Facts {
        var digits = 0
        var hexDigits = 0
        var dots = 0
        var ats = 0
        var longestDigits = 0
        /// Between a letter and a digit that stand side by side.
        var changes = 0
        /// Of a text `prefix_…` or `prefix-…`: hexadecimal digits behind it, 0 where there is something else as well.
        var hexBehindPrefix = 0
        var digitsBehindPrefix = 0
        /// Letters and digits of Crockford's base 32, in capitals.
        var isCrockford = true

        init(_ text: UnsafeRawBufferPointer) {
            var run = 0
            var before: UInt8 = 0
            var hasPrefix = false
            for byte in text {
                let isDigit = byte &- 0x30 < 10
                let folded = byte | 0x20
                let isLetter = folded &- 0x61 < 26
                let kind: UInt8 = isDigit ? 1 : isLetter ? 2 : 0
                if before | kind == 3 { changes += 1 }
                before = kind
                if isDigit {
                    digits += 1
                    run += 1
                    if run > longestDigits { longestDigits = run }
                } else {
                    run = 0
                }
                let isHex = isDigit || folded &- 0x61 < 6
                if isHex {
                    hexDigits += 1
                    if hasPrefix {
                        hexBehindPrefix += 1
                        if isDigit { digitsBehindPrefix += 1 }
                    }
                } else if byte == 0x5F || byte == 0x2D {
                    hasPrefix = true
                    (hexBehindPrefix, digitsBehindPrefix) = (0, 0)
                } else {
                    hasPrefix = false
                    (hexBehindPrefix, digitsBehindPrefix) = (0, 0)
                    if byte == 0x2E { dots += 1 }
                    if byte == 0x40 { ats += 1 }
                }
                if !isDigit, byte &- 0x41 >= 26 || byte == 0x49 || byte == 0x4C || byte == 0x4F || byte == 0x55 {
                    isCrockford = false
                }
            }
        }
    }

    private static func begins(_ text: UnsafeRawBufferPointer, _ start: StaticString) -> Bool {
        guard text.count > start.utf8CodeUnitCount else { return false }
        for place in 0..<start.utf8CodeUnitCount where text[place] != start.utf8Start[place] { return false }
        return true
    }

    /// `v1`, `v2.1`, `v2beta3`, `1.0`.
    static func isVersion(_ text: UnsafeRawBufferPointer) -> Bool {
        guard let first = text.first, text.count <= 16 else { return false }
        let hasLetter = first | 0x20 == 0x76
        var at = hasLetter ? 1 : 0
        guard (1...4).contains(skipDigits(text, &at)) else { return false }
        var parts = 1
        while at < text.count, text[at] == 0x2E {
            at += 1
            guard (1...4).contains(skipDigits(text, &at)) else { return false }
            parts += 1
        }
        if !hasLetter { return at == text.count && (2...3).contains(parts) }
        let letters = at
        while at < text.count, text[at] | 0x20 &- 0x61 < 26 { at += 1 }
        guard at - letters <= 8 else { return false }
        if at > letters { _ = skipDigits(text, &at) }
        return at == text.count
    }

    /// - Returns: how many digits were there.
    private static func skipDigits(_ text: UnsafeRawBufferPointer, _ at: inout Int) -> Int {
        let start = at
        while at < text.count, text[at] &- 0x30 < 10 { at += 1 }
        return at - start
    }

    /// RFC 9562, section 4.
    private static func isUUID(_ text: UnsafeRawBufferPointer) -> Bool {
        guard text.count == 36 else { return false }
        for place in 0..<36 {
            let byte = text[place]
            if place == 8 || place == 13 || place == 18 || place == 23 {
                if byte != 0x2D { return false }
            } else if byte &- 0x30 >= 10, byte | 0x20 &- 0x61 >= 6 {
                return false
            }
        }
        return true
    }

    /// `2026-04-08`, alone or with a time behind it (RFC 3339, section 5.6).
    static func isDate(_ text: UnsafeRawBufferPointer) -> Bool {
        guard text.count >= 10, text[4] == 0x2D, text[7] == 0x2D else { return false }
        for place in 0..<10 where place != 4 && place != 7 && text[place] &- 0x30 >= 10 { return false }
        let month = (text[5] &- 0x30) &* 10 &+ text[6] &- 0x30
        let day = (text[8] &- 0x30) &* 10 &+ text[9] &- 0x30
        guard (1...12).contains(month), (1...31).contains(day) else { return false }
        if text.count == 10 { return true }
        guard text[10] | 0x20 == 0x74 || text[10] == 0x20, text.count >= 13, text.count <= 40 else { return false }
        return text[11] &- 0x30 < 3 && text[12] &- 0x30 < 10
    }

    private static func isEmail(_ text: UnsafeRawBufferPointer) -> Bool {
        guard let at = text.firstIndex(of: 0x40), at > 0, let dot = text.lastIndex(of: 0x2E) else { return false }
        return dot > at + 1 && dot < text.count - 1
    }

    private static func isIPv4(_ text: UnsafeRawBufferPointer) -> Bool {
        var number = 0
        var digits = 0
        for byte in text {
            if byte == 0x2E {
                if digits == 0 { return false }
                (number, digits) = (0, 0)
            } else {
                guard byte &- 0x30 < 10, digits < 3 else { return false }
                number = number * 10 + Int(byte &- 0x30)
                digits += 1
                if number > 255 { return false }
            }
        }
        return digits > 0
    }
}
