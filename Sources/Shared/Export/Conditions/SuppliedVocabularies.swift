/// An interface as a supplied vocabulary has it.
struct SuppliedInterface: Equatable, Sendable {
    var kind: String
    var type: String
    /// The value of `interface.engine`, where it has one.
    var engine: String?
    /// The vocabulary that defines it.
    var vocabulary: String
    /// What variables may tell of it.
    var properties: Set<ConfigurationProperty> = []
}

/// Supplied vocabularies together.
package struct SuppliedVocabularies: Sendable {
    package let definitions: [ExtensionDefinition]

    package init(_ definitions: [ExtensionDefinition] = []) { self.definitions = definitions }

    /// JSON Schemas that nobody evaluates.
    package var schemas: Int { definitions.reduce(0) { $0 + $1.schemas } }

    /// What stands for a protocol of a store or bus that the known vocabularies have no word for.
    ///
    /// It is the one type whose name, or one of whose engines, is the protocol's or its product's; where several are, it is none.
    func interface(for protocolName: String) -> SuppliedInterface? {
        guard let words = Self.words[protocolName] else { return nil }
        var found: [SuppliedInterface] = []
        for definition in definitions {
            for type in definition.types.sorted(by: { ($0.kind, $0.name) < ($1.kind, $1.name) }) {
                let engines = definition.values.filter { $0.field == "interface.engine" && $0.applies(to: type) }
                let engine = engines.flatMap(\.values).first { words.contains($0.lowercased()) }
                let isNamed = words.contains(String(type.name.split(separator: ".").last ?? "").lowercased())
                guard engine != nil || isNamed && engines.isEmpty else { continue }
                found.append(
                    SuppliedInterface(
                        kind: type.kind, type: type.name, engine: engine, vocabulary: definition.id,
                        properties: properties(of: type)))
            }
        }
        return found.count == 1 ? found[0] : nil
    }

    /// Whether something that was seen could be of a type.
    func isObservable(_ type: ExtensionDefinition.InterfaceType) -> Bool {
        Self.words.keys.contains { name in
            interface(for: name).map { ($0.kind, $0.type) == (type.kind, type.name) } ?? false
        }
    }

    /// What variables may tell of a type, where `configuration` is a field of it.
    func properties(of type: ExtensionDefinition.InterfaceType) -> Set<ConfigurationProperty> {
        let isThere = definitions.contains {
            $0.conditionFields.contains { $0.name == "configuration" && $0.applies(to: type) }
        }
        guard isThere else { return [] }
        let said = definitions.flatMap(\.values).filter {
            $0.field == "configuration.env[].property" && $0.applies(to: type)
        }
        return Set(said.flatMap(\.values).compactMap(ConfigurationProperty.init(rawValue:)))
    }

    /// Names that products and protocols go by, in lower case, by the map's names of those for which no known vocabulary has a word.
    private static let words: [String: Set<String>] = [
        "kafka": ["kafka"], "amqp": ["amqp", "rabbitmq"], "mqtt": ["mqtt"],
    ]
}
