/// A part of a document that somebody has written, with its place: a mapping, a sequence or a scalar, as YAML and JSON have them.
package struct ProfileNode: Equatable, Sendable {
    /// From 1 on.
    package var line: Int
    package var value: Value

    package indirect enum Value: Equatable, Sendable {
        /// - Parameter isPlain: it has no quotes, so that `null`, `true` and `1` are what they say.
        case scalar(String, isPlain: Bool)
        /// In their order; a key may be there twice.
        case mapping([Member])
        case sequence([ProfileNode])
    }

    package struct Member: Equatable, Sendable {
        package var key: String
        /// Of the key.
        package var line: Int
        package var node: ProfileNode

        package init(key: String, line: Int, node: ProfileNode) {
            (self.key, self.line, self.node) = (key, line, node)
        }
    }

    package init(line: Int, _ value: Value) { (self.line, self.value) = (line, value) }

    /// The value of a key; `nil` where there is none, or this is no mapping.
    subscript(key: String) -> ProfileNode? { members?.first { $0.key == key }?.node }

    var members: [Member]? { if case .mapping(let members) = value { members } else { nil } }
    var elements: [ProfileNode]? { if case .sequence(let elements) = value { elements } else { nil } }

    /// Of a scalar that is text: no number, no boolean, no null (YAML 1.2.2, section 10.3.2).
    var text: String? {
        guard case .scalar(let text, let isPlain) = value else { return nil }
        return isPlain && (boolean != nil || isNull || Self.isNumber(text)) ? nil : text
    }

    var boolean: Bool? {
        guard case .scalar(let text, true) = value else { return nil }
        switch text {
        case "true", "True", "TRUE": return true
        case "false", "False", "FALSE": return false
        default: return nil
        }
    }

    var isNull: Bool {
        guard case .scalar(let text, true) = value else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    private static func isNumber(_ text: String) -> Bool {
        text.wholeMatch(
            of:
                #/[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0x[0-9a-fA-F]+|0o[0-7]+|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)/#
        ) != nil
    }
}

/// What is wrong with a profile, by the specification's classes of errors, in the order in which a validator looks.
package struct ProfileFault: Error, Equatable, Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        case structural
        case unknownExtension = "unknown-extension"
        case extensionDependency = "extension-dependency"
        case unresolvedVocabulary = "unresolved-vocabulary"
        case vocabularyConflict = "vocabulary-conflict"
        case semantic
    }

    package var kind: Kind
    /// From 1 on.
    package var line: Int
    /// What, where, and what would be right.
    package var text: String

    package init(_ kind: Kind, line: Int, _ text: String) { (self.kind, self.line, self.text) = (kind, line, text) }
}
