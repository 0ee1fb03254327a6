/// One layer of a connection: its two streams in order, what they were found to talk, and the analyzer that reads them.
///
/// What all protocols share is here once: the bytes that were not taken yet (`Tail`), what is skipped, held or searched,
/// detection, gaps, and the ledger. An event passes from top to bottom: `data`, `deliver`, `route`, `read`, `step`.
final class Channel {
    let connection: Connection
    let layer: StreamLayer
    private let run: Run
    private let pool: AnalyzerPool
    private let sinks: Sinks
    private var streams = StreamPair()
    private var mode = Mode.detecting
    /// While nobody understands what is said: how much was passed over, and when to look again.
    private var unknown = Unknown()
    private let detection: Detection
    /// What is talked, and what reads it, while `mode` is `.reading`.
    private var row = ProtocolID.none
    private var analyzer: (any Analyzer)?
    private var isTakenApart = false
    /// Why the row was chosen, and when.
    private var chosen: (evidence: Evidence, at: Timestamp, followsOthers: Bool)?
    private let clientTail = Tail()
    private let serverTail = Tail()
    /// Where bytes ended that lay too far ahead of their stream, by direction.
    private var farEnd: InlineArray<2, UInt64> = [0, 0]
    /// Of what the analyzer takes in one call: no part of any message.
    private var unparsed: UInt64 = 0
    private(set) var payloadBytes: UInt64 = 0
    /// Of these, bytes of messages.
    private var parsedBytes: UInt64 = 0
    /// As long as nobody reads the streams: what of them was heard.
    private var heard = (sent: UInt64(0), received: UInt64(0))
    /// When something was said last that is not understood yet.
    private(set) var lastHeard = Timestamp(nanoseconds: 0)
    /// Layers that the analyzer has opened.
    private var inner: [(id: InnerID, channel: Channel)] = []
    private var innerCount: UInt32 = 0
    private let depth: Int

    private enum Mode: Equatable {
        case detecting
        case reading
        case unknown
    }

    /// Turns while nobody reads the streams.
    private struct Unknown {
        /// Who spoke last.
        var direction: Direction?
        /// How much had been heard when the turn began, of both sides.
        var turnStart: UInt64 = 0
        /// The first turn behind so much is looked at again, though nobody has understood those before it: twice what was
        /// heard until now, so that the work stays in proportion, and a connection that began oddly is known some day.
        var lookAgainAt: UInt64 = 0

        /// - Returns: whether a turn begins.
        mutating func hear(_ direction: Direction, at position: UInt64) -> Bool {
            guard direction != self.direction else { return false }
            self.direction = direction
            turnStart = position
            return true
        }
    }

    init(
        _ connection: Connection, _ run: Run, _ pool: AnalyzerPool, _ sinks: Sinks, layer: StreamLayer = .wire,
        depth: Int = 0
    ) {
        self.connection = connection
        self.layer = layer
        self.run = run
        self.pool = pool
        self.sinks = sinks
        self.depth = depth
        detection = Detection(run.registry)
        detection.reset(joinedLate: connection.opened.joinedLate)
    }

    /// Makes the channel of a connection that ended into that of a new one, keeping its buffers.
    func reuse(_ opened: ConnectionOpened, number: UInt64) {
        connection.reuse(opened, number: number)
        streams.reset()
        farEnd = [0, 0]
        mode = .detecting
        detection.reset(joinedLate: opened.joinedLate)
        unknown = Unknown()
        lastHeard = Timestamp(nanoseconds: 0)
        payloadBytes = 0
        parsedBytes = 0
        heard = (0, 0)
        innerCount = 0
    }

    /// Goes on with a connection whose beginning is in an earlier file of the tape.
    func begin(sent: UInt64, received: UInt64) { streams.begin(sent: sent, received: received) }

    /// The connection as a file says that follows this one.
    var continued: ConnectionContinued {
        ConnectionContinued(connection.opened, sent: streams.sent.next, received: streams.received.next)
    }

    // MARK: Streams

