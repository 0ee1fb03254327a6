/// From what a service was seen to call to the profile of what it needs.
package struct ConditionsFinder {
    /// Why there is no profile of a service: an empty one would say that it needs nothing.
    package enum Refusal: Error, Equatable, CustomStringConvertible {
        case notSeen
        /// Nothing of what it calls can be declared; what that is.
        case nothingToSay(ConditionsEvidence)

        package var description: String {
            switch self {
            case .notSeen: "was not seen to call anybody; an empty profile would say that it needs nothing"
            case .nothingToSay(let evidence):
                if evidence.lost == 0 {
                    "was seen at nothing that a profile declares; an empty one would say that it needs nothing"
                } else {
                    "needs what no vocabulary has a word for ("
                        + evidence.leftOut.filter(\.isLoss).map(\.text).joined(separator: ", ")
                        + "); an empty profile would say that it needs nothing"
                }
            }
        }
    }

    private let service: ServiceMapDocument.Service
    private let bodies: [ServiceMapDocument.Bodies]
    private let names: DestinationNames
    private let surroundings: ServiceSurroundings.Service
    private let secrets: SecretValues
    private let supplied: SuppliedVocabularies
    private var drafts: [Draft] = []
    private var targets: [EnvironmentLinks.Target] = []
    private(set) var evidence = ConditionsEvidence()

    /// A condition, and what it rests on.
    private struct Draft {
        var interface: Condition.Interface
        var grounds: ConditionsEvidence.Grounds
        /// Its number among the targets.
        var target: Int
        /// What it is called where nothing better is known.
        var plainName: String
    }

    /// Services that were seen to call somebody, in the map's order.
    package static func workloads(_ map: ServiceMapDocument) -> [String] {
        map.services.filter { !$0.endpoints.isEmpty || !$0.connections.isEmpty }.map(\.name)
    }

    /// The profile of a service, and what it rests on.
    /// - Parameters:
    ///   - map: with bodies.
    ///   - uri: of the workload.
    ///   - supplied: vocabularies beside those that are known, for what these have no word for.
    package static func profile(
        of service: String, uri: String, _ map: ServiceMapDocument, _ surroundings: ServiceSurroundings,
        _ supplied: SuppliedVocabularies = SuppliedVocabularies()
    ) throws(Refusal) -> (profile: ConditionsProfile, evidence: ConditionsEvidence) {
        guard let found = map.services.first(where: { $0.name == service }),
            !found.endpoints.isEmpty || !found.connections.isEmpty
        else { throw .notSeen }
        var finder = ConditionsFinder(found, map, surroundings, supplied)
        finder.find()
        guard !finder.drafts.isEmpty else { throw .nothingToSay(finder.evidence) }
        let conditions = finder.conditions()
        return (ConditionsProfile(name: service, uri: uri, conditions: conditions), finder.evidence)
    }

    private init(
        _ service: ServiceMapDocument.Service, _ map: ServiceMapDocument, _ surroundings: ServiceSurroundings,
        _ supplied: SuppliedVocabularies
    ) {
        self.supplied = supplied
        self.service = service
        bodies = map.bodies.filter { $0.service == service.name }
        names = DestinationNames(given: surroundings.givenNames)
        self.surroundings = surroundings.services[service.name] ?? .init()
        secrets = SecretValues(self.surroundings)
    }

    private mutating func find() {
        var destinations: [String] = []
        for endpoint in service.endpoints where destinations.last != endpoint.destination {
            destinations.append(endpoint.destination)
        }
        for destination in destinations {
            addAPI(destination, service.endpoints.filter { $0.destination == destination })
        }
        var groups: [[ServiceMapDocument.Connection]] = []
        for connection in service.connections {
            if let last = groups.last?.first, last.destination == connection.destination,
                last.protocolName == connection.protocolName
            {
                groups[groups.count - 1].append(connection)
            } else {
                groups.append([connection])
            }
        }
        for group in groups { add(group) }
    }

    // MARK: HTTP

    private mutating func addAPI(_ destination: String, _ endpoints: [ServiceMapDocument.Endpoint]) {
        let name = names.shown(destination, endpoints[0].destinationType)
        struct Asked: Hashable {
            var path: String
            var method: String
        }
        var operations: [Asked: [ServiceMapDocument.Endpoint]] = [:]
        var left: [String: ConditionsEvidence.LeftOut] = [:]
        for endpoint in endpoints {
            // As OpenAPI has it: braces that a client has sent are no parameter's.
            let described = PathTemplate.description(endpoint.describedParts)
            let path = secrets.without(path: String(described.prefix { $0 != "?" && $0 != "#" }))
            let reason: (text: String, isLoss: Bool)? =
                if endpoint.series > 0 {
                    ("\(Quantity.count(endpoint.series, "endpoint")) beyond what is told of each service", true)
                } else if let why = SupportingTraffic.of(method: endpoint.method, path: path, destination: destination)
                {
                    (why.rawValue, false)
                } else if endpoint.protocolName.hasPrefix("grpc") {
                    path.hasPrefix("/opentelemetry.proto.collector.")
                        ? (SupportingTraffic.telemetry.rawValue, false) : ("no vocabulary has gRPC", true)
                } else if !APIOperation.methods.contains(endpoint.method) {
                    ("no method of the vocabulary", true)
                } else if !APIOperation.isPath(path) {
                    ("no path that an operation may have", true)
                } else {
                    nil
                }
            guard let reason else {
                operations[Asked(path: path, method: endpoint.method), default: []].append(endpoint)
                continue
            }
            let what = "\(endpoint.method) \(path)"
            left[
                what,
                default: .init(
                    destination: name, what: what, count: 0, reason: reason.text, isLoss: reason.isLoss)
            ].count += endpoint.count
        }
        evidence.leftOut += left.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map(\.value)
        let isSayable = !operations.isEmpty
        guard isSayable || left.values.contains(where: \.isLoss) else { return }
        let number = addTarget(destination, name, ports: [], words: ["HTTP", "API"], isSayable ? .api([]) : nil)
        guard isSayable else { return }
        var grounds = grounds(
            destination, name, "api", endpoints.map { ($0.firstSeen, $0.lastSeen, $0.count) }, confidence: 90)
        let sorted = operations.sorted {
            $0.key.path == $1.key.path
                ? $0.key.method < $1.key.method : $0.key.path.utf8.lexicographicallyPrecedes($1.key.path.utf8)
        }
        grounds.count = sorted.reduce(0) { $0 + $1.value.reduce(0) { $0 + $1.count } }
        let own = bodies.filter { $0.destination == destination }
        let declared = sorted.map { asked, variants in
            grounds.operations.append(
                .init(text: "\(asked.method) \(asked.path)", count: variants.reduce(0) { $0 + $1.count }))
            let schemas = own.filter { body in
                body.method == asked.method && variants.contains { $0.path == body.path }
                    && !body.protocolName.hasPrefix("grpc")
            }.map(\.schemas)
            return operation(asked.method, asked.path, variants, schemas, &grounds)
        }
        drafts.append(Draft(interface: .api(declared), grounds: grounds, target: number, plainName: "http"))
    }

    private func operation(
        _ method: String, _ path: String, _ variants: [ServiceMapDocument.Endpoint], _ schemas: [EndpointSchemas],
        _ grounds: inout ConditionsEvidence.Grounds
    ) -> APIOperation {
        var request = GeneralSchema()
        var response = GeneralSchema()
        for schema in schemas {
            request.merge(schema.request)
            // What a caller relies on is the answer to what succeeded.
            for (status, answer) in schema.responses where AnswerStatus.isSuccess(status) { response.merge(answer) }
        }
        let answered = variants.filter(\.numbers.succeeded)
        var operation = APIOperation(method: method, path: path)
        operation.request = lowered(
            request, variants.filter { !$0.requestIsIncomplete }.map(\.requestSchema), "\(method) \(path)", "request",
            &grounds)
        operation.response = lowered(
            response, answered.filter { !$0.responseIsIncomplete }.map(\.responseSchema), "\(method) \(path)",
            "response", &grounds)
        return operation
    }

    /// - Parameter shapes: of the messages of which the body is whole.
    private func lowered(
        _ schema: GeneralSchema, _ shapes: [Shape], _ operation: String, _ body: String,
        _ grounds: inout ConditionsEvidence.Grounds
    ) -> SimpleSchema? {
        var losses: [SimpleSchema.Loss] = []
        defer {
            grounds.losses += losses.map {
                ConditionsEvidence.Loss(
                    operation: operation, body: body, place: $0.place.joined(separator: "."), reason: $0.reason.rawValue
                )
            }
        }
        guard !schema.isEmpty else {
            if shapes.contains(.nonJSON) { losses.append(SimpleSchema.Loss(place: [], reason: .notJSON)) }
            return nil
        }
        guard !shapes.contains(.empty), !shapes.contains(.nonJSON) else {
            losses.append(SimpleSchema.Loss(place: [], reason: .notAlways))
            return nil
        }
        return SimpleSchema.lowered(schema, &losses)
    }

    // MARK: Stores and buses

    private mutating func add(_ connections: [ServiceMapDocument.Connection]) {
        let first = connections[0]
        let name = names.shown(first.destination, first.destinationType)
        let count = connections.reduce(0) { $0 + $1.count }
        let ports = Set(connections.map(\.port))
        func leave(_ reason: String, isLoss: Bool) {
            evidence.leftOut.append(
                ConditionsEvidence.LeftOut(
                    destination: name, what: first.protocolName, count: count, reason: reason, isLoss: isLoss))
        }
        if first.category == "name_service" { return leave(SupportingTraffic.names.rawValue, isLoss: false) }
        if SupportingTraffic.isMetadata(first.destination) {
            return leave(SupportingTraffic.metadata.rawValue, isLoss: false)
        }
        let store = StoreKind(first.protocolName)
        var notes: [String] = []
        let other = store == nil ? supplied.interface(for: first.protocolName) : nil
        var interface = store?.interface ?? other.map { .supplied($0) }
        var grounds = grounds(
            first.destination, name, "", connections.map { ($0.firstSeen, $0.lastSeen, $0.count) },
            confidence: connections.map(\.confidence).max() ?? 0)
        switch first.protocolName {
        case "mysql":
            // The protocol is one; what the server calls itself is not in the map.
            let engine = ["mariadb", "mysql"].first { name?.lowercased().contains($0) == true }
            interface = .datastore(type: "relational", engine: engine)
            if engine == nil { notes.append("engine: mysql or mariadb, which talk alike") }
        case "nats": interface = .nats(natsOperations(connections, name, &grounds))
        default: break
        }
        let words = store?.words ?? Set([first.protocolName, other?.engine].compactMap { $0?.uppercased() })
        let number = addTarget(first.destination, name, ports: ports, words: words, interface)
        guard let interface else {
            return leave(Self.reason(first), isLoss: true)
        }
        let draft = Condition(name: "", interface: interface)
        grounds.kind = draft.kind
        grounds.notes = notes
        if case .nats = interface {
        } else {
            let asked = connections.reduce(0) { $0 + $1.operations.reduce(0) { $0 + $1.count } }
            if asked > 0 {
                grounds.operations = [.init(text: "operations, which the vocabulary has no words for", count: asked)]
            }
        }
        drafts.append(
            Draft(
                interface: interface, grounds: grounds, target: number,
                plainName: store?.name ?? other?.engine ?? first.protocolName))
    }

    private static func reason(_ connection: ServiceMapDocument.Connection) -> String {
        if connection.protocolName == "tls" { return "encrypted, and not read" }
        if connection.protocolName == "unknown" { return "nobody knows what is talked there" }
        return "no vocabulary has \(connection.protocolName)"
    }

    private mutating func natsOperations(
        _ connections: [ServiceMapDocument.Connection], _ name: String?, _ grounds: inout ConditionsEvidence.Grounds
    ) -> [NATSCondition] {
        var counts: [NATSCondition: UInt64] = [.connect: connections.reduce(0) { $0 + $1.count }]
        for operation in connections.flatMap(\.operations) {
            let target = operation.targets.first
            do throws(NATSCondition.Outside) {
                let condition = try NATSCondition.of(operation.name, target)
                guard !secrets.isIn(condition.name) else { throw .name }
                counts[condition, default: 0] += operation.count
            } catch {
                if error == .consequence { continue }
                let what = [operation.name, error == .name ? nil : target].compactMap { $0 }.joined(separator: " ")
                evidence.leftOut.append(
                    ConditionsEvidence.LeftOut(
                        destination: name, what: "nats \(what)", count: operation.count, reason: error.rawValue,
                        isLoss: error != .inbox))
            }
        }
        let sorted = counts.sorted { $0.key < $1.key }
        grounds.operations = sorted.map { .init(text: $0.key.text, count: $0.value) }
        return sorted.map(\.key)
    }

    private func grounds(
        _ destination: String, _ name: String?, _ kind: String,
        _ sightings: [(first: Timestamp, last: Timestamp, count: UInt64)], confidence: Int
    ) -> ConditionsEvidence.Grounds {
        let first = sightings.map(\.first).min() ?? service.firstSeen
        let last = sightings.map(\.last).max() ?? service.lastSeen
        return ConditionsEvidence.Grounds(
            name: "", kind: kind, destination: name, firstSeen: first, lastSeen: last,
            count: sightings.reduce(0) { $0 + $1.count }, confidence: confidence)
    }

    // MARK: Environment

    /// - Parameters:
    ///   - ports: of connections; none where requests do not tell.
    ///   - interface: what is declared of it; `nil`: nothing.
    private mutating func addTarget(
        _ destination: String, _ name: String?, ports: Set<UInt16>, words: Set<String>,
        _ interface: Condition.Interface?
    ) -> Int {
        var target = EnvironmentLinks.Target()
        target.ports = ports.filter { $0 > 0 }
        for place in surroundings.reached[destination] ?? [] {
            guard ports.isEmpty || ports.contains(place.endpoint?.port ?? place.port) else { continue }
            if let endpoint = place.endpoint {
                target.addresses.insert(endpoint.address)
                target.ports.insert(endpoint.port)
            }
            if let host = place.host, !host.isEmpty { target.hosts.insert(host.lowercased()) }
            if place.port > 0 { target.ports.insert(place.port) }
        }
        if let name {
            target.hosts.insert(name.lowercased())
            target.words = Set(
                name.uppercased().split { !($0.isLetter || $0.isNumber) }.map(String.init))
        }
        target.words.formUnion(words)
        if let interface {
            target.properties = ConfigurationProperty.allowed(interface)
            if case .api = interface { target.isAPI = true }
        }
        targets.append(target)
        return targets.count - 1
    }

    private mutating func conditions() -> [Condition] {
        let links = EnvironmentLinks(surroundings, targets)
        evidence.unbound = links.unbound.map { .init(name: $0.name, reason: $0.reason.rawValue) }
        var conditions: [(condition: Condition, grounds: ConditionsEvidence.Grounds)] = []
        let bases = drafts.map { $0.grounds.destination ?? links.stem(of: $0.target) ?? $0.plainName }
        var taken: Set<String> = []
        for (draft, base) in zip(drafts, bases) {
            var name = base
            if bases.count(where: { $0 == base }) > 1, base != draft.plainName { name += "-\(draft.plainName)" }
            var number = 2
            while !taken.insert(name).inserted {
                name = "\(base == draft.plainName ? base : "\(base)-\(draft.plainName)")-\(number)"
                number += 1
            }
            let configurations = links.configurations(of: draft.target)
            var grounds = draft.grounds
            grounds.name = name
            let declared = Set(configurations.flatMap { $0.map(\.name) })
            for link in links.links.filter({ $0.target == draft.target }).sorted(by: {
                $0.variable.name < $1.variable.name
            }) {
                guard declared.contains(link.variable.name) else {
                    evidence.unbound.append(
                        .init(name: link.variable.name, reason: "no host or URL that it belongs to"))
                    continue
                }
                grounds.variables.append(
                    .init(
                        name: link.variable.name, property: link.variable.property.rawValue,
                        reason: link.reason.rawValue))
            }
            conditions.append(
                (Condition(name: name, interface: draft.interface, configurations: configurations), grounds))
        }
        conditions.sort {
            let (a, b) = ($0.condition, $1.condition)
            return (a.kind, a.type) == (b.kind, b.type)
                ? a.name.utf8.lexicographicallyPrecedes(b.name.utf8) : (a.kind, a.type) < (b.kind, b.type)
        }
        evidence.conditions = conditions.map(\.grounds)
        return conditions.map(\.condition)
    }
}

