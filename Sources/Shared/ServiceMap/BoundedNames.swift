/// Names that came from traffic, so many at the most, each with what is known of it.
///
/// Of too many those stay whose hashes are the smallest: which ones does not depend on the order in which they came, nor on how
/// tables were merged.
struct BoundedNames<Value: Equatable & Sendable>: Equatable, Sendable {
    private(set) var values: [String: Value] = [:]
    /// There are more than are held.
    private(set) var isCut = false
    private let most: Int

    init(_ most: Int) { self.most = most }

    var isEmpty: Bool { values.isEmpty }

    /// By their bytes.
    var sorted: [(key: String, value: Value)] {
        values.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    }

    mutating func add(_ name: String, _ value: Value, _ join: (inout Value, Value) -> Void) {
        if var known = values[name] {
            join(&known, value)
            values[name] = known
            return
        }
        values[name] = value
        guard values.count > most else { return }
        isCut = true
        if let last = values.keys.max(by: Self.precedes) { values[last] = nil }
    }

    mutating func merge(_ other: BoundedNames, _ join: (inout Value, Value) -> Void) {
        for (name, value) in other.values { add(name, value, join) }
        isCut = isCut || other.isCut
    }

    private static func precedes(_ a: String, _ b: String) -> Bool {
        let (own, other) = (hash(a), hash(b))
        return own == other ? a.utf8.lexicographicallyPrecedes(b.utf8) : own < other
    }

    private static func hash(_ name: String) -> UInt64 {
        Array(name.utf8).withUnsafeBytes { DistinctPaths.hash($0) }
    }
}

extension BoundedNames where Value == UInt64 {
    /// Counts a name.
    mutating func count(_ name: String) { add(name, 1) { $0 &+= $1 } }
    mutating func merge(_ other: BoundedNames) { merge(other) { $0 &+= $1 } }
}
