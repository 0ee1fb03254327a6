/// Which vocabularies a profile lists, and whether they define what it says.
extension ProfileReader {
    mutating func declarations(_ listed: [DocumentNode]) {
        var found: [(ExtensionDefinition, DocumentNode)] = []
        for node in listed {
            let text = node.text ?? ""
            guard let known = Vocabulary.of(text) else {
                if let definition = supplied.definitions.first(where: { $0.id == text }) {
                    found.append((definition, node))
                    continue
                }
                let names = (Vocabulary.allCases.map(\.suffixed) + supplied.definitions.map(\.id)).joined(
                    separator: ", ")
                fault(
                    .unknownExtension, node,
                    "the extension \(text) is not known here; known are \(names), and --extension FILE adds others")
                continue
            }
            if let other = vocabularies.updateValue(text, forKey: known) {
                fault(.vocabularyConflict, node, "\(other) and \(text) are one vocabulary; keep one of them")
            }
        }
        // What they build on may be listed behind them.
        for (definition, node) in found { resolve(definition, node) }
        if vocabularies[.environment] != nil, vocabularies[.commonIntegrations] == nil,
            let node = listed.first(where: { $0.text == vocabularies[.environment] })
        {
            fault(
                .extensionDependency, node,
                "env-configuration is about conditions of common-integrations, which is not listed")
        }
    }

    /// Adds a supplied vocabulary, and those that it builds on.
    /// - Parameter node: that lists it.
    private mutating func resolve(_ definition: ExtensionDefinition, _ node: DocumentNode) {
        guard !extensions.contains(where: { $0.id == definition.id }) else { return }
        let own = definition.kinds
        for other in extensions where !other.kinds.isDisjoint(with: own) {
            fault(.vocabularyConflict, node, "\(other.id) and \(definition.id) define the same kinds")
        }
        if let kind = own.sorted().first(where: { Vocabulary.kinds.contains($0) }) {
            fault(.vocabularyConflict, node, "\(definition.id) defines the kind \(kind), which another vocabulary has")
        }
        extensions.append(definition)
        for dependency in definition.dependencies {
            if let known = Vocabulary.of(dependency) {
                vocabularies[known] = vocabularies[known] ?? dependency
            } else if let other = supplied.definitions.first(where: { $0.id == dependency }) {
                resolve(other, node)
            } else {
                fault(
                    .extensionDependency, node,
                    "\(definition.id) builds on \(dependency), which is not known here; --extension FILE adds it")
            }
        }
    }

    /// Whether a listed vocabulary defines the kind with its type, and what else the condition has.
    mutating func vocabulary(_ node: DocumentNode) {
        let (kind, type) = (node["kind"]?.text ?? "", node["interface"]?["type"]?.text ?? "")
        let owner = Vocabulary.owner(kind, type)
        let own = ExtensionDefinition.InterfaceType(kind: kind, name: type)
        let definition = owner == nil ? extensions.first { $0.types.contains(own) } : nil
        guard let reference = owner.map({ vocabularies[$0] }) ?? definition?.id else {
            return fault(.unresolvedVocabulary, node, "no listed extension defines \(kind) with the type \(type)")
        }
        if let given = node["extension"]?.text, given != reference {
            fault(.unresolvedVocabulary, node, "\(given) does not define \(kind) with the type \(type)")
        }
        for member in node.members ?? [] {
            switch member.key {
            case "kind", "interface", "name", "optional", "extension": break
            case "configuration" where vocabularies[.environment] != nil && owner == .commonIntegrations: break
            case let name
            where extensions.contains { $0.conditionFields.contains { $0.name == name && $0.applies(to: own) } }: break
            default:
                faults.append(
                    ProfileFault(
                        .unresolvedVocabulary, line: member.line,
                        "no listed extension defines the field \(member.key) of \(kind)"))
            }
        }
        guard definition != nil else { return }
        let fields = fields(of: own)
        for member in node["interface"]?.members ?? [] where member.key != "type" && !fields.contains(member.key) {
            faults.append(
                ProfileFault(
                    .unresolvedVocabulary, line: member.line,
                    "no listed extension defines the field \(member.key) of an interface \(type)"))
        }
    }

    /// Fields that supplied vocabularies give an interface.
    func fields(of type: ExtensionDefinition.InterfaceType) -> [String] {
        extensions.flatMap(\.interfaceFields).filter { $0.type == type }.map(\.name)
    }

    /// Whether what stands at a place is one of the values that a supplied vocabulary has for it.
    mutating func check(_ node: DocumentNode, _ path: ArraySlice<Substring>, _ values: [String]) {
        guard let step = path.first else {
            if !values.contains(where: { $0 == node.text }) {
                fault(.semantic, node, "is one of \(values.joined(separator: ", "))")
            }
            return
        }
        let isList = step.hasSuffix("[]")
        guard let next = node[String(isList ? step.dropLast(2) : step)] else { return }
        for element in isList ? next.elements ?? [] : [next] { check(element, path.dropFirst(), values) }
    }
}
