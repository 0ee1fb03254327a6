/// An analyzer of a protocol whose replies say nothing of what they answer: how `ReplyOrder` stands between the channel and what
/// reads the server's bytes.
protocol OrderedReplies: Analyzer {
    var order: ReplyOrder { get set }
    /// When the last bytes came.
    var lastMoment: Timestamp { get set }
    /// What the server says is a stream of its own, in which nothing answers anything.
    var isStream: Bool { get }
    /// Nothing of a reply was read yet.
    var isBetweenReplies: Bool { get }
    /// Requests that are not told of.
    var waiting: Int { get }

    /// Reads what the server says.
    func hear(_ bytes: RawSpan, _ at: Arrival, _ out: any Output) -> Step
    /// What was read of a reply is none's: another begins.
    func forgetReply()
    /// A side's bytes that were not taken are gone: what was looked at of them is no part of what it says next.
    func forgetTail(_ side: Side)
    /// Replies are missing, and nobody knows how many.
    func loseServer(_ out: any Output)
    /// Tells of what is answered and known for certain.
    func settle(_ out: any Output)
    /// What waits is told of as it is.
    func giveUp(_ out: any Output)
}

extension OrderedReplies {
    /// A request and its reply take some hundred bytes.
    static var mostWaiting: Int { 16 << 10 }

    func forgetTail(_ side: Side) {}

    // MARK: The server's bytes

    func consumeReplies(_ bytes: RawSpan, _ at: Arrival, _ out: any Output) -> Step {
        guard !isStream else { return .took(bytes.byteCount) }
        let position = out.position(.server)
        let shown = order.show(bytes.byteCount, at: position)
        if shown.isReset { forgetReply() }
        out.unparsed(shown.unparsed, .betweenMessages)
        guard shown.start < bytes.byteCount else { return .took(shown.start) }
        let step = hear(bytes.extracting(shown.start...), shown.start == 0 ? at : Arrival(at.last), out)
        let taken = order.took(step, behind: shown.start, at: position)
        if case .lost = taken { loseServer(out) }
        return taken
    }

    func gapInReplies(_ length: UInt64, after tail: RawSpan, _ out: any Output) -> Step {
        guard !isStream else { return .took(tail.byteCount) }
        if order.passes(length, tail.byteCount, at: out.position(.server)) { return .took(tail.byteCount) }
        loseServer(out)
        return .lost(took: 0, .betweenMessages)
    }

    /// - Parameter other: where else a reader may go on.
    func searchReplies(_ bytes: RawSpan, from: Search, or other: (RawSpan, Int) -> Found) -> Found {
        let place = order.search(bytes.byteCount, from: from)
        let found = place.map { Found.at($0) } ?? other(bytes, from.next)
        order.searched(found)
        if place != nil { forgetReply() }
        return found
    }

    func end(_ side: Side, after tail: RawSpan, _ at: Timestamp, _ out: any Output) -> Int {
        lastMoment = Swift.max(lastMoment, at)
        forgetTail(side)
        return 0
    }

    func finish(_ out: any Output) {
        if out.hasAll(of: .server), order.prove(waiting, isAtStart: isBetweenReplies) { settle(out) }
        giveUp(out)
    }

    // MARK: The client's requests

    /// A request begins.
    func beginCycle(_ out: any Output) {
        switch order.begin(waiting, isAtStart: isBetweenReplies, mayWait: waiting < Self.mostWaiting) {
        case .same: break
        case .proven: settle(out)
        case .new: giveUp(out)
        }
    }
}
