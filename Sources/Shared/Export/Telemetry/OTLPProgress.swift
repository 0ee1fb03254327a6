/// What was told of a tape, where it is told of piece by piece: what comes next may belong to it.
package struct OTLPProgress: Sendable {
    /// Clients' spans of the piece before.
    private var clients: [SpanIdentity: ServiceMapDocument.Span] = [:]
    /// Views of servers whose client's is still to come.
    private var orphans: [SpanWitness.Span] = []
    /// Losses as they were told last.
    private var losses: [String: UInt64] = [:]

    package init() {}

    /// The spans of a piece, and the views of servers that they are the clients of.
    mutating func spans(_ traces: ServiceMapDocument.Traces) -> [OTLPFile.Element] {
        var elements: [OTLPFile.Element] = []
        spans(traces, inPartsOf: .max) { elements += $0 }
        return elements
    }

    /// The same in parts of so many: as text they take far more room than as they are.
    mutating func spans(
        _ traces: ServiceMapDocument.Traces, inPartsOf count: Int, _ give: ([OTLPFile.Element]) -> Void
    ) {
        var known: [SpanIdentity: ServiceMapDocument.Span] = [:]
        for span in traces.spans where span.seen.side == .client { known[span.seen.identity] = span }
        let all = clients.merging(known) { $1 }
        // What only the server's view has is named as its client's.
        let named = { (seen: SpanWitness.Span) -> ServiceMapDocument.Span? in
            all[seen.identity].map {
                ServiceMapDocument.Span(
                    service: $0.service, destination: $0.destination, asked: $0.asked, seen: seen)
            }
        }
        let served = (orphans + traces.served).compactMap(named)
        // Both sides of an exchange end within a moment.
        orphans = traces.served.filter { all[$0.identity] == nil }
        clients = known
        OTLPTraces.elements(traces.spans + served, all, inPartsOf: count, give)
    }

    /// The records of a piece, and the losses that have grown.
    mutating func records(_ traces: ServiceMapDocument.Traces, _ summary: Summary) -> [OTLPFile.Element] {
        let lost = OTLPLogs.losses(summary).filter { losses[$0.reason] != $0.count }
        for loss in lost { losses[loss.reason] = loss.count }
        return OTLPLogs.elements(traces, lost, at: summary.lastEvent)
    }
}
