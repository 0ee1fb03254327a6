/// The open connections' channels, by the connection's identity.
///
/// It is asked once a train of packets. Who made the tape chose the identities, and may have chosen them to collide: they are
/// found by a `HashIndex`.
struct ConnectionTable: ~Copyable {
    private var index = HashIndex()
    private var entries: [Entry] = []
    /// Numbers of entries that hold no channel.
    private var free: [Int] = []

    private struct Entry {
        var serial: UInt64
        var channel: Channel?
    }

    init() {}

    var count: Int { index.count }

    /// Both factors hold the seed, so that nobody who does not know it can make one of them zero.
    @inline(__always)
    static func hash(_ serial: UInt64, seed: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: fold(seed ^ serial, seed ^ 0xA076_1D64_78BD_642F))
    }

    @inline(__always)
    private func hash(_ serial: UInt64) -> UInt32 { Self.hash(serial, seed: index.seed) }

    @inline(__always)
    private func find(_ serial: UInt64) -> Int? { index.find(hash(serial)) { entries[$0].serial == serial } }

    @inline(__always)
    subscript(id: ConnectionID) -> Channel? { find(id.serial).flatMap { entries[$0].channel } }

    /// Adds a connection; one of the same identity is replaced.
    mutating func insert(_ channel: Channel, _ id: ConnectionID) {
        let entry = Entry(serial: id.serial, channel: channel)
        if let known = find(id.serial) {
            entries[known] = entry
        } else if let number = free.popLast() {
            entries[number] = entry
            index.insert(number, hash(id.serial))
        } else {
            index.insert(entries.count, hash(id.serial))
            entries.append(entry)
        }
    }

    /// - Returns: the connection, if it was there.
    mutating func remove(_ id: ConnectionID) -> Channel? {
        guard let number = find(id.serial) else { return nil }
        index.remove(number, hash(id.serial))
        free.append(number)
        return entries[number].channel.take()
    }

    /// How many numbers were given out: each holds a connection, or is free.
    var places: Int { entries.count }

    /// The connection at a number, if it holds one.
    func connection(at place: Int) -> Channel? { entries[place].channel }

    /// All open connections in the order of their opening.
    var serials: [UInt64] { entries.filter { $0.channel != nil }.map(\.serial).sorted() }
}
