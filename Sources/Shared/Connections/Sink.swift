/// What takes the results of the pipeline: the event log, the state of the service map, grading.
///
/// What a sink is shown is lent for the time of a call. Whatever a sink does not care about it leaves out.
package protocol Sink: AnyObject {
    /// What it asks for beyond exchanges and connections.
    var needs: Needs { get }

    /// A request was read as far as it says what it asks for.
    /// - Returns: what the exchange keeps of it; of a run's sinks one gives tokens.
    func began(_ ask: Ask, _ text: RawSpan, of connection: Connection, _ origin: Origin) -> Token

    /// A message is whole, or as whole as it will ever be.
    /// - Parameters:
    ///   - exchange: the request's own, or that of the request which a response answers; its ranges lie in `text`.
    func message(
        _ message: borrowing Message, _ exchange: Exchange?, _ text: RawSpan, of connection: Connection,
        _ origin: Origin)

    /// An exchange has ended: answered, or given up.
    func exchange(_ exchange: Exchange, _ text: RawSpan, of connection: Connection, _ origin: Origin)

    /// Nobody says anything more of an exchange: answered, or given up; of each view of it. Only where `Needs` has ends.
    func over(_ exchange: Exchange)

    /// An operation of a database, a cache or a message bus has ended; its ranges lie in `text`.
    func operation(
        _ operation: borrowing ServiceOperation, _ text: RawSpan, of connection: Connection, _ origin: Origin)

    /// Something was found out about a connection that appears as an edge of its own.
    func connection(_ event: ConnectionEvent, of connection: Connection, _ origin: Origin)

    /// What was found out about a connection as an edge is known better by another view of it.
    func withdraw(_ connection: Connection)

    /// The next bytes that came out of a connection's TLS; of several layers of it, the outermost.
    func opened(_ bytes: RawSpan, _ direction: Direction, of connection: Connection)

    /// Bytes are missing there.
    func missing(_ length: UInt64, _ direction: Direction, of connection: Connection)

    /// Somebody was told that a name has this address, for so many seconds.
    func resolved(
        _ name: RawSpan, _ address: IPAddress, seconds: UInt32, _ at: Timestamp, by connection: Connection)

    /// The last call for a connection.
    func ended(_ connection: Connection, _ end: ConnectionEnd)
}

extension Sink {
    package var needs: Needs { [] }
    package func began(_ ask: Ask, _ text: RawSpan, of connection: Connection, _ origin: Origin) -> Token { .none }
    package func message(
        _ message: borrowing Message, _ exchange: Exchange?, _ text: RawSpan, of connection: Connection,
        _ origin: Origin
    ) {}
    package func exchange(_ exchange: Exchange, _ text: RawSpan, of connection: Connection, _ origin: Origin) {}
    package func over(_ exchange: Exchange) {}
    package func operation(
        _ operation: borrowing ServiceOperation, _ text: RawSpan, of connection: Connection, _ origin: Origin
    ) {}
    package func connection(_ event: ConnectionEvent, of connection: Connection, _ origin: Origin) {}
    package func withdraw(_ connection: Connection) {}
    package func opened(_ bytes: RawSpan, _ direction: Direction, of connection: Connection) {}
    package func missing(_ length: UInt64, _ direction: Direction, of connection: Connection) {}
    package func resolved(
        _ name: RawSpan, _ address: IPAddress, seconds: UInt32, _ at: Timestamp, by connection: Connection
    ) {}
    package func ended(_ connection: Connection, _ end: ConnectionEnd) {}
}

/// Where in a connection something comes from.
package struct Origin: BitwiseCopyable {
    package var layer: StreamLayer
    /// The bytes came out of TLS.
    package var isDecrypted: Bool
    /// What is talked there.
    package var row: ProtocolID
}

/// How a connection ended, and how long its streams were.
package struct ConnectionEnd {
    package var how: ConnectionClosed.How
    /// Bytes from the local side, captured or not.
    package var sent: UInt64
    package var received: UInt64
}

/// The sinks of a run.
struct Sinks {
    /// The one whose tokens exchanges keep.
    let state: any Sink
    let others: [any Sink]

    init(state: any Sink, others: [any Sink]) {
        self.state = state
        self.others = others
    }

    var needs: Needs { others.reduce(state.needs) { $0.union($1.needs) } }

    @inline(__always)
    func all(_ body: (any Sink) -> Void) {
        body(state)
        for sink in others { body(sink) }
    }
}
