/// Who talks to whom, as pictures and reports show it: one node a name, one edge from a caller to whom it calls.
package struct ServiceGraph: Equatable, Sendable {
    /// By name.
    package private(set) var nodes: [Node] = []
    /// By source, then target.
    package private(set) var edges: [Edge] = []

    package struct Node: Equatable, Sendable {
        package var name: String
        package var kind: Kind
        /// What there is to say of it beside its name: `postgres :5432`, an image.
        package var detail = ""
        /// Names that stand together for want of room (`fold`); of a node of its own none.
        package var members: [String] = []
    }

    package enum Kind: UInt8, Sendable, CaseIterable {
        case service, database, cache, messageBus, external, encrypted, unknown

        /// As a person calls so many of them.
        func text(_ count: Int) -> String {
            let names: (one: String, many: String) =
                switch self {
                case .service: ("service", "services")
                case .database: ("database", "databases")
                case .cache: ("cache", "caches")
                case .messageBus: ("message bus", "message buses")
                case .external: ("external host", "external hosts")
                case .encrypted: ("host behind TLS", "hosts behind TLS")
                case .unknown: ("destination of unknown protocol", "destinations of unknown protocol")
                }
            return Quantity.count(UInt64(count), names.one, names.many)
        }

        /// The name that style sheets know it by.
        var className: String {
            switch self {
            case .service: "service"
            case .database: "database"
            case .cache: "cache"
            case .messageBus: "bus"
            case .external: "external"
            case .encrypted: "encrypted"
            case .unknown: "unknown"
            }
        }
    }

    package struct Edge: Equatable, Sendable {
        /// Places in `nodes`.
        package var source: Int
        package var target: Int
        /// By name.
        package var protocols: [String]
        /// Of requests and operations.
        package var totals = MapView.Totals()
        /// That gave no HTTP exchange.
        package var connections: UInt64 = 0
        /// Connects that failed.
        package var failures: UInt64 = 0

        /// One line: how many, how many of them in vain, how slow.
        package var label: String {
            var parts: [String] = []
            if totals.count > 0 {
                parts.append(Quantity.count(totals.count))
                if totals.errors > 0 { parts.append(Quantity.count(totals.errors, "error")) }
                if let p99 = totals.p99 { parts.append("p99 \(Quantity.latency(nanoseconds: p99))") }
            } else if connections > 0 || failures == 0 {
                parts.append(Quantity.count(connections, "connection"))
            }
            if failures > 0 { parts.append("\(Quantity.count(failures)) failed") }
            return parts.joined(separator: " · ")
        }

        var hasTrouble: Bool { totals.errors > 0 || failures > 0 }

        mutating func merge(_ other: Edge) {
            protocols = Set(protocols + other.protocols).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            totals.merge(other.totals)
            connections &+= other.connections
            failures &+= other.failures
        }
    }

    /// - Parameter choice: what of the map is shown.
    package init(_ document: ServiceMapDocument, _ choice: MapView.Choice = MapView.Choice()) {
        var choice = choice
        choice.isInbound = false
        let view = MapView(document, choice)
        var facts = Facts(document)
        var names: Set<String> = []
        for service in view.services {
            names.insert(service.name)
            for peer in service.peers { names.insert(peer.name) }
        }
        let sorted = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        var places: [String: Int] = [:]
        for (place, name) in sorted.enumerated() {
            places[name] = place
            nodes.append(facts.node(name))
        }
        for service in view.services {
            for peer in service.peers {
                guard let source = places[service.name], let target = places[peer.name] else { continue }
                let protocols = Set(peer.operations.map(\.protocolName) + peer.connections.map(\.protocolName))
                edges.append(
                    Edge(
                        source: source, target: target,
                        protocols: protocols.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }, totals: peer.totals,
                        connections: peer.connections.reduce(0) { $0 &+ $1.count },
                        failures: peer.connections.reduce(0) { sum, connection in
                            connection.failures.reduce(sum) { $0 &+ $1.count }
                        }))
            }
        }
        sort()
    }

    /// A graph of given nodes, by name, and edges.
    init(nodes: [Node], edges: [Edge]) {
        self.nodes = nodes
        self.edges = edges
        sort()
    }

    private mutating func sort() {
        edges.sort { ($0.source, $0.target) < ($1.source, $1.target) }
    }

    /// How many names stand together with others.
    package var folded: Int { nodes.reduce(0) { $0 + $1.members.count } }

    /// What each name is, by all that the map has of it.
    private struct Facts {
        private var callers: Set<String> = []
        private var images: [String: String] = [:]
        /// Of destinations: whether one is a container or a process, and with what is talked.
        private var isOwn: Set<String> = []
        private var isAsked: Set<String> = []
        private var connections: [String: [ServiceMapDocument.Connection]] = [:]
        private var protocols: [String: Set<String>] = [:]

        init(_ document: ServiceMapDocument) {
            for service in document.services {
                callers.insert(service.name)
                images[service.name] = service.image
                for endpoint in service.endpoints {
                    isAsked.insert(endpoint.destination)
                    protocols[endpoint.destination, default: []].insert(endpoint.protocolName)
                    if endpoint.destinationType != .external { isOwn.insert(endpoint.destination) }
                }
                for connection in service.connections {
                    connections[connection.destination, default: []].append(connection)
                    if connection.destinationType != .external { isOwn.insert(connection.destination) }
                }
            }
        }

        mutating func node(_ name: String) -> Node {
            // The surest of what is talked with it, and of these the first by name and port.
            let known = connections[name]?.max {
                ($0.confidence, $1.protocolName, $1.port) < ($1.confidence, $0.protocolName, $0.port)
            }
            let service: Kind? =
                switch known?.category {
                case "database": .database
                case "cache": .cache
                case "message_bus": .messageBus
                default: nil
                }
            if let known, let service {
                return Node(name: name, kind: service, detail: known.place)
            }
            let said = (protocols[name] ?? []).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            let detail = images[name] ?? said.joined(separator: ", ")
            if callers.contains(name) || isOwn.contains(name) {
                return Node(name: name, kind: .service, detail: detail)
            }
            // Where nothing is known of any process or container, all that answers is as good as external.
            if isAsked.contains(name) {
                return Node(name: name, kind: isOwn.isEmpty ? .service : .external, detail: detail)
            }
            guard let known else { return Node(name: name, kind: .unknown) }
            let kind: Kind =
                known.protocolName == "unknown" ? .unknown : known.category == "tls" ? .encrypted : .external
            return Node(name: name, kind: kind, detail: known.place)
        }
    }
}
