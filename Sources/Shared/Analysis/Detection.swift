/// Finds out what a connection talks, from the first bytes of both sides.
///
/// What was said is kept, turn by turn, until the detectors agree or give up. A turn is what one side says before
/// the other speaks: in a capture that joined late it is where messages are likely to begin. Detectors are stable
/// (see `Detector`), so it does not matter how the bytes were cut.
final class Detection {
    /// What was heard, in the order in which it was heard.
    struct Piece {
        var direction: Direction
        var count: Int
        var timestamp: Timestamp
        /// Beyond the limit of a turn only the number of bytes is kept.
        var isKept: Bool
    }

    private struct Turn {
        var direction: Direction
        /// Where the turn begins among the direction's bytes.
        var start: Int
    }

    enum Outcome {
        case undecided
        /// - Parameter isFlipped: the remote side is the client, other than the source had it.
        case recognised(ProtocolID, Evidence, isFlipped: Bool)
        case unknown
    }

    /// What is kept of each direction; `pieces` say in which order it was heard.
    private(set) var sent: [UInt8] = []
    private(set) var received: [UInt8] = []
    private(set) var pieces: [Piece] = []
    private var turns: [Turn] = []
    private var isStreamStart = true
    private var restarts = 0
    /// Of a turn that is too long only the beginning is kept, and the other side's answer is waited for.
    private var isCut: (sent: Bool, received: Bool) = (false, false)
    private var skippedBytes = 0

    private let registry: Registry

    init(_ registry: Registry) { self.registry = registry }

    /// Forgets what was said.
    ///
    /// - Parameter joinedLate: what follows need not be a stream's start.
    func reset(joinedLate: Bool) {
        clear()
        isStreamStart = !joinedLate
        restarts = 0
    }

    private func clear() {
        sent.removeAll(keepingCapacity: sent.capacity <= 4096)
        received.removeAll(keepingCapacity: received.capacity <= 4096)
        pieces.removeAll(keepingCapacity: pieces.capacity <= 64)
        turns.removeAll(keepingCapacity: true)
        isCut = (false, false)
        skippedBytes = 0
    }

    var isEmpty: Bool { turns.isEmpty }

    /// Bytes that are not judged yet, kept or not.
    var pendingBytes: Int { sent.count &+ received.count &+ skippedBytes }

    /// How many bytes, at least one, may be added at once.
    ///
    /// An event may hold megabytes, and switch protocols every twenty bytes: what is kept is copied each time.
    func room(_ direction: Direction, _ limits: Limits) -> Int {
        guard let turn = turns.last, turn.direction == direction else { return Self.addedAtOnce }
        let heard = (direction == .send ? sent.count : received.count) &- turn.start
        // Of a turn that is too long the same is kept, however it came.
        return heard > limits.detectionBytes
            ? .max : Swift.min(Self.addedAtOnce, limits.detectionBytes &+ 1 &- heard)
    }

    /// Most detectors decide by less.
    private static let addedAtOnce = 2048

    /// Adds what one side said and judges.
    /// - Returns: the outcome, and how many bytes were let go of without a verdict.
    func add(
        _ bytes: RawSpan, _ direction: Direction, _ timestamp: Timestamp, role: Role, limits: Limits
    ) -> (outcome: Outcome, dropped: Int) {
        var dropped = 0
        if direction == .send ? isCut.sent : isCut.received {
            guard !isStreamStart, turns.last?.direction != direction, restarts < Self.restartLimit else {
                skip(bytes.byteCount, direction, timestamp)
                return (.undecided, 0)
            }
            dropped = restart()
        }
        var outcome = Outcome.undecided
        if turns.last?.direction != direction { outcome = beginTurn(direction, role, limits, &dropped) }
        if direction == .send { sent.append(bytes) } else { received.append(bytes) }
        pieces.append(Piece(direction: direction, count: bytes.byteCount, timestamp: timestamp, isKept: true))
        guard case .undecided = outcome else { return (outcome, dropped) }
        let heard = (direction == .send ? sent.count : received.count) &- (turns.last?.start ?? 0)
        if heard > limits.detectionBytes {
            if direction == .send { isCut.sent = true } else { isCut.received = true }
        }
        let isFull = isCut.sent && isCut.received
        guard isFull || isWorthAsking(heard, bytes.byteCount) else { return (.undecided, dropped) }
        outcome = judge(role: role, isFinal: isFull)
        guard isFull, case .undecided = outcome else { return (outcome, dropped) }
        outcome = giveUp(&dropped)
        if case .undecided = outcome {
            // What is left of the turn is its middle, where nothing begins.
            turns.append(Turn(direction: direction, start: 0))
            if direction == .send { isCut.sent = true } else { isCut.received = true }
        }
        return (outcome, dropped)
    }

