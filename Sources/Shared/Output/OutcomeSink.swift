/// What lets through to the map only exchanges and operations of a wanted outcome, and connections of which any such operation is
/// told, or that failed where errors are wanted.
final class OutcomeSink: Sink {
    private let map: MapState
    private let status: StatusChoice
    /// What was found out about open connections, by their numbers; told, or not yet.
    private var edges: [UInt64: Edge] = [:]

    private struct Edge {
        var event: ConnectionEvent
        var origin: Origin
        var isTold = false
    }

    init(_ map: MapState, _ status: StatusChoice) {
        self.map = map
        self.status = status
    }

    var needs: Needs { map.needs }

    func exchange(_ exchange: Exchange, _ text: RawSpan, of connection: Connection, _ origin: Origin) {
        guard status.contains(answer: exchange.outcome) else { return }
        map.exchange(exchange, text, of: connection, origin)
    }

    func operation(
        _ operation: borrowing ServiceOperation, _ text: RawSpan, of connection: Connection, _ origin: Origin
    ) {
        guard status.contains(operation, text) else { return }
        if let edge = edges[connection.number], !edge.isTold, !operation.isHousekeeping {
            edges[connection.number]?.isTold = true
            map.connection(edge.event, of: connection, edge.origin)
        }
        map.operation(operation, text, of: connection, origin)
    }

    func began(_ ask: Ask, _ text: RawSpan, of connection: Connection, _ origin: Origin) -> Token {
        map.began(ask, text, of: connection, origin)
    }

    func connection(_ event: ConnectionEvent, of connection: Connection, _ origin: Origin) {
        guard event.failure == nil else {
            if status == .errors { map.connection(event, of: connection, origin) }
            return
        }
        let isTold = edges[connection.number]?.isTold ?? false
        edges[connection.number] = Edge(event: event, origin: origin, isTold: isTold)
        if isTold { map.connection(event, of: connection, origin) }
    }

    func withdraw(_ connection: Connection) {
        edges[connection.number] = nil
        map.withdraw(connection)
    }

    func ended(_ connection: Connection, _ end: ConnectionEnd) {
        edges[connection.number] = nil
        map.ended(connection, end)
    }

    func resolved(
        _ name: RawSpan, _ address: IPAddress, seconds: UInt32, _ at: Timestamp, by connection: Connection
    ) { map.resolved(name, address, seconds: seconds, at, by: connection) }
}
