/// What one service serves over HTTP, as all who ask it have seen it: the map's endpoints by whom they are asked of.
struct ServedInterface {
    /// As the map calls it.
    var service: String
    /// By path and method.
    var operations: [Operation] = []
    /// What can't be described in terms of paths and methods: how many endpoints, by the reason.
    var leftOut: [LeftOut: Int] = [:]

    /// A method and a path, whatever version of HTTP carried it, whoever asked, and whatever the content calls itself.
    struct Operation {
        var method: String
        var path: [PathTemplate.Part]
        var count: UInt64 = 0
        var first: Timestamp
        var last: Timestamp
        /// Requests without an answer.
        var unanswered: UInt64 = 0
        /// Bodies of which a part was not captured have made an entry of the map.
        var isIncomplete = false
        var callers: Set<String> = []
        /// Answers by status code, as HTTP has it.
        var statuses: [UInt16: UInt64] = [:]
        var facts = InterfaceFacts()
        var request = GeneralSchema()
        var responses: [UInt16: GeneralSchema] = [:]
    }

    /// Why an endpoint is not described.
    enum LeftOut: Comparable, CaseIterable {
        case call, webSocket, target, rest, folded, status

        /// So many of them, for people.
        func text(_ count: Int) -> String {
            switch self {
            case .call: Quantity.count(UInt64(count), "gRPC method")
            case .webSocket: Quantity.count(UInt64(count), "kind") + " of WebSocket messages"
            case .target: Quantity.count(UInt64(count), "request") + " for no path"
            case .rest: Quantity.count(UInt64(count), "endpoint") + " whose paths are too many to be told apart"
            case .folded: Quantity.count(UInt64(count), "endpoint") + " beyond what is told of each service"
            case .status:
                Quantity.count(UInt64(count), "answer") + " with a status that OpenAPI has no place for (600 to 999)"
            }
        }
    }

    /// Of each service that is asked for something over HTTP, by name.
    static func all(in document: ServiceMapDocument) -> [ServedInterface] {
        var gathering = Gathering()
        for service in document.services {
            for endpoint in service.endpoints { gathering.add(endpoint, by: service.name) }
        }
        for bodies in document.bodies { gathering.add(bodies) }
        for interface in document.interfaces { gathering.add(interface) }
        return gathering.interfaces.values.sorted { $0.service.utf8.lexicographicallyPrecedes($1.service.utf8) }.map {
            var interface = $0
            interface.operations.sort { $0.order.lexicographicallyPrecedes($1.order) }
            return interface
        }
    }
}

extension ServedInterface.Operation {
    fileprivate var order: [UInt8] { Array("\(PathTemplate.description(path))\0\(method)".utf8) }
}

private struct Gathering {
    struct Asked: Hashable {
        var destination: String
        var method: String
        /// With parameters that have no names: `/a/{x}` and `/a/{y}` are one.
        var path: String
    }

    /// What an endpoint of the map is part of.
    struct Written: Hashable {
        var destination: String
        var method: String
        var path: String
    }

    var interfaces: [String: ServedInterface] = [:]
    private var places: [Asked: Int] = [:]
    private var operations: [Written: Int] = [:]
    private var seen: Set<[String]> = []

    mutating func add(_ endpoint: ServiceMapDocument.Endpoint, by caller: String) {
        // A message within an answer that goes on is no request.
        guard endpoint.numbers.oneWay == 0 || endpoint.method == "WS" else { return }
        let destination = endpoint.destination
        // Nobody else holds it, so that it is changed in place.
        var interface = interfaces.removeValue(forKey: destination) ?? ServedInterface(service: destination)
        defer { interfaces[destination] = interface }
        guard let path = endpoint.describedPath, let method = endpoint.describedMethod else {
            let isNew = seen.insert(
                [destination, endpoint.method, endpoint.path, endpoint.operation ?? "", endpoint.protocolName]
            ).inserted
            if isNew {
                interface.leftOut[endpoint.leftOut, default: 0] += endpoint.series > 0 ? Int(endpoint.series) : 1
            }
            return
        }
        let asked = Asked(destination: destination, method: method, path: PathTemplate.structure(path))
        let place = places[asked] ?? interface.operations.count
        if place == interface.operations.count {
            places[asked] = place
            interface.operations.append(
                ServedInterface.Operation(
                    method: method, path: path, first: endpoint.firstSeen, last: endpoint.lastSeen))
        }
        operations[Written(destination: destination, method: method, path: endpoint.path)] = place
        interface.operations[place].add(endpoint, path, by: caller)
        endpoint.numbers.status.visit { number, times in
            guard (600...AnswerStatus.highestOfHTTP).contains(number) else { return }
            interface.leftOut[.status, default: 0] += Int(clamping: times)
        }
    }

    mutating func add(_ bodies: ServiceMapDocument.Bodies) {
        update(bodies.destination, bodies.method, bodies.path) { operation in
            operation.request.merge(bodies.schemas.request)
            for (status, schema) in bodies.schemas.responses where status != EndpointSchemas.noStatus {
                guard let status = ServedInterface.status(status) else { continue }
                operation.responses[status, default: GeneralSchema()].merge(schema)
            }
        }
    }

