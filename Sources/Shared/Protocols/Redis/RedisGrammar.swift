/// What is known of Redis' commands: which of their arguments are keys ("Command key specifications"), and what answers them.
///
/// Nothing of it changes once it is made, so that all threads may read it.
final class RedisGrammar: @unchecked Sendable {
    static let known = RedisGrammar()

    private let index: HashIndex
    let rows: [Row]

    struct Row {
        /// In capitals, with `|` before a subcommand.
        var name: [UInt8]
        var kind = Kind.plain
        var traits: Traits = []
        var keys: [Keys] = []
        /// It is looked for before the keys' keyword, and makes it wait.
        var waitsByWord = false
    }

    struct Traits: OptionSet {
        let rawValue: UInt8

        static let hasSubcommands = Traits(rawValue: 1)
        static let isHousekeeping = Traits(rawValue: 2)
        static let mayWait = Traits(rawValue: 4)
        /// Nil says that there is nothing.
        static let countsNil = Traits(rawValue: 8)
        /// Each item's nil does.
        static let countsItems = Traits(rawValue: 16)
        static let isLogin = Traits(rawValue: 32)
    }

    /// What a command does to the answers of others.
    enum Kind: UInt8 {
        case plain
        case multi, exec, discard
        case select, reset
        case subscribe, unsubscribe
        case clientReply
        case monitor
        case psync, sync
        /// What a subscriber may say besides.
        case ping
    }

    /// Where keys stand among the arguments.
    struct Keys {
        var begin: Begin
        var find: Find

        enum Begin {
            case index(Int)
            /// Behind a word, which is looked for from an index on.
            case keyword([UInt8], from: Int)
        }

        enum Find {
            /// `last` from the first one on, or from the end where it is below 0; `limit`: of so many parts one.
            case range(last: Int, step: Int, limit: Int)
            /// Their number stands at `place` from where they begin.
            case number(place: Int, first: Int, step: Int)
        }
    }

    private init() {
        var index = HashIndex(seed: 0x5265_6469_7343_6D64)
        var rows: [Row] = []
        let text = String(describing: RedisCommandTable.text)
        for line in text.split(separator: "\n") {
            if let row = Self.row(line.split(separator: " ")) {
                index.insert(rows.count, row.name.span.bytes.hash(seed: index.seed))
                rows.append(row)
            }
        }
        self.index = index
        self.rows = rows
    }

    private static func row(_ parts: [Substring]) -> Row? {
        guard let name = parts.first, parts.count > 1 else { return nil }
        var row = Row(name: Array(name.utf8))
        row.kind = kind(name)
        for letter in parts[1] {
            switch letter {
            case "c": row.traits.insert(.hasSubcommands)
            case "h": row.traits.insert(.isHousekeeping)
            case "b": row.traits.insert(.mayWait)
            case "r": row.traits.insert(.countsNil)
            case "m": row.traits.insert(.countsItems)
            case "l": row.traits.insert(.isLogin)
            default: break
            }
        }
        row.keys = parts.dropFirst(2).prefix(RedisCall.mostPlans).compactMap(keys)
        row.waitsByWord =
            row.traits.contains(.mayWait)
            && row.keys.contains {
                if case .keyword = $0.begin { true } else { false }
            }
        return row
    }

    private static func kind(_ name: Substring) -> Kind {
        switch name {
        case "MULTI": .multi
        case "EXEC": .exec
        case "DISCARD": .discard
        case "SELECT": .select
        case "RESET": .reset
        case "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE": .subscribe
        case "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE": .unsubscribe
        case "CLIENT|REPLY": .clientReply
        case "MONITOR": .monitor
        case "PSYNC": .psync
        case "SYNC": .sync
        case "PING", "QUIT": .ping
        default: .plain
        }
    }

    /// `i1r0,1,0`, `@STREAMS,1r-1,1,2`, `i2n0,1,1` (`RedisCommandTable`).
    private static func keys(_ text: Substring) -> Keys? {
        // A keyword is in capitals, so that the first small letter is what follows it.
        guard let sign = text.dropFirst().firstIndex(where: { $0 == "r" || $0 == "n" }) else { return nil }
        let numbers = text[text.index(after: sign)...].split(separator: ",").compactMap { Int($0) }
        guard numbers.count == 3 else { return nil }
        let begin = text[..<sign].dropFirst().split(separator: ",")
        let find: Keys.Find =
            text[sign] == "r"
            ? .range(last: numbers[0], step: Swift.max(1, numbers[1]), limit: numbers[2])
            : .number(place: numbers[0], first: numbers[1], step: Swift.max(1, numbers[2]))
        if text.first == "i", let index = begin.first.flatMap({ Int($0) }) {
            return Keys(begin: .index(index), find: find)
        }
        guard begin.count == 2, let from = Int(begin[1]) else { return nil }
        return Keys(begin: .keyword(Array(begin[0].utf8), from: from), find: find)
    }

    /// The row of a name, in letters of either case.
    func find(_ name: RawSpan) -> Int? {
        guard name.byteCount <= Self.longestName else { return nil }
        var folded = InlineArray<64, UInt8>(repeating: 0)
        for place in 0..<name.byteCount {
            let byte = name.byte(place)
            folded[place] = byte &- UInt8(ascii: "a") < 26 ? byte & 0xDF : byte
        }
        return find(folded: folded.span.bytes.extracting(first: name.byteCount))
    }

    private func find(folded name: RawSpan) -> Int? {
        index.find(name.hash(seed: index.seed)) { place in
            let known = rows[place].name
            return known.span.bytes.equals(name)
        }
    }

    static let longestName = 64
}
