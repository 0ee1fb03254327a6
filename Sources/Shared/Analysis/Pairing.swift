/// What an answer says of the request that it belongs to.
protocol PairingKey: Equatable, BitwiseCopyable {
    /// Nothing: the order alone tells, so that what was lost matters.
    static var isOrder: Bool { get }
}

extension PairingKey {
    static var isOrder: Bool { false }
}

/// Answers come in the order of their requests, as in HTTP/1 (RFC 9112, section 9.3.2) and Redis.
struct InOrder: PairingKey {
    static var isOrder: Bool { true }
}

extension UInt32: PairingKey {}
extension UInt64: PairingKey {}

/// Whom an answer belongs to.
enum Match: Equatable {
    case slot(Int)
    /// The one request that is open, unless requests were lost of which nobody knows yet: the client's next bytes show it
    /// by their place.
    case doubtful(Int)
    /// A request that was given up when too many waited.
    case givenUp
    /// Nobody that is known for certain.
    case none
}

/// The requests of one connection that wait for their answer, in the order in which they were sent, and which answer
/// belongs to which.
///
/// `Ask` is what an analyzer has to know of a request while it reads the answer: of HTTP the method, which decides how
/// long the response is.
///
/// Rather no pair than a wrong one. What is given up is remembered by count, so that later answers still meet their own
/// requests. Where answers were lost, and nobody knows how many, an answer in order is paired with the one request that
/// is open, if there is one, once it is sure that no request was lost as well (`confirm`, `deny`); and all is known again
/// once the client has shown it (`OrderProof`).
struct Pairing<Key: PairingKey, Ask: BitwiseCopyable>: ~Copyable {
    /// The texts of what waits, one after the other.
    private(set) var text = UniqueBytes()
    /// Those from `first` to `end` wait; the others are room for later ones.
    private var entries: [Entry] = []
    private var first = 0
    private var end = 0
    /// The one whose answer is being read.
    private var answering: Int?
    /// The one whose answer was read, or is, if it is the client's last.
    private var doubted: Int?
    /// What is doubted is that no request was lost before the one that is open; else that none was lost behind it.
    private var doubtsEarlier = false
    private var proof = OrderProof()
    /// What nobody had seen being asked was answered before the newest request was seen.
    private var newestIsLate = false
    /// Answers were lost.
    private var answersWereLost = false
    /// Requests were lost behind all those before this slot.
    private var lostBehind: Int?
    /// Answers that are to come for requests that were given up.
    private var givenUp: UInt64 = 0

    private struct Entry {
        var key: Key
        var ask: Ask
        var exchange: Exchange
    }

    init() {}

    /// More room for text is not kept for later requests.
    private static var keptText: Int { 16 << 10 }

    var isEmpty: Bool { first == end }
    var count: Int { end &- first }

    /// Makes ready for another connection.
    /// - Parameter isFromStart: nothing was asked before; else a client that turns out to pipeline may have asked others.
    mutating func reset(isFromStart: Bool) {
        removeAll()
        proof = OrderProof(isFromStart: isFromStart)
        answersWereLost = false
        lostBehind = isFromStart ? nil : 0
        givenUp = 0
    }

    private mutating func removeAll() {
        text.removeAll(keepingAtMost: Self.keptText)
        if lostBehind != nil { lostBehind = 0 }
        answering = nil
        doubted = nil
        first = 0
        end = 0
    }

    /// Lets go of the room for requests, where none waits.
    mutating func trim() {
        guard isEmpty else { return }
        entries = []
        first = 0
        end = 0
        text.letGoIfEmpty()
    }

    // MARK: Requests

    /// Makes ready for a request that begins: what it tells of those before it.
    @inline(__always)
    mutating func willAsk(_ out: any Output) {
        guard Key.isOrder else { return }
        newestIsLate = proof.hasAnsweredUnseen
        let isKnown = proof.ask(
            isWaiting: firstUnanswered != nil && !answersWereLost, isAnswering: answering != nil)
        guard isKnown, !answersWereLost, lostBehind == nil else { return askAfterLoss(isKnown, out) }
    }

