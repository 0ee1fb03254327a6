import ArgumentParser
import Collector
import Command
import Console
import Glibc
import Shared
import Shipping

/// `profiler`, capturing until it is interrupted.
struct CaptureCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Capture until SIGINT or SIGTERM (the default), or a command ends that it starts."
    )

    @Option(help: ArgumentHelp("Event log, JSON lines (or OUTPUT_PATH).", valueName: "file"), completion: .file())
    var output: String?

    @Option(
        help: ArgumentHelp("Environment variables, YAML (or ENV_OUTPUT_PATH).", valueName: "file"), completion: .file())
    var envOutput: String?

    @Option(help: ArgumentHelp("Service map, YAML (or SERVICE_MAP_PATH).", valueName: "file"), completion: .file())
    var serviceMap: String?

    @Option(
        help: ArgumentHelp("Variables to keep, by prefix (or ENV_PREFIX_LIST; default: all).", valueName: "a,b"))
    var envPrefix: String?

    @Option(
        help: ArgumentHelp("Values of ADI_PROFILE to profile (or ADI_PROFILE_ALLOWED; default: any).", valueName: "a,b")
    )
    var allow: String?

    @Option(
        help: ArgumentHelp(
            "Docker's, Podman's or containerd's socket, to name containers (or CONTAINERD_SOCKET; default: no names).",
            valueName: "socket"), completion: .file())
    var containerSocket: String?

    @Option(
        help: ArgumentHelp(
            "Namespace of containerd's containers (or CONTAINERD_NAMESPACE; default: default).", valueName: "name"))
    var containerNamespace: String?

    @Option(help: ArgumentHelp("Also write the trace, to be replayed.", valueName: "file"), completion: .file())
    var record: String?

    @Option(
        name: .customLong("pid"),
        help: ArgumentHelp(
            "Profile a process that runs, and what it starts, unless it opts out; repeatable.", valueName: "pid"))
    var pids: [Int32] = []

    @Option(
        name: .customLong("container"),
        help: ArgumentHelp(
            "Profile what runs in a container, by its name, service or identifier; repeatable.", valueName: "name"))
    var containers: [String] = []

    @Argument(
        parsing: .postTerminator,
        help: ArgumentHelp(
            "Behind --: a command to start, opted in, as the user who called sudo; the capture ends with it and with its status.",
            valueName: "command"))
    var command: [String] = []

    @Flag(help: "Add to an event log and environment file that are there (default: replace them).")
    var append = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Move event log, environment file and trace away when so long (or TAPEDECK_ROTATE_SIZE; default: never).",
            valueName: "bytes"))
    var rotateSize: NumberArgument?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Keep so many of these (or TAPEDECK_ROTATE_KEEP; default: 5).", valueName: "number"))
    var rotateKeep: NumberArgument?

    @Option(
        help: ArgumentHelp(
            "Answer there how the capture stands, for `profiler status` (or TAPEDECK_STATUS_SOCKET; default: nowhere).",
            valueName: "socket"), completion: .file())
    var statusSocket: String?

    @Option(
        help: ArgumentHelp(
            "Answer Prometheus there: 127.0.0.1:9464 (or TAPEDECK_METRICS_LISTEN; default: nowhere).",
            valueName: "address"))
    var metricsListen: String?

    @Option(
        help: ArgumentHelp(
            "Send metrics, traces and logs to an OpenTelemetry endpoint: http://127.0.0.1:4318 (or OTEL_EXPORTER_OTLP_ENDPOINT; default: nowhere).",
            valueName: "url"))
    var otlp: String?

    @Option(
        help: ArgumentHelp(
            "Send the trace to a stream of NATS JetStream, where replay reads those of many hosts: nats://HOST:4222/STREAM (or TAPEDECK_SHIP; default: nowhere).",
            valueName: "url"))
    var ship: String?

    @Option(
        help: ArgumentHelp(
            "Keep there what was not sent yet (or TAPEDECK_SHIP_SPOOL; default: /var/lib/tapedeck/spool).",
            valueName: "folder"), completion: .directory)
    var shipSpool: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Keep so much there, beyond which the oldest is lost (or TAPEDECK_SHIP_SPOOL_SIZE; default: 256M).",
            valueName: "bytes"))
    var shipSpoolSize: NumberArgument?

    @Flag(help: "Hide values that look like credentials.")
    var redact = false

    @Flag(help: "Write paths as they are, and no templates (or TAPEDECK_RAW_PATHS=1).")
    var rawPaths = false

    @Option(
        help: ArgumentHelp(
            "Show of statements' text: normalized (values as ?), full, off (or TAPEDECK_STATEMENTS; default: normalized).",
            valueName: "what"))
    var statements: String?

    @Flag(
        help:
            "Show in the event log what only keeps a session going, too: logins, settings (or TAPEDECK_HOUSEKEEPING=1)."
    )
    var housekeeping = false

    @Option(
        help: ArgumentHelp(
            "Read what opted-in processes encrypt by TLS, with the secrets of their sessions: on or off (or TAPEDECK_TLS; default: on).",
            valueName: "what"))
    var tls: String?

    @Flag(
        help:
            "Keep these secrets off the trace, which then can't be read where it is encrypted (or TAPEDECK_NO_TLS_SECRETS=1)."
    )
    var noTlsSecrets = false

    @Flag(help: "Leave out of event log and map what first versions did not have (or TAPEDECK_COMPAT=1).")
    var compat = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Capture so much of one call (default: 1M; at most 16M).", valueName: "bytes"))
    var payloadLimit: NumberArgument?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Show at most so much of a body (default: 64K).", valueName: "bytes"))
    var bodyLimit: NumberArgument?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Size of the ring buffer, a power of two (default: 16M, or 4 times the payload limit).",
            valueName: "bytes"))
    var ringSize: NumberArgument?

    @Option(help: .hidden)
    var hooks: String?

    @Flag(help: "Show the map while it grows: a view with keys on a terminal, else the tree every now and then.")
    var watch = false

    @Flag(help: "Print the summary as one JSON object.")
    var json = false

    @Flag(name: [.short, .long], help: "Print no summary for people, and nothing of how the capture stands.")
    var quiet = false

    /// - Parameter count: of processes that have opted in.
    private func watched(_ count: Int) -> String {
        let others = "\(count) \(count == 1 ? "process has" : "processes have") opted in so far"
        guard let name = command.first else { return "watching; \(others)" }
        return count == 0 ? "watching \(name)" : "watching \(name); \(others)"
    }

    func run() throws {
        // Missing rights are said first: what else is wrong may follow from them.
        try KernelProgram.checkRequirements()
        let settings = try settings()
        if let name = command.first, let (reason, status) = LaunchedCommand.fault(of: name) {
            Terminal.complain("run \(name): \(String(cString: strerror(reason)))")
            throw ExitCode(status)
        }
        Interruption.listenForReopening()
        let capture = try Capture(settings)
        let traces = [settings.tracePath.map { "--record \($0)" }, settings.shipping.map { "--ship \($0.address)" }]
        for trace in traces.compactMap({ $0 }) where settings.kernel.takesSecrets && !settings.keepsSecretsOffTrace {
            Terminal.complain(
                "\(trace): will hold the secrets of TLS sessions, which open them; --no-tls-secrets keeps them off")
        }
        Terminal.complain(watched(capture.profiledAtStart))
        capture.run()
        capture.finish()
        try capture.waitForWatcher()
        let summary = capture.summary
        if !quiet || json {
            // The command's output is its own.
            let screen =
                !command.isEmpty
                    || [settings.outputPath, settings.environmentPath, settings.serviceMapPath ?? ""].contains("-")
                ? STDERR_FILENO : STDOUT_FILENO
            if json {
                try StandardOutput.write(SummaryJSON.text(summary), to: screen)
            } else {
                try StandardOutput.write(report(capture, summary, Terminal.style(screen)), to: screen)
            }
        }
        // All is written. exit() would take libraries down in which threads still wait for a container runtime.
        _exit(capture.commandStatus ?? (SummaryReport.isLossy(summary) ? 1 : 0))
    }

    /// What is told at the end: the summary, the service map, and where all of it is.
    private func report(_ capture: Capture, _ summary: Summary, _ style: TextStyle) -> String {
        var report = SummaryReport(style)
        report.blank()
        report.add(summary)
        var (text, files) = (report.text, SummaryReport(style))
        let tree = ServiceMapTree.text(capture.mapView, style)
        if !tree.isEmpty { text += "\n" + tree }
        files.add(capture.files, style)
        return text + "\n" + files.text + "\n"
    }

    /// Whether a flag is given, or its variable says yes.
    private func isOn(_ flag: Bool, _ name: String) throws(Failure) -> Bool {
        guard let value = Self.variable(name) else { return flag }
        switch value.lowercased() {
        case "1", "true", "yes", "on": return true
        case "0", "false", "no", "off": return flag
        default: throw Failure("\(name) \(value): write 1 or 0")
        }
    }

    private func settings() throws(Failure) -> LiveSettings {
        var settings = LiveSettings()
        if let path = output ?? Self.variable("OUTPUT_PATH") { settings.outputPath = path }
        if let path = envOutput ?? Self.variable("ENV_OUTPUT_PATH") { settings.environmentPath = path }
        settings.serviceMapPath = serviceMap ?? Self.variable("SERVICE_MAP_PATH")
        settings.tracePath = record
        settings.containerSocket = containerSocket ?? Self.variable("CONTAINERD_SOCKET")
        if let namespace = containerNamespace ?? Self.variable("CONTAINERD_NAMESPACE") {
            // It goes into a header: containerd's own rule (its package identifiers).
            guard (try? /[A-Za-z0-9]+([._-][A-Za-z0-9]+)*/.wholeMatch(in: namespace)) != nil, namespace.count <= 76
            else {
                throw Failure(
                    "CONTAINERD_NAMESPACE (--container-namespace) \(namespace): write letters and digits, with single . _ - between them; `ctr namespaces list` has those that there are"
                )
            }
            settings.containerNamespace = namespace
        }
        settings.environmentPrefixes = OptIn.list(envPrefix ?? Self.variable("ENV_PREFIX_LIST") ?? "")
        settings.redact = try isOn(redact, "TAPEDECK_REDACT")
        settings.rawPaths = try isOn(rawPaths, "TAPEDECK_RAW_PATHS")
        settings.rotation.bytes = try given(rotateSize, "--rotate-size")
            .map { option, size throws(Failure) in try size.bytes(option, in: 4096...Int.max) }
        settings.rotation.kept =
            try given(rotateKeep, "--rotate-keep").map { option, count throws(Failure) in
                try count.number(option, in: 0...1000)
            } ?? settings.rotation.kept
        settings.command = command
        settings.chosenPids = pids
        settings.chosenContainers = containers
        if !containers.isEmpty, settings.containerSocket == nil {
            settings.containerSocket = Self.usualSockets.first { access($0, F_OK) == 0 }
            guard settings.containerSocket != nil else {
                throw Failure(
                    "--container \(containers[0]): no container runtime is where they usually are; name its socket with --container-socket"
                )
            }
        }
        let statements = statements.map { ("--statements", $0) }
        let chosen = statements ?? Self.variable("TAPEDECK_STATEMENTS").map { ("TAPEDECK_STATEMENTS", $0) }
        settings.statements = try StatementText.of(chosen?.1, chosen?.0 ?? "--statements")
        settings.housekeeping = try isOn(housekeeping, "TAPEDECK_HOUSEKEEPING")
        let tls = tls.map { ("--tls", $0) } ?? Self.variable("TAPEDECK_TLS").map { ("TAPEDECK_TLS", $0) }
        if let (option, value) = tls {
            guard ["on", "off"].contains(value) else { throw Failure("\(option) \(value): write on or off") }
            settings.kernel.takesSecrets = value == "on"
        }
        settings.keepsSecretsOffTrace = try isOn(noTlsSecrets, "TAPEDECK_NO_TLS_SECRETS")
        settings.statusSocket = statusSocket ?? Self.variable("TAPEDECK_STATUS_SOCKET")
        settings.metricsListen = metricsListen ?? Self.variable("TAPEDECK_METRICS_LISTEN")
        let otlp = otlp ?? Self.variable("TAPEDECK_OTLP")
        // A command's environment is its own: the collector that it names is not meant to hear of what it does from elsewhere.
        if otlp != nil || command.isEmpty {
            settings.telemetry = try OTLPEndpoint(otlp, option: OTLPSender.option, Self.variable)
        }
        settings.shipping = try shipping()
        settings.appends = try isOn(append, "TAPEDECK_APPEND")
        if try isOn(compat, "TAPEDECK_COMPAT") { settings.fields = .compat }
        if let (option, bodyLimit) = given(bodyLimit, "--body-limit") {
            settings.bodyLimit = try bodyLimit.bytes(option, in: 0...Int.max)
        }
        settings.kernel.allowed = OptIn.list(allow ?? Self.variable("ADI_PROFILE_ALLOWED") ?? "")
        if let long = settings.kernel.allowed.first(where: { $0.utf8.count > KernelProgram.longestValue }) {
            throw Failure("ADI_PROFILE_ALLOWED: \(long) is longer than \(KernelProgram.longestValue) bytes")
        }
        try setSizes(of: &settings.kernel)
        if let hooks, hooks != "auto" {
            guard let chosen = KernelProgram.Hooks(rawValue: hooks) else {
                throw Failure("--hooks \(hooks): write auto, socket or syscall")
            }
            settings.kernel.hooks = chosen
        }
        let outputs = [settings.outputPath, settings.environmentPath, settings.serviceMapPath, settings.tracePath]
            .compactMap { $0 }
        // What a command says, and events that somebody reads there, are not to stand in one line with it.
        settings.saysStatus = !quiet && !watch && command.isEmpty && !outputs.contains("-")
        settings.isWatched = watch
        if watch {
            if json { throw Failure("--json, --watch: give one of them") }
            guard command.isEmpty else {
                throw Failure(
                    "--watch: \(command[0]) would write over what is shown; start it elsewhere with ADI_PROFILE=1, and watch without a command"
                )
            }
            guard !outputs.contains("-") else {
                throw Failure("--watch: shows the map on standard output; name a file for what is written there")
            }
        }
        let paths = outputs.filter { !OutputFile.isDirect($0) }
        for (index, path) in paths.enumerated() {
            let meets = paths[..<index].contains { OutputFile.takes($0, path) || OutputFile.takes(path, $0) }
            guard !meets else {
                throw Failure("two outputs are both \(path), or what becomes it; write them to two files")
            }
        }
        return settings
    }

    private func shipping() throws(Failure) -> LiveSettings.Shipping? {
        let size = try given(shipSpoolSize, "--ship-spool-size")
            .map { option, size throws(Failure) in try size.bytes(option, in: Spool.least...(1 << 50)) }
        guard
            let (option, url) = ship.map({ ("--ship", $0) })
                ?? Self.variable("TAPEDECK_SHIP").map({ ("TAPEDECK_SHIP", $0) })
        else {
            if shipSpool != nil || size != nil {
                throw Failure("--ship-spool: is of what is sent; name a stream with --ship")
            }
            return nil
        }
        let address = try StreamAddress(url, option: option)
        guard address.subject == nil else {
            throw Failure("\(option) \(address): subjects are made of hosts and tapes; leave out what stands behind ?")
        }
        var shipping = LiveSettings.Shipping(address: address)
        shipping.spool = shipSpool ?? Self.variable("TAPEDECK_SHIP_SPOOL") ?? shipping.spool
        shipping.spoolBytes = size ?? shipping.spoolBytes
        return shipping
    }

    /// Where Docker, Podman and containerd listen if nobody has told them otherwise.
    private static let usualSockets = [
        "/run/docker.sock", "/run/podman/podman.sock", "/run/containerd/containerd.sock",
    ]

    /// A number that an option gives, or the variable of the same name.
    private func given(_ value: NumberArgument?, _ option: String) -> (name: String, value: NumberArgument)? {
        if let value { return (option, value) }
        let variable = "TAPEDECK_" + option.dropFirst(2).uppercased().replacing("-", with: "_")
        return Self.variable(variable).flatMap { NumberArgument(argument: $0) }.map { (variable, $0) }
    }

    /// One call never takes more than a quarter of the ring buffer.
    private func setSizes(of kernel: inout KernelProgram.Settings) throws(Failure) {
        let limit = try given(payloadLimit, "--payload-limit").map { option, limit throws(Failure) in
            try limit.bytes(option, in: 0...KernelProgram.longestPayload)
        }
        if let limit {
            kernel.payloadLimit = UInt32(limit)
            while kernel.ringBytes / 4 < kernel.payloadLimit { kernel.ringBytes *= 2 }
        }
        guard let (option, ringSize) = given(ringSize, "--ring-size") else { return }
        let bytes = try ringSize.bytes(option, in: Int(getpagesize())...1 << 30)
        guard bytes & (bytes - 1) == 0 else { throw Failure("--ring-size \(bytes): write a power of two") }
        if let limit, limit > bytes / 4 {
            throw Failure("--payload-limit \(limit): write at most a quarter of --ring-size, \(bytes / 4)")
        }
        kernel.ringBytes = UInt32(bytes)
        kernel.payloadLimit = Swift.min(kernel.payloadLimit, kernel.ringBytes / 4)
    }

    private static func variable(_ name: String) -> String? {
        Terminal.environment(name).flatMap { $0.isEmpty ? nil : $0 }
    }
}
