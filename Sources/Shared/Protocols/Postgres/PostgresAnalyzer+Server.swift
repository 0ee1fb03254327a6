/// What a server says (PostgreSQL documentation, "Message Formats", those with a B).
extension PostgresAnalyzer {
    /// How many bytes of a message are looked at: of a row those that say how long it is.
    static func wanted(ofServer type: UInt8) -> Int {
        switch type {
        case UInt8(ascii: "C"): PostgresFraming.headerBytes + 128
        case UInt8(ascii: "E"): PostgresFraming.headerBytes + 1024
        case UInt8(ascii: "S"): PostgresFraming.headerBytes + 256
        case UInt8(ascii: "A"): PostgresFraming.headerBytes + 4 + 256
        case UInt8(ascii: "R"): PostgresFraming.headerBytes + 4
        case UInt8(ascii: "Z"): PostgresFraming.headerBytes + 1
        case UInt8(ascii: "K"): PostgresFraming.headerBytes + 4 + longestKey
        default: PostgresFraming.headerBytes
        }
    }

    /// Of protocol 3.2; before that it has four bytes.
    private static let longestKey = 256

    func hear(server message: PostgresMessage, _ bytes: RawSpan, _ out: any Output) {
        switch message.type {
        // What comes at any time, and answers nothing.
        case UInt8(ascii: "N"), UInt8(ascii: "v"): return
        case UInt8(ascii: "K"): return key(bytes, out)
        case UInt8(ascii: "S"): return parameter(bytes)
        case UInt8(ascii: "A"): return notification(message, bytes, out)
        default: break
        }
        // Two answers to one request: there were others.
        if isHeld { giveUp(out) }
        if message.type == UInt8(ascii: "Z") { return ready(message, bytes, out) }
        response.bytes &+= UInt64(message.length)
        if response.first == nil { response.first = message.at.first }
        switch message.type {
        case UInt8(ascii: "D"), UInt8(ascii: "d"):
            guard let place = operating else { return mismatch() }
            queue.update(place) { $0.rows &+= 1 }
        case UInt8(ascii: "C"): complete(message, bytes, out)
        case UInt8(ascii: "E"): fail(message, bytes, out)
        case UInt8(ascii: "1"): answered(.parse, out)
        case UInt8(ascii: "2"): answered(.bind, out)
        case UInt8(ascii: "3"): answered(.close, out)
        case UInt8(ascii: "T"), UInt8(ascii: "n"):
            if currentKind == .describe { answered(.describe, out) }
        case UInt8(ascii: "I"): empty(message, out)
        case UInt8(ascii: "s"): suspend(message, out)
        case UInt8(ascii: "G"): copies(isIn: true)
        case UInt8(ascii: "H"), UInt8(ascii: "W"): copies(isIn: false)
        case UInt8(ascii: "V"):
            guard currentKind == .function else { return mismatch() }
            end(.ok, message, out)
        case UInt8(ascii: "R"):
            // AuthenticationOk.
            if bytes.big(UInt32.self, at: PostgresFraming.headerBytes) == 0, currentKind == .connect {
                end(.ok, message, out)
            }
        default: break
        }
    }

    // MARK: The request that is answered

    /// The place of the first entry whose answer is not known yet.
    private var current: Int? { (isPaired || isDoubtful) && answered < queue.count ? answered : nil }

    /// What is answered. (Entries are large: not copied for this.)
    private var currentKind: PostgresQueue.Entry.Kind? { current.map { queue[$0].kind } }

    /// The place of the operation that is answered.
    private var operating: Int? { current.flatMap { queue[$0].isOperation ? $0 : nil } }

    /// What the server says is no answer to what waits: other requests were lost, or are answered still.
    private func mismatch() {
        if isDoubtful { isMismatched = true }
    }

    private func answered(_ kind: PostgresQueue.Entry.Kind, _ out: any Output) {
        guard currentKind == kind else { return mismatch() }
        pass(out)
    }

