import Shared

/// Which bytes of a stream a tape has, and so which it has not.
struct HeardStream {
    /// Bytes that are not there.
    struct Hole {
        var start: UInt64
        var end: UInt64
        /// The packet or call that showed that they had been said: the first that lies behind them.
        var number: UInt64
        var at: Timestamp
        /// `nil`: nothing says more than that the tape has them not.
        var reason: GapReason?
    }

    private struct Span {
        var start: UInt64
        var end: UInt64
        var number: UInt64
        var at: Timestamp
        /// It is told of as missing.
        var gap: GapReason?
    }

    private var spans: [Span] = []

    /// Takes bytes, or what a tape says of bytes that it has not.
    mutating func add(_ start: UInt64, _ length: UInt64, _ number: UInt64, _ at: Timestamp, gap: GapReason? = nil) {
        guard length > 0 || gap == nil else { return }
        spans.append(Span(start: start, end: start &+ length, number: number, at: at, gap: gap))
    }

    /// In their order; what stands at the end without a length is where the stream ended.
    var holes: [Hole] {
        var holes: [Hole] = []
        // Positions count from the first byte after the handshake, or, joined late, from the first that was seen.
        var reach: UInt64 = 0
        for span in spans.sorted(by: { ($0.start, $0.number) < ($1.start, $1.number) }) {
            if span.start > reach {
                holes.append(Hole(start: reach, end: span.start, number: span.number, at: span.at))
                reach = span.start
            }
            if let gap = span.gap, span.end > reach {
                holes.append(
                    Hole(start: max(span.start, reach), end: span.end, number: span.number, at: span.at, reason: gap))
            }
            reach = max(reach, span.end)
        }
        return holes
    }
}
