/// HTTP/1 (RFC 9110, RFC 9112): requests, their responses, and which belongs to which.
final class HTTP1Analyzer: Analyzer {
    let run: Run
    private let requests: HTTP1Stream
    private let responses: HTTP1Stream
    private var pairing = Pairing<InOrder, HTTP1Ask>()
    /// What was read of the last request's head.
    private var lastRequest: ReadRequest?
    private var retransmittedDifferent: UInt64 = 0

    /// What of a request decides how its response is read.
    struct HTTP1Ask: BitwiseCopyable {
        var method: RequestMethod
        /// CONNECT, or Upgrade (RFC 9110, section 7.8).
        var asksToSwitch: Bool
    }

    private struct ReadRequest {
        var ask: HTTP1Ask
        var token: Token
    }

    init(_ run: Run) {
        self.run = run
        requests = HTTP1Stream(.client, run)
        responses = HTTP1Stream(.server, run)
    }

    func begin(_ start: Start) {
        lastRequest = nil
        retransmittedDifferent = 0
        requests.reset()
        responses.reset()
        pairing.reset()
    }

    // MARK: From the channel

    func consume(_ bytes: RawSpan, _ side: Side, _ at: Arrival, _ out: any Output) -> Step {
        side == .client ? requests.consume(bytes, at, self, out) : responses.consume(bytes, at, self, out)
    }

    func gap(_ length: UInt64, _ side: Side, after tail: RawSpan, _ at: Arrival, _ out: any Output) -> Step {
        stream(side).gap(length, after: tail, at, self, out)
    }

    func search(_ bytes: RawSpan, _ side: Side, from: Search) -> Found { stream(side).search(bytes, from) }

    func end(_ side: Side, after tail: RawSpan, _ at: Timestamp, _ out: any Output) -> Int {
        stream(side).end(after: tail, at, self, out)
    }

    func finish(_ out: any Output) { pairing.drain(out) }

    var held: Int { requests.held &+ responses.held &+ pairing.text.count }

    private func stream(_ side: Side) -> HTTP1Stream { side == .client ? requests : responses }

    // MARK: From the streams

    /// Where the next message begins is not known, nor how many were lost.
    func placeIsLost(_ side: Side) { pairing.lose(side) }

    /// A head was read; the body's framing depends on what the other side said.
    /// - Parameter isKnown: it is the stream's last one again, byte for byte.
    func headIsComplete(_ stream: HTTP1Stream, _ bytes: RawSpan, isKnown: Bool, _ out: any Output) -> HTTPFraming {
        if stream.side == .client {
            ask(stream, bytes, isKnown ? lastRequest : nil, out)
            return HTTPFraming.ofRequest(stream.framing)
        }
        var method = RequestMethod.unknown
        switch pairing.match(InOrder()) {
        case .slot(let slot): method = pairing.ask(slot).method
        case .givenUp, .none: stream.message.anomalies.insert(.responseWithoutRequest)
        }
        return HTTPFraming.ofResponse(stream.framing, status: stream.message.head.status, to: method)
    }

    private func ask(_ stream: HTTP1Stream, _ bytes: RawSpan, _ known: ReadRequest?, _ out: any Output) {
        if pairing.count >= run.limits.pipelinedRequests {
            out.reached(.pipelinedRequests)
            pairing.giveUpOldest(out)
        }
        pairing.willAsk(out)
        let verb = stream.message.head.verb
        let target = stream.message.head.target
        let request = known ?? read(verb, target, stream.framing, bytes, out)
        lastRequest = request
        let line = pairing.store(bytes.extracting(verb.range.lowerBound..<target.range.upperBound))
        let distance = Int(line.start &- verb.start)
        pairing.append(
            InOrder(), request.ask,
            Exchange(
                number: out.numberExchange(), line: line, verb: verb.moved(by: distance),
                target: target.moved(by: distance), token: request.token,
                requestFirstByte: stream.message.firstByte, requestLastByte: stream.message.lastByte))
    }

    private func read(
        _ verb: ByteRange, _ target: ByteRange, _ framing: HTTP1Framing, _ bytes: RawSpan, _ out: any Output
    ) -> ReadRequest {
        let method = RequestMethod(bytes, verb.range)
        let parts = RequestTarget(bytes, target.range, method)
        let host = parts.host ?? RequestTarget.host(bytes, framing.host.range)
        let token = out.began(
            Ask(
                verb: verb, target: ByteRange(parts.path.lowerBound, parts.path.upperBound),
                host: ByteRange(host.lowerBound, host.upperBound), isOnward: parts.host != nil), bytes)
        return ReadRequest(
            ask: HTTP1Ask(method: method, asksToSwitch: method == .connect || framing.hasUpgrade), token: token)
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
        }
        let exchange = pairing.exchange(slot)
        pairing.text.withBytes { out.message(stream.message, exchange, $0) }
        if pairing.ask(slot).asksToSwitch, !exchange.isAnswered { stream.awaitSwitch() }
        pairing.settle(out)
    }

    private func completeResponse(_ stream: HTTP1Stream, _ out: any Output) {
        let status = stream.message.head.status
        let isFinal = status / 100 != 1 || status == 101
        guard let slot = pairing.answered else {
            pairing.answerIsComplete(isFinal: isFinal) { _ in }
            return out.message(stream.message, nil, RawSpan())
        }
        let exchange = pairing.exchange(slot)
        pairing.text.withBytes { out.message(stream.message, exchange, $0) }
        pairing.answerIsComplete(isFinal: isFinal) { $0.responseShape = stream.message.shape }
        guard isFinal else { return }
        let asksToSwitch = pairing.ask(slot).asksToSwitch
        pairing.settle(out)
        if asksToSwitch, !stream.isSwitched {
            requests.switchIsDeclined()
            stream.pause()
        }
    }
}
