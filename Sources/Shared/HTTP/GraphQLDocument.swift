/// Reads an executable document of GraphQL (specification of October 2021, sections 2.1 to 2.12) as its bytes come, and keeps of it
/// what kinds of operations it has and what they are called: no argument, no variable, no literal.
///
/// It is strict where other languages look alike: what does not follow the grammar is no document.
struct GraphQLDocument {
    struct Operation: Equatable {
        var kind: StaticString = "query"
        var name: [UInt8] = []
        /// The outermost fields, without aliases, each once.
        var fields: [[UInt8]] = []
        /// There are more of them.
        var hasMore = false

        static func == (a: Operation, b: Operation) -> Bool { a.text == b.text }
    }

    private(set) var operations: [Operation] = []

    /// More are no document that anybody wrote.
    private static let mostOperations = 64
    private static let mostFields = 4
    private static let deepest = 128
    /// Names are cut there, and then are no names any more.
    private static let longest = 128

    // MARK: Tokens

    private enum Lexer {
        case between, name, number, comment
        /// So many quotes, or dots, in a row.
        case quotes(Int)
        case dots(Int)
        case string, escape
        /// So many quotes in a row within a block.
        case block(Int)
    }

    private enum Token {
        case name, string, number
        case mark(UInt8)
        case spread
    }

    private var lexer = Lexer.between
    private var word: [UInt8] = []

    // MARK: Grammar

    private enum State {
        case definition, operation, operationRest, operationSelection
        case fragmentName, fragmentOn, fragmentType, fragmentRest
        case selection, field, alias, fieldRest, fieldEnd
        case spread, typeCondition, inlineRest, spreadEnd
        case directive, directiveEnd
        case argument, argumentColon, value, variable, member, memberColon
        /// Within so many brackets of variables' definitions, whose types and defaults are stepped over.
        case variables(Int)
        case failed
    }

    private enum Nest { case selection, arguments, list, object }

    private var state = State.definition
    private var nest: [Nest] = []
    /// Where it goes on behind a directive, and behind arguments.
    private var resume = State.failed
    private var isOperation = false

    init() {}

    mutating func reset() { self = GraphQLDocument() }

    var isFailed: Bool { if case .failed = state { true } else { false } }

    mutating func feed(_ byte: UInt8) {
        guard !isFailed else { return }
        switch lexer {
        case .comment: if byte == 0x0A || byte == 0x0D { lexer = .between }
        case .string: string(byte)
        case .escape: lexer = .string
        case .block(let quotes): block(byte, quotes)
        case .quotes(let count): afterQuotes(byte, count)
        case .dots(let count):
            guard byte == UInt8(ascii: ".") else { return fail() }
            if count == 2 { end(.spread) } else { lexer = .dots(count + 1) }
        case .name:
            guard !ASCII.isLetter(byte), !ASCII.isDigit(byte), byte != UInt8(ascii: "_") else {
                if word.count < Self.longest { word.append(byte) }
                return
            }
            end(.name)
            between(byte)
        case .number:
            guard !ASCII.isLetter(byte), !ASCII.isDigit(byte), byte != 0x2E, byte != 0x2B, byte != 0x2D else { return }
            end(.number)
            between(byte)
        case .between: between(byte)
        }
    }

    /// The text is over.
    /// - Returns: whether it was a document with an operation.
    mutating func finish() -> Bool {
        switch lexer {
        case .between, .comment: break
        default: return false
        }
        if case .definition = state { return !operations.isEmpty }
        return false
    }

    private mutating func fail() { state = .failed }

    private mutating func end(_ token: Token) {
        lexer = .between
        take(token)
    }

