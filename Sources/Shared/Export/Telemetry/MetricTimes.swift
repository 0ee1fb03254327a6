/// When the points of metrics are: one where what is told of begins, and one at the end of each interval of the map's timeline, or one at
/// the end alone.
///
/// Prometheus counts milliseconds, so no interval is shorter, and none begins within one.
struct MetricTimes: Equatable, Sendable {
    let start: Timestamp
    let end: Timestamp
    /// Of each interval, in their order; the last is `end`.
    let ends: [Timestamp]
    /// So many bins of the axis are in each, but for the first and the last.
    private let shift: Int64
    private let firstBin: Int64

    /// 2^20 ns: the least power of two that is more than a millisecond.
    private static let leastExponent: Int64 = 20

    /// - Parameters:
    ///   - axis: of the map's timelines.
    ///   - first: the tape's first moment.
    ///   - last: the tape's last moment.
    init(_ axis: TimeAxis, first: Timestamp, last: Timestamp) {
        let shift = max(Self.leastExponent - axis.exponent, 0)
        self.shift = shift
        firstBin = axis.first.map { axis.bin($0) } ?? 0
        let width = axis.exponent + shift
        var (start, ends) = (Self.floor(first), [Timestamp]())
        if let first = axis.first, let last = axis.last {
            let bins = axis.bin(first) >> shift...axis.bin(last) >> shift
            start = min(start, Self.floor(first))
            for bin in bins.dropLast() {
                // An interval may end within the millisecond in which the tape begins.
                let next = Timestamp(nanoseconds: (ends.last ?? start).nanoseconds &+ Self.millisecond)
                ends.append(max(Self.floor(Timestamp(nanoseconds: (bin + 1) << width)), next))
            }
        }
        // Later than all of them: the last of the intervals is that in which the tape ends.
        let least = Timestamp(nanoseconds: (ends.last ?? start).nanoseconds &+ Self.millisecond)
        end = max(Self.floor(last), least)
        self.start = start
        self.ends = axis.first == nil ? [] : ends + [end]
    }

    private static let millisecond: Int64 = 1_000_000

    private static func floor(_ moment: Timestamp) -> Timestamp {
        let rest = moment.nanoseconds % millisecond
        // Times are from outside: they may be any.
        return Timestamp(nanoseconds: moment.nanoseconds &- (rest < 0 ? rest + millisecond : rest))
    }

    /// What there was in each interval.
    /// - Parameter bins: all of the axis.
    func intervals(_ bins: [Timeline.Bin]) -> [Timeline.Bin] {
        var intervals = [Timeline.Bin](repeating: Timeline.Bin(), count: ends.count)
        for (place, bin) in bins.enumerated() {
            let interval = ((firstBin + Int64(place)) >> shift) - (firstBin >> shift)
            guard interval < intervals.count else { break }
            intervals[Int(interval)].add(bin)
        }
        return intervals
    }
}