    /// Takes captured bytes of one direction.
    func data(_ bytes: RawSpan, at position: StreamPosition, _ timestamp: Timestamp) {
        if connection.isCopy { compare(bytes, at: position) }
        switch streams.accept(bytes, at: position, timestamp) {
        case .next(let from):
            let next = from == 0 ? bytes : bytes.extracting(from..<bytes.byteCount)
            deliver(next, position.direction, timestamp)
            settle(timestamp)
        case .kept: settle(timestamp)
        case .implausible(let count):
            tooFar(count, before: position.position &+ UInt64(bytes.byteCount), position.direction)
            settle(timestamp)
        }
    }

    /// Accounts for bytes that lie too far ahead of their stream; the limit counts runs of them, however they were cut.
    private func tooFar(_ count: Int, before end: UInt64, _ direction: Direction) {
        let isNew = farEnd[Int(direction.rawValue)] != end &- UInt64(count)
        farEnd[Int(direction.rawValue)] = end
        if isNew { reached(.streamDistance) }
        account {
            $0.total &+= UInt64(count)
            $0.unparsed[.streamDistance] &+= UInt64(count)
        }
    }

    /// Takes the news that bytes are missing which nobody will bring.
    func gap(_ gap: StreamGap, _ timestamp: Timestamp) {
        let end = gap.at.position.addingReportingOverflow(gap.length)
        if end.overflow || !isPlausible(end.partialValue, gap.at.direction, timestamp)
            || !streams.accept(gap, timestamp)
        {
            reached(.streamDistance)
        }
        settle(timestamp)
    }

    /// Takes the news that the receiver has all bytes before a position: what is missing there may be given up.
    func acknowledged(_ position: StreamPosition, _ timestamp: Timestamp) {
        guard isPlausible(position.position, position.direction, timestamp) else { return reached(.streamDistance) }
        streams.acknowledge(position)
        settle(timestamp)
    }

    /// Takes the news that a direction's stream ends at a position: the bytes before it may still be on their way.
    func finished(_ position: StreamPosition, _ timestamp: Timestamp) {
        guard isPlausible(position.position, position.direction, timestamp) else { return reached(.streamDistance) }
        streams.end(at: position)
        settle(timestamp)
    }

    /// Whether a stream may have come so far by now, though nobody has seen its bytes.
    ///
    /// A number that is not the stream's (a counter of the kernel that was not begun yet, a forged acknowledgment) is far from
    /// where the stream is: no link moves more than `fastest` bytes a nanosecond, and no buffer holds more than `buffered`.
    private func isPlausible(_ position: UInt64, _ direction: Direction, _ now: Timestamp) -> Bool {
        let next = direction == .send ? streams.sent.next : streams.received.next
        guard position > next, position &- next > Self.buffered else { return true }
        let moved = UInt64(clamping: now.since(connection.openedAt)).multipliedReportingOverflow(by: Self.fastest)
        return moved.overflow || position &- next &- Self.buffered <= moved.partialValue
    }

    /// Ten times what Linux lets a socket buffer by itself (tcp_rmem, 6 MiB).
    private static let buffered: UInt64 = 64 << 20
    /// 800 Gbit/s, the fastest Ethernet there is (IEEE 802.3df).
    private static let fastest: UInt64 = 100

    /// Delivers what has become ready, and gives up holes that will not be filled.
    @inline(__always)
    private func settle(_ now: Timestamp) {
        if streams.isWaiting { settleWaiting(now) }
        if streams.knowsEnd { settleEnds(now) }
    }

    @inline(never)
    private func settleWaiting(_ now: Timestamp) {
        deliverReady()
        while let hole = streams.hopelessHole(now, run.limits) {
            if hole.isOverLimit { reached(.outOfOrder) }
            _ = skipHole(hole.direction, hole.wasAcknowledged ? lossReason : .reassemblyLimit, now)
            deliverReady()
        }
    }

    private func deliverReady() {
        while let (piece, direction) = streams.takeReady() {
            if let reason = piece.reason {
                deliverGap(piece.length, reason, direction, piece.timestamp)
            } else {
                deliver(piece.bytes.span.bytes, direction, piece.timestamp)
            }
        }
    }

