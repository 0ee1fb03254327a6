import ArgumentParser
import Console
import Glibc
import Shared

/// `--extension`: vocabularies beside those that are known.
struct ExtensionOptions: ParsableArguments {
    @Option(
        name: .customLong("extension"),
        help: ArgumentHelp(
            "conditions: a vocabulary beside those that are known, as its definition has it (YAML or JSON); can be given more than once.",
            valueName: "file"), completion: .file())
    var files: [String] = []

    /// They are read, and what nobody evaluates of them is said.
    func read() throws(Failure) -> SuppliedVocabularies {
        var definitions: [ExtensionDefinition] = []
        for path in files {
            guard let bytes = TextFile.bytes(path) else {
                throw Failure("--extension \(path): can't be read: \(String(cString: strerror(errno)))")
            }
            do throws(DocumentFault) {
                let definition = try ExtensionDefinition(try YAMLFile.document(bytes))
                if !definitions.contains(where: { $0.id == definition.id }) { definitions.append(definition) }
            } catch {
                throw Failure("--extension \(path): line \(error.line): \(error.text)")
            }
        }
        let vocabularies = SuppliedVocabularies(definitions)
        if vocabularies.schemas > 0 {
            let schemas = Quantity.count(UInt64(vocabularies.schemas), "JSON Schema", "JSON Schemas")
            Terminal.complain(
                "--extension: \(schemas) of extensions not looked at; their kinds, types, fields and values are")
        }
        return vocabularies
    }
}
