/// Operations that were asked for and are not answered yet, in the order in which they were sent.
///
/// Their texts lie one behind the other in one buffer, and are let go of with them. Whoever knows answers by a number looks for
/// it from the oldest on, since answers come nearly in order.
struct OperationQueue<Detail>: ~Copyable {
    struct Entry {
        var operation = ServiceOperation()
        /// What has to be known of it while its answer is read.
        var detail: Detail
    }

    private(set) var text = UniqueBytes()
    /// One whose request is not whole yet: its texts are kept with the others'.
    var draft: Entry?
    private var entries: [Entry] = []
    private var first = 0

    init() {}

    var isEmpty: Bool { first == entries.count }
    var count: Int { entries.count &- first }

    mutating func removeAll() {
        draft = nil
        clear()
    }

    private mutating func clear() {
        guard draft == nil else { return compact() }
        entries.removeAll(keepingCapacity: entries.capacity <= 1024)
        text.removeAll(keepingAtMost: 16 << 10)
        first = 0
    }

    // MARK: Texts

    mutating func store(_ bytes: RawSpan) -> ByteRange {
        let start = text.count
        text.append(bytes)
        return ByteRange(start, text.count)
    }

    mutating func store(_ bytes: StaticString) -> ByteRange {
        let start = text.count
        text.append(bytes)
        return ByteRange(start, text.count)
    }

    /// Stores a part of the texts once more, with a blank in the place of each NUL.
    mutating func store(copyOf range: ByteRange) -> ByteRange {
        let start = text.count
        for place in range.range {
            let byte = text.bytes.byte(place)
            text.append(byte == 0 ? ASCII.space : byte)
        }
        return ByteRange(start, text.count)
    }

    mutating func store(decimal number: UInt64) -> ByteRange { store { $0.append(decimal: number) } }

    /// Stores what `write` appends.
    mutating func store(_ write: (inout UniqueBytes) -> Void) -> ByteRange {
        let start = text.count
        write(&text)
        return ByteRange(start, text.count)
    }

    // MARK: Entries

    mutating func append(_ entry: Entry) { entries.append(entry) }

    /// The draft is whole.
    mutating func commit() {
        guard let draft else { return }
        append(draft)
        self.draft = nil
    }

    mutating func append(_ operation: ServiceOperation, _ detail: Detail) {
        append(Entry(operation: operation, detail: detail))
    }

    var front: Entry? { isEmpty ? nil : entries[first] }

    /// - Parameter offset: from the oldest.
    subscript(offset: Int) -> Entry {
        get { entries[first &+ offset] }
        _modify { yield &entries[first &+ offset] }
    }

    @inline(__always)
    mutating func update(_ offset: Int, _ change: (inout Entry) -> Void) { change(&entries[first &+ offset]) }

    /// The oldest that is meant.
    func firstIndex(where isMeant: (borrowing Detail) -> Bool) -> Int? {
        var place = first
        while place < entries.count {
            if isMeant(entries[place].detail) { return place &- first }
            place &+= 1
        }
        return nil
    }

    mutating func remove(_ offset: Int) {
        guard offset > 0 else { return popFront() }
        entries.remove(at: first &+ offset)
    }

    /// Takes out the last entry, which has been told of.
    mutating func removeLast() {
        entries.removeLast()
        if first == entries.count { clear() }
    }

    /// Takes out the front entry, which has been told of.
    mutating func popFront() {
        guard !isEmpty else { return }
        first &+= 1
        if first == entries.count {
            clear()
        } else if first >= 256 {
            compact()
        }
    }

    private mutating func compact() {
        entries.removeFirst(first)
        first = 0
        guard text.count > 64 << 10 else { return }
        let kept = draft?.operation.textStart ?? text.count
        let start = entries.reduce(kept) { Swift.min($0, $1.operation.textStart ?? $0) }
        guard start > 0 else { return }
        text.removeFirst(start)
        for place in entries.indices { entries[place].operation.moveText(by: -start) }
        draft?.operation.moveText(by: -start)
    }

    // MARK: Telling

    func tell(_ operation: borrowing ServiceOperation, _ out: any Output) { out.operation(operation, text.bytes) }
}

extension ServiceOperation {
    /// Where its first text begins.
    fileprivate var textStart: Int? {
        let ranges = [namespace, name, targets, statement, summary, code]
        return ranges.lazy.filter { !$0.isEmpty }.map { Int($0.start) }.min()
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
    mutating func append(decimal value: some FixedWidthInteger) {
        if value >= 10 { append(decimal: value / 10) }
        append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value % 10))
    }
}
