/// HTTP/2 (RFC 9113): requests, their responses, and which belongs to which: that of the same stream.
final class HTTP2Analyzer: Analyzer {
    private let run: Run
    private let requests: HTTP2Direction
    private let responses: HTTP2Direction
    private var streams: HTTP2StreamTable
    private var retransmittedDifferent: UInt64 = 0
    /// Of content.
    private var frames: UInt64 = 0
    /// Streams that were opened.
    private var openings: UInt64 = 0
    /// Streams that one side has ended while the other may still speak on them.
    private var resets = RecentResets()
    /// Streams that are open were given up, for there were too many.
    private var hasGivenUp = false
    /// What exchanges are of that are calls.
    private let callRow: ProtocolID?

    init(_ run: Run) {
        self.run = run
        requests = HTTP2Direction(.client, run)
        responses = HTTP2Direction(.server, run)
        streams = HTTP2StreamTable(run)
        callRow = run.registry.id(named: "\(ProtocolRow.grpc.name)")
    }

    func begin(_ start: Start) {
        retransmittedDifferent = 0
        streams.reset()
        resets = RecentResets()
        hasGivenUp = false
        requests.reset(isStart: start != .middle)
        responses.reset(isStart: start != .middle)
        guard case .continued(let carried) = start, let exchange = carried.exchange else { return }
        // The request that asked for the upgrade is the first stream's (RFC 7540, section 3.2).
        let stream = streams.open(1)
        stream.exchange = exchange
        stream.position = exchange.position
        stream.line.append(carried.text.span.bytes)
        stream.method = RequestMethod(carried.text.span.bytes, exchange.verb.range)
        stream.request.isCarried()
    }

    // MARK: From the channel

    func consume(_ bytes: RawSpan, _ side: Side, _ at: Arrival, _ out: any Output) -> Step {
        direction(side).consume(bytes, at, self, out)
    }

    func gap(_ length: UInt64, _ side: Side, after tail: RawSpan, _ at: Arrival, _ out: any Output) -> Step {
        direction(side).gap(length, after: tail, at, self, out)
    }

    func search(_ bytes: RawSpan, _ side: Side, from: Search) -> Found {
        direction(side).search(bytes, from) { id in
            guard side == .client else { return streams.find(id)?.response.state == .waiting }
            return id > requests.newest && id &- requests.newest <= Self.mostSkipped
        }
    }

    /// Streams that were opened while bytes were missing, both sides' numbers counted.
    private static let mostSkipped: UInt32 = 2048

    func end(_ side: Side, after tail: RawSpan, _ at: Timestamp, _ out: any Output) -> Int {
        direction(side).end(at, self, out)
        for stream in streams.open where stream.half(side).state == .body {
            stream.half(side).message.anomalies.insert(.bodyIncomplete)
            isComplete(stream, side, out)
        }
        return 0
    }

    func finish(_ out: any Output) { for stream in streams.open { giveAway(stream, out) } }

    var held: Int {
        var held = 0
        streams.forEachOpen { held &+= $0.held }
        return held
    }

    var oldestAsk: UInt64? {
        var oldest: UInt64?
        streams.forEachOpen { stream in
            if let exchange = stream.exchange, !stream.isPushed {
                oldest = Swift.min(oldest ?? .max, exchange.position)
            }
        }
        return oldest
    }

    private func direction(_ side: Side) -> HTTP2Direction { side == .client ? requests : responses }

    // MARK: From the directions

    @inline(__always)
    func stream(_ id: UInt32) -> HTTP2Stream? { streams.find(id) }

    /// What is said on a stream that is closed was on its way when the other side ended it, and is nothing any more.
    ///
    /// Of the client's, whose numbers only rise (RFC 9113, section 5.1.1), each that it has opened is open or closed, where all
    /// were seen.
    func isClosed(_ id: UInt32) -> Bool {
        let isKnown = !requests.hasLostFrames && !hasGivenUp
        return isKnown && id & 1 == 1 && id <= requests.newest || resets.contains(id)
    }

    func open(_ id: UInt32, _ out: any Output) -> HTTP2Stream {
        if streams.count >= run.limits.pipelinedRequests {
            out.reached(.pipelinedRequests)
            hasGivenUp = true
            if let oldest = streams.oldest() { giveAway(oldest, out) }
        }
        openings &+= 1
        if openings & 63 == 0, streams.count >= 63 { keepWithinBudget(out) }
        return streams.open(id)
    }

