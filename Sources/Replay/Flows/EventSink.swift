import Shared

/// Where the events of a tape go: the pipeline, or a test that looks at them.
protocol EventSink: AnyObject {
    /// `payload` holds the bytes of a `data` event and is not kept.
    func consume(_ event: CapturedEvent, payload: RawSpan)
}

extension Profiler: EventSink {}
