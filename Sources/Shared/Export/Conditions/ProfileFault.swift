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
