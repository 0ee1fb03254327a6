/// One layer of a connection: its two streams in order, what they were found to talk, and the analyzer that reads them.
///
/// What all protocols share is here once: the bytes that were not taken yet (`Tail`), what is skipped, held or searched,
/// detection, gaps, and the ledger. An event passes through here from top to bottom (`data`, `deliver`, `route`), then through
/// `detect` (Channel+Detection) or `read` and `step` (Channel+Reading); what the analyzer finds is said in Channel+Output, what
/// there is to say of the connection itself in Channel+Edges.
final class Channel {
    let connection: Connection
    let layer: StreamLayer
    let run: Run
    let pool: AnalyzerPool
    let sinks: Sinks
    var streams = StreamPair()
    var mode = Mode.detecting
    /// While nobody understands what is said: how much was passed over, and when to look again.
    var unknown = Unknown()
    let detection: Detection
    /// What is talked, and what reads it, while `mode` is `.reading`.
    var row = ProtocolID.none
    var analyzer: (any Analyzer)?
    var isTakenApart = false
    /// Why the row was chosen, and when.
    var chosen: (evidence: Evidence, at: Timestamp, followsOthers: Bool)?
    /// What the analyzer was given to begin with, and what the connection was found to talk before it.
    var began: (start: Start, before: ProtocolID?) = (.opening, nil)
    /// What was chosen in error, as far as its analyzer could tell; if nobody else understands the streams, it is the best guess.
    var mistaken: (row: ProtocolID, start: Start, localIsClient: Bool)?
    var mistakes = 0
    let clientTail = Tail()
    let serverTail = Tail()
    /// Where bytes ended that lay too far ahead of their stream, by direction.
    private var farEnd: InlineArray<2, UInt64> = [0, 0]
    /// Of what the analyzer takes in one call: no part of any message.
    var unparsed: UInt64 = 0
    var payloadBytes: UInt64 = 0
    /// As many as there were when the connection was looked at last (`rest`).
    private var restedAt: UInt64 = 0
    private var isAtRest = false
    /// Of these, bytes of messages.
    var parsedBytes: UInt64 = 0
    /// As long as nobody reads the streams: what of them was heard.
    var heard = (sent: UInt64(0), received: UInt64(0))
    /// When something was said last that is not understood yet.
    var lastHeard = Timestamp(nanoseconds: 0)
    /// Something of what was said is missing.
    private(set) var hasMissed = false
    /// Both sides have said that they say no more.
    private(set) var isClosedInOrder = false
    /// Of the gap that is being told of: when its bytes had come at the latest.
    var missingMoment = Timestamp(nanoseconds: 0)
    /// Where the request begins whose exchange the analyzer is giving away: it can't be asked meanwhile.
    var giving: UInt64?
    /// Layers that the analyzer has opened.
    var inner: [(id: InnerID, channel: Channel)] = []
    var innerCount: UInt32 = 0
    let depth: Int
    /// Its bytes came out of TLS.
    let isDecrypted: Bool
    /// TLS that is found here is the connection's own: it lies within no other, nor within what is said to somebody else.
    let isOuter: Bool

    enum Mode: Equatable {
        case detecting
        case reading
        case unknown
    }

    /// Turns while nobody reads the streams.
    struct Unknown {
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
        depth: Int = 0, isDecrypted: Bool = false, isOuter: Bool = true
    ) {
        self.connection = connection
        self.layer = layer
        self.run = run
        self.pool = pool
        self.sinks = sinks
        self.depth = depth
        self.isDecrypted = isDecrypted || layer == .plaintext && depth == 0
        self.isOuter = isOuter
        detection = Detection(run.registry)
        detection.reset(joinedLate: connection.opened.joinedLate)
        detection.excluded = run.registry.stranger(to: connection.opened.local.port, connection.opened.remote.port)
    }

