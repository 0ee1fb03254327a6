import Shared

/// Knows the connections of a run by their numbers, and which exchanges each has.
final class ConnectionFinder: Sink {
    struct Found {
        var number: UInt64
        var id: ConnectionID
        var client: Endpoint
        var server: Endpoint
    }

    /// The numbers of each connection's exchanges.
    private var exchanges: [UInt64: Set<UInt64>] = [:]
    private var all: [UInt64: Found] = [:]

    var needs: Needs { [.messages] }

    func message(
        _ message: borrowing Message, _ exchange: Exchange?, _ text: RawSpan, of connection: Connection,
        _ origin: Origin
    ) {
        guard let exchange else { return }
        exchanges[connection.number, default: []].insert(exchange.number)
    }

    func ended(_ connection: Connection, _ end: ConnectionEnd) {
        all[connection.number] = Found(
            number: connection.number, id: connection.opened.id, client: connection.client,
            server: connection.server)
    }

    subscript(connection number: UInt64) -> Found? { all[number] }

    /// The numbers of a connection's exchanges, in order.
    func exchanges(of number: UInt64) -> [UInt64] { (exchanges[number] ?? []).sorted() }

    /// The connection that an exchange was seen on; of several the first.
    subscript(exchange number: UInt64) -> Found? {
        exchanges.filter { $0.value.contains(number) }.keys.min().flatMap { all[$0] }
    }

    /// How many connections there were.
    var count: Int { all.count }
}
