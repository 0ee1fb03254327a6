/// Which connections of a tape were opened before, among the last.
///
/// A connection's serial number is unique within its tape. After a full ring buffer a tape may tell of a connection's opening
/// late, when it has told of its end already.
struct Openings {
    /// Connections that are remembered, each in the place that its number gives it.
    ///
    /// What was delayed on one processor is not behind more than that; it takes 128 KiB.
    private static let places = 1 << 14

    /// A hash of number and ends a connection; 0 where there was none.
    private var known: [UInt64] = []

    /// Takes note of a connection that opens.
    /// - Returns: `false` where it was opened before, between the same ends, as far as is remembered.
    mutating func isNew(_ opened: ConnectionOpened) -> Bool {
        if known.isEmpty { known = Array(repeating: 0, count: Self.places) }
        let place = Int(opened.id.serial % UInt64(Self.places))
        let hash = Self.hash(opened)
        if known[place] == hash { return false }
        known[place] = hash
        return true
    }

    private static func hash(_ opened: ConnectionOpened) -> UInt64 {
        var hash = opened.id.serial &+ 0x9E37_79B9_7F4A_7C15
        for end in [opened.local, opened.remote] {
            for word in [end.address.high, end.address.low, UInt64(end.port)] {
                let product = (hash ^ word).multipliedFullWidth(by: 0xFF51_AFD7_ED55_8CCD)
                hash = product.high ^ product.low
            }
        }
        return hash | 1
    }
}
