/// NATS: what is published, asked for and delivered (NATS documentation, "Client Protocol"; JetStream API reference).
///
/// Each message names its subject, so nothing is lost after a late join. A request is a message that names a subject for its
/// answer, to which its own connection listens: the first message there answers it. Seen from who answers, a message that names
/// such a subject is answered by what is published there; JetStream's messages are so acknowledged. Payloads are stepped over,
/// but for what says how an answer went: a status in the headers, an `err_code` of JetStream's interface.
final class NATSAnalyzer: Analyzer {
    let run: Run
    /// By the client, and by the server.
    var requests = NATSWaiting()
    var deliveries = NATSWaiting()
    let subscriptions = NATSSubscriptions()
    var lastMoment = Timestamp(nanoseconds: 0)
    /// Servers talk to each other: nothing that a client asks for.
    private var isRoute = false
    private var isLost: InlineArray<2, Bool> = [false, false]
    /// Where the reading of each side stands.
    private var places: InlineArray<2, Place> = [Place(), Place()]
    /// CONNECT waits for the server to refuse it.
    var connect: ServiceOperation?
    /// Of what is told of at once.
    var text = UniqueBytes()

    private struct Place {
        /// Bytes of the line that comes, in which there is no end.
        var scanned = 0
        /// A long line is passed over.
        var isInLine = false
        /// A payload was stepped over, and its line's end comes.
        var isAtEnd = false
    }

    /// The message of each side whose payload comes.
    var said = NATSMessage()
    var heard = NATSMessage()

    init(_ run: Run) {
        self.run = run
        said.payload = .wanted(run)
        heard.payload = .wanted(run)
    }

    func begin(_ start: Start) {
        requests.removeAll()
        deliveries.removeAll()
        subscriptions.removeAll()
        isRoute = false
        isLost = [start == .middle, start == .middle]
        places = [Place(), Place()]
        connect = nil
        said.close()
        heard.close()
    }

    // MARK: From the channel

    func consume(_ bytes: RawSpan, _ side: Side, _ at: Arrival, _ out: any Output) -> Step {
        lastMoment = at.last
        if isRoute { return .took(bytes.byteCount) }
        let place = side == .client ? 0 : 1
        if isLost[place] { return .lost(took: 0, .betweenMessages) }
        var used = 0
        var began = at.first
        while used < bytes.byteCount, !isRoute {
            if side == .client ? said.headers.areOpen : heard.headers.areOpen {
                let rest = bytes.extracting(used...)
                used &+= side == .client ? said.take(rest) : heard.take(rest)
                guard let behind = side == .client ? said.behindHeaders : heard.behindHeaders else { continue }
                if expect(behind, side) { continue }
                places[place].isAtEnd = true
                let here = Swift.min(behind, bytes.byteCount &- used)
                used &+= here
                guard here == behind else { return .skip(took: used, UInt64(behind &- here)) }
            } else if let payload = side == .client ? said.payload : heard.payload, payload.isOpen {
                used &+= payload.take(bytes.extracting(used...))
                places[place].isAtEnd = !payload.isOpen
            } else if places[place].isAtEnd {
                switch bytes.fitLineEnd(at: used) {
                case .open: return .took(used)
                case .no: return lose(place, used)
                case .yes: break
                }
                used &+= 2
                places[place].isAtEnd = false
                end(side, at.last, out)
            } else if places[place].isInLine {
                guard let feed = bytes.firstIndex(of: ASCII.lineFeed, from: used) else { return .took(bytes.byteCount) }
                used = feed &+ 1
                places[place].isInLine = false
            } else if side == .client, bytes.u8(at: used) == NATSDetector.handshake,
                let tls = run.registry.id(named: "tls")
            {
                return .handOver(took: used, .row(tls))
            } else {
                let step = line(bytes, used, side, Arrival(first: began, last: at.last), out)
                guard case .took(let count, 0) = step else { return step }
                used = count
            }
            began = at.last
        }
        return .took(isRoute ? bytes.byteCount : used)
    }

    private func lose(_ place: Int, _ used: Int) -> Step {
        isLost[place] = true
        places[place] = Place()
        if place == 0 { said.close() } else { heard.close() }
        return .lost(took: used, .betweenMessages)
    }

    func gap(_ length: UInt64, _ side: Side, after tail: RawSpan, _ at: Arrival, _ out: any Output) -> Step {
        lastMoment = at.last
        if isRoute { return .took(tail.byteCount) }
        if let rest = side == .client
            ? said.headers.lose(length, behind: tail.byteCount) : heard.headers.lose(length, behind: tail.byteCount)
        {
            places[side == .client ? 0 : 1].isAtEnd = true
            return .skip(took: tail.byteCount, UInt64(rest))
        }
        if let payload = side == .client ? said.payload : heard.payload,
            let rest = payload.lose(length, behind: tail.byteCount)
        {
            places[side == .client ? 0 : 1].isAtEnd = true
            return .skip(took: tail.byteCount, UInt64(rest))
        }
        return lose(side == .client ? 0 : 1, 0)
    }

