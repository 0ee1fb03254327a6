/// What a client has sent and the server has not answered yet, in order.
///
/// Cycles end with ReadyForQuery: a Query is one, and so is what lies between two Syncs. After an error the server passes over the
/// rest of its cycle without a word (PostgreSQL documentation, "Extended Query"), so an error never shifts what comes behind.
struct PostgresQueue: ~Copyable {
    struct Entry: TextHolder {
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

        var textStart: Int? {
            let ranges = [parts.name, parts.statement, name, code, tag]
            return ranges.lazy.filter { !$0.isEmpty }.map { Int($0.start) }.min()
        }

        mutating func moveText(by distance: Int) {
            parts = parts.moved(by: distance)
            name = name.moved(by: distance)
            code = code.moved(by: distance)
            tag = tag.moved(by: distance)
        }
    }

    private var entries = TextQueue<Entry>()
    /// Cycles whose end was sent and not answered.
    private(set) var openCycles = 0

    init() {}

    var isEmpty: Bool { entries.isEmpty }
    var count: Int { entries.count }
    var heldText: Int { entries.text.count }

    mutating func removeAll() {
        entries.removeAll()
        openCycles = 0
    }

    mutating func append(_ entry: Entry) {
        if entry.endsCycle { openCycles &+= 1 }
        entries.append(entry)
    }

    mutating func store(_ bytes: RawSpan) -> ByteRange { entries.store(bytes) }

    mutating func store(_ text: StaticString) -> ByteRange { entries.store(text) }

    mutating func store(_ statement: PostgresStatement) -> PostgresParts {
        let start = entries.store { text in statement.text.withBytes { text.append($0) } }
        return statement.parts.moved(by: Int(start.start))
    }

    func withText(_ body: (RawSpan) -> Void) { entries.text.withBytes(body) }

    var front: Entry? { entries.front }

    mutating func updateFront(_ change: (inout Entry) -> Void) {
        if !isEmpty { entries.update(0, change) }
    }

    mutating func update(_ offset: Int, _ change: (inout Entry) -> Void) { entries.update(offset, change) }

    /// - Parameter offset: from the front.
    subscript(offset: Int) -> Entry { entries[offset] }

    mutating func popFront() {
        if front?.endsCycle ?? false { openCycles &-= 1 }
        entries.popFront()
    }

    /// Takes out the Syncs that were sent while the server was reading a COPY, which passes over them.
    mutating func dropSyncsBehindFront() {
        var place = 1
        while place < entries.count {
            if entries[place].kind == .sync {
                entries.remove(place)
                openCycles &-= 1
            } else {
                place &+= 1
            }
        }
    }
}
