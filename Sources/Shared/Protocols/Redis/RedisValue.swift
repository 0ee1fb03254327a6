/// A reply or push that is coming: how deep its bytes lie, and what of it is kept.
struct RedisValue: ~Copyable {
    private var stack: [Frame] = []
    /// The bytes of a string were passed over, and its line's end comes.
    var isAtTerminator = false
    /// A line without end is passed over.
    var isInLine = false

    struct Frame {
        var left: Int
        var kind: Kind

        enum Kind {
            case plain
            /// It says something about the value behind it, or stands between values.
            case aside
        }
    }

    // MARK: Of the reply

    var sign: UInt8 = 0
    var isNil = false
    /// Items of the reply, and those that are nil.
    var items: UInt64 = 0
    var nils: UInt64 = 0
    var bytes: UInt64 = 0
    var first = Timestamp(nanoseconds: 0)
    /// The last byte that was read.
    var last = Timestamp(nanoseconds: 0)
    /// `+QUEUED`, `+FULLRESYNC` and the like.
    var word = Word.other
    private var code = InlineArray<32, UInt8>(repeating: 0)
    private var codeCount = 0

    // MARK: Of EXEC's own

    var isTransaction = false
    var transactionBytes: UInt64 = 0
    var transactionFirst = Timestamp(nanoseconds: 0)

    // MARK: Of a push

    /// It may be one: its first items are looked at.
    var mayBePush = false
    var isPush = false
    var push = Push.other
    /// The word that it begins with, and the channel.
    var text = UniqueBytes()
    var name = ByteRange.empty
    var channel = ByteRange.empty
    /// Subscriptions that are left.
    var total: Int?
    /// What the message looks like that is pushed, where that is wanted.
    var content = ShapeID.nonJSON
    private var isPattern = false

    /// The message of a push comes next: behind its kind and the channel, or kind, pattern and channel.
    var isContentNext: Bool { mayBePush && depth == 1 && push == .message && items == (isPattern ? 3 : 2) }

    enum Word: UInt8 { case other, queued, resync }

    enum Push: UInt8 {
        case other, message, subscribe, unsubscribe, psubscribe, punsubscribe, ssubscribe, sunsubscribe
    }

    init() {}

    var depth: Int { stack.count }
    var isAtStart: Bool { stack.isEmpty && !isAtTerminator && !isInLine }
    /// A reply has begun, and is no push.
    var isReply: Bool { !isAtStart && !mayBePush }
    var codeBytes: (InlineArray<32, UInt8>, Int) { (code, codeCount) }

    mutating func removeAll() {
        stack.removeAll(keepingCapacity: stack.capacity <= 64)
        isAtTerminator = false
        isInLine = false
        isTransaction = false
        mayBePush = false
        isPush = false
    }

    /// - Returns: `false` where it is nested deeper than any server does.
    mutating func open(_ count: Int, _ kind: Frame.Kind) -> Bool {
        guard stack.count < Self.deepest else { return false }
        stack.append(Frame(left: count, kind: kind))
        return true
    }

    /// Lua's cjson nests 1,000 at the most, the server's own replies a handful.
    private static let deepest = 1024

    /// How many values of the outermost are still to come, this one included.
    var outermostLeft: Int { stack.first?.left ?? 0 }

    /// A value has ended.
    /// - Returns: what that ends.
    mutating func close() -> Closed {
        guard let last = stack.indices.last else { return .reply }
        stack[last].left &-= 1
        if stack[last].left > 0 { return stack.count == 1 ? .element : .inner }
        let isOutermost = stack.count == 1
        return isOutermost ? .lastElement : .aggregate
    }

    /// Takes the innermost off, which is complete.
    mutating func pop() -> Frame.Kind { stack.removeLast().kind }

    enum Closed {
        /// The reply itself.
        case reply
        /// An item of the outermost, and more are to come; the last one.
        case element, lastElement
        case inner
        /// The last item of an inner one.
        case aggregate
    }

