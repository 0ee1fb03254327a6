/// Reads one level after the other, and goes to the next where nothing is wrong.
struct ProfileReader {
    var name = ""
    var conditions: [DeclaredProfile.DeclaredCondition] = []
    var faults: [ProfileFault] = []
    private let root: DocumentNode
    let supplied: SuppliedVocabularies
    var vocabularies: [Vocabulary: String] = [:]
    /// Supplied ones that are listed, and those that they build on.
    var extensions: [ExtensionDefinition] = []

    init(_ root: DocumentNode, _ supplied: SuppliedVocabularies) { (self.root, self.supplied) = (root, supplied) }

    mutating func fault(_ kind: ProfileFault.Kind, _ node: DocumentNode, _ text: String) {
        faults.append(ProfileFault(kind, line: node.line, text))
    }

    mutating func read() {
        let listed = structure()
        guard faults.isEmpty else { return }
        declarations(listed)
        guard faults.isEmpty else { return }
        let nodes = root["conditions"]?.elements ?? []
        for node in nodes { vocabulary(node) }
        guard faults.isEmpty else { return }
        for node in nodes { conditions.append(meaning(node)) }
    }

    // MARK: Structure

    /// - Returns: the extensions, as they are written.
    private mutating func structure() -> [DocumentNode] {
        guard root.members != nil else {
            fault(.structural, root, "a profile is a mapping with apiVersion, kind, metadata and workload")
            return []
        }
        noRepeats(root, depth: 0)
        fields(
            root, "a profile", required: ["apiVersion", "kind", "metadata", "workload"], ["extensions", "conditions"])
        constant(root, "apiVersion", "\(ConditionsFile.apiVersion)")
        constant(root, "kind", "\(ConditionsFile.kind)")
        if let metadata = root["metadata"] {
            fields(metadata, "metadata", required: ["name"], ["labels"])
            name = filled(metadata, "name", "metadata.name") ?? ""
            for label in metadata["labels"]?.members ?? []
            where label.node.text == nil || label.key.hasPrefix("runtimeconditions.io/") {
                fault(
                    .structural, label.node,
                    "the label \(label.key) is no text, or of the reserved names runtimeconditions.io/")
            }
        }
        if let workload = root["workload"] {
            fields(workload, "workload", required: ["uri"], ["version"])
            _ = filled(workload, "uri", "workload.uri")
            if workload["version"] != nil { _ = filled(workload, "version", "workload.version") }
        }
        let extensions = root["extensions"].map { list($0, "extensions") } ?? []
        var seen: Set<String> = []
        for node in extensions {
            guard let text = node.text, !text.isEmpty else {
                fault(.structural, node, "an extension is a text that is not empty: `ID` or `ID:VERSION`")
                continue
            }
            if !seen.insert(text).inserted { fault(.structural, node, "the extension \(text) is there twice") }
        }
        let conditions = root["conditions"].map { list($0, "conditions") } ?? []
        if let first = conditions.first, extensions.isEmpty {
            fault(.structural, first, "there are conditions, and no extension says what they mean")
        }
        var names: Set<String> = []
        for node in conditions {
            guard node.members != nil else {
                fault(.structural, node, "a condition is a mapping with kind and interface")
                continue
            }
            _ = filled(node, "kind", "a condition's kind")
            if let interface = node["interface"], interface.members != nil {
                _ = filled(interface, "type", "an interface's type")
            } else {
                fault(.structural, node, "a condition has an interface, which is a mapping with a type")
            }
            if node["name"] != nil, let name = filled(node, "name", "a condition's name"), !names.insert(name).inserted
            {
                fault(.structural, node, "the name \(name) is there twice")
            }
            if let optional = node["optional"], optional.boolean == nil {
                fault(.structural, optional, "optional is true or false")
            }
            if let reference = node["extension"], reference.text.map({ seen.contains($0) }) != true {
                fault(
                    .structural, reference,
                    "a condition's extension is one of the list of extensions, letter for letter")
            }
        }
        return extensions
    }

    private mutating func noRepeats(_ node: DocumentNode, depth: Int) {
        var keys: Set<String> = []
        for member in node.members ?? [] {
            if !keys.insert(member.key).inserted {
                faults.append(ProfileFault(.structural, line: member.line, "the key \(member.key) is there twice"))
            }
            noRepeats(member.node, depth: depth + 1)
        }
        for element in node.elements ?? [] { noRepeats(element, depth: depth + 1) }
    }

    private mutating func fields(_ node: DocumentNode, _ what: String, required: [String], _ others: [String]) {
        guard let members = node.members else { return fault(.structural, node, "\(what) is a mapping") }
        for key in required where node[key] == nil || node[key]?.isNull == true {
            fault(.structural, node, "\(what) has no \(key)")
        }
        for member in members where !required.contains(member.key) && !others.contains(member.key) {
            faults.append(ProfileFault(.structural, line: member.line, "\(what) has no field \(member.key)"))
        }
    }

    private mutating func constant(_ node: DocumentNode, _ key: String, _ expected: String) {
        guard let found = node[key], found.text != expected else { return }
        fault(.structural, found, "\(key) is \(expected)")
    }

