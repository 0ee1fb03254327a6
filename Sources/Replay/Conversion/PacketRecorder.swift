import Shared

/// Makes packets from a tape's events, for Wireshark and the like: what TCP would have put on the wire.
///
/// Bytes have the sequence numbers that their positions say, so a gap is a jump in them, as it is in a capture that lost
/// packets. The plaintext of TLS becomes a connection of its own, to a port of its own, since it has no place in the one
/// that carried it. What a connection's two sides have seen of it are the same packets twice, on two interfaces.
final class PacketRecorder: EventRecorder {
    private var writer = PcapngWriter(interfaces: [
        ("client", "as the client, or a capture, saw it"), ("server", "as the server saw it"),
    ])
    private var connections: [ConnectionID: PacketConnection] = [:]
    private(set) var strayEvents: UInt64 = 0
    private(set) var unplacedEvents: UInt64 = 0
    private var lastMoment = Timestamp(nanoseconds: 0)
    /// Open connections between Unix sockets.
    private var unixConnections: Set<ConnectionID> = []
    private var processes: [ProcessKey: String] = [:]
    /// How often the same endpoints were connected: the next time the sequence numbers begin elsewhere.
    private var generations: [Tuple: UInt32] = [:]

    private struct Tuple: Hashable {
        var local: Endpoint
        var remote: Endpoint
    }

    /// Tuples that are remembered; beyond them all begin anew.
    private static let tuples = 1 << 18

    var count: Int { writer.bytes.count }

    func drain(_ body: (RawSpan) -> Void) {
        let bytes = writer.bytes
        if !bytes.isEmpty { body(bytes.span.bytes) }
        writer.removeAll()
    }

    func consume(_ event: CapturedEvent, payload: RawSpan) {
        let at = event.timestamp
        lastMoment = max(lastMoment, at)
        switch event.kind {
        case .open(let opened): open(opened, at)
        case .continued(let continued): goOn(continued, at)
        case .data(let position):
            connections[position.connection]?.data(payload, position, at, &writer) ?? stray(position.connection)
        case .gap(let gap): connections[gap.at.connection]?.skip(gap.at, gap.length) ?? stray(gap.at.connection)
        case .acknowledged(let position):
            connections[position.connection]?.acknowledged(position, at, &writer) ?? stray(position.connection)
        case .expected(let position):
            connections[position.connection]?.skip(position, 0) ?? stray(position.connection)
        case .finished(let position):
            connections[position.connection]?.finished(position, at, &writer) ?? stray(position.connection)
        case .close(let closed):
            connections[closed.id]?.close(closed, at, &writer) ?? stray(closed.id)
            connections[closed.id] = nil
            unixConnections.remove(closed.id)
        case .process(let process): processes[process.key] = Self.comment(process)
        case .exit(let key): processes[key] = nil
        case .sequenceNumbers(let numbers):
            connections[numbers.connection]?.learn(numbers, at, &writer) ?? stray(numbers.connection)
        case .secret(let secret):
            if let line = secret.keyLogLine { writer.secrets(line) } else { unplacedEvents &+= 1 }
        case .datagram(let datagram): message(datagram, payload, at)
        case .unixSocket, .name: unplacedEvents &+= 1
        case .listening, .container, .lost, .tape, .end: break
        }
    }

    /// A tape's origin is a trace's: packets have no place for it and need none.
    func begin(_ origin: TapeOrigin) {}

    /// The tape goes on behind the last packet where its own last ones made none, such as a bare acknowledgment.
    func finish() { if lastMoment > writer.lastPacket { writer.end(at: lastMoment) } }

    /// Packets of what the earlier files have were never here: the numbers go on behind them.
    private func goOn(_ continued: ConnectionContinued, _ at: Timestamp) {
        var opened = continued.opened
        guard connections[opened.id] == nil else { return }
        opened.joinedLate = true
        open(opened, at)
        connections[opened.id]?.skip(StreamPosition(opened.id, .send, 0), continued.sent)
        connections[opened.id]?.skip(StreamPosition(opened.id, .receive, 0), continued.received)
    }

    private func open(_ opened: ConnectionOpened, _ at: Timestamp) {
        guard opened.local.kind == .internet, opened.remote.kind == .internet else {
            unplacedEvents &+= 1
            unixConnections.insert(opened.id)
            return
        }
        let tuple = Tuple(local: opened.local, remote: opened.remote)
        if generations.count >= Self.tuples { generations.removeAll() }
        let generation = generations[tuple, default: 0]
        generations[tuple] = generation &+ 1
        let comment = opened.process.map { processes[$0] ?? "pid \($0.pid)" }
        var connection = PacketConnection(opened, generation: generation, comment: comment)
        connection.open(at, &writer)
        connections[opened.id] = connection
    }

    private func message(_ datagram: CapturedDatagram, _ payload: RawSpan, _ at: Timestamp) {
        let (local, remote) = (datagram.local, datagram.remote)
        let isSend = datagram.direction == .send
        let missing = Int(datagram.cut?.length ?? 0)
        let packet = UDPPacket(source: isSend ? local : remote, destination: isSend ? remote : local)
        guard local.kind == .internet, remote.kind == .internet, let bytes = packet.bytes(payload, missing: missing)
        else {
            unplacedEvents &+= 1
            return
        }
        // A port of a service is the server's, whose view it is then.
        let isServer = datagram.process != nil && DatagramPorts.isRead(local.port)
        let comment = datagram.process.map { processes[$0] ?? "pid \($0.pid)" }
        writer.packet(bytes, missing: missing, interface: isServer ? 1 : 0, at: at, comment: comment)
    }

    private func stray(_ id: ConnectionID) {
        if unixConnections.contains(id) { unplacedEvents &+= 1 } else { strayEvents &+= 1 }
    }

    private static func comment(_ process: ProcessIdentity) -> String {
        var parts = ["pid \(process.key.pid)", "comm \(process.comm)"]
        if let name = process.profileName { parts.append("service \(name)") }
        return parts.joined(separator: ", ")
    }
}
