/// Domain names as messages hold them (RFC 1035, sections 3.1 and 4.1.4).
enum DNSName {
    /// Bytes of a name with its lengths (section 2.3.4).
    static let longest = 255

    /// Where a name ends that begins here: behind its last label, or behind the pointer to the rest of it.
    /// - Returns: `nil` where there is none, or not all of it.
    static func end(_ message: RawSpan, _ start: Int) -> Int? {
        var at = start
        while let length = message.u8(at: at), at &- start < longest {
            switch length >> 6 {
            case 0:
                at &+= 1 &+ Int(length)
                if length == 0 { return at }
            case 3: return message.u8(at: at &+ 1) == nil ? nil : at &+ 2
            // Reserved (RFC 6891, section 5).
            default: return nil
            }
        }
        return nil
    }

    /// Appends a name as text, in small letters, without the final dot.
    ///
    /// Names are compared without case (RFC 4343), and clients mix it at random to be harder to deceive.
    /// - Returns: whether there is one. A pointer goes back to an earlier name, so each goes farther back than the one
    ///   before it: what points in circles is no name.
    static func append(_ message: RawSpan, at start: Int, to text: inout UniqueBytes) -> Bool {
        let before = text.count
        var (at, floor, length) = (start, start, 1)
        while let count = message.u8(at: at) {
            switch count >> 6 {
            case 0:
                guard count > 0 else {
                    if text.count == before { text.append(UInt8(ascii: ".")) }
                    return true
                }
                length &+= 1 &+ Int(count)
                guard length <= longest, at &+ Int(count) < message.byteCount else { return false }
                if text.count > before { text.append(UInt8(ascii: ".")) }
                for place in at &+ 1...at &+ Int(count) { append(message.byte(place), to: &text) }
                at &+= 1 &+ Int(count)
            case 3:
                guard let pointer = message.big(UInt16.self, at: at), Int(pointer & 0x3FFF) < floor else {
                    return false
                }
                at = Int(pointer & 0x3FFF)
                floor = at
            default: return false
            }
        }
        return false
    }

    /// A byte of a label; what can't be written is escaped (RFC 1035, section 5.1).
    private static func append(_ byte: UInt8, to text: inout UniqueBytes) {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): text.append(byte | 0x20)
        case UInt8(ascii: "."), UInt8(ascii: "\\"):
            text.append(UInt8(ascii: "\\"))
            text.append(byte)
        case 0x21...0x7E: text.append(byte)
        default:
            text.append(UInt8(ascii: "\\"))
            for divisor in [100, 10, 1] as [UInt8] { text.append(UInt8(ascii: "0") + byte / divisor % 10) }
        }
    }

    /// Appends a name as a target: labels that tell one host from many others like it are placeholders, and an address that is
    /// looked up by its name (RFC 1035, section 3.5; RFC 3596, section 2.5) is one.
    static func appendTarget(_ name: RawSpan, isWhole: Bool, to text: inout UniqueBytes) {
        if !isWhole {
            for reverse in [".in-addr.arpa", ".ip6.arpa"] as [StaticString]
            where name.has(reverse, at: name.byteCount &- reverse.utf8CodeUnitCount) {
                text.append("{id}" as StaticString)
                return text.append(reverse)
            }
        }
        KeyPattern.append(name, isWhole: isWhole, to: &text)
    }
}
