extension RawSpan {
    /// A hash of a few words of the bytes, evenly spaced, and of the last: for places in memory alone, where whoever chooses
    /// bytes that share one slows down nobody but what is remembered of them.
    func sampledHash(_ seed: UInt64) -> UInt32 {
        var state = UInt64(truncatingIfNeeded: byteCount) | seed
        let step = Swift.max(8, byteCount / 16)
        var at = 0
        while let word = little(UInt64.self, at: at) {
            state = (state ^ word) &* 0x9E37_79B9_7F4A_7C15
            state ^= state >> 29
            at &+= step
        }
        if let last = little(UInt64.self, at: byteCount &- 8) {
            state = (state ^ last) &* 0x9E37_79B9_7F4A_7C15
        } else if byteCount > 0 {
            state = (state ^ lastWord(byteCount)) &* 0x9E37_79B9_7F4A_7C15
        }
        return UInt32(truncatingIfNeeded: state >> 32)
    }
}
