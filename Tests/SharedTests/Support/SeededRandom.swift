/// SplitMix64: the same numbers from the same seed, everywhere.
///
/// A test names the seed when it fails.
struct SeededRandom: RandomNumberGenerator {
    let seed: UInt64
    private var state: UInt64

    init(seed: UInt64) {
        self.seed = seed
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }

    mutating func chance(oneIn bound: Int) -> Bool { below(bound) == 0 }

    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) }
    }

    /// Lower-case letters: bytes that no grammar gives a meaning.
    mutating func letters(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0x61...0x7A, using: &self) }
    }

    /// Cuts `count` bytes into runs of at most `longest`.
    mutating func cuts(_ count: Int, longest: Int) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var at = 0
        while at < count {
            let end = Swift.min(count, at + 1 + below(longest))
            ranges.append(at..<end)
            at = end
        }
        return ranges
    }
}
