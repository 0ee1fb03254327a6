import Shared

/// An IP header, of either version, as far as TCP and tunnels need it.
struct Datagram {
    var source: IPAddress
    var destination: IPAddress
    /// The protocol of the payload (IANA protocol numbers); behind IPv6's extension headers.
    var payloadProtocol: UInt8
    /// Where the payload begins, from the beginning of the IP header.
    var payloadOffset: Int
    /// Bytes of the payload on the wire.
    ///
    /// More may have been captured (padding), or fewer (snaplen).
    var payloadLength: Int
    /// Set where the payload is a part of a larger one.
    var fragment: Fragment?

    /// A part of a datagram's payload (RFC 791, section 3.2; RFC 8200, section 4.5).
    struct Fragment {
        /// The same for all parts of one datagram; IPv4 has 16 bits of it.
        var identification: UInt32
        /// Bytes of the whole payload before this part.
        var offset: Int
        var isLast: Bool
    }

    /// Protocol numbers that matter here.
    enum Number {
        static let hopByHop: UInt8 = 0
        static let icmp: UInt8 = 1
        static let ipv4: UInt8 = 4
        static let tcp: UInt8 = 6
        static let udp: UInt8 = 17
        static let ipv6: UInt8 = 41
        static let routing: UInt8 = 43
        static let fragment: UInt8 = 44
        static let gre: UInt8 = 47
        /// ESP.
        static let encrypted: UInt8 = 50
        static let authentication: UInt8 = 51
        static let icmpV6: UInt8 = 58
        static let destinationOptions: UInt8 = 60
        static let etherIP: UInt8 = 97
        /// IPComp.
        static let compressed: UInt8 = 108
        /// L2TP without UDP, version 3.
        static let l2tp: UInt8 = 115
        static let mobility: UInt8 = 135
        static let mpls: UInt8 = 137
        static let hostIdentity: UInt8 = 139
        static let shim6: UInt8 = 140
    }
}
