/// The pipeline: events of a tape in, outputs out.
package final class Profiler {
    package struct Options: Sendable {
        package init() {}
        /// Write HTTP and connection events; without it only the map and the summary are made.
        package var eventLog = true
        package var limits = Limits()
        package var names = AddressNames()
    }

    package private(set) var summary = Summary()
    /// Lines of the event log that nobody took yet; the sink writes them out and empties it.
    package var eventLog: [UInt8] = []

    package init(_ options: Options) {}

    /// Takes the next event of the tape. `payload` holds the bytes of a `data` event, is empty for all others, and
    /// is not kept.
    package func consume(_ event: CapturedEvent, payload: RawSpan) {}

    /// The tape has ended: whatever is open is reported.
    package func finish() {}

    /// The service map as of now.
    package func serviceMap() -> ServiceMapDocument { ServiceMapDocument(generatedAt: Timestamp(nanoseconds: 0), services: []) }
}
