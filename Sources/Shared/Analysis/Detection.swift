/// Finds out what a connection talks, from what both sides say.
///
/// What was said is kept, turn by turn, until the detectors agree or give up. A turn is what one side says before
/// the other speaks: in a capture that joined late it is where messages are likely to begin. Detectors are stable
/// (see `Detector`), so it does not matter how the bytes were cut.
///
/// 1. A stream's start is judged as one: both sides from their first byte on, handshakes and greetings.
/// 2. Where all detectors refuse that, or where nobody saw the start, each turn is a beginning that is tried, with the
///    other side's next turn as its answer. A first turn that nobody understands does not decide for ever.
/// 3. Where a capture joined inside a message and one side goes on and on, messages are searched for within its turn.
///
/// After some turns, or bytes, all that was heard is let go of and the next turn is another beginning (a window); after
/// some windows the channel looks again only now and then.
final class Detection {
    /// What was heard, in the order in which it was heard.
    struct Piece {
        var direction: Direction
        /// How many bytes of the capture.
        var count: Int
        var timestamp: Timestamp
        var kind: Kind

        /// With what was not captured.
        var length: UInt64 {
            if case .missing(let length) = kind { length } else { UInt64(count) }
        }

        enum Kind: Equatable {
            case kept
            /// Beyond the limit of a turn only the number of bytes is kept.
            case skipped
            /// So many bytes were not captured.
            case missing(UInt64)
        }
    }

    private struct Turn {
        var direction: Direction
        /// Where the turn begins among the direction's bytes.
        var start: Int
        /// All detectors have refused it as a beginning, which no more bytes change (`Detector` is stable).
        var isRefused = false
    }

    enum Outcome {
        case undecided
        indirect case recognised(Recognition)
        case unknown
    }

    /// The protocol that is at home on the server's port.
    struct Home {
        var row: ProtocolID
        /// Who would be its client.
        var localIsClient: Bool
    }

    struct Recognition {
        var row: ProtocolID
        var evidence: Evidence
        /// The remote side is the client, other than the source had it.
        var isFlipped: Bool
        var start: Start
        /// Something else was said before it, which nobody understood.
        var followsOthers: Bool
        /// Where the recognised turn and its answer begin among the bytes that are kept.
        var from: (sent: Int, received: Int)
    }

    /// What is kept of each direction; `pieces` say in which order it was heard.
    private(set) var sent: [UInt8] = []
    private(set) var received: [UInt8] = []
    private(set) var pieces: [Piece] = []
    private var turns: [Turn] = []
    /// Where bytes are missing among those of a direction.
    private var gaps: (sent: [Int], received: [Int]) = ([], [])
    /// What is heard next by a direction begins a turn of its own, because bytes before it are missing.
    private var isTornOff: (sent: Bool, received: Bool) = (false, false)
    /// The window begins where the streams do.
    private(set) var isStreamStart = true
    /// As `isStreamStart`, but it stays where bytes are missing later.
    private var beganAtStart = true
    /// The streams' start was heard, and nobody understood it: from here on only what is proof by itself counts.
    private(set) var isRefused = false
    private var restarts = 0
    /// Windows that began within one side's turn.
    private var monologues = 0
    /// Of a turn that is too long only the beginning is kept, and the other side's answer is waited for.
    private var isCut: (sent: Bool, received: Bool) = (false, false)
    /// What it is not, whatever is said.
    var excluded: ProtocolID?
    /// What the window's beginning was taken for, in error.
    private(set) var mistaken: ProtocolID?
    private var skippedBytes = 0
    /// What the first bytes of both sides look like.
    private var firstImpression: Impression?

    private let registry: Registry

    init(_ registry: Registry) { self.registry = registry }

    /// Forgets what was said.
    ///
    /// - Parameter joinedLate: what follows need not be a stream's start.
    func reset(joinedLate: Bool) {
        clear()
        isStreamStart = !joinedLate
        beganAtStart = !joinedLate
        isRefused = false
        restarts = 0
        monologues = 0
        firstImpression = nil
    }

    /// Begins one window more, where all before it were in vain.
    func lookAgain() {
        keepImpression()
        clear()
        isStreamStart = false
        restarts = Self.restartLimit
    }

