/// What has texts, by their ranges in a buffer that it does not hold.
protocol TextHolder {
    /// Where its first text begins; `nil` where it has none.
    var textStart: Int? { get }
    /// The same, with its texts so far behind.
    mutating func moveText(by distance: Int)
}

/// What waits for its turn, in order.
///
/// The texts lie one behind the other in one buffer, and are let go of with what they belong to.
struct TextQueue<Entry: TextHolder>: ~Copyable {
    private(set) var text = UniqueBytes()
    /// One that is not whole yet: its texts are kept with the others'.
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

    mutating func store(decimal number: UInt64) -> ByteRange { store { $0.append(decimal: number) } }

    /// Stores a part of the texts once more, with a blank in the place of each NUL.
    mutating func store(copyOf range: ByteRange) -> ByteRange {
        store { text in
            for place in range.range {
                let byte = text.bytes.byte(place)
                text.append(byte == 0 ? ASCII.space : byte)
            }
        }
    }

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

    var front: Entry? { isEmpty ? nil : entries[first] }

    /// - Parameter offset: from the oldest.
    subscript(offset: Int) -> Entry {
        _read { yield entries[first &+ offset] }
        _modify { yield &entries[first &+ offset] }
    }

    @inline(__always)
    mutating func update(_ offset: Int, _ change: (inout Entry) -> Void) { change(&entries[first &+ offset]) }

    /// The oldest that is meant.
    func firstIndex(where isMeant: (borrowing Entry) -> Bool) -> Int? {
        var place = first
        while place < entries.count {
            if isMeant(entries[place]) { return place &- first }
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

    private mutating func clear() {
        guard draft == nil else { return compact() }
        entries.removeAll(keepingCapacity: entries.capacity <= 1024)
        text.removeAll(keepingAtMost: 16 << 10)
        first = 0
    }

    private mutating func compact() {
        entries.removeFirst(first)
        first = 0
        guard text.count > 64 << 10 else { return }
        let start = entries.reduce(draft?.textStart ?? text.count) { Swift.min($0, $1.textStart ?? $0) }
        guard start > 0 else { return }
        text.removeFirst(start)
        for place in entries.indices { entries[place].moveText(by: -start) }
        draft?.moveText(by: -start)
    }
}
