import Glibc

extension IPAddress {
    /// An address from its text: dotted decimal, or the forms of RFC 4291, section 2.2.
    ///
    /// No port, no zone, no name.
    package init?(_ text: some StringProtocol) {
        let text = String(text)
        guard !text.utf8.contains(0) else { return nil }
        var v4 = in_addr()
        if inet_pton(AF_INET, text, &v4) == 1 {
            self.init(v4: UInt32(bigEndian: v4.s_addr))
            return
        }
        var v6 = in6_addr()
        guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
        let halves = withUnsafeBytes(of: &v6) {
            (
                UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)),
                UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
        self.init(high: halves.0, low: halves.1)
    }

    /// Appends the address as text: IPv4 and IPv4-mapped in dotted decimal, IPv6 as RFC 5952 recommends.
    package func append(to bytes: inout [UInt8]) {
        if let v4 {
            for shift in stride(from: UInt32(24), through: 0, by: -8) {
                bytes.append(decimal: UInt16(truncatingIfNeeded: v4 >> shift & 0xFF))
                if shift > 0 { bytes.append(UInt8(ascii: ".")) }
            }
            return
        }
        // The longest run of zero groups, at least two (section 4.2.2), the first of equals (4.2.3), becomes `::`.
        var run = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, group(end) == 0 { end += 1 }
            if end - start > max(run.count, 1) { run = start..<end }
            start = max(end, start + 1)
        }
        var place = 0
        while place < 8 {
            if !run.isEmpty, place == run.lowerBound {
                bytes.append(UInt8(ascii: ":"))
                bytes.append(UInt8(ascii: ":"))
                place = run.upperBound
                continue
            }
            if place > 0, place != run.upperBound || run.isEmpty { bytes.append(UInt8(ascii: ":")) }
            bytes.append(hexadecimal: group(place))
            place += 1
        }
    }

    private func group(_ place: Int) -> UInt16 {
        let half = place < 4 ? high : low
        return UInt16(truncatingIfNeeded: half >> UInt64((3 - place % 4) * 16))
    }
}

extension [UInt8] {
    /// Decimal digits without leading zeros.
    fileprivate mutating func append(decimal value: UInt16) {
        var divisor: UInt16 = 10_000
        while divisor > 1, value < divisor { divisor /= 10 }
        while divisor > 0 {
            append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }

    /// Lower-case digits without leading zeros (RFC 5952, sections 4.1 and 4.3).
    fileprivate mutating func append(hexadecimal value: UInt16) {
        var shift = 12
        while shift > 0, value >> shift == 0 { shift -= 4 }
        while shift >= 0 {
            let digit = UInt8(value >> shift & 0xF)
            append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            shift -= 4
        }
    }
}

extension IPAddress: CustomStringConvertible {
    public var description: String {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension Endpoint {
    /// Appends the endpoint as text: `10.0.0.5:80`, `[::1]:80` (RFC 5952, section 6), `unix:17`.
    package func append(to bytes: inout [UInt8]) {
        if let unixNumber {
            bytes.append(contentsOf: "unix:\(unixNumber)".utf8)
            return
        }
        let isV6 = address.v4 == nil
        if isV6 { bytes.append(UInt8(ascii: "[")) }
        address.append(to: &bytes)
        if isV6 { bytes.append(UInt8(ascii: "]")) }
        bytes.append(UInt8(ascii: ":"))
        bytes.append(decimal: port)
    }
}

extension Endpoint: CustomStringConvertible {
    public var description: String {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
