/// What a client has sent and the server has not answered yet, in order.
///
/// Cycles end with ReadyForQuery: a Query is one, and so is what lies between two Syncs. After an error the server passes over the
/// rest of its cycle without a word (PostgreSQL documentation, "Extended Query"), so an error never shifts what comes behind.
struct PostgresQueue: ~Copyable {
    struct Entry {
        enum Kind: UInt8 {
            /// One of the statements of a Query.
            case statement
            case execute, function
            /// The login.
            case connect
            case parse, bind, describe, close
            /// ReadyForQuery answers it.
            case queryEnd, sync
        }

        var kind: Kind
        var parts = PostgresParts()
        /// Of the statement, for a Parse; of the portal, for an Execute.
        var name = ByteRange.empty
        var requestBytes: UInt64 = 0
        var requestFirst = Timestamp(nanoseconds: 0)
        var requestLast = Timestamp(nanoseconds: 0)
        var batch: UInt32 = 0

        // What is known of the answer.
        var status: ServiceOperation.Status?
        var code = ByteRange.empty
        var rows: UInt64 = 0
        var affected: UInt64?
        var tag = ByteRange.empty
        var responseBytes: UInt64 = 0
        var responseFirst: Timestamp?
        var ended = Timestamp(nanoseconds: 0)
        var isCopy = false
        /// COPY FROM STDIN: rows came from the client.
        var isCopyIn = false
        var incomplete: ServiceOperation.Incomplete = []

        /// It is an operation.
        var isOperation: Bool { kind.rawValue <= Kind.connect.rawValue }
        var endsCycle: Bool { kind == .queryEnd || kind == .sync }
    }

    private(set) var text = UniqueBytes()
    private var entries: [Entry] = []
    private var first = 0
    /// Cycles whose end was sent and not answered.
    private(set) var openCycles = 0

    init() {}

    var isEmpty: Bool { first == entries.count }
    var count: Int { entries.count &- first }

    mutating func removeAll() {
        entries.removeAll(keepingCapacity: entries.capacity <= 1024)
        text.removeAll(keepingAtMost: 16 << 10)
        first = 0
        openCycles = 0
    }

    mutating func append(_ entry: Entry) {
        if entry.endsCycle { openCycles &+= 1 }
        entries.append(entry)
    }

    mutating func store(_ bytes: RawSpan) -> ByteRange {
        let start = text.count
        text.append(bytes)
        return ByteRange(start, text.count)
    }

    mutating func store(_ text: StaticString) -> ByteRange {
        let start = self.text.count
        self.text.append(text)
        return ByteRange(start, self.text.count)
    }

    mutating func store(_ statement: PostgresStatement) -> PostgresParts {
        let start = text.count
        statement.text.withBytes { text.append($0) }
        return statement.parts.moved(by: start)
    }

    var front: Entry? { isEmpty ? nil : entries[first] }

    mutating func updateFront(_ change: (inout Entry) -> Void) {
        if !isEmpty { change(&entries[first]) }
    }

    mutating func update(_ offset: Int, _ change: (inout Entry) -> Void) { change(&entries[first &+ offset]) }

    /// - Parameter offset: from the front.
    subscript(offset: Int) -> Entry { entries[first &+ offset] }

    mutating func popFront() {
        guard !isEmpty else { return }
        if entries[first].endsCycle { openCycles &-= 1 }
        first &+= 1
        if first == entries.count {
            let cycles = openCycles
            removeAll()
            openCycles = cycles
        } else if first >= 256 {
            compact()
        }
    }

    private mutating func compact() {
        entries.removeFirst(first)
        first = 0
        guard text.count > 64 << 10 else { return }
        var start = text.count
        for entry in entries {
            for range in [entry.parts.name, entry.parts.statement, entry.name, entry.code, entry.tag]
            where !range.isEmpty {
                start = Swift.min(start, Int(range.start))
            }
        }
        guard start > 0 else { return }
        text.removeFirst(start)
        for place in entries.indices {
            entries[place].parts = entries[place].parts.moved(by: -start)
            entries[place].name = entries[place].name.moved(by: -start)
            entries[place].code = entries[place].code.moved(by: -start)
            entries[place].tag = entries[place].tag.moved(by: -start)
        }
    }

    /// Takes out the Syncs that were sent while the server was reading a COPY, which passes over them.
    mutating func dropSyncsBehindFront() {
        var place = first &+ 1
        while place < entries.count {
            if entries[place].kind == .sync {
                entries.remove(at: place)
                openCycles &-= 1
            } else {
                place &+= 1
            }
        }
    }
}
