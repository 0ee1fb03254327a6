import Shared

/// Finds the slot of a flow by its endpoints: open addressing with linear probing, at most half full.
///
/// The hash is the same for both directions of a tuple and begins with a random seed, so that nobody can make a capture
/// whose tuples collide. No order depends on it.
struct FlowIndex {
    /// An entry: the hash's upper half above the flow's slot plus one; 0 is free.
    private var entries: [UInt64]
    private var mask: Int
    private(set) var count = 0
    private let seeds: (UInt64, UInt64)

    init(seeds: (UInt64, UInt64) = (.random(in: .min ... .max), .random(in: .min ... .max))) {
        entries = Array(repeating: 0, count: 1024)
        mask = 1023
        self.seeds = seeds
    }

    /// The same for both directions.
    @inline(__always)
    func hash(_ a: Endpoint, _ b: Endpoint) -> UInt64 {
        Self.folded((half(a) &+ half(b)) ^ seeds.0, 0x9E37_79B9_7F4A_7C15)
    }

    @inline(__always)
    private func half(_ endpoint: Endpoint) -> UInt64 {
        Self.folded(
            endpoint.address.low ^ seeds.0, (endpoint.address.high &+ (UInt64(endpoint.port) << 40)) ^ seeds.1)
    }

    /// Both halves of a product: each of its bits depends on all bits of both numbers, one of which has a seed in it.
    @inline(__always)
    private static func folded(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }

    /// The slot for which `isWanted` says yes among those with this hash.
    @inline(__always)
    func find(_ hash: UInt64, _ isWanted: (Int) -> Bool) -> Int? {
        var at = Int(truncatingIfNeeded: hash) & mask
        while entries[at] != 0 {
            if entries[at] >> 32 == hash >> 32 {
                let slot = Int(truncatingIfNeeded: entries[at] & 0xFFFF_FFFF) &- 1
                if isWanted(slot) { return slot }
            }
            at = (at &+ 1) & mask
        }
        return nil
    }

    /// Adds a slot; `tuple` gives the endpoints of one that is there, should the table have to grow.
    mutating func insert(_ slot: Int, tuple: (Int) -> (Endpoint, Endpoint)) {
        if (count &+ 1) &* 2 > entries.count { grow(tuple) }
        place(hash(of: slot, tuple), slot)
        count &+= 1
    }

    /// Takes a slot out; `tuple` gives the endpoints of one that is there, this one's among them.
    mutating func remove(_ slot: Int, tuple: (Int) -> (Endpoint, Endpoint)) {
        let hash = hash(of: slot, tuple)
        let wanted = (hash >> 32) << 32 | UInt64(slot &+ 1)
        var hole = Int(truncatingIfNeeded: hash) & mask
        while entries[hole] != wanted {
            guard entries[hole] != 0 else { return }
            hole = (hole &+ 1) & mask
        }
        count &-= 1
        // Moves up what was pushed down by the one that leaves, so that no marks of the dead are needed.
        var at = hole
        while true {
            at = (at &+ 1) & mask
            let entry = entries[at]
            if entry == 0 { break }
            let home = Int(truncatingIfNeeded: self.hash(of: Int(entry & 0xFFFF_FFFF) &- 1, tuple)) & mask
            // Whether `home` lies cyclically behind the hole, up to `at`: then the entry stays.
            if (at &- home) & mask < (at &- hole) & mask { continue }
            entries[hole] = entry
            hole = at
        }
        entries[hole] = 0
    }

    private mutating func place(_ hash: UInt64, _ slot: Int) {
        var at = Int(truncatingIfNeeded: hash) & mask
        while entries[at] != 0 { at = (at &+ 1) & mask }
        entries[at] = (hash >> 32) << 32 | UInt64(slot &+ 1)
    }

    private func hash(of slot: Int, _ tuple: (Int) -> (Endpoint, Endpoint)) -> UInt64 {
        let (a, b) = tuple(slot)
        return hash(a, b)
    }

    private mutating func grow(_ tuple: (Int) -> (Endpoint, Endpoint)) {
        let old = entries
        entries = Array(repeating: 0, count: old.count * 2)
        mask = entries.count - 1
        for entry in old where entry != 0 {
            let slot = Int(entry & 0xFFFF_FFFF) - 1
            place(hash(of: slot, tuple), slot)
        }
    }
}
