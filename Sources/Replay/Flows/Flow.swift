import Glibc
import Shared

/// A tuple of endpoints and what TCP has said between them: one connection while it is open, and its trace for a while
/// after that, so that late packets aren't taken for a new one.
struct Flow: Sendable {
    let local: Endpoint
    let remote: Endpoint
    let id: ConnectionID
    /// What was heard of the handshake decides who is local; see `FlowTable`.
    let role: Role

    /// Where its first segment was seen.
    let network: Network
    /// Where else copies of it were, or the other direction; the same network where nowhere.
    private(set) var others: (Network, Network)

    private(set) var stage: Stage
    /// When the last segment that belongs to it came, nanoseconds of the tape.
    private(set) var lastHeard: Int64
    private var sent: StreamNumbering
    private var received: StreamNumbering
    /// How the connection ends when `stage` is `.closing`.
    private(set) var ending = ConnectionClosed.How.idle
    /// Who sent RST, and how far its stream had come by then.
    private var resetBy = Direction.send
    private var resetAt: UInt64 = 0
    /// Whether both sides were heard.
    private var isAnswered = false
    /// The sequence number of another SYN, from the side `candidateBy`: the beginning of another connection with the
    /// same tuple, or an injected one.
    ///
    /// Who answers it tells.
    private var candidate: SequenceNumber?
    private var candidateBy = Direction.send
    /// Both initial sequence numbers are on the tape, as far as they ever will be.
    private var hasToldNumbers: Bool
    /// The answer to the first SYN came before it, or it never came.
    private let isBegunByAnswer: Bool
    /// What is known of its connect while nobody has answered.
    private var connect: ConnectAttempt
    /// Several captures of the tape may hold it.
    var hasCopies: Bool

    /// After this silence a SYN is a new connection, whatever became of the old one.
    ///
    /// Clients use a port again after TIME_WAIT, which lasts 60 s on Linux.
    static let silenceNanoseconds: Int64 = 60_000_000_000
    /// How far from its sender's stream an RST may be.
    static let resetWindow: Int64 = 1 << 20

    /// How far a connection has come; each has a queue and a patience of its own in `FlowTable`.
    enum Stage: UInt8, Sendable, CaseIterable {
        /// SYN was seen and nothing after it.
        case opening
        case open
        /// One side has sent FIN.
        case halfClosed
        /// Both FINs, but bytes before them are missing; or RST, which may be forged or overtake data.
        case closing
        /// No connection any more.
        case closed
    }

    /// What a segment means to the table.
    enum Outcome: Equatable {
        case taken
        /// The connection has ended, or this segment has nothing to do with one; nothing was reported.
        case ignored
        /// The segment begins a new connection with the same tuple.
        case restarts
    }

    /// - Parameter at: when the first segment came.
    init(
        local: Endpoint, remote: Endpoint, id: ConnectionID, role: Role, stage: Stage, isBegunByAnswer: Bool = false,
        on network: Network = .plain, tellsUnseen: Bool = true, hasCopies: Bool = false, at: Int64
    ) {
        sent = StreamNumbering(tellsUnseen: tellsUnseen)
        received = sent
        self.network = network
        others = (network, network)
        self.local = local
        self.remote = remote
        self.id = id
        self.role = role
        self.stage = stage
        self.lastHeard = at
        // Where the capture has missed the first segment, `open` says all that is certain.
        hasToldNumbers = stage != .opening && !isBegunByAnswer
        self.isBegunByAnswer = isBegunByAnswer
        connect = ConnectAttempt(since: at)
        self.hasCopies = hasCopies
    }

    /// The direction of a packet between these two, `nil` where it is between others.
    @inline(__always)
    func direction(from source: Endpoint, to destination: Endpoint) -> Direction? {
        if Self.isSame(source, local), Self.isSame(destination, remote) { return .send }
        if Self.isSame(source, remote), Self.isSame(destination, local) { return .receive }
        return nil
    }

