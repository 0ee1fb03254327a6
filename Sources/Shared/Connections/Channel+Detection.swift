/// How a channel finds out what is talked: it asks `Detection`, gives the analyzer what was kept meanwhile, and looks again where
/// nobody has understood.
extension Channel {
    /// - Returns: how many bytes were taken; those of an opening that is known at once are not, and reading has begun.
    func detect(_ bytes: RawSpan, _ direction: Direction, _ timestamp: Timestamp) -> Int {
        let opened = connection.opened
        lastHeard = timestamp
        let isFromClient = connection.side(direction) == .client
        if detection.isEmpty, !detection.isRefused, detection.mistaken == nil, isFromClient || opened.role == .unknown,
            let found = Detection.opening(bytes, run.registry)
        {
            connection.settleRoles(localIsClient: direction == .send)
            begin(found, detection.isStreamStart ? .opening : .middle)
            return 0
        }
        let piece = bytes.extracting(first: detection.room(direction, run.limits))
        _ = unknown.hear(direction, at: heard.sent &+ heard.received)
        hear(UInt64(piece.byteCount), direction)
        let (outcome, dropped) = detection.add(piece, direction, timestamp, role: opened.role, limits: run.limits)
        account { $0.unparsed[.unknownProtocol] &+= UInt64(dropped) }
        apply(outcome, timestamp)
        return piece.byteCount
    }

    func apply(_ outcome: Detection.Outcome, _ timestamp: Timestamp) {
        switch outcome {
        case .undecided: break
        case .unknown:
            if goBackToFirstGuess() { return }
            account { $0.unparsed[.unknownProtocol] &+= UInt64(detection.pendingBytes) }
            unknown.lookAgainAt = max(4096, unknown.turnStart.multipliedReportingOverflow(by: 2).partialValue)
            detection.lookAgain()
            mode = .unknown
            if layer == .wire { reportRest(EdgeReason.unknown, timestamp) }
        case .recognised(let found):
            mistaken = nil
            connection.settleRoles(localIsClient: !found.isFlipped)
            begin(found.row, found.start)
            chosen = (found.evidence, timestamp, found.followsOthers)
            // What was asked of a service is told after the service.
            if run.registry[found.row].role == .service { report(found.row, found.evidence, timestamp) }
            // What came before an envelope is no part of it.
            readKept(from: run.registry[found.row].role == .envelope ? found.from : (0, 0))
            if run.registry[found.row].role != .service { report(found.row, found.evidence, timestamp) }
        }
    }

    func begin(_ found: ProtocolID, _ start: Start) {
        began = (start, connection.verdict)
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

    // MARK: Errors

    /// The analyzer has lost its place before it had read anything: what was said may be something else, so it is judged once
    /// more, without that guess.
    ///
    /// - Parameter side: whose bytes the analyzer was shown; what the other side had said until then was not taken.
    func reconsider(_ side: Side, _ now: Timestamp) {
        let other = tail(side.other)
        var held = UniqueBytes()
        swap(&held, &other.bytes)
        let since = held.isEmpty ? now : other.since
        heard = (tail(connection.side(.send)).position, tail(connection.side(.receive)).position)
        let isClient = connection.localIsClient
        let heldDirection = connection.direction(side.other)
        mistaken = (row, began.start, isClient)
        mistakes &+= 1
        connection.takeBack(row, began.before)
        leaveAnalyzer()
        mode = .detecting
        unknown = Unknown()
        detection.reset(joinedLate: began.start == .middle)
        detection.refuse(mistaken?.row ?? .none)
        if !held.isEmpty { route(held.bytes, heldDirection, since) }
    }

    /// Before it is asked again what the streams are: each time costs what was said since.
    static let mistakeLimit = 8

    /// Nobody else understands what was said: it is what it was taken for first, and its place is lost.
    /// - Returns: whether there was such a guess, and all bytes are there that it rested on.
    func goBackToFirstGuess() -> Bool {
        guard let guess = mistaken, detection.isWhole else { return false }
        mistaken = nil
        mistakes = Self.mistakeLimit
        connection.settleRoles(localIsClient: guess.localIsClient)
        begin(guess.row, guess.start)
        readKept(from: (0, 0))
        return true
    }

    // MARK: What was kept

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
                routeGap(length, piece.direction, piece.timestamp)
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
        routeGap(count, direction, timestamp)
    }

    func hear(_ count: UInt64, _ direction: Direction) {
        if direction == .send { heard.sent &+= count } else { heard.received &+= count }
    }

    /// What of a direction was heard and is not judged yet.
    func undecided(_ direction: Direction) -> UInt64 {
        detection.pieces.reduce(0) { $1.direction == direction ? $0 &+ $1.length : $0 }
    }
}
