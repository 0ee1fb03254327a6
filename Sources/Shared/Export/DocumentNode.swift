/// A part of a document that somebody has written, with its place: a mapping, a sequence or a scalar, as YAML and JSON have them.
package struct DocumentNode: Equatable, Sendable {
    /// From 1 on.
    package var line: Int
    package var value: Value

    package indirect enum Value: Equatable, Sendable {
        /// - Parameter isPlain: it has no quotes, so that `null`, `true` and `1` are what they say.
        case scalar(String, isPlain: Bool)
        /// In their order; a key may be there twice.
        case mapping([Member])
        case sequence([DocumentNode])
    }

    package struct Member: Equatable, Sendable {
        package var key: String
        /// Of the key.
        package var line: Int
        package var node: DocumentNode

        package init(key: String, line: Int, node: DocumentNode) {
            (self.key, self.line, self.node) = (key, line, node)
        }
    }

    package init(line: Int, _ value: Value) { (self.line, self.value) = (line, value) }

    /// The value of a key; `nil` where there is none, or this is no mapping.
    subscript(key: String) -> DocumentNode? { members?.first { $0.key == key }?.node }

    var members: [Member]? { if case .mapping(let members) = value { members } else { nil } }
    var elements: [DocumentNode]? { if case .sequence(let elements) = value { elements } else { nil } }

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

/// Why a document that somebody has written can't be read.
package struct DocumentFault: Error, Equatable, Sendable {
    /// From 1 on.
    package var line: Int
    package var text: String

    package init(line: Int, _ text: String) { (self.line, self.text) = (line, text) }
}
