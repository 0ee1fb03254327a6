/// What a service serves over HTTP as an OpenAPI description, for each service that was asked: methods, path templates, parameters,
/// bodies and statuses that were seen, and no values (OpenAPI Specification 3.1.0 and 3.2.0).
///
/// Every exchange that was seen is valid by it, and what more traffic shows refines it.
package enum OpenAPIFile {
    /// Of the specification.
    package enum Version: String, CaseIterable, Sendable {
        case v31 = "3.1"
        case v32 = "3.2"

        fileprivate var text: String { rawValue + ".0" }
    }

    /// What is written, and how.
    package struct Style: Sendable {
        package init() {}
        package var version = Version.v31
        package var isJSON = false
        /// Say how often each operation was seen, from when to when, and by whom.
        package var showsCounts = false
        /// Name the fields of requests, too.
        package var showsFields = false
    }

    /// A description of each service that is asked for something over HTTP.
    /// - Parameter from: what it was made from, for people.
    package static func descriptions(_ map: ServiceMapDocument, from: String, _ style: Style) -> [ServiceDescription] {
        ServedInterface.all(in: map).map { interface in
            var writer = OpenAPIWriter(interface, style)
            guard !writer.isEmpty else {
                return ServiceDescription(service: interface.service, text: "", leftOut: writer.leftOut)
            }
            let tree = writer.document(from: from)
            return ServiceDescription(
                service: interface.service, text: style.isJSON ? tree.json : tree.yaml, leftOut: writer.leftOut)
        }
    }
}

private struct OpenAPIWriter {
    private let interface: ServedInterface
    private let style: OpenAPIFile.Style
    private let paths: [Path]
    private let schemas: SharedSchemas
    private let security: SecuritySchemes
    private var ids: Set<String> = []
    let leftOut: [String]

    /// A path, with all that is asked there.
    private struct Path {
        var parts: [PathTemplate.Part]
        var operations: [ServedInterface.Operation]
    }

    var isEmpty: Bool { paths.isEmpty }

    init(_ interface: ServedInterface, _ style: OpenAPIFile.Style) {
        self.interface = interface
        self.style = style
        var leftOut = interface.leftOut.sorted { $0.key < $1.key }.map { $0.key.text($0.value) }
        var paths: [Path] = []
        var places: [String: Int] = [:]
        var others: [String: Int] = [:]
        for operation in interface.operations {
            guard style.version == .v32 || Self.key(operation.method, .v31) != nil else {
                others[operation.method, default: 0] += 1
                continue
            }
            let structure = PathTemplate.structure(operation.path)
            if let place = places[structure] {
                paths[place].parts = PathTemplate.joined(paths[place].parts, operation.path)
                paths[place].operations.append(operation)
            } else {
                places[structure] = paths.count
                paths.append(Path(parts: operation.path, operations: [operation]))
            }
        }
        if !others.isEmpty {
            let methods = others.keys.sorted().prefix(5).joined(separator: ", ") + (others.count > 5 ? ", …" : "")
            let count = Quantity.count(UInt64(others.values.reduce(0, +)), "operation")
            leftOut.append("\(count) by methods that OpenAPI 3.1 does not know (\(methods); 3.2 does)")
        }
        leftOut += Self.beyondBounds(interface, style)
        self.leftOut = leftOut
        self.paths = paths
        let all = paths.flatMap(\.operations)
        security = SecuritySchemes(all)
        schemas = SharedSchemas(
            all.flatMap { operation in
                let name = DescriptionName.schema(operation.path)
                let bodies = [operation.requestContent] + operation.answers.map(\.content)
                return bodies.flatMap { $0 }.compactMap { content in content.schema.map { (name, $0) } }
            })
    }

    /// What there was more of than is kept of an interface.
    private static func beyondBounds(_ interface: ServedInterface, _ style: OpenAPIFile.Style) -> [String] {
        func operations(_ isCut: (InterfaceFacts) -> Bool) -> String? {
            let count = interface.operations.count { isCut($0.facts) }
            return count > 0 ? Quantity.count(UInt64(count), "operation") : nil
        }
        let query = operations(\.query.isCut).map {
            "names of the query beyond the \(InterfaceFacts.mostNames) that are told, of \($0)"
        }
        let fields = style.showsFields ? operations(\.fields.isCut) : nil
        let media = operations { facts in
            facts.requestBodies.media.isCut || facts.answers.values.contains(where: \.media.isCut)
        }
        return [
            query, fields.map { "fields beyond the \(InterfaceFacts.mostNames) that are told, of \($0)" },
            media.map { "media types beyond the \(InterfaceFacts.mostHosts) that are told, of \($0)" },
            hosts(of: interface).isCut ? "hosts beyond the \(InterfaceFacts.mostHosts) that are told" : nil,
        ].compactMap(\.self)
    }

