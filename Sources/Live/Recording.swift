import Command
import Console
import Glibc
import Shared

/// What a capture feeds: the pipeline, its outputs, and the trace.
final class Recording: EventSink {
    /// How much of an output is gathered before it is written, if the timer doesn't come first.
    private static let gatheredBytes = 64 << 10

    let profiler: Profiler
    private let log: LiveOutput?
    private let environment: LiveOutput?
    private let map: MapWriter?
    private let mapPath: String?
    private let trace: LiveOutput?
    private var traceWriter = TraceWriter()
    /// As the trace has it.
    private let origin: TapeOrigin
    private let keepsSecretsOff: Bool
    private let rotation: LiveSettings.Rotation
    private let telemetry: OTLPSender?
    private var shipment: Shipment?
    private var telemetryPace = CopyPace(every: 5_000_000_000)
    private var hasNews = false
    private var mapPace = MapPace()
    /// Processor time that the last map took on this thread, nanoseconds.
    private var mapCost: Int64 = 0

    /// - Parameter beginning: when the tape begins; its end mark is promised.
    init(_ settings: LiveSettings, beginning: Timestamp) throws(Failure) {
        var options = Profiler.Options()
        options.environmentPrefixes = settings.environmentPrefixes
        options.redact = settings.redact
        options.fields = settings.fields
        if settings.rawPaths { options.paths = .raw }
        if settings.isWatched { options.journal = Watch.exchanges }
        options.statements = settings.statements
        options.housekeeping = settings.housekeeping
        options.limits.bodyBytes = settings.bodyLimit
        if settings.telemetry != nil { options.spans = OTLPSender.mostSpans }
        profiler = Profiler(options)
        let appends = settings.appends
        log = try LiveOutput(settings.outputPath, option: "OUTPUT_PATH (--output)", appends: appends)
        environment = try LiveOutput(
            settings.environmentPath, option: "ENV_OUTPUT_PATH (--env-output)", appends: appends)
        // Whether it can be written is found out before anything is attached.
        map = try settings.serviceMapPath.map { path throws(Failure) in try MapWriter(path, settings.fields) }
        mapPath = settings.serviceMapPath
        rotation = settings.rotation
        keepsSecretsOff = settings.keepsSecretsOffTrace
        trace = try settings.tracePath.map { path throws(Failure) in
            try LiveOutput(path, option: "--record", appends: false, stopsAtFailure: true)
        }
        telemetry = settings.telemetry.map { OTLPSender($0) }
        var random = SystemRandomNumberGenerator()
        let id = TapeID(high: random.next(), low: random.next())
        var origin = TapeOrigin(
            id: id, writer: "profiler", version: ProgramVersion.number, bringsSecrets: settings.kernel.takesSecrets)
        profiler.consume(CapturedEvent(beginning, .tape(origin)), payload: RawSpan())
        if keepsSecretsOff { origin.bringsSecrets = false }
        self.origin = origin
        if trace != nil { traceWriter.write(CapturedEvent(beginning, .tape(origin)), payload: RawSpan()) }
        if let shipping = settings.shipping {
            shipment = try Shipment(shipping, origin, beginning: beginning)
        } else {
            shipment = nil
        }
    }

    /// The capture begins: files of an earlier one make room.
    func begin() {
        for output in [log, environment, trace] { output?.begin() }
    }

    func consume(_ event: borrowing CapturedEvent, payload: RawSpan) {
        hasNews = true
        if trace != nil || shipment != nil, !isKeptOff(event) { record(event, payload) }
        profiler.consume(event, payload: payload)
        if profiler.eventLogBytes >= Self.gatheredBytes { flushLog() }
    }

    private func record(_ event: borrowing CapturedEvent, _ payload: RawSpan) {
        if trace != nil {
            traceWriter.write(event, payload: payload)
            if traceWriter.count >= Self.gatheredBytes { flushTrace() }
        }
        shipment?.write(event, payload: payload)
    }

    private func isKeptOff(_ event: borrowing CapturedEvent) -> Bool {
        guard keepsSecretsOff, case .secret = event.kind else { return false }
        return true
    }

