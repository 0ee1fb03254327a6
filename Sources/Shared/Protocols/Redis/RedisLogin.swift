/// Passwords in commands of Redis and Valkey: of AUTH, HELLO and MIGRATE, of ACL SETUSER, and of CONFIG SET ("Commands" of
/// their documentation).
enum RedisLogin: LoginSearch {
    static func find(in bytes: RawSpan) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var at = 0
        while let start = bytes.firstIndex(of: UInt8(ascii: "$"), from: at) {
            at = start &+ 1
            guard start == 0 || bytes.byte(start &- 1) == ASCII.lineFeed, let word = text(bytes, start) else {
                continue
            }
            let behind = word.upperBound &+ 2
            if bytes.isWordIgnoringCase("AUTH", at: word) || bytes.isWordIgnoringCase("AUTH2", at: word) {
                // With a user's name or without; of HELLO other words may follow.
                found += texts(bytes, behind, atMost: 2)
            } else if settings.contains(where: { bytes.isWordIgnoringCase($0, at: word) }) {
                found += texts(bytes, behind, atMost: 1)
            } else if bytes.isWordIgnoringCase("SETUSER", at: word) {
                found += texts(bytes, behind, atMost: mostRules).dropFirst().compactMap { rule(bytes, $0) }
            }
        }
        return found + inline(bytes)
    }

    /// Settings that hold a password.
    private static let settings: [StaticString] = [
        "REQUIREPASS", "MASTERAUTH", "PRIMARYAUTH", "TLS-KEY-FILE-PASS", "TLS-CLIENT-KEY-FILE-PASS",
    ]
    /// Of one user's rules so many are looked at.
    private static let mostRules = 64

    /// A bulk string that begins here.
    private static func text(_ bytes: RawSpan, _ start: Int) -> Range<Int>? {
        guard case .value(let size, let next) = RedisFraming.size(bytes, UInt8(ascii: "$"), at: start),
            0...LoginValue.longest ~= size, next &+ size <= bytes.byteCount,
            bytes.fitLineEnd(at: next &+ size) != .no
        else { return nil }
        return next..<next &+ size
    }

    /// Those that follow one behind the other.
    private static func texts(_ bytes: RawSpan, _ start: Int, atMost count: Int) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var at = start
        while found.count < count, bytes.u8(at: at) == UInt8(ascii: "$"), let text = text(bytes, at) {
            found.append(text)
            at = text.upperBound &+ 2
        }
        return found
    }

    /// `>password`, `<password`, `#hash`, `!hash`.
    private static func rule(_ bytes: RawSpan, _ range: Range<Int>) -> Range<Int>? {
        guard range.count > 1, "><#!".utf8.contains(bytes.byte(range.lowerBound)) else { return nil }
        return range.lowerBound &+ 1..<range.upperBound
    }

    /// `AUTH password` as a line of its own, as people type it.
    ///
    /// Mail and news have it, too, and mean the same.
    private static func inline(_ bytes: RawSpan) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var line = 0
        while line < bytes.byteCount {
            let feed = bytes.firstIndex(of: ASCII.lineFeed, from: line) ?? bytes.byteCount
            defer { line = feed &+ 1 }
            let end = feed > line && bytes.byte(feed &- 1) == ASCII.carriageReturn ? feed &- 1 : feed
            guard end &- line > 5, end &- line <= RedisFraming.longestInline,
                bytes.isWordIgnoringCase("AUTH", at: line..<line &+ 4)
            else { continue }
            var rest = line &+ 4..<end
            guard bytes.byte(rest.lowerBound) == ASCII.space else { continue }
            while let word = RedisFraming.word(bytes, &rest) { found.append(word) }
        }
        return found
    }
}
