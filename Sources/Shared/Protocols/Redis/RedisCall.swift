/// A command whose arguments are coming: its name, its keys, and nothing else of it.
final class RedisCall {
    private let commands: RedisGrammar
    /// Name and targets, one behind the other.
    private(set) var text = UniqueBytes()
    private(set) var name = ByteRange.empty
    private(set) var targets = ByteRange.empty
    private(set) var statement = UniqueBytes()

    /// With its name.
    private(set) var arguments = 0
    private(set) var kind = RedisGrammar.Kind.plain
    private(set) var traits: RedisGrammar.Traits = []
    /// Of the database that SELECT names; whether replies come, of CLIENT REPLY.
    private(set) var number: Int?
    private(set) var reply = Reply.on
    private(set) var isWaiting = false
    /// What is published, where that is wanted.
    private(set) var payloads = Payloads()
    private let payload: PayloadReader?
    private var isPublish = false

    private var row: Int?
    private var plans = InlineArray<3, Plan>(repeating: Plan())
    private var keys: KeyTargets
    private var hasHidden = false
    private var waitsByWord = false

    enum Reply { case on, off, skip }

    static var mostPlans: Int { 3 }
    private static let longestStatement = 4 << 10

    /// Which arguments are keys, as far as it is known by now.
    private struct Plan {
        var first = 0
        var end = 0
        var step = 1
        /// Where the number of keys stands; 0: nowhere.
        var counter = 0
        /// The word is still looked for from here on; 0: none is.
        var searchesFrom = 0
        var keys = 0
    }

    /// - Parameter payload: reads what is published; `nil`: nobody wants that.
    init(_ commands: RedisGrammar, isWhole: Bool, _ payload: PayloadReader? = nil) {
        self.commands = commands
        self.payload = payload
        keys = KeyTargets(isWhole: isWhole)
    }

    func begin(_ arguments: Int) {
        self.arguments = arguments
        text.removeAll(keepingAtMost: 4 << 10)
        statement.removeAll(keepingAtMost: 4 << 10)
        name = .empty
        targets = .empty
        kind = .plain
        traits = []
        number = nil
        reply = .on
        isWaiting = false
        payloads = Payloads()
        isPublish = false
        row = nil
        for place in 0..<Self.mostPlans { plans[place] = Plan() }
        keys.removeAll()
        hasHidden = false
        waitsByWord = false
    }

    // MARK: Arguments

    /// Whether the bytes of an argument are looked at.
    func wants(_ place: Int, _ size: Int) -> Bool {
        if place == 0 { return size <= RedisGrammar.longestName }
        if traits.contains(.hasSubcommands), place == 1 { return size <= 32 }
        switch kind {
        case .select: return size <= 10
        case .clientReply where place == 2: return size <= 4
        default: break
        }
        if isPublish, place == Self.contentPlace { return size <= Self.longestContent }
        for number in 0..<Self.mostPlans {
            let plan = plans[number]
            if plan.counter == place { return size <= 10 }
            if isKey(plan, place) { return size <= KeyPattern.longest * 2 }
            if plan.searchesFrom > 0, place >= plan.searchesFrom, size <= 16 { return true }
        }
        return waitsByWord && size == 5
    }

    @inline(__always)
    private func isKey(_ plan: Plan, _ place: Int) -> Bool {
        place >= plan.first && place < plan.end && (plan.step == 1 || (place &- plan.first) % plan.step == 0)
    }

    /// PUBLISH and SPUBLISH have a channel and a message.
    private static let contentPlace = 2
    /// Of a message that is looked at as a whole: longer ones are as if nobody had.
    static let longestContent = 64 << 10

    /// An argument whose bytes were wanted.
    func take(_ place: Int, _ bytes: RawSpan, _ out: any Output) {
        if place == 0 { return takeName(bytes) }
        if isPublish, place == Self.contentPlace {
            payloads.message = payload?.shape(of: bytes, out) ?? .empty
            return addHidden()
        }
        if place == 1, traits.contains(.hasSubcommands), takeSubcommand(bytes) { return }
        switch kind {
        case .select where place == 1: number = bytes.decimal(0..<bytes.byteCount)
        case .clientReply where place == 2:
            let all = 0..<bytes.byteCount
            if bytes.isWordIgnoringCase("OFF", at: all) { reply = .off }
            if bytes.isWordIgnoringCase("SKIP", at: all) { reply = .skip }
        default: break
        }
        var isTarget = false
        for number in 0..<Self.mostPlans {
            if plans[number].counter == place {
                count(number, bytes.decimal(0..<bytes.byteCount) ?? 0)
            } else if isKey(plans[number], place) {
                isTarget = true
            } else if plans[number].searchesFrom > 0, place >= plans[number].searchesFrom {
                look(number, place, bytes)
            }
        }
        if waitsByWord, bytes.isWordIgnoringCase("BLOCK", at: 0..<bytes.byteCount) { isWaiting = true }
        if isTarget { addTarget(bytes) } else { addHidden() }
    }

    /// An argument whose bytes were not wanted, or are not there.
    func pass(_ place: Int) {
        if place == 0 {
            name = store("_OTHER")
            return statement.append("_OTHER" as StaticString)
        }
        if isPublish, place == Self.contentPlace { payloads.message = .nonJSON }
        for number in 0..<Self.mostPlans where isKey(plans[number], place) {
            return keepTarget(keys.addHidden(to: &text))
        }
        addHidden()
    }

