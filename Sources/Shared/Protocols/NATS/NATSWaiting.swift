/// Messages that name a subject on which they are to be answered, and are not answered yet: in the order in which they came.
struct NATSWaiting: ~Copyable {
    /// One message.
    final class Entry: PendingOperation {
        /// On which it is answered, in its text.
        var subject = ByteRange.empty
        /// Of the subscription on which the answer comes, where it is known.
        var subscription = 0
        var kind = Kind.message

        enum Kind {
            case message
            /// JetStream's interface, whose answer is JSON.
            case interface
            /// It waits for messages of a stream.
            case receive
        }

        fileprivate var isDone = false
        fileprivate var hash: UInt32 = 0
    }

    private var index = HashIndex()
    /// Those that are done wait for the ones before them.
    private var entries: [Entry] = []
    private var first = 0
    /// The number of the first.
    private var number = 0
    private var spare: [Entry] = []
    private(set) var heldBytes = 0

    init() {}

    /// Clients have some dozens at the most.
    static var most: Int { 1024 }

    var count: Int { entries.count &- first }
    var isFull: Bool { count >= Self.most }

    /// One whose texts are to be set.
    mutating func take() -> Entry {
        let entry = spare.popLast() ?? Entry()
        entry.removeAll()
        entry.subscription = 0
        entry.kind = .message
        return entry
    }

    /// Takes one back that was told of at once.
    mutating func giveBack(_ entry: Entry) {
        if spare.count < 16 { spare.append(entry) }
    }

    /// Adds an entry whose texts are set.
    mutating func add(_ entry: Entry) {
        entry.isDone = false
        var hash: UInt32 = 0
        let seed = index.seed
        entry.text.withBytes { hash = $0.extracting(entry.subject).hash(seed: seed) }
        entry.hash = hash
        index.insert((number &+ count) & 0x3FFF_FFFF, hash)
        entries.append(entry)
        heldBytes &+= entry.text.count
    }

    /// The entry that is answered on a subject.
    func find(_ subject: RawSpan) -> Entry? {
        guard
            let found = index.find(
                subject.hash(seed: index.seed),
                { place in
                    let entry = entries[first &+ (place &- number) & 0x3FFF_FFFF]
                    var isSame = false
                    entry.text.withBytes { isSame = $0.extracting(entry.subject).equals(subject) }
                    return isSame
                })
        else { return nil }
        return entries[first &+ (found &- number) & 0x3FFF_FFFF]
    }

    /// The oldest that is answered on a subscription.
    func find(subscription: Int) -> Entry? {
        guard subscription > 0 else { return nil }
        for place in first..<entries.count where !entries[place].isDone && entries[place].subscription == subscription {
            return entries[place]
        }
        return nil
    }

    /// An entry was told of.
    mutating func remove(_ entry: Entry) {
        guard !entry.isDone, let place = entries[first...].firstIndex(where: { $0 === entry }) else { return }
        index.remove((number &+ place &- first) & 0x3FFF_FFFF, entry.hash)
        entry.isDone = true
        heldBytes &-= entry.text.count
        while first < entries.count, entries[first].isDone {
            if spare.count < 16 { spare.append(entries[first]) }
            first &+= 1
            number = (number &+ 1) & 0x3FFF_FFFF
        }
        if first == entries.count {
            entries.removeAll(keepingCapacity: entries.capacity <= 256)
            first = 0
        } else if first >= 256 {
            entries.removeFirst(first)
            first = 0
        }
    }

    /// The oldest that waits.
    var oldest: Entry? { first < entries.count ? entries[first] : nil }

    mutating func removeAll() {
        index.removeAll()
        entries.removeAll()
        first = 0
        heldBytes = 0
    }
}
