/// What a server says: lines, values with data blocks, and binary responses.
extension MemcachedAnalyzer {
    func hear(_ bytes: RawSpan, _ at: Arrival, _ out: any Output) -> Step {
        var used = 0
        var began = at.first
        while used < bytes.byteCount {
            if isStream { return .took(bytes.byteCount) }
            reply.last = at.last
            if reply.end > 0 {
                guard bytes.byteCount &- used >= reply.end else { return .took(used) }
                if reply.end == 2, bytes.fitLineEnd(at: used) != .yes { return .lost(took: used, .betweenMessages) }
                used &+= reply.end
                reply.end = 0
                guard endsValue(out) else { return .lost(took: used, .betweenMessages) }
            } else {
                let step =
                    bytes.byte(used) == 0x81
                    ? response(bytes, used, began, out) : line(bytes, used, began, out)
                guard case .took(let count, 0) = step else { return step }
                used = count
            }
            began = at.last
        }
        return .took(used)
    }

    /// A value whose last `end` bytes are looked at.
    private func stepOver(_ size: Int, _ end: Int, _ bytes: RawSpan, _ next: Int) -> Step {
        reply.end = end
        let before = next &+ size &- end
        guard before > bytes.byteCount else { return .took(before, next: 0) }
        return .skip(took: bytes.byteCount, UInt64(before &- bytes.byteCount))
    }

    // MARK: Text

    /// Of a key of 250 bytes, with flags.
    private static var longestLine: Int { 2048 }

    private func line(_ bytes: RawSpan, _ used: Int, _ began: Timestamp, _ out: any Output) -> Step {
        guard let feed = bytes.firstIndex(of: ASCII.lineFeed, from: used &+ reply.scanned) else {
            reply.scanned = bytes.byteCount &- used
            return reply.scanned > Self.longestLine ? .lost(took: used, .betweenMessages) : .took(used)
        }
        reply.scanned = 0
        guard feed > used, bytes.byte(feed &- 1) == ASCII.carriageReturn else {
            return .lost(took: used, .betweenMessages)
        }
        let next = feed &+ 1
        if reply.isAtStart {
            reply.first = began
            reply.bytes = 0
            reply.hits = 0
            reply.opcode = nil
            reply.opaque = 0
            reply.key = 0
        }
        reply.bytes &+= UInt64(next &- used)
        var rest = used..<feed &- 1
        guard let word = bytes.word(of: &rest) else { return .lost(took: used, .betweenMessages) }
        if bytes.isWord("VALUE", at: word) || bytes.isWord("VA", at: word) {
            return value(bytes, rest, isMeta: word.count == 2, used, next)
        }
        guard answers(bytes, word, &rest, out) else { return .lost(took: used, .betweenMessages) }
        return .took(next, next: 0)
    }

    /// `VALUE key flags bytes [cas]`, and `VA bytes flags…`.
    private func value(_ bytes: RawSpan, _ rest: Range<Int>, isMeta: Bool, _ used: Int, _ next: Int) -> Step {
        var rest = rest
        if !isMeta {
            guard let key = bytes.word(of: &rest), bytes.word(of: &rest) != nil else {
                return .lost(took: used, .betweenMessages)
            }
            reply.key = MemcachedCommand.hash(bytes.extracting(key))
        }
        guard let word = bytes.word(of: &rest), let size = bytes.decimal(word), size <= 1 << 30 else {
            return .lost(took: used, .betweenMessages)
        }
        if isMeta { readFlags(bytes, rest) }
        reply.isMeta = isMeta
        reply.isOpen = true
        reply.bytes &+= UInt64(size &+ 2)
        return stepOver(size &+ 2, 2, bytes, next)
    }

    /// What a meta command's answer gives back.
    private func readFlags(_ bytes: RawSpan, _ rest: Range<Int>) {
        var rest = rest
        while let flag = bytes.word(of: &rest) {
            switch bytes.byte(flag.lowerBound) {
            case UInt8(ascii: "O"): reply.opaque = MemcachedCommand.hash(bytes.extracting(flag))
            case UInt8(ascii: "k"):
                reply.key = MemcachedCommand.hash(bytes.extracting(flag.lowerBound &+ 1..<flag.upperBound))
            default: break
            }
        }
    }

    /// A value is whole.
    /// - Returns: `false` where nothing of the kind was asked for.
    private func endsValue(_ out: any Output) -> Bool {
        if reply.opcode != nil { return answerBinary(out) }
        if reply.isMeta {
            reply.isOpen = false
            return answerMeta(.value, .empty, out)
        }
        // More values follow, or END.
        reply.hits &+= 1
        guard let place = order.current(of: queue.count) else { return !order.isPaired }
        let ask = queue[place].detail
        return ask.kind == .get && ask.opcode == nil && reply.hits <= UInt64(ask.keys)
            && (ask.key == 0 || ask.key == reply.key)
    }

