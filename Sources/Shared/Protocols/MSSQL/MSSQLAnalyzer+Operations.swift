/// What is asked, and what became of it.
extension MSSQLAnalyzer {
    func ask(_ half: Half, _ at: Arrival, _ out: any Output) {
        // TLS's, and what proves who the client is.
        var first: UInt8?
        half.head.withBytes { first = $0.u8(at: 0) }
        guard half.type != 0x11, half.type != 0x12 || first == 0 else { return }
        // An attention: what is outstanding is cancelled, and its answer says so.
        guard half.type != 0x06 else { return }
        if half.type == 0x10, goOnLogin(half.size, at.last) { return }
        if let waits = queue.firstIndex(where: { $0.detail.session == half.session }) { giveUp(waits, out) }
        if isLost[1] { answerBegins = searched }
        var operation = ServiceOperation()
        operation.system = "microsoft.sql_server"
        operation.requestBytes = half.size
        operation.requestFirst = half.first
        operation.requestLast = at.last
        if half.hasGap { operation.incomplete.insert(.request) }
        var ask = Ask(session: half.session)
        switch half.type {
        case 0x01: half.head.withBytes { batch($0, half.isCut, &operation, &ask) }
        case 0x03: half.head.withBytes { procedure($0, half.isCut, &operation, &ask) }
        case 0x07: operation.name = queue.store("BULK LOAD")
        case 0x0E: operation.name = half.head.withName { transaction($0) }
        case 0x02, 0x10:
            if half.type == 0x10 { half.head.withBytes { login($0) } }
            operation.name = queue.store("connect")
            operation.isHousekeeping = true
            ask.isLogin = true
        default:
            ask.isTold = false
            ask.isPrelogin = half.type == 0x12
        }
        queue.append(operation, ask)
    }

    private func batch(_ bytes: RawSpan, _ isCut: Bool, _ operation: inout ServiceOperation, _ ask: inout Ask) {
        guard let range = MSSQLRequest(batch: bytes).text else { return }
        read(bytes.extracting(range), isCut, &operation, &ask)
    }

    private func procedure(_ bytes: RawSpan, _ isCut: Bool, _ operation: inout ServiceOperation, _ ask: inout Ask) {
        let request = MSSQLRequest(rpc: bytes)
        if let name = request.procedure {
            scratch.removeAll()
            scratch.append(utf16: bytes.extracting(name))
            operation.name = queue.store("EXECUTE")
            scratch.withBytes { operation.targets = queue.store($0) }
            let start = Int(queue.store("EXECUTE ").start)
            scratch.withBytes { _ = queue.store($0) }
            operation.summary = ByteRange(start, queue.text.count)
            return
        }
        if let text = request.text {
            read(bytes.extracting(text), isCut && text.upperBound == bytes.byteCount, &operation, &ask)
            ask.prepares = request.number == 11 || request.number == 13 || request.number == 3 || request.number == 5
            // Only made ready.
            if request.number == 11 || request.number == 3 { operation.isHousekeeping = true }
            return
        }
        let number = Int(request.number ?? 0)
        if request.number == 12 || request.number == 4 {
            if let kept = request.handle.flatMap({ statements[$0] }), kept.isKnown {
                let stored = queue.store(kept)
                operation.take(stored)
                operation.name = queue.store(stored.verb.text)
                ask.verb = stored.verb
            } else {
                operation.incomplete.insert(.text)
            }
            return
        }
        if let handle = request.handle, number == 15 || number == 6 { statements.remove(handle) }
        operation.name = number < MSSQLRequest.procedures.count ? queue.store(MSSQLRequest.procedures[number]) : .empty
        operation.isHousekeeping = number == 15 || number == 6 || number == 9 || number == 8
        if operation.name.isEmpty { operation.incomplete.insert(.text) }
    }

    /// A text is one request, whatever statements it holds: their ends need no sign.
    private func read(_ text: RawSpan, _ isCut: Bool, _ operation: inout ServiceOperation, _ ask: inout Ask) {
        guard readsText else { return }
        scratch.removeAll()
        scratch.append(utf16: text)
        reader.removeAll()
        var statement = SQLStatement()
        scratch.withBytes { statement = reader.read($0, .transactSQL, isCut: isCut) }
        guard !statement.normalized.isEmpty else { return }
        switch run.statements {
        case .normalized:
            reader.text.withBytes { operation.statement = queue.store($0.extracting(statement.normalized)) }
        case .full: scratch.withBytes { operation.statement = queue.store($0.extracting(first: SQLStatement.longest)) }
        case .off: break
        }
        reader.summary.text.withBytes { operation.summary = queue.store($0.extracting(statement.summary)) }
        reader.summary.targets.withBytes { operation.targets = queue.store($0.extracting(statement.targets)) }
        operation.name = queue.store(statement.verb.text)
        operation.context = statement.context
        operation.isHousekeeping = statement.verb.setsSession
        ask.verb = statement.verb
    }

