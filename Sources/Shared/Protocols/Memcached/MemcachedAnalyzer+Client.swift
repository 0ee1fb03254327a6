/// What a client says: lines with data blocks, and binary requests.
extension MemcachedAnalyzer {
    func ask(_ bytes: RawSpan, _ at: Arrival, _ out: any Output) -> Step {
        var used = 0
        var began = at.first
        while used < bytes.byteCount {
            if ask != nil {
                guard endsBlock(bytes, &used, at, out) else { return .took(used) }
                guard ask == nil else {
                    loseClient(out)
                    return .lost(took: used, .betweenMessages)
                }
            } else {
                let step =
                    bytes.byte(used) == 0x80
                    ? binary(bytes, used, began, at, out) : line(bytes, used, began, at, out)
                guard case .took(let count, 0) = step else { return step }
                used = count
            }
            began = at.last
        }
        return .took(used)
    }

    /// The end of a data block: CRLF, or the last byte of a binary value.
    /// - Returns: `false` where it is not there yet.
    private func endsBlock(_ bytes: RawSpan, _ used: inout Int, _ at: Arrival, _ out: any Output) -> Bool {
        guard var entry = ask else { return true }
        guard bytes.byteCount &- used >= askEnd else { return false }
        if askEnd == 2, bytes.fitLineEnd(at: used) != .yes { return true }
        used &+= askEnd
        ask = nil
        entry.operation.requestLast = at.last
        enqueue(entry, out)
        return true
    }

    /// A command whose data block has so many bytes, of which the last `end` are looked at.
    private func stepOver(
        _ entry: QueuedOperation<MemcachedAsk>, _ size: Int, _ end: Int, _ bytes: RawSpan, _ next: Int
    ) -> Step {
        ask = entry
        askEnd = end
        let before = next &+ size &- end
        guard before > bytes.byteCount else { return .took(before, next: 0) }
        return .skip(took: bytes.byteCount, UInt64(before &- bytes.byteCount))
    }

    // MARK: Text

    /// Of a get with many keys.
    private static var longestLine: Int { 64 << 10 }

    private func line(_ bytes: RawSpan, _ used: Int, _ began: Timestamp, _ at: Arrival, _ out: any Output) -> Step {
        guard let feed = bytes.firstIndex(of: ASCII.lineFeed, from: used &+ askScanned) else {
            askScanned = bytes.byteCount &- used
            guard askScanned <= Self.longestLine else {
                loseClient(out)
                return .lost(took: used, .betweenMessages)
            }
            return .took(used)
        }
        askScanned = 0
        let isCR = feed > used && bytes.byte(feed &- 1) == ASCII.carriageReturn
        let next = feed &+ 1
        guard let command = MemcachedCommand(used..<(isCR ? feed &- 1 : feed), bytes) else {
            return .took(next, next: 0)
        }
        beginCycle(out)
        var entry = QueuedOperation(detail: MemcachedAsk(kind: command.kind))
        entry.operation.isHousekeeping = command.kind.isHousekeeping
        entry.operation.requestFirst = began
        entry.operation.requestLast = at.last
        entry.operation.requestBytes = UInt64(next &- used &+ (command.size.map { $0 &+ 2 } ?? 0))
        entry.detail.keys = command.keyCount
        entry.detail.opaque = command.opaque
        entry.detail.isQuiet = command.isQuiet && command.kind.isMeta
        entry.detail.isOneWay = command.isQuiet && !command.kind.isMeta || command.kind == .quit
        name(&entry, command, bytes)
        guard let size = command.size, command.keys.map({ $0.count <= MemcachedCommand.longestKey }) ?? false else {
            enqueue(entry, out)
            return .took(next, next: 0)
        }
        return stepOver(entry, size &+ 2, 2, bytes, next)
    }

