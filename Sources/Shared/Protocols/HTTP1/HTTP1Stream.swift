/// Cuts one direction of an HTTP/1 connection into messages (RFC 9112), incrementally and in place.
///
/// After a gap whose place is inside a body of known length the parser goes on exactly; anywhere else it is lost
/// and searches for the next start line.
final class HTTP1Stream {
    let side: Side
    var message = Message()
    /// What the last head says of its message's framing and coding.
    private(set) var framing = HTTP1Framing()
    private var type = ContentType()
    private var state = State.head
    private var lines = HeadScanner()
    private var known = KnownHead()
    private var startLineIsValid = false
    private var chunks = ChunkedDecoder()
    /// Most requests have none.
    private var reader: BodyReader?
    /// What the last message asks for in words of its own, where it does.
    private(set) var operation: [UInt8] = []
    /// The message has a body, as far as its head says.
    private var hasBody = false
    private let run: Run
    private let keepsBytes: Bool
    /// What went wrong before the next message and is to be said on it.
    private var carried = AnomalySet()
    /// The other side is to have its turn.
    private var isPaused = false
    /// Where the head that is read begins among the bytes that the channel showed.
    private(set) var offset = 0
    /// Where the bytes of a call begin among these.
    private var base = 0
    /// Bytes are missing right before what is read or searched: it may begin within a line.
    private var isTorn = false
    /// The answer to an unknown request has a body, of which nothing has come yet: unless it was HEAD, or CONNECT.
    private var mayLackBody = false
    /// What is searched begins with what seemed to be a head and is none: it is not to be found again.
    private var isFalseStart = false
    /// What follows where the streams were switched, as far as it is known.
    private var successor: Successor?

    /// What the next bytes are (RFC 9112, section 6.3).
    private enum State: Equatable {
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

    init(_ side: Side, _ run: Run) {
        self.side = side
        self.run = run
        keepsBytes = run.needs.contains(.messages)
    }

    /// - Parameter joinedLate: the first bytes need not begin a message.
    func reset(joinedLate: Bool = false) {
        message.reset()
        if hasBody { body.reset() }
        hasBody = false
        state = .head
        lines.reset()
        startLineIsValid = false
        carried = AnomalySet()
        isPaused = false
        isTorn = joinedLate
        mayLackBody = false
        isFalseStart = false
        successor = nil
    }

    private var body: BodyReader {
        @inline(__always)
        get {
            if let reader { return reader }
            let reader = BodyReader(run, asks: side == .client)
            self.reader = reader
            return reader
        }
    }

    /// Nothing is said for some time.
    func trim() {
        known = KnownHead()
        if !hasBody { reader = nil }
        guard state == .head, lines.isFresh else { return }
        type = ContentType()
        lines = HeadScanner()
        message.head.fields = []
    }

    /// Bytes that are kept of the message.
    var held: Int { message.held &+ (hasBody ? body.held : 0) }

    // MARK: Bytes

    func consume(_ bytes: RawSpan, _ at: Arrival, _ analyzer: HTTP1Analyzer, _ out: any Output) -> Step {
        var taken = 0
        var began = at.first
        while taken < bytes.byteCount {
            let rest = bytes.extracting(taken..<bytes.byteCount)
            let used: Int
            switch state {
            case .head:
                offset = base &+ taken
                used = consumeHead(rest, Arrival(first: began, last: at.last), analyzer, out)
            case .length(let left): used = consumeLength(rest, left, at.last, analyzer, out)
            case .chunked: used = consumeChunks(rest, at.last, analyzer, out)
            case .untilClose: used = consumeUntilClose(rest, at.last, analyzer, out)
            case .awaitingSwitch:
                // An answer that was not captured will not come: so much is not kept for it.
                guard rest.byteCount > run.limits.detectionBytes else { return .hold(took: taken) }
                state = .head
                continue
            case .lost, .switched: return step(taken)
            }
            if used < 0 { return .took(taken) }
            taken &+= used
            began = at.last
            if isPaused {
                isPaused = false
                // An answer that declines may end where its coding breaks, and the place is lost with it.
                return state == .lost || state == .switched ? step(taken) : .took(taken, next: 0)
            }
        }
        return step(taken)
    }

