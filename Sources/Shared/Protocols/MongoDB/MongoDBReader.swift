/// Reads the content of one message as it comes: of a command its names and keys, of an answer its counts.
///
/// Values are stepped over.
///
/// MongoDB Manual, "OP_MSG" (sections); BSON specification, version 1.1.
final class MongoDBReader: SteppedReader {
    /// What is read of the first document.
    enum Kind {
        case command, reply, nothing
    }

    private(set) var facts = Facts()
    /// Keys and collection of a command, one behind the other.
    private(set) var text = UniqueBytes()
    private var stage = Stage.rest
    private var frames: [Frame] = []
    var skip = 0
    var position = 0
    private(set) var end = 0
    private var sequenceEnd = 0
    private var kind = Kind.nothing
    private var opcode = MongoDBHeader.Opcode.message
    private var hasText = false

    struct Facts {
        var flags: UInt32 = 0
        var name = ByteRange.empty
        var collection = ByteRange.empty
        var database = ByteRange.empty
        /// The command without its values.
        var keys = ByteRange.empty
        /// Documents, updates or deletes in the one command.
        var batch: UInt64 = 0
        var isOK: Bool?
        var code: Int32?
        /// Documents of a cursor's batch, or of a list of values.
        var rows: UInt64?
        /// `n` of an answer, and `nModified`.
        var matched: UInt64?
        var modified: UInt64?
        /// It has a document in `value`: findAndModify.
        var hasValue = false
        /// The server may wait before it answers.
        var waits = false

        /// More messages follow, or no answer is asked for.
        var moreToCome: Bool { flags & 2 != 0 }
    }

    private enum Stage {
        case flags, section, root, sequence, sequenceDocuments, element
        /// OP_QUERY and others: words, a name, and then a document.
        case namespace
        case replyHead
        case rest
    }

    private struct Frame {
        var end: Int
        var role: Role
        var isArray = false
        var isFirst = true
    }

    private enum Role {
        case command, keys, batch, reply, cursor, rows, writeErrors, failure, lastError, ignored
    }

    func begin(_ kind: Kind, _ opcode: MongoDBHeader.Opcode, content: Int, hasText: Bool) {
        self.kind = kind
        self.opcode = opcode
        self.hasText = hasText
        facts = Facts()
        text.removeAll(keepingAtMost: 16 << 10)
        frames.removeAll(keepingCapacity: true)
        skip = 0
        position = 0
        end = content
        switch opcode {
        case .message: stage = .flags
        case .query, .insert, .update, .delete, .getMore: stage = kind == .command ? .namespace : .rest
        case .reply: stage = .replyHead
        case .compressed, .killCursors: stage = .rest
        }
        if kind == .nothing, opcode != .message { stage = .rest }
    }

    var held: Int { text.count }

    /// Bytes that are not looked at come next.
    var skipped: Int { stage == .rest ? end &- position : skip }

    func stepOverRest() { stage = .rest }

    // MARK: Reading

    var taken = 0

    func step(_ bytes: RawSpan) -> Int {
        switch stage {
        case .flags:
            guard let flags = bytes.little(UInt32.self, at: 0) else { return 4 &- bytes.byteCount }
            facts.flags = flags
            // A checksum is behind the sections.
            if flags & 1 != 0 { end = Swift.max(position &+ 4, end &- 4) }
            take(4)
            stage = kind == .nothing ? .rest : .section
        case .section:
            guard let first = bytes.u8(at: 0) else { return 1 }
            stage = first == 0 ? .root : first == 1 ? .sequence : .rest
            if stage != .rest { take(1) }
        case .root: return root(bytes)
        case .sequence: return sequence(bytes)
        case .sequenceDocuments:
            guard position < sequenceEnd else {
                stage = .section
                return 0
            }
            guard let length = bytes.little(UInt32.self, at: 0) else { return 4 &- bytes.byteCount }
            guard 5...UInt32(clamping: sequenceEnd &- position) ~= length else { return fail() }
            facts.batch &+= 1
            take(4)
            skip = Int(length) &- 4
        case .element: return element(bytes)
        case .namespace: return namespace(bytes)
        case .replyHead:
            guard bytes.byteCount >= 20 else { return 20 &- bytes.byteCount }
            facts.rows = bytes.little(UInt32.self, at: 16).map { UInt64($0) }
            take(20)
            stage = .root
        case .rest: break
        }
        return 0
    }

