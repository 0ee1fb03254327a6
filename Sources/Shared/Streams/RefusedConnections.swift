/// Connections that found no room in the table, until they close: what follows of them is no sign of a damaged tape.
///
/// As many are remembered as fit into the table. If there are ever more, any connection may be one of them.
package struct RefusedConnections {
    private var serials: Set<UInt64> = []
    private var hasForgotten = false
    private let limit: Int

    /// - Parameter limit: how many are remembered.
    package init(limit: Int) { self.limit = limit }

    package mutating func insert(_ id: ConnectionID) {
        if serials.count < limit { serials.insert(id.serial) } else { hasForgotten = true }
    }

    /// Costs nothing where none was refused, as in nearly every run.
    package mutating func remove(_ id: ConnectionID) {
        if !serials.isEmpty { serials.remove(id.serial) }
    }

    package func contains(_ id: ConnectionID) -> Bool { hasForgotten || serials.contains(id.serial) }
}