    /// Goes on to the next entry.
    private func pass(_ out: any Output) {
        if isDoubtful {
            answered &+= 1
        } else {
            queue.popFront()
        }
    }

    private func copies(isIn: Bool) {
        guard let place = operating else { return mismatch() }
        queue.update(place) {
            $0.isCopy = true
            $0.isCopyIn = isIn
        }
    }

    // MARK: Ends

    private func complete(_ message: PostgresMessage, _ bytes: RawSpan, _ out: any Output) {
        guard let place = operating, queue[place].kind == .statement || queue[place].kind == .execute else {
            return mismatch()
        }
        let end = bytes.firstIndex(of: 0, from: PostgresFraming.headerBytes) ?? bytes.byteCount
        let tag = bytes.extracting(PostgresFraming.headerBytes..<end)
        if isDoubtful, !Self.mayAnswer(tag, queue[place].parts.verb) { return mismatch() }
        let stored = queue.store(tag)
        queue.update(place) {
            $0.tag = stored
            $0.count(tag)
        }
        self.end(.ok, message, out)
    }

    /// A tag names what was done; in doubt, it may be another's.
    private static func mayAnswer(_ tag: RawSpan, _ verb: SQLWord) -> Bool {
        let isPlain = verb == .select || verb.changesRows
        let told: [(StaticString, SQLWord)] = [
            ("SELECT", .select), ("INSERT", .insert), ("UPDATE", .update), ("DELETE", .delete), ("MERGE", .merge),
        ]
        guard isPlain, let word = told.first(where: { tag.has($0.0) })?.1 else { return true }
        return word == verb
    }

    /// EmptyQueryResponse: nothing was asked.
    private func empty(_ message: PostgresMessage, _ out: any Output) {
        switch currentKind {
        case nil: break
        case .queryEnd: response = (0, nil)
        case .execute:
            response = (0, nil)
            queue.update(answered) { $0.parts.isEmpty = true }
            end(.ok, message, out)
        default: mismatch()
        }
    }

    /// The operation that is answered has its answer.
    private func end(_ status: ServiceOperation.Status, _ message: PostgresMessage, _ out: any Output) {
        let place = answered
        queue.update(place) {
            $0.status = status
            $0.responseBytes &+= response.bytes
            $0.responseFirst = $0.responseFirst ?? response.first
            $0.ended = message.at.last
        }
        response = (0, nil)
        guard !isDoubtful else {
            answered &+= 1
            return
        }
        tell(queue[0], status: status, out)
        queue.popFront()
    }

    // MARK: Errors

    private func fail(_ message: PostgresMessage, _ bytes: RawSpan, _ out: any Output) {
        guard let current, !queue[current].endsCycle else {
            // Of the connection, such as a shutdown.
            response = (0, nil)
            return
        }
        // Each request of a cycle has an answer, unless one fails: where the first of them may be missing, the error may be that
        // of another, and only without one the answers are as many as the requests that are there.
        if isDoubtful, !beginsWhole { return mismatch() }
        let code = Self.code(bytes).map { queue.store(bytes.extracting($0)) } ?? .empty
        if queue[current].kind == .connect {
            queue.update(current) { $0.code = code }
            end(.error, message, out)
            return
        }
        // A Parse, Bind or Describe that fails is the failure of the statement which it makes ready.
        var place = answered
        while place < queue.count, !queue[place].isOperation, !queue[place].endsCycle { place &+= 1 }
        let hasOperation = place < queue.count && queue[place].isOperation
        if !hasOperation {
            // Only made ready: it is told of as what it would have been.
            place = answered
            forget(queue[place])
            queue.update(place) { $0.kind = .execute }
        }
        while answered < place {
            forget(queue[answered])
            pass(out)
            if !isDoubtful { place &-= 1 }
        }
        queue.update(answered) { $0.code = code }
        end(isCancelled(code) ? .cancelled : .error, message, out)
        skip(message, out)
    }

