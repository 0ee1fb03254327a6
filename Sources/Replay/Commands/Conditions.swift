import ArgumentParser
import Command
import Console
import Glibc
import Shared

/// `replay conditions verify`, a profile that somebody has written beside what was seen.
struct Conditions: ParsableCommand {
    enum Action: String, CaseIterable, ExpressibleByArgument {
        case verify
    }

    static let configuration = CommandConfiguration(
        commandName: "conditions",
        abstract: "Hold a Runtime Conditions Profile against the specification, and against what tapes show.",
        discussion: """
            Said is what is wrong with the profile, by the specification's classes of errors, and, where nothing is, what it declares that was \
            never seen, and what was seen that it does not declare: conditions, operations, types in bodies, environment variables. \
            Exit status 1 says that there is some of it. The specification is core schema 0.4.0 with common-integrations v1alpha1, \
            env-configuration v1alpha1 and nats/service 0.1.0, and what --extension adds; nothing is fetched.
            """)

    @Argument(help: "verify")
    var action: Action

    @Argument(help: "Tapes to read; - is standard input.", completion: .file())
    var inputs: [String]

    @Option(help: ArgumentHelp("The profile, YAML or JSON.", valueName: "file"), completion: .file())
    var profile: String

    @Option(
        help: ArgumentHelp(
            "The workload's name in the service map (default: the profile's metadata.name).", valueName: "name"))
    var workload: String?

    @Flag(help: "Print the result as one JSON object.")
    var json = false

    @Flag(help: "Print SARIF 2.1.0, for what shows findings beside code.")
    var sarif = false

    @OptionGroup var extensions: ExtensionOptions

    @OptionGroup var reading: ReadingOptions

    @OptionGroup var filters: MapFilters

    func run() throws {
        guard !(json && sarif) else { throw Failure("--json, --sarif: give one of them") }
        guard !inputs.contains(profile) else {
            throw Failure("--profile \(profile): is an input, too; give the profile here and tapes there")
        }
        let supplied = try extensions.read()
        var (report, declared) = try read(supplied)
        if let declared, report.faults.isEmpty { report.comparison = try comparison(declared, supplied) }
        let text =
            json
            ? report.json
            : sarif ? report.sarif(version: ProgramVersion.number) : report.text(Terminal.style(STDOUT_FILENO))
        try StandardOutput.write(text)
        if report.findsSomething { throw ExitCode(1) }
    }

    /// The profile, as far as it can be read.
    private func read(_ supplied: SuppliedVocabularies) throws(Failure) -> (ConditionsReport, DeclaredProfile?) {
        guard let bytes = TextFile.bytes(profile) else {
            throw Failure("--profile \(profile): can't be read: \(String(cString: strerror(errno)))")
        }
        var report = ConditionsReport(path: profile)
        do throws(DocumentFault) {
            let declared = DeclaredProfile(try YAMLFile.document(bytes), supplied)
            report.faults = declared.faults
            return (report, declared)
        } catch {
            report.faults = [ProfileFault(.structural, line: error.line, error.text)]
            return (report, nil)
        }
    }

    private func comparison(
        _ declared: DeclaredProfile, _ supplied: SuppliedVocabularies
    ) throws(Failure) -> ConditionsComparison {
        var replaying = try reading.replaying()
        replaying.prepareForConditions()
        replaying.options.selection = try filters.selection()
        let result = try replaying.run(inputs) { _ in true }
        for line in result.capture.complaints { Terminal.complain(line) }
        if result.isLossy {
            Terminal.complain(
                "something was lost, so that what is declared and not seen may only not have been captured")
        }
        let name = workload ?? declared.name
        do throws(ConditionsFinder.Refusal) {
            return try ConditionsComparison(declared, of: name, result.map, result.surroundings, supplied)
        } catch {
            let seen = ConditionsFinder.workloads(result.map)
            throw Failure(
                "--profile \(profile): \(name) was not seen to call anybody; "
                    + (seen.isEmpty
                        ? "nobody was" : "seen were \(seen.joined(separator: ", ")); --workload says which it is"))
        }
    }
}
