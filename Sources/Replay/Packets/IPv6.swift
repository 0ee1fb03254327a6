import Shared

/// The IPv6 header and its extension headers (RFC 8200, sections 3 and 4).
///
///     |Version| Traffic Class |           Flow Label                  |
///     |         Payload Length        |  Next Header  |   Hop Limit   |
///     |                   Source Address, 16 bytes                    |
///     |                Destination Address, 16 bytes                  |
enum IPv6 {
    /// RFC 8200 names six extension headers; a longer chain is there to keep a reader busy.
    static let extensionHeaders = 16

    /// - Parameters:
    ///   - bytes: what was captured, from the IP header on.
    ///   - wireLength: how long that was on the wire, padding included.
    /// - Returns: `nil` where a header is cut short or contradicts itself.
    static func header(_ bytes: RawSpan, wireLength: Int) -> Datagram? {
        guard bytes.byteCount >= 40 else { return nil }
        var payloadLength = Int(bytes.field16(4))
        // Jumbograms (RFC 2675) and packets for the network card to cut up (TSO) have 0.
        if payloadLength == 0 { payloadLength = wireLength &- 40 }
        let end = 40 &+ payloadLength

        var next = bytes.byte(6)
        var offset = 40
        var fragment: Datagram.Fragment?
        for _ in 0..<extensionHeaders {
            if next == Datagram.Number.fragment {
                guard offset &+ 8 <= bytes.byteCount else { return nil }
                let offsetAndMore = bytes.field16(offset &+ 2)
                // An atomic fragment (RFC 6946) is a whole datagram.
                if offsetAndMore & 0xFFF9 != 0 {
                    fragment = Datagram.Fragment(
                        identification: bytes.field32(offset &+ 4), offset: Int(offsetAndMore & 0xFFF8),
                        isLast: offsetAndMore & 1 == 0)
                }
                next = bytes.byte(offset)
                offset = offset &+ 8
                // What follows in a fragment is a part of something that can't be read yet.
                if fragment != nil { break }
            } else if isExtension(next) {
                guard offset &+ 8 <= bytes.byteCount else { return nil }
                let length = extensionLength(next, bytes.byte(offset &+ 1))
                next = bytes.byte(offset)
                offset = offset &+ length
            } else {
                break
            }
        }
        guard offset <= bytes.byteCount, offset <= end else { return nil }
        return Datagram(
            source: IPAddress(high: bytes.field64(8), low: bytes.field64(16)),
            destination: IPAddress(high: bytes.field64(24), low: bytes.field64(32)),
            payloadProtocol: next, payloadOffset: offset, payloadLength: end &- offset, fragment: fragment)
    }

    /// Steps over the extension headers at the beginning of a datagram that was put together from fragments.
    /// - Returns: the protocol behind them and where it begins.
    static func upperLayer(_ bytes: RawSpan, next first: UInt8) -> (payloadProtocol: UInt8, offset: Int) {
        var next = first
        var offset = 0
        for _ in 0..<extensionHeaders where isExtension(next) && offset &+ 8 <= bytes.byteCount {
            let length = extensionLength(next, bytes.byte(offset &+ 1))
            next = bytes.byte(offset)
            offset = offset &+ length
        }
        return (next, offset)
    }

    /// Whether it is the number of a header that stands before what is carried.
    static func isExtension(_ number: UInt8) -> Bool {
        switch number {
        case Datagram.Number.hopByHop, Datagram.Number.routing, Datagram.Number.destinationOptions,
            Datagram.Number.authentication, Datagram.Number.mobility, Datagram.Number.hostIdentity,
            Datagram.Number.shim6:
            true
        default:
            false
        }
    }

    /// Bytes of an extension header, from its second byte: in units of eight after the first eight, but
    /// authentication's in words of four, minus two (RFC 4302, section 2.2).
    private static func extensionLength(_ number: UInt8, _ field: UInt8) -> Int {
        number == Datagram.Number.authentication ? (Int(field) &+ 2) &* 4 : (Int(field) &+ 1) &* 8
    }
}
