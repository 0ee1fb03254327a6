/// A command line of memcached's text protocol (doc/protocol.txt): its verb, its keys, and what follows it.
struct MemcachedCommand {
    var kind = Kind.other
    var name: Range<Int>
    /// Where its keys lie; `nil`: it has none.
    var keys: Range<Int>?
    var keyCount = 0
    /// Of the data block that follows.
    var size: Int?
    /// It says that it wants no answer; of a meta command, none of what goes without saying.
    var isQuiet = false
    /// What the answer gives back: a hash of it; 0: nothing.
    var opaque: UInt64 = 0
    /// The key is in base 64.
    var isEncoded = false

    enum Kind: UInt8 {
        case get, store, delete, touch, count
        /// mg, ms, md, ma, mn, me.
        case metaGet, metaStore, metaDelete, metaCount, metaNoop, metaDebug
        case stats, version, flush, quit, watch
        case other

        var isMeta: Bool { rawValue >= Kind.metaGet.rawValue && rawValue <= Kind.metaDebug.rawValue }

        /// It keeps a session going, and asks for nothing.
        var isHousekeeping: Bool { self == .version || self == .quit || self == .metaNoop }
    }

    /// A server refuses longer ones.
    static let longestKey = 250

    /// - Returns: `nil` for an empty line.
    init?(_ line: Range<Int>, _ bytes: RawSpan) {
        var rest = line
        guard let name = bytes.word(of: &rest) else { return nil }
        self.name = name
        kind = Self.kind(name, bytes)
        let after = rest
        var words = 0
        var last: Range<Int>?
        while let word = bytes.word(of: &rest) {
            words &+= 1
            last = word
            take(word, words, bytes)
        }
        switch kind {
        case .get:
            let isTouch = bytes.isWord("gat", at: name) || bytes.isWord("gats", at: name)
            var behind = after
            if isTouch { _ = bytes.word(of: &behind) }
            keyCount = Swift.max(0, words &- (isTouch ? 1 : 0))
            keys = keyCount > 0 ? behind : nil
        case .store, .delete, .touch, .count, .flush, .other:
            if let last { isQuiet = bytes.isWord("noreply", at: last) }
        default: break
        }
    }

    private mutating func take(_ word: Range<Int>, _ place: Int, _ bytes: RawSpan) {
        let isMeta = kind.isMeta && kind != .metaNoop
        switch kind {
        case .store, .delete, .touch, .count, .metaGet, .metaStore, .metaDelete, .metaCount, .metaDebug:
            guard place > 1 else {
                keys = word
                keyCount = 1
                return
            }
        default: return
        }
        if kind == .store, place == 4 { size = Self.size(word, bytes) }
        if kind == .metaStore, place == 2 {
            size = Self.size(word, bytes)
            return
        }
        guard isMeta, let flag = bytes.u8(at: word.lowerBound) else { return }
        switch flag {
        case UInt8(ascii: "q"): isQuiet = true
        case UInt8(ascii: "b"): isEncoded = true
        case UInt8(ascii: "O"): opaque = Self.hash(bytes.extracting(word))
        default: break
        }
    }

    /// The server's -I allows items of up to 1 GiB.
    private static func size(_ word: Range<Int>, _ bytes: RawSpan) -> Int? {
        bytes.decimal(word).flatMap { $0 <= 1 << 30 ? $0 : nil }
    }

    /// Of an opaque token, with its sign, or of a key.
    static func hash(_ bytes: RawSpan) -> UInt64 { UInt64(bytes.hash(seed: 0x6D63)) | 1 << 32 }

    private static func kind(_ name: Range<Int>, _ bytes: RawSpan) -> Kind {
        let known: [(StaticString, Kind)] = [
            ("get", .get), ("set", .store), ("gets", .get), ("delete", .delete), ("incr", .count), ("decr", .count),
            ("add", .store), ("replace", .store), ("append", .store), ("prepend", .store), ("cas", .store),
            ("touch", .touch), ("gat", .get), ("gats", .get), ("mg", .metaGet), ("ms", .metaStore),
            ("md", .metaDelete), ("ma", .metaCount), ("mn", .metaNoop), ("me", .metaDebug), ("stats", .stats),
            ("lru_crawler", .stats), ("version", .version), ("verbosity", .version), ("flush_all", .flush),
            ("quit", .quit), ("watch", .watch),
        ]
        for (word, kind) in known where bytes.isWord(word, at: name) { return kind }
        return .other
    }
}
