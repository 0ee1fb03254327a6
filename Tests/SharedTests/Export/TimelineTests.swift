import Testing

@testable import Shared

@Suite struct `Timelines of a report` {
    @Test(arguments: UInt64(0)..<40) func `do not depend on the order of moments, nor on how they are split`(
        _ seed: UInt64
    ) {
        var random = SeededRandom(seed: seed)
        let span = Int64(1) << Int64.random(in: 10...55, using: &random)
        let start = Int64.random(in: 0...1_700_000_000_000_000_000, using: &random)
        let moments = (0..<200).map { _ in
            (Timestamp(nanoseconds: start + .random(in: 0...span, using: &random)), Bool.random(using: &random))
        }
        var axis = TimeAxis()
        var (one, two, all) = (Timeline(), Timeline(), Timeline())
        for (place, moment) in moments.shuffled(using: &random).enumerated() {
            axis.see(moment.0)
            if place % 3 == 0 {
                one.record(moment.0, isError: moment.1, axis)
            } else {
                two.record(moment.0, isError: moment.1, axis)
            }
        }
        var other = TimeAxis()
        for moment in moments {
            other.see(moment.0)
            all.record(moment.0, isError: moment.1, other)
        }
        one.merge(two, axis)
        #expect(axis == other)
        let bins = one.bins(of: axis)
        #expect(bins == all.bins(of: other))
        #expect(bins.count <= Int(TimeAxis.most))
        #expect(bins.count > Int(TimeAxis.most) / 2 || axis.exponent == 16)
        #expect(bins.reduce(0) { $0 + $1.count } == 200)
        #expect(bins.reduce(0) { $0 + Int($1.errors) } == moments.filter(\.1).count)
    }

    @Test func `of nothing have nothing`() {
        #expect(Timeline().bins(of: TimeAxis()).isEmpty)
    }
}