    /// - Returns: whether bytes were missing.
    private func skipHole(_ direction: Direction, _ reason: GapReason, _ now: Timestamp) -> Bool {
        let missing = streams.skipHole(direction)
        if missing > 0 { deliverGap(missing, reason, direction, now) }
        return missing > 0
    }

    /// Why bytes may be missing of which no event spoke.
    private var lossReason: GapReason { connection.opened.process == nil ? .packetLost : .unseen }

    private func settleEnds(_ now: Timestamp) {
        while let direction = streams.takeEnded() {
            if mode == .reading { endSide(connection.side(direction), now) }
        }
    }

    // MARK: Bytes in order

    @inline(__always)
    private func deliver(_ bytes: RawSpan, _ direction: Direction, _ timestamp: Timestamp) {
        let count = UInt64(bytes.byteCount)
        payloadBytes &+= count
        account { $0.total &+= count }
        route(bytes, direction, timestamp)
    }

    /// Bytes may be of several protocols, one after another: what an answer switches to begins behind it.
    private func route(_ bytes: RawSpan, _ direction: Direction, _ timestamp: Timestamp) {
        var at = 0
        repeat {
            let rest = bytes.extracting(at..<bytes.byteCount)
            switch mode {
            case .reading: at &+= read(rest, connection.side(direction), timestamp)
            case .detecting: at &+= detect(rest, direction, timestamp)
            case .unknown:
                let position = heard.sent &+ heard.received
                if unknown.hear(direction, at: position), position >= unknown.lookAgainAt {
                    mode = .detecting
                    continue
                }
                hear(rest.byteCount, direction)
                account { $0.unparsed[.unknownProtocol] &+= UInt64(rest.byteCount) }
                return
            }
        } while at < bytes.byteCount
    }

    private func deliverGap(_ length: UInt64, _ reason: GapReason, _ direction: Direction, _ timestamp: Timestamp) {
        account {
            $0.total &+= length
            $0.gaps[reason] &+= length
        }
        payloadBytes &+= length
        if mode == .detecting, !detection.isEmpty {
            let (outcome, dropped) = detection.gap(length, direction, timestamp, role: connection.opened.role)
            account { $0.unparsed[.unknownProtocol] &+= UInt64(dropped) }
            apply(outcome, timestamp)
            // The news of it is kept with what was heard.
            if case .undecided = outcome { return hear(Int(truncatingIfNeeded: length), direction) }
        } else if mode == .detecting {
            detection.reset(joinedLate: true)
        } else if mode == .unknown {
            unknown.direction = nil
        }
        if mode == .reading {
            readGap(length, connection.side(direction), timestamp)
        } else {
            hear(Int(truncatingIfNeeded: length), direction)
        }
        connection.views?.settle()
    }

    // MARK: Positions

    private func hear(_ count: Int, _ direction: Direction) {
        if direction == .send { heard.sent &+= UInt64(count) } else { heard.received &+= UInt64(count) }
    }

    /// What of a direction was heard and is not judged yet.
    private func undecided(_ direction: Direction) -> UInt64 {
        detection.pieces.reduce(0) { $1.direction == direction ? $0 &+ $1.length : $0 }
    }

    /// Where the request begins whose exchange the analyzer is giving away: it can't be asked meanwhile.
    private var giving: UInt64?

    /// Before this place in the client's stream no exchange begins that is still to come.
    var passed: UInt64 {
        if let giving { return giving }
        guard mode == .reading else {
            let direction = connection.direction(.client)
            return (direction == .send ? heard.sent : heard.received) &- undecided(direction)
        }
        return Swift.min(analyzer?.oldestAsk ?? .max, clientTail.position)
    }

    /// What one view of several says must be what the others say.
    @inline(never)
    private func compare(_ bytes: RawSpan, at place: StreamPosition) {
        guard let other = connection.views?.preferredChannel, other !== self else { return }
        if other.streams.differs(bytes, at: place) { isNoCopy() }
    }

    private func isNoCopy() {
        run.summary.connections.copies &-= 1
        run.summary.connections.opened &+= 1
        connection.views?.leave(connection)
        connection.leaveViews()
    }

    // MARK: Detection

