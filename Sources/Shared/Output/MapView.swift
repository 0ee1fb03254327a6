/// The service map as people look at it: who asks whom for what, how often, how slow, how often in vain; in an order, and as much as
/// is wanted.
///
/// A service has the peers that it calls (`inbound`: that call it), and of each what is asked: endpoints of any shape of bodies are
/// one, and so are operations of one summary.
package struct MapView: Equatable, Sendable {
    package var services: [Service] = []

    package struct Service: Equatable, Sendable {
        package var name: String
        package var totals = Totals()
        package var peers: [Peer] = []
    }

    /// Who is called, or (`inbound`) who calls.
    package struct Peer: Equatable, Sendable {
        package var name: String
        package var totals = Totals()
        package var operations: [Operation] = []
        /// Connections that gave no HTTP exchange.
        package var connections: [ServiceMapDocument.Connection] = []
    }

    package struct Operation: Equatable, Sendable {
        /// The method; of other protocols nothing.
        package var method: String
        /// The path's template, or the summary of an operation.
        package var name: String
        package var protocolName: String
        package var totals = Totals()
        /// Pairs of shapes that the map tells apart.
        package var variants = 0
    }

    /// What can be said of any number of requests.
    package struct Totals: Equatable, Sendable {
        package var count: UInt64 = 0
        package var errors: UInt64 = 0
        /// On the wire, where that is known.
        package var bytes: UInt64 = 0
        var latency = LatencyHistogram()

        /// Nanoseconds; `nil` where nothing was answered.
        package var p50: UInt64? { latency.percentile(perMille: 500) }
        var p90: UInt64? { latency.percentile(perMille: 900) }
        package var p99: UInt64? { latency.percentile(perMille: 990) }

        mutating func merge(_ other: Totals) {
            count &+= other.count
            errors &+= other.errors
            bytes &+= other.bytes
            latency.merge(other.latency)
        }

        /// How often a second.
        /// - Parameter span: nanoseconds in which it was.
        package func rate(in span: Int64) -> Double { span > 0 ? Double(count) / (Double(span) / 1e9) : 0 }
    }

    /// What comes first.
    package enum Order: String, Sendable, CaseIterable {
        case count, errors, p99, bytes, name
    }

    /// What is shown.
    package struct Choice: Equatable, Sendable {
        package init() {}
        package var order = Order.count
        /// Who calls a service, in place of whom it calls.
        package var isInbound = false
        package var selection = Selection()
    }

    /// From the first to the last that was seen on the whole map, in nanoseconds.
    package var span: Int64 = 0

    package init(_ document: ServiceMapDocument, _ choice: Choice = Choice()) {
        span = document.span
        var places = Places()
        for service in document.filtered(choice.selection).services {
            for endpoint in service.endpoints {
                let totals = Totals(endpoint)
                let operation = Operation(
                    method: endpoint.method,
                    name: endpoint.title,
                    protocolName: endpoint.protocolName, totals: totals,
                    variants: 1)
                add(operation, to: edge(service.name, endpoint.destination, choice, &places), &places)
            }
            for connection in service.connections {
                let edge = edge(service.name, connection.destination, choice, &places)
                services[edge.service].peers[edge.peer].connections.append(connection)
                for operation in connection.operations {
                    add(Operation(operation, connection), to: edge, &places)
                }
            }
        }
        sort(choice.order)
    }

    // MARK: Making

    /// Where what was added stands.
    private struct Places {
        struct Pair: Hashable {
            var service: Int
            var peer: String
        }

        struct Asked: Hashable {
            var service: Int
            var peer: Int
            var method: String
            var name: String
            var protocolName: String
        }

        var services: [String: Int] = [:]
        var peers: [Pair: Int] = [:]
        var operations: [Asked: Int] = [:]
    }

    /// The places of a service and of its peer.
    private mutating func edge(
        _ source: String, _ destination: String, _ choice: Choice, _ places: inout Places
    ) -> (service: Int, peer: Int) {
        let (own, other) = choice.isInbound ? (destination, source) : (source, destination)
        let service = places.services[own] ?? services.count
        if service == services.count {
            places.services[own] = service
            services.append(Service(name: own))
        }
        let pair = Places.Pair(service: service, peer: other)
        let peer = places.peers[pair] ?? services[service].peers.count
        if peer == services[service].peers.count {
            places.peers[pair] = peer
            services[service].peers.append(Peer(name: other))
        }
        return (service, peer)
    }

    /// Adds what is asked of a peer, to what is there of the same kind.
    private mutating func add(_ operation: Operation, to edge: (service: Int, peer: Int), _ places: inout Places) {
        let asked = Places.Asked(
            service: edge.service, peer: edge.peer, method: operation.method, name: operation.name,
            protocolName: operation.protocolName)
        services[edge.service].peers[edge.peer].totals.merge(operation.totals)
        if let known = places.operations[asked] {
            services[edge.service].peers[edge.peer].operations[known].totals.merge(operation.totals)
            services[edge.service].peers[edge.peer].operations[known].variants += operation.variants
        } else {
            places.operations[asked] = services[edge.service].peers[edge.peer].operations.count
            services[edge.service].peers[edge.peer].operations.append(operation)
        }
    }

    private mutating func sort(_ order: Order) {
        for service in services.indices {
            for peer in services[service].peers.indices {
                services[service].peers[peer].operations.sort {
                    order.precedes($0.totals, "\($0.name) \($0.method)", $1.totals, "\($1.name) \($1.method)")
                }
                services[service].totals.merge(services[service].peers[peer].totals)
            }
            services[service].peers.sort { order.precedes($0.totals, $0.name, $1.totals, $1.name) }
        }
        services.sort { order.precedes($0.totals, $0.name, $1.totals, $1.name) }
    }
}

extension MapView.Order {
    fileprivate func precedes(
        _ a: MapView.Totals, _ ownName: String, _ b: MapView.Totals, _ otherName: String
    ) -> Bool {
        let (own, other) = (measure(a), measure(b))
        return own == other ? ownName.utf8.lexicographicallyPrecedes(otherName.utf8) : own > other
    }

    private func measure(_ totals: MapView.Totals) -> UInt64 {
        switch self {
        case .count: totals.count
        case .errors: totals.errors
        case .p99: totals.p99 ?? 0
        case .bytes: totals.bytes
        case .name: 0
        }
    }
}

extension MapView.Totals {
    fileprivate init(_ endpoint: ServiceMapDocument.Endpoint) {
        count = endpoint.count
        errors = endpoint.numbers.errors
        bytes = endpoint.numbers.requestBytes &+ endpoint.numbers.responseBytes
        latency = endpoint.numbers.total
    }
}

extension MapView.Operation {
    fileprivate init(_ operation: ServiceMapDocument.Operation, _ connection: ServiceMapDocument.Connection) {
        self.init(method: "", name: operation.title, protocolName: connection.protocolName)
        totals.count = operation.count
        totals.errors = operation.errors
        totals.latency = operation.latency
    }
}
