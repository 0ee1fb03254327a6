import Shared

/// What is around an IP packet, header by header: tags, labels, tunnels.
///
/// One step takes one header off. It says what follows, where, and where that ends: a length that a header gives bounds
/// whatever is inside, so that padding is never anybody's payload.
enum Encapsulation {
    /// IP in IP, counted from the outside, by whatever tunnels: a packet may be made of nothing but headers.
    static let nesting = 8

    /// What begins at an offset.
    enum Layer: Equatable {
        /// What this EtherType says; below 0x600 it is a length, and an LLC header follows (IEEE 802.3).
        case etherType(UInt16)
        /// Addresses, then an EtherType.
        case ethernet
        /// LLC (IEEE 802.2), perhaps with SNAP (RFC 1042).
        case llc
        case ppp
        case mpls
        case ip
        /// What this number of IP's protocols says, in the datagram whose header was taken off last.
        case payload(UInt8)
    }

    /// What a header has around itself.
    struct Place {
        var layer: Layer
        var at: Int
        /// Where it ended on the wire; beyond the captured bytes where those were cut.
        var end: Int
        /// A header around it has said so; else it is the frame's length, which a record may have wrong.
        var isBounded = false
        var network = Network.plain

        /// What begins so many bytes behind this place.
        func next(_ layer: Layer, after count: Int, on network: Network? = nil) -> Place {
            var next = self
            next.layer = layer
            next.at = at &+ count
            if let network { next.network = network }
            return next
        }

        /// The same, not longer than so many bytes.
        func next(_ layer: Layer, after count: Int, length: Int, on network: Network? = nil) -> Place {
            var next = next(layer, after: count, on: network)
            next.end = min(end, next.at &+ length)
            next.isBounded = true
            return next
        }
    }

    /// What came of a header.
    enum Step {
        case next(Place)
        /// No IP packet: ARP, a spanning tree's frame, a keep-alive.
        case notIP
        /// A datagram of UDP that is no tunnel, between ports of which one is looked at; its payload is at the place.
        case message(source: UInt16, destination: UInt16, Place)
        /// An IP packet with something that carries none: UDP, ICMP.
        case otherProtocol
        /// A header that is cut short.
        case malformed
        /// It carries packets which are not got out of it.
        case notUnpacked(Tunnel)
    }

    /// What packets are carried in and are not got out of.
    enum Tunnel: UInt8, CaseIterable, Comparable, Sendable {
        case esp, ipComp, l2tp, macsec, trill, pppCompressed, pppEncrypted, pppMultilink, vanJacobson, gre, mpls,
            erspan, gtp,
            geneve, vxlanGPE, nsh, wireGuard, nesting

        static func < (a: Tunnel, b: Tunnel) -> Bool { a.rawValue < b.rawValue }

        /// What people call it.
        var name: String {
            switch self {
            case .esp: "ESP (encrypted)"
            case .ipComp: "IPComp"
            case .l2tp: "L2TP"
            case .macsec: "MACsec (encrypted)"
            case .trill: "TRILL"
            case .pppCompressed: "PPP (compressed)"
            case .pppEncrypted: "PPP (encrypted)"
            case .pppMultilink: "PPP Multilink"
            case .vanJacobson: "PPP (Van Jacobson compression)"
            case .gre: "GRE with an unknown protocol"
            case .mpls: "MPLS with an unknown payload"
            case .erspan: "ERSPAN of an unknown version"
            case .gtp: "GTP-U with an unknown payload"
            case .geneve: "Geneve with an unknown protocol"
            case .vxlanGPE: "VXLAN-GPE"
            case .nsh: "NSH"
            case .wireGuard: "WireGuard (encrypted)"
            case .nesting: "IP in more than \(Encapsulation.nesting) others"
            }
        }
    }

    /// Takes the header off that begins at a place; `ip` is none of these, and `payload` needs the datagram.
    static func step(_ bytes: RawSpan, _ place: Place) -> Step {
        switch place.layer {
        case .etherType(let type): etherType(type, bytes, place)
        case .ethernet: ethernet(bytes, place)
        case .llc: llc(bytes, place)
        case .ppp: ppp(bytes, place)
        case .mpls: mpls(bytes, place)
        case .ip, .payload: .malformed
        }
    }

    /// Whether so many bytes of a place were captured, within what was on the wire.
    @inline(__always)
    static func has(_ count: Int, _ bytes: RawSpan, _ place: Place) -> Bool {
        place.at &+ count <= min(bytes.byteCount, place.end)
    }

    // MARK: Frames

    private static func ethernet(_ bytes: RawSpan, _ place: Place) -> Step {
        guard has(14, bytes, place) else { return .malformed }
        return next(.etherType(bytes.field16(place.at &+ 12)), after: 14, place)
    }

    /// The step to what begins so many bytes behind a place.
    static func next(_ layer: Layer, after count: Int, _ place: Place, on network: Network? = nil) -> Step {
        .next(place.next(layer, after: count, on: network))
    }