    /// What is behind the headers that were looked at is read, too, where somebody wants it.
    private func expect(_ count: Int, _ side: Side) -> Bool {
        let passed = side == .client ? said.headersLeft : heard.headersLeft
        guard let payload = side == .client ? said.payload : heard.payload else { return false }
        payload.expect(count, behind: passed)
        return payload.isOpen
    }

    func search(_ bytes: RawSpan, _ side: Side, from: Search) -> Found {
        let found = NATSLine.search(bytes, side, from: from.next)
        if case .at = found { isLost[side == .client ? 0 : 1] = false }
        return found
    }

    func end(_ side: Side, after tail: RawSpan, _ at: Timestamp, _ out: any Output) -> Int {
        lastMoment = Swift.max(lastMoment, at)
        // What was looked at of a line is gone with it.
        places[side == .client ? 0 : 1].scanned = 0
        return 0
    }

    func finish(_ out: any Output) {
        tellConnect(.ok, out)
        while let entry = requests.oldest { giveUp(entry, out) }
        while let entry = deliveries.oldest { giveUp(entry, out) }
    }

    var held: Int { requests.heldBytes &+ deliveries.heldBytes }

    // MARK: Lines

    private func line(_ bytes: RawSpan, _ used: Int, _ side: Side, _ at: Arrival, _ out: any Output) -> Step {
        let place = side == .client ? 0 : 1
        guard let feed = bytes.firstIndex(of: ASCII.lineFeed, from: used &+ places[place].scanned) else {
            places[place].scanned = bytes.byteCount &- used
            guard places[place].scanned > NATSLine.longestLine else { return .took(used) }
            guard bytes.begins(withOneOf: ["INFO", "CONNECT"], at: used, ignoringCase: true) else {
                return lose(place, used)
            }
            places[place] = Place(isInLine: true)
            return .took(bytes.byteCount, next: 1)
        }
        places[place].scanned = 0
        let next = feed &+ 1
        let isCR = feed > used && bytes.byte(feed &- 1) == ASCII.carriageReturn
        let text = used..<(isCR ? feed &- 1 : feed)
        guard !text.isEmpty else { return .took(next, next: 0) }
        guard let line = NATSLine(text, bytes, side) else { return lose(place, used) }
        switch line.verb {
        case .publish, .message: break
        case .route:
            isRoute = true
            return .took(bytes.byteCount)
        case .subscribe: subscribe(line, bytes, next &- used, at, out)
        case .unsubscribe: subscriptions.remove(bytes.decimal(line.subscription) ?? 0)
        case .connect where side == .client: begin(connect: next &- used, at)
        case .pong where side == .server, .ok: tellConnect(.ok, out)
        case .error where side == .server: fail(bytes, text, next &- used, at, out)
        default: break
        }
        guard let size = line.size else { return .took(next, next: 0) }
        // Of a payload that says how an answer went, the beginning is looked at.
        let shown = wanted(line, bytes, side)
        guard bytes.byteCount &- next >= shown else { return .took(used, next: next &+ shown &- bytes.byteCount) }
        keep(line, bytes, next &- used &+ size &+ 2, bytes.extracting(next..<next &+ shown), side, at)
        if line.headers > 0, run.needs.contains(.traces) {
            if side == .client {
                said.begin(headers: line.headers, of: size)
            } else {
                heard.begin(headers: line.headers, of: size)
            }
            return .took(next, next: 0)
        }
        if expect(size, side) { return .took(next, next: 0) }
        places[place].isAtEnd = true
        let end = next &+ size
        guard end > bytes.byteCount else { return .took(end, next: 0) }
        return .skip(took: bytes.byteCount, UInt64(end &- bytes.byteCount))
    }
}

/// A message whose payload comes: its subjects, and how an answer went.
struct NATSMessage: ~Copyable {
    var text = UniqueBytes()
    var subject = ByteRange.empty
    var reply = ByteRange.empty
    var subscription = 0
    var bytes: UInt64 = 0
    var first = Timestamp(nanoseconds: 0)
    var outcome = NATSOutcome()
    var headers = GatheredHeaders()
    /// Headers that are behind those that are gathered.
    var headersLeft = 0
    /// As its headers say.
    var context: TraceContext?
    /// Reads what it carries; `nil`: nobody wants that.
    var payload: PayloadReader?

    init() {}

    mutating func begin(headers count: Int, of size: Int) {
        headers.begin(count, of: size)
        headersLeft = Swift.max(0, Swift.min(count, size) &- headers.left)
    }

    /// Nothing more of it comes.
    mutating func close() {
        headers.close()
        payload?.close()
    }

    /// - Returns: how many of the bytes were of the headers.
    mutating func take(_ bytes: RawSpan) -> Int {
        let count = headers.take(bytes)
        guard !headers.areOpen else { return count }
        var said: TraceContext?
        headers.bytes.withBytes { said = TraceContext(lines: $0) }
        context = said
        return count
    }

    /// Bytes of the payload, where the headers are there.
    var behindHeaders: Int? { headers.areOpen ? nil : headers.behind }
}
