/// A line of NATS' client protocol (NATS documentation, "Client Protocol"), as far as it says what is asked.
struct NATSLine {
    var verb: Verb
    var subject = Range(uncheckedBounds: (0, 0))
    /// Where an answer is to go.
    var reply: Range<Int>?
    /// The number of a subscription, and the group that shares it.
    var subscription = Range(uncheckedBounds: (0, 0))
    var group: Range<Int>?
    /// Bytes that follow, the headers among them.
    var size: Int?
    var headers = 0

    enum Verb {
        case connect, publish, subscribe, unsubscribe, message, info, ping, pong, ok, error
        /// What servers say to each other.
        case route
    }

    /// - Returns: `nil` where it is no line of the protocol.
    init?(_ line: Range<Int>, _ bytes: RawSpan, _ side: Side) {
        var rest = line
        guard let name = bytes.word(of: &rest, Self.isBlank), let verb = Self.verb(name, bytes) else { return nil }
        self.verb = verb
        let hasHeaders = verb == .publish && name.count == 4 || verb == .message && name.count == 4
        var words = InlineArray<6, Range<Int>>(repeating: 0..<0)
        var count = 0
        guard verb == .publish || verb == .message || verb == .subscribe || verb == .unsubscribe else { return }
        while let word = bytes.word(of: &rest, Self.isBlank) {
            guard count < 6 else { return nil }
            words[count] = word
            count &+= 1
        }
        switch verb {
        case .publish:
            let least = hasHeaders ? 3 : 2
            guard side == .client, count == least || count == least + 1 else { return nil }
            subject = words[0]
            if count > least { reply = words[1] }
        case .message:
            let least = hasHeaders ? 4 : 3
            guard side == .server, count == least || count == least + 1 else { return nil }
            subject = words[0]
            subscription = words[1]
            if count > least { reply = words[2] }
        case .subscribe:
            guard side == .client, count == 2 || count == 3 else { return nil }
            subject = words[0]
            if count == 3 { group = words[1] }
            subscription = words[count &- 1]
            return
        default:
            guard side == .client, count == 1 || count == 2 else { return nil }
            subscription = words[0]
            return
        }
        guard let size = bytes.decimal(words[count &- 1]), size <= Self.longestPayload else { return nil }
        self.size = size
        guard hasHeaders else { return }
        guard let headers = bytes.decimal(words[count &- 2]), headers <= size else { return nil }
        self.headers = headers
    }

    /// max_payload may be raised to 64 MiB.
    private static let longestPayload = 64 << 20

    static func isBlank(_ byte: UInt8) -> Bool { byte == ASCII.space || byte == ASCII.tab }

    private static func verb(_ name: Range<Int>, _ bytes: RawSpan) -> Verb? {
        let known: [(StaticString, Verb)] = [
            ("PUB", .publish), ("MSG", .message), ("HPUB", .publish), ("HMSG", .message), ("PING", .ping),
            ("PONG", .pong),
            ("+OK", .ok), ("SUB", .subscribe), ("UNSUB", .unsubscribe), ("CONNECT", .connect), ("INFO", .info),
            ("-ERR", .error), ("RMSG", .route), ("RS+", .route), ("RS-", .route), ("LS+", .route), ("LS-", .route),
            ("LMSG", .route), ("A+", .route), ("A-", .route),
        ]
        for (word, verb) in known where bytes.isWordIgnoringCase(word, at: name) { return verb }
        return nil
    }

    /// The first line behind `from` that proves itself: a message whose payload ends where it says, or a subscription.
    static func search(_ bytes: RawSpan, _ side: Side, from: Int) -> Found {
        var at = from
        while at < bytes.byteCount {
            // A line begins at the first byte behind what is missing, or behind a line's end.
            switch at == 0 || bytes.byte(at &- 1) == ASCII.lineFeed ? begins(bytes, at, side) : .no {
            case .yes: return .at(at)
            case .open: return .none(Search(start: Swift.max(0, at &- 1), next: at))
            case .no: at = bytes.firstIndex(of: ASCII.lineFeed, from: at).map { $0 &+ 1 } ?? bytes.byteCount
            }
        }
        return .none(Search(start: bytes.byteCount &- 1, next: bytes.byteCount))
    }

    private static func begins(_ bytes: RawSpan, _ at: Int, _ side: Side) -> Fit {
        let first = bytes.byte(at) & 0xDF
        let mayBegin =
            side == .client
            ? first == UInt8(ascii: "P") || first == UInt8(ascii: "H") || first == UInt8(ascii: "S")
            : first == UInt8(ascii: "M") || first == UInt8(ascii: "H")
        guard mayBegin else { return .no }
        switch bytes.line(from: at, limit: longestLine) {
        case .no, .tooLong: return .no
        case .open: return .open
        case .line(let text):
            guard let line = NATSLine(text.text, bytes, side) else { return .no }
            if line.verb == .subscribe { return Fit(bytes.decimal(line.subscription) != nil) }
            guard let size = line.size else { return .no }
            // What is as long is not waited for.
            return size > longestProof ? .no : bytes.fitLineEnd(at: text.next &+ size)
        }
    }

    /// max_control_line is 4 KiB; it may be raised.
    static let longestLine = 8 << 10
    private static let longestProof = 16 << 10
}