    /// The other side speaks; where there were turns enough, they are judged as they are.
    private func beginTurn(_ direction: Direction, _ role: Role, _ limits: Limits, _ dropped: inout Int) -> Outcome {
        var outcome = Outcome.undecided
        if turns.count >= limits.detectionTurns {
            outcome = judge(role: role, isFinal: true)
            if case .undecided = outcome { outcome = giveUp(&dropped) }
        }
        turns.append(Turn(direction: direction, start: direction == .send ? sent.count : received.count))
        return outcome
    }

    /// Nobody understands what was heard: in the middle of a conversation another beginning is tried.
    private func giveUp(_ dropped: inout Int) -> Outcome {
        guard !isStreamStart, restarts < Self.restartLimit else { return .unknown }
        dropped &+= restart()
        return .undecided
    }

    private func skip(_ count: Int, _ direction: Direction, _ timestamp: Timestamp) {
        skippedBytes &+= count
        if let last = pieces.indices.last, !pieces[last].isKept, pieces[last].direction == direction {
            pieces[last].count &+= count
        } else {
            pieces.append(Piece(direction: direction, count: count, timestamp: timestamp, isKept: false))
        }
    }

    /// Forgets what was heard, to begin anew with the next turn.
    /// - Returns: how many bytes that was.
    private func restart() -> Int {
        let dropped = pendingBytes
        restarts &+= 1
        clear()
        return dropped
    }

    /// Bytes are missing: what was heard is judged as it is, and what comes next is the middle of a conversation.
    func gap(role: Role) -> (outcome: Outcome, dropped: Int) {
        let outcome = finish(role: role)
        guard case .unknown = outcome else { return (outcome, 0) }
        let dropped = pendingBytes
        clear()
        isStreamStart = false
        return (.undecided, dropped)
    }

    /// No more bytes will come.
    func finish(role: Role) -> Outcome {
        let outcome = judge(role: role, isFinal: true)
        if case .undecided = outcome { return .unknown }
        return outcome
    }

    /// In the middle of a conversation that nobody understands, so many beginnings are tried.
    private static let restartLimit = 8

    /// Detectors decide within the first bytes; a long line that comes byte by byte is not judged anew for each.
    private func isWorthAsking(_ heard: Int, _ added: Int) -> Bool {
        heard <= 2048 || heard / 256 != (heard &- added) / 256
    }

    /// The protocol whose very first bytes these are, where the strictest detector, which is asked first, says so: the
    /// common case, found without keeping a byte.
    static func opening(_ bytes: RawSpan, _ registry: Registry) -> ProtocolID? {
        guard let first = registry.detectors.first, first.detector.strictness == .requestLine else { return nil }
        let context = DetectionContext(isStreamStart: true, isFinal: false)
        let nothing = bytes.extracting(first: 0)
        if case .yes = first.detector.examine(client: bytes, server: nothing, context) { return first.row }
        return nil
    }

    // MARK: Judging

    private func judge(role: Role, isFinal: Bool) -> Outcome {
        guard !turns.isEmpty else { return .undecided }
        if isStreamStart {
            return judge(from: 0, 0, role, DetectionContext(isStreamStart: true, isFinal: isFinal))
        }
        for (index, turn) in turns.enumerated() {
            let answer = index &+ 1 < turns.count ? turns[index &+ 1].start : nil
            let sentStart = turn.direction == .send ? turn.start : answer ?? sent.count
            let receivedStart = turn.direction == .receive ? turn.start : answer ?? received.count
            let context = DetectionContext(isStreamStart: false, isFinal: isFinal)
            let outcome = judge(from: sentStart, receivedStart, role, context)
            if case .recognised = outcome { return outcome }
        }
        return .undecided
    }

    private func judge(from sentStart: Int, _ receivedStart: Int, _ role: Role, _ context: DetectionContext) -> Outcome
    {
        let (sent, received) = (sent, received)
        let local = sent.span.bytes.extracting(sentStart..<sent.count)
        let remote = received.span.bytes.extracting(receivedStart..<received.count)
        let localIsClient = role != .server
        for entry in registry.detectors {
            let detector = entry.detector
            var finding =
                localIsClient
                ? detector.examine(client: local, server: remote, context)
                : detector.examine(client: remote, server: local, context)
            if case .yes(let evidence) = finding {
                return .recognised(entry.row, evidence, isFlipped: !localIsClient)
            }
            // Both sides have begun something that may be of a client: who is heard to the end first must not decide.
            let isOpenOnBothSides = finding == .needMore && !local.isEmpty && !remote.isEmpty
            if role == .unknown, !isOpenOnBothSides || context.isFinal {
                let other =
                    localIsClient
                    ? detector.examine(client: remote, server: local, context)
                    : detector.examine(client: local, server: remote, context)
                if case .yes(let evidence) = other {
                    return .recognised(entry.row, evidence, isFlipped: localIsClient)
                }
                if other == .needMore { finding = .needMore }
            }
            if finding == .needMore, !context.isFinal { return .undecided }
        }
        return .undecided
    }
}