    private mutating func between(_ byte: UInt8) {
        guard !isFailed else { return }
        switch byte {
        case 0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: ","): break
        case UInt8(ascii: "#"): lexer = .comment
        case UInt8(ascii: "\""): lexer = .quotes(1)
        case UInt8(ascii: "."): lexer = .dots(1)
        case UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: ":"),
            UInt8(ascii: "="), UInt8(ascii: "@"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"),
            UInt8(ascii: "}"):
            take(.mark(byte))
        case UInt8(ascii: "-"): lexer = .number
        default:
            if ASCII.isDigit(byte) {
                lexer = .number
            } else if ASCII.isLetter(byte) || byte == UInt8(ascii: "_") {
                word.removeAll(keepingCapacity: true)
                word.append(byte)
                lexer = .name
            } else {
                fail()
            }
        }
    }

    private mutating func string(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): end(.string)
        case UInt8(ascii: "\\"): lexer = .escape
        case 0x0A, 0x0D: fail()
        default: break
        }
    }

    /// One quote begins a string, two are an empty one, three begin a block.
    private mutating func afterQuotes(_ byte: UInt8, _ count: Int) {
        if byte == UInt8(ascii: "\"") {
            lexer = count == 2 ? .block(0) : .quotes(2)
        } else if count == 2 {
            end(.string)
            between(byte)
        } else {
            lexer = .string
            string(byte)
        }
    }

    /// `\"""` does not end a block.
    private mutating func block(_ byte: UInt8, _ quotes: Int) {
        switch byte {
        case UInt8(ascii: "\"") where quotes == 2: end(.string)
        case UInt8(ascii: "\"") where quotes < 0: lexer = .block(quotes == -3 ? 0 : quotes - 1)
        case UInt8(ascii: "\""): lexer = .block(quotes + 1)
        case UInt8(ascii: "\\"): lexer = .block(-1)
        default: lexer = .block(0)
        }
    }

    // MARK: Parsing

    private mutating func open(_ what: Nest, _ next: State) {
        guard nest.count < Self.deepest else { return fail() }
        nest.append(what)
        state = next
    }

    private mutating func take(_ token: Token) {
        switch (state, token) {
        case (.definition, .mark(UInt8(ascii: "{"))): begin(Operation(), .mark(UInt8(ascii: "{")))
        case (.definition, .name): definition()
        case (.operation, .name):
            operations[operations.count - 1].name = word
            state = .operationRest
        case (.operation, .mark(UInt8(ascii: "("))), (.operationRest, .mark(UInt8(ascii: "("))): state = .variables(1)
        case (.operation, .mark), (.operationRest, .mark), (.operationSelection, .mark):
            body(token, .operationSelection)
        case (.variables(let depth), _): variables(token, depth)

        case (.fragmentName, .name): state = isWord("on") ? .failed : .fragmentOn
        case (.fragmentOn, .name): state = isWord("on") ? .fragmentType : .failed
        case (.fragmentType, .name): state = .fragmentRest
        case (.fragmentRest, .mark): body(token, .fragmentRest)

        case (.selection, .name), (.field, .name), (.fieldRest, .name), (.fieldEnd, .name), (.spreadEnd, .name):
            note(isAlias: false)
            state = .field
        case (.field, .mark(UInt8(ascii: ":"))): state = .alias
        case (.alias, .name):
            note(isAlias: true)
            state = .fieldRest
        case (.field, .mark(UInt8(ascii: "("))), (.fieldRest, .mark(UInt8(ascii: "("))):
            resume = .fieldEnd
            open(.arguments, .argument)
        case (.field, .mark(UInt8(ascii: "@"))), (.fieldRest, .mark(UInt8(ascii: "@"))),
            (.fieldEnd, .mark(UInt8(ascii: "@"))):
            body(token, .fieldEnd)
        case (.field, .mark(UInt8(ascii: "{"))), (.fieldRest, .mark(UInt8(ascii: "{"))),
            (.fieldEnd, .mark(UInt8(ascii: "{"))):
            open(.selection, .selection)
        case (.field, .mark(UInt8(ascii: "}"))), (.fieldRest, .mark(UInt8(ascii: "}"))),
            (.fieldEnd, .mark(UInt8(ascii: "}"))), (.spreadEnd, .mark(UInt8(ascii: "}"))),
            (.selection, .mark(UInt8(ascii: "}"))):
            closeSelection()
        case (.selection, .spread), (.field, .spread), (.fieldRest, .spread), (.fieldEnd, .spread),
            (.spreadEnd, .spread):
            state = .spread
        case (.spread, .name): state = isWord("on") ? .typeCondition : .spreadEnd
        case (.typeCondition, .name): state = .inlineRest
        case (.spread, .mark), (.inlineRest, .mark): body(token, .inlineRest)
        case (.spreadEnd, .mark(UInt8(ascii: "@"))): body(token, .spreadEnd)

        case (.directive, .name): state = .directiveEnd
        case (.directiveEnd, .mark(UInt8(ascii: "("))): open(.arguments, .argument)
        case (.directiveEnd, _):
            state = resume
            take(token)
        default: value(token)
        }
    }

    /// Arguments and what they are, which is stepped over.
    private mutating func value(_ token: Token) {
        switch (state, token) {
        case (.argument, .name): state = .argumentColon
        case (.argument, .mark(UInt8(ascii: ")"))):
            nest.removeLast()
            state = resume
        case (.argumentColon, .mark(UInt8(ascii: ":"))), (.memberColon, .mark(UInt8(ascii: ":"))): state = .value
        case (.value, .name), (.value, .number), (.value, .string), (.variable, .name): valueEnds()
        case (.value, .mark(UInt8(ascii: "$"))): state = .variable
        case (.value, .mark(UInt8(ascii: "["))): open(.list, .value)
        case (.value, .mark(UInt8(ascii: "{"))): open(.object, .member)
        case (.value, .mark(UInt8(ascii: "]"))) where nest.last == .list, (.member, .mark(UInt8(ascii: "}"))):
            nest.removeLast()
            valueEnds()
        case (.member, .name): state = .memberColon
        default: fail()
        }
    }

    private mutating func valueEnds() {
        switch nest.last {
        case .arguments: state = .argument
        case .list: state = .value
        case .object: state = .member
        case .selection, nil: fail()
        }
    }

    private func isWord(_ text: StaticString) -> Bool { word.span.bytes.isWord(text, at: 0..<word.count) }

    private mutating func definition() {
        let kinds: [StaticString] = ["query", "mutation", "subscription"]
        if isWord("fragment") {
            isOperation = false
            state = .fragmentName
        } else if let kind = kinds.first(where: { isWord($0) }) {
            begin(Operation(kind: kind), nil)
        } else {
            fail()
        }
    }

    private mutating func begin(_ operation: Operation, _ token: Token?) {
        guard operations.count < Self.mostOperations else { return fail() }
        operations.append(operation)
        isOperation = true
        state = .operation
        if let token { body(token, .operationSelection) }
    }

    /// A directive, or the selection.
    private mutating func body(_ token: Token, _ next: State) {
        guard case .mark(let mark) = token else { return fail() }
        switch mark {
        case UInt8(ascii: "@"):
            resume = next
            state = .directive
        case UInt8(ascii: "{"): open(.selection, .selection)
        default: fail()
        }
    }

    private mutating func variables(_ token: Token, _ depth: Int) {
        guard case .mark(let mark) = token else { return }
        switch mark {
        case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"):
            state = depth < Self.deepest ? .variables(depth + 1) : .failed
        case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
            state = depth == 1 ? .operationSelection : .variables(depth - 1)
        default: break
        }
    }

    private mutating func closeSelection() {
        guard nest.last == .selection else { return fail() }
        nest.removeLast()
        state = nest.isEmpty ? .definition : .fieldEnd
    }

    /// A field was named; of an alias the field's own name follows.
    private mutating func note(isAlias: Bool) {
        guard isOperation, nest.count == 1, !operations.isEmpty else { return }
        let place = operations.count - 1
        if isAlias, !operations[place].hasMore, !operations[place].fields.isEmpty {
            operations[place].fields.removeLast()
        }
        guard !operations[place].fields.contains(word) else { return }
        if operations[place].fields.count < Self.mostFields {
            operations[place].fields.append(word)
        } else {
            operations[place].hasMore = true
        }
    }
}

extension GraphQLDocument.Operation {
    /// `query GetUser`; of what has no name, or one that looks like one of many, `query {user orders}`.
    var text: [UInt8] {
        var text: [UInt8] = []
        kind.withUTF8Buffer { text += $0 }
        if JSONMembers.isWord(name.span.bytes) { return text + [0x20] + name }
        let shown = fields.filter { JSONMembers.isWord($0.span.bytes) || $0.starts(with: [0x5F, 0x5F]) }
        guard !shown.isEmpty else { return text }
        text += Array(" {".utf8) + shown.joined(separator: [0x20])
        return text + Array((hasMore ? " …}" : "}").utf8)
    }
}
