/// What there is to say of an endpoint or an operation beyond its row.
struct ReportOperation {
    var subject: ServiceMapDocument.Story.Subject
    /// For people, in order.
    var facts: [(name: String, value: String)] = []
    /// Texts of YAML.
    var schemas: [(title: String, text: String)] = []

    /// The operations of a view, in its order.
    /// - Parameter document: what the view was made of.
    static func all(of view: MapView, _ document: ServiceMapDocument, most: Int) -> [ReportOperation] {
        typealias Subject = ServiceMapDocument.Story.Subject
        var endpoints: [Subject: [ServiceMapDocument.Endpoint]] = [:]
        var asked: [Subject: [ServiceMapDocument.Operation]] = [:]
        var bodies: [Subject: EndpointSchemas] = [:]
        for service in document.services {
            for endpoint in service.endpoints {
                let subject = Subject(
                    service: service.name, destination: endpoint.destination, protocolName: endpoint.protocolName,
                    method: endpoint.method, name: endpoint.title)
                endpoints[subject, default: []].append(endpoint)
            }
            for connection in service.connections {
                for operation in connection.operations {
                    let subject = Subject(
                        service: service.name, destination: connection.destination,
                        protocolName: connection.protocolName, name: operation.title)
                    asked[subject, default: []].append(operation)
                }
            }
        }
        for body in document.bodies {
            let subject = Subject(
                service: body.service, destination: body.destination, protocolName: body.protocolName,
                method: body.method, name: [body.path, body.operation].compactMap { $0 }.joined(separator: " "))
            bodies[subject] = body.schemas
        }
        var all: [ReportOperation] = []
        for service in view.services {
            for peer in service.peers {
                for operation in peer.operations where all.count < most {
                    let subject = Subject(
                        service: service.name, destination: peer.name, protocolName: operation.protocolName,
                        method: operation.method, name: operation.name)
                    var made = ReportOperation(subject: subject)
                    if let endpoints = endpoints[subject] { made.add(endpoints, bodies[subject]) }
                    if let operations = asked[subject] { made.add(operations) }
                    all.append(made)
                }
            }
        }
        return all
    }

    private mutating func add(_ endpoints: [ServiceMapDocument.Endpoint], _ bodies: EndpointSchemas?) {
        guard let one = endpoints.first else { return }
        var numbers = ExchangeNumbers()
        var count: UInt64 = 0
        for endpoint in endpoints {
            numbers.merge(endpoint.numbers)
            count &+= endpoint.count
        }
        facts.append(("protocol", one.protocolName))
        let statuses = numbers.status.reduce([String]()) { $0 + ["\(AnswerStatus.name($1)) × \(Quantity.count($2))"] }
        if !statuses.isEmpty { facts.append(("answers", statuses.joined(separator: ", "))) }
        let unanswered = numbers.unanswered(of: count)
        if unanswered > 0 { facts.append(("without an answer", Quantity.count(unanswered))) }
        if numbers.pastDeadline > 0 { facts.append(("past their deadline", Quantity.count(numbers.pastDeadline))) }
        if one.template?.hasParameters == true || one.paths.count > 1 {
            facts.append(
                ("different paths", (one.paths.isAtLeast ? "more than " : "") + Quantity.count(UInt64(one.paths.count)))
            )
        }
        add("first byte", numbers.server)
        add("waited", numbers.waiting)
        facts.append(
            (
                "bytes",
                "\(Quantity.bytes(numbers.requestBytes)) asked, \(Quantity.bytes(numbers.responseBytes)) answered"
            ))
        seen(endpoints.map(\.firstSeen).min(), endpoints.map(\.lastSeen).max())
        if endpoints.count > 1, let bodies, !bodies.isEmpty {
            if !bodies.request.isEmpty {
                schemas.append(("all requests", ServiceMapFile.schemas([("request", bodies.request.shape)])))
            }
            for (status, schema) in bodies.responses.sorted(by: { $0.key < $1.key }) where !schema.isEmpty {
                let name = status == EndpointSchemas.noStatus ? "response" : "response \(AnswerStatus.name(status))"
                schemas.append(("all of \(name)", ServiceMapFile.schemas([(name, schema.shape)])))
            }
        }
        for endpoint in endpoints.sorted(by: { $0.count > $1.count })
        where endpoint.requestSchema != .empty || endpoint.responseSchema != .empty {
            let isPart = endpoint.requestIsIncomplete || endpoint.responseIsIncomplete
            schemas.append(
                (
                    "\(Quantity.count(endpoint.count)) × this" + (isPart ? ", of what was captured" : ""),
                    ServiceMapFile.schemas([("request", endpoint.requestSchema), ("response", endpoint.responseSchema)])
                ))
        }
    }

    private mutating func add(_ operations: [ServiceMapDocument.Operation]) {
        let rows = operations.reduce(UInt64(0)) { $0 &+ $1.rows }
        let targets = Set(operations.flatMap(\.targets)).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        facts.append(("protocol", subject.protocolName))
        if !targets.isEmpty { facts.append(("on", targets.prefix(20).joined(separator: ", "))) }
        if rows > 0 { facts.append(("rows", Quantity.count(rows))) }
        add("waited", operations.reduce(into: LatencyHistogram()) { $0.merge($1.waiting) })
        seen(operations.map(\.firstSeen).min(), operations.map(\.lastSeen).max())
    }

    private mutating func add(_ name: String, _ histogram: LatencyHistogram) {
        let ranks: [(String, UInt64)] = [("p50", 500), ("p90", 900), ("p99", 990)]
        let parts = ranks.compactMap { name, rank in
            histogram.percentile(perMille: rank).map { "\(name) \(Quantity.latency(nanoseconds: $0))" }
        }
        if !parts.isEmpty { facts.append((name, parts.joined(separator: ", "))) }
    }

    private mutating func seen(_ first: Timestamp?, _ last: Timestamp?) {
        guard let first, let last else { return }
        facts.append(("seen", first == last ? "\(first)" : "\(first) to \(last)"))
    }
}
