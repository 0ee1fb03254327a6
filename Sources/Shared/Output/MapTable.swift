/// The service map as tables, for who asks in SQL (docs/query.md).
///
/// A row is what the map tells apart but for the shapes of bodies: those of one endpoint are one row.
package enum MapTable: String, CaseIterable, Sendable {
    case services = "map_services"
    case endpoints = "map_endpoints"
    case connections = "map_connections"
    case operations = "map_operations"

    /// What stands in a row's place for a column.
    package enum Cell: Equatable, Sendable {
        case none
        case number(UInt64)
        /// Nanoseconds, shown in milliseconds.
        case duration(UInt64)
        case text(String)
    }

    package struct Column: Equatable, Sendable {
        package var name: String
        /// As SQLite has it.
        package var type: String

        private init(_ name: String, _ type: String) {
            self.name = name
            self.type = type
        }

        static func text(_ name: String) -> Column { Column(name, "TEXT") }
        static func number(_ name: String) -> Column { Column(name, "INTEGER") }
        static func duration(_ name: String) -> Column { Column(name, "REAL") }
    }

    package var columns: [Column] {
        switch self {
        case .services: [.text("service"), .text("image")] + Self.seen
        case .endpoints:
            [
                .text("service"), .text("destination"), .text("destination_type"), .text("protocol"), .text("method"),
                .text("path"), .text("operation"), .number("count"), .number("errors"), .number("unanswered"),
                .text("status"), .number("paths"), .number("shapes"), .number("request_bytes"),
                .number("response_bytes"),
            ] + Self.percentiles("") + Self.percentiles("first_byte_") + Self.seen
        case .connections:
            [
                .text("service"), .text("destination"), .text("destination_type"), .text("protocol"),
                .text("category"), .number("port"), .number("confidence"), .text("reason"), .number("count"),
                .number("failures"), .number("tls"), .text("server_name"),
            ] + Self.seen
        case .operations:
            [
                .text("service"), .text("destination"), .text("protocol"), .text("category"), .number("port"),
                .text("operation"), .text("targets"), .text("summary"), .number("count"), .number("errors"),
                .number("rows"),
            ] + Self.percentiles("") + Self.seen
        }
    }

    private static let seen = [Column.text("first_seen"), .text("last_seen")]

    private static func percentiles(_ what: String) -> [Column] {
        ["p50", "p95", "p99", "max"].map { .duration("\(what)\($0)_ms") }
    }

    /// The rows, in the order of the map; what stands for many that are not told of (`_other`) is a row as others are.
    package func rows(_ map: ServiceMapDocument) -> [[Cell]] {
        map.services.flatMap { service -> [[Cell]] in
            switch self {
            case .services:
                [[.text(service.name), Cell(service.image)] + Cell.seen(service.firstSeen, service.lastSeen)]
            case .endpoints: EndpointRow.of(service).map(\.cells)
            case .connections: service.connections.map { Self.row($0, of: service.name) }
            case .operations:
                service.connections.flatMap { connection in
                    connection.operations.map { Self.row($0, of: connection, service.name) }
                }
            }
        }
    }

    private static func row(_ connection: ServiceMapDocument.Connection, of service: String) -> [Cell] {
        [
            .text(service), .text(connection.destination), .text(connection.destinationType.name),
            .text(connection.protocolName), .text(connection.category), .number(UInt64(connection.port)),
            .number(UInt64(max(connection.confidence, 0))), .text(connection.reason), .number(connection.count),
            .number(connection.failures.reduce(0) { $0 &+ $1.count }), .number(connection.isEncrypted ? 1 : 0),
            Cell(connection.tls?.serverName),
        ] + Cell.seen(connection.firstSeen, connection.lastSeen)
    }

    private static func row(
        _ operation: ServiceMapDocument.Operation, of connection: ServiceMapDocument.Connection, _ service: String
    ) -> [Cell] {
        [
            .text(service), .text(connection.destination), .text(connection.protocolName),
            .text(connection.category), .number(UInt64(connection.port)), .text(operation.name),
            .text(Cell.list(operation.targets)), .text(operation.summary), .number(operation.count),
            .number(operation.errors), .number(operation.rows),
        ] + Cell.percentiles(operation.latency) + Cell.seen(operation.firstSeen, operation.lastSeen)
    }
}

