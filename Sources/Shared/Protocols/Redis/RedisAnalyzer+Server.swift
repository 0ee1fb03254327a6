/// What a server says: replies, pushes between them, and streams.
extension RedisAnalyzer {
    func hear(_ bytes: RawSpan, _ at: Arrival, _ out: any Output) -> Step {
        var used = 0
        var began = at.first
        while used < bytes.byteCount {
            if isStream { return .took(bytes.byteCount) }
            value.last = at.last
            if value.isAtTerminator {
                switch bytes.fitLineEnd(at: used) {
                case .open: return .took(used)
                case .no: return .lost(took: used, .betweenMessages)
                case .yes: break
                }
                used &+= 2
                value.bytes &+= 2
                value.isAtTerminator = false
                ended(out)
            } else if value.isInLine {
                let feed = bytes.firstIndex(of: ASCII.lineFeed, from: used)
                let next = feed.map { $0 &+ 1 } ?? bytes.byteCount
                value.bytes &+= UInt64(next &- used)
                used = next
                if feed != nil {
                    value.isInLine = false
                    ended(out)
                }
            } else {
                let step = line(bytes, used, began, out)
                guard case .took(let count, 0) = step else { return step }
                used = count
            }
            began = at.last
        }
        return .took(used)
    }

    /// Longer ones are MONITOR's, and errors that scripts write.
    private static var longestLine: Int { 256 }

    /// The line that a value begins with.
    /// - Returns: `.took` with `next: 0` where it goes on behind it.
    private func line(_ bytes: RawSpan, _ used: Int, _ began: Timestamp, _ out: any Output) -> Step {
        let sign = bytes.byte(used)
        // What a master says while it waits.
        if sign == ASCII.lineFeed, value.depth == 0 { return .took(used &+ 1, next: 0) }
        let limit = Swift.min(bytes.byteCount, used &+ Self.longestLine)
        guard let feed = bytes.extracting(first: limit).firstIndex(of: ASCII.lineFeed, from: used) else {
            guard limit < bytes.byteCount || limit &- used == Self.longestLine else {
                return RedisReply.isSign(sign) ? .took(used) : .lost(took: used, .betweenMessages)
            }
            guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") || sign == UInt8(ascii: "(") else {
                return .lost(took: used, .betweenMessages)
            }
            begin(sign, isNil: false, 0, limit &- used, began, out)
            readWord(sign, bytes, used)
            value.isInLine = true
            return .took(limit, next: 0)
        }
        guard feed > used &+ 1 || sign == UInt8(ascii: "_"), bytes.byte(feed &- 1) == ASCII.carriageReturn else {
            return .lost(took: used, .betweenMessages)
        }
        let next = feed &+ 1
        let text = used &+ 1..<feed &- 1
        switch sign {
        case UInt8(ascii: "+"), UInt8(ascii: "-"):
            if isMonitoring, value.depth == 0, sign == UInt8(ascii: "+"), let byte = bytes.u8(at: used &+ 1),
                ASCII.isDigit(byte)
            {
                return .took(next, next: 0)
            }
            begin(sign, isNil: false, 0, next &- used, began, out)
            readWord(sign, bytes, used)
            ended(out)
        case UInt8(ascii: ":"):
            begin(sign, isNil: false, 0, next &- used, began, out)
            if value.mayBePush, value.depth == 1, value.items == 3 { value.total = bytes.decimal(text) }
            ended(out)
        case UInt8(ascii: ","), UInt8(ascii: "#"), UInt8(ascii: "("), UInt8(ascii: "_"):
            begin(sign, isNil: sign == UInt8(ascii: "_"), 0, next &- used, began, out)
            ended(out)
        case UInt8(ascii: "$"), UInt8(ascii: "="), UInt8(ascii: "!"):
            return string(sign, bytes, used, text, next, began, out)
        case UInt8(ascii: "*"), UInt8(ascii: "~"), UInt8(ascii: ">"), UInt8(ascii: "%"), UInt8(ascii: "|"):
            return aggregate(sign, bytes, used, text, next, began, out)
        default: return .lost(took: used, .betweenMessages)
        }
        return .took(next, next: 0)
    }

