/// What a server says (MySQL Source Code Documentation, "Generic Response Packets", "Text Resultset", "Binary Protocol Resultset").
extension MySQLAnalyzer {
    /// How many bytes of a packet's content are looked at: of a row the first, which tells it from an end.
    func wanted(ofServer bytes: RawSpan, _ length: Int) -> Int {
        switch (phase, reply) {
        case (.greeting, _): return 512
        case (_, .stream): return 1
        case (_, .rows):
            guard let first = bytes.u8(at: MySQLPacket.headerBytes) else { return 1 }
            return first >= 0xFE && length < MySQLPacket.longest ? Self.longestEnd : 1
        case (_, .definitions), (_, .prepared): return 5
        default: return Self.longestEnd
        }
    }

    /// Of OK what it says of the session comes last, and may be longer.
    private static let longestEnd = 1024

    func hear(server packet: MySQLPacket, _ body: RawSpan, _ out: any Output) -> Heard {
        switch phase {
        case .greeting: return greeting(packet, body, out)
        case .login:
            if MySQLPacket.isError(body, length: packet.length) { refuse(packet, body, out) }
            return .took
        case .authentication, .commands, .unproven: break
        }
        if reply == .stream { return event(packet, body, out) }
        if endMayFollow {
            endMayFollow = false
            if MySQLPacket.isOldEnd(body, length: packet.length), packet.sequence == expected { return .took }
        }
        // Two answers to one command: there were others.
        if isHeld { giveUp(out) }
        let isKnown = isPaired || isDoubtful
        guard isKnown, place < queue.count else {
            // A session that the server ends is told so, unasked.
            if queue.isEmpty, isPaired, packet.sequence == 0, body.u8(at: 0) == 0xFF { return .took }
            return mismatch(out)
        }
        if let expected, isDoubtful {
            let asked = queue[place].operation.requestLast
            guard packet.sequence == expected, packet.at.first >= asked else { return mismatch(out) }
        }
        expected = packet.sequence &+ 1
        response.bytes &+= packet.size
        if response.first == nil { response.first = packet.at.first }
        return answer(packet, body, out)
    }

    /// Of the entry that is answered.
    private var place: Int { isDoubtful ? answered : 0 }

    private func answer(_ packet: MySQLPacket, _ body: RawSpan, _ out: any Output) -> Heard {
        switch reply {
        case .first: return begin(packet, body, out)
        case .definitions(let left):
            guard MySQLPacket.isDefinition(body) else {
                reply = .behindDefinitions
                return answer(packet, body, out)
            }
            reply = left > 1 ? .definitions(left &- 1) : .behindDefinitions
        case .behindDefinitions:
            reply = .rows
            if MySQLPacket.isOldEnd(body, length: packet.length) {
                let status = Self.status(ofEnd: body, packet.length)
                if status.contains(.cursorExists), queue[place].detail.hasCursor {
                    return endResult(status, packet, out)
                }
                return .took
            }
            return answer(packet, body, out)
        case .rows: return row(packet, body, out)
        case .prepared(let parameters, let columns): return definition(parameters, columns, packet, body, out)
        case .loading: return begin(packet, body, out)
        case .stream: break
        }
        return .took
    }

    // MARK: The first packet of an answer

    private func begin(_ packet: MySQLPacket, _ body: RawSpan, _ out: any Output) -> Heard {
        if reply == .loading { reply = .first }
        let ask = queue[place].detail
        if MySQLPacket.isError(body, length: packet.length) { return fail(packet, body, out) }
        switch ask.command {
        case .connect, .changeUser:
            // More is asked of the client, or it is told more, until OK.
            guard body.u8(at: 0) == 0x00 else { return .took }
            return ok(packet, body, out)
        case .prepare: return prepared(packet, body, out)
        case .statistics: return endResult([], packet, out)
        case .fieldList, .fetch:
            reply = .rows
            return row(packet, body, out)
        case .query, .execute, .executeBulk, .processInfo: break
        default:
            return MySQLPacket.isOldEnd(body, length: packet.length)
                ? endResult(Self.status(ofEnd: body, packet.length), packet, out) : ok(packet, body, out)
        }
        switch body.u8(at: 0) {
        case 0x00 where packet.length >= 7: return ok(packet, body, out)
        case 0xFB where ask.command == .query:
            reply = .loading
            return .took
        case 0xFE where packet.length < MySQLPacket.longest && packet.length >= 5:
            return endResult(Self.status(ofEnd: body, packet.length), packet, out)
        default: break
        }
        guard let columns = Self.columns(body, packet.length) else { return mismatch(out) }
        reply = columns > 0 ? .definitions(columns) : .behindDefinitions
        return .took
    }

