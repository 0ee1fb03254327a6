/// What a client says (MySQL Source Code Documentation, "Connection Phase" and "Command Phase").
extension MySQLAnalyzer {
    func wanted(ofClient bytes: RawSpan, _ length: Int, _ sequence: UInt8) -> Int {
        switch phase {
        case .greeting, .login: return Self.longestLogin
        case .authentication: return sequence == 0 ? 1 : 0
        case .commands, .unproven: break
        }
        if reply == .loading || reply == .stream || sequence != 0 { return reply == .stream ? 1 : 0 }
        guard let command = bytes.u8(at: MySQLPacket.headerBytes).flatMap(MySQLCommand.init) else { return 1 }
        switch command {
        case .query: return 1 + SQLStatement.longest + Self.longestAttributes
        case .prepare: return 1 + SQLStatement.longest
        case .initDB, .createDB, .dropDB, .fieldList: return 1 + 256
        case .changeUser: return 1024
        default: return 10
        }
    }

    private static let longestLogin = 4096
    /// Clients put a trace's number there, or a few words.
    private static let longestAttributes = 4096

    func hear(client packet: MySQLPacket, _ body: RawSpan, _ out: any Output) -> Heard {
        switch phase {
        case .greeting, .login: return login(packet, body, out)
        case .authentication where packet.sequence != 0:
            continueRequest(packet)
            return .took
        case .authentication:
            // The end of the login was not captured.
            phase = .commands
            isPaired = false
            if capabilities.map({ !$0.isDisjoint(with: [.compress, .zstd]) }) ?? false {
                pack(isWhole: true, out)
                return .packedAlready
            }
        case .commands, .unproven: phase = .commands
        }
        if reply == .loading || packet.sequence != 0 {
            // Content of a file, or what proves who a user is; an empty packet ends the file.
            continueRequest(packet)
            if reply == .loading, packet.length == 0 { reply = .first }
            return .took
        }
        guard let command = body.u8(at: 0).flatMap(MySQLCommand.init), command != .connect else {
            if reply == .stream { return .took }
            return .lost
        }
        // Joined late in a stream of events, and now another's turn.
        if reply == .stream, queue.isEmpty { reply = .first }
        hear(command, packet, body, out)
        return .took
    }

    /// A part of what was asked before.
    func continueRequest(_ packet: MySQLPacket) {
        guard !queue.isEmpty else { return }
        let place = reply == .loading ? 0 : queue.count &- 1
        queue.update(place) { $0.operation.requestBytes &+= packet.size }
    }

    private func hear(_ command: MySQLCommand, _ packet: MySQLPacket, _ body: RawSpan, _ out: any Output) {
        if queue.count >= run.limits.pipelinedRequests {
            out.reached(.pipelinedRequests)
            giveUp(out)
            isPaired = false
            proof.overflow()
        }
        switch command {
        case .quit, .connect: break
        case .sendLongData: break
        case .closeStatement:
            let number = body.little(UInt32.self, at: 1) ?? 0
            endCursor(number, out)
            statements.remove(number)
        case .query: query(packet, body, out)
        case .prepare: prepare(packet, body, out)
        case .execute, .executeBulk: execute(command, packet, body, out)
        case .fetch, .resetStatement:
            beginCommand(out)
            let number = body.little(UInt32.self, at: 1) ?? 0
            if command == .resetStatement { endCursor(number, out) }
            append(command, packet, MySQLAsk(command: command, isTold: false, number: number))
        default:
            beginCommand(out)
            other(command, packet, body)
        }
    }

    private func append(
        _ command: MySQLCommand, _ packet: MySQLPacket, _ ask: MySQLAsk,
        _ change: (inout ServiceOperation) -> Void = { _ in }
    ) {
        var operation = ServiceOperation()
        operation.requestBytes = packet.size
        operation.requestFirst = packet.at.first
        operation.requestLast = packet.at.last
        change(&operation)
        queue.append(operation, ask)
    }

    private func other(_ command: MySQLCommand, _ packet: MySQLPacket, _ body: RawSpan) {
        var ask = MySQLAsk(command: command)
        let name = queue.store(command.name)
        var targets = ByteRange.empty
        switch command {
        case .initDB: ask.database = [UInt8](body.extracting(Swift.min(1, body.byteCount)...))
        case .createDB, .dropDB: targets = queue.store(body.extracting(Swift.min(1, body.byteCount)...))
        case .fieldList:
            if let end = body.firstIndex(of: 0, from: 1) { targets = queue.store(body.extracting(1..<end)) }
        case .changeUser: ask.database = changedDatabase(body)
        default: break
        }
        append(command, packet, ask) {
            $0.name = name
            $0.targets = targets
            $0.isHousekeeping = command.isHousekeeping
            $0.isWaiting = command.isStream
        }
        if command.isStream, queue.count == 1 { reply = .stream }
        if command == .resetConnection || command == .changeUser {
            statements.removeAll()
            lastPrepared = KeptStatement()
        }
    }

