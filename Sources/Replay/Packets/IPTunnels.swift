import Shared

/// Tunnels that are protocols of IP, or ports of UDP.
extension Encapsulation {
    /// Ports of UDP that tunnels have (IANA's registry, but for Linux' old one of VXLAN).
    enum Port {
        static let l2tp: UInt16 = 1701
        static let gtp: UInt16 = 2152
        static let teredo: UInt16 = 3544
        static let lisp: UInt16 = 4341
        static let ipsec: UInt16 = 4500
        static let greInUDP: UInt16 = 4754
        static let vxlan: UInt16 = 4789
        static let vxlanGPE: UInt16 = 4790
        static let geneve: UInt16 = 6081
        static let mplsInUDP: UInt16 = 6635
        static let oldVXLAN: UInt16 = 8472
        static let wireGuard: UInt16 = 51820

        /// Whether a datagram between these may carry packets.
        static func isTunnel(_ source: UInt16, _ destination: UInt16) -> Bool {
            isTunnel(destination) || source == gtp || source == l2tp || source == teredo || source == ipsec
                || source == wireGuard
        }

        private static func isTunnel(_ port: UInt16) -> Bool {
            switch port {
            case l2tp, gtp, teredo, lisp, ipsec, greInUDP, vxlan, vxlanGPE, geneve, mplsInUDP, oldVXLAN, wireGuard: true
            default: false
            }
        }
    }

    /// Takes off what follows an IP header and is not TCP.
    static func payload(_ number: UInt8, _ bytes: RawSpan, _ place: Place, of datagram: Datagram) -> Step {
        switch number {
        case Datagram.Number.ipv4, Datagram.Number.ipv6:
            return next(.ip, after: 0, place, on: place.network.inside(.ip, between: datagram))
        case Datagram.Number.gre: return gre(bytes, place, of: datagram)
        case Datagram.Number.udp: return udp(bytes, place, of: datagram)
        // Ethernet in IP (RFC 3378): version 3 and 12 bits of nothing.
        case Datagram.Number.etherIP:
            guard has(2, bytes, place) else { return .malformed }
            return next(.ethernet, after: 2, place, on: place.network.inside(.ip, between: datagram))
        case Datagram.Number.mpls: return next(.mpls, after: 0, place)
        // An integrity check in front of the rest (RFC 4302); IPv6 has it among its extension headers.
        case Datagram.Number.authentication:
            guard has(12, bytes, place) else { return .malformed }
            let length = (Int(bytes.byte(place.at &+ 1)) &+ 2) &* 4
            return next(.payload(bytes.byte(place.at)), after: length, place)
        default: return closed(number)
        }
    }

    /// What a protocol of IP is that nothing is got out of, whole or in parts.
    static func closed(_ number: UInt8) -> Step {
        switch number {
        case Datagram.Number.encrypted: .notUnpacked(.esp)
        case Datagram.Number.compressed: .notUnpacked(.ipComp)
        case Datagram.Number.l2tp: .notUnpacked(.l2tp)
        default: .otherProtocol
        }
    }

    // MARK: GRE

    /// Generic Routing Encapsulation (RFC 2784, RFC 2890; RFC 1701's source routes; version 1 is PPTP's, RFC 2637).
    ///
    ///     |C|R|K|S| Recur | Flags |A| Ver |         Protocol Type         |
    ///     |      Checksum (C or R)        |       Offset (C or R)         |
    ///     |                         Key (K)                               |
    ///     |                    Sequence Number (S)                        |
    private static func gre(_ bytes: RawSpan, _ place: Place, of datagram: Datagram) -> Step {
        guard has(4, bytes, place) else { return .malformed }
        let flags = bytes.field16(place.at)
        let type = bytes.field16(place.at &+ 2)
        if flags & 7 == 1 { return pptp(bytes, place, flags, of: datagram) }
        guard flags & 7 == 0 else { return .notUnpacked(.gre) }
        var length = 4
        if flags & 0xC000 != 0 { length = length &+ 4 }
        var key: UInt64 = 0
        if flags & 0x2000 != 0 {
            guard has(length &+ 4, bytes, place) else { return .malformed }
            key = UInt64(bytes.field32(place.at &+ length))
            length = length &+ 4
        }
        let isNumbered = flags & 0x1000 != 0
        if isNumbered { length = length &+ 4 }
        if flags & 0x4000 != 0 {
            // Routes until one of length 0: address family, offset, length.
            while true {
                guard has(length &+ 4, bytes, place) else { return .malformed }
                let route = Int(bytes.byte(place.at &+ length &+ 3))
                length = length &+ 4 &+ route
                if route == 0 { break }
            }
        }
        guard has(length, bytes, place) else { return .malformed }
        let network = place.network.inside(.gre, between: datagram, key: key)
        switch type {
        case 0x88BE: return erspan(bytes, place, after: length, hasHeader: isNumbered)
        case 0x22EB: return erspan3(bytes, place, after: length)
        // WCCP's redirection: version 2 has four bytes of its own in front of the packet.
        case 0x883E:
            guard has(length &+ 1, bytes, place) else { return .malformed }
            let isBare = bytes.byte(place.at &+ length) >> 4 == 4
            return next(.ip, after: isBare ? length : length &+ 4, place, on: network)
        case 0x0800, 0x86DD, 0x6558, 0x8847, 0x8848, 0x880B, 0x8100, 0x88A8, 0x894F:
            return next(.etherType(type), after: length, place, on: network)
        // Keep-alives, next hop resolution (RFC 2332), ARP, routers' own protocols.
        case 0, 0x2001, 0x0806, 0x2000, 0x00FE: return .notIP
        default: return .notUnpacked(.gre)
        }
    }

