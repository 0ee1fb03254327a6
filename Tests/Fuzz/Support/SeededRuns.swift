import Foundation

@testable import Shared

/// Inputs that follow from a number alone: parts of the fixtures, each changed a little by chance.
///
/// libFuzzer goes where new ways through the code lead it, and these are not the same in two processes: what it finds in a hundred
/// runs it may not find in the next hundred. What stands in CI has to fail for the change, and not for the dice.
struct SeededRuns {
    let target: Target
    let count: Int
    /// Where an input is while it runs: it stays there if it breaks something.
    let running: String

    /// As long as an input may be: a run of `replay` reads it three times.
    private static let longest = 16 << 10

    func run() {
        let seeds = Seeds(target).inputs.filter { !$0.isEmpty }
        require(!seeds.isEmpty, "\(target.rawValue): no fixture gives an input")
        for number in 0..<count {
            var random = SeededRandom(seed: UInt64(number))
            var bytes = Array(seeds[random.below(seeds.count)].prefix(Self.longest))
            for _ in 0...random.below(4) { change(&bytes, &random, other: seeds[random.below(seeds.count)]) }
            require(
                FileManager.default.createFile(atPath: running, contents: Data(bytes)), "\(running): can't be written")
            target.run(bytes)
        }
        try? FileManager.default.removeItem(atPath: running)
        print("\(target.rawValue): \(count) inputs, each as it should be")
    }

    /// One change, of the kinds that peers, networks and disks make, and those who mean harm.
    private func change(_ bytes: inout [UInt8], _ random: inout SeededRandom, other: [UInt8]) {
        guard !bytes.isEmpty else {
            bytes = random.bytes(1 + random.below(8))
            return
        }
        let place = random.below(bytes.count)
        let part = place..<min(bytes.count, place + 1 + random.below(64))
        switch random.below(8) {
        case 0: bytes[place] ^= 1 << UInt8(random.below(8))
        case 1: bytes[place] = [0, 1, 0x7F, 0x80, 0xFF, 0x0A, 0x20, 0x30][random.below(8)]
        case 2: bytes.removeSubrange(part)
        case 3: bytes.insert(contentsOf: random.bytes(1 + random.below(8)), at: place)
        case 4: bytes.insert(contentsOf: bytes[part], at: random.below(bytes.count))
        case 5: bytes.swapAt(place, random.below(bytes.count))
        case 6:
            let from = random.below(max(1, other.count))
            bytes.insert(contentsOf: other[from...].prefix(1 + random.below(200)), at: place)
        default: bytes.removeLast(random.below(min(bytes.count, 200)))
        }
    }
}
