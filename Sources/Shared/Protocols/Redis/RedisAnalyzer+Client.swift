/// What a client says: arrays of bulk strings, and inline commands.
extension RedisAnalyzer {
    func ask(_ bytes: RawSpan, _ at: Arrival, _ out: any Output) -> Step {
        var used = 0
        var began = at.first
        while used < bytes.byteCount {
            if isInLine {
                guard let feed = bytes.firstIndex(of: ASCII.lineFeed, from: used) else {
                    requestBytes &+= UInt64(bytes.byteCount &- used)
                    return .took(bytes.byteCount)
                }
                requestBytes &+= UInt64(feed &+ 1 &- used)
                used = feed &+ 1
                isInLine = false
                finishCall(at.last, out)
            } else if isAtTerminator {
                switch bytes.fitLineEnd(at: used) {
                case .open: return .took(used)
                case .no: return lost(used, at, out)
                case .yes: break
                }
                used &+= 2
                endArgument(2, at, out)
            } else if argumentsLeft > 0 {
                guard let next = argument(bytes, used, at, out) else { return lost(used, at, out) }
                switch next {
                case .took(let count, let more):
                    if more > 0 { return .took(count, next: more) }
                    used = count
                case .lost(let count, _): return lost(count, at, out)
                default: return next
                }
            } else {
                switch beginCall(bytes, used, began, at, out) {
                case .no: return lost(used, at, out)
                case .open: return .took(used)
                case .line(let line): used = line.next
                case .tooLong:
                    used = bytes.byteCount
                    isInLine = true
                }
            }
            began = at.last
        }
        return .took(used)
    }

    private func lost(_ used: Int, _ at: Arrival, _ out: any Output) -> Step {
        loseClient(at, out)
        return .lost(took: used, .betweenMessages)
    }

    // MARK: Arguments

    /// - Returns: `.took` with `next: 0` where the argument is done with; `nil` where it is none.
    private func argument(_ bytes: RawSpan, _ used: Int, _ at: Arrival, _ out: any Output) -> Step? {
        let size: Int
        let text: Int
        switch RedisFraming.size(bytes, UInt8(ascii: "$"), at: used) {
        case .no: return nil
        case .open: return .took(used)
        case .value(let count, let next): (size, text) = (count, next)
        }
        let place = call.arguments &- argumentsLeft
        let end = text &+ size
        // One byte of a line's end is enough to see that it is none, and no more is waited for: what is lost is lost at
        // once, however it came.
        let terminator = bytes.fitLineEnd(at: end)
        if call.wants(place, size) {
            switch terminator {
            case .no: return nil
            case .open: return .took(used, next: Swift.max(1, end &+ 1 &- bytes.byteCount))
            case .yes: call.take(place, bytes.extracting(text..<end), out)
            }
        } else {
            call.pass(place)
            if terminator != .yes { requestBytes &+= UInt64(end &- used) }
            switch terminator {
            case .no: return .lost(took: end, .betweenMessages)
            case .open:
                isAtTerminator = true
                if bytes.byteCount >= end { return .took(end, next: 1) }
                return .skip(took: bytes.byteCount, UInt64(end &- bytes.byteCount))
            case .yes: break
            }
        }
        endArgument(end &+ 2 &- used, at, out)
        return .took(end &+ 2, next: 0)
    }

    private func endArgument(_ length: Int, _ at: Arrival, _ out: any Output) {
        isAtTerminator = false
        requestBytes &+= UInt64(length)
        argumentsLeft &-= 1
        if argumentsLeft == 0 { finishCall(at.last, out) }
    }

    // MARK: Commands

    private func beginCall(_ bytes: RawSpan, _ used: Int, _ began: Timestamp, _ at: Arrival, _ out: any Output)
        -> LineSearch
    {
        guard bytes.byte(used) == UInt8(ascii: "*") else { return inline(bytes, used, began, at, out) }
        switch RedisFraming.size(bytes, UInt8(ascii: "*"), at: used) {
        case .no:
            // `*-1`: the server passes over it.
            switch bytes.fit("*-1\r\n", at: used) {
            case .no: return .no
            case .open: return .open
            case .yes: return .line(TextLine(text: used..<used, next: used &+ 5))
            }
        case .open: return .open
        case .value(let count, let next):
            guard count > 0 else { return .line(TextLine(text: used..<used, next: next)) }
            start(count, next &- used, began, out)
            return .line(TextLine(text: used..<used, next: next))
        }
    }

