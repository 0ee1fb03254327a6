/// A sink that wants to know which exchanges count: of those that several views tell of, each once.
protocol CountedSink: Sink {
    /// The map has counted an exchange, whose messages were told of before.
    /// - Parameter endpoint: what it counts as; `nil` where the map had no room.
    func counted(
        _ exchange: Exchange, as endpoint: ServiceMap.EndpointKey?, of connection: Connection, _ origin: Origin)
}
