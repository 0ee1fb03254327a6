import Shared

/// The IPv4 header (RFC 791, section 3.1).
///
///     |Version|  IHL  |Type of Service|          Total Length         |
///     |         Identification        |Flags|      Fragment Offset    |
///     |  Time to Live |    Protocol   |         Header Checksum       |
///     |                       Source Address                          |
///     |                    Destination Address                        |
enum IPv4 {
    /// - Parameters:
    ///   - bytes: what was captured, from the IP header on.
    ///   - wireLength: how long that was on the wire, padding included.
    /// - Returns: `nil` where the header is cut short or contradicts itself.
    static func header(_ bytes: RawSpan, wireLength: Int) -> Datagram? {
        guard let lengths = lengths(bytes, wireLength: wireLength) else { return nil }
        var fragment: Datagram.Fragment?
        let flagsAndOffset = bytes.field16(6)
        // More Fragments, or an offset.
        if flagsAndOffset & 0x3FFF != 0 {
            fragment = Datagram.Fragment(
                identification: UInt32(bytes.field16(4)), offset: Int(flagsAndOffset & 0x1FFF) &* 8,
                isLast: flagsAndOffset & 0x2000 == 0)
        }
        return Datagram(
            source: source(bytes), destination: destination(bytes), payloadProtocol: bytes.byte(9),
            payloadOffset: lengths.header, payloadLength: lengths.payload, fragment: fragment)
    }

    /// How many bytes the header has, and how many the payload had on the wire; `nil` as above.
    @inline(__always)
    static func lengths(_ bytes: RawSpan, wireLength: Int) -> (header: Int, payload: Int)? {
        guard bytes.byteCount >= 20 else { return nil }
        let headerLength = Int(bytes.byte(0) & 0x0F) &* 4
        guard headerLength >= 20, headerLength <= bytes.byteCount else { return nil }
        var totalLength = Int(bytes.field16(2))
        // A packet that is handed to the network card to be cut up (TSO) and is longer than the field can say has 0.
        if totalLength == 0 { totalLength = unstatedLength(bytes, headerLength, wireLength: wireLength) }
        guard totalLength >= headerLength else { return nil }
        return (headerLength, totalLength &- headerLength)
    }

    /// The length of a packet whose header does not say it: all there is, but for what fills a short frame up.
    ///
    /// Ethernet carries at least 46 bytes (IEEE 802.3, section 4A.4.2): zeros behind the TCP header of a packet that is not
    /// longer are no payload.
    @inline(never)
    private static func unstatedLength(_ bytes: RawSpan, _ headerLength: Int, wireLength: Int) -> Int {
        guard wireLength <= 46, isWholeTCP(bytes), headerLength &+ 20 <= bytes.byteCount else { return wireLength }
        let end = headerLength &+ Int(bytes.byte(headerLength &+ 12) >> 4) &* 4
        guard end <= bytes.byteCount, (end..<bytes.byteCount).allSatisfy({ bytes.byte($0) == 0 }) else {
            return wireLength
        }
        return end
    }

    /// Whether a header, all of which is there, is that of TCP which is not in parts.
    @inline(__always)
    static func isWholeTCP(_ bytes: RawSpan) -> Bool {
        bytes.byte(9) == Datagram.Number.tcp && bytes.field16(6) & 0x3FFF == 0
    }

    @inline(__always)
    static func source(_ bytes: RawSpan) -> IPAddress { IPAddress(v4: bytes.field32(12)) }

    @inline(__always)
    static func destination(_ bytes: RawSpan) -> IPAddress { IPAddress(v4: bytes.field32(16)) }
}
