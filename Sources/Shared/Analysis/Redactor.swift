/// Hides what looks like a credential, and counts by kind what it has hidden: `--redact`.
final class Redactor {
    /// How many values were hidden.
    private(set) var hidden = Tally<Credential>()
    /// The values themselves, for who has to find them again; `nil` where nobody asked for them.
    private(set) var found: [FoundCredential]?

    /// - Parameter keepsFound: keep the values that are hidden.
    init(keepsFound: Bool = false) { found = keepsFound ? [] : nil }

    /// The values that were found since the last call.
    func takeFound() -> [FoundCredential] {
        defer { if found != nil { found = [] } }
        return found ?? []
    }

    /// What stands in place of a credential.
    static let mark = Array("[redacted]".utf8)

    /// A text without the credentials that lie in it.
    /// - Parameter counts: `false` where the same was hidden, and counted, elsewhere.
    func shown(_ text: [UInt8], counts: Bool = true) -> [UInt8] {
        let hits = CredentialScanner(text).hits
        guard !hits.isEmpty else { return text }
        var shown: [UInt8] = []
        shown.reserveCapacity(text.count)
        var copied = 0
        for hit in hits {
            shown += text[copied..<hit.range.lowerBound]
            let quote =
                hit.quoting.map { [UInt8](repeating: UInt8(ascii: "\\"), count: $0) + [UInt8(ascii: "\"")] } ?? []
            shown += quote + Self.mark + quote
            copied = hit.range.upperBound
            if counts { hidden[hit.credential] &+= 1 }
            found?.append(FoundCredential(hit, in: text))
        }
        return shown + text[copied...]
    }

    func shown(_ text: String, counts: Bool = true) -> String {
        String(decoding: shown(Array(text.utf8), counts: counts), as: UTF8.self)
    }

    /// The value of an environment variable.
    func shown(_ value: [UInt8], ofVariable name: [UInt8]) -> [UInt8] {
        hide(value, CredentialNames.credential(ofVariable: name), behind: name + [UInt8(ascii: "=")])
    }

    /// The value of a header field.
    /// - Parameter separator: what stood between its name and its value.
    func shown(_ value: [UInt8], ofHeader name: [UInt8], behind separator: [UInt8] = Array(": ".utf8)) -> [UInt8] {
        if CredentialNames.isAuthority(name) { return shown(authority: value) }
        return hide(value, CredentialNames.credential(ofField: name), behind: name + separator)
    }

    /// A host with its port, before which a user and a password may stand (RFC 3986, section 3.2).
    func shown(authority text: [UInt8]) -> [UInt8] {
        guard text.contains(UInt8(ascii: "@")), let password = URLPassword.find(in: text, authority: 0) else {
            return shown(text)
        }
        hidden[.urlPassword] &+= 1
        found?.append(FoundCredential(.urlPassword, Array(text[password]), behind: Array(text[..<password.lowerBound])))
        return text[..<password.lowerBound] + Self.mark + text[password.upperBound...]
    }

    private func hide(_ value: [UInt8], _ credential: Credential?, behind name: @autoclosure () -> [UInt8]) -> [UInt8] {
        guard let credential, !value.isEmpty else { return shown(value) }
        hidden[credential] &+= 1
        found?.append(FoundCredential(credential, value, behind: name()))
        return Self.mark
    }
}
