/// One direction of a flow: turns sequence numbers into positions of the stream, and knows whether bytes are missing.
///
/// Positions count from the stream's first byte and never wrap. A sequence number is placed relative to the first byte
/// that is still missing (`contiguous`), which lies within 2^31 of everything that a window allows.
struct StreamNumbering: Equatable, Sendable {
    /// The largest window that window scaling allows (RFC 7323, section 2.3): nothing that is further ahead belongs here.
    static let largestWindow: Int64 = 1 << 30
    /// How far ahead of what is known one segment alone is believed: no buffer that Linux grows by itself holds more
    /// (tcp_rmem, 6 MiB).
    static let reach: UInt64 = 8 << 20
    /// After how many further segments of its flow an acknowledgment of unseen bytes is believed.
    ///
    /// Captures of several network queues hold packets out of order: the data may come just behind its acknowledgment.
    static let patience: UInt8 = 3

    /// The sequence number of position 0.
    private(set) var start = SequenceNumber(0)
    /// The number of position 0 is known, from the stream's own segment or from the other side's ACK.
    private(set) var isKnown = false
    private var segmentsUntilBelieved: UInt8 = 0
    /// Bytes that nobody saw are told of, if they were acknowledged; else only those in front of what was seen.
    private let tellsUnseen: Bool
    private(set) var isFinished = false
    /// Every byte before this position was seen, or is known not to come any more.
    private(set) var contiguous: UInt64 = 0
    /// Bytes that were seen beyond a hole: the first run of them.
    private var aheadStart: UInt64 = 0
    private var aheadEnd: UInt64 = 0
    /// The highest position seen.
    ///
    /// Where it is `contiguous`, nothing is missing.
    private(set) var highest: UInt64 = 0
    /// An acknowledgment of bytes that were not seen, not yet believed; 0 if there is none.
    private var claimed: UInt64 = 0
    /// Nobody saw the last byte before `highest`: it was only acknowledged.
    private var endsUnseen = false
    /// How far the sender says that it is, in segments that bring nothing.
    private var said: UInt64 = 0
    /// Where a segment claimed to be that was too far ahead to be believed alone; 0 if none did.
    private var jump: UInt64 = 0
    /// It was so far ahead indeed.
    private var hasLeapt = false
    /// What the data that come next were told to follow; 0 where nothing is told.
    private var expected: UInt64 = 0
    /// How many of the other side's segments tell what they follow, since the last that followed what was not seen.
    private var segmentsThatTell: UInt8 = 0
    /// A segment of this direction was seen.
    private var isHeard = false
    /// The stream's length, once FIN was seen.
    private(set) var length: UInt64 = 0

    /// - Parameter tellsUnseen: `false` where packets were left out on purpose: what they held is not lost.
    init(tellsUnseen: Bool = true) { self.tellsUnseen = tellsUnseen }

    /// Bytes that nobody saw were believed to have been there.
    private(set) var hasBelieved = false

    /// FIN was seen, and every byte before it was seen or is not awaited any more.
    var isComplete: Bool { isFinished && contiguous >= length }
    /// An acknowledgment of unseen bytes waits to be believed.
    var hasClaim: Bool { claimed != 0 }

    /// A segment of the sender was seen.
    @inline(__always)
    mutating func hear() { isHeard = true }

    /// What is to be told in front of the other side's data: how far this stream was when they were said, once that was further
    /// than what was seen.
    ///
    /// `nil` where nothing has changed. Of a side that is not in the capture at all nothing is told; the number of a FIN that
    /// is yet to come is told as a byte, until it comes.
    mutating func expectation(_ acknowledged: SequenceNumber) -> UInt64? {
        var position = self.position(of: acknowledged)
        if isFinished { position = min(position, Int64(bitPattern: length)) }
        let isAhead = position > Int64(bitPattern: contiguous) && isPlausible(position) && isHeard && tellsUnseen
        if isAhead {
            segmentsThatTell = Self.reordering
        } else if segmentsThatTell == 0 {
            expected = 0
            return nil
        } else {
            segmentsThatTell &-= 1
            // What was told is not for a late one that had less.
            position = max(0, position)
        }
        guard UInt64(position) != expected else { return nil }
        expected = UInt64(position)
        return expected
    }

    /// By so many segments of one side a packet is late at most, where packets are only out of order.
    private static let reordering: UInt8 = 64

    /// There may be something to tell in front of the other side's data.
    @inline(__always)
    var hasExpectation: Bool { claimed != 0 || segmentsThatTell != 0 }

    /// The stream begins here.
    mutating func begin(at sequence: SequenceNumber) {
        start = sequence
        isKnown = true
    }

    /// The position of a sequence number; negative where it lies before the stream's beginning.
    @inline(__always)
    func position(of sequence: SequenceNumber) -> Int64 {
        let anchor = start + UInt32(truncatingIfNeeded: contiguous)
        return Int64(bitPattern: contiguous) &+ Int64(sequence - anchor)
    }

    /// Whether a position may be what the sender is at: not a window ahead of what was seen, nor before the beginning.
    @inline(__always)
    func isPlausible(_ position: Int64) -> Bool {
        position >= 0 && position &- Int64(bitPattern: contiguous) <= Self.largestWindow
    }

    /// Whether bytes are where the sender may be: not further ahead than it can be at once, unless others say so, too.
    ///
    /// Behind a long loss the first segment is not believed, and the next one is; a stream that has had one may have more.
    @inline(__always)
    mutating func mayBring(_ position: UInt64) -> Bool {
        guard position > max(highest, claimed) &+ Self.reach else {
            if jump != 0 { jump = 0 }
            return true
        }
        return confirms(position)
    }