    /// A text that is not empty.
    private mutating func filled(_ node: DocumentNode, _ key: String, _ what: String) -> String? {
        if let text = node[key]?.text, !text.isEmpty { return text }
        fault(.structural, node[key] ?? node, "\(what) is a text that is not empty")
        return nil
    }

    private mutating func list(_ node: DocumentNode, _ what: String) -> [DocumentNode] {
        if let elements = node.elements { return elements }
        fault(.structural, node, "\(what) is a list")
        return []
    }

    // MARK: Meaning

    private mutating func meaning(_ node: DocumentNode) -> DeclaredProfile.DeclaredCondition {
        var interface = Condition.Interface.api([])
        let written = node["interface"] ?? node
        let kind = node["kind"]?.text ?? ""
        var lines: [Int] = []
        let own = ExtensionDefinition.InterfaceType(kind: kind, name: written["type"]?.text ?? "")
        for values in extensions.flatMap(\.values) where values.applies(to: own) {
            check(node, values.field.split(separator: ".")[...], values.values)
        }
        let others = fields(of: own)
        switch kind {
        case "datastore":
            let type = written["type"]?.text ?? ""
            let engines =
                type == "document"
                ? ["mongodb", "couchbase"] : ["postgres", "mysql", "mariadb", "sqlserver", "oracle", "sqlite"]
            only(written, ["type", "engine"] + others)
            interface = .datastore(type: type, engine: engine(written, engines))
        case "cache":
            only(written, ["type", "engine"] + others)
            interface = .cache(engine: engine(written, ["redis", "memcached"]))
        case "nats.service":
            only(written, ["type", "operations"] + others)
            let operations = operations(written, isNeeded: true)
            lines = operations.map(\.line)
            interface = .nats(operations.compactMap { nats($0) })
            repeats(operations)
        case _ where Vocabulary.owner(own.kind, own.name) == nil:
            let vocabulary = extensions.first { $0.types.contains(own) }?.id ?? ""
            interface = .supplied(
                SuppliedInterface(
                    kind: own.kind, type: own.name, engine: written["engine"]?.text, vocabulary: vocabulary,
                    properties: SuppliedVocabularies(extensions).properties(of: own)))
        default:
            only(written, ["type", "spec", "operations"] + others)
            if let spec = written["spec"] { description(spec) }
            let operations = operations(written, isNeeded: written["spec"] == nil)
            lines = operations.map(\.line)
            interface = .api(operations.compactMap { operation($0) })
            repeats(operations)
        }
        var condition = Condition(name: node["name"]?.text ?? "", interface: interface)
        // What a supplied vocabulary says of variables otherwise is its own form.
        let allowed = ConfigurationProperty.allowed(interface)
        if let configuration = node["configuration"], !allowed.isEmpty {
            condition.configurations = configurations(configuration, allowed)
        }
        return DeclaredProfile.DeclaredCondition(
            condition: condition, isOptional: node["optional"]?.boolean == true, hasDescription: written["spec"] != nil,
            line: node.line, lines: lines)
    }

    private mutating func only(_ node: DocumentNode, _ keys: [String]) {
        guard let members = node.members else {
            return fault(.semantic, node, "is a mapping with \(keys.joined(separator: ", "))")
        }
        for member in members where !keys.contains(member.key) {
            faults.append(
                ProfileFault(
                    .semantic, line: member.line,
                    "\(member.key) is no field here; there may be \(keys.joined(separator: ", "))"))
        }
    }

    private mutating func engine(_ node: DocumentNode, _ engines: [String]) -> String? {
        guard let engine = node["engine"] else { return nil }
        if let text = engine.text, engines.contains(text) { return text }
        fault(.semantic, engine, "the engine is one of \(engines.joined(separator: ", "))")
        return nil
    }

    private mutating func description(_ node: DocumentNode) {
        only(node, ["format", "uri", "version"])
        if node["format"]?.text != "openapi" { fault(.semantic, node, "a spec's format is openapi") }
        if node["uri"]?.text?.isEmpty != false { fault(.semantic, node, "a spec has a uri") }
    }

    private mutating func operations(_ node: DocumentNode, isNeeded: Bool) -> [DocumentNode] {
        guard let list = node["operations"] else {
            if isNeeded { fault(.semantic, node, "has no operations") }
            return []
        }
        if let elements = list.elements, !elements.isEmpty { return elements }
        fault(.semantic, list, "operations is a list with at least one")
        return []
    }

    private mutating func repeats(_ nodes: [DocumentNode]) {
        var seen: Set<[String]> = []
        for node in nodes {
            let words = ["method", "path", "resource", "action", "subject", "stream", "bucket"].map {
                node[$0]?.text ?? ""
            }
            if !seen.insert(words).inserted { fault(.semantic, node, "this operation is there twice") }
        }
    }

