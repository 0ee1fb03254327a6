/// What an entry of the service map is known by: a fixed-size value of interned numbers.
protocol EntryKey: Equatable, Sendable {
    /// The key mixed into one word.
    func mixed(_ seed: UInt64) -> UInt64
}

/// Entries in the order of their arrival, found by their key through a `HashIndex`.
///
/// Finding one that is there allocates nothing.
struct EntryTable<Key: EntryKey, Value: Sendable>: ~Copyable {
    struct Entry: Sendable {
        let key: Key
        var value: Value
    }

    private(set) var entries: [Entry] = []
    private var index = HashIndex()

    var count: Int { entries.count }

    func find(_ key: Key) -> Int? { index.find(hash(key)) { entries[$0].key == key } }

    /// Adds an entry that `find` did not find.
    mutating func append(_ key: Key, _ value: Value) {
        entries.append(Entry(key: key, value: value))
        index.insert(entries.count - 1, hash(key))
    }

    @inline(__always)
    private func hash(_ key: Key) -> UInt32 { UInt32(truncatingIfNeeded: key.mixed(index.seed)) }

    /// Adds an entry, or what it holds to the one that is there.
    mutating func merge(_ key: Key, _ value: Value, _ join: (inout Value, Value) -> Void) {
        if let known = find(key) { update(known) { join(&$0, value) } } else { append(key, value) }
    }

    @inline(__always)
    mutating func update(_ number: Int, _ change: (inout Value) -> Void) { change(&entries[number].value) }
}

extension EntryTable where Value == Void {
    /// How many different ones there are.
    static func distinct(_ keys: [Key]) -> Int {
        var table = EntryTable()
        for key in keys where table.find(key) == nil { table.append(key, ()) }
        return table.count
    }
}

/// When something was first and last seen, and how often.
struct Sightings: Equatable, Sendable {
    var first: Timestamp
    var last: Timestamp
    var count: UInt64

    @inline(__always)
    mutating func see(_ moment: Timestamp) {
        if moment < first { first = moment }
        if last < moment { last = moment }
        count &+= 1
    }

    mutating func merge(_ other: Sightings) {
        if other.first < first { first = other.first }
        if last < other.last { last = other.last }
        count &+= other.count
    }
}

extension Sightings {
    func write(_ state: inout StateWriter) {
        state.moment(first)
        state.signed(last.since(first))
        state.number(count)
    }

    init(_ state: inout StateReader) throws(StateFault) {
        let first = try state.moment()
        self.init(
            first: first, last: Timestamp(nanoseconds: first.nanoseconds &+ (try state.signed())),
            count: try state.number())
    }
}
