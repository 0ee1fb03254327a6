/// Reads what a request over HTTP asks of a GraphQL server, as its JSON comes: a document, or the hash or number of one that the
/// server knows, and the name of the operation in it; alone, or several in a list (GraphQL over HTTP, sections 5.4 and 6; Apollo's
/// persisted queries and batches).
///
/// However the text is cut, it is the same. Variables are stepped over.
final class GraphQLRequest {
    /// The members that are looked at, and those within which they stand.
    private enum Key {
        case other, query, operationName, documentID, extensions, persistedQuery, hash

        /// - Parameter depth: of the object, 1 for the request's own.
        init(_ word: [UInt8], _ depth: Int) {
            func isKey(_ name: StaticString) -> Bool { word.span.bytes.isWord(name, at: 0..<word.count) }
            self =
                switch depth {
                case 1 where isKey("query"): .query
                case 1 where isKey("operationName"): .operationName
                case 1 where isKey("documentId"): .documentID
                case 1 where isKey("extensions"): .extensions
                case 2 where isKey("persistedQuery"): .persistedQuery
                case 3 where isKey("sha256Hash"): .hash
                default: .other
                }
        }
    }

    /// Longer ones are no keys and no names.
    private static let longest = 64
    /// A batch of more is only called that.
    private static let longestBatch = 200
    private static let mostNames = 16

    private var document = GraphQLDocument()
    /// The text itself, where it may be a document without JSON around it.
    private var plain: GraphQLDocument?
    /// What was found of the request that is read.
    private var hasDocument = false
    private var operationName: [UInt8] = []
    private var knownAs: [UInt8] = []

    /// What the requests before it in the list are called, each once; `nil`: one was none.
    private var found: [[UInt8]]? = []
    /// How many they are.
    private var count = 0
    /// They have more names than are kept.
    private var isCrowded = false
    private var depth = 0
    /// 1 within a list of requests.
    private var base = 0
    private var isOver = false
    private var keys: (Key, Key, Key) = (.other, .other, .other)

    private var isText = false
    private var escape = Escape.none
    private var word: [UInt8] = []
    private var isWhole = true
    /// The text that is read is a document.
    private var isQuery = false

    private enum Escape {
        case none, began
        /// So many hexadecimal digits are left of a code unit.
        case unit(Int, UInt16)
    }

    init() {}

    /// The text may be a document as it is (`application/graphql`), though some clients send JSON under that name.
    func mayBeDocument() { plain = GraphQLDocument() }

    private func reset() {
        document.reset()
        plain = nil
        beginRequest()
        found = []
        count = 0
        isCrowded = false
        depth = 0
        base = 0
        isOver = false
        keys = (.other, .other, .other)
        isText = false
        escape = .none
        isQuery = false
    }

    func feed(_ bytes: RawSpan) {
        if plain != nil { for at in 0..<bytes.byteCount { plain?.feed(bytes.byte(at)) } }
        var at = 0
        while at < bytes.byteCount {
            guard found != nil else { return }
            if isText, case .none = escape, !isQuery {
                // Most is of other members, whose texts are no more than stepped over.
                let end = bytes.plainTextEnd(at)
                keep(bytes, at..<end)
                at = end
                guard at < bytes.byteCount else { return }
            }
            let byte = bytes.byte(at)
            if isText { text(byte) } else { between(byte) }
            at &+= 1
        }
    }

    /// What it asks for: `query GetUser`; nothing where it is no GraphQL.
    func finish() -> [UInt8] {
        defer { reset() }
        if plain?.finish() == true { return GraphQLName.of(plain?.operations ?? [], operationName: [], knownAs: []) }
        guard isOver, depth == 0, let found, let first = found.first else { return [] }
        guard base == 1, count > 1 else { return first }
        guard !isCrowded else { return Array("batch".utf8) }
        // In whatever order they were sent.
        let names = found.sorted { $0.lexicographicallyPrecedes($1) }
        let text = Array("batch ".utf8) + names.joined(separator: Array(", ".utf8))
        return text.count <= Self.longestBatch ? text : Array("batch".utf8)
    }

    /// The hash or number by which the server knows the one document; nothing where it is sent, or there is none.
    func finishKnown() -> [UInt8] {
        defer { reset() }
        return isOver && depth == 0 && found != nil && !hasDocument ? knownAs : []
    }

    private func fail() { found = nil }

    // MARK: JSON

