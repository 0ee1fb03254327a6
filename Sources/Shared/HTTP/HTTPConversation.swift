/// Both directions of an HTTP connection: requests, their responses, and which belongs to which.
package final class HTTPConversation {
    private let requests: HTTPStream
    private let responses: HTTPStream
    @exclusivity(unchecked) private var exchanges = ExchangeQueue()
    /// The response that is being read answers a request that is known.
    @exclusivity(unchecked) private var responseHasRequest = false
    /// Responses were lost: how many nobody knows.
    @exclusivity(unchecked) private var responsesWereLost = false
    /// It owns the conversation.
    private unowned(unsafe) let connection: Connection
    private let findings: Findings
    /// The host that the last request named, and the destination found for it.
    @exclusivity(unchecked) private var lastHost = UniqueBytes()
    @exclusivity(unchecked) private var lastDestination: Destination?
    @exclusivity(unchecked) private var lastRequest: RequestFacts?
    @exclusivity(unchecked) private var retransmittedDifferent: UInt64 = 0

    /// Both sides have agreed on another protocol: what follows is not HTTP (RFC 9110, section 7.8).
    @exclusivity(unchecked) package private(set) var isSwitched = false

    package init(_ connection: Connection, _ findings: Findings) {
        self.connection = connection
        self.findings = findings
        requests = HTTPStream(.request, findings.limits)
        responses = HTTPStream(.response, findings.limits)
    }

    /// Begins anew, keeping the buffers.
    package func reset() {
        isSwitched = false
        responseHasRequest = false
        responsesWereLost = false
        lastHost.removeAll()
        lastDestination = nil
        lastRequest = nil
        retransmittedDifferent = 0
        requests.reset()
        responses.reset()
        exchanges.removeAll()
    }

    // MARK: From the connection

    /// - Returns: how many bytes were HTTP; fewer than given where the protocol is switched.
    package func consume(_ bytes: RawSpan, _ kind: HTTPHead.Kind, _ timestamp: Timestamp) -> Int {
        kind == .request ? requests.consume(bytes, timestamp, self) : responses.consume(bytes, timestamp, self)
    }

    /// Bytes of one direction that were not captured: a body of known length goes on behind them, else the place is lost.
    package func gap(_ length: UInt64, _ kind: HTTPHead.Kind, _ timestamp: Timestamp) {
        stream(kind).gap(length, timestamp, self)
    }

    /// One direction has ended: a body until close is complete, any other message is cut short.
    package func finish(_ kind: HTTPHead.Kind) { stream(kind).finish(self) }

    /// The connection has ended, or is not HTTP any more.
    package func end() {
        requests.finish(self)
        responses.finish(self)
        while !exchanges.isEmpty { recordHead(of: connection) }
    }

    /// Bytes behind a request to switch protocols that was granted: the other protocol's.
    package func takeHeldRequestBytes() -> [UInt8] { requests.takeHeld() }

    private func stream(_ kind: HTTPHead.Kind) -> HTTPStream { kind == .request ? requests : responses }

    // MARK: From the streams

    package var limits: Limits { findings.limits }
    package var keepsBytes: Bool { findings.keepsBytes }
    package func reached(_ limit: Limit) { findings.summary.limits[limit] &+= 1 }
    package func parsed(_ bytes: UInt64) { findings.summary.bytes.parsed &+= bytes }
    package func unparsed(_ bytes: UInt64) { findings.summary.bytes.unparsed[.betweenMessages] &+= bytes }
    package func takeDecoder() -> ContentDecoder { findings.takeDecoder() }
    package func giveBack(_ decoder: ContentDecoder) { findings.giveBack(decoder) }

    package func scan(_ shapes: inout JSONShapeScanner, _ bytes: RawSpan) { shapes.feed(bytes, into: &findings.shapes) }

    package func finish(_ shapes: inout JSONShapeScanner) -> ShapeID {
        let shape = shapes.finish()
        if let limit = shapes.limitReached { reached(limit) }
        return shape
    }

    /// The shape of a body that was read before, byte for byte.
    package func shapeOfKnownBody(_ bytes: RawSpan, _ coding: ContentCoding) -> ShapeID? {
        findings.bodies.shape(of: bytes, coding)
    }

    package func remember(_ bytes: RawSpan, _ coding: ContentCoding, _ shape: ShapeID) {
        findings.bodies.remember(bytes, coding, shape)
    }

    /// Where the next message begins is not known: an answer is not paired with a request any more.
    package func placeIsLost(_ kind: HTTPHead.Kind) {
        if kind == .response { responsesWereLost = true }
    }

    /// A head was read; the body's framing depends on what the other side said.
    /// - Parameter isKnown: it is the stream's last one again, byte for byte.
    package func headIsComplete(_ stream: HTTPStream, _ bytes: RawSpan, isKnown: Bool) -> HTTPFraming {
        if stream.kind == .request {
            appendExchange(stream, bytes, isKnown ? lastRequest : nil)
            return HTTPFraming.ofRequest(stream.message.head)
        }
        if responsesWereLost {
            responsesWereLost = false
            dropLostExchanges()
        }
        let index = exchanges.firstUnanswered
        responseHasRequest = index != nil
        if index == nil { stream.message.anomalies.insert(.responseWithoutRequest) }
        return HTTPFraming.ofResponse(stream.message.head, to: index.map { exchanges[$0].methodKind } ?? .unknown)
    }

    /// What the head of a request says of its exchange.
    private struct RequestFacts {
        var method: RequestMethod
        var operation: OperationID
        var destination: Destination
        var asksToSwitch: Bool
    }

    private func read(_ head: borrowing HTTPHead, _ bytes: RawSpan) -> RequestFacts {
        let method = RequestMethod(bytes, head.method.range)
        let target = RequestTarget(bytes, head.target.range, method)
        let host = target.host ?? RequestTarget.host(bytes, head.host.range)
        return RequestFacts(
            method: method,
            operation: findings.operation(
                method: bytes.extracting(head.method.range), path: bytes.extracting(target.path)),
            destination: destination(bytes.extracting(host)),
            asksToSwitch: method == .connect || head.hasUpgrade)
    }

    private func appendExchange(_ stream: HTTPStream, _ bytes: RawSpan, _ known: RequestFacts?) {
        if exchanges.count >= limits.pipelinedRequests {
            reached(.pipelinedRequests)
            recordHead(of: connection)
        }
        let facts = known ?? read(stream.message.head, bytes)
        lastRequest = facts
        let method = stream.message.head.method
        let target = stream.message.head.target
        let line = exchanges.store(bytes.extracting(method.range.lowerBound..<target.range.upperBound))
        let distance = Int(line.start &- method.start)
        exchanges.append(
            Exchange(
                line: line, method: method.moved(by: distance), target: target.moved(by: distance),
                methodKind: facts.method, operation: facts.operation, destination: facts.destination,
                requestFirstByte: stream.message.firstByte, requestLastByte: stream.message.lastByte,
                asksToSwitch: facts.asksToSwitch))
    }

    private func destination(_ host: RawSpan) -> Destination {
        if let lastDestination, lastHost.bytes.equals(host) { return lastDestination }
        let found = findings.destination(of: connection, host: host)
        lastDestination = found
        lastHost.removeAll()
        lastHost.append(host)
        return found
    }

    /// After lost responses the next one answers the newest request: a client that does not pipeline has only that one
    /// open, and of one that does nobody can know.
    private func dropLostExchanges() {
        while exchanges.count > 1 { recordHead(of: connection) }
    }

    /// A message has ended: an answer goes out with the request that it belongs to.
    package func messageIsComplete(_ stream: HTTPStream) {
        // Held once: each use of an unowned reference by itself would be counted.
        let connection = connection
        noteRetransmissions(stream, connection)
        if stream.kind == .request { completeRequest(stream, connection) } else { completeResponse(stream, connection) }
    }

    private func noteRetransmissions(_ stream: HTTPStream, _ connection: Connection) {
        let different = connection.streams.retransmittedDifferent
        if different > retransmittedDifferent {
            retransmittedDifferent = different
            stream.message.anomalies.insert(.retransmissionDiffers)
        }
    }

    private func completeRequest(_ stream: HTTPStream, _ connection: Connection) {
        guard let index = exchanges.newest else { return }
        exchanges.update(index) {
            $0.isRequestComplete = true
            $0.requestShape = stream.message.shape
            $0.requestLastByte = stream.message.lastByte
        }
        findings.summary.messages.requests &+= 1
        findings.record(stream, exchanges[index], exchanges, of: connection)
        if exchanges[index].asksToSwitch, !exchanges[index].isAnswered { stream.awaitSwitch() }
        flush(connection)
    }

    private func completeResponse(_ stream: HTTPStream, _ connection: Connection) {
        findings.summary.messages.responses &+= 1
        isSwitched = stream.state == .switched
        guard responseHasRequest, let index = exchanges.firstUnanswered else {
            return findings.record(stream, nil, exchanges, of: connection)
        }
        findings.record(stream, exchanges[index], exchanges, of: connection)
        let status = stream.message.head.status
        if status / 100 == 1, status != 101 { return }
        exchanges.update(index) {
            $0.isAnswered = true
            $0.responseShape = stream.message.shape
        }
        let asksToSwitch = exchanges[index].asksToSwitch
        flush(connection)
        if asksToSwitch, !isSwitched {
            requests.resolveSwitch(stream.message.lastByte, self)
        }
    }

    /// Exchanges of which both sides are complete are recorded, in the order of the requests.
    private func flush(_ connection: Connection) {
        while exchanges.headIsComplete { recordHead(of: connection) }
    }

    /// The oldest exchange goes into the map, complete or not.
    private func recordHead(of connection: Connection) {
        findings.record(exchanges, of: connection)
        exchanges.removeHead()
    }
}
