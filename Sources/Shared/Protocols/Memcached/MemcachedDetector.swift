/// memcached: the server's own doc/protocol.txt (text and meta commands) and "Memcached Binary Protocol" (the wiki's
/// BinaryProtocolRevamped, once draft-stone-memcache-binary).
///
/// Strict enough: a storage command has three to four numbers, and its data block ends with CRLF exactly where the
/// command's length says. A retrieval is just words, so it needs an answer of the kind it gets. A binary request has
/// lengths that its opcode prescribes and zeros in every reserved field; one with a version or partition of its own
/// needs the response with the same opcode and opaque number.
enum MemcachedDetector: Detector {
    static var strictness: Strictness { .commands }

    static func examine(client: RawSpan, server: RawSpan, _ context: DetectionContext) -> Finding {
        MemcachedBinary.request(client, server).finding("memcached binary request")
            .otherwise(text(client, server))
            .atTheEnd(context, client.byteCount == 0 ? value(server).finding("memcached value") : .no)
    }

    private static func text(_ client: RawSpan, _ server: RawSpan) -> Finding {
        guard client.begins(withOneOf: Kind.words, at: 0, ignoringCase: false) else { return .no }
        switch client.line(from: 0, limit: lineLimit) {
        case .no, .tooLong: return .no
        case .open: return .needMore
        case .line(let line):
            guard let command = Command(line.text, client) else { return .no }
            let answered = answer(to: command.kind, server)
            guard let size = command.dataSize else { return answered.finding("memcached command and answer") }
            // Of a value too large to wait for it is enough that it goes on: the line has five words that fit.
            let isLong = size > lineLimit ? client.fit(byteAt: line.next &+ lineLimit) { _ in true } : .no
            return client.fitLineEnd(at: line.next &+ size).or(isLong).or(answered)
                .finding("memcached storage command")
        }
    }

    /// Values that nobody is told of, and large answers.
    static func search(_ bytes: RawSpan, from side: Side) -> Evidence? {
        var start = 0
        while let feed = bytes.firstIndex(of: ASCII.lineFeed, from: start) {
            start = feed &+ 1
            guard feed > 0, bytes.u8(at: feed &- 1) == ASCII.carriageReturn,
                let next = message(bytes, at: start, side), message(bytes, at: next, side) != nil
            else { continue }
            return Evidence(side == .client ? "memcached storage command" : "memcached value")
        }
        return nil
    }

    /// - Returns: where a storage command, or a value, ends that begins at `offset` and is whole.
    private static func message(_ bytes: RawSpan, at offset: Int, _ side: Side) -> Int? {
        guard offset < bytes.byteCount, case .line(let line) = bytes.line(from: offset, limit: 512) else { return nil }
        var rest = line.text
        let size: Int?
        if side == .client {
            size = Command(line.text, bytes)?.dataSize
        } else {
            guard let name = bytes.word(of: &rest), bytes.isWord("VALUE", at: name) else { return nil }
            size = valueSize(&rest, bytes)
        }
        guard let size, bytes.fitLineEnd(at: line.next &+ size) == .yes else { return nil }
        return line.next &+ size &+ 2
    }

    static func likeness(_ bytes: RawSpan, from side: Side, isStreamStart: Bool) -> Likeness {
        if side == .server {
            if bytes.u8(at: 0) == 0x81 {
                return Likeness(of: bytes) { offset in
                    MemcachedBinary.response(bytes.extracting(offset..<bytes.byteCount))
                }
            }
            if answers.contains(where: { bytes.has($0, at: 0) }) { return .whole }
            return (answers + plainAnswers).contains { bytes.fit($0, at: 0) != .no } ? .open : .no
        }
        if bytes.u8(at: 0) == 0x80 { return Likeness(MemcachedBinary.request(bytes, bytes.extracting(first: 0))) }
        guard bytes.begins(withOneOf: Kind.words, at: 0, ignoringCase: false) else { return .no }
        switch bytes.line(from: 0, limit: lineLimit) {
        case .no, .tooLong: return .no
        case .open: return .open
        case .line(let line):
            guard let command = Command(line.text, bytes) else { return .no }
            return command.dataSize.map { Likeness(bytes.fitLineEnd(at: line.next &+ $0)) } ?? .open
        }
    }

    private static let answers: [StaticString] = [
        "VALUE ", "END\r\n", "STORED\r\n", "NOT_STORED\r\n", "EXISTS\r\n", "NOT_FOUND\r\n", "DELETED\r\n",
        "TOUCHED\r\n", "STAT ", "VERSION ", "SERVER_ERROR ", "CLIENT_ERROR ",
    ]

    /// What others may answer as well.
    private static let plainAnswers: [StaticString] = [
        "OK\r\n", "ERROR\r\n", "HD\r\n", "HD ", "EN\r\n", "VA ", "MN\r\n",
    ]

    /// A key has at most 250 bytes; a retrieval may name many.
    private static let lineLimit = 8192

    // MARK: Answers

    private static func answer(to kind: Kind, _ server: RawSpan) -> Fit {
        switch kind {
        case .store:
            return server.fit("STORED\r\n", at: 0).or(server.fit("NOT_STORED\r\n", at: 0))
                .or(server.fit("EXISTS\r\n", at: 0)).or(server.fit("NOT_FOUND\r\n", at: 0))
                .or(server.fit("SERVER_ERROR ", at: 0)).or(server.fit("CLIENT_ERROR ", at: 0))
        case .get: return server.fit("END\r\n", at: 0).or(value(server))
        case .delete: return server.fit("DELETED\r\n", at: 0).or(server.fit("NOT_FOUND\r\n", at: 0))
        case .touch: return server.fit("TOUCHED\r\n", at: 0).or(server.fit("NOT_FOUND\r\n", at: 0))
        case .count: return number(server).or(server.fit("NOT_FOUND\r\n", at: 0))
        case .stats: return server.fit("STAT ", at: 0)
        case .version: return server.fit("VERSION ", at: 0).and(server.fit(byteAt: 8, ASCII.isDigit))
        case .meta: return meta(server)
        // Isn't answered; what is there belongs to a command from before the capture.
        case .quit: return value(server)
        case .noop: return server.fit("MN\r\n", at: 0)
        }
    }

