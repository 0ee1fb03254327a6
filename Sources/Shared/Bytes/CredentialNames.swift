/// Names whose values look like credentials.
///
/// A name counts by its words, as `_`, `-`, `.`, digits and camel case divide it: `DB_PASSWORD` and `apiKey` do, `KEYBOARD`
/// and `AUTHOR` don't. In doubt a value is hidden.
enum CredentialNames {
    /// What the value of an environment variable of this name is.
    static func credential(ofVariable name: some Collection<UInt8>) -> Credential? {
        let words = words(name)
        // The working folder.
        if words == ["PWD"] { return nil }
        if let found = credential(words) { return found }
        // AUTH_SERVICE_URL and SSH_AUTH_SOCK say where somebody is, XDG_SESSION_ID whose desktop it is.
        guard words.contains("AUTH"), let last = words.last, !places.contains(last) else { return nil }
        return .authorization
    }

    /// What the value of a header field, a query's parameter or a member of a JSON object of this name is.
    static func credential(ofField name: some Collection<UInt8>) -> Credential? {
        let words = words(name)
        if let found = credential(words) { return found }
        if words.contains("AUTH") { return .authorization }
        return words.contains { sessions.contains($0) } ? .session : nil
    }

    /// Whether the value of a header field of this name is whom a request is for, as a URL has it behind its scheme.
    static func isAuthority(_ name: some Collection<UInt8>) -> Bool {
        authorities.contains(String(decoding: name, as: UTF8.self).lowercased())
    }

    private static let authorities: Set<String> = ["host", ":authority", "x-forwarded-host", "x-original-host"]

    /// What the segment of a path is that follows a segment of this name; a collection's name counts as that of one of it.
    ///
    /// The last word says what it is: `TokenService` is no token. A name with points is a package's, or a file's.
    static func credential(ofSegment name: ArraySlice<UInt8>) -> Credential? {
        guard !name.isEmpty,
            name.allSatisfy({ ASCII.isLetter($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") })
        else { return nil }
        var words = words(name)
        guard var last = words.popLast() else { return nil }
        if whole[last] == nil, last.hasSuffix("S"), last != "PASS" { last.removeLast() }
        if last == "KEY" || last == "STRING" { return credential(words.suffix(1) + [last]) }
        return credential([last]) ?? (sessions.contains(last) ? .session : nil)
    }

    /// What is done with a secret, as paths say it: no secret itself.
    static func isVerb(_ segment: ArraySlice<UInt8>) -> Bool {
        segment.count <= 16 && verbs.contains(String(decoding: segment.map { $0 | 0x20 }, as: UTF8.self))
    }

    private static let verbs: Set<String> = [
        "new", "create", "add", "edit", "update", "delete", "remove", "change", "set", "reset", "forgot", "forgotten",
        "recover", "recovery", "request", "confirm", "verify", "validate", "check", "refresh", "renew", "revoke",
        "rotate", "introspect", "exchange", "generate", "issue", "info", "status", "list", "search", "login", "logout",
        "signin", "signout", "me", "self", "current", "all", "policy", "settings", "config", "callback", "register",
    ]

    private static let whole: [String: Credential] = [
        "PWD": .password, "PASS": .password, "PASSWORDS": .password, "SECRETS": .secret, "CREDENTIAL": .credential,
        "CREDENTIALS": .credential, "CREDS": .credential, "AUTHORIZATION": .authorization, "COOKIE": .cookie,
        "COOKIES": .cookie, "SIGNATURE": .signature, "SIG": .signature, "JWT": .token, "AUTHENTICATION": .authorization,
        "CVV": .cardNumber, "CVC": .cardNumber, "DSN": .connectionString, "CONNSTR": .connectionString,
    ]
    /// A word may have them at its end: PGPASSWORD.
    private static let endings: [(String, Credential)] = [
        ("PASSWORD", .password), ("PASSWD", .password), ("PASSPHRASE", .password), ("SECRET", .secret),
        ("TOKEN", .token), ("APIKEY", .key), ("ACCESSKEY", .key), ("PRIVATEKEY", .key), ("SECRETKEY", .key),
        ("CONNECTIONSTRING", .connectionString),
    ]
    /// What makes a KEY a secret one.
    private static let keys: Set<String> = [
        "API", "PRIVATE", "ACCESS", "SIGNING", "ENCRYPTION", "SESSION", "SUBSCRIPTION",
    ]
    private static let sessions: Set<String> = ["SESSION", "SESSIONID", "JSESSIONID", "PHPSESSID", "SESSID"]
    private static let places: Set<String> = [
        "URL", "URI", "HOST", "HOSTNAME", "PORT", "PATH", "FILE", "SOCK", "SOCKET", "ADDR", "ADDRESS", "ENDPOINT",
        "SERVICE",
    ]

    private static func credential(_ words: [String]) -> Credential? {
        for (place, word) in words.enumerated() {
            if let found = whole[word] { return found }
            if let found = endings.first(where: { word.hasSuffix($0.0) }) { return found.1 }
            // Of an exchange of codes (RFC 7636).
            if word == "CODE", place + 1 < words.count, words[place + 1] == "VERIFIER" { return .secret }
            if word == "CONNECTION", place + 1 < words.count, words[place + 1] == "STRING" { return .connectionString }
        }
        return words.contains("KEY") && words.contains(where: keys.contains) ? .key : nil
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
}
