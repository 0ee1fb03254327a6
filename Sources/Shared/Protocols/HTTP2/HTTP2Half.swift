/// What one side says on a stream (RFC 9113, section 8.1): a message of a head, a body over any number of frames, and trailers.
final class HTTP2Half {
    let side: Side
    var message = Message()
    let details = MessageDetails()
    private(set) var state = State.waiting
    /// Of the head: whether and how the body is coded, what it is of gRPC, and for whom it is.
    private(set) var facts = Facts()
    /// The body is a call's messages.
    var isCall = false
    private var calls: GRPCMessages?
    /// Most messages of a stream have no body, or a small one.
    private lazy var body = BodyReader(run, asks: side == .client)
    /// What it asks for in words of its own, where it does.
    private(set) var operation: [UInt8] = []
    private var hasBody = false
    private let run: Run
    private let keepsBytes: Bool

    enum State {
        /// Nothing was said yet, or informational answers only.
        case waiting
        /// The head is being read, or was, and the body follows.
        case head, body
        case done
    }

    /// What was read of a head's fields.
    struct Facts {
        var host = ByteRange.empty
        var codings = ContentCodings()
        /// Whose messages of a call the content is.
        var form: GRPCMessages.Form?
        var callCoding = ContentCoding.identity
        var isJSONCall = false
        /// How long the client waits, in nanoseconds.
        var timeout: Int64?
        /// What the body is.
        var media = MediaKind()
        /// One of the fields that begin with ":" (RFC 9113, section 8.3) was there.
        var hasPseudoField = false
        /// A field is not known, or was not kept.
        var isIncomplete = false
        var isOverLimit = false
        /// As `AnswerStatus` has it.
        var callStatus: UInt16?
        /// What an extended CONNECT asks for (RFC 8441, section 4).
        var askedProtocol = ByteRange.empty
        /// Of an answer, the fields that agree to it, as lines.
        var agreed: [UInt8] = []
        /// The content goes on for as long as somebody listens.
        var events: EventStream.Kind?
        var hasLength = false
    }

    init(_ side: Side, _ run: Run) {
        self.side = side
        self.run = run
        keepsBytes = run.needs.contains(.messages)
        message.details = details
    }

    func reset() {
        if hasBody { body.reset() }
        hasBody = false
        state = .waiting
        run.buffers.take(from: &message.wire)
        run.buffers.take(from: &message.decoded)
    }

    /// Bytes that are kept of the message.
    var held: Int {
        message.held &+ details.text.count &+ (hasBody ? body.held : 0) &+ (isCall ? calls?.held ?? 0 : 0)
    }

    // MARK: Head

    func begin(_ at: Timestamp) {
        message.reset()
        message.head.reset(side)
        details.reset()
        run.buffers.lend(to: &message.wire)
        message.firstByte = at
        message.lastByte = at
        facts = Facts()
        isCall = false
        hasBody = false
        state = .head
    }

    /// Bytes of frames on the wire.
    @inline(__always)
    func wire(_ count: Int, _ at: Timestamp) {
        message.wireBytes &+= UInt64(count)
        message.lastByte = at
    }

