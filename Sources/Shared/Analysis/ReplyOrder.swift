/// Which reply answers which request, where nothing in them says so: the protocol's own order, by count.
///
/// After a loss, and where the capture joined late, requests are read in doubt. Those between two moments at which the client
/// waited for all its replies count as answered only if there were exactly as many replies. When a client that has heard
/// something asks anew, the server's next byte begins a reply, so a reader that lost its place goes on there.
struct ReplyOrder {
    /// Each reply is known as the first request's own.
    private(set) var isPaired: Bool
    /// Of requests that were asked before the client's loss, whose replies come first.
    private(set) var sure = 0
    /// Requests at the front that are answered, and not told of.
    private(set) var answered = 0
    /// Replies that nothing was asked for.
    private var surplus = 0
    /// There can be no exact count.
    private var isSpoiled = false
    /// The server has said something since the last request.
    private var hasSpoken = false
    /// How far the server's bytes were shown, and taken.
    private var seen: UInt64 = 0
    private var taken: UInt64 = 0
    /// Where the server's next reply begins.
    private var reset: UInt64?
    /// Bytes of a value that are passed over: by count, so that a reset can end it.
    private var passing: UInt64 = 0
    /// The position of the first byte that a search is shown, and where the last one said that it goes on.
    private var searchBase: UInt64 = 0
    private var searchStart = 0

    init(_ start: Start) {
        isPaired = start != .middle
        reset = start == .middle ? 0 : nil
    }

    /// What is answered is told of at once.
    var isFirm: Bool { isPaired || sure > 0 }

    // MARK: The server's bytes

    /// What of the server's bytes is not for its reader.
    struct Shown {
        var start = 0
        /// Of these, what is in no reply.
        var unparsed = 0
        /// A reply begins at the first byte that is left.
        var isReset = false
    }

    /// - Parameter position: of the first byte.
    mutating func show(_ count: Int, at position: UInt64) -> Shown {
        hasSpoken = true
        seen = position &+ UInt64(count)
        taken = position
        guard !isPaired else { return Shown() }
        var shown = Shown()
        if let place = reset {
            shown.start = place > position ? Int(clamping: Swift.min(place &- position, UInt64(count))) : 0
            shown.unparsed = shown.start
            shown.isReset = true
            if place <= seen { reset = nil }
            passing = 0
        }
        let passed = Int(clamping: Swift.min(passing, UInt64(count &- shown.start)))
        passing &-= UInt64(passed)
        shown.start &+= passed
        taken = position &+ UInt64(shown.start)
        return shown
    }

    /// What the reader did with the bytes behind `start`, as the channel is to hear of it.
    mutating func took(_ step: Step, behind start: Int, at position: UInt64) -> Step {
        let from = position &+ UInt64(start)
        switch step {
        case .took(let count, let next):
            taken = from &+ UInt64(count)
            // However few bytes come, they are shown: a reset is to know of them.
            return .took(start &+ count, next: Swift.min(next, 1))
        case .skip(let count, let more):
            taken = from &+ UInt64(count)
            if isPaired { return .skip(took: start &+ count, more) }
            passing = more
            return .took(start &+ count)
        case .lost(let count, let why):
            searchBase = from &+ UInt64(count)
            return .lost(took: start &+ count, why)
        case .hold(let count): return .hold(took: start &+ count)
        case .handOver(let count, let successor): return .handOver(took: start &+ count, successor)
        }
    }

    /// - Returns: the gap lies within a value that is passed over.
    mutating func passes(_ length: UInt64, _ tail: Int, at position: UInt64) -> Bool {
        hasSpoken = true
        if !isPaired, reset == nil, tail == 0, passing >= length {
            passing &-= length
            seen = position &+ length
            taken = seen
            return true
        }
        searchBase = position &+ UInt64(tail) &+ length
        seen = searchBase
        if let place = reset, place <= searchBase { reset = nil }
        return false
    }

    /// A search is shown the server's bytes.
    /// - Returns: where a reply begins, if it is known.
    mutating func search(_ count: Int, from: Search) -> Int? {
        searchBase &+= UInt64(Swift.max(0, searchStart &- from.start))
        searchStart = from.start
        seen = searchBase &+ UInt64(count)
        hasSpoken = true
        guard let place = reset, place <= seen else { return nil }
        return place > searchBase ? Int(clamping: place &- searchBase) : 0
    }

    mutating func searched(_ found: Found) {
        switch found {
        case .at:
            reset = nil
            searchStart = 0
        case .none(let search): searchStart = search.start
        }
    }

    // MARK: Answers

    /// The request that the next reply answers.
    mutating func current(of count: Int) -> Int? {
        if !isPaired, sure > 0, answered >= sure {
            // What they wait for was lost.
            sure = 0
            isSpoiled = true
        }
        return answered < count ? answered : nil
    }

    mutating func answer(_ count: Int = 1) { answered &+= count }

    mutating func answerNothing() { surplus &+= 1 }

    /// Something was answered that nobody was seen to ask.
    var hasAnsweredUnseen: Bool { surplus > 0 }

    /// The front request was told of.
    mutating func told() {
        answered &-= 1
        if !isPaired { sure &-= 1 }
    }

    // MARK: Loss

    /// Requests are missing, and nobody knows how many.
    /// - Parameter count: of those that wait.
    mutating func loseClient(_ count: Int) {
        guard isPaired else {
            isSpoiled = true
            return
        }
        isPaired = false
        sure = count
        surplus = 0
        isSpoiled = false
        passing = 0
    }

    /// Replies are missing, and nobody knows how many: the caller gives up what waits.
    mutating func loseServer() {
        isPaired = false
        sure = 0
        answered = 0
        surplus = 0
        isSpoiled = true
        passing = 0
        searchStart = 0
    }

    // MARK: Proof

    enum Cycle {
        /// Nothing has changed.
        case same
        /// What is answered is so for certain.
        case proven
        /// What waits is to be given up.
        case new
    }

    /// A request begins: the client has waited for the replies that it had, unless it does not.
    mutating func begin(_ count: Int, isAtStart: Bool, mayWait: Bool) -> Cycle {
        defer { hasSpoken = false }
        guard !isFirm, hasSpoken else { return .same }
        if !isSpoiled, surplus == 0, answered < count, mayWait { return .same }
        if prove(count, isAtStart: isAtStart) { return .proven }
        isSpoiled = false
        answered = 0
        surplus = 0
        reset = seen
        return .new
    }

    /// Whether there were as many replies as requests: then they belong together.
    mutating func prove(_ count: Int, isAtStart: Bool) -> Bool {
        guard !isFirm, !isSpoiled, surplus == 0, answered > 0, answered == count, isAtStart, passing == 0,
            seen == taken, reset == nil
        else { return false }
        isPaired = true
        return true
    }

    mutating func giveUp() {
        answered = 0
        surplus = 0
    }

    /// More wait than are kept.
    mutating func overflow() {
        isPaired = false
        sure = 0
        isSpoiled = true
    }
}
