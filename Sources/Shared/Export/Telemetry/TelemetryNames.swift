/// What OpenTelemetry's semantic conventions (1.44.0) call what the map has: which metric measures it, and with which attributes.
///
/// For SQL neither verb nor table is taken from the statement, as the conventions want it; the summary has both.
struct TelemetryNames: Equatable, Sendable {
    /// The metric that measures it.
    var convention: Convention
    /// Sorted by name.
    var attributes: [Metric.Attribute]

    /// A duration that the conventions have a name for, or (`call`, `wait`) one of Tapedeck's own.
    enum Convention: CaseIterable, Sendable {
        case http, rpc, database, messaging, lookup, call

        var metric: String {
            switch self {
            case .http: "http.client.request.duration"
            case .rpc: "rpc.client.call.duration"
            case .database: "db.client.operation.duration"
            case .messaging: "messaging.client.operation.duration"
            case .lookup: "dns.lookup.duration"
            case .call: "tapedeck.call.duration"
            }
        }

        var description: String {
            switch self {
            case .http: "Duration of HTTP client requests."
            case .rpc: "Duration of outgoing calls of remote procedures."
            case .database: "Duration of database client operations."
            case .messaging: "Duration of messaging operations that a client initiates."
            case .lookup: "Duration of lookups of names."
            case .call: "Duration of calls and their answers within a conversation."
            }
        }

        /// Bounds of explicit buckets in nanoseconds, as the conventions advise: those of databases are finer.
        var bounds: [UInt64] { self == .database || self == .messaging ? Self.operationBounds : Self.requestBounds }

        /// 5 ms to 10 s (`http.client.request.duration`).
        static let requestBounds: [UInt64] = [5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10_000].map
        {
            $0 * 1_000_000
        }
        /// 1 ms to 10 s (`db.client.operation.duration`).
        static let operationBounds: [UInt64] = [1, 5, 10, 50, 100, 500, 1000, 5000, 10_000].map { $0 * 1_000_000 }
    }

    // MARK: Requests

    /// What is asked at an endpoint of the map.
    init(_ endpoint: ServiceMapDocument.Endpoint) {
        self.init(
            destination: endpoint.destination, protocolName: endpoint.protocolName, method: endpoint.method,
            path: endpoint.path, operation: endpoint.operation)
    }

    /// - Parameter path: its template.
    init(destination: String, protocolName: String, method: String, path: String, operation: String?) {
        let (name, version) = Self.wire(protocolName)
        var attributes = Self.peer(destination, port: nil)
        attributes.append(Metric.Attribute("network.protocol.name", name))
        if let operation { attributes.append(Metric.Attribute("tapedeck.operation", operation)) }
        switch name {
        case "grpc":
            convention = .rpc
            attributes.append(Metric.Attribute("rpc.system.name", "grpc"))
            attributes.append(Metric.Attribute("rpc.method", Self.rpcMethod(path)))
        case "http":
            convention = .http
            attributes.append(Metric.Attribute("http.request.method", Self.method(method)))
            attributes.append(Metric.Attribute("url.template", path))
            if let version { attributes.append(Metric.Attribute("network.protocol.version", version)) }
        default:
            convention = .call
            attributes.append(Metric.Attribute("url.template", path))
        }
        self.attributes = Self.sorted(attributes)
    }

    /// What is asked over a connection of the map.
    init(_ operation: ServiceMapDocument.Operation, _ connection: ServiceMapDocument.Connection) {
        self.init(
            operation, destination: connection.destination, protocolName: connection.protocolName,
            category: connection.category, port: connection.port)
    }

    /// - Parameter category: of the protocol.
    init(
        _ operation: ServiceMapDocument.Operation, destination: String, protocolName: String, category: String,
        port: UInt16
    ) {
        var attributes = Self.peer(destination, port: port)
        attributes.append(Metric.Attribute("network.protocol.name", protocolName))
        switch category {
        case "database", "cache":
            convention = .database
            attributes.append(Metric.Attribute("db.system.name", Self.system(protocolName)))
            attributes.append(Metric.Attribute("db.query.summary", operation.title))
            if !Self.isSQL(protocolName), operation.series == 0 {
                attributes.append(Metric.Attribute("db.operation.name", operation.name))
                if protocolName == "mongodb", let collection = operation.targets.first {
                    attributes.append(Metric.Attribute("db.collection.name", collection))
                }
            }
        case "message_bus":
            convention = .messaging
            attributes.append(Metric.Attribute("messaging.system", Self.system(protocolName)))
            attributes.append(Metric.Attribute("messaging.operation.name", operation.name))
            if !operation.targets.isEmpty {
                attributes.append(
                    Metric.Attribute("messaging.destination.name", operation.targets.joined(separator: ":")))
            }
        case "name_service":
            convention = .lookup
            if let name = operation.targets.first { attributes.append(Metric.Attribute("dns.question.name", name)) }
        default:
            convention = .call
            attributes.append(Metric.Attribute("tapedeck.operation", operation.title))
        }
        self.attributes = Self.sorted(attributes)
    }

    /// Whom a request is for: the host and, where it is known, the port; and by the name that the map has.
    static func peer(_ destination: String, port: UInt16?) -> [Metric.Attribute] {
        let (host, ownPort) = split(destination)
        var attributes = [
            Metric.Attribute("server.address", host), Metric.Attribute("service.peer.name", destination),
        ]
        if let port = ownPort ?? port, port > 0 { attributes.append(Metric.Attribute("server.port", UInt64(port))) }
        return attributes
    }

    static func sorted(_ attributes: [Metric.Attribute]) -> [Metric.Attribute] {
        attributes.filter { $0.value != .text("") }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// `host:port`, `[address]:port`; of an address without brackets nothing is taken off.
    static func split(_ destination: String) -> (host: String, port: UInt16?) {
        guard let colon = destination.lastIndex(of: ":"),
            let port = UInt16(destination[destination.index(after: colon)...]), port > 0
        else { return (destination, nil) }
        let host = destination[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { return (String(host.dropFirst().dropLast()), port) }
        return host.isEmpty || host.contains(":") ? (destination, nil) : (String(host), port)
    }

    /// `http/1.1` as name and version.
    static func wire(_ protocolName: String) -> (name: String, version: String?) {
        guard let slash = protocolName.firstIndex(of: "/") else { return (protocolName, nil) }
        return (String(protocolName[..<slash]), String(protocolName[protocolName.index(after: slash)...]))
    }

    /// The conventions' `http.request.method`: what RFC 9110, PATCH (RFC 5789) and QUERY do not define is `_OTHER`.
    static func method(_ method: String) -> String { known.contains(method) ? method : "_OTHER" }

    private static let known: Set<String> = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY",
    ]

    /// `/package.Service/Method` without the slash in front.
    static func rpcMethod(_ path: String) -> String { path.hasPrefix("/") ? String(path.dropFirst()) : path }

    /// The well-known value for what talks a protocol; where several products do, the one that has given it its name.
    static func system(_ protocolName: String) -> String {
        switch protocolName {
        case "postgres": "postgresql"
        case "mssql": "microsoft.sql_server"
        case "amqp": "rabbitmq"
        default: protocolName
        }
    }

    private static func isSQL(_ protocolName: String) -> Bool {
        protocolName == "postgres" || protocolName == "mysql" || protocolName == "mssql"
    }

    /// Of an edge between services, as Grafana's service graph has it; `nil` for requests.
    static func connectionType(_ category: String) -> String? {
        switch category {
        case "database", "cache": "database"
        case "message_bus": "messaging_system"
        default: nil
        }
    }
}
