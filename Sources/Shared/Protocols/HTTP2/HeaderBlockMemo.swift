/// Header blocks that were read lately, with what they say: clients and servers say the same again and again, and undoing
/// Huffman's code (RFC 7541, section 5.2) is most of the work of a small message.
///
/// What a block says follows from its bytes and, where it refers to that, from the table: then what is known holds until a block
/// changes that.
final class HeaderBlockMemo {
    private final class Entry {
        var block = UniqueBytes()
        /// Names and values.
        var text = UniqueBytes()
        var fields: [(name: ByteRange, value: ByteRange)] = []
        var form: HeaderBlockForm?
        /// The room that its entries take in the table: name, value and 32 bytes each (RFC 7541, section 4.1).
        var entriesSize = 0
        var generation: UInt64 = 0
        var isKnown = false
    }

    /// Blocks of one direction that are known at once: as many as there are kinds of message in a moment.
    private static let places = 8
    /// Longer ones are rare, and cost more to keep than to read.
    private static let longest = 1024

    private var entries: [Entry] = []
    /// How often the table has changed.
    private var generation: UInt64 = 1
    /// What is being remembered.
    private var open: Entry?

    init() {}

    /// The table is not what it was.
    func tableChanges() {
        generation &+= 1
        open = nil
    }

    /// Lends the fields of a block that is known.
    /// - Returns: the room that its entries take in the table, into which they have yet to come; `nil` where it is not known.
    @inline(__always)
    func find(_ block: RawSpan, _ field: (_ name: RawSpan, _ value: RawSpan) -> Void) -> Int? {
        guard let entry = entry(block), entry.isKnown, entry.generation == 0 || entry.generation == generation else {
            return nil
        }
        var isEqual = false
        entry.block.withBytes { isEqual = $0.equals(block) }
        guard isEqual else { return nil }
        let fields = entry.fields
        entry.text.withBytes { text in
            for (name, value) in fields { field(text.extracting(name), text.extracting(value)) }
        }
        return entry.entriesSize
    }

    private func entry(_ block: RawSpan) -> Entry? {
        let place = Self.place(block)
        return place < entries.count ? entries[place] : nil
    }

    /// What two answers differ in may stand anywhere.
    private static func place(_ block: RawSpan) -> Int { Int(block.sampledHash(0)) % places }

    /// A block is about to be read, whose fields come next (`add`).
    func begin(_ block: RawSpan) {
        open = nil
        let form = block.byteCount <= Self.longest ? HeaderBlockForm(block) : nil
        guard let form, form.entries == 0 || !form.refersToTable else { return tableChanges() }
        if form.entries != 0 { tableChanges() }
        let place = Self.place(block)
        while entries.count <= place { entries.append(Entry()) }
        let entry = entries[place]
        entry.isKnown = false
        entry.block.removeAll()
        entry.block.append(block)
        entry.text.removeAll()
        entry.fields.removeAll(keepingCapacity: true)
        entry.form = form
        entry.entriesSize = 0
        open = entry
    }

    @inline(__always)
    func add(_ name: RawSpan, _ value: RawSpan) {
        guard let entry = open else { return }
        guard entry.fields.count < HeaderBlockForm.mostFields, value.byteCount <= Self.longest else {
            open = nil
            return
        }
        let isEntry = (entry.form?.entries ?? 0) >> UInt64(entry.fields.count) & 1 == 1
        if isEntry { entry.entriesSize &+= name.byteCount &+ value.byteCount &+ Self.entryOverhead }
        let start = entry.text.count
        entry.text.append(name)
        let end = entry.text.count
        entry.text.append(value)
        entry.fields.append((ByteRange(start, end), ByteRange(end, entry.text.count)))
    }

    /// RFC 7541, section 4.1.
    private static let entryOverhead = 32

    /// The block was read to its end.
    func end() {
        guard let entry = open, let form = entry.form else { return }
        entry.generation = form.refersToTable ? generation : 0
        entry.isKnown = true
        open = nil
    }
}