    private mutating func askAfterLoss(_ isKnown: Bool, _ out: any Output) {
        if isKnown {
            // What has no answer by now has none.
            drain(out)
            answersWereLost = false
            lostBehind = nil
            givenUp = 0
        } else if proof.isAlone, answersWereLost {
            drain(out)
            answersWereLost = false
            lostBehind = first
        } else if !answersWereLost, lostBehind == nil {
            lostBehind = first
        }
    }

    /// Stores text of a request; its range stays valid until `settle` has let go of the request.
    mutating func store(_ bytes: RawSpan) -> ByteRange {
        let start = text.count
        text.append(bytes)
        return ByteRange(start, text.count)
    }

    mutating func append(_ key: Key, _ ask: Ask, _ exchange: Exchange) {
        let entry = Entry(key: key, ask: ask, exchange: exchange)
        if end < entries.count { entries[end] = entry } else { entries.append(entry) }
        end &+= 1
    }

    /// Of the oldest request that waits.
    var oldestPosition: UInt64? { isEmpty ? nil : entries[first].exchange.position }

    var newest: Int? { isEmpty ? nil : end &- 1 }

    /// Too many wait: the oldest is given away, and its answer, should it come, is not another's.
    mutating func giveUpOldest(_ out: any Output) {
        if !entries[first].exchange.isAnswered { givenUp &+= 1 }
        if answering == first { answering = nil }
        if doubted == first { doubted = nil }
        settleOldest(out)
    }

    // MARK: Answers

    /// Whom an answer belongs to that begins.
    /// - Parameters:
    ///   - isFinal: no other follows for the same request.
    ///   - beganBeforeLoss: requests were lost since, perhaps.
    @inline(__always)
    mutating func match(_ key: Key, isFinal: Bool = true, beganBeforeLoss: Bool = false) -> Match {
        let match = find(key)
        if Key.isOrder, !proof.isFirm || match == .none {
            proof.answer(
                isFinal: isFinal, isSurplus: match == .none && firstUnanswered == nil, isNews: !beganBeforeLoss)
        }
        return match
    }

    @inline(__always)
    private mutating func find(_ key: Key) -> Match {
        if givenUp > 0 { return .givenUp }
        guard let slot = Key.isOrder ? firstUnanswered : unanswered(key) else { return .none }
        if Key.isOrder, answersWereLost || lostBehind != nil { return matchAfterLoss(slot) }
        answering = slot
        return .slot(slot)
    }

    private mutating func matchAfterLoss(_ slot: Int) -> Match {
        if let lostBehind {
            // What is before the lost requests is answered before them.
            guard slot >= lostBehind else {
                guard !answersWereLost else { return .none }
                answering = slot
                return .slot(slot)
            }
            // Of all that were sent with it, it is the last, and so is its answer.
            guard proof.isAlone else { return .none }
        }
        if entries[(slot &+ 1)..<end].contains(where: { !$0.exchange.isAnswered }) { return .none }
        doubted = slot
        doubtsEarlier = lostBehind != nil
        return .doubtful(slot)
    }

    /// An answer was read, or is, of which nobody knows yet whether it is that of the request that is open.
    var isInDoubt: Bool { doubted != nil }

    /// Who asks behind the answer shows whose it is; else it is enough that the client's stream has no hole.
    var needsNextRequest: Bool { doubted != nil && doubtsEarlier }

    /// As many answers are there as requests: one.
    var isOneForOne: Bool { needsNextRequest && !answersWereLost }

    /// All of the request is there whose answer is in doubt: what the client says next is another.
    var isNextRequest: Bool { doubted.map { entries[$0].exchange.isRequestComplete } ?? false }

    /// There was no other request.
    mutating func confirm() {
        answering = doubted
        doubted = nil
    }

    /// It may have been the answer to a request that was lost.
    mutating func deny() {
        doubted = nil
        proof.hear(isSurplus: true)
    }

    private var firstUnanswered: Int? {
        @inline(__always) get {
            var slot = first
            while slot < end {
                if !entries[slot].exchange.isAnswered { return slot }
                slot &+= 1
            }
            return nil
        }
    }

    private func unanswered(_ key: Key) -> Int? {
        var slot = first
        while slot < end {
            if !entries[slot].exchange.isAnswered, entries[slot].key == key { return slot }
            slot &+= 1
        }
        return nil
    }

