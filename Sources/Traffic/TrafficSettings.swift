import NIOSSL
import Stores

/// What a run is told to do.
struct TrafficSettings: Sendable {
    var host: String
    var port: Int
    /// `nil`: the server is asked over HTTP.
    var tls: NIOSSLContext?
    /// Requests go by one after the other of them, in turn.
    var protocols: [HTTPProtocol]
    /// 0: for ever.
    var totalRequests: Int
    /// Between two steps of one worker.
    var delay: Duration
    var concurrency: Int
    var seed: UInt64
    /// `nil`: left out.
    var postgres: PostgresAddress?
    var redis: (host: String, port: UInt16)?
}
