/// Why an endpoint or an operation of the map is what it is.
package struct ExplainedEndpoint: Equatable, Sendable {
    package var service: String
    package var destination: String
    package var protocolName: String
    /// `GET /orders/{orderId}`.
    package var title: String
    /// What each segment's parameter stands for, where there are any; else that it is as it was seen.
    package var path: String?
    /// Requests that it stands for, of whatever shape their bodies have.
    package var count: UInt64 = 0
    package var shapes = 0
    package var firstSeen: Timestamp
    package var lastSeen: Timestamp
    /// Connections that brought it, with the first and the last that was asked of it there, and how often.
    package var connections: [Source] = []

    fileprivate var places: [UInt64: Int] = [:]

    package struct Source: Equatable, Sendable {
        package var connection: UInt64
        package var first: Timestamp
        package var last: Timestamp
        package var count: UInt64
    }
}

extension ServiceMapDocument {
    /// The endpoints and operations that are called so: by method and template, by template, or by an operation's summary.
    package func explained(_ title: String) -> [ExplainedEndpoint] {
        var found: [Story.Subject: ExplainedEndpoint] = [:]
        func isMeant(_ method: String, _ name: String) -> Bool { name == title || "\(method) \(name)" == title }
        for service in services {
            for endpoint in service.endpoints where isMeant(endpoint.method, endpoint.title) {
                let subject = Story.Subject(
                    service: service.name, destination: endpoint.destination, protocolName: endpoint.protocolName,
                    method: endpoint.method, name: endpoint.title)
                var known =
                    found[subject]
                    ?? ExplainedEndpoint(
                        subject, path: PathListing.reason(endpoint), endpoint.firstSeen, endpoint.lastSeen)
                known.add(endpoint.count, endpoint.firstSeen, endpoint.lastSeen)
                found[subject] = known
            }
            for connection in service.connections {
                for operation in connection.operations where isMeant("", operation.title) {
                    let subject = Story.Subject(
                        service: service.name, destination: connection.destination,
                        protocolName: connection.protocolName, name: operation.title)
                    var known =
                        found[subject]
                        ?? ExplainedEndpoint(subject, path: nil, operation.firstSeen, operation.lastSeen)
                    known.add(operation.count, operation.firstSeen, operation.lastSeen)
                    found[subject] = known
                }
            }
        }
        for exchange in story?.exchanges ?? [] { found[exchange.subject]?.add(exchange) }
        return found.values.sorted {
            ($0.service, $0.destination, $0.title, $0.protocolName) < (
                $1.service, $1.destination, $1.title, $1.protocolName
            )
        }
    }

    /// What a name of the map was taken from, where the map has a story.
    package func rule(of name: String) -> NameRule? { story?.rules[name] }

    /// Who was at the ends of a connection, by the names of the map, where it has a story.
    package func ends(of connection: UInt64) -> (service: String, destination: String)? {
        story?.ends[connection].map { ($0.service, $0.destination) }
    }
}

extension ExplainedEndpoint {
    fileprivate init(
        _ subject: ServiceMapDocument.Story.Subject, path: String?, _ first: Timestamp, _ last: Timestamp
    ) {
        self.init(
            service: subject.service, destination: subject.destination, protocolName: subject.protocolName,
            title: [subject.method, subject.name].filter { !$0.isEmpty }.joined(separator: " "), path: path,
            firstSeen: first, lastSeen: last)
    }

    fileprivate mutating func add(_ count: UInt64, _ first: Timestamp, _ last: Timestamp) {
        self.count &+= count
        shapes += 1
        firstSeen = min(firstSeen, first)
        lastSeen = max(lastSeen, last)
    }

    fileprivate mutating func add(_ exchange: ServiceMapDocument.Story.Exchange) {
        if let known = places[exchange.connection] {
            connections[known].last = exchange.moment
            connections[known].count &+= 1
        } else {
            places[exchange.connection] = connections.count
            connections.append(
                Source(connection: exchange.connection, first: exchange.moment, last: exchange.moment, count: 1))
        }
    }
}
