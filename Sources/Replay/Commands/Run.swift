import ArgumentParser
import Console
import Glibc
import Shared

/// `replay INPUT…`, reading captures.
struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Read captures and write the event log, the service map and a summary (the default).",
        discussion: """
            Inputs are pcap and pcapng files, also gzip-compressed, told apart by their content. Several are read one after \
            another as one tape. The summary goes to standard output, or to standard error where an output is `-`. Without \
            --output and --service-map the service map is shown as well.
            """)

    @Argument(help: "Captures to read; - is standard input.", completion: .file())
    var inputs: [String]

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("Write the event log, JSON lines (or OUTPUT_PATH).", valueName: "file"), completion: .file())
    var output: String?

    @Option(
        help: ArgumentHelp("Write the service map, YAML (or SERVICE_MAP_PATH).", valueName: "file"), completion: .file()
    )
    var serviceMap: String?

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
        var replaying = Replaying()
        replaying.options.names = try names.read()
        replaying.options.eventLog = outputPath != nil
        if let bodyLimit {
            guard bodyLimit >= 0 else { throw Failure("--body-limit \(bodyLimit): write a number of bytes, 0 or more") }
            replaying.options.limits.bodyBytes = bodyLimit
        }
        if let threads {
            guard threads >= 1 else { throw Failure("--threads \(threads): write 1 or more") }
            replaying.readsAhead = threads > 1
        }
        replaying.showsProgress = !quiet
        try checkPaths(outputPath, mapPath)

        let log = try outputPath.map { path throws(Failure) in try OutputFile(path, option: "--output") }
        let mapFile: OutputFile?
        do throws(Failure) {
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
            log?.discardIfEmpty()
            throw error
        }
        try log?.commit()
        try mapFile?.write(ServiceMapFile.yaml(result.map))
        try mapFile?.commit()

        let dataOnOutput = outputPath == "-" || mapPath == "-"
        if !quiet {
            let screen = dataOnOutput ? STDERR_FILENO : STDOUT_FILENO
            let text = summary(result, showsMap: outputPath == nil && mapPath == nil, Terminal.style(screen))
            StandardOutput.write(text, to: screen)
        }
        for line in result.capture.complaints { Terminal.complain(line) }
        let isLossy = SummaryReport.isLossy(result.summary) || result.capture.wasInterrupted
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
    private func checkPaths(_ outputPath: String?, _ mapPath: String?) throws(Failure) {
        if let outputPath, let mapPath, OutputFile.isSame(outputPath, mapPath), !OutputFile.isDirect(outputPath) {
            throw Failure("--output and --service-map are both \(outputPath); write them to two files")
        }
        for (option, path) in [("--output", outputPath), ("--service-map", mapPath)] {
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
