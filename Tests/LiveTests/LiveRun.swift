import Foundation
import TestSupport
import Testing
import Yams

/// A way to hook sends and receives.
enum Hooks: String, CaseIterable, CustomTestStringConvertible {
    case socket, syscall
    var testDescription: String { "\(rawValue) hooks" }
}

/// One run of `profiler` with outputs of its own, that sees only the processes that its test has started.
final class LiveRun {
    /// The value of ADI_PROFILE that this run's processes opt in with.
    let tag = "tapedeck-test-\(UInt32.random(in: 0 ... .max))"
    let folder: TemporaryFolder
    private var profiler: Child?
    private let json: Bool
    private let tls: Bool

    /// - Parameter tls: whether secrets of TLS are looked for. What is attached for it takes 0.1 s to take off again, and there
    ///   are hundreds of runs.
    init(json: Bool = true, tls: Bool = false) throws {
        folder = try TemporaryFolder()
        self.json = json
        self.tls = tls
    }

    convenience init(_ hooks: Hooks, _ options: [String] = [], tls: Bool = false) throws {
        try self.init(tls: tls)
        try start(["--hooks", hooks.rawValue] + options)
        try waitUntilWatching()
    }

    func path(_ name: String) -> String { folder.path + "/" + name }

    /// Starts the profiler; it is not watching yet.
    /// - Parameter by: a program that starts it, with that one's arguments.
    func start(
        _ options: [String] = [], allow: String?? = .none, environment: [String: String] = [:], by: [String] = []
    ) throws {
        let allowed: String? = allow ?? tag
        let command = by + [Programs.profiler]
        profiler = try Child(
            command[0],
            Array(command.dropFirst()) + [
                "--output", path("events.jsonl"), "--env-output", path("env.yaml"), "--service-map", path("map.yaml"),
                "--record", path("run.tape"),
            ] + (json ? ["--json"] : []) + (tls ? [] : ["--tls", "off"]) + (allowed.map { ["--allow", $0] } ?? [])
                + options,
            environment: environment)
    }

    /// Returns when everything is attached.
    func waitUntilWatching() throws {
        let line = profiler?.errors.line { $0.hasPrefix("profiler: watching") }
        guard line != nil else {
            throw Failed(
                "profiler does not watch: \(profiler?.errors.text ?? "") (TAPEDECK_SKIP_LIVE=1 leaves this out)")
        }
    }

    var profilerPid: Int32 { profiler?.pid ?? 0 }

    /// Whether the profiler has attached what sees where each send begins.
    var isOrderWatched: Bool { holdsDescriptor(of: "tcp_sendmsg_locked") }

    /// Returns when the profiler has a probe in the file.
    func waitUntilProbed(_ path: String) throws {
        _ = try eventually("a probe in \(path)") { probes(in: path) > 0 ? () : nil }
    }

    /// How many it has in files that have this name, or had it.
    func probes(in path: String) -> Int { descriptors(of: path) }

    private func holdsDescriptor(of subject: String) -> Bool { descriptors(of: subject) > 0 }

    /// How many of the profiler's descriptors are about this, as the kernel says.
    private func descriptors(of subject: String) -> Int {
        let folder = "/proc/\(profilerPid)/fdinfo"
        let descriptors = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return descriptors.count { name in
            let text = try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
            return text?.contains(subject) ?? false
        }
    }

    // MARK: - Processes

    func environment(optedIn: Bool, _ more: [String: String] = [:]) -> [String: String] {
        (optedIn ? ["ADI_PROFILE": tag] : [:]).merging(more) { $1 }
    }

    func launch(
        _ program: String, _ arguments: [String], optedIn: Bool, environment more: [String: String] = [:]
    ) throws -> Child {
        try Child(program, arguments, environment: environment(optedIn: optedIn, more))
    }

    /// A server of the exerciser, and the port on which it listens.
    func server(
        _ name: String, _ options: [String] = [], optedIn: Bool = false, environment: [String: String] = [:]
    ) throws -> (child: Child, port: Int) {
        let child = try launch(
            Programs.exerciser, [name, "server", "0"] + options, optedIn: optedIn, environment: environment)
        struct Ready: Decodable { var listening: Int }
        let line = try child.line { $0.contains("\"listening\"") }
        return (child, try Records.lines(Ready.self, line)[0].listening)
    }

    func client(
        _ name: String, _ port: Int, _ options: [String] = [], optedIn: Bool = true,
        environment: [String: String] = [:]
    ) throws -> Child {
        try launch(
            Programs.exerciser, [name, "client", "\(port)"] + options, optedIn: optedIn, environment: environment)
    }

    static func moved(_ text: String) throws -> [Moved] {
        try Records.lines(
            Moved.self,
            text.split(separator: "\n").filter { $0.contains("\"sent\"") }.joined(separator: "\n"))
    }

