/// Finds the two views of one connection: the same bytes are seen twice where both its sides are profiled.
///
/// The service map counts what both see once, by the client's view.
struct ViewTable {
    private struct Pair: Hashable {
        var low: Endpoint
        var high: Endpoint
    }

    private struct View {
        var id: ConnectionID
        var local: Endpoint
        var isClosed = false
        /// The other side's view was found.
        var isPaired = false
    }

    private var views: [Pair: View] = [:]
    /// Views that are closed and not paired, the oldest first: the other side may be told of later.
    private var closed: [(pair: Pair, id: ConnectionID)] = []
    /// So many closed views wait for their other side: far more than can be on their way through a ring buffer.
    private static let closedLimit = 8192

    init() {}

    /// Notes a view, and gives the other side's if there is one.
    /// - Returns: whether the connection has another view; `open` is that view where it is not closed yet.
    mutating func open(_ opened: ConnectionOpened) -> (isPaired: Bool, open: ConnectionID?) {
        let pair = Self.pair(opened)
        if var other = views[pair], other.local == opened.remote, !(other.isPaired && other.isClosed) {
            if other.isClosed {
                views[pair] = nil
                return (true, nil)
            }
            other.isPaired = true
            views[pair] = other
            return (true, other.id)
        }
        views[pair] = View(id: opened.id, local: opened.local)
        return (false, nil)
    }

    /// Notes that a view has closed; where the other side's has not come, it is still waited for.
    mutating func close(_ opened: ConnectionOpened) {
        let pair = Self.pair(opened)
        guard var view = views[pair], view.id == opened.id else { return }
        if view.isPaired {
            views[pair] = nil
            return
        }
        view.isClosed = true
        views[pair] = view
        closed.append((pair, view.id))
        guard closed.count > Self.closedLimit else { return }
        for old in closed.prefix(Self.closedLimit / 2) where views[old.pair]?.id == old.id { views[old.pair] = nil }
        closed.removeFirst(Self.closedLimit / 2)
    }

    private static func pair(_ opened: ConnectionOpened) -> Pair {
        opened.local < opened.remote
            ? Pair(low: opened.local, high: opened.remote) : Pair(low: opened.remote, high: opened.local)
    }
}