    /// BackendKeyData: by this the client may cancel, from another connection.
    private func key(_ bytes: RawSpan, _ out: any Output) {
        let session = PostgresSession()
        self.session = session
        out.shared { PostgresSessions() }.add(
            session, [UInt8](bytes.extracting(PostgresFraming.headerBytes..<bytes.byteCount)))
    }

    /// The client has asked for it; the same error comes of a timeout, too (query_canceled).
    private func isCancelled(_ code: ByteRange) -> Bool {
        guard let session, session.isCancelled else { return false }
        var isMeant = false
        queue.withText { isMeant = $0.isWord("57014", at: code.range) }
        if isMeant { session.isCancelled = false }
        return isMeant
    }

    /// The server passes over the rest of the cycle.
    private func skip(_ message: PostgresMessage, _ out: any Output) {
        while answered < queue.count, !queue[answered].endsCycle {
            forget(queue[answered])
            if queue[answered].isOperation {
                queue.update(answered) { $0.ended = message.at.last }
                let bytes = response
                end(.skipped, message, out)
                response = bytes
            } else {
                pass(out)
            }
        }
        isSkipped = cycleIsOpen && answered >= queue.count
    }

    /// A statement that was not prepared after all: what its name stands for is not known now.
    private func forget(_ entry: PostgresQueue.Entry) {
        if entry.kind == .parse {
            if entry.name.isEmpty {
                unnamed.forget()
            } else {
                queue.withText { prepared.remove($0.extracting(entry.name)) }
            }
        } else if entry.parts.verb == .prepare {
            prepared.removeAll()
        }
    }

    /// SQLSTATE: field C ("Error and Notice Message Fields").
    private static func code(_ bytes: RawSpan) -> Range<Int>? {
        var at = PostgresFraming.headerBytes
        while let field = bytes.u8(at: at), field != 0 {
            at &+= 1
            guard let value = text(bytes, &at) else { return nil }
            if field == UInt8(ascii: "C") { return value.count == 5 ? value : nil }
        }
        return nil
    }

    // MARK: Cycles

    private func ready(_ message: PostgresMessage, _ bytes: RawSpan, _ out: any Output) {
        serverIsIdle = true
        response = (0, nil)
        let isAlone = proof.isAlone
        proof.answer(isSurplus: queue.isEmpty)
        guard isPaired || isDoubtful else { return }
        if isDoubtful { prove(isAlone, out) } else { endCycle(out) }
        // No portal outlives its transaction.
        if bytes.u8(at: PostgresFraming.headerBytes) == UInt8(ascii: "I") {
            for one in suspended { tellSuspended(one, out) }
            suspended = []
        }
    }

    private func endCycle(_ out: any Output) {
        guard queue.openCycles > 0 else { return }
        while let entry = queue.front {
            if entry.isOperation { tell(entry, status: .unanswered, out) }
            queue.popFront()
            if entry.endsCycle { return }
        }
    }

    /// A cycle that was read in doubt has ended: it is the client's, or another.
    private func prove(_ isAlone: Bool, _ out: any Output) {
        let isExact = !isMismatched && answered < queue.count && queue[answered].endsCycle
        if isExact, isAlone { isHeld = true } else { settleCycle(isExact: isExact, out) }
    }

    /// The first cycle was answered.
    func settleCycle(isExact: Bool, _ out: any Output) {
        var isOver = false
        while !isOver, let entry = queue.front {
            isOver = entry.endsCycle
            if entry.isOperation { tell(entry, status: isExact ? entry.status ?? .unanswered : .unanswered, out) }
            queue.popFront()
        }
        answered = 0
        isMismatched = false
        isDoubtful = false
        isHeld = false
        // Behind what is missing of the client, its next cycle is read in doubt again.
        isPaired = isExact && !isLost[0]
    }

    // MARK: Portals that give their rows in parts