    /// `==` of another module would be a call.
    @inline(__always)
    private static func isSame(_ a: Endpoint, _ b: Endpoint) -> Bool {
        a.port == b.port && a.address.low == b.address.low && a.address.high == b.address.high
    }

    // MARK: - Networks

    /// Whether its segments are known to be seen there.
    @inline(__always)
    func isOn(_ network: Network) -> Bool { self.network == network || isAlso(on: network) }

    private func isAlso(on network: Network) -> Bool { others.0 == network || others.1 == network }

    /// Its segments are seen on another network.
    /// - Returns: one that is forgotten for it; on that one the numbers have to tell again.
    mutating func appear(on other: Network) -> Network? {
        let forgotten = others.1
        others = (other, others.0)
        return forgotten == network ? nil : forgotten
    }

    /// Whether the numbers of a segment that was seen on another network are this connection's.
    ///
    /// A SYN must be the same one, an answer must be to this one's; what comes later must continue both streams, as far as
    /// they are known: initial numbers are random, so that another connection's are near once in millions.
    func owns(_ segment: TCPSegment, _ direction: Direction) -> Bool {
        let (sender, receiver) = direction.isSend ? (sent, received) : (received, sent)
        let hasACK = segment.flags.contains(.ack)
        if segment.flags.contains(.syn) {
            if sender.isKnown, segment.sequence + 1 != sender.start { return false }
            guard hasACK else { return sender.isKnown }
            return receiver.isKnown && receiver.isNear(segment.acknowledgment)
        }
        if sender.isKnown, !sender.isNear(segment.sequence) { return false }
        if hasACK, receiver.isKnown, !receiver.isNear(segment.acknowledgment) { return false }
        return sender.isKnown || hasACK && receiver.isKnown
    }

    /// No segment was heard after this time; one that claims so is wild.
    mutating func heard(notAfter now: Int64) { lastHeard = min(lastHeard, now) }

    // MARK: - A connect without an answer

    /// SYN was seen and nothing that answers it, though somebody may have said that there will be no answer.
    private var isUnanswered: Bool { stage == .opening || stage == .closing && ending == .connectFailed }

    /// SYN has come once more.
    private mutating func tryAgain(after silence: Int64) {
        // Whoever was told that nobody is there, and does not believe it.
        stage = .opening
        connect.repeats(after: silence)
    }

    /// Somebody says why the connect has failed; if it goes on after all, it was not so.
    private mutating func refused(_ error: Int32, now: Int64) {
        connect.error = error
        lastHeard = now
        stage = .closing
        ending = .connectFailed
    }

    /// A segment of this direction with this number did not arrive.
    mutating func undelivered(_ sequence: SequenceNumber, _ direction: Direction, error: Int32, now: Int64) {
        guard isUnanswered, direction.isSend, sequence + 1 == sent.start else { return }
        refused(error, now: now)
    }

    /// Takes the place of one whose client has given up: the answer to its SYN may still come.
    mutating func replaces(_ previous: Flow) {
        guard previous.isUnanswered, previous.local == local else { return }
        candidate = SequenceNumber(previous.sent.start.value &- 1)
    }

    // MARK: - Beginning

    /// The numbers that the first segment gives away: of the sender's stream, and of the other side's by its ACK.
    mutating func begin(_ segment: TCPSegment, _ direction: Direction) {
        let isSYN = segment.flags.contains(.syn)
        // SYN takes one sequence number (RFC 9293, section 3.4).
        let first = isSYN ? segment.sequence + 1 : segment.sequence
        if direction.isSend { sent.begin(at: first) } else { received.begin(at: first) }
        guard segment.flags.contains(.ack) else { return }
        if direction.isSend {
            received.begin(at: segment.acknowledgment)
        } else {
            sent.begin(at: segment.acknowledgment)
        }
    }

