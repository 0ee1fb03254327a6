import Shared

/// Hands a tape's events on with credentials hidden where they lie, and with gaps for the streams in which they can't be.
final class RedactedEvents<Sink: EventSink>: EventSink {
    private let sink: Sink
    private let patterns: CredentialPatterns
    private let places: CredentialPlaces
    private let blanked: Set<CredentialFinder.Stream>
    private let torn: [LayeredStream: [Range<UInt64>]]
    /// Bytes of streams that were replaced by gaps, and which streams have any.
    private(set) var blankedBytes: UInt64 = 0
    private(set) var blankedStreams: Set<CredentialFinder.Stream> = []

    /// - Parameters:
    ///   - blanked: streams of which no byte is handed on.
    ///   - torn: parts of others of which none is, either.
    init(
        _ sink: Sink, _ patterns: CredentialPatterns, _ places: CredentialPlaces, blanked: Set<CredentialFinder.Stream>,
        torn: [LayeredStream: [Range<UInt64>]]
    ) {
        self.sink = sink
        self.patterns = patterns
        self.places = places
        self.blanked = blanked
        self.torn = torn
    }

    func consume(_ event: borrowing CapturedEvent, payload: RawSpan) {
        let now = event.timestamp
        switch event.kind {
        case .data(let at) where isBlanked(at, payload.byteCount):
            guard payload.byteCount > 0 else { return }
            let gap = StreamGap(at: at, length: UInt64(payload.byteCount), reason: .redacted)
            blankedBytes &+= gap.length
            blankedStreams.insert(CredentialFinder.Stream(at.connection, at.direction))
            sink.consume(CapturedEvent(now, .gap(gap)), payload: RawSpan())
        case .data(let at):
            guard let hidden = places.hidden(payload, at: at) else { return sink.consume(event, payload: payload) }
            sink.consume(event, payload: hidden.span.bytes)
        case .datagram:
            sink.consume(event, payload: patterns.hidden(in: [UInt8](payload)).span.bytes)
        case .process(let process):
            sink.consume(CapturedEvent(now, .process(hidden(process))), payload: payload)
        default: sink.consume(event, payload: payload)
        }
    }

    private func isBlanked(_ at: StreamPosition, _ count: Int) -> Bool {
        if blanked.contains(CredentialFinder.Stream(at.connection, at.direction)) { return true }
        guard let ranges = torn[LayeredStream(at)] else { return false }
        // The first that does not end before.
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound <= at.position { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && at.position &+ UInt64(count) > ranges[low].lowerBound
    }

    /// What looks like a credential there, and what looks like one anywhere else.
    private func hidden(_ process: ProcessIdentity) -> ProcessIdentity {
        var shown = process.redacted()
        shown.commandLine = String(decoding: patterns.hidden(in: Array(shown.commandLine.utf8)), as: UTF8.self)
        if case .block(let block) = shown.environment { shown.environment = .block(patterns.hidden(in: block)) }
        return shown
    }
}
