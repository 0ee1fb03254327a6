/// What a statement does to what, as OpenTelemetry's db.query.summary has it: operations and their targets in the order of
/// the text, spelled as there (semantic conventions 1.44.0, "Generating query summary").
///
/// It is told of a statement's tokens one after the other and remembers what kind of name may come next. Parentheses are
/// levels: a list of tables goes on at the level of its FROM.
struct SQLSummary: ~Copyable {
    private(set) var text = UniqueBytes()
    private(set) var targets = UniqueBytes()
    private(set) var verb = SQLWord.none
    private var verbDepth = 0

    private var dialect = SQLDialect.standard
    /// Where the text was cut: a name that ends there may be a part of one.
    private var cut: Int?
    private var start = 0
    private var targetStart = 0
    private var targetCount = 0
    private var isFull = false

    // MARK: Of the statement

    /// No word has said yet what the statement does.
    private var isAtStart = true
    private var isExplained = false
    private var hidesTables = false
    /// The verb that was met last: of the statement, or of one within it.
    private var operation = SQLWord.none
    private var definition = Definition.none
    private(set) var isRoutine = false
    /// Behind the name of a procedure (SQL Server).
    private(set) var isInArguments = false
    private var previous = SQLToken.start

    private enum Definition { case none, kind, name, behind }

    // MARK: Names

    private var expected = Expected.nothing
    private var pending = Pending()
    private var levels = InlineArray<64, Level>(repeating: Level())
    private var depth = 0
    private var commonTables: [Range<Int>] = []

    private enum Expected: Equatable {
        case nothing
        /// A table, or a function that gives one.
        case table
        /// What USING names, unless it is a list of columns.
        case used
        /// What is acted on, whatever follows.
        case object
        /// What DELETE names, unless FROM follows.
        case deleted
        /// A name of WITH.
        case common
    }

    private struct Pending {
        var kind = Expected.nothing
        var start = 0
        var end = 0
        var isQualified = false
    }

    private struct Level {
        /// A comma leads to another table.
        var isList = false
        /// A comma leads to another name of WITH.
        var isCommon = false
        /// FROM belongs to a function.
        var ownsFrom = false
    }

    // MARK: Of the whole text

    private var statementStart = 0
    private var first = ByteRange.empty
    private var statements = 0
    private var areEqual = true

    init() {}

    mutating func removeAll() {
        text.removeAll(keepingAtMost: 4096)
        targets.removeAll(keepingAtMost: 4096)
    }

    /// OpenTelemetry's bound of a summary.
    private static let longest = 255
    /// More things that one statement acts on are not told.
    private static let mostTargets = 16
    /// More names of one WITH are taken for tables.
    private static let mostCommonTables = 64

    mutating func begin(_ dialect: SQLDialect, cutAt cut: Int?) {
        self.dialect = dialect
        self.cut = cut
        start = text.count
        targetStart = targets.count
        targetCount = 0
        isFull = false
        verb = .none
        statements = 0
        areEqual = true
        commonTables.removeAll(keepingCapacity: true)
        beginStatement()
    }

    private mutating func beginStatement() {
        isAtStart = true
        isExplained = false
        hidesTables = false
        operation = .none
        definition = .none
        isRoutine = false
        isInArguments = false
        previous = .start
        expected = .nothing
        pending = Pending()
        depth = 0
        levels[0] = Level()
        statementStart = text.count
    }

    var range: ByteRange { ByteRange(start, text.count) }
    var targetRange: ByteRange { ByteRange(targetStart, targets.count) }

    // MARK: Tokens

