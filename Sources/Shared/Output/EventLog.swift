/// The event log: JSON lines, one object a message, in the order in which messages were completed on the tape
/// (docs/contract.md, section 3; docs/fields.md has its fields).
///
/// The order of the fields is fixed.
///
/// The `timestamp` of a message is that of the byte that completed it, so the log's times follow the tape's.
final class EventLog: Sink {
    let needs: Needs = .messages
    let registry: Registry
    let naming: Naming
    let fields: FieldSet
    var json = JSONWriter(capacity: 1 << 20)
    private var time = TimestampText()
    private let bodyLimit: Int
    let housekeeping: Bool
    /// Hides values that look like credentials; `nil`: they are shown.
    let redactor: Redactor?
    /// Where that part of the body stands in the line which `raw_payload` shows, if it stands there as it was on the wire.
    private var wireBody: Range<Int>?
    private var texts = MessageTexts()
    /// How the events of open connections start, at their slots.
    private var starts: [StartText] = []

    init(
        _ registry: Registry, _ naming: Naming, _ fields: FieldSet, bodyLimit: Int, redactor: Redactor? = nil,
        housekeeping: Bool = false
    ) {
        self.housekeeping = housekeeping
        self.registry = registry
        self.naming = naming
        self.fields = fields
        self.bodyLimit = bodyLimit
        self.redactor = redactor
    }

    /// Bytes that were written and not taken yet.
    var count: Int { json.count }

    /// Lends the lines written since the last call, and forgets them.
    func drain(_ body: (RawSpan) -> Void) {
        body(json.bytes)
        json.removeAll()
    }

    // MARK: HTTP

    func message(
        _ message: borrowing Message, _ exchange: Exchange?, _ text: RawSpan, of connection: Connection,
        _ origin: Origin
    ) {
        if let exchange, exchange.isHousekeeping, !housekeeping, fields == .all { return }
        if let details = message.details, details.kind != .exchange {
            if let redactor {
                writeSaid(message.redacted(redactor), details, exchange, text, connection, origin)
            } else {
                writeSaid(message, details, exchange, text, connection, origin)
            }
        } else if let redactor {
            write(message.redacted(redactor), exchange, text, connection, origin)
        } else {
            write(message, exchange, text, connection, origin)
        }
    }

    @inline(__always)
    private func write(
        _ message: borrowing Message, _ exchange: Exchange?, _ text: RawSpan, _ connection: Connection,
        _ origin: Origin
    ) {
        begin(message.lastByte)
        let isSend = connection.direction(message.head.side) == .send
        writeStart(connection, origin, isSend: isSend)
        let wire = message.wire.bytes
        if message.head.side == .server { writeStatus(message, wire, exchange, text) }
        if message.details == nil { writeContents(message, wire) } else { writeFields(message, wire) }
        if fields == .all { writeRelations(message, exchange, connection, origin) }
        if fields == .all, let exchange, !exchange.kind.isEmpty {
            json.key("operation")
            json.headerText(text.extracting(exchange.kind))
            if message.head.side == .server { writeFault(message, wire, exchange.status) }
        }
        writeContainers(connection, isSend: isSend)
        json.endObject()
        json.newline()
    }

    /// What rests on the message's bytes alone.
    ///
    /// No request has the bytes of a response.
    private func writeContents(_ message: borrowing Message, _ wire: RawSpan) {
        let wireIsCut = message.wire.count > bodyLimit || UInt64(message.wire.count) < message.capturedBytes
        let isWholeAndPlain = !wireIsCut && !message.bodyIsSeparate && message.anomalies.isEmpty
        if isWholeAndPlain, texts.append(wire, to: &json) { return }
        let start = json.count
        if message.head.side == .client { writeRequestLine(message, wire) }
        let bodyIsCut = writeBody(message, wire, wireIsCut)
        writeHeaders(message.head.fields, wire, "headers")
        if !writeWire(message, wire) {
            writeBytes(Swift.min(message.wire.count, bodyLimit), wireIsCut, wire, "raw_payload", "raw_payload_base64")
        }
        if bodyIsCut || wireIsCut {
            json.key("truncated")
            json.boolean(true)
        }
        writeAnomalies(message.anomalies)
        guard isWholeAndPlain else { return }
        texts.remember(wire, as: json, from: start)
    }

