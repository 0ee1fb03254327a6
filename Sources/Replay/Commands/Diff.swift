import ArgumentParser
import Command
import Console
import Glibc
import Shared

/// `replay diff A B`, what is new, gone or different.
struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Say what is new, gone or different between two tapes, states or service maps.",
        discussion: """
            Compared are dependencies, connections, endpoints, operations, bodies (a key that is gone, a type that changed), the names of \
            variables, how much fails and how long it takes. Rates and durations differ where a test says that it is more than noise: \
            Fisher's exact test for errors, Mann and Whitney's rank sum test for durations, of which the median or the 99th percentile must \
            differ by a tenth, too; both two-sided, at a level of 1 % for all comparisons together. Of a map's file there are no durations one by one, \
            and of states and captures no variables. Exit status 1 says that something differs.
            """)

    @Argument(help: "What was: a tape, a state, or a service map.", completion: .file())
    var old: String

    @Argument(help: "What is.", completion: .file())
    var new: String

    @Flag(help: "Print the result as one JSON object.")
    var json = false

    @Flag(help: "Print a table in Markdown, for a pull request.")
    var markdown = false

    @Flag(help: "Print SARIF 2.1.0, for what shows findings beside code.")
    var sarif = false

    @Option(
        help: ArgumentHelp(
            "A file of changes to leave out, one a line: a rule, a service, a destination and what is asked; * is anything.",
            valueName: "file"), completion: .file())
    var ignore: String?

    @OptionGroup var reading: ReadingOptions

    @OptionGroup var filters: MapFilters

    func run() throws {
        guard [json, markdown, sarif].count(where: { $0 }) <= 1 else {
            throw Failure("--json, --markdown, --sarif: give one of them")
        }
        guard !(old == "-" && new == "-") else { throw Failure("- is named twice; standard input can be read once") }
        let ignored = try ignoredChanges()
        let (before, after) = (try facts(old), try facts(new))
        let difference = MapDifference(before, after, ignoring: ignored)
        let report = DifferenceReport(difference: difference, old: old, new: new)
        let text =
            json
            ? report.json
            : markdown
                ? report.markdown
                : sarif
                    ? report.sarif(version: ProgramVersion.number) : report.text(Terminal.style(STDOUT_FILENO))
        if json || markdown || sarif { try StandardOutput.write(text) } else { try Pager.show(text) }
        if !difference.changes.isEmpty { throw ExitCode(1) }
    }

    private func ignoredChanges() throws(Failure) -> IgnoredChanges {
        guard let ignore else { return IgnoredChanges() }
        guard let text = TextFile.read(ignore) else {
            throw Failure("--ignore \(ignore): can't be read: \(String(cString: strerror(errno)))")
        }
        do throws(IgnoredChanges.Fault) {
            return try IgnoredChanges(text)
        } catch {
            throw Failure("--ignore \(ignore): \(error.description)")
        }
    }

    private func facts(_ path: String) throws(Failure) -> MapFacts {
        if let map = try map(path) {
            do throws(MapFacts.Fault) {
                return try MapFacts(map: map)
            } catch {
                throw Failure("\(path): \(error.description)")
            }
        }
        var replaying = try reading.replaying()
        replaying.options.selection = try filters.selection()
        let result = try replaying.run([path]) { _ in true }
        for line in result.capture.complaints { Terminal.complain(line) }
        if result.isLossy {
            Terminal.complain("\(path): something was lost, so that what seems gone may only not have been seen")
        }
        var facts = MapFacts(result.map)
        if !result.variables.isEmpty { facts.variables = result.variables }
        return facts
    }

    /// A file that is text and no trace.
    private func map(_ path: String) throws(Failure) -> String? {
        guard Input.isFile(path) else { return nil }
        let input = try Input.open(path, readsAhead: false)
        let head = String(decoding: input.bytes.head, as: UTF8.self)
        guard !input.isState, !input.isTrace, !input.isCapture,
            head.unicodeScalars.allSatisfy({ $0.value >= 0x20 || $0 == "\n" || $0 == "\r" || $0 == "\t" })
        else { return nil }
        return String(decoding: try input.whole(), as: UTF8.self)
    }
}