    /// Writes what has gathered.
    func flush() {
        flushGrowing()
        rotate()
        let now = Clock.monotonic
        shipment?.flush(now: now, last: profiler.lastEvent) { profiler.restated() }
        guard hasNews, let map, !map.isWriting else { return }
        guard mapPace.isDue(now, cost: mapCost &+ map.cost) else { return }
        mapPace.wrote(now)
        hasNews = false
        writeMap()
    }

    /// The capture has come to its orderly end.
    /// - Parameter end: when it did.
    func finish(at end: Timestamp) {
        consume(CapturedEvent(end, .end), payload: RawSpan())
        profiler.finish()
        flushGrowing()
        map?.wait()
        writeMap()
        map?.wait()
        shipment?.end()
        telemetry?.end(MetricsServer.Seen(map: profiler.takeTelemetry(), summary: summary))
    }

    /// Sends what has come, where that is due.
    /// - Parameter now: by the monotonic clock, nanoseconds.
    func tell(_ now: Int64) {
        telemetry?.show(&telemetryPace, now: now, waiting: profiler.waitingSpans) {
            MetricsServer.Seen(map: profiler.takeTelemetry(), summary: summary)
        }
    }

    /// What the map says by now.
    var mapView: MapView { MapView(profiler.serviceMap()) }

    /// What was seen, and what the outputs had no room for.
    var summary: Summary {
        var summary = profiler.summary
        summary.unwritten[.eventLog] = UInt64(log?.lostBytes ?? 0)
        summary.unwritten[.environmentFile] = UInt64(environment?.lostBytes ?? 0)
        summary.unwritten[.serviceMap] = UInt64(map?.lostBytes ?? 0)
        summary.unwritten[.trace] = UInt64(trace?.lostBytes ?? 0)
        summary.unwritten[.telemetry] = telemetry?.lostBytes ?? 0
        if let telemetry { summary.rejected = telemetry.rejected }
        summary.unwritten[.shipment] = shipment?.lostBytes ?? 0
        return summary
    }

    private func flushGrowing() {
        flushTrace()
        flushLog()
        profiler.drainEnvironment { environment?.write($0) }
    }

    private func flushLog() { profiler.drainEventLog { log?.write($0) } }

    private func flushTrace() {
        guard let trace else { return }
        traceWriter.drain { trace.write($0) }
    }

    private func writeMap() {
        let before = Clock.threadProcessor
        map?.write(profiler.serviceMap())
        mapCost = Clock.threadProcessor &- before
    }

    // MARK: - Files

    /// The outputs that are files.
    var files: [CaptureStatus.File] {
        let growing: [(Summary.OutputKind, LiveOutput?)] = [(.eventLog, log), (.environmentFile, environment)]
        var files = growing.compactMap { kind, output in
            output.map { CaptureStatus.File(kind: kind, path: $0.path, bytes: UInt64(clamping: $0.size)) }
        }
        if let map, let mapPath {
            files.append(CaptureStatus.File(kind: .serviceMap, path: mapPath, bytes: UInt64(clamping: map.bytes)))
        }
        if let trace {
            files.append(CaptureStatus.File(kind: .trace, path: trace.path, bytes: UInt64(clamping: trace.size)))
        }
        return files.filter { $0.path != "-" }
    }

    /// Opens the growing files anew, where somebody has moved them away.
    func reopen() {
        log?.reopen()
        environment?.reopen()
        reopenTrace()
    }

    /// Looks whether the growing files are still there.
    func look() {
        for output in [log, environment, trace] { output?.look() }
        reopen()
    }

    /// Begins new files for those that are full.
    private func rotate() {
        for output in [log, environment, trace] {
            guard let output, output.isFull(rotation.bytes) else { continue }
            output.moveAway(keeping: rotation.kept)
        }
        if rotation.bytes != nil { reopen() }
    }

    /// The tape goes on in another file, which can be read alone; what was captured lies in the old one.
    private func reopenTrace() {
        guard let trace, !trace.isInPlace else { return }
        let now = profiler.lastEvent
        traceWriter.write(CapturedEvent(now, .end), payload: RawSpan())
        flushTrace()
        trace.reopen()
        traceWriter = TraceWriter()
        traceWriter.write(CapturedEvent(now, .tape(origin)), payload: RawSpan())
        for fact in profiler.restated() { traceWriter.write(CapturedEvent(now, fact), payload: RawSpan()) }
        flushTrace()
    }
}
