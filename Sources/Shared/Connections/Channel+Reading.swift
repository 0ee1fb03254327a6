/// How a channel shows its analyzer the bytes in order, and what becomes of them.
extension Channel {
    // MARK: Reading

    /// Shows the analyzer the next bytes of one side, behind what it has not taken yet.
    /// - Returns: how many bytes were taken or kept; fewer than given where the streams are handed over.
    @inline(__always)
    func read(_ bytes: RawSpan, _ side: Side, _ now: Timestamp) -> Int {
        let tail = tail(side)
        tail.heard = now
        guard tail.bytes.isEmpty else { return readBehind(tail, bytes, side, now) }
        let used = step(bytes, side, tail, Arrival(now))
        if used.isHandedOver { return used.count }
        if used.count < bytes.byteCount { tail.keep(bytes.extracting(used.count..<bytes.byteCount), since: now) }
        return bytes.byteCount
    }

    @inline(never)
    private func readBehind(_ tail: Tail, _ bytes: RawSpan, _ side: Side, _ now: Timestamp) -> Int {
        tail.bytes.append(bytes)
        if tail.bytes.count >= tail.wanted { readTail(tail, side, Arrival(first: tail.since, last: now)) }
        return bytes.byteCount
    }

    /// Shows the analyzer what it has not taken yet.
    private func readTail(_ tail: Tail, _ side: Side, _ at: Arrival) {
        var input = UniqueBytes()
        swap(&input, &tail.bytes)
        let used = step(input.bytes, side, tail, at)
        if used.count == input.count { return }
        if used.isHandedOver {
            route(input.bytes.extracting(used.count...), connection.direction(side), at.last)
        } else if used.count == 0 {
            swap(&input, &tail.bytes)
        } else {
            tail.keep(input.bytes.extracting(used.count...), since: at.last)
        }
    }

    private struct Used {
        var count: Int
        /// What reads these streams is another now: the rest is not for the analyzer that was asked.
        var isHandedOver = false
    }

    /// Asks the analyzer until it needs more bytes.
    private func step(_ bytes: RawSpan, _ side: Side, _ tail: Tail, _ at: Arrival) -> Used {
        guard let analyzer else { return Used(count: bytes.byteCount) }
        let other = self.tail(side.other)
        var used = 0
        while used < bytes.byteCount {
            let rest = bytes.extracting(used..<bytes.byteCount)
            if tail.skip > 0 {
                used &+= skip(rest, side, tail)
                continue
            }
            if tail.lost != nil {
                used &+= search(rest, side, tail, analyzer)
                if tail.lost != nil { return Used(count: used) }
                continue
            }
            tail.isHeld = false
            run.steps &+= 1
            let step = analyzer.consume(rest, side, used == 0 ? at : Arrival(at.last), self)
            let taken: Int
            var needsMore = false
            switch step {
            case .took(let count, let next):
                taken = count
                needsMore = next > 0 || count == 0
                tail.wanted = rest.byteCount &- count &+ next
            case .skip(let count, let more):
                taken = count
                tail.skip = more
            case .hold(let count):
                taken = count
                tail.isHeld = true
                tail.wanted = 0
                needsMore = true
            case .handOver(let count, let successor):
                took(rest.extracting(first: count), side)
                handOver(side, successor, at.last)
                return Used(count: used &+ count, isHandedOver: true)
            case .lost(let count, let why):
                if !analyzer.hasRead, mistakes < Self.mistakeLimit {
                    took(rest.extracting(first: count), side)
                    reconsider(side, at.last)
                    return Used(count: used &+ count, isHandedOver: true)
                }
                taken = count
                tail.lost = why
                tail.search = Search()
            }
            took(rest.extracting(first: taken), side)
            used &+= taken
            if other.isHeld {
                resume(side.other, at.last)
                if self.analyzer !== analyzer { return Used(count: used, isHandedOver: true) }
            }
            if needsMore, used < bytes.byteCount { break }
        }
        return Used(count: used)
    }

    /// Bytes that the analyzer does not want to see.
    private func skip(_ bytes: RawSpan, _ side: Side, _ tail: Tail) -> Int {
        let count = Int(clamping: Swift.min(tail.skip, UInt64(bytes.byteCount)))
        tail.skip &-= UInt64(count)
        took(bytes.extracting(first: count), side)
        return count
    }

    /// Looks for the next message where the place was lost.
    private func search(_ bytes: RawSpan, _ side: Side, _ tail: Tail, _ analyzer: any Analyzer) -> Int {
        guard let why = tail.lost else { return 0 }
        let passed: Int
        run.steps &+= 1
        switch analyzer.search(bytes, side, from: tail.search) {
        case .at(let place):
            passed = place
            tail.lost = nil
            tail.search = Search()
        case .none(let search):
            // Cheap to keep, dear to move: what is kept moves only when it is much.
            passed = search.start > Self.movedAtOnce || search.start == bytes.byteCount ? search.start : 0
            tail.search = Search(start: search.start &- passed, next: search.next &- passed)
            tail.wanted = 0
        }
        tail.position &+= UInt64(passed)
        account { $0.unparsed[why] &+= UInt64(passed) }
        return passed
    }

