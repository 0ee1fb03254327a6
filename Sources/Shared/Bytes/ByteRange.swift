/// Where a part of a message lies, in bytes from the message's start.
package struct ByteRange: Equatable, Sendable, BitwiseCopyable {
    package var start: Int32
    package var count: Int32

    /// - Parameters:
    ///   - start: where the part begins, below 2^31, as all limits of messages are.
    ///   - end: behind its last byte.
    init(_ start: Int, _ end: Int) {
        self.start = Int32(truncatingIfNeeded: start)
        count = Int32(truncatingIfNeeded: end &- start)
    }

    package static let empty = ByteRange(0, 0)

    package var range: Range<Int> { Int(start)..<Int(start) &+ Int(count) }
    package var isEmpty: Bool { count == 0 }

    /// The same part, counted from another start; what is empty lies nowhere.
    package func moved(by distance: Int) -> ByteRange {
        if isEmpty { return .empty }
        var moved = self
        moved.start &+= Int32(truncatingIfNeeded: distance)
        return moved
    }
}

extension RawSpan {
    /// The part at a range that was kept beside these bytes.
    ///
    /// Nothing where they do not reach so far: a range that has outlived its text is a fault of ours, which a debug build stops at
    /// and no capture is to end by.
    @inline(__always)
    @_lifetime(copy self)
    package func extracting(_ part: ByteRange) -> RawSpan {
        let range = part.range
        let isInside = range.lowerBound >= 0 && range.upperBound <= byteCount
        assert(isInside, "a range has outlived its text")
        return isInside ? extracting(range) : extracting(first: 0)
    }
}
