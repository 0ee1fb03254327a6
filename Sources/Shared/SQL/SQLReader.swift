/// Reads statements in one pass over their bytes: what they do to what, and their text without a value.
///
/// It is no parser: it makes no tree, knows no grammar but that of tokens, and understands any bytes. What is a literal
/// in the dialect becomes `?`; so does what is not finished where the bytes end, and what can be read in two ways of which one
/// is a literal. Comments go, white space is one blank, lists of values behind IN are their first, rows behind VALUES are
/// the first of them. Names, placeholders and words stay as they are spelled.
///
/// Nothing is allocated for a token; buffers stay for the next statement. Work is in proportion to the bytes.
final class SQLReader {
    private(set) var text = UniqueBytes()
    private(set) var summary = SQLSummary()
    private let words = SQLWordTable()

    private var dialect = SQLDialect.standard
    private var needsBlank = false
    /// Where the statement begins in the text.
    private var start = 0
    private var previous = SQLToken.start
    private var depth = 0
    /// Within `/*! … */` of MySQL, which is run.
    private var isInExecutedComment = false
    private var context: TraceContext?
    /// Of a routine's body: how many BEGIN and CASE are open.
    private var blocks = 0
    private var list = List()
    private var rows = Rows()

    /// The list of values behind IN, or within ARRAY[].
    private struct List {
        var depth = -1
        /// Where the first value ends in the text; -1: it has not ended.
        var firstEnd = -1
        var isSimple = false
        var isOpen: Bool { depth >= 0 && isSimple }
    }

    /// The rows behind VALUES.
    private struct Rows {
        enum State { case none, awaited, inside, behind }
        var state = State.none
        var depth = 0
        var count: UInt32 = 0
        /// Of all VALUES of the text.
        var total: UInt32 = 0
        var firstEnd = 0
        var hasSelect = false
    }

    init() {}

    /// Lets go of what was read.
    func removeAll() {
        text.removeAll(keepingAtMost: SQLStatement.longest)
        summary.removeAll()
    }

    /// Reads all the bytes as one text, which may hold several statements.
    func read(_ bytes: RawSpan, _ dialect: SQLDialect, isCut: Bool = false) -> SQLStatement {
        var at = 0
        return read(bytes, from: &at, dialect, isCut: isCut, isSplit: false) ?? SQLStatement()
    }

    /// Reads the next statement, up to its semicolon.
    /// - Parameters:
    ///   - isCut: the text goes on behind the bytes.
    /// - Returns: `nil` where there is none any more.
    func next(_ bytes: RawSpan, from at: inout Int, _ dialect: SQLDialect, isCut: Bool = false) -> SQLStatement? {
        while at < bytes.byteCount {
            if let statement = read(bytes, from: &at, dialect, isCut: isCut, isSplit: true) { return statement }
        }
        return nil
    }

    private func read(
        _ bytes: RawSpan, from at: inout Int, _ dialect: SQLDialect, isCut: Bool, isSplit: Bool
    ) -> SQLStatement? {
        let end = Swift.min(bytes.byteCount, at &+ SQLStatement.longest)
        let source = bytes.extracting(first: end)
        begin(dialect, isCut: isCut || end < bytes.byteCount, end: end)
        var isOver = false
        while at < end {
            if source.byte(at) == UInt8(ascii: ";"), depth == 0, blocks == 0, isSplit {
                at &+= 1
                isOver = true
                break
            }
            at = token(source, at)
        }
        foldAtTheEnd()
        summary.end(source)
        if !isOver { at = bytes.byteCount }
        guard text.count > start else { return nil }
        return SQLStatement(
            verb: summary.verb, normalized: ByteRange(start, text.count), summary: summary.range,
            targets: summary.targetRange, context: context, rows: rows.total)
    }

    private func begin(_ dialect: SQLDialect, isCut: Bool, end: Int) {
        self.dialect = dialect
        needsBlank = false
        start = text.count
        previous = .start
        depth = 0
        isInExecutedComment = false
        context = nil
        blocks = 0
        list = List()
        rows = Rows()
        summary.begin(dialect, cutAt: isCut ? end : nil)
    }

    // MARK: Tokens