    /// The same of a message that is made of fields: there is no text of it that was on the wire.
    private func writeFields(_ message: borrowing Message, _ wire: RawSpan) {
        if message.head.side == .client { writeRequestLine(message, wire) }
        let bodyIsCut = writeBody(message, wire, false)
        writeHeaders(message.head.fields, wire, "headers")
        if bodyIsCut {
            json.key("truncated")
            json.boolean(true)
        }
        writeAnomalies(message.anomalies)
    }

    /// What went wrong with the operation of an answer whose status says nothing of it.
    private func writeFault(_ message: borrowing Message, _ wire: RawSpan, _ status: UInt16) {
        guard status == AnswerStatus.operationFailed || status == AnswerStatus.operationPartial else { return }
        json.key("graphql_status")
        json.string(status == AnswerStatus.operationFailed ? "error" as StaticString : "partial")
        json.key("graphql_code")
        let start = Swift.min(message.head.length, wire.byteCount)
        let body = message.bodyIsDecoded ? message.decoded.bytes : wire.extracting(start..<wire.byteCount)
        if let code = GraphQLAnswer.code(in: body) {
            json.headerText(body.extracting(code))
        } else {
            json.string(AnswerStatus.name(AnswerStatus.operationFailed))
        }
    }

    private func writeRequestLine(_ message: borrowing Message, _ wire: RawSpan) {
        json.key("bytes")
        json.number(message.wireBytes)
        // Of a message of fields they may not be known.
        if message.details == nil || !message.head.verb.isEmpty {
            json.key("method")
            json.headerText(wire.extracting(message.head.verb))
        }
        guard message.details == nil || !message.head.target.isEmpty else { return }
        json.key("url")
        json.headerText(wire.extracting(message.head.target))
    }

    private func writeStatus(
        _ message: borrowing Message, _ wire: RawSpan, _ request: Exchange?, _ requestText: RawSpan
    ) {
        json.key("bytes")
        json.number(message.wireBytes)
        if let request { writeRequestLine(request, requestText) }
        if message.details == nil {
            json.key("status_code")
            json.number(UInt64(message.head.status))
            json.key("reason")
            json.headerText(wire.extracting(message.head.reason))
        } else if message.head.status != AnswerStatus.unknown {
            json.key("status_code")
            json.number(UInt64(message.head.status))
        }
        if let request, request.isRequestComplete {
            json.duration("duration_ms", from: request.requestLastByte, to: message.firstByte)
        }
    }

    /// Of the request that a response answers.
    ///
    /// No message has the bytes of a request line, which are without a line feed.
    private func writeRequestLine(_ request: Exchange, _ text: RawSpan) {
        let line = text.extracting(request.line)
        if texts.append(line, to: &json) { return }
        let start = json.count
        if !request.verb.isEmpty {
            json.key("method")
            json.headerText(text.extracting(request.verb))
        }
        if !request.isTargetUnknown {
            json.key("url")
            writeTarget(text.extracting(request.target))
        }
        texts.remember(line, as: json, from: start)
    }

    func writeTarget(_ target: RawSpan) {
        guard let redactor else { return json.headerText(target) }
        // Its request has counted what is hidden here.
        let shown = redactor.shown([UInt8](target), counts: false)
        json.headerText(shown.span.bytes)
    }