    /// A count of columns, of which MySQL says before and MariaDB behind it whether definitions follow
    /// (CLIENT_OPTIONAL_RESULTSET_METADATA, MARIADB_CLIENT_CACHE_METADATA).
    private static func columns(_ body: RawSpan, _ length: Int) -> UInt64? {
        var at = 0
        if length == 2, let first = body.u8(at: 0), let second = body.u8(at: 1) {
            return first <= 1 && second > 1 ? UInt64(second) : first == 0 ? UInt64(second) : UInt64(first)
        }
        // At most 4,096 columns.
        guard let columns = body.lengthEncoded(&at), 1...4096 ~= columns, length &- at <= 1 else { return nil }
        return columns
    }

    private func ok(_ packet: MySQLPacket, _ body: RawSpan, _ out: any Output) -> Heard {
        guard body.u8(at: 0) == 0x00 || body.u8(at: 0) == 0xFE, packet.length >= 7 else { return mismatch(out) }
        var at = 1
        let affected = body.lengthEncoded(&at)
        _ = body.lengthEncoded(&at)
        let status = MySQLStatus(rawValue: body.little(UInt16.self, at: at) ?? 0)
        queue.update(place) { $0.operation.affected = affected }
        track(status, body, at &+ 4)
        if queue[place].detail.command == .connect, !isDoubtful,
            capabilities.map({ !$0.isDisjoint(with: [.compress, .zstd]) }) ?? false
        {
            phase = .commands
            _ = endResult(status, packet, out)
            pack(isWhole: true, out)
            return .packed
        }
        return endResult(status, packet, out)
    }

    /// What has changed in the session (MySQL Source Code Documentation, "Session State Information").
    private func track(_ status: MySQLStatus, _ body: RawSpan, _ start: Int) {
        guard status.contains(.sessionStateChanged), capabilities?.contains(.sessionTrack) ?? false else { return }
        var at = start
        guard body.lengthEncodedString(&at) != nil, let length = body.lengthEncoded(&at) else { return }
        let end = Swift.min(body.byteCount, at &+ Int(clamping: length))
        while at < end, let type = body.u8(at: at) {
            at &+= 1
            guard let change = body.lengthEncodedString(&at) else { return }
            // SESSION_TRACK_SCHEMA.
            guard type == 1 else { continue }
            let inner = body.extracting(change)
            var place = 0
            if let name = inner.lengthEncodedString(&place) {
                let database = [UInt8](inner.extracting(name))
                queue.update(self.place) { $0.detail.database = database }
            }
        }
    }

    /// The status of EOF, or of OK in its place.
    private static func status(ofEnd body: RawSpan, _ length: Int) -> MySQLStatus {
        var at = 3
        if length >= 7 {
            at = 1
            _ = body.lengthEncoded(&at)
            _ = body.lengthEncoded(&at)
        }
        return MySQLStatus(rawValue: body.little(UInt16.self, at: at) ?? 0)
    }

    // MARK: Rows

    private func row(_ packet: MySQLPacket, _ body: RawSpan, _ out: any Output) -> Heard {
        if MySQLPacket.isError(body, length: packet.length) { return fail(packet, body, out) }
        if MySQLPacket.isEnd(body, length: packet.length) {
            return endResult(Self.status(ofEnd: body, packet.length), packet, out, isResultSet: true)
        }
        queue.update(place) { $0.operation.rows = ($0.operation.rows ?? 0) &+ 1 }
        return .took
    }