    /// - Returns: how many bytes were taken; those of an opening that is known at once are not, and reading has begun.
    private func detect(_ bytes: RawSpan, _ direction: Direction, _ timestamp: Timestamp) -> Int {
        let opened = connection.opened
        lastHeard = timestamp
        let isFromClient = connection.side(direction) == .client
        if detection.isEmpty, !detection.isRefused, isFromClient || opened.role == .unknown,
            let found = Detection.opening(bytes, run.registry)
        {
            connection.settleRoles(localIsClient: direction == .send)
            begin(found, .opening)
            return 0
        }
        let piece = bytes.extracting(first: detection.room(direction, run.limits))
        _ = unknown.hear(direction, at: heard.sent &+ heard.received)
        hear(piece.byteCount, direction)
        let (outcome, dropped) = detection.add(piece, direction, timestamp, role: opened.role, limits: run.limits)
        account { $0.unparsed[.unknownProtocol] &+= UInt64(dropped) }
        apply(outcome, timestamp)
        return piece.byteCount
    }

    private func apply(_ outcome: Detection.Outcome, _ timestamp: Timestamp) {
        switch outcome {
        case .undecided: break
        case .unknown:
            account { $0.unparsed[.unknownProtocol] &+= UInt64(detection.pendingBytes) }
            unknown.lookAgainAt = max(4096, unknown.turnStart.multipliedReportingOverflow(by: 2).partialValue)
            detection.lookAgain()
            mode = .unknown
            if layer == .wire { reportRest(EdgeReason.unknown, timestamp) }
        case .recognised(let found):
            connection.settleRoles(localIsClient: !found.isFlipped)
            begin(found.row, found.start)
            chosen = (found.evidence, timestamp, found.followsOthers)
            // What came before an envelope is no part of it.
            readKept(from: run.registry[found.row].role == .envelope ? found.from : (0, 0))
            report(found.row, found.evidence, timestamp)
        }
    }

    private func begin(_ found: ProtocolID, _ start: Start) {
        connection.found(found, run.registry)
        tail(connection.side(.send)).position = heard.sent &- undecided(.send)
        tail(connection.side(.receive)).position = heard.received &- undecided(.receive)
        row = found
        let analyzer = pool.take(found, start)
        isTakenApart = analyzer.takesApart
        chosen = nil
        self.analyzer = analyzer
        mode = .reading
    }

    /// Gives the analyzer what was kept while the protocol was not known.
    /// - Parameter from: what was kept before these places is passed over.
    private func readKept(from: (sent: Int, received: Int)) {
        let pieces = detection.pieces
        let sentBytes = detection.sent
        let receivedBytes = detection.received
        detection.reset(joinedLate: true)
        var sentAt = 0
        var receivedAt = 0
        for var piece in pieces {
            if piece.kind == .kept {
                let passed = piece.direction == .send ? from.sent &- sentAt : from.received &- receivedAt
                let count = max(0, min(passed, piece.count))
                piece.count &-= count
                if piece.direction == .send { sentAt &+= count } else { receivedAt &+= count }
                account { $0.unparsed[.unknownProtocol] &+= UInt64(count) }
                if mode == .reading { tail(connection.side(piece.direction)).position &+= UInt64(count) }
                if piece.count == 0 { continue }
            }
            switch piece.kind {
            case .kept: break
            case .skipped:
                skipKept(UInt64(piece.count), piece.direction, piece.timestamp)
                continue
            case .missing(let length):
                if mode == .reading { readGap(length, connection.side(piece.direction), piece.timestamp) }
                continue
            }
            if piece.direction == .send {
                route(sentBytes.span.bytes.extracting(sentAt..<sentAt &+ piece.count), .send, piece.timestamp)
                sentAt &+= piece.count
            } else {
                route(
                    receivedBytes.span.bytes.extracting(receivedAt..<receivedAt &+ piece.count), .receive,
                    piece.timestamp)
                receivedAt &+= piece.count
            }
        }
    }