    /// - Parameters:
    ///   - depth: of the parentheses that are open behind the token.
    @inline(__always)
    mutating func take(_ token: SQLToken, _ source: RawSpan, _ from: Int, _ end: Int, _ depth: Int) {
        if pending.kind != .nothing {
            if token == .dot || previous == .dot && token.isName {
                extend(end, token)
                return
            }
            settle(token, source)
        }
        switch token {
        case .word(let word): take(word, source, from, end)
        case .name: name(from, end)
        case .open: open(depth)
        case .close: close(depth)
        case .comma: comma()
        case .sign:
            // EXEC @status = name
            expected = previous == .name && operation.callsName ? .object : .nothing
        case .string, .number, .placeholder: expected = .nothing
        case .dot, .start: break
        }
        previous = token
    }

    private mutating func extend(_ end: Int, _ token: SQLToken) {
        switch token {
        case .dot: pending.isQualified = true
        default: pending.end = end
        }
        previous = token
    }

    private mutating func name(_ from: Int, _ end: Int) {
        guard expected != .nothing, definition != .kind else {
            leaveStart()
            return
        }
        pending = Pending(kind: expected, start: from, end: end)
        expected = .nothing
        if definition == .name { definition = .behind }
    }

    /// What begins with a word that nobody knows is of no kind.
    private mutating func leaveStart() {
        guard isAtStart, !isExplained, depth == 0, !levels[0].isCommon else { return }
        isAtStart = false
        hidesTables = true
    }

    private mutating func open(_ depth: Int) {
        var level = Level()
        if case .word(let word) = previous, word.hasOwnFrom { level.ownsFrom = true }
        // Tables may be joined within parentheses.
        if expected == .table { level.isList = true } else { expected = .nothing }
        self.depth = depth
        levels[place] = level
    }

    private mutating func close(_ depth: Int) {
        self.depth = depth
        expected = .nothing
        isInArguments = false
    }

    private var place: Int { Swift.min(Swift.max(0, depth), 63) }

    private mutating func comma() {
        let level = levels[place]
        if level.isCommon {
            expected = .common
        } else if level.isList {
            expected = .table
        } else {
            expected = .nothing
        }
    }

    // MARK: Words

    private mutating func take(_ word: SQLWord, _ source: RawSpan, _ from: Int, _ end: Int) {
        if definition == .kind { return define(word, source, from, end) }
        if begins(word) { return operate(word, source, from, end) }
        switch word {
        case .with where isAtStart || previous == .open || previous == .word(.as) || operation == .insert:
            levels[place].isCommon = true
            expected = .common
        case .from:
            if levels[place].ownsFrom || previous == .word(.distinct) || hidesTables || operation.definesObject {
                expected = .nothing
            } else {
                levels[place].isList = true
                expected = .table
            }
        case .join, .apply:
            levels[place].isList = true
            expected = .table
        case .straightJoin: expected = levels[place].isList ? .table : .nothing
        case .using:
            expected = operation == .delete || operation == .merge ? .used : .nothing
            if expected == .used { levels[place].isList = true }
        case .into: expected = hidesTables ? .nothing : .object
        case .table where definition == .none && previous != .word(.returns) && !hidesTables:
            expected = .object
        case _ where expected != .nothing && !word.isReserved: nameOrModifier(word, from, end)
        case _ where expected != .nothing && word.isBeforeName: break
        default:
            expected = .nothing
            if word.endsTables { levels[place].isList = false }
            leaveStart()
        }
    }

    private mutating func nameOrModifier(_ word: SQLWord, _ from: Int, _ end: Int) {
        if word == .only || word == .lateral || word.isBeforeName && expected == .object { return }
        if word == .recursive, expected == .common { return }
        name(from, end)
    }

    /// Whether a word begins a statement here, or one within the statement.
    private func begins(_ word: SQLWord) -> Bool {
        guard word.isVerb else { return false }
        if isAtStart {
            // Behind the statements of a routine's body: it closes the body, and commits nothing.
            if word == .end, verb != .none { return false }
            if isExplained { return word.changesRows || word.isExplainable }
            return depth == 0 || word == .select || word == .values || word.changesRows
        }
        if hidesTables || definition == .name { return false }
        switch word {
        case .select: return true
        case .insert, .update, .delete, .merge:
            if previous == .open || previous == .word(.as) || levels[place].isCommon && previous == .close {
                return true
            }
            return dialect.kind == .transactSQL && depth == 0 && previous.mayEndStatement && !isTriggered
        case .exec, .execute: return dialect.kind == .transactSQL && depth == 0 && previous.mayEndStatement
        default: return false
        }
    }