    /// Makes the channel of a connection that ended into that of a new one, keeping its buffers.
    func reuse(_ opened: ConnectionOpened, number: UInt64) {
        connection.reuse(opened, number: number)
        streams.reset()
        farEnd = [0, 0]
        mode = .detecting
        detection.reset(joinedLate: opened.joinedLate)
        detection.excluded = run.registry.stranger(to: opened.local.port, opened.remote.port)
        unknown = Unknown()
        lastHeard = Timestamp(nanoseconds: 0)
        hasMissed = false
        isClosedInOrder = false
        payloadBytes = 0
        restedAt = 0
        isAtRest = false
        parsedBytes = 0
        mistaken = nil
        mistakes = 0
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

    /// Takes the news that what follows from the other side was said after a direction's bytes before a position.
    func expected(_ position: StreamPosition, _ timestamp: Timestamp) {
        guard isPlausible(position.position, position.direction, timestamp) else { return reached(.streamDistance) }
        streams.expect(position)
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
    @inline(never)
    private func skipHole(_ direction: Direction, _ reason: GapReason, _ now: Timestamp) -> Bool {
        let missing = streams.skipHole(direction)
        if missing > 0 { deliverGap(missing, reason, direction, now) }
        return missing > 0
    }

    /// Gives up one hole, where nothing else can be read.
    ///
    /// A function of its own, never inlined: with it in the loop of `end` the optimiser leaves an access to `streams` open.
    /// - Returns: whether there is something to read.
    @inline(never)
    private func goesOn(_ now: Timestamp) -> Bool {
        if skipHole(.send, lossReason, now) { return true }
        if skipHole(.receive, lossReason, now) { return true }
        return streams.isReady
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
    func deliver(_ bytes: RawSpan, _ direction: Direction, _ timestamp: Timestamp) {
        let count = UInt64(bytes.byteCount)
        payloadBytes &+= count
        account { $0.total &+= count }
        route(bytes, direction, timestamp)
    }

    /// Bytes may be of several protocols, one after another: what an answer switches to begins behind it.
    func route(_ bytes: RawSpan, _ direction: Direction, _ timestamp: Timestamp) {
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
                hear(UInt64(rest.byteCount), direction)
                account { $0.unparsed[.unknownProtocol] &+= UInt64(rest.byteCount) }
                return
            }
        } while at < bytes.byteCount
    }

    func deliverGap(_ length: UInt64, _ reason: GapReason, _ direction: Direction, _ timestamp: Timestamp) {
        account {
            $0.total &+= length
            $0.gaps[reason] &+= length
        }
        payloadBytes &+= length
        routeGap(length, direction, timestamp, reason)
        connection.views?.settle()
    }

    /// Bytes that are missing lie between those before and behind them, whoever reads these or will read them.
    /// - Parameter reason: `nil` where it was heard before the protocol was known.
    func routeGap(_ length: UInt64, _ direction: Direction, _ timestamp: Timestamp, _ reason: GapReason? = nil) {
        hasMissed = true
        // What was recognised by what lies before the gap may turn out to be none, and is judged again, with the gap behind it.
        while mode == .detecting, !detection.isEmpty {
            let (outcome, dropped) = detection.gap(length, direction, timestamp, role: connection.opened.role)
            account { $0.unparsed[.unknownProtocol] &+= UInt64(dropped) }
            apply(outcome, timestamp)
            // The news of it is kept with what was heard.
            if case .undecided = outcome { return hear(length, direction) }
        }
        if mode == .detecting {
            detection.reset(joinedLate: true)
        } else if mode == .unknown {
            unknown.direction = nil
        }
        if mode == .reading {
            readGap(length, connection.side(direction), timestamp, reason)
        } else {
            hear(length, direction)
        }
    }

    // MARK: The end

    /// The connection has ended: what is still waiting is delivered, with gaps for what never came, and reported.
    func close(_ closed: ConnectionClosed, _ timestamp: Timestamp) {
        isClosedInOrder = closed.how == .orderly
        end(timestamp)
        if closed.how == .connectFailed {
            reportFailure(closed.error, connection.server.port, timestamp)
        } else if let error = connection.refusal, isPrefixOnly {
            reportFailure(error, connection.destinationPort, timestamp)
        } else {
            reportPort(timestamp)
            reportRest(payloadBytes == 0 ? nothingSaid : EdgeReason.unknown, timestamp)
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
        guard payloadBytes > 0 || !connection.isUnanswered else { return }
        if mode == .detecting, !detection.isEmpty {
            apply(detection.pause(role: connection.opened.role, home: home), timestamp)
        }
        reportPort(timestamp)
    }

    /// The layer has ended.
    func end(_ timestamp: Timestamp) {
        repeat {
            deliverReady()
            settleEnds(timestamp)
        } while goesOn(timestamp)
        // What is recognised at last may switch protocols, and leave bytes to be judged anew.
        while mode == .detecting, !detection.isEmpty {
            let outcome = detection.finish(role: connection.opened.role, home: home)
            if case .unknown = outcome {
                if goBackToFirstGuess() { break }
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

    /// What was said last is of no protocol that is known.
    var endsUnknown: Bool { mode == .unknown || mode == .detecting && !detection.isEmpty }

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
        guard payloadBytes > 0, !connection.isDecrypted, connection.refusal == nil || !isPrefixOnly else { return }
        // An envelope stays one, whatever the port says of what is in it, or it says so itself.
        let verdict = connection.verdict
        let isEnvelope = connection.closedTLS != nil || verdict.map { run.registry[$0].role == .envelope } ?? false
        // What is understood may lead to what is not: a tunnel, another protocol that was agreed on.
        let isSwitched = verdict != nil && !isEnvelope && endsUnknown
        let row = isSwitched ? nil : isEnvelope ? run.registry.envelope : connection.reported ?? verdict
        if let row, run.registry[row].isUnderstood { return }
        run.summary.notUnderstood.count(row, port: connection.destinationPort, bytes: payloadBytes &- parsedBytes)
    }

    // MARK: Parts

    /// Where nothing was said since the last time it was asked, it lets go of what is kept only to go on fast.
    func rest() {
        guard payloadBytes == restedAt else {
            restedAt = payloadBytes
            isAtRest = false
            return
        }
        if !isAtRest { trim() }
        isAtRest = true
    }

    private func trim() {
        streams.trim()
        clientTail.trim()
        serverTail.trim()
        detection.trim()
        analyzer?.trim()
        for (_, channel) in inner { channel.trim() }
    }

    /// Bytes of traffic that are kept.
    var held: Int {
        inner.reduce(
            clientTail.bytes.count &+ serverTail.bytes.count &+ detection.pendingBytes &+ (analyzer?.held ?? 0)
                &+ streams.sent.waitingBytes &+ streams.received.waitingBytes
        ) { $0 &+ $1.channel.held }
    }

    @inline(__always)
    func tail(_ side: Side) -> Tail { side == .client ? clientTail : serverTail }

    var origin: Origin { Origin(layer: layer, isDecrypted: isDecrypted, row: row) }

    /// The wire's bytes are the summary's; what lies within is accounted for by itself.
    @inline(__always)
    func account(_ change: (inout Summary.ByteLedger) -> Void) {
        if layer == .wire { change(&run.summary.bytes) } else { change(&run.summary.innerBytes) }
    }
}
