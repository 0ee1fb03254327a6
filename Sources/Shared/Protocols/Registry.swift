/// The one list of what Tapedeck recognises, in the order in which detectors are asked: a detector that needs
/// more bytes holds back those after it, so the verdict does not depend on how many bytes came at once.
package enum Registry {
    /// HTTP's request line is the commonest and refuses most other bytes at once; then the magics, strict before loose.
    ///
    /// memcached goes before Redis, whose inline commands would wait for an answer to `set`. An HTTP response is last:
    /// it can't be refused before the server has spoken.
    package static let all: [any Detector.Type] = [
        HTTP1Detector.self,
        TLS.self,
        AMQP.self,
        Postgres.self,
        MongoDB.self,
        MSSQL.self,
        MySQL.self,
        Kafka.self,
        NATS.self,
        Memcached.self,
        Redis.self,
        HTTP1ResponseDetector.self,
    ]
}
