/// Redis and Valkey: commands, and what became of them ("Redis serialization protocol specification", RESP2 and RESP3).
///
/// Replies come in the order of the commands, and nothing in them says which they answer: so each is counted. What is queued in
/// a transaction is answered within EXEC's reply; pushes come between replies; subscriptions answer once for each channel;
/// CLIENT REPLY takes answers away; MONITOR and PSYNC make streams. Values are stepped over.
///
/// After a loss, and where the capture joined late, `ReplyOrder` says what belongs together.
final class RedisAnalyzer: OrderedReplies {
    typealias Queue = OperationQueue<RedisAsk>

    let run: Run
    var queue = Queue()
    let call: RedisCall
    /// Reads what is published; `nil`: nobody wants that.
    let payload: PayloadReader?

    // MARK: What the client says

    /// Arguments of the command that are still to come; 0: the next byte begins a command.
    var argumentsLeft = 0
    /// The value of an argument was stepped over, and its line's end comes.
    var isAtTerminator = false
    var requestBytes: UInt64 = 0
    var requestFirst = Timestamp(nanoseconds: 0)
    /// A line without end is passed over.
    var isInLine = false
    /// CLIENT REPLY OFF, and SKIP for the next command.
    var isSilent = false
    var skipsNext = false

    // MARK: What the server says

    var value = RedisValue()
    /// What is known of the database.
    var database: Int?
    /// Subscribers get messages as arrays, in RESP2.
    var subscriptions = RedisSubscriptions()
    /// What the server says is a stream of its own (PSYNC), or has lines of MONITOR among the replies.
    var isStream = false
    var isMonitoring = false

    // MARK: Pairs

    var order = ReplyOrder(.opening)
    private var isLost = false
    var lastMoment = Timestamp(nanoseconds: 0)

    init(_ run: Run) {
        self.run = run
        let payload = PayloadReader.wanted(run)
        self.payload = payload
        call = RedisCall(RedisGrammar.known, isWhole: run.statements == .full, payload)
    }

    func begin(_ start: Start) {
        queue.removeAll()
        argumentsLeft = 0
        isAtTerminator = false
        isInLine = false
        isSilent = false
        skipsNext = false
        value.removeAll()
        database = nil
        subscriptions = RedisSubscriptions(isKnown: start != .middle)
        isStream = false
        isMonitoring = false
        order = ReplyOrder(start)
        isLost = start == .middle
    }

    // MARK: From the channel

    func consume(_ bytes: RawSpan, _ side: Side, _ at: Arrival, _ out: any Output) -> Step {
        lastMoment = at.last
        if side == .client {
            // Where the capture joined, nobody knows what the client's first bytes are.
            return isLost ? .lost(took: 0, .betweenMessages) : ask(bytes, at, out)
        }
        return consumeReplies(bytes, at, out)
    }

    func gap(_ length: UInt64, _ side: Side, after tail: RawSpan, _ at: Arrival, _ out: any Output) -> Step {
        lastMoment = at.last
        if side == .client {
            if let step = gapInArgument(length, tail) { return step }
            loseClient(at, out)
            return .lost(took: 0, .betweenMessages)
        }
        return gapInReplies(length, after: tail, out)
    }

    func search(_ bytes: RawSpan, _ side: Side, from: Search) -> Found {
        if side == .client {
            let found = RedisFraming.command(bytes, from: from.next)
            if case .at = found { isLost = false }
            return found
        }
        return searchReplies(bytes, from: from) { RedisFraming.push($0, from: $1) }
    }

    var waiting: Int { queue.count }

    var isBetweenReplies: Bool { value.isAtStart }

    func forgetReply() { value.removeAll() }

    var held: Int { queue.text.count &+ call.text.count &+ call.statement.count }

    // MARK: Loss

    /// Bytes of an argument whose end is known.
    private func gapInArgument(_ length: UInt64, _ tail: RawSpan) -> Step? {
        guard argumentsLeft > 0, !isAtTerminator, !isLost,
            case .value(let size, let text) = RedisFraming.size(tail, UInt8(ascii: "$"), at: 0)
        else { return nil }
        let missing = text &+ size &- tail.byteCount
        guard missing > 0, length <= UInt64(missing) else { return nil }
        call.pass(call.arguments &- argumentsLeft)
        requestBytes &+= UInt64(text &+ size)
        isAtTerminator = true
        return missing == length
            ? .took(tail.byteCount) : .skip(took: tail.byteCount, UInt64(missing) &- length)
    }

    /// Commands are missing, and nobody knows how many.
    func loseClient(_ at: Arrival, _ out: any Output) {
        if argumentsLeft > 0, call.arguments > argumentsLeft {
            // Its reply may have come before anybody knew that it was asked.
            let isLate = order.hasAnsweredUnseen
            finishCall(at.last, isCut: true, out)
            if isLate { giveUp(out) }
        }
        argumentsLeft = 0
        isAtTerminator = false
        isInLine = false
        isSilent = false
        skipsNext = false
        database = nil
        isLost = true
        order.loseClient(queue.count)
    }

    /// Replies are missing, and nobody knows how many.
    func loseServer(_ out: any Output) {
        if order.isFirm, value.isReply { cutReply(out) }
        giveUp(out)
        order.loseServer()
        value.removeAll()
        subscriptions.isKnown = false
    }

    /// What waits is told of as it is.
    func giveUp(_ out: any Output) {
        while !queue.isEmpty {
            tell(0, .unanswered, out)
            queue.popFront()
        }
        order.giveUp()
    }
}

/// What the analyzer keeps of a command besides what is told of it.
struct RedisAsk {
    var kind = RedisGrammar.Kind.plain
    var counts = Counts.none
    var state = State.waiting
    /// Replies that are still to come, where there are several; 0: as many as there are subscriptions.
    var replies = 1
    var database: Int?
    /// It lets a session in: its failure is told of.
    var isLogin = false
    /// What became of it, once it is answered.
    var status = ServiceOperation.Status.ok

    enum Counts: UInt8 { case none, reply, items }

    enum State: UInt8 {
        case waiting
        /// In a transaction: EXEC's reply has its own.
        case queued
        case answered
    }
}
