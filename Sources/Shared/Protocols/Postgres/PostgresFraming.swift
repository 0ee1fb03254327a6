/// Where messages lie in a stream: PostgreSQL documentation, "Message Formats".
enum PostgresFraming {
    /// A type and a length, which counts itself.
    static let headerBytes = 5

    /// The length of a message with its type; `nil` where no message of that side begins so.
    @inline(__always)
    static func length(_ bytes: RawSpan, at offset: Int, _ side: Side) -> Int? {
        guard let type = bytes.u8(at: offset), let length = bytes.big(UInt32.self, at: offset &+ 1) else { return nil }
        let known = side == .client ? isFrontend(type) : isBackend(type)
        // PQ_LARGE_MESSAGE_LIMIT is 1 GiB less one.
        guard known, 4...(1 << 30) ~= length else { return nil }
        return 1 &+ Int(length)
    }

    private static func isFrontend(_ type: UInt8) -> Bool {
        switch type {
        case UInt8(ascii: "Q"), UInt8(ascii: "P"), UInt8(ascii: "B"), UInt8(ascii: "E"), UInt8(ascii: "D"),
            UInt8(ascii: "C"), UInt8(ascii: "S"), UInt8(ascii: "H"), UInt8(ascii: "X"), UInt8(ascii: "F"),
            UInt8(ascii: "d"), UInt8(ascii: "c"), UInt8(ascii: "f"), UInt8(ascii: "p"):
            true
        default: false
        }
    }

    private static func isBackend(_ type: UInt8) -> Bool {
        switch type {
        case UInt8(ascii: "R"), UInt8(ascii: "K"), UInt8(ascii: "S"), UInt8(ascii: "Z"), UInt8(ascii: "T"),
            UInt8(ascii: "D"), UInt8(ascii: "C"), UInt8(ascii: "E"), UInt8(ascii: "N"), UInt8(ascii: "A"),
            UInt8(ascii: "1"), UInt8(ascii: "2"), UInt8(ascii: "3"), UInt8(ascii: "n"), UInt8(ascii: "t"),
            UInt8(ascii: "s"), UInt8(ascii: "I"), UInt8(ascii: "G"), UInt8(ascii: "H"), UInt8(ascii: "W"),
            UInt8(ascii: "d"), UInt8(ascii: "c"), UInt8(ascii: "V"), UInt8(ascii: "v"):
            true
        default: false
        }
    }

    // MARK: Searching

    /// A message that is longer is not waited for, to see what follows it.
    private static let longestProof = 16 << 10

    /// The first place at which a message proves itself: by its own form, or by those behind it.
    static func search(_ bytes: RawSpan, _ side: Side, from: Int) -> Found {
        var at = from
        while at < bytes.byteCount {
            switch begins(bytes, at, side) {
            case .yes: return .at(at)
            case .open: return .none(Search(start: at, next: at))
            case .no: at &+= 1
            }
        }
        return .none(Search(start: bytes.byteCount, next: bytes.byteCount))
    }

    private static func begins(_ bytes: RawSpan, _ start: Int, _ side: Side) -> Fit {
        var at = start
        // Rows of a COPY have nothing but their length.
        var asked = bytes.u8(at: start) == UInt8(ascii: "d") ? 4 : 2
        while asked > 0 {
            guard at < bytes.byteCount else { return .open }
            let fit = message(bytes, at, side)
            guard fit == .yes else { return fit }
            guard let length = bytes.big(UInt32.self, at: at &+ 1) else { return .open }
            // What proves itself proves those that lead to it.
            if isProof(bytes, at, side) { return .yes }
            guard length <= longestProof else { return .no }
            at &+= 1 &+ Int(length)
            guard at <= bytes.byteCount else { return .open }
            asked &-= 1
        }
        return .yes
    }

    /// Fixed to the byte, or a text that ends where its message does.
    private static func isProof(_ bytes: RawSpan, _ at: Int, _ side: Side) -> Bool {
        let type = bytes.u8(at: at)
        if side == .server { return type == UInt8(ascii: "Z") }
        if type == UInt8(ascii: "Q"), let length = bytes.big(UInt32.self, at: at &+ 1), length <= longestProof {
            let end = at &+ Int(length)
            guard end < bytes.byteCount else { return false }
            return SQLVerb.begins(bytes, at: at &+ headerBytes) || isText(bytes, (at &+ headerBytes)..<end)
        }
        return type == UInt8(ascii: "S") || type == UInt8(ascii: "X")
    }

    /// Nothing but text, up to a NUL at the end: statements begin with blanks, comments, parentheses, and words that only
    /// PostgreSQL has.
    private static func isText(_ bytes: RawSpan, _ range: Range<Int>) -> Bool {
        !range.isEmpty && bytes.u8(at: range.upperBound) == 0
            && bytes.fit(allOf: range.count, at: range.lowerBound, ASCII.isProse) == .yes
    }

    private static func message(_ bytes: RawSpan, _ at: Int, _ side: Side) -> Fit {
        guard let type = bytes.u8(at: at) else { return .open }
        guard side == .client ? isFrontend(type) : isBackend(type) else { return .no }
        guard let length = bytes.big(UInt32.self, at: at &+ 1) else {
            // The first byte of a length is at most 0x40.
            return bytes.fit(byteAt: at &+ 1) { $0 <= 0x40 } == .no ? .no : .open
        }
        switch type {
        case UInt8(ascii: "d"): return Fit(4...UInt32(longestProof) ~= length)
        case UInt8(ascii: "c"): return Fit(length == 4)
        case UInt8(ascii: "D") where side == .server:
            guard length <= longestProof else { return .no }
            guard at &+ Int(length) < bytes.byteCount else { return .open }
            return Fit(PostgresDetector.row(bytes, at: at))
        case UInt8(ascii: "A") where side == .server:
            return PostgresDetector.notification(bytes.extracting(at...))
        default:
            return side == .client
                ? PostgresDetector.frontendMessage(bytes, at: at) : PostgresDetector.reply(bytes, at: at)
        }
    }
}
