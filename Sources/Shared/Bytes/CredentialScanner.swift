/// Finds credentials in a text of any kind: JSON, a form, a query, a command line, a connection string, XML, prose.
///
/// It reads from left to right, needs no grammar to be kept, and takes steps in proportion to the text: a text that was cut, or
/// that is damaged, hides no less.
struct CredentialScanner {
    /// A value to be hidden.
    struct Hit: Equatable {
        var range: Range<Int>
        var credential: Credential
        /// The value stands without quotes where JSON needs them: how many backslashes stand before those that it has there.
        var quoting: Int?
    }

    private let text: [UInt8]
    private(set) var hits: [Hit] = []
    /// No PEM block ends behind where one has begun.
    private var lacksPEMEnd = false
    /// The path that is being read: of a request's target, of a URL.
    private var path: Path?
    /// Where the text has to go on as it was.
    private var enclosing = EnclosingStrings()

    private struct Path {
        /// Where the segment begins that is being read.
        var segment: Int
        /// What is read is no segment yet, but the host before the first.
        var isHost: Bool
        /// What the segments before it say of it.
        var credential: Credential?
    }

    init(_ text: [UInt8]) { self.init(text, layer: 0) }

    /// - Parameter layer: how often it was decoded.
    private init(_ text: [UInt8], layer: Int) {
        self.text = text
        scan()
        // A URL that is a parameter of a URL stands in it encoded, and may have another one in it.
        guard layer < Self.mostLayers, let decoded = PercentDecodedText(text) else { return }
        let inner = CredentialScanner(decoded.bytes, layer: layer + 1).hits.map { hit in
            var hit = hit
            hit.range = decoded.range(hit.range)
            return hit
        }
        join(inner)
    }

    /// More often nobody encodes a text.
    private static let mostLayers = 3

    /// Takes what was found behind the encoding, too; what overlaps is one.
    private mutating func join(_ others: [Hit]) {
        let all = (hits + others).enumerated().sorted {
            ($0.element.range.lowerBound, $0.offset) < ($1.element.range.lowerBound, $1.offset)
        }
        hits = []
        for (_, hit) in all {
            guard let last = hits.last, hit.range.lowerBound < last.range.upperBound else {
                hits.append(hit)
                continue
            }
            let end = Swift.max(last.range.upperBound, hit.range.upperBound)
            hits[hits.count - 1].range = last.range.lowerBound..<end
        }
    }

    private mutating func scan() {
        var at = 0
        while at < text.count {
            if path != nil, Self.endsPath(text[at]) { path = nil }
            enclosing.reach(at, in: text)
            at = Swift.max(look(at), at + 1)
        }
    }

    /// - Returns: where to go on, behind what was read.
    private mutating func look(_ at: Int) -> Int {
        switch text[at] {
        case UInt8(ascii: ":"):
            if CredentialForms.has("://", text, at), let password = URLPassword.find(in: text, authority: at + 3) {
                return add(password, .urlPassword)
            }
            return named(at)
        case UInt8(ascii: "="): return named(at)
        case UInt8(ascii: "/"): return segment(behind: at)
        case UInt8(ascii: ">"): return element(at)
        case UInt8(ascii: "'"): return quoted(at)
        case UInt8(ascii: ";"): return formPart(at)
        case UInt8(ascii: "-"):
            return CredentialForms.has("-----BEGIN ", text, at) ? pem(at) : option(at)
        case let byte where ASCII.isLetter(byte) || ASCII.isDigit(byte):
            guard let found = CredentialForms.find(in: text, at: at) else { return at }
            return add(found.range, found.credential, quoting: quotingOfMember(at))
        default: return at
        }
    }

    private mutating func add(_ range: Range<Int>, _ credential: Credential, quoting: Int? = nil) -> Int {
        var end = Swift.min(range.upperBound, enclosing.end ?? range.upperBound)
        // Backslashes before a quote are the quote's.
        if end < text.count, text[end] == UInt8(ascii: "\"") {
            while end > range.lowerBound, text[end - 1] == UInt8(ascii: "\\") { end -= 1 }
        }
        if range.lowerBound < end {
            hits.append(Hit(range: range.lowerBound..<end, credential: credential, quoting: quoting))
        }
        return end
    }

    // MARK: - Names and values

    private struct Name {
        var credential: Credential
        /// Backslashes before its quotes: a text may be quoted in a text; `nil` where it has no quotes.
        var quoting: Int?
    }