    /// PPTP's (RFC 2637, section 4.1): the key is the payload's length and the call, and a packet may have no payload.
    private static func pptp(_ bytes: RawSpan, _ place: Place, _ flags: UInt16, of datagram: Datagram) -> Step {
        guard has(8, bytes, place) else { return .malformed }
        var length = 8
        if flags & 0x1000 != 0 { length = length &+ 4 }
        if flags & 0x0080 != 0 { length = length &+ 4 }
        let payload = Int(bytes.field16(place.at &+ 4))
        guard payload > 0 else { return .notIP }
        let network = place.network.inside(.gre, between: datagram)
        return .next(place.next(.ppp, after: length, length: payload, on: network))
    }

    /// Mirrored frames: type I has no header of its own, type II has one of eight bytes
    /// (draft-foschiano-erspan-03, section 4.2).
    ///
    ///     |  Ver  |          VLAN         | COS | En|T|    Session ID     |
    ///     |      Reserved         |                  Index                |
    private static func erspan(_ bytes: RawSpan, _ place: Place, after length: Int, hasHeader: Bool) -> Step {
        guard hasHeader else { return next(.ethernet, after: length, place, on: place.network.inside(.erspan, 0)) }
        guard has(length &+ 8, bytes, place) else { return .malformed }
        let first = bytes.field32(place.at &+ length)
        guard first >> 28 == 1 else { return .notUnpacked(.erspan) }
        return next(.ethernet, after: length &+ 8, place, on: place.network.inside(.erspan, UInt64(first & 0x3FF)))
    }

    /// Type III has twelve bytes, and eight more where its last bit says so (section 4.3).
    ///
    ///     |  Ver  |          VLAN         | COS |BSO|T|     Session ID    |
    ///     |                          Timestamp                            |
    ///     |             SGT               |P|    FT   |   Hw ID   |D|Gra|O|
    private static func erspan3(_ bytes: RawSpan, _ place: Place, after length: Int) -> Step {
        guard has(length &+ 12, bytes, place) else { return .malformed }
        let first = bytes.field32(place.at &+ length)
        guard first >> 28 == 2 else { return .notUnpacked(.erspan) }
        let last = bytes.field16(place.at &+ length &+ 10)
        let header = length &+ (last & 1 == 1 ? 20 : 12)
        let network = place.network.inside(.erspan, UInt64(first & 0x3FF))
        switch last >> 10 & 0x1F {
        case 0: return next(.ethernet, after: header, place, on: network)
        case 2: return next(.ip, after: header, place, on: network)
        default: return .notUnpacked(.erspan)
        }
    }

    // MARK: UDP

    /// Whether a datagram between these ports is looked into.
    static func isRead(_ source: UInt16, _ destination: UInt16) -> Bool {
        Port.isTunnel(source, destination) || DatagramPorts.areRead(source, destination)
    }

