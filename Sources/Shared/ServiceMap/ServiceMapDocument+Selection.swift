extension ServiceMapDocument {
    /// What is selected of it; by outcome it holds nothing else.
    package func filtered(_ selection: Selection) -> ServiceMapDocument {
        guard !selection.isAll else { return self }
        var document = self
        document.wholeSpan = span
        document.bodies = bodies.filter {
            selection.contains(service: $0.service, destination: $0.destination, protocol: $0.protocolName)
                && selection.contains(path: $0.path)
        }
        document.traces = traces.filtered(selection)
        document.services = services.compactMap { service in
            var chosen = service
            chosen.endpoints = service.endpoints.filter {
                selection.contains(service: service.name, destination: $0.destination, protocol: $0.protocolName)
                    && selection.contains(path: $0.path)
            }
            chosen.connections = service.connections.filter { isSelected($0, of: service.name, selection) }
            return chosen.endpoints.isEmpty && chosen.connections.isEmpty ? nil : chosen
        }
        return document
    }

    private func isSelected(_ connection: Connection, of service: String, _ selection: Selection) -> Bool {
        selection.path == nil
            && selection.contains(
                service: service, destination: connection.destination, protocol: connection.protocolName)
    }

    /// Why a selection may have left nothing of it.
    /// - Parameter rest: what it left.
    /// - Returns: a line for people; empty where something is left, or nothing was there.
    package func complaint(of selection: Selection, leaving rest: ServiceMapDocument) -> String {
        guard rest.services.isEmpty, !selection.isAll, !services.isEmpty || selection.status != nil else { return "" }
        let destinations = services.flatMap { $0.endpoints.map(\.destination) + $0.connections.map(\.destination) }
        let protocols = services.flatMap { $0.endpoints.map(\.protocolName) + $0.connections.map(\.protocolName) }
        for (option, wanted, names) in [
            ("--service", selection.service, services.map(\.name)),
            ("--destination", selection.destination, destinations),
        ] {
            guard let wanted, !names.contains(wanted) else { continue }
            return "\(option) \(wanted): nothing fits; there \(Self.those(names))"
        }
        if let wanted = selection.protocolName, !protocols.contains(where: { Selection.isProtocol($0, wanted) }) {
            return "--protocol \(wanted): nothing fits; there \(Self.those(protocols))"
        }
        return "nothing fits the filters"
    }

    /// Names, the first of them in order.
    private static func those(_ names: [String]) -> String {
        let all = Set(names).sorted()
        let shown = all.prefix(mostNames).joined(separator: ", ") + (all.count > mostNames ? ", …" : "")
        return all.isEmpty ? "is none" : (all.count == 1 ? "is " : "are ") + shown
    }

    private static let mostNames = 8
}

extension ServiceMapDocument.Traces {
    /// What is selected of them; views of servers go with what they are of.
    fileprivate func filtered(_ selection: Selection) -> ServiceMapDocument.Traces {
        var traces = self
        traces.spans = spans.filter { span in
            let (protocolName, path): (String, String?) =
                switch span.asked {
                case .endpoint(let endpoint): (endpoint.protocolName, endpoint.path)
                case .operation(_, let protocolName, _, _): (protocolName, nil)
                }
            return selection.contains(service: span.service, destination: span.destination, protocol: protocolName)
                && (path.map { selection.contains(path: $0) } ?? (selection.path == nil))
        }
        traces.connections = connections.filter {
            selection.path == nil
                && selection.contains(service: $0.service, destination: $0.destination, protocol: $0.protocolName)
        }
        return traces
    }
}
