/// Content that goes on for as long as somebody listens, cut into what it consists of: server-sent events (WHATWG HTML, section
/// 9.2), or lines of JSON.
///
/// Each is told of when it is complete, and however the content was cut they are the same.
final class EventStream {
    /// What the content is, by its media type.
    enum Kind: Equatable, Sendable {
        case events, lines

        /// `nil` for content that comes to an end.
        init?(_ value: RawSpan) {
            let end = value.firstIndex(of: 0x3B) ?? value.byteCount
            let type = HTTPGrammar.trimmed(value, 0..<end)
            func equals(_ name: StaticString) -> Bool { HTTPGrammar.equal(value, type, name) }
            if equals("text/event-stream") {
                self = .events
            } else if equals("application/x-ndjson") || equals("application/ndjson") || equals("application/jsonl")
                || equals("application/x-jsonlines") || equals("application/stream+json")
            {
                self = .lines
            } else {
                return nil
            }
        }
    }

    private let run: Run
    private let content: JSONContent
    private var members = JSONMembers()
    private var message = Message()
    private let events = MessageDetails(.sse)
    private let lines = MessageDetails(.ndjson)
    private let keepsBytes: Bool
    private(set) var isOpen = false
    private var kind = Kind.events
    private var stream: UInt32 = 0
    private var opener = Carried(exchange: nil, text: [])
    private var text = UniqueBytes()
    /// The line that is read, and what of it did not fit.
    private var line = UniqueBytes()
    private var lost = 0
    /// The last byte was a carriage return, and a line feed behind it is a part of it.
    private var endsInReturn = false
    private var isFirstLine = true
    /// Something of the event, or a whole of it, was read.
    private var hasBegun = false
    private var name: [UInt8] = []
    private var id: [UInt8] = []
    /// Lines of data of the event.
    private var dataLines = 0
    /// Bytes are missing: until the next event begins nobody knows what they are.
    private var isTorn = false

    init(_ run: Run) {
        self.run = run
        content = JSONContent(run)
        keepsBytes = run.needs.contains(.messages)
    }

    /// Longer lines are told of by their length.
    private static let longest = 256 << 10

    var held: Int { isOpen ? line.count &+ message.held : 0 }

    /// Makes ready for the content of an answer.
    /// - Parameter opener: the request that it answers.
    func begin(_ kind: Kind, _ opener: Carried, stream: UInt32) {
        isOpen = true
        self.kind = kind
        self.opener = opener
        self.stream = stream
        text.removeAll()
        text.append(opener.text.span.bytes)
        line.removeAll()
        lost = 0
        endsInReturn = false
        isFirstLine = true
        isTorn = false
        beginEvent()
    }

    private func beginEvent() {
        hasBegun = false
        name.removeAll(keepingCapacity: true)
        id.removeAll(keepingCapacity: true)
        dataLines = 0
        run.buffers.take(from: &message.wire)
        message.reset()
        message.head.reset(.server)
        let details = kind == .events ? events : lines
        details.reset()
        message.details = details
        content.begin()
        members.reset()
    }

    func feed(_ bytes: RawSpan, _ now: Timestamp, _ out: any Output) {
        var at = 0
        if endsInReturn, bytes.byteCount > 0 {
            endsInReturn = false
            if bytes.u8(at: 0) == ASCII.lineFeed { at = 1 }
        }
        while at < bytes.byteCount {
            let end = endOfLine(bytes, at)
            if !hasBegun { begin(now) }
            keep(bytes.extracting(at..<(end ?? bytes.byteCount)), now)
            guard let end else { return }
            message.wireBytes &+= 1
            at = end &+ 1
            if bytes.u8(at: end) == ASCII.carriageReturn {
                endsInReturn = at == bytes.byteCount
                // It may come later, and so is not counted.
                if bytes.u8(at: at) == ASCII.lineFeed { at &+= 1 }
            }
            message.lastByte = now
            lineIsComplete(out)
        }
    }

    private func begin(_ now: Timestamp) {
        hasBegun = true
        message.firstByte = now
        message.lastByte = now
    }

    private func endOfLine(_ bytes: RawSpan, _ start: Int) -> Int? {
        let feed = bytes.firstIndex(of: ASCII.lineFeed, from: start)
        guard kind == .events else { return feed }
        return bytes.firstIndex(of: ASCII.carriageReturn, in: start..<(feed ?? bytes.byteCount)) ?? feed
    }

    private func keep(_ part: RawSpan, _ now: Timestamp) {
        message.wireBytes &+= UInt64(part.byteCount)
        message.lastByte = now
        let room = Swift.max(0, Swift.min(part.byteCount, Self.longest &- line.count))
        line.append(part.extracting(first: room))
        lost &+= part.byteCount &- room
    }

    private func lineIsComplete(_ out: any Output) {
        var own = UniqueBytes()
        swap(&own, &line)
        let isLong = lost > 0
        if kind == .lines { jsonLine(own.bytes, isLong, out) } else { field(own.bytes, isLong, out) }
        own.removeAll(keepingAtMost: 4096)
        swap(&own, &line)
        lost = 0
        isFirstLine = false
    }

