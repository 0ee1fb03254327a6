/// What an analyzer did with the bytes that it was shown.
///
/// Bytes that were taken are not shown again; the channel keeps the others and shows them once more, with what
/// followed them.
enum Step {
    /// The bytes up to `took` are done with.
    /// - Parameter next: how many more bytes are needed before it is worth asking again; 0: ask at once, but first
    ///   give the other side a turn, if it was on hold.
    case took(Int, next: Int = 1)
    /// So many bytes were taken, and so many behind them are of no interest: they are counted and never shown, and a
    /// gap among them loses nothing.
    case skip(took: Int, UInt64)
    /// What the rest is depends on what the other side says: Upgrade, CONNECT, SSLRequest. Asked again after the other
    /// side's next step, or when more came.
    case hold(took: Int)
    /// From here on both sides of these streams speak something else: same layer, same positions, no copy.
    /// Rare, and large: it must not make every step large.
    indirect case handOver(took: Int, Successor)
    /// Where the next message begins is not known: from here on the channel calls `search`.
    /// - Parameter why: what the bytes are counted as until it is found.
    case lost(took: Int, UnparsedReason)
}

/// What follows on the same streams.
enum Successor: Equatable, Sendable {
    /// Whatever the detectors find, from its start on, where the connection goes that was announced.
    indirect case detect(Announcement)
    /// What both sides have agreed on.
    case row(ProtocolID, Start = .opening)
}

/// Where a message may begin.
enum Found: Equatable {
    /// A message begins at this offset.
    case at(Int)
    /// None begins before `start`, and what lies before `next` need not be looked at again.
    case none(Search)

    /// Some of the bytes are no message's.
    var passesOver: Bool {
        switch self {
        case .at(let place): place > 0
        case .none(let search): search.start > 0
        }
    }
}

/// How far a search for the next message has come.
struct Search: Equatable {
    /// No message begins before this offset.
    var start: Int
    /// The first offset that was not looked at, at or behind `start`.
    var next: Int

    init(start: Int = 0, next: Int = 0) {
        self.start = start
        self.next = next
    }
}
