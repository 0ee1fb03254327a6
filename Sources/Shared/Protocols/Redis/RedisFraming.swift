/// Where values lie in a stream: "Redis serialization protocol specification".
enum RedisFraming {
    /// proto-max-bulk-len is 512 MB, and may be set higher.
    static let longestValue = 1 << 32
    /// PROTO_INLINE_MAX_SIZE.
    static let longestInline = 64 << 10

    /// A sign and a decimal number, which may be 0, before CRLF.
    static func size(_ bytes: RawSpan, _ sign: UInt8, at offset: Int) -> RedisDetector.Count {
        guard bytes.u8(at: offset) == sign else { return .no }
        var end = offset &+ 1
        var number = 0
        while let byte = bytes.u8(at: end), ASCII.isDigit(byte), end &- offset <= 10 {
            number = number &* 10 &+ Int(byte &- UInt8(ascii: "0"))
            end &+= 1
        }
        guard end < bytes.byteCount else { return .open }
        guard end > offset &+ 1 else { return .no }
        switch bytes.fitLineEnd(at: end) {
        case .no: return .no
        case .open: return .open
        case .yes: return .value(number, end &+ 2)
        }
    }

    /// The next word of a line, without its quotes.
    static func word(_ bytes: RawSpan, _ rest: inout Range<Int>) -> Range<Int>? {
        var at = rest.lowerBound
        while at < rest.upperBound, bytes.byte(at) <= ASCII.space { at &+= 1 }
        guard at < rest.upperBound else { return nil }
        let quote = bytes.byte(at)
        if quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
            var end = at &+ 1
            while end < rest.upperBound, bytes.byte(end) != quote {
                end &+= bytes.byte(end) == UInt8(ascii: "\\") ? 2 : 1
            }
            end = Swift.min(end, rest.upperBound)
            rest = Swift.min(end &+ 1, rest.upperBound)..<rest.upperBound
            return at &+ 1..<end
        }
        var end = at
        while end < rest.upperBound, bytes.byte(end) > ASCII.space { end &+= 1 }
        rest = end..<rest.upperBound
        return at..<end
    }

    // MARK: Searching

    /// The first command behind `from` that proves itself by its parts.
    static func command(_ bytes: RawSpan, from: Int) -> Found {
        var at = from
        while at < bytes.byteCount {
            switch begins(bytes, at) {
            case .yes: return .at(at)
            case .open: return .none(Search(start: at, next: at))
            case .no: at = bytes.firstIndex(of: UInt8(ascii: "*"), from: at &+ 1) ?? bytes.byteCount
            }
        }
        return .none(Search(start: bytes.byteCount, next: bytes.byteCount))
    }

    private static func begins(_ bytes: RawSpan, _ start: Int) -> Fit {
        guard bytes.u8(at: start) == UInt8(ascii: "*") else { return .no }
        let name = RedisDetector.command(bytes.extracting(start...))
        guard name == .yes, case .value(let count, let first) = size(bytes, UInt8(ascii: "*"), at: start) else {
            return name
        }
        var at = first
        for _ in 0..<count {
            switch size(bytes, UInt8(ascii: "$"), at: at) {
            case .no: return at >= bytes.byteCount ? .open : .no
            case .open: return .open
            case .value(let size, let text):
                // What is as long is not waited for.
                guard size <= longestProof else { return .no }
                switch bytes.fitLineEnd(at: text &+ size) {
                case .no: return .no
                case .open: return .open
                case .yes: at = text &+ size &+ 2
                }
            }
        }
        // What follows it may not be there yet, and so says nothing: the same is found, however the bytes came.
        return .yes
    }

    private static let longestProof = 16 << 10

    /// A message to a subscriber: what a server says that nobody asked for.
    static func push(_ bytes: RawSpan, from: Int) -> Found {
        var at = from
        while at < bytes.byteCount {
            let sign = bytes.byte(at)
            if sign == UInt8(ascii: "*") || sign == UInt8(ascii: ">") {
                switch isPush(bytes, at, sign) {
                case .yes: return .at(at)
                case .open: return .none(Search(start: at, next: at))
                case .no: break
                }
            }
            at &+= 1
        }
        return .none(Search(start: bytes.byteCount, next: bytes.byteCount))
    }

    private static func isPush(_ bytes: RawSpan, _ at: Int, _ sign: UInt8) -> Fit {
        bytes.fit(byteAt: at &+ 1) { $0 == UInt8(ascii: "2") || $0 == UInt8(ascii: "3") || $0 == UInt8(ascii: "4") }
            .and(bytes.fitLineEnd(at: at &+ 2))
            .and(
                bytes.fit("$7\r\nmessage\r\n$", at: at &+ 4).or(bytes.fit("$8\r\npmessage\r\n$", at: at &+ 4))
                    .or(bytes.fit("$8\r\nsmessage\r\n$", at: at &+ 4))
                    .or(bytes.fit("$10\r\ninvalidate\r\n", at: at &+ 4)))
    }
}
