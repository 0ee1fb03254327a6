/// One connection: its two streams, and what it was found to talk.
///
/// Without the runtime's exclusivity checks, for the reason that `Findings` gives.
package final class Connection {
    @exclusivity(unchecked) package private(set) var opened: ConnectionOpened
    /// The grammar showed that the remote side is the client, other than the source had guessed.
    @exclusivity(unchecked) package private(set) var isFlipped = false
    @exclusivity(unchecked) package private(set) var verdict: Verdict?
    @exclusivity(unchecked) package private(set) var confidence = 0
    package let layer: StreamLayer
    /// Both sides of the connection are profiled, and this is one of two views of the same bytes.
    @exclusivity(unchecked) package var hasOtherView = false
    /// What the map calls the side that called connect, once it was looked up.
    @exclusivity(unchecked) package var sourceName: NameID?
    @exclusivity(unchecked) package var ends = ContainerEnds()
    /// The process on the remote side, where it is profiled, too.
    @exclusivity(unchecked) package var otherProcess: ProcessKey? { didSet { ends.lookAgain() } }

    @exclusivity(unchecked) package private(set) var streams = StreamPair()
    @exclusivity(unchecked) private var analysis = Analysis.detecting
    private let detection = Detection()
    /// What reads HTTP here; without use while `analysis` is another.
    @exclusivity(unchecked) private var conversation: HTTPConversation?
    @exclusivity(unchecked) private var payloadBytes: UInt64 = 0
    private let findings: Findings
    /// How events of its messages start, written once.
    @exclusivity(unchecked) package var startText = StartText()

    private enum Analysis: Equatable {
        case detecting
        case http
        /// Recognised, and its messages are not taken apart.
        case recognised
        case unknown
    }

    package init(_ opened: ConnectionOpened, _ findings: Findings, layer: StreamLayer = .wire) {
        self.layer = layer
        self.opened = opened
        self.findings = findings
        detection.reset(joinedLate: opened.joinedLate)
    }

    /// Makes a connection that ended into a new one, keeping its buffers.
    package func reuse(_ opened: ConnectionOpened) {
        self.opened = opened
        isFlipped = false
        hasOtherView = false
        sourceName = nil
        ends = ContainerEnds()
        otherProcess = nil
        verdict = nil
        confidence = 0
        streams.reset()
        analysis = .detecting
        detection.reset(joinedLate: opened.joinedLate)
        payloadBytes = 0
        startText.removeAll()
    }

    /// The side that called connect, as far as it is known.
    package var client: Endpoint { localIsClient ? opened.local : opened.remote }
    /// The side that called accept.
    package var server: Endpoint { localIsClient ? opened.remote : opened.local }
    package var localIsClient: Bool { (opened.role == .server) == isFlipped }

    /// The map has what this connection does already, from its client's view.
    package var isCountedElsewhere: Bool { hasOtherView && !localIsClient }

    // MARK: Bytes

    /// Takes captured bytes of one direction.
    package func data(_ bytes: RawSpan, at position: StreamPosition, _ timestamp: Timestamp) {
        switch streams.accept(bytes, at: position, timestamp) {
        case .next(let from):
            let next = from == 0 ? bytes : bytes.extracting(from..<bytes.byteCount)
            deliver(next, position.direction, timestamp)
            settle(timestamp)
        case .kept: settle(timestamp)
        case .implausible: tooFar(bytes.byteCount)
        }
    }

    /// Accounts for bytes that lie too far ahead of their stream.
    private func tooFar(_ count: Int) {
        findings.summary.limits[.streamDistance] &+= 1
        findings.summary.bytes.total &+= UInt64(count)
        findings.summary.bytes.unparsed[.streamDistance] &+= UInt64(count)
    }

    /// Takes the news that bytes are missing which nobody will bring.
    package func gap(_ gap: StreamGap, _ timestamp: Timestamp) {
        if !streams.accept(gap, timestamp) { findings.summary.limits[.streamDistance] &+= 1 }
        settle(timestamp)
    }

    /// Takes the news that the receiver has all bytes before a position: what is missing there may be given up.
    package func acknowledged(_ position: StreamPosition, _ timestamp: Timestamp) {
        streams.acknowledge(position)
        settle(timestamp)
    }

    /// Takes the news that a direction's stream ends at a position: the bytes before it may still be on their way.
    package func finished(_ position: StreamPosition, _ timestamp: Timestamp) {
        streams.end(at: position)
        settle(timestamp)
    }

    /// Delivers what has become ready, and gives up holes that will not be filled.
    @inline(__always)
    private func settle(_ now: Timestamp) {
        if streams.isWaiting { settleWaiting(now) }
        if streams.knowsEnd { settleEnds() }
    }

    @inline(never)
    private func settleWaiting(_ now: Timestamp) {
        deliverReady()
        while let hole = streams.hopelessHole(now, findings.limits) {
            if hole.isOverLimit { findings.summary.limits[.outOfOrder] &+= 1 }
            _ = skipHole(hole.direction, hole.wasAcknowledged ? lossReason : .reassemblyLimit, now)
            deliverReady()
        }
    }

    private func deliverReady() {
        while let (piece, direction) = streams.takeReady() { deliver(piece, direction) }
    }

    /// - Returns: whether bytes were missing.
    private func skipHole(_ direction: Direction, _ reason: GapReason, _ now: Timestamp) -> Bool {
        let missing = streams.skipHole(direction)
        if missing > 0 { deliverGap(missing, reason, direction, now) }
        return missing > 0
    }

    /// Why bytes may be missing of which no event spoke.
    private var lossReason: GapReason { opened.process == nil ? .packetLost : .unseen }

    private func settleEnds() {
        while let direction = streams.takeEnded() {
            if analysis == .http { conversation?.finish(carried(direction)) }
        }
    }

    // MARK: Analysis

    private func deliver(_ piece: Reassembler.Piece, _ direction: Direction) {
        if let reason = piece.reason {
            deliverGap(piece.length, reason, direction, piece.timestamp)
        } else {
            deliver(piece.bytes.span.bytes, direction, piece.timestamp)
        }
    }

    @inline(__always)
    private func deliver(_ bytes: RawSpan, _ direction: Direction, _ timestamp: Timestamp) {
        let count = UInt64(bytes.byteCount)
        payloadBytes &+= count
        findings.summary.bytes.total &+= count
        route(bytes, direction, timestamp)
    }

    /// Bytes may be of several protocols, one after another: what an answer switches to begins behind it.
    private func route(_ bytes: RawSpan, _ direction: Direction, _ timestamp: Timestamp) {
        var at = 0
        repeat {
            let rest = bytes.extracting(at..<bytes.byteCount)
            switch analysis {
            case .http: at &+= converse(rest, direction, timestamp)
            case .recognised:
                findings.summary.bytes.recognised &+= UInt64(rest.byteCount)
                findings.observer?.bytes(rest, direction, of: self)
                return
            case .unknown:
                findings.summary.bytes.unparsed[.unknownProtocol] &+= UInt64(rest.byteCount)
                return
            case .detecting: at &+= detect(rest, direction, timestamp)
            }
        } while at < bytes.byteCount
    }

    /// - Returns: how many bytes were taken; those of a request are not, and HTTP has begun.
    private func detect(_ bytes: RawSpan, _ direction: Direction, _ timestamp: Timestamp) -> Int {
        let isFromClient = (direction == .send) == localIsClient
        if detection.isEmpty, isFromClient || opened.role == .unknown, Detection.isHTTPRequest(bytes) {
            isFlipped = isFlipped != !isFromClient
            beginHTTP()
            return 0
        }
        let piece = bytes.extracting(first: detection.room(direction, findings.limits))
        let (outcome, dropped) = detection.add(piece, direction, timestamp, role: opened.role, limits: findings.limits)
        findings.summary.bytes.unparsed[.unknownProtocol] &+= UInt64(dropped)
        apply(outcome, timestamp)
        return piece.byteCount
    }

    private func deliverGap(_ length: UInt64, _ reason: GapReason, _ direction: Direction, _ timestamp: Timestamp) {
        findings.summary.bytes.total &+= length
        findings.summary.bytes.gaps[reason] &+= length
        payloadBytes &+= length
        if analysis == .detecting, !detection.isEmpty {
            let (outcome, dropped) = detection.gap(role: opened.role)
            findings.summary.bytes.unparsed[.unknownProtocol] &+= UInt64(dropped)
            apply(outcome, timestamp)
        } else if analysis == .detecting {
            detection.reset(joinedLate: true)
        }
        if analysis == .http { conversation?.gap(length, carried(direction), timestamp) }
        if analysis == .recognised { findings.observer?.gap(length, direction, of: self) }
    }

    private func apply(_ outcome: Detection.Outcome, _ timestamp: Timestamp) {
        switch outcome {
        case .undecided: break
        case .unknown:
            findings.summary.bytes.unparsed[.unknownProtocol] &+= UInt64(detection.pendingBytes)
            detection.reset(joinedLate: true)
            analysis = .unknown
        case .recognised(.http, _, let flipped):
            isFlipped = (opened.role == .server) != flipped
            beginHTTP()
            replayKept()
        case .recognised(let found, let evidence, let flipped):
            isFlipped = (opened.role == .server) != flipped
            verdict = verdict ?? found
            findings.summary.bytes.recognised &+= UInt64(detection.pendingBytes)
            if let observer = findings.observer { detection.show(observer, of: self) }
            detection.reset(joinedLate: true)
            analysis = .recognised
            report(found, evidence, timestamp)
        }
    }

    /// Gives the HTTP parsers what was kept while the protocol was not known.
    private func replayKept() {
        let pieces = detection.pieces
        let sentBytes = detection.sent
        let receivedBytes = detection.received
        detection.reset(joinedLate: true)
        var sentAt = 0
        var receivedAt = 0
        for piece in pieces {
            guard piece.isKept else {
                findings.summary.bytes.unparsed[.betweenMessages] &+= UInt64(piece.count)
                if analysis == .http {
                    conversation?.gap(UInt64(piece.count), carried(piece.direction), piece.timestamp)
                }
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

    private func report(_ found: Verdict, _ evidence: Evidence, _ timestamp: Timestamp) {
        switch found {
        case .http: break
        case .service(let service):
            confidence = 90
            let onDefaultPort = service.defaultPorts.contains(server.port)
            let reason = onDefaultPort ? "port \(server.port), \(evidence.reason)" : "\(evidence.reason)"
            findings.record(self, service, confidence: 90, reason: reason, serverName: nil, timestamp)
        case .tls:
            guard let service = ServiceProtocol.atHome(on: server.port) else { return }
            confidence = 60
            findings.record(
                self, service, confidence: 60, reason: "port \(server.port), \(evidence.reason)",
                serverName: evidence.clientHello?.serverName, timestamp)
        }
    }

    // MARK: HTTP

    private func beginHTTP() {
        verdict = verdict ?? .http
        analysis = .http
        if let conversation { conversation.reset() } else { conversation = HTTPConversation(self, findings) }
    }

    /// - Returns: how many bytes were HTTP; fewer than given where it switches to another protocol.
    @inline(__always)
    private func converse(_ bytes: RawSpan, _ direction: Direction, _ timestamp: Timestamp) -> Int {
        guard let conversation else { return bytes.byteCount }
        let used = conversation.consume(bytes, carried(direction), timestamp)
        if conversation.isSwitched { switchProtocol(conversation, timestamp) }
        return used
    }

    /// What a direction of an HTTP connection carries.
    @inline(__always)
    private func carried(_ direction: Direction) -> HTTPHead.Kind {
        (direction == .send) == localIsClient ? .request : .response
    }

    /// After 101 or an accepted CONNECT the stream is no longer HTTP: the detectors get to see it afresh.
    private func switchProtocol(_ conversation: HTTPConversation, _ timestamp: Timestamp) {
        let held = conversation.takeHeldRequestBytes()
        conversation.end()
        analysis = .detecting
        detection.reset(joinedLate: false)
        let client: Direction = localIsClient ? .send : .receive
        if !held.isEmpty { route(held.span.bytes, client, timestamp) }
    }

    // MARK: The end

    /// Everything that is still waiting is delivered, with gaps for what never came, and reported.
    package func close(_ closed: ConnectionClosed, _ timestamp: Timestamp) {
        repeat {
            deliverReady()
            settleEnds()
        } while skipHole(.send, lossReason, timestamp) || skipHole(.receive, lossReason, timestamp)
        // What is recognised at last may switch protocols, and leave bytes to be judged anew.
        while analysis == .detecting, !detection.isEmpty {
            let outcome = detection.finish(role: opened.role)
            if case .unknown = outcome {
                findings.summary.bytes.unparsed[.undecided] &+= UInt64(detection.pendingBytes)
                break
            }
            apply(outcome, timestamp)
        }
        if analysis == .http { conversation?.end() }
        if closed.how == .connectFailed {
            findings.recordFailure(self, closed.error, timestamp)
        } else if verdict == nil, payloadBytes == 0, let service = ServiceProtocol.atHome(on: server.port) {
            confidence = 60
            findings.record(
                self, service, confidence: 60, reason: "port \(server.port), no payload seen", serverName: nil,
                timestamp)
        }
        findings.count(self, closed.how, hasPayload: payloadBytes > 0)
    }
}
