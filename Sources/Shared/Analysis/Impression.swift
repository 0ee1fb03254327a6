/// What the first bytes of a connection look like that nobody understands: of what kind they are, never what they say,
/// which may be a secret.
struct Impression: Equatable, Sendable {
    /// Who spoke first.
    var first: Direction?
    var sent: Kind?
    var received: Kind?

    enum Kind: Equatable, Sendable {
        case lines, numberedLines, text, json, xml, wideText, frames, random, binary

        /// - Parameter turn: what one side said before the other spoke, or the beginning of that.
        init(_ turn: RawSpan) {
            let head = turn.extracting(first: Self.headBytes)
            if let text = Self.text(head) {
                self = text
            } else if Self.isWide(head) {
                self = .wideText
            } else if Self.isFramed(turn) {
                self = .frames
            } else {
                self = Self.isRandom(head) ? .random : .binary
            }
        }

        /// So much is looked at.
        private static let headBytes = 256

        private static func text(_ head: RawSpan) -> Kind? {
            guard head.fit(allOf: head.byteCount, at: 0, { ASCII.isProse($0) && $0 < 0x80 }) == .yes else { return nil }
            switch head.u8(at: 0) {
            case UInt8(ascii: "{"), UInt8(ascii: "["): return .json
            case UInt8(ascii: "<"): return .xml
            default: break
            }
            for i in 0..<head.byteCount where head.u8(at: i) == ASCII.lineFeed {
                return head.fit(allOf: 3, at: 0, ASCII.isDigit) == .yes ? .numberedLines : .lines
            }
            return .text
        }

        /// UTF-16: each other byte is 0.
        private static func isWide(_ head: RawSpan) -> Bool {
            guard head.byteCount >= 8 else { return false }
            return isWide(head, zeroAt: 1) || isWide(head, zeroAt: 0)
        }

        private static func isWide(_ head: RawSpan, zeroAt rest: Int) -> Bool {
            for i in 0..<head.byteCount {
                let byte = head.byte(i)
                guard i & 1 == rest ? byte == 0 : ASCII.isProse(byte) else { return false }
            }
            return true
        }

        /// A length of two to four bytes, of either order, that counts what is behind it or the whole turn.
        private static func isFramed(_ turn: RawSpan) -> Bool {
            let lengths = [
                (turn.big(UInt32.self, at: 0).map { Int($0) }, 4), (turn.little(UInt32.self, at: 0).map { Int($0) }, 4),
                (turn.big(UInt16.self, at: 0).map { Int($0) }, 2), (turn.little(UInt16.self, at: 0).map { Int($0) }, 2),
            ]
            return lengths.contains { length, width in
                length.map { $0 > 0 && ($0 == turn.byteCount || $0 &+ width == turn.byteCount) } ?? false
            }
        }

        /// Compressed or encrypted: of 64 random bytes 57 are distinct, give or take three.
        private static func isRandom(_ head: RawSpan) -> Bool {
            guard head.byteCount >= 64 else { return false }
            var seen: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
            for i in 0..<64 {
                guard let byte = head.u8(at: i) else { return false }
                let bit = UInt64(1) << UInt64(byte & 63)
                switch byte >> 6 {
                case 0: seen.0 |= bit
                case 1: seen.1 |= bit
                case 2: seen.2 |= bit
                default: seen.3 |= bit
                }
            }
            return seen.0.nonzeroBitCount &+ seen.1.nonzeroBitCount &+ seen.2.nonzeroBitCount
                &+ seen.3.nonzeroBitCount >= 48
        }

        var text: StaticString {
            switch self {
            case .lines: "lines of text"
            case .numberedLines: "lines of text that begin with a number"
            case .text: "text"
            case .json: "text like JSON"
            case .xml: "text like XML"
            case .wideText: "UTF-16 text"
            case .frames: "a frame that begins with its length"
            case .random: "bytes that look random"
            case .binary: "binary"
            }
        }
    }

    /// In words: "the client first, lines of text; the server, binary".
    func text(localIsClient: Bool) -> String {
        guard let first else { return "nothing was said" }
        let (near, far) = localIsClient ? ("the client", "the server") : ("the server", "the client")
        func say(_ who: String, _ kind: Kind?, _ isFirst: Bool) -> String {
            kind.map { "\(who)\(isFirst ? " first" : ""), \($0.text)" } ?? "\(who), nothing"
        }
        let parts = [say(near, sent, first == .send), say(far, received, first == .receive)]
        return (first == .send ? parts : parts.reversed()).joined(separator: "; ")
    }
}
