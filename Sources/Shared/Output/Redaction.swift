/// What looks like a credential, by the name it goes by.
package enum Redaction {
    package static let replacement = "[redacted]"

    /// Whether the value of a variable, or of a header field, with this name is a secret.
    ///
    /// By whole words, so that KEYBOARD and AUTHOR are none: words end at `_`, `-`, `.` and before a capital letter.
    package static func isSecret(_ name: String) -> Bool {
        let words = words(name)
        if words == ["pwd"] || words == ["oldpwd"] { return false }
        if words.contains(where: secretWords.contains) { return true }
        return zip(words, words.dropFirst()).contains { $1 == "key" && keyKinds.contains($0) }
    }

    private static let secretWords: Set<String> = [
        "password", "passwd", "passphrase", "pwd", "pass", "secret", "secrets", "token", "apikey", "credential",
        "credentials", "auth", "authorization", "cookie", "privatekey", "accesskey",
    ]
    private static let keyKinds: Set<String> = ["api", "private", "access", "secret", "signing", "encryption"]

    /// The value as it may be shown: hidden where the name says so, and without the password of a URL in it.
    package static func value(_ value: [UInt8], ofKey name: String) -> [UInt8] {
        if isSecret(name), !value.isEmpty { return Array(replacement.utf8) }
        return withoutURLPasswords(value)
    }

    /// `scheme://user:password@host` loses the password (RFC 3986, section 3.2.1).
    static func withoutURLPasswords(_ value: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var rest = value[...]
        while let scheme = rest.firstRange(of: Array("://".utf8)) {
            let authority = rest[scheme.upperBound...].prefix { !" /?#\"'\n".utf8.contains($0) }
            guard let at = authority.lastIndex(of: UInt8(ascii: "@")),
                let colon = authority[..<at].firstIndex(of: UInt8(ascii: ":"))
            else {
                result += rest[..<scheme.upperBound]
                rest = rest[scheme.upperBound...]
                continue
            }
            result += rest[...colon]
            result += replacement.utf8
            rest = rest[at...]
        }
        return result + rest
    }

    private static func words(_ name: String) -> [String] {
        var words: [String] = []
        var word = ""
        var previousIsLower = false
        for character in name {
            let isSeparator = character == "_" || character == "-" || character == "."
            if isSeparator || (character.isUppercase && previousIsLower) {
                if !word.isEmpty { words.append(word) }
                word = ""
            }
            if !isSeparator { word += character.lowercased() }
            previousIsLower = character.isLowercase
        }
        return word.isEmpty ? words : words + [word]
    }
}

extension HTTPMessage {
    /// Blanks the values of header fields that look like credentials, where they stand on the wire: what shows the wire
    /// bytes is blanked with them.
    package mutating func hideSecrets() {
        for field in head.fields {
            let name = field.name.range.clamped(to: 0..<wire.count)
            guard Redaction.isSecret(String(decoding: wire[name], as: UTF8.self)) else { continue }
            for index in field.value.range.clamped(to: 0..<wire.count) { wire[index] = UInt8(ascii: "*") }
        }
    }
}
