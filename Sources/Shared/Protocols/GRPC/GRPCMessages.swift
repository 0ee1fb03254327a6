/// Counts the messages in one direction of a call (PROTOCOL-HTTP2.md: Length-Prefixed-Message): a byte that says whether the message
/// is compressed, its length in four bytes, and the message, over any number of frames.
struct GRPCMessages {
    /// Messages that have begun, as far as that is known.
    private(set) var count: UInt64 = 0
    /// Bytes were missing where a message begins, or may begin.
    private(set) var isLost = false
    private var left: UInt64 = 0
    /// Of the next prefix.
    private var prefixBytes = 0
    private var length: UInt32 = 0

    private static let prefixLength = 5

    mutating func feed(_ bytes: RawSpan) {
        guard !isLost else { return }
        var at = 0
        while at < bytes.byteCount {
            if left > 0 {
                let passed = Swift.min(left, UInt64(bytes.byteCount &- at))
                left &-= passed
                at &+= Int(passed)
                continue
            }
            if prefixBytes > 0 { length = length << 8 | UInt32(bytes.u8(at: at) ?? 0) }
            prefixBytes &+= 1
            at &+= 1
            guard prefixBytes == Self.prefixLength else { continue }
            count &+= 1
            left = UInt64(length)
            prefixBytes = 0
            length = 0
        }
    }

    mutating func gap(_ missing: UInt64) {
        if missing <= left { left &-= missing } else { isLost = true }
    }
}
