/// Conversations of datagrams: what two ends say to each other, from the first message until both are silent.
///
/// UDP opens and closes nothing, so a conversation counts as a connection that begins with its first datagram.
struct Conversations: ~Copyable {
    private struct Ends: Hashable {
        var client: Endpoint
        var server: Endpoint
    }

    private struct Entry {
        var ends: Ends
        var channel: Channel
    }

    /// Views of the same conversation: a capture's, or those of its two processes.
    private var numbers: [Ends: [ConnectionID]] = [:]
    private var entries: [ConnectionID: Entry] = [:]
    /// The oldest first; those that have ended are left in it.
    private var order: [ConnectionID] = []
    private var firstInOrder = 0
    /// Numbers that no source gives: they are counted from the other end.
    private var next = UInt64.max

    /// Each lookup is a conversation of its own, and most are over long before they are silent for long enough.
    static let most = 1024

    init() {}

    var count: Int { entries.count }

    /// The channel of the conversation that a datagram belongs to.
    func channel(of datagram: CapturedDatagram) -> Channel? {
        find(datagram.local, datagram.remote, datagram) ?? find(datagram.remote, datagram.local, datagram)
    }

    private func find(_ client: Endpoint, _ server: Endpoint, _ datagram: CapturedDatagram) -> Channel? {
        for id in numbers[Ends(client: client, server: server)] ?? [] {
            guard let channel = self[id] else { continue }
            let opened = channel.connection.opened
            if opened.process == datagram.process, opened.local == datagram.local { return channel }
        }
        return nil
    }

    subscript(id: ConnectionID) -> Channel? { entries[id]?.channel }

    /// An identity for the next conversation.
    mutating func number() -> ConnectionID {
        next &-= 1
        return ConnectionID(next &+ 1)
    }

    /// Adds a conversation.
    /// - Returns: the other side's view of it.
    mutating func insert(_ channel: Channel) -> Channel? {
        let opened = channel.connection.opened
        let ends = Ends(client: channel.connection.client, server: channel.connection.server)
        var other: Channel?
        if opened.process != nil {
            for id in numbers[ends] ?? [] where other == nil {
                guard let known = self[id]?.connection.opened else { continue }
                if known.process != nil, known.local == opened.remote { other = self[id] }
            }
        }
        numbers[ends, default: []].append(opened.id)
        entries[opened.id] = Entry(ends: ends, channel: channel)
        order.append(opened.id)
        return other
    }

    mutating func remove(_ id: ConnectionID) -> Channel? {
        guard let entry = entries.removeValue(forKey: id) else { return nil }
        numbers[entry.ends]?.removeAll { $0 == id }
        if numbers[entry.ends]?.isEmpty == true { numbers[entry.ends] = nil }
        return entry.channel
    }

    /// The oldest of them.
    mutating func oldest() -> ConnectionID? {
        while firstInOrder < order.count, entries[order[firstInOrder]] == nil { firstInOrder += 1 }
        if firstInOrder > Self.most {
            order.removeFirst(firstInOrder)
            firstInOrder = 0
        }
        return firstInOrder < order.count ? order[firstInOrder] : nil
    }

    /// All, in the order in which they began.
    var ids: [ConnectionID] { order[firstInOrder...].filter { entries[$0] != nil } }
}
