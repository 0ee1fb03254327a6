import Testing

@testable import Shared

@Suite struct `Latency histogram` {
    /// 2^(64 * 63 + k) lies between the 64th powers of a bound and of the integer above it: with integers of any length.
    @Test func `has bounds that are exact`() {
        for k in 1..<64 {
            let bound = ExponentialScale.bound(63 * 64 + k)
            #expect(Self.bitWidth(ofPower64: bound) == 63 * 64 + k - 1, "\(k)")
            #expect(Self.bitWidth(ofPower64: bound + 1) == 63 * 64 + k, "\(k)")
        }
        #expect(ExponentialScale.bound(0) == 1)
        #expect(ExponentialScale.bound(63 * 64) == 1 << 63)
    }

    /// How many bits of a number's 64th power stand behind its first.
    private static func bitWidth(ofPower64 value: UInt64) -> Int {
        var number = [UInt32(truncatingIfNeeded: value), UInt32(value >> 32)]
        for _ in 0..<6 {
            var square = [UInt32](repeating: 0, count: number.count * 2)
            for (i, a) in number.enumerated() {
                var carry: UInt64 = 0
                for (j, b) in number.enumerated() {
                    let sum = UInt64(a) * UInt64(b) + UInt64(square[i + j]) + carry
                    square[i + j] = UInt32(truncatingIfNeeded: sum)
                    carry = sum >> 32
                }
                square[i + number.count] = UInt32(carry)
            }
            number = square
        }
        while number.last == 0 { number.removeLast() }
        return number.count * 32 - number.last!.leadingZeroBitCount - 1
    }

    @Test func `puts a value into the bucket whose bounds it lies between`() {
        var random = SeededRandom(seed: 1)
        var values: [UInt64] = Array(1..<5000) + (0..<64).flatMap { [1 << $0, (1 << $0) + 1, (1 << $0) - 1] }
        for _ in 0..<20_000 {
            let shift = UInt64.random(in: 0..<63, using: &random)
            values.append(UInt64.random(in: 1...UInt64.max, using: &random) >> shift)
        }
        for number in 0..<(64 * 64) {
            let bound = ExponentialScale.bound(number)
            values += [bound, bound &+ 1]
        }
        for value in values where value > 0 {
            let bucket = ExponentialScale.bucket(of: value)
            #expect(value <= ExponentialScale.bound(bucket + 1))
            #expect(bucket < 0 || value > ExponentialScale.bound(bucket))
            let middle = ExponentialScale.middle(of: bucket)
            let distance = Double(max(middle, value) - min(middle, value))
            // The middle is an integer, and between two of them where the bucket is small.
            #expect(distance <= Double(value) * 0.00545 + 0.5)
            if value < 64 { #expect(middle == value) }
        }
    }

    @Test func `gives percentiles within one per cent, whatever was recorded`() {
        var random = SeededRandom(seed: 2)
        for count in [1, 2, 3, 10, 99, 100, 101, 2000] {
            var histogram = LatencyHistogram()
            let values = (0..<count).map { _ in
                Int64.random(in: 0..<3_600_000_000_000, using: &random) >> Int64.random(in: 0..<40, using: &random)
            }
            for value in values { histogram.record(value) }
            let sorted = values.sorted()
            for perMille in [1, 500, 950, 990, 999, 1000] {
                let rank = max(1, (count * perMille + 999) / 1000)
                let truth = Double(sorted[rank - 1])
                let found = Double(histogram.percentile(perMille: UInt64(perMille))!)
                #expect(abs(found - truth) <= truth * 0.00545 + 0.5, "\(count) \(perMille)")
            }
            #expect(histogram.maximum == UInt64(sorted.last!))
            #expect(histogram.percentile(perMille: 1000)! <= histogram.maximum)
            #expect(histogram.count == UInt64(count))
            #expect(histogram.sum == UInt64(values.reduce(0, +)))
        }
        #expect(LatencyHistogram().percentile(perMille: 500) == nil)
        var one = LatencyHistogram()
        one.record(411_307)
        #expect(one.percentile(perMille: 500) == 411_307)
        one.record(-5)
        #expect(one.percentile(perMille: 500) == 0)
    }

    @Test func `is the same however it was put together`() {
        var random = SeededRandom(seed: 3)
        for _ in 0..<500 {
            let values = (0..<Int.random(in: 0..<60, using: &random)).map { _ in
                Int64.random(in: -10..<1_000_000, using: &random) >> Int64.random(in: 0..<20, using: &random)
            }
            var whole = LatencyHistogram()
            for value in values { whole.record(value) }
            var parts = [LatencyHistogram](repeating: LatencyHistogram(), count: 4)
            for value in values.shuffled(using: &random) { parts[.random(in: 0..<4, using: &random)].record(value) }
            while parts.count > 1 {
                parts.shuffle(using: &random)
                let part = parts.removeLast()
                parts[0].merge(part)
            }
            #expect(parts[0] == whole)
        }
    }

    @Test(arguments: UInt64(0)..<200) func `merged counts are those that were added one by one`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var (parts, all) = ([SparseCounts(), SparseCounts(), SparseCounts()], SparseCounts())
        for _ in 0..<Int.random(in: 0..<300, using: &random) {
            let number = UInt16.random(in: 0..<UInt16(truncatingIfNeeded: 2 << (seed % 10)), using: &random)
            parts[Int.random(in: 0..<3, using: &random)].count(number)
            all.count(number)
        }
        var forwards = parts[0]
        forwards.merge(parts[1])
        forwards.merge(parts[2])
        var backwards = parts[2]
        backwards.merge(parts[1])
        backwards.merge(parts[0])
        #expect(forwards == all && backwards == all)
    }

    @Test func `counts no further than it can`() {
        var counts = SparseCounts()
        counts.add(.max, to: 3)
        counts.add(1, to: 2)
        counts.count(3)
        counts.count(2)
        counts.add(.max, to: 2)
        let most: UInt64 = 1 << 48 - 1
        #expect(counts.reduce([]) { $0 + [[UInt64($1), $2]] } == [[2, most], [3, most]])
        var histogram = LatencyHistogram()
        histogram.record(.max)
        for _ in 0..<3 { histogram.merge(histogram) }
        #expect(histogram.sum == .max)
        #expect(histogram.percentile(perMille: 1000) == UInt64(Int64.max))
    }
}
