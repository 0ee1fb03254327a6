import Glibc
import Shared

/// One connection on its way to becoming packets: its sequence numbers, and how far its opening and its end have got.
struct PacketConnection {
    private let opened: ConnectionOpened
    private let interface: UInt32
    private let generation: UInt32
    private var comment: String?
    /// The number of the answer to SYN is known, so there was one.
    private var isAnswered = false
    private var wire: Stream
    private var plaintext: Stream?

    /// A pair of streams that becomes one TCP connection.
    private struct Stream {
        var local: Endpoint
        var remote: Endpoint
        var handshake: Handshake
        var send = Sequence()
        var receive = Sequence()
        /// The direction that ended last.
        var lastEnded = Direction.send

        mutating func end(_ direction: Direction, at position: UInt64) {
            PacketConnection.sequence(&self, direction) {
                $0.highest = max($0.highest, position)
                $0.isFinished = true
            }
            lastEnded = direction
        }
    }

    private enum Handshake {
        /// The answer to SYN is written when it is clear that there was one.
        case begun
        case done
    }

    /// One direction.
    private struct Sequence {
        /// Of the byte at position 0.
        var first: UInt32 = 0
        /// All bytes before are there, or known to be missing.
        var contiguous: UInt64 = 0
        /// Bytes that are known of, with holes before.
        var highest: UInt64 = 0
        var isFinished = false

        func number(_ position: UInt64) -> UInt32 { first &+ UInt32(truncatingIfNeeded: position) }

        mutating func passed(_ position: UInt64, _ length: UInt64) {
            let end = position &+ length
            if position <= contiguous { contiguous = max(contiguous, end) }
            highest = max(highest, end)
        }

        /// What the other side acknowledges: FIN counts as a byte.
        var acknowledgment: UInt32 { number(contiguous) &+ (isFinished && contiguous == highest ? 1 : 0) }
    }

    /// - Parameter generation: how often the endpoints were connected before.
    init(_ opened: ConnectionOpened, generation: UInt32, comment: String?) {
        self.opened = opened
        self.generation = generation
        self.comment = comment
        interface = opened.role == .server ? 1 : 0
        wire = Self.stream(opened, to: opened.local, opened.remote, generation, joinedLate: opened.joinedLate)
        setNumbers(opened.localSequenceNumber, opened.remoteSequenceNumber)
    }

    /// Takes the sequence numbers that were on the wire in place of those that are made up.
    private mutating func setNumbers(_ local: UInt32?, _ remote: UInt32?) {
        // The first byte that was seen of a connection that was joined late is any number of bytes behind them.
        guard !opened.joinedLate else { return }
        if (answerer == .receive ? remote : local) != nil { isAnswered = true }
        if let local { wire.send.first = local &+ 1 }
        if let remote { wire.receive.first = remote &+ 1 }
    }

    private static func stream(
        _ opened: ConnectionOpened, to local: Endpoint, _ remote: Endpoint, _ generation: UInt32, joinedLate: Bool
    ) -> Stream {
        var stream = Stream(local: local, remote: remote, handshake: joinedLate ? .done : .begun)
        let isClient = opened.role == .server ? false : true
        let (client, server) = madeUp(client: isClient ? local : remote, server: isClient ? remote : local, generation)
        stream.send.first = isClient ? client : server
        stream.receive.first = isClient ? server : client
        return stream
    }

    /// Sequence numbers of the first bytes, where nobody knows those that were on the wire.
    ///
    /// Both views of a connection have to come to the same ones, and no two connections should: by their numbers copies of
    /// one are known. The step is odd and large: no two of the same endpoints that follow each other are near.
    private static func madeUp(client: Endpoint, server: Endpoint, _ generation: UInt32) -> (UInt32, UInt32) {
        var hash: UInt64 = 0x9E37_79B9_7F4A_7C15
        for end in [client, server] {
            for word in [end.address.high, end.address.low, UInt64(end.port)] {
                hash = (hash ^ word) &* 0xFF51_AFD7_ED55_8CCD
                hash ^= hash >> 32
            }
        }
        let step = generation &* 0x2545_F491
        return (UInt32(truncatingIfNeeded: hash) &+ step, UInt32(truncatingIfNeeded: hash >> 32) &+ step)
    }

    // MARK: Events

