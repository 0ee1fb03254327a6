/// A document as a value: what is built once, and written as JSON or as YAML.
///
/// Members stand in the order in which they were added.
indirect enum DocumentTree: Hashable, Sendable {
    case text(String)
    case number(UInt64)
    case boolean(Bool)
    case list([DocumentTree])
    case map([Member])

    struct Member: Hashable, Sendable {
        var key: String
        var value: DocumentTree

        init(_ key: String, _ value: DocumentTree) {
            self.key = key
            self.value = value
        }
    }

    /// A list of strings.
    static func texts(_ texts: [String]) -> DocumentTree { .list(texts.map { .text($0) }) }

    private var isScalar: Bool {
        switch self {
        case .text, .number, .boolean: true
        case .list, .map: false
        }
    }

    // MARK: JSON

    /// As JSON, each member and each element on a line of its own, but for lists of scalars, which are one line.
    var json: String {
        var json = JSONWriter(capacity: 1 << 12)
        write(&json, depth: 0)
        json.byte(0x0A)
        return json.bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }

    private func write(_ json: inout JSONWriter, depth: Int) {
        switch self {
        case .text(let text): json.string(text)
        case .number(let number): json.number(number)
        case .boolean(let value): json.boolean(value)
        case .list(let elements) where elements.allSatisfy(\.isScalar):
            json.byte(0x5B)
            for (place, element) in elements.enumerated() {
                if place > 0 { json.raw(", ") }
                element.write(&json, depth: depth)
            }
            json.byte(0x5D)
        case .list(let elements):
            json.byte(0x5B)
            for (place, element) in elements.enumerated() {
                Self.newline(&json, depth + 1, place)
                element.write(&json, depth: depth + 1)
            }
            Self.newline(&json, depth, 0)
            json.byte(0x5D)
        case .map(let members):
            json.byte(0x7B)
            for (place, member) in members.enumerated() {
                Self.newline(&json, depth + 1, place)
                json.string(member.key)
                json.raw(": ")
                member.value.write(&json, depth: depth + 1)
            }
            if !members.isEmpty { Self.newline(&json, depth, 0) }
            json.byte(0x7D)
        }
    }

    private static func newline(_ json: inout JSONWriter, _ depth: Int, _ place: Int) {
        if place > 0 { json.byte(0x2C) }
        json.byte(0x0A)
        for _ in 0..<depth { json.raw("  ") }
    }

    // MARK: YAML

    /// As YAML in block form.
    var yaml: String {
        var yaml = YAMLWriter(.sparing)
        write(&yaml)
        return String(decoding: yaml.bytes, as: UTF8.self)
    }

    private func write(_ yaml: inout YAMLWriter) {
        switch self {
        case .text(let text): yaml.text(text)
        case .number(let number): yaml.number(number)
        case .boolean(let value): yaml.plain(value ? "true" : "false")
        case .list([]): yaml.plain("[]")
        case .map([]): yaml.plain("{}")
        case .list(let elements):
            yaml.beginBlock()
            for element in elements {
                yaml.beginElement()
                element.write(&yaml)
                yaml.endElement()
            }
            yaml.endBlock()
        case .map(let members):
            yaml.beginBlock()
            for member in members {
                yaml.key(member.key)
                member.value.write(&yaml)
            }
            yaml.endBlock()
        }
    }
}

extension [DocumentTree.Member] {
    mutating func add(_ key: String, _ value: DocumentTree) { append(DocumentTree.Member(key, value)) }
    mutating func add(_ key: String, _ text: String) { add(key, .text(text)) }
    mutating func add(_ key: String, _ number: UInt64) { add(key, .number(number)) }
    mutating func add(_ key: String, _ texts: [String]) { add(key, .texts(texts)) }

    /// Adds a map, unless it would be empty.
    mutating func add(unlessEmpty key: String, _ members: [DocumentTree.Member]) {
        if !members.isEmpty { add(key, .map(members)) }
    }

    /// Adds a list, unless it would be empty.
    mutating func add(unlessEmpty key: String, _ elements: [DocumentTree]) {
        if !elements.isEmpty { add(key, .list(elements)) }
    }
}