    /// What stands behind a `:` or `=` if a name that counts stands before it.
    private mutating func named(_ separator: Int) -> Int {
        let isColon = text[separator] == UInt8(ascii: ":")
        var start = skipBlanks(separator + 1)
        guard start < enclosing.end ?? text.count,
            let name = name(before: separator, isList: isColon && text[start] == UInt8(ascii: "["))
        else { return separator }
        // SQL's E'…' and N'…'.
        if !isColon, ASCII.isLetter(text[start]), start + 1 < text.count, text[start + 1] == UInt8(ascii: "'") {
            start += 1
        }
        if let (quoting, first) = openingQuote(start) {
            return add(first..<closingQuote(first, quoting), name.credential)
        }
        if isColon, name.quoting != nil {
            if text[start] == UInt8(ascii: "{") || text[start] == UInt8(ascii: "[") {
                return everything(in: start, name.credential, name.quoting ?? 0)
            }
            let end = run(start) { !isBlank($0) && !Self.endsScalar.contains($0) }
            let isWord = ["true", "false", "null"].contains(String(decoding: text[start..<end], as: UTF8.self))
            return isWord ? separator : add(start..<end, name.credential, quoting: name.quoting)
        }
        if isColon {
            // host:port, or a time, has no blank there; what has one is a field of a head, a line of YAML.
            guard start > separator + 1 else { return separator }
            return add(start..<run(start) { !Self.endsLine.contains($0) }, name.credential)
        }
        // `Authorization=Bearer xyz` goes on behind the blank.
        let mayHaveBlanks = name.credential == .authorization
        // A path's parameter, `;jsessionid=77`, ends where the query begins.
        let isPathParameter = name.credential == .session
        func belongs(_ byte: UInt8) -> Bool {
            !Self.endsParameter.contains(byte) && (mayHaveBlanks || !isBlank(byte))
                && !(isPathParameter && byte == UInt8(ascii: "?"))
        }
        var end = run(start, belongs)
        // JSON may have a backslash before a slash (RFC 8259, section 7).
        while CredentialForms.has("\\/", text, end) { end = run(end + 2, belongs) }
        return start == separator + 1 ? add(start..<end, name.credential) : separator
    }

    private static let endsScalar = Array(",}]\"".utf8)
    private static let endsLine = Array("\r\n\0\"'<".utf8)
    private static let endsParameter = Array("&;\"'<>\r\n\0\\".utf8)
    /// So long a name is looked at.
    private static let longestName = 128

