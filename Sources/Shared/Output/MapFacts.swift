/// What of a service map can be compared with another: who asks whom for what, how often, how often in vain, how slow, and what
/// bodies look like.
package struct MapFacts: Sendable {
    /// Something that is asked for.
    struct Asked: Hashable, Sendable {
        var service: String
        var destination: String
        var protocolName: String
        /// Of HTTP; of other protocols nothing.
        var method: String
        /// The path's template, or the summary of an operation.
        var name: String
        /// What the content calls itself.
        var kind: String

        /// As people write it.
        var text: String { [method, name, kind].filter { !$0.isEmpty }.joined(separator: " ") }
    }

    struct Numbers: Sendable {
        var count: UInt64 = 0
        var errors: UInt64 = 0
        /// Of those that were answered; `nil` where nobody knows them one by one, as of a map's file.
        var latency: LatencyHistogram?
        var requests: [Shape] = []
        var responses: [Shape] = []
        /// Of answers that succeeded: an error's body is another one.
        var successes: [Shape] = []

        mutating func merge(_ other: Numbers) {
            count &+= other.count
            errors &+= other.errors
            if let own = other.latency {
                var sum = latency ?? LatencyHistogram()
                sum.merge(own)
                latency = sum
            }
            requests += other.requests
            responses += other.responses
            successes += other.successes
        }
    }

    /// Connections of one kind.
    struct Edge: Hashable, Sendable {
        var service: String
        var destination: String
        var protocolName: String
        var port: UInt16
    }

    struct EdgeNumbers: Sendable {
        var count: UInt64 = 0
        var failures: UInt64 = 0
        var isEncrypted = false
    }

    var asked: [Asked: Numbers] = [:]
    var edges: [Edge: EdgeNumbers] = [:]
    /// The names of variables, by service; `nil` where the input has none.
    package var variables: [String: Set<String>]?

    /// How much there is to compare.
    package var count: UInt64 { asked.values.reduce(0) { $0 &+ $1.count } }

    package init(_ document: ServiceMapDocument) {
        for service in document.services {
            for endpoint in service.endpoints where endpoint.series == 0 {
                let key = Asked(
                    service: service.name, destination: endpoint.destination, protocolName: endpoint.protocolName,
                    method: endpoint.method, name: endpoint.path, kind: endpoint.operation ?? "")
                let responses = endpoint.responseIsIncomplete ? [] : [endpoint.responseSchema]
                asked[key, default: Numbers()].merge(
                    Numbers(
                        count: endpoint.count, errors: endpoint.numbers.errors, latency: endpoint.numbers.total,
                        requests: endpoint.requestIsIncomplete ? [] : [endpoint.requestSchema],
                        responses: responses, successes: endpoint.numbers.succeeded ? responses : []))
            }
            for connection in service.connections {
                let edge = Edge(
                    service: service.name, destination: connection.destination,
                    protocolName: connection.protocolName, port: connection.port)
                edges[edge, default: EdgeNumbers()].count &+= connection.count
                edges[edge]?.failures &+= connection.failures.reduce(0) { $0 &+ $1.count }
                if connection.isEncrypted { edges[edge]?.isEncrypted = true }
                for operation in connection.operations where operation.series == 0 {
                    let words = ([operation.name] + operation.targets).filter { !$0.isEmpty }
                    let name = operation.summary.isEmpty ? words.joined(separator: " ") : operation.summary
                    let key = Asked(
                        service: service.name, destination: connection.destination,
                        protocolName: connection.protocolName, method: "",
                        name: name.isEmpty ? "text unknown" : name, kind: "")
                    asked[key, default: Numbers()].merge(
                        Numbers(count: operation.count, errors: operation.errors, latency: operation.latency))
                }
            }
        }
    }

    // MARK: A map's file

    /// Why a text is no map.
    package struct Fault: Error, CustomStringConvertible {
        package var description: String
    }

    /// - Parameter map: a file of the map, or of what is agreed on: numbers may be left out.
    package init(map: String) throws(Fault) {
        let root: BlockYAML
        do throws(BlockYAML.Fault) {
            root = try BlockYAML(map)
        } catch {
            throw Fault(description: "line \(error.line) \(error.reason)")
        }
        guard let services = root["services"] else {
            throw Fault(description: "is no service map: there is no `services` in it")
        }
        for service in services.elements {
            guard let name = service["name"]?.text else { throw Fault(description: "has a service without a name") }
            for endpoint in service["endpoints"]?.elements ?? [] where endpoint["series"] == nil {
                let key = Asked(
                    service: name, destination: endpoint["destination"]?.text ?? "",
                    protocolName: endpoint["protocol"]?.text ?? "http/1.1", method: endpoint["method"]?.text ?? "",
                    name: endpoint["path"]?.text ?? "", kind: endpoint["operation"]?.text ?? "")
                let incomplete = endpoint["incomplete"]?.elements.compactMap(\.text) ?? []
                let responses = incomplete.contains("response") ? [] : [Shape(endpoint["response_schema"])]
                asked[key, default: Numbers()].merge(
                    Numbers(
                        count: endpoint["count"]?.number ?? 0, errors: endpoint["errors"]?.number ?? 0,
                        requests: incomplete.contains("request") ? [] : [Shape(endpoint["request_schema"])],
                        responses: responses,
                        successes: Self.hasSuccess(endpoint["status"]?.text ?? "") ? responses : []))
            }
            for connection in service["connections"]?.elements ?? [] { add(connection, of: name) }
        }
    }

    /// - Parameter status: as a map has it: `{200: 148, 503: 2}`, of gRPC `{OK: 3}`.
    private static func hasSuccess(_ status: String) -> Bool {
        status.split { "{},".contains($0) }.contains { entry in
            let name = entry.split(separator: ":").first?.filter { $0 != " " } ?? ""
            return name.uppercased() == "OK" || name == AnswerStatus.name(AnswerStatus.operationPartial)
                || UInt16(name).map { AnswerStatus.isSuccess($0) } ?? false
        }
    }

    private mutating func add(_ connection: BlockYAML, of service: String) {
        let edge = Edge(
            service: service, destination: connection["destination"]?.text ?? "",
            protocolName: connection["protocol"]?.text ?? "unknown",
            port: connection["port"]?.number.flatMap { UInt16(exactly: $0) } ?? 0)
        edges[edge, default: EdgeNumbers()].count &+= connection["count"]?.number ?? 0
        edges[edge]?.failures &+= connection["failures"]?.number ?? 0
        if connection["tls"]?.text == "true" { edges[edge]?.isEncrypted = true }
        for operation in connection["operations"]?.elements ?? [] where operation["series"] == nil {
            let words = [operation["operation"]?.text ?? ""] + (operation["targets"]?.elements.compactMap(\.text) ?? [])
            let summary = operation["summary"]?.text ?? words.filter { !$0.isEmpty }.joined(separator: " ")
            let key = Asked(
                service: service, destination: edge.destination, protocolName: edge.protocolName, method: "",
                name: summary.isEmpty ? "text unknown" : summary, kind: "")
            asked[key, default: Numbers()].merge(
                Numbers(count: operation["count"]?.number ?? 0, errors: operation["errors"]?.number ?? 0))
        }
    }
}

