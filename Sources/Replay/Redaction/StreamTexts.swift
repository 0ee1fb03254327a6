import Shared

/// Shows a finder the streams of a tape as they are, in parts that are long enough for what stands in them.
///
/// What the pipeline makes no message of is seen here alone: a head that was cut, what follows a loss, a protocol that nobody knows.
final class StreamTexts: EventSink {
    private let finder: CredentialFinder
    /// Bytes of a stream that were not shown yet, behind the last of those that were.
    private struct Part {
        var bytes: [UInt8] = []
        var shown = 0
        /// Where some are missing among them.
        var loss: Int?
        /// Where they end in the stream.
        var end: UInt64
    }

    private var parts: [LayeredStream: Part] = [:]
    private(set) var torn = TornStreams()

    private static let longest = 64 << 10
    /// So much is shown again with what follows: a name and its value may lie on both sides of a cut.
    private static let again = 1 << 10

    init(_ finder: CredentialFinder) { self.finder = finder }

    func consume(_ event: borrowing CapturedEvent, payload: RawSpan) {
        torn.take(event, byteCount: payload.byteCount)
        switch event.kind {
        case .data(let at): add(payload, at)
        case .close(let closed): for stream in LayeredStream.all(of: closed.id) { end(stream) }
        default: break
        }
    }

    private func add(_ payload: RawSpan, _ at: StreamPosition) {
        let stream = LayeredStream(at)
        var part = parts.removeValue(forKey: stream) ?? Part(end: at.position)
        if part.end != at.position {
            show(&part, stream)
            part.loss = part.bytes.count
        }
        part.bytes += [UInt8](payload)
        part.end = at.position &+ UInt64(payload.byteCount)
        if part.bytes.count >= Self.longest { show(&part, stream) }
        parts[stream] = part
    }

    private func end(_ stream: LayeredStream) {
        guard var part = parts.removeValue(forKey: stream) else { return }
        show(&part, stream)
    }

    private func show(_ part: inout Part, _ stream: LayeredStream) {
        guard part.bytes.count > part.shown else { return }
        finder.bytes(part.bytes, loss: part.loss, of: stream.direction)
        part.bytes = Array(part.bytes.suffix(Self.again))
        part.shown = part.bytes.count
        part.loss = nil
    }

    /// The tape has ended: shows what is left.
    func finish() {
        let connections = Set(parts.keys.map(\.direction.connection.serial))
        for serial in connections.sorted() {
            for stream in LayeredStream.all(of: ConnectionID(serial)) { end(stream) }
        }
    }
}
