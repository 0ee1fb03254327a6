/// HTTP/1 (RFC 9110, RFC 9112): requests, their responses, and which belongs to which.
final class HTTP1Analyzer: Analyzer {
    let run: Run
    private let requests: HTTP1Stream
    private let responses: HTTP1Stream
    private var pairing = Pairing<InOrder, HTTP1Ask>()
    /// What was read of the last request's head.
    private var lastRequest: ReadRequest?
    /// When bytes of the client's were found missing last.
    private var lossOfClient = Timestamp(nanoseconds: .min)
    private var retransmittedDifferent: UInt64 = 0
    /// An answer that was read and waits until it is sure whose it is (`Match.doubtful`).
    private var doubtful: DoubtfulAnswer?
    /// What the server has switched to, where that answers the request itself.
    private var answering: ProtocolID?
    /// What the server has switched to by name, with the fields that say how.
    private var upgraded: (row: ProtocolID, agreed: [UInt8])?
    /// The host that the last request names that asked to switch.
    private var switchHost: [UInt8] = []
    private let http2: ProtocolID?
    private(set) var hasRead = false

    /// What of a request decides how its response is read.
    struct HTTP1Ask: BitwiseCopyable {
        var method: RequestMethod
        /// CONNECT, or Upgrade (RFC 9110, section 7.8).
        var asksToSwitch: Bool
    }

    /// Apart from the analyzer: few have one, and only for a while.
    private final class DoubtfulAnswer {
        var message: Message

        init(_ message: consuming Message) { self.message = message }
    }

    private struct ReadRequest {
        var ask: HTTP1Ask
        var token: Token
    }

    init(_ run: Run) {
        self.run = run
        requests = HTTP1Stream(.client, run)
        responses = HTTP1Stream(.server, run)
        http2 = run.registry.id(named: "\(ProtocolRow.http2.name)")
    }

    func begin(_ start: Start) {
        lastRequest = nil
        lossOfClient = Timestamp(nanoseconds: .min)
        retransmittedDifferent = 0
        requests.reset(joinedLate: start == .middle)
        responses.reset(joinedLate: start == .middle)
        pairing.reset(isFromStart: start != .middle)
        doubtful = nil
        hasRead = false
        answering = nil
        upgraded = nil
        switchHost.removeAll()
        guard case .continued(let carried) = start, let exchange = carried.exchange else { return }
        let text = carried.text.span.bytes
        _ = pairing.store(text)
        let method = RequestMethod(text, exchange.verb.range)
        pairing.append(InOrder(), HTTP1Ask(method: method, asksToSwitch: false), exchange)
    }

    // MARK: From the channel

    func consume(_ bytes: RawSpan, _ side: Side, _ at: Arrival, _ out: any Output) -> Step {
        guard side == .client else { return responses.consume(bytes, at, self, out) }
        if pairing.isInDoubt { hearMore(out) }
        return requests.consume(bytes, at, self, out)
    }

    func gap(_ length: UInt64, _ side: Side, after tail: RawSpan, _ at: Arrival, _ out: any Output) -> Step {
        if side == .client {
            if pairing.isInDoubt { settleDoubt(inFavour: false, out) }
            lossOfClient = max(lossOfClient, at.last)
        }
        let step = stream(side).gap(length, after: tail, at, self, out)
        guard side == .server, requests.isAwaitingSwitch, case .lost(let taken, _) = step else { return step }
        return .handOver(took: taken, .detect(switchUnheard(out)))
    }

    /// What answered the request to switch is missing: what follows may be the other protocol, or this one again.
    /// - Returns: where a tunnel leads; whoever speaks on behind CONNECT was let through, most likely.
    private func switchUnheard(_ out: any Output) -> Announcement {
        var announcement = Announcement()
        if let slot = pairing.newest, pairing.ask(slot).method == .connect {
            let target = pairing.exchange(slot).target
            pairing.text.withBytes { announcement.destination = RequestTarget.destination($0, target.range) }
        }
        pairing.drain(out)
        return announcement
    }

    func search(_ bytes: RawSpan, _ side: Side, from: Search) -> Found {
        let found = stream(side).search(bytes, from)
        // What is passed over answers nobody knows what.
        if side == .server, found.passesOver { pairing.hear() }
        return found
    }