    private func store(_ word: StaticString) -> ByteRange {
        let start = text.count
        text.append(word)
        return ByteRange(start, text.count)
    }

    private func takeName(_ bytes: RawSpan) {
        row = commands.find(bytes)
        guard row != nil || Self.isName(bytes) else { return pass(0) }
        text.append(bytes)
        name = ByteRange(0, text.count)
        statement.append(bytes)
        let all = 0..<bytes.byteCount
        isPublish =
            payload != nil
            && (bytes.isWordIgnoringCase("PUBLISH", at: all) || bytes.isWordIgnoringCase("SPUBLISH", at: all))
        prepare()
    }

    /// Of a module's command nothing but its form is known.
    private static func isName(_ bytes: RawSpan) -> Bool {
        guard bytes.byteCount > 0, bytes.byteCount <= 32, ASCII.isLetter(bytes.byte(0)) else { return false }
        for place in 0..<bytes.byteCount {
            let byte = bytes.byte(place)
            let isMark = byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
            guard ASCII.isLetter(byte) || isMark || ASCII.isDigit(byte) && place > 0 else { return false }
        }
        return true
    }

    private func takeSubcommand(_ bytes: RawSpan) -> Bool {
        traits.remove(.hasSubcommands)
        var folded = InlineArray<64, UInt8>(repeating: 0)
        let length = Int(name.count)
        guard length &+ 1 &+ bytes.byteCount <= 64 else { return false }
        text.withBytes { for place in 0..<length { folded[place] = $0.byte(place) } }
        folded[length] = UInt8(ascii: "|")
        for place in 0..<bytes.byteCount { folded[length &+ 1 &+ place] = bytes.byte(place) }
        let full = folded.span.bytes.extracting(first: length &+ 1 &+ bytes.byteCount)
        let found = commands.find(full)
        // Newer servers have more of them.
        guard found != nil || Self.isName(bytes) else { return false }
        if let found { row = found }
        text.append(ASCII.space)
        text.append(bytes)
        name = ByteRange(0, text.count)
        statement.append(ASCII.space)
        statement.append(bytes)
        if found != nil { prepare() }
        return true
    }

    /// What the row says of the arguments.
    private func prepare() {
        guard let row else { return }
        commands.withRow(row) { row in
            kind = row.kind
            traits = row.traits
            waitsByWord = row.waitsByWord
            isWaiting = row.traits.contains(.mayWait) && !row.waitsByWord
            for number in 0..<row.keys.count {
                plans[number] = Plan()
                switch row.keys[number].begin {
                case .index(let index): start(number, index, row.keys[number].find)
                case .keyword(_, let from): plans[number].searchesFrom = Swift.max(1, from)
                }
            }
        }
    }

    private func start(_ number: Int, _ index: Int, _ find: RedisGrammar.Keys.Find) {
        switch find {
        case .range(let last, let step, let limit):
            plans[number].first = index
            plans[number].step = step
            if last >= 0 {
                plans[number].end = index &+ last &+ 1
            } else if limit > 1 {
                plans[number].end = index &+ Swift.max(0, arguments &- index) / limit
            } else {
                plans[number].end = arguments &+ last &+ 1
            }
        case .number(let place, let first, let step):
            plans[number].counter = index &+ place
            plans[number].first = index &+ first
            plans[number].step = step
        }
    }

    private func count(_ number: Int, _ keys: Int) {
        plans[number].counter = 0
        plans[number].end = plans[number].first &+ Swift.min(keys, arguments) &* plans[number].step
    }

    private func look(_ number: Int, _ place: Int, _ bytes: RawSpan) {
        guard let row else { return }
        commands.withRow(row) { row in
            guard case .keyword(let word, _) = row.keys[number].begin, Self.isWord(bytes, word) else { return }
            plans[number].searchesFrom = 0
            waitsByWord = false
            start(number, place &+ 1, row.keys[number].find)
        }
    }

    private static func isWord(_ bytes: RawSpan, _ word: [UInt8]) -> Bool {
        guard bytes.byteCount == word.count else { return false }
        for place in 0..<word.count where bytes.byte(place) & 0xDF != word[place] { return false }
        return true
    }

    // MARK: Texts

    private func addTarget(_ key: RawSpan) { keepTarget(keys.add(key, to: &text)) }

    /// Mentions a target that is new.
    private func keepTarget(_ start: Int?) {
        guard let start else { return }
        targets = ByteRange(targets.isEmpty ? start : Int(targets.start), text.count)
        guard statement.count < Self.longestStatement else { return }
        statement.append(ASCII.space)
        text.withBytes { statement.append($0.extracting(start..<$0.byteCount)) }
        hasHidden = false
    }

    private func addHidden() {
        guard !hasHidden, statement.count < Self.longestStatement else { return }
        statement.append(" ?" as StaticString)
        hasHidden = true
    }
}

extension RedisGrammar {
    /// Lends a row.
    @inline(__always)
    func withRow(_ number: Int, _ body: (Row) -> Void) { body(rows[number]) }
}
