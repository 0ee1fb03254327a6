/// The strings of JSON that a place of a text lies in: a value within one ends where the string does, whatever it is of.
///
/// A text of any kind may have JSON in it, or be a part of some: a string is one that begins behind what JSON has before strings, and
/// ends before what it has behind them (RFC 8259, section 2). A string may be quoted in another, with backslashes before its quotes.
struct EnclosingStrings {
    /// Where they begin, behind the quote, and end, before the quote and its backslashes; the innermost last.
    private var strings: [(first: Int, end: Int)] = []

    /// Backslashes before a quote within three strings.
    private static let mostBackslashes = 7
    private static let quote = UInt8(ascii: "\"")
    private static let backslash = UInt8(ascii: "\\")

    /// Where the innermost begins.
    var first: Int? { strings.last?.first }
    /// Where it ends.
    var end: Int? { strings.last?.end }

    /// Goes on to a place behind those before.
    mutating func reach(_ at: Int, in text: [UInt8]) {
        while let last = strings.last, at > last.end { strings.removeLast() }
        guard text[at] == Self.quote else { return }
        var start = at
        while start > 0, at - start <= Self.mostBackslashes, text[start - 1] == Self.backslash { start -= 1 }
        guard at - start <= Self.mostBackslashes, end != start, Self.beginsString(start, text) else { return }
        let closing = Self.end(of: at + 1, quoting: at - start, in: text)
        var close = closing
        while close < text.count, text[close] == Self.backslash { close += 1 }
        guard close < text.count, Self.endsString(close + 1, text), !text[at..<closing].contains(where: { $0 < 0x20 })
        else { return }
        strings.append((at + 1, Swift.min(closing, end ?? closing)))
    }

    /// Where a quoted text ends that begins at `first`; all the rest, where its quote was cut off.
    /// - Parameter quoting: how many backslashes stand before its quotes.
    static func end(of first: Int, quoting: Int, in text: [UInt8]) -> Int {
        let quote = text[first - 1]
        var at = first
        var backslashes = 0
        while at < text.count {
            let isClosing = quoting == 0 ? backslashes % 2 == 0 : backslashes <= quoting
            if text[at] == quote, isClosing { return at - (quoting == 0 ? 0 : Swift.min(backslashes, quoting)) }
            backslashes = text[at] == backslash ? backslashes + 1 : 0
            at += 1
        }
        return text.count
    }

    private static func beginsString(_ start: Int, _ text: [UInt8]) -> Bool {
        var at = start
        while at > 0, start - at < longestBlank {
            if isBlank(text[at - 1]) {
                at -= 1
            } else if at > 1, text[at - 2] == backslash, [0x6E, 0x72, 0x74].contains(text[at - 1]) {
                // Blanks are coded where JSON is quoted.
                at -= 2
            } else {
                break
            }
        }
        return at == 0 || Array("{[,:".utf8).contains(text[at - 1])
    }

    /// Behind a comma JSON has a value or a name: a word that follows is no JSON.
    private static func endsString(_ start: Int, _ text: [UInt8]) -> Bool {
        let at = skipBlanks(start, text)
        guard at < text.count, text[at] == UInt8(ascii: ",") else {
            return at == text.count || Array("}]:".utf8).contains(text[at])
        }
        let next = skipBlanks(at + 1, text)
        guard next < text.count else { return true }
        return Array("\"\\{[-".utf8).contains(text[next]) || ASCII.isDigit(text[next])
            || ["true", "false", "null"].contains { text[next...].starts(with: $0.utf8) }
    }

    private static func skipBlanks(_ start: Int, _ text: [UInt8]) -> Int {
        var at = start
        while at < text.count, at - start < longestBlank {
            if isBlank(text[at]) {
                at += 1
            } else if at + 1 < text.count, text[at] == backslash, [0x6E, 0x72, 0x74].contains(text[at + 1]) {
                at += 2
            } else {
                break
            }
        }
        return at
    }

    private static let longestBlank = 64

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }
}