    /// - Returns: whether the body was cut at the limit.
    func writeBody(_ message: borrowing Message, _ wire: RawSpan, _ wireIsCut: Bool) -> Bool {
        wireBody = nil
        guard message.contentBytes > 0 else { return false }
        if message.bodyIsDecoded {
            let isCut = UInt64(message.decoded.count) < message.decodedBytes
            writeBytes(message.decoded.count, isCut, message.decoded.bytes, "body", "body_base64")
            return isCut
        }
        let start = Swift.min(message.head.length, wire.byteCount)
        let body = wire.extracting(start..<wire.byteCount)
        let shown = Swift.min(body.byteCount, bodyLimit)
        let isCut = UInt64(shown) < message.capturedBytes &- UInt64(message.head.length)
        // What was never on the wire as it is has no text that could be copied.
        let raw = message.details == nil ? shownWire(message, wire, wireIsCut) &- start : 0
        let text = isCut ? UTF8Sequence.wholeLength(body.extracting(first: shown)) : shown
        guard shown > 0, raw > 0, raw <= text else {
            if shown > 0 { writeBytes(shown, isCut, body, "body", "body_base64") }
            return isCut
        }
        let mark = json.mark
        json.key("body")
        if json.string(body.extracting(first: raw), then: body.extracting(raw..<text)) {
            wireBody = json.lastString
        } else {
            json.rollBack(to: mark)
            json.key("body_base64")
            json.base64(body.extracting(first: shown))
        }
        return isCut
    }

    /// How many of the wire bytes are shown; a cut inside a character moves to its beginning.
    private func shownWire(_ message: borrowing Message, _ wire: RawSpan, _ isCut: Bool) -> Int {
        let shown = Swift.min(message.wire.count, bodyLimit)
        return isCut ? UTF8Sequence.wholeLength(wire.extracting(first: shown)) : shown
    }

    /// The wire bytes of a message whose body stands as it was on the wire: its text was written a moment ago.
    /// - Returns: `false` where that is not so; nothing is written then.
    private func writeWire(_ message: borrowing Message, _ wire: RawSpan) -> Bool {
        guard let wireBody else { return false }
        let mark = json.mark
        json.key("raw_payload")
        if json.string(wire.extracting(first: message.head.length), followedBy: wireBody) { return true }
        json.rollBack(to: mark)
        return false
    }

    /// Bytes as text or, where they are not UTF-8, in base64.
    ///
    /// A cut inside a character moves to its beginning.
    /// - Returns: whether they are text.
    @discardableResult
    private func writeBytes(
        _ count: Int, _ isCut: Bool, _ bytes: RawSpan, _ name: StaticString, _ base64Name: StaticString
    ) -> Bool {
        let all = bytes.extracting(first: count)
        let mark = json.mark
        json.key(name)
        if json.string(isCut ? all.extracting(first: UTF8Sequence.wholeLength(all)) : all) { return true }
        json.rollBack(to: mark)
        json.key(base64Name)
        json.base64(all)
        return false
    }

    func writeAnomalies(_ anomalies: AnomalySet) {
        guard !anomalies.isEmpty else { return }
        json.key("anomalies")
        json.beginArray()
        for anomaly in Anomaly.allCases where anomalies.contains(anomaly) {
            json.element()
            json.string(anomaly.name)
        }
        json.endArray()
    }

    // MARK: What belongs together

    /// Who talks to whom, and what belongs to which connection and exchange.
    private func writeRelations(
        _ message: borrowing Message, _ exchange: Exchange?, _ connection: Connection, _ origin: Origin
    ) {
        writeBelonging(exchange, isNumbered: true, connection, origin)
        if let details = message.details {
            json.key("stream")
            json.number(UInt64(details.stream))
        }
        if message.head.side == .server, let exchange {
            json.duration("total_ms", from: exchange.requestFirstByte, to: message.lastByte)
        }
        writeIncomplete(message)
        if let details = message.details { writeDetails(details) }
    }

    /// To whom a message belongs, to which exchange, and how it came.
    func writeBelonging(_ exchange: Exchange?, isNumbered: Bool, _ connection: Connection, _ origin: Origin) {
        let peer =
            exchange?.token.destination
            ?? naming.destination(of: connection, host: RawSpan(), as: origin.isDecrypted ? .https : .http)
        writeParties(connection, peer)
        if isNumbered, let exchange {
            json.key("exchange")
            json.number(exchange.number)
        }
        json.key("protocol")
        json.string(registry[origin.row].wireName)
        if origin.isDecrypted {
            json.key("tls")
            json.boolean(true)
        }
    }

    /// What only some protocols say of a message.
    private func writeDetails(_ details: MessageDetails) {
        if !details.trailers.isEmpty {
            details.text.withBytes { writeHeaders(details.trailers, $0, "trailers") }
        }
        for facet in details.facets { write(facet, details) }
    }