    /// WHEN MATCHED THEN UPDATE is a part of MERGE; AFTER INSERT is one of a trigger's definition.
    private var isTriggered: Bool {
        operation == .merge || definition == .behind && previous != .word(.as) && previous != .word(.begin)
    }

    private mutating func operate(_ word: SQLWord, _ source: RawSpan, _ from: Int, _ end: Int) {
        isAtStart = false
        isInArguments = false
        if word == .explain {
            isAtStart = true
            isExplained = true
        }
        operation = word
        definition = .none
        // Of WITH … DELETE it is DELETE.
        if verb == .none || depth < verbDepth {
            verb = word
            verbDepth = depth
        }
        hidesTables = hidesTables || depth == 0 && word.hidesTables
        levels[place].isCommon = false
        levels[place].isList = word.takesList
        add(source, from, end)
        switch word {
        case .create, .alter, .drop: definition = .kind
        case .update: expected = .table
        case .delete: expected = .deleted
        default: expected = word.namesItsObject ? .object : .nothing
        }
    }

    /// CREATE UNIQUE INDEX: what is between the verb and what is defined goes.
    private mutating func define(_ word: SQLWord, _ source: RawSpan, _ from: Int, _ end: Int) {
        if word == .materialized { return add(source, from, end) }
        guard word.isObject else {
            expected = .nothing
            return
        }
        add(source, from, end)
        definition = .name
        expected = .object
        isRoutine = word == .function || word == .procedure || word == .proc || word == .trigger || word == .event
        if word == .policy || word == .rule || word == .role || word == .user || word == .login { hidesTables = true }
    }

    // MARK: Names

    /// A name has ended; what follows it decides what it is.
    private mutating func settle(_ next: SQLToken, _ source: RawSpan) {
        let name = pending
        pending.kind = .nothing
        switch name.kind {
        case .nothing: break
        case .common:
            if next == .open || next == .word(.as), commonTables.count < Self.mostCommonTables {
                commonTables.append(name.start..<name.end)
            }
        case .table, .used: if next != .open { target(name, source) }
        case .deleted: if next != .word(.from), next != .comma, next != .sign, next != .open { target(name, source) }
        case .object:
            if next == .word(.into) { return }
            // CREATE INDEX ON t: the index has no name.
            target(name, source)
            if operation == .copy, depth == 0 { hidesTables = true }
            if operation.callsName, dialect.kind == .transactSQL, source.u8(at: name.start) != UInt8(ascii: "@") {
                isInArguments = next != .open
            }
        }
    }

    private mutating func target(_ name: Pending, _ source: RawSpan) {
        guard name.end != cut, name.start < name.end, name.end <= source.byteCount else { return }
        // A variable, but where it may be a table.
        if source.u8(at: name.start) == UInt8(ascii: "@"), dialect.kind != .transactSQL || operation.callsName {
            return
        }
        if !name.isQualified, isCommonTable(name, source) { return }
        add(source, name.start, name.end)
        addTarget(source, name.start, name.end)
    }

    private func isCommonTable(_ name: Pending, _ source: RawSpan) -> Bool {
        for known in commonTables where known.count == name.end &- name.start {
            var isSame = true
            for offset in 0..<known.count where isSame {
                let a = source.u8(at: known.lowerBound &+ offset) ?? 0
                let b = source.u8(at: name.start &+ offset) ?? 0
                isSame = a == b || (a ^ b == 0x20 && ASCII.isLetter(a))
            }
            if isSame { return true }
        }
        return false
    }

    // MARK: Writing