    private func jsonLine(_ line: RawSpan, _ isLong: Bool, _ out: any Output) {
        let text = line.extracting(HTTPGrammar.trimmed(line, 0..<line.byteCount))
        guard text.byteCount > 0, !isTorn else {
            isTorn = false
            return beginEvent()
        }
        data(text, isLong)
        tell(out)
    }

    /// WHATWG HTML, section 9.2.6.
    private func field(_ line: RawSpan, _ isLong: Bool, _ out: any Output) {
        var start = 0
        if isFirstLine, line.has("\u{FEFF}", at: 0) { start = 3 }
        guard line.byteCount > start else {
            if dataLines > 0, !isTorn { tell(out) } else { beginEvent() }
            isTorn = false
            return
        }
        let colon = line.firstIndex(of: 0x3A, from: start)
        guard colon != start else {
            // A comment, which is no part of what follows it.
            if dataLines == 0, name.isEmpty, id.isEmpty { beginEvent() }
            return
        }
        let nameEnd = colon ?? line.byteCount
        var value = colon.map { $0 &+ 1 } ?? line.byteCount
        if line.u8(at: value) == ASCII.space { value &+= 1 }
        let name = start..<nameEnd
        let rest = line.extracting(Swift.min(value, line.byteCount)..<line.byteCount)
        if line.isWord("data", at: name) {
            data(rest, isLong)
        } else if line.isWord("event", at: name) {
            self.name = [UInt8](rest.extracting(first: Swift.min(rest.byteCount, Self.longestName)))
        } else if line.isWord("id", at: name) {
            id = [UInt8](rest.extracting(first: Swift.min(rest.byteCount, Self.longestName)))
        }
    }

    private static let longestName = 128

    private func data(_ bytes: RawSpan, _ isLong: Bool) {
        if dataLines > 0 { add(Self.newline.span.bytes) }
        dataLines &+= 1
        add(bytes)
        guard isLong else { return }
        message.contentBytes &+= UInt64(lost)
        message.capturedBytes &+= UInt64(lost)
        message.anomalies.insert(.bodyIncomplete)
    }

    private static let newline: [UInt8] = [ASCII.lineFeed]

    private func add(_ bytes: RawSpan) {
        message.contentBytes &+= UInt64(bytes.byteCount)
        message.capturedBytes &+= UInt64(bytes.byteCount)
        content.feed(bytes)
        members.feed(bytes)
        guard keepsBytes else { return }
        run.buffers.lend(to: &message.wire)
        message.wire.append(bytes, limit: run.limits.bodyBytes)
    }

    // MARK: Telling

    private func tell(_ out: any Output) {
        message.shape = content.end(isWhole: message.isWhole, out)
        guard var exchange = opener.exchange else {
            text.withBytes { out.said(message, nil, $0) }
            return beginEvent()
        }
        let start = text.count
        nameKind()
        exchange.kind = ByteRange(start, text.count)
        exchange.isOneWay = true
        exchange.requestBytes = 0
        exchange.requestShape = .empty
        exchange.requestFirstByte = message.firstByte
        exchange.requestLastByte = message.lastByte
        exchange.responseShape = message.shape
        exchange.answerBytes = message.wireBytes
        if keepsBytes { describe(exchange) }
        text.withBytes {
            out.said(message, exchange, $0)
            out.said(exchange, $0)
        }
        text.truncate(to: start)
        beginEvent()
    }

    private func nameKind() {
        let name = name
        if kind == .events, JSONMembers.isWord(name.span.bytes) { return text.append(name.span.bytes) }
        let count = text.count
        members.withKind { text.append($0) }
        guard text.count == count else { return }
        text.append(kind == .events ? "message" : "line")
    }

    private func describe(_ exchange: Exchange) {
        guard let details = message.details else { return }
        details.stream = stream
        text.withBytes { details.say(.kind, .text(details.keep($0.extracting(exchange.kind)))) }
        let id = id
        if !id.isEmpty { details.say(.id, .text(details.keep(id.span.bytes))) }
        details.say(.opener, .number(exchange.number))
    }

    // MARK: What is missing, and the end

    func gap() {
        line.removeAll()
        lost = 0
        endsInReturn = false
        beginEvent()
        isTorn = true
    }

    /// Forgets what was never finished.
    func drop() {
        isOpen = false
        run.buffers.take(from: &message.wire)
    }

    /// - Parameter isWhole: the content has come to its own end.
    func end(isWhole: Bool, _ out: any Output) {
        guard isOpen else { return }
        // What has no end of its own is discarded by clients (section 9.2.6), but a line is a line.
        if kind == .lines, line.count > 0 {
            if !isWhole { message.anomalies.insert(.bodyIncomplete) }
            lineIsComplete(out)
        }
        opener = Carried(exchange: nil, text: [])
        drop()
    }
}
