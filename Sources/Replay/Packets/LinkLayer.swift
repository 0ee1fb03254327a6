/// Finds what a frame of one of the link types that Tapedeck reads carries.
///
/// Numbers and layouts: https://www.tcpdump.org/linktypes.html.
enum LinkLayer {
    /// What a frame carries.
    enum Frame: Equatable {
        /// An IP packet that begins at this offset. Its first four bits tell the version.
        case ip(Int)
        /// Something else that may have an IP packet in it, however deep: see `Encapsulation`.
        case wrapped(Encapsulation.Layer, at: Int)
        /// Something that has none: a frame without data, one that is encrypted.
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
        case 9, 50: .wrapped(.ppp, at: 0)
        // PPPoE's session stage, from its header on.
        case 51: .wrapped(bytes.byteCount > 0 && bytes.byte(0) == 0x11 ? .etherType(0x8864) : .ppp, at: 0)
        case 104: cHDLC(bytes)
        case 105: wireless(bytes, at: 0)
        case 127: radiotap(bytes)
        case 219: .wrapped(.mpls, at: 0)
        case 239: nflog(bytes)
        default: .unknownLinkType
        }
    }

    @inline(__always)
    private static func ethernet(_ bytes: RawSpan) -> Frame {
        guard bytes.byteCount >= 14 else { return .malformed }
        return payload(bytes.field16(12), at: 14)
    }

    /// Linux cooked capture, version 1: 16 bytes, the protocol in the last two.
    private static func cooked(_ bytes: RawSpan) -> Frame {
        guard bytes.byteCount >= 16 else { return .malformed }
        return cookedPayload(bytes.field16(14), at: 16)
    }

    /// Linux cooked capture, version 2: 20 bytes, the protocol in the first two.
    private static func cooked2(_ bytes: RawSpan) -> Frame {
        guard bytes.byteCount >= 20 else { return .malformed }
        return cookedPayload(bytes.field16(0), at: 20)
    }

    /// Protocols below the lengths of frames are Linux's own: 4 is a frame with an LLC header.
    private static func cookedPayload(_ type: UInt16, at offset: Int) -> Frame {
        switch type {
        case 4: .wrapped(.llc, at: offset)
        case 0..<0x600: .other
        default: payload(type, at: offset)
        }
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

    /// Cisco HDLC: address, control, EtherType.
    private static func cHDLC(_ bytes: RawSpan) -> Frame {
        guard bytes.byteCount >= 4 else { return .malformed }
        return payload(bytes.field16(2), at: 4)
    }

    /// Radio information, whose length stands in its third and fourth byte, little-endian; then IEEE 802.11.
    private static func radiotap(_ bytes: RawSpan) -> Frame {
        guard bytes.byteCount >= 8 else { return .malformed }
        return wireless(bytes, at: Int(bytes.field16(2).byteSwapped))
    }

    /// IEEE 802.11: data frames that are not encrypted, with an LLC header.
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
        return .wrapped(.llc, at: offset)
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

    @inline(__always)
    private static func payload(_ etherType: UInt16, at start: Int) -> Frame {
        etherType == 0x0800 || etherType == 0x86DD ? .ip(start) : .wrapped(.etherType(etherType), at: start)
    }
}
