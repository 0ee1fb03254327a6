/// Puts one direction of a connection in order, by stream position: packets that arrive out of order and system
/// calls that arrive from two CPUs alike.
///
/// Bytes in order are not copied: `accept` says which part of the caller's span is next. Only what waits for missing
/// bytes is kept, as disjoint pieces sorted by position, all at or beyond `next`. The first copy of a byte wins
/// (what the receiver's application saw, on most systems); later copies are counted, and those that differ as well.
/// A hole becomes a gap when its bytes will not come any more; who decides that is the connection.
struct Reassembler: ~Copyable {
    /// The position up to which everything was delivered, as bytes or as a gap.
    private(set) var next: UInt64 = 0
    /// What the other side has confirmed to have received.
    var acknowledged: UInt64 = 0
    /// The stream's length, once its sender has said that it is finished.
    var end: UInt64?
    /// Bytes that came more than once, and how many of them differ from the first copy.
    private(set) var retransmitted: UInt64 = 0
    private(set) var retransmittedDifferent: UInt64 = 0
    /// Captured bytes that wait for missing ones; gaps that wait are none.
    private(set) var waitingBytes = 0

    private var waiting: [Piece] = []
    /// Pieces of `waiting` that were already taken.
    private var taken = 0
    /// The last bytes delivered: those before `next`.
    private var history = History()

    init() {}

    /// A run of bytes, or of bytes that are known to be missing.
    struct Piece {
        var position: UInt64
        var length: UInt64
        var bytes: [UInt8]
        /// Set where the piece is a gap.
        var reason: GapReason?
        var timestamp: Timestamp
        /// The earliest arrival among this piece and those behind it.
        var sentBefore: Timestamp
        /// How far the other direction was when this was said, as far as that is known.
        var after: UInt64

        var end: UInt64 { position &+ length }
    }

    /// What became of bytes.
    enum Acceptance: Equatable {
        /// The bytes from this offset on are the next ones of the stream, and count as delivered.
        case next(from: Int)
        /// Kept (or known already): look for what is ready with `takeReady`.
        case kept
        /// So many bytes at the end lie too far ahead of the stream to belong to it; those before them are kept.
        case implausible(Int)
    }

    mutating func reset() {
        next = 0
        acknowledged = 0
        end = nil
        retransmitted = 0
        retransmittedDifferent = 0
        waitingBytes = 0
        waiting.removeAll(keepingCapacity: waiting.capacity <= 64)
        taken = 0
        history.removeAll()
    }

    /// Nothing comes for some time: what was delivered is not known any more, and what is retransmitted later is not compared.
    mutating func trim() {
        if waiting.isEmpty { waiting = [] }
        history = History()
    }

    /// Begins at a place behind the stream's start: what precedes it is not on this tape.
    mutating func begin(at position: UInt64) { next = position }

    var isWaiting: Bool { taken < waiting.count }

    /// Something waits, and what it waits for is missing.
    var hasHole: Bool { taken < waiting.count && waiting[taken].position > next }

    /// The first of the waiting pieces is next.
    var isReady: Bool { taken < waiting.count && waiting[taken].position == next }

    /// When the first of the waiting pieces arrived.
    var waitingSince: Timestamp? { isWaiting ? waiting[taken].timestamp : nil }

    /// When the first of the waiting pieces must have been on its way: it may have come late, but not after what follows it.
    var readySince: Timestamp? { isWaiting ? waiting[taken].sentBefore : nil }

    /// How far the other direction has to be before the first of the waiting pieces is read.
    var waitsFor: UInt64 { isWaiting ? waiting[taken].after : 0 }

    /// What waits is not held until the other direction is further than this.
    mutating func follow(atMost position: UInt64) {
        for index in taken..<waiting.count where waiting[index].after > position { waiting[index].after = position }
    }

    /// Runs of bytes, and gaps, that wait.
    var waitingPieces: Int { waiting.count &- taken }

    /// The other side has confirmed bytes that are missing here.
    var holeWasAcknowledged: Bool { hasHole && acknowledged >= waiting[taken].position }