    private static func hosts(of interface: ServedInterface) -> BoundedNames<UInt64> {
        var hosts = BoundedNames<UInt64>(InterfaceFacts.mostHosts)
        for operation in interface.operations { hosts.merge(operation.facts.hosts) }
        return hosts
    }

    // MARK: Document

    mutating func document(from: String) -> DocumentTree {
        var members: [DocumentTree.Member] = []
        members.add("openapi", style.version.text)
        members.add("info", .map(info(from: from)))
        let servers = Self.hosts(of: interface).sorted.map {
            DocumentTree.map([DocumentTree.Member("url", .text($0.key))])
        }
        members.add(unlessEmpty: "servers", servers)
        members.add("paths", .map(paths.map { DocumentTree.Member(PathTemplate.description($0.parts), item($0)) }))
        var components: [DocumentTree.Member] = []
        components.add(unlessEmpty: "schemas", schemas.definitions)
        components.add(unlessEmpty: "securitySchemes", security.definitions)
        members.add(unlessEmpty: "components", components)
        return .map(members)
    }

    private func info(from: String) -> [DocumentTree.Member] {
        var sentences = [from]
        let unanswered = interface.operations.reduce(0) { $0 &+ $1.unanswered }
        if unanswered > 0 { sentences.append("No answer was seen to \(Quantity.count(unanswered, "request")).") }
        let all = interface.operations.reduce(0) { $0 &+ $1.count }
        let known = interface.operations.reduce(0) { $0 &+ $1.facts.requests }
        if known < all {
            sentences.append(
                "Of \(Quantity.count(all &- known, "request")) the head is not known: there may be more parameters, media "
                    + "types, hosts and security than are said.")
        }
        let unnamed = interface.operations.reduce(0) { $0 &+ $1.facts.unnamedQueries }
        if unnamed > 0 {
            sentences.append("The query of \(Quantity.count(unnamed, "request")) has more than parameters with names.")
        }
        if !leftOut.isEmpty { sentences.append("Left out: \(leftOut.joined(separator: ", ")).") }
        var info: [DocumentTree.Member] = []
        info.add("title", interface.service)
        info.add("description", sentences.joined(separator: " "))
        // Traffic does not say it.
        info.add("version", "unknown")
        return info
    }

    /// The member of a path that a method is written as; `nil` where there is none of its own.
    private static func key(_ method: String, _ version: OpenAPIFile.Version) -> String? {
        switch method {
        case "GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE": method.lowercased()
        case "QUERY" where version == .v32: "query"
        default: nil
        }
    }

    private mutating func item(_ path: Path) -> DocumentTree {
        var members: [DocumentTree.Member] = []
        var others: [DocumentTree.Member] = []
        for operation in path.operations {
            let tree = self.operation(operation, path.parts)
            if let key = Self.key(operation.method, style.version) {
                members.add(key, tree)
            } else {
                others.add(operation.method, tree)
            }
        }
        members.add(unlessEmpty: "additionalOperations", others)
        return .map(members)
    }

    // MARK: Operations

    private mutating func operation(
        _ operation: ServedInterface.Operation, _ path: [PathTemplate.Part]
    ) -> DocumentTree {
        let name = DescriptionName.operation(operation.method, path)
        var id = name
        var number = 1
        while !ids.insert(id).inserted {
            number += 1
            id = "\(name)\(number)"
        }
        var members: [DocumentTree.Member] = []
        members.add("operationId", id)
        members.add(unlessEmpty: "parameters", Self.parameters(path) + parameters(operation.facts))
        let content = operation.requestContent
        if !content.isEmpty {
            var body = [DocumentTree.Member("content", self.content(content))]
            if operation.requiresBody { body.add("required", .boolean(true)) }
            members.add("requestBody", .map(body))
        }
        let answers = operation.answers.map { answer in
            var members: [DocumentTree.Member] = []
            members.add("description", ReasonPhrase.of(answer.status))
            if !answer.content.isEmpty { members.add("content", self.content(answer.content)) }
            return DocumentTree.Member("\(answer.status)", .map(members))
        }
        members.add(unlessEmpty: "responses", answers)
        members.add(unlessEmpty: "security", security.requirements(of: operation))
        if style.showsCounts { members.add("x-tapedeck", evidence(operation)) }
        return .map(members)
    }

    private static func parameters(_ path: [PathTemplate.Part]) -> [DocumentTree] {
        path.compactMap { part in
            guard case .parameter(let name, let origins) = part else { return nil }
            return parameter(name, in: "path", isRequired: true, schema(origins))
        }
    }