    /// Bytes that came while the protocol was not known and were too many to keep.
    private func skipKept(_ count: UInt64, _ direction: Direction, _ timestamp: Timestamp) {
        if isTakenApart || mode != .reading {
            account { $0.unparsed[.betweenMessages] &+= count }
        } else {
            account { $0.recognised &+= count }
        }
        if mode == .reading { readGap(count, connection.side(direction), timestamp) }
    }

    private func report(_ found: ProtocolID, _ evidence: Evidence, _ timestamp: Timestamp) {
        let port = connection.destinationPort
        switch run.registry[found].role {
        case .exchanges: break
        case .service:
            let isOnDefaultPort = run.registry[found].ports.contains(port)
            let reason = isOnDefaultPort ? "port \(port), \(evidence.reason)" : "\(evidence.reason)"
            report(found, confidence: 90, reason, nil, timestamp)
        // Told when its handshake has told what it can: `know`.
        case .envelope, .prefix: break
        }
    }

    /// What is known of an envelope: the protocol that it names, else the one that is at home on the port.
    private func report(_ facts: TLSFacts, _ timestamp: Timestamp) {
        let port = connection.destinationPort
        let reason = "\(chosen?.evidence.reason ?? run.registry[row].name)"
        // What was said before it was recognised is told then.
        let timestamp = max(timestamp, chosen?.at ?? timestamp)
        if let name = facts.applicationProtocol, let named = run.registry.row(alpn: name) {
            // What is HTTP within TLS is an exchange, or hidden.
            guard run.registry[named].isService else {
                report(row, confidence: 90, "\(reason), ALPN \(name)", facts.serverName, timestamp, isEncrypted: true)
                return
            }
            connection.found(named, run.registry)
            let onPort = run.registry[named].ports.contains(port) ? "port \(port), " : ""
            report(
                named, confidence: 90, "\(onPort)\(reason), ALPN \(name)", facts.serverName, timestamp,
                isEncrypted: true)
        } else if !(chosen?.followsOthers ?? false), let service = run.registry.atHome(on: port) {
            // What was said before it would have been that service's.
            report(
                service, confidence: 60, "port \(port), \(reason)", facts.serverName, timestamp, isEncrypted: true)
        } else {
            report(row, confidence: 90, reason, facts.serverName, timestamp, isEncrypted: true)
        }
    }

    /// Whatever was opened and gave no exchange is an edge, if only to an address and port.
    /// - Parameter reason: why nobody knows what is talked.
    private func reportRest(_ reason: String, _ timestamp: Timestamp) {
        guard !connection.isReported, !connection.isCopy else { return }
        let isUnknown = mode == .unknown || mode == .detecting && !detection.isEmpty
        // What follows CONNECT goes to somebody else than the exchange.
        let isTunnel = isUnknown && connection.namedDestination != nil
        if connection.hasExchange, !isTunnel { return }
        if let views = connection.views, views.hasExchange && !isTunnel || views.mayKnowMore(than: connection) {
            return
        }
        guard let verdict = connection.verdict, connection.isUnderstood(run.registry), !isTunnel else {
            if connection.verdict == nil { connection.guessRoles() }
            let port = connection.server.port
            if payloadBytes == 0, let service = run.registry.atHome(on: port) {
                return report(service, confidence: 60, "port \(port), \(reason)", nil, timestamp)
            }
            let looks = detection.impression.text(localIsClient: connection.localIsClient)
            return report(nil, confidence: 0, payloadBytes == 0 ? reason : "\(reason): \(looks)", nil, timestamp)
        }
        guard run.registry[verdict].role == .exchanges else { return }
        report(verdict, confidence: 90, EdgeReason.noExchange, nil, timestamp)
    }

    private func report(
        _ found: ProtocolID?, confidence: Int, _ reason: String, _ serverName: String?, _ timestamp: Timestamp,
        isEncrypted: Bool = false
    ) {
        // What a layer says with less confidence is known already; what lies in an envelope says more than that.
        let isEnvelope = connection.reported.map { run.registry[$0].role == .envelope } ?? false
        if connection.isReported,
            confidence < connection.confidence || confidence == connection.confidence && !isEnvelope
        {
            return
        }
        // What lies in an envelope goes to the host that the envelope named, and is an entry of its own where it is not
        // what the port said.
        connection.serverName = serverName ?? connection.serverName
        let event = ConnectionEvent(
            timestamp: timestamp, row: found, confidence: confidence, reason: reason,
            serverName: connection.serverName, isEncrypted: isEncrypted, failure: nil)
        connection.isReported = true
        connection.reported = found
        connection.confidence = confidence
        let origin = origin
        tell(event, origin)
    }

