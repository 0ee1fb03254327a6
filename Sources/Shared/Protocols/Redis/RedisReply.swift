/// Replies where no command was captured: "Redis serialization protocol specification".
enum RedisReply {
    /// Replies one behind the other; what other servers answer as well (`+OK`, `-ERR`) is too little where it is alone.
    static func likeness(_ bytes: RawSpan) -> Likeness {
        var offset = 0
        var count = 0
        var isOwn = false
        while offset < bytes.byteCount, count < 64 {
            let start = offset
            switch skip(bytes, &offset) {
            case .no: return .no
            case .open: return isOwn || count > 1 ? .whole : .open
            case .yes: break
            }
            count &+= 1
            isOwn = isOwn || !shared.contains { bytes.has($0, at: start) }
        }
        return isOwn || count > 1 ? .whole : .open
    }

    private static let shared: [StaticString] = ["+OK\r\n", "-ERR "]

    /// Words that a simple string may be; any other could be another protocol's.
    private static let words: [StaticString] = [
        "+OK\r\n", "+PONG\r\n", "+QUEUED\r\n", "+FULLRESYNC ", "+CONTINUE", "+string\r\n", "+list\r\n", "+set\r\n",
        "+zset\r\n", "+hash\r\n", "+none\r\n", "+stream\r\n", "+Background ",
    ]

    /// What a value begins with.
    static func isSign(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "$"), UInt8(ascii: "*"),
            UInt8(ascii: "~"), UInt8(ascii: ">"), UInt8(ascii: "%"), UInt8(ascii: "|"), UInt8(ascii: "_"),
            UInt8(ascii: "#"), UInt8(ascii: ","), UInt8(ascii: "("), UInt8(ascii: "!"), UInt8(ascii: "="):
            true
        default: false
        }
    }

    /// Steps over one value with all that is in it.
    private static func skip(_ bytes: RawSpan, _ offset: inout Int) -> Fit {
        var left = 1
        for _ in 0..<4096 where left > 0 {
            left &-= 1
            guard let sign = bytes.u8(at: offset) else { return .open }
            let line: TextLine
            switch bytes.line(from: offset, limit: 512) {
            case .no, .tooLong: return .no
            case .open: return begins(bytes, at: offset, sign)
            case .line(let found):
                guard !found.text.isEmpty else { return .no }
                line = found
            }
            let number = bytes.decimal(offset &+ 1..<line.text.upperBound)
            let isNull = bytes.isWord("-1", at: offset &+ 1..<line.text.upperBound)
            switch sign {
            case UInt8(ascii: "+"): guard words.contains(where: { bytes.has($0, at: offset) }) else { return .no }
            case UInt8(ascii: "-"): guard bytes.fit(byteAt: offset &+ 1, ASCII.isUpper) == .yes else { return .no }
            case UInt8(ascii: ":"):
                guard number != nil || bytes.u8(at: offset &+ 1) == UInt8(ascii: "-") else { return .no }
            case UInt8(ascii: "$"), UInt8(ascii: "="):
                guard let size = isNull ? 0 : number else { return .no }
                if isNull { break }
                switch bytes.fitLineEnd(at: line.next &+ size) {
                case .no: return .no
                case .open: return .open
                case .yes: break
                }
                offset = line.next &+ size &+ 2
                continue
            case UInt8(ascii: "*"), UInt8(ascii: "~"), UInt8(ascii: ">"):
                guard let count = isNull ? 0 : number, count <= 4096 else { return .no }
                left &+= count
            case UInt8(ascii: "%"):
                guard let count = number, count <= 2048 else { return .no }
                left &+= 2 &* count
            case UInt8(ascii: "_"), UInt8(ascii: "#"), UInt8(ascii: ","):
                guard line.text.count <= 32 else { return .no }
            default: return .no
            }
            offset = line.next
        }
        return left == 0 ? .yes : .open
    }

    /// A value whose line has no end yet.
    private static func begins(_ bytes: RawSpan, at offset: Int, _ sign: UInt8) -> Fit {
        switch sign {
        case UInt8(ascii: "+"): return Fit(words.contains { bytes.mayBecome($0, at: offset) }).and(.open)
        case UInt8(ascii: "-"): return bytes.fit(byteAt: offset &+ 1, ASCII.isUpper).and(.open)
        case UInt8(ascii: ":"), UInt8(ascii: "$"), UInt8(ascii: "*"), UInt8(ascii: "%"), UInt8(ascii: ">"):
            return bytes.fit(byteAt: offset &+ 1) { ASCII.isDigit($0) || $0 == UInt8(ascii: "-") }.and(.open)
        default: return .no
        }
    }
}