extension Shape {
    /// As a map has it.
    fileprivate init(_ yaml: BlockYAML?) {
        switch yaml {
        case nil: self = .empty
        case .scalar(let text, isQuoted: false) where text.isEmpty || text == "null": self = .empty
        case .scalar(let text, _):
            let kinds = text.split(separator: "|").map { $0.filter { $0 != " " } }.map { Self.scalar($0) }
            self = kinds.count == 1 ? kinds[0] : .union(kinds)
        case .sequence(let elements): self = .array(elements.map { Shape($0) })
        case .mapping(let members):
            if members.count == 1, members[0].key == "{any}" {
                self = .union(members[0].value.elements.map { Shape($0) })
                return
            }
            self = .object(
                members.map { member in
                    let (key, value) = (member.key, member.value)
                    // Within a body `null` has quotes.
                    let isOptional = key.hasSuffix("?") && key.utf8.count > 1
                    return Member(
                        key: isOptional ? String(key.dropLast()) : key, shape: Shape(value), isOptional: isOptional,
                        isPattern: key == Shape.keyPattern)
                })
        }
    }

    private static func scalar(_ name: String) -> Shape {
        switch name {
        case "null": .null
        case "boolean": .boolean
        case "number": .number
        case "string": .string
        default: .nonJSON
        }
    }
}
