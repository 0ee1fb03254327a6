/// The event log of exchanges of a wanted outcome, which is known when they are over: lines wait until then, and all that is wanted
/// behind them, so that the order stays the log's.
final class OutcomeLog: Sink {
    let needs: Needs
    private let log: EventLog
    private let status: StatusChoice
    private var ready: [UInt8] = []
    /// Lines behind `ready`, from the first that nobody has decided on.
    private var waiting: [Lines] = []
    /// How many of them were taken out at the front, until these are many.
    private var first = 0
    /// Where in `waiting`, counted from the tape's beginning, the lines of exchanges are that go on.
    private var open: [UInt64: [Int]] = [:]
    private var removed = 0

    private struct Lines {
        var text: [UInt8]
        var isDecided: Bool
    }

    init(_ log: EventLog, _ status: StatusChoice) {
        self.log = log
        self.status = status
        needs = log.needs.union(.ends)
    }

    // MARK: Taking

    /// Bytes that may be taken.
    var count: Int { ready.count }

    func drain(_ body: (RawSpan) -> Void) {
        let lines = ready
        ready = []
        body(lines.span.bytes)
    }

    /// The tape has ended: what is still open has had no answer.
    func finish() {
        for number in open.keys.sorted() { decide(number, status.contains(answer: nil)) }
    }

    // MARK: Lines

    func message(
        _ message: borrowing Message, _ exchange: Exchange?, _ text: RawSpan, of connection: Connection,
        _ origin: Origin
    ) {
        guard let exchange, !exchange.isAnswered else {
            // What nobody asked for speaks for itself.
            let outcome = exchange.map { $0.status } ?? (message.head.side == .server ? message.head.status : nil)
            guard status.contains(answer: outcome) else { return }
            log.message(message, exchange, text, of: connection, origin)
            return append(take())
        }
        log.message(message, exchange, text, of: connection, origin)
        let lines = take()
        guard !lines.isEmpty else { return }
        open[exchange.number, default: []].append(removed + waiting.count - first)
        waiting.append(Lines(text: lines, isDecided: false))
    }

    func operation(
        _ operation: borrowing ServiceOperation, _ text: RawSpan, of connection: Connection, _ origin: Origin
    ) {
        guard status.contains(operation, text) else { return }
        log.operation(operation, text, of: connection, origin)
        append(take())
    }

    func connection(_ event: ConnectionEvent, of connection: Connection, _ origin: Origin) {
        guard status == .errors, event.failure != nil else { return }
        log.connection(event, of: connection, origin)
        append(take())
    }

    func ended(_ connection: Connection, _ end: ConnectionEnd) { log.ended(connection, end) }

    func over(_ exchange: Exchange) { decide(exchange.number, status.contains(answer: exchange.outcome)) }

    private func take() -> [UInt8] {
        var lines: [UInt8] = []
        log.drain { lines.append($0) }
        return lines
    }

    private func append(_ lines: [UInt8]) {
        if waiting.isEmpty { ready += lines } else { waiting.append(Lines(text: lines, isDecided: true)) }
    }

    private func decide(_ number: UInt64, _ isWanted: Bool) {
        for place in open.removeValue(forKey: number) ?? [] {
            let index = place - removed + first
            waiting[index].isDecided = true
            if !isWanted { waiting[index].text = [] }
        }
        while first < waiting.count, waiting[first].isDecided {
            ready += waiting[first].text
            waiting[first].text = []
            first += 1
            removed += 1
        }
        if first == waiting.count || first > 4096 {
            waiting.removeFirst(first)
            first = 0
        }
    }
}