    private func readWord(_ sign: UInt8, _ bytes: RawSpan, _ used: Int) {
        if sign == UInt8(ascii: "-") {
            value.keepCode(bytes, from: used &+ 1)
        } else if bytes.has("QUEUED\r\n", at: used &+ 1) {
            value.word = .queued
        } else if bytes.has("FULLRESYNC ", at: used &+ 1) || bytes.has("CONTINUE", at: used &+ 1) {
            value.word = .resync
        }
    }

    /// Nothing, in RESP2.
    private func absent(_ sign: UInt8, _ used: Int, _ next: Int, _ began: Timestamp, _ out: any Output) -> Step {
        begin(sign, isNil: true, 0, next &- used, began, out)
        ended(out)
        return .took(next, next: 0)
    }

    private func string(
        _ sign: UInt8, _ bytes: RawSpan, _ used: Int, _ text: Range<Int>, _ next: Int, _ began: Timestamp,
        _ out: any Output
    ) -> Step {
        if bytes.isWord("-1", at: text) { return absent(sign, used, next, began, out) }
        guard let size = bytes.decimal(text), size <= RedisFraming.longestValue else {
            // A master's answer to SYNC, of a length that is not known before.
            guard bytes.has("EOF:", at: text.lowerBound), value.depth == 0 else {
                return .lost(took: used, .betweenMessages)
            }
            return answersSync(next, began, out)
        }
        if value.depth == 0, isAnswerToSync { return answersSync(next, began, out) }
        let end = next &+ size
        let isItem = value.mayBePush && value.depth == 1 && value.items < 2
        let isContent = payload != nil && value.isContentNext && size <= RedisCall.longestContent
        let wanted =
            isContent || isItem && size <= KeyPattern.longest
            ? size : sign == UInt8(ascii: "!") ? Swift.min(size, 64) : 0
        guard bytes.byteCount &- next >= wanted else { return .took(used, next: next &+ wanted &- bytes.byteCount) }
        begin(sign, isNil: false, 0, end &- used, began, out)
        if isItem, size <= KeyPattern.longest {
            value.capture(value.items, bytes.extracting(next..<end), isWhole: run.statements == .full)
        }
        if isContent, let payload { value.content = payload.shape(of: bytes.extracting(next..<end), out) }
        if sign == UInt8(ascii: "!") { value.keepCode(bytes, from: next) }
        let terminator = bytes.fitLineEnd(at: end)
        guard terminator == .yes else {
            // The reply has begun, whether its end comes later or is none.
            value.isAtTerminator = true
            if terminator == .no { return .lost(took: end, .betweenMessages) }
            if end <= bytes.byteCount { return .took(end, next: 1) }
            return .skip(took: bytes.byteCount, UInt64(end &- bytes.byteCount))
        }
        value.bytes &+= 2
        ended(out)
        return .took(end &+ 2, next: 0)
    }

    private func aggregate(
        _ sign: UInt8, _ bytes: RawSpan, _ used: Int, _ text: Range<Int>, _ next: Int, _ began: Timestamp,
        _ out: any Output
    ) -> Step {
        if bytes.isWord("-1", at: text) { return absent(sign, used, next, began, out) }
        guard let count = bytes.decimal(text), count <= 1 << 31 else { return .lost(took: used, .betweenMessages) }
        let isDouble = sign == UInt8(ascii: "%") || sign == UInt8(ascii: "|")
        let isAside = sign == UInt8(ascii: "|") || sign == UInt8(ascii: ">") && value.depth > 0
        if !isAside { begin(sign, isNil: false, count, next &- used, began, out) }
        if count == 0 {
            if !isAside { ended(out) }
        } else if !value.open(isDouble ? count &* 2 : count, isAside ? .aside : .plain) {
            return .lost(took: used, .betweenMessages)
        }
        return .took(next, next: 0)
    }

    // MARK: Values

    private func begin(
        _ sign: UInt8, isNil: Bool, _ count: Int, _ length: Int, _ began: Timestamp, _ out: any Output
    ) {
        let depth = value.depth
        if depth == 0 {
            value.begin(sign, isNil: isNil, began)
            let kind = order.current(of: queue.count).map { queue[$0].detail.kind }
            value.isTransaction = sign == UInt8(ascii: "*") && !isNil && kind == .exec
            value.mayBePush = false
            value.isPush = false
            if sign == UInt8(ascii: ">") {
                value.beginPush(isPush: true)
            } else if sign == UInt8(ascii: "*"), 3...4 ~= count, isSubscribers(kind) {
                value.beginPush(isPush: false)
            }
            if value.isTransaction { beginTransaction(count, length, began) }
        } else if depth == 1, value.isTransaction {
            value.begin(sign, isNil: isNil, began)
        } else if depth == (value.isTransaction ? 2 : 1) {
            value.items &+= 1
            if isNil { value.nils &+= 1 }
        }
        value.bytes &+= UInt64(length)
    }