    private func suspend(_ message: PostgresMessage, _ out: any Output) {
        guard let place = operating, queue[place].kind == .execute else { return mismatch() }
        queue.update(place) {
            $0.status = .ok
            $0.responseBytes &+= response.bytes
            $0.responseFirst = response.first
            $0.ended = message.at.last
        }
        response = (0, nil)
        guard !isDoubtful else {
            // Told of as it is: what it belongs to is not known for sure.
            answered &+= 1
            return
        }
        keepSuspended(queue[place], out)
        queue.popFront()
    }

    private func keepSuspended(_ entry: PostgresQueue.Entry, _ out: any Output) {
        var one = Suspended(portal: [], entry: entry, text: [])
        queue.withText { one.portal = [UInt8]($0.extracting(entry.name)) }
        if let known = suspended.firstIndex(where: { $0.portal == one.portal }) {
            suspended[known].entry.add(entry)
            return
        }
        queue.withText { text in
            var start = 0
            for range in [entry.parts.targets, entry.parts.summary, entry.parts.statement] where !range.isEmpty {
                start = start == 0 ? Int(range.start) : Swift.min(start, Int(range.start))
            }
            let end =
                [entry.parts.targets, entry.parts.summary, entry.parts.statement].map(\.range.upperBound).max() ?? 0
            guard start < end else { return }
            one.text = [UInt8](text.extracting(start..<end))
            one.entry.parts = entry.parts.moved(by: -start)
        }
        one.entry.name = .empty
        if suspended.count >= Self.mostSuspended { tellSuspended(suspended.removeFirst(), out) }
        suspended.append(one)
    }

    private static var mostSuspended: Int { 64 }

    /// The portal gives no more rows.
    func endSuspended(_ portal: RawSpan, _ out: any Output) {
        guard !suspended.isEmpty else { return }
        let name = [UInt8](portal)
        guard let known = suspended.firstIndex(where: { $0.portal == name }) else { return }
        tellSuspended(suspended.remove(at: known), out)
    }

    func tellSuspended(_ one: Suspended, _ out: any Output) {
        var entry = one.entry
        let start = Int(queue.store(one.text.span.bytes).start)
        entry.parts = entry.parts.moved(by: start)
        entry.tag = .empty
        tell(entry, status: .ok, out, joins: false)
        if queue.isEmpty { queue.removeAll() }
    }

    // MARK: Telling

    /// - Parameter joins: rows of the same portal that were given before are its, too.
    func tell(_ entry: PostgresQueue.Entry, status: ServiceOperation.Status, _ out: any Output, joins: Bool = true) {
        guard !entry.parts.isEmpty else { return }
        var entry = entry
        if joins, entry.kind == .execute, !suspended.isEmpty { join(&entry) }
        var operation = ServiceOperation()
        operation.status = status
        operation.pairing = status == .unanswered || status == .oneWay ? .none : .order
        operation.system = "postgresql"
        operation.isHousekeeping =
            entry.kind == .connect ? status != .error : entry.parts.isHousekeeping && status != .error
        operation.namespace = storeNamespace()
        operation.name = name(of: entry)
        operation.targets = entry.parts.targets
        operation.summary = entry.parts.summary
        operation.statement = entry.parts.statement
        operation.context = entry.parts.context
        operation.incomplete = entry.incomplete
        if !entry.parts.isKnown { operation.incomplete.insert(.text) }
        operation.batch = entry.batch
        operation.requestBytes = entry.requestBytes
        operation.requestFirst = entry.requestFirst
        operation.requestLast = entry.requestLast
        operation.ended = status == .unanswered ? lastMoment : entry.ended
        switch status {
        case .ok, .error, .cancelled:
            operation.code = entry.code
            operation.responseFirst = entry.responseFirst
            operation.responseBytes = entry.responseBytes
            if entry.kind != .connect {
                operation.rows = entry.isCopyIn ? 0 : entry.rows
                operation.affected = entry.affected ?? 0
            }
        case .unanswered: operation.incomplete.insert(.response)
        case .oneWay, .skipped: operation.ended = entry.ended.nanoseconds == 0 ? entry.requestLast : entry.ended
        }
        queue.withText { out.operation(operation, $0) }
    }

