/// Reads what a TLS handshake says in the clear, and what its records hold where the tape has the session's secrets.
///
/// What is opened is a layer within, which the protocol reads that both sides have agreed on (ALPN), or that is recognised. A
/// record counts only where its tag, or its MAC, proves that the key is right, and its place.
final class TLSAnalyzer: Analyzer {
    let run: Run
    var facts = TLSFacts()
    private var clientIsRead = false
    private var serverIsRead = false
    private var isTold = false
    var session = TLSSession()
    private let client = TLSDirection(.client)
    private let server = TLSDirection(.server)
    private var queue = TLSQueue()
    /// Something happened that records may have waited for.
    var mayGoOn = false
    private var inner: InnerID?
    /// The layer within goes on behind a loss whose length is not known.
    private var innerStart = Start.opening
    private var isInnerRefused = false
    /// The server has sent its certificate, or what comes behind it.
    var isPastCertificate = false
    /// Records were opened.
    private var isDecrypted = false
    private var lastMoment = Timestamp(nanoseconds: 0)

    init(_ run: Run) { self.run = run }

    func begin(_ start: Start) {
        facts = TLSFacts()
        clientIsRead = false
        serverIsRead = false
        isTold = false
        session = TLSSession()
        client.reset()
        server.reset()
        letGo()
        mayGoOn = false
        inner = nil
        innerStart = .opening
        isInnerRefused = false
        isPastCertificate = false
        isDecrypted = false
        lastMoment = Timestamp(nanoseconds: 0)
    }

    func direction(_ side: Side) -> TLSDirection { side == .client ? client : server }

    // MARK: From the channel

    func consume(_ bytes: RawSpan, _ side: Side, _ at: Arrival, _ out: any Output) -> Step {
        lastMoment = at.last
        guard readHello(bytes, side, isFinal: false, at.last, out) else { return .took(0) }
        let direction = direction(side)
        var used = 0
        while used < bytes.byteCount, direction.closed == nil {
            let rest = bytes.extracting(used...)
            if direction.cut != nil {
                used &+= goOn(cut: rest, direction, at.last, out)
                continue
            }
            guard rest.byteCount >= TLSRecord.header else {
                return .took(used, next: TLSRecord.header &- rest.byteCount)
            }
            guard TLSRecord.headers(1, rest) == .yes, let length = rest.big(UInt16.self, at: 3) else {
                guard isOpen(direction) else {
                    close(direction, .handshakeLost, out)
                    break
                }
                lose(direction, from: out.position(side) &+ UInt64(used))
                return .lost(took: used, .betweenMessages)
            }
            let end = TLSRecord.header &+ Int(length)
            guard rest.byteCount >= end else { return .took(used, next: end &- rest.byteCount) }
            let record = rest.extracting(first: end)
            if direction.lostFrom != nil, !find(record, direction, out.position(side) &+ UInt64(used), at.last, out) {
                if direction.closed != nil { break }
                return .lost(took: used &+ 1, .betweenMessages)
            }
            take(record, direction, at.last, out)
            tellIfKnown(at.last, out)
            used &+= end
        }
        tellIfKnown(at.last, out)
        return .took(direction.closed == nil ? used : bytes.byteCount)
    }

    func gap(_ length: UInt64, _ side: Side, after tail: RawSpan, _ at: Arrival, _ out: any Output) -> Step {
        lastMoment = at.last
        let direction = direction(side)
        guard side == .client ? clientIsRead : serverIsRead || isTold else {
            _ = end(side, after: tail, at.last, out)
            close(direction, .handshakeLost, out)
            close(self.direction(side.other), .handshakeLost, out)
            return .took(tail.byteCount)
        }
        if direction.closed == nil { settle(direction, out) }
        let wasClear = direction.epoch == .clear
        if direction.closed == nil, !isOpen(direction) { close(direction, .handshakeLost, out) }
        tellIfKnown(at.last, out)
        guard direction.closed == nil else { return .took(tail.byteCount) }
        direction.message.removeAll(keepingAtMost: 0)
        let position = out.position(side)
        if wasClear { lose(direction, from: position) }
        if direction.lostFrom != nil { return .lost(took: tail.byteCount, .betweenMessages) }
        var behind = position
        if direction.cut == nil {
            guard let whole = TLSRecord.length(tail) else {
                lose(direction, from: position)
                return .lost(took: tail.byteCount, .betweenMessages)
            }
            behind &+= UInt64(whole)
            beginCut(tail, whole, direction, at.last, out)
        } else {
            behind &+= UInt64(direction.cut?.rest ?? 0)
        }
        guard goOn(cut: length, direction, at.last, out) > 0 else { return .took(tail.byteCount) }
        lose(direction, from: behind)
        return .lost(took: tail.byteCount, .betweenMessages)
    }

