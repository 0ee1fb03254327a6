/// Header blocks of which it was known what they say, and which have yet to change the table.
///
/// Some servers (nginx) make entries with each answer and never refer to one. The table is not asked then, and what would have
/// left it by now need not be read: of the blocks that make entries the last are kept, as many as fill it.
struct HeaderBacklog: ~Copyable {
    /// Their entries fill the table, so nothing of before is in it.
    private var older = UniqueBytes()
    private var newer = UniqueBytes()
    /// How much room the entries of `newer` take in the table.
    private var entriesSize = 0

    /// Bytes that are kept.
    var count: Int { older.count &+ newer.count }

    /// Adds a block that neither refers to the table nor changes its size.
    /// - Parameters:
    ///   - entries: the room that its entries take.
    ///   - table: the room that the table has.
    mutating func add(_ block: RawSpan, entries: Int, table: Int) {
        newer.append(block)
        entriesSize &+= entries
        guard entriesSize >= table else { return }
        swap(&older, &newer)
        newer.removeAll()
        entriesSize = 0
    }

    /// Lends what is to be read, in order; the fields of several blocks one behind the other are as good as one.
    func withBlocks(_ body: (RawSpan) -> Void) {
        if !older.isEmpty { older.withBytes(body) }
        if !newer.isEmpty { newer.withBytes(body) }
    }

    mutating func removeAll() {
        older.removeAll()
        newer.removeAll()
        entriesSize = 0
    }
}