    private func step(_ taken: Int) -> Step {
        switch state {
        case .lost: .lost(took: taken, .betweenMessages)
        case .switched: .handOver(took: taken, successor ?? .detect(Announcement()))
        case .awaitingSwitch: .hold(took: taken)
        case .head, .length, .chunked, .untilClose: .took(taken)
        }
    }

    // MARK: Switching

    var isSwitched: Bool { state == .switched }

    /// The switch was a CONNECT to this destination (RFC 9110, section 9.3.6).
    func leads(to destination: NamedDestination?) {
        successor = destination.map { .detect(Announcement(destination: $0)) }
    }

    /// The switch was an Upgrade to what has this name (RFC 9110, section 7.8).
    func leads(to row: ProtocolID, _ start: Start) { successor = .row(row, start) }

    /// The next bytes are HTTP only if the answer says no.
    func awaitSwitch() { state = .awaitingSwitch }

    var isAwaitingSwitch: Bool { state == .awaitingSwitch }

    /// The request to switch was declined: HTTP goes on with the bytes that waited.
    func switchIsDeclined() { if state == .awaitingSwitch { state = .head } }

    /// Stops before the next message: what the other side said before it may be read now.
    func pause() { isPaused = true }

    // MARK: Head

    /// - Returns: -1 where the head is not complete.
    private func consumeHead(
        _ bytes: RawSpan, _ at: Arrival, _ analyzer: HTTP1Analyzer, _ out: any Output
    ) -> Int {
        if lines.lineFeeds.isEmpty, let first = bytes.u8(at: 0), first == 0x0D || first == 0x0A {
            // Empty lines before a start line are to be ignored (RFC 9112, section 2.2).
            lines.reset()
            var blank = 1
            while let byte = bytes.u8(at: blank), byte == 0x0D || byte == 0x0A { blank &+= 1 }
            return blank
        }
        if lines.isFresh, !isTorn, let length = known.length(in: bytes) {
            return beginMessage(bytes, length, isKnown: true, at, analyzer, out)
        }
        let limit = run.limits.headBytes
        guard let length = lines.scan(bytes), length <= limit else {
            // What is decided here rests on the first `limit` bytes alone, however many came at once.
            if !startLineIsValid, let feed = lines.lineFeeds.first, Int(feed) < limit {
                guard side.isStartLine(bytes, feed: Int(feed)) else { return loseHead(.bytesBetweenMessages) }
                startLineIsValid = true
            }
            guard bytes.byteCount > limit else { return -1 }
            out.reached(.headBytes)
            analyzer.placeIsLost(side, out)
            out.unparsed(limit, .betweenMessages)
            return limit &+ loseHead(.headTooLarge)
        }
        let isHead = parse(bytes)
        lines.reset()
        startLineIsValid = false
        guard isHead else { return loseHead(.bytesBetweenMessages) }
        if isTorn {
            guard side == .server || HTTP1Detector.beginsWithRegistered(bytes) else {
                // The rest of a request: what answers it answers none that is known.
                analyzer.placeIsLost(side, out)
                return loseHead(.bytesBetweenMessages)
            }
            isTorn = false
        }
        known.remember(bytes.extracting(first: length))
        return beginMessage(bytes, length, isKnown: false, at, analyzer, out)
    }

    /// A message begins; its head was read.
    private func beginMessage(_ first: Timestamp, _ last: Timestamp) {
        message.reset()
        if keepsBytes { run.buffers.lend(to: &message.wire) }
        message.anomalies = framing.anomalies
        message.anomalies.formUnion(carried)
        carried = AnomalySet()
        message.firstByte = first
        message.lastByte = last
    }

    private func parse(_ bytes: RawSpan) -> Bool {
        known.forget()
        let isHead = framing.parse(bytes, lines, side, &message.head, keepsFields: keepsBytes)
        type.read(bytes.extracting(framing.contentType))
        return isHead
    }

    /// The body goes on for as long as somebody listens.
    var events: EventStream.Kind? { type.events }