    /// Runs both sides of a case to their ends.
    @discardableResult
    func exercise(
        _ name: String, client clientOptions: [String] = [], server serverOptions: [String] = [],
        clientOptedIn: Bool = true, serverOptedIn: Bool = false, environment: [String: String] = [:]
    ) throws -> (client: [Moved], server: [Moved]) {
        let server = try server(name, serverOptions, optedIn: serverOptedIn)
        let client = try client(name, server.port, clientOptions, optedIn: clientOptedIn, environment: environment)
        let clientSide = try Self.moved(client.succeed().output)
        return (clientSide, try Self.moved(server.child.succeed().output))
    }

    // MARK: - The end

    struct Outcome {
        var status: Int32
        var output: String
        var errors: String
        var summary: RunSummary
        var log: String
        var events: [LoggedEvent]
        var map: String
        var environment: String
        var tape: [UInt8]

        var requests: [LoggedEvent] { events.filter(\.isRequest) }
        var responses: [LoggedEvent] { events.filter(\.isResponse) }

        /// The services of the map, by name.
        func services() throws -> [String: [String: Any]] {
            let root = try Yams.load(yaml: map) as? [String: Any]
            let services = root?["services"] as? [[String: Any]] ?? []
            return Dictionary(services.map { ($0["name"] as? String ?? "", $0) }) { $1 }
        }

        /// The environment file's documents, by pid.
        func environments() throws -> [Int: [String: Any]] {
            var documents: [Int: [String: Any]] = [:]
            for document in try Yams.load_all(yaml: environment) {
                guard let document = document as? [String: Any], let pid = document["adi_profile_pid"] as? Int else {
                    throw Failed("no document of an environment: \(environment)")
                }
                guard documents.updateValue(document, forKey: pid) == nil else { throw Failed("\(pid) twice") }
            }
            return documents
        }

        /// Where a text is in what has left the kernel and in what was written of it.
        func placesOf(_ secret: String) -> [String] {
            let everything = [
                ("tape", tape), ("event log", Array(log.utf8)), ("environment file", Array(environment.utf8)),
                ("service map", Array(map.utf8)), ("output", Array(output.utf8)), ("errors", Array(errors.utf8)),
            ]
            return everything.filter { contains($0.1, secret) }.map(\.0)
        }
    }

    /// Ends the profiler by a signal and reads what it has written.
    func stop(_ signal: Int32 = SIGINT) throws -> Outcome {
        guard let profiler else { throw Failed("no profiler was started") }
        profiler.signal(signal)
        let end = try profiler.wait()
        self.profiler = nil
        guard end.signal == 0, end.status < 2 else {
            throw Failed("profiler: status \(end.status), signal \(end.signal): \(end.errors)")
        }
        let log = folder.text("events.jsonl") ?? ""
        guard let summary = try? Records.decoder.decode(RunSummary.self, from: Data(end.output.utf8)) else {
            throw Failed("no summary: \(end.output) \(end.errors)")
        }
        return Outcome(
            status: end.status, output: end.output, errors: end.errors, summary: summary, log: log,
            events: try Records.lines(LoggedEvent.self, log), map: folder.text("map.yaml") ?? "",
            environment: folder.text("env.yaml") ?? "", tape: folder.bytes("run.tape") ?? [])
    }

    /// Waits for the profiler to end by itself.
    func waitForEnd() throws -> Child.Outcome {
        guard let profiler else { throw Failed("no profiler was started") }
        defer { self.profiler = nil }
        return try profiler.wait()
    }

    /// Returns when it, or the command that it has started, has written the line.
    func waitForOutput(_ line: String) throws { try waitForOutput { $0 == line } }

    func waitForOutput(_ isWanted: (String) -> Bool) throws { _ = try profiler?.line(isWanted) }

    /// Returns when it has said something like it on standard error.
    func waitForComplaint(_ text: String) throws {
        guard profiler?.errors.line(where: { $0.contains(text) }) != nil else {
            throw Failed("profiler does not say ‘\(text)’: \(profiler?.errors.text ?? "")")
        }
    }

    /// Ends it so that it can write nothing more.
    func killProfiler() throws {
        profiler?.signal(SIGKILL)
        _ = try profiler?.wait()
        profiler = nil
    }
}

extension Child {
    /// Returns when it has waited for others so many times more, or has ended.
    func goOn(by switches: Int) throws {
        func count() -> Int? {
            guard let status = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8),
                !status.contains("State:\tZ"), let line = status.firstMatch(of: /voluntary_ctxt_switches:\t(\d+)/)
            else { return nil }
            return Int(line.1)
        }
        guard let before = count() else { return }
        try eventually("\(switches) waits more of \(pid)") {
            count().map { $0 >= before + switches } ?? true ? () : nil
        }
    }
}