    /// A tunnel by its port (RFC 768: ports, length, checksum); the length bounds what is inside.
    private static func udp(_ bytes: RawSpan, _ place: Place, of datagram: Datagram) -> Step {
        guard has(8, bytes, place) else { return short(8, place) }
        let (source, destination) = (bytes.field16(place.at), bytes.field16(place.at &+ 2))
        let isTunnel = Port.isTunnel(source, destination)
        guard isTunnel || DatagramPorts.areRead(source, destination) else { return .otherProtocol }
        var inside = place
        inside.at = place.at &+ 8
        // 0 where the datagram is longer than the field can say (RFC 2675, section 4).
        let length = Int(bytes.field16(place.at &+ 4))
        if length >= 8 {
            inside.end = min(place.end, place.at &+ length)
            inside.isBounded = true
        }
        guard isTunnel else {
            return length < 8 ? .malformed : .message(source: source, destination: destination, inside)
        }
        guard has(1, bytes, inside) else { return short(1, inside) }
        switch destination {
        case Port.vxlan, Port.oldVXLAN: return vxlan(bytes, inside, isOld: destination == Port.oldVXLAN)
        case Port.vxlanGPE: return vxlanGPE(bytes, inside)
        case Port.geneve: return geneve(bytes, inside)
        case Port.mplsInUDP: return next(.mpls, after: 0, inside)
        case Port.greInUDP: return gre(bytes, inside, of: datagram)
        // The mapped packet behind LISP's header (RFC 9300, section 5.1).
        case Port.lisp: return ipAfter(8, bytes, inside)
        default: break
        }
        if destination == Port.gtp || source == Port.gtp { return gtp(bytes, inside) }
        if destination == Port.l2tp || source == Port.l2tp { return l2tp(bytes, inside) }
        if destination == Port.teredo || source == Port.teredo { return teredo(bytes, inside) }
        if destination == Port.ipsec || source == Port.ipsec {
            // Four zero bytes are IKE's marker, and one byte of ones keeps the translation alive (RFC 3948, section 2).
            guard inside.end &- inside.at >= 8 else { return .otherProtocol }
            guard has(4, bytes, inside) else { return .malformed }
            return bytes.field32(inside.at) != 0 ? .notUnpacked(.esp) : .otherProtocol
        }
        // Transport data is message type 4, with three zero bytes (WireGuard's paper, section 5.4.6).
        guard inside.end &- inside.at >= 32 else { return .otherProtocol }
        guard has(4, bytes, inside) else { return .malformed }
        return bytes.field32(inside.at) == 0x0400_0000 ? .notUnpacked(.wireGuard) : .otherProtocol
    }

    /// What a datagram is that lacks some of the next so many bytes: one that has them and was cut in them may have carried
    /// anything, one that never had them carries nothing.
    private static func short(_ count: Int, _ place: Place) -> Step {
        place.at &+ count <= place.end ? .malformed : .otherProtocol
    }

    /// An IP packet behind a header of so many bytes, if that is what is there.
    private static func ipAfter(_ length: Int, _ bytes: RawSpan, _ place: Place) -> Step {
        guard has(length &+ 1, bytes, place) else { return short(length &+ 1, place) }
        let version = bytes.byte(place.at &+ length) >> 4
        return version == 4 || version == 6 ? next(.ip, after: length, place) : .otherProtocol
    }

    /// VXLAN (RFC 7348, section 5): a flag that says that there is a network identifier, the identifier, then a frame.
    ///
    /// Linux had another port for it, which OTV has as well: there the frame must look like one.
    ///
    ///     |R|R|R|R|I|R|R|R|            Reserved                           |
    ///     |                VXLAN Network Identifier (VNI) |   Reserved    |
    private static func vxlan(_ bytes: RawSpan, _ place: Place, isOld: Bool) -> Step {
        guard has(8, bytes, place) else { return short(8, place) }
        guard bytes.byte(place.at) & 0x08 != 0 else { return .otherProtocol }
        if isOld {
            var frame = place
            frame.at = place.at &+ 8
            guard has(14, bytes, frame) else { return short(14, frame) }
            guard bytes.field32(place.at) == 0x0800_0000, looksLikeEthernet(bytes, frame) else { return .otherProtocol }
        }
        let identifier = UInt64(bytes.field32(place.at &+ 4) >> 8)
        return next(.ethernet, after: 8, place, on: place.network.inside(.vxlan, identifier))
    }

    /// VXLAN-GPE (draft-ietf-nvo3-vxlan-gpe, section 3.1): the next protocol stands in front of the identifier.
    private static func vxlanGPE(_ bytes: RawSpan, _ place: Place) -> Step {
        guard has(8, bytes, place) else { return short(8, place) }
        guard bytes.byte(place.at) & 0x08 != 0 else { return .otherProtocol }
        let network = place.network.inside(.vxlan, UInt64(bytes.field32(place.at &+ 4) >> 8))
        switch bytes.byte(place.at) & 0x04 != 0 ? bytes.byte(place.at &+ 3) : 3 {
        case 1, 2: return next(.ip, after: 8, place, on: network)
        case 3: return next(.ethernet, after: 8, place, on: network)
        case 4: return next(.etherType(0x894F), after: 8, place, on: network)
        default: return .notUnpacked(.vxlanGPE)
        }
    }

