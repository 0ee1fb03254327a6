import Shared

/// Puts secrets on a tape, before the first event that they may be needed for.
final class WithSecrets<Sink: EventSink>: EventSink {
    private let sink: Sink
    private var secrets: [TLSSecret]

    init(_ sink: Sink, _ secrets: [TLSSecret]) {
        self.sink = sink
        self.secrets = secrets
    }

    func consume(_ event: borrowing CapturedEvent, payload: RawSpan) {
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
