import Shared

/// Puts secrets on a tape, before the first event that they may be needed for.
final class WithSecrets<Sink: EventSink>: EventSink {
    private let sink: Sink
    private var secrets: [TLSSecret]
    /// Of those that are put there: what the tape has without their session.
    private let replaced: Set<[UInt8]>

    /// - Parameter placed: with the session that the tape does not name, in place of those without.
    init(_ sink: Sink, _ secrets: [TLSSecret], placed: [TLSSecret] = []) {
        self.sink = sink
        self.secrets = secrets + placed
        replaced = Set(placed.map(\.secret))
    }

    func consume(_ event: borrowing CapturedEvent, payload: RawSpan) {
        if case .secret(let secret) = event.kind, secret.keyLogLine == nil, replaced.contains(secret.secret) { return }
        if !secrets.isEmpty, !isMark(event) {
            for secret in secrets { sink.consume(CapturedEvent(event.timestamp, .secret(secret)), payload: RawSpan()) }
            secrets = []
        }
        sink.consume(event, payload: payload)
    }

    /// A tape begins with it.
    private func isMark(_ event: borrowing CapturedEvent) -> Bool {
        if case .tape = event.kind { true } else { false }
    }
}
