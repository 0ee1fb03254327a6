/// What is kept of a statement that was prepared, without what is bound to it.
struct KeptStatement: Sendable {
    /// Ranges into `text`.
    var statement = SQLStatement()
    var text: [UInt8] = []
    /// The text was seen; else it was told before the capture joined, or in what is missing.
    var isKnown = false
}

/// Statements that were prepared, by the number that the server gave them.
struct KeptStatements {
    private var known: [UInt32: KeptStatement] = [:]
    private(set) var heldBytes = 0

    /// Servers allow 16,382 by default (MySQL's max_prepared_stmt_count), of all connections.
    private static let most = 16_384
    private static let mostBytes = 4 << 20

    init() {}

    subscript(number: UInt32) -> KeptStatement? { known[number] }

    /// - Returns: `false` where there is no room for another.
    mutating func set(_ number: UInt32, _ statement: KeptStatement) -> Bool {
        remove(number)
        guard known.count < Self.most, heldBytes < Self.mostBytes else { return false }
        heldBytes &+= statement.text.count &+ Self.entryBytes
        known[number] = statement
        return true
    }

    /// What is prepared once and executed often belongs to the trace that has prepared it no more than once.
    mutating func forgetContext(_ number: UInt32) { known[number]?.statement.context = nil }

    mutating func remove(_ number: UInt32) {
        guard let old = known.removeValue(forKey: number) else { return }
        heldBytes &-= old.text.count &+ Self.entryBytes
    }

    mutating func removeAll() {
        known.removeAll()
        heldBytes = 0
    }

    private static let entryBytes = 16
}

extension OperationQueue {
    /// Stores what the user wants to be kept of a statement.
    /// - Parameters:
    ///   - text: what the statement's ranges lie in.
    ///   - source: what it was read from.
    mutating func store(
        _ statement: SQLStatement, _ text: RawSpan, _ source: RawSpan, _ keep: StatementText
    ) -> SQLStatement {
        var stored = statement
        switch keep {
        case .normalized:
            let start = Int(store(text).start)
            stored.normalized = statement.normalized.moved(by: start)
            stored.summary = statement.summary.moved(by: start)
            stored.targets = statement.targets.moved(by: start)
            return stored
        case .full: stored.normalized = store(source.extracting(first: SQLStatement.longest))
        case .off: stored.normalized = .empty
        }
        stored.summary = store(text.extracting(statement.summary))
        stored.targets = store(text.extracting(statement.targets))
        return stored
    }

    /// Stores the texts of a statement that was kept.
    mutating func store(_ kept: KeptStatement) -> SQLStatement {
        let start = Int(store(kept.text.span.bytes).start)
        var stored = kept.statement
        stored.normalized = stored.normalized.moved(by: start)
        stored.summary = stored.summary.moved(by: start)
        stored.targets = stored.targets.moved(by: start)
        return stored
    }

    /// A copy of a statement whose texts are here.
    func kept(_ statement: SQLStatement) -> KeptStatement {
        var kept = KeptStatement(statement: statement, isKnown: true)
        func copy(_ range: ByteRange) -> ByteRange {
            let start = kept.text.count
            kept.text.append(text.bytes.extracting(range))
            return ByteRange(start, kept.text.count)
        }
        kept.statement.normalized = copy(statement.normalized)
        kept.statement.summary = copy(statement.summary)
        kept.statement.targets = copy(statement.targets)
        return kept
    }
}

extension ServiceOperation {
    /// Takes the texts of a statement, which lie where the operation's do.
    mutating func take(_ statement: SQLStatement) {
        self.statement = statement.normalized
        summary = statement.summary
        targets = statement.targets
        context = statement.context
    }
}

extension SQLWord {
    /// The statement sets up a session, and asks for nothing.
    var setsSession: Bool {
        switch self {
        case .set, .reset, .discard, .deallocate, .use: true
        default: false
        }
    }
}