    /// Judges a SYN between endpoints whose connection is open.
    private mutating func synchronise(_ segment: TCPSegment, _ direction: Direction, now: Int64) -> Outcome {
        // No stack sends SYN with FIN, scanners do.
        guard !segment.flags.contains(.fin) else { return .ignored }
        let sender = stream(direction)
        // A retransmission; or the other side's SYN, be it the answer or a simultaneous open.
        if sender.isKnown, segment.sequence + 1 == sender.start {
            if isUnanswered, direction.isSend { tryAgain(after: now &- lastHeard) }
            return .taken
        }
        let isAnswer = segment.flags.contains(.ack)
        if isUnanswered, !direction.isSend {
            guard isAnswer else { return .taken }
            let acknowledged = sent.position(of: segment.acknowledgment)
            if acknowledged >= 0, acknowledged <= Int64(bitPattern: sent.highest) { return .taken }
            // The client had tried with several sequence numbers, and this answers an earlier one.
            guard let candidate, segment.acknowledgment == candidate + 1 else { return .ignored }
            sent.begin(at: candidate + 1)
            return .taken
        }
        if isUnanswered, !isAnswer {
            // Whoever still waits for an answer repeats the same number: this is another connect.
            if stage != .opening || now &- lastHeard >= ConnectAttempt.repetition { return .restarts }
            // The client tries again with another number.
            candidate = SequenceNumber(sent.start.value &- 1)
            sent.begin(at: segment.sequence + 1)
            return .taken
        }
        if let candidate, isAnswer, candidateBy.isSend != direction.isSend, segment.acknowledgment == candidate + 1 {
            return .restarts
        }
        let isOver = stage == .closing || sender.isFinished || now &- lastHeard > Self.silenceNanoseconds
        if isOver || (!isAnswered && !isAnswer) { return .restarts }
        if !isAnswer {
            candidate = segment.sequence
            candidateBy = direction
        }
        return .ignored
    }

    // MARK: - A segment

    /// Takes a segment and reports what it says.
    /// - Parameter statistics: counts bytes that lie outside of their stream.
    @inline(__always)
    mutating func take<Sink: EventSink>(
        _ segment: TCPSegment, payload: RawSpan, _ direction: Direction, at: Timestamp, now: Int64, to sink: Sink,
        _ statistics: inout FlowStatistics
    ) -> Outcome {
        if now &- lastHeard > Self.silenceNanoseconds, isAnother(segment, direction) { return .restarts }
        if stage == .closed { return afterClose(segment, direction) }
        if !segment.flags.isDisjoint(with: [.syn, .rst]) {
            if segment.flags.contains(.rst) {
                statistics.resetBytes &+= UInt64(segment.payloadLength)
                return reset(segment, direction, at: at, now: now, to: sink)
            }
            let outcome = synchronise(segment, direction, now: now)
            guard outcome == .taken else { return outcome }
            if !hasToldNumbers, direction.isSend == isBegunByAnswer { tellNumbers(segment, at: at, to: sink) }
        }
        lastHeard = now
        if stage != .open, isUnanswered, !direction.isSend || !segment.flags.contains(.syn) { stage = .open }
        if !direction.isSend { isAnswered = true }

        if direction.isSend {
            numbers(segment, &sent, &received)
        } else {
            numbers(segment, &received, &sent)
        }
        if segment.payloadLength > 0 {
            if direction.isSend ? received.hasExpectation : sent.hasExpectation {
                tellExpectation(segment, direction.isSend ? .receive : .send, at: at, to: sink)
            }
            data(segment, payload, direction, at: at, to: sink, &statistics)
        }
        if segment.flags.contains(.fin) { finish(segment, direction, at: at, to: sink) }
        if sent.hasClaim, let position = sent.believe() {
            sink.consume(CapturedEvent(at, .acknowledged(StreamPosition(id, .send, position))), payload: RawSpan())
        }
        if received.hasClaim, let position = received.believe() {
            sink.consume(CapturedEvent(at, .acknowledged(StreamPosition(id, .receive, position))), payload: RawSpan())
        }
        if sent.isFinished, received.isFinished, stage != .closed { closeIfComplete(at: at, to: sink) }
        return .taken
    }