    private func storeNamespace() -> ByteRange {
        guard !namespace.isEmpty else { return .empty }
        let bytes = namespace
        return queue.store(bytes.span.bytes)
    }

    private func join(_ entry: inout PostgresQueue.Entry) {
        var name: [UInt8] = []
        queue.withText { name = [UInt8]($0.extracting(entry.name)) }
        guard let known = suspended.firstIndex(where: { $0.portal == name }) else { return }
        entry.precede(by: suspended.remove(at: known).entry)
    }

    /// The verb; of a statement whose text is not known what the server says that it did.
    private func name(of entry: PostgresQueue.Entry) -> ByteRange {
        if !entry.parts.name.isEmpty { return entry.parts.name }
        if entry.parts.verb != .none { return queue.store(entry.parts.verb.text) }
        var end = Int(entry.tag.count)
        queue.withText { text in
            if let space = text.firstIndex(of: ASCII.space, in: entry.tag.range) {
                end = space &- Int(entry.tag.start)
            }
        }
        return ByteRange(Int(entry.tag.start), Int(entry.tag.start) &+ end)
    }

    // MARK: What answers nothing

    private func parameter(_ bytes: RawSpan) {
        var at = PostgresFraming.headerBytes
        guard let name = Self.text(bytes, &at), let value = Self.text(bytes, &at) else { return }
        if bytes.isWord("standard_conforming_strings", at: name) { hasBackslashes = bytes.isWord("off", at: value) }
    }

    /// NotificationResponse: the channel is told of, what was said is not.
    private func notification(_ message: PostgresMessage, _ bytes: RawSpan, _ out: any Output) {
        var at = PostgresFraming.headerBytes &+ 4
        guard let channel = Self.text(bytes, &at) else { return }
        var operation = ServiceOperation()
        operation.pairing = .none
        operation.side = .server
        operation.system = "postgresql"
        operation.namespace = storeNamespace()
        operation.name = queue.store("NOTIFY" as StaticString)
        operation.targets = queue.store(bytes.extracting(channel))
        operation.requestBytes = UInt64(message.length)
        operation.requestFirst = message.at.first
        operation.requestLast = message.at.last
        operation.ended = message.at.last
        queue.withText { out.operation(operation, $0) }
        if queue.isEmpty { queue.removeAll() }
    }
}

extension PostgresQueue.Entry {
    /// Takes the count at the end of a command's tag: of rows that were returned, or changed.
    mutating func count(_ tag: RawSpan) {
        var start = tag.byteCount
        while start > 0, ASCII.isDigit(tag.byte(start &- 1)) { start &-= 1 }
        guard let number = tag.decimal(start..<tag.byteCount), start > 0, tag.byte(start &- 1) == ASCII.space else {
            return
        }
        let count = UInt64(number)
        if tag.has("SELECT ") || tag.has("FETCH ") || tag.has("COPY ") && !isCopyIn {
            rows = count
        } else {
            affected = count
        }
    }

    /// Rows of the same portal that came later.
    mutating func add(_ later: PostgresQueue.Entry) {
        rows &+= later.rows
        requestBytes &+= later.requestBytes
        responseBytes &+= later.responseBytes
        ended = later.ended
        incomplete.formUnion(later.incomplete)
    }

    /// Rows of the same portal that came before.
    mutating func precede(by earlier: PostgresQueue.Entry) {
        rows &+= earlier.rows
        requestBytes &+= earlier.requestBytes
        responseBytes &+= earlier.responseBytes
        requestFirst = earlier.requestFirst
        requestLast = earlier.requestLast
        responseFirst = earlier.responseFirst ?? responseFirst
        incomplete.formUnion(earlier.incomplete)
    }
}
