/// MongoDB's protocol: which commands are given, on which collections, and what became of them (MongoDB Manual, "MongoDB Wire
/// Protocol"; specifications repository, "OP_MSG" and "Wire Compression").
///
/// An answer names its request, so nothing that is missing makes another's of it. Documents are stepped over: of a command its names
/// and keys are kept, of an answer its counts and codes.
final class MongoDBAnalyzer: Analyzer {
    private let run: Run
    private var queue = OperationQueue<Ask>()
    private let client = Half()
    private let server = Half()
    private var isLost: InlineArray<2, Bool> = [false, false]
    private var lastMoment = Timestamp(nanoseconds: 0)

    /// What has to be known of a command while its answer is read.
    struct Ask {
        /// The number that the next answer names.
        var id: UInt32
        var counts: Counts
        /// It was answered, and more answers follow by themselves.
        var isStream = false

        /// What `n` of the answer says.
        enum Counts { case affected, matched, rows, nothing }
    }

    /// The message of one side that is being read.
    private final class Half {
        var header: MongoDBHeader?
        var reader = MongoDBReader()
        var unpacker: MongoDBUnpacker?
        /// Bytes of the message that are to come.
        var left = 0
        var first = Timestamp(nanoseconds: 0)
        /// Of OP_COMPRESSED: the head of its content was read.
        var isOpen = false
    }

    init(_ run: Run) { self.run = run }

    func begin(_ start: Start) {
        queue.removeAll()
        for half in [client, server] { close(half) }
        isLost = start == .middle ? [true, true] : [false, false]
    }

    // MARK: From the channel

    func consume(_ bytes: RawSpan, _ side: Side, _ at: Arrival, _ out: any Output) -> Step {
        lastMoment = at.last
        if isLost[Self.place(side)] { return .lost(took: 0, .betweenMessages) }
        let half = side == .client ? client : server
        var used = 0
        var began = at.first
        while used < bytes.byteCount {
            let rest = bytes.extracting(used...)
            guard let header = half.header else {
                guard rest.byteCount >= MongoDBHeader.size else {
                    return .took(used, next: MongoDBHeader.size &- rest.byteCount)
                }
                guard let header = MongoDBHeader(rest, side) else {
                    lose(side)
                    return .lost(took: used, .betweenMessages)
                }
                open(half, header, side, began)
                used &+= MongoDBHeader.size
                continue
            }
            let content = rest.extracting(first: Swift.min(rest.byteCount, half.left))
            let (taken, needs) = read(half, header, content, side)
            used &+= taken
            half.left &-= taken
            if half.left > 0, needs == 0 {
                // Nothing more is to be read of it.
                let more = half.left
                complete(half, header, side, at, out)
                let here = Swift.min(more, bytes.byteCount &- used)
                guard here == more else { return .skip(took: bytes.byteCount, UInt64(more &- here)) }
                used &+= here
            } else if half.left == 0 {
                complete(half, header, side, at, out)
            } else if used == bytes.byteCount, half.unpacker == nil, half.reader.skipped > 0 {
                // Documents that are not looked at.
                let more = Swift.min(half.reader.skipped, half.left)
                half.reader.pass(more)
                half.left &-= more
                if half.left == 0 { complete(half, header, side, at, out) }
                return .skip(took: used, UInt64(more))
            } else if used == bytes.byteCount || taken == 0 {
                return .took(used, next: Swift.max(1, needs))
            } else {
                continue
            }
            began = at.last
        }
        return .took(used)
    }

    func gap(_ length: UInt64, _ side: Side, after tail: RawSpan, _ at: Arrival, _ out: any Output) -> Step {
        lastMoment = at.last
        let half = side == .client ? client : server
        let behind = half.left &- tail.byteCount
        // Where the message ends is known; of what it says a part is not.
        if let header = half.header, behind >= 0, length <= UInt64(behind) {
            half.left = 0
            complete(half, header, side, Arrival(first: half.first, last: out.gapMoment), out, hasGap: true)
            return .skip(took: tail.byteCount, UInt64(behind) &- length)
        }
        lose(side)
        return .lost(took: 0, .betweenMessages)
    }

    func search(_ bytes: RawSpan, _ side: Side, from: Search) -> Found {
        let found = MongoDBHeader.search(bytes, side, from: from.next)
        if case .at = found { isLost[Self.place(side)] = false }
        return found
    }

    func end(_ side: Side, after tail: RawSpan, _ at: Timestamp, _ out: any Output) -> Int {
        lastMoment = Swift.max(lastMoment, at)
        return 0
    }

