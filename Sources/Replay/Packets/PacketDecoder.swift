import Shared

/// Takes the packets of a tape apart, from link layer to TCP, and hands the segments to the flows.
struct PacketDecoder<Sink: EventSink>: ~Copyable {
    private let sink: Sink
    private(set) var flows: FlowTable<Sink>
    private var fragments = Fragments()
    private(set) var multipath = MultipathTable()
    private(set) var statistics = PacketStatistics()
    private var lastSeen = Timestamp(nanoseconds: 0)

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
        case .wrapped(let layer, let offset):
            let place = Encapsulation.Place(layer: layer, at: offset, end: max(wireLength, bytes.byteCount))
            unwrap(bytes, place, of: nil, at: at, depth: 0)
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
        lost(.notUnpacked, statistics.notUnpacked.values.reduce(0, &+))
        lost(.packetRefused, statistics.refused)
        lost(.captureDropped, statistics.dropped)
        lost(.multipath, multipath.lost)
        lost(.misplaced, flows.statistics.misplacedSegments)
        flows.finish(at: lastSeen)
        // The tape is as long as its packets go on, also those that say nothing of a connection.
        if statistics.packets > 0 { sink.consume(CapturedEvent(lastSeen, .end), payload: RawSpan()) }
    }

    /// Numbers the next connections behind those of another source.
    mutating func continueSerials(after serial: UInt64) { flows.continueSerials(after: serial) }

    /// So many packets never came to a capture.
    mutating func dropped(_ packets: UInt64) { statistics.dropped &+= packets }

    /// A capture has lasted until then, with or without packets.
    mutating func lasts(until end: Timestamp) { lastSeen = max(lastSeen, end) }

    /// Several captures are read at one time: what one has lost another may bring.
    mutating func expectsCopies() { flows.expectsCopies() }

    /// A file of the tape ended inside a record.
    mutating func fileWasTruncated() { statistics.truncatedFiles &+= 1 }

    /// Packets of a file could not be read for a limit of its reader.
    mutating func refused(_ packets: UInt64) { statistics.refused &+= packets }

    private func lost(_ reason: Loss.Reason, _ count: UInt64) {
        guard count > 0 else { return }
        sink.consume(CapturedEvent(lastSeen, .lost(Loss(reason, count: count))), payload: RawSpan())
    }

    // MARK: Datagrams

    /// Takes an IP packet that a frame carries.
    ///
    /// What most of them are is handed on without a value that holds a whole header, which costs a packet as much as
    /// reading it.
    @inline(__always)
    private mutating func datagram(_ bytes: RawSpan, wireLength: Int, at: Timestamp) {
        guard bytes.byte(0) >> 4 == 4, let lengths = IPv4.lengths(bytes, wireLength: wireLength),
            IPv4.isWholeTCP(bytes)
        else { return anyDatagram(bytes, wireLength: wireLength, at: at) }
        let end = min(bytes.byteCount, lengths.header &+ lengths.payload)
        segment(
            bytes.extracting(lengths.header..<end), wireLength: lengths.payload, IPv4.source(bytes),
            IPv4.destination(bytes), on: .plain, at: at)
    }

    @inline(never)
    private mutating func anyDatagram(_ bytes: RawSpan, wireLength: Int, at: Timestamp) {
        if bytes.byte(0) >> 4 == 6, let header = IPv6.header(bytes, wireLength: wireLength), header.fragment == nil,
            header.payloadProtocol == Datagram.Number.tcp
        {
            let end = min(bytes.byteCount, header.payloadOffset &+ header.payloadLength)
            return segment(
                bytes.extracting(header.payloadOffset..<end), wireLength: header.payloadLength, header.source,
                header.destination, on: .plain, at: at)
        }
        unwrap(bytes, Encapsulation.Place(layer: .ip, at: 0, end: wireLength), of: nil, at: at, depth: 0)
    }

    @inline(__always)
    private mutating func segment(
        _ bytes: RawSpan, wireLength: Int, _ source: IPAddress, _ destination: IPAddress, on network: Network,
        at: Timestamp
    ) {
        guard let segment = TCPSegment(bytes, wireLength: wireLength) else {
            statistics.malformed &+= 1
            return
        }
        statistics.segments &+= 1
        let payload = bytes.extracting(min(segment.headerLength, bytes.byteCount)..<bytes.byteCount)
        if Self.mayHaveMultipath(bytes, segment) || !multipath.isEmpty {
            let option = MultipathOption(bytes, headerLength: segment.headerLength)
            if option != nil || !multipath.isEmpty {
                return pathSegment(
                    segment, option, payload, Endpoint(source, segment.sourcePort),
                    Endpoint(destination, segment.destinationPort), on: network, at: at)
            }
        }
        flows.take(
            segment, payload: payload, from: Endpoint(source, segment.sourcePort),
            to: Endpoint(destination, segment.destinationPort), on: network, at: at)
    }

    /// Most segments have no options, or the time alone (RFC 7323, appendix A: two no-operations, then the timestamps).
    @inline(__always)
    private static func mayHaveMultipath(_ bytes: RawSpan, _ segment: TCPSegment) -> Bool {
        segment.headerLength > 20
            && (segment.headerLength != 32 || bytes.byteCount < 32 || bytes.field32(20) != 0x0101_080A)
    }

    @inline(never)
    private mutating func pathSegment(
        _ segment: TCPSegment, _ option: MultipathOption?, _ payload: RawSpan, _ source: Endpoint,
        _ destination: Endpoint, on network: Network, at: Timestamp
    ) {
        switch multipath.take(segment, option, from: source, to: destination, on: network) {
        case .plain: flows.take(segment, payload: payload, from: source, to: destination, on: network, at: at)
        case .moved(let moved, let from, let to, let network):
            flows.take(moved, payload: payload, from: from, to: to, on: network, at: at)
        case .nothing: break
        }
    }

    // MARK: What is around them

    /// Takes off header after header until there is TCP, or nothing for us.
    /// - Parameters:
    ///   - datagram: the one whose payload begins at the place, where that is an IP datagram's.
    ///   - depth: of IP headers that were taken off.
    @inline(never)
    private mutating func unwrap(
        _ bytes: RawSpan, _ first: Encapsulation.Place, of datagram: Datagram?, at: Timestamp, depth: Int
    ) {
        var (place, datagram, depth) = (first, datagram, depth)
        while true {
            let step: Encapsulation.Step
            switch place.layer {
            case .ip:
                depth = depth &+ 1
                guard depth <= Encapsulation.nesting else { return count(.notUnpacked(.nesting)) }
                guard let header = header(bytes, &place) else { return count(.malformed) }
                if let fragment = header.fragment { return add(header, fragment, bytes, place, at: at, depth: depth) }
                datagram = header
                continue
            case .payload(let number):
                guard let datagram else { return count(.malformed) }
                if number == Datagram.Number.tcp { return segment(bytes, place, datagram, at: at) }
                if number == Datagram.Number.icmp || number == Datagram.Number.icmpV6 {
                    return report(bytes, place, number, at: at)
                }
                step = Encapsulation.payload(number, bytes, place, of: datagram)
            default: step = Encapsulation.step(bytes, place)
            }
            if case .message(let from, let to, let place) = step, let datagram {
                return message(bytes, place, Endpoint(datagram.source, from), Endpoint(datagram.destination, to), at)
            }
            guard case .next(let next) = step else { return count(step) }
            place = next
        }
    }

    /// Takes an IP header off; the place is that of its payload then.
    private func header(_ bytes: RawSpan, _ place: inout Encapsulation.Place) -> Datagram? {
        guard Encapsulation.has(1, bytes, place) else { return nil }
        let captured = bytes.extracting(place.at..<min(bytes.byteCount, place.end))
        let header: Datagram?
        switch captured.byte(0) >> 4 {
        case 4: header = IPv4.header(captured, wireLength: place.end &- place.at)
        case 6: header = IPv6.header(captured, wireLength: place.end &- place.at)
        default: header = nil
        }
        guard let header else { return nil }
        let end = place.at &+ header.payloadOffset &+ header.payloadLength
        place.end = place.isBounded ? min(place.end, end) : end
        place.at = place.at &+ header.payloadOffset
        place.layer = .payload(header.payloadProtocol)
        place.isBounded = true
        return place.at <= place.end ? header : nil
    }

    private mutating func segment(
        _ bytes: RawSpan, _ place: Encapsulation.Place, _ datagram: Datagram, at: Timestamp
    ) {
        let end = max(min(bytes.byteCount, place.end), place.at)
        guard place.at <= bytes.byteCount else { return count(.malformed) }
        segment(
            bytes.extracting(place.at..<end), wireLength: place.end &- place.at, datagram.source,
            datagram.destination, on: place.network, at: at)
    }

    /// Takes a message on what became of others.
    private mutating func report(_ bytes: RawSpan, _ place: Encapsulation.Place, _ number: UInt8, at: Timestamp) {
        statistics.otherProtocol &+= 1
        let end = min(bytes.byteCount, place.end)
        guard place.at < end,
            let report = Undelivered(bytes.extracting(place.at..<end), number: number)
        else { return }
        flows.take(report, on: place.network, at: at)
    }

    /// Puts a datagram on the tape, as a message between its two ends; the client's is the local one.
    private mutating func message(
        _ bytes: RawSpan, _ place: Encapsulation.Place, _ source: Endpoint, _ destination: Endpoint, _ at: Timestamp
    ) {
        guard place.at <= place.end, place.end &- place.at <= Int(UInt16.max) else { return count(.malformed) }
        statistics.datagrams &+= 1
        let (isRead, isOtherRead) = (DatagramPorts.isRead(source.port), DatagramPorts.isRead(destination.port))
        let isFromServer = isRead != isOtherRead ? isRead : destination < source
        let end = max(min(bytes.byteCount, place.end), min(place.at, bytes.byteCount))
        let payload = bytes.extracting(min(place.at, bytes.byteCount)..<end)
        let missing = place.end &- place.at &- payload.byteCount
        let datagram = CapturedDatagram(
            local: isFromServer ? destination : source, remote: isFromServer ? source : destination,
            direction: isFromServer ? .receive : .send,
            cut: missing > 0 ? CapturedDatagram.Cut(UInt32(missing), .snaplen) : nil)
        sink.consume(CapturedEvent(at, .datagram(datagram)), payload: payload)
    }

    private mutating func count(_ step: Encapsulation.Step) {
        switch step {
        case .next, .message: break
        case .notIP: statistics.notIP &+= 1
        case .otherProtocol: statistics.otherProtocol &+= 1
        case .malformed: statistics.malformed &+= 1
        case .notUnpacked(let tunnel): statistics.notUnpacked[tunnel, default: 0] &+= 1
        }
    }

    // MARK: Fragments

    private mutating func add(
        _ header: Datagram, _ fragment: Datagram.Fragment, _ bytes: RawSpan, _ place: Encapsulation.Place,
        at: Timestamp,
        depth: Int
    ) {
        let payload = bytes.extracting(place.at..<max(min(bytes.byteCount, place.end), place.at))
        guard mayCarry(header, fragment, payload, place.network) else {
            return count(Encapsulation.closed(header.payloadProtocol))
        }
        statistics.fragments &+= 1
        let whole = fragments.add(
            header, fragment, payload: payload, on: place.network, at: at.nanoseconds, now: flows.now(at))
        statistics.evictedFragments = fragments.evicted
        guard let whole else { return }
        var datagram = header
        datagram.fragment = nil
        let (next, offset) = IPv6.upperLayer(whole.span.bytes, next: header.payloadProtocol)
        guard offset <= whole.count else { return count(.malformed) }
        let inner = Encapsulation.Place(
            layer: .payload(next), at: offset, end: whole.count, isBounded: true, network: place.network)
        unwrap(whole.span.bytes, inner, of: datagram, at: at, depth: depth)
    }

    /// Whether a datagram in parts may have TCP in it.
    private func mayCarry(
        _ header: Datagram, _ fragment: Datagram.Fragment, _ payload: RawSpan, _ network: Network
    ) -> Bool {
        switch header.payloadProtocol {
        case Datagram.Number.tcp, Datagram.Number.ipv4, Datagram.Number.ipv6, Datagram.Number.gre,
            Datagram.Number.etherIP, Datagram.Number.mpls:
            true
        // Its first part has the ports, unless it was cut before; of the others one that follows it belongs to a tunnel.
        case Datagram.Number.udp where fragment.offset == 0:
            payload.byteCount < min(4, header.payloadLength)
                || payload.byteCount >= 4 && Encapsulation.isRead(payload.field16(0), payload.field16(2))
        case Datagram.Number.udp: fragments.isWaiting(header, fragment, on: network)
        // Behind the fragment header may be options, or a check, before TCP.
        default: IPv6.isExtension(header.payloadProtocol)
        }
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
    /// Datagrams of UDP that were put on the tape.
    var datagrams: UInt64 = 0
    /// Fragments of datagrams that may hold TCP.
    var fragments: UInt64 = 0
    /// Datagrams in parts that were let go of because there were too many.
    var evictedFragments: UInt64 = 0
    /// IP packets with something else than TCP: UDP, ICMP.
    var otherProtocol: UInt64 = 0
    /// Frames without an IP packet: ARP, a switch's own protocols.
    var notIP: UInt64 = 0
    /// Packets whose headers are cut short or contradict themselves.
    var malformed: UInt64 = 0
    /// Packets by link type that can't be read.
    var unknownLinkType: [Int32: UInt64] = [:]
    /// Packets in tunnels that are not unpacked.
    var notUnpacked: [Encapsulation.Tunnel: UInt64] = [:]
    /// Packets of interfaces beyond the limit of a pcapng file's.
    var refused: UInt64 = 0
    /// Packets that never came to the captures, as these say.
    var dropped: UInt64 = 0
    /// Files that end inside a packet.
    var truncatedFiles: UInt64 = 0
}
