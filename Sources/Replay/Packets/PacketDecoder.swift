import Shared

/// Takes the packets of a tape apart, from link layer to TCP, and hands the segments to the flows.
struct PacketDecoder<Sink: EventSink>: ~Copyable {
    private let sink: Sink
    private(set) var flows: FlowTable<Sink>
    private var fragments = Fragments()
    private(set) var statistics = PacketStatistics()
    private var lastSeen = Timestamp(nanoseconds: 0)

    /// IP in IP, counted from the outside.
    ///
    /// A packet may be made of nothing but headers.
    private static var nesting: Int { 4 }

    init(sink: Sink, limits: FlowLimits = FlowLimits()) {
        self.sink = sink
        flows = FlowTable(sink: sink, limits: limits)
    }

    /// - Parameters:
    ///   - bytes: what was captured of the packet.
    ///   - wireLength: the packet's length on the wire.
    @inline(__always)
    mutating func take(linkType: Int32, _ bytes: RawSpan, wireLength: Int, at: Timestamp) {
        statistics.packets &+= 1
        statistics.bytes &+= UInt64(bytes.byteCount)
        lastSeen = at
        switch LinkLayer.frame(linkType, bytes) {
        case .ip(let offset):
            guard offset < bytes.byteCount else {
                statistics.malformed &+= 1
                return
            }
            // A record that says it is shorter on the wire than in the file says nothing.
            let length = max(wireLength, bytes.byteCount) &- offset
            datagram(bytes.extracting(offset..<bytes.byteCount), wireLength: length, at: at)
        case .other:
            statistics.notIP &+= 1
        case .malformed:
            statistics.malformed &+= 1
        case .unknownLinkType:
            statistics.unknownLinkType[linkType, default: 0] &+= 1
        }
    }

    /// The tape has ended: what stayed incomplete is counted, the losses are put on the tape, open connections close.
    mutating func finish() {
        fragments.finish()
        lost(.linkType, statistics.unknownLinkType.values.reduce(0, &+))
        lost(.malformedHeader, statistics.malformed)
        lost(.incompleteFragments, fragments.incomplete)
        lost(.truncatedFile, statistics.truncatedFiles)
        lost(.tableFull, flows.statistics.evictedFlows)
        flows.finish(at: lastSeen)
    }

    /// Numbers the next connections behind those of another source.
    mutating func continueSerials(after serial: UInt64) { flows.continueSerials(after: serial) }

    /// A file of the tape ended inside a record.
    mutating func fileWasTruncated() { statistics.truncatedFiles &+= 1 }

    private func lost(_ reason: Loss.Reason, _ count: UInt64) {
        guard count > 0 else { return }
        sink.consume(CapturedEvent(lastSeen, .lost(Loss(reason, count: count))), payload: RawSpan())
    }

    /// Takes an IP packet.
    ///
    /// What most of them are is handed on without a value that holds a whole header, which costs a packet as much as
    /// reading it.
    @inline(__always)
    private mutating func datagram(_ bytes: RawSpan, wireLength: Int, at: Timestamp) {
        guard bytes.byte(0) >> 4 == 4, let lengths = IPv4.lengths(bytes, wireLength: wireLength),
            IPv4.isWholeTCP(bytes)
        else { return anyDatagram(bytes, wireLength: wireLength, at: at, depth: 0) }
        let end = min(bytes.byteCount, lengths.header &+ lengths.payload)
        segment(
            bytes.extracting(lengths.header..<end), wireLength: lengths.payload, IPv4.source(bytes),
            IPv4.destination(bytes), at: at)
    }

