/// A value of YAML in block form, as the map is written, or as somebody has edited it: mappings and sequences over lines, and
/// scalars on one line each (YAML 1.2.2, chapters 7 and 8).
///
/// What is no such file is an error with its line. Flow collections but `[]` and `{}` stay as their text.
enum BlockYAML: Equatable {
    case scalar(String, isQuoted: Bool)
    case mapping([Member])
    case sequence([BlockYAML])

    struct Member: Equatable {
        var key: String
        var value: BlockYAML
    }

    /// Why a text can't be read.
    struct Fault: Error, Equatable {
        /// From 1 on.
        var line: Int
        var reason: String
    }

    init(_ text: String) throws(Fault) {
        var reader = BlockYAMLReader(text)
        self = try reader.document()
    }

    /// The value of a key; `nil` where there is none, or this is no mapping.
    subscript(key: String) -> BlockYAML? {
        guard case .mapping(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    /// Of a scalar; the empty text of another.
    var text: String? {
        guard case .scalar(let text, _) = self else { return nil }
        return text
    }

    var number: UInt64? { text.flatMap { UInt64($0) } }

    var elements: [BlockYAML] {
        guard case .sequence(let elements) = self else { return [] }
        return elements
    }
}

private struct BlockYAMLReader {
    private struct Line {
        var number: Int
        var indent: Int
        var content: Substring
    }

    private var lines: [Line] = []
    private var at = 0

    /// Blocks in blocks: no map goes so deep.
    private static let deepest = 256

    init(_ text: String) {
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            var content = line
            if content.last == "\r" { content.removeLast() }
            let indent = content.prefix { $0 == " " }.count
            content = content.dropFirst(indent)
            if content.isEmpty || content.first == "#" || content == "---" && indent == 0 { continue }
            lines.append(Line(number: number + 1, indent: indent, content: content))
        }
    }

    mutating func document() throws(BlockYAML.Fault) -> BlockYAML {
        guard let first = lines.first else { throw BlockYAML.Fault(line: 1, reason: "is empty") }
        let value = try block(first.indent, depth: 0)
        guard at == lines.count else { throw fault("is indented in a way that belongs to nothing") }
        return value
    }

    private func fault(_ reason: String) -> BlockYAML.Fault {
        BlockYAML.Fault(line: lines[min(at, lines.count - 1)].number, reason: reason)
    }

    private mutating func block(_ indent: Int, depth: Int) throws(BlockYAML.Fault) -> BlockYAML {
        guard depth < Self.deepest else { throw fault("lies too deep") }
        let content = lines[at].content
        if content == "-" || content.hasPrefix("- ") { return try sequence(indent, depth) }
        if Self.keyEnd(content) != nil { return try mapping(indent, depth) }
        at += 1
        return try scalar(content, at - 1)
    }

    private mutating func sequence(_ indent: Int, _ depth: Int) throws(BlockYAML.Fault) -> BlockYAML {
        var elements: [BlockYAML] = []
        while at < lines.count, lines[at].indent == indent,
            lines[at].content == "-" || lines[at].content.hasPrefix("- ")
        {
            let rest = lines[at].content.dropFirst()
            let blanks = rest.prefix { $0 == " " }.count
            if blanks == rest.count {
                at += 1
                elements.append(try value(deeperThan: indent, depth))
            } else {
                // What stands behind the dash is a block of its own, as far in as it begins.
                lines[at].indent = indent + 1 + blanks
                lines[at].content = rest.dropFirst(blanks)
                elements.append(try block(lines[at].indent, depth: depth + 1))
            }
        }
        return .sequence(elements)
    }

    private mutating func mapping(_ indent: Int, _ depth: Int) throws(BlockYAML.Fault) -> BlockYAML {
        var members: [BlockYAML.Member] = []
        while at < lines.count, lines[at].indent == indent, let end = Self.keyEnd(lines[at].content) {
            let content = lines[at].content
            let key = try scalar(content[..<end], at).text ?? ""
            let rest = content[content.index(after: end)...].drop { $0 == " " }
            at += 1
            if rest.isEmpty || rest.first == "#" {
                let value = try value(deeperThan: indent, depth, orSequenceAt: indent)
                members.append(BlockYAML.Member(key: key, value: value))
            } else {
                members.append(BlockYAML.Member(key: key, value: try scalar(rest, at - 1)))
            }
        }
        return .mapping(members)
    }

    /// What stands on the next lines; nothing where they are not farther in.
    private mutating func value(
        deeperThan indent: Int, _ depth: Int, orSequenceAt same: Int? = nil
    ) throws(BlockYAML.Fault) -> BlockYAML {
        guard at < lines.count else { return .scalar("", isQuoted: false) }
        let next = lines[at]
        let isSequence = next.content == "-" || next.content.hasPrefix("- ")
        guard next.indent > indent || isSequence && next.indent == same else { return .scalar("", isQuoted: false) }
        return try block(next.indent, depth: depth + 1)
    }

    /// Where the colon behind a key stands.
    private static func keyEnd(_ content: Substring) -> Substring.Index? {
        var place = content.startIndex
        if let quote = content.first, quote == "\"" || quote == "'" {
            guard let end = quotedEnd(content, quote) else { return nil }
            place = content.index(after: end)
            return place < content.endIndex && content[place] == ":" ? place : nil
        }
        if content.first == "?" || content.first == "[" || content.hasPrefix("{}") { return nil }
        while place < content.endIndex {
            let next = content.index(after: place)
            if content[place] == ":", next == content.endIndex || content[next] == " " { return place }
            place = next
        }
        return nil
    }

    private static func quotedEnd(_ content: Substring, _ quote: Character) -> Substring.Index? {
        var place = content.index(after: content.startIndex)
        while place < content.endIndex {
            if content[place] == quote { return place }
            if quote == "\"", content[place] == "\\" { place = content.index(after: place) }
            guard place < content.endIndex else { return nil }
            place = content.index(after: place)
        }
        return nil
    }

    private func scalar(_ content: Substring, _ line: Int) throws(BlockYAML.Fault) -> BlockYAML {
        let number = lines[line].number
        if let quote = content.first, quote == "\"" || quote == "'" {
            guard let end = Self.quotedEnd(content, quote) else {
                throw BlockYAML.Fault(line: number, reason: "has a quote that does not end on its line")
            }
            let inner = content[content.index(after: content.startIndex)..<end]
            guard quote == "\"" else { return .scalar(String(inner), isQuoted: true) }
            guard let text = Self.unescaped(inner) else {
                throw BlockYAML.Fault(line: number, reason: "has an escape that YAML does not know")
            }
            return .scalar(text, isQuoted: true)
        }
        if content.first == "?" || content.first == "|" || content.first == ">" || content.first == "&" {
            throw BlockYAML.Fault(line: number, reason: "is of a form that maps do not have")
        }
        var text = content
        if let comment = text.firstRange(of: " #") { text = text[..<comment.lowerBound] }
        while text.last == " " { text.removeLast() }
        if text == "[]" { return .sequence([]) }
        if text == "{}" { return .mapping([]) }
        return .scalar(String(text), isQuoted: false)
    }

    /// YAML 1.2.2, section 5.7.
    private static func unescaped(_ text: Substring) -> String? {
        let names: [Unicode.Scalar: UInt32] = [
            "0": 0, "a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13, "e": 27, " ": 32, "\"": 34, "/": 47,
            "\\": 92, "N": 0x85, "_": 0xA0, "L": 0x2028, "P": 0x2029,
        ]
        var result = String.UnicodeScalarView()
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            guard scalar == "\\" else {
                result.append(scalar)
                continue
            }
            guard let escape = rest.popFirst() else { return nil }
            if let value = names[escape], let scalar = Unicode.Scalar(value) {
                result.append(scalar)
                continue
            }
            let digits = escape == "x" ? 2 : escape == "u" ? 4 : escape == "U" ? 8 : 0
            guard digits > 0, let value = UInt32(String(String.UnicodeScalarView(rest.prefix(digits))), radix: 16),
                rest.count >= digits, let scalar = Unicode.Scalar(value)
            else { return nil }
            result.append(scalar)
            rest = rest.dropFirst(digits)
        }
        return String(result)
    }
}