    /// A field of the head (RFC 9113, section 8.2).
    func field(_ name: RawSpan, _ value: RawSpan, _ out: any Output) {
        guard let first = name.u8(at: 0), let last = name.u8(at: name.byteCount &- 1) else {
            facts.isIncomplete = true
            return
        }
        if first == UInt8(ascii: ":") {
            if hasRoom(name, value, out) { pseudoField(name, value) }
            return
        }
        // One of the few that say something of the message; their names are known by length and last letter.
        switch (name.byteCount, last) {
        case (4, UInt8(ascii: "t")) where name.has("host", at: 0):
            guard !isAuthority(value), hasRoom(name, value, out) else { return }
            let field = keep(name, value)
            if facts.host.isEmpty { facts.host = field }
            return
        case (12, UInt8(ascii: "e")) where name.has("content-type", at: 0):
            if side == .server { facts.events = EventStream.Kind(value) }
            facts.media = MediaKind(value, 0..<value.byteCount)
            call(value)
        case (14, UInt8(ascii: "h")) where name.has("content-length", at: 0): facts.hasLength = true
        case (24, UInt8(ascii: "s")), (22, UInt8(ascii: "l")):
            if side == .server, name.has("sec-websocket-", at: 0) { agree(name, value, out) }
        case (16, UInt8(ascii: "g")) where name.has("content-encoding", at: 0):
            HTTPGrammar.forEachElement(value, 0..<value.byteCount) { facts.codings.append(ContentCoding(value, $0)) }
        case (12, UInt8(ascii: "t")) where name.has("grpc-timeout", at: 0):
            facts.timeout = GRPCTimeout.nanoseconds(value)
        case (18, UInt8(ascii: "s")) where name.has("connect-timeout-ms", at: 0):
            facts.timeout = value.decimal(0..<value.byteCount).flatMap { $0 <= 1 << 40 ? Int64($0) &* 1_000_000 : nil }
        case (13, UInt8(ascii: "g")) where name.has("grpc-encoding", at: 0):
            facts.callCoding = ContentCoding(value, 0..<value.byteCount)
        case (24, UInt8(ascii: "g")) where name.has("connect-content-encoding", at: 0):
            facts.callCoding = ContentCoding(value, 0..<value.byteCount)
        case (11, UInt8(ascii: "s")) where name.has("grpc-status", at: 0): facts.callStatus = GRPCStatus.number(value)
        default: break
        }
        // What they say of the message holds where they are not kept, too.
        guard keepsBytes, hasRoom(name, value, out) else { return }
        keep(name, Self.isHidden(name, value) ? Self.hidden.span.bytes : value)
    }

    /// Whether the head is short enough to have this field, too.
    private func hasRoom(_ name: RawSpan, _ value: RawSpan, _ out: any Output) -> Bool {
        hasRoom(beside: message.wire.count, message.head.fields.count, name, value, out)
    }

    /// - Parameters:
    ///   - length: of the names and values that are kept; counted as receivers do (RFC 9113, section 6.5.2).
    ///   - fields: how many they are.
    private func hasRoom(
        beside length: Int, _ fields: Int, _ name: RawSpan, _ value: RawSpan, _ out: any Output
    ) -> Bool {
        let size = length &+ Self.fieldSize &* (fields &+ 1) &+ name.byteCount &+ value.byteCount
        guard size > run.limits.headBytes else { return true }
        leaveOut(out)
        return false
    }

    /// A field is too long to be kept.
    func leaveOut(_ out: any Output) {
        facts.isIncomplete = true
        if !facts.isOverLimit { out.reached(.headBytes) }
        facts.isOverLimit = true
    }

    /// What the media type says of a call.
    private func call(_ type: RawSpan) {
        if type.has("application/grpc-web-text", at: 0) {
            facts.form = .webText
        } else if type.has("application/grpc-web", at: 0) {
            facts.form = .web
        } else if type.has("application/grpc", at: 0) {
            facts.form = .grpc
        } else if type.has("application/connect+", at: 0) {
            facts.form = .connect
        } else {
            return
        }
        let end = type.firstIndex(of: 0x3B) ?? type.byteCount
        facts.isJSONCall = HTTPGrammar.trimmed(type, 0..<end).count >= 5 && type.has("+json", at: end &- 5)
    }

    private func agree(_ name: RawSpan, _ value: RawSpan, _ out: any Output) {
        guard hasRoom(beside: facts.agreed.count, 0, name, value, out) else { return }
        facts.agreed.append(name)
        facts.agreed.append(UInt8(ascii: ":"))
        facts.agreed.append(value)
        facts.agreed.append(ASCII.lineFeed)
    }

