/// A counter for each case of an enum.
package struct Tally<Key: CaseIterable & Hashable & RawRepresentable<UInt8> & Sendable>: Equatable, Sendable {
    private var counts: [UInt64]

    package init() { counts = Array(repeating: 0, count: Key.allCases.count) }

    package subscript(key: Key) -> UInt64 {
        get { counts[Int(key.rawValue)] }
        set { counts[Int(key.rawValue)] = newValue }
    }

    package var total: UInt64 { counts.reduce(0, &+) }

    func joined(with other: Tally) -> Tally {
        var sum = self
        for key in Key.allCases { sum[key] &+= other[key] }
        return sum
    }

    /// The cases that were counted at least once, in the enum's order.
    package var nonZero: [(key: Key, count: UInt64)] {
        Key.allCases.compactMap { self[$0] == 0 ? nil : ($0, self[$0]) }
    }
}