    /// What a subscriber may say in RESP2.
    private func isSubscribers(_ kind: RedisGrammar.Kind?) -> Bool {
        switch kind {
        case nil, .subscribe, .unsubscribe, .ping, .reset: true
        default: false
        }
    }

    private func ended(_ out: any Output) {
        while true {
            switch value.close() {
            case .reply: return replied(out)
            case .inner: return
            case .element:
                if value.isTransaction { answerQueued(value.outermostLeft &+ 1, out) }
                return
            case .lastElement:
                if value.isTransaction { answerQueued(1, out) }
                if value.pop() == .aside { return }
            case .aggregate:
                if value.pop() == .aside { return }
            }
        }
    }

    private func replied(_ out: any Output) {
        if value.mayBePush {
            if value.push == .message || value.isPush && value.push == .other { return tellPush(out) }
            if value.push != .other, value.isPush || value.items == 3 { return confirm(out) }
        }
        answer(out)
    }

    // MARK: Answers

    private func answer(_ out: any Output) {
        guard let place = order.current(of: queue.count) else { return order.answerNothing() }
        let isError = value.sign == UInt8(ascii: "-") || value.sign == UInt8(ascii: "!")
        if value.word == .queued {
            queue[place].detail.state = .queued
            queue[place].operation.responseBytes &+= value.bytes
            order.answer()
            return
        }
        switch queue[place].detail.kind {
        case .exec:
            if isError || value.isNil { endQueued(before: place, .skipped) }
            if value.isTransaction {
                value.bytes = value.transactionBytes
                value.first = value.transactionFirst
                value.sign = UInt8(ascii: "*")
                value.isNil = false
            }
        case .discard, .reset:
            if !isError { endQueued(before: place, .cancelled) }
            if queue[place].detail.kind == .reset, !isError {
                isMonitoring = false
                subscriptions = RedisSubscriptions()
            }
        case .monitor: isMonitoring = isMonitoring || !isError
        case .psync: isStream = value.word == .resync
        default: break
        }
        end(place, isError ? .error : .ok)
        order.answer()
        settle(out)
    }

    /// The answer of a command is whole.
    private func end(_ place: Int, _ status: ServiceOperation.Status) {
        var code = ByteRange.empty
        if status == .error {
            let (bytes, count) = value.codeBytes
            code = queue.store(bytes.span.bytes.extracting(first: count))
        }
        let isNil = value.isNil
        let (items, nils) = (value.items, value.nils)
        let counts = queue[place].detail.counts
        queue[place].detail.state = .answered
        queue[place].detail.status = status
        queue[place].operation.code = code
        queue[place].operation.responseBytes &+= value.bytes
        queue[place].operation.responseFirst = queue[place].operation.responseFirst ?? value.first
        queue[place].operation.ended = value.last
        guard status == .ok else { return }
        switch counts {
        case .none: break
        case .reply:
            queue[place].operation.hits = isNil ? 0 : 1
            queue[place].operation.misses = isNil ? 1 : 0
        case .items:
            queue[place].operation.hits = items &- nils
            queue[place].operation.misses = nils
        }
    }

    /// Tells of what is answered and known for certain.
    func settle(_ out: any Output) {
        while order.answered > 0, order.isFirm, queue[0].detail.state == .answered {
            tell(0, queue[0].detail.status, out)
            queue.popFront()
            order.told()
        }
    }

    // MARK: Transactions

    /// Commands that are queued right before one.
    private func queued(before place: Int) -> Int {
        var first = place
        while first > 0, queue[first &- 1].detail.state == .queued { first &-= 1 }
        return place &- first
    }

    private func beginTransaction(_ count: Int, _ length: Int, _ began: Timestamp) {
        value.transactionBytes = UInt64(length)
        value.transactionFirst = began
        let queued = queued(before: order.answered)
        guard queued > 1 else { return }
        for place in order.answered &- queued..<order.answered {
            queue[place].operation.batch = UInt32(clamping: queued)
        }
    }