    // MARK: Statements that are prepared

    private func prepared(_ packet: MySQLPacket, _ body: RawSpan, _ out: any Output) -> Heard {
        guard body.u8(at: 0) == 0x00, packet.length >= 12, let number = body.little(UInt32.self, at: 1),
            let columns = body.little(UInt16.self, at: 5), let parameters = body.little(UInt16.self, at: 7)
        else { return mismatch(out) }
        queue.update(place) { $0.detail.number = number }
        if columns == 0, parameters == 0 { return endResult([], packet, out) }
        reply = .prepared(UInt32(parameters), UInt32(columns))
        return .took
    }

    /// Definitions, of which an EOF follows each group where CLIENT_DEPRECATE_EOF was not agreed on.
    private func definition(
        _ parameters: UInt32, _ columns: UInt32, _ packet: MySQLPacket, _ body: RawSpan, _ out: any Output
    ) -> Heard {
        let hasEnds = !(capabilities?.contains(.deprecateEOF) ?? true)
        if MySQLPacket.isOldEnd(body, length: packet.length) {
            reply = .prepared(0, columns)
            return columns == 0 || parameters == 0 && columns == Self.onlyEnd ? endResult([], packet, out) : .took
        }
        guard MySQLPacket.isDefinition(body) else { return mismatch(out) }
        if parameters > 0 {
            reply = .prepared(parameters &- 1, columns)
        } else {
            reply = .prepared(0, columns > 1 && columns != Self.onlyEnd ? columns &- 1 : Self.onlyEnd)
        }
        let isLast = reply == .prepared(0, Self.onlyEnd) || reply == .prepared(0, 0)
        guard isLast, !hasEnds else { return .took }
        endMayFollow = capabilities == nil
        return endResult([], packet, out)
    }

    /// All columns are there, and the EOF behind them is still to come.
    private static var onlyEnd: UInt32 { .max }

    // MARK: Ends

    private func endResult(
        _ status: MySQLStatus, _ packet: MySQLPacket, _ out: any Output, isResultSet: Bool = false
    ) -> Heard {
        if queue[place].detail.command.hasRows { hasBackslashes = !status.contains(.noBackslashEscapes) }
        let hasMore = status.contains(.moreResults)
        let ask = queue[place].detail
        reply = .first
        // A procedure's results are of one statement, and OK is the last of them.
        if hasMore, ask.isLast || ask.verb == .call && isResultSet { return .took }
        end(.ok, packet, status, out)
        guard !hasMore else { return .took }
        // Statements that the server took for parts of another.
        var isLast = ask.isLast
        while !isLast, place < queue.count {
            isLast = queue[place].detail.isLast
            if isDoubtful {
                queue.update(place) { $0.detail.isTold = false }
                answered &+= 1
            } else {
                queue.popFront()
            }
        }
        endCommand(out)
        return .took
    }

    private func fail(_ packet: MySQLPacket, _ body: RawSpan, _ out: any Output) -> Heard {
        guard let number = body.little(UInt16.self, at: 1) else { return mismatch(out) }
        // MariaDB tells so how far it has come.
        if number == 0xFFFF { return .took }
        let code = queue.store(decimal: UInt64(number))
        let ask = queue[place].detail
        queue.update(place) {
            $0.operation.code = code
            if ask.command == .prepare { $0.detail.isTold = true }
        }
        reply = .first
        end(.error, packet, [], out)
        var isLast = ask.isLast
        while !isLast, place < queue.count {
            isLast = queue[place].detail.isLast
            response = (0, nil)
            end(.skipped, packet, [], out)
        }
        endCommand(out)
        return .took
    }