    func finish(_ out: any Output) {
        while !queue.isEmpty { giveUp(0, out) }
        for half in [client, server] { close(half) }
    }

    var held: Int {
        queue.text.count &+ client.reader.held &+ server.reader.held &+ (client.unpacker?.held ?? 0)
            &+ (server.unpacker?.held ?? 0)
    }

    private static func place(_ side: Side) -> Int { side == .client ? 0 : 1 }

    private func lose(_ side: Side) {
        isLost[Self.place(side)] = true
        close(side == .client ? client : server)
    }

    private func giveUp(_ place: Int, _ out: any Output) {
        tell(queue[place], .unanswered, out)
        queue.remove(place)
    }

    // MARK: Messages

    private func open(_ half: Half, _ header: MongoDBHeader, _ side: Side, _ first: Timestamp) {
        half.header = header
        half.left = header.length &- MongoDBHeader.size
        half.first = first
        half.isOpen = header.opcode != .compressed
        if half.isOpen { begin(half, header.opcode, half.left, side) }
    }

    private func begin(_ half: Half, _ opcode: MongoDBHeader.Opcode, _ content: Int, _ side: Side) {
        let answers = half.header?.responseTo ?? 0
        let isKnown = side == .client || queue.firstIndex { $0.detail.id == answers } != nil
        let kind: MongoDBReader.Kind = !isKnown ? .nothing : side == .client ? .command : .reply
        half.reader.begin(
            kind, opcode, content: content, hasText: run.needs.contains(.operations) && run.statements != .off)
    }

    private func close(_ half: Half) {
        half.header = nil
        half.left = 0
        half.unpacker?.letGo(run)
        half.unpacker = nil
    }

    /// - Returns: how many bytes were taken, and how many more are needed; 0 where all that matters was read.
    private func read(
        _ half: Half, _ header: MongoDBHeader, _ bytes: RawSpan, _ side: Side
    ) -> (taken: Int, needs: Int) {
        guard half.isOpen else {
            // The opcode within, the length of what it holds, and how it is compressed.
            guard bytes.byteCount >= 9 else { return (0, 9 &- bytes.byteCount) }
            half.isOpen = true
            let opcode = bytes.little(UInt32.self, at: 0).flatMap(MongoDBHeader.Opcode.init) ?? .compressed
            let whole = bytes.little(UInt32.self, at: 4) ?? 0
            begin(half, opcode, Int(Swift.min(whole, 48_000_000)), side)
            half.unpacker = MongoDBUnpacker(bytes.u8(at: 8) ?? 0xFF, run)
            return (9, 1)
        }
        guard let unpacker = half.unpacker else {
            let progress = half.reader.read(bytes)
            return (progress.used, progress.needs)
        }
        unpacker.unpack(bytes, into: half.reader)
        return (bytes.byteCount, 1)
    }

    private func complete(
        _ half: Half, _ header: MongoDBHeader, _ side: Side, _ at: Arrival, _ out: any Output, hasGap: Bool = false
    ) {
        let hasGap = hasGap || half.unpacker?.hasFailed ?? false
        if side == .client {
            ask(half, header, at, hasGap, out)
        } else {
            answer(half, header, at, hasGap, out)
        }
        close(half)
    }

    private func ask(_ half: Half, _ header: MongoDBHeader, _ at: Arrival, _ hasGap: Bool, _ out: any Output) {
        if queue.count >= run.limits.pipelinedRequests || queue.text.count >= run.limits.pipelinedBytes {
            out.reached(.pipelinedRequests)
            giveUp(0, out)
        }
        let facts = half.reader.facts
        var operation = ServiceOperation()
        var counts = Ask.Counts.nothing
        half.reader.text.withBytes { text in
            let name = text.extracting(facts.name)
            let known = MongoDBCommand(name)
            operation.name = queue.store(name)
            operation.isHousekeeping = known.isHousekeeping
            counts = known.counts
            operation.namespace = queue.store(text.extracting(facts.database))
            let collection = text.extracting(facts.collection)
            // Of what keeps a session going no more is kept.
            guard !known.isHousekeeping else { return }
            operation.targets = queue.store(collection)
            operation.statement = queue.store(text.extracting(facts.keys))
            if run.statements != .off {
                let start = queue.store(name).start
                if collection.byteCount > 0 {
                    _ = queue.store(" ")
                    _ = queue.store(collection)
                }
                operation.summary = ByteRange(Int(start), queue.text.count)
            }
        }
        operation.pairing = .id
        operation.system = "mongodb"
        operation.batch = facts.batch > 1 ? UInt32(clamping: facts.batch) : 0
        operation.requestBytes = UInt64(header.length)
        operation.requestFirst = half.first
        operation.requestLast = at.last
        if hasGap { operation.incomplete.insert(.request) }
        if facts.name.isEmpty { operation.incomplete.insert(.text) }
        let entry = QueuedOperation<Ask>(operation: operation, detail: Ask(id: header.id, counts: counts))
        guard !facts.moreToCome, !(half.header?.opcode.isOneWay ?? false) else {
            tell(entry, .oneWay, out)
            if queue.isEmpty { queue.removeAll() }
            return
        }
        queue.append(entry.operation, entry.detail)
    }

