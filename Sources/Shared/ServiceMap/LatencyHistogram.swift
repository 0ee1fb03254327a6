/// How long something took, so that any two can be added, and percentiles read of the sum: an exponential histogram of
/// nanoseconds (`ExponentialScale`).
///
/// Adding is exact, in any order; a percentile is within 0.55 % of what really was there, and of one duration, or of the least
/// and the greatest, it is exact.
struct LatencyHistogram: Equatable, Sendable {
    /// By bucket, of which -1 is the least; number 0 is for what took no time.
    private var counts = SparseCounts()
    private(set) var minimum = UInt64.max
    private(set) var maximum: UInt64 = 0
    /// Of all together; it stops at 584 years.
    private(set) var sum: UInt64 = 0

    init() {}

    private static var firstBucket: Int { 2 }

    var isEmpty: Bool { counts.isEmpty }
    var count: UInt64 { counts.total }

    /// - Parameter nanoseconds: below zero it is zero: two clocks, or an answer that began before its request had ended.
    @inline(__always)
    mutating func record(_ nanoseconds: Int64) {
        let value = UInt64(Swift.max(nanoseconds, 0))
        counts.count(
            value == 0 ? 0 : UInt16(truncatingIfNeeded: ExponentialScale.bucket(of: value) &+ Self.firstBucket))
        if value < minimum { minimum = value }
        if value > maximum { maximum = value }
        let (sum, overflow) = sum.addingReportingOverflow(value)
        self.sum = overflow ? .max : sum
    }

    mutating func merge(_ other: LatencyHistogram) {
        counts.merge(other.counts)
        minimum = Swift.min(minimum, other.minimum)
        maximum = Swift.max(maximum, other.maximum)
        let (sum, overflow) = sum.addingReportingOverflow(other.sum)
        self.sum = overflow ? .max : sum
    }

    /// The duration that so much of all are not longer than, by the nearest rank; `nil` where there is none.
    /// - Parameter perMille: above 0, at most 1,000.
    func percentile(perMille: UInt64) -> UInt64? {
        let total = count
        guard total > 0 else { return nil }
        // The whole part apart, so that nothing overflows.
        let rank = total / 1000 * perMille + (total % 1000 * perMille + 999) / 1000
        var passed: UInt64 = 0
        var found: UInt16?
        counts.visit { number, count in
            passed += count
            if found == nil, passed >= rank { found = number }
        }
        guard let found, found > 0 else { return minimum }
        let middle = ExponentialScale.middle(of: Int(found) - Self.firstBucket)
        return Swift.min(Swift.max(middle, minimum), maximum)
    }

    /// The buckets that hold something, as OpenTelemetry counts them.
    /// - Parameter body: is given `nil` for what took no time.
    func visitBuckets(_ body: (_ bucket: Int?, _ count: UInt64) -> Void) {
        counts.visit { body($0 == 0 ? nil : Int($0) - Self.firstBucket, $1) }
    }
}

extension LatencyHistogram {
    func write(_ state: inout StateWriter) {
        counts.write(&state)
        guard !counts.isEmpty else { return }
        state.number(minimum)
        state.number(maximum)
        state.number(sum)
    }

    init(_ state: inout StateReader) throws(StateFault) {
        counts = try SparseCounts(&state)
        guard !counts.isEmpty else { return }
        minimum = try state.number()
        maximum = try state.number()
        sum = try state.number()
        // Between them lie all percentiles.
        guard minimum <= maximum else { throw .damaged }
    }
}
