/// Cuts one direction of an HTTP connection into messages (RFC 9112), incrementally and in place.
///
/// Bytes are looked at where they lie. Only the beginning of a head that is not complete yet is kept (`pending`).
/// After a gap whose place is inside a body of known length the parser goes on exactly; anywhere else it is lost
/// and searches for the next start line.
///
/// The properties go without the runtime's exclusivity checks: one thread runs the pipeline, and the calls that come back
/// from the conversation (`headIsComplete`, `messageIsComplete`, `resolveSwitch`) are made when no access is open.
package final class HTTPStream {
    package let kind: HTTPHead.Kind
    @exclusivity(unchecked) package var message = HTTPMessage()
    @exclusivity(unchecked) package private(set) var state = State.head

    /// Bytes of a head, or of the search for one, that wait for more.
    @exclusivity(unchecked) private var pending: [UInt8] = []
    @exclusivity(unchecked) private var pendingSince = Timestamp(nanoseconds: 0)
    @exclusivity(unchecked) private var lines = HeadScanner()
    @exclusivity(unchecked) private var known = KnownHead()
    @exclusivity(unchecked) private var startLineIsValid = false
    @exclusivity(unchecked) private var chunks = ChunkedDecoder()
    private let body: BodyReader
    /// What went wrong before the next message and is to be said on it.
    @exclusivity(unchecked) package var carried = AnomalySet()

    /// What the next bytes are (RFC 9112, section 6.3).
    package enum State: Equatable {
        /// Between messages, or within a head.
        case head
        case length(UInt64)
        case chunked
        case untilClose
        /// A request asked to switch protocols; its answer decides what the next bytes are.
        case awaitingSwitch
        /// What follows is not HTTP; nothing more is consumed.
        case switched
        /// The place in the stream is lost; the next start line is searched for.
        case lost
    }

    package init(_ kind: HTTPHead.Kind, _ limits: Limits) {
        self.kind = kind
        body = BodyReader(limits)
    }

    package func reset() {
        message.reset()
        state = .head
        pending.removeAll(keepingCapacity: pending.capacity <= 16 << 10)
        lines.reset()
        startLineIsValid = false
        carried = AnomalySet()
    }

    // MARK: Bytes

    /// Takes the next bytes of the stream.
    /// - Returns: how many were taken; fewer than given only where the connection stops being HTTP.
    package func consume(_ bytes: RawSpan, _ timestamp: Timestamp, _ conversation: HTTPConversation) -> Int {
        if state == .switched { return 0 }
        if pending.isEmpty {
            let used = run(bytes, timestamp, timestamp, conversation)
            if state == .switched { return used }
            if used < bytes.byteCount {
                pending.append(bytes.extracting(used..<bytes.byteCount))
                pendingSince = timestamp
            }
            return bytes.byteCount
        }
        var input: [UInt8] = []
        swap(&input, &pending)
        let before = input.count
        input.append(bytes)
        let used = run(input.span.bytes, pendingSince, timestamp, conversation)
        if state == .switched { return Swift.max(0, used &- before) }
        if used == 0 {
            pending = input
        } else if used < input.count {
            pending.append(input.span.bytes.extracting(used..<input.count))
            pendingSince = timestamp
        }
        return bytes.byteCount
    }

    /// Bytes that wait for the answer to a request to switch.
    package func takeHeld() -> [UInt8] {
        var held: [UInt8] = []
        swap(&held, &pending)
        return held
    }

    /// The request to switch was declined: HTTP goes on with the bytes that waited.
    package func resolveSwitch(_ timestamp: Timestamp, _ conversation: HTTPConversation) {
        guard state == .awaitingSwitch else { return }
        state = .head
        let held = takeHeld()
        if !held.isEmpty { _ = consume(held.span.bytes, timestamp, conversation) }
    }

    /// Works through the bytes; gives the number of those that need not be seen again.
    private func run(
        _ bytes: RawSpan, _ since: Timestamp, _ now: Timestamp, _ conversation: HTTPConversation
    ) -> Int {
        var at = 0
        var began = since
        while at < bytes.byteCount {
            let rest = bytes.extracting(at..<bytes.byteCount)
            let used: Int
            switch state {
            case .head: used = consumeHead(rest, began, now, conversation)
            case .length(let left): used = consumeLength(rest, left, now, conversation)
            case .chunked: used = consumeChunks(rest, now, conversation)
            case .untilClose:
                wire(rest, conversation)
                body.feed(rest, &message, conversation)
                message.lastByte = now
                used = rest.byteCount
            case .lost: used = searchStartLine(rest, conversation)
            case .awaitingSwitch:
                // An answer that was not captured will not come: so much is not kept for it.
                guard rest.byteCount > conversation.limits.detectionBytes else { return at }
                state = .head
                continue
            case .switched: return at
            }
            if used < 0 { return at }
            at &+= used
            began = now
        }
        return at
    }

    /// - Returns: -1 where the head is not complete.
    private func consumeHead(
        _ bytes: RawSpan, _ since: Timestamp, _ now: Timestamp, _ conversation: HTTPConversation
    ) -> Int {
        if lines.lineFeeds.isEmpty, let first = bytes.u8(at: 0), first == 0x0D || first == 0x0A {
            // Empty lines before a start line are to be ignored (RFC 9112, section 2.2).
            lines.reset()
            var blank = 1
            while let byte = bytes.u8(at: blank), byte == 0x0D || byte == 0x0A { blank &+= 1 }
            conversation.parsed(UInt64(blank))
            return blank
        }
        if lines.isFresh, let length = known.length(in: bytes) {
            return beginMessage(bytes, length, isKnown: true, since, now, conversation)
        }
        let limit = conversation.limits.headBytes
        guard let length = lines.scan(bytes), length <= limit else {
            // What is decided here rests on the first `limit` bytes alone, however many came at once.
            if !startLineIsValid, let feed = lines.lineFeeds.first, Int(feed) < limit {
                guard kind.isStartLine(bytes, feed: Int(feed)) else {
                    return loseHead(.bytesBetweenMessages, conversation)
                }
                startLineIsValid = true
            }
            guard bytes.byteCount > limit else { return -1 }
            conversation.reached(.headBytes)
            conversation.placeIsLost(kind)
            conversation.unparsed(UInt64(limit))
            return limit &+ loseHead(.headTooLarge, conversation)
        }
        let isHead = parse(bytes)
        lines.reset()
        startLineIsValid = false
        guard isHead else { return loseHead(.bytesBetweenMessages, conversation) }
        known.remember(bytes.extracting(first: length))
        return beginMessage(bytes, length, isKnown: false, since, now, conversation)
    }

    private func parse(_ bytes: RawSpan) -> Bool {
        known.forget()
        return message.head.parse(bytes, lines, kind)
    }

    /// - Returns: the length of the head, which was read.
    private func beginMessage(
        _ bytes: RawSpan, _ length: Int, isKnown: Bool, _ since: Timestamp, _ now: Timestamp,
        _ conversation: HTTPConversation
    ) -> Int {
        message.reset()
        message.anomalies = message.head.anomalies
        message.anomalies.formUnion(carried)
        carried = AnomalySet()
        message.firstByte = since
        message.lastByte = now
        wire(bytes.extracting(first: length), conversation)
        begin(conversation.headIsComplete(self, bytes, isKnown: isKnown), conversation)
        return length
    }

    /// What seemed to be a head is none.
    ///
    /// The search begins behind its first byte, so that it can't find the same again.
    private func loseHead(_ why: Anomaly, _ conversation: HTTPConversation) -> Int {
        lines.reset()
        startLineIsValid = false
        carried.insert(why)
        state = .lost
        conversation.unparsed(1)
        return 1
    }

    private func begin(_ framing: HTTPFraming, _ conversation: HTTPConversation) {
        if message.head.hasTransferEncoding, message.head.contentLength != .absent {
            message.anomalies.insert(.contentLengthWithTransferEncoding)
        }
        body.begin(framing, &message, conversation)
        switch framing {
        case .none:
            state = .head
            finishMessage(conversation)
        case .length(let count): state = .length(count)
        case .chunked:
            message.bodyIsSeparate = true
            chunks = ChunkedDecoder()
            state = .chunked
        case .untilClose: state = .untilClose
        case .undefined:
            state = .lost
            finishMessage(conversation)
        case .switched:
            state = .switched
            finishMessage(conversation)
        }
    }

    private func consumeLength(
        _ bytes: RawSpan, _ left: UInt64, _ now: Timestamp, _ conversation: HTTPConversation
    ) -> Int {
        let count = Int(clamping: Swift.min(left, UInt64(bytes.byteCount)))
        let part = bytes.extracting(first: count)
        wire(part, conversation)
        body.feed(part, &message, conversation)
        message.lastByte = now
        state = .length(left &- UInt64(count))
        if left == UInt64(count) { endBody(conversation) }
        return count
    }

    private func consumeChunks(_ bytes: RawSpan, _ now: Timestamp, _ conversation: HTTPConversation) -> Int {
        message.lastByte = now
        switch chunks.step(bytes) {
        case .framing(let consumed):
            wire(bytes.extracting(first: consumed), conversation)
            return consumed
        case .content(let count):
            let part = bytes.extracting(first: count)
            wire(part, conversation)
            body.feed(part, &message, conversation)
            return count
        case .end(let consumed):
            wire(bytes.extracting(first: consumed), conversation)
            message.anomalies.formUnion(chunks.anomalies)
            endBody(conversation)
            return consumed
        case .broken(let anomaly, let consumed):
            wire(bytes.extracting(first: consumed), conversation)
            message.anomalies.formUnion(chunks.anomalies)
            message.anomalies.insert(anomaly)
            message.anomalies.insert(.bodyIncomplete)
            endBody(conversation)
            state = .lost
            return consumed
        }
    }

    private func searchStartLine(_ bytes: RawSpan, _ conversation: HTTPConversation) -> Int {
        switch StartLineSearch.search(bytes, from: 0, kind) {
        case .found(let offset):
            carried.insert(.resynchronised)
            conversation.unparsed(UInt64(offset))
            state = .head
            return offset
        case .notBefore(let offset):
            // Cheap to see again, dear to copy: what is kept moves only when it is much.
            guard offset > 64 << 10 || offset == bytes.byteCount else { return -1 }
            conversation.unparsed(UInt64(offset))
            return offset
        }
    }

    // MARK: Gaps and the end

    /// Bytes of the stream that nobody captured.
    package func gap(_ length: UInt64, _ timestamp: Timestamp, _ conversation: HTTPConversation) {
        switch state {
        case .length(let left) where length <= left:
            skip(length, conversation)
            message.lastByte = timestamp
            state = .length(left &- length)
            if left == length { endBody(conversation) }
        case .chunked where length <= chunks.contentAhead:
            skip(length, conversation)
            message.lastByte = timestamp
            chunks.skipContent(length)
        case .untilClose:
            skip(length, conversation)
        case .length(let left):
            skip(left, conversation)
            endBody(conversation)
            lose(conversation)
        case .chunked:
            message.anomalies.insert(.gap)
            message.anomalies.insert(.bodyIncomplete)
            endBody(conversation)
            lose(conversation)
        case .head, .lost, .awaitingSwitch:
            if state == .head { finishIncompleteHead(conversation) }
            lose(conversation)
        case .switched: break
        }
    }

    private func skip(_ length: UInt64, _ conversation: HTTPConversation) {
        guard length > 0 else { return }
        body.gap(&message, conversation)
        message.anomalies.insert(.gap)
        message.wireBytes &+= length
        message.contentBytes &+= length
    }

    private func lose(_ conversation: HTTPConversation) {
        conversation.unparsed(UInt64(pending.count))
        pending.removeAll(keepingCapacity: true)
        lines.reset()
        startLineIsValid = false
        state = .lost
        conversation.placeIsLost(kind)
    }

    /// The stream has ended: a body until close is complete, any other is not.
    package func finish(_ conversation: HTTPConversation) {
        // No answer was captured; what was said meanwhile may be HTTP.
        while state == .awaitingSwitch { resolveSwitch(pendingSince, conversation) }
        switch state {
        case .untilClose: endBody(conversation)
        case .length, .chunked:
            message.anomalies.insert(.bodyIncomplete)
            endBody(conversation)
        case .head: finishIncompleteHead(conversation)
        case .awaitingSwitch, .lost, .switched: break
        }
        conversation.unparsed(UInt64(pending.count))
        pending.removeAll(keepingCapacity: true)
        state = .lost
    }

    /// A head that broke off is still a message, if its start line is there: somebody tried.
    ///
    /// A request of HTTP/0.9 is nothing but its start line (RFC 1945, section 4.1), and is over when the stream is.
    private func finishIncompleteHead(_ conversation: HTTPConversation) {
        guard !pending.isEmpty, !lines.lineFeeds.isEmpty else { return }
        let held = takeHeld()
        let bytes = held.span.bytes
        guard parse(bytes) else { return conversation.unparsed(UInt64(held.count)) }
        message.reset()
        message.anomalies = message.head.anomalies
        message.anomalies.formUnion(carried)
        carried = AnomalySet()
        let isSimple =
            kind == .request && message.head.anomalies.contains(.versionUnknown) && message.head.fields.isEmpty
        if !isSimple { message.anomalies.insert(.headIncomplete) }
        message.firstByte = pendingSince
        message.lastByte = pendingSince
        wire(bytes, conversation)
        _ = conversation.headIsComplete(self, bytes, isKnown: false)
        finishMessage(conversation)
    }

    // MARK: Message

    @inline(__always)
    private func wire(_ bytes: RawSpan, _ conversation: HTTPConversation) {
        let count = UInt64(bytes.byteCount)
        message.wireBytes &+= count
        message.capturedBytes &+= count
        conversation.parsed(count)
        if conversation.keepsBytes {
            let limit = message.wireBytes == count ? Int.max : conversation.limits.bodyBytes &+ message.head.length
            message.wire.append(bytes, limit: limit)
        }
    }

    private func endBody(_ conversation: HTTPConversation) {
        state = .head
        finishMessage(conversation)
    }

    private func finishMessage(_ conversation: HTTPConversation) {
        body.finish(&message, conversation)
        conversation.messageIsComplete(self)
    }

    /// The next bytes are HTTP only if the answer says no.
    package func awaitSwitch() { state = .awaitingSwitch }
}
