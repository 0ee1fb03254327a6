/// Finds the IP packet in a frame of one of the link types that Tapedeck reads.
///
/// Numbers and layouts: https://www.tcpdump.org/linktypes.html.
enum LinkLayer {
    /// What a frame carries.
    enum Frame: Equatable {
        /// An IP packet that begins at this offset. Its first four bits tell the version.
        case ip(Int)
        /// Something else: ARP, LLDP, a spanning tree's frame.
        case other
        /// A header that is cut short.
        case malformed
        case unknownLinkType
    }

    /// The names of link types that a message may have to mention.
    static func name(_ linkType: Int32) -> String {
        let known: [Int32: String] = [
            119: "IEEE 802.11 with Prism header", 147: "user-defined 0", 148: "user-defined 1",
            163: "IEEE 802.11 with AVS header",
            189: "USB", 195: "IEEE 802.15.4", 201: "Bluetooth HCI", 220: "USB", 249: "USBPcap", 253: "netlink",
        ]
        return known[linkType].map { "\(linkType) (\($0))" } ?? "\(linkType)"
    }

    /// Whether frames of a link type can be read.
    static func isRead(_ linkType: Int32) -> Bool { frame(linkType, RawSpan()) != .unknownLinkType }

    /// Finds the IP packet in a frame.
    ///
    /// - Parameter linkType: LINKTYPE or DLT, as the file has it (https://www.tcpdump.org/linktypes.html).
    @inline(__always)
    static func frame(_ linkType: Int32, _ bytes: RawSpan) -> Frame {
        switch linkType {
        case 1: ethernet(bytes)
        // LINKTYPE_RAW and what systems call DLT_RAW; LINKTYPE_IPV4 and LINKTYPE_IPV6.
        case 12, 14, 101, 228, 229: .ip(0)
        case 113: cooked(bytes)
        case 276: cooked2(bytes)
        case 0, 108: loopback(bytes)
        case 9, 50, 51: ppp(bytes)
        case 104: cHDLC(bytes)
        case 105: wireless(bytes, at: 0)
        case 127: radiotap(bytes)
        case 239: nflog(bytes)
        default: .unknownLinkType
        }
    }

    @inline(__always)
    private static func ethernet(_ bytes: RawSpan) -> Frame {
        guard bytes.byteCount >= 14 else { return .malformed }
        return payload(bytes, etherType: bytes.field16(12), at: 14)
    }

    /// Linux cooked capture, version 1: 16 bytes, the protocol in the last two.
    private static func cooked(_ bytes: RawSpan) -> Frame {
        guard bytes.byteCount >= 16 else { return .malformed }
        return payload(bytes, etherType: bytes.field16(14), at: 16)
    }

    /// Linux cooked capture, version 2: 20 bytes, the protocol in the first two.
    private static func cooked2(_ bytes: RawSpan) -> Frame {
        guard bytes.byteCount >= 20 else { return .malformed }
        return payload(bytes, etherType: bytes.field16(0), at: 20)
    }

    /// LINKTYPE_NULL and LINKTYPE_LOOP: four bytes that hold the address family, in the byte order of the machine that
    /// captured (which may be of the other kind) or in network order.
    ///
    /// AF_INET is 2 everywhere; AF_INET6 is 10, 24, 28 or 30.
    private static func loopback(_ bytes: RawSpan) -> Frame {
        guard bytes.byteCount >= 4 else { return .malformed }
        let family = bytes.field32(0)
        switch family < 0x1_0000 ? family : family.byteSwapped {
        case 2, 10, 24, 28, 30: return .ip(4)
        default: return .other
        }
    }

    /// PPP (RFC 1661), with or without HDLC's address and control bytes (RFC 1662).
    private static func ppp(_ bytes: RawSpan) -> Frame {
        guard bytes.byteCount >= 2 else { return .malformed }
        return pppPayload(bytes, at: bytes.field16(0) == 0xFF03 ? 2 : 0)
    }

    private static func pppPayload(_ bytes: RawSpan, at offset: Int) -> Frame {
        guard offset &+ 2 <= bytes.byteCount else { return .malformed }
        // The first byte of a protocol's number is even; compressed (RFC 1661, section 6.5), the number is one odd byte.
        let first = bytes.byte(offset)
        let isCompressed = first & 1 == 1
        switch isCompressed ? UInt16(first) : bytes.field16(offset) {
        case 0x0021, 0x0057: return .ip(offset &+ (isCompressed ? 1 : 2))
        default: return .other
        }
    }