    /// COM_CHANGE_USER: a user, what proves it behind its length of one byte, and a database.
    private func changedDatabase(_ body: RawSpan) -> [UInt8] {
        guard let user = body.firstIndex(of: 0, from: 1), let length = body.u8(at: user &+ 1) else { return [] }
        let start = user &+ 2 &+ Int(length)
        guard let end = body.firstIndex(of: 0, from: start) else { return [] }
        return [UInt8](body.extracting(start..<end))
    }

    // MARK: Statements

    private func query(_ packet: MySQLPacket, _ body: RawSpan, _ out: any Output) {
        beginCommand(out)
        let first = queue.count
        let start = textStart(body)
        if let start, hasRoomForText { read(body, start, packet) { self.append($0, $1, $2, packet, first) } }
        let count = queue.count &- first
        if count == 0 {
            // A text that could not be read is one of which nothing is known; of an empty one nothing is asked.
            let isUnknown = start == nil || !hasRoomForText
            append(.query, packet, MySQLAsk(command: .query, isTold: isUnknown && readsText)) {
                $0.incomplete.insert(.text)
                if packet.hasGap { $0.incomplete.insert(.request) }
            }
        }
        queue.update(queue.count &- 1) { $0.detail.isLast = true }
        if count > 1 {
            for place in first..<queue.count { queue.update(place) { $0.operation.batch = UInt32(clamping: count) } }
        }
    }

    private func append(
        _ statement: SQLStatement, _ text: RawSpan, _ source: RawSpan, _ packet: MySQLPacket, _ first: Int
    ) {
        let stored = queue.store(statement, text, source, run.statements)
        var ask = MySQLAsk(command: .query, isLast: false, verb: statement.verb)
        if statement.verb == .use { ask.database = Self.used(source) }
        let isFirst = queue.count == first
        append(.query, packet, ask) {
            $0.take(stored)
            $0.name = self.queue.store(statement.verb.text)
            $0.isHousekeeping = statement.verb.setsSession
            if packet.hasGap { $0.incomplete.insert(.request) }
            if !isFirst { $0.requestBytes = 0 }
        }
    }

    /// Behind query attributes, where there are any (MySQL Source Code Documentation, "COM_QUERY").
    ///
    /// No statement begins with a control character, so what both sides can do need not be known.
    private func textStart(_ body: RawSpan) -> Int? {
        var at = 1
        guard let first = body.u8(at: 1) else { return 1 }
        let isLong = first == 0xFC && (capabilities?.contains(.queryAttributes) ?? false)
        guard first < 9 || isLong else { return 1 }
        guard let count = body.lengthEncoded(&at), body.lengthEncoded(&at) == 1 else { return nil }
        guard count > 0 else { return at }
        at &+= (Int(clamping: count) &+ 7) / 8
        guard body.u8(at: at) == 1 else { return nil }
        at &+= 1
        return skipAttributes(body, Swift.min(Int(clamping: count), 1024), &at)
    }

    private func skipAttributes(_ body: RawSpan, _ count: Int, _ at: inout Int) -> Int? {
        let nulls = 3
        var types: [UInt8] = []
        for _ in 0..<count {
            guard let type = body.u8(at: at) else { return nil }
            types.append(type)
            at &+= 2
            guard body.lengthEncodedString(&at) != nil else { return nil }
        }
        for (number, type) in types.enumerated() {
            if let bits = body.u8(at: nulls &+ number / 8), bits &>> UInt8(number & 7) & 1 == 1 { continue }
            switch type {
            case 6: break
            case 1: at &+= 1
            case 2, 13: at &+= 2
            case 3, 4, 9: at &+= 4
            case 5, 8: at &+= 8
            case 7, 10, 11, 12: at &+= 1 &+ Int(body.u8(at: at) ?? 0)
            default: guard body.lengthEncodedString(&at) != nil else { return nil }
            }
        }
        return at <= body.byteCount ? at : nil
    }

    /// Reads the text that begins at `start`, and gives its statements with the bytes that they were read from.
    private func read(
        _ body: RawSpan, _ start: Int, _ packet: MySQLPacket, _ each: (SQLStatement, RawSpan, RawSpan) -> Void
    ) {
        guard readsText, start <= body.byteCount else { return }
        let source = body.extracting(start...)
        memo.each(source, isCut: body.byteCount < packet.length, hasBackslashes: hasBackslashes) {
            each($0, $1, source)
        }
    }