    /// `VALUE key flags bytes [cas]`, a data block of that length, CRLF.
    private static func value(_ server: RawSpan) -> Fit {
        let begins = server.fit("VALUE ", at: 0)
        guard begins == .yes else { return begins }
        switch server.line(from: 0, limit: 512) {
        case .no, .tooLong: return .no
        case .open: return .open
        case .line(let line):
            var rest = line.text
            guard server.word(of: &rest) != nil, let size = valueSize(&rest, server) else { return .no }
            // Of a value too large to wait for, the line has said enough.
            return size > lineLimit ? .yes : server.fitLineEnd(at: line.next &+ size)
        }
    }

    /// The length in `key flags bytes [cas]`.
    private static func valueSize(_ rest: inout Range<Int>, _ bytes: RawSpan) -> Int? {
        guard let key = bytes.word(of: &rest), key.count <= Command.keyLimit, let flags = bytes.word(of: &rest),
            bytes.decimal(flags) != nil, let size = bytes.word(of: &rest)
        else { return nil }
        return bytes.decimal(size)
    }

    private static func number(_ server: RawSpan) -> Fit {
        switch server.line(from: 0, limit: 24, ASCII.isDigit) {
        case .no, .tooLong: .no
        case .open: .open
        case .line(let line): Fit(!line.text.isEmpty)
        }
    }

    /// HD, EN, NS, EX, NF, ME, or VA with a size: two capitals and then a blank or the end.
    private static func meta(_ server: RawSpan) -> Fit {
        server.fit("HD", at: 0).or(server.fit("EN", at: 0)).or(server.fit("NS", at: 0)).or(server.fit("EX", at: 0))
            .or(server.fit("NF", at: 0)).or(server.fit("ME", at: 0))
            .or(server.fit("VA ", at: 0).and(server.fit(byteAt: 3, ASCII.isDigit)))
            .and(server.fit(byteAt: 2) { $0 == ASCII.space || $0 == ASCII.carriageReturn })
    }

    // MARK: Commands

    /// Commands that are answered alike.
    private enum Kind {
        case store, get, delete, touch, count, stats, version, meta, noop, quit

        static let words: [StaticString] = [
            "set", "add", "replace", "append", "prepend", "cas", "ms", "get", "gets", "gat", "gats", "delete", "touch",
            "incr", "decr", "stats", "version", "mg", "md", "ma", "mn",
            "me", "quit",
        ]

        init?(_ word: Range<Int>, _ bytes: RawSpan) {
            guard let index = Kind.words.firstIndex(where: { bytes.isWord($0, at: word) }) else { return nil }
            switch index {
            case 0...6: self = .store
            case 7...10: self = .get
            case 11: self = .delete
            case 12: self = .touch
            case 13...14: self = .count
            case 15: self = .stats
            case 16: self = .version
            case 20: self = .noop
            case 22: self = .quit
            default: self = .meta
            }
        }
    }

    /// A whole command line that has the words its command prescribes.
    private struct Command {
        static let keyLimit = 250

        var kind: Kind
        /// How many bytes of data follow a storage command.
        var dataSize: Int?

        init?(_ line: Range<Int>, _ bytes: RawSpan) {
            var rest = line
            guard let name = bytes.word(of: &rest),
                let kind = Kind(name, bytes)
            else { return nil }
            self.kind = kind
            let isMeta = name.count == 2
            switch kind {
            case .stats: break
            case .version, .noop, .quit: if bytes.word(of: &rest) != nil { return nil }
            case .store where isMeta:
                // ms <key> <datalen> <flags>*
                guard Command.isKey(bytes.word(of: &rest)), let size = Command.size(&rest, bytes) else { return nil }
                self.dataSize = size
            case .store:
                // <command> <key> <flags> <exptime> <bytes> [<cas unique>] [noreply]
                guard Command.isKey(bytes.word(of: &rest)), let flags = bytes.word(of: &rest),
                    bytes.decimal(flags) != nil, let time = bytes.word(of: &rest), Command.isTime(time, bytes),
                    let size = Command.size(&rest, bytes)
                else { return nil }
                self.dataSize = size
            case .count, .touch:
                guard Command.isKey(bytes.word(of: &rest)), let number = bytes.word(of: &rest),
                    Command.isTime(number, bytes)
                else { return nil }
            case .get, .delete, .meta:
                guard Command.isKey(bytes.word(of: &rest)) else { return nil }
            }
        }

        private static func isKey(_ word: Range<Int>?) -> Bool { word.map { $0.count <= keyLimit } ?? false }

        private static func size(_ rest: inout Range<Int>, _ bytes: RawSpan) -> Int? {
            // The server's -I allows items of up to 1 GiB.
            bytes.word(of: &rest).flatMap { bytes.decimal($0) }.flatMap { $0 <= 1 << 30 ? $0 : nil }
        }

        /// An expiration time may be negative: expired at once.
        private static func isTime(_ word: Range<Int>, _ bytes: RawSpan) -> Bool {
            let isNegative = bytes.u8(at: word.lowerBound) == UInt8(ascii: "-") && word.count > 1
            return bytes.decimal(isNegative ? word.lowerBound &+ 1..<word.upperBound : word) != nil
        }
    }
}