/// What of databases, caches and buses can be declared.
private struct StoreKind {
    var name: String
    /// `nil`: by what is asked.
    var interface: Condition.Interface?
    /// By which names of variables mean it.
    var words: Set<String>

    init?(_ protocolName: String) {
        switch protocolName {
        case "postgres":
            self.init("postgres", .datastore(type: "relational", engine: "postgres"), ["POSTGRES", "POSTGRESQL", "PG"])
        case "mysql": self.init("mysql", nil, ["MYSQL", "MARIADB"])
        case "mssql":
            self.init("sqlserver", .datastore(type: "relational", engine: "sqlserver"), ["MSSQL", "SQLSERVER"])
        case "mongodb":
            self.init("mongodb", .datastore(type: "document", engine: "mongodb"), ["MONGO", "MONGODB"])
        case "redis": self.init("redis", .cache(engine: "redis"), ["REDIS", "VALKEY"])
        case "memcached": self.init("memcached", .cache(engine: "memcached"), ["MEMCACHED", "MEMCACHE"])
        case "nats": self.init("nats", nil, ["NATS"])
        default: return nil
        }
    }

    private init(_ name: String, _ interface: Condition.Interface?, _ words: Set<String>) {
        (self.name, self.interface, self.words) = (name, interface, words)
    }
}
