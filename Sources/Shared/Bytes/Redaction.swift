/// Which values look like credentials, by the names that they have: what `--redact` hides.
///
/// A name counts by its words, as `_`, `-`, `.`, digits and camel case divide it: `DB_PASSWORD` and `apiKey` do, `KEYBOARD`
/// and `AUTHOR` don't. In doubt a value is hidden.
enum Redaction {
    /// Whether the value of an environment variable of this name is hidden.
    static func hides(variable name: some Collection<UInt8>) -> Bool {
        let words = words(name)
        if words.count == 1, words[0] == "PWD" { return false }
        if hides(words) { return true }
        guard words.contains("AUTH") else { return false }
        // AUTH_SERVICE_URL and SSH_AUTH_SOCK say where somebody is.
        return words.last.map { !places.contains($0) } ?? false
    }

    /// Whether the value of a header field of this name is hidden.
    static func hides(header name: some Collection<UInt8>) -> Bool {
        let words = words(name)
        return hides(words) || words.contains("AUTH") || words.contains("SESSION")
    }

    /// The value of an environment variable as it is shown.
    static func shown(_ value: [UInt8], ofVariable name: some Collection<UInt8>) -> [UInt8] {
        value.isEmpty ? value : hides(variable: name) ? markBytes : withoutPasswords(value)
    }

    /// The value of a header field as it is shown.
    static func shown(_ value: [UInt8], ofHeader name: some Collection<UInt8>) -> [UInt8] {
        value.isEmpty ? value : hides(header: name) ? markBytes : withoutPasswords(value)
    }

    /// Text in which URLs (`scheme://user:password@host`, RFC 3986, section 3.2.1) have lost their passwords.
    static func withoutPasswords(_ text: String) -> String {
        String(decoding: withoutPasswords(Array(text.utf8)), as: UTF8.self)
    }

    /// Text in which URLs (`scheme://user:password@host`, RFC 3986, section 3.2.1) have lost their passwords.
    static func withoutPasswords(_ text: [UInt8]) -> [UInt8] {
        guard text.contains(UInt8(ascii: "@")) else { return text }
        var shown: [UInt8] = []
        var copied = 0
        var at = 0
        while let start = authority(text, from: at) {
            at = start
            guard let password = password(text, start) else { continue }
            shown += text[copied..<password.lowerBound]
            shown += markBytes
            copied = password.upperBound
            at = copied
        }
        return shown + text[copied...]
    }

    // MARK: - Names

    /// What stands in place of a credential.
    private static let markBytes = Array("[redacted]".utf8)

    private static let secrets: Set<String> = [
        "PWD", "PASS", "PASSWORDS", "SECRETS", "CREDENTIAL", "CREDENTIALS", "AUTHORIZATION", "COOKIE", "COOKIES",
    ]
    /// A word may have them at its end: PGPASSWORD.
    private static let endings = [
        "PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN", "APIKEY", "ACCESSKEY", "PRIVATEKEY",
    ]
    /// What makes a KEY a secret one.
    private static let keys: Set<String> = ["API", "PRIVATE", "ACCESS", "SIGNING", "ENCRYPTION", "SESSION"]
    private static let places: Set<String> = [
        "URL", "URI", "HOST", "HOSTNAME", "PORT", "PATH", "FILE", "SOCK", "SOCKET", "ADDR", "ADDRESS", "ENDPOINT",
        "SERVICE",
    ]

    private static func hides(_ words: [String]) -> Bool {
        words.contains { word in secrets.contains(word) || endings.contains { word.hasSuffix($0) } }
            || words.contains("KEY") && words.contains(where: keys.contains)
    }

    /// A name's words, in capitals.
    private static func words(_ name: some Collection<UInt8>) -> [String] {
        let name = Array(name)
        var words: [String] = []
        var word: [UInt8] = []
        for (index, byte) in name.enumerated() {
            let isLetter = ASCII.isLetter(byte)
            if !word.isEmpty, !isLetter || ASCII.isUpper(byte) && beginsWord(name, index) {
                words.append(String(decoding: word, as: UTF8.self))
                word = []
            }
            if isLetter { word.append(byte & 0xDF) }
        }
        if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
        return words
    }

    /// Whether a capital within letters begins a word: `apiKey`, `APIKey`.
    private static func beginsWord(_ name: [UInt8], _ index: Int) -> Bool {
        if !ASCII.isUpper(name[index - 1]) { return true }
        return index + 1 < name.count && ASCII.isLetter(name[index + 1]) && !ASCII.isUpper(name[index + 1])
    }

    // MARK: - URLs

    /// Where the next authority begins.
    private static func authority(_ text: [UInt8], from start: Int) -> Int? {
        var at = start
        while at + 3 <= text.count {
            if text[at] == UInt8(ascii: ":"), text[at + 1] == UInt8(ascii: "/"), text[at + 2] == UInt8(ascii: "/") {
                return at + 3
            }
            at += 1
        }
        return nil
    }

    /// Where the password lies of an authority that begins at `start`.
    private static func password(_ text: [UInt8], _ start: Int) -> Range<Int>? {
        var colon: Int?
        var end = start
        while end < text.count, !endsURL(text[end]), !endsAuthority(text[end]) {
            if text[end] == UInt8(ascii: ":"), colon == nil { colon = end }
            end += 1
        }
        if let at = text[start..<end].lastIndex(of: UInt8(ascii: "@")) {
            guard let colon, colon + 1 < at else { return nil }
            return colon + 1..<at
        }
        // A password with a slash that should have been encoded; but digits behind the colon are a port.
        guard let colon, !text[(colon + 1)..<end].allSatisfy(ASCII.isDigit) else { return nil }
        var at: Int?
        while end < text.count, !endsURL(text[end]) {
            if text[end] == UInt8(ascii: "@") { at = end }
            if text[end] == UInt8(ascii: ":"), end + 1 < text.count, text[end + 1] == UInt8(ascii: "/") { break }
            end += 1
        }
        return at.map { colon + 1..<$0 }
    }

    private static func endsAuthority(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#")
    }

    private static func endsURL(_ byte: UInt8) -> Bool {
        byte <= 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") || byte == UInt8(ascii: "<")
            || byte == UInt8(ascii: ">")
    }
}
