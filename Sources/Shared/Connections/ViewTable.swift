/// Finds the views of one connection: the same bytes are seen twice where both its sides are profiled, and where a capture
/// meets its packets in several places.
///
/// Two sides know each other by their endpoints, or by both initial sequence numbers where an address was translated on the
/// way.
struct ViewTable {
    private struct Pair: Hashable {
        var low: Endpoint
        var high: Endpoint
    }

    private struct Numbers: Hashable {
        var client: UInt32
        var server: UInt32

        /// Both are as large as numbers are that were chosen at random (RFC 9293, section 3.4.1): of tapes made by hand, two
        /// connections may begin alike.
        var areRandom: Bool { Self.isRandom(client) && Self.isRandom(server) }

        static func isRandom(_ number: UInt32) -> Bool { number >= 1 << 16 }

        init?(_ opened: ConnectionOpened) {
            guard let local = opened.localSequenceNumber, let remote = opened.remoteSequenceNumber else { return nil }
            switch opened.role {
            case .client: (client, server) = (local, remote)
            case .server: (client, server) = (remote, local)
            // Of one that was joined late, the local side is the likelier client.
            case .unknown where opened.joinedLate: (client, server) = (local, remote)
            case .unknown: return nil
            }
        }
    }

    private struct View {
        var id: ConnectionID
        var local: Endpoint
        var isClosed = false
        /// It closed without an exchange: most likely it was blind.
        var gaveNothing = false
        /// The other side's view was found.
        var isPaired = false
    }

    /// A connection that has the same initial sequence numbers as another.
    struct Numbered {
        var id: ConnectionID
        var openedAt: Timestamp
        /// It has ended, and what it had to tell was told.
        var hasEnded = false
    }

    private var views: [Pair: View] = [:]
    /// Connections whose initial sequence numbers are known; of several views the first.
    ///
    /// Those that captures saw stay for some time after their end: another host's clock may be behind, and its copy of a short
    /// connection begins when that is over.
    private var numbered: [Numbers: Numbered] = [:]
    /// Those that have ended, the oldest first.
    private var ended: [(numbers: Numbers, id: ConnectionID)] = []
    /// When a connect began that failed, by the client's number, and these numbers, the oldest first.
    private var failed: [UInt32: Timestamp] = [:]
    private var failures: [UInt32] = []
    /// Views that are closed and not paired, the oldest first: the other side may be told of later.
    private var closed: [(pair: Pair, id: ConnectionID)] = []
    /// So many closed views wait for their other side, and so many ended connections for a copy: far more than can be on their
    /// way through a ring buffer.
    private static let closedLimit = 8192

    init() {}

    /// Notes a view, and gives the other side's if there is one.
    /// - Returns: whether the connection has another view; `open` is that view where it is not closed yet.
    mutating func open(_ opened: ConnectionOpened) -> (isPaired: Bool, open: ConnectionID?) {
        let pair = Self.pair(opened)
        if var other = views[pair], other.local == opened.remote, !(other.isPaired && other.isClosed) {
            if other.isClosed {
                views[pair] = nil
                return (!other.gaveNothing, nil)
            }
            other.isPaired = true
            views[pair] = other
            return (true, other.id)
        }
        views[pair] = View(id: opened.id, local: opened.local)
        return (false, nil)
    }

    /// Notes that a view has closed; where the other side's has not come, it is still waited for.
    /// - Parameter gaveNothing: the map has nothing of it.
    mutating func close(_ opened: ConnectionOpened, gaveNothing: Bool) {
        let pair = Self.pair(opened)
        guard var view = views[pair], view.id == opened.id else { return }
        if view.isPaired {
            views[pair] = nil
            return
        }
        view.isClosed = true
        view.gaveNothing = gaveNothing
        views[pair] = view
        closed.append((pair, view.id))
        guard closed.count > Self.closedLimit else { return }
        for old in closed.prefix(Self.closedLimit / 2) where views[old.pair]?.id == old.id { views[old.pair] = nil }
        closed.removeFirst(Self.closedLimit / 2)
    }

    // MARK: By sequence numbers

    /// Notes both initial sequence numbers, if they are known, and gives the connection that has the same.
    /// - Returns: that connection; where `mayBeLate`, the numbers alone are proof enough of one whose copy came late.
    mutating func number(_ connection: Connection) -> (other: Numbered, mayBeLate: Bool)? {
        let opened = connection.opened
        guard let numbers = Numbers(opened) else { return nil }
        // That two were joined late at one segment proves less than that they have begun alike.
        guard !opened.joinedLate || numbers.areRandom else { return nil }
        let mayBeLate = numbers.areRandom && !opened.joinedLate
        if let other = numbered[numbers], other.id != opened.id {
            let isNear = connection.openedAt.since(other.openedAt).magnitude <= Self.clockDifference
            if !other.hasEnded || isNear { return (other, mayBeLate && isNear) }
        }
        numbered[numbers] = Numbered(id: opened.id, openedAt: connection.openedAt)
        return nil
    }

    /// By how much the clocks of two hosts that captured one connection may differ, in nanoseconds.
    ///
    /// Those that nobody sets are some seconds off; two connections do not begin with the same two random numbers in any such time.
    private static let clockDifference = 2_000_000_000

    /// The connection has closed.
    /// - Parameter gaveNothing: no copy of it is needless.
    mutating func closeNumbers(_ opened: ConnectionOpened, gaveNothing: Bool) {
        guard let numbers = Numbers(opened), numbered[numbers]?.id == opened.id else { return }
        guard opened.process == nil, !opened.joinedLate, !gaveNothing, numbers.areRandom else {
            numbered[numbers] = nil
            return
        }
        numbered[numbers]?.hasEnded = true
        ended.append((numbers, opened.id))
        guard ended.count > Self.closedLimit else { return }
        for old in ended.prefix(Self.closedLimit / 2) where numbered[old.numbers]?.id == old.id {
            numbered[old.numbers] = nil
        }
        ended.removeFirst(Self.closedLimit / 2)
    }

    /// Notes a connect that a capture saw fail, and says whether it was noted before, from where it was met first.
    ///
    /// Nobody has answered it, so that the client's number alone tells, and for no longer than clocks differ.
    mutating func isKnownFailure(_ connection: Connection) -> Bool {
        let opened = connection.opened
        guard opened.process == nil, let number = opened.localSequenceNumber, Numbers.isRandom(number) else {
            return false
        }
        if let known = failed[number], connection.openedAt.since(known).magnitude <= Self.clockDifference {
            return true
        }
        failed[number] = connection.openedAt
        failures.append(number)
        guard failures.count > Self.closedLimit else { return false }
        for old in failures.prefix(Self.closedLimit / 2) { failed[old] = nil }
        failures.removeFirst(Self.closedLimit / 2)
        return false
    }

    private static func pair(_ opened: ConnectionOpened) -> Pair {
        opened.local < opened.remote
            ? Pair(low: opened.local, high: opened.remote) : Pair(low: opened.remote, high: opened.local)
    }
}