    /// - Returns: the length of the head, which was read.
    private func beginMessage(
        _ bytes: RawSpan, _ length: Int, isKnown: Bool, _ at: Arrival, _ analyzer: HTTP1Analyzer, _ out: any Output
    ) -> Int {
        beginMessage(at.first, at.last)
        wire(bytes.extracting(first: length))
        begin(analyzer.headIsComplete(self, bytes, isKnown: isKnown, out), analyzer, out)
        return length
    }

    /// What seemed to be a head is none.
    private func loseHead(_ why: Anomaly) -> Int {
        lines.reset()
        startLineIsValid = false
        carried.insert(why)
        state = .lost
        isFalseStart = why == .bytesBetweenMessages
        return 0
    }

    // MARK: Body

    private func begin(_ length: HTTPFraming, _ analyzer: HTTP1Analyzer, _ out: any Output) {
        if framing.hasTransferEncoding, framing.contentLength != .absent {
            message.anomalies.insert(.contentLengthWithTransferEncoding)
        }
        hasBody = length != .none
        // Lines of a length that is known are a file.
        let events = length.isOpen || type.events == .events ? type.events : nil
        message.isWaiting = length == .switched || side == .server && events != nil
        if hasBody {
            let body = body
            body.begin(length.bodyLength, framing.codings, type.media, &message)
            if type.media == .multipart { body.boundary = type.boundary }
        }
        if hasBody, side == .server, let events { body.listen(events, analyzer.answered) }
        switch length {
        case .none:
            state = .head
            finishMessage(analyzer, out)
        case .length(let count):
            state = .length(count)
            mayLackBody = analyzer.isAnswerToUnknown(self)
        case .chunked:
            message.bodyIsSeparate = true
            chunks = ChunkedDecoder()
            state = .chunked
        case .untilClose:
            state = .untilClose
            mayLackBody = analyzer.isAnswerToUnknown(self)
        case .undefined:
            state = .lost
            finishMessage(analyzer, out)
        case .switched:
            state = .switched
            finishMessage(analyzer, out)
        }
    }

    private func consumeLength(
        _ bytes: RawSpan, _ left: UInt64, _ now: Timestamp, _ analyzer: HTTP1Analyzer, _ out: any Output
    ) -> Int {
        if mayLackBody, let used = judgeBody(bytes, analyzer, out) { return used }
        let count = Int(clamping: Swift.min(left, UInt64(bytes.byteCount)))
        let part = bytes.extracting(first: count)
        wire(part)
        message.lastByte = now
        body.feed(part, &message, out)
        state = .length(left &- UInt64(count))
        if left == UInt64(count) { endBody(analyzer, out) }
        return count
    }

    private func consumeUntilClose(
        _ bytes: RawSpan, _ now: Timestamp, _ analyzer: HTTP1Analyzer, _ out: any Output
    ) -> Int {
        if mayLackBody, let used = judgeBody(bytes, analyzer, out) { return used }
        wire(bytes)
        message.lastByte = now
        body.feed(bytes, &message, out)
        return bytes.byteCount
    }

    /// Where the body should begin the next answer does: the request was HEAD (RFC 9110, section 9.3.2), or CONNECT.
    /// - Returns: `nil` where a body begins, -1 where that is not clear yet.
    private func judgeBody(_ bytes: RawSpan, _ analyzer: HTTP1Analyzer, _ out: any Output) -> Int? {
        let begins = StatusLine.begins(bytes)
        if begins == .open { return -1 }
        mayLackBody = false
        guard begins == .yes else { return nil }
        body.reset()
        hasBody = false
        state = .head
        finishMessage(analyzer, out)
        return 0
    }

    /// No more bytes come that could tell whether a body begins or the next answer: what is there is the body's.
    /// - Returns: how many bytes of the tail it took.
    private func readShort(_ tail: RawSpan, _ at: Timestamp, _ analyzer: HTTP1Analyzer, _ out: any Output) -> Int {
        guard mayLackBody else { return 0 }
        mayLackBody = false
        guard tail.byteCount > 0 else { return 0 }
        switch state {
        case .length(let left): return consumeLength(tail, left, at, analyzer, out)
        case .untilClose: return consumeUntilClose(tail, at, analyzer, out)
        default: return 0
        }
    }

