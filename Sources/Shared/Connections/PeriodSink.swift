/// A part of a tape's time, from a moment to before another: which exchanges, operations and connections are told of.
package struct Period: Equatable, Sendable {
    package enum Bound: Equatable, Sendable {
        case moment(Timestamp)
        /// So many nanoseconds after the tape has begun.
        case after(Int64)
    }

    package var since: Bound?
    package var until: Bound?

    package init(since: Bound? = nil, until: Bound? = nil) {
        self.since = since
        self.until = until
    }
}

/// What lets through to a sink only what belongs to a period: exchanges, operations and messages whose request began in it, and
/// connections that were open in it, if only for a moment.
///
/// The rest of the pipeline knows nothing of it: numbers, names, templates, ledger and summary are those of the whole tape.
final class PeriodSink: Sink {
    let needs: Needs
    private let sink: any Sink
    private let period: Period
    private let run: Run
    /// A connection is told of when it proves to have been open in the period; else when it was found out within it.
    private let waitsForProof: Bool
    /// What was found out before the period about connections that may be open in it, by their numbers.
    private var early: [UInt64: (event: ConnectionEvent, origin: Origin)] = [:]

    /// - Parameter waitsForProof: for a sink that has no order of time.
    init(_ sink: any Sink, _ period: Period, _ run: Run, waitsForProof: Bool) {
        self.sink = sink
        self.period = period
        self.run = run
        self.waitsForProof = waitsForProof
        needs = sink.needs
    }

    // MARK: Time

    private func moment(_ bound: Period.Bound?) -> Timestamp? {
        switch bound {
        case nil: nil
        case .moment(let moment): moment
        case .after(let nanoseconds):
            Timestamp(nanoseconds: (run.summary.firstEvent?.nanoseconds ?? 0) &+ nanoseconds)
        }
    }

    private func isBefore(_ moment: Timestamp) -> Bool { self.moment(period.since).map { moment < $0 } ?? false }

    private func isAfter(_ moment: Timestamp) -> Bool { self.moment(period.until).map { moment >= $0 } ?? false }

    private func contains(_ moment: Timestamp) -> Bool { !isBefore(moment) && !isAfter(moment) }

    // MARK: What has a moment

    func message(
        _ message: borrowing Message, _ exchange: Exchange?, _ text: RawSpan, of connection: Connection,
        _ origin: Origin
    ) {
        guard contains(exchange?.requestFirstByte ?? message.firstByte) else { return }
        sink.message(message, exchange, text, of: connection, origin)
    }

    func exchange(_ exchange: Exchange, _ text: RawSpan, of connection: Connection, _ origin: Origin) {
        guard contains(exchange.requestFirstByte) else { return }
        sink.exchange(exchange, text, of: connection, origin)
    }

    func over(_ exchange: Exchange) { sink.over(exchange) }

    func operation(
        _ operation: borrowing ServiceOperation, _ text: RawSpan, of connection: Connection, _ origin: Origin
    ) {
        guard contains(operation.requestFirst) else { return }
        tellEarly(connection)
        sink.operation(operation, text, of: connection, origin)
    }

    func connection(_ event: ConnectionEvent, of connection: Connection, _ origin: Origin) {
        if isAfter(event.timestamp) {
            // What it is was found out later.
            guard waitsForProof, event.failure == nil, !isAfter(connection.openedAt) else { return }
            return sink.connection(event, of: connection, origin)
        }
        guard isBefore(event.timestamp) else {
            early[connection.number] = nil
            return sink.connection(event, of: connection, origin)
        }
        // A connect that failed is over.
        if waitsForProof, event.failure == nil { early[connection.number] = (event, origin) }
    }

    private func tellEarly(_ connection: Connection) {
        guard let (event, origin) = early.removeValue(forKey: connection.number) else { return }
        sink.connection(event, of: connection, origin)
    }

    func withdraw(_ connection: Connection) {
        early[connection.number] = nil
        sink.withdraw(connection)
    }

    func ended(_ connection: Connection, _ end: ConnectionEnd) {
        if let now = run.summary.lastEvent, !isBefore(now) { tellEarly(connection) }
        early[connection.number] = nil
        sink.ended(connection, end)
    }

    // MARK: What has none

    func began(_ ask: Ask, _ text: RawSpan, of connection: Connection, _ origin: Origin) -> Token {
        sink.began(ask, text, of: connection, origin)
    }

    func opened(_ bytes: RawSpan, _ direction: Direction, of connection: Connection) {
        sink.opened(bytes, direction, of: connection)
    }

    func missing(_ length: UInt64, _ direction: Direction, of connection: Connection) {
        sink.missing(length, direction, of: connection)
    }

    func resolved(
        _ name: RawSpan, _ address: IPAddress, seconds: UInt32, _ at: Timestamp, by connection: Connection
    ) { sink.resolved(name, address, seconds: seconds, at, by: connection) }
}
