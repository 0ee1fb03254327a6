import Console
import Glibc
import Shared

/// One capture: from attaching to the last event.
///
/// One thread: it waits for the ring buffer, decodes its records in place, and runs the pipeline. Records wait in the
/// ring buffer meanwhile.
final class Capture {
    /// So often losses are asked for and outputs are written, nanoseconds; these also where there is much to write.
    private static let housekeepingInterval: Int64 = 100_000_000
    /// So often the kernel's counters of the sockets are compared with what was seen, nanoseconds.
    private static let lookInterval: Int64 = 2_000_000_000
    /// So often a pause looks whether the name is there, microseconds.
    private static let namePauseInterval: UInt32 = 2000
    /// So many records at most are taken before the outputs get their turn.
    private static let batch = 16_384

    private let recording: Recording
    /// One thread runs the capture, and no access is open while another begins.
    private var decoder: EventDecoder<Recording>
    private let program: KernelProgram
    private let probes: SecretProbes?
    private let containers: ContainerWatch?
    private var namePause = NamePause()
    private var counters = KernelProgram.Counters()
    /// The last look has left records in the kernel: it had enough, or one was being written.
    private var hasMore = false
    let profiledAtStart: Int
    private let command: LaunchedCommand?
    private var wasInterrupted = false
    private var manager = ServiceManager()
    private let socket: StatusSocket?
    /// `nil` where nobody is answered.
    private let metrics: MetricsServer?
    private var metricsPace = CopyPace(every: 500_000_000)
    private let since = Clock.wall
    private var rate = ExchangeRate(now: Clock.monotonic)
    /// `nil` where nothing is said.
    private var line: StatusLine?
    /// `nil` where nobody watches.
    private let watch: LiveWatch?
    private var watchPace = WatchPace()
    /// When a signal asked a watched capture to end.
    private var asked: Int64?
    /// A terminal that stands still holds nothing up for longer, nanoseconds.
    private static let patience: Int64 = 1_000_000_000

    init(_ settings: LiveSettings) throws(Failure) {
        // Before a file is replaced.
        for pid in settings.chosenPids { _ = try ChosenProcesses.process(pid) }
        socket = try settings.statusSocket.map { path throws(Failure) in try StatusSocket(path) }
        metrics = try settings.metricsListen.map { address throws(Failure) in try MetricsServer(address) }
        let (beginning, monotonic) = (Clock.wall, Clock.monotonic)
        let recording = try Recording(settings, beginning: beginning)
        containers = try settings.containerSocket.map { socket throws(Failure) in
            try ContainerWatch(socket: socket, namespace: settings.containerNamespace)
        }
        decoder = EventDecoder(
            sink: recording, clockOffset: beginning.nanoseconds &- monotonic, now: beginning,
            allowed: settings.kernel.allowed)
        if let containers {
            decoder.containers = ContainerNames()
            decoder.learn(containers.take())
        }
        // Before anything is attached: there may be none such.
        let chosen = try ChosenProcesses.find(
            pids: settings.chosenPids, containers: settings.chosenContainers, names: &decoder.containers)
        program = try KernelProgram(settings.kernel)
        recording.begin()
        self.recording = recording
        var running = RunningProcesses(program, allowed: settings.kernel.allowed, chosen: chosen)
        running.judge()
        for (identity, listeners) in running.profiled { decoder.add(identity, listeners: listeners) }
        program.endJudging()
        let pids = running.profiled.map(\.identity.key.pid)
        probes = program.secrets.map { [verdicts = program.verdicts] in
            SecretProbes($0, running: pids, verdict: verdicts)
        }
        program.watchOrder()
        profiledAtStart = running.profiled.count
        for complaint in running.complaints { Terminal.complain(complaint) }
        command =
            settings.command.isEmpty
            ? nil : try LaunchedCommand(settings.command, allowed: settings.kernel.allowed)
        watch = settings.isWatched ? LiveWatch() : nil
        line = settings.saysStatus ? StatusLine(StatusLine.place, now: Clock.monotonic) : nil
    }

    var hooks: KernelProgram.Hooks { program.hooks }

    /// Captures until it is interrupted, or the command that it has started ends.
    func run() {
        var pace = Pace()
        var (kept, looked) = (Clock.monotonic, Clock.monotonic)
        manager.isReady(status: serviceStatus)
        watch?.begin()
        metrics?.begin()
        while !isOver() {
            if namePause.isOn { usleep(Self.namePauseInterval) } else { pace.wait(for: program.descriptor) }
            pace.took(consume())
            program.watchOrder()
            let now = Clock.monotonic
            guard now &- kept >= Self.housekeepingInterval else { continue }
            kept = now
            noteLosses()
            recording.flush()
            if Interruption.takeReopening() { manager.reload(recording.reopen) }
            manager.lives(now: now) { serviceStatus }
            tellStatus(now)
            guard now &- looked >= Self.lookInterval else { continue }
            looked = now
            recording.look()
            program.lookAtSockets()
            program.reconsiderOrder()
        }
    }