    private func consumeChunks(
        _ bytes: RawSpan, _ now: Timestamp, _ analyzer: HTTP1Analyzer, _ out: any Output
    ) -> Int {
        message.lastByte = now
        switch chunks.step(bytes) {
        case .framing(let consumed):
            wire(bytes.extracting(first: consumed))
            return consumed
        case .content(let count):
            let part = bytes.extracting(first: count)
            wire(part)
            body.feed(part, &message, out)
            return count
        case .end(let consumed):
            wire(bytes.extracting(first: consumed))
            message.anomalies.formUnion(chunks.anomalies)
            endBody(analyzer, out)
            return consumed
        case .broken(let anomaly, let consumed):
            wire(bytes.extracting(first: consumed))
            message.anomalies.formUnion(chunks.anomalies)
            message.anomalies.insert(anomaly)
            message.anomalies.insert(.bodyIncomplete)
            endBody(analyzer, out)
            state = .lost
            return consumed
        }
    }

    // MARK: The place is lost

    func search(_ bytes: RawSpan, _ from: Search) -> Found {
        var from = from
        if isFalseStart {
            isFalseStart = false
            from = Search(start: Swift.max(from.start, 1), next: Swift.max(from.next, 1))
        }
        let found = StartLineSearch.search(bytes, from, side, isTorn: isTorn)
        switch found {
        case .at:
            carried.insert(.resynchronised)
            state = .head
            isTorn = false
        case .none(let search): if search.start > 0 { isTorn = false }
        }
        return found
    }

    /// Bytes of the stream that nobody captured.
    func gap(
        _ length: UInt64, after tail: RawSpan, _ at: Arrival, _ analyzer: HTTP1Analyzer, _ out: any Output
    ) -> Step {
        var taken = readShort(tail, at.first, analyzer, out)
        let isCut = state == .head
        switch state {
        case .length(let left) where length <= left:
            skip(length, out)
            message.lastByte = Swift.max(message.lastByte, out.gapMoment)
            state = .length(left &- length)
            if left == length { endBody(analyzer, out) }
            isPaused = false
            return .took(taken)
        case .untilClose:
            skip(length, out)
            return .took(taken)
        case .length(let left):
            skip(left, out)
            endBody(analyzer, out)
        case .chunked:
            let content = Swift.min(length, chunks.contentAhead)
            skip(content, out)
            message.anomalies.insert(.gap)
            switch chunks.skip(length) {
            case .goesOn:
                message.wireBytes &+= length &- content
                message.lastByte = Swift.max(message.lastByte, out.gapMoment)
                return .took(0)
            case .ends:
                message.wireBytes &+= length &- content
                message.lastByte = Swift.max(message.lastByte, out.gapMoment)
                endBody(analyzer, out)
                isPaused = false
                return .took(0)
            case .lost(let mayHoldMore):
                message.anomalies.insert(.bodyIncomplete)
                endBody(analyzer, out)
                loseIt()
                isTorn = true
                if mayHoldMore { analyzer.placeIsLost(side, out) }
                return .lost(took: 0, .betweenMessages)
            }
        case .head:
            offset = taken
            taken &+= finishIncompleteHead(
                tail.extracting(taken..<tail.byteCount), at.first, goesOn: true, analyzer, out)
            // What of the head is there has said so.
            if state == .switched { return step(taken) }
        case .lost, .awaitingSwitch: break
        case .switched: return .took(tail.byteCount)
        }
        loseIt()
        isTorn = true
        analyzer.placeIsLost(side, isCut: isCut && taken > 0, out)
        return .lost(took: taken, .betweenMessages)
    }

    private func loseIt() {
        lines.reset()
        startLineIsValid = false
        isPaused = false
        isFalseStart = false
        state = .lost
    }

    private func skip(_ length: UInt64, _ out: any Output) {
        guard length > 0 else { return }
        body.gap(&message, out)
        message.anomalies.insert(.gap)
        message.wireBytes &+= length
        message.contentBytes &+= length
    }

    // MARK: The end

