/// Finds out what a connection talks, from the first bytes of both sides.
///
/// What was said is kept, turn by turn, until the detectors agree or give up. A turn is what one side says before
/// the other speaks: in a capture that joined late it is where messages are likely to begin. Detectors are stable
/// (see `Detector`), so it does not matter how the bytes were cut.
package final class Detection {
    /// What was heard, in the order in which it was heard.
    package struct Piece {
        package var direction: Direction
        package var count: Int
        package var timestamp: Timestamp
    }

    private struct Turn {
        var direction: Direction
        /// Where the turn begins among the direction's bytes.
        var start: Int
    }

    package enum Outcome {
        case undecided
        /// - Parameter isFlipped: the remote side is the client, other than the source had it.
        case recognised(Verdict, Evidence, isFlipped: Bool)
        case unknown
    }

    package private(set) var sent: [UInt8] = []
    package private(set) var received: [UInt8] = []
    package private(set) var pieces: [Piece] = []
    private var turns: [Turn] = []
    private var isStreamStart = true
    private var restarts = 0
    /// A turn that was too long is not looked at any further.
    private var skipping: Direction?

    package init() {}

    package func reset(joinedLate: Bool) {
        clear()
        isStreamStart = !joinedLate
        restarts = 0
        skipping = nil
    }

    private func clear() {
        sent.removeAll(keepingCapacity: sent.capacity <= 4096)
        received.removeAll(keepingCapacity: received.capacity <= 4096)
        pieces.removeAll(keepingCapacity: pieces.capacity <= 64)
        turns.removeAll(keepingCapacity: true)
    }

    package var isEmpty: Bool { pieces.isEmpty }

    /// Bytes that are kept and not judged yet.
    package var keptBytes: Int { sent.count &+ received.count }

    /// Adds what one side said and judges.
    /// - Returns: the outcome, and how many bytes were let go of without a verdict.
    package func add(
        _ bytes: RawSpan, _ direction: Direction, _ timestamp: Timestamp, role: Role, limits: Limits
    ) -> (outcome: Outcome, dropped: Int) {
        if skipping == direction { return (.undecided, bytes.byteCount) }
        skipping = nil
        if turns.last?.direction != direction {
            turns.append(Turn(direction: direction, start: direction == .send ? sent.count : received.count))
        }
        if direction == .send { sent.append(bytes) } else { received.append(bytes) }
        pieces.append(Piece(direction: direction, count: bytes.byteCount, timestamp: timestamp))
        let heard = (direction == .send ? sent.count : received.count) &- (turns.last?.start ?? 0)
        let isFull = heard > limits.detectionBytes || turns.count > limits.detectionTurns
        guard isFull || isWorthAsking(heard, bytes.byteCount) else { return (.undecided, 0) }
        let outcome = judge(role: role, isFinal: isFull)
        guard isFull, case .undecided = outcome else { return (outcome, 0) }
        let dropped = keptBytes
        guard !isStreamStart, restarts < Self.restartLimit else { return (.unknown, 0) }
        restarts &+= 1
        if heard > limits.detectionBytes { skipping = direction }
        clear()
        return (.undecided, dropped)
    }

    /// Bytes are missing: what was heard is judged as it is, and what comes next is the middle of a conversation.
    package func gap(role: Role) -> (outcome: Outcome, dropped: Int) {
        let outcome = finish(role: role)
        guard case .unknown = outcome else { return (outcome, 0) }
        let dropped = keptBytes
        clear()
        isStreamStart = false
        skipping = nil
        return (.undecided, dropped)
    }

    /// No more bytes will come.
    package func finish(role: Role) -> Outcome {
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

    /// Whether the very first bytes of a connection are a request: the common case, found without keeping a byte.
    /// The detector is the first of the registry, so no other has to be asked.
    /// - Returns: whether the sides have to be exchanged; `nil` where the bytes are none, or not yet.
    package static func isHTTP(_ bytes: RawSpan, fromClient: Bool) -> Bool? {
        let context = DetectionContext(isStreamStart: true, isFinal: false)
        let nothing = bytes.extracting(first: 0)
        if case .yes = HTTP1Detector.examine(client: bytes, server: nothing, context) { return !fromClient }
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

    private func judge(from sentStart: Int, _ receivedStart: Int, _ role: Role, _ context: DetectionContext) -> Outcome {
        let (sent, received) = (sent, received)
        let local = sent.span.bytes.extracting(sentStart..<sent.count)
        let remote = received.span.bytes.extracting(receivedStart..<received.count)
        let localIsClient = role != .server
        for detector in Registry.all {
            // HTTP's and TLS's grammar tells the sides apart better than a guess; a known role stands for all others.
            let mayFlip = role == .unknown || detector.verdict == .http
            var finding = localIsClient
                ? detector.examine(client: local, server: remote, context)
                : detector.examine(client: remote, server: local, context)
            if case .yes(let evidence) = finding {
                return .recognised(detector.verdict, evidence, isFlipped: !localIsClient)
            }
            // Both sides have begun something that may be HTTP: who is heard to the end first must not decide.
            let isOpenOnBothSides = finding == .needMore && detector.verdict == .http && !local.isEmpty && !remote.isEmpty
            if mayFlip, !isOpenOnBothSides || context.isFinal {
                let other = localIsClient
                    ? detector.examine(client: remote, server: local, context)
                    : detector.examine(client: local, server: remote, context)
                if case .yes(let evidence) = other {
                    return .recognised(detector.verdict, evidence, isFlipped: localIsClient)
                }
                if other == .needMore { finding = .needMore }
            }
            if finding == .needMore, !context.isFinal { return .undecided }
        }
        return .undecided
    }
}
