/// Finds the next message after the parser lost its place: behind a gap of unknown content, or in garbage.
///
/// A version with what must stand around it is the only mark that is rare in bodies. It need not stand at the beginning of
/// a line: a body without a last line feed may be right before it.
enum StartLineSearch {
    /// - Parameters:
    ///   - from: how far the search had come when fewer bytes were there.
    ///   - isTorn: right before the first byte some are missing; a method that begins with it may be the rest of one.
    static func search(_ bytes: RawSpan, _ from: Search, _ side: Side, isTorn: Bool) -> Found {
        let start = from.start
        var at = from.next
        while let mark = bytes.firstIndex(of: 0x48, from: at) {
            guard bytes.mayBecome("HTTP/1.", at: mark) else {
                at = mark &+ 1
                continue
            }
            switch side {
            case .server:
                guard mark &+ 13 <= bytes.byteCount else { return .none(Search(start: mark, next: mark)) }
                if isStatusLine(bytes, mark) { return .at(mark) }
            case .client:
                guard let end = bytes.u8(at: mark &+ 8), end != 0x0D || mark &+ 10 <= bytes.byteCount else {
                    return .none(Search(start: Swift.max(start, mark &- longestLine), next: mark))
                }
                let lineStart = Swift.max(start, mark &- longestLine)
                if let found = requestLine(bytes, from: lineStart, version: mark),
                    !isTorn || isWhole(bytes, found)
                {
                    return .at(found)
                }
            }
            at = mark &+ 1
        }
        let end = bytes.byteCount
        return .none(Search(start: side == .server ? end : Swift.max(start, end &- longestLine), next: end))
    }

    /// A request line that was cut by a gap is not searched for beyond this.
    private static let longestLine = 16 << 10

    private static func isStatusLine(_ bytes: RawSpan, _ mark: Int) -> Bool {
        guard let minor = bytes.u8(at: mark &+ 7), minor == 0x30 || minor == 0x31, bytes.u8(at: mark &+ 8) == 0x20,
            let first = bytes.u8(at: mark &+ 9), first &- 0x31 < 5, let second = bytes.u8(at: mark &+ 10),
            let third = bytes.u8(at: mark &+ 11), HTTPGrammar.isDigit(second), HTTPGrammar.isDigit(third),
            let after = bytes.u8(at: mark &+ 12)
        else { return false }
        return after == 0x20 || after == 0x0D || after == 0x0A
    }

    /// Whether a method that begins there is whole, though bytes are missing before the first.
    private static func isWhole(_ bytes: RawSpan, _ method: Int) -> Bool {
        if let before = bytes.u8(at: method &- 1), !HTTPGrammar.isToken(before) { return true }
        return HTTP1Detector.beginsWithRegistered(bytes, at: method)
    }

    /// Looks back from a version for `method SP target SP`.
    private static func requestLine(_ bytes: RawSpan, from start: Int, version: Int) -> Int? {
        guard let minor = bytes.u8(at: version &+ 7), minor == 0x30 || minor == 0x31,
            bytes.has("\r\n", at: version &+ 8) || bytes.u8(at: version &+ 8) == 0x0A,
            version > start, bytes.u8(at: version &- 1) == 0x20
        else { return nil }
        var at = version &- 1
        while at > start, let byte = bytes.u8(at: at &- 1), byte > 0x20 { at &-= 1 }
        guard at < version &- 1, at > start, bytes.u8(at: at &- 1) == 0x20 else { return nil }
        let methodEnd = at &- 1
        at = methodEnd
        while at > start, let byte = bytes.u8(at: at &- 1), byte &- 0x41 < 26 || byte == 0x2D || byte == 0x5F {
            at &-= 1
        }
        return at < methodEnd ? at : nil
    }
}
