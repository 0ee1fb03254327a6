/// Redis: "Redis serialization protocol specification" (RESP2 and RESP3; inline commands).
///
/// Strict enough: a command is an array of bulk strings, so it begins with two decimal counts, each behind its own
/// sign and before CRLF, and a name of exactly the length announced. Inline commands are plain words, like those of
/// other line protocols: each is believed only of a known command that got the kind of reply that this command gives.
enum RedisDetector: Detector {
    static var strictness: Strictness { .words }

    static func examine(client: RawSpan, server: RawSpan, _ context: DetectionContext) -> Finding {
        command(client).and(context.isStreamStart ? .yes : isAsked(client, server))
            .finding("Redis command (RESP array of bulk strings)")
            .otherwise(RedisInline.exchange(client, server).finding("Redis inline command and reply"))
            .atTheEnd(
                context,
                client.byteCount == 0
                    ? replyAlone(server).and(isKnownCommand(server) == .yes ? .no : .yes).finding("Redis reply (RESP)")
                    : .no)
    }

    /// Commands or pushes, one behind the other: what is piped in, or said to a subscriber.
    static func search(_ bytes: RawSpan, from side: Side) -> Evidence? {
        var start = 0
        while let feed = bytes.firstIndex(of: ASCII.lineFeed, from: start) {
            start = feed &+ 1
            guard feed > 0, bytes.u8(at: feed &- 1) == ASCII.carriageReturn,
                let next = array(bytes, at: start, side), array(bytes, at: next, side) != nil
            else { continue }
            return Evidence(side == .client ? "Redis command (RESP array of bulk strings)" : "Redis reply (RESP)")
        }
        return nil
    }

    /// - Returns: where an array of bulk strings ends that begins at `offset` and is whole.
    private static func array(_ bytes: RawSpan, at offset: Int, _ side: Side) -> Int? {
        let isPush = side == .server && bytes.u8(at: offset) == UInt8(ascii: ">")
        guard case .value(let parts, let first) = count(bytes, UInt8(ascii: isPush ? ">" : "*"), at: offset, 1...1024)
        else { return nil }
        if side == .client {
            let rest = bytes.extracting(offset..<bytes.byteCount)
            guard command(rest) == .yes, isKnownCommand(rest) == .yes else { return nil }
        }
        var next = first
        for _ in 0..<parts {
            guard case .value(let size, let text) = count(bytes, UInt8(ascii: "$"), at: next, 1...536_870_912),
                bytes.fitLineEnd(at: text &+ size) == .yes
            else { return nil }
            next = text &+ size &+ 2
        }
        return next
    }

    static func likeness(_ bytes: RawSpan, from side: Side, isStreamStart: Bool) -> Likeness {
        if side == .client { return command(bytes) != .no || RedisInline.admits(bytes) ? .open : .no }
        return RedisReply.likeness(bytes)
    }

    // MARK: RESP

    /// `*3 CRLF $3 CRLF SET CRLF`: the count of parts, and the first, which is the command's name.
    static func command(_ bytes: RawSpan) -> Fit {
        let parts = count(bytes, UInt8(ascii: "*"), at: 0, 1...1_048_576)
        guard case .value(_, let name) = parts else { return parts.fit }
        let length = count(bytes, UInt8(ascii: "$"), at: name, 1...64)
        guard case .value(let letters, let text) = length else { return length.fit }
        return bytes.fit(byteAt: text, ASCII.isLetter)
            .and(bytes.fit(allOf: letters, at: text, isNameOfCommand))
            .and(bytes.fitLineEnd(at: text &+ letters))
            .and(Fit(!messages.contains { bytes.isWord($0, at: text..<text &+ letters) }))
    }

    /// Where nobody saw who called whom, an array of bulk strings is a reply as well as a command: the commands that are known say
    /// which, or a reply to one that is not.
    private static func isAsked(_ client: RawSpan, _ server: RawSpan) -> Fit {
        let isKnown = isKnownCommand(client)
        guard isKnown == .no else { return isKnown }
        guard let sign = server.u8(at: 0) else { return .open }
        guard RedisReply.isSign(sign) else { return .no }
        let other = command(server)
        return other == .yes ? Fit(isKnownCommand(server) == .no) : other == .no ? .yes : .open
    }

    private static func isKnownCommand(_ bytes: RawSpan) -> Fit {
        guard case .value(_, let name) = count(bytes, UInt8(ascii: "*"), at: 0, 1...1_048_576),
            case .value(let letters, let text) = count(bytes, UInt8(ascii: "$"), at: name, 1...64),
            text &+ letters <= bytes.byteCount
        else { return .open }
        return Fit(RedisGrammar.known.find(bytes.extracting(text..<text &+ letters)) != nil)
    }

    /// What a server says to a subscriber in the same form.
    private static let messages: [StaticString] = ["message", "pmessage", "smessage"]

    /// Modules have names like JSON.GET and FT._LIST.
    private static func isNameOfCommand(_ byte: UInt8) -> Bool {
        if ASCII.isLetter(byte) || ASCII.isDigit(byte) { return true }
        return switch byte {
        case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "|"): true
        default: false
        }
    }

    /// A bulk string whose end is where its length says, alone or as an array's or push's first element.
    private static func replyAlone(_ bytes: RawSpan) -> Fit {
        if bytes.u8(at: 0) == UInt8(ascii: "$") { return bulkString(bytes, at: 0) }
        let sign: UInt8 = bytes.u8(at: 0) == UInt8(ascii: ">") ? UInt8(ascii: ">") : UInt8(ascii: "*")
        let parts = count(bytes, sign, at: 0, 1...1_048_576)
        guard case .value(_, let first) = parts else { return parts.fit }
        return bulkString(bytes, at: first)
    }

    static func bulkString(_ bytes: RawSpan, at offset: Int) -> Fit {
        let length = count(bytes, UInt8(ascii: "$"), at: offset, 1...536_870_912)
        guard case .value(let size, let text) = length else { return length.fit }
        return bytes.fitLineEnd(at: text &+ size)
    }

    enum Count {
        case no
        case open
        /// The number, and the offset behind its line.
        case value(Int, Int)

        var fit: Fit {
            switch self {
            case .no: .no
            case .open: .open
            case .value: .yes
            }
        }
    }

    /// A sign, a decimal number without leading zero, CRLF.
    static func count(_ bytes: RawSpan, _ sign: UInt8, at offset: Int, _ range: ClosedRange<Int>) -> Count {
        guard let first = bytes.u8(at: offset) else { return .open }
        guard first == sign else { return .no }
        var end = offset &+ 1
        while let byte = bytes.u8(at: end), end &- offset <= 10, ASCII.isDigit(byte) { end &+= 1 }
        guard bytes.u8(at: offset &+ 1) != UInt8(ascii: "0") else { return .no }
        guard end < bytes.byteCount else { return .open }
        guard let value = bytes.decimal(offset &+ 1..<end), range ~= value else { return .no }
        switch bytes.fitLineEnd(at: end) {
        case .no: return .no
        case .open: return .open
        case .yes: return .value(value, end &+ 2)
        }
    }
}
