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

    /// How many of a block's bytes stand before the first that is no plain ASCII: a control, a quote, a backslash or one
    /// above 0x7F.
    @inline(__always)
    static func plainBytes(_ block: SIMD16<UInt8>) -> Int {
        // With a sign, bytes above 0x7F are below the blank, too.
        let blank = SIMD16<Int8>(repeating: 0x20)
        let quote = SIMD16<UInt8>(repeating: 0x22)
        let backslash = SIMD16<UInt8>(repeating: 0x5C)
        let isOther = unsafeBitCast(block, to: SIMD16<Int8>.self) .< blank
        let isSpecial = (block .== quote) .| (block .== backslash) .| isOther
        let halves = unsafeBitCast(isSpecial, to: SIMD2<UInt64>.self)
        return halves[0] != 0 ? ByteMask.index(halves[0]) : 8 &+ ByteMask.index(halves[1])
    }

    /// The same of eight bytes.
    @inline(__always)
    static func plainBytes(_ word: UInt64) -> Int {
        ByteMask.index((ByteMask.endsPlainText(word) | word) & ByteMask.highBits)
    }
}

extension UniqueBytes {
    /// So many bytes are escaped into room that is made at once.
    private static let escapedAtOnce = 4 << 10

    /// Appends what stands for the bytes inside a JSON string.
    ///
    /// A block is stored whole; what follows its first special byte is overwritten.
    /// - Returns: `false` at the first byte that is not UTF-8; what was appended until then stays.
    mutating func appendEscaped(_ bytes: RawSpan) -> Bool {
        let length = bytes.byteCount
        var isText = true
        var at = 0
        while at < length, isText {
            let end = Swift.min(length, at &+ Self.escapedAtOnce)
            append(upTo: (end &- at) &* JSONEscape.longest &+ 64) { room in
                var count = 0
                while at < end {
                    let width: Int
                    let plain: Int
                    if length &- at >= 16 {
                        let block = bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: SIMD16<UInt8>.self)
                        room.storeBytes(of: block, toByteOffset: count, as: SIMD16<UInt8>.self)
                        width = 16
                        plain = JSONEscape.plainBytes(block)
                    } else {
                        width = Swift.min(8, length &- at)
                        let word = width == 8 ? bytes.word(at) : bytes.lastWord(width)
                        room.storeBytes(of: word.littleEndian, toByteOffset: count, as: UInt64.self)
                        plain = Swift.min(width, JSONEscape.plainBytes(word))
                    }
                    at &+= plain
                    count &+= plain
                    if plain == width { continue }
                    let byte = bytes.byte(at)
                    if byte < 0x80 {
                        let escape = JSONEscape.ascii(byte)
                        room.storeBytes(of: escape.text.littleEndian, toByteOffset: count, as: UInt64.self)
                        count &+= escape.length
                        at &+= 1
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
