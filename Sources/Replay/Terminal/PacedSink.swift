import Console
import Shared

/// Hands events on when they are due: somebody watches, and a tape plays at its speed.
final class PacedSink: EventSink {
    private let sink: Profiler
    private let watch: Watch

    init(_ sink: Profiler, _ watch: Watch) {
        self.sink = sink
        self.watch = watch
    }

    func consume(_ event: borrowing CapturedEvent, payload: RawSpan) {
        watch.wait(for: event.timestamp)
        sink.consume(event, payload: payload)
    }
}
