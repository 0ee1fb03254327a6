import Shared

/// Knows the connections of a run by their numbers, and which exchanges each has.
final class ConnectionFinder: Sink {
    struct Found {
        var number: UInt64
        var id: ConnectionID
        var client: Endpoint
        var server: Endpoint
    }

    private let wanted: UInt64?
    /// The numbers of each connection's exchanges.
    private var exchanges: [UInt64: Set<UInt64>] = [:]
    private var numbers: [UInt64: UInt64] = [:]
    private var all: [UInt64: Found] = [:]

    /// - Parameter exchange: that is looked for, or none.
    init(exchange wanted: UInt64?) { self.wanted = wanted }

    var needs: Needs { [.messages] }

    func message(
        _ message: borrowing Message, _ exchange: Exchange?, _ text: RawSpan, of connection: Connection,
        _ origin: Origin
    ) {
        guard let exchange else { return }
        exchanges[connection.number, default: []].insert(exchange.number)
        if exchange.number == wanted { numbers[exchange.number] = connection.number }
    }

    func ended(_ connection: Connection, _ end: ConnectionEnd) {
        all[connection.number] = Found(
            number: connection.number, id: connection.opened.id, client: connection.client,
            server: connection.server)
    }

    subscript(connection number: UInt64) -> Found? { all[number] }

    /// The numbers of a connection's exchanges, in order.
    func exchanges(of number: UInt64) -> [UInt64] { (exchanges[number] ?? []).sorted() }

    /// The connection of the exchange that is looked for.
    var ofExchange: Found? { wanted.flatMap { numbers[$0] }.flatMap { all[$0] } }

    /// How many connections there were.
    var count: Int { all.count }
}