    private func pseudoField(_ name: RawSpan, _ value: RawSpan) {
        facts.hasPseudoField = true
        switch name.byteCount {
        case 7 where name.has(":method", at: 0):
            // Whatever else it is, it is none.
            let isToken = HTTPGrammar.tokenEnd(value, 0..<value.byteCount) == value.byteCount
            if isToken { message.head.verb = text(value) } else { facts.isIncomplete = true }
        case 5 where name.has(":path", at: 0): message.head.target = text(value)
        case 7 where name.has(":status", at: 0):
            let status = HTTPGrammar.decimal(value, 0..<value.byteCount)
            message.head.status =
                status.flatMap { $0 <= AnswerStatus.highestOfHTTP ? UInt16($0) : nil } ?? AnswerStatus.unknown
        case 9 where name.has(":protocol", at: 0): facts.askedProtocol = text(value)
        case 10 where name.has(":authority", at: 0):
            facts.host = keep(Self.hostName.span.bytes, value)
        default: break
        }
    }

    /// The target of CONNECT, which has no path (RFC 9113, section 8.5).
    func targetIsAuthority() { message.head.target = facts.host }

    /// A Host field says what `:authority` does, if it is there (RFC 9113, section 8.3.1).
    private func isAuthority(_ value: RawSpan) -> Bool {
        guard facts.host.count == value.byteCount, !facts.host.isEmpty else { return false }
        var isEqual = false
        let host = facts.host.range
        message.wire.withBytes { isEqual = $0.extracting(host).equals(value) }
        return isEqual
    }

    /// - Returns: where the value lies.
    @discardableResult
    private func keep(_ name: RawSpan, _ value: RawSpan) -> ByteRange {
        guard keepsBytes else { return text(value) }
        let name = text(name)
        let value = text(value)
        message.head.fields.append(MessageHead.FieldLine(name: name, value: value, isFolded: false))
        return value
    }

    private func text(_ bytes: RawSpan) -> ByteRange {
        let start = message.wire.count
        message.wire.append(bytes)
        return ByteRange(start, message.wire.count)
    }

    private static let fieldSize = 32
    private static let hostName = Array("Host".utf8)
    private static let hidden = Array("[hidden]".utf8)

    /// What a call says of its error in words.
    private static func isHidden(_ name: RawSpan, _ value: RawSpan) -> Bool {
        guard value.byteCount > 0 else { return false }
        return name.byteCount == 12 && name.has("grpc-message", at: 0)
            || name.byteCount == 23 && name.has("grpc-status-details-bin", at: 0)
    }

    /// The head is read.
    func headIsComplete() {
        // Lines of a length that is known are a file.
        if facts.events == .lines, facts.hasLength { facts.events = nil }
        message.isWaiting = facts.events != nil
        message.head.length = message.wire.count
        message.capturedBytes = UInt64(message.head.length)
        state = .body
    }

    /// It is a call's, to this path.
    /// - Parameter form: of the request; the answer has its own.
    func becomesCall(_ path: RawSpan, _ form: GRPCMessages.Form) {
        isCall = true
        let calls = self.calls ?? GRPCMessages(run)
        self.calls = calls
        calls.begin(
            facts.form ?? form, facts.callCoding, isJSON: facts.isJSONCall, path: path, isRequest: side == .client)
    }

    /// Nothing more belongs to it.
    func endsWithoutBody() { state = .done }

    /// The message was said elsewhere.
    func isCarried() { state = .done }

    /// The answer was informational: another follows.
    func awaitAnother() {
        if keepsBytes, facts.isIncomplete { details.say(.headersIncomplete, .yes) }
        state = .waiting
    }

    /// A head whose status is not known, and behind which nothing of an answer came: another head says that it was informational.
    var mayBeInformational: Bool {
        side == .server && message.head.status == AnswerStatus.unknown && message.contentBytes == 0
    }

