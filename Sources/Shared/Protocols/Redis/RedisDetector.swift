/// Redis: "Redis serialization protocol specification" (RESP2 and RESP3; inline commands).
///
/// Strict enough: a command is an array of bulk strings, so it begins with two decimal counts, each behind its own
/// sign and before CRLF, and a name of exactly the length announced. Inline commands are plain words, like those of
/// other line protocols: each is believed only of a known command that got the kind of reply that this command gives.
enum RedisDetector: Detector {
    static var strictness: Strictness { .words }

    static func examine(client: RawSpan, server: RawSpan, _ context: DetectionContext) -> Finding {
        command(client).finding("Redis command (RESP array of bulk strings)")
            .otherwise(inline(client, server).finding("Redis inline command and reply"))
            .atTheEnd(context, client.byteCount == 0 ? replyAlone(server).finding("Redis reply (RESP)") : .no)
    }

    // MARK: RESP

    /// `*3 CRLF $3 CRLF SET CRLF`: the count of parts, and the first, which is the command's name.
    private static func command(_ bytes: RawSpan) -> Fit {
        let parts = count(bytes, UInt8(ascii: "*"), at: 0, 1...1_048_576)
        guard case .value(_, let name) = parts else { return parts.fit }
        let length = count(bytes, UInt8(ascii: "$"), at: name, 1...64)
        guard case .value(let letters, let text) = length else { return length.fit }
        return bytes.fit(byteAt: text, ASCII.isLetter)
            .and(bytes.fit(allOf: letters, at: text, isNameOfCommand))
            .and(bytes.fitLineEnd(at: text &+ letters))
    }

    /// Modules have names like JSON.GET and FT._LIST.
    private static func isNameOfCommand(_ byte: UInt8) -> Bool {
        ASCII.isLetter(byte) || ASCII.isDigit(byte) || ".-_|".utf8.contains(byte)
    }

    /// A bulk string whose end is where its length says, alone or as an array's or push's first element.
    private static func replyAlone(_ bytes: RawSpan) -> Fit {
        if bytes.u8(at: 0) == UInt8(ascii: "$") { return bulkString(bytes, at: 0) }
        let sign: UInt8 = bytes.u8(at: 0) == UInt8(ascii: ">") ? UInt8(ascii: ">") : UInt8(ascii: "*")
        let parts = count(bytes, sign, at: 0, 1...1_048_576)
        guard case .value(_, let first) = parts else { return parts.fit }
        return bulkString(bytes, at: first)
    }

    private static func bulkString(_ bytes: RawSpan, at offset: Int) -> Fit {
        let length = count(bytes, UInt8(ascii: "$"), at: offset, 1...536_870_912)
        guard case .value(let size, let text) = length else { return length.fit }
        return bytes.fitLineEnd(at: text &+ size)
    }

    private enum Count {
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
    private static func count(_ bytes: RawSpan, _ sign: UInt8, at offset: Int, _ range: ClosedRange<Int>) -> Count {
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

    // MARK: Inline commands

    /// What a command's reply begins with, where it did not fail.
    private enum Reply {
        case pong
        case ok
        case integer
        case bulk
        case array
    }

    private static func inline(_ client: RawSpan, _ server: RawSpan) -> Fit {
        guard client.begins(withOneOf: names, at: 0, ignoringCase: true) else { return .no }
        switch client.line(from: 0, limit: 1024) {
        case .no, .tooLong: return .no
        case .open: return .open
        case .line(let line):
            var rest = line.text
            guard let name = client.word(of: &rest), let kind = reply(to: name, client) else { return .no }
            return fits(kind, server)
        }
    }

    private static let names: [StaticString] = [
        "PING", "SET", "SELECT", "FLUSHALL", "GET", "ECHO", "INFO", "KEYS", "SCAN", "MGET", "LRANGE", "SMEMBERS",
        "HGETALL", "COMMAND", "DEL", "EXISTS", "INCR", "DECR", "DBSIZE", "EXPIRE", "TTL", "LPUSH", "RPUSH", "SADD",
    ]

    private static func reply(to name: Range<Int>, _ bytes: RawSpan) -> Reply? {
        guard let index = names.firstIndex(where: { bytes.isWordIgnoringCase($0, at: name) }) else { return nil }
        switch index {
        case 0: return .pong
        case 1...3: return .ok
        case 4...6: return .bulk
        case 7...13: return .array
        default: return .integer
        }
    }

    private static func number(_ bytes: RawSpan, _ sign: UInt8) -> Fit {
        count(bytes, sign, at: 0, 1...Int.max).fit
            .or(bytes.fit(byteAt: 0) { $0 == sign }.and(bytes.fit("0\r\n", at: 1)))
    }

    private static func fits(_ kind: Reply, _ server: RawSpan) -> Fit {
        let expected =
            switch kind {
            case .pong: server.fit("+PONG\r\n", at: 0)
            case .ok: server.fit("+OK\r\n", at: 0)
            case .integer: number(server, UInt8(ascii: ":")).or(server.fit(":-", at: 0))
            case .bulk: bulkString(server, at: 0).or(server.fit("$-1\r\n", at: 0))
            case .array: number(server, UInt8(ascii: "*"))
            }
        return expected.or(server.fit("-NOAUTH ", at: 0)).or(server.fit("-WRONGTYPE ", at: 0))
    }
}
