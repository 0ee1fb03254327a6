import Glibc

/// A segment of a path as a place in a trie: a word, or a parameter with what stands around it.
struct PathSegment {
    enum Kind: UInt8, Sendable {
        /// A word of the interface.
        case literal
        /// Something else each time: `{}`, `{}.jpg`, `Products({})`.
        case parameter
        /// Nothing stands between two slashes, or behind the last one, which is no word.
        case empty
        /// Whatever else follows.
        case rest
        /// A whole path or template, which takes part in nothing.
        case whole
    }

    var kind: Kind
    var identifier: IdentifierClass?
    /// Within the segment: what the parameter stands for; of a literal everything.
    var value: Range<Int>
    /// The segment without what begins with a semicolon (RFC 3986, section 3.3: a session's number).
    var text: Range<Int>

    /// Longer ones are no words.
    private static let longestWord = 256
    private static let longestExtension = 5

    /// Where the next slash stands, or the path ends.
    private(set) var end: Int

    /// - Parameters:
    ///   - start: of the segment; it ends at the next slash.
    ///   - isFirst: a date there is a version of the interface.
    init(_ path: UnsafeRawBufferPointer, from start: Int, isFirst: Bool) {
        end = Self.first(0x2F, path, start..<path.count) ?? path.count
        kind = .literal
        text = start..<end
        value = text
        // Most are words of letters, or numbers, which need no second look.
        if Self.isPlainWord(path, text) { return }
        if IdentifierClass.isInteger(Self.slice(path, text)) {
            (kind, identifier) = (.parameter, .integer)
            return
        }
        judge(path, isFirst: isFirst)
    }

    private static func isPlainWord(_ path: UnsafeRawBufferPointer, _ text: Range<Int>) -> Bool {
        guard text.count <= plainWord, !text.isEmpty else { return false }
        var at = text.lowerBound
        while at < text.upperBound {
            let byte = path[at]
            if byte | 0x20 &- 0x61 >= 26, byte != 0x2D, byte != 0x5F { return false }
            at &+= 1
        }
        return true
    }

    /// Of so many letters nothing looks like an identifier.
    private static var plainWord: Int { 19 }

    private mutating func judge(_ path: UnsafeRawBufferPointer, isFirst: Bool) {
        var end = text.upperBound
        if let semicolon = Self.first(0x3B, path, text) { end = semicolon }
        text = text.lowerBound..<end
        value = text
        guard !text.isEmpty else {
            kind = .empty
            return
        }
        if isFirst, text.count == 10, IdentifierClass.isDate(Self.slice(path, text)) { return }
        if text.count > Self.longestWord {
            kind = .parameter
            return
        }
        if path[end - 1] == 0x29, let open = Self.first(0x28, path, text), open > text.lowerBound, open < end - 2 {
            value = open + 1..<end - 1
            kind = .parameter
            identifier = Self.identifier(path, value)
            return
        }
        identifier = Self.identifier(path, text)
        let isWhole = identifier.map { [.email, .ipv4, .token, .resourceName, .dateTime].contains($0) } ?? false
        if !isWhole, let stem = Self.stem(path, text) {
            // A version is a word whatever its last part looks like.
            if identifier == nil, IdentifierClass.isVersion(Self.slice(path, text)) { return }
            identifier = Self.identifier(path, stem)
            value = stem
        }
        if identifier != nil { kind = .parameter } else { value = text }
    }

    private static func first(_ byte: UInt8, _ path: UnsafeRawBufferPointer, _ range: Range<Int>) -> Int? {
        guard !range.isEmpty, let base = path.baseAddress,
            let found = memchr(base + range.lowerBound, Int32(byte), range.count)
        else { return nil }
        return UnsafeRawPointer(found) - base
    }

    private static func slice(_ path: UnsafeRawBufferPointer, _ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: path[range])
    }

    /// What stands before a file's extension; `nil` where there is none.
    private static func stem(_ path: UnsafeRawBufferPointer, _ text: Range<Int>) -> Range<Int>? {
        var dot = text.upperBound - 1
        while dot > text.lowerBound, path[dot] != 0x2E { dot -= 1 }
        guard dot > text.lowerBound else { return nil }
        let length = text.upperBound - dot - 1
        guard (1...longestExtension).contains(length), path[dot + 1] | 0x20 &- 0x61 < 26 else { return nil }
        for byte in path[(dot + 1)..<text.upperBound] where byte &- 0x30 >= 10 && byte | 0x20 &- 0x61 >= 26 {
            return nil
        }
        return text.lowerBound..<dot
    }

    private static func identifier(_ path: UnsafeRawBufferPointer, _ range: Range<Int>) -> IdentifierClass? {
        guard first(0x25, path, range) != nil else { return IdentifierClass.of(slice(path, range)) }
        // Decoded (RFC 3986, section 2.1): no longer than it was.
        return withUnsafeTemporaryAllocation(byteCount: range.count, alignment: 1) { room in
            var count = 0
            var at = range.lowerBound
            while at < range.upperBound {
                var byte = path[at]
                if byte == 0x25, at + 2 < range.upperBound, let high = hex(path[at + 1]), let low = hex(path[at + 2]) {
                    byte = high << 4 | low
                    at += 2
                }
                room[count] = byte
                count += 1
                at += 1
            }
            return IdentifierClass.of(UnsafeRawBufferPointer(rebasing: room[..<count]))
        }
    }

    private static func hex(_ byte: UInt8) -> UInt8? {
        if byte &- 0x30 < 10 { return byte &- 0x30 }
        let folded = byte | 0x20
        return folded &- 0x61 < 6 ? folded &- 0x61 &+ 10 : nil
    }
}