    private mutating func operation(_ node: DocumentNode) -> APIOperation? {
        only(node, ["method", "path", "requestBodySchema", "responseSchema"])
        guard let method = node["method"]?.text, APIOperation.methods.contains(method) else {
            fault(
                .semantic, node["method"] ?? node,
                "the method is one of \(APIOperation.methods.sorted().joined(separator: ", "))")
            return nil
        }
        guard let path = node["path"]?.text, APIOperation.isPath(path) else {
            fault(.semantic, node["path"] ?? node, "the path begins with / and has neither host nor query")
            return nil
        }
        return APIOperation(
            method: method, path: path, request: node["requestBodySchema"].flatMap { schema($0) },
            response: node["responseSchema"].flatMap { schema($0) })
    }

    private mutating func schema(_ node: DocumentNode) -> SimpleSchema? {
        switch node.value {
        case .scalar(let text, let isPlain):
            switch text {
            case "string": return .string
            case "number": return .number
            case "integer": return .integer
            case "boolean": return .boolean
            case "null" where !isPlain: return .null
            default: break
            }
            fault(.semantic, node, "a type is string, number, integer, boolean or \"null\", which is in quotes")
            return nil
        case .mapping(let members):
            return .object(
                members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.compactMap { member in
                    schema(member.node).map { SimpleSchema.Member(key: member.key, schema: $0) }
                })
        case .sequence(let elements):
            guard elements.count == 1 else {
                fault(.semantic, node, "a list has exactly one kind of element")
                return nil
            }
            return schema(elements[0]).map { .array($0) }
        }
    }

    private mutating func nats(_ node: DocumentNode) -> NATSCondition? {
        guard let resource = node["resource"]?.text.flatMap(NATSCondition.Resource.init(rawValue:)) else {
            let names = NATSCondition.Resource.allCases.map(\.rawValue).joined(separator: ", ")
            fault(.semantic, node["resource"] ?? node, "the resource is one of \(names)")
            return nil
        }
        only(node, ["resource", "action"] + [resource.field].compactMap { $0 })
        guard let action = node["action"]?.text, resource.actions.contains(action) else {
            fault(
                .semantic, node["action"] ?? node,
                "the action on a \(resource.rawValue) is one of \(resource.actions.joined(separator: ", "))")
            return nil
        }
        guard let field = resource.field else { return NATSCondition(resource: resource, action: action) }
        let name = node[field]?.text ?? ""
        let isWord = resource == .subject || !name.contains { ".*>".contains($0) }
        guard !name.isEmpty, isWord, !name.contains(where: \.isWhitespace) else {
            fault(
                .semantic, node[field] ?? node,
                "the \(field) is a text without blanks\(resource == .subject ? "" : ", points, * and >")")
            return nil
        }
        return NATSCondition(resource: resource, action: action, name: name)
    }

    private mutating func configurations(
        _ node: DocumentNode, _ allowed: Set<ConfigurationProperty>
    ) -> [[ConfiguredVariable]] {
        only(node, ["env", "alternatives"])
        if let environment = node["env"], node["alternatives"] == nil { return [variables(environment, allowed)] }
        guard let alternatives = node["alternatives"]?.elements, alternatives.count > 1, node["env"] == nil else {
            fault(.semantic, node, "a configuration has either env, or at least two alternatives with env")
            return []
        }
        return alternatives.map { alternative in
            only(alternative, ["env"])
            guard let environment = alternative["env"] else {
                fault(.semantic, alternative, "an alternative has env")
                return []
            }
            return variables(environment, allowed)
        }
    }

    private mutating func variables(_ node: DocumentNode, _ allowed: Set<ConfigurationProperty>) -> [ConfiguredVariable]
    {
        guard let elements = node.elements, !elements.isEmpty else {
            fault(.semantic, node, "env is a list with at least one variable")
            return []
        }
        var found: [ConfiguredVariable] = []
        for element in elements {
            only(element, ["property", "name", "sensitive", "required"])
            guard let property = element["property"]?.text.flatMap(ConfigurationProperty.init(rawValue:)),
                allowed.contains(property)
            else {
                let names = ConfigurationProperty.allCases.filter(allowed.contains).map(\.rawValue).joined(
                    separator: ", ")
                fault(.semantic, element["property"] ?? element, "the property is one of \(names)")
                continue
            }
            guard let name = element["name"]?.text, VariableName.isDeclarable(name) else {
                fault(
                    .semantic, element["name"] ?? element,
                    "the name is that of a variable: letters, digits and _, no digit first")
                continue
            }
            for flag in ["sensitive", "required"] {
                if let node = element[flag], node.boolean == nil { fault(.semantic, node, "\(flag) is true or false") }
            }
            let variable = ConfiguredVariable(
                property: property, name: name, isSensitive: element["sensitive"]?.boolean == true)
            if found.contains(variable) { fault(.semantic, element, "this variable is there twice") }
            found.append(variable)
        }
        return found
    }
}

extension NATSCondition.Resource {
    /// What can be done to it.
    fileprivate var actions: [String] {
        switch self {
        case .connection: ["connect"]
        case .subject: ["publish", "subscribe", "request"]
        case .stream: ["create", "update", "delete", "inspect", "publish"]
        case .consumer: ["create", "update", "delete", "inspect", "consume"]
        case .keyValue, .objectStore: ["create", "delete", "inspect", "read", "write", "watch"]
        }
    }
}