    private static func etherType(_ type: UInt16, _ bytes: RawSpan, _ place: Place) -> Step {
        let at = place.at
        switch type {
        case 0x0800, 0x86DD: return next(.ip, after: 0, place)
        // 802.1Q, 802.1ad, and what came before the latter; 0 is no VLAN but a priority.
        case 0x8100, 0x88A8, 0x9100, 0x9200:
            guard has(4, bytes, place) else { return .malformed }
            let vlan = bytes.field16(at) & 0x0FFF
            let network = vlan == 0 ? place.network : place.network.inside(.vlan, UInt64(vlan))
            return next(.etherType(bytes.field16(at &+ 2)), after: 4, place, on: network)
        // 802.1BR's E-tag and Cisco's VN-tag: ports of a switch, another one in each direction.
        case 0x893F: return tag(8, bytes, place)
        case 0x8926: return tag(6, bytes, place)
        // Cisco MetaData: version, length in words of four bytes, options with the security group.
        case 0x8909:
            guard has(2, bytes, place) else { return .malformed }
            return tag(4 &+ Int(bytes.byte(at &+ 1)) &* 4, bytes, place)
        // 802.1ah: the I-TAG, then the customer's frame.
        case 0x88E7:
            guard has(4, bytes, place) else { return .malformed }
            let instance = UInt64(bytes.field32(at) & 0xFF_FFFF)
            return next(.ethernet, after: 4, place, on: place.network.inside(.serviceInstance, instance))
        // MPLS (RFC 3032), unicast and multicast.
        case 0x8847, 0x8848: return next(.mpls, after: 0, place)
        // PPPoE's session stage (RFC 2516, section 4): version and type, code, session, length.
        case 0x8864:
            guard has(6, bytes, place) else { return .malformed }
            let network = place.network.inside(.pppoe, UInt64(bytes.field16(at &+ 2)))
            return .next(place.next(.ppp, after: 6, length: Int(bytes.field16(at &+ 4)), on: network))
        case 0x6558: return next(.ethernet, after: 0, place)
        case 0x880B: return next(.ppp, after: 0, place)
        case 0x88E5: return macsec(bytes, place)
        case 0x894F: return nsh(bytes, place)
        case 0x22F3: return .notUnpacked(.trill)
        case 0..<0x600:
            // 0 is no length: a capture of a card that cuts frames up has it.
            return .next(place.next(.llc, after: 0, length: type > 0 ? Int(type) : place.end &- at))
        default: return .notIP
        }
    }

    /// A tag of so many bytes, the last two of which are the next EtherType.
    private static func tag(_ length: Int, _ bytes: RawSpan, _ place: Place) -> Step {
        guard has(length, bytes, place) else { return .malformed }
        return next(.etherType(bytes.field16(place.at &+ length &- 2)), after: length, place)
    }

    private static func llc(_ bytes: RawSpan, _ place: Place) -> Step {
        guard has(3, bytes, place) else { return .malformed }
        let (at, service) = (place.at, bytes.field16(place.at))
        // IP has a service access point of its own (RFC 948), before SNAP.
        if service == 0x0606, bytes.byte(at &+ 2) == 3 { return next(.ip, after: 3, place) }
        guard service == 0xAAAA, bytes.byte(at &+ 2) == 3 else { return .notIP }
        guard has(8, bytes, place) else { return .malformed }
        // RFC 1042's organisation, and that of bridges (IEEE 802.1H).
        switch bytes.field32(at &+ 2) & 0xFF_FFFF {
        case 0x00_0000, 0x00_00F8:
            let type = bytes.field16(at &+ 6)
            return type < 0x600 ? .notIP : next(.etherType(type), after: 8, place)
        // A whole Ethernet frame, with and without its check sequence (RFC 2684, section 5.2).
        case 0x00_80C2:
            let type = bytes.field16(at &+ 6)
            return type == 0x0001 || type == 0x0007 ? next(.ethernet, after: 8, place) : .notIP
        default: return .notIP
        }
    }

    /// IEEE 802.1AE: where it is not encrypted, only checked, the EtherType is behind its tag.
    private static func macsec(_ bytes: RawSpan, _ place: Place) -> Step {
        guard has(8, bytes, place) else { return .malformed }
        let control = bytes.byte(place.at)
        guard control & 0x0C == 0 else { return .notUnpacked(.macsec) }
        return tag(control & 0x20 != 0 ? 16 : 8, bytes, place)
    }

    /// A service function's header (RFC 8300): its length in words of four bytes, then what follows.
    private static func nsh(_ bytes: RawSpan, _ place: Place) -> Step {
        guard has(8, bytes, place) else { return .malformed }
        let length = Int(bytes.field16(place.at) & 0x3F) &* 4
        guard length >= 8, has(length, bytes, place) else { return .malformed }
        switch bytes.byte(place.at &+ 3) {
        case 1, 2: return next(.ip, after: length, place)
        case 3: return next(.ethernet, after: length, place)
        case 5: return next(.mpls, after: length, place)
        default: return .notUnpacked(.nsh)
        }
    }