    func end(_ side: Side, after tail: RawSpan, _ at: Timestamp, _ out: any Output) -> Int {
        if side == .client, pairing.isInDoubt, !pairing.needsNextRequest, out.isOver(.client) {
            settleDoubt(inFavour: true, out)
        }
        return stream(side).end(after: tail, at, self, out)
    }

    func finish(_ out: any Output) {
        // One request is there, and one answer.
        if pairing.isInDoubt {
            settleDoubt(inFavour: pairing.isOneForOne && doubtful != nil && out.hasAll(of: .server), out)
        }
        pairing.drain(out)
    }

    var held: Int { requests.held &+ responses.held &+ pairing.text.count &+ (doubtful?.message.held ?? 0) }

    func trim() {
        requests.trim()
        responses.trim()
        pairing.trim()
    }

    var oldestAsk: UInt64? { pairing.oldestPosition }

    private func stream(_ side: Side) -> HTTP1Stream { side == .client ? requests : responses }

    // MARK: From the streams

    /// Nobody knows for sure what was asked that the answer answers which is read.
    func isAnswerToUnknown(_ stream: HTTP1Stream) -> Bool {
        stream.side == .server && (pairing.answered == nil || pairing.isInDoubt)
    }

    /// Where the next message begins is not known, nor how many were lost.
    /// - Parameter isCut: within a head, which is told of as far as it goes.
    func placeIsLost(_ side: Side, isCut: Bool = false, _ out: any Output) {
        hasRead = true
        // Another answer may be among what is missing.
        if side == .server, pairing.needsNextRequest { settleDoubt(inFavour: false, out) }
        if side == .client, isCut { pairing.giveUpLate(out) }
        pairing.lose(side)
    }

    /// A head was read; the body's framing depends on what the other side said.
    /// - Parameter isKnown: it is the stream's last one again, byte for byte.
    func headIsComplete(_ stream: HTTP1Stream, _ bytes: RawSpan, isKnown: Bool, _ out: any Output) -> HTTPFraming {
        hasRead = true
        if stream.side == .client {
            ask(stream, bytes, isKnown ? lastRequest : nil, out)
            return HTTPFraming.ofRequest(stream.framing)
        }
        var method = RequestMethod.unknown
        if stream.message.head.status == 101, let name = stream.framing.upgrade {
            let row = run.registry.row(upgrade: bytes.extracting(name))
            answering = row == http2 ? row : nil
            if let row, row != http2 {
                let head = bytes.extracting(first: stream.message.head.length)
                let fields = (head.firstIndex(of: ASCII.lineFeed) ?? -1) &+ 1
                upgraded = (row, [UInt8](head.extracting(fields..<head.byteCount)))
            }
        }
        if pairing.isInDoubt {
            // Two answers to one request: there were others.
            settleDoubt(inFavour: false, out)
            pairing.lose(.client)
        }
        // A head that lacks its end waited for it, and what was lost meanwhile it does not answer.
        let isEarlier = stream.message.anomalies.contains(.headIncomplete) && stream.message.firstByte <= lossOfClient
        let match = pairing.match(
            InOrder(), isFinal: Self.isFinal(stream.message.head.status), beganBeforeLoss: isEarlier)
        switch match {
        case .slot(let slot): method = pairing.ask(slot).method
        case .doubtful(let slot):
            method = pairing.ask(slot).method
            if pairing.needsNextRequest ? isEndless(stream, slot) : out.isOver(.client) { pairing.confirm() }
        case .givenUp, .none: stream.message.anomalies.insert(.responseWithoutRequest)
        }
        return HTTPFraming.ofResponse(stream.framing, status: stream.message.head.status, to: method)
    }

    /// What the client says behind such an answer is no other request that would show whose it is.
    private func isEndless(_ stream: HTTP1Stream, _ slot: Int) -> Bool {
        pairing.ask(slot).asksToSwitch || stream.events == .events
    }

