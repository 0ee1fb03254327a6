/// Operations that were asked for and are not told of yet, in order, with their texts.
///
/// - `Extra`: what the protocol has to know of each besides.
struct OperationQueue<Extra>: ~Copyable {
    struct Entry {
        /// Its ranges lie in the queue's text.
        var operation = ServiceOperation()
        var extra: Extra
    }

    private(set) var text = UniqueBytes()
    private var entries: [Entry] = []
    private var first = 0

    init() {}

    var isEmpty: Bool { first == entries.count }
    var count: Int { entries.count &- first }

    /// - Parameter offset: from the front.
    subscript(offset: Int) -> Entry {
        get { entries[first &+ offset] }
        _modify { yield &entries[first &+ offset] }
    }

    mutating func append(_ entry: Entry) { entries.append(entry) }

    mutating func store(_ bytes: RawSpan) -> ByteRange {
        let start = text.count
        text.append(bytes)
        return ByteRange(start, text.count)
    }

    mutating func store(_ word: StaticString) -> ByteRange {
        let start = text.count
        text.append(word)
        return ByteRange(start, text.count)
    }

    /// Stores what `write` appends.
    mutating func store(_ write: (inout UniqueBytes) -> Void) -> ByteRange {
        let start = text.count
        write(&text)
        return ByteRange(start, text.count)
    }

    mutating func removeAll() {
        entries.removeAll(keepingCapacity: entries.capacity <= 1024)
        text.removeAll(keepingAtMost: 16 << 10)
        first = 0
    }

    /// Takes out the last entry, which has been told of.
    mutating func removeLast() {
        entries.removeLast()
        if first == entries.count { removeAll() }
    }

    /// Takes out the front entry, which has been told of.
    mutating func popFront() {
        guard !isEmpty else { return }
        first &+= 1
        if first == entries.count {
            removeAll()
        } else if first >= 256 {
            compact()
        }
    }

    private mutating func compact() {
        entries.removeFirst(first)
        first = 0
        guard text.count > 64 << 10 else { return }
        var start = text.count
        for entry in entries { start = Swift.min(start, entry.operation.textStart) }
        guard start > 0, start < text.count else { return }
        text.removeFirst(start)
        for place in entries.indices { entries[place].operation.moveText(by: -start) }
    }
}

extension ServiceOperation {
    fileprivate var textStart: Int {
        var start = Int.max
        for range in [namespace, name, targets, statement, summary, code] where !range.isEmpty {
            start = Swift.min(start, Int(range.start))
        }
        return start
    }

    /// The same, with its texts so far behind.
    mutating func moveText(by distance: Int) {
        namespace = namespace.moved(by: distance)
        name = name.moved(by: distance)
        targets = targets.moved(by: distance)
        statement = statement.moved(by: distance)
        summary = summary.moved(by: distance)
        code = code.moved(by: distance)
    }
}

extension UniqueBytes {
    /// A number in decimal digits.
    mutating func append(decimal value: Int) {
        if value >= 10 { append(decimal: value / 10) }
        append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value % 10))
    }
}