    private func take(_ count: Int) { taken = count }

    private func fail() -> Int {
        stage = .rest
        return 0
    }

    private func root(_ bytes: RawSpan) -> Int {
        guard let length = bytes.little(UInt32.self, at: 0) else { return 4 &- bytes.byteCount }
        guard length >= 5, Int(length) <= end &- position else { return fail() }
        frames = [Frame(end: position &+ Int(length), role: kind == .command ? .command : .reply)]
        take(4)
        stage = .element
        if kind == .command, hasText {
            facts.keys.start = Int32(truncatingIfNeeded: text.count)
            keys.removeAll()
        }
        return 0
    }

    private func sequence(_ bytes: RawSpan) -> Int {
        guard let size = bytes.little(UInt32.self, at: 0) else { return 4 &- bytes.byteCount }
        guard size >= 5, Int(size) <= end &- position else { return fail() }
        guard let name = bytes.firstIndex(of: 0, in: 4..<Swift.min(bytes.byteCount, 4 &+ Self.longestName)) else {
            return bytes.byteCount >= 4 &+ Self.longestName ? fail() : 1
        }
        sequenceEnd = position &+ Int(size)
        take(name &+ 1)
        stage = .sequenceDocuments
        return 0
    }

    /// The names of databases and collections have at most 255 bytes; keys may be longer.
    private static let longestName = 256
    private static let longestKey = 1024

    /// OP_QUERY and the other commands of old: a word, "database.collection", words, a document.
    private func namespace(_ bytes: RawSpan) -> Int {
        guard bytes.byteCount >= 4 else { return 4 &- bytes.byteCount }
        guard let name = bytes.firstIndex(of: 0, in: 4..<Swift.min(bytes.byteCount, 4 &+ Self.longestName)),
            bytes.byteCount >= name &+ 9
        else { return bytes.byteCount >= 13 &+ Self.longestName ? fail() : 1 }
        let dot = bytes.firstIndex(of: UInt8(ascii: "."), in: 4..<name) ?? name
        facts.database = store(bytes.extracting(4..<dot))
        let isCommand = opcode == .query && bytes.has(".$cmd", at: dot) && dot &+ 5 == name
        if !isCommand {
            facts.collection = store(bytes.extracting(Swift.min(dot &+ 1, name)..<name))
            let called: StaticString =
                switch opcode {
                case .insert: "insert"
                case .update: "update"
                case .delete: "delete"
                case .getMore: "getMore"
                default: "find"
                }
            let start = text.count
            text.append(called)
            facts.name = ByteRange(start, text.count)
            stage = .rest
            return 0
        }
        take(name &+ 9)
        stage = .root
        return 0
    }

    private func store(_ bytes: RawSpan) -> ByteRange {
        let start = text.count
        text.append(bytes)
        return ByteRange(start, text.count)
    }

    // MARK: Elements

    private var keys = UniqueBytes()

    private func element(_ bytes: RawSpan) -> Int {
        guard let frame = frames.last else { return fail() }
        guard let type = bytes.u8(at: 0) else { return 1 }
        if type == 0 {
            guard position &+ 1 == frame.end else { return fail() }
            take(1)
            pop()
            return 0
        }
        guard let keyEnd = bytes.firstIndex(of: 0, in: 1..<Swift.min(bytes.byteCount, Self.longestKey)) else {
            return bytes.byteCount >= Self.longestKey ? fail() : 1
        }
        let value = keyEnd &+ 1
        let key = bytes.extracting(1..<keyEnd)
        let wanted = Self.fixedSize(type) ?? 4
        guard bytes.byteCount >= value &+ wanted else { return value &+ wanted &- bytes.byteCount }
        let size: Int
        switch type {
        case 0x02, 0x0D, 0x0E: size = 4 &+ Self.length(bytes, value)
        case 0x05: size = 5 &+ Self.length(bytes, value)
        case 0x0C: size = 16 &+ Self.length(bytes, value)
        case 0x03, 0x04, 0x0F: size = Self.length(bytes, value)
        case 0x0B:
            guard let first = bytes.firstIndex(of: 0, from: value),
                let second = bytes.firstIndex(of: 0, from: first &+ 1)
            else { return bytes.byteCount > 64 << 10 ? fail() : 1 }
            size = second &+ 1 &- value
        default:
            guard let fixed = Self.fixedSize(type) else { return fail() }
            size = fixed
        }
        guard size >= 0, position &+ value &+ size <= frame.end &- 1 else { return fail() }
        if type == 0x03 || type == 0x04 {
            guard size >= 5 else { return fail() }
            return nested(frame, type, key, value, size)
        }
        if let more = scalar(frame, type, key, bytes, value, size) { return more }
        take(Swift.min(value &+ size, bytes.byteCount))
        skip = value &+ size &- taken
        return 0
    }

