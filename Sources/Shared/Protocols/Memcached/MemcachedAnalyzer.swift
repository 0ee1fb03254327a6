/// memcached: commands of the text, meta and binary protocols, and what became of them (doc/protocol.txt; "Memcached Binary
/// Protocol").
///
/// Text commands are answered in order; meta commands give an opaque token or the key back where they were asked to, binary ones
/// their opaque number. What is quiet is answered only where there is something to say: the answer of a command behind it shows
/// that there was nothing. Values are stepped over. After a loss `ReplyOrder` says what belongs together.
final class MemcachedAnalyzer: OrderedReplies {
    typealias Queue = OperationQueue<MemcachedAsk>

    let run: Run
    var queue = Queue()
    var order = ReplyOrder(.opening)
    var lastMoment = Timestamp(nanoseconds: 0)
    private var isLost = false

    // MARK: What the client says

    /// Of the command whose data block comes.
    var ask: QueuedOperation<MemcachedAsk>? {
        get { queue.draft }
        set { queue.draft = newValue }
    }
    /// The block was stepped over, and so many bytes of its end come.
    var askEnd = 0
    /// Of the line that comes, bytes that have no end in them.
    var askScanned = 0

    // MARK: What the server says

    var reply = MemcachedReply()
    /// What the server says is a log (watch).
    var isStream = false

    init(_ run: Run) { self.run = run }

    func begin(_ start: Start) {
        queue.removeAll()
        order = ReplyOrder(start)
        isLost = start == .middle
        ask = nil
        askEnd = 0
        askScanned = 0
        reply = MemcachedReply()
        isStream = false
    }

    // MARK: From the channel

    func consume(_ bytes: RawSpan, _ side: Side, _ at: Arrival, _ out: any Output) -> Step {
        lastMoment = at.last
        if side == .client {
            return isLost ? .lost(took: 0, .betweenMessages) : ask(bytes, at, out)
        }
        return consumeReplies(bytes, at, out)
    }

    func gap(_ length: UInt64, _ side: Side, after tail: RawSpan, _ at: Arrival, _ out: any Output) -> Step {
        lastMoment = at.last
        if side == .client {
            loseClient(out)
            return .lost(took: 0, .betweenMessages)
        }
        return gapInReplies(length, after: tail, out)
    }

    func search(_ bytes: RawSpan, _ side: Side, from: Search) -> Found {
        if side == .client {
            let found = MemcachedFraming.command(bytes, from: from.next)
            if case .at = found { isLost = false }
            return found
        }
        return searchReplies(bytes, from: from) { bytes, _ in
            .none(Search(start: bytes.byteCount, next: bytes.byteCount))
        }
    }

    var waiting: Int { queue.count }

    var isBetweenReplies: Bool { reply.isAtStart }

    func forgetReply() { reply = MemcachedReply() }

    func forgetTail(_ side: Side) {
        if side == .client { askScanned = 0 } else { reply.scanned = 0 }
    }

    var held: Int { queue.text.count }

    // MARK: Loss

    func loseClient(_ out: any Output) {
        if var entry = ask {
            // Its line is there.
            entry.operation.incomplete = [.request]
            entry.operation.requestLast = lastMoment
            // Its reply may have come before anybody knew that it was asked.
            let isLate = order.hasAnsweredUnseen
            enqueue(entry, out)
            if isLate { giveUp(out) }
        }
        ask = nil
        askEnd = 0
        askScanned = 0
        isLost = true
        order.loseClient(queue.count)
    }

    func loseServer(_ out: any Output) {
        giveUp(out)
        order.loseServer()
        reply = MemcachedReply()
    }

    func giveUp(_ out: any Output) {
        while !queue.isEmpty {
            let isQuiet = queue[0].detail.isQuiet && order.isPaired
            tell(0, isQuiet ? .oneWay : .unanswered, out)
            queue.popFront()
        }
        order.giveUp()
    }

    // MARK: Pairs

    func enqueue(_ entry: QueuedOperation<MemcachedAsk>, _ out: any Output) {
        queue.draft = entry
        if queue.count >= Self.mostWaiting {
            out.reached(.pipelinedRequests)
            giveUp(out)
            order.overflow()
        }
        queue.commit()
        guard entry.detail.isOneWay || isStream else { return }
        tell(queue.count &- 1, .oneWay, out)
        queue.removeLast()
    }

    func settle(_ out: any Output) {
        while order.answered > 0, order.isFirm {
            tell(0, queue[0].detail.status, out)
            queue.popFront()
            order.told()
        }
    }

    func tell(_ place: Int, _ status: ServiceOperation.Status, _ out: any Output) {
        var operation = queue[place].operation
        operation.status = status
        operation.system = "memcached"
        switch status {
        case .ok, .error: break
        case .unanswered: operation.endUnanswered(lastMoment)
        default: operation.endOneWay()
        }
        queue.text.withBytes { out.operation(operation, $0) }
    }
}

/// What the analyzer keeps of a command besides what is told of it.
struct MemcachedAsk {
    var kind: MemcachedCommand.Kind
    /// It has no answer at all.
    var isOneWay = false
    /// It is answered only where there is something to say.
    var isQuiet = false
    var keys = 0
    /// Hashes of what an answer gives back, 0 where it does not.
    var key: UInt64 = 0
    var opaque: UInt64 = 0
    /// Of the binary protocol.
    var opcode: UInt8?
    var status = ServiceOperation.Status.ok
}
