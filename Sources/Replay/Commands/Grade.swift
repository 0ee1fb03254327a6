import ArgumentParser
import Command
import Console
import Glibc
import Shared

/// `replay grade --manifest FILE TAPE…`, holding what is seen against what is true.
struct Grade: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grade",
        abstract: "Compare what a tape shows with a manifest of what really happened.",
        discussion: """
            `traffic --manifest FILE` writes down every exchange that it makes. This reads tapes as `replay` does, and says for \
            each kind of event and each field how much of what was seen is right (precision) and how much of what \
            happened was seen (recall).

            Connections are matched by the endpoints of client and server and, where these were used again, by their order. \
            Where both sides were profiled, both views have to be right, and count as one. A connection that the manifest \
            does not tell of counts against precision where a process made it whose other connections the manifest \
            tells of; connections of others are only counted. A connect that failed is judged where the manifest names it.

            EXAMPLES
              traffic --total-requests 1000 --manifest truth.jsonl
              replay grade --manifest truth.jsonl run.tape
              replay grade --manifest truth.jsonl capture.pcap --json | jq .perfect

            Exit status 1 says that something is not 1.0.
            """)

    @Argument(help: "Tapes to read; - is standard input.", completion: .file())
    var inputs: [String]

    @Option(help: ArgumentHelp("What really happened, JSON lines.", valueName: "file"), completion: .file())
    var manifest: String

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Show so many differences (default: 20).", valueName: "number"))
    var differences: NumberArgument?

    @Flag(help: "Print the result as one JSON object.")
    var json = false

    /// Bodies are compared whole; far larger ones than any manifest tells of are cut.
    private static let bodyBytes = 1 << 30

    @OptionGroup var keys: KeyOptions

    func run() throws {
        let differences = try differences?.number("--differences", in: 0...Int.max) ?? 20
        let truth = try GroundTruth(manifest)
        let observation = Observation()
        var replaying = Replaying()
        replaying.options.secrets = try keys.read()
        replaying.options.eventLog = false
        replaying.options.environments = false
        replaying.options.limits.bodyBytes = Self.bodyBytes
        replaying.observer = observation
        replaying.showsProgress = true
        let result = try replaying.run(inputs) { _ in true }
        let report = GradeReport(grading: Grading(truth, observation.connections), shown: differences)
        try StandardOutput.write(json ? report.json : report.text(Terminal.style(STDOUT_FILENO)))
        for line in result.capture.complaints { Terminal.complain(line) }
        if truth.unended > 0 {
            let connections = Quantity.count(UInt64(truth.unended), "connection")
            Terminal.complain("--manifest \(manifest): \(connections) without an end: it was cut short")
        }
        if !report.grading.isPerfect || truth.unended > 0 { throw ExitCode(1) }
    }
}