    private static func length(_ bytes: RawSpan, _ at: Int) -> Int {
        bytes.little(Int32.self, at: at).map { Int($0) } ?? -1
    }

    /// `nil` for what says its length itself.
    private static func fixedSize(_ type: UInt8) -> Int? {
        switch type {
        case 0x01, 0x09, 0x11, 0x12: 8
        case 0x06, 0x0A, 0x7F, 0xFF: 0
        case 0x07: 12
        case 0x08: 1
        case 0x10: 4
        case 0x13: 16
        default: nil
        }
    }

    private func pop() {
        let frame = frames.removeLast()
        if frame.role == .command || frame.role == .keys { close(isArray: frame.isArray) }
        if frames.isEmpty { stage = opcode == .message ? .section : .rest }
    }

    /// A document or array begins: it is gone into, or stepped over.
    private func nested(_ frame: Frame, _ type: UInt8, _ key: RawSpan, _ value: Int, _ size: Int) -> Int {
        let isArray = type == 0x04
        let end = position &+ value &+ size
        var role = Role.ignored
        switch frame.role {
        case .command:
            nameIfFirst(key)
            if Self.isBatch(key), isArray {
                role = .batch
            } else if Self.isShown(key), write(key, open: isArray) {
                role = .keys
            }
        case .keys: if write(key, open: isArray) { role = .keys }
        case .batch: facts.batch &+= 1
        case .reply:
            if key.equals("cursor") {
                role = .cursor
            } else if key.equals("writeErrors") {
                role = .writeErrors
            } else if key.equals("writeConcernError") {
                role = .failure
            } else if key.equals("lastErrorObject") {
                role = .lastError
            } else if key.equals("values"), isArray {
                role = .rows
                facts.rows = 0
            } else if key.equals("value") {
                facts.hasValue = true
            }
        case .cursor:
            if isArray, key.equals("firstBatch") || key.equals("nextBatch") {
                role = .rows
                facts.rows = 0
            }
        case .rows: facts.rows = (facts.rows ?? 0) &+ 1
        case .writeErrors: role = .failure
        case .failure, .lastError, .ignored: break
        }
        frames[frames.count &- 1].isFirst = false
        if role == .ignored || frames.count >= Self.deepest {
            if role == .keys { close(isArray: isArray) }
            take(value &+ 4)
            skip = size &- 4
            return 0
        }
        take(value &+ 4)
        frames.append(Frame(end: end, role: role, isArray: isArray))
        return 0
    }

    private static let deepest = 8

    /// - Returns: how many more bytes are needed to see the value; `nil` where it was taken note of.
    private func scalar(
        _ frame: Frame, _ type: UInt8, _ key: RawSpan, _ bytes: RawSpan, _ value: Int, _ size: Int
    ) -> Int? {
        switch frame.role {
        case .command:
            let isName = frame.isFirst && type == 0x02
            if isName || key.equals("collection") || key.equals("$db"), type == 0x02, size <= 4 &+ Self.longestName,
                size >= 5
            {
                guard bytes.byteCount >= value &+ size else { return value &+ size &- bytes.byteCount }
                let string = bytes.extracting(value &+ 4..<value &+ size &- 1)
                nameIfFirst(key)
                if key.equals("$db") {
                    facts.database = store(string)
                } else if facts.collection.isEmpty {
                    facts.collection = store(string)
                }
            }
            nameIfFirst(key)
            if key.equals("maxAwaitTimeMS") || key.equals("awaitData") { facts.waits = true }
            if Self.isShown(key) { _ = write(key, open: nil) }
        case .keys: _ = write(key, open: nil)
        case .reply, .lastError: answer(frame.role, type, key, bytes, value)
        case .failure:
            if key.equals("code"), facts.code == nil {
                facts.code = Self.number(type, bytes, value).map { Int32(clamping: $0) }
            }
        case .rows: facts.rows = (facts.rows ?? 0) &+ 1
        case .batch, .cursor, .writeErrors, .ignored: break
        }
        frames[frames.count &- 1].isFirst = false
        return nil
    }

