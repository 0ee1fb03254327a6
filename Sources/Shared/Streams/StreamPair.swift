/// The two streams of a connection, in the order in which their bytes were said.
///
/// What one side says is held back while bytes of the other, which came first, are missing: a response must not be read
/// before its request. Whoever holds the pair decides when to give up what is missing, and delivers what comes out.
struct StreamPair: ~Copyable {
    private(set) var sent = Reassembler()
    private(set) var received = Reassembler()
    /// Whose end was told of.
    private var hasEnded = (sent: false, received: false)

    init() {}

    mutating func reset() {
        sent.reset()
        received.reset()
        hasEnded = (false, false)
    }

    /// Begins behind the streams' start: what precedes it is in an earlier file of the tape.
    mutating func begin(sent position: UInt64, received other: UInt64) {
        sent.begin(at: position)
        received.begin(at: other)
    }

    // MARK: What comes in

    /// Takes captured bytes of one direction.
    @inline(__always)
    mutating func accept(
        _ bytes: RawSpan, at place: StreamPosition, _ timestamp: Timestamp
    ) -> Reassembler.Acceptance {
        place.direction == .send
            ? sent.accept(bytes, at: place.position, timestamp, hold: received.isWaiting)
            : received.accept(bytes, at: place.position, timestamp, hold: sent.isWaiting)
    }

    /// Takes the news that bytes are missing which nobody will bring.
    /// - Returns: `false` where the gap lies too far ahead of the stream to belong to it.
    mutating func accept(_ gap: StreamGap, _ timestamp: Timestamp) -> Bool {
        gap.at.direction == .send
            ? sent.acceptGap(at: gap.at.position, length: gap.length, gap.reason, timestamp)
            : received.acceptGap(at: gap.at.position, length: gap.length, gap.reason, timestamp)
    }

    /// The receiver has confirmed all bytes before this place.
    mutating func acknowledge(_ place: StreamPosition) {
        if place.direction == .send {
            sent.acknowledged = Swift.max(sent.acknowledged, place.position)
        } else {
            received.acknowledged = Swift.max(received.acknowledged, place.position)
        }
    }

    /// The sender has said that its stream ends here.
    mutating func end(at place: StreamPosition) {
        if place.direction == .send { sent.end = place.position } else { received.end = place.position }
    }

    // MARK: What comes out

    var isWaiting: Bool { sent.isWaiting || received.isWaiting }

    /// The end of at least one stream is known.
    var knowsEnd: Bool { sent.end != nil || received.end != nil }

    /// What is next, if it is there; it counts as delivered.
    ///
    /// Where both sides have something ready, it is what was said first.
    mutating func takeReady() -> (piece: Reassembler.Piece, direction: Direction)? {
        let sentIsNext = sent.isReady && (!received.hasHole || sentCameFirst)
        let receivedIsNext = received.isReady && (!sent.hasHole || receivedCameFirst)
        if sentIsNext, !(receivedIsNext && receivedCameFirst) { return sent.takeReady().map { ($0, .send) } }
        return receivedIsNext ? received.takeReady().map { ($0, .receive) } : nil
    }

    /// What came before a hole of the other side showed is no later than what is missing there, for all that is known: it is
    /// delivered as if nothing had been missing before it.
    private var sentCameFirst: Bool {
        guard let received = received.readySince, let sent = sent.readySince else { return false }
        return sent < received
    }

    private var receivedCameFirst: Bool {
        guard let received = received.readySince, let sent = sent.readySince else { return false }
        return received < sent
    }

    /// A direction all of whose bytes were delivered; each is told of once.
    mutating func takeEnded() -> Direction? {
        if !hasEnded.sent, sent.end == sent.next {
            hasEnded.sent = true
            return .send
        }
        if !hasEnded.received, received.end == received.next {
            hasEnded.received = true
            return .receive
        }
        return nil
    }

    /// A direction's end was told of, and all before it was delivered.
    func hasEnded(_ direction: Direction) -> Bool { direction == .send ? hasEnded.sent : hasEnded.received }

    // MARK: Holes

    /// A hole that is not worth waiting for.
    struct Hopeless: Equatable {
        var direction: Direction
        /// The receiver has confirmed the missing bytes: the capture lost them, and they will not come again.
        var wasAcknowledged: Bool
        /// More waits for it than may.
        var isOverLimit: Bool
    }

    /// A hole whose bytes were confirmed and yet did not come for a while, or for which too much waits.
    func hopelessHole(_ now: Timestamp, _ limits: Limits) -> Hopeless? {
        hopelessHole(.send, sent, now, limits) ?? hopelessHole(.receive, received, now, limits)
    }

    private func hopelessHole(
        _ direction: Direction, _ stream: borrowing Reassembler, _ now: Timestamp, _ limits: Limits
    ) -> Hopeless? {
        guard stream.hasHole else { return nil }
        let wasAcknowledged = stream.holeWasAcknowledged
        let bytes = Swift.max(sent.waitingBytes, received.waitingBytes)
        let pieces = Swift.max(sent.waitingPieces, received.waitingPieces)
        if bytes > limits.outOfOrderBytes || pieces > limits.outOfOrderPieces {
            return Hopeless(direction: direction, wasAcknowledged: wasAcknowledged, isOverLimit: true)
        }
        guard wasAcknowledged, let since = stream.waitingSince,
            now.since(since) > limits.holeAge || bytes > limits.outOfOrderBytes / 4
        else { return nil }
        return Hopeless(direction: direction, wasAcknowledged: true, isOverLimit: false)
    }

    /// Gives up waiting for what is missing in one direction, before its next bytes or before its end.
    /// - Returns: how many bytes are missing; 0 where none are.
    mutating func skipHole(_ direction: Direction) -> UInt64 {
        direction == .send ? sent.skipHole() : received.skipHole()
    }

    // MARK: Comparison

    /// Whether bytes of another view of these streams differ from those here, as far as both are kept.
    func differs(_ bytes: RawSpan, at place: StreamPosition) -> Bool {
        place.direction == .send
            ? sent.differs(bytes, at: place.position) : received.differs(bytes, at: place.position)
    }

    // MARK: Retransmissions

    /// Bytes that came more than once.
    var retransmitted: UInt64 { sent.retransmitted &+ received.retransmitted }
    /// Of these, bytes that differ from the first copy.
    var retransmittedDifferent: UInt64 { sent.retransmittedDifferent &+ received.retransmittedDifferent }
}