    /// A line that is no value.
    /// - Returns: `false` where it answers nothing that was asked.
    private func answers(_ bytes: RawSpan, _ word: Range<Int>, _ rest: inout Range<Int>, _ out: any Output) -> Bool {
        let kind = MemcachedReply.kind(bytes, word)
        switch kind {
        case .meta:
            readFlags(bytes, rest)
            return answerMeta(MemcachedReply.meta(bytes, word), store(bytes.extracting(word)), out)
        case .item:
            reply.isOpen = true
            return true
        default: break
        }
        reply.isOpen = false
        defer { reply.hits = 0 }
        let code = kind == .number || kind == .version || kind == .end ? ByteRange.empty : store(bytes.extracting(word))
        guard var place = order.current(of: queue.count) else {
            order.answerNothing()
            return !order.isPaired
        }
        // Quiet commands before the one that is answered had nothing to say.
        while place < queue.count, queue[place].detail.isQuiet, kind != .failure { place &+= 1 }
        guard place < queue.count, Self.fits(kind, queue[place].detail) else { return false }
        if queue[place].detail.kind == .watch, kind == .ok { isStream = true }
        if queue[place].detail.kind == .get, kind == .end {
            queue[place].operation.hits = reply.hits
            queue[place].operation.misses =
                UInt64(queue[place].detail.keys) &- Swift.min(reply.hits, UInt64(queue[place].detail.keys))
        }
        end(place, code, isError: kind == .failure, out)
        return true
    }

    private func store(_ bytes: RawSpan) -> ByteRange { queue.store(bytes) }

    /// Whether a line may answer a command.
    private static func fits(_ kind: MemcachedReply.Kind, _ ask: MemcachedAsk) -> Bool {
        if ask.opcode != nil { return false }
        if kind == .failure { return true }
        return switch ask.kind {
        case .get: kind == .end
        case .store: kind == .stored || kind == .notFound
        case .delete, .touch: kind == .done || kind == .notFound
        case .count: kind == .number || kind == .notFound
        case .version: kind == .version || kind == .ok
        case .stats: kind == .end || kind == .ok
        case .flush, .watch: kind == .ok
        case .other: kind != .meta
        case .metaGet, .metaStore, .metaDelete, .metaCount, .metaNoop, .metaDebug, .quit: false
        }
    }

    // MARK: Meta

    private func answerMeta(_ meta: MemcachedReply.Meta, _ code: ByteRange, _ out: any Output) -> Bool {
        guard let first = order.current(of: queue.count) else {
            order.answerNothing()
            return !order.isPaired
        }
        var found: Int?
        var place = first
        while place < queue.count {
            let ask = queue[place].detail
            if isAnswered(ask, by: meta) {
                // Nothing says which of several it is.
                if found != nil { return false }
                found = place
                if reply.opaque != 0 || reply.key != 0 { break }
            }
            if !ask.isQuiet { break }
            place &+= 1
        }
        guard let found else { return false }
        let isGet = queue[found].detail.kind == .metaGet
        if isGet || queue[found].detail.kind == .metaDebug {
            queue[found].operation.hits = meta == .miss ? 0 : 1
            queue[found].operation.misses = meta == .miss ? 1 : 0
        }
        end(found, code, isError: false, out)
        return true
    }

    private func isAnswered(_ ask: MemcachedAsk, by meta: MemcachedReply.Meta) -> Bool {
        guard ask.kind.isMeta, ask.opcode == nil, (ask.kind == .metaNoop) == (meta == .noop) else { return false }
        if reply.opaque != ask.opaque { return false }
        if reply.key != 0, ask.key != 0, reply.key != ask.key { return false }
        guard ask.isQuiet else { return true }
        switch ask.kind {
        case .metaGet: return meta == .value || meta == .done
        case .metaDelete: return meta == .exists
        default: return meta != .done && meta != .miss
        }
    }

    // MARK: Binary

    private func response(_ bytes: RawSpan, _ used: Int, _ began: Timestamp, _ out: any Output) -> Step {
        let header = MemcachedOpcode.headerBytes
        guard bytes.byteCount &- used >= header else { return .took(used, next: used &+ header &- bytes.byteCount) }
        guard let opcode = bytes.u8(at: used &+ 1), let keyBytes = bytes.big(UInt16.self, at: used &+ 2),
            let status = bytes.big(UInt16.self, at: used &+ 6), let body = bytes.big(UInt32.self, at: used &+ 8),
            let opaque = bytes.big(UInt32.self, at: used &+ 12), body <= 1 << 30
        else { return .lost(took: used, .betweenMessages) }
        if reply.isAtStart {
            reply.first = began
            reply.bytes = 0
        }
        reply.bytes &+= UInt64(header) &+ UInt64(body)
        reply.opcode = opcode
        reply.opaque = UInt64(opaque)
        reply.status = status
        // The statistics end with one that has no name.
        reply.isOpen = opcode == 0x10 && keyBytes > 0 && status == 0
        let next = used &+ header
        guard body > 0 else { return answerBinary(out) ? .took(next, next: 0) : .lost(took: used, .betweenMessages) }
        return stepOver(Int(body), 1, bytes, next)
    }