    private func answer(_ role: Role, _ type: UInt8, _ key: RawSpan, _ bytes: RawSpan, _ value: Int) {
        guard let number = Self.number(type, bytes, value) else { return }
        if key.equals("n") {
            facts.matched = UInt64(clamping: number)
        } else if key.equals("nModified") {
            facts.modified = UInt64(clamping: number)
        } else if role == .reply, key.equals("ok") {
            facts.isOK = number == 1
        } else if role == .reply, key.equals("code") {
            facts.code = Int32(clamping: number)
        }
    }

    private static func number(_ type: UInt8, _ bytes: RawSpan, _ at: Int) -> Int64? {
        switch type {
        case 0x01: bytes.little(UInt64.self, at: at).flatMap { Int64(exactly: Double(bitPattern: $0)) }
        case 0x10: bytes.little(Int32.self, at: at).map { Int64($0) }
        case 0x12: bytes.little(Int64.self, at: at)
        case 0x08: bytes.u8(at: at).map { Int64($0) }
        default: nil
        }
    }

    private func nameIfFirst(_ key: RawSpan) {
        if facts.name.isEmpty, key.byteCount <= 64 { facts.name = store(key) }
    }

    private static func isBatch(_ key: RawSpan) -> Bool {
        key.equals("documents") || key.equals("updates") || key.equals("deletes")
    }

    /// What belongs to the session, or names the database, is no part of what is asked for.
    private static func isShown(_ key: RawSpan) -> Bool {
        !(key.u8(at: 0) == UInt8(ascii: "$") || key.equals("lsid") || key.equals("txnNumber")
            || key.equals("autocommit")
            || key.equals("startTransaction") || key.equals("apiVersion") || key.equals("payload")
            || key.equals("speculativeAuthenticate"))
    }

    // MARK: Keys

    /// Writes a key, and the beginning of what it stands for.
    /// - Parameter open: an array or document follows; `nil`: a value does.
    /// - Returns: `false` where there is no room for more.
    private func write(_ key: RawSpan, open isArray: Bool?) -> Bool {
        guard hasText, keys.count < Self.longestKeys else { return false }
        let frame = frames[frames.count &- 1]
        if keys.isEmpty { keys.append(UInt8(ascii: "{")) } else if !frame.isFirst { keys.append(", ") }
        if !frame.isArray {
            let isName = 1...64 ~= key.byteCount && key.fit(allOf: key.byteCount, at: 0, ASCII.isVisible) == .yes
            if isName { keys.append(key) } else { keys.append("{…}") }
            keys.append(": ")
        }
        switch isArray {
        case nil: keys.append(UInt8(ascii: "?"))
        case true?: keys.append(UInt8(ascii: "["))
        case false?: keys.append(UInt8(ascii: "{"))
        }
        return true
    }

    private func close(isArray: Bool) {
        guard hasText, !keys.isEmpty else { return }
        keys.append(isArray ? UInt8(ascii: "]") : UInt8(ascii: "}"))
        guard frames.isEmpty else { return }
        let start = text.count
        keys.withBytes { text.append($0) }
        facts.keys = ByteRange(start, text.count)
        keys.removeAll(keepingAtMost: 4 << 10)
    }

    private static let longestKeys = 2 << 10
}

extension RawSpan {
    /// Whether these are the bytes of a text.
    @inline(__always)
    fileprivate func equals(_ text: StaticString) -> Bool { byteCount == text.utf8CodeUnitCount && has(text) }
}
