import Shared

/// Where a packet was found: the VLANs and tunnels around it, as one number.
///
/// Equal endpoints on two networks may be two connections, those of two tenants or two customers; they may also be one that
/// was seen in two places, or whose directions are tagged differently. `FlowTable` tells by the sequence numbers.
struct Network: Equatable, Sendable {
    let number: UInt64
    /// Nothing is around it.
    static let plain = Network(number: 0)

    /// What tells one network from another of its kind.
    enum Kind: UInt64 {
        /// The VLAN's number (IEEE 802.1Q).
        case vlan = 1
        /// The service instance (IEEE 802.1ah, I-SID).
        case serviceInstance
        /// The last label before the payload (RFC 3032).
        case mpls
        /// The session (RFC 2516).
        case pppoe
        /// The outer addresses (RFC 2003, RFC 4213).
        case ip
        /// The outer addresses and the key (RFC 2890).
        case gre
        /// The network identifier (RFC 7348).
        case vxlan
        /// The network identifier (RFC 8926).
        case geneve
        /// The mirror's session.
        case erspan
        /// The tunnel endpoint (3GPP TS 29.281).
        case gtp
        /// The tunnel and the session (RFC 2661).
        case l2tp
    }

    /// The network of this identity that is carried by this one.
    func inside(_ kind: Kind, _ identity: UInt64) -> Network {
        let product = (number ^ kind.rawValue &* 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(by: 0xFF51_AFD7_ED55_8CCD)
        let mixed = (product.high ^ product.low &+ identity).multipliedFullWidth(by: 0xC4CE_B9FE_1A85_EC53)
        return Network(number: mixed.high ^ mixed.low)
    }

    /// The network between two outer addresses, the same for both directions.
    func inside(_ kind: Kind, between datagram: Datagram, key: UInt64 = 0) -> Network {
        func half(_ high: UInt64, _ low: UInt64) -> UInt64 { Network(number: high).inside(kind, low).number }
        let ends =
            half(datagram.source.high, datagram.source.low)
            &+ half(datagram.destination.high, datagram.destination.low)
        return inside(kind, ends).inside(kind, key)
    }
}
