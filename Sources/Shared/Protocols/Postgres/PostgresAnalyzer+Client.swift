/// What a client says (PostgreSQL documentation, "Message Formats", those with an F).
extension PostgresAnalyzer {
    /// How many bytes of a message are looked at.
    static func wanted(ofClient type: UInt8) -> Int {
        switch type {
        case UInt8(ascii: "Q"): PostgresFraming.headerBytes + SQLStatement.longest + 1
        case UInt8(ascii: "P"): PostgresFraming.headerBytes + longestName + SQLStatement.longest + 1
        case UInt8(ascii: "B"): PostgresFraming.headerBytes + 2 * longestName
        case UInt8(ascii: "E"), UInt8(ascii: "D"), UInt8(ascii: "C"): PostgresFraming.headerBytes + 1 + longestName
        default: PostgresFraming.headerBytes
        }
    }

    /// Servers cut names at 63 bytes; drivers send longer ones.
    private static let longestName = 256

    func hear(client message: PostgresMessage, _ bytes: RawSpan, _ out: any Output) {
        switch message.type {
        case UInt8(ascii: "Q"): query(message, bytes, out)
        case UInt8(ascii: "P"): parse(message, bytes, out)
        case UInt8(ascii: "B"): bind(message, bytes, out)
        case UInt8(ascii: "E"): execute(message, bytes, out)
        case UInt8(ascii: "D"): add(.describe, message, out)
        case UInt8(ascii: "C"): close(message, bytes, out)
        case UInt8(ascii: "S"): sync(message, out)
        case UInt8(ascii: "F"): function(message, out)
        case UInt8(ascii: "d"), UInt8(ascii: "c"), UInt8(ascii: "f"): copy(message)
        // Flush, Terminate, and what proves who the client is.
        default: break
        }
    }

    // MARK: The opening

    /// StartupMessage: of its parameters the database's name is read; without one it is the user's.
    func login(_ message: PostgresMessage, _ bytes: RawSpan, _ out: any Output) {
        var at = 8
        var user: [UInt8] = []
        var isPhysical = false
        namespace = []
        while let name = Self.text(bytes, &at), !name.isEmpty, let value = Self.text(bytes, &at) {
            if bytes.isWord("database", at: name) { namespace = [UInt8](bytes.extracting(value)) }
            if bytes.isWord("user", at: name) { user = [UInt8](bytes.extracting(value)) }
            // Of the whole server, not of a database.
            if bytes.isWord("replication", at: name) { isPhysical = !bytes.isWord("database", at: value) }
        }
        if namespace.isEmpty, !isPhysical { namespace = user }
        namespace.removeLast(Swift.max(0, namespace.count - 255))
        var entry = entry(.connect, message)
        entry.parts.name = queue.store(Self.connectName)
        entry.parts.isKnown = true
        queue.append(entry)
        queue.append(self.entry(.queryEnd, message))
    }

    private static var connectName: StaticString { "connect" }

    /// CancelRequest has a connection of its own, and no answer: what it ends says so itself.
    func cancel(_ message: PostgresMessage, _ bytes: RawSpan, _ out: any Output) {
        if bytes.byteCount > 8 {
            out.shared { PostgresSessions() }[[UInt8](bytes.extracting(8...))]?.isCancelled = true
        }
        var entry = entry(.connect, message)
        entry.parts.name = queue.store("CANCEL" as StaticString)
        entry.parts.isKnown = true
        entry.kind = .function
        tell(entry, status: .oneWay, out)
        queue.removeAll()
    }

    // MARK: Statements

    private func query(_ message: PostgresMessage, _ bytes: RawSpan, _ out: any Output) {
        makeRoom(out)
        beginCycle(out, isWhole: true)
        isBehindCycle = true
        cycleIsOpen = false
        isSkipped = false
        serverIsIdle = false
        let first = queue.count
        var changes: [SQLStatement] = []
        readText(bytes, PostgresFraming.headerBytes, message) { statement, text, source in
            var entry = self.entry(.statement, message)
            entry.parts = self.store(statement, text, source, message)
            entry.requestBytes = self.queue.count == first ? UInt64(message.length) : 0
            if message.hasGap { entry.incomplete.insert(.request) }
            self.queue.append(entry)
            if statement.verb.changesNames { changes.append(statement) }
        }
        let count = queue.count &- first
        look(changes, isAlone: count == 1, bytes, PostgresFraming.headerBytes)
        if count > 1 { for place in first..<queue.count { queue.update(place) { $0.batch = UInt32(clamping: count) } } }
        queue.append(entry(.queryEnd, message))
        request = (0, nil)
    }