    /// The entry that is answered has its answer.
    private func end(_ how: ServiceOperation.Status, _ packet: MySQLPacket, _ status: MySQLStatus, _ out: any Output) {
        let response = response
        queue.update(place) {
            $0.operation.responseBytes &+= response.bytes
            $0.operation.responseFirst = $0.operation.responseFirst ?? response.first
            $0.operation.ended = packet.at.last
            $0.detail.status = how
            $0.detail.isSuspended = status.contains(.cursorExists) && !status.contains(.lastRowSent)
        }
        self.response = (0, nil)
        if isDoubtful {
            answered &+= 1
        } else {
            settle(queue[0], how, out)
            queue.popFront()
        }
    }

    private func endCommand(_ out: any Output) {
        if phase == .authentication { phase = .commands }
        let isProven = !proof.isAlone
        proof.answer(isSurplus: false)
        guard isDoubtful else { return }
        // All packets of the answer follow each other from its first to its last: it is the command's, or that of one before it.
        if isProven { settleCommand(out) } else { isHeld = true }
    }

    /// The first command has its answer.
    func settleCommand(_ out: any Output) {
        let count = answered
        isDoubtful = false
        isHeld = false
        answered = 0
        for _ in 0..<count {
            guard let entry = queue.front else { break }
            settle(entry, entry.detail.status ?? .unanswered, out)
            queue.popFront()
        }
        isPaired = !isLost[0]
    }

    /// What an entry's end means for the session, and for those that read it.
    private func settle(_ entry: QueuedOperation<MySQLAsk>, _ how: ServiceOperation.Status, _ out: any Output) {
        let ask = entry.detail
        if how == .ok {
            switch ask.command {
            case .prepare:
                let sql = SQLStatement(
                    verb: ask.verb, normalized: entry.operation.statement, summary: entry.operation.summary,
                    targets: entry.operation.targets, context: entry.operation.context)
                guard !entry.operation.incomplete.contains(.text) else { break }
                if !statements.set(ask.number, queue.kept(sql)) { out.reached(.preparedStatements) }
            case .execute where ask.hasCursor && ask.isSuspended: return keepCursor(entry, out)
            case .fetch: return fetched(entry, out)
            default: break
            }
        }
        if ask.isTold { tell(entry, how, out) }
        if how == .ok, !ask.database.isEmpty { namespace = Array(ask.database.prefix(255)) }
    }

    // MARK: Cursors

    private func keepCursor(_ entry: QueuedOperation<MySQLAsk>, _ out: any Output) {
        if cursors.count >= Self.mostCursors { tellCursor(cursors.removeFirst(), out) }
        let sql = SQLStatement(
            verb: entry.detail.verb, normalized: entry.operation.statement, summary: entry.operation.summary,
            targets: entry.operation.targets, context: entry.operation.context)
        cursors.append((entry.detail.number, entry, queue.kept(sql)))
    }

    private static var mostCursors: Int { 64 }

    private func fetched(_ entry: QueuedOperation<MySQLAsk>, _ out: any Output) {
        guard let known = cursors.firstIndex(where: { $0.number == entry.detail.number }) else {
            var entry = entry
            entry.operation.name = queue.store(MySQLCommand.fetch.name)
            entry.operation.incomplete.insert(.text)
            return tell(entry, .ok, out)
        }
        cursors[known].entry.operation.add(entry.operation)
        if !entry.detail.isSuspended { tellCursor(cursors.remove(at: known), out) }
    }

    func endCursor(_ number: UInt32, _ out: any Output) {
        guard !cursors.isEmpty, let known = cursors.firstIndex(where: { $0.number == number }) else { return }
        tellCursor(cursors.remove(at: known), out)
    }

    func endCursors(_ out: any Output) {
        for cursor in cursors { tellCursor(cursor, out) }
        cursors = []
    }

    private func tellCursor(
        _ cursor: (number: UInt32, entry: QueuedOperation<MySQLAsk>, text: KeptStatement), _ out: any Output
    ) {
        var entry = cursor.entry
        let isAlone = queue.isEmpty
        entry.operation.take(queue.store(cursor.text))
        entry.operation.name = queue.store(cursor.text.statement.verb.text)
        tell(entry, .ok, out)
        if isAlone { queue.removeAll() }
    }

    // MARK: Telling

