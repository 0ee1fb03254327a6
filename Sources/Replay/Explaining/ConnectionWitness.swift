import Shared

/// Watches what of a tape brings one connection, and hands that on, with the facts that are of all, to a run of its own: what
/// that gives is the connection's alone.
final class ConnectionWitness: PacketCounting {
    /// An event of the connection.
    struct Event {
        /// Of the packet of a capture, or the event of a trace, from 1 on.
        var number: UInt64
        var at: Timestamp
        var what: String
        /// The bytes of the wire's streams that it brings, or says to be missing.
        var bytes: StreamBytes?
    }

    private let wanted: ConnectionID
    private let run: Profiler
    private var number: UInt64 = 0
    private(set) var opened: ConnectionOpened?
    private(set) var events: [Event] = []
    /// Confirmations and the like, which bring no bytes.
    private(set) var signs: UInt64 = 0
    /// The beginnings of both streams, as far as they came in order.
    private(set) var sent: [UInt8] = []
    private(set) var received: [UInt8] = []
    /// Of the wire's streams: what the client said, and what the server said.
    private(set) var streams = (client: HeardStream(), server: HeardStream())
    private var bases: (sent: UInt64?, received: UInt64?) = (nil, nil)

    /// As many bytes as detectors look at (`Detection`).
    private static let heard = 16 << 10

    init(_ wanted: ConnectionID, _ run: Profiler) {
        self.wanted = wanted
        self.run = run
    }

    func reading(_ number: UInt64) { self.number = number }

    func consume(_ event: borrowing CapturedEvent, payload: RawSpan) {
        switch event.kind {
        case .process, .exit, .listening, .container, .name, .secret, .unixSocket:
            run.consume(event, payload: payload)
        case .lost, .datagram, .tape, .end: break
        default:
            guard Self.connection(of: event.kind) == wanted else { return }
            note(event.kind, payload, event.timestamp)
            run.consume(event, payload: payload)
        }
    }

    private static func connection(of kind: CapturedEvent.Kind) -> ConnectionID? {
        switch kind {
        case .open(let opened): opened.id
        case .continued(let continued): continued.opened.id
        case .sequenceNumbers(let numbers): numbers.connection
        case .data(let position), .acknowledged(let position), .expected(let position), .finished(let position):
            position.connection
        case .gap(let gap): gap.at.connection
        case .close(let closed): closed.id
        default: nil
        }
    }

    private func note(_ kind: CapturedEvent.Kind, _ payload: RawSpan, _ at: Timestamp) {
        func add(_ what: String, _ bytes: StreamBytes? = nil) {
            events.append(Event(number: number, at: at, what: what, bytes: bytes))
        }
        switch kind {
        case .open(let opened):
            self.opened = opened
            add("opened" + (opened.joinedLate ? ", before the capture: joined late" : ""))
        case .continued(let continued):
            opened = continued.opened
            add("goes on from an earlier file")
        case .data(let position):
            let end = position.position &+ UInt64(payload.byteCount)
            add(
                "\(who(position)) says \(Quantity.bytes(UInt64(payload.byteCount))): \(position.position) to \(end)",
                bytes(position, UInt64(payload.byteCount)))
            hear(position, payload)
            mark(position, UInt64(payload.byteCount), at)
        case .gap(let gap):
            let end = gap.at.position &+ gap.length
            add(
                "\(who(gap.at)): \(Quantity.bytes(gap.length)) missing, \(gap.at.position) to \(end): \(Self.words("\(gap.reason)"))",
                bytes(gap.at, gap.length))
            mark(gap.at, gap.length, at, gap: gap.reason)
        case .finished(let position):
            mark(position, 0, at)
            add("\(who(position)) has said all, \(position.position) bytes")
        case .close(let closed): add("closed: \(Self.words("\(closed.how)"))")
        default: signs &+= 1
        }
    }

    private static func words(_ name: String) -> String { SummaryJSON.snakeCase(name).replacing("_", with: " ") }

    private var localIsClient: Bool { opened?.role != .server }

    private func who(_ position: StreamPosition) -> String {
        let side = (position.direction == .send) == localIsClient ? "client" : "server"
        return position.layer == .plaintext ? "\(side), in plaintext," : side
    }

    private func bytes(_ position: StreamPosition, _ length: UInt64) -> StreamBytes? {
        guard position.layer == .wire else { return nil }
        let (end, overflows) = position.position.addingReportingOverflow(length)
        return StreamBytes(
            side: (position.direction == .send) == localIsClient ? .client : .server,
            range: position.position..<(overflows ? .max : end))
    }

    private func mark(_ position: StreamPosition, _ length: UInt64, _ at: Timestamp, gap: GapReason? = nil) {
        guard position.layer == .wire else { return }
        if (position.direction == .send) == localIsClient {
            streams.client.add(position.position, length, number, at, gap: gap)
        } else {
            streams.server.add(position.position, length, number, at, gap: gap)
        }
    }

    /// What the tape has not of both streams, in words.
    var holes: [Hole] {
        let sides = [("client", streams.client.holes), ("server", streams.server.holes)]
        return sides.flatMap { side, holes in
            holes.map {
                Hole(
                    side: side, start: $0.start, end: $0.end,
                    reason: $0.reason.map { Self.words("\($0)") } ?? "not on the tape", shownBy: $0.number, at: $0.at)
            }
        }
    }

    /// Bytes of a side's stream that are missing.
    struct Hole {
        var side: String
        var start: UInt64
        var end: UInt64
        var reason: String
        /// The packet or call behind them.
        var shownBy: UInt64
        var at: Timestamp
    }

    private func hear(_ position: StreamPosition, _ payload: RawSpan) {
        guard position.layer == .wire else { return }
        if position.direction == .send {
            Self.append(payload, at: position.position, to: &sent, &bases.sent)
        } else {
            Self.append(payload, at: position.position, to: &received, &bases.received)
        }
    }

    private static func append(_ payload: RawSpan, at position: UInt64, to heard: inout [UInt8], _ base: inout UInt64?)
    {
        let start = base ?? position
        base = start
        guard position == start &+ UInt64(heard.count), heard.count < Self.heard else { return }
        heard.append(payload.extracting(0..<min(payload.byteCount, Self.heard - heard.count)))
    }

    /// What each protocol says of how it began.
    func opinions(_ registry: Registry) -> [Registry.Opinion] {
        let (client, server) = localIsClient ? (sent, received) : (received, sent)
        return registry.opinions(
            client: client.span.bytes, server: server.span.bytes, isStreamStart: opened?.joinedLate == false)
    }

    /// Of the client and the server, how many bytes they were asked of.
    var heardBytes: (client: Int, server: Int) {
        localIsClient ? (sent.count, received.count) : (received.count, sent.count)
    }
}