    /// The other side's SYN has come, most often as the answer to the local one's: both numbers are known now, and `open`
    /// could have only the one that the first SYN had.
    @inline(never)
    private mutating func tellNumbers<Sink: EventSink>(_ segment: TCPSegment, at: Timestamp, to sink: Sink) {
        hasToldNumbers = true
        let own = segment.sequence.value
        let numbers =
            isBegunByAnswer
            ? SequenceNumbers(id, local: own, remote: received.start.value &- 1)
            : SequenceNumbers(id, local: sent.start.value &- 1, remote: own)
        sink.consume(CapturedEvent(at, .sequenceNumbers(numbers)), payload: RawSpan())
    }

    /// The data of a segment were said after bytes of the other direction which the capture does not hold, or has behind them.
    @inline(never)
    private mutating func tellExpectation<Sink: EventSink>(
        _ segment: TCPSegment, _ direction: Direction, at: Timestamp, to sink: Sink
    ) {
        guard segment.flags.contains(.ack) else { return }
        let acknowledged = segment.acknowledgment
        let position = direction.isSend ? sent.expectation(acknowledged) : received.expectation(acknowledged)
        guard let position else { return }
        sink.consume(CapturedEvent(at, .expected(StreamPosition(id, direction, position))), payload: RawSpan())
    }

    @inline(__always)
    private func numbers(_ segment: TCPSegment, _ sender: inout StreamNumbering, _ receiver: inout StreamNumbering) {
        if !sender.isKnown {
            sender.begin(at: segment.flags.contains(.syn) ? segment.sequence + 1 : segment.sequence)
        }
        sender.hear()
        if segment.payloadLength == 0, !segment.flags.contains(.fin) { sender.say(segment.sequence) }
        guard segment.flags.contains(.ack) else { return }
        if receiver.isKnown {
            receiver.acknowledge(segment.acknowledgment)
        } else {
            receiver.begin(at: segment.acknowledgment)
        }
    }

    private func stream(_ direction: Direction) -> StreamNumbering { direction.isSend ? sent : received }

    @inline(__always)
    private mutating func data<Sink: EventSink>(
        _ segment: TCPSegment, _ payload: RawSpan, _ direction: Direction, at: Timestamp, to sink: Sink,
        _ statistics: inout FlowStatistics
    ) {
        if direction.isSend {
            Self.data(segment, payload, direction, id, &sent, at: at, to: sink, &statistics)
        } else {
            Self.data(segment, payload, direction, id, &received, at: at, to: sink, &statistics)
        }
        if stage == .closing, ending == .reset, resetBy.isSend == direction.isSend, stream(direction).highest > resetAt
        {
            // Whoever sends on has not reset the connection: the RST was forged.
            if direction.isSend { sent.unsay() } else { received.unsay() }
            stage = sent.isFinished || received.isFinished ? .halfClosed : .open
        }
    }