    /// Transaction manager requests (2.2.6.9): what is begun, committed or taken back.
    private func transaction(_ bytes: RawSpan) -> ByteRange {
        let start = bytes.little(UInt32.self, at: 0).map { Int($0) } ?? 0
        return switch bytes.little(UInt16.self, at: start) {
        case 5: queue.store("BEGIN")
        case 7: queue.store("COMMIT")
        case 8: queue.store("ROLLBACK")
        case 9: queue.store("SAVE")
        default: queue.store("TRANSACTION")
        }
    }

    /// LOGIN7 (2.2.6.4): of its fields the version and the database are read.
    private func login(_ bytes: RawSpan) {
        if let version = bytes.u8(at: 7) { doneBytes = version >= 0x72 || version == 0x08 ? 13 : 9 }
        guard let place = bytes.little(UInt16.self, at: 68), let count = bytes.little(UInt16.self, at: 70),
            Int(place) &+ Int(count) &* 2 <= bytes.byteCount
        else { return }
        setNamespace(bytes.extracting(Int(place)..<Int(place) &+ Int(count) &* 2))
    }

    private func setNamespace(_ name: RawSpan) {
        scratch.removeAll()
        scratch.append(utf16: name)
        var bytes: [UInt8] = []
        scratch.withBytes { bytes = [UInt8]($0.extracting(first: 255)) }
        namespace = bytes
    }

    func answer(_ half: Half, _ at: Arrival, _ out: any Output) {
        guard half.type == 0x04, let place = queue.firstIndex(where: { $0.detail.session == half.session }) else {
            return
        }
        let ask = queue[place].detail
        var tokens = MSSQLTokens(doneBytes: doneBytes ?? 13)
        var database: [UInt8]?
        var isKnown = false
        half.head.withBytes { head in
            isKnown = tokens.read(head) && !half.isCut && half.head.count < Self.looked
            if let range = tokens.database, range.upperBound <= head.byteCount {
                scratch.removeAll()
                scratch.append(utf16: head.extracting(range))
                scratch.withBytes { database = [UInt8]($0.extracting(first: 255)) }
            }
        }
        if !isKnown, !half.isEndLost {
            let begun = tokens
            half.tail.withBytes { tail in
                tokens = MSSQLTokens(doneBytes: doneBytes ?? 13)
                isKnown = tokens.readEnd(tail)
                if !isKnown, doneBytes == nil {
                    tokens = MSSQLTokens(doneBytes: 9)
                    isKnown = tokens.readEnd(tail)
                }
            }
            tokens.error = begun.error ?? tokens.error
        }
        let error = tokens.error
        let code = error.map { queue.store(decimal: UInt64(clamping: $0)) } ?? .empty
        queue.update(place) {
            $0.operation.responseFirst = half.first
            $0.operation.responseBytes = half.size
            $0.operation.ended = at.last
            $0.operation.code = code
            if half.hasGap || !isKnown { $0.operation.incomplete.insert(.response) }
        }
        // Of an encrypted login only the answer says where it led.
        if ask.isLogin, namespace.isEmpty, let database { namespace = database }
        if !ask.isTold {
            if ask.isPrelogin { half.head.withBytes { envelope.agree($0) } }
            return queue.remove(place)
        }
        if ask.prepares, error == nil, let handle = tokens.handle { keep(handle, queue[place], out) }
        let status: ServiceOperation.Status =
            tokens.isCancelled
            ? .cancelled : error != nil || tokens.hasError ? .error : half.hasGap && !isKnown ? .unanswered : .ok
        tell(queue[place], status, isKnown ? tokens : nil, out)
        queue.remove(place)
        if let database { namespace = database }
    }

    private func keep(_ handle: UInt32, _ entry: QueuedOperation<Ask>, _ out: any Output) {
        let statement = SQLStatement(
            verb: entry.detail.verb, normalized: entry.operation.statement, summary: entry.operation.summary,
            targets: entry.operation.targets)
        if !statements.set(handle, queue.kept(statement)) { out.reached(.preparedStatements) }
    }

    func tell(
        _ entry: QueuedOperation<Ask>, _ status: ServiceOperation.Status, _ tokens: MSSQLTokens?, _ out: any Output
    ) {
        var operation = entry.operation
        operation.status = status
        if status == .error { operation.isHousekeeping = false }
        if !namespace.isEmpty {
            let bytes = namespace
            operation.namespace = queue.store(bytes.span.bytes)
        }
        if status == .unanswered {
            operation.pairing = .none
            operation.incomplete.insert(.response)
            operation.responseFirst = nil
            operation.ended = lastMoment
        } else if let tokens, !entry.detail.isLogin {
            // What changes rows returns none, whatever command the count is said to be of.
            let changes = entry.detail.verb.changesRows && tokens.affected == nil
            operation.rows = changes ? 0 : tokens.rows ?? 0
            operation.affected = (changes ? tokens.rows : tokens.affected) ?? 0
        }
        queue.tell(operation, out)
    }
}

extension UniqueBytes {
    fileprivate func withName(_ body: (RawSpan) -> ByteRange) -> ByteRange {
        var name = ByteRange.empty
        withBytes { name = body($0) }
        return name
    }
}
