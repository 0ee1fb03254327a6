/// A sink that wants to know which exchanges count: of those that several views tell of, each once.
protocol CountedSink: Sink {
    /// The map has counted an exchange, whose messages were told of before.
    /// - Parameter endpoint: what it counts as; `nil` where the map had no room.
    func counted(
        _ exchange: Exchange, as endpoint: ServiceMap.EndpointKey?, of connection: Connection, _ origin: Origin)

    /// The map has counted an operation.
    /// - Parameter key: what it counts as; `nil` where the map had no room.
    func counted(
        _ operation: borrowing ServiceOperation, _ text: RawSpan, as key: OperationKey?, of connection: Connection)

    /// The map has taken note of a connection, or of a connect that failed.
    func counted(_ event: ConnectionEvent, as key: ServiceMap.ConnectionKey, of connection: Connection)
}

extension CountedSink {
    func counted(
        _ operation: borrowing ServiceOperation, _ text: RawSpan, as key: OperationKey?, of connection: Connection
    ) {}
    func counted(_ event: ConnectionEvent, as key: ServiceMap.ConnectionKey, of connection: Connection) {}
}
