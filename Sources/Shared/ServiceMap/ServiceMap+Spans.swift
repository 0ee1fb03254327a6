extension ServiceMap {
    /// What a witness of spans has, by the names and templates of the document.
    /// - Parameter templates: what nodes of the paths are written as.
    borrowing func spans(
        _ witness: SpanWitness, _ names: inout ChosenNames, templates: [UInt32: String],
        name: (PartyID) -> PartyName
    ) -> ServiceMapDocument.Traces {
        var traces = ServiceMapDocument.Traces()
        func called(_ number: UInt32, _ names: inout ChosenNames) -> String {
            names[names.number(of: number, name).number]
        }
        for span in witness.spans {
            switch span.subject {
            case .endpoint(let key)?:
                guard let path = templates[key.path] else { continue }
                let endpoint = ServiceMapDocument.Asked.Endpoint(
                    protocolName: "\(registry[key.row].wireName)", method: text(key.method), path: path,
                    operation: key.kind == EndpointKey.noKind ? nil : text(key.kind))
                traces.spans.append(
                    ServiceMapDocument.Span(
                        service: called(key.source, &names), destination: called(key.destination, &names),
                        asked: .endpoint(endpoint), seen: span))
            case .operation(let key, _)?:
                let operation = ServiceMapDocument.Operation(
                    name: text(key.name), targets: text(key.targets).split(separator: "\0").map(String.init),
                    summary: text(key.summary), count: 1, errors: 0, rows: 0, firstSeen: span.start, lastSeen: span.end)
                let connection = key.connection
                traces.spans.append(
                    ServiceMapDocument.Span(
                        service: called(connection.source, &names), destination: called(connection.destination, &names),
                        asked: .operation(
                            operation, protocolName: self.name(of: connection.row),
                            category: category(of: connection.row), port: connection.port), seen: span))
            case nil: traces.served.append(span)
            }
        }
        traces.connections = witness.connections.map { record in
            ServiceMapDocument.Traces.Connection(
                service: called(record.key.source, &names), destination: called(record.key.destination, &names),
                port: record.key.port, protocolName: self.name(of: record.key.row), moment: record.moment,
                confidence: record.confidence, reason: record.reason, isEncrypted: record.isEncrypted,
                failure: record.failure)
        }
        return traces
    }

    borrowing func category(of row: ProtocolID?) -> String { row.map { "\(registry[$0].category.name)" } ?? "unknown" }
}

extension ServiceMapDocument {
    /// What is asked of a destination, of whatever kind.
    enum Asked: Equatable, Sendable {
        struct Endpoint: Equatable, Sendable {
            var protocolName: String
            var method: String
            var path: String
            var operation: String?
        }

        case endpoint(Endpoint)
        case operation(Operation, protocolName: String, category: String, port: UInt16)
    }

    /// One exchange or operation by the map's names.
    struct Span: Equatable, Sendable {
        var service: String
        var destination: String
        var asked: Asked
        var seen: SpanWitness.Span
    }

    /// What traces and logs are made of.
    struct Traces: Equatable, Sendable {
        /// In the order in which they ended.
        var spans: [Span] = []
        /// Views of servers of what others of the spans are of.
        var served: [SpanWitness.Span] = []
        var connections: [Connection] = []

        struct Connection: Equatable, Sendable {
            var service: String
            var destination: String
            var port: UInt16
            var protocolName: String
            var moment: Timestamp
            var confidence: Int
            var reason: String
            var isEncrypted: Bool
            /// Why the connect failed, where it did.
            var failure: String?
        }
    }
}