    /// Looks for a record's header; whether it is one the record shows.
    func search(_ bytes: RawSpan, _ side: Side, from: Search) -> Found {
        let version = Swift.min(session.version ?? 0x0303, 0x0303)
        var place = from.next
        while place < bytes.byteCount {
            let rest = bytes.extracting(place...)
            let fit = rest.fit(byteAt: 0) { TLSRecord.changeCipherSpec...TLSRecord.application ~= $0 }
                .and(rest.fit(big: UInt16.self, at: 1) { $0 == version })
                .and(TLSRecord.headers(1, rest))
            if fit == .yes { return .at(place) }
            if fit == .open { break }
            place &+= 1
        }
        return .none(Search(start: place, next: place))
    }

    func end(_ side: Side, after tail: RawSpan, _ at: Timestamp, _ out: any Output) -> Int {
        if tail.byteCount > 0, side == .client ? !clientIsRead : !serverIsRead {
            _ = readHello(tail, side, isFinal: true, at, out)
        } else if direction(side).closed == nil, direction(side).lostFrom == nil, !queue.has(side) {
            endCut(tail, direction(side), at, out)
        }
        if side == .client {
            clientIsRead = true
        } else if run.secrets.isHopeless || !isExpected {
            tell(at, out)
        }
        return tail.byteCount
    }

    /// The stream ends within a record.
    private func endCut(_ tail: RawSpan, _ direction: TLSDirection, _ at: Timestamp, _ out: any Output) {
        if direction.cut == nil, direction.cipher != nil, let whole = TLSRecord.length(tail), whole > tail.byteCount {
            beginCut(tail, whole, direction, at, out)
        }
        if let cut = direction.cut { _ = goOn(cut: UInt64(cut.rest), direction, at, out) }
    }

    func finish(_ out: any Output) {
        settle(client, out)
        settle(server, out)
        // What ends with the connection is told of before it.
        if let inner { out.close(inner, lastMoment) }
        inner = nil
        tell(lastMoment, out)
        if isDecrypted {
            run.summary.tls.decrypted &+= 1
        } else if let why = server.closed ?? client.closed {
            out.stayedClosed(why)
        }
        letGo()
    }

    func wake(_ at: Timestamp, _ out: any Output) {
        lastMoment = Swift.max(lastMoment, at)
        mayGoOn = true
        goOn(out)
    }

    var held: Int { client.message.count &+ server.message.count &+ queue.byteCount }

    var takesApart: Bool { false }

    // MARK: Hellos

    /// A hello that is longer is not waited for: most have some 500 bytes, and 2,000 with keys that quantum computers do
    /// not break.
    private static let helloLimit = 16 << 10

    /// - Returns: whether the side's hello is done with.
    private func readHello(
        _ bytes: RawSpan, _ side: Side, isFinal: Bool, _ at: Timestamp, _ out: any Output
    ) -> Bool {
        if isTold || (side == .client ? clientIsRead : serverIsRead) { return true }
        let hello = bytes.extracting(first: Self.helloLimit)
        let isFinal = isFinal || bytes.byteCount >= Self.helloLimit
        let reading =
            side == .client
            ? TLSHello.client(in: hello, isFinal: isFinal) : TLSHello.server(in: hello, isFinal: isFinal)
        switch reading {
        case .needMore: if !isFinal { return false }
        case .no:
            // Joined late: there is no handshake to come.
            if side == .client {
                close(client, .joinedLate, out)
                close(server, .joinedLate, out)
                tell(at, out)
            }
        case .yes(let found):
            if side == .client {
                facts.serverName = found.serverName
                facts.applicationProtocols = found.applicationProtocols
            } else {
                facts.chosenProtocol = found.chosenProtocol
                facts.version = found.version
                facts.suite = found.suite
            }
        }
        if side == .server {
            serverIsRead = true
            if isExpected { out.know(facts, isComplete: false, at) } else { tell(at, out) }
        } else {
            clientIsRead = true
            if !isTold { out.know(facts, isComplete: false, at) }
        }
        return true
    }

    /// More may be known of the connection than its hellos say: the tape has secrets, or up to TLS 1.2 the server's certificate
    /// is still to come, in the clear.
    private var isExpected: Bool {
        if session.random != nil, !run.secrets.isHopeless, client.closed == nil || server.closed == nil { return true }
        guard let version = facts.version, version < 0x0304 else { return false }
        return server.closed == nil && server.epoch == .clear && !isPastCertificate
    }

    private func tellIfKnown(_ at: Timestamp, _ out: any Output) {
        if serverIsRead, !isTold, !isExpected { tell(at, out) }
    }

    private func tell(_ at: Timestamp, _ out: any Output) {
        guard !isTold else { return }
        isTold = true
        out.know(facts, isComplete: true, at)
    }

    /// More is known of the handshake.
    func learn(_ at: Timestamp, _ out: any Output) { out.know(facts, isComplete: false, at) }

    // MARK: Records that wait

    /// So long a record waits for its secret: a library tells of it before it uses it, and a ring buffer is read within
    /// milliseconds.
    private static let patience: Int64 = 10_000_000_000
    /// A handshake, and the first requests.
    private static let waitingBytes = 64 << 10
    /// As long as the tape has told of no secret at all, or, if it tells of them as they are made, of none of the session: a
    /// handshake.
    private static let firstWaitingBytes = 16 << 10

