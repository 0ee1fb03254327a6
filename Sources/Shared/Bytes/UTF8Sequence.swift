/// Well-formed UTF-8 (Unicode 15, table 3-7; RFC 3629, section 4).
enum UTF8Sequence {
    /// The length of the sequence that begins at `offset`; 0 where it is not well-formed or cut short.
    static func length(_ bytes: RawSpan, at offset: Int) -> Int {
        guard let first = bytes.u8(at: offset) else { return 0 }
        switch first {
        case ..<0x80: return 1
        case 0xC2...0xDF:
            return isTail(bytes, offset &+ 1) ? 2 : 0
        case 0xE0...0xEF:
            let low: UInt8 = first == 0xE0 ? 0xA0 : 0x80
            let high: UInt8 = first == 0xED ? 0x9F : 0xBF
            return isTail(bytes, offset &+ 1, low, high) && isTail(bytes, offset &+ 2) ? 3 : 0
        case 0xF0...0xF4:
            let low: UInt8 = first == 0xF0 ? 0x90 : 0x80
            let high: UInt8 = first == 0xF4 ? 0x8F : 0xBF
            return isTail(bytes, offset &+ 1, low, high) && isTail(bytes, offset &+ 2) && isTail(bytes, offset &+ 3)
                ? 4 : 0
        default: return 0
        }
    }

    /// The length without a sequence that the end cuts in two.
    static func wholeLength(_ bytes: RawSpan) -> Int {
        var start = bytes.byteCount
        for _ in 0..<4 {
            guard start > 0, let byte = bytes.u8(at: start &- 1) else { break }
            start &-= 1
            if byte & 0xC0 == 0x80 { continue }
            return byte >= 0xC0 && length(bytes, at: start) == 0 ? start : bytes.byteCount
        }
        return bytes.byteCount
    }

    private static func isTail(_ bytes: RawSpan, _ offset: Int, _ low: UInt8 = 0x80, _ high: UInt8 = 0xBF) -> Bool {
        guard let byte = bytes.u8(at: offset) else { return false }
        return byte >= low && byte <= high
    }
}
