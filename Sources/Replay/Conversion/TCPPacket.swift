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

        let packet = IPPacket(from: source.address, to: destination.address, number: 6)
        let checksum = packet.checksum(segment, length: segment.count)
        segment[16] = UInt8(truncatingIfNeeded: checksum >> 8)
        segment[17] = UInt8(truncatingIfNeeded: checksum)
        return packet.header(segment.count) + segment
    }
}

/// An IP packet with a message of UDP in it (RFC 768).
struct UDPPacket {
    var source: Endpoint
    var destination: Endpoint

    /// The packet, as far as it was captured.
    /// - Parameter missing: bytes behind the payload that were not; the checksum is 0 then, which is none.
    /// - Returns: `nil` where no packet holds so much.
    func bytes(_ payload: RawSpan, missing: Int) -> [UInt8]? {
        let length = 8 &+ payload.byteCount &+ missing
        guard length <= Int(UInt16.max) &- 20 else { return nil }
        var message: [UInt8] = []
        message.reserveCapacity(8 &+ payload.byteCount)
        message.big(source.port)
        message.big(destination.port)
        message.big(UInt16(truncatingIfNeeded: length))
        message.big(0 as UInt16)
        message.append(payload)
        let packet = IPPacket(from: source.address, to: destination.address, number: 17)
        if missing == 0 {
            // One that comes to 0 is sent as all ones.
            let sum = packet.checksum(message, length: length)
            let checksum = sum == 0 ? 0xFFFF : sum
            message[6] = UInt8(truncatingIfNeeded: checksum >> 8)
            message[7] = UInt8(truncatingIfNeeded: checksum)
        }
        return packet.header(length) + message
    }
}

/// An IP packet with a report in it that another did not arrive (ICMP: RFC 792, RFC 4443).
struct UndeliveredPacket {
    /// The packet that did not arrive, whose sender is told.
    var packet: TCPPacket
    var reason: Reason

    enum Reason {
        case noRoute, networkUnreachable

        fileprivate var code: UInt8 { self == .noRoute ? 1 : 0 }
        fileprivate var codeV6: UInt8 { self == .noRoute ? 3 : 0 }
    }

    func bytes() -> [UInt8] {
        let isV4 = packet.source.address.v4 != nil && packet.destination.address.v4 != nil
        // Destination unreachable, the checksum, four bytes of nothing.
        let kind: [UInt8] = isV4 ? [3, reason.code] : [1, reason.codeV6]
        var message = kind + [0, 0, 0, 0, 0, 0] + packet.bytes(RawSpan())
        let header = IPPacket(
            from: packet.destination.address, to: packet.source.address, number: isV4 ? 1 : 58)
        let checksum = isV4 ? IPPacket.checksum(message, after: 0) : header.checksum(message, length: message.count)
        message[2] = UInt8(truncatingIfNeeded: checksum >> 8)
        message[3] = UInt8(truncatingIfNeeded: checksum)
        return header.header(message.count) + message
    }
}

/// The header of an IP packet: IPv4 where both ends are, else IPv6.
private struct IPPacket {
    private var addresses: [UInt8] = []
    private let isV4: Bool
    /// Of the protocol in it (IANA protocol numbers).
    private let number: UInt8

    init(from source: IPAddress, to destination: IPAddress, number: UInt8) {
        isV4 = source.v4 != nil && destination.v4 != nil
        self.number = number
        for address in [source, destination] {
            if isV4 {
                addresses.big(address.v4 ?? 0)
            } else {
                addresses.big(address.high)
                addresses.big(address.low)
            }
        }
    }

    func header(_ length: Int) -> [UInt8] { isV4 ? header4(length) : header6(length) }

    /// Of what is in it, with the header's addresses (RFC 9293, section 3.1; RFC 8200, section 8.1).
    func checksum(_ content: [UInt8], length: Int) -> UInt16 {
        var pseudo = addresses
        pseudo.big(UInt32(truncatingIfNeeded: length))
        pseudo.big(UInt32(number))
        return Self.checksum(content, after: Self.sum(pseudo))
    }

    private func header4(_ length: Int) -> [UInt8] {
        var header: [UInt8] = [0x45, 0]
        header.big(UInt16(truncatingIfNeeded: 20 &+ length))
        // Don't Fragment, a time to live of 64.
        header += [0, 0, 0x40, 0, 64, number, 0, 0]
        header += addresses
        let checksum = Self.checksum(header, after: 0)
        header[10] = UInt8(truncatingIfNeeded: checksum >> 8)
        header[11] = UInt8(truncatingIfNeeded: checksum)
        return header
    }

    private func header6(_ length: Int) -> [UInt8] {
        var header: [UInt8] = [0x60, 0, 0, 0]
        header.big(UInt16(truncatingIfNeeded: length))
        return header + [number, 64] + addresses
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

    static func checksum(_ bytes: [UInt8], after start: UInt64) -> UInt16 {
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
