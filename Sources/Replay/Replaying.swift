import Console
import Shared

/// One run: inputs through the pipeline to the outputs that are wanted.
struct Replaying {
    /// How much of the event log is gathered before it is written.
    static let logBytes = 256 << 10

    var options = Profiler.Options()
    /// A tcpdump filter that says which packets of captures are looked at; `nil`: all.
    var filter: String?
    /// `nil`: on a thread of its own where that pays.
    var readsAhead: Bool?
    var showsProgress = false
    var observer: (any Sink)?
    /// The map says what the bodies of endpoints have in common.
    var withBodies = false
    /// Somebody watches the map while it grows.
    var watch: Watch?
    /// What was seen is wanted as a state, too.
    var makesState = false

    struct Result {
        var summary: Summary
        var map: ServiceMapDocument
        var capture: CaptureReport
        /// The file, where it is wanted.
        var state: [UInt8]?
        /// Where one was wanted.
        var archive: HARFile?
        /// Exchanges, operations and connections that found no room, where they are wanted one by one.
        var refusedSpans: UInt64
        /// The names of variables, by service.
        var variables: [String: Set<String>]
        /// With the values of variables: to be used and dropped.
        var surroundings: ServiceSurroundings
    }

    /// - Parameter names: what the inputs are called in the summary, if not by their paths.
    /// - Parameter environments: takes the environment file's bytes.
    /// - Parameter log: takes the event log's bytes; says whether anybody wants more.
    func run(
        _ paths: [String], names: [String]? = nil,
        environments: (RawSpan) throws(Failure) -> Void = { (_) throws(Failure) in },
        log: (RawSpan) throws(Failure) -> Bool
    ) throws(Failure) -> Result {
        let streamed = try StreamedInputs(paths, names: names)
        defer { streamed.end() }
        let (paths, names) = (streamed.paths, streamed.names)
        try Input.check(paths)
        let watch = watch
        let waitsOn = watch.map { watch in { watch.waitForMore() } }
        let inputs = try Inputs(paths, names: names, waitsOn: paths.count == 1 ? waitsOn : nil)
        if let filter, let state = inputs.states.first {
            throw Failure(
                "--filter \(filter): \(state.name) is a state, which has no packets; give the filter where it is made")
        }
        if options.selection.status != nil, let state = inputs.states.first {
            throw Failure(
                "--status: \(state.name) is a state, which has no exchanges one by one; give the status where it is made"
            )
        }
        if options.period != nil, let state = inputs.states.first {
            throw Failure(
                "--since, --until: \(state.name) is a state, which has no exchanges one by one; "
                    + "give the time where it is made")
        }
        let profiler = Profiler(options, observer: observer)
        var capture: CaptureReport
        if let watch {
            watch.begin { Watch.Seen(profiler.serviceMap(withBodies: true), profiler.summary) }
            capture = try read(inputs, into: PacedSink(profiler, watch), profiler, environments, log)
        } else {
            capture = try read(inputs, into: profiler, profiler, environments, log)
        }
        for state in inputs.states {
            let file = try state.add(to: profiler)
            capture.files.insert(file, at: min(state.place, capture.files.count))
        }
        watch?.stay()
        let whole = profiler.serviceMap(withBodies: withBodies)
        let map = whole.filtered(options.selection)
        capture.unfitting = whole.complaint(of: options.selection, leaving: map)
        var summary = profiler.summary
        summary.limits[.series] = map.folded
        return Result(
            summary: summary, map: map, capture: capture,
            state: makesState ? profiler.state(capture.source) : nil, archive: profiler.archive,
            refusedSpans: profiler.refusedSpans,
            variables: profiler.variables,
            surroundings: options.keepsPlaces ? profiler.surroundings : ServiceSurroundings())
    }

    /// Reads the tapes to their ends, or as far as is wanted.
    /// - Parameter sink: hands the events on to the profiler, if it is not that.
    private func read<Events: EventSink>(
        _ inputs: Inputs, into sink: Events, _ profiler: Profiler, _ environments: (RawSpan) throws(Failure) -> Void,
        _ log: (RawSpan) throws(Failure) -> Bool
    ) throws(Failure) -> CaptureReport {
        let (paths, names) = (inputs.tapes, inputs.tapeNames)
        let filter = filter.map { PacketFilter($0) }
        var tape = Tape(sink: sink, filter: filter)
        var progress = showsProgress && watch == nil ? ProgressBar(totalBytes: Input.fileBytes(paths)) : nil
        var calls: UInt64 = 0
        var isWanted = true
        func afterSome(_ readPackets: UInt64, _ readBytes: () -> UInt64) throws(Failure) -> Bool {
            if profiler.eventLogBytes >= Self.logBytes { isWanted = try drain(profiler, log) }
            if profiler.environmentBytes >= Self.logBytes { try drain(profiler, environments) }
            calls &+= 1
            if calls % 256 == 0 { progress?.update(readBytes: readBytes(), packets: readPackets) }
            if let watch {
                watch.look()
                return isWanted && !watch.isOver
            }
            return isWanted
        }
        if paths.count == 1 {
            let input = try inputs.only(readsAhead: readsAhead)
            try tape.read(input) { readPackets throws(Failure) in
                try afterSome(readPackets) { input.bytes.filePosition }
            }
        } else if !paths.isEmpty {
            var order = try InputOrder(
                paths, names: names, readsAhead: readsAhead, waitsOn: watch.map { watch in { watch.waitForMore() } })
            try tape.read(&order) { readPackets, order throws(Failure) in
                try afterSome(readPackets) { order.filePosition }
            }
        }
        progress = nil
        tape.finish()
        profiler.finish()
        _ = try drain(profiler, log)
        try drain(profiler, environments)
        return CaptureReport(tape, filter: filter, inputs: paths.count)
    }

    private func drain(_ profiler: Profiler, _ log: (RawSpan) throws(Failure) -> Bool) throws(Failure) -> Bool {
        var result = Swift.Result<Bool, Failure>.success(true)
        profiler.drainEventLog { bytes in
            do throws(Failure) {
                result = .success(try log(bytes))
            } catch {
                result = .failure(error)
            }
        }
        return try result.get()
    }

    private func drain(_ profiler: Profiler, _ environments: (RawSpan) throws(Failure) -> Void) throws(Failure) {
        var result = Swift.Result<Void, Failure>.success(())
        profiler.drainEnvironment { bytes in
            do throws(Failure) {
                try environments(bytes)
            } catch {
                result = .failure(error)
            }
        }
        try result.get()
    }
}