    @inline(__always)
    private static func data<Sink: EventSink>(
        _ segment: TCPSegment, _ payload: RawSpan, _ direction: Direction, _ id: ConnectionID,
        _ stream: inout StreamNumbering, at: Timestamp, to sink: Sink, _ statistics: inout FlowStatistics
    ) {
        // SYN may carry data (TCP Fast Open, RFC 7413): it begins one number later.
        let first = segment.flags.contains(.syn) ? segment.sequence + 1 : segment.sequence
        var position = stream.position(of: first)
        var length = segment.payloadLength
        // Keep-alive probes repeat the last byte, or bring a garbage one in its place (RFC 9293, section 3.8.4).
        if length == 1, position == Int64(bitPattern: stream.contiguous) &- 1 {
            statistics.probeBytes &+= 1
            return
        }
        var skipped = 0
        if position < 0 {
            if position < -StreamNumbering.largestWindow { statistics.misplacedSegments &+= 1 }
            // Before the stream's beginning: older than the capture, or the byte that a probe makes up.
            skipped = Int(truncatingIfNeeded: Swift.min(0 &- position, Int64(length)))
            statistics.ignoredBytes &+= UInt64(skipped)
            guard skipped < length else { return }
            length = length &- skipped
            position = 0
        }
        guard stream.isPlausible(position), stream.mayBring(UInt64(position)) else {
            statistics.ignoredBytes &+= UInt64(length)
            statistics.misplacedSegments &+= 1
            return
        }
        let low = UInt64(position)
        if stream.isFinished, low &+ UInt64(length) > stream.length {
            let inside = low < stream.length ? Int(stream.length &- low) : 0
            statistics.ignoredBytes &+= UInt64(length &- inside)
            statistics.misplacedSegments &+= 1
            guard inside > 0 else { return }
            length = inside
        }
        stream.saw(low, low &+ UInt64(length))

        let captured = min(max(payload.byteCount &- skipped, 0), length)
        if captured > 0 {
            sink.consume(
                CapturedEvent(at, .data(StreamPosition(id, direction, low))),
                payload: payload.extracting(skipped..<(skipped &+ captured)))
        }
        if captured < length {
            let rest = StreamPosition(id, direction, low &+ UInt64(captured))
            let gap = StreamGap(at: rest, length: UInt64(length &- captured), reason: .snaplen)
            sink.consume(CapturedEvent(at, .gap(gap)), payload: RawSpan())
        }
    }

    // MARK: - The end

    /// RST counts where its sequence number is near what its sender is at (RFC 9293, section 3.10.7.4; RFC 5961 asks
    /// for the exact one, which a capture that lost packets can't know).
    private mutating func reset<Sink: EventSink>(
        _ segment: TCPSegment, _ direction: Direction, at: Timestamp, now: Int64, to sink: Sink
    ) -> Outcome {
        let sender = stream(direction)
        if isUnanswered, !direction.isSend {
            guard segment.flags.contains(.ack) else {
                // Nobody who waits for an answer takes one that acknowledges nothing (RFC 9293, section 3.10.7.3).
                refused(ECONNREFUSED, now: now)
                return .taken
            }
            let position = sent.position(of: segment.acknowledgment)
            guard position >= 0 else { return .ignored }
            // The port is closed: the answer to SYN acknowledges it (RFC 9293, section 3.5.2), and whatever came with it.
            if position <= Int64(bitPattern: sent.highest) {
                refused(ECONNREFUSED, now: now)
                close(at: at, to: sink)
                return .taken
            }
        }
        if sender.isKnown {
            let distance = sender.position(of: segment.sequence) &- Int64(bitPattern: sender.highest)
            guard distance >= -Self.resetWindow, distance <= Self.resetWindow else { return .ignored }
            if direction.isSend { sent.say(segment.sequence) } else { received.say(segment.sequence) }
        }
        lastHeard = now
        if stage != .closing {
            stage = .closing
            ending = .reset
            resetBy = direction
            resetAt = sender.highest
        }
        return .taken
    }

    /// Data after a long silence, of a connection with the same tuple whose handshake was not captured.
    ///
    /// Behind an end nothing comes any more; an open connection goes on, but not elsewhere in both its streams.
    @inline(never)
    private func isAnother(_ segment: TCPSegment, _ direction: Direction) -> Bool {
        guard segment.payloadLength > 1, segment.flags.isDisjoint(with: [.syn, .rst]) else { return false }
        if stage == .closed || stage == .closing { return true }
        let (sender, receiver) = direction.isSend ? (sent, received) : (received, sent)
        return segment.flags.contains(.ack) && sender.isKnown && receiver.isKnown && !sender.isNear(segment.sequence)
            && !receiver.isNear(segment.acknowledgment)
    }

