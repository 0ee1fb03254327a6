/// What a header block asks of the table, and does to it (HPACK: RFC 7541, section 6).
struct HeaderBlockForm {
    /// It names entries that other blocks have made.
    private(set) var refersToTable = false
    /// Which of its fields become entries: the first is the lowest bit.
    private(set) var entries: UInt64 = 0
    /// How many they are.
    private(set) var fields = 0

    /// More are not told apart.
    static let mostFields = 64
    /// What every table begins with (RFC 7541, appendix A).
    private static let fixedEntries = 61

    /// - Returns: `nil` for a block that changes the size of the table, that is too long, or that is none.
    init?(_ block: RawSpan) {
        var at = 0
        while at < block.byteCount {
            guard fields < Self.mostFields else { return nil }
            let first = block.byte(at)
            if first & 0x80 != 0 {
                guard let index = Self.integer(block, at, bits: 7) else { return nil }
                if index.value > Self.fixedEntries { refersToTable = true }
                at = index.end
            } else {
                let isEntry = first & 0x40 != 0
                guard isEntry || first & 0x20 == 0, let index = Self.integer(block, at, bits: isEntry ? 6 : 4) else {
                    return nil
                }
                if index.value > Self.fixedEntries { refersToTable = true }
                if isEntry { entries |= 1 << UInt64(fields) }
                at = index.end
                for _ in 0..<(index.value == 0 ? 2 : 1) {
                    guard let length = Self.integer(block, at, bits: 7), length.value <= block.byteCount &- length.end
                    else { return nil }
                    at = length.end &+ length.value
                }
            }
            fields &+= 1
        }
    }

    /// Bytes of the longest number that is read.
    static let longestInteger = 3

    /// RFC 7541, section 5.1; as far as blocks are long that are remembered.
    static func integer(_ block: RawSpan, _ start: Int, bits: Int) -> (value: Int, end: Int)? {
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
