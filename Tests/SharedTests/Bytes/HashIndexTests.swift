import Testing

@testable import Shared

/// The index against a dictionary, whatever the hashes are.
@Suite struct `An index by hashes` {
    @Test(arguments: [0xFFFF_FFFF, 0xFF, 0x8000_0001, 0] as [UInt32])
    func `finds what is in it and nothing else`(_ kept: UInt32) {
        var random = SeededRandom(seed: UInt64(kept))
        var index = HashIndex()
        let hashes = (0..<500).map { _ in UInt32(truncatingIfNeeded: random.next()) & kept }
        var present: Set<Int> = []
        for _ in 0..<4000 {
            let number = random.below(hashes.count)
            if present.remove(number) != nil {
                index.remove(number, hashes[number])
                index.remove(number, hashes[number])
            } else {
                present.insert(number)
                index.insert(number, hashes[number])
            }
        }
        #expect(index.count == present.count)
        for (number, hash) in hashes.enumerated() {
            #expect(index.find(hash) { $0 == number } == (present.contains(number) ? number : nil))
        }
        index.removeAll()
        #expect(index.count == 0 && hashes.allSatisfy { index.find($0) { _ in true } == nil })
    }

    @Test func `has a seed of its own`() {
        #expect(HashIndex().seed != HashIndex().seed)
    }

    /// Numbers that Fibonacci hashing puts into one place: they once took time in proportion to their square.
    @Test func `puts identities that were chosen to collide into different places`() {
        // The inverse of 2^64 divided by the golden ratio, modulo 2^64.
        let inverse: UInt64 = 0xF1DE_83E1_9937_733D
        #expect(inverse &* 0x9E37_79B9_7F4A_7C15 == 1)
        let index = HashIndex()
        let homes = Set(
            (0..<4096 as Range<UInt64>).map { number in
                ConnectionTable.hash(number &* inverse, seed: index.seed) & 0xFFFF
            })
        // 4096 of 65,536 places that are taken at random are 3,970 different ones.
        #expect(homes.count > 3500)
    }
}