    /// A segment between endpoints whose connection is closed.
    private func afterClose(_ segment: TCPSegment, _ direction: Direction) -> Outcome {
        if segment.flags.contains(.rst) { return .ignored }
        if segment.flags.contains(.syn) {
            let sender = stream(direction)
            let isOld = sender.isKnown && segment.sequence + 1 == sender.start
            return isOld || segment.flags.contains(.fin) ? .ignored : .restarts
        }
        // Only the table gave it up: it goes on.
        return ending == .idle && segment.payloadLength > 0 ? .restarts : .ignored
    }

    /// Whether what a segment brings that was not taken is nobody's loss: nothing, the words of a RST, what was there
    /// before, or what is older than the stream.
    func explains(_ segment: TCPSegment, _ direction: Direction) -> Bool {
        if segment.payloadLength == 0 || segment.flags.contains(.rst) { return true }
        let stream = stream(direction)
        let position = stream.position(of: segment.sequence)
        return stream.isKnown && position >= -StreamNumbering.largestWindow
            && position &+ Int64(segment.payloadLength) <= Int64(bitPattern: stream.highest)
    }

    private mutating func finish<Sink: EventSink>(
        _ segment: TCPSegment, _ direction: Direction, at: Timestamp, to sink: Sink
    ) {
        let stream = self.stream(direction)
        guard !stream.isFinished, !segment.flags.contains(.syn) else { return }
        let position = stream.position(of: segment.sequence + UInt32(truncatingIfNeeded: segment.payloadLength))
        guard stream.mayFinish(at: position), stream.isPlausible(position) else { return }
        if direction.isSend { sent.finish(at: UInt64(position)) } else { received.finish(at: UInt64(position)) }
        if stage != .closing { stage = .halfClosed }
        sink.consume(
            CapturedEvent(at, .finished(StreamPosition(id, direction, UInt64(position)))), payload: RawSpan())
    }

    private mutating func closeIfComplete<Sink: EventSink>(at: Timestamp, to sink: Sink) {
        if stage != .closing { ending = .orderly }
        stage = .closing
        // What one capture has lost another may bring, by a clock that is behind.
        if hasCopies, sent.hasBelieved || received.hasBelieved { return }
        if sent.isComplete, received.isComplete { close(at: at, to: sink) }
    }

    /// Reports the end of a connection that is still open; how, where the segments have not said it, is `otherwise`.
    /// - Parameter silence: what it says of a connect that nobody has answered.
    mutating func close<Sink: EventSink>(
        at: Timestamp, otherwise: ConnectionClosed.How = .orderly, silence: ConnectAttempt.Silence = .nothing,
        to sink: Sink
    ) {
        guard stage != .closed else { return }
        if stage == .opening, connect.hasFailed(silence, lastHeard: lastHeard, isReplaced: otherwise == .superseded) {
            ending = .connectFailed
        } else if stage != .closing {
            ending = otherwise
        }
        stage = .closed
        if let position = sent.takeLastClaim() {
            sink.consume(CapturedEvent(at, .acknowledged(StreamPosition(id, .send, position))), payload: RawSpan())
        }
        if let position = received.takeLastClaim() {
            sink.consume(CapturedEvent(at, .acknowledged(StreamPosition(id, .receive, position))), payload: RawSpan())
        }
        let error = ending == .connectFailed ? connect.error : 0
        sink.consume(CapturedEvent(at, .close(ConnectionClosed(id: id, how: ending, error: error))), payload: RawSpan())
    }
}

extension Direction {
    /// `==` of another module would be a call.
    @inline(__always)
    var isSend: Bool {
        switch self {
        case .send: true
        case .receive: false
        }
    }
}
