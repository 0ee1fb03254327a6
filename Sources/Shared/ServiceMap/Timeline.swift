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
        var count: UInt64 = 0
        var errors: UInt64 = 0
        /// How long those took that were answered and do not wait, where that is kept.
        var latency = LatencyHistogram()

        /// What is too much to be counted stays so, in whatever order it comes.
        mutating func add(_ other: Bin) {
            count = Self.sum(count, other.count)
            errors = Self.sum(errors, other.errors)
            latency.merge(other.latency)
        }

        private static func sum(_ one: UInt64, _ other: UInt64) -> UInt64 {
            let (sum, overflows) = one.addingReportingOverflow(other)
            return overflows ? .max : sum
        }
    }

    /// By the number of the bin.
    private(set) var bins: [Int64: Bin] = [:]
    private var exponent: Int64 = 0

    /// - Parameter latency: nanoseconds; `nil`: it is not kept, or it is none.
    mutating func record(_ moment: Timestamp, isError: Bool, latency: Int64? = nil, _ axis: TimeAxis) {
        widen(to: axis)
        bins[axis.bin(moment), default: Bin()].add(Bin(count: 1, errors: isError ? 1 : 0))
        if let latency { bins[axis.bin(moment)]?.latency.record(latency) }
    }

    mutating func merge(_ other: Timeline, _ axis: TimeAxis) {
        var other = other
        widen(to: axis)
        other.widen(to: axis)
        for (number, bin) in other.bins { bins[number, default: Bin()].add(bin) }
    }

    private mutating func widen(to axis: TimeAxis) {
        guard exponent != axis.exponent else { return }
        let shift = axis.exponent - exponent
        exponent = axis.exponent
        guard !bins.isEmpty else { return }
        var wider: [Int64: Bin] = [:]
        for (number, bin) in bins { wider[number >> shift, default: Bin()].add(bin) }
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

// MARK: As a state has them

extension TimeAxis {
    /// To be called where there is a moment.
    func write(_ state: inout StateWriter) {
        guard let first, let last else { return }
        state.moment(first)
        state.signed(last.since(first))
    }

    init(_ state: inout StateReader) throws(StateFault) {
        let first = try state.moment()
        see(first)
        see(Timestamp(nanoseconds: first.nanoseconds &+ (try state.signed())))
    }
}

extension Timeline {
    /// The bins that are not empty, by their distances from the first of the axis.
    func write(_ state: inout StateWriter, _ axis: TimeAxis) {
        let bins = bins(of: axis)
        let used = bins.indices.filter { bins[$0] != Bin() }
        state.list(used) { state, place in
            state.number(place)
            state.number(bins[place].count)
            state.number(bins[place].errors)
        }
    }

    init(_ state: inout StateReader, _ axis: TimeAxis) throws(StateFault) {
        guard let first = axis.first else { throw .damaged }
        exponent = axis.exponent
        let start = axis.bin(first)
        for _ in 0..<(try state.count()) {
            let place = try state.number()
            guard place < UInt64(axis.count) else { throw .damaged }
            let bin = Bin(count: try state.number(), errors: try state.number())
            bins[start + Int64(place), default: Bin()].add(bin)
        }
    }
}
