/// How many different paths were seen: exact up to a bound, then "at least so many".
///
/// Of too many those with the smallest hash stay, so that sets can be joined in any order.
struct DistinctPaths: Equatable, Sendable {
    /// The hashes in order.
    private var smallest: UInt64?
    private var others: [UInt64] = []
    /// There are more.
    private(set) var isAtLeast = false

    static let most = 256

    init() {}

    var count: Int { smallest == nil ? 0 : 1 + others.count }

    mutating func insert(_ hash: UInt64) {
        guard let first = smallest else {
            smallest = hash
            return
        }
        if hash == first { return }
        var added = hash
        if hash < first {
            smallest = hash
            added = first
        }
        var (low, high) = (0, others.count)
        while low < high {
            let middle = (low + high) / 2
            if others[middle] < added { low = middle + 1 } else { high = middle }
        }
        if low < others.count, others[low] == added { return }
        if others.count == Self.most - 1 {
            isAtLeast = true
            if low == others.count { return }
            others.removeLast()
        }
        others.insert(added, at: low)
    }

    mutating func merge(_ other: DistinctPaths) {
        isAtLeast = isAtLeast || other.isAtLeast
        if let first = other.smallest { insert(first) }
        for hash in other.others { insert(hash) }
    }

    /// Of a path's bytes: the same on every machine.
    static func hash(_ path: UnsafeRawBufferPointer) -> UInt64 {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15 ^ UInt64(path.count)
        var at = 0
        while path.count - at >= 8 {
            let word = UInt64(littleEndian: path.loadUnaligned(fromByteOffset: at, as: UInt64.self))
            state = fold(state ^ word, 0xA076_1D64_78BD_642F)
            at += 8
        }
        if at < path.count {
            var word: UInt64 = 0
            for place in 0..<min(8, path.count - at) { word |= UInt64(path[at + place]) << UInt64(place * 8) }
            state = fold(state ^ word, 0xA076_1D64_78BD_642F)
        }
        return fold(state, 0xE703_7ED1_A0B4_28DB)
    }
}

extension DistinctPaths {
    func write(_ state: inout StateWriter) {
        state.flag(isAtLeast)
        state.number(count)
        if let smallest { state.word(smallest) }
        for hash in others { state.word(hash) }
    }

    init(_ state: inout StateReader) throws(StateFault) {
        isAtLeast = try state.flag()
        for _ in 0..<(try state.count()) { insert(try state.word()) }
    }
}
