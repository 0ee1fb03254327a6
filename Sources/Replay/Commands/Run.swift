import ArgumentParser
import Command
import Console
import Glibc
import Shared

/// `replay INPUT…`, reading captures.
struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Read tapes and write the event log, the service map and a summary (the default).",
        discussion: """
            Inputs are traces (.tape, .jsonl), pcap and pcapng files, also compressed with gzip or zstd, told apart by their content, and \
            streams of NATS JetStream (nats://HOST:PORT/STREAM), which have those of many hosts. Several are one tape in the order of time. The summary goes to standard output, or to standard error where an output is `-`. Without \
            --output and --service-map the service map is shown as well.
            """)

    @Argument(help: "Tapes to read; - is standard input.", completion: .file())
    var inputs: [String]

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("Write the event log, JSON lines.", valueName: "file"), completion: .file())
    var output: String?

    @Option(
        help: ArgumentHelp("Write the service map, YAML.", valueName: "file"), completion: .file()
    )
    var serviceMap: String?

    @OptionGroup var environments: EnvironmentOptions

    @OptionGroup var names: NameOptions

    @OptionGroup var containers: ContainerOptions

    @OptionGroup var paths: PathOptions

    @OptionGroup var map: MapOptions

    @OptionGroup var keys: KeyOptions

    @OptionGroup var period: PeriodOptions

    @Option(
        help: ArgumentHelp(
            "Name the fields of gRPC's messages by a FileDescriptorSet: protoc --descriptor_set_out.", valueName: "file"
        ),
        completion: .file())
    var proto: String?

    @Option(
        help: ArgumentHelp(
            "Look only at packets of captures that a tcpdump filter lets through: 'tcp port 80'.",
            valueName: "expression"))
    var filter: String?

    @Option(
        help: ArgumentHelp(
            "Show of statements' text: normalized (values as ?), full, off (default: normalized).", valueName: "what"))
    var statements: String?

    @Flag(help: "Show in the event log what only keeps a session going, too: logins, settings.")
    var housekeeping = false

    @Flag(help: "Leave out of event log and map what first versions did not have.")
    var compat = false

    @Flag(help: "Print the summary as one JSON object.")
    var json = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Show at most so many bytes of a body (default: 64K).", valueName: "bytes"))
    var bodyLimit: NumberArgument?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "1: read and decompress in line; 2: on a second thread (default: 2 for compressed files).",
            valueName: "number"))
    var threads: NumberArgument?

    @OptionGroup var watching: WatchOptions

    @Flag(name: [.short, .long], help: "Print no summary for people, and no progress.")
    var quiet = false

    private func protoSchema() throws(Failure) -> ProtoSchema? {
        guard let proto else { return nil }
        guard let bytes = TextFile.bytes(proto) else {
            throw Failure("--proto \(proto): can't be read: \(String(cString: strerror(errno)))")
        }
        do throws(ProtoSchema.Fault) {
            return try ProtoSchema(bytes.span.bytes)
        } catch {
            throw Failure("--proto \(proto): \(error)")
        }
    }

    func run() throws {
        // `run` is meant where a word is no command's name, be it nearly one.
        if let word = inputs.first, word != "-", !word.contains(where: { "./".contains($0) }), access(word, F_OK) != 0 {
            let meant = ReplayCommand.command(meantBy: word)
            let hint = meant.map { "did you mean `replay \($0)`?" } ?? "the commands are in replay --help"
            throw Failure("\(word): no such file; \(hint)")
        }
        let (outputPath, mapPath, environmentPath) = (output, serviceMap, environments.envOutput)
        var replaying = Replaying()
        replaying.options.names = try names.read()
        replaying.options.containers = try containers.read()
        replaying.options.paths = try paths.read()
        replaying.options.protoSchema = try protoSchema()
        replaying.options.secrets = try keys.read()
        replaying.options.period = try period.read()
        replaying.options.eventLog = outputPath != nil
        replaying.options.environments = environmentPath != nil
        replaying.options.environmentPrefixes = OptIn.list(environments.envPrefix ?? "")
        replaying.options.redact = environments.redact
        replaying.options.statements = try StatementText.of(statements, "--statements")
        replaying.options.housekeeping = housekeeping
        if compat { replaying.options.fields = .compat }
        if let bodyLimit { replaying.options.limits.bodyBytes = try bodyLimit.bytes("--body-limit", in: 0...Int.max) }
        if let threads { replaying.readsAhead = try threads.number("--threads", in: 1...Int.max) > 1 }
        replaying.filter = filter
        replaying.showsProgress = !quiet
        replaying.options.selection = try map.choice().selection
        _ = try map.most()
        let outputs = [outputPath, mapPath, environmentPath]
        if json, watching.isWanted { throw Failure("--json, --watch: give one of them") }
        try checkPaths([("--output", outputPath), ("--env-output", environmentPath), ("--service-map", mapPath)])

        let log = try outputPath.map { path throws(Failure) in try OutputFile(path, option: "--output") }
        var environmentFile: OutputFile?
        let mapFile: OutputFile?
        do throws(Failure) {
            environmentFile = try environmentPath.map { path throws(Failure) in
                try OutputFile(path, option: "--env-output")
            }
            mapFile = try mapPath.map { path throws(Failure) in try OutputFile(path, option: "--service-map") }
        } catch {
            environmentFile?.discard()
            log?.discard()
            throw error
        }
        let result: Replaying.Result
        do throws(Failure) {
            let environments = environmentFile
            if let watch = try watching.watch(inputs, outputs, try map.choice()) {
                replaying.watch = watch
                replaying.options.journal = Watch.exchanges
                replaying.readsAhead = false
            }
            result = try replaying.run(
                inputs, environments: { bytes throws(Failure) in try environments?.write(bytes) },
                log: { bytes throws(Failure) in
                    try log?.write(bytes)
                    return log?.isAbandoned != true || mapFile != nil || environments != nil
                })
            try replaying.watch?.leave()
        } catch {
            try? replaying.watch?.leave()
            mapFile?.discard()
            environmentFile?.discardIfEmpty()
            log?.discardIfEmpty()
            throw error
        }
        try log?.commit()
        try environmentFile?.commit()
        try mapFile?.write(ServiceMapFile.yaml(result.map, replaying.options.fields))
        try mapFile?.commit()

        let dataOnOutput = outputs.contains("-")
        if watching.once {
            let view = MapView(result.map, try map.choice())
            let tree = ServiceMapTree.text(
                view, Terminal.style(STDOUT_FILENO), isInbound: map.inbound, top: try map.most())
            try StandardOutput.write(tree)
        } else if !quiet || json {
            let screen = dataOnOutput ? STDERR_FILENO : STDOUT_FILENO
            let text = try summary(result, showsMap: outputPath == nil && mapPath == nil, Terminal.style(screen))
            // Who has watched has seen it, and is at the prompt again.
            if screen == STDOUT_FILENO, !json, !watching.isWanted {
                try Pager.show(text)
            } else {
                try StandardOutput.write(text, to: screen)
            }
        }
        for line in result.capture.complaints { Terminal.complain(line) }
        if result.isLossy { throw ExitCode(1) }
    }

    private func summary(
        _ result: Replaying.Result, showsMap: Bool, _ style: TextStyle
    ) throws(Failure) -> String {
        let (view, top) = (MapView(result.map, try map.choice()), try map.most())
        if json {
            return SummaryJSON.text(
                result.summary, capture: { result.capture.write(&$0) }, map: { view.write(&$0, top: top) })
        }
        var report = SummaryReport(style)
        report.blank()
        result.capture.write(&report, result.summary, style)
        report.add(result.summary, skipped: result.capture.skipped)
        let map = showsMap ? ServiceMapTree.text(view, style, isInbound: map.inbound, top: top) : ""
        return report.text + (map.isEmpty ? "" : "\n\(map)") + "\n"
    }

    /// No two outputs, and no output and what is read, may be the same file.
    private func checkPaths(_ outputs: [(option: String, path: String?)]) throws(Failure) {
        for (index, output) in outputs.enumerated() {
            guard let path = output.path else { continue }
            for other in outputs[(index + 1)...] {
                guard let otherPath = other.path, !OutputFile.isDirect(path) else { continue }
                if OutputFile.isSame(path, otherPath) {
                    throw Failure("\(output.option) and \(other.option) are both \(path); write them to two files")
                }
                guard OutputFile.takes(path, otherPath) || OutputFile.takes(otherPath, path) else { continue }
                throw Failure(
                    "\(output.option) and \(other.option): NAME.partial is where NAME is written until it is whole; "
                        + "choose another name")
            }
            guard path != "-" else { continue }
            let settings = names.names + containers.containers + paths.paths + paths.openapi
            if let input = inputs.first(where: { OutputFile.takes(path, $0) }) {
                throw Failure("\(output.option) \(path): would overwrite the input \(input); choose another file")
            }
            if let setting = settings.first(where: { OutputFile.takes(path, $0) }) {
                throw Failure(
                    "\(output.option) \(path): would overwrite \(setting), which is read; choose another file")
            }
        }
    }
}
