/// WebSocket (RFC 6455, RFC 7692): messages of both sides, and which answers which, where they say so themselves.
final class WebSocketAnalyzer: Analyzer {
    private let run: Run
    private let client: WebSocketDirection
    private let server: WebSocketDirection
    private(set) var agreement = WebSocketAgreement.unknown
    var hasRead = false
    /// The request that opened it, where it was captured.
    private var opener: Carried?
    /// What messages are said under: the method `WS`, a blank, the target; behind it the kind of the message that is told.
    private var text = UniqueBytes()
    private var line = ByteRange.empty
    private var target = ByteRange.empty
    private var token: Token?
    private var calls = WebSocketCalls()
    private var carried = WebSocketContent()
    private var inner: InnerID?

    init(_ run: Run) {
        self.run = run
        client = WebSocketDirection(.client, run)
        server = WebSocketDirection(.server, run)
    }

    func begin(_ start: Start) {
        client.reset()
        server.reset()
        agreement = .unknown
        hasRead = false
        opener = nil
        token = nil
        inner = nil
        calls.reset()
        text.removeAll()
        text.append(Self.verb)
        line = ByteRange(0, text.count)
        target = .empty
        if case .continued(let carried) = start {
            opener = carried
            agreement = WebSocketAgreement(carried.agreed.span.bytes)
            if let exchange = carried.exchange, !exchange.target.isEmpty {
                text.append(UInt8(ascii: " "))
                let from = text.count
                text.append(carried.text.span.bytes.extracting(exchange.target))
                target = ByteRange(from, text.count)
                line = ByteRange(0, text.count)
            }
        }
        carried.begin(agreement)
    }

    private static let verb: StaticString = "WS"

    // MARK: From the channel

    func consume(_ bytes: RawSpan, _ side: Side, _ at: Arrival, _ out: any Output) -> Step {
        direction(side).consume(bytes, at, self, out)
    }

    func gap(_ length: UInt64, _ side: Side, after tail: RawSpan, _ at: Arrival, _ out: any Output) -> Step {
        direction(side).gap(length, after: tail, at, self, out)
    }

    func search(_ bytes: RawSpan, _ side: Side, from: Search) -> Found {
        direction(side).search(bytes, from, reserved: agreement.reserved)
    }

    func end(_ side: Side, after tail: RawSpan, _ at: Timestamp, _ out: any Output) -> Int {
        direction(side).end(at, self, out)
        return 0
    }

    func finish(_ out: any Output) {
        calls.drain { call in give(call, out) }
        client.reset()
        server.reset()
    }

    var held: Int { client.held &+ server.held &+ calls.held &+ carried.held }

    private func direction(_ side: Side) -> WebSocketDirection { side == .client ? client : server }

    // MARK: What is inside

    /// The bytes are of a protocol that the socket carries, and go there.
    func carries(_ bytes: RawSpan, _ direction: WebSocketDirection, _ now: Timestamp, _ out: any Output) -> Bool {
        if let inner {
            out.deliver(bytes, direction.side, now, to: inner)
            return true
        }
        if carried.isOpen { carried.keep(bytes, direction.side) }
        return carried.isHidden
    }

    func misses(_ length: UInt64, _ direction: WebSocketDirection, _ now: Timestamp, _ out: any Output) {
        carried.giveUp()
        if let inner { out.gap(length, .unseen, direction.side, now, in: inner) }
    }

    // MARK: Messages

    func messageIsComplete(_ direction: WebSocketDirection, _ now: Timestamp, _ out: any Output) {
        if inner != nil { return }
        if carried.isOpen, carried.judge(direction.opcode, run.registry) {
            inner = out.open(.detect(Announcement()))
            if let inner { return carried.hand { out.deliver($0, $1, now, to: inner) } }
        }
        let side = direction.side
        var exchange = self.exchange(direction.message, out)
        exchange.isOneWay = true
        exchange.kind = kind(direction)
        if side == .client {
            exchange.requestShape = direction.message.shape
            exchange.requestBytes = direction.message.wireBytes
        } else {
            exchange.responseShape = direction.message.shape
            exchange.answerBytes = direction.message.wireBytes
        }
        let role = calls.role(of: direction, isGraphQL: agreement.isGraphQL)
        switch role {
        case .none: break
        case .ask:
            exchange.isOneWay = false
            exchange.number = out.numberExchange()
            exchange.requestShape = direction.message.shape
            exchange.requestBytes = direction.message.wireBytes
            exchange.isRequestComplete = true
            exchange.isRequestWhole = direction.message.isWhole
        case .part, .answer:
            guard let call = calls.call(of: direction) else { break }
            exchange = call.exchange
            append(call.kind, to: &exchange)
        }
        if run.needs.contains(.messages) { describe(direction, exchange) }
        text.withBytes { out.said(direction.message, exchange, $0) }
        settle(direction, role, exchange, out)
    }