    private func tell(_ event: ConnectionEvent, _ origin: Origin) {
        if let views = connection.views {
            views.take(event, of: connection, origin)
        } else {
            sinks.state.connection(event, of: connection, origin)
        }
        // Nobody's own view, of what another tells.
        if connection.isCopy { return }
        for sink in sinks.others { sink.connection(event, of: connection, origin) }
    }

    // MARK: Reading

    /// Shows the analyzer the next bytes of one side, behind what it has not taken yet.
    /// - Returns: how many bytes were taken or kept; fewer than given where the streams are handed over.
    @inline(__always)
    private func read(_ bytes: RawSpan, _ side: Side, _ now: Timestamp) -> Int {
        let tail = tail(side)
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
    private func took(_ bytes: RawSpan, _ side: Side) {
        let count = UInt64(bytes.byteCount)
        tail(side).position &+= count
        guard isTakenApart else { return tookWhole(bytes, side) }
        let unparsed = unparsed
        self.unparsed = 0
        parsedBytes &+= count &- unparsed
        account { $0.parsed &+= count &- unparsed }
    }

    private func tookWhole(_ bytes: RawSpan, _ side: Side) {
        account { $0.recognised &+= UInt64(bytes.byteCount) }
        guard run.needs.contains(.bytes), bytes.byteCount > 0 else { return }
        let origin = origin
        sinks.all { $0.bytes(bytes, side, of: connection, origin) }
    }

    private func readGap(_ length: UInt64, _ side: Side, _ now: Timestamp) {
        guard let analyzer else { return }
        if !isTakenApart, run.needs.contains(.bytes) {
            let origin = origin
            sinks.all { $0.gap(length, side, of: connection, origin) }
        }
        let tail = tail(side)
        let skipped = Swift.min(tail.skip, length)
        tail.skip &-= skipped
        tail.position &+= skipped
        guard skipped < length else { return }
        var input = UniqueBytes()
        swap(&input, &tail.bytes)
        let end = tail.position &+ UInt64(input.count) &+ length &- skipped
        if let why = tail.lost {
            account { $0.unparsed[why] &+= UInt64(input.count) }
            input.removeAll()
        }
        let at = Arrival(first: input.isEmpty ? now : tail.since, last: now)
        tail.isHeld = false
        tail.wanted = 0
        tail.lost = nil
        tail.search = Search()
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
            tail.position = end
            return handOver(side, successor, now)
        case .lost(let count, let reason):
            taken = count
            why = reason
            tail.lost = reason
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
    private func endSide(_ side: Side, _ now: Timestamp) {
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
            mode = .detecting
            unknown = Unknown()
            detection.reset(joinedLate: false)
        case .row(let row): begin(row, .opening)
        }
        if !held.isEmpty { route(held.bytes, connection.direction(side.other), now) }
    }

    private func endAnalyzer(_ now: Timestamp) {
        endSide(.client, now)
        endSide(.server, now)
        guard let analyzer else { return }
        analyzer.finish(self)
        for (id, _) in inner { close(id, now) }
        pool.giveBack(analyzer, row)
        self.analyzer = nil
        clientTail.removeAll()
        serverTail.removeAll()
        row = .none
    }

    // MARK: The end

    /// The connection has ended: what is still waiting is delivered, with gaps for what never came, and reported.
    func close(_ closed: ConnectionClosed, _ timestamp: Timestamp) {
        end(timestamp)
        if closed.how == .connectFailed {
            reportFailure(closed.error, connection.server.port, timestamp)
        } else {
            reportPort(timestamp)
            reportRest(payloadBytes == 0 ? EdgeReason.noPayload : EdgeReason.unknown, timestamp)
        }
        let end = ConnectionEnd(how: closed.how, sent: streams.sent.next, received: streams.received.next)
        sinks.all { $0.ended(connection, end) }
        connection.views?.leave(connection)
        guard !connection.isCopy else { return }
        run.summary.connections.closed[closed.how] &+= 1
        countVerdict()
        countNotUnderstood()
    }

    /// Nothing was said for some time: what can be told of the connection is told.
    func pause(_ timestamp: Timestamp) {
        if mode == .detecting, !detection.isEmpty {
            apply(detection.pause(role: connection.opened.role, home: home), timestamp)
        }
        reportPort(timestamp)
    }

    /// The protocol that is at home where the connection goes; the lower port is the likelier one, where nobody knows.
    private var home: Detection.Home? {
        let opened = connection.opened
        let localIsClient =
            opened.role == .unknown ? opened.local.port >= opened.remote.port : connection.localIsClient
        let port = connection.namedDestination?.port ?? (localIsClient ? opened.remote : opened.local).port
        return run.registry.atHome(on: port).map { Detection.Home(row: $0, localIsClient: localIsClient) }
    }

    /// The port speaks for a protocol, and what was said, if anything, doesn't speak against it.
    private func reportPort(_ timestamp: Timestamp) {
        guard connection.confidence == 0, !connection.isUnderstood(run.registry), !connection.isCopy, let home else {
            return
        }
        let isLittle = payloadBytes > 0
        if isLittle, mode != .detecting || detection.likeness(to: home) != .open { return }
        connection.guessRoles()
        let reason = isLittle ? "too little payload to confirm it" : EdgeReason.noPayload
        report(home.row, confidence: 60, "port \(connection.destinationPort), \(reason)", nil, timestamp)
    }

    /// The layer has ended.
    func end(_ timestamp: Timestamp) {
        repeat {
            deliverReady()
            settleEnds(timestamp)
        } while skipHole(.send, lossReason, timestamp) || skipHole(.receive, lossReason, timestamp)
        // What is recognised at last may switch protocols, and leave bytes to be judged anew.
        while mode == .detecting, !detection.isEmpty {
            let outcome = detection.finish(role: connection.opened.role, home: home)
            if case .unknown = outcome {
                account { $0.unparsed[.undecided] &+= UInt64(detection.pendingBytes) }
                break
            }
            apply(outcome, timestamp)
        }
        if mode == .reading { endAnalyzer(timestamp) }
        account {
            $0.retransmitted &+= streams.retransmitted
            $0.retransmittedDifferent &+= streams.retransmittedDifferent
        }
    }

    private func reportFailure(_ error: Int32, _ port: UInt16, _ timestamp: Timestamp) {
        let service = run.registry.atHome(on: port)
        let failure = ConnectFailure(error: error)
        let event = ConnectionEvent(
            timestamp: timestamp, row: service, confidence: service == nil ? 0 : 60,
            reason: "port \(port), connect failed: \(failure.text)", serverName: nil, isEncrypted: false,
            failure: failure)
        let origin = origin
        sinks.all { $0.connection(event, of: connection, origin) }
    }

    private func countVerdict() {
        if let verdict = connection.verdict {
            run.summary.connections.verdicts[verdict] &+= 1
        } else if connection.confidence > 0 {
            run.summary.connections.verdicts.byPortOnly &+= 1
        } else if payloadBytes > 0 {
            run.summary.connections.verdicts.unrecognised &+= 1
        } else {
            run.summary.connections.verdicts.noPayload &+= 1
        }
    }

    private func countNotUnderstood() {
        guard payloadBytes > 0, !connection.isDecrypted else { return }
        // An envelope stays one, whatever the port says of what is in it.
        let verdict = connection.verdict
        let isEnvelope = verdict.map { run.registry[$0].role == .envelope } ?? false
        let row = isEnvelope ? verdict : connection.reported ?? verdict
        if let row, run.registry[row].isUnderstood { return }
        run.summary.notUnderstood.count(row, port: connection.destinationPort, bytes: payloadBytes &- parsedBytes)
    }

    // MARK: Parts

    /// Bytes of traffic that are kept.
    var held: Int {
        inner.reduce(
            clientTail.bytes.count &+ serverTail.bytes.count &+ detection.pendingBytes &+ (analyzer?.held ?? 0)
                &+ streams.sent.waitingBytes &+ streams.received.waitingBytes
        ) { $0 &+ $1.channel.held }
    }

    @inline(__always)
    private func tail(_ side: Side) -> Tail { side == .client ? clientTail : serverTail }

    private var origin: Origin { Origin(layer: layer, isDecrypted: layer == .plaintext && depth == 0, row: row) }

    /// The wire's bytes are the summary's; what lies within is accounted for by itself.
    @inline(__always)
    private func account(_ change: (inout Summary.ByteLedger) -> Void) {
        if layer == .wire { change(&run.summary.bytes) } else { change(&run.summary.innerBytes) }
    }
}

// MARK: - What the analyzer says

extension Channel: Output {
    @inline(__always)
    func began(_ ask: Ask, _ text: RawSpan) -> Token { sinks.state.began(ask, text, of: connection, origin) }