    func write(_ facet: Facet, _ details: MessageDetails) {
        json.key(facet.key.name)
        switch facet.value {
        case .yes: json.boolean(true)
        case .number(let number): json.number(number)
        case .nanoseconds(let time): json.milliseconds(nanoseconds: time)
        case .name(let name): json.string(name)
        case .text(let part): details.text.withBytes { json.headerText($0.extracting(part)) }
        }
    }

    /// The parts of which something was not captured.
    func writeIncomplete(_ message: borrowing Message) {
        let head = message.anomalies.contains(.headIncomplete)
        let body = message.hasGap || message.anomalies.contains(.bodyIncomplete) || message.anomalies.contains(.gap)
        guard head || body else { return }
        json.key("incomplete")
        json.beginArray()
        if head {
            json.element()
            json.string("head")
        }
        if body {
            json.element()
            json.string("body")
        }
        json.endArray()
    }

    /// The names that the map uses, as far as they are known by now.
    func writeParties(_ connection: Connection, _ peer: PartyID) {
        json.key("service")
        json.string(naming.name(of: naming.source(of: connection)).text)
        json.key("peer")
        json.string(naming.name(of: peer).text)
        json.key("connection")
        json.number(connection.number)
        if let client = connection.proxiedFor {
            json.key("proxied_for")
            json.string(client.description)
        }
    }

    // MARK: What all events have

    /// Who sent and who received, where a container runtime knows one of them.
    func writeContainers(_ connection: Connection, isSend: Bool) {
        let ends = naming.ends(of: connection)
        guard !ends.isEmpty else { return }
        if let source = isSend ? ends.local : ends.remote {
            json.key("source_container")
            let text = source.json
            json.raw(text.span.bytes)
        }
        if let destination = isSend ? ends.remote : ends.local {
            json.key("destination_container")
            let text = destination.json
            json.raw(text.span.bytes)
        }
        json.key("destination_type")
        json.string(ends.destinationType(isSend: isSend, hasProcess: connection.opened.process != nil).name)
    }

    func begin(_ timestamp: Timestamp) {
        json.beginObject()
        json.key("timestamp")
        json.timestamp(timestamp, &time)
    }

    /// What all messages of one sender on the connection have.
    /// - Parameter isSend: the local side is the sender.
    private func writeStart(_ connection: Connection, _ origin: Origin, isSend: Bool) {
        let revision = naming.participants.revision
        // Of more connections than that, few speak at once.
        let slot = connection.slot & 4095
        while starts.count <= slot { starts.append(StartText()) }
        let known = starts[slot]
        if known.append(of: connection.number, origin.layer, isSend: isSend, revision, to: &json) { return }
        let start = json.count
        json.key("event_type")
        json.string("http")
        writeParties(connection, origin, isSend: isSend)
        json.withBytes(from: start) { known.remember($0, isSend: isSend) }
    }

    func writeParties(_ connection: Connection, _ origin: Origin, isSend: Bool) {
        if let process = naming.participants.process(connection.opened.process) {
            json.key("pid")
            json.number(Int64(process.key.pid))
            json.key("comm")
            json.string(process.comm)
            json.key("cmdline")
            // It is counted where the process is told of, and shown here with each connection.
            json.string(redactor?.shown(process.commandLine, counts: false) ?? process.commandLine)
        }
        let opened = connection.opened
        // In a capture it is the client's: what is local was a guess by ports where the connection's first packet is missing.
        let isGuess = opened.process == nil && opened.role == .unknown
        let isSent = isGuess ? isSend == connection.localIsClient : isSend
        json.key("direction")
        json.string(isSent ? "send" : "recv")
        let (source, destination) = isSend ? (opened.local, opened.remote) : (opened.remote, opened.local)
        // A Unix socket has neither.
        if source.kind == .internet {
            json.key("source_ip")
            json.address(source.address)
            json.key("source_port")
            json.number(UInt64(source.port))
        }
        if destination.kind == .internet {
            json.key("dest_ip")
            json.address(destination.address)
            json.key("dest_port")
            json.number(UInt64(destination.port))
        }
        if origin.layer == .plaintext {
            json.key("layer")
            json.string("plaintext")
        }
    }
}
