/// Headers of a message, put together as they come, so that they can be looked at once; what is behind them is stepped over.
///
/// They change nothing of what is told otherwise: where a part of them is missing, the message is as if nobody had looked.
struct GatheredHeaders: ~Copyable {
    /// Bytes of them that are still to come; 0: none are gathered.
    private(set) var left = 0
    /// Bytes of the message behind them.
    private(set) var behind = 0
    private(set) var bytes = UniqueBytes()

    init() {}

    /// Of more, the beginning is looked at.
    private static let longest = 8 << 10

    var areOpen: Bool { left > 0 }

    /// - Parameters:
    ///   - count: bytes of the headers.
    ///   - size: of them and all that is behind them in the message.
    mutating func begin(_ count: Int, of size: Int) {
        bytes.removeAll(keepingAtMost: Self.longest)
        left = Swift.max(0, Swift.min(count, size, Self.longest))
        behind = size &- left
    }

    mutating func close() { left = 0 }

    /// - Returns: how many of the bytes were theirs.
    mutating func take(_ source: RawSpan) -> Int {
        let count = Swift.min(left, source.byteCount)
        bytes.append(source.extracting(first: count))
        left &-= count
        return count
    }

    /// A part of the message is missing.
    /// - Returns: how many of its bytes come behind that; `nil` where its end is missing, too.
    mutating func lose(_ length: UInt64, behind tail: Int) -> Int? {
        let rest = left &+ behind &- tail
        guard areOpen, rest >= 0, length <= UInt64(rest) else { return nil }
        close()
        return rest &- Int(length)
    }
}
