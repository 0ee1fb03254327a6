extension Registry {
    /// The protocols that Tapedeck knows, in the order in which summaries name them.
    ///
    /// A line here, a folder beside this
    /// file and one in Fixtures are all that a protocol takes.
    package static let standard = Registry([
        .http1,
        .http2,
        .grpc,
        .websocket,
        .tls,
        .postgres,
        .mysql,
        .mongodb,
        .mssql,
        .redis,
        .memcached,
        .kafka,
        .amqp,
        .nats,
        .mqtt,
        .dns,
        .proxyProtocol,
        .socks,
    ])
}