    @inline(never)
    private mutating func confirms(_ position: UInt64) -> Bool {
        if !hasLeapt, jump == 0 || position &+ Self.reach < jump {
            jump = position
            return false
        }
        hasLeapt = true
        return true
    }

    /// Whether a sequence number is near what the sender is at: not more than a megabyte before or ahead.
    func isNear(_ sequence: SequenceNumber) -> Bool {
        let distance = position(of: sequence) &- Int64(bitPattern: highest)
        return distance >= -Self.nearness && distance <= Self.nearness
    }

    private static let nearness: Int64 = 1 << 20

    /// Bytes from `low` up to `high` were on the wire.
    @inline(__always)
    mutating func saw(_ low: UInt64, _ high: UInt64) {
        if low <= contiguous {
            if high > contiguous { advance(to: high) }
        } else {
            sawAhead(low, high)
        }
        if high >= highest {
            highest = high
            endsUnseen = false
        }
    }

    @inline(__always)
    private mutating func advance(to position: UInt64) {
        contiguous = position
        claimed = 0
        if aheadEnd != 0, aheadStart <= position {
            contiguous = max(position, aheadEnd)
            aheadStart = 0
            aheadEnd = 0
        }
    }

    /// Keeps the first run behind the hole.
    ///
    /// Further runs are not kept: `contiguous` then stays too low until the next acknowledgment, which costs an event
    /// that says nothing new.
    private mutating func sawAhead(_ low: UInt64, _ high: UInt64) {
        if aheadEnd == 0 || high < aheadStart {
            aheadStart = low
            aheadEnd = high
        } else if low <= aheadEnd {
            aheadStart = min(aheadStart, low)
            aheadEnd = max(aheadEnd, high)
        }
        // Nobody acknowledges in a capture of one direction: don't let the hole fall out of reach of the numbers.
        if high &- contiguous > UInt64(Self.largestWindow) / 2 { advance(to: high) }
    }

    /// The receiver says that it has all bytes before `sequence`.
    @inline(__always)
    mutating func acknowledge(_ sequence: SequenceNumber) {
        var position = self.position(of: sequence)
        guard position > Int64(bitPattern: contiguous), isPlausible(position) else {
            if claimed != 0 { contradict(position) }
            return
        }
        if claimed != 0 { contradict(position) }
        // The number after FIN's own: FIN takes one (RFC 9293, section 3.4).
        if isFinished, UInt64(position) > length { position = Int64(bitPattern: length) }
        if UInt64(position) > contiguous, UInt64(position) > claimed {
            if claimed == 0 { segmentsUntilBelieved = Self.patience }
            claimed = UInt64(position)
        }
    }

    /// A later acknowledgment that is far lower than what was claimed says that the claim was none of this connection's, or
    /// forged.
    ///
    /// Acknowledgments never go back (RFC 9293, section 3.10.7.4), but a little lower one was overtaken.
    private mutating func contradict(_ position: Int64) {
        guard position >= 0, Int64(bitPattern: claimed) &- position > Self.overtaken else { return }
        claimed = 0
    }

    private static let overtaken: Int64 = 1 << 16

    /// What is claimed is one number behind all that was seen, and no FIN was.
    ///
    /// Most likely it is that FIN's own, which the capture has missed. What follows tells, for nothing follows a FIN.
    private var claimsOnlyFIN: Bool { claimed == highest &+ 1 && !isFinished }

    /// The connection has ended: nothing came any more that could contradict an acknowledgment.
    ///
    /// One that is further ahead than windows are in use is believed only if others followed it. What the sender has said of
    /// itself in segments without bytes counts as well: it sends nothing any more.
    mutating func takeLastClaim() -> UInt64? {
        if said > max(claimed, highest) { claimed = isFinished ? min(said, length) : said }
        guard claimed > contiguous, claimed &- contiguous <= Self.lastClaim else { return nil }
        return takeClaim()
    }

    /// A segment without bytes has the number of those that come next: all before it were sent.
    ///
    /// They may still come, or come again, so that this is worth nothing before the connection's end.
    @inline(__always)
    mutating func say(_ sequence: SequenceNumber) {
        let position = self.position(of: sequence)
        if position > Int64(bitPattern: highest), isPlausible(position) { said = UInt64(position) }
    }

    /// What it has said of itself was forged.
    mutating func unsay() { said = 0 }

    /// Twice the window that a connection begins with on Linux (tcp_rmem: 128 KiB): the segments before the last few have
    /// said how far the stream was.
    private static let lastClaim: UInt64 = 256 << 10

    /// Another segment of the flow came.
    /// - Returns: the position before which nothing will come any more, once an acknowledgment says so and is believed.
    mutating func believe() -> UInt64? {
        guard claimed != 0 else { return nil }
        if segmentsUntilBelieved > 0 {
            segmentsUntilBelieved &-= 1
            return nil
        }
        return takeClaim()
    }

    /// Believes an acknowledgment of bytes that were not seen.
    private mutating func takeClaim() -> UInt64? {
        guard claimed != 0, !claimsOnlyFIN else { return nil }
        let position = claimed
        hasBelieved = true
        let isTold = tellsUnseen || highest > contiguous
        advance(to: position)
        if position > highest {
            highest = position
            endsUnseen = true
        }
        return isTold ? position : nil
    }

    /// Whether the stream may end here: behind all that was seen, or where the byte that was acknowledged on top of that
    /// was the FIN's own number.
    func mayFinish(at position: Int64) -> Bool {
        position >= Int64(bitPattern: highest) || endsUnseen && UInt64(bitPattern: position) == highest &- 1
    }

    /// The sender will send nothing beyond `position`.
    mutating func finish(at position: UInt64) {
        isFinished = true
        length = position
        // What was claimed behind it was the FIN's own number.
        claimed = min(claimed, position)
        if claimed <= contiguous { claimed = 0 }
    }
}