    /// What is let go of may be all that anybody will see of the connection.
    private func keepImpression() { if firstImpression == nil, !turns.isEmpty { firstImpression = look() } }

    /// What follows was taken for this protocol and is none, as far as what reads it can tell.
    func refuse(_ row: ProtocolID) { mistaken = row }

    /// Nothing of what was heard since `reset` was let go of.
    var isWhole: Bool { restarts == 0 }

    private func clear() {
        mistaken = nil
        sent.removeAll(keepingCapacity: sent.capacity <= 4096)
        received.removeAll(keepingCapacity: received.capacity <= 4096)
        pieces.removeAll(keepingCapacity: pieces.capacity <= 64)
        turns.removeAll(keepingCapacity: true)
        if !gaps.sent.isEmpty { gaps.sent.removeAll() }
        if !gaps.received.isEmpty { gaps.received.removeAll() }
        isTornOff = (false, false)
        isCut = (false, false)
        skippedBytes = 0
    }

    /// Nothing is said for some time: no room is kept for what may come.
    func trim() {
        if sent.isEmpty { sent = [] }
        if received.isEmpty { received = [] }
        if pieces.isEmpty { pieces = [] }
        if turns.isEmpty { turns = [] }
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
        guard heard > limits.detectionBytes else {
            return Swift.min(Self.addedAtOnce, limits.detectionBytes &+ 1 &- heard)
        }
        return isMonologue(direction) && mayRestart ? Self.addedAtOnce : .max
    }

    /// Most detectors decide by less.
    private static let addedAtOnce = 2048

    // MARK: What is heard