    /// A frame of content begins; from time to time it is asked how much all that is open keeps.
    @inline(__always)
    func countFrame(_ out: any Output) {
        frames &+= 1
        if frames & 255 == 0, streams.count >= Self.fewestOverBudget { keepWithinBudget(out) }
    }

    /// What is kept of a stream is its head and the beginnings of its bodies: of fewer that is no more than the budget.
    private static let fewestOverBudget = 16

    /// One side takes frames as long as this, which the other side says.
    func allow(_ length: Int, _ side: Side) { direction(side).allow(length) }

    /// Streams that are opened and never end keep what was said on them: of too much the oldest are given up.
    private func keepWithinBudget(_ out: any Output) {
        var held = held
        guard held > run.limits.streamBytes else { return }
        for stream in streams.open where held > run.limits.streamBytes / 2 {
            out.reached(.streamBytes)
            hasGivenUp = true
            held &-= stream.held
            giveAway(stream, out)
        }
    }

    /// The server answers in HTTP/1 to what it does not understand: who began with the preface is told so by an answer to its
    /// request.
    func declined(_ bytes: RawSpan, _ taken: Int, _ out: any Output) -> Step? {
        guard requests.beganWithPreface, taken == 0, bytes.fit("HTTP/1.", at: 0) == .yes,
            bytes.fit(byteAt: 9, { $0 != UInt8(ascii: "1") }) != .no,
            let row = run.registry.id(named: "\(ProtocolRow.http1.name)")
        else { return nil }
        guard let stream = streams.open.first(where: { $0.exchange != nil }), var exchange = stream.exchange else {
            return .handOver(took: 0, .row(row, .continued(askByPreface(out))))
        }
        exchange.isRequestComplete = true
        exchange.row = .none
        let carried = Carried(exchange: exchange, text: [UInt8](stream.line.bytes))
        if stream.request.state == .body { complete(stream.request, of: stream, nil, out) }
        close(stream)
        return .handOver(took: 0, .row(row, .continued(carried)))
    }

    /// Before any stream was opened, the preface was the request: it is the head of one (RFC 9113, section 3.4).
    private func askByPreface(_ out: any Output) -> Carried {
        let half = HTTP2Half(.client, run)
        half.begin(requests.prefaceArrived.first)
        half.field(Self.methodField.span.bytes, Self.prefaceMethod.span.bytes, out)
        half.field(Self.pathField.span.bytes, Self.prefacePath.span.bytes, out)
        half.wire(HTTP2Frame.preface.utf8CodeUnitCount, requests.prefaceArrived.last)
        half.headIsComplete()
        half.endsWithoutBody()
        let line = Self.prefaceMethod + [UInt8(ascii: " ")] + Self.prefacePath
        let (verb, target) = (ByteRange(0, Self.prefaceMethod.count), ByteRange(line.count - 1, line.count))
        var exchange = Exchange(
            number: out.numberExchange(), line: ByteRange(0, line.count), verb: verb, target: target,
            token: out.began(Ask(verb: verb, target: target, host: .empty), line.span.bytes),
            requestFirstByte: half.message.firstByte, requestLastByte: half.message.lastByte,
            position: requests.prefacePosition)
        exchange.isRequestComplete = true
        exchange.isRequestWhole = true
        out.message(half.message, exchange, line.span.bytes)
        return Carried(exchange: exchange, text: line)
    }

    private static let methodField = Array(":method".utf8)
    private static let pathField = Array(":path".utf8)
    private static let prefaceMethod = Array("PRI".utf8)
    private static let prefacePath = Array("*".utf8)

