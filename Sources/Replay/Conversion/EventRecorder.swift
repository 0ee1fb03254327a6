import Shared

/// A form in which a tape can be written down.
enum TapeForm: String, CaseIterable, Sendable {
    case tape
    case jsonl
    case pcapng

    /// The form that a file's name asks for.
    init?(path: String) {
        guard let form = Self.allCases.first(where: { path.hasSuffix("." + $0.rawValue) }) else { return nil }
        self = form
    }
}

/// Writes a tape's events down in one of the forms, into a buffer that the caller drains into a file.
protocol EventRecorder: EventSink {
    init()
    /// Bytes that nobody took yet.
    var count: Int { get }
    /// Events that this form has no place for, because their connection is not open.
    var strayEvents: UInt64 { get }
    /// Events that this form has no place for, whatever their connection: of Unix sockets, names.
    var unplacedEvents: UInt64 { get }
    /// Begins a tape of this origin, in place of those of its inputs; before the first event, or not at all.
    func begin(_ origin: TapeOrigin)
    /// The tape has come to an orderly end.
    func finish()
    /// Lends the new bytes to the sink, and forgets them.
    func drain(_ body: (RawSpan) -> Void)
}

extension EventRecorder {
    /// A trace holds every event.
    var strayEvents: UInt64 { 0 }
    var unplacedEvents: UInt64 { 0 }
}

final class TraceRecorder: EventRecorder {
    private var writer = TraceWriter()
    private var marks = TapeMarks()
    var count: Int { writer.count }
    func begin(_ origin: TapeOrigin) { marks.origin = origin }
    func consume(_ event: CapturedEvent, payload: RawSpan) {
        if let first = marks.before(event) { writer.write(first, payload: RawSpan()) }
        if marks.passes(event) { writer.write(event, payload: payload) }
    }
    func finish() { if let end = marks.end { writer.write(end, payload: RawSpan()) } }
    func drain(_ body: (RawSpan) -> Void) { writer.drain(body) }
}

final class TraceTextRecorder: EventRecorder {
    private var writer = TraceTextWriter()
    private var marks = TapeMarks()
    var count: Int { writer.count }
    func begin(_ origin: TapeOrigin) { marks.origin = origin }
    func consume(_ event: CapturedEvent, payload: RawSpan) {
        if let first = marks.before(event) { writer.write(first, payload: RawSpan()) }
        if marks.passes(event) { writer.write(event, payload: payload) }
    }
    func finish() { if let end = marks.end { writer.write(end, payload: RawSpan()) } }
    func drain(_ body: (RawSpan) -> Void) { writer.drain(body) }
}
