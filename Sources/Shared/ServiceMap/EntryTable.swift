/// What an entry of the service map is known by: a fixed-size value of interned numbers.
protocol EntryKey: Equatable, Sendable {
    /// The key mixed into one word.
    func mixed(_ seed: UInt64) -> UInt64
}

/// Entries in the order of their arrival, found by their key through open addressing.
///
/// Finding one that is there allocates nothing.
struct EntryTable<Key: EntryKey, Value: Sendable>: Sendable {
    struct Entry: Sendable {
        let key: Key
        var value: Value
    }

    private(set) var entries: [Entry] = []
    /// Entry numbers plus one, 0 for a free slot.
    private var slots: [UInt32] = Array(repeating: 0, count: 64)
    /// Differs from run to run, so that nobody can send keys that all fall into one slot.
    ///
    /// No order depends on it.
    private let seed = UInt64.random(in: .min ... .max)

    var count: Int { entries.count }

    func find(_ key: Key) -> Int? {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: key.mixed(seed)) & mask
        while slots[slot] != 0 {
            let number = Int(slots[slot]) - 1
            if entries[number].key == key { return number }
            slot = (slot + 1) & mask
        }
        return nil
    }

    /// Adds an entry that `find` did not find.
    mutating func append(_ key: Key, _ value: Value) {
        entries.append(Entry(key: key, value: value))
        if entries.count * 2 > slots.count {
            slots = Array(repeating: 0, count: slots.count * 2)
            for number in entries.indices { place(number) }
        } else {
            place(entries.count - 1)
        }
    }

    private mutating func place(_ number: Int) {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: entries[number].key.mixed(seed)) & mask
        while slots[slot] != 0 { slot = (slot + 1) & mask }
        slots[slot] = UInt32(number + 1)
    }

    /// Adds an entry, or what it holds to the one that is there.
    mutating func merge(_ key: Key, _ value: Value, _ join: (inout Value, Value) -> Void) {
        if let known = find(key) { update(known) { join(&$0, value) } } else { append(key, value) }
    }

    @inline(__always)
    mutating func update(_ number: Int, _ change: (inout Value) -> Void) { change(&entries[number].value) }
}

/// When something was first and last seen, and how often.
struct Sightings: Equatable, Sendable {
    var first: Timestamp
    var last: Timestamp
    var count: UInt64

    @inline(__always)
    mutating func merge(_ other: Sightings) {
        if other.first < first { first = other.first }
        if last < other.last { last = other.last }
        count &+= other.count
    }
}
