import Shared

/// A pcap file (draft-ietf-opsawg-pcap): in either byte order, with micro- or nanoseconds.
///
/// Packets are read where they lie in the window. What ends a file too early is said in libpcap's words, which people
/// search for.
struct PcapFile: ~Copyable, PacketSource {
    private var window: ByteWindow
    private let header: PcapHeader
    private(set) var failure: String?

    var isBigEndian: Bool { header.isBigEndian }
    var linkType: Int32 { header.linkType }

    init(_ source: any ByteSource) throws(CaptureFailure) {
        var window = ByteWindow(source)
        window.fill(PcapHeader.bytes)
        header = try PcapHeader(window.bytes.bytes)
        window.take(PcapHeader.bytes)
        self.window = window
    }

    /// A packet record (draft-ietf-opsawg-pcap, section 5).
    ///
    ///     |                      Timestamp (Seconds)                      |
    ///     |            Timestamp (Microseconds or nanoseconds)            |
    ///     |                    Captured Packet Length                     |
    ///     |                    Original Packet Length                     |
    ///     /                          Packet Data                          /
    ///
    /// Seconds are unsigned: they last until 2106.
    /// - Returns: the next packet, or `nil` where the file ends; `failure` says why, if it ends too early.
    @inline(__always)
    mutating func next() -> CapturedPacket? {
        guard window.fill(header.recordHeaderBytes) else { return endsInHeader() }
        let seconds = Int64(number(0))
        let fraction = Int64(number(4))
        var (captured, wire) = (number(8), number(12))
        if header.lengths != .capturedFirst { order(&captured, &wire) }
        guard captured <= header.largestPacket else { return isImpossible(captured) }
        let end = header.recordHeaderBytes &+ Int(captured)
        guard window.fill(end) else { return endsInPacket(captured) }
        let kept = header.recordHeaderBytes &+ Int(min(captured, header.snaplen))
        let bytes = window.bytes(header.recordHeaderBytes, kept)
        window.take(end)
        return CapturedPacket(
            timestamp: Timestamp(
                nanoseconds: seconds &* 1_000_000_000 &+ fraction &* header.nanosecondsPerUnit),
            linkType: header.linkType, wireLength: Int(wire), bytes: bytes)
    }

    @inline(__always)
    mutating func nextTime() -> Timestamp? { window.fill(header.recordHeaderBytes) ? time(0) : nil }

    mutating func nextTimes() -> (next: Timestamp, behind: Timestamp?)? {
        guard window.fill(header.recordHeaderBytes) else { return nil }
        let first = time(0)
        var captured = number(8)
        var wire = number(12)
        if header.lengths != .capturedFirst { order(&captured, &wire) }
        let end = header.recordHeaderBytes &+ Int(min(captured, header.largestPacket))
        guard window.fill(end &+ header.recordHeaderBytes) else { return (first, nil) }
        return (first, time(end))
    }

    /// The time of the record that begins at an offset, whose header is at hand.
    @inline(__always)
    private func time(_ offset: Int) -> Timestamp {
        let fraction = Int64(number(offset &+ 4)) &* header.nanosecondsPerUnit
        return Timestamp(nanoseconds: Int64(number(offset)) &* 1_000_000_000 &+ fraction)
    }

    var hasFacts: Bool { false }
    mutating func takeFacts() -> [CapturedEvent.Kind] { [] }
    /// The form has no place for these.
    var end: Timestamp? { nil }
    var dropped: UInt64 { 0 }
    var refusals: CaptureRefusals { CaptureRefusals() }

    /// A number of the record's header, which is at hand.
    @inline(__always)
    private func number(_ offset: Int) -> UInt32 {
        let value = window.load(offset, as: UInt32.self)
        return header.isBigEndian ? UInt32(bigEndian: value) : UInt32(littleEndian: value)
    }

    @inline(never)
    private func order(_ captured: inout UInt32, _ wire: inout UInt32) {
        if header.lengths == .wireFirst || captured > wire { swap(&captured, &wire) }
    }

    // MARK: - The end

    @inline(never)
    private mutating func endsInHeader() -> CapturedPacket? {
        let count = window.count
        failure =
            window.failure
            ?? (count == 0
                ? nil
                : "truncated dump file; tried to read \(header.recordHeaderBytes) header bytes, only got \(count)")
        return nil
    }

    @inline(never)
    private mutating func endsInPacket(_ captured: UInt32) -> CapturedPacket? {
        let count = window.count &- header.recordHeaderBytes
        // What the snapshot length cuts off is wanted after the rest.
        let wanted = count < Int(header.snaplen) ? min(captured, header.snaplen) : captured
        failure =
            window.failure ?? "truncated dump file; tried to read \(wanted) captured bytes, only got \(count)"
        return nil
    }

    @inline(never)
    private mutating func isImpossible(_ captured: UInt32) -> CapturedPacket? {
        let limit =
            captured > header.snaplen ? "snaplen of \(header.snaplen)" : "maximum of \(header.largestPacket)"
        failure = "invalid packet capture length \(captured), bigger than \(limit)"
        return nil
    }
}
