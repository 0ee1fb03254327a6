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

    struct Result {
        var summary: Summary
        var map: ServiceMapDocument
        var capture: CaptureReport
    }

    /// - Parameter names: what the inputs are called in the summary, if not by their paths.
    /// - Parameter environments: takes the environment file's bytes.
    /// - Parameter log: takes the event log's bytes; says whether anybody wants more.
    func run(
        _ paths: [String], names: [String]? = nil,
        environments: (RawSpan) throws(Failure) -> Void = { (_) throws(Failure) in },
        log: (RawSpan) throws(Failure) -> Bool
    ) throws(Failure) -> Result {
        try Input.check(paths)
        let profiler = Profiler(options, observer: observer)
        let filter = filter.map { PacketFilter($0) }
        var tape = Tape(sink: profiler, filter: filter)
        var progress = showsProgress ? ProgressBar(totalBytes: Input.fileBytes(paths)) : nil
        var calls: UInt64 = 0
        var isWanted = true
        func afterSome(_ readPackets: UInt64, _ readBytes: () -> UInt64) throws(Failure) -> Bool {
            if profiler.eventLogBytes >= Self.logBytes { isWanted = try drain(profiler, log) }
            if profiler.environmentBytes >= Self.logBytes { try drain(profiler, environments) }
            calls &+= 1
            if calls % 256 == 0 { progress?.update(readBytes: readBytes(), packets: readPackets) }
            return isWanted
        }
        if paths.count == 1 {
            let input = try Input.open(paths[0], name: names?[0], readsAhead: readsAhead)
            try tape.read(input) { readPackets throws(Failure) in
                try afterSome(readPackets) { input.bytes.filePosition }
            }
        } else {
            var order = try InputOrder(paths, names: names, readsAhead: readsAhead)
            try tape.read(&order) { readPackets, order throws(Failure) in
                try afterSome(readPackets) { order.filePosition }
            }
        }
        progress = nil
        tape.finish()
        profiler.finish()
        _ = try drain(profiler, log)
        try drain(profiler, environments)
        return Result(
            summary: profiler.summary, map: profiler.serviceMap(withBodies: withBodies),
            capture: CaptureReport(tape, filter: filter, inputs: paths.count))
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
