/// The two streams of a connection, in the order in which their bytes were said.
///
/// What one side says is held back while bytes of the other, which came first, are missing: a response must not be read
/// before its request. Whoever holds the pair decides when to give up what is missing, and delivers what comes out.
struct StreamPair: ~Copyable {
    private(set) var sent = Reassembler()
    private(set) var received = Reassembler()
    /// How far a stream was when what comes next from the other side was said, as that claims; 0 where nobody said it.
    private var expected = (sent: UInt64(0), received: UInt64(0))
    /// Whose end was told of.
    private var hasEnded = (sent: false, received: false)

    init() {}

    mutating func reset() {
        sent.reset()
        received.reset()
        expected = (0, 0)
        hasEnded = (false, false)
    }

    /// Nothing is said for some time: only what is needed to go on is kept.
    mutating func trim() {
        sent.trim()
        received.trim()
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
            ? sent.accept(
                bytes, at: place.position, timestamp, after: expected.received,
                hold: received.isWaiting || expected.received > received.next)
            : received.accept(
                bytes, at: place.position, timestamp, after: expected.sent,
                hold: sent.isWaiting || expected.sent > sent.next)
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

    /// What comes next from the other side was said after all bytes of this direction before this place.
    mutating func expect(_ place: StreamPosition) {
        let last = place.direction == .send ? expected.sent : expected.received
        // Acknowledgments never go back, but a little lower one was overtaken (RFC 9293, section 3.10.7.4).
        if last > place.position, last &- place.position > Self.overtaken {
            release(place.direction, atMost: place.position)
        }
        if place.direction == .send { expected.sent = place.position } else { expected.received = place.position }
    }

    /// A window without scaling.
    private static let overtaken: UInt64 = 1 << 16

    /// What waits for bytes of a direction beyond a position waits for them no more.
    private mutating func release(_ direction: Direction, atMost position: UInt64) {
        if direction == .send {
            expected.sent = Swift.min(expected.sent, position)
            received.follow(atMost: position)
        } else {
            expected.received = Swift.min(expected.received, position)
            sent.follow(atMost: position)
        }
    }

    /// The sender has said that its stream ends here: nothing beyond it is expected.
    mutating func end(at place: StreamPosition) {
        if place.direction == .send { sent.end = place.position } else { received.end = place.position }
        release(place.direction, atMost: place.position)
    }

    // MARK: What comes out

    var isWaiting: Bool { sent.isWaiting || received.isWaiting }

    /// The end of at least one stream is known.
    var knowsEnd: Bool { sent.end != nil || received.end != nil }

    /// What is next, if it is there; it counts as delivered.
    ///
    /// Where both sides have something ready, it is what was said first.
    mutating func takeReady() -> (piece: Reassembler.Piece, direction: Direction)? {
        // Not further than to where the other side goes on: how the network cut the stream makes no difference.
        if sentIsNext, !(receivedIsNext && receivedCameFirst) {
            return sent.takeReady(upTo: receivedWaits ? received.waitsFor : .max).map { ($0, .send) }
        }
        guard receivedIsNext else { return nil }
        return received.takeReady(upTo: sentWaits ? sent.waitsFor : .max).map { ($0, .receive) }
    }

    /// Something can be taken.
    var isReady: Bool { sentIsNext || receivedIsNext }

    private var sentIsNext: Bool {
        sent.isReady && (!sentWaits || received.isReady && receivedWaits)
            && (!received.hasHole || receivedWaits || sentCameFirst)
    }

    private var receivedIsNext: Bool {
        received.isReady && (!receivedWaits || sent.isReady && sentWaits)
            && (!sent.hasHole || sentWaits || receivedCameFirst)
    }

    /// What waits was said after bytes of the other side that were not read yet.
    ///
    /// Where both say so, one is wrong.
    private var sentWaits: Bool { sent.waitsFor > received.next }
    private var receivedWaits: Bool { received.waitsFor > sent.next }

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
        hopelessHole(.send, sent, received, now, limits) ?? hopelessHole(.receive, received, sent, now, limits)
    }

    private func hopelessHole(
        _ direction: Direction, _ stream: borrowing Reassembler, _ other: borrowing Reassembler, _ now: Timestamp,
        _ limits: Limits
    ) -> Hopeless? {
        // Missing before what is there of this stream, or at its end, where what is there of the other waits for it.
        let isExpected = !stream.isWaiting && other.isReady && other.waitsFor > stream.next
        guard stream.hasHole || isExpected else { return nil }
        let wasAcknowledged = isExpected ? stream.acknowledged > stream.next : stream.holeWasAcknowledged
        let bytes = Swift.max(sent.waitingBytes, received.waitingBytes)
        let pieces = Swift.max(sent.waitingPieces, received.waitingPieces)
        if bytes > limits.outOfOrderBytes || pieces > limits.outOfOrderPieces {
            return Hopeless(direction: direction, wasAcknowledged: wasAcknowledged, isOverLimit: true)
        }
        guard wasAcknowledged, let since = isExpected ? other.waitingSince : stream.waitingSince,
            now.since(since) > limits.holeAge || bytes > limits.outOfOrderBytes / 4
        else { return nil }
        return Hopeless(direction: direction, wasAcknowledged: true, isOverLimit: false)
    }

    /// Gives up waiting for what is missing in one direction, before its next bytes or before its end.
    /// - Returns: how many bytes are missing; 0 where none are.
    mutating func skipHole(_ direction: Direction) -> UInt64 {
        // Not further than to where the other side goes on, as with bytes.
        let missing =
            direction == .send
            ? sent.skipHole(upTo: received.isReady && receivedWaits ? received.waitsFor : .max)
            : received.skipHole(upTo: sent.isReady && sentWaits ? sent.waitsFor : .max)
        // Nothing more of it is there, and maybe nobody confirms that there was: what waits for it goes on.
        if direction == .send, !sent.isWaiting { release(.send, atMost: sent.next) }
        if direction == .receive, !received.isWaiting { release(.receive, atMost: received.next) }
        return missing
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