    mutating func add(_ interface: ServiceMapDocument.Interface) {
        update(interface.destination, interface.method, interface.path) { $0.facts.merge(interface.facts) }
    }

    private mutating func update(
        _ destination: String, _ method: String, _ path: String, _ change: (inout ServedInterface.Operation) -> Void
    ) {
        guard let place = operations[Written(destination: destination, method: method, path: path)],
            var interface = interfaces.removeValue(forKey: destination)
        else { return }
        change(&interface.operations[place])
        interfaces[destination] = interface
    }
}

extension ServedInterface {
    /// HTTP's status of an answer whose content says more; `nil` of what is none of HTTP.
    static func status(_ number: UInt16) -> UInt16? {
        switch number {
        case 100...599: number
        case AnswerStatus.operationFailed, AnswerStatus.operationPartial: 200
        default: nil
        }
    }
}

extension ServedInterface.Operation {
    fileprivate mutating func add(
        _ endpoint: ServiceMapDocument.Endpoint, _ path: [PathTemplate.Part], by caller: String
    ) {
        // Of names that differ the first by its bytes stays.
        if PathTemplate.description(path).utf8.lexicographicallyPrecedes(PathTemplate.description(self.path).utf8) {
            self.path = PathTemplate.joined(path, self.path)
        } else {
            self.path = PathTemplate.joined(self.path, path)
        }
        count &+= endpoint.count
        first = min(first, endpoint.firstSeen)
        last = max(last, endpoint.lastSeen)
        unanswered &+= endpoint.numbers.unanswered(of: endpoint.count)
        isIncomplete = isIncomplete || endpoint.requestIsIncomplete || endpoint.responseIsIncomplete
        callers.insert(caller)
        endpoint.numbers.status.visit { number, times in
            guard let status = ServedInterface.status(number) else { return }
            statuses[status, default: 0] &+= times
        }
    }
}

extension ServiceMapDocument.Endpoint {
    /// Its path in parts; `nil` where it has none that can be described.
    fileprivate var describedPath: [PathTemplate.Part]? {
        guard path.utf8.first == UInt8(ascii: "/"), series == 0 else { return nil }
        let parts = describedParts
        return parts.contains(.rest) ? nil : parts
    }

    /// What its path is made of: without a template all of it is a word.
    var describedParts: [PathTemplate.Part] { template?.parts ?? [.literal(path)] }

    /// A method of requests; `nil` where there is none that can be described.
    fileprivate var describedMethod: String? {
        let isRequest = protocolName != "grpc" && method != "WS" && method != "CONNECT"
        return isRequest && !method.isEmpty && method.utf8.allSatisfy { HTTPGrammar.isToken($0) } ? method : nil
    }

    fileprivate var leftOut: ServedInterface.LeftOut {
        if series > 0 { return .folded }
        if protocolName == "grpc" { return .call }
        if method == "WS" { return .webSocket }
        return path.utf8.first == UInt8(ascii: "/") && method != "CONNECT" ? .rest : .target
    }
}

extension PathTemplate {
    /// What a path that was written by hand is made of.
    static func parts(of text: String) -> [Part] {
        var parts: [Part] = []
        var names: Set<String> = []
        var rest = text[...]
        let isOpen = rest.hasSuffix("/**")
        if isOpen { rest = rest.dropLast(3) }
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            let inner = rest[rest.index(after: open)..<close]
            if inner.hasSuffix("*") {
                let before = rest[..<open]
                if before.contains(where: { $0 != "/" }) {
                    parts.append(.literal(String(before.hasSuffix("/") ? before.dropLast() : before)))
                }
                return parts + [.rest]
            }
            if open > rest.startIndex { parts.append(.literal(String(rest[..<open]))) }
            var name = inner.isEmpty || inner.contains("{") ? "param" : String(inner)
            while !names.insert(name).inserted { name += "2" }
            parts.append(.parameter(name, PathOrigins()))
            rest = rest[rest.index(after: close)...]
        }
        if !rest.isEmpty { parts.append(.literal(String(rest))) }
        return isOpen ? parts + [.rest] : parts
    }

    /// As OpenAPI writes it: braces that are no parameter's are percent-encoded.
    static func description(_ parts: [Part]) -> String {
        written(parts) { "{\($0)}" }
    }

    /// What makes two paths the same, whatever their parameters are called.
    static func structure(_ parts: [Part]) -> String {
        written(parts) { _ in "{}" }
    }

    private static func written(_ parts: [Part], _ parameter: (String) -> String) -> String {
        parts.reduce(into: "") { text, part in
            switch part {
            case .literal(let word): text += word.replacing("{", with: "%7B").replacing("}", with: "%7D")
            case .parameter(let name, _): text += parameter(name)
            case .rest: text += "/**"
            }
        }
    }

    /// Two of one structure: the names of the first, and what is known of either's parameters.
    static func joined(_ parts: [Part], _ others: [Part]) -> [Part] {
        let parameters = others.compactMap { part in
            if case .parameter(_, let origins) = part { origins } else { nil as PathOrigins? }
        }
        var place = 0
        return parts.map { part in
            guard case .parameter(let name, let origins) = part, place < parameters.count else { return part }
            place += 1
            return .parameter(name, origins.union(parameters[place - 1]))
        }
    }
}
