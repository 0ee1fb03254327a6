/// A profile that somebody has written, as far as it is valid: what it declares, each with its line.
package struct DeclaredProfile: Sendable {
    package private(set) var name = ""
    private(set) var conditions: [DeclaredCondition] = []
    /// By class, in the order in which a validator looks: what is wrong on an earlier level hides what may be on a later one.
    package private(set) var faults: [ProfileFault] = []

    struct DeclaredCondition: Sendable {
        var condition: Condition
        /// It says itself that it need not be there.
        var isOptional: Bool
        /// A description elsewhere says what is asked, and is not read.
        var hasDescription: Bool
        var line: Int
        /// Of operations, in their order.
        var lines: [Int]
    }

    /// Reads a profile of core schema 0.4.0, with the vocabularies that `Vocabulary` has, and those that somebody supplies.
    package init(_ root: DocumentNode, _ supplied: SuppliedVocabularies = SuppliedVocabularies()) {
        var reader = ProfileReader(root, supplied)
        reader.read()
        (name, conditions, faults) = (reader.name, reader.conditions, reader.faults)
        faults.sort { (Self.place($0), $0.line) < (Self.place($1), $1.line) }
    }

    private static func place(_ fault: ProfileFault) -> Int {
        ProfileFault.Kind.allCases.firstIndex(of: fault.kind) ?? 0
    }
}
