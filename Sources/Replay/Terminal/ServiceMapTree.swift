import Shared

/// The service map as a tree for people: a service, and below it what it talks to.
///
///     web
///     ├──▶ orders  container
///     │    GET  /orders/7    12
///     │    POST /orders       3
///     └──▶ orders-db  postgres :5432    1 connection
struct ServiceMapTree {
    private let style: TextStyle
    private var lines: [String] = []

    /// Endpoints of one destination that are shown; the map has them all.
    private static let shownEndpoints = 12
    /// Destinations of one service, and connections of one destination: a scan has thousands.
    private static let shownDestinations = 100
    private static let shownConnections = 12

    init(_ style: TextStyle) { self.style = style }

    static func text(_ document: ServiceMapDocument, _ style: TextStyle) -> String {
        var tree = ServiceMapTree(style)
        for service in document.services { tree.add(service) }
        return tree.lines.isEmpty ? "" : tree.lines.joined(separator: "\n") + "\n"
    }

    private struct Destination {
        var name: String
        var endpoints: [ServiceMapDocument.Endpoint] = []
        var connections: [ServiceMapDocument.Connection] = []
    }

    private mutating func add(_ service: ServiceMapDocument.Service) {
        if !lines.isEmpty { lines.append("") }
        lines.append("  " + style.tone(.strong, fitted(service.name, style.width - 4)))
        let destinations = Self.destinations(service)
        let rest = destinations.dropFirst(Self.shownDestinations)
        for (place, destination) in destinations.prefix(Self.shownDestinations).enumerated() {
            add(destination, isLast: place == destinations.count - 1)
        }
        guard !rest.isEmpty else { return }
        let more = "and \(Quantity.count(UInt64(rest.count), "more destination"))"
        lines.append("  " + style.tone(.faint, style.symbol("└──▶ ", "`--> ") + more))
    }

    /// By destination, in the order in which the map names them first.
    private static func destinations(_ service: ServiceMapDocument.Service) -> [Destination] {
        var destinations: [Destination] = []
        var places: [String: Int] = [:]
        func place(_ name: String) -> Int {
            if let known = places[name] { return known }
            places[name] = destinations.count
            destinations.append(Destination(name: name))
            return destinations.count - 1
        }
        for endpoint in service.endpoints { destinations[place(endpoint.destination)].endpoints.append(endpoint) }
        for connection in service.connections {
            destinations[place(connection.destination)].connections.append(connection)
        }
        return destinations
    }

    private mutating func add(_ destination: Destination, isLast: Bool) {
        let arrow = isLast ? style.symbol("└──▶ ", "`--> ") : style.symbol("├──▶ ", "|--> ")
        let trunk = isLast ? "     " : style.symbol("│    ", "|    ")
        let start = "  " + style.tone(.faint, arrow)
        let margin = 2 + trunk.count
        var connections = destination.connections[...]
        // What is only a connection stands behind the name, where there is room.
        let only = destination.endpoints.isEmpty && connections.count == 1 ? connections.first.map(facts) : nil
        let name = fitted(destination.name, only == nil ? style.width - margin : style.width / 2)
        if let only, margin + name.count + 2 + only.columns <= style.width {
            lines.append(start + style.tone(.accent, name) + "  " + only.text)
            return
        }
        lines.append(start + style.tone(.accent, fitted(destination.name, style.width - margin)))
        let rest = connections.dropFirst(Self.shownConnections)
        connections = connections.prefix(Self.shownConnections)
        for connection in connections {
            lines.append("  " + style.tone(.faint, trunk) + facts(connection, columns: style.width - margin).text)
        }
        if !rest.isEmpty {
            let more = "and \(Quantity.count(UInt64(rest.count), "more port or protocol", "more ports and protocols"))"
            lines.append("  " + style.tone(.faint, trunk + more))
        }
        add(destination.endpoints, trunk: trunk)
    }

    /// What is known of a connection, and how many columns it takes.
    private func facts(_ connection: ServiceMapDocument.Connection) -> (text: String, columns: Int) {
        facts(connection, columns: .max)
    }

    private func facts(
        _ connection: ServiceMapDocument.Connection, columns: Int
    ) -> (text: String, columns: Int) {
        var parts: [String] = []
        if connection.count > 0 { parts.append(Quantity.count(connection.count, "connection")) }
        if connection.isEncrypted, connection.category != "tls" { parts.append("TLS") }
        if connection.confidence == 60 { parts.append("by its port only") }
        for failure in connection.failures {
            parts.append("\(Quantity.count(failure.count)) failed: \(failure.reason)")
        }
        let name = style.safe(connection.protocolName)
        let rest = " :\(connection.port)  \(parts.joined(separator: ", "))"
        let shown = style.fitted(rest, max(columns - name.count, 8))
        return (style.tone(.good, name) + shown, name.count + shown.count)
    }

    /// Endpoints by method and path; their variants, which differ in the shape of a body, as one.
    private mutating func add(_ endpoints: [ServiceMapDocument.Endpoint], trunk: String) {
        struct Line {
            var method: String
            var path: String
            var count: UInt64
            var variants: Int
        }
        var shown: [Line] = []
        var places: [String: Int] = [:]
        for endpoint in endpoints {
            let path = [endpoint.path, endpoint.operation].compactMap { $0 }.joined(separator: " ")
            let key = "\(endpoint.method) \(path)"
            if let place = places[key] {
                shown[place].count &+= endpoint.count
                shown[place].variants += 1
            } else {
                places[key] = shown.count
                shown.append(
                    Line(method: endpoint.method, path: path, count: endpoint.count, variants: 1))
            }
        }
        let rest = shown.dropFirst(Self.shownEndpoints)
        shown.removeLast(rest.count)
        let methodColumns = min(shown.map(\.method.count).max() ?? 0, style.width < 60 ? 8 : 16)
        let pathColumns = min(shown.map { style.safe($0.path).count }.max() ?? 0, style.width - methodColumns - 34)
        for line in shown {
            let hasRoom = 27 + methodColumns + max(pathColumns, 8) <= style.width
            let variants = line.variants > 1 && hasRoom ? style.tone(.faint, "  \(line.variants) shapes") : ""
            let method = fitted(line.method, methodColumns).padded(methodColumns)
            let path = fitted(line.path, max(pathColumns, 8)).padded(pathColumns)
            lines.append(
                "  " + style.tone(.faint, trunk) + "\(style.tone(.strong, method)) \(path)"
                    + "\(Quantity.count(line.count).leftPadded(8))\(variants)")
        }
        if !rest.isEmpty {
            let count = rest.reduce(UInt64(0)) { $0 &+ $1.count }
            let more = "and \(Quantity.count(UInt64(rest.count))) more, \(Quantity.count(count, "time"))"
            lines.append("  " + style.tone(.faint, trunk + more))
        }
    }

    private func fitted(_ text: String, _ columns: Int) -> String { style.fitted(style.safe(text), columns) }
}