    private func between(_ byte: UInt8) {
        switch byte {
        case 0x20, 0x09, 0x0A, 0x0D: break
        case UInt8(ascii: "\""):
            guard depth > base else { return fail() }
            isText = true
            isWhole = true
            word.removeAll(keepingCapacity: true)
            isQuery = depth == base + 1 && keys.0 == .query
            if isQuery { document.reset() }
        case UInt8(ascii: ":"): set(Key(isWhole ? word : [], depth - base), depth - base)
        case UInt8(ascii: ","): set(.other, depth - base)
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard !isOver else { return fail() }
            if depth == 0, byte == UInt8(ascii: "[") {
                base = 1
            } else if depth == base, byte == UInt8(ascii: "[") {
                return fail()
            }
            depth += 1
            set(.other, depth - base)
            if depth == base + 1 { beginRequest() }
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            depth -= 1
            if depth < 0 { return fail() }
            if depth == base, byte == UInt8(ascii: "}") { endRequest() }
            if depth == 0 { isOver = true }
        default:
            // Numbers and words are values of members that are stepped over.
            if depth <= base { fail() }
        }
    }

    private func set(_ key: Key, _ depth: Int) {
        switch depth {
        case 1: keys.0 = key
        case 2: keys.1 = key
        case 3: keys.2 = key
        default: break
        }
    }

    private func text(_ byte: UInt8) {
        switch escape {
        case .began: escaped(byte)
        case .unit(let left, let unit):
            guard let digit = Self.hexadecimal(byte) else { return fail() }
            let unit = unit << 4 | UInt16(digit)
            guard left == 1 else {
                escape = .unit(left - 1, unit)
                return
            }
            escape = .none
            // What is beyond ASCII stands in a document's texts and remarks alone.
            keep(unit < 0x80 ? UInt8(unit) : 0x80)
        case .none:
            if byte == UInt8(ascii: "\"") {
                isText = false
                endText()
            } else if byte == UInt8(ascii: "\\") {
                escape = .began
            } else {
                keep(byte)
            }
        }
    }

    private func escaped(_ byte: UInt8) {
        escape = .none
        switch byte {
        case UInt8(ascii: "n"): keep(0x0A)
        case UInt8(ascii: "r"): keep(0x0D)
        case UInt8(ascii: "t"): keep(0x09)
        case UInt8(ascii: "b"), UInt8(ascii: "f"): keep(0x80)
        case UInt8(ascii: "u"): escape = .unit(4, 0)
        default: keep(byte)
        }
    }

    static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private func keep(_ byte: UInt8) {
        if isQuery {
            document.feed(byte)
        } else if word.count < Self.longest + 16 {
            word.append(byte)
        } else {
            isWhole = false
        }
    }

    /// Bytes of a text that is no document.
    private func keep(_ bytes: RawSpan, _ range: Range<Int>) {
        let room = Self.longest &+ 16 &- word.count
        if range.count > room { isWhole = false }
        word.append(bytes.extracting(range.lowerBound..<range.lowerBound &+ min(range.count, room)))
    }

    // MARK: Requests

    private func beginRequest() {
        hasDocument = false
        operationName.removeAll()
        knownAs.removeAll()
    }

    private func endText() {
        if isQuery {
            isQuery = false
            word.removeAll(keepingCapacity: true)
            hasDocument = document.finish()
            return
        }
        guard isWhole else { return }
        switch (depth - base, keys) {
        case (1, (.operationName, _, _)): operationName = word
        case (1, (.documentID, _, _)), (3, (.extensions, .persistedQuery, .hash)): knownAs = word
        default: break
        }
    }

    private func endRequest() {
        let name = GraphQLName.of(
            hasDocument ? document.operations : [], operationName: operationName, knownAs: knownAs)
        guard !name.isEmpty else { return fail() }
        count += 1
        guard !isCrowded, found?.contains(name) == false else { return }
        if (found?.count ?? 0) < Self.mostNames { found?.append(name) } else { isCrowded = true }
    }
}

/// What an operation of GraphQL is called.
enum GraphQLName {
    /// Hexadecimal digits of a hash that tell one document from another.
    private static let shownDigits = 12

    /// - Parameters:
    ///   - operations: those of the document; none where it was not sent.
    ///   - knownAs: what the server knows it by, where it does.
    static func of(
        _ operations: [GraphQLDocument.Operation], operationName: [UInt8], knownAs: [UInt8]
    ) -> [UInt8] {
        if let operation = operations.first(where: { !operationName.isEmpty && $0.name == operationName })
            ?? operations.first
        {
            return operation.text
        }
        guard !knownAs.isEmpty else { return [] }
        let start = Array("persisted ".utf8)
        if JSONMembers.isWord(operationName.span.bytes) { return start + operationName }
        // `sha256:…`, or the digits alone.
        let digits = knownAs.lastIndex(of: UInt8(ascii: ":")).map { Array(knownAs[($0 + 1)...]) } ?? knownAs
        guard digits.count >= 16, digits.allSatisfy({ GraphQLRequest.hexadecimal($0) != nil }) else {
            return Array("persisted".utf8)
        }
        return start + digits.prefix(shownDigits)
    }
}