    func position(_ side: Side) -> UInt64 { tail(side).position }

    func numberExchange() -> UInt64 {
        run.exchanges &+= 1
        return run.exchanges
    }

    func message(_ message: borrowing Message, _ exchange: Exchange?, _ text: RawSpan) {
        // Nobody's own view, of what another tells.
        if connection.isCopy { return }
        run.summary.count(message)
        guard run.needs.contains(.messages) else { return }
        let origin = origin
        for sink in sinks.others { sink.message(message, exchange, text, of: connection, origin) }
    }

    func exchange(_ exchange: Exchange, _ text: RawSpan) {
        if !connection.isCopy { run.summary.count(exchange) }
        connection.hasExchange = true
        connection.given = exchange.position &+ 1
        if layer == .plaintext, depth == 0 { connection.isDecrypted = true }
        if layer == .wire, let views = connection.views {
            giving = exchange.position
            views.take(exchange, text, of: connection, origin)
            giving = nil
            return
        }
        guard !connection.isCountedElsewhere else { return }
        sinks.state.exchange(exchange, text, of: connection, origin)
    }

    func unparsed(_ count: Int, _ why: UnparsedReason) {
        unparsed &+= UInt64(count)
        account { $0.unparsed[why] &+= UInt64(count) }
    }

    func know(_ facts: TLSFacts, isComplete: Bool, _ at: Timestamp) {
        // Of layers within each other the outermost is the one that goes to the destination.
        if depth == 0, layer == .wire || connection.tls == nil { connection.tls = facts }
        connection.serverName = facts.serverName ?? connection.serverName
        if isComplete, !connection.isDecrypted { report(facts, at) }
    }

