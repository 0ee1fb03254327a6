/// Steps over the header; whatever follows is for the detectors.
final class ProxyProtocolAnalyzer: Analyzer {
    init(_ run: Run) {}

    func begin(_ start: Start) {}

    func consume(_ bytes: RawSpan, _ side: Side, _ at: Arrival, _ out: any Output) -> Step {
        // What the server says belongs to what follows.
        guard side == .client else { return .hold(took: 0) }
        switch ProxyProtocolHeader.read(bytes) {
        case .header(let length, let announcement): return .handOver(took: length, .detect(announcement))
        case .needMore: return .took(0)
        case .no: return .handOver(took: 0, .detect(Announcement()))
        }
    }

    func gap(_ length: UInt64, _ side: Side, after tail: RawSpan, _ at: Arrival, _ out: any Output) -> Step {
        .handOver(took: tail.byteCount, .detect(Announcement()))
    }

    func end(_ side: Side, after tail: RawSpan, _ at: Timestamp, _ out: any Output) -> Int { tail.byteCount }

    func finish(_ out: any Output) {}

    var held: Int { 0 }

    var takesApart: Bool { false }
}