    private func start(_ arguments: Int, _ length: Int, _ began: Timestamp, _ out: any Output) {
        beginCycle(out)
        call.begin(arguments)
        argumentsLeft = arguments
        requestBytes = UInt64(length)
        requestFirst = began
    }

    /// Words in a line, as people type them ("Inline commands").
    private func inline(
        _ bytes: RawSpan, _ used: Int, _ began: Timestamp, _ at: Arrival, _ out: any Output
    ) -> LineSearch {
        let found = bytes.line(from: used, limit: RedisFraming.longestInline)
        switch found {
        case .no, .open: return found
        case .tooLong:
            start(1, bytes.byteCount &- used, began, out)
            argumentsLeft = 0
            call.pass(0)
            return found
        case .line(let line):
            var rest = line.text
            var count = 0
            while RedisFraming.word(bytes, &rest) != nil { count &+= 1 }
            guard count > 0 else { return found }
            start(count, line.next &- used, began, out)
            rest = line.text
            for place in 0..<count {
                guard let word = RedisFraming.word(bytes, &rest) else { break }
                if call.wants(place, word.count) {
                    call.take(place, bytes.extracting(word), out)
                } else {
                    call.pass(place)
                }
            }
            argumentsLeft = 0
            finishCall(at.last, out)
            return found
        }
    }

    /// The command is whole.
    /// - Parameter isCut: the rest of it was not captured.
    func finishCall(_ last: Timestamp, isCut: Bool = false, _ out: any Output) {
        if queue.count >= Self.mostWaiting { makeRoom(out) }
        var entry = QueuedOperation(detail: RedisAsk())
        entry.operation.requestBytes = requestBytes
        entry.operation.requestFirst = requestFirst
        entry.operation.requestLast = last
        entry.operation.isHousekeeping = call.traits.contains(.isHousekeeping)
        entry.operation.isWaiting = call.isWaiting
        entry.operation.payloads = call.payloads
        if isCut { entry.operation.incomplete = [.request] }
        entry.detail.kind = call.kind
        entry.detail.database = call.number
        entry.detail.isLogin = call.traits.contains(.isLogin)
        if call.traits.contains(.countsNil) { entry.detail.counts = .reply }
        if call.traits.contains(.countsItems) { entry.detail.counts = .items }
        if queue.text.count < run.limits.pipelinedBytes {
            call.text.withBytes {
                entry.operation.name = queue.store($0.extracting(call.name))
                entry.operation.targets = queue.store($0.extracting(call.targets))
            }
            if run.statements != .off { call.statement.withBytes { entry.operation.statement = queue.store($0) } }
        } else {
            entry.operation.incomplete.insert(.text)
        }
        switch call.kind {
        case .subscribe: entry.detail.replies = Swift.max(1, call.arguments &- 1)
        case .unsubscribe: entry.detail.replies = call.arguments &- 1
        default: break
        }
        if isCut, call.kind == .clientReply || call.traits.contains(.hasSubcommands) {
            // What is missing of it says whether it is answered.
            queue.append(entry)
            tell(queue.count &- 1, .unanswered, out)
            return queue.removeLast()
        }
        enqueue(entry, out)
    }

    private func enqueue(_ entry: QueuedOperation<RedisAsk>, _ out: any Output) {
        var isAnswered = !isSilent && !skipsNext && !isStream
        skipsNext = false
        if call.kind == .clientReply {
            switch call.reply {
            case .on:
                isAnswered = true
                isSilent = false
            case .off:
                isAnswered = false
                isSilent = true
            case .skip:
                isAnswered = false
                skipsNext = !isSilent
            }
        }
        queue.append(entry)
        guard !isAnswered else { return }
        tell(queue.count &- 1, .oneWay, out)
        queue.removeLast()
    }

    private func makeRoom(_ out: any Output) {
        out.reached(.pipelinedRequests)
        giveUp(out)
        order.overflow()
    }
}