    private func ask(_ stream: HTTP1Stream, _ bytes: RawSpan, _ known: ReadRequest?, _ out: any Output) {
        while pairing.isFull(run.limits) {
            out.reached(.pipelinedRequests)
            pairing.giveUpOldest(out)
        }
        pairing.willAsk(out)
        let verb = stream.message.head.verb
        var target = stream.message.head.target
        let request = known ?? read(verb, target, stream.framing, bytes, out)
        lastRequest = request
        if request.ask.method == .connect {
            // Without a user, who is no part of a name.
            let named = RequestTarget(bytes, target.range, .connect).path
            target = ByteRange(named.lowerBound, named.upperBound)
        }
        var line = pairing.store(bytes.extracting(verb.range.lowerBound..<target.range.upperBound))
        if stream.framing.isTargetCut {
            // Behind it directly: it begins so, and goes on.
            let more = pairing.store(Self.andMore.span.bytes)
            line.count &+= more.count
            target.count &+= more.count
        }
        let distance = Int(line.start &- verb.start)
        pairing.append(
            InOrder(), request.ask,
            Exchange(
                number: out.numberExchange(), line: line, verb: verb.moved(by: distance),
                target: target.moved(by: distance), token: request.token,
                requestFirstByte: stream.message.firstByte, requestLastByte: stream.message.lastByte,
                position: out.position(.client) &+ UInt64(stream.offset)))
    }

    private func read(
        _ verb: ByteRange, _ target: ByteRange, _ framing: HTTP1Framing, _ bytes: RawSpan, _ out: any Output
    ) -> ReadRequest {
        let method = RequestMethod(bytes, verb.range)
        let parts = RequestTarget(bytes, target.range, method)
        let host = parts.host ?? RequestTarget.host(bytes, framing.host.range)
        if framing.upgrade != nil { switchHost = [UInt8](bytes.extracting(host)) }
        let ask = Ask(
            verb: verb, target: ByteRange(parts.path.lowerBound, parts.path.upperBound),
            host: ByteRange(host.lowerBound, host.upperBound), isOnward: parts.host != nil)
        let isPathCut = framing.isTargetCut && parts.path.upperBound == target.range.upperBound
        let token = isPathCut ? Self.began(cut: ask, bytes, out) : out.began(ask, bytes)
        return ReadRequest(
            ask: HTTP1Ask(method: method, asksToSwitch: method == .connect || framing.upgrade != nil), token: token)
    }

    /// Stands for what of a target was not captured.
    private static let andMore = Array("**".utf8)

    /// Of a path whose end was not captured only the words in front of the last one are known, and that it goes on: `/a/**`.
    private static func began(cut ask: Ask, _ bytes: RawSpan, _ out: any Output) -> Token {
        let path = bytes.extracting(ask.target)
        var known = path.byteCount
        while known > 0, path.u8(at: known &- 1) != 0x2F { known &-= 1 }
        var text = [UInt8](bytes.extracting(ask.verb))
        text.append(path.extracting(0..<known))
        text += andMore
        let verb = ask.verb.range.count
        return out.began(
            Ask(
                verb: ByteRange(0, verb), target: ByteRange(verb, text.count), host: .empty, isOnward: ask.isOnward),
            text.span.bytes)
    }

    /// A message has ended: an answer goes out with the request that it belongs to.
    func messageIsComplete(_ stream: HTTP1Stream, _ out: any Output) {
        let different = out.retransmittedDifferent
        if different > retransmittedDifferent {
            retransmittedDifferent = different
            stream.message.anomalies.insert(.retransmissionDiffers)
        }
        if stream.side == .client { completeRequest(stream, out) } else { completeResponse(stream, out) }
    }

    private func completeRequest(_ stream: HTTP1Stream, _ out: any Output) {
        guard let slot = pairing.newest else { return }
        pairing.update(slot) {
            $0.isRequestComplete = true
            $0.requestShape = stream.message.shape
            $0.requestLastByte = stream.message.lastByte
            $0.isRequestWhole = stream.message.isWhole
            $0.requestBytes = stream.message.wireBytes
        }
        nameContent(stream, slot)
        let exchange = pairing.exchange(slot)
        pairing.text.withBytes { out.message(stream.message, exchange, $0) }
        if pairing.ask(slot).asksToSwitch, !exchange.isAnswered { stream.awaitSwitch() }
        pairing.settle(out)
    }

    /// What a request asks for by its content is another thing than its target.
    @inline(__always)
    private func nameContent(_ stream: HTTP1Stream, _ slot: Int) {
        guard run.needs.contains(.media) else { return }
        var name = stream.operation
        if name.isEmpty {
            let target = pairing.exchange(slot).target
            pairing.text.withBytes { name = GraphQLTarget.name($0.extracting(target)) }
        }
        guard !name.isEmpty else { return }
        let kind = pairing.store(name.span.bytes)
        pairing.update(slot) { $0.kind = kind }
    }