    func reached(_ limit: Limit) { run.summary.limits[limit] &+= 1 }

    var retransmittedDifferent: UInt64 { streams.retransmittedDifferent }

    func isOver(_ side: Side) -> Bool { streams.hasEnded(connection.direction(side)) }

    // MARK: Inner layers

    func open(_ successor: Successor) -> InnerID? {
        guard depth < run.limits.layers else {
            reached(.layers)
            return nil
        }
        let id = InnerID(raw: innerCount)
        innerCount &+= 1
        let channel = Channel(connection, run, pool, sinks, layer: .plaintext, depth: depth + 1)
        if case .row(let row) = successor { channel.begin(row, .opening) }
        inner.append((id, channel))
        return id
    }

    func deliver(_ bytes: RawSpan, _ side: Side, _ at: Timestamp, to inner: InnerID) {
        guard bytes.byteCount > 0 else { return }
        self.inner.first { $0.id == inner }?.channel.deliver(bytes, connection.direction(side), at)
    }

    func gap(_ length: UInt64, _ reason: GapReason, _ side: Side, _ at: Timestamp, in inner: InnerID) {
        self.inner.first { $0.id == inner }?.channel.deliverGap(length, reason, connection.direction(side), at)
    }

    func close(_ inner: InnerID, _ at: Timestamp) {
        guard let index = self.inner.firstIndex(where: { $0.id == inner }) else { return }
        self.inner.remove(at: index).channel.end(at)
    }
}