    /// Adds what one side said and judges.
    /// - Returns: the outcome, and how many bytes were let go of without a verdict.
    func add(
        _ bytes: RawSpan, _ direction: Direction, _ timestamp: Timestamp, role: Role, limits: Limits
    ) -> (outcome: Outcome, dropped: Int) {
        // An event without bytes is nobody's turn.
        guard bytes.byteCount > 0 else { return (.undecided, 0) }
        var dropped = 0
        if direction == .send ? isCut.sent : isCut.received {
            let goesOn = !beginsTurn(direction)
            guard !goesOn || isMonologue(direction), mayRestart else {
                skip(bytes.byteCount, direction, timestamp)
                return (.undecided, 0)
            }
            // However long it is, the other side's turn is another beginning.
            let count = restarts
            dropped = restart()
            if goesOn {
                restarts = Swift.max(count, 1)
                monologues &+= 1
            }
        }
        var outcome = Outcome.undecided
        if beginsTurn(direction) { outcome = beginTurn(direction, role, limits, &dropped) }
        if direction == .send { sent.append(bytes) } else { received.append(bytes) }
        pieces.append(Piece(direction: direction, count: bytes.byteCount, timestamp: timestamp, kind: .kept))
        guard case .undecided = outcome else { return (outcome, dropped) }
        let heard = (direction == .send ? sent.count : received.count) &- (turns.last?.start ?? 0)
        if heard > limits.detectionBytes {
            if direction == .send { isCut.sent = true } else { isCut.received = true }
            // One side goes on and on, and the other is not heard at all: as the stream begins that waits for nobody but where the
            // client's bytes are not captured.
            let isServer = role == .client ? direction == .receive : role == .server && direction == .send
            if !isStreamStart || isServer, direction == .send ? received.isEmpty : sent.isEmpty {
                outcome = judge(role: role, isFinal: true)
                guard case .undecided = outcome else { return (outcome, dropped) }
            }
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

    /// Nothing was heard of the other side, behind whose turn another could begin: what goes on is looked at in its place.
    private func isMonologue(_ direction: Direction) -> Bool {
        !isStreamStart && monologues < Self.restartLimit && (direction == .send ? received.isEmpty : sent.isEmpty)
    }

    private func beginsTurn(_ direction: Direction) -> Bool {
        turns.last?.direction != direction || (direction == .send ? isTornOff.sent : isTornOff.received)
    }

    /// The other side speaks, or the same one behind bytes that are missing; where there were turns enough, they are
    /// judged as they are.
    private func beginTurn(_ direction: Direction, _ role: Role, _ limits: Limits, _ dropped: inout Int) -> Outcome {
        var outcome = Outcome.undecided
        if turns.count >= limits.detectionTurns {
            outcome = judge(role: role, isFinal: true)
            if case .undecided = outcome { outcome = giveUp(&dropped) }
        }
        turns.append(Turn(direction: direction, start: direction == .send ? sent.count : received.count))
        if direction == .send { isTornOff.sent = false } else { isTornOff.received = false }
        return outcome
    }

    /// A beginning that is still open is waited for.
    private var mayRestart: Bool { restarts < Self.restartLimit && (!isStreamStart || isRefused) }

    /// Nobody understands what was heard: another beginning is tried.
    private func giveUp(_ dropped: inout Int) -> Outcome {
        if isStreamStart { isRefused = true }
        guard mayRestart else { return .unknown }
        dropped &+= restart()
        return .undecided
    }

    private func skip(_ count: Int, _ direction: Direction, _ timestamp: Timestamp) {
        skippedBytes &+= count
        if let last = pieces.indices.last, pieces[last].kind == .skipped, pieces[last].direction == direction {
            pieces[last].count &+= count
        } else {
            pieces.append(Piece(direction: direction, count: count, timestamp: timestamp, kind: .skipped))
        }
    }

    /// Forgets what was heard, to begin anew with the next turn.
    /// - Returns: how many bytes that was.
    private func restart() -> Int {
        let dropped = pendingBytes
        restarts &+= 1
        keepImpression()
        clear()
        isStreamStart = false
        beganAtStart = false
        return dropped
    }

    /// Bytes of one direction are missing: what was heard is judged as it is, and what comes next is the middle of a
    /// conversation.
    /// - Returns: the outcome, and how many bytes were let go of without a verdict.
    func gap(
        _ length: UInt64, _ direction: Direction, _ timestamp: Timestamp, role: Role
    ) -> (outcome: Outcome, dropped: Int) {
        let outcome = judge(role: role, isFinal: true)
        guard case .undecided = outcome else { return (outcome, 0) }
        isStreamStart = false
        guard gaps.sent.count &+ gaps.received.count < Self.gapLimit else {
            let dropped = pendingBytes
            keepImpression()
            clear()
            beganAtStart = false
            return (.undecided, dropped)
        }
        pieces.append(Piece(direction: direction, count: 0, timestamp: timestamp, kind: .missing(length)))
        if direction == .send {
            gaps.sent.append(sent.count)
            isTornOff.sent = true
        } else {
            gaps.received.append(received.count)
            isTornOff.received = true
        }
        return (.undecided, 0)
    }

    /// In a capture of the packets' heads each of them is followed by one.
    private static let gapLimit = 64

    /// Nothing was said for some time: what one side said alone is judged as it is.
    /// - Parameter home: the protocol that is at home on the port.
    func pause(role: Role, home: Home?) -> Outcome {
        guard sent.isEmpty != received.isEmpty else { return .undecided }
        let outcome = judge(role: role, isFinal: true)
        if case .undecided = outcome { return atHome(home) }
        return outcome
    }

    /// No more bytes will come.
    /// - Parameter home: the protocol that is at home on the port.
    func finish(role: Role, home: Home?) -> Outcome {
        var outcome = judge(role: role, isFinal: true)
        if case .undecided = outcome { outcome = atHome(home) }
        if case .undecided = outcome { return .unknown }
        return outcome
    }

    /// In a conversation that nobody understands, so many beginnings are tried.
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

    private enum Verdict {
        case yes(Recognition)
        /// Somebody waits for more.
        case open
        case no
    }

    private func judge(role: Role, isFinal: Bool) -> Outcome {
        guard !turns.isEmpty else { return .undecided }
        var first = 0
        if isStreamStart, isRefused {
            first = 1
        } else if isStreamStart {
            switch judge(from: 0, 0, role, DetectionContext(isStreamStart: true, isFinal: isFinal)) {
            case .yes(let found): return .recognised(found)
            case .open: return .undecided
            case .no: first = 1
            }
            if !isFinal { isRefused = true }
        }
        // Behind a start that was refused, what would only do for want of anything better does not.
        let follows = isRefused || isStreamStart
        let context = DetectionContext(isStreamStart: false, isFinal: isFinal && !follows, followsOthers: follows)
        for index in turns.indices.dropFirst(first) where !turns[index].isRefused {
            let turn = turns[index]
            let answer = turns.dropFirst(index &+ 1).first { $0.direction != turn.direction }?.start
            let sentStart = turn.direction == .send ? turn.start : answer ?? sent.count
            let receivedStart = turn.direction == .receive ? turn.start : answer ?? received.count
            switch judge(from: sentStart, receivedStart, role, context) {
            case .yes(let found):
                let isEnvelope = registry[found.row].role == .envelope
                return .recognised(isEnvelope ? own(found, index, role) : found)
            case .open: break
            case .no: turns[index].isRefused = !context.isFinal
            }
        }
        return context.isFinal ? search(role) : .undecided
    }

    /// What stands before an envelope is no part of it: where the turn that was judged is none of it, and what answered it was
    /// proof enough, its side begins with its next turn.
    private func own(_ found: Recognition, _ index: Int, _ role: Role) -> Recognition {
        let turn = turns[index]
        let isSent = turn.direction == .send
        let (said, gaps) = isSent ? (sent, gaps.sent) : (received, gaps.received)
        let isLocalClient = (role != .server) != found.isFlipped
        let part = said.span.bytes.extracting(turn.start..<end(turn.start, gaps, said.count))
        let isOther = registry[found.row].detectors.allSatisfy {
            $0.likeness(part, from: isSent == isLocalClient ? .client : .server, isStreamStart: false) == .no
        }
        guard isOther else { return found }
        var own = found
        let next = turns.dropFirst(index &+ 1).first { $0.direction == turn.direction }?.start ?? said.count
        own.from = isSent ? (next, found.from.received) : (found.from.sent, next)
        return own
    }

    /// What a direction said from a place on, up to where bytes are missing.
    private func end(_ start: Int, _ gaps: [Int], _ count: Int) -> Int { gaps.first { $0 > start } ?? count }

    private func judge(from sentStart: Int, _ receivedStart: Int, _ role: Role, _ context: DetectionContext) -> Verdict
    {
        let refused = sentStart == 0 && receivedStart == 0 ? mistaken : nil
        let (sent, received) = (sent, received)
        let local = sent.span.bytes.extracting(sentStart..<end(sentStart, gaps.sent, sent.count))
        let remote = received.span.bytes.extracting(receivedStart..<end(receivedStart, gaps.received, received.count))
        let localIsClient = role != .server
        let localBegan = turns.first?.direction == .send
        var (context, otherContext) = (context, context)
        context.beginsWithServer = context.isStreamStart && localBegan != localIsClient
        otherContext.beginsWithServer = context.isStreamStart && localBegan == localIsClient
        for entry in registry.detectors where entry.row != refused && entry.row != excluded {
            let detector = entry.detector
            var finding =
                localIsClient
                ? detector.examine(client: local, server: remote, context)
                : detector.examine(client: remote, server: local, context)
            if case .yes(let evidence) = finding {
                return found(entry.row, evidence, isFlipped: !localIsClient, context)
            }
            // Both sides have begun something that may be of a client: who is heard to the end first must not decide.
            let isOpenOnBothSides = finding == .needMore && !local.isEmpty && !remote.isEmpty
            if role == .unknown, !isOpenOnBothSides || context.isFinal {
                let other =
                    localIsClient
                    ? detector.examine(client: remote, server: local, otherContext)
                    : detector.examine(client: local, server: remote, otherContext)
                if case .yes(let evidence) = other {
                    return found(entry.row, evidence, isFlipped: localIsClient, context)
                }
                if other == .needMore { finding = .needMore }
            }
            if finding == .needMore, !context.isFinal { return .open }
        }
        return .no

        func found(
            _ row: ProtocolID, _ evidence: Evidence, isFlipped: Bool, _ context: DetectionContext
        ) -> Verdict {
            .yes(
                Recognition(
                    row: row, evidence: evidence, isFlipped: isFlipped,
                    start: context.isStreamStart ? .opening : .middle,
                    followsOthers: isRefused && !context.isStreamStart,
                    from: (sentStart, receivedStart)))
        }
    }

    /// Looks for messages within the turns.
    private func search(_ role: Role) -> Outcome {
        for (index, turn) in turns.enumerated() {
            let isSent = turn.direction == .send
            let (bytes, gaps) = isSent ? (sent, gaps.sent) : (received, gaps.received)
            let next = turns.dropFirst(index &+ 1).first { $0.direction == turn.direction }?.start ?? bytes.count
            let part = bytes.span.bytes.extracting(turn.start..<min(next, end(turn.start, gaps, bytes.count)))
            guard !part.isEmpty else { continue }
            let sides: [Side] =
                role == .unknown ? [.client, .server] : [isSent == (role == .client) ? .client : .server]
            for entry in registry.detectors where entry.row != excluded {
                for side in sides {
                    guard let evidence = entry.detector.search(part, from: side) else { continue }
                    return .recognised(
                        Recognition(
                            row: entry.row, evidence: evidence, isFlipped: isSent != (side == .client), start: .middle,
                            followsOthers: false, from: isSent ? (turn.start, received.count) : (sent.count, turn.start)
                        ))
                }
            }
        }
        return .undecided
    }

    // MARK: Where nobody is sure

    /// How what was heard looks to whom the port says that it is of a protocol: what both sides said from the start on or,
    /// where that was not heard, from one of the turns on.
    func likeness(to home: Home) -> Likeness {
        guard restarts == 0, !turns.isEmpty, pendingBytes >= Self.leastBytes else { return .no }
        var best = Likeness.no
        for (index, turn) in turns.enumerated() where index == 0 || !beganAtStart {
            let answer = turns.dropFirst(index &+ 1).first { $0.direction != turn.direction }?.start
            let sentStart = turn.direction == .send ? turn.start : answer ?? sent.count
            let receivedStart = turn.direction == .receive ? turn.start : answer ?? received.count
            switch likeness(to: home, sentStart, receivedStart) {
            case .whole: return .whole
            case .open: if index == 0 { best = .open }
            case .no: break
            }
        }
        return best
    }

    /// A single byte is as good as none.
    private static let leastBytes = 2

    private func likeness(to home: Home, _ sentStart: Int, _ receivedStart: Int) -> Likeness {
        let (sent, received) = (sent, received)
        let near = sent.span.bytes.extracting(sentStart..<end(sentStart, gaps.sent, sent.count))
        let far = received.span.bytes.extracting(receivedStart..<end(receivedStart, gaps.received, received.count))
        var best = Likeness.no
        for detector in registry[home.row].detectors {
            let (side, other): (Side, Side) = home.localIsClient ? (.client, .server) : (.server, .client)
            let first = near.isEmpty ? .open : detector.likeness(near, from: side, isStreamStart: beganAtStart)
            let second = far.isEmpty ? .open : detector.likeness(far, from: other, isStreamStart: beganAtStart)
            if first == .no || second == .no { continue }
            if first == .whole || second == .whole { return .whole }
            best = .open
        }
        return best
    }

    /// What the port says, where a whole message agrees with it.
    private func atHome(_ home: Home?) -> Outcome {
        guard let home, likeness(to: home) == .whole else { return .undecided }
        return .recognised(
            Recognition(
                row: home.row, evidence: Evidence("a whole message"), isFlipped: !home.localIsClient,
                start: beganAtStart ? .opening : .middle, followsOthers: false, from: (0, 0)))
    }

    /// What the first bytes of both sides look like, for whom no detector is sure.
    var impression: Impression { firstImpression ?? look() }

    private func look() -> Impression {
        var impression = Impression()
        impression.first = turns.first?.direction
        for turn in turns.prefix(2) {
            let bytes = turn.direction == .send ? sent : received
            let next = turns.dropFirst(1).first { $0.direction == turn.direction && $0.start > turn.start }?.start
            let kind = Impression.Kind(bytes.span.bytes.extracting(turn.start..<(next ?? bytes.count)))
            if turn.direction == .send { impression.sent = kind } else { impression.received = kind }
        }
        return impression
    }
}