    /// Appends a word or a name, whole or not at all.
    private mutating func add(_ source: RawSpan, _ from: Int, _ end: Int) {
        guard !isFull else { return }
        let before = text.count
        if before > start { text.append(UInt8(ascii: " ")) }
        Self.appendWithoutBlanks(source, from, end, to: &text)
        if text.count &- start > Self.longest {
            text.truncate(to: before)
            isFull = true
        }
    }

    private mutating func addTarget(_ source: RawSpan, _ from: Int, _ end: Int) {
        guard targetCount < Self.mostTargets, end &- from <= Self.longest else { return }
        let before = targets.count
        if before > targetStart { targets.append(0) }
        let nameStart = targets.count
        Self.appendWithoutBlanks(source, from, end, to: &targets)
        if isKnownTarget(nameStart, before) {
            targets.truncate(to: before)
        } else {
            targetCount &+= 1
        }
    }

    /// A name that is written over several words, with blanks around its dots, is one all the same.
    private static func appendWithoutBlanks(_ source: RawSpan, _ from: Int, _ end: Int, to bytes: inout UniqueBytes) {
        let name = source.extracting(from..<end)
        let first = name.u8(at: 0) ?? 0
        let isQuoted = first == UInt8(ascii: "\"") || first == UInt8(ascii: "`") || first == UInt8(ascii: "[")
        var quote: UInt8 = 0
        guard !isQuoted else {
            for at in 0..<name.byteCount {
                let byte = name.byte(at)
                if byte != 0 { bytes.append(byte) }
            }
            return
        }
        for at in 0..<name.byteCount {
            let byte = name.byte(at)
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "`") { quote = quote == 0 ? byte : 0 }
            if byte > 0x20 || quote != 0 && byte != 0 { bytes.append(byte) }
        }
    }

    private func isKnownTarget(_ nameStart: Int, _ before: Int) -> Bool {
        let all = targets.bytes
        let name = all.extracting(nameStart..<targets.count)
        var at = targetStart
        while at < before {
            let end = all.firstIndex(of: 0, in: at..<before) ?? before
            if all.extracting(at..<end).equals(name) { return true }
            at = end &+ 1
        }
        return false
    }

    // MARK: Ends

    /// The statement has ended, and another follows in the same text.
    mutating func endStatement(_ source: RawSpan) {
        if pending.kind != .nothing { settle(.start, source) }
        let from = text.count > statementStart && statementStart > start ? statementStart &+ 1 : statementStart
        if text.count > from {
            statements &+= 1
            let own = ByteRange(from, text.count)
            if statements == 1 { first = own }
            areEqual = areEqual && text.bytes.extracting(own).equals(text.bytes.extracting(first))
        }
        beginStatement()
    }

    /// The text has ended.
    mutating func end(_ source: RawSpan) {
        endStatement(source)
        guard statements > 1, areEqual, !isFull else { return }
        let one = [UInt8](text.bytes.extracting(first))
        guard one.count + 6 <= Self.longest else { return }
        text.truncate(to: start)
        text.append("BATCH ")
        text.append(one.span.bytes)
    }
}

extension SQLWord {
    /// EXPLAIN may stand before it.
    var isExplainable: Bool {
        switch self {
        case .select, .values, .table, .execute, .create, .declare, .replace, .refresh: true
        default: false
        }
    }

    var definesObject: Bool { self == .create || self == .alter || self == .drop }

    /// What follows is the name of what is run.
    var callsName: Bool { self == .exec || self == .execute || self == .call }
}

extension SQLToken {
    var isName: Bool {
        switch self {
        case .name, .word: true
        default: false
        }
    }

    /// A statement may begin behind it without a semicolon (Transact-SQL).
    var mayEndStatement: Bool {
        switch self {
        case .name, .string, .number, .placeholder, .close, .start: true
        case .word(let word):
            switch word {
            case .begin, .else, .as, .end, .null, .default, .true, .false, .none, .then: true
            default: false
            }
        case .sign, .open, .comma, .dot: false
        }
    }
}