    /// Takes bytes of the stream.
    /// - Parameters:
    ///   - after: how far the other direction was when they were said, as far as that is known.
    ///   - hold: keep the bytes even if they are next: the other direction waits for something that comes first.
    @inline(__always)
    mutating func accept(
        _ bytes: RawSpan, at position: UInt64, _ timestamp: Timestamp, after: UInt64 = 0, hold: Bool
    ) -> Acceptance {
        if position == next, !hold, taken == waiting.count {
            next &+= UInt64(bytes.byteCount)
            history.append(bytes)
            return .next(from: 0)
        }
        return acceptOutOfOrder(bytes, at: position, timestamp, after, hold: hold)
    }

    @inline(never)
    private mutating func acceptOutOfOrder(
        _ bytes: RawSpan, at position: UInt64, _ timestamp: Timestamp, _ after: UInt64, hold: Bool
    ) -> Acceptance {
        var from = 0
        var position = position
        if position < next {
            let overlap = Int(clamping: Swift.min(UInt64(bytes.byteCount), next &- position))
            retransmitted &+= UInt64(overlap)
            let differing = differencesFromHistory(bytes.extracting(0..<overlap), at: position)
            retransmittedDifferent &+= differing
            from = overlap
            position = next
            if from == bytes.byteCount { return .kept }
        }
        let distance = position &- next
        guard distance <= Self.plausibleDistance else { return .implausible(bytes.byteCount &- from) }
        let length = UInt64(bytes.byteCount &- from)
        // Byte by byte, so that nothing depends on how the stream was cut.
        let plausible = Self.plausibleDistance &- distance &+ 1
        if length > plausible {
            let end = from &+ Int(plausible)
            keep(bytes.extracting(from..<end), position, plausible, nil, timestamp, after)
            return .implausible(bytes.byteCount &- end)
        }
        if position == next, !hold, taken == waiting.count || position &+ length <= waiting[taken].position {
            next &+= length
            history.append(bytes.extracting(from..<bytes.byteCount))
            return .next(from: from)
        }
        keep(bytes.extracting(from..<bytes.byteCount), position, length, nil, timestamp, after)
        return .kept
    }

    /// Takes the news that bytes are missing which nobody will bring.
    /// - Returns: `false` where the gap lies too far ahead of the stream to belong to it.
    mutating func acceptGap(
        at position: UInt64, length: UInt64, _ reason: GapReason, _ timestamp: Timestamp
    ) -> Bool {
        let start = Swift.max(position, next)
        guard position <= UInt64.max &- length, start &- next <= Self.plausibleDistance else { return false }
        guard position &+ length > start else { return true }
        let nothing: [UInt8] = []
        keep(nothing.span.bytes, start, position &+ length &- start, reason, timestamp, 0)
        return true
    }

    /// The next piece of the stream, if it is there; it counts as delivered.
    /// - Parameter limit: what lies behind this position stays; the position is beyond `next`.
    mutating func takeReady(upTo limit: UInt64 = .max) -> Piece? {
        guard taken < waiting.count, waiting[taken].position == next else { return nil }
        if waiting[taken].end > limit, limit > next { split(at: limit) }
        var piece = Piece(
            position: 0, length: 0, bytes: [], reason: nil, timestamp: waiting[taken].timestamp,
            sentBefore: waiting[taken].sentBefore, after: waiting[taken].after)
        swap(&piece, &waiting[taken])
        taken &+= 1
        if taken == waiting.count {
            waiting.removeAll(keepingCapacity: waiting.capacity <= 64)
            taken = 0
        }
        next = piece.end
        waitingBytes &-= piece.bytes.count
        if piece.reason == nil { history.append(piece.bytes.span.bytes) } else { history.removeAll() }
        return piece
    }

    /// Gives up waiting for the bytes before the first waiting piece, or before the stream's end: the known one, or what was
    /// confirmed.
    /// - Parameter limit: what is missing behind this position is not given up yet.
    /// - Returns: how many bytes are missing; 0 where none are.
    mutating func skipHole(upTo limit: UInt64 = .max) -> UInt64 {
        // At its end: what the other side has confirmed was there, too.
        let target = Swift.min(limit, isWaiting ? waiting[taken].position : end ?? Swift.max(acknowledged, next))
        guard target > next, target &- next <= Self.plausibleDistance else { return 0 }
        let missing = target &- next
        next = target
        history.removeAll()
        return missing
    }

