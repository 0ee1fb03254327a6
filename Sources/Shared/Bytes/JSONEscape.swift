/// How a character stands in a JSON string that can't stand there as it is (RFC 8259, section 7).
struct JSONEscape {
    /// The first byte is the lowest.
    var text: UInt64
    var length: Int

    /// The bytes of the longest escape, `\u00xx`.
    static let longest = 6

    /// The escape of an ASCII character; what needs none is its own.
    @inline(__always)
    static func ascii(_ byte: UInt8) -> JSONEscape {
        switch byte {
        case 0x22, 0x5C: pair(byte)
        case 0x20...: JSONEscape(text: UInt64(byte), length: 1)
        case 0x0A: pair(0x6E)
        case 0x0D: pair(0x72)
        case 0x09: pair(0x74)
        default: hexadecimal(byte)
        }
    }

    @inline(__always)
    private static func pair(_ letter: UInt8) -> JSONEscape {
        JSONEscape(text: 0x5C | UInt64(letter) << 8, length: 2)
    }

    @inline(__always)
    static func hexadecimal(_ byte: UInt8) -> JSONEscape {
        let start: UInt64 = 0x3030_755C
        return JSONEscape(text: start | digit(byte >> 4) << 32 | digit(byte & 15) << 40, length: longest)
    }

    @inline(__always)
    private static func digit(_ value: UInt8) -> UInt64 { UInt64(value < 10 ? 0x30 &+ value : 0x57 &+ value) }

    /// Marks the bytes of a block that are no plain ASCII: controls, quote, backslash and all above 0x7F.
    /// - Returns: the marks of either half, a byte that is not zero each.
    @inline(__always)
    static func special(_ block: SIMD16<UInt8>) -> SIMD2<UInt64> {
        // With a sign, bytes above 0x7F are below the blank, too.
        let blank = SIMD16<Int8>(repeating: 0x20)
        let quote = SIMD16<UInt8>(repeating: 0x22)
        let backslash = SIMD16<UInt8>(repeating: 0x5C)
        let isOther = unsafeBitCast(block, to: SIMD16<Int8>.self) .< blank
        let isSpecial = (block .== quote) .| (block .== backslash) .| isOther
        return unsafeBitCast(isSpecial, to: SIMD2<UInt64>.self)
    }

    /// The same of a word (each mark is 0x80), of whose bytes the first `width` count.
    @inline(__always)
    static func special(_ word: UInt64, _ width: Int) -> UInt64 {
        let low = ~ByteMask.highBits
        let quote = word ^ (ByteMask.ones &* 0x22)
        let backslash = word ^ (ByteMask.ones &* 0x5C)
        let isQuote = ~(((quote & low) &+ low) | quote)
        let isBackslash = ~(((backslash & low) &+ low) | backslash)
        let isControl = ~((word & low) &+ (ByteMask.ones &* 0x60))
        let marks = (word | isQuote | isBackslash | isControl) & ByteMask.highBits
        return width == 8 ? marks : marks & ((1 &<< UInt64(width &* 8)) &- 1)
    }
}

extension UniqueBytes {
    /// So many bytes are escaped into room that is made at once.
    private static let escapedAtOnce = 4 << 10

    /// Appends what stands for the bytes inside a JSON string.
    ///
    /// Sixteen bytes are copied at once where all are plain. Of others a word is stored whole and then cut back to its first
    /// special byte; behind the escape the rest of the word is stored again. JSON within JSON has a quote every few bytes.
    /// - Returns: `false` at the first byte that is not UTF-8; what was appended until then stays.
    mutating func appendEscaped(_ bytes: RawSpan) -> Bool {
        let length = bytes.byteCount
        var isText = true
        var at = 0
        while at < length, isText {
            let end = Swift.min(length, at &+ Self.escapedAtOnce)
            append(upTo: (end &- at) &* JSONEscape.longest &+ 128) { room in
                var count = 0
                while at < end {
                    var width = Swift.min(8, length &- at)
                    var word: UInt64
                    var special: UInt64
                    if length &- at >= 16 {
                        let block = bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: SIMD16<UInt8>.self)
                        room.storeBytes(of: block, toByteOffset: count, as: SIMD16<UInt8>.self)
                        let halves = JSONEscape.special(block)
                        if halves[0] | halves[1] == 0 {
                            at &+= 16
                            count &+= 16
                            continue
                        }
                        word = bytes.word(at)
                        special = halves[0]
                    } else {
                        word = width == 8 ? bytes.word(at) : bytes.lastWord(width)
                        special = JSONEscape.special(word, width)
                        room.storeBytes(of: word.littleEndian, toByteOffset: count, as: UInt64.self)
                    }
                    while special != 0 {
                        let plain = ByteMask.index(special)
                        let byte = UInt8(truncatingIfNeeded: word &>> UInt64(plain &* 8))
                        at &+= plain
                        count &+= plain
                        width &-= plain
                        guard byte < 0x80 else { break }
                        let escape = JSONEscape.ascii(byte)
                        room.storeBytes(of: escape.text.littleEndian, toByteOffset: count, as: UInt64.self)
                        at &+= 1
                        count &+= escape.length
                        width &-= 1
                        // By eight bytes at the most, in two steps that are less than a word each.
                        word = (word &>> UInt64(plain &* 8)) &>> 8
                        special = (special &>> UInt64(plain &* 8)) &>> 8
                        room.storeBytes(of: word.littleEndian, toByteOffset: count, as: UInt64.self)
                    }
                    if special == 0 {
                        at &+= width
                        count &+= width
                        continue
                    }
                    let sequence = UTF8Sequence.length(bytes, at: at)
                    isText = sequence > 0
                    guard isText else { break }
                    for i in 0..<sequence { room[count &+ i] = bytes.byte(at &+ i) }
                    at &+= sequence
                    count &+= sequence
                }
                return count
            }
        }
        return isText
    }

    /// The same for text of ISO-8859-1, whose bytes are Unicode's first characters.
    mutating func appendEscapedLatin1(_ bytes: RawSpan) {
        for i in 0..<bytes.byteCount {
            let byte = bytes.byte(i)
            let escape = byte < 0x80 ? JSONEscape.ascii(byte) : JSONEscape.hexadecimal(byte)
            append(escape.text, bytes: escape.length)
        }
    }
}
