import Shared

/// What stands at the beginning of a pcap file (draft-ietf-opsawg-pcap, section 4).
///
///     |                          Magic Number                         |
///     |          Major Version        |         Minor Version         |
///     |                           Reserved1                           |
///     |                           Reserved2                           |
///     |                            SnapLen                            |
///     |FCS len|R|P|     Reserved3     |        Link-layer type        |
///
/// All numbers are in the byte order of the machine that wrote the file; the magic number tells which it is. Where the
/// document leaves a reader free, this one does what libpcap 1.10 does: tcpdump shall not see other packets.
struct PcapHeader: Equatable {
    static let bytes = 24

    let isBigEndian: Bool
    /// Nanoseconds in a unit of a timestamp's fraction.
    let nanosecondsPerUnit: Int64
    /// Bytes in front of a packet.
    let recordHeaderBytes: Int
    /// LINKTYPE, without what the upper bits say of frame check sequences: they lie behind what the IP header counts.
    let linkType: Int32
    /// Bytes of a packet that are kept at most.
    let snaplen: UInt32
    /// Bytes of a packet beyond which a record is damage.
    let largestPacket: UInt32
    let lengths: LengthOrder

    /// Which of a record's two lengths comes first; until version 2.3 it was that of the wire.
    enum LengthOrder { case capturedFirst, wireFirst, smallerIsCaptured }

    /// Whether a file begins like a pcap file.
    static func isPcap(_ head: [UInt8]) -> Bool { Magic(head.span.bytes) != nil }

    /// - Parameter bytes: the file's first bytes, as many as there are of `PcapHeader.bytes`.
    init(_ bytes: RawSpan) throws(CaptureFailure) {
        guard let magic = Magic(bytes) else { throw CaptureFailure(reason: "unknown file format") }
        guard bytes.byteCount >= Self.bytes else {
            throw CaptureFailure(
                reason: "truncated dump file; tried to read \(Self.bytes) file header bytes, "
                    + "only got \(bytes.byteCount &- 4)")
        }
        isBigEndian = magic.isBigEndian
        nanosecondsPerUnit = magic.kind == .nanoseconds ? 1 : 1000
        recordHeaderBytes = magic.kind == .extended ? 24 : 16

        func number16(_ offset: Int) -> UInt16 {
            magic.isBigEndian ? bytes.field16(offset) : bytes.field16(offset).byteSwapped
        }
        func number32(_ offset: Int) -> UInt32 {
            magic.isBigEndian ? bytes.field32(offset) : bytes.field32(offset).byteSwapped
        }
        switch (number16(4), number16(6)) {
        case (0..<2, _): throw CaptureFailure(reason: "archaic pcap savefile format")
        // 543.0 is what DG/UX wrote.
        case (2, 0..<3), (543, 0): lengths = .wireFirst
        case (2, 3): lengths = .smallerIsCaptured
        case (2, 4): lengths = .capturedFirst
        case (let major, let minor):
            throw CaptureFailure(reason: "unsupported pcap savefile version \(major).\(minor)")
        }
        linkType = Int32(number32(20) & 0x03FF_FFFF)
        largestPacket = Self.largestPacket(linkType)
        let snaplen = number32(16)
        // 0 is no limit in files of some programs, and a negative one is none either.
        self.snaplen = snaplen == 0 || snaplen > UInt32(Int32.max) ? largestPacket : snaplen
    }

    /// What libpcap takes for sane: 256 KiB, and more where messages are not cut into packets.
    private static func largestPacket(_ linkType: Int32) -> UInt32 {
        switch linkType {
        // D-Bus: its messages may be that large.
        case 231: 128 << 20
        // USBPcap, and Elektrobit's automotive logger.
        case 249: 1 << 20
        case 279: 8 << 20
        default: 256 << 10
        }
    }

    /// The file's first four bytes: what kind it is, and in which order the bytes of numbers are.
    private struct Magic {
        /// `extended` is Kuznetsov's, whose records have eight bytes more in front: interface, protocol, direction.
        enum Kind { case microseconds, nanoseconds, extended }
        let kind: Kind
        let isBigEndian: Bool

        init?(_ head: RawSpan) {
            guard head.byteCount >= 4 else { return nil }
            let first = head.field32(0)
            for (isBigEndian, value) in [(true, first), (false, first.byteSwapped)] {
                let kind: Kind
                switch value {
                case 0xA1B2_C3D4: kind = .microseconds
                case 0xA1B2_3C4D: kind = .nanoseconds
                case 0xA1B2_CD34: kind = .extended
                default: continue
                }
                self.kind = kind
                self.isBigEndian = isBigEndian
                return
            }
            return nil
        }
    }
}