    /// The largest distance at which a segment may lie ahead: a window is at most 2^30 bytes (RFC 7323, section 2.3).
    static let plausibleDistance: UInt64 = 1 << 30

    // MARK: Waiting pieces

    /// Makes two of the first waiting piece.
    private mutating func split(at position: UInt64) {
        var rest = waiting[taken]
        let kept = position &- rest.position
        rest.position = position
        rest.length &-= kept
        waiting[taken].length = kept
        if rest.reason == nil {
            rest.bytes.removeFirst(Int(kept))
            waiting[taken].bytes.removeLast(rest.bytes.count)
        }
        waiting.insert(rest, at: taken &+ 1)
    }

    /// Inserts what is not there yet; what is there already came first and stays.
    private mutating func keep(
        _ bytes: RawSpan, _ position: UInt64, _ length: UInt64, _ reason: GapReason?, _ timestamp: Timestamp,
        _ after: UInt64
    ) {
        if taken > 0 {
            waiting.removeFirst(taken)
            taken = 0
        }
        let end = position &+ length
        var at = position
        var index = firstPiece(endingAfter: position)
        while at < end {
            let holeEnd = index < waiting.count ? Swift.min(end, Swift.max(at, waiting[index].position)) : end
            if at < holeEnd {
                let slice = reason == nil ? Int(at &- position)..<Int(holeEnd &- position) : 0..<0
                let part = bytes.extracting(slice)
                waitingBytes &+= part.byteCount
                if !lengthen(before: index, by: part, holeEnd &- at, at, reason, timestamp, after) {
                    let sentBefore = index < waiting.count ? Swift.min(timestamp, waiting[index].sentBefore) : timestamp
                    waiting.insert(
                        Piece(
                            position: at, length: holeEnd &- at, bytes: [UInt8](part), reason: reason,
                            timestamp: timestamp, sentBefore: sentBefore, after: after), at: index)
                    index &+= 1
                }
                at = holeEnd
            }
            guard at < end, index < waiting.count else { continue }
            let overlapEnd = Swift.min(end, waiting[index].end)
            if reason == nil, waiting[index].reason == nil {
                let first = Int(at &- waiting[index].position)..<Int(overlapEnd &- waiting[index].position)
                let second = bytes.extracting(Int(at &- position)..<Int(overlapEnd &- position))
                retransmitted &+= overlapEnd &- at
                let kept = waiting[index].bytes
                let differing = second.differences(from: kept.span.bytes.extracting(first))
                retransmittedDifferent &+= differing
            }
            at = overlapEnd
            index &+= 1
        }
    }

    /// Appends to the piece before `index` what follows it directly and came at the same moment: a segment that arrives
    /// in parts is one piece all the same.
    private mutating func lengthen(
        before index: Int, by part: RawSpan, _ length: UInt64, _ position: UInt64, _ reason: GapReason?,
        _ timestamp: Timestamp, _ after: UInt64
    ) -> Bool {
        guard index > 0, waiting[index &- 1].end == position, waiting[index &- 1].reason == reason,
            waiting[index &- 1].timestamp == timestamp, waiting[index &- 1].after == after
        else { return false }
        waiting[index &- 1].bytes.append(part)
        waiting[index &- 1].length &+= length
        return true
    }

    private func firstPiece(endingAfter position: UInt64) -> Int {
        var low = 0
        var high = waiting.count
        while low < high {
            let middle = (low &+ high) / 2
            if waiting[middle].end <= position { low = middle &+ 1 } else { high = middle }
        }
        return low
    }

    // MARK: History

    /// Whether bytes differ from those that were delivered last, where these are known.
    func differs(_ bytes: RawSpan, at position: UInt64) -> Bool { differencesFromHistory(bytes, at: position) > 0 }

    private func differencesFromHistory(_ bytes: RawSpan, at position: UInt64) -> UInt64 {
        let known = UInt64(history.count)
        guard known <= next else { return 0 }
        let from = Swift.max(next &- known, position)
        let to = Swift.min(next, position &+ UInt64(bytes.byteCount))
        guard from < to else { return 0 }
        let part = bytes.extracting(Int(from &- position)..<Int(to &- position))
        return history.differences(from: part, back: Int(next &- from))
    }
}
