import Glibc
import Shared

/// A report that a segment of TCP did not arrive: an ICMP message with the packet's first bytes in it (RFC 792, RFC 4443).
///
///     |     Type      |     Code      |          Checksum             |
///     |                 nothing that matters here                     |
///     |   the packet: its IP header and at least 8 bytes behind it    |
struct Undelivered {
    var source: Endpoint
    var destination: Endpoint
    var sequence: SequenceNumber
    /// What the connect fails with, an error number of Linux'.
    var error: Int32

    /// - Parameters:
    ///   - bytes: what was captured of the message.
    ///   - number: the protocol's, which says whether it is IPv4's or IPv6's.
    /// - Returns: `nil` where it reports something else, or of something else.
    init?(_ bytes: RawSpan, number: UInt8) {
        guard bytes.byteCount >= 8 else { return nil }
        let isV6 = number == Datagram.Number.icmpV6
        let (type, code) = (bytes.byte(0), bytes.byte(1))
        guard let error = isV6 ? Self.errorV6(type, code) : Self.error(type, code) else { return nil }
        let packet = bytes.extracting(8..<bytes.byteCount)
        let length = packet.byteCount
        let header = isV6 ? IPv6.header(packet, wireLength: length) : IPv4.header(packet, wireLength: length)
        guard let header, header.payloadProtocol == Datagram.Number.tcp, header.fragment?.offset ?? 0 == 0,
            packet.byteCount &- header.payloadOffset >= 8
        else { return nil }
        let segment = packet.extracting(header.payloadOffset..<packet.byteCount)
        source = Endpoint(header.source, segment.field16(0))
        destination = Endpoint(header.destination, segment.field16(2))
        sequence = SequenceNumber(segment.field32(4))
        self.error = error
    }

    /// As Linux has it (icmp_err_convert in net/ipv4/icmp.c, tcp_v4_err in net/ipv4/tcp_ipv4.c).
    private static func error(_ type: UInt8, _ code: UInt8) -> Int32? {
        switch (type, code) {
        // Destination unreachable.
        case (3, 0), (3, 6), (3, 9), (3, 11): ENETUNREACH
        case (3, 1), (3, 10), (3, 12...15): EHOSTUNREACH
        case (3, 2): ENOPROTOOPT
        case (3, 3): ECONNREFUSED
        case (3, 5): EOPNOTSUPP
        case (3, 7): EHOSTDOWN
        case (3, 8): ENONET
        // Time exceeded.
        case (11, _): EHOSTUNREACH
        // Parameter problem.
        case (12, _): EPROTO
        default: nil
        }
    }

    /// As Linux has it (icmpv6_err_convert in net/ipv6/icmp.c).
    private static func errorV6(_ type: UInt8, _ code: UInt8) -> Int32? {
        switch (type, code) {
        // Destination unreachable.
        case (1, 0): ENETUNREACH
        case (1, 2), (1, 3): EHOSTUNREACH
        case (1, 4): ECONNREFUSED
        case (1, 1), (1, 5), (1, 6): EACCES
        // Time exceeded.
        case (3, _): EHOSTUNREACH
        // Parameter problem.
        case (4, _): EPROTO
        default: nil
        }
    }
}