    private func completeResponse(_ stream: HTTP1Stream, _ out: any Output) {
        let isFinal = Self.isFinal(stream.message.head.status)
        if pairing.isInDoubt {
            if isFinal {
                doubtful = DoubtfulAnswer(stream.message.copy())
                return
            }
            pairing.deny()
            stream.message.anomalies.insert(.responseWithoutRequest)
        }
        let asksToSwitch = answer(stream.message, isFinal: isFinal, out)
        if isFinal, asksToSwitch, !stream.isSwitched {
            requests.switchIsDeclined()
            stream.pause()
        }
    }

    /// No other answer to the same request follows (RFC 9110, section 15.2).
    private static func isFinal(_ status: UInt16) -> Bool { status / 100 != 1 || status == 101 }

    /// Gives an answer away with the request that it belongs to, if that is known.
    /// - Returns: whether the request asked to switch.
    private func answer(_ message: borrowing Message, isFinal: Bool, _ out: any Output) -> Bool {
        guard let slot = pairing.answered else {
            pairing.answerIsComplete(isFinal: isFinal) { _ in }
            out.message(message, nil, RawSpan())
            lead(nil, RawSpan())
            return false
        }
        var exchange = pairing.exchange(slot)
        let fault = isFinal ? exchange.fault(in: message, run.shapes) : nil
        if let fault { exchange.status = fault }
        pairing.text.withBytes { out.message(message, exchange, $0) }
        if isFinal, let answering {
            // The answer itself is the first stream's (RFC 7540, section 3.2).
            let carried = pairing.handOn(slot)
            responses.leads(to: answering, .continued(carried))
            return true
        }
        pairing.answerIsComplete(isFinal: isFinal) {
            $0.answer(with: message)
            if let fault { $0.status = fault }
        }
        guard isFinal else { return false }
        let asksToSwitch = pairing.ask(slot).asksToSwitch
        if responses.isSwitched, pairing.ask(slot).method == .connect {
            pairing.text.withBytes { responses.leads(to: RequestTarget.destination($0, exchange.target.range)) }
        } else {
            pairing.text.withBytes { lead(exchange, $0) }
        }
        pairing.settle(out)
        return asksToSwitch
    }

    /// The request whose answer is read; nothing where it is not known.
    var answered: Carried {
        guard let slot = pairing.answered else { return Carried(exchange: nil, text: []) }
        var exchange = pairing.exchange(slot)
        let line = exchange.line.range
        var text: [UInt8] = []
        pairing.text.withBytes { text = [UInt8]($0.extracting(line)) }
        exchange.kind = .empty
        exchange.moveText(by: -line.lowerBound)
        return Carried(exchange: exchange, text: text)
    }

    /// Both sides go on in what the server has named; its answer is this protocol's.
    private func lead(_ exchange: Exchange?, _ text: RawSpan) {
        guard responses.isSwitched, let (row, agreed) = upgraded.take() else { return }
        var carried = Carried(exchange: exchange, text: [], host: exchange == nil ? [] : switchHost, agreed: agreed)
        if let exchange {
            carried.text = [UInt8](text.extracting(exchange.line))
            carried.exchange?.kind = .empty
            carried.exchange?.moveText(by: -exchange.line.range.lowerBound)
            carried.exchange?.isAnswered = true
        }
        responses.leads(to: row, .continued(carried))
    }

    // MARK: Doubt

    /// The client says more, and nothing of what it says is missing.
    private func hearMore(_ out: any Output) {
        guard pairing.needsNextRequest else { return settleDoubt(inFavour: true, out) }
        // One that asks while it is answered does not wait for it.
        if pairing.isNextRequest { settleDoubt(inFavour: doubtful != nil, out) }
    }

    /// It has become clear whether the answer that was read, or is, belongs to the request that is open.
    private func settleDoubt(inFavour: Bool, _ out: any Output) {
        if inFavour { pairing.confirm() } else { pairing.deny() }
        guard let answer = doubtful.take() else {
            if !inFavour { responses.message.anomalies.insert(.responseWithoutRequest) }
            return
        }
        if !inFavour { answer.message.anomalies.insert(.responseWithoutRequest) }
        if self.answer(answer.message, isFinal: true, out), !responses.isSwitched { requests.switchIsDeclined() }
    }
}