    private func parse(_ message: PostgresMessage, _ bytes: RawSpan, _ out: any Output) {
        goOn(message, out)
        var at = PostgresFraming.headerBytes
        guard let range = Self.text(bytes, &at) else { return unreadable(.parse, message) }
        let name = bytes.extracting(range)
        let texts = statement(name, in: &prepared, unnamed)
        texts?.forget()
        var hasStatement = false
        var changes: [SQLStatement] = []
        readText(bytes, at, message) { statement, text, source in
            // Several are an error.
            guard !hasStatement else { return }
            hasStatement = true
            var parts = Self.parts(statement)
            parts.isKnown = true
            if self.run.statements == .normalized {
                texts?.set(text, parts)
            } else {
                let composed = self.compose(parts, text, source)
                self.scratch.withBytes { texts?.set($0, composed) }
            }
            if statement.verb.changesNames { changes.append(statement) }
        }
        look(changes, isAlone: true, bytes, at)
        if !hasStatement { texts?.set(RawSpan(), PostgresParts(isKnown: readsText, isEmpty: readsText)) }
        if texts == nil { out.reached(.preparedStatements) }
        var entry = entry(.parse, message)
        entry.name = queue.store(name)
        if let texts, hasRoomForText { entry.parts = queue.store(texts) }
        queue.append(entry)
    }

    private func bind(_ message: PostgresMessage, _ bytes: RawSpan, _ out: any Output) {
        goOn(message, out)
        var at = PostgresFraming.headerBytes
        guard let first = Self.text(bytes, &at), let second = Self.text(bytes, &at) else {
            unnamedPortal.forget()
            return unreadable(.bind, message)
        }
        let (portal, name) = (bytes.extracting(first), bytes.extracting(second))
        endSuspended(portal, out)
        let source = name.byteCount == 0 ? unnamed : prepared.find(name) ?? unknown
        if portal.byteCount == 0 {
            unnamedPortal.copy(source)
        } else if portals.set(portal, { $0.copy(source) }) == nil {
            out.reached(.preparedStatements)
        }
        queue.append(entry(.bind, message))
    }

    private func execute(_ message: PostgresMessage, _ bytes: RawSpan, _ out: any Output) {
        goOn(message, out)
        var at = PostgresFraming.headerBytes
        var entry = entry(.execute, message)
        if let range = Self.text(bytes, &at) {
            let portal = bytes.extracting(range)
            entry.name = queue.store(portal)
            let source = portal.byteCount == 0 ? unnamedPortal : portals.find(portal) ?? unknown
            if hasRoomForText { entry.parts = queue.store(source) }
        }
        entry.requestBytes = request.bytes
        entry.requestFirst = request.first ?? message.at.first
        if isSkipped {
            tell(entry, status: .skipped, out)
        } else {
            queue.append(entry)
        }
        request = (0, nil)
    }

    private func close(_ message: PostgresMessage, _ bytes: RawSpan, _ out: any Output) {
        goOn(message, out)
        var at = PostgresFraming.headerBytes &+ 1
        if let range = Self.text(bytes, &at) {
            let name = bytes.extracting(range)
            if bytes.u8(at: PostgresFraming.headerBytes) == UInt8(ascii: "S") {
                if name.byteCount == 0 { unnamed.forget() } else { prepared.remove(name) }
            } else {
                endSuspended(name, out)
                if name.byteCount == 0 { unnamedPortal.forget() } else { portals.remove(name) }
            }
        }
        queue.append(entry(.close, message))
    }

    private func add(_ kind: PostgresQueue.Entry.Kind, _ message: PostgresMessage, _ out: any Output) {
        goOn(message, out)
        queue.append(entry(kind, message))
    }

    private func unreadable(_ kind: PostgresQueue.Entry.Kind, _ message: PostgresMessage) {
        queue.append(entry(kind, message))
    }

    private func sync(_ message: PostgresMessage, _ out: any Output) {
        if !cycleIsOpen { beginCycle(out) }
        makeRoom(out)
        isBehindCycle = true
        cycleIsOpen = false
        isSkipped = false
        serverIsIdle = false
        request = (0, nil)
        queue.append(entry(.sync, message))
    }

    private func function(_ message: PostgresMessage, _ out: any Output) {
        makeRoom(out)
        beginCycle(out, isWhole: true)
        isBehindCycle = true
        cycleIsOpen = false
        serverIsIdle = false
        var entry = entry(.function, message)
        entry.parts.name = queue.store("FunctionCall" as StaticString)
        entry.parts.isKnown = true
        queue.append(entry)
        queue.append(self.entry(.queryEnd, message))
    }

    /// Rows of a COPY FROM, which the server answers when they have ended.
    private func copy(_ message: PostgresMessage) {
        if queue.front?.isCopyIn ?? false {
            queue.updateFront { $0.requestBytes &+= UInt64(message.length) }
            if message.type != UInt8(ascii: "d"), queue.front?.kind == .execute { queue.dropSyncsBehindFront() }
        }
    }

    // MARK: Parts

    /// A message of the extended protocol.
    private func goOn(_ message: PostgresMessage, _ out: any Output) {
        makeRoom(out)
        if !cycleIsOpen {
            beginCycle(out)
            cycleIsOpen = true
            serverIsIdle = false
        }
        request.bytes &+= UInt64(message.length)
        if request.first == nil { request.first = message.at.first }
    }