    private func name(_ entry: inout QueuedOperation<MemcachedAsk>, _ command: MemcachedCommand, _ bytes: RawSpan) {
        guard queue.text.count < run.limits.pipelinedBytes else {
            entry.operation.incomplete = [.text]
            return
        }
        let isKnown = command.kind != .other || Self.isName(bytes.extracting(command.name))
        entry.operation.name = isKnown ? queue.store(bytes.extracting(command.name)) : queue.store("_OTHER")
        guard var keys = command.keys else { return describe(&entry, hasMore: false) }
        var first = keys
        if command.keyCount == 1, let key = bytes.word(of: &first) {
            entry.detail.key = MemcachedCommand.hash(bytes.extracting(key))
        }
        if command.isEncoded {
            entry.operation.targets = queue.store("{…}")
        } else {
            var targets = KeyTargets(isWhole: run.statements == .full)
            entry.operation.targets = queue.store { text in
                while let key = bytes.word(of: &keys) { targets.add(bytes.extracting(key), to: &text) }
            }
        }
        describe(&entry, hasMore: command.kind != .get)
    }

    private static func isName(_ bytes: RawSpan) -> Bool {
        guard bytes.byteCount <= 32 else { return false }
        for place in 0..<bytes.byteCount {
            guard ASCII.isLetter(bytes.byte(place)) || bytes.byte(place) == UInt8(ascii: "_") else { return false }
        }
        return true
    }

    /// The verb, the keys, and `?` for what else there is.
    func describe(_ entry: inout QueuedOperation<MemcachedAsk>, hasMore: Bool) {
        guard run.statements != .off else { return }
        let (name, targets) = (entry.operation.name.range, entry.operation.targets.range)
        entry.operation.statement = queue.store { text in
            text.append(copyOf: name)
            guard !targets.isEmpty else { return }
            text.append(ASCII.space)
            for place in targets {
                let byte = text.bytes.byte(place)
                text.append(byte == 0 ? ASCII.space : byte)
            }
            if hasMore { text.append(" ?" as StaticString) }
        }
    }

    // MARK: Binary

    private func binary(_ bytes: RawSpan, _ used: Int, _ began: Timestamp, _ at: Arrival, _ out: any Output) -> Step {
        let header = MemcachedOpcode.headerBytes
        guard bytes.byteCount &- used >= header else { return .took(used, next: used &+ header &- bytes.byteCount) }
        guard let opcode = bytes.u8(at: used &+ 1), let keyBytes = bytes.big(UInt16.self, at: used &+ 2),
            let extras = bytes.u8(at: used &+ 4), let body = bytes.big(UInt32.self, at: used &+ 8),
            let opaque = bytes.big(UInt32.self, at: used &+ 12), body <= 1 << 30,
            Int(keyBytes) &+ Int(extras) <= Int(body), keyBytes <= MemcachedCommand.longestKey
        else {
            loseClient(out)
            return .lost(took: used, .betweenMessages)
        }
        let key = used &+ header &+ Int(extras)
        let wanted = key &+ Int(keyBytes)
        guard bytes.byteCount >= wanted else { return .took(used, next: wanted &- bytes.byteCount) }
        beginCycle(out)
        let row = MemcachedOpcode.row(opcode)
        var entry = QueuedOperation(detail: MemcachedAsk(kind: row.kind))
        entry.operation.isHousekeeping = row.kind.isHousekeeping
        entry.operation.requestFirst = began
        entry.operation.requestLast = at.last
        entry.operation.requestBytes = UInt64(header) &+ UInt64(body)
        entry.detail.isQuiet = row.isQuiet
        entry.detail.keys = keyBytes > 0 ? 1 : 0
        entry.detail.opcode = opcode
        entry.detail.opaque = UInt64(opaque)
        if queue.text.count < run.limits.pipelinedBytes {
            entry.operation.name = queue.store(row.name)
            // The key of a SASL request is a mechanism, that of stat a subject.
            if keyBytes > 0, row.kind != .version, row.kind != .stats, row.kind != .other {
                var targets = KeyTargets(isWhole: run.statements == .full)
                entry.operation.targets = queue.store { targets.add(bytes.extracting(key..<wanted), to: &$0) }
            }
            describe(&entry, hasMore: row.kind == .store || row.kind == .count)
        } else {
            entry.operation.incomplete = [.text]
        }
        let size = Int(body) &- Int(keyBytes) &- Int(extras)
        guard size > 0 else {
            enqueue(entry, out)
            return .took(wanted, next: 0)
        }
        return stepOver(entry, size, 1, bytes, wanted)
    }
}