    private static let movedAtOnce = 64 << 10

    /// Accounts for bytes that the analyzer took.
    @inline(__always)
    func took(_ bytes: RawSpan, _ side: Side) {
        let count = UInt64(bytes.byteCount)
        tail(side).position &+= count
        guard isTakenApart else { return account { $0.recognised &+= count } }
        let unparsed = unparsed
        self.unparsed = 0
        parsedBytes &+= count &- unparsed
        account { $0.parsed &+= count &- unparsed }
    }

    func readGap(_ length: UInt64, _ side: Side, _ now: Timestamp, _ gap: GapReason?) {
        guard let analyzer else { return }
        let tail = tail(side)
        let skipped = Swift.min(tail.skip, length)
        tail.skip &-= skipped
        tail.position &+= skipped
        guard skipped < length else { return }
        var input = UniqueBytes()
        swap(&input, &tail.bytes)
        let end = tail.position &+ UInt64(input.count) &+ length &- skipped
        let wasLost = tail.lost != nil
        if let why = tail.lost {
            account { $0.unparsed[why] &+= UInt64(input.count) }
            input.removeAll()
        }
        let at = Arrival(first: input.isEmpty ? now : tail.since, last: now)
        tail.isHeld = false
        tail.wanted = 0
        tail.lost = nil
        tail.search = Search()
        missingMoment = gap?.isToldInTime ?? false ? now : Swift.max(tail.heard, connection.openedAt)
        let taken: Int
        var why = UnparsedReason.betweenMessages
        switch analyzer.gap(length &- skipped, side, after: input.bytes, at, self) {
        case .took(let count, _): taken = count
        case .hold(let count):
            taken = count
            tail.isHeld = true
        case .skip(let count, let more):
            taken = count
            tail.skip = more
        case .handOver(let count, let successor):
            took(input.bytes.extracting(first: count), side)
            account { $0.unparsed[why] &+= UInt64(input.count &- count) }
            tail.position = end
            return handOver(side, successor, now)
        case .lost(let count, let reason):
            taken = count
            why = reason
            tail.lost = reason
            // Who redacts has wanted it so.
            if let gap, gap.isLeftOut, gap != .redacted, !wasLost {
                account { $0.neededGaps[gap] &+= length &- skipped }
            }
        }
        took(input.bytes.extracting(first: taken), side)
        tail.position = end
        account { $0.unparsed[why] &+= UInt64(input.count &- taken) }
        input.removeAll(keepingAtMost: Tail.keptBytes)
        swap(&input, &tail.bytes)
        resume(side.other, now)
    }

    /// Asks again about bytes that were held until this side's other has said something.
    private func resume(_ side: Side, _ now: Timestamp) {
        let tail = tail(side)
        if tail.isHeld { readTail(tail, side, Arrival(now)) }
    }

    /// One side says no more.
    func endSide(_ side: Side, _ now: Timestamp) {
        guard let analyzer else { return }
        let tail = tail(side)
        var input = UniqueBytes()
        swap(&input, &tail.bytes)
        if let why = tail.lost {
            account { $0.unparsed[why] &+= UInt64(input.count) }
            input.removeAll()
        }
        let since = input.isEmpty ? now : tail.since
        let end = tail.position &+ UInt64(input.count)
        tail.removeAll()
        let taken = analyzer.end(side, after: input.bytes, since, self)
        took(input.bytes.extracting(first: taken), side)
        tail.position = end
        account { $0.unparsed[.betweenMessages] &+= UInt64(input.count &- taken) }
        resume(side.other, now)
    }

    // MARK: Handing over

    /// The streams go on as something else; what the other side has said and nobody has taken belongs to that.
    private func handOver(_ side: Side, _ successor: Successor, _ now: Timestamp) {
        let other = tail(side.other)
        var held = UniqueBytes()
        swap(&held, &other.bytes)
        endAnalyzer(now)
        heard = (tail(connection.side(.send)).position, tail(connection.side(.receive)).position)
        switch successor {
        case .detect(let announcement):
            connection.namedDestination = announcement.destination ?? connection.namedDestination
            connection.proxiedFor = announcement.client ?? connection.proxiedFor
            connection.refusal = announcement.refusal
            mode = .detecting
            mistaken = nil
            unknown = Unknown()
            detection.reset(joinedLate: false)
        case .row(let row, let start): begin(row, start)
        }
        if !held.isEmpty { route(held.bytes, connection.direction(side.other), now) }
    }

    func endAnalyzer(_ now: Timestamp) {
        endSide(.client, now)
        endSide(.server, now)
        guard let analyzer else { return }
        analyzer.finish(self)
        for (id, _) in inner { close(id, now) }
        leaveAnalyzer()
    }

    /// Lets go of what reads the streams.
    func leaveAnalyzer() {
        guard let analyzer else { return }
        pool.giveBack(analyzer, row)
        self.analyzer = nil
        clientTail.removeAll()
        serverTail.removeAll()
        row = .none
    }
}
