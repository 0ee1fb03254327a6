import Shared

/// Finds the slot of a flow by its endpoints, in either direction.
///
/// The hash is the same for both directions of a tuple and begins with random seeds, so that nobody can make a capture
/// whose tuples collide. No order depends on it.
struct FlowIndex: ~Copyable {
    private var index: HashIndex
    private let seeds: (UInt64, UInt64)

    init(seeds: (UInt64, UInt64) = (.random(in: .min ... .max), .random(in: .min ... .max))) {
        index = HashIndex(seed: seeds.0)
        self.seeds = seeds
    }

    var count: Int { index.count }

    /// The same for both directions.
    @inline(__always)
    func hash(_ a: Endpoint, _ b: Endpoint) -> UInt32 {
        UInt32(truncatingIfNeeded: Self.folded((half(a) &+ half(b)) ^ seeds.0, 0x9E37_79B9_7F4A_7C15))
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
    func find(_ hash: UInt32, _ isWanted: (Int) -> Bool) -> Int? { index.find(hash, isWanted) }

    /// Adds a slot; `tuple` gives the endpoints of one that is there.
    mutating func insert(_ slot: Int, tuple: (Int) -> (Endpoint, Endpoint)) {
        index.insert(slot, hash(of: slot, tuple))
    }

    /// Takes a slot out; `tuple` gives the endpoints of one that is there, this one's among them.
    mutating func remove(_ slot: Int, tuple: (Int) -> (Endpoint, Endpoint)) {
        index.remove(slot, hash(of: slot, tuple))
    }

    private func hash(of slot: Int, _ tuple: (Int) -> (Endpoint, Endpoint)) -> UInt32 {
        let (a, b) = tuple(slot)
        return hash(a, b)
    }
}
