/// Bodies that follow from a seed and a number, so that both sides of a scenario know what the other sends.
struct SeededContent: Sendable {
    let seed: UInt64

    /// Printable ASCII: what the server gives for `/text/SIZE/NUMBER`.
    func text(_ size: Int, _ number: Int) -> [UInt8] {
        bytes(size, stream: UInt64(number)) { 0x20 | $0 & 0x3F }
    }

    /// Bytes of any value.
    func binary(_ size: Int, _ number: Int) -> [UInt8] { bytes(size, stream: ~UInt64(number)) { $0 } }

    private func bytes(_ size: Int, stream: UInt64, _ form: (UInt8) -> UInt8) -> [UInt8] {
        var random = SplitMix64(seed: seed, stream: stream)
        return [UInt8](unsafeUninitializedCapacity: size) { buffer, initialized in
            var word: UInt64 = 0
            for place in 0..<size {
                if place % 8 == 0 { word = random.next() }
                buffer[place] = form(UInt8(truncatingIfNeeded: word))
                word >>= 8
            }
            initialized = size
        }
    }
}