    /// The stream has ended: a body until close is complete, any other is not.
    /// - Returns: how many bytes of the tail belong to messages.
    func end(after tail: RawSpan, _ at: Timestamp, _ analyzer: HTTP1Analyzer, _ out: any Output) -> Int {
        var taken = readHeld(tail, at, analyzer, out)
        taken &+= readShort(tail.extracting(taken..<tail.byteCount), at, analyzer, out)
        switch state {
        case .untilClose: endBody(analyzer, out)
        case .length, .chunked:
            message.anomalies.insert(.bodyIncomplete)
            endBody(analyzer, out)
        case .head:
            offset = taken
            taken &+= finishIncompleteHead(
                tail.extracting(taken..<tail.byteCount), at, goesOn: false, analyzer, out)
        case .awaitingSwitch, .lost, .switched: break
        }
        loseIt()
        return taken
    }

    /// No answer to a request to switch was captured; what was said meanwhile may be HTTP.
    private func readHeld(_ tail: RawSpan, _ at: Timestamp, _ analyzer: HTTP1Analyzer, _ out: any Output) -> Int {
        var taken = 0
        while state == .awaitingSwitch {
            state = .head
            var isMoving = true
            while isMoving, taken < tail.byteCount {
                let rest = tail.extracting(taken..<tail.byteCount)
                base = taken
                defer { base = 0 }
                switch consume(rest, Arrival(at), analyzer, out) {
                case .lost(let used, let why):
                    taken &+= used
                    isMoving = false
                    if case .at(let place) = search(tail.extracting(taken..<tail.byteCount), Search()) {
                        out.unparsed(place, why)
                        taken &+= place
                        isMoving = true
                    }
                case .took(let used, _), .hold(let used), .skip(let used, _), .handOver(let used, _):
                    taken &+= used
                    isMoving = false
                }
            }
        }
        return taken
    }

    /// A head that broke off is still a message, if its start line is there: somebody tried.
    ///
    /// A request of HTTP/0.9 is nothing but its start line (RFC 1945, section 4.1), and is over when the stream is.
    /// - Parameter goesOn: in bytes that were not captured; a request may be so within its first line, too.
    /// - Returns: how many bytes belong to it: all, or none.
    private func finishIncompleteHead(
        _ bytes: RawSpan, _ since: Timestamp, goesOn: Bool, _ analyzer: HTTP1Analyzer, _ out: any Output
    ) -> Int {
        guard bytes.byteCount > 0 else { return 0 }
        if lines.lineFeeds.isEmpty {
            guard goesOn, side == .client else { return 0 }
            known.forget()
            guard framing.parseCut(bytes, &message.head) else { return 0 }
            type.read(RawSpan())
        } else if !parse(bytes) {
            return 0
        }
        beginMessage(since, since)
        let isSimple = side == .client && framing.anomalies.contains(.versionUnknown) && !framing.hasFields
        if !isSimple {
            message.anomalies.insert(.headIncomplete)
            // Whether it has a body nobody knows.
            message.shape = ShapeID.empty.incomplete
        }
        wire(bytes)
        _ = analyzer.headIsComplete(self, bytes, isKnown: false, out)
        finishMessage(analyzer, out)
        return bytes.byteCount
    }

    // MARK: Message

    @inline(__always)
    private func wire(_ bytes: RawSpan) {
        let count = UInt64(bytes.byteCount)
        message.wireBytes &+= count
        message.capturedBytes &+= count
        if keepsBytes {
            let limit = message.wireBytes == count ? Int.max : run.limits.bodyBytes &+ message.head.length
            message.wire.append(bytes, limit: limit)
        }
    }

    private func endBody(_ analyzer: HTTP1Analyzer, _ out: any Output) {
        state = .head
        finishMessage(analyzer, out)
    }

    private func finishMessage(_ analyzer: HTTP1Analyzer, _ out: any Output) {
        if !operation.isEmpty { operation = [] }
        if hasBody {
            body.finish(&message, out)
            if side == .client { operation = body.operation }
        }
        hasBody = false
        analyzer.messageIsComplete(self, out)
        // Between messages nothing is held.
        run.buffers.take(from: &message.wire)
        run.buffers.take(from: &message.decoded)
    }
}
