import Console
import Shared

/// A tape on its way from its inputs through a recorder into a file.
enum WrittenTape {
    /// How much is gathered before it is written.
    private static let blockBytes = 256 << 10

    /// Reads inputs as one tape, and writes what becomes of it to a file, which stays open.
    /// - Parameters:
    ///   - names: what the inputs are called, if not by their paths.
    ///   - sink: what hands the events on to the recorder.
    ///   - end: called when there are no more.
    static func write<Sink: EventSink, Recorder: EventRecorder>(
        _ inputs: [String], names: [String]? = nil, _ sink: Sink, _ recorder: Recorder, to file: OutputFile,
        end: () -> Void
    ) throws(Failure) -> CaptureReport {
        func afterSome() throws(Failure) -> Bool {
            if recorder.count >= blockBytes { try drain(recorder, to: file) }
            return !file.isAbandoned
        }
        let report = try read(inputs, names: names, sink, began: { recorder.begin($0) }, afterSome: afterSome)
        end()
        recorder.finish()
        try drain(recorder, to: file)
        return report
    }

    /// Reads inputs as one tape.
    /// - Parameters:
    ///   - names: what the inputs are called, if not by their paths.
    ///   - began: called with the tape's origin, before its first event; not where it is a trace, which has its own.
    ///   - afterSome: called now and then; `false`: no more is wanted.
    static func read<Sink: EventSink>(
        _ inputs: [String], names: [String]? = nil, _ sink: Sink, began: (TapeOrigin) -> Void = { _ in },
        afterSome: () throws(Failure) -> Bool = { () throws(Failure) in true }
    ) throws(Failure) -> CaptureReport {
        var tape = Tape(sink: sink)
        if inputs.count == 1 {
            let input = try Input.open(inputs[0], name: names?[0], headBytes: TapeOrigin.headBytes)
            if !input.isTrace { began(.converted(head: input.bytes.head, inputs: 1)) }
            try tape.read(input) { _ throws(Failure) in try afterSome() }
        } else {
            var order = try InputOrder(inputs, names: names)
            began(.converted(head: try order.head(), inputs: inputs.count))
            try tape.read(&order) { _, _ throws(Failure) in try afterSome() }
        }
        tape.finish()
        return CaptureReport(tape, inputs: inputs.count)
    }

    private static func drain(_ recorder: some EventRecorder, to file: OutputFile) throws(Failure) {
        var result = Swift.Result<Void, Failure>.success(())
        recorder.drain { bytes in
            do throws(Failure) {
                try file.write(bytes)
            } catch {
                result = .failure(error)
            }
        }
        try result.get()
    }
}