    /// The status of the command that was started; `nil`: none was, or it still runs.
    var commandStatus: Int32? { command?.status }

    /// Signals are the command's, which may go on for a while, or for ever: a second one is the capture's, too.
    private func isOver() -> Bool {
        if let watch { return isOver(watch) }
        guard let command else { return Interruption.isRequested }
        if command.hasEnded() { return true }
        guard let signal = Interruption.take() else { return false }
        command.pass(signal)
        defer { wasInterrupted = true }
        return wasInterrupted
    }

    /// The terminal is given back before the capture ends: whoever is in a hurry finds it as it was.
    private func isOver(_ watch: LiveWatch) -> Bool {
        if watch.hasLeft { return true }
        guard Interruption.isRequested else { return false }
        watch.end()
        let now = Clock.monotonic
        asked = asked ?? now
        return asked.map { now &- $0 > Self.patience } ?? false
    }

    /// Returns when whoever has watched has left, who does once it has ended.
    /// - Throws: where what they should have seen could not be written.
    func waitForWatcher() throws(Failure) { try watch?.wait() }

    func finish() {
        watch?.end()
        manager.isStopping()
        socket?.end()
        metrics?.end()
        Terminal.eraseLine()
        // What has ended since the last look is told of.
        program.lookAtSockets()
        // Whoever is in a hurry sends a second signal: what was read until then is in the files.
        _ = consume()
        recording.flush()
        probes?.stop()
        program.detach()
        // What found no room is asked for once nothing more can be refused, and comes after what did.
        noteLosses()
        while consume() > 0 || hasMore || namePause.isOn { if namePause.isOn { usleep(Self.namePauseInterval) } }
        recording.finish(at: decoder.lastTime)
    }

    var summary: Summary { recording.summary }

    var mapView: MapView { recording.mapView }

    var files: [CaptureStatus.File] { recording.files }

    /// Tells who asks or looks on how the capture stands.
    private func tellStatus(_ now: Int64) {
        if rate.isDue(now) { rate.note(CaptureStatus.exchanges(recording.profiler.summary), now: now) }
        line?.show(now: now) { status }
        watch?.show(&watchPace, now: now, lastEvent: recording.profiler.lastEvent) {
            let status = status
            return Watch.Seen(
                map: recording.profiler.serviceMap(withBodies: true), title: status.duration, facts: status.facts)
        }
        socket?.answer { status.json }
        metrics?.show(&metricsPace, now: now) {
            MetricsServer.Seen(map: recording.profiler.serviceMap(), summary: summary)
        }
        recording.tell(now)
    }

    private var status: CaptureStatus {
        CaptureStatus(
            since: since, now: Clock.wall, processes: decoder.runningProcesses, rate: rate.perSecond,
            files: recording.files, summary: summary)
    }

    /// One line for the service manager.
    private var serviceStatus: String {
        let summary = summary
        let (requests, operations) = (summary.messages.distinctRequests, summary.operations.distinct)
        return "watching; \(requests) requests, \(operations) operations, "
            + (SummaryReport.isLossy(summary) ? "something was lost" : "nothing lost")
    }

    /// - Returns: how many records there were.
    private func consume() -> Int {
        if let containers {
            decoder.learn(containers.take())
            if isPaused(for: containers) { return 0 }
        }
        let before = Clock.monotonic
        let hasUnsent = program.hasUnsent
        var left = Self.batch
        hasMore = !program.consume { record in
            decoder.take(record)
            left -= 1
            return left > 0 && !decoder.hasQuestion
        }
        if !hasMore {
            // Now all is read that was told of these connections before they ended.
            if hasUnsent { program.consumeUnsent { decoder.take($0) } }
            decoder.note(allReadUntil: before)
        }
        if let containers { ask(containers) }
        return Self.batch - left
    }

    /// Whether the records wait until a container that has just started has its name.
    private func isPaused(for containers: ContainerWatch) -> Bool {
        guard namePause.isOn else { return false }
        return namePause.goesOn(
            now: Clock.monotonic, answers: containers.answers,
            isNamed: { decoder.containers?.knows($0) ?? true }, hasRoom: !program.isFilling)
    }

    /// Asks for containers that the runtime has not told of.
    private func ask(_ containers: ContainerWatch) {
        guard decoder.hasQuestion else { return }
        let asked = decoder.takeQuestions()
        guard !asked.isEmpty else { return }
        for id in asked { containers.ask(id) }
        namePause.begin(for: asked, made: decoder.lastRecordTime, answers: containers.answers)
    }

    private func noteLosses() {
        let now = program.counters()
        guard now != counters else { return }
        if now.ringFull > counters.ringFull {
            program.fetchUnsent()
            decoder.lost(Loss(.ringFull, count: now.ringFull &- counters.ringFull))
        }
        if now.mapFull > counters.mapFull {
            decoder.lost(Loss(.tableFull, count: now.mapFull &- counters.mapFull))
        }
        if now.secretsUnread > 0, counters.secretsUnread == 0 {
            Terminal.complain("a secret of TLS could not be read from a process; its connection stays closed")
        }
        counters = now
    }
}
