/// Reads what a TLS handshake says in the clear; what it carries is hidden.
final class TLSAnalyzer: Analyzer {
    private var facts = TLSFacts()
    private var clientIsRead = false
    private var isTold = false

    init(_ run: Run) {}

    func begin(_ start: Start) {
        facts = TLSFacts()
        clientIsRead = false
        isTold = false
    }

    func consume(_ bytes: RawSpan, _ side: Side, _ at: Arrival, _ out: any Output) -> Step {
        read(bytes, side, isFinal: false, at.last, out) ? .took(bytes.byteCount) : .took(0)
    }

    func gap(_ length: UInt64, _ side: Side, after tail: RawSpan, _ at: Arrival, _ out: any Output) -> Step {
        _ = end(side, after: tail, at.last, out)
        return .took(tail.byteCount)
    }

    func end(_ side: Side, after tail: RawSpan, _ at: Timestamp, _ out: any Output) -> Int {
        if tail.byteCount > 0 { _ = read(tail, side, isFinal: true, at, out) }
        if side == .client { clientIsRead = true } else { tell(at, out) }
        return tail.byteCount
    }

    func finish(_ out: any Output) {}

    var held: Int { 0 }

    var takesApart: Bool { false }

    // MARK: Hellos

    /// A hello that is longer is not waited for: most have some 500 bytes, and 2,000 with keys that quantum computers do
    /// not break.
    private static let helloLimit = 16 << 10

    /// - Returns: whether the bytes are done with.
    private func read(
        _ bytes: RawSpan, _ side: Side, isFinal: Bool, _ at: Timestamp, _ out: any Output
    ) -> Bool {
        if isTold || side == .client && clientIsRead { return true }
        let hello = bytes.extracting(first: Self.helloLimit)
        let isFinal = isFinal || bytes.byteCount >= Self.helloLimit
        let reading =
            side == .client
            ? TLSHello.client(in: hello, isFinal: isFinal) : TLSHello.server(in: hello, isFinal: isFinal)
        switch reading {
        case .needMore: if !isFinal { return false }
        case .no:
            // Joined late: there is no handshake to come.
            if side == .client { tell(at, out) }
        case .yes(let found):
            if side == .client {
                facts.serverName = found.serverName
                facts.applicationProtocols = found.applicationProtocols
            } else {
                facts.chosenProtocol = found.chosenProtocol
                facts.version = found.version
            }
        }
        if side == .server {
            tell(at, out)
        } else {
            clientIsRead = true
            if !isTold { out.know(facts, isComplete: false, at) }
        }
        return true
    }

    private func tell(_ at: Timestamp, _ out: any Output) {
        guard !isTold else { return }
        isTold = true
        out.know(facts, isComplete: true, at)
    }
}
