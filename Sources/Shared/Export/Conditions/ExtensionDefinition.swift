/// A vocabulary that somebody supplies beside those that are known: kinds, their types, fields and values
/// (`RuntimeConditionsExtensionDefinition` of runtimeconditions.io/v1alpha1; runtimeconditions/spec, "Extension Vocabulary Keywords").
///
/// Its JSON Schemas are counted and not evaluated.
package struct ExtensionDefinition: Sendable {
    /// As profiles list it, letter for letter.
    package private(set) var id = ""
    /// Vocabularies that it builds on, each as it lists it.
    private(set) var dependencies: [String] = []
    private(set) var kinds: Set<String> = []
    private(set) var types: Set<InterfaceType> = []
    private(set) var conditionFields: [ConditionField] = []
    private(set) var interfaceFields: [InterfaceField] = []
    private(set) var values: [FieldValues] = []
    /// Schemas that a condition has to satisfy, and that nobody looks at here.
    package private(set) var schemas = 0

    /// A type that interfaces of a kind may have.
    struct InterfaceType: Hashable, Sendable {
        var kind: String
        var name: String
    }

    /// A field beside `kind` and `interface`.
    struct ConditionField: Sendable {
        var name: String
        var kinds: [String]
        /// Empty: all of the kinds.
        var types: [String]

        func applies(to type: InterfaceType) -> Bool {
            kinds.contains(type.kind) && (types.isEmpty || types.contains(type.name))
        }
    }

    /// A field within `interface`.
    struct InterfaceField: Sendable {
        var name: String
        var type: InterfaceType
    }

    /// What may stand at a place: `interface.engine`, `configuration.env[].property`.
    struct FieldValues: Sendable {
        var field: String
        var kind: String
        /// `nil`: all types of the kind.
        var type: String?
        var values: [String]

        func applies(to type: InterfaceType) -> Bool { kind == type.kind && (self.type ?? type.name) == type.name }
    }

    static let kind = "RuntimeConditionsExtensionDefinition"

    /// - Throws: where it is no definition of a vocabulary.
    package init(_ root: DocumentNode) throws(DocumentFault) {
        guard root["apiVersion"]?.text == "\(ConditionsFile.apiVersion)", root["kind"]?.text == Self.kind else {
            throw DocumentFault(
                line: root.line, "is no extension: apiVersion is \(ConditionsFile.apiVersion), and kind is \(Self.kind)"
            )
        }
        guard let metadata = root["metadata"], let spec = root["spec"] else {
            throw DocumentFault(line: root.line, "an extension has metadata and spec")
        }
        // The draft's earlier form has a URI and a version.
        if let given = metadata["id"]?.text {
            id = given
        } else if let uri = metadata["uri"]?.text {
            id = metadata["version"]?.text.map { "\(uri):\($0)" } ?? uri
        }
        guard !id.isEmpty else { throw DocumentFault(line: metadata.line, "metadata.id is a text that is not empty") }
        dependencies = try Self.texts(spec, "dependencies")
        for node in try Self.list(spec, "kinds") { kinds.insert(try Self.text(node, "name")) }
        for node in try Self.list(spec, "interfaceTypes") {
            types.insert(
                InterfaceType(kind: try Self.text(node, "targetKind"), name: try Self.text(node, "name")))
        }
        for node in try Self.list(spec, "conditionFields") {
            conditionFields.append(
                ConditionField(
                    name: try Self.text(node, "name"), kinds: try Self.texts(node, "appliesToKinds"),
                    types: try Self.texts(node, "appliesToInterfaceTypes")))
        }
        for node in try Self.list(spec, "interfaceFields") {
            let type = InterfaceType(kind: try Self.text(node, "targetKind"), name: try Self.text(node, "targetType"))
            interfaceFields.append(InterfaceField(name: try Self.text(node, "name"), type: type))
        }
        for node in try Self.list(spec, "fieldValues") {
            values.append(
                FieldValues(
                    field: try Self.text(node, "field"), kind: try Self.text(node, "targetKind"),
                    type: node["targetType"]?.text, values: try Self.texts(node, "values")))
        }
        schemas = try Self.list(spec, "schemas").count
    }

    private static func list(_ node: DocumentNode, _ key: String) throws(DocumentFault) -> [DocumentNode] {
        guard let found = node[key] else { return [] }
        if let elements = found.elements { return elements }
        throw DocumentFault(line: found.line, "\(key) is a list")
    }

    private static func text(_ node: DocumentNode, _ key: String) throws(DocumentFault) -> String {
        if let text = node[key]?.text, !text.isEmpty { return text }
        throw DocumentFault(line: node.line, "\(key) is a text that is not empty")
    }

    private static func texts(_ node: DocumentNode, _ key: String) throws(DocumentFault) -> [String] {
        var texts: [String] = []
        for element in try list(node, key) {
            guard let text = element.text else { throw DocumentFault(line: element.line, "\(key) is a list of texts") }
            texts.append(text)
        }
        return texts
    }
}