    /// A head was read, as far as it can be.
    func headIsComplete(_ stream: HTTP2Stream, _ side: Side, endsStream: Bool, _ out: any Output) {
        if side == .client {
            // Fields without any of those that a request has are trailers of one that was not seen.
            let facts = stream.request.facts
            guard facts.hasPseudoField || facts.isIncomplete && !requests.hasLostFrames else { return close(stream) }
            ask(stream, out)
        } else {
            let half = stream.response
            let status = half.message.head.status
            // Of what was not asked for, and may be trailers as well, nothing is known.
            guard stream.exchange != nil || status != AnswerStatus.unknown else { return close(stream) }
            if stream.exchange == nil { half.message.anomalies.insert(.responseWithoutRequest) }
            // A block whose fields are all known, without a status among them: trailers of an answer that was not seen.
            let isRest = !half.facts.hasPseudoField && !half.facts.isIncomplete && responses.hasLostFrames
            half.headIsComplete()
            let isCall = stream.exchange.map { callRow != nil && $0.row == callRow } ?? (half.facts.form != nil)
            if isCall { stream.withPath { half.becomesCall($0, stream.request.facts.form ?? .grpc) } }
            if isRest {
                half.isTorn()
                half.gap(nil, out)
            }
            if status / 100 == 1, !endsStream { return isInformational(stream, out) }
            if stream.method == .connect, status / 100 == 2, !endsStream, stream.exchange != nil {
                return openTunnel(stream, out)
            }
        }
        if endsStream { isComplete(stream, side, out) }
    }

    /// From here on the stream is what CONNECT has asked for (RFC 9113, section 8.5; RFC 8441, section 4).
    private func openTunnel(_ stream: HTTP2Stream, _ out: any Output) {
        var carried = stream.carried
        var asked: [UInt8] = []
        let facts = stream.request.facts
        stream.request.message.wire.withBytes {
            // A request that was told of already has let go of its text.
            guard max(facts.askedProtocol.range.upperBound, facts.host.range.upperBound) <= $0.byteCount else { return }
            asked = [UInt8]($0.extracting(facts.askedProtocol))
            carried.host = [UInt8]($0.extracting(RequestTarget.host($0, facts.host.range)))
        }
        carried.exchange?.isAnswered = true
        carried.agreed = stream.response.facts.agreed
        stream.response.message.isWaiting = true
        if stream.request.state == .body { complete(stream.request, of: stream, nil, out) }
        complete(stream.response, of: stream, nil, out)
        if let exchange = stream.exchange { stream.line.withBytes { out.exchange(exchange, $0) } }
        stream.exchange = nil
        let successor: Successor?
        if asked.isEmpty {
            var announcement = Announcement()
            let host = carried.host.span.bytes
            announcement.destination = RequestTarget.destination(host, 0..<host.byteCount)
            successor = .detect(announcement)
        } else {
            successor = run.registry.row(upgrade: asked.span.bytes).map { .row($0, .continued(carried)) }
        }
        stream.tunnel = successor.flatMap { out.open($0) }
    }

    /// One side says no more in a tunnel.
    func tunnelEnds(_ stream: HTTP2Stream, _ side: Side, _ now: Timestamp, _ out: any Output) {
        stream.hasEnded[Int(side.rawValue)] = true
        guard stream.hasEnded[Int(side.other.rawValue)], let tunnel = stream.tunnel else { return }
        out.close(tunnel, now)
        stream.tunnel = nil
        close(stream)
    }

    private func ask(_ stream: HTTP2Stream, _ out: any Output) {
        let half = stream.request
        half.message.wire.withBytes { stream.method = RequestMethod($0, half.message.head.verb.range) }
        if stream.method == .connect, half.message.head.target.isEmpty { half.targetIsAuthority() }
        half.headIsComplete()
        let (verb, target) = (half.message.head.verb, half.message.head.target)
        var exchange = Exchange(
            number: out.numberExchange(), line: .empty, verb: .empty, target: .empty, token: .none,
            requestFirstByte: half.message.firstByte, requestLastByte: half.message.lastByte, position: stream.position)
        half.message.wire.withBytes { bytes in
            let parts = RequestTarget(bytes, target.range, stream.method)
            let host = RequestTarget.host(bytes, half.facts.host.range)
            exchange.token = out.began(
                Ask(
                    verb: verb, target: ByteRange(parts.path.lowerBound, parts.path.upperBound),
                    host: ByteRange(host.lowerBound, host.upperBound)), bytes)
            stream.line.append(bytes.extracting(verb))
            exchange.verb = ByteRange(0, stream.line.count)
            if !target.isEmpty {
                stream.line.append(UInt8(ascii: " "))
                let start = stream.line.count
                // Without a user, who is no part of a name.
                stream.line.append(bytes.extracting(stream.method == .connect ? parts.path : target.range))
                exchange.target = ByteRange(start, stream.line.count)
            }
            exchange.line = ByteRange(0, stream.line.count)
        }
        if let form = half.facts.form, let callRow {
            exchange.row = callRow
            stream.exchange = exchange
            stream.withPath {
                half.becomesCall($0, form)
                exchange.isHousekeeping = GRPCHousekeeping.has($0)
            }
        }
        stream.exchange = exchange
    }

