/// The character classes that the text protocols share.
enum ASCII {
    static let tab: UInt8 = 0x09
    static let lineFeed: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D
    static let space: UInt8 = 0x20

    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    @inline(__always)
    static func isUpper(_ byte: UInt8) -> Bool { byte &- 0x41 < 26 }

    @inline(__always)
    static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

    /// A visible character: neither a blank nor a control character nor beyond ASCII.
    @inline(__always)
    static func isVisible(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7F }

    /// What may stand in a line of text: blanks and bytes beyond ASCII too.
    @inline(__always)
    static func isText(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != 0x7F || byte == tab }

    /// Text of several lines: what people type into a query.
    @inline(__always)
    static func isProse(_ byte: UInt8) -> Bool { isText(byte) || byte == lineFeed || byte == carriageReturn }
}

/// A line that is whole: where its text is, without CRLF or LF, and where the next line begins.
struct TextLine {
    var text: Range<Int>
    var next: Int
}

/// What was found in looking for a line's end.
enum LineSearch {
    case line(TextLine)
    /// Text so far, and no end of the line.
    case open
    /// A byte that no line of text holds.
    case no
    /// Text beyond the limit, and no end of the line.
    case tooLong
}

extension RawSpan {
    /// The line of text that begins at `start`.
    func line(from start: Int, limit: Int) -> LineSearch {
        line(from: start, knownUntil: printableEnd(start, limit: start &+ limit), limit: limit, ASCII.isText)
    }

    /// The line that begins at `start`; `isAllowed` judges every byte of it but the line's end.
    /// - Parameter known: what precedes this place is allowed.
    func line(
        from start: Int, knownUntil known: Int? = nil, limit: Int, _ isAllowed: (UInt8) -> Bool
    ) -> LineSearch {
        var offset = known ?? start
        while offset &- start <= limit {
            guard let byte = u8(at: offset) else { return .open }
            if byte == ASCII.lineFeed { return .line(TextLine(text: start..<offset, next: offset &+ 1)) }
            if byte == ASCII.carriageReturn {
                guard let following = u8(at: offset &+ 1) else { return .open }
                if following == ASCII.lineFeed { return .line(TextLine(text: start..<offset, next: offset &+ 2)) }
            }
            if !isAllowed(byte) { return .no }
            offset &+= 1
        }
        return .tooLong
    }

    /// Takes the next word, of what `isBlank` divides, off the front of `rest`.
    func word(of rest: inout Range<Int>, _ isBlank: (UInt8) -> Bool = { $0 == ASCII.space }) -> Range<Int>? {
        var start = rest.lowerBound
        while start < rest.upperBound, let byte = u8(at: start), isBlank(byte) { start &+= 1 }
        var end = start
        while end < rest.upperBound, let byte = u8(at: end), !isBlank(byte) { end &+= 1 }
        rest = end..<rest.upperBound
        return start == end ? nil : start..<end
    }

    /// Whether the bytes of `range` are exactly `word`.
    func isWord(_ word: StaticString, at range: Range<Int>) -> Bool {
        range.count == word.utf8CodeUnitCount && has(word, at: range.lowerBound)
    }

    /// Whether the bytes of `range` are `word`, which is written in capitals, in letters of either case.
    func isWordIgnoringCase(_ word: StaticString, at range: Range<Int>) -> Bool {
        guard range.count == word.utf8CodeUnitCount else { return false }
        for i in 0..<word.utf8CodeUnitCount {
            guard let byte = u8(at: range.lowerBound &+ i) else { return false }
            if (ASCII.isLetter(byte) ? byte & 0xDF : byte) != word.utf8Start[i] { return false }
        }
        return true
    }

    /// Whether the first word at `offset`, as far as it is there, is one of `words`, which are written in capitals
    /// where case is ignored.
    func begins(withOneOf words: [StaticString], at offset: Int, ignoringCase: Bool) -> Bool {
        words.contains { word in
            for i in 0..<word.utf8CodeUnitCount {
                guard let byte = u8(at: offset &+ i) else { return true }
                let folded = ignoringCase && ASCII.isLetter(byte) ? byte & 0xDF : byte
                if folded != word.utf8Start[i] { return false }
            }
            guard let behind = u8(at: offset &+ word.utf8CodeUnitCount) else { return true }
            return !ASCII.isVisible(behind)
        }
    }

    /// A decimal number without sign that fits an `Int` with room to spare: at most 18 digits.
    package func decimal(_ range: Range<Int>) -> Int? {
        guard !range.isEmpty, range.count <= 18 else { return nil }
        var value = 0
        for offset in range {
            guard let byte = u8(at: offset), ASCII.isDigit(byte) else { return nil }
            value = value &* 10 &+ Int(byte &- 0x30)
        }
        return value
    }
}