    private func answerBinary(_ out: any Output) -> Bool {
        if reply.isOpen { return true }
        guard let first = order.current(of: queue.count) else {
            order.answerNothing()
            return !order.isPaired
        }
        var place = first
        while place < queue.count {
            let ask = queue[place].detail
            if ask.opcode == reply.opcode, ask.opaque == reply.opaque { break }
            guard ask.isQuiet else { return false }
            place &+= 1
        }
        guard place < queue.count else { return false }
        let (name, isError) = MemcachedOpcode.status(reply.status)
        queue[place].operation.pairing = .id
        if queue[place].detail.kind == .get, !isError {
            queue[place].operation.hits = reply.status == 0 ? 1 : 0
            queue[place].operation.misses = reply.status == 0 ? 0 : 1
        }
        end(place, name.utf8CodeUnitCount > 0 ? queue.store(name) : .empty, isError: isError, out)
        return true
    }

    // MARK: Ends

    /// A command has its answer, and quiet ones before it have none.
    private func end(_ place: Int, _ code: ByteRange, isError: Bool, _ out: any Output) {
        for quiet in order.answered..<place { endQuiet(quiet) }
        queue[place].detail.status = isError ? .error : .ok
        if isError, queue[place].detail.kind == .version { queue[place].operation.isHousekeeping = false }
        queue[place].operation.code = code
        queue[place].operation.responseBytes = reply.bytes
        queue[place].operation.responseFirst = reply.first
        queue[place].operation.ended = reply.last
        order.answer(place &- order.answered &+ 1)
        settle(out)
    }

    private func endQuiet(_ place: Int) {
        queue[place].operation.ended = reply.last
        switch queue[place].detail.kind {
        case .get, .metaGet:
            queue[place].operation.hits = 0
            queue[place].operation.misses = 1
        default: break
        }
    }
}

/// An answer that is coming.
struct MemcachedReply {
    /// So many bytes of a value's end come; 0: none does.
    var end = 0
    /// Bytes of the line that comes, in which there is no end.
    var scanned = 0
    /// Values or statistics have come, and more may.
    var isOpen = false
    var isMeta = false
    var hits: UInt64 = 0
    var key: UInt64 = 0
    var opaque: UInt64 = 0
    var opcode: UInt8?
    var status: UInt16 = 0
    var bytes: UInt64 = 0
    var first = Timestamp(nanoseconds: 0)
    var last = Timestamp(nanoseconds: 0)

    var isAtStart: Bool { end == 0 && !isOpen && hits == 0 }

    enum Kind { case end, stored, notFound, done, number, version, ok, item, meta, failure, other }

    enum Meta { case value, done, miss, exists, notStored, noop }

    static func kind(_ bytes: RawSpan, _ word: Range<Int>) -> Kind {
        if ASCII.isDigit(bytes.byte(word.lowerBound)) { return .number }
        let known: [(StaticString, Kind)] = [
            ("END", .end), ("STORED", .stored), ("NOT_STORED", .stored), ("EXISTS", .stored), ("NOT_FOUND", .notFound),
            ("DELETED", .done), ("TOUCHED", .done), ("VERSION", .version), ("OK", .ok), ("RESET", .end),
            ("STAT", .item),
            ("ITEM", .item), ("HD", .meta), ("EN", .meta), ("NF", .meta), ("NS", .meta), ("EX", .meta), ("MN", .meta),
            ("ME", .meta), ("ERROR", .failure), ("CLIENT_ERROR", .failure), ("SERVER_ERROR", .failure),
        ]
        for (text, kind) in known where bytes.isWord(text, at: word) { return kind }
        // A dump of keys.
        return bytes.has("key=", at: word.lowerBound) ? .item : .other
    }

    static func meta(_ bytes: RawSpan, _ word: Range<Int>) -> Meta {
        switch (bytes.byte(word.lowerBound), bytes.byte(word.lowerBound &+ 1)) {
        case (UInt8(ascii: "E"), UInt8(ascii: "N")), (UInt8(ascii: "N"), UInt8(ascii: "F")): .miss
        case (UInt8(ascii: "E"), _): .exists
        case (UInt8(ascii: "N"), _): .notStored
        case (UInt8(ascii: "M"), UInt8(ascii: "N")): .noop
        default: .done
        }
    }
}