    @inline(never)
    private mutating func anyDatagram(_ bytes: RawSpan, wireLength: Int, at: Timestamp, depth: Int) {
        let header: Datagram?
        switch bytes.byte(0) >> 4 {
        case 4: header = IPv4.header(bytes, wireLength: wireLength)
        case 6: header = IPv6.header(bytes, wireLength: wireLength)
        default: header = nil
        }
        guard let header else {
            statistics.malformed &+= 1
            return
        }
        let end = min(bytes.byteCount, header.payloadOffset &+ header.payloadLength)
        let payload = bytes.extracting(header.payloadOffset..<end)
        if let fragment = header.fragment {
            add(header, fragment, payload, at: at, depth: depth)
        } else if header.payloadProtocol == Datagram.Number.tcp {
            anySegment(payload, wireLength: header.payloadLength, header, at: at)
        } else {
            inner(payload, header.payloadLength, header, at: at, depth: depth)
        }
    }

    @inline(__always)
    private mutating func segment(
        _ bytes: RawSpan, wireLength: Int, _ source: IPAddress, _ destination: IPAddress, at: Timestamp
    ) {
        guard let segment = TCPSegment(bytes, wireLength: wireLength) else {
            statistics.malformed &+= 1
            return
        }
        statistics.segments &+= 1
        let payload = bytes.extracting(min(segment.headerLength, bytes.byteCount)..<bytes.byteCount)
        flows.take(
            segment, payload: payload, from: Endpoint(source, segment.sourcePort),
            to: Endpoint(destination, segment.destinationPort), at: at)
    }

    @inline(never)
    private mutating func anySegment(_ bytes: RawSpan, wireLength: Int, _ header: Datagram, at: Timestamp) {
        segment(bytes, wireLength: wireLength, header.source, header.destination, at: at)
    }

    private mutating func add(
        _ header: Datagram, _ fragment: Datagram.Fragment, _ payload: RawSpan, at: Timestamp, depth: Int
    ) {
        switch header.payloadProtocol {
        // Behind the fragment header may be options before TCP.
        case Datagram.Number.tcp, Datagram.Number.destinationOptions, Datagram.Number.routing: break
        default:
            statistics.otherProtocol &+= 1
            return
        }
        statistics.fragments &+= 1
        guard let whole = fragments.add(header, fragment, payload: payload, at: at.nanoseconds) else { return }
        var datagram = header
        datagram.fragment = nil
        if header.payloadProtocol == Datagram.Number.tcp {
            anySegment(whole.span.bytes, wireLength: whole.count, datagram, at: at)
            return
        }
        let (next, offset) = IPv6.upperLayer(whole.span.bytes, next: header.payloadProtocol)
        guard next == Datagram.Number.tcp, offset <= whole.count else {
            statistics.otherProtocol &+= 1
            return
        }
        anySegment(
            whole.span.bytes.extracting(offset..<whole.count), wireLength: whole.count &- offset, datagram, at: at)
    }

    /// What is not TCP: an IP packet in an IP packet (RFC 2003, RFC 4213), or nothing for us.
    private mutating func inner(_ payload: RawSpan, _ length: Int, _ header: Datagram, at: Timestamp, depth: Int) {
        let isTunnel =
            header.payloadProtocol == Datagram.Number.ipv4 || header.payloadProtocol == Datagram.Number.ipv6
        guard isTunnel, depth < Self.nesting, payload.byteCount > 0 else {
            statistics.otherProtocol &+= 1
            return
        }
        anyDatagram(payload, wireLength: length, at: at, depth: depth &+ 1)
    }
}

/// What the packets of a tape were.
struct PacketStatistics: Equatable, Sendable {
    /// All packets, whatever is in them.
    var packets: UInt64 = 0
    /// Bytes of packets as captured.
    var bytes: UInt64 = 0
    /// TCP segments that were taken apart.
    var segments: UInt64 = 0
    /// Fragments of datagrams that may hold TCP.
    var fragments: UInt64 = 0
    /// IP packets with something else than TCP: UDP, ICMP.
    var otherProtocol: UInt64 = 0
    /// Frames without an IP packet: ARP, a switch's own protocols.
    var notIP: UInt64 = 0
    /// Packets whose headers are cut short or contradict themselves.
    var malformed: UInt64 = 0
    /// Packets by link type that can't be read.
    var unknownLinkType: [Int32: UInt64] = [:]
    /// Files that end inside a packet.
    var truncatedFiles: UInt64 = 0
}