    /// Begins a reply, or the part of EXEC's reply that answers a command.
    mutating func begin(_ sign: UInt8, isNil: Bool, _ first: Timestamp) {
        self.sign = sign
        self.isNil = isNil
        self.first = first
        items = 0
        nils = 0
        bytes = 0
        word = .other
        codeCount = 0
    }

    mutating func beginPush(isPush: Bool) {
        mayBePush = true
        self.isPush = isPush
        push = .other
        text.removeAll(keepingAtMost: 4 << 10)
        name = .empty
        channel = .empty
        total = nil
        content = .nonJSON
        isPattern = false
    }

    /// The first word of an error, which is its code: letters in capitals.
    mutating func keepCode(_ bytes: RawSpan, from start: Int) {
        codeCount = 0
        var at = start
        while let byte = bytes.u8(at: at), ASCII.isUpper(byte) || byte == UInt8(ascii: "_") || ASCII.isDigit(byte) {
            guard codeCount < 32 else { break }
            code[codeCount] = byte
            codeCount &+= 1
            at &+= 1
        }
        if let byte = bytes.u8(at: at), ASCII.isVisible(byte) { codeCount = 0 }
    }

    /// One of the first items of what may be a push.
    mutating func capture(_ item: UInt64, _ bytes: RawSpan, isWhole: Bool) {
        switch item {
        case 1:
            let all = 0..<bytes.byteCount
            push = Self.kind(bytes)
            isPattern = bytes.isWord("pmessage", at: all)
            guard push != .other || Self.isName(bytes) else { return }
            text.append(bytes)
            name = ByteRange(0, all.count)
        case 2 where push == .message:
            let start = text.count
            KeyPattern.append(bytes, isWhole: isWhole, to: &text)
            channel = ByteRange(start, text.count)
        default: break
        }
    }

    private static func isName(_ bytes: RawSpan) -> Bool {
        guard bytes.byteCount > 0 else { return false }
        for place in 0..<bytes.byteCount {
            let byte = bytes.byte(place)
            guard ASCII.isLetter(byte) || byte == UInt8(ascii: "-") else { return false }
        }
        return true
    }

    private static func kind(_ bytes: RawSpan) -> Push {
        let all = 0..<bytes.byteCount
        if bytes.isWord("message", at: all) || bytes.isWord("pmessage", at: all) || bytes.isWord("smessage", at: all) {
            return .message
        }
        let known: [(StaticString, Push)] = [
            ("subscribe", .subscribe), ("unsubscribe", .unsubscribe), ("psubscribe", .psubscribe),
            ("punsubscribe", .punsubscribe), ("ssubscribe", .ssubscribe), ("sunsubscribe", .sunsubscribe),
        ]
        return known.first { bytes.isWord($0.0, at: all) }?.1 ?? .other
    }
}

/// To how many channels and patterns a connection listens: UNSUBSCRIBE without names answers once for each.
struct RedisSubscriptions {
    var isKnown = true
    private var channels = 0
    private var patterns = 0
    private var shards = 0

    init(isKnown: Bool = true) { self.isKnown = isKnown }

    /// - Parameter total: what the confirmation says that are left; channels and patterns count together.
    mutating func confirm(_ push: RedisValue.Push, total: Int) {
        switch push {
        case .subscribe: channels = Swift.max(channels, total &- patterns)
        case .psubscribe: patterns = Swift.max(patterns, total &- channels)
        case .unsubscribe: channels = Swift.max(0, total &- patterns)
        case .punsubscribe: patterns = Swift.max(0, total &- channels)
        case .ssubscribe, .sunsubscribe: shards = total
        case .other, .message: break
        }
    }

    /// The last confirmation of a command that named none.
    func isLast(_ push: RedisValue.Push) -> Bool {
        guard isKnown else { return true }
        return switch push {
        case .unsubscribe: channels == 0
        case .punsubscribe: patterns == 0
        default: shards == 0
        }
    }
}
