extension Shape {
    /// The canonical order: by kind, then arrays element by element, objects member by member (key, then shape), the
    /// shorter first.
    ///
    /// It makes a map's text independent of the order in which shapes arrived.
    package func precedes(_ other: Shape) -> Bool { compare(other) < 0 }

    /// Negative, zero or positive, as `memcmp`.
    private func compare(_ other: Shape) -> Int {
        switch (self, other) {
        case (.array(let own), .array(let others)), (.union(let own), .union(let others)):
            for (a, b) in zip(own, others) {
                let order = a.compare(b)
                if order != 0 { return order }
            }
            return own.count - others.count
        case (.object(let own), .object(let others)):
            for (a, b) in zip(own, others) {
                if a.key.utf8.lexicographicallyPrecedes(b.key.utf8) { return -1 }
                if b.key.utf8.lexicographicallyPrecedes(a.key.utf8) { return 1 }
                let order = a.shape.compare(b.shape)
                if order != 0 { return order }
                if a.isOptional != b.isOptional { return a.isOptional ? 1 : -1 }
                if a.isPattern != b.isPattern { return a.isPattern ? 1 : -1 }
            }
            return own.count - others.count
        default:
            return rank - other.rank
        }
    }

    /// The place of the kind; in a state, too, so that it never changes.
    var rank: Int {
        switch self {
        case .empty: 0
        case .nonJSON: 1
        case .null: 2
        case .boolean: 3
        case .number: 4
        case .string: 5
        case .array: 6
        case .object: 7
        case .union: 8
        }
    }
}
