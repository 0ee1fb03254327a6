/// Values that look like credentials by themselves, whatever their name is.
enum CredentialForms {
    /// What begins at a place of a text, where a word may begin there.
    static func find(in text: [UInt8], at start: Int) -> (range: Range<Int>, credential: Credential)? {
        guard beginsWord(text, start) else { return nil }
        if ASCII.isDigit(text[start]) { return cardNumber(text, start).map { ($0, .cardNumber) } }
        if has("eyJ", text, start) {
            let end = run(text, start) { isTokenByte($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "=") }
            return end - start >= shortestWebToken ? (start..<end, .jsonWebToken) : nil
        }
        for (prefix, length) in servicePrefixes where has(prefix, text, start) {
            let behind = start + prefix.utf8CodeUnitCount
            let end = run(text, behind) { isTokenByte($0) || $0 == UInt8(ascii: ".") }
            if end - behind >= length { return (start..<end, .serviceKey) }
        }
        return nil
    }

    /// `eyJ` alone is a word; a token's header alone is longer.
    private static let shortestWebToken = 16

    /// How keys of services begin, and how many bytes follow at least, as the services document them: AWS, GitHub, GitLab,
    /// Stripe, Slack, Google, OpenAI and Anthropic, npm, PyPI, DigitalOcean, Vault, SendGrid, Shopify.
    private static let servicePrefixes: [(StaticString, Int)] = [
        ("AKIA", 16), ("ASIA", 16), ("ghp_", 20), ("gho_", 20), ("ghu_", 20), ("ghs_", 20), ("ghr_", 20),
        ("github_pat_", 20), ("glpat-", 16), ("sk_live_", 10), ("sk_test_", 10), ("rk_live_", 10), ("rk_test_", 10),
        ("whsec_", 16), ("xoxb-", 10), ("xoxa-", 10), ("xoxp-", 10), ("xoxr-", 10), ("xoxs-", 10), ("AIza", 30),
        ("ya29.", 20), ("sk-", 20), ("npm_", 30), ("pypi-", 30), ("dop_v1_", 30), ("hvs.", 20), ("SG.", 30),
        ("shpat_", 20),
    ]

    /// Whether a word begins at the place; `%20` is no part of it.
    private static func beginsWord(_ text: [UInt8], _ start: Int) -> Bool {
        guard start > 0 else { return true }
        let before = text[start - 1]
        guard ASCII.isLetter(before) || ASCII.isDigit(before) || before == UInt8(ascii: "_") else { return true }
        return start >= 3 && text[start - 3] == UInt8(ascii: "%")
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        ASCII.isLetter(byte) || ASCII.isDigit(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
    }

    /// Where a run of such bytes ends.
    private static func run(_ text: [UInt8], _ start: Int, _ belongs: (UInt8) -> Bool) -> Int {
        var end = start
        while end < text.count, belongs(text[end]) { end += 1 }
        return end
    }

    static func has(_ literal: StaticString, _ text: [UInt8], _ start: Int) -> Bool {
        let count = literal.utf8CodeUnitCount
        guard start + count <= text.count else { return false }
        for index in 0..<count where text[start + index] != literal.utf8Start[index] { return false }
        return true
    }

    // MARK: - Cards

    /// A number of 13 to 19 digits, at most in groups, that an issuer gives out and whose check digit is right.
    private static func cardNumber(_ text: [UInt8], _ start: Int) -> Range<Int>? {
        // The digits behind a point are a fraction.
        if start > 1, text[start - 1] == UInt8(ascii: "."), ASCII.isDigit(text[start - 2]) { return nil }
        var digits: [UInt8] = []
        var group = 0
        var end = start
        var at = start
        while at < text.count, digits.count <= 19 {
            if ASCII.isDigit(text[at]) {
                digits.append(text[at] - UInt8(ascii: "0"))
                group += 1
                at += 1
                end = at
            } else if group >= 4, let next = behindSeparator(text, at) {
                group = 0
                at = next
            } else {
                break
            }
        }
        if end < text.count, ASCII.isLetter(text[end]) || ASCII.isDigit(text[end]) { return nil }
        guard isIssued(digits), hasCheckDigit(digits) else { return nil }
        return start..<end
    }

    /// One blank or dash between groups, also as it stands in a URL.
    private static func behindSeparator(_ text: [UInt8], _ at: Int) -> Int? {
        let isOne =
            text[at] == UInt8(ascii: " ") || text[at] == UInt8(ascii: "-") || text[at] == UInt8(ascii: "+")
        let next = has("%20", text, at) ? at + 3 : isOne ? at + 1 : at
        return next > at && next < text.count && ASCII.isDigit(text[next]) ? next : nil
    }

    /// By the issuers' first digits and lengths: without this, one in ten numbers would pass.
    private static func isIssued(_ digits: [UInt8]) -> Bool {
        guard digits.count >= 13 else { return false }
        let (first, second) = (digits[0], digits[1])
        let four = digits.prefix(4).reduce(0) { $0 * 10 + Int($1) }
        return switch (first, second) {
        case (4, _): [13, 16, 19].contains(digits.count)
        case (5, 1...5): digits.count == 16
        case (2, 2...7): digits.count == 16 && (2221...2720).contains(four)
        case (3, 4), (3, 7): digits.count == 15
        case (3, 0), (3, 6), (3, 8): digits.count == 14
        case (3, 5), (6, 0), (6, 2), (6, 4), (6, 5): (16...19).contains(digits.count)
        default: false
        }
    }

    /// The sum of the digits, every second one from the last doubled, is a multiple of ten (ISO/IEC 7812-1, annex B).
    private static func hasCheckDigit(_ digits: [UInt8]) -> Bool {
        var sum = 0
        for (place, digit) in digits.reversed().enumerated() {
            let value = place % 2 == 0 ? Int(digit) : Int(digit) * 2
            sum += value > 9 ? value - 9 : value
        }
        return sum % 10 == 0
    }
}