    /// - Returns: where the next token begins, behind `at`.
    @inline(__always)
    private func token(_ source: RawSpan, _ at: Int) -> Int {
        let byte = source.byte(at)
        switch byte {
        case 0...0x20:
            blank()
            return at &+ 1
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
            0x80...0xFF:
            return word(source, at)
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return number(source, at)
        case UInt8(ascii: "'"): return string(source, at, at &+ 1, hasBackslashes: dialect.hasBackslashes)
        case UInt8(ascii: "\""):
            if dialect.doubleQuotesAreStrings {
                return string(source, at, at &+ 1, hasBackslashes: dialect.hasBackslashes)
            }
            return quotedName(source, at, at &+ 1)
        case UInt8(ascii: "`") where dialect.kind == .mySQL || dialect.kind == .standard:
            return quotedName(source, at, at &+ 1)
        case UInt8(ascii: "["): return bracket(source, at)
        case UInt8(ascii: "("): return open(source, at)
        case UInt8(ascii: ")"), UInt8(ascii: "]"): return close(source, at)
        case UInt8(ascii: ","): return comma(source, at)
        case UInt8(ascii: "$"): return dollar(source, at)
        case UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "*"), UInt8(ascii: "#"):
            return commentOrSign(source, at)
        case UInt8(ascii: "."):
            if let next = source.u8(at: at &+ 1), ASCII.isDigit(next), previous != .name {
                return literal(source, at, source.numberEnd(at), .number)
            }
            return put(source, at, at &+ 1, .dot)
        case UInt8(ascii: "?"): return placeholder(source, at, at &+ 1)
        case UInt8(ascii: ":"): return colon(source, at)
        case UInt8(ascii: "%"):
            let isText = source.u8(at: at &+ 1) == UInt8(ascii: "s")
            let isLast = source.u8(at: at &+ 2).map { !dialect.isInWord($0) } ?? true
            return isText && isLast ? placeholder(source, at, at &+ 2) : sign(source, at)
        case UInt8(ascii: ";"):
            summary.endStatement(source)
            return put(source, at, at &+ 1, .start, isTold: false)
        default:
            return dialect.beginsWord(byte) ? word(source, at) : sign(source, at)
        }
    }

    @inline(__always)
    private func blank() { needsBlank = true }

    /// Writes a part of the text as it is.
    @inline(__always)
    private func put(_ source: RawSpan, _ start: Int, _ end: Int, _ token: SQLToken, isTold: Bool = true) -> Int {
        write(source, start, end)
        if isTold { tell(source, token, start, end) }
        previous = token
        return end
    }

    @inline(__always)
    private func write(_ source: RawSpan, _ start: Int, _ end: Int) {
        if needsBlank { writeBlank() }
        text.append(source.extracting(start..<end))
    }

    private func writeBlank() {
        needsBlank = false
        if text.count > start { text.append(UInt8(ascii: " ")) }
    }

    @inline(__always)
    private func tell(_ source: RawSpan, _ token: SQLToken, _ start: Int, _ end: Int) {
        summary.take(token, source, start, end, depth)
    }

    // MARK: Literals

    /// Writes `?` in the place of a literal.
    private func literal(_ source: RawSpan, _ start: Int, _ end: Int, _ token: SQLToken) -> Int {
        if token == .string, previous == .string {
            // Strings one behind the other are one.
            needsBlank = false
            return end
        }
        // `SELECT 1"x"`: two literals stay two.
        if previous == .number || previous == .string { needsBlank = true }
        if needsBlank { writeBlank() }
        text.append(UInt8(ascii: "?"))
        tell(source, token, start, end)
        previous = token
        noRow()
        return end
    }

    private func string(_ source: RawSpan, _ start: Int, _ contents: Int, hasBackslashes: Bool) -> Int {
        let (end, isClosed) = source.quotedEnd(contents, source.byte(contents &- 1), hasBackslashes: hasBackslashes)
        return literal(source, start, executed(source, start, end, isClosed), .string)
    }

    /// Where a literal ends that begins in a comment which some servers run: what others take for its end may lie in the
    /// literal, and what is a literal then, nobody knows.
    private func executed(_ source: RawSpan, _ start: Int, _ end: Int, _ isClosed: Bool) -> Int {
        guard isInExecutedComment, isClosed else { return end }
        var at = start
        while let star = source.firstIndex(of: UInt8(ascii: "*"), in: at..<end) {
            if source.u8(at: star &+ 1) == UInt8(ascii: "/") { return source.byteCount }
            at = star &+ 1
        }
        return end
    }

    private func number(_ source: RawSpan, _ at: Int) -> Int {
        if dialect.kind == .mySQL, previous == .dot { return word(source, at) }
        let end = source.numberEnd(at)
        guard let next = source.u8(at: end), dialect.isInWord(next) else {
            return literal(source, at, end, .number)
        }
        if dialect.kind == .mySQL, isDecimal(source, at, end) { return word(source, at) }
        _ = literal(source, at, end, .number)
        needsBlank = true
        return end
    }

    /// Names may begin with digits (MySQL, "Schema Object Names").
    private func isDecimal(_ source: RawSpan, _ start: Int, _ end: Int) -> Bool {
        for at in start..<end where !ASCII.isDigit(source.byte(at)) && source.byte(at) != UInt8(ascii: "_") {
            return false
        }
        return true
    }

    private func dollar(_ source: RawSpan, _ at: Int) -> Int {
        guard let next = source.u8(at: at &+ 1) else { return sign(source, at) }
        if ASCII.isDigit(next) {
            guard dialect.kind != .transactSQL else { return literal(source, at, source.numberEnd(at &+ 1), .number) }
            var end = at &+ 1
            while let byte = source.u8(at: end), ASCII.isDigit(byte) { end &+= 1 }
            return placeholder(source, at, end)
        }
        let mayQuote = dialect.kind == .postgreSQL || dialect.kind == .standard || next == UInt8(ascii: "$")
        if mayQuote, dialect.kind != .transactSQL, let tag = source.dollarTag(at) {
            return literal(source, at, source.dollarEnd(tag).end, .string)
        }
        return dialect.beginsWord(UInt8(ascii: "$")) ? word(source, at) : sign(source, at)
    }

    private func placeholder(_ source: RawSpan, _ start: Int, _ end: Int) -> Int {
        put(source, start, end, .placeholder)
    }

    private func colon(_ source: RawSpan, _ at: Int) -> Int {
        guard let next = source.u8(at: at &+ 1) else { return sign(source, at) }
        if next == UInt8(ascii: ":") {
            write(source, at, at &+ 2)
            tell(source, .sign, at, at &+ 2)
            previous = .sign
            // The name of a type behind it leaves a list as simple as it was.
            if list.isOpen, let end = typeEnd(source, at &+ 2) {
                write(source, at &+ 2, end)
                previous = .placeholder
                return end
            }
            return at &+ 2
        }
        guard dialect.kind != .postgreSQL, dialect.isInWord(next) else { return sign(source, at) }
        var end = at &+ 1
        while let byte = source.u8(at: end), dialect.isInWord(byte) { end &+= 1 }
        return placeholder(source, at, end)
    }

    private func typeEnd(_ source: RawSpan, _ start: Int) -> Int? {
        var end = start
        while let byte = source.u8(at: end), dialect.isInWord(byte) { end &+= 1 }
        return end > start && !ASCII.isDigit(source.byte(start)) ? end : nil
    }

    // MARK: Comments and signs

    private func commentOrSign(_ source: RawSpan, _ at: Int) -> Int {
        let byte = source.byte(at)
        let next = source.u8(at: at &+ 1)
        switch byte {
        case UInt8(ascii: "-") where next == UInt8(ascii: "-"):
            // MySQL wants a blank behind it ("Comments").
            let isComment = dialect.kind != .mySQL || (source.u8(at: at &+ 2).map { $0 <= 0x20 } ?? true)
            if isComment { return lineComment(source, at) }
        case UInt8(ascii: "#") where dialect.kind == .mySQL: return lineComment(source, at)
        case UInt8(ascii: "#") where dialect.kind == .transactSQL: return word(source, at)
        case UInt8(ascii: "/") where next == UInt8(ascii: "*"): return comment(source, at)
        case UInt8(ascii: "*") where next == UInt8(ascii: "/") && isInExecutedComment:
            isInExecutedComment = false
            blank()
            return at &+ 2
        default: break
        }
        if byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+"), previous.precedesValue, let next {
            let isPoint = next == UInt8(ascii: ".") && (source.u8(at: at &+ 2).map(ASCII.isDigit) ?? true)
            if ASCII.isDigit(next) || isPoint {
                return literal(source, at, source.numberEnd(at &+ 1), .number)
            }
        }
        return sign(source, at)
    }

    private func lineComment(_ source: RawSpan, _ at: Int) -> Int {
        blank()
        return source.firstIndex(of: ASCII.lineFeed, from: at) ?? source.byteCount
    }

    private func comment(_ source: RawSpan, _ at: Int) -> Int {
        blank()
        guard dialect.kind == .mySQL else { return passOver(source, at, isNested: dialect.nestsComments) }
        var contents = at &+ 2
        if source.u8(at: contents) == UInt8(ascii: "M") { contents &+= 1 }
        guard source.u8(at: contents) == UInt8(ascii: "!") else { return passOver(source, at, isNested: false) }
        contents &+= 1
        while let byte = source.u8(at: contents), ASCII.isDigit(byte) { contents &+= 1 }
        isInExecutedComment = true
        return contents
    }

    /// A comment that nobody runs: all that is wanted of it is its trace.
    private func passOver(_ source: RawSpan, _ at: Int, isNested: Bool) -> Int {
        let end = source.commentEnd(at, isNested: isNested)
        if context == nil { context = TraceContext(comment: source.extracting(at &+ 1..<end)) }
        return end
    }

    private func sign(_ source: RawSpan, _ at: Int) -> Int {
        list.isSimple = false
        noRow()
        return put(source, at, at &+ 1, .sign)
    }

    // MARK: Names and words

    private func quotedName(_ source: RawSpan, _ start: Int, _ contents: Int) -> Int {
        let quote = source.byte(contents &- 1)
        let (end, isClosed) = source.quotedEnd(
            contents, quote == UInt8(ascii: "[") ? UInt8(ascii: "]") : quote, hasBackslashes: false)
        let whole = executed(source, start, end, isClosed)
        guard isClosed, whole == end else { return literal(source, start, whole, .string) }
        list.isSimple = false
        return put(source, start, end, .name)
    }

    private func bracket(_ source: RawSpan, _ at: Int) -> Int {
        guard dialect.kind != .transactSQL else { return quotedName(source, at, at &+ 1) }
        let isArray = previous == .word(.array)
        needsBlank = false
        write(source, at, at &+ 1)
        depth &+= 1
        tell(source, .open, at, at &+ 1)
        previous = .open
        if isArray, !list.isOpen { list = List(depth: depth, firstEnd: -1, isSimple: true) }
        return at &+ 1
    }

    private func word(_ source: RawSpan, _ at: Int) -> Int {
        var end = at &+ 1
        while end < source.byteCount, dialect.isInWord(source.byte(end)) { end &+= 1 }
        if let quote = source.u8(at: end), quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") || quote == 0x26,
            let next = prefixed(source, at, end, quote)
        {
            return next
        }
        let word = previous == .dot ? .none : words.find(source, at, end)
        if dialect.kind == .transactSQL, summary.isInArguments, word == .none, previous != .dot,
            source.byte(at) != UInt8(ascii: "@")
        {
            // A bare word is a string ("EXECUTE").
            return literal(source, at, end, .string)
        }
        look(word)
        return put(source, at, end, word == .none ? .name : .word(word))
    }

    /// A literal that begins with a word: E'', N'', B'', X'', U&'', _utf8''.
    /// - Returns: behind it; `nil` where it is none.
    private func prefixed(_ source: RawSpan, _ start: Int, _ end: Int, _ quote: UInt8) -> Int? {
        let letter = source.byte(start) | 0x20
        let isSingle = end == start &+ 1
        if quote == UInt8(ascii: "&") {
            guard isSingle, letter == UInt8(ascii: "u"), dialect.kind != .mySQL else { return nil }
            switch source.u8(at: end &+ 1) {
            case UInt8(ascii: "'"): return string(source, start, end &+ 2, hasBackslashes: false)
            case UInt8(ascii: "\""): return quotedName(source, start, end &+ 2)
            default: return nil
            }
        }
        if quote == UInt8(ascii: "\"") {
            guard dialect.doubleQuotesAreStrings, dialect.kind == .mySQL, source.byte(start) == UInt8(ascii: "_")
            else { return nil }
            return string(source, start, end &+ 1, hasBackslashes: dialect.hasBackslashes)
        }
        if dialect.kind == .standard, letter == UInt8(ascii: "q") || letter == UInt8(ascii: "n") && !isSingle,
            let next = alternative(source, start, end)
        {
            return next
        }
        if isSingle {
            switch letter {
            case UInt8(ascii: "e") where dialect.kind == .postgreSQL || dialect.kind == .standard:
                return string(source, start, end &+ 1, hasBackslashes: true)
            case UInt8(ascii: "n"), UInt8(ascii: "b"), UInt8(ascii: "x"):
                return string(source, start, end &+ 1, hasBackslashes: dialect.hasBackslashes)
            default: return nil
            }
        }
        guard dialect.kind == .mySQL, source.byte(start) == UInt8(ascii: "_") else { return nil }
        return string(source, start, end &+ 1, hasBackslashes: dialect.hasBackslashes)
    }

    /// Oracle's `q'[…]'` and `nq'!…!'` (SQL Language Reference, "Text Literals").
    private func alternative(_ source: RawSpan, _ start: Int, _ end: Int) -> Int? {
        guard end &- start <= 2, source.byte(end &- 1) | 0x20 == UInt8(ascii: "q") else { return nil }
        guard let first = source.u8(at: end &+ 1) else { return literal(source, start, source.byteCount, .string) }
        let last: UInt8 =
            switch first {
            case UInt8(ascii: "["): UInt8(ascii: "]")
            case UInt8(ascii: "("): UInt8(ascii: ")")
            case UInt8(ascii: "{"): UInt8(ascii: "}")
            case UInt8(ascii: "<"): UInt8(ascii: ">")
            default: first
            }
        var at = end &+ 2
        while let found = source.firstIndex(of: last, from: at) {
            if source.u8(at: found &+ 1) == UInt8(ascii: "'") { return literal(source, start, found &+ 2, .string) }
            at = found &+ 1
        }
        return literal(source, start, source.byteCount, .string)
    }

    /// What a word means for lists, rows and blocks.
    @inline(__always)
    private func look(_ word: SQLWord) {
        switch word {
        case .none:
            list.isSimple = false
            noRow()
        case .true, .false, .null, .default: break
        default: lookAtWord(word)
        }
    }

    private func lookAtWord(_ word: SQLWord) {
        list.isSimple = false
        switch word {
        case .values, .value:
            if rows.state != .inside { rows = Rows(state: .awaited, total: rows.total) }
        case .row: break
        case .select:
            rows.hasSelect = true
            if rows.state != .inside { rows.state = .none }
        case .begin where summary.isRoutine, .case where blocks > 0: blocks &+= 1
        case .end where blocks > 0: blocks &-= 1
        case .if, .while, .loop, .repeat:
            // END IF and the like end what no BEGIN began.
            if previous == .word(.end), summary.isRoutine { blocks &+= 1 }
        default: if rows.state != .inside { rows.state = .none }
        }
    }

    // MARK: Lists and rows

    private func open(_ source: RawSpan, _ at: Int) -> Int {
        let isIn = previous == .word(.in)
        if isIn || previous == .word(.values) { needsBlank = true }
        if rows.state == .inside || list.isOpen, previous == .open { needsBlank = false }
        write(source, at, at &+ 1)
        depth &+= 1
        if rows.state == .awaited {
            rows.state = .inside
            rows.depth = depth
            rows.hasSelect = false
        }
        tell(source, .open, at, at &+ 1)
        previous = .open
        if isIn, !list.isOpen { list = List(depth: depth, firstEnd: -1, isSimple: true) }
        return at &+ 1
    }

    private func close(_ source: RawSpan, _ at: Int) -> Int {
        let isRow = rows.state == .inside && rows.depth == depth
        if list.depth == depth {
            if list.isSimple {
                needsBlank = false
                if list.firstEnd >= 0 { text.truncate(to: list.firstEnd) }
            }
            list = List()
        } else if isRow {
            needsBlank = false
        }
        write(source, at, at &+ 1)
        if depth > 0 { depth &-= 1 }
        tell(source, .close, at, at &+ 1)
        previous = .close
        if isRow { endRow() } else { noRow() }
        return at &+ 1
    }

    /// What stands where a row would.
    @inline(__always)
    private func noRow() { if rows.state == .awaited || rows.state == .behind { rows.state = .none } }

    private func endRow() {
        rows.state = .behind
        rows.count &+= 1
        rows.total &+= 1
        if rows.count == 1 {
            rows.firstEnd = text.count
        } else if !rows.hasSelect {
            text.truncate(to: rows.firstEnd)
        } else {
            rows.firstEnd = text.count
        }
    }

    private func comma(_ source: RawSpan, _ at: Int) -> Int {
        let isCompact = list.isOpen || rows.state == .inside && rows.depth == depth || rows.state == .behind
        if list.isOpen, list.depth == depth, list.firstEnd < 0 { list.firstEnd = text.count }
        needsBlank = false
        if rows.state == .behind { rows.state = .awaited }
        _ = put(source, at, at &+ 1, .comma)
        if isCompact { needsBlank = true }
        return at &+ 1
    }

    /// What is left open where the bytes end is folded as what is closed.
    private func foldAtTheEnd() {
        if list.isOpen, list.firstEnd >= 0 { text.truncate(to: list.firstEnd) }
        if rows.count > 0, rows.state == .inside && !rows.hasSelect || rows.state == .awaited {
            text.truncate(to: rows.firstEnd)
        }
    }
}
