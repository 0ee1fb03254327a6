/// Base64 with padding (RFC 4648, section 4).
package enum Base64 {
    /// The bytes, or `nil` where the text is not exactly what encoding them gives.
    package static func decode(_ text: RawSpan) -> [UInt8]? {
        guard text.byteCount % 4 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.byteCount / 4 &* 3)
        var at = 0
        while at < text.byteCount {
            let isLast = at &+ 4 == text.byteCount
            var padding = 0
            if isLast, text.u8(at: at &+ 3) == 0x3D { padding = text.u8(at: at &+ 2) == 0x3D ? 2 : 1 }
            var group: UInt32 = 0
            for place in 0..<4 {
                if place >= 4 &- padding {
                    group <<= 6
                    continue
                }
                guard let digit = digit(text.u8(at: at &+ place) ?? 0) else { return nil }
                group = group << 6 | digit
            }
            guard padding == 0 || group & (padding == 1 ? 0xFF : 0xFFFF) == 0 else { return nil }
            bytes.append(UInt8(truncatingIfNeeded: group >> 16))
            if padding < 2 { bytes.append(UInt8(truncatingIfNeeded: group >> 8)) }
            if padding < 1 { bytes.append(UInt8(truncatingIfNeeded: group)) }
            at &+= 4
        }
        return bytes
    }

    private static func digit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 0x41...0x5A: UInt32(byte &- 0x41)
        case 0x61...0x7A: UInt32(byte &- 0x61 &+ 26)
        case 0x30...0x39: UInt32(byte &- 0x30 &+ 52)
        case 0x2B: 62
        case 0x2F: 63
        default: nil
        }
    }

    fileprivate static let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
}

extension UniqueBytes {
    /// Appends bytes in Base64.
    mutating func appendBase64(_ bytes: RawSpan) {
        let letters = Base64.alphabet.utf8Start
        var at = 0
        while at < bytes.byteCount {
            let second = bytes.u8(at: at &+ 1)
            let third = bytes.u8(at: at &+ 2)
            let group = UInt32(bytes.u8(at: at) ?? 0) << 16 | UInt32(second ?? 0) << 8 | UInt32(third ?? 0)
            let text =
                UInt64(letters[Int(group >> 18)]) | UInt64(letters[Int(group >> 12 & 63)]) << 8
                | UInt64(second == nil ? 0x3D : letters[Int(group >> 6 & 63)]) << 16
                | UInt64(third == nil ? 0x3D : letters[Int(group & 63)]) << 24
            append(text, bytes: 4)
            at &+= 3
        }
    }
}
