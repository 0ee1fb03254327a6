/// So many different things a service is said to ask for; what is beyond them is one, `_other`, and counted.
///
/// Which ones stay does not depend on the order in which they came, or on how maps were merged: those whose names have the
/// smallest hashes. A service that is scanned, or one whose paths no rule understands, fills no screen and no label of a metric.
extension ServiceMapDocument {
    /// What stands for the rest.
    package static let other = "_other"

    /// How many endpoints and operations are told of as `_other`.
    package var folded: UInt64 {
        services.reduce(0) { sum, service in
            service.endpoints.reduce(sum) { $0 &+ $1.series }
                &+ service.connections.flatMap(\.operations).reduce(0) { $0 &+ $1.series }
        }
    }

    /// - Parameter most: endpoints and operations of one service; variants of bodies are one.
    func limited(to most: Int) -> ServiceMapDocument {
        var document = self
        for place in services.indices { document.services[place].limit(to: most) }
        return document
    }
}

extension ServiceMapDocument.Service {
    fileprivate mutating func limit(to most: Int) {
        // Most services have far fewer, which counting shows without a look at names.
        guard endpoints.count + connections.reduce(0, { $0 + $1.operations.count }) > most else { return }
        var hashes = Set(endpoints.map(\.seriesHash))
        for connection in connections { hashes.formUnion(connection.operations.map { connection.seriesHash($0) }) }
        guard hashes.count > most else { return }
        let bound = hashes.sorted()[most]
        limitEndpoints(below: bound)
        for place in connections.indices { connections[place].limit(below: bound) }
    }

    private mutating func limitEndpoints(below bound: UInt64) {
        let kept = endpoints.filter { $0.seriesHash < bound }
        let destinations = Set(kept.map(\.destination))
        var others: [ServiceMapDocument.Endpoint] = []
        var places: [[String]: Int] = [:]
        var counted: Set<UInt64> = []
        for endpoint in endpoints where endpoint.seriesHash >= bound {
            // A destination of which nothing else is told is one of too many.
            let isKnown = destinations.contains(endpoint.destination)
            let destination = isKnown ? endpoint.destination : ServiceMapDocument.other
            let isNew = counted.insert(endpoint.seriesHash).inserted
            let key = [destination, endpoint.protocolName]
            guard let place = places[key] else {
                places[key] = others.count
                others.append(
                    ServiceMapDocument.Endpoint(
                        destination: destination, destinationType: isKnown ? endpoint.destinationType : .external,
                        method: ServiceMapDocument.other, path: ServiceMapDocument.other, requestSchema: .empty,
                        responseSchema: .empty, firstSeen: endpoint.firstSeen, lastSeen: endpoint.lastSeen,
                        count: endpoint.count, series: 1, protocolName: endpoint.protocolName,
                        numbers: endpoint.numbers))
                continue
            }
            others[place].firstSeen = min(others[place].firstSeen, endpoint.firstSeen)
            others[place].lastSeen = max(others[place].lastSeen, endpoint.lastSeen)
            others[place].count &+= endpoint.count
            others[place].series &+= isNew ? 1 : 0
            others[place].numbers.merge(endpoint.numbers)
        }
        others.sort {
            $0.destination == $1.destination
                ? $0.protocolName.utf8.lexicographicallyPrecedes($1.protocolName.utf8)
                : $0.destination.utf8.lexicographicallyPrecedes($1.destination.utf8)
        }
        endpoints = kept + others
    }
}

extension ServiceMapDocument.Endpoint {
    /// Of what it is, whatever its bodies look like.
    fileprivate var seriesHash: UInt64 {
        hash([destination, protocolName, method, path, operation ?? ""])
    }
}

extension ServiceMapDocument.Connection {
    fileprivate func seriesHash(_ operation: ServiceMapDocument.Operation) -> UInt64 {
        hash([destination, protocolName, "\(port)", operation.name, operation.summary] + operation.targets)
    }

    fileprivate mutating func limit(below bound: UInt64) {
        let folded = operations.filter { seriesHash($0) >= bound }
        guard var other = folded.first else { return }
        operations = operations.filter { seriesHash($0) < bound }
        other.name = ServiceMapDocument.other
        other.targets = []
        other.summary = ServiceMapDocument.other
        other.series = UInt64(folded.count)
        for operation in folded.dropFirst() {
            other.count &+= operation.count
            other.errors &+= operation.errors
            other.rows &+= operation.rows
            other.latency.merge(operation.latency)
            other.waiting.merge(operation.waiting)
            other.firstSeen = min(other.firstSeen, operation.firstSeen)
            other.lastSeen = max(other.lastSeen, operation.lastSeen)
        }
        operations.append(other)
    }
}

private func hash(_ parts: [String]) -> UInt64 {
    Array(parts.joined(separator: "\0").utf8).withUnsafeBytes { DistinctPaths.hash($0) }
}
