import Shared

/// Finds the slot of a flow by its endpoints, in either direction, and the network that they are on.
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
    func hash(_ a: Endpoint, _ b: Endpoint, on network: Network) -> UInt32 {
        UInt32(
            truncatingIfNeeded: Self.folded((half(a) &+ half(b)) ^ network.number ^ seeds.0, 0x9E37_79B9_7F4A_7C15))
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

    /// Adds a slot under its hash; it may be there under several.
    mutating func insert(_ slot: Int, _ hash: UInt32) { index.insert(slot, hash) }

    /// Takes a slot out from under a hash.
    mutating func remove(_ slot: Int, _ hash: UInt32) { index.remove(slot, hash) }
}