    /// Writes the handshake, if the tape saw the connection begin.
    mutating func open(_ at: Timestamp, _ writer: inout PcapngWriter) {
        if wire.handshake == .begun { shake(wire, initiator, .syn, at, &writer) }
    }

    /// Takes the numbers of a handshake that is not over; where the SYN had another one, it was sent again.
    mutating func learn(_ numbers: SequenceNumbers, _ at: Timestamp, _ writer: inout PcapngWriter) {
        guard wire.handshake == .begun else { return }
        func first() -> UInt32 { initiator == .send ? wire.send.first : wire.receive.first }
        let before = first()
        setNumbers(numbers.local, numbers.remote)
        if first() != before { shake(wire, initiator, .syn, at, &writer) }
    }

    /// Writes bytes, in as many packets as they need.
    mutating func data(_ payload: RawSpan, _ at: StreamPosition, _ time: Timestamp, _ writer: inout PcapngWriter) {
        onStream(at.layer, time, &writer) { connection, stream, writer in
            var start = 0
            while start < payload.byteCount {
                let end = min(payload.byteCount, start &+ TCPPacket.payloadBytes)
                let position = at.position &+ UInt64(start)
                connection.write(
                    stream, at.direction, [.psh, .ack], position, payload.extracting(start..<end), time, &writer)
                start = end
            }
            Self.sequence(&stream, at.direction) { $0.passed(at.position, UInt64(payload.byteCount)) }
        }
    }

    /// Bytes that are missing.
    mutating func skip(_ at: StreamPosition, _ length: UInt64) {
        guard var stream = at.layer == .wire ? wire : plaintext else { return }
        Self.sequence(&stream, at.direction) { $0.passed(at.position, length) }
        if at.layer == .wire { wire = stream } else { plaintext = stream }
    }

    /// Writes the receiver's ACK.
    mutating func acknowledged(_ at: StreamPosition, _ time: Timestamp, _ writer: inout PcapngWriter) {
        onStream(at.layer, time, &writer) { connection, stream, writer in
            Self.sequence(&stream, at.direction) { $0.passed(0, at.position) }
            let answering: Direction = at.direction == .send ? .receive : .send
            connection.write(stream, answering, .ack, nil, RawSpan(), time, &writer)
        }
    }

    /// Writes the sender's FIN.
    mutating func finished(_ at: StreamPosition, _ time: Timestamp, _ writer: inout PcapngWriter) {
        onStream(at.layer, time, &writer) { connection, stream, writer in
            connection.write(stream, at.direction, [.fin, .ack], at.position, RawSpan(), time, &writer)
            stream.end(at.direction, at: at.position)
        }
    }

    /// Writes what the end looks like on the wire: FINs that are missing, RST, or nothing where nobody knows.
    mutating func close(_ closed: ConnectionClosed, _ at: Timestamp, _ writer: inout PcapngWriter) {
        switch closed.how {
        case .connectFailed:
            guard wire.handshake == .begun else { return }
            switch closed.error {
            // In vain until now.
            case ETIMEDOUT: shake(wire, initiator, .syn, at, &writer)
            case EHOSTUNREACH: report(.noRoute, at, &writer)
            case ENETUNREACH: report(.networkUnreachable, at, &writer)
            // The client has given up: it sends no more.
            case 0: break
            default: shake(wire, answerer, [.rst, .ack], at, &writer)
            }
        case .orderly:
            finish(.wire, at, &writer)
            if plaintext != nil { finish(.plaintext, at, &writer) }
        case .reset where wire.handshake == .begun && !isEstablished && !isAnswered:
            // Nothing came after SYN but this.
            shake(wire, answerer, [.rst, .ack], at, &writer)
        case .reset:
            // The side that gets ECONNRESET is the other one.
            let sender: Direction = closed.error == 104 ? .receive : .send
            onStream(.wire, at, &writer) { connection, stream, writer in
                connection.write(stream, sender, [.rst, .ack], nil, RawSpan(), at, &writer)
            }
        case .idle, .tapeEnd, .superseded:
            if isEstablished { onStream(.wire, at, &writer) { _, _, _ in } }
        }
    }

    /// Ends both directions, as far as they have not ended.
    private mutating func finish(_ layer: StreamLayer, _ at: Timestamp, _ writer: inout PcapngWriter) {
        onStream(layer, at, &writer) { connection, stream, writer in
            for direction in [Direction.send, .receive] {
                let sequence = direction == .send ? stream.send : stream.receive
                guard !sequence.isFinished else { continue }
                connection.write(
                    stream, direction, [.fin, .ack], sequence.highest, RawSpan(), at, &writer)
                stream.end(direction, at: sequence.highest)
            }
            let answering: Direction = stream.lastEnded == .send ? .receive : .send
            connection.write(stream, answering, .ack, nil, RawSpan(), at, &writer)
        }
    }