    /// Geneve (RFC 8926, section 3.4): options in words of four bytes, and the EtherType of what follows.
    ///
    ///     |Ver|  Opt Len  |O|C|    Rsvd.  |          Protocol Type        |
    ///     |        Virtual Network Identifier (VNI)       |    Reserved   |
    private static func geneve(_ bytes: RawSpan, _ place: Place) -> Step {
        guard has(8, bytes, place) else { return short(8, place) }
        guard bytes.byte(place.at) >> 6 == 0 else { return .otherProtocol }
        let length = 8 &+ Int(bytes.byte(place.at) & 0x3F) &* 4
        let type = bytes.field16(place.at &+ 2)
        let network = place.network.inside(.geneve, UInt64(bytes.field32(place.at &+ 4) >> 8))
        switch type {
        case 0x0800, 0x86DD, 0x6558, 0x8847, 0x8848, 0x894F:
            return next(.etherType(type), after: length, place, on: network)
        // A control packet has options and nothing behind them.
        default: return place.at &+ length >= place.end ? .otherProtocol : .notUnpacked(.geneve)
        }
    }

    /// GTP-U (3GPP TS 29.281, section 5): user data is message type 255, and an IP packet most often.
    ///
    ///     | Ver |P|*|E|S|N|  Message Type |            Length             |
    ///     |                  Tunnel Endpoint Identifier                   |
    ///     |  Sequence Number (E, S or N)  |  N-PDU Number |Next Extension |
    private static func gtp(_ bytes: RawSpan, _ place: Place) -> Step {
        guard has(8, bytes, place) else { return short(8, place) }
        guard bytes.byte(place.at) & 0xF0 == 0x30, bytes.byte(place.at &+ 1) == 255 else { return .otherProtocol }
        let flags = bytes.byte(place.at)
        var inside = place
        inside.end = min(place.end, place.at &+ 8 &+ Int(bytes.field16(place.at &+ 2)))
        inside.network = place.network.inside(.gtp, UInt64(bytes.field32(place.at &+ 4)))
        inside.at = place.at &+ 8
        if flags & 7 != 0 {
            guard has(4, bytes, inside) else { return .malformed }
            var extensionType = flags & 4 != 0 ? bytes.byte(inside.at &+ 3) : 0
            inside.at = inside.at &+ 4
            // Each has its length in words of four bytes in front and the next one's type at its end.
            while extensionType != 0 {
                guard has(4, bytes, inside) else { return .malformed }
                let length = Int(bytes.byte(inside.at)) &* 4
                guard length > 0, has(length, bytes, inside) else { return .malformed }
                extensionType = bytes.byte(inside.at &+ length &- 1)
                inside.at = inside.at &+ length
            }
        }
        guard has(1, bytes, inside) else { return .malformed }
        switch bytes.byte(inside.at) >> 4 {
        case 4, 6: return next(.ip, after: 0, inside)
        // 5G has frames as well.
        default:
            return looksLikeEthernet(bytes, inside)
                ? next(.ethernet, after: 0, inside) : .notUnpacked(.gtp)
        }
    }

    /// L2TP (RFC 2661, section 3.1): control messages have the first bit, data messages carry PPP.
    private static func l2tp(_ bytes: RawSpan, _ place: Place) -> Step {
        guard has(6, bytes, place) else { return short(6, place) }
        let flags = bytes.field16(place.at)
        guard flags & 0x000F == 2 else { return flags & 0x000F == 3 ? .notUnpacked(.l2tp) : .otherProtocol }
        guard flags & 0x8000 == 0 else { return .otherProtocol }
        var inside = place
        var length = 2
        if flags & 0x4000 != 0 {
            inside.end = min(place.end, place.at &+ Int(bytes.field16(place.at &+ 2)))
            length = length &+ 2
        }
        guard has(length &+ 4, bytes, inside) else { return .malformed }
        let session = UInt64(bytes.field32(place.at &+ length))
        length = length &+ 4
        if flags & 0x0800 != 0 { length = length &+ 4 }
        if flags & 0x0200 != 0 {
            guard has(length &+ 2, bytes, inside) else { return .malformed }
            length = length &+ 2 &+ Int(bytes.field16(place.at &+ length))
        }
        return next(.ppp, after: length, inside, on: inside.network.inside(.l2tp, session))
    }

    /// Teredo (RFC 4380, section 5.1.1): an authentication header and an origin may precede the IPv6 packet.
    private static func teredo(_ bytes: RawSpan, _ place: Place) -> Step {
        var place = place
        if has(4, bytes, place), bytes.field16(place.at) == 1 {
            place.at = place.at &+ 13 &+ Int(bytes.byte(place.at &+ 2)) &+ Int(bytes.byte(place.at &+ 3))
        }
        if has(8, bytes, place), bytes.field16(place.at) == 0 { place.at = place.at &+ 8 }
        guard has(40, bytes, place) else { return short(40, place) }
        guard bytes.byte(place.at) >> 4 == 6 else { return .otherProtocol }
        return next(.ip, after: 0, place)
    }
}
