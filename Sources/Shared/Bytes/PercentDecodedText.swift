/// A text with its percent-encoded bytes as what they mean (RFC 3986, section 2.1), and where each stood.
struct PercentDecodedText {
    private(set) var bytes: [UInt8] = []
    /// Where each byte begins in the text, and where the text ends.
    private var places: [Int] = []

    /// - Returns: `nil` for a text that has none.
    init?(_ text: [UInt8]) {
        guard let first = text.span.bytes.firstIndex(of: UInt8(ascii: "%"), from: 0) else { return nil }
        var at = first
        while at < text.count, Self.byte(text, at) == nil { at += 1 }
        guard at < text.count else { return nil }
        bytes.reserveCapacity(text.count)
        places.reserveCapacity(text.count + 1)
        bytes += text[..<at]
        places += 0..<at
        while at < text.count {
            let encoded = Self.byte(text, at)
            bytes.append(encoded ?? text[at])
            places.append(at)
            at += encoded == nil ? 1 : 3
        }
        places.append(text.count)
    }

    /// What lies in these bytes, as it lies in the text.
    func range(_ range: Range<Int>) -> Range<Int> { places[range.lowerBound]..<places[range.upperBound] }

    private static func byte(_ text: [UInt8], _ at: Int) -> UInt8? {
        guard text[at] == UInt8(ascii: "%"), at + 2 < text.count, let high = digit(text[at + 1]),
            let low = digit(text[at + 2])
        else { return nil }
        return high << 4 | low
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        if ASCII.isDigit(byte) { return byte &- 0x30 }
        let letter = (byte | 0x20) &- 0x61
        return letter < 6 ? letter &+ 10 : nil
    }
}