    // MARK: Packets

    /// A process called connect or accept and came back from it; of a capture's SYN nobody knows whether it was answered.
    private var isEstablished: Bool { opened.process != nil }

    private var initiator: Direction { opened.role == .server ? .receive : .send }
    private var answerer: Direction { opened.role == .server ? .send : .receive }

    /// Does something with the streams of a layer, after their handshake.
    private mutating func onStream(
        _ layer: StreamLayer, _ at: Timestamp, _ writer: inout PcapngWriter,
        _ body: (inout PacketConnection, inout Stream, inout PcapngWriter) -> Void
    ) {
        var stream: Stream
        if layer == .wire {
            stream = wire
        } else if let plaintext {
            stream = plaintext
        } else {
            let (local, remote) = plaintextEndpoints
            stream = Self.stream(opened, to: local, remote, generation, joinedLate: opened.joinedLate)
            let process = comment.map { ", \($0)" } ?? ""
            comment = "plaintext of \(opened.local) - \(opened.remote)\(process)"
            if stream.handshake == .begun { shake(stream, initiator, .syn, at, &writer) }
        }
        if stream.handshake == .begun {
            stream.handshake = .done
            shake(stream, answerer, [.syn, .ack], at, &writer)
            write(stream, initiator, .ack, nil, RawSpan(), at, &writer)
        }
        body(&self, &stream, &writer)
        if layer == .wire { wire = stream } else { plaintext = stream }
    }

    /// The server's port is HTTP's where it was HTTPS's, so that Wireshark knows it.
    private var plaintextEndpoints: (Endpoint, Endpoint) {
        func plain(_ endpoint: Endpoint) -> Endpoint {
            let ports: [UInt16: UInt16] = [443: 80, 8443: 8080]
            return Endpoint(endpoint.address, ports[endpoint.port] ?? endpoint.port ^ 0x8000)
        }
        return opened.role == .server
            ? (plain(opened.local), opened.remote) : (opened.local, plain(opened.remote))
    }

    private static func sequence(_ stream: inout Stream, _ direction: Direction, _ body: (inout Sequence) -> Void) {
        if direction == .send { body(&stream.send) } else { body(&stream.receive) }
    }

    /// A packet of the handshake: SYN counts as the byte before the first.
    private mutating func shake(
        _ stream: Stream, _ direction: Direction, _ flags: TCPPacket.Flags, _ at: Timestamp,
        _ writer: inout PcapngWriter
    ) {
        write(stream, direction, flags, UInt64.max, RawSpan(), at, &writer)
    }

    /// A report that the initiator's SYN did not arrive.
    private func report(_ reason: UndeliveredPacket.Reason, _ at: Timestamp, _ writer: inout PcapngWriter) {
        let isSend = initiator == .send
        let syn = TCPPacket(
            source: isSend ? wire.local : wire.remote, destination: isSend ? wire.remote : wire.local,
            sequence: (isSend ? wire.send : wire.receive).number(UInt64.max), acknowledgment: 0, flags: .syn)
        let report = UndeliveredPacket(packet: syn, reason: reason)
        writer.packet(report.bytes(), interface: interface, at: at)
    }

    /// - Parameter position: of the payload, or of the end; `nil` for the position that the direction is at.
    private mutating func write(
        _ stream: Stream, _ direction: Direction, _ flags: TCPPacket.Flags, _ position: UInt64?,
        _ payload: RawSpan, _ at: Timestamp, _ writer: inout PcapngWriter
    ) {
        let (own, other) = direction == .send ? (stream.send, stream.receive) : (stream.receive, stream.send)
        let next = own.number(own.highest) &+ (own.isFinished ? 1 : 0)
        let packet = TCPPacket(
            source: direction == .send ? stream.local : stream.remote,
            destination: direction == .send ? stream.remote : stream.local,
            sequence: position.map { own.number($0) } ?? next, acknowledgment: other.acknowledgment, flags: flags)
        writer.packet(packet.bytes(payload), interface: interface, at: at, comment: comment)
        comment = nil
    }
}
