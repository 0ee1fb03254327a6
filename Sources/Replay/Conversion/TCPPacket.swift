import Shared

/// An IP packet with a TCP segment in it, made up from what is known of a stream; its checksums are right.
struct TCPPacket {
    var source: Endpoint
    var destination: Endpoint
    var sequence: UInt32
    /// Left out of a segment without ACK.
    var acknowledgment: UInt32
    var flags: Flags

    struct Flags: OptionSet {
        var rawValue: UInt8
        static let fin = Flags(rawValue: 0x01)
        static let syn = Flags(rawValue: 0x02)
        static let rst = Flags(rawValue: 0x04)
        static let psh = Flags(rawValue: 0x08)
        static let ack = Flags(rawValue: 0x10)
    }

    /// Bytes of payload in one packet: with both headers they fit the 16 bits of an IP packet's length.
    static let payloadBytes = 60_000

    /// The packet: IPv4 where both ends are, else IPv6.
    ///
    /// - Parameter payload: at most `payloadBytes`.
    func bytes(_ payload: RawSpan) -> [UInt8] {
        var segment: [UInt8] = []
        segment.reserveCapacity(20 &+ payload.byteCount)
        segment.big(source.port)
        segment.big(destination.port)
        segment.big(sequence)
        segment.big(flags.contains(.ack) ? acknowledgment : 0)
        segment.append(0x50)
        segment.append(flags.rawValue)
        segment.big(0xFFFF as UInt16)
        segment.big(0 as UInt32)
        segment.append(payload)

        var addresses: [UInt8] = []
        let isV4 = source.address.v4 != nil && destination.address.v4 != nil
        for address in [source.address, destination.address] {
            if isV4 {
                addresses.big(address.v4 ?? 0)
            } else {
                addresses.big(address.high)
                addresses.big(address.low)
            }
        }
        var pseudo = addresses
        pseudo.big(UInt32(truncatingIfNeeded: segment.count))
        pseudo.big(6 as UInt32)
        let checksum = Self.checksum(segment, after: Self.sum(pseudo))
        segment[16] = UInt8(truncatingIfNeeded: checksum >> 8)
        segment[17] = UInt8(truncatingIfNeeded: checksum)
        return (isV4 ? Self.header4(segment.count, addresses) : Self.header6(segment.count, addresses)) + segment
    }

    private static func header4(_ length: Int, _ addresses: [UInt8]) -> [UInt8] {
        var header: [UInt8] = [0x45, 0]
        header.big(UInt16(truncatingIfNeeded: 20 &+ length))
        // Don't Fragment, a time to live of 64, TCP.
        header += [0, 0, 0x40, 0, 64, 6, 0, 0]
        header += addresses
        let checksum = checksum(header, after: 0)
        header[10] = UInt8(truncatingIfNeeded: checksum >> 8)
        header[11] = UInt8(truncatingIfNeeded: checksum)
        return header
    }

    private static func header6(_ length: Int, _ addresses: [UInt8]) -> [UInt8] {
        var header: [UInt8] = [0x60, 0, 0, 0]
        header.big(UInt16(truncatingIfNeeded: length))
        return header + [6, 64] + addresses
    }

    // MARK: The Internet checksum (RFC 1071)

    private static func sum(_ bytes: [UInt8]) -> UInt64 {
        var sum: UInt64 = 0
        var at = 0
        while at < bytes.count {
            sum &+= UInt64(bytes[at]) << 8
            if at + 1 < bytes.count { sum &+= UInt64(bytes[at + 1]) }
            at += 2
        }
        return sum
    }

    private static func checksum(_ bytes: [UInt8], after start: UInt64) -> UInt16 {
        var folded = start &+ sum(bytes)
        while folded >> 16 != 0 { folded = folded & 0xFFFF &+ folded >> 16 }
        return ~UInt16(truncatingIfNeeded: folded)
    }
}

extension [UInt8] {
    fileprivate mutating func big<T: FixedWidthInteger & UnsignedInteger>(_ value: T) {
        for shift in stride(from: T.bitWidth - 8, through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: value >> T(shift)))
        }
    }
}