    // MARK: Trailers

    func trailer(_ name: RawSpan, _ value: RawSpan, _ out: any Output) {
        guard name.byteCount > 0 else {
            facts.isIncomplete = true
            return
        }
        // No trailers have it (RFC 9113, section 8.1): they are the head, and what was taken for that was informational.
        if mayBeInformational, name.byteCount == 7, name.has(":status", at: 0) { return pseudoField(name, value) }
        if name.byteCount == 11, name.has("grpc-status", at: 0) { facts.callStatus = GRPCStatus.number(value) }
        guard keepsBytes, hasRoom(beside: details.text.count, details.trailers.count, name, value, out) else { return }
        let start = details.text.count
        details.text.append(name)
        let end = details.text.count
        details.text.append(Self.isHidden(name, value) ? Self.hidden.span.bytes : value)
        details.trailers.append(
            MessageHead.FieldLine(
                name: ByteRange(start, end), value: ByteRange(end, details.text.count), isFolded: false))
    }

    /// A part of a header block could not be read.
    func isTorn() { facts.isIncomplete = true }

    // MARK: Body

    /// The content of a frame begins.
    /// - Parameter isAll: no other frame has any of it.
    func beginContent(_ count: Int, isAll: Bool, _ stream: HTTP2Stream) {
        guard !hasBody, !isCall, count > 0 else { return }
        hasBody = true
        body.begin(
            isAll && message.contentBytes == 0 ? .bytes(UInt64(count)) : .marked, facts.codings, facts.media.family,
            &message)
        if facts.media.family == .multipart { body.boundary = facts.media.boundary }
        if let events = facts.events { body.listen(events, stream.carried, stream: stream.id) }
    }

    func feed(_ bytes: RawSpan, _ out: any Output) {
        message.capturedBytes &+= UInt64(bytes.byteCount)
        if keepsBytes { message.wire.append(bytes, limit: run.limits.bodyBytes &+ message.head.length) }
        if hasBody { return body.feed(bytes, &message, out) }
        message.contentBytes &+= UInt64(bytes.byteCount)
        if isCall { calls?.feed(bytes, out) }
    }

    /// Bytes of the content are missing: an exact number, or `nil` where nobody knows.
    func gap(_ content: UInt64?, _ out: any Output) {
        guard content != 0 else { return }
        message.anomalies.insert(.gap)
        if hasBody { body.gap(&message, out) } else if isCall { calls?.gap(content ?? .max) }
        message.hasGap = true
        message.contentBytes &+= content ?? 0
    }

    // MARK: The end

    /// The message is over.
    /// - Parameter isCut: something else than its own end has ended it.
    func finish(isCut: Bool, _ out: any Output) {
        if state != .done, isCut { message.anomalies.insert(.bodyIncomplete) }
        if !operation.isEmpty { operation = [] }
        if hasBody {
            body.finish(&message, out)
            if side == .client { operation = body.operation }
        } else if isCall, let calls {
            message.shape = message.isWhole ? calls.shape : calls.shape.incomplete
            if let status = calls.status { facts.callStatus = status }
        } else if message.contentBytes > 0 {
            message.shape = message.isWhole ? .nonJSON : .nonJSON.incomplete
        }
        hasBody = false
        state = .done
        guard keepsBytes else { return }
        if facts.isIncomplete { details.say(.headersIncomplete, .yes) }
        if let timeout = facts.timeout { details.say(.timeout, .nanoseconds(timeout)) }
        guard isCall, let calls, !calls.isLost else { return }
        details.say(.messages, .number(calls.count))
        details.say(.messageBytes, .number(calls.messageBytes))
        if calls.compressed > 0 { details.say(.compressedMessages, .number(calls.compressed)) }
    }

    /// Between messages nothing is held.
    func letGo() {
        run.buffers.take(from: &message.wire)
        run.buffers.take(from: &message.decoded)
    }
}