    /// The request whose answer is being read, since `match`.
    var answered: Int? { answering }

    /// The answer that is being read was read to its end.
    /// - Parameter isFinal: no other follows for the same request.
    @inline(__always)
    mutating func answerIsComplete(isFinal: Bool, _ change: (inout Exchange) -> Void) {
        guard let slot = answering else {
            if isFinal, givenUp > 0 { givenUp &-= 1 }
            return
        }
        answering = nil
        guard isFinal else { return }
        proof.complete()
        entries[slot].exchange.isAnswered = true
        change(&entries[slot].exchange)
        guard answersWereLost else { return }
        // It was the only one that was open.
        answersWereLost = false
        if lostBehind == nil { proof.restore() }
    }

    /// The request whose answer is being read is answered by somebody else: it waits here no more.
    mutating func handOn(_ slot: Int) -> Carried {
        var exchange = entries[slot].exchange
        let line = exchange.line.range
        exchange.kind = .empty
        exchange.moveText(by: -line.lowerBound)
        let carried = Carried(exchange: exchange, text: [UInt8](text.bytes.extracting(line)))
        entries.remove(at: slot)
        end &-= 1
        answering = nil
        return carried
    }

    /// Messages were lost, and nobody knows how many.
    mutating func lose(_ side: Side) {
        proof.lose(side)
        if side == .server {
            answersWereLost = true
            answering = nil
        } else if lostBehind == nil {
            lostBehind = end
        }
    }

    /// The newest request is told of where its end is missing: what was answered before, and nobody had asked for, was that.
    mutating func giveUpLate(_ out: any Output) {
        if newestIsLate, let newest, !entries[newest].exchange.isAnswered { drain(out) }
        newestIsLate = false
    }

    /// The server has said something, and nobody knows what.
    mutating func hear() { proof.hear(isSurplus: firstUnanswered == nil) }

    @inline(__always)
    func ask(_ slot: Int) -> Ask { entries[slot].ask }

    @inline(__always)
    func exchange(_ slot: Int) -> Exchange { entries[slot].exchange }

    @inline(__always)
    mutating func update(_ slot: Int, _ change: (inout Exchange) -> Void) { change(&entries[slot].exchange) }

    // MARK: Settling

    /// Gives away the exchanges of which both sides are complete, in the order of the requests.
    @inline(__always)
    mutating func settle(_ out: any Output) {
        while first < end, entries[first].exchange.isAnswered, entries[first].exchange.isRequestComplete {
            settleOldest(out)
        }
    }

    /// Gives the oldest exchange away, complete or not; there is one.
    @inline(__always)
    private mutating func settleOldest(_ out: any Output) {
        out.exchange(entries[first].exchange, text.bytes)
        first &+= 1
        if first == end {
            removeAll()
        } else if first >= 1024 || settledText >= Self.movedText {
            compact()
        }
    }

    /// Bytes of text of what is settled, before those of what waits.
    private var settledText: Int { text.count > Self.movedText ? Int(entries[first].exchange.line.start) : 0 }

    /// Bytes of text of what waits.
    var heldText: Int { isEmpty ? 0 : text.count &- Int(entries[first].exchange.line.start) }

    /// One more would be more than may wait.
    func isFull(_ limits: Limits) -> Bool { count >= limits.pipelinedRequests || heldText > limits.pipelinedBytes }

    /// So much is let go of at once: moving what waits costs no more than it has cost to store this.
    private static var movedText: Int { 1 << 20 }

    /// Gives all away, in the order of the requests.
    mutating func drain(_ out: any Output) { while !isEmpty { settleOldest(out) } }

    /// Lets go of what is settled: long pipelines never empty the queue.
    private mutating func compact() {
        entries.removeFirst(first)
        end &-= first
        lostBehind = lostBehind.map { Swift.max(0, $0 &- first) }
        answering = answering.map { $0 &- first }
        doubted = doubted.map { $0 &- first }
        first = 0
        let start = entries[..<end].map { Int($0.exchange.line.start) }.min() ?? text.count
        text.removeFirst(start)
        for index in 0..<end { entries[index].exchange.moveText(by: -start) }
    }
}