    private func answer(_ half: Half, _ header: MongoDBHeader, _ at: Arrival, _ hasGap: Bool, _ out: any Output) {
        guard let place = queue.firstIndex(where: { $0.detail.id == header.responseTo }) else { return }
        let facts = half.reader.facts
        queue.update(place) { entry in
            entry.operation.responseBytes &+= UInt64(header.length)
            entry.operation.responseFirst = entry.operation.responseFirst ?? half.first
            entry.operation.ended = at.last
            if hasGap { entry.operation.incomplete.insert(.response) }
            entry.count(facts)
            // More follow by themselves, each answering the one before it.
            if facts.moreToCome {
                entry.detail.id = header.id
                entry.detail.isStream = true
            }
        }
        if let code = facts.code {
            let stored = queue.store(decimal: UInt64(clamping: code))
            queue.update(place) { $0.operation.code = stored }
        }
        guard !facts.moreToCome else { return }
        let isError = facts.isOK == false || facts.code != nil
        let isUnknown = facts.isOK == nil && !isError && header.opcode != .reply
        if isUnknown { queue.update(place) { $0.operation.incomplete.insert(.response) } }
        // Of an answer that lacks what it says of itself nobody knows whether it was good.
        tell(queue[place], isError ? .error : isUnknown && hasGap ? .unanswered : .ok, out)
        queue.remove(place)
    }

    private func tell(
        _ entry: QueuedOperation<Ask>, _ status: ServiceOperation.Status, _ out: any Output
    ) {
        var operation = entry.operation
        // Streams of answers that a client has asked for go on until the connection ends.
        let isStream = status == .unanswered && entry.detail.isStream
        operation.status = isStream ? .ok : status
        switch operation.status {
        case .unanswered: operation.endUnanswered(lastMoment)
        case .oneWay: operation.endOneWay()
        case .error: operation.isHousekeeping = false
        default: break
        }
        queue.tell(operation, out)
    }
}

extension QueuedOperation where Detail == MongoDBAnalyzer.Ask {
    /// Takes the counts of an answer.
    fileprivate mutating func count(_ facts: MongoDBReader.Facts) {
        if let rows = facts.rows { operation.rows = (operation.rows ?? 0) &+ rows }
        switch detail.counts {
        case .affected: operation.affected = facts.matched ?? operation.affected
        case .matched: operation.affected = facts.modified ?? facts.matched ?? operation.affected
        case .rows:
            if facts.rows == nil { operation.rows = facts.hasValue ? 1 : 0 }
            operation.affected = facts.matched ?? operation.affected
        case .nothing: break
        }
    }
}

/// What is known of a command by its name: MongoDB Manual, "Database Commands".
private struct MongoDBCommand {
    var counts: MongoDBAnalyzer.Ask.Counts
    var isHousekeeping: Bool

    init(_ name: RawSpan) {
        func isOne(of names: [StaticString]) -> Bool {
            names.contains { name.byteCount == $0.utf8CodeUnitCount && name.has($0) }
        }
        counts =
            isOne(of: Self.changing)
            ? .affected
            : name.has("update") && name.byteCount == 6 ? .matched : isOne(of: Self.finding) ? .rows : .nothing
        isHousekeeping = isOne(of: Self.housekeeping)
    }

    private static let changing: [StaticString] = ["insert", "delete"]
    private static let finding: [StaticString] = ["findAndModify", "findandmodify"]

    /// Hello, authentication, sessions, and how the server is.
    private static let housekeeping: [StaticString] = [
        "hello", "isMaster", "ismaster", "ping", "saslStart", "saslContinue", "authenticate", "getnonce", "logout",
        "buildInfo", "buildinfo", "startSession", "refreshSessions", "endSessions", "killSessions", "whatsmyuri",
    ]
}
