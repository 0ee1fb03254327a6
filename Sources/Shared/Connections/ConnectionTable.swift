/// The open connections' channels, by the connection's identity.
///
/// Open addressing with linear probing, because it is asked once a packet: a serial number that the source gave out
/// needs no hash that withstands attackers. Removal moves followers up, so that no tombstones gather.
package struct ConnectionTable {
    private var slots: [Slot]
    private var mask: Int
    package private(set) var count = 0

    private struct Slot {
        var serial: UInt64 = 0
        var channel: Channel?
    }

    package init() {
        slots = Array(repeating: Slot(), count: 64)
        mask = 63
    }

    /// Fibonacci hashing: consecutive numbers lie far apart.
    @inline(__always)
    private func home(_ serial: UInt64) -> Int {
        Int(truncatingIfNeeded: (serial &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
    }

    @inline(__always)
    private func slot(of serial: UInt64) -> Int {
        var at = home(serial)
        while slots[at].channel != nil, slots[at].serial != serial { at = (at &+ 1) & mask }
        return at
    }

    @inline(__always)
    package subscript(id: ConnectionID) -> Channel? { slots[slot(of: id.serial)].channel }

    /// Adds a connection; one of the same identity is replaced.
    package mutating func insert(_ channel: Channel, _ id: ConnectionID) {
        if (count + 1) * 4 > slots.count * 3 { grow() }
        let at = slot(of: id.serial)
        if slots[at].channel == nil { count += 1 }
        slots[at] = Slot(serial: id.serial, channel: channel)
    }

    /// - Returns: the connection, if it was there.
    package mutating func remove(_ id: ConnectionID) -> Channel? {
        var hole = slot(of: id.serial)
        guard let removed = slots[hole].channel else { return nil }
        count -= 1
        var next = (hole &+ 1) & mask
        while slots[next].channel != nil {
            // What would be found from its home without passing the hole may stay where it is.
            if (next &- home(slots[next].serial)) & mask >= (next &- hole) & mask {
                slots[hole] = slots[next]
                hole = next
            }
            next = (next &+ 1) & mask
        }
        slots[hole] = Slot()
        return removed
    }

    /// All open connections in the order of their opening.
    package var serials: [UInt64] { slots.filter { $0.channel != nil }.map(\.serial).sorted() }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: Slot(), count: old.count * 2)
        mask = slots.count - 1
        for slot in old where slot.channel != nil { slots[self.slot(of: slot.serial)] = slot }
    }
}
