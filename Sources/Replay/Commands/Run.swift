import ArgumentParser
import Console
import Glibc
import Shared

/// `replay INPUT…`, reading captures.
struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Read tapes and write the event log, the service map and a summary (the default).",
        discussion: """
            Inputs are traces (.tape, .jsonl), pcap and pcapng files, also gzip-compressed, told apart by their content. Several are read one after \
            another as one tape. The summary goes to standard output, or to standard error where an output is `-`. Without \
            --output and --service-map the service map is shown as well.
            """)

    @Argument(help: "Tapes to read; - is standard input.", completion: .file())
    var inputs: [String]

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("Write the event log, JSON lines (or OUTPUT_PATH).", valueName: "file"), completion: .file())
    var output: String?

    @Option(
        help: ArgumentHelp("Write the service map, YAML (or SERVICE_MAP_PATH).", valueName: "file"), completion: .file()
    )
    var serviceMap: String?

    @Option(
        help: ArgumentHelp("Write the environments, YAML (or ENV_OUTPUT_PATH).", valueName: "file"), completion: .file()
    )
    var envOutput: String?

    @Option(
        help: ArgumentHelp("Variables to keep, by prefix (or ENV_PREFIX_LIST; default: all).", valueName: "a,b"))
    var envPrefix: String?

    @Flag(help: "Hide values of variables and header fields that look like credentials.")
    var redact = false

    @OptionGroup var names: NameOptions

    @Flag(help: "Print the summary as one JSON object.")
    var json = false

    @Option(
        help: ArgumentHelp("Show at most so many bytes of a body (default: 65536).", valueName: "bytes"))
    var bodyLimit: Int?

    @Option(
        help: ArgumentHelp(
            "1: read and decompress in line; 2: on a second thread (default: 2 for compressed files).",
            valueName: "number"))
    var threads: Int?

    @Flag(name: [.short, .long], help: "Print no summary.")
    var quiet = false

    func run() throws {
        let outputPath = output ?? Self.environment("OUTPUT_PATH")
        let mapPath = serviceMap ?? Self.environment("SERVICE_MAP_PATH")
        let environmentPath = envOutput ?? Self.environment("ENV_OUTPUT_PATH")
        var replaying = Replaying()
        replaying.options.names = try names.read()
        replaying.options.eventLog = outputPath != nil
        replaying.options.environmentPrefixes = OptIn.list(envPrefix ?? Self.environment("ENV_PREFIX_LIST") ?? "")
        replaying.options.redact = redact
        if let bodyLimit {
            guard bodyLimit >= 0 else { throw Failure("--body-limit \(bodyLimit): write a number of bytes, 0 or more") }
            replaying.options.limits.bodyBytes = bodyLimit
        }
        if let threads {
            guard threads >= 1 else { throw Failure("--threads \(threads): write 1 or more") }
            replaying.readsAhead = threads > 1
        }
        replaying.showsProgress = !quiet
        try checkPaths([("--output", outputPath), ("--service-map", mapPath), ("--env-output", environmentPath)])

        let log = try outputPath.map { path throws(Failure) in try OutputFile(path, option: "--output") }
        let mapFile: OutputFile?
        let environmentFile: OutputFile?
        do throws(Failure) {
            // It holds secrets.
            environmentFile = try environmentPath.map { path throws(Failure) in
                try OutputFile(path, option: "--env-output", mode: 0o600)
            }
            mapFile = try mapPath.map { path throws(Failure) in try OutputFile(path, option: "--service-map") }
        } catch {
            log?.discard()
            throw error
        }
        let result: Replaying.Result
        do throws(Failure) {
            result = try replaying.run(inputs) { bytes throws(Failure) in
                try log?.write(bytes)
                return log?.isAbandoned != true || mapFile != nil
            }
        } catch {
            mapFile?.discard()
            environmentFile?.discard()
            log?.discardIfEmpty()
            throw error
        }
        try log?.commit()
        try mapFile?.write(ServiceMapFile.yaml(result.map))
        try mapFile?.commit()
        try environmentFile?.write(result.environments.span.bytes)
        try environmentFile?.commit()

        let dataOnOutput = [outputPath, mapPath, environmentPath].contains("-")
        if !quiet {
            let screen = dataOnOutput ? STDERR_FILENO : STDOUT_FILENO
            let text = summary(
                result, showsMap: outputPath == nil && mapPath == nil && environmentPath == nil, Terminal.style(screen))
            StandardOutput.write(text, to: screen)
        }
        for line in result.capture.complaints { Terminal.complain(line) }
        let isLossy = SummaryReport.isLossy(result.summary) || result.capture.isIncomplete
        if isLossy { throw ExitCode(1) }
    }

    private func summary(_ result: Replaying.Result, showsMap: Bool, _ style: TextStyle) -> String {
        if json { return SummaryJSON.text(result.summary) { result.capture.write(&$0) } }
        var report = SummaryReport(style)
        report.blank()
        result.capture.write(&report, result.summary, style)
        report.add(result.summary)
        let map = showsMap ? ServiceMapTree.text(result.map, style) : ""
        return report.text + (map.isEmpty ? "" : "\n\(map)") + "\n"
    }

    /// No two outputs, and no input and output, may be the same file.
    private func checkPaths(_ outputs: [(option: String, path: String?)]) throws(Failure) {
        for (index, output) in outputs.enumerated() {
            guard let path = output.path, !OutputFile.isDirect(path) else { continue }
            for other in outputs[..<index] {
                guard let earlier = other.path, OutputFile.isSame(earlier, path) else { continue }
                throw Failure("\(other.option) and \(output.option) are both \(path); write them to two files")
            }
        }
        for (option, path) in outputs {
            guard let path, path != "-" else { continue }
            if let input = inputs.first(where: { $0 != "-" && OutputFile.isSame($0, path) }) {
                throw Failure("\(option) \(path): would overwrite the input \(input); choose another file")
            }
        }
    }

    private static func environment(_ name: String) -> String? {
        Terminal.environment(name).flatMap { $0.isEmpty ? nil : $0 }
    }
}
