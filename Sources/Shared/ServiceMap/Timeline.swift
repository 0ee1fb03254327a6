/// How time is divided for all timelines of a tape: into few equal bins, whose width is a power of two of nanoseconds and doubles
/// when there would be too many.
///
/// It depends on the first and the last moment alone, not on the order in which they come.
struct TimeAxis: Equatable, Sendable {
    /// The most bins; there are more than half as many where moments lie far enough apart.
    static let most: Int64 = 48
    /// 2^16 ns: 66 us.
    private(set) var exponent: Int64 = 16
    private(set) var first: Timestamp?
    private(set) var last: Timestamp?

    mutating func see(_ moment: Timestamp) {
        first = min(first ?? moment, moment)
        last = max(last ?? moment, moment)
        while let first, let last, bin(last) - bin(first) >= Self.most { exponent += 1 }
    }

    func bin(_ moment: Timestamp) -> Int64 { moment.nanoseconds >> exponent }

    /// How many bins there are.
    var count: Int {
        guard let first, let last else { return 0 }
        return Int(bin(last) - bin(first)) + 1
    }
}

/// How often something was, and how often in vain, in each bin of an axis.
struct Timeline: Equatable, Sendable {
    struct Bin: Equatable, Sendable {
        var count: UInt32 = 0
        var errors: UInt32 = 0
    }

    /// By the number of the bin.
    private(set) var bins: [Int64: Bin] = [:]
    private var exponent: Int64 = 0

    mutating func record(_ moment: Timestamp, isError: Bool, _ axis: TimeAxis) {
        widen(to: axis)
        let number = axis.bin(moment)
        bins[number, default: Bin()].count &+= 1
        if isError { bins[number]?.errors &+= 1 }
    }

    mutating func merge(_ other: Timeline, _ axis: TimeAxis) {
        var other = other
        widen(to: axis)
        other.widen(to: axis)
        bins.merge(other.bins) { Bin(count: $0.count &+ $1.count, errors: $0.errors &+ $1.errors) }
    }

    private mutating func widen(to axis: TimeAxis) {
        guard exponent != axis.exponent else { return }
        let shift = axis.exponent - exponent
        exponent = axis.exponent
        guard !bins.isEmpty else { return }
        var wider: [Int64: Bin] = [:]
        for (number, bin) in bins {
            let known = wider[number >> shift] ?? Bin()
            wider[number >> shift] = Bin(count: known.count &+ bin.count, errors: known.errors &+ bin.errors)
        }
        bins = wider
    }

    /// All bins of the axis.
    func bins(of axis: TimeAxis) -> [Bin] {
        guard let first = axis.first else { return [] }
        var timeline = self
        timeline.widen(to: axis)
        let start = axis.bin(first)
        return (0..<axis.count).map { timeline.bins[start + Int64($0)] ?? Bin() }
    }
}