    /// - Parameter isList: its value is a list: the name may be that of many.
    private func name(before separator: Int, isList: Bool) -> Name? {
        var end = separator
        while end > 0, separator - end < 8, isBlank(text[end - 1]) { end -= 1 }
        guard end > 0 else { return nil }
        let quote = text[end - 1]
        guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
            let start = backwards(end) { Self.isNameByte($0) }
            return credential(start..<end, isList).map { Name(credential: $0, quoting: nil) }
        }
        var inner = end - 1
        while inner > 0, text[inner - 1] == UInt8(ascii: "\\") { inner -= 1 }
        let start = backwards(inner) { $0 != quote }
        guard start > 0, text[start - 1] == quote else { return nil }
        return credential(start..<inner, isList).map { Name(credential: $0, quoting: end - 1 - inner) }
    }

    /// A name as it is meant: `%5F` and `\u005F` are an underscore.
    private func credential(_ range: Range<Int>, _ isList: Bool = false) -> Credential? {
        guard !range.isEmpty else { return nil }
        var name: [UInt8] = []
        var at = range.lowerBound
        while at < range.upperBound {
            let isEscape = CredentialForms.has("\\u", text, at)
            let digits = text[at] == UInt8(ascii: "%") ? at + 1..<at + 3 : at + 2..<at + 6
            if isEscape || text[at] == UInt8(ascii: "%"), digits.upperBound <= range.upperBound,
                let value = Int(String(decoding: text[digits], as: UTF8.self), radix: 16)
            {
                name.append(UInt8(clamping: value))
                at = digits.upperBound
            } else {
                name.append(text[at])
                at += 1
            }
        }
        if let found = CredentialNames.credential(ofField: name) { return found }
        guard isList, let last = name.last, last | 0x20 == UInt8(ascii: "s") else { return nil }
        return CredentialNames.credential(ofField: name.dropLast())
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        if ASCII.isLetter(byte) || ASCII.isDigit(byte) { return true }
        switch byte {
        case UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "-"),
            UInt8(ascii: "["), UInt8(ascii: "]"):
            return true
        default: return false
        }
    }

    private func backwards(_ end: Int, _ belongs: (UInt8) -> Bool) -> Int {
        var start = end
        while start > 0, end - start < Self.longestName, belongs(text[start - 1]) { start -= 1 }
        return start
    }

    /// Backslashes before the quotes of a member of a JSON object whose value begins at the place, without quotes.
    private func quotingOfMember(_ start: Int) -> Int? {
        var at = start
        while at > 0, start - at < 8, isBlank(text[at - 1]) { at -= 1 }
        guard at > 1, text[at - 1] == UInt8(ascii: ":"), text[at - 2] == UInt8(ascii: "\"") else { return nil }
        let quote = at - 2
        // It begins a text that goes on so.
        guard enclosing.first != quote + 1 else { return nil }
        return quote - backwards(quote) { $0 == UInt8(ascii: "\\") }
    }

    // MARK: - Paths

    /// A path begins where a text does, or something in it, or behind the host of a URL; else a slash divides words.
    private func beginsPath(_ slash: Int) -> Bool {
        guard slash > 0 else { return true }
        switch text[slash - 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "("), UInt8(ascii: "="), UInt8(ascii: ">"): return true
        case let before: return isBlank(before)
        }
    }

    private static func endsPath(_ byte: UInt8) -> Bool {
        switch byte {
        case 0...0x20, UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "?"),
            UInt8(ascii: "#"), UInt8(ascii: "&"), UInt8(ascii: "\\"):
            true
        default: false
        }
    }

    /// What stands behind a slash, if the segment before it has a name that counts: `/reset/token/VALUE`.
    ///
    /// What is done with a secret may stand between its name and itself: `/password/reset/VALUE`.
    private mutating func segment(behind slash: Int) -> Int {
        guard var known = path else {
            let isURL = slash > 1 && text[slash - 1] == UInt8(ascii: "/") && text[slash - 2] == UInt8(ascii: ":")
            if isURL || beginsPath(slash) { path = Path(segment: slash + 1, isHost: isURL) }
            return slash
        }
        let name = known.segment..<Swift.max(slash, known.segment)
        if known.isHost {
            known.isHost = false
        } else if name.count <= Self.longestName {
            let shown = text[name]
            let isVerb = known.credential != nil && CredentialNames.isVerb(shown)
            if !isVerb { known.credential = CredentialNames.credential(ofSegment: shown) }
        } else {
            known.credential = nil
        }
        known.segment = slash + 1
        path = known
        guard let credential = known.credential else { return slash }
        let end = run(slash + 1) { !Self.endsPath($0) && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ";") }
        guard end > slash + 1, !CredentialNames.isVerb(text[(slash + 1)..<end]) else { return slash }
        path?.credential = nil
        return add(slash + 1..<end, credential)
    }

    // MARK: - Quotes and brackets

    /// - Returns: how many backslashes stand before the quote, and where the text begins.
    private func openingQuote(_ start: Int) -> (quoting: Int, first: Int)? {
        var at = start
        while at < text.count, text[at] == UInt8(ascii: "\\") { at += 1 }
        guard at < text.count, text[at] == UInt8(ascii: "\"") || text[at] == UInt8(ascii: "'") else { return nil }
        return (at - start, at + 1)
    }

    private func closingQuote(_ first: Int, _ quoting: Int) -> Int {
        EnclosingStrings.end(of: first, quoting: quoting, in: text)
    }

    /// All values of a JSON object or array: what belongs to a name that counts.
    private mutating func everything(in start: Int, _ credential: Credential, _ nameQuoting: Int) -> Int {
        var depth = 0
        var at = start
        let limit = enclosing.end ?? text.count
        while at < limit {
            switch text[at] {
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth == 0 { return at + 1 }
            case UInt8(ascii: "\\"), UInt8(ascii: "\""):
                guard let (quoting, first) = openingQuote(at) else { break }
                let end = closingQuote(first, quoting)
                let behind = skipBlanks(Swift.min(end + quoting + 1, text.count))
                let isKey = behind < text.count && text[behind] == UInt8(ascii: ":")
                if !isKey { _ = add(first..<end, credential) }
                at = end + quoting
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                let end = run(at) { !isBlank($0) && !Self.endsScalar.contains($0) }
                _ = add(at..<end, credential, quoting: nameQuoting)
                at = end - 1
            default: break
            }
            at += 1
        }
        return limit
    }

    /// Where a run of such bytes ends.
    private func run(_ start: Int, atMost most: Int = .max, _ belongs: (UInt8) -> Bool) -> Int {
        var end = start
        while end < text.count, end - start < most, belongs(text[end]) { end += 1 }
        return end
    }

    private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }

    private func skipBlanks(_ start: Int) -> Int {
        var at = start
        while at < text.count, at - start < 64, isBlank(text[at]) { at += 1 }
        return at
    }

    // MARK: - Other kinds of text

    /// `--password hunter2` of a command line.
    private mutating func option(_ at: Int) -> Int {
        guard CredentialForms.has("--", text, at), at == 0 || isBlank(text[at - 1]) else { return at }
        let end = run(at + 2, atMost: Self.longestName, Self.isNameByte)
        guard end < text.count, text[end] == 0x20, let found = credential(at + 2..<end) else { return at }
        let start = end + 1
        guard start < text.count, text[start] != UInt8(ascii: "-") else { return at }
        return add(start..<run(start) { !isBlank($0) }, found)
    }

    /// `PASSWORD 'hunter2'` and `IDENTIFIED BY 'hunter2'` of SQL.
    private mutating func quoted(_ at: Int) -> Int {
        var end = at
        while end > 0, at - end < 8, isBlank(text[end - 1]) { end -= 1 }
        var start = backwards(end) { Self.isNameByte($0) }
        guard end < at, start < end else { return at }
        if text[start..<end].elementsEqual("by".utf8, by: { $0 | 0x20 == $1 }) {
            end = start
            while end > 0, start - end < 8, isBlank(text[end - 1]) { end -= 1 }
            start = backwards(end) { Self.isNameByte($0) }
            guard text[start..<end].elementsEqual("identified".utf8, by: { $0 | 0x20 == $1 }) else { return at }
        } else if credential(start..<end) != .password {
            return at
        }
        var close = closingQuote(at + 1, 0)
        // A quote that is doubled stands for one.
        while close + 1 < text.count, text[close + 1] == UInt8(ascii: "'") { close = closingQuote(close + 2, 0) }
        return add(at + 1..<close, .password)
    }

    /// `<password>hunter2</password>` of XML.
    private mutating func element(_ at: Int) -> Int {
        let start = backwards(at) { $0 != UInt8(ascii: "<") && $0 != UInt8(ascii: ">") }
        guard start > 0, text[start - 1] == UInt8(ascii: "<"), text[at - 1] != UInt8(ascii: "/") else { return at }
        let end = run(start) { Self.isNameByte($0) || $0 == UInt8(ascii: ":") }
        guard let found = credential(start..<Swift.min(end, at)) else { return at }
        return add(at + 1..<run(at + 1) { $0 != UInt8(ascii: "<") }, found)
    }

    /// A part of a multipart body, named in its head (RFC 7578, section 4.2).
    private mutating func formPart(_ at: Int) -> Int {
        let label = Array("form-data".utf8)
        guard at >= label.count, text[(at - label.count)..<at].elementsEqual(label, by: { $0 | 0x20 == $1 | 0x20 })
        else { return at }
        let head = at..<run(at, atMost: Self.longestHead) { $0 != 0x0D && $0 != 0x0A }
        guard let equals = text[head].firstRange(of: Array(" name=".utf8))?.upperBound,
            let (quoting, first) = openingQuote(equals),
            let found = credential(first..<closingQuote(first, quoting)),
            let start = behindHead(from: head.upperBound)
        else { return at }
        let boundary = Array("\r\n--".utf8)
        let end = text[start...].firstRange(of: boundary)?.lowerBound ?? text.count
        return add(start..<end, found)
    }

    /// So much of a part's head is looked at.
    private static let longestHead = 1024

    /// Where the body of a part begins.
    private func behindHead(from start: Int) -> Int? {
        let near = start..<Swift.min(start + Self.longestHead, text.count)
        return text[near].firstRange(of: Array("\r\n\r\n".utf8))?.upperBound
    }

    private mutating func pem(_ at: Int) -> Int {
        if !lacksPEMEnd, let end = text[at...].firstRange(of: Array("-----END ".utf8)) {
            let close = text[end.upperBound...].firstRange(of: Array("-----".utf8))?.upperBound ?? text.count
            return add(at..<close, .pem)
        }
        lacksPEMEnd = true
        return add(at..<run(at) { $0 != UInt8(ascii: "\"") }, .pem)
    }
}