/// An endpoint with bodies of whatever shapes.
private struct EndpointRow {
    /// Its first shape's.
    var endpoint: ServiceMapDocument.Endpoint
    var shapes: UInt64 = 1

    /// What is told apart.
    private struct Key: Hashable {
        var destination, protocolName, method, path: String
        var operation: String?

        init(_ endpoint: ServiceMapDocument.Endpoint) {
            destination = endpoint.destination
            protocolName = endpoint.protocolName
            method = endpoint.method
            path = endpoint.path
            operation = endpoint.operation
        }
    }

    private var service: String

    static func of(_ service: ServiceMapDocument.Service) -> [EndpointRow] {
        var places: [Key: Int] = [:]
        var rows: [EndpointRow] = []
        for endpoint in service.endpoints {
            let key = Key(endpoint)
            if let place = places[key] {
                rows[place].merge(endpoint)
            } else {
                places[key] = rows.count
                rows.append(EndpointRow(endpoint: endpoint, service: service.name))
            }
        }
        return rows
    }

    private mutating func merge(_ other: ServiceMapDocument.Endpoint) {
        endpoint.count &+= other.count
        endpoint.numbers.merge(other.numbers)
        endpoint.firstSeen = min(endpoint.firstSeen, other.firstSeen)
        endpoint.lastSeen = max(endpoint.lastSeen, other.lastSeen)
        shapes &+= 1
    }

    var cells: [MapTable.Cell] {
        let numbers = endpoint.numbers
        let start: [MapTable.Cell] = [
            .text(service), .text(endpoint.destination), .text(endpoint.destinationType.name),
            .text(endpoint.protocolName), .text(endpoint.method), .text(endpoint.path),
            MapTable.Cell(endpoint.operation), .number(endpoint.count), .number(numbers.errors),
            .number(numbers.unanswered(of: endpoint.count)), .text(MapTable.Cell.counts(numbers.status)),
            .number(UInt64(max(endpoint.paths.count, 1))), .number(shapes), .number(numbers.requestBytes),
            .number(numbers.responseBytes),
        ]
        return start + MapTable.Cell.percentiles(numbers.total) + MapTable.Cell.percentiles(numbers.server)
            + MapTable.Cell.seen(endpoint.firstSeen, endpoint.lastSeen)
    }
}

extension MapTable.Cell {
    fileprivate init(_ text: String?) { self = text.map { .text($0) } ?? .none }

    fileprivate static func seen(_ first: Timestamp, _ last: Timestamp) -> [MapTable.Cell] {
        [.text("\(first)"), .text("\(last)")]
    }

    fileprivate static func percentiles(_ histogram: LatencyHistogram) -> [MapTable.Cell] {
        guard !histogram.isEmpty else { return Array(repeating: .none, count: 4) }
        return [500, 950, 990].map { .duration(histogram.percentile(perMille: $0) ?? 0) }
            + [.duration(histogram.maximum)]
    }

    /// A JSON array of texts.
    fileprivate static func list(_ texts: [String]) -> String {
        var json = JSONWriter(capacity: 64)
        json.beginArray()
        for text in texts {
            json.element()
            json.string(text)
        }
        json.endArray()
        return json.bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }

    /// `{"200":148,"503":2}`.
    fileprivate static func counts(_ status: SparseCounts) -> String {
        let members = status.reduce([]) { $0 + ["\"\(AnswerStatus.name($1))\":\($2)"] }
        return "{\(members.joined(separator: ","))}"
    }
}
