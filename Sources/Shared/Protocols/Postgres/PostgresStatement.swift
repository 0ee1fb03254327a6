/// What is known of a statement that was prepared, or of a portal: its texts, and nothing that was bound to it.
final class PostgresStatement {
    /// Name, targets, summary and statement, one behind the other.
    private(set) var text = UniqueBytes()
    private(set) var parts = PostgresParts()

    init() {}

    func forget() {
        text.removeAll(keepingAtMost: Self.keptBytes)
        parts = PostgresParts()
    }

    func set(_ bytes: RawSpan, _ parts: PostgresParts) {
        text.removeAll(keepingAtMost: Self.keptBytes)
        text.append(bytes)
        self.parts = parts
    }

    /// Takes what another has; the trace that its text names goes to the first that does.
    func copy(_ other: PostgresStatement) {
        guard other !== self else { return }
        other.text.withBytes { set($0, other.parts) }
        other.parts.context = nil
    }

    private static let keptBytes = 4 << 10
}

/// Where the texts of a statement lie.
struct PostgresParts: Equatable {
    var name = ByteRange.empty
    var targets = ByteRange.empty
    var summary = ByteRange.empty
    var statement = ByteRange.empty
    var verb = SQLWord.none
    var context: TraceContext?
    /// The text was seen; else it was told before the capture joined, or in what is missing.
    var isKnown = false
    /// There is a text, and no statement in it.
    var isEmpty = false

    func moved(by distance: Int) -> PostgresParts {
        var moved = self
        moved.name = name.moved(by: distance)
        moved.targets = targets.moved(by: distance)
        moved.summary = summary.moved(by: distance)
        moved.statement = statement.moved(by: distance)
        return moved
    }

    /// It sets up a session, and asks for nothing.
    var isHousekeeping: Bool {
        switch verb {
        case .set, .reset, .discard, .deallocate: true
        default: false
        }
    }
}

/// Statements by the names that a client has given them.
///
/// Finding one allocates nothing.
struct PostgresNames: ~Copyable {
    private var index = HashIndex()
    private var entries: [Entry] = []
    private var free: [Int] = []
    private(set) var heldBytes = 0

    private struct Entry {
        var name: [UInt8]
        var statement: PostgresStatement
    }

    /// A client keeps some hundred at the most; PostgreSQL has no limit.
    private static let most = 4096
    private static let mostBytes = 4 << 20

    init() {}

    var count: Int { index.count }

    func find(_ name: RawSpan) -> PostgresStatement? {
        guard let place = place(name) else { return nil }
        return entries[place].statement
    }

    private func place(_ name: RawSpan) -> Int? {
        index.find(name.hash(seed: index.seed)) { place in
            let known = entries[place].name
            return known.span.bytes.equals(name)
        }
    }

    /// - Returns: `nil` where there is no room for another.
    mutating func set(_ name: RawSpan, _ change: (PostgresStatement) -> Void) -> PostgresStatement? {
        if let known = place(name) {
            let statement = entries[known].statement
            heldBytes &-= statement.text.count
            change(statement)
            heldBytes &+= statement.text.count
            return statement
        }
        guard count < Self.most, heldBytes < Self.mostBytes else { return nil }
        let entry = Entry(name: [UInt8](name), statement: PostgresStatement())
        change(entry.statement)
        heldBytes &+= entry.statement.text.count &+ name.byteCount
        let place = free.popLast() ?? entries.count
        if place == entries.count { entries.append(entry) } else { entries[place] = entry }
        index.insert(place, name.hash(seed: index.seed))
        return entry.statement
    }

    mutating func remove(_ name: RawSpan) {
        guard let place = place(name) else { return }
        heldBytes &-= entries[place].statement.text.count &+ name.byteCount
        index.remove(place, name.hash(seed: index.seed))
        entries[place] = Entry(name: [], statement: PostgresStatement())
        free.append(place)
    }

    mutating func removeAll() {
        guard !entries.isEmpty else { return }
        index.removeAll()
        entries.removeAll()
        free.removeAll()
        heldBytes = 0
    }
}

extension SQLWord {
    /// It changes which prepared statements there are.
    var changesNames: Bool { self == .prepare || self == .deallocate || self == .discard }
}
