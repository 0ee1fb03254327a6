/// The host that a Host field, a request's target, `:authority` or a TLS server name names: `host[:port]`, by the grammar
/// of RFC 3986, sections 3.2.2 and 3.2.3.
///
/// Case and a final dot, which says that a name is complete (RFC 1034, section 3.1), make no difference.
package struct HostText: Equatable {
    /// In lower case and without a final dot; empty where the host is an address.
    package private(set) var name: [UInt8]
    /// The port that stands behind it.
    package private(set) var port: UInt16?

    /// A name has 255 bytes at the most (RFC 1035, section 2.3.4), and a port five.
    private static let longest = 255 + 6

    /// - Returns: `nil` for what is no host.
    package init?(_ text: RawSpan) {
        guard text.byteCount <= Self.longest else { return nil }
        name = []
        // An IPv6 address stands in brackets (or, in a server name or by mistake, without them).
        if text.u8(at: 0) == 0x5B {
            guard let bracket = text.firstIndex(of: 0x5D, from: 1), Self.isAddress(text.extracting(1..<bracket)) else {
                return nil
            }
            guard readPort(text, from: bracket &+ 1) else { return nil }
            return
        }
        let colon = text.firstIndex(of: 0x3A, from: 0) ?? text.byteCount
        if colon < text.byteCount, text.firstIndex(of: 0x3A, from: colon &+ 1) != nil {
            if Self.isAddress(text) { return }
            return nil
        }
        guard readPort(text, from: colon) else { return nil }
        let host = text.extracting(first: colon)
        if Self.isAddress(host) { return }
        guard readName(host) else { return nil }
    }

    /// `*( unreserved / pct-encoded / sub-delims )`, and not empty.
    private mutating func readName(_ host: RawSpan) -> Bool {
        var end = host.byteCount
        if host.u8(at: end &- 1) == 0x2E { end &-= 1 }
        name.reserveCapacity(end)
        var at = 0
        while at < end, let byte = host.u8(at: at) {
            if byte == 0x25 {
                guard at &+ 2 < end, let high = host.u8(at: at &+ 1), let low = host.u8(at: at &+ 2), Self.isHex(high),
                    Self.isHex(low)
                else { return false }
            } else if !Self.isNameByte(byte) {
                return false
            }
            name.append(byte &- 0x41 < 26 ? byte | 0x20 : byte)
            at &+= 1
        }
        return !name.isEmpty
    }

    private mutating func readPort(_ text: RawSpan, from colon: Int) -> Bool {
        guard let byte = text.u8(at: colon) else { return true }
        guard byte == 0x3A else { return false }
        var value = 0
        for at in (colon &+ 1)..<Swift.max(text.byteCount, colon &+ 1) {
            guard let digit = text.u8(at: at), ASCII.isDigit(digit) else { return false }
            value = value &* 10 &+ Int(digit &- 0x30)
            if value > 0xFFFF { return false }
        }
        if value > 0 { port = UInt16(value) }
        return true
    }

    /// Whether the host is an address and no name: only digits and dots, or with a colon and what IPv6 is written with.
    private static func isAddress(_ host: RawSpan) -> Bool {
        var onlyDigits = host.byteCount > 0
        var hasColon = false
        for at in 0..<host.byteCount {
            guard let byte = host.u8(at: at) else { return false }
            if byte == 0x3A { hasColon = true }
            if !ASCII.isDigit(byte), byte != 0x2E {
                onlyDigits = false
                // A zone (RFC 6874) may be any name.
                if hasColon, byte == 0x25 { return true }
                if byte != 0x3A, !isHex(byte) { return false }
            }
        }
        return onlyDigits || hasColon
    }

    private static func isHex(_ byte: UInt8) -> Bool { ASCII.isDigit(byte) || (byte | 0x20) &- 0x61 < 6 }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: true
        case 0x21, 0x24, 0x26...0x2C, 0x3B, 0x3D: true
        default: false
        }
    }
}