// MARK: - What every run has to fulfil

/// The event log has exactly the bytes that a side says it moved over a connection, in their order.
func expectStreams(
    _ outcome: LiveRun.Outcome, _ moved: Moved, pids: Set<Int32>? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let own = outcome.events.filter {
        $0.eventType == "http" && (pids ?? [moved.pid]).contains($0.pid ?? 0)
            && Set([$0.sourcePort, $0.destPort]) == [moved.localPort, moved.remotePort]
    }
    for (direction, bytes, crc, blind) in [
        ("send", moved.sent, moved.sentCrc, moved.sentBlind),
        ("recv", moved.received, moved.receivedCrc, moved.receivedBlind),
    ] {
        let messages = own.filter { $0.direction == direction }
        let side = "\(moved.role) \(direction)"
        #expect(messages.reduce(0) { $0 + ($1.bytes ?? 0) } == bytes, "\(side)", sourceLocation: sourceLocation)
        for message in messages {
            let (local, remote) = direction == "send" ? ("source", "dest") : ("dest", "source")
            let ends = [
                "source": "\(message.sourceIp ?? "")|\(message.sourcePort ?? 0)",
                "dest": "\(message.destIp ?? "")|\(message.destPort ?? 0)",
            ]
            #expect(ends[local] == "\(moved.localIp)|\(moved.localPort)", "\(side)", sourceLocation: sourceLocation)
            #expect(ends[remote] == "\(moved.remoteIp)|\(moved.remotePort)", "\(side)", sourceLocation: sourceLocation)
        }
        guard blind == 0, !messages.contains(where: { $0.truncated == true }) else { continue }
        let payload = messages.flatMap(\.payload)
        #expect(payload.count == bytes, "\(side): bytes", sourceLocation: sourceLocation)
        // A stream that several threads wrote has no CRC of its sender.
        if crc != 0 { #expect(Checksum.crc32(payload) == crc, "\(side): content", sourceLocation: sourceLocation) }
    }
}

/// Every byte has found a place, and nothing was lost.
func expectNoLoss(
    _ outcome: LiveRun.Outcome, bytes: Int? = nil, sourceLocation: SourceLocation = #_sourceLocation
) {
    expectBalance(outcome, bytes: bytes, sourceLocation: sourceLocation)
    #expect(outcome.summary.lost.isEmpty, sourceLocation: sourceLocation)
    #expect(outcome.summary.bytes.gaps.isEmpty, sourceLocation: sourceLocation)
    #expect(outcome.summary.anomalies.isEmpty, sourceLocation: sourceLocation)
    #expect(outcome.status == 0, "\(outcome.errors)", sourceLocation: sourceLocation)
}

/// The ledger adds up to what the processes have really moved.
func expectBalance(_ outcome: LiveRun.Outcome, bytes: Int?, sourceLocation: SourceLocation = #_sourceLocation) {
    let ledger = outcome.summary.bytes
    #expect(ledger.balanced, sourceLocation: sourceLocation)
    let parts =
        ledger.parsed + ledger.recognised + ledger.gaps.values.reduce(0, +) + ledger.unparsed.values.reduce(0, +)
    #expect(ledger.total == parts, sourceLocation: sourceLocation)
    if let bytes { #expect(ledger.total == bytes, "all bytes of all connections", sourceLocation: sourceLocation) }
}

extension LiveRun {
    /// The trace, replayed, gives the files of the live run byte for byte.
    /// - Parameter options: those of the live run that the outputs depend on.
    func expectReplayAgrees(
        _ outcome: Outcome, _ options: [String] = [], sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let replay = try Child(
            Programs.replay,
            [
                path("run.tape"), "--output", path("events.again"), "--env-output", path("env.again"),
                "--service-map", path("map.again"), "--json",
            ] + options
        ).wait()
        #expect(replay.status == outcome.status, "\(replay.errors)", sourceLocation: sourceLocation)
        for (name, live) in [("events", outcome.log), ("env", outcome.environment), ("map", outcome.map)] {
            let again = folder.text(name + ".again") ?? "(no file)"
            guard again != live else { continue }
            let (before, after) = (live.split(separator: "\n"), again.split(separator: "\n"))
            let place = zip(before, after).prefix { $0 == $1 }.count
            Issue.record(
                """
                \(name): the replay differs in line \(place + 1) of \(before.count) (replay: \(after.count))
                live:   \(before.dropFirst(place).first?.prefix(400) ?? "(end)")
                replay: \(after.dropFirst(place).first?.prefix(400) ?? "(end)")
                """, sourceLocation: sourceLocation)
        }
    }
}

func contains(_ bytes: [UInt8], _ text: String) -> Bool { Data(bytes).range(of: Data(text.utf8)) != nil }
