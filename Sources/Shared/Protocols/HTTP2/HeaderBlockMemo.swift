/// Header blocks that were read lately and left their table as it was, with what they say: clients and servers say the same again
/// and again, and undoing Huffman's code (RFC 7541, section 5.2) is most of the work of a small message.
///
/// What a block says follows from its bytes and from the table, so what is known holds until a block changes that.
final class HeaderBlockMemo {
    private final class Entry {
        var block = UniqueBytes()
        /// Names and values.
        var text = UniqueBytes()
        var fields: [(name: ByteRange, value: ByteRange)] = []
        var generation: UInt64 = 0
    }

    /// Blocks of one direction that are known at once: as many as there are kinds of message in a moment.
    private static let places = 8
    /// Longer ones are rare, and cost more to keep than to read.
    private static let longest = 1024
    private static let mostFields = 64

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
    /// - Returns: `false` where it is not.
    @inline(__always)
    func find(_ block: RawSpan, _ field: (_ name: RawSpan, _ value: RawSpan) -> Void) -> Bool {
        guard let entry = entry(block), entry.generation == generation else { return false }
        var isEqual = false
        entry.block.withBytes { isEqual = $0.equals(block) }
        guard isEqual else { return false }
        let fields = entry.fields
        entry.text.withBytes { text in
            for (name, value) in fields { field(text.extracting(name), text.extracting(value)) }
        }
        return true
    }

    private func entry(_ block: RawSpan) -> Entry? {
        let place = Self.place(block)
        return place < entries.count ? entries[place] : nil
    }

    private static func place(_ block: RawSpan) -> Int {
        let count = block.byteCount
        let last = count >= 8 ? block.little(UInt64.self, at: count &- 8) ?? 0 : UInt64(block.u8(at: 0) ?? 0)
        let hash = (last ^ UInt64(count)) &* 0x9E37_79B9_7F4A_7C15
        return Int(hash >> 61)
    }

    /// A block is about to be read, whose fields come next (`add`).
    func begin(_ block: RawSpan) {
        open = nil
        guard block.byteCount > 0, Self.keepsTable(block) else { return tableChanges() }
        guard block.byteCount <= Self.longest else { return }
        let place = Self.place(block)
        while entries.count <= place { entries.append(Entry()) }
        let entry = entries[place]
        entry.block.removeAll()
        entry.block.append(block)
        entry.text.removeAll()
        entry.fields.removeAll(keepingCapacity: true)
        entry.generation = 0
        open = entry
    }

    @inline(__always)
    func add(_ name: RawSpan, _ value: RawSpan) {
        guard let entry = open else { return }
        guard entry.fields.count < Self.mostFields, value.byteCount <= Self.longest else {
            open = nil
            return
        }
        let start = entry.text.count
        entry.text.append(name)
        let end = entry.text.count
        entry.text.append(value)
        entry.fields.append((ByteRange(start, end), ByteRange(end, entry.text.count)))
    }

    /// The block was read to its end.
    func end() {
        open?.generation = generation
        open = nil
    }

    // MARK: What a block does to the table

    /// Whether a block only refers to the table, or says fields that are not to be kept (RFC 7541, sections 6.1, 6.2.2 and 6.2.3).
    static func keepsTable(_ block: RawSpan) -> Bool {
        var at = 0
        while at < block.byteCount {
            let first = block.byte(at)
            if first & 0x80 != 0 {
                guard let next = integer(block, at, bits: 7) else { return false }
                at = next.end
                continue
            }
            guard first & 0xF0 <= 0x10, let index = integer(block, at, bits: 4) else { return false }
            at = index.end
            for _ in 0..<(index.value == 0 ? 2 : 1) {
                guard let length = integer(block, at, bits: 7), length.value <= block.byteCount &- length.end else {
                    return false
                }
                at = length.end &+ length.value
            }
        }
        return true
    }

    /// RFC 7541, section 5.1; as far as blocks are long that are remembered.
    private static func integer(_ block: RawSpan, _ start: Int, bits: Int) -> (value: Int, end: Int)? {
        guard let first = block.u8(at: start) else { return nil }
        let most = 1 << bits &- 1
        let value = Int(first) & most
        guard value == most else { return (value, start &+ 1) }
        guard let second = block.u8(at: start &+ 1) else { return nil }
        guard second & 0x80 != 0 else { return (most &+ Int(second), start &+ 2) }
        guard let third = block.u8(at: start &+ 2), third & 0x80 == 0 else { return nil }
        return (most &+ Int(second & 0x7F) &+ Int(third) << 7, start &+ 3)
    }
}
