/// What was found out about a connection that appears as an edge of its own.
package struct ConnectionEvent {
    package var timestamp: Timestamp
    /// `nil`: nothing says what is talked there.
    package var row: ProtocolID?
    /// 90: the payload says so; 60: only the port does; 0: nothing does.
    package var confidence: Int
    package var reason: String
    /// The host that the traffic itself names.
    var serverName: String?
    /// TLS hides what is talked.
    var isEncrypted: Bool
    /// It was told of as the same before, when it was not encrypted yet.
    var isRepeated = false
    /// Why the connect failed, where it did.
    package var failure: ConnectFailure?
}

extension ProtocolRow {
    /// What a connection that talks it is called; where messages have a version, with it.
    var edgeName: StaticString { role == .exchanges ? wireName : name }

    /// More is known of it than that it was there: its messages are read, or it is one of the services that are looked for.
    var isUnderstood: Bool { role == .exchanges || role == .service }

    /// A database, a cache or a message bus: what the first versions told of, and `--compat` does.
    var isService: Bool {
        switch category {
        case .database, .cache, .messageBus: true
        case .http, .tls, .nameService, .prefix: false
        }
    }
}

/// Why a connection of which nothing else is known is what it is called.
enum EdgeReason {
    static let noPayload = "no payload seen"
    static let unanswered = "no answer to its SYN seen"
    static let noExchange = "HTTP messages, and no exchange"
    static let prefixOnly = "a prefix, and nothing behind it"
    static let unknown = "payload that fits no known protocol"
}
