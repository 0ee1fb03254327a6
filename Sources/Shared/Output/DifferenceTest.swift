import Glibc

/// When a difference of two samples is more than noise.
///
/// Each test is two-sided, and its level is 1 % for all comparisons of a run together: that level by their number (Bonferroni's
/// correction). So one run in a hundred that compares equals says that something differs, however many series there are.
struct DifferenceTest: Sendable {
    /// Of one comparison.
    let level: Double

    /// Of all comparisons together.
    package static let levelOfAll = 0.01

    /// - Parameter comparisons: how many are made.
    init(comparisons: Int) { level = Self.levelOfAll / Double(max(comparisons, 1)) }

    // MARK: Rates

    /// So many of all.
    struct Rate: Sendable {
        var part: UInt64
        var whole: UInt64
    }

    /// Fisher's exact test: how likely so many errors fall on one side by chance, given how many there are on both.
    ///
    /// Two-sided by doubling the smaller tail.
    func differ(_ a: Rate, _ b: Rate) -> Bool {
        guard a.whole > 0, b.whole > 0 else { return false }
        let parts = a.part &+ b.part
        guard parts > 0, parts < a.whole &+ b.whole else { return false }
        return min(1, 2 * Self.smallerTail(a, b)) < level
    }

    private static func smallerTail(_ a: Rate, _ b: Rate) -> Double {
        let (n, m, k) = (Double(a.whole), Double(b.whole), Double(a.part) + Double(b.part))
        func logTerm(_ x: Double) -> Double {
            choose(n, x) + choose(m, k - x) - choose(n + m, k)
        }
        let x = Double(a.part)
        // Away from what is expected, terms get smaller: the tail on that side.
        let isAbove = x * (n + m) >= k * n
        let step: Double = isAbove ? 1 : -1
        let (lowest, highest) = (max(0, k - m), min(k, n))
        var sum = 0.0
        var at = x
        while at >= lowest, at <= highest {
            let term = exp(logTerm(at))
            sum += term
            // What is too small for a number is too small to count.
            if term <= sum * 1e-12 { break }
            at += step
        }
        return sum
    }

    /// The logarithm of the binomial coefficient.
    private static func choose(_ n: Double, _ k: Double) -> Double {
        logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1)
    }

    /// `lgamma` without its sign, which glibc keeps in a variable of all threads.
    private static func logGamma(_ x: Double) -> Double {
        var sign: Int32 = 0
        return lgamma_r(x, &sign)
    }

    // MARK: Durations

    /// So many durations a side are needed to say anything.
    static let fewest: UInt64 = 8
    /// What the median or the 99th percentile has to differ by, in parts of a thousand: less is a difference that nobody feels,
    /// however sure it is.
    static let leastPerMille: UInt64 = 100

    /// Mann and Whitney's rank sum test, with the correction for ties, on the buckets of two histograms.
    func differ(_ a: LatencyHistogram, _ b: LatencyHistogram) -> Bool {
        guard a.count >= Self.fewest, b.count >= Self.fewest, Self.isFelt(a, b) else { return false }
        return 2 * Self.tail(abs(Self.deviation(a, b))) < level
    }

    private static func isFelt(_ a: LatencyHistogram, _ b: LatencyHistogram) -> Bool {
        [UInt64(500), 990].contains { perMille in
            guard let own = a.percentile(perMille: perMille), let other = b.percentile(perMille: perMille) else {
                return false
            }
            let (less, more) = (min(own, other), max(own, other))
            return more - less > less / 1000 &* leastPerMille
        }
    }

    /// How many standard deviations the rank sum lies from what is expected of equals.
    private static func deviation(_ a: LatencyHistogram, _ b: LatencyHistogram) -> Double {
        var buckets: [Int: (a: Double, b: Double)] = [:]
        // What took no time comes before all buckets, of which -1 is the first.
        a.visitBuckets { buckets[$0 ?? -2, default: (0, 0)].a += Double($1) }
        b.visitBuckets { buckets[$0 ?? -2, default: (0, 0)].b += Double($1) }
        let (n, m) = (Double(a.count), Double(b.count))
        var (before, ranks, ties) = (0.0, 0.0, 0.0)
        for bucket in buckets.keys.sorted() {
            let (own, other) = buckets[bucket]!
            let both = own + other
            ranks += own * (before + (both + 1) / 2)
            ties += both * both * both - both
            before += both
        }
        let all = n + m
        let variance = n * m / 12 * (all + 1 - ties / (all * (all - 1)))
        guard variance > 0 else { return 0 }
        let difference = ranks - n * (n + 1) / 2 - n * m / 2
        // A rank sum goes by halves, and the normal distribution does not.
        return difference == 0 ? 0 : (difference - (difference > 0 ? 0.5 : -0.5)) / variance.squareRoot()
    }

    /// Of the normal distribution, beyond so many standard deviations.
    private static func tail(_ deviations: Double) -> Double { erfc(deviations / 2.0.squareRoot()) / 2 }
}