    /// Cisco HDLC: address, control, EtherType.
    private static func cHDLC(_ bytes: RawSpan) -> Frame {
        guard bytes.byteCount >= 4 else { return .malformed }
        return payload(bytes, etherType: bytes.field16(2), at: 4)
    }

    /// Radio information, whose length stands in its third and fourth byte, little-endian; then IEEE 802.11.
    private static func radiotap(_ bytes: RawSpan) -> Frame {
        guard bytes.byteCount >= 8 else { return .malformed }
        return wireless(bytes, at: Int(bytes.field16(2).byteSwapped))
    }

    /// IEEE 802.11: data frames that are not encrypted, with a SNAP header (RFC 1042).
    private static func wireless(_ bytes: RawSpan, at start: Int) -> Frame {
        guard start &+ 2 <= bytes.byteCount else { return .malformed }
        let control = bytes.byte(start)
        let flags = bytes.byte(start &+ 1)
        // Management and control frames, data frames without data, encrypted ones.
        guard control & 0x0C == 0x08, control & 0x40 == 0, flags & 0x40 == 0 else { return .other }
        var offset = start &+ 24
        // Between access points there is a fourth address.
        if flags & 0x03 == 0x03 { offset = offset &+ 6 }
        // Quality of service, and with it perhaps High Throughput.
        if control & 0x80 != 0 { offset = offset &+ (flags & 0x80 != 0 ? 6 : 2) }
        guard offset &+ 8 <= bytes.byteCount else { return .malformed }
        guard bytes.field32(offset) == 0xAAAA_0300, bytes.field16(offset &+ 4) == 0 else { return .other }
        return payload(bytes, etherType: bytes.field16(offset &+ 6), at: offset &+ 8)
    }

    /// Packets that Linux's firewall logged: four bytes, then type-length-values in the byte order of the machine that
    /// captured; the packet is the value of type 9.
    private static func nflog(_ bytes: RawSpan) -> Frame {
        guard bytes.byteCount >= 8 else { return .malformed }
        var offset = 4
        while offset &+ 4 <= bytes.byteCount {
            var length = bytes.field16(offset)
            var type = bytes.field16(offset &+ 2)
            // Types are small numbers, so the bytes tell the order.
            if type > 0xFF {
                length = length.byteSwapped
                type = type.byteSwapped
            }
            if type == 9 { return .ip(offset &+ 4) }
            guard length >= 4 else { return .malformed }
            offset = offset &+ (Int(length) &+ 3) & ~3
        }
        return .other
    }

    /// Follows tags and labels from an EtherType to the IP packet.
    @inline(__always)
    private static func payload(_ bytes: RawSpan, etherType: UInt16, at start: Int) -> Frame {
        if etherType == 0x0800 || etherType == 0x86DD { return .ip(start) }
        return taggedPayload(bytes, etherType: etherType, at: start)
    }

    private static func taggedPayload(_ bytes: RawSpan, etherType first: UInt16, at start: Int) -> Frame {
        var etherType = first
        var offset = start
        while true {
            switch etherType {
            case 0x0800, 0x86DD:
                return .ip(offset)
            // 802.1Q, 802.1ad, and what came before the latter: four bytes, nested to any depth.
            case 0x8100, 0x88A8, 0x9100, 0x9200:
                guard offset &+ 4 <= bytes.byteCount else { return .malformed }
                etherType = bytes.field16(offset &+ 2)
                offset = offset &+ 4
            // 802.1BR's E-tag: eight bytes.
            case 0x893F:
                guard offset &+ 8 <= bytes.byteCount else { return .malformed }
                etherType = bytes.field16(offset &+ 6)
                offset = offset &+ 8
            // MPLS (RFC 3032): labels of four bytes; bit 8 marks the last, and what follows isn't said.
            case 0x8847, 0x8848:
                var isLast = false
                while !isLast {
                    guard offset &+ 4 <= bytes.byteCount else { return .malformed }
                    isLast = bytes.byte(offset &+ 2) & 1 == 1
                    offset = offset &+ 4
                }
                guard offset < bytes.byteCount else { return .malformed }
                let version = bytes.byte(offset) >> 4
                return version == 4 || version == 6 ? .ip(offset) : .other
            // PPPoE's session stage (RFC 2516): six bytes, then PPP.
            case 0x8864:
                return pppPayload(bytes, at: offset &+ 6)
            default:
                return .other
            }
        }
    }
}