    func isInformational(_ stream: HTTP2Stream, _ out: any Output) {
        stream.response.awaitAnother()
        tell(stream.response, of: stream, out)
    }

    /// A message has reached its end.
    func isComplete(_ stream: HTTP2Stream, _ side: Side, _ out: any Output) {
        complete(stream.half(side), of: stream, nil, out)
        settle(stream, out)
    }

    private func settle(_ stream: HTTP2Stream, _ out: any Output) {
        guard stream.response.state == .done else { return }
        // The frame that ended the request was lost.
        if stream.request.state == .body, requests.hasLostFrames, stream.request.message.hasGap {
            complete(stream.request, of: stream, nil, out)
        }
        if stream.request.state != .body || stream.exchange == nil { giveAway(stream, out) }
    }

    private func complete(_ half: HTTP2Half, of stream: HTTP2Stream, _ ended: Ended?, _ out: any Output) {
        let different = out.retransmittedDifferent
        if different > retransmittedDifferent {
            retransmittedDifferent = different
            half.message.anomalies.insert(.retransmissionDiffers)
        }
        half.finish(isCut: ended != nil, out)
        if let ended, run.needs.contains(.messages) {
            half.details.say(.ended, .name(ended.why))
            half.details.say(.endedBy, .name(ended.side == .client ? "client" : "server"))
        }
        if half.side == .server, let timeout = stream.request.facts.timeout, let exchange = stream.exchange {
            stream.exchange?.isPastDeadline = half.message.lastByte.since(exchange.requestFirstByte) >= timeout
            if stream.exchange?.isPastDeadline ?? false, run.needs.contains(.messages) {
                half.details.say(.pastDeadline, .yes)
            }
        }
        if half.side == .client {
            stream.exchange?.isRequestComplete = true
            stream.exchange?.requestBytes = half.message.wireBytes
            stream.exchange?.requestShape = half.message.shape
            stream.exchange?.requestLastByte = half.message.lastByte
            stream.exchange?.isRequestWhole = half.message.isWhole && !half.facts.isIncomplete
            if run.needs.contains(.media) { stream.nameContent() }
        } else if half.message.head.status != AnswerStatus.unknown || ended == nil {
            stream.exchange?.isAnswered = true
            stream.exchange?.answer(with: half.message)
            if half.isCall, let status = callStatus(half, isCut: ended != nil) { stream.exchange?.status = status }
            if let fault = stream.exchange?.fault(in: half.message, run.shapes) { stream.exchange?.status = fault }
            if half.facts.isIncomplete { stream.exchange?.isAnswerWhole = false }
        }
        tell(half, of: stream, out)
        half.letGo()
    }

    /// A message goes out.
    private func tell(_ half: HTTP2Half, of stream: HTTP2Stream, _ out: any Output) {
        if run.needs.contains(.messages) { describe(half, of: stream) }
        stream.line.withBytes { out.message(half.message, stream.exchange, $0) }
    }

    private func describe(_ half: HTTP2Half, of stream: HTTP2Stream) {
        half.details.stream = stream.id
        if stream.isPushed { half.details.say(.pushed, .yes) }
        guard half.isCall, let exchange = stream.exchange else { return }
        stream.line.withBytes { text in
            // The path is a slash, the service, a slash and the method (PROTOCOL-HTTP2.md: Path).
            let target = exchange.target.range
            var slash = target.upperBound &- 1
            while slash > target.lowerBound, text.u8(at: slash) != UInt8(ascii: "/") { slash &-= 1 }
            guard slash > target.lowerBound, text.u8(at: target.lowerBound) == UInt8(ascii: "/") else { return }
            let service = half.details.keep(text.extracting(target.lowerBound &+ 1..<slash))
            half.details.say(.service, .text(service))
            half.details.say(.method, .text(half.details.keep(text.extracting(slash &+ 1..<target.upperBound))))
        }
        guard half.side == .server, half.state == .done else { return }
        if let status = callStatus(half, isCut: half.details[.ended] != nil).flatMap(AnswerStatus.codeName) {
            half.details.say(.status, .name(status))
        }
    }