    private var waitingLimit: Int {
        let isLikely = run.secrets.comeLater ? session.random.map(run.secrets.has) ?? false : !run.secrets.isHopeless
        return isLikely ? Self.waitingBytes : Self.firstWaitingBytes
    }

    private func take(_ record: RawSpan, _ direction: TLSDirection, _ now: Timestamp, _ out: any Output) {
        if queue.has(direction.side) || !read(record, direction, now, out) { wait(record, direction, now, out) }
        if mayGoOn { goOn(out) }
    }

    private func wait(_ record: RawSpan, _ direction: TLSDirection, _ now: Timestamp, _ out: any Output) {
        let isLate = queue.records.first.map { now.since($0.at) > Self.patience } ?? false
        guard !isLate, queue.byteCount &+ record.byteCount <= waitingLimit, run.secrets.hold(record.byteCount) else {
            settle(direction, out)
            // What the others waited for may have come of it.
            if direction.closed == nil, !read(record, direction, now, out) { close(direction, .noSecret, out) }
            return
        }
        if queue.isEmpty, let random = session.random { out.waitForSecret(of: random) }
        queue.append(record, direction.side, now)
        run.summary.tls.waited &+= 1
    }

    /// Reads what does not have to wait any more.
    private func goOn(_ out: any Output) {
        while mayGoOn {
            mayGoOn = false
            guard !queue.isEmpty else { return }
            // What is read may add to the queue, or empty it.
            var waiting = TLSQueue()
            swap(&waiting, &queue)
            let before = waiting.byteCount
            if waiting.drain({ record, side, at in
                let direction = direction(side)
                return direction.closed != nil || read(record, direction, at, out)
            }) {
                mayGoOn = true
            }
            swap(&waiting, &queue)
            if queue.isEmpty { run.secrets.letGo(before) }
        }
    }

    /// Nothing more is waited for: what a direction's records need is not there.
    private func settle(_ direction: TLSDirection, _ out: any Output) {
        guard queue.has(direction.side) else { return }
        mayGoOn = true
        goOn(out)
        while queue.has(direction.side) {
            giveUp(direction, out)
            mayGoOn = true
            goOn(out)
        }
    }

    /// Goes on without the secret that is missing, if there is a later one.
    private func giveUp(_ direction: TLSDirection, _ out: any Output) {
        switch direction.epoch {
        case .early:
            direction.enter(.handshake)
            direction.isSkipping = true
        case .handshake:
            guard case .known = session.key(direction.side, .application, run.secrets) else { fallthrough }
            direction.enter(.application)
            direction.isSkipping = true
        case .clear, .application: close(direction, .noSecret, out)
        }
    }

    private func letGo() {
        run.secrets.letGo(queue.byteCount)
        queue.removeAll()
        client.message.removeAll(keepingAtMost: 0)
        server.message.removeAll(keepingAtMost: 0)
        client.cipher = nil
        server.cipher = nil
    }

    /// A direction's records stay closed.
    func close(_ direction: TLSDirection, _ why: TLSClosed, _ out: any Output) {
        guard direction.closed == nil else { return }
        direction.closed = why
        direction.cipher = nil
        direction.lostFrom = nil
        direction.cut = nil
        direction.message.removeAll(keepingAtMost: 0)
        if client.closed != nil, server.closed != nil, serverIsRead { tell(lastMoment, out) }
    }

    // MARK: What is within

    /// Gives the layer within what a record held.
    func deliver(_ bytes: RawSpan, _ side: Side, _ now: Timestamp, _ out: any Output) {
        isDecrypted = true
        guard bytes.byteCount > 0, let inner = inner ?? open(now, out) else { return }
        out.deliver(bytes, side, now, to: inner)
    }

    private func open(_ now: Timestamp, _ out: any Output) -> InnerID? {
        guard !isInnerRefused else { return nil }
        if let name = session.applicationProtocol, let row = run.registry.row(alpn: name) {
            // Nobody has to recognise it, and so nobody else tells of the edge that its operations are of.
            if run.registry[row].role == .service { tell(now, out) }
            inner = out.open(.row(row, innerStart))
        } else {
            inner = out.open(.detect(Announcement()))
        }
        isInnerRefused = inner == nil
        return inner
    }

    /// The layer within misses bytes, an exact number.
    func tellGap(_ length: UInt64, _ side: Side, _ now: Timestamp, _ out: any Output) {
        guard length > 0, let inner = inner ?? open(now, out) else { return }
        out.gap(length, .packetLost, side, now, in: inner)
    }

    /// The layer within misses bytes, and nobody knows how many: what follows is read as what was joined late.
    func restart(_ now: Timestamp, _ out: any Output) {
        if let inner { out.close(inner, now) }
        inner = nil
        innerStart = .middle
    }
}
