/// A TCP header (RFC 9293, section 3.1) and where its payload lies.
///
///      0                   1                   2                   3
///     |          Source Port          |       Destination Port        |
///     |                        Sequence Number                        |
///     |                    Acknowledgment Number                      |
///     | Offset| Rsrvd |C|E|U|A|P|R|S|F|            Window             |
///     |           Checksum            |         Urgent Pointer        |
///
/// Checksums are not looked at: network cards fill them in after the capture saw the packet.
struct TCPSegment: Equatable, Sendable {
    var sourcePort: UInt16
    var destinationPort: UInt16
    var sequence: SequenceNumber
    /// Means nothing without the ACK flag.
    var acknowledgment: SequenceNumber
    var flags: Flags
    /// Bytes of the header with its options.
    var headerLength: Int
    /// Bytes of payload that the packet had on the wire; as many or fewer were captured.
    var payloadLength: Int

    /// The control bits that matter here; URG, ECE and CWR are none of them.
    struct Flags: OptionSet, Sendable {
        var rawValue: UInt8
        static let fin = Flags(rawValue: 0x01)
        static let syn = Flags(rawValue: 0x02)
        static let rst = Flags(rawValue: 0x04)
        static let psh = Flags(rawValue: 0x08)
        static let ack = Flags(rawValue: 0x10)
    }

    /// - Parameters:
    ///   - bytes: what was captured of the IP datagram's payload.
    ///   - wireLength: the length of that payload on the wire.
    /// - Returns: `nil` where the header is cut short or contradicts its length.
    @inline(__always)
    init?(_ bytes: RawSpan, wireLength: Int) {
        guard bytes.byteCount >= 20 else { return nil }
        headerLength = Int(bytes.byte(12) >> 4) &* 4
        guard headerLength >= 20, headerLength <= wireLength else { return nil }
        sourcePort = bytes.field16(0)
        destinationPort = bytes.field16(2)
        sequence = SequenceNumber(bytes.field32(4))
        acknowledgment = SequenceNumber(bytes.field32(8))
        flags = Flags(rawValue: bytes.byte(13))
        payloadLength = wireLength &- headerLength
    }

    init(
        sourcePort: UInt16, destinationPort: UInt16, sequence: SequenceNumber, acknowledgment: SequenceNumber,
        flags: Flags, headerLength: Int = 20, payloadLength: Int
    ) {
        self.sourcePort = sourcePort
        self.destinationPort = destinationPort
        self.sequence = sequence
        self.acknowledgment = acknowledgment
        self.flags = flags
        self.headerLength = headerLength
        self.payloadLength = payloadLength
    }
}