    /// How a call ended, as far as its answer says so.
    private func callStatus(_ half: HTTP2Half, isCut: Bool) -> UInt16? {
        if let status = half.facts.callStatus { return status }
        guard !isCut, half.message.isWhole, !half.facts.isIncomplete else { return nil }
        return GRPCStatus.number(ofHTTP: half.message.head.status)
    }

    // MARK: What ends a stream

    private struct Ended {
        var why: StaticString
        /// Who says so.
        var side: Side
    }

    /// One side wants no more of a stream (RFC 9113, section 5.4.2).
    func isReset(_ id: UInt32, _ why: StaticString, _ side: Side, _ at: Arrival, _ out: any Output) {
        guard let stream = streams.find(id) else { return }
        resets.insert(id)
        end(stream, Ended(why: why, side: side), UInt64(HTTP2Frame.headerLength &+ 4), at, out)
    }

    /// One side takes no streams behind `last` (RFC 9113, section 6.8); those that are open will not be answered.
    func goesAway(_ side: Side, _ last: UInt32, _ at: Arrival, _ out: any Output) {
        for stream in streams.open where stream.id > last && (stream.id & 1 == 1) == (side == .server) {
            resets.insert(stream.id)
            end(stream, Ended(why: HTTP2Error.goAway, side: side), 0, at, out)
        }
    }

    private func end(
        _ stream: HTTP2Stream, _ why: Ended, _ length: UInt64, _ at: Arrival, _ out: any Output
    ) {
        if let tunnel = stream.tunnel {
            out.close(tunnel, at.last)
            stream.tunnel = nil
            return close(stream)
        }
        if stream.request.state == .body { complete(stream.request, of: stream, why, out) }
        switch stream.response.state {
        case .body: complete(stream.response, of: stream, why, out)
        case .waiting where stream.exchange != nil:
            // All that there is of an answer.
            let half = stream.response
            half.begin(at.first)
            half.headIsComplete()
            if stream.request.isCall { stream.withPath { half.becomesCall($0, stream.request.facts.form ?? .grpc) } }
            half.message.lastByte = at.last
            half.message.wireBytes = length
            half.endsWithoutBody()
            complete(half, of: stream, why, out)
        case .waiting, .head, .done: break
        }
        giveAway(stream, out)
    }

    /// Frames of one side are missing: what is open may lack some of its body, and its end.
    func framesAreLost(_ side: Side, _ out: any Output) {
        streams.forEachOpen { if $0.half(side).state == .body { $0.half(side).gap(nil, out) } }
        // What is missing of a tunnel has no length, so nothing more is read of it.
        for stream in streams.open where stream.tunnel != nil { giveAway(stream, out) }
    }

    private func giveAway(_ stream: HTTP2Stream, _ out: any Output) {
        if let tunnel = stream.tunnel { out.close(tunnel, stream.half(.client).message.lastByte) }
        if stream.request.state == .body { complete(stream.request, of: stream, nil, out) }
        if stream.response.state == .body { complete(stream.response, of: stream, nil, out) }
        if let exchange = stream.exchange, !stream.isPushed { stream.line.withBytes { out.exchange(exchange, $0) } }
        close(stream)
    }

    private func close(_ stream: HTTP2Stream) {
        requests.forget(stream)
        responses.forget(stream)
        streams.close(stream)
    }

    // MARK: Promises

    /// The server promises to answer what was not asked.
    /// - Returns: `nil` where the stream is open already.
    func promised(_ id: UInt32, _ out: any Output) -> HTTP2Stream? {
        guard id != 0, streams.find(id) == nil else { return nil }
        let stream = open(id, out)
        stream.isPushed = true
        return stream
    }

    func promiseIsComplete(_ stream: HTTP2Stream, _ out: any Output) {
        ask(stream, out)
        stream.exchange?.isRequestComplete = true
        // The client did not say it.
        stream.request.isCarried()
        stream.request.letGo()
    }
}
