/// A session that may be told from another connection to end what it does.
final class PostgresSession {
    /// It was told so since it began with what it does.
    var isCancelled = false
}

/// The sessions of one client with one server, by what a CancelRequest names them by: process and secret key, as BackendKeyData
/// has told them (PostgreSQL documentation, "Canceling Requests in Progress").
final class PostgresSessions {
    private var sessions: [[UInt8]: PostgresSession] = [:]
    /// The oldest first.
    private var order: [[UInt8]] = []
    /// Servers have a hundred connections, and few thousands.
    private static let most = 1024

    func add(_ session: PostgresSession, _ key: [UInt8]) {
        if sessions.updateValue(session, forKey: key) != nil { return }
        order.append(key)
        if order.count > Self.most { sessions[order.removeFirst()] = nil }
    }

    subscript(key: [UInt8]) -> PostgresSession? { sessions[key] }
}
