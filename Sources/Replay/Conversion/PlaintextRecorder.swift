import Shared

/// Writes down what a tape's TLS carried in place of how it was carried: the plaintext as a layer of the connection, without the
/// bytes of the wire and without the secrets.
///
/// The pipeline reads the tape meanwhile and tells what it has opened. Of a connection whose TLS stays closed nothing is
/// left but that it was there.
final class PlaintextRecorder<Recorder: EventSink>: EventSink {
    private let recorder: Recorder
    private let profiler: Profiler
    private let opened = OpenedBytes()
    /// Connections whose wire carries TLS from here on.
    private var encrypted: Set<ConnectionID> = []
    /// How far the plaintext of each has come.
    private var positions: [ConnectionID: (sent: UInt64, received: UInt64)] = [:]

    init(_ recorder: Recorder, _ secrets: [TLSSecret]) {
        self.recorder = recorder
        var options = Profiler.Options()
        options.eventLog = false
        options.environments = false
        options.secrets = secrets
        profiler = Profiler(options, observer: opened)
    }

    func consume(_ event: borrowing CapturedEvent, payload: RawSpan) {
        let wire = wireConnection(of: event)
        var wasEncrypted = wire.map { encrypted.contains($0) || begins(event, payload, $0) } ?? false
        profiler.consume(event, payload: payload)
        if let wire, !wasEncrypted, opened.has(wire) {
            // TLS that began within another protocol's messages.
            encrypted.insert(wire)
            wasEncrypted = true
        }
        if case .close = event.kind { write(event.timestamp) }
        if !wasEncrypted, !isSecret(event) { recorder.consume(promisingNone(event), payload: payload) }
        write(event.timestamp)
        if case .close(let closed) = event.kind {
            encrypted.remove(closed.id)
            positions[closed.id] = nil
        }
    }

    /// The tape has ended, and what was still open has given what it had.
    func finish() {
        profiler.finish()
        write(profiler.lastEvent)
    }

    private func isSecret(_ event: borrowing CapturedEvent) -> Bool {
        if case .secret = event.kind { true } else { false }
    }

    /// The tape that is written has no secrets.
    private func promisingNone(_ event: borrowing CapturedEvent) -> CapturedEvent {
        guard case .tape(var origin) = event.kind else { return copy event }
        origin.bringsSecrets = false
        return CapturedEvent(event.timestamp, .tape(origin))
    }

    /// The connection whose wire an event is of.
    private func wireConnection(of event: borrowing CapturedEvent) -> ConnectionID? {
        switch event.kind {
        case .data(let at), .acknowledged(let at), .finished(let at): at.layer == .wire ? at.connection : nil
        case .gap(let gap): gap.at.layer == .wire ? gap.at.connection : nil
        default: nil
        }
    }

    /// TLS begins with a handshake's record (RFC 8446, section 5.1), which nothing else that is known begins with.
    private func begins(_ event: borrowing CapturedEvent, _ payload: RawSpan, _ id: ConnectionID) -> Bool {
        guard case .data = event.kind, payload.u8(at: 0) == 22, payload.u8(at: 1) == 3, let minor = payload.u8(at: 2),
            minor <= 4
        else { return false }
        encrypted.insert(id)
        return true
    }

    private func write(_ now: Timestamp) {
        opened.drain { piece in
            var position = positions[piece.connection] ?? (0, 0)
            let start = piece.direction == .send ? position.sent : position.received
            let at = StreamPosition(piece.connection, piece.direction, start, layer: .plaintext)
            if piece.missing > 0 {
                recorder.consume(
                    CapturedEvent(now, .gap(StreamGap(at: at, length: piece.missing, reason: .packetLost))),
                    payload: RawSpan())
            } else {
                recorder.consume(CapturedEvent(now, .data(at)), payload: piece.bytes.span.bytes)
            }
            let end = start &+ (piece.missing > 0 ? piece.missing : UInt64(piece.bytes.count))
            if piece.direction == .send { position.sent = end } else { position.received = end }
            positions[piece.connection] = position
        }
    }
}

/// What the pipeline has opened since it was asked last.
private final class OpenedBytes: Sink {
    struct Piece {
        var connection: ConnectionID
        var direction: Direction
        var bytes: [UInt8] = []
        var missing: UInt64 = 0
    }

    private var pieces: [Piece] = []

    var needs: Needs { .plaintext }

    func opened(_ bytes: RawSpan, _ direction: Direction, of connection: Connection) {
        pieces.append(Piece(connection: connection.opened.id, direction: direction, bytes: [UInt8](bytes)))
    }

    func missing(_ length: UInt64, _ direction: Direction, of connection: Connection) {
        pieces.append(Piece(connection: connection.opened.id, direction: direction, missing: length))
    }

    func has(_ connection: ConnectionID) -> Bool { pieces.contains { $0.connection == connection } }

    func drain(_ body: (Piece) -> Void) {
        for piece in pieces { body(piece) }
        pieces = []
    }
}