    private func settle(
        _ direction: WebSocketDirection, _ role: WebSocketCalls.Role, _ exchange: Exchange, _ out: any Output
    ) {
        var known = false
        switch role {
        case .none: break
        case .ask:
            let kind = [UInt8](text.bytes.extracting(exchange.kind))
            let refused = calls.open(direction, exchange, kind, limit: run.limits.pipelinedRequests)
            if let refused {
                out.reached(.pipelinedRequests)
                give(refused, out)
            }
            known = true
        case .part: known = calls.isPart(direction)
        case .answer(let isError):
            if let call = calls.close(direction, isError: isError) {
                give(call, out)
                known = true
            }
        }
        if !known { text.withBytes { out.said(exchange, $0) } }
    }

    /// Gives away a call, answered or not.
    private func give(_ call: WebSocketCalls.Call, _ out: any Output) {
        var exchange = call.exchange
        append(call.kind, to: &exchange)
        text.withBytes { out.said(exchange, $0) }
    }

    private func append(_ kind: [UInt8], to exchange: inout Exchange) {
        text.truncate(to: line.range.upperBound)
        text.append(kind.span.bytes)
        exchange.kind = ByteRange(line.range.upperBound, text.count)
    }

    /// What the message calls its kind.
    private func kind(_ direction: WebSocketDirection) -> ByteRange {
        text.truncate(to: line.range.upperBound)
        let isOperation = direction.members.withValue(of: .operationName) { name in
            guard agreement.isGraphQL, JSONMembers.isWord(name) else { return false }
            text.append(name)
            return true
        }
        if !isOperation { direction.members.withKind { text.append($0) } }
        return ByteRange(line.range.upperBound, text.count)
    }

    private func exchange(_ message: borrowing Message, _ out: any Output) -> Exchange {
        let token = self.token ?? begin(out)
        self.token = token
        return Exchange(
            number: opener?.exchange?.number ?? 0, line: line, verb: ByteRange(0, Self.verb.utf8CodeUnitCount),
            target: target, token: token, requestFirstByte: message.firstByte, requestLastByte: message.lastByte)
    }

    /// The path of the socket becomes one that `WS` is said under.
    private func begin(_ out: any Output) -> Token {
        text.truncate(to: line.range.upperBound)
        let host = ByteRange(text.count, text.count &+ (opener?.host.count ?? 0))
        if let opener { text.append(opener.host.span.bytes) }
        var token = Token.none
        text.withBytes { bytes in
            let parts = RequestTarget(bytes, target.range, .unknown)
            token = out.began(
                Ask(
                    verb: ByteRange(0, Self.verb.utf8CodeUnitCount),
                    target: ByteRange(parts.path.lowerBound, parts.path.upperBound), host: host), bytes)
        }
        text.truncate(to: line.range.upperBound)
        return token
    }

    // MARK: For people

    private func describe(_ direction: WebSocketDirection, _ exchange: Exchange) {
        let details = direction.details
        details.say(.opcode, .name(Self.name(direction.opcode)))
        if !exchange.kind.isEmpty {
            let kind = details.keep(text.bytes.extracting(exchange.kind))
            details.say(.kind, .text(kind))
        }
        if direction.fragments > 1 { details.say(.fragments, .number(direction.fragments)) }
        if direction.isCompressed { details.say(.compressed, .yes) }
        if direction.isCompressed, direction.isUnreadable { details.say(.contextUnknown, .yes) }
        describe(details)
        if let name = carried.name {
            details.say(.carries, .name(name))
        }
    }

    private func describe(_ details: MessageDetails) {
        let subprotocol = agreement.subprotocol
        if !subprotocol.isEmpty { details.say(.subprotocol, .text(details.keep(subprotocol.span.bytes))) }
        if let number = opener?.exchange?.number { details.say(.opener, .number(number)) }
    }

    private static func name(_ opcode: UInt8) -> StaticString {
        switch opcode {
        case WebSocketFrame.Opcode.text: "text"
        case WebSocketFrame.Opcode.binary: "binary"
        default: "continuation"
        }
    }

    /// A control frame has come: a ping and a pong are counted, a close is told of.
    func controlIsComplete(
        _ message: borrowing Message, isClose: Bool, _ code: UInt16?, _ side: Side, _ out: any Output
    ) {
        guard isClose else {
            text.withBytes { out.said(message, nil, $0) }
            return
        }
        if let details = message.details, run.needs.contains(.messages) {
            details.say(.opcode, .name("close"))
            if let code { details.say(.closeCode, .number(UInt64(code))) }
            describe(details)
        }
        var exchange = self.exchange(message, out)
        exchange.isOneWay = true
        text.withBytes { out.said(message, exchange, $0) }
    }
}