    private func parameters(_ facts: InterfaceFacts) -> [DocumentTree] {
        // So many must agree before anybody is told that all do.
        let isSure = { (times: UInt64) in times == facts.requests && times >= 20 }
        var parameters = facts.query.sorted.map { name, parameter in
            var schema = [DocumentTree.Member("type", .text(Self.type(parameter.kinds)))]
            if parameter.isRepeated {
                schema = [DocumentTree.Member("type", .text("array")), DocumentTree.Member("items", .map(schema))]
            }
            return Self.parameter(name, in: "query", isRequired: isSure(parameter.requests), schema)
        }
        guard style.showsFields else { return parameters }
        parameters += facts.fields.sorted.map { name, times in
            Self.parameter(
                name, in: "header", isRequired: isSure(times), [DocumentTree.Member("type", .text("string"))])
        }
        return parameters
    }

    private static func parameter(
        _ name: String, in place: String, isRequired: Bool, _ schema: [DocumentTree.Member]
    ) -> DocumentTree {
        var members: [DocumentTree.Member] = []
        members.add("name", name)
        members.add("in", place)
        if isRequired { members.add("required", .boolean(true)) }
        members.add("schema", .map(schema))
        return .map(members)
    }

    private static func type(_ kinds: InterfaceFacts.Kinds) -> String {
        if kinds == .integer { return "integer" }
        if kinds.isSubset(of: [.integer, .number]) { return "number" }
        return kinds == .boolean ? "boolean" : "string"
    }

    /// What stands for a part of a path, where all of it is of one class.
    private static func schema(_ origins: PathOrigins) -> [DocumentTree.Member] {
        let identifiers = origins.identifiers
        let isOne =
            identifiers.count == 1
            && ![PathOrigin.word, .sibling, .long].contains { origins.contains($0) }
        guard isOne, let identifier = identifiers.first else { return [DocumentTree.Member("type", .text("string"))] }
        if identifier == .integer { return [DocumentTree.Member("type", .text("integer"))] }
        var schema = [DocumentTree.Member("type", .text("string"))]
        if identifier == .date { schema.add("format", "date") }
        if let rule = JSONSchema.rule(identifier) { schema.append(rule) }
        return schema
    }

    private func content(_ content: [ServedInterface.Content]) -> DocumentTree {
        .map(
            content.map { content in
                var members: [DocumentTree.Member] = []
                if let schema = content.schema { members.add("schema", schemas.shown(schema)) }
                if style.version == .v32, let element = content.element { members.add("itemSchema", element) }
                return DocumentTree.Member(content.media, .map(members))
            })
    }

    private func evidence(_ operation: ServedInterface.Operation) -> DocumentTree {
        var members: [DocumentTree.Member] = []
        members.add("count", operation.count)
        members.add("first", operation.first.description)
        members.add("last", operation.last.description)
        members.add(
            "statuses",
            .map(operation.statuses.sorted { $0.key < $1.key }.map { DocumentTree.Member("\($0)", .number($1)) }))
        members.add("callers", operation.callers.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
        members.add("lost", operation.unanswered)
        return .map(members)
    }
}

/// How requests prove who they are from, by the names that a description has for it.
private struct SecuritySchemes {
    private var names: [InterfaceFacts.Proof: String] = [:]
    private(set) var definitions: [DocumentTree.Member] = []

    init(_ operations: [ServedInterface.Operation]) {
        let proofs = Set(operations.flatMap { $0.facts.proofs.keys.flatMap { $0 } })
        var taken: Set<String> = []
        for proof in proofs.sorted() {
            let name = Self.name(proof)
            var own = name
            var number = 1
            while !taken.insert(own).inserted {
                number += 1
                own = "\(name)\(number)"
            }
            names[proof] = own
            definitions.add(own, Self.definition(proof))
        }
    }

    /// Of what came with each request; none where nothing ever did.
    func requirements(of operation: ServedInterface.Operation) -> [DocumentTree] {
        let sets = operation.facts.proofs.keys.sorted { $0.lexicographicallyPrecedes($1) }
        guard sets.contains(where: { !$0.isEmpty }) else { return [] }
        return sets.map { set in .map(set.map { DocumentTree.Member(names[$0] ?? "", .list([])) }) }
    }

    /// Components are named with letters, digits and few signs (OpenAPI 3.1.0, section 4.8.7.1).
    private static func name(_ proof: InterfaceFacts.Proof) -> String {
        let text =
            switch proof {
            case .scheme(let name): name
            case .field(let name): name
            case .query(let name): "query-" + name
            }
        let bytes = text.utf8.map { byte in
            ASCII.isLetter(byte) || byte &- 0x30 < 10 || byte == 0x2D || byte == 0x2E ? byte : UInt8(ascii: "_")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func definition(_ proof: InterfaceFacts.Proof) -> DocumentTree {
        var members: [DocumentTree.Member] = []
        switch proof {
        case .scheme(let name):
            members.add("type", "http")
            members.add("scheme", name)
        case .field(let name):
            members.add("type", "apiKey")
            members.add("in", "header")
            members.add("name", name)
        case .query(let name):
            members.add("type", "apiKey")
            members.add("in", "query")
            members.add("name", name)
        }
        return .map(members)
    }
}