    // MARK: PPP

    /// PPP (RFC 1661), with or without HDLC's address and control bytes (RFC 1662).
    private static func ppp(_ bytes: RawSpan, _ place: Place) -> Step {
        guard has(2, bytes, place) else { return .malformed }
        var place = place
        if bytes.field16(place.at) == 0xFF03 { place.at = place.at &+ 2 }
        guard has(2, bytes, place) else { return .malformed }
        // The first byte of a protocol's number is even; compressed (RFC 1661, section 6.5), the number is one odd byte.
        let first = bytes.byte(place.at)
        let isCompressed = first & 1 == 1
        let length = isCompressed ? 1 : 2
        switch isCompressed ? UInt16(first) : bytes.field16(place.at) {
        case 0x0021, 0x0057: return next(.ip, after: length, place)
        case 0x0281, 0x0283: return next(.mpls, after: length, place)
        // Bridging (RFC 3518, section 4.1): flags, the kind of network; 1 is Ethernet.
        case 0x0031:
            guard has(length &+ 2, bytes, place), bytes.byte(place.at &+ length &+ 1) == 1 else { return .notIP }
            return next(.ethernet, after: length &+ 2, place)
        case 0x002D, 0x002F: return .notUnpacked(.vanJacobson)
        case 0x003D: return .notUnpacked(.pppMultilink)
        case 0x0053, 0x0055: return .notUnpacked(.pppEncrypted)
        case 0x00FB, 0x00FD: return .notUnpacked(.pppCompressed)
        default: return .notIP
        }
    }

    // MARK: MPLS

    /// Labels of four bytes (RFC 3032); bit 8 marks the last, and what follows isn't said.
    private static func mpls(_ bytes: RawSpan, _ place: Place) -> Step {
        var place = place
        var isLast = false
        var label: UInt32 = 0
        while !isLast {
            guard has(4, bytes, place) else { return .malformed }
            label = bytes.field32(place.at)
            isLast = label & 0x100 != 0
            place.at = place.at &+ 4
        }
        guard has(1, bytes, place) else { return .malformed }
        let network = place.network.inside(.mpls, UInt64(label >> 12))
        let version = bytes.byte(place.at) >> 4
        if version == 4 || version == 6, looksLikeIP(bytes, place) { return next(.ip, after: 0, place, on: network) }
        // A pseudowire's control word (RFC 4385, section 3), then a frame; or a frame without one. Both may look like it where
        // an address begins with a zero: what holds a packet is the frame.
        var behind = place
        behind.at = place.at &+ 4
        let isBehind = version == 0 && looksLikeEthernet(bytes, behind)
        let isHere = looksLikeEthernet(bytes, place)
        if isBehind, !isHere || holdsIP(bytes, behind) || !holdsIP(bytes, place) {
            return next(.ethernet, after: 4, place, on: network)
        }
        if isHere { return next(.ethernet, after: 0, place, on: network) }
        // An associated channel (RFC 4385, section 5): it carries no user's packets.
        return version == 1 ? .notIP : .notUnpacked(.mpls)
    }

    private static func looksLikeIP(_ bytes: RawSpan, _ place: Place) -> Bool {
        let (at, rest) = (place.at, place.end &- place.at)
        if bytes.byte(at) >> 4 == 6 {
            return has(40, bytes, place) && Int(bytes.field16(at &+ 4)) &+ 40 <= rest
        }
        guard has(20, bytes, place) else { return false }
        return bytes.byte(at) & 0x0F >= 5 && Int(bytes.field16(at &+ 2)) <= rest
    }

    /// Whether an IP packet begins in the frame that begins here, as far as it was captured.
    private static func holdsIP(_ frame: RawSpan, _ place: Place) -> Bool {
        guard has(14, frame, place) else { return false }
        let version = has(15, frame, place) ? frame.byte(place.at &+ 14) >> 4 : nil
        return switch frame.field16(place.at &+ 12) {
        case 0x0800: version ?? 4 == 4
        case 0x86DD: version ?? 6 == 6
        default: false
        }
    }

    /// Whether a frame begins here: its EtherType is one of those that are used.
    static func looksLikeEthernet(_ bytes: RawSpan, _ place: Place) -> Bool {
        guard has(14, bytes, place) else { return false }
        switch bytes.field16(place.at &+ 12) {
        case 0x0800, 0x86DD, 0x0806, 0x8100, 0x88A8, 0x8847, 0x8863, 0x8864, 0x88CC: return true
        case let length where length < 0x600: return place.at &+ 14 &+ Int(length) <= place.end
        default: return false
        }
    }
}
