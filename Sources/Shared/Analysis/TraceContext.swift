/// Which trace something belongs to, and which span has sent it, as its `traceparent` says (W3C: Trace Context, section 3.2).
///
/// Whatever the value was, what is kept of it are numbers.
struct TraceContext: Equatable, Sendable {
    private var high: UInt64
    private var low: UInt64
    private var sender: UInt64
    let flags: UInt8

    /// In capitals, as names are compared.
    static let name: StaticString = "TRACEPARENT"

    /// 32 hexadecimal digits in lower case.
    var trace: String { Self.hexadecimal(high) + Self.hexadecimal(low) }
    /// 16 of them.
    var parent: String { Self.hexadecimal(sender) }

    static func hexadecimal(_ word: UInt64) -> String {
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    func isOfTrace(_ other: TraceContext) -> Bool { high == other.high && low == other.low }

    /// The bytes of a value of the first version; others may be longer.
    private static let length = 55
    /// A value that is longer is looked at by nobody.
    static let longest = 256

    /// - Returns: `nil` where the value is to be taken for none.
    init?(_ value: RawSpan) {
        guard let version = Self.number(value, 0..<2), version != 0xFF else { return nil }
        // A version may have more behind it, but the first has not.
        guard value.byteCount == Self.length || version > 0 && value.u8(at: Self.length) == UInt8(ascii: "-") else {
            return nil
        }
        for place in [2, 35, 52] { guard value.u8(at: place) == UInt8(ascii: "-") else { return nil } }
        guard let high = Self.number(value, 3..<19), let low = Self.number(value, 19..<35),
            let sender = Self.number(value, 36..<52), let flags = Self.number(value, 53..<55), high | low != 0,
            sender != 0
        else { return nil }
        (self.high, self.low, self.sender, self.flags) = (high, low, sender, UInt8(truncatingIfNeeded: flags))
    }

    /// Hexadecimal digits, 16 at the most, in lower case.
    private static func number(_ value: RawSpan, _ range: Range<Int>) -> UInt64? {
        var number: UInt64 = 0
        for place in range {
            guard let byte = value.u8(at: place) else { return nil }
            switch byte {
            case 0x30...0x39: number = number &<< 4 | UInt64(byte &- 0x30)
            case 0x61...0x66: number = number &<< 4 | UInt64(byte &- 0x61 &+ 10)
            default: return nil
            }
        }
        return number
    }
}

// MARK: - Where it stands

extension TraceContext {
    /// - Returns: `nil` where the request has none, or one that is to be taken for none.
    init?(_ message: borrowing Message) {
        let wire = message.wire.bytes
        for field in message.head.fields {
            let name = wire.extracting(field.name)
            guard name.byteCount == 11, name.isWordIgnoringCase(Self.name, at: 0..<11) else { continue }
            self.init(wire.extracting(field.value))
            return
        }
        return nil
    }

    /// Of headers in the form of HTTP's.
    /// - Parameter lines: `name: value`, each with its end.
    init?(lines: RawSpan) {
        let nameLength = Self.name.utf8CodeUnitCount
        var at = 0
        while at < lines.byteCount {
            let end = lines.firstIndex(of: ASCII.lineFeed, from: at) ?? lines.byteCount
            let behind = at &+ nameLength
            if behind < end, lines.byte(behind) == UInt8(ascii: ":"),
                lines.isWordIgnoringCase(Self.name, at: at..<behind)
            {
                var value = behind &+ 1..<end
                while let first = value.first, lines.byte(first) <= ASCII.space { value.removeFirst() }
                while let last = value.last, lines.byte(last) <= ASCII.space { value.removeLast() }
                self.init(lines.extracting(value))
                return
            }
            at = end &+ 1
        }
        return nil
    }

    /// Of a comment in SQL (sqlcommenter's specification): `/*key='value',traceparent='…'*/`.
    init?(comment: RawSpan) {
        let word: StaticString = "traceparent='"
        var at = 0
        while let found = comment.firstIndex(of: UInt8(ascii: "t"), from: at) {
            at = found &+ 1
            guard comment.has(word, at: found), let before = comment.u8(at: found &- 1),
                before == UInt8(ascii: "*") || before == UInt8(ascii: ",") || before <= ASCII.space
            else { continue }
            let start = found &+ word.utf8CodeUnitCount
            guard let end = comment.firstIndex(of: UInt8(ascii: "'"), from: start) else { return nil }
            self.init(comment.extracting(start..<end))
            return
        }
        return nil
    }
}