    /// An item of EXEC's reply.
    /// - Parameter left: items that are to come, this one included.
    private func answerQueued(_ left: Int, _ out: any Output) {
        let place = order.answered &- left
        guard place >= 0, queue[place].detail.state == .queued else { return }
        end(place, value.sign == UInt8(ascii: "-") || value.sign == UInt8(ascii: "!") ? .error : .ok)
        settle(out)
    }

    /// What was queued is not done.
    private func endQueued(before place: Int, _ status: ServiceOperation.Status) {
        var queued = place
        while queued > 0 {
            queued &-= 1
            if queue[queued].detail.kind == .multi, queue[queued].detail.status == .ok { return }
            // One that was refused is between them.
            guard queue[queued].detail.state == .queued else { continue }
            queue[queued].detail.state = .answered
            queue[queued].detail.status = status
            queue[queued].operation.ended = value.last
        }
    }

    // MARK: Subscriptions

    private func confirm(_ out: any Output) {
        if let total = value.total { subscriptions.confirm(value.push, total: total) }
        let isSubscribe = value.push == .subscribe || value.push == .psubscribe || value.push == .ssubscribe
        guard let place = order.current(of: queue.count),
            queue[place].detail.kind == (isSubscribe ? .subscribe : .unsubscribe)
        else { return }
        let isLast: Bool
        if queue[place].detail.replies == 0 {
            isLast = subscriptions.isLast(value.push)
        } else {
            queue[place].detail.replies &-= 1
            isLast = queue[place].detail.replies == 0
        }
        guard !isLast else {
            end(place, .ok)
            order.answer()
            return settle(out)
        }
        queue[place].operation.responseBytes &+= value.bytes
        queue[place].operation.responseFirst = queue[place].operation.responseFirst ?? value.first
    }

    // MARK: Streams

    private var isAnswerToSync: Bool { order.current(of: queue.count).map { queue[$0].detail.kind == .sync } ?? false }

    private func answersSync(_ next: Int, _ began: Timestamp, _ out: any Output) -> Step {
        begin(UInt8(ascii: "+"), isNil: false, 0, 0, began, out)
        ended(out)
        isStream = true
        return .took(next, next: 0)
    }

    // MARK: Telling

    /// A reply of which the rest was not captured.
    func cutReply(_ out: any Output) {
        guard let place = order.current(of: queue.count) else { return }
        for _ in 0..<place {
            tell(0, .unanswered, out)
            queue.popFront()
        }
        queue[0].operation.incomplete.insert(.response)
        queue[0].operation.responseBytes &+= value.bytes
        queue[0].operation.responseFirst = queue[0].operation.responseFirst ?? value.first
        // It may be known much later that the rest is missing.
        queue[0].operation.ended = value.last
        tell(0, .ok, out)
        queue.popFront()
    }

    func tell(_ place: Int, _ status: ServiceOperation.Status, _ out: any Output) {
        var operation = queue[place].operation
        operation.status = status
        operation.system = "redis"
        if status == .error, queue[place].detail.isLogin { operation.isHousekeeping = false }
        if let database { operation.namespace = queue.store { $0.append(decimal: database) } }
        switch status {
        case .ok, .error: break
        case .unanswered: operation.endUnanswered(lastMoment)
        case .oneWay: operation.endOneWay()
        case .skipped, .cancelled: operation.responseFirst = nil
        }
        queue.text.withBytes { out.operation(operation, $0) }
        guard status == .ok else { return }
        switch queue[place].detail.kind {
        case .select: database = queue[place].detail.database
        case .reset: database = 0
        default: break
        }
    }

    private func tellPush(_ out: any Output) {
        var operation = ServiceOperation()
        operation.side = .server
        operation.pairing = .none
        operation.system = "redis"
        // Server's own news, such as of keys that a client has cached.
        operation.isHousekeeping = value.push == .other
        operation.requestBytes = value.bytes
        operation.requestFirst = value.first
        operation.requestLast = value.last
        operation.ended = value.last
        operation.name = value.name
        operation.targets = value.channel
        if payload != nil, value.push == .message { operation.payloads.message = value.content }
        value.text.withBytes { out.operation(operation, $0) }
    }
}