    private func prepare(_ packet: MySQLPacket, _ body: RawSpan, _ out: any Output) {
        beginCommand(out)
        lastPrepared = KeptStatement()
        var ask = MySQLAsk(command: .prepare, isTold: false)
        var stored = SQLStatement()
        var isRead = false
        if hasRoomForText {
            read(body, 1, packet) { statement, text, source in
                guard !isRead else { return }
                isRead = true
                stored = self.queue.store(statement, text, source, self.run.statements)
            }
        }
        ask.verb = stored.verb
        let name = queue.store(stored.verb.text)
        append(.prepare, packet, ask) {
            $0.take(stored)
            $0.name = name
            if !isRead { $0.incomplete.insert(.text) }
            if packet.hasGap { $0.incomplete.insert(.request) }
        }
        if isRead { lastPrepared = queue.kept(stored) }
    }

    private func execute(_ command: MySQLCommand, _ packet: MySQLPacket, _ body: RawSpan, _ out: any Output) {
        beginCommand(out)
        let number = body.little(UInt32.self, at: 1) ?? 0
        endCursor(number, out)
        // MariaDB: the statement that was prepared last, whose number is not known yet.
        let kept = (number == .max ? lastPrepared : statements[number]) ?? KeptStatement()
        let stored = hasRoomForText ? queue.store(kept) : SQLStatement()
        forgetContext(number)
        var ask = MySQLAsk(command: command, verb: stored.verb, number: number)
        ask.hasCursor = command == .execute && (body.u8(at: 5) ?? 0) & 0x07 != 0
        let name = queue.store(stored.verb.text)
        append(command, packet, ask) {
            $0.take(stored)
            $0.name = name
            $0.isHousekeeping = stored.verb.setsSession
            if !kept.isKnown { $0.incomplete.insert(.text) }
        }
    }

    /// The trace that a statement's text names is that of its first execution.
    private func forgetContext(_ number: UInt32) {
        guard number == .max else { return statements.forgetContext(number) }
        lastPrepared.statement.context = nil
        // Its number is still to come.
        let place = queue.count &- 1
        if place >= 0, queue[place].detail.command == .prepare { queue.update(place) { $0.operation.context = nil } }
    }

    private var hasRoomForText: Bool { queue.text.count < run.limits.pipelinedBytes }

    /// The database that USE names.
    private static func used(_ source: RawSpan) -> [UInt8] {
        var at = 0
        while let byte = source.u8(at: at), byte <= 0x20 { at &+= 1 }
        guard source.isWordIgnoringCase("USE", at: at..<Swift.min(at &+ 3, source.byteCount)) else { return [] }
        at &+= 3
        while let byte = source.u8(at: at), byte <= 0x20 { at &+= 1 }
        let isQuoted = source.u8(at: at) == UInt8(ascii: "`")
        if isQuoted { at &+= 1 }
        var end = at
        while let byte = source.u8(at: end),
            isQuoted ? byte != UInt8(ascii: "`") : SQLDialect.mySQL.isInWord(byte) || byte == UInt8(ascii: "-")
        {
            end &+= 1
        }
        return [UInt8](source.extracting(at..<end))
    }

    // MARK: The opening

    /// The client's answer to the greeting, or its wish for TLS, which is the first half of it.
    private func login(_ packet: MySQLPacket, _ body: RawSpan, _ out: any Output) -> Heard {
        guard packet.sequence == 1, let low = body.little(UInt32.self, at: 0) else { return .lost }
        let theirs = capabilities
        let isOld = MySQLCapabilities(rawValue: UInt64(low)).isDisjoint(with: .protocol41)
        var mine = MySQLCapabilities(rawValue: isOld ? UInt64(low & 0xFFFF) : UInt64(low))
        if mine.contains(.tls), packet.length == 32, !isOld { return .encrypted }
        mine.formUnion(MySQLCapabilities(rawValue: UInt64(body.little(UInt32.self, at: 28) ?? 0) &<< 32))
        phase = .authentication
        namespace = isOld ? [] : Self.database(body, mine)
        capabilities = theirs.map { $0.intersection(mine) } ?? mine
        let name = queue.store(MySQLCommand.connect.name)
        append(.connect, packet, MySQLAsk(command: .connect)) {
            $0.name = name
            $0.isHousekeeping = true
        }
        return .took
    }

    /// The database of a login, behind the user and what proves who it is.
    private static func database(_ body: RawSpan, _ mine: MySQLCapabilities) -> [UInt8] {
        guard mine.contains(.connectWithDatabase), let proof = MySQLLogin.proof(body, mine),
            let end = body.firstIndex(of: 0, from: proof.next), end > proof.next
        else { return [] }
        return [UInt8](body.extracting(proof.next..<Swift.min(end, proof.next &+ 255)))
    }
}