    func tell(_ entry: QueuedOperation<MySQLAsk>, _ status: ServiceOperation.Status, _ out: any Output) {
        var operation = entry.operation
        operation.status = status
        operation.system = system
        if status == .error { operation.isHousekeeping = false }
        if !namespace.isEmpty {
            let bytes = namespace
            operation.namespace = queue.store(bytes.span.bytes)
        }
        switch status {
        case .ok, .error:
            if entry.detail.command.hasRows {
                operation.rows = operation.rows ?? 0
                operation.affected = operation.affected ?? 0
            } else {
                operation.rows = nil
                operation.affected = nil
            }
        case .unanswered:
            operation.endUnanswered(lastMoment)
            operation.rows = nil
            operation.affected = nil
        default:
            operation.responseFirst = nil
            operation.rows = nil
            operation.affected = nil
        }
        queue.tell(operation, out)
    }

    // MARK: The opening

    /// Protocol 10: the server's version, what it can, and how the client is to prove who it is ("Protocol::HandshakeV10").
    private func greeting(_ packet: MySQLPacket, _ body: RawSpan, _ out: any Output) -> Heard {
        if body.u8(at: 0) == 0xFF {
            refuse(packet, body, out)
            return .took
        }
        guard body.u8(at: 0) == 10, let end = body.firstIndex(of: 0, from: 1) else { return .lost }
        phase = .login
        system = Self.isMariaDB(body.extracting(1..<end)) ? "mariadb" : "mysql"
        let place = end &+ 1 &+ 4 &+ 9
        guard let low = body.little(UInt16.self, at: place) else { return .took }
        let high = body.little(UInt16.self, at: place &+ 5) ?? 0
        let more = body.little(UInt32.self, at: place &+ 14) ?? 0
        // Without CLIENT_MYSQL, bit 0, MariaDB says more of what it can.
        let upper = low & 1 == 0 ? UInt64(more) &<< 32 : 0
        capabilities = MySQLCapabilities(rawValue: UInt64(low) | UInt64(high) &<< 16 | upper)
        return .took
    }

    private static func isMariaDB(_ version: RawSpan) -> Bool {
        (0..<version.byteCount).contains { version.has("MariaDB", at: $0) }
    }

    /// An error in place of a greeting: nobody was asked for anything yet.
    private func refuse(_ packet: MySQLPacket, _ body: RawSpan, _ out: any Output) {
        guard let number = body.little(UInt16.self, at: 1) else { return }
        var operation = ServiceOperation()
        operation.name = queue.store(MySQLCommand.connect.name)
        operation.code = queue.store(decimal: UInt64(number))
        operation.requestFirst = packet.at.first
        operation.requestLast = packet.at.first
        operation.responseFirst = packet.at.first
        operation.responseBytes = packet.size
        operation.ended = packet.at.last
        tell(QueuedOperation(operation: operation, detail: MySQLAsk(command: .connect)), .error, out)
        if queue.isEmpty { queue.removeAll() }
    }

    // MARK: Replication

    /// An event of the binary log, or the end of them.
    private func event(_ packet: MySQLPacket, _ body: RawSpan, _ out: any Output) -> Heard {
        guard !queue.isEmpty else { return .took }
        queue.update(0) {
            $0.operation.responseBytes &+= packet.size
            $0.operation.responseFirst = $0.operation.responseFirst ?? packet.at.first
            $0.operation.ended = packet.at.last
        }
        guard body.u8(at: 0) == 0xFF || body.u8(at: 0) == 0xFE else { return .took }
        let isError = body.u8(at: 0) == 0xFF
        reply = .first
        tell(queue[0], isError ? .error : .ok, out)
        queue.popFront()
        return .took
    }
}

extension ServiceOperation {
    /// Rows of the same cursor that came later.
    fileprivate mutating func add(_ later: ServiceOperation) {
        rows = (rows ?? 0) &+ (later.rows ?? 0)
        requestBytes &+= later.requestBytes
        responseBytes &+= later.responseBytes
        ended = later.ended
        incomplete.formUnion(later.incomplete)
    }
}