    private func makeRoom(_ out: any Output) {
        guard queue.count >= Self.mostWaiting else { return }
        out.reached(.pipelinedRequests)
        giveUp(out)
        isPaired = false
        proof.overflow()
    }

    /// Four messages for each of so many statements.
    private static var mostWaiting: Int { 16 << 10 }

    private var hasRoomForText: Bool { queue.heldText < run.limits.pipelinedBytes }

    private func entry(_ kind: PostgresQueue.Entry.Kind, _ message: PostgresMessage) -> PostgresQueue.Entry {
        PostgresQueue.Entry(
            kind: kind, requestBytes: UInt64(message.length), requestFirst: message.at.first,
            requestLast: message.at.last)
    }

    private func statement(
        _ name: RawSpan, in names: inout PostgresNames, _ unnamed: PostgresStatement
    ) -> PostgresStatement? {
        name.byteCount == 0 ? unnamed : names.set(name) { $0.forget() }
    }

    static func parts(_ statement: SQLStatement) -> PostgresParts {
        PostgresParts(
            name: .empty, targets: statement.targets, summary: statement.summary, statement: statement.normalized,
            verb: statement.verb, context: statement.context, isKnown: true)
    }

    /// Reads the text that begins at `start`, and gives its statements with the bytes that they were read from.
    private func readText(
        _ bytes: RawSpan, _ start: Int, _ message: PostgresMessage,
        _ body: (SQLStatement, RawSpan, RawSpan) -> Void
    ) {
        guard readsText, start <= bytes.byteCount else { return }
        let end = bytes.firstIndex(of: 0, from: start)
        let source = bytes.extracting(start..<(end ?? bytes.byteCount))
        memo.each(source, isCut: end == nil, hasBackslashes: hasBackslashes) { body($0, $1, source) }
    }

    /// Stores what is kept of a statement's text.
    private func store(
        _ statement: SQLStatement, _ text: RawSpan, _ source: RawSpan, _ message: PostgresMessage
    ) -> PostgresParts {
        let parts = Self.parts(statement)
        guard hasRoomForText else { return PostgresParts() }
        guard run.statements != .normalized else {
            return parts.moved(by: Int(queue.store(text).start))
        }
        let composed = compose(parts, text, source)
        var start = 0
        scratch.withBytes { start = Int(queue.store($0).start) }
        return composed.moved(by: start)
    }

    /// The texts with the statement as it is, or without it.
    private func compose(_ parts: PostgresParts, _ text: RawSpan, _ source: RawSpan) -> PostgresParts {
        var composed = parts
        scratch.removeAll()
        func put(_ bytes: RawSpan) -> ByteRange {
            let start = scratch.count
            scratch.append(bytes)
            return ByteRange(start, scratch.count)
        }
        composed.statement = run.statements == .full ? put(source.extracting(first: SQLStatement.longest)) : .empty
        composed.summary = put(text.extracting(parts.summary))
        composed.targets = put(text.extracting(parts.targets))
        return composed
    }

    /// PREPARE, DEALLOCATE and DISCARD change which statements there are.
    ///
    /// Done when the text was read, since reading what is prepared uses the same buffers. Of several statements in one text
    /// nobody says which part is whose: all names are forgotten.
    private func look(_ changes: [SQLStatement], isAlone: Bool, _ bytes: RawSpan, _ start: Int) {
        guard let statement = changes.first else { return }
        guard isAlone else { return prepared.removeAll() }
        let end = bytes.firstIndex(of: 0, from: start) ?? bytes.byteCount
        let source = bytes.extracting(start..<end)
        switch statement.verb {
        case .prepare: define(source)
        case .deallocate:
            guard let name = PostgresPrepare.deallocated(source) else { return prepared.removeAll() }
            prepared.remove(name.span.bytes)
        case .discard: forgetStatements()
        default: break
        }
    }

    private func define(_ source: RawSpan) {
        guard let prepare = PostgresPrepare(source) else { return }
        var hasStatement = false
        let texts = prepared.set(prepare.name.span.bytes) { $0.forget() }
        memo.each(source.extracting(prepare.statement), hasBackslashes: hasBackslashes) { inner, text in
            guard !hasStatement else { return }
            hasStatement = true
            var parts = Self.parts(inner)
            // The PREPARE itself has it.
            parts.context = nil
            if self.run.statements == .normalized {
                texts?.set(text, parts)
            } else {
                let composed = self.compose(parts, text, source.extracting(prepare.statement))
                self.scratch.withBytes { texts?.set($0, composed) }
            }
        }
    }

    /// A string up to its NUL.
    static func text(_ bytes: RawSpan, _ at: inout Int) -> Range<Int>? {
        guard let end = bytes.firstIndex(of: 0, from: at) else { return nil }
        defer { at = end &+ 1 }
        return at..<end
    }
}
