import ArgumentParser
import Console
import Glibc
import Shared

/// `--compare` of `replay export compose`.
struct CompositionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "compose: print what differs from this compose file; --output gets what it lacks.", valueName: "file"),
        completion: .file())
    var compare: String?

    /// The compose file, where there is one.
    func declared() throws(Failure) -> DeclaredComposition? {
        guard let compare else { return nil }
        guard let bytes = TextFile.bytes(compare) else {
            throw Failure("--compare \(compare): can't be read: \(String(cString: strerror(errno)))")
        }
        do throws(DocumentFault) {
            return try DeclaredComposition(YAMLFile.document(bytes))
        } catch {
            throw Failure("--compare \(compare): line \(error.line): \(error.text)")
        }
    }
}

extension Export {
    /// Whom each service needs, as a fragment of a compose file; or what differs from a compose file.
    /// - Returns: what could not be said.
    func compose(
        _ declared: DeclaredComposition?, _ result: Replaying.Result, from: String
    ) throws -> [String] {
        let file = ComposeFile(result.map, result.surroundings)
        guard let declared, let path = composition.compare else {
            let (text, leftOut) = file.fragment(from: from)
            try write(text)
            return leftOut.map { "left out: \($0)" }
        }
        let comparison = CompositionComparison(declared, file, wanted: filters.service)
        let report = CompositionReport(path: path, comparison: comparison)
        if output != "-" {
            guard !OutputFile.takes(output, path) else {
                throw Failure("--output \(output): would overwrite --compare \(path); choose another file")
            }
            try write(comparison.fragment(from: from))
        }
        try StandardOutput.write(openAPI.json ? report.json : report.text(Terminal.style(STDOUT_FILENO)))
        if result.isLossy {
            Terminal.complain(
                "something was lost, so that what is declared and not seen may only not have been captured")
        }
        let unknown = file.unknown.map { ["left out: \($0)"] } ?? []
        if unknown.isEmpty, !comparison.findings.isEmpty { throw ExitCode(1) }
        return unknown
    }
}
