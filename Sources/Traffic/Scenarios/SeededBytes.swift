/// Bytes that follow from a seed, so that both sides of a scenario know what the other sends (SplitMix64).
struct SeededBytes {
    private var state: UInt64

    init(_ seed: UInt64, number: Int) { state = seed &+ UInt64(truncatingIfNeeded: number) &* 0xD134_2543_DE82_EF95 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    mutating func next(below bound: Int) -> Int { Int(next() % UInt64(bound)) }

    /// Bytes of any value.
    mutating func binary(_ count: Int) -> [UInt8] { bytes(count) { $0 } }

    /// Printable ASCII.
    mutating func text(_ count: Int) -> [UInt8] { bytes(count) { 0x20 | $0 & 0x3F } }

    private mutating func bytes(_ count: Int, _ form: (UInt8) -> UInt8) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            var word: UInt64 = 0
            for place in 0..<count {
                if place % 8 == 0 { word = next() }
                buffer[place] = form(UInt8(truncatingIfNeeded: word))
                word >>= 8
            }
            initialized = count
        }
    }
}
