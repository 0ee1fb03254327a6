import Stores

/// The requests in Redis: a list of the last ones, and a counter for each method and path.
final class RequestStore {
    static let list = "requests"
    static let counters = "requests:count"
    /// Requests that the list keeps.
    static let capacity = 1000

    private let host: String
    private let port: UInt16
    private var connection: RedisConnection?

    init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    var name: String { "redis \(host):\(port)" }

    /// Both or neither: a transaction.
    ///
    /// After an error the next call connects anew.
    func add(_ record: RequestRecord, _ json: String) throws(StoreError) {
        let connection = try take()
        let replies = try connection.pipeline([
            ["MULTI"],
            ["LPUSH", Self.list, json],
            ["LTRIM", Self.list, "0", "\(Self.capacity - 1)"],
            ["HINCRBY", Self.counters, "\(record.method) \(record.path)", "1"],
            ["EXEC"],
        ])
        if let refusal = replies.lazy.compactMap(\.firstError).first { throw StoreError(name, refusal) }
        self.connection = consume connection
    }

    /// Connects if need be, and asks Redis whether it is ready.
    func connect() throws(StoreError) {
        let connection = try take()
        if let refusal = try connection.command(["PING"]).firstError { throw StoreError(name, refusal) }
        self.connection = consume connection
    }

    private func take() throws(StoreError) -> RedisConnection {
        if let connection = connection.take() { return connection }
        return try RedisConnection(host: host, port: port)
    }
}
