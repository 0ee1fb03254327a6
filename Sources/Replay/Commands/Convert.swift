import ArgumentParser
import Console
import Shared

/// `replay convert INPUT… OUTPUT`, writing a tape down in another form.
struct Convert: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a tape down in another form.",
        discussion: """
            Inputs are traces and captures, told apart by their content; several are read as one tape. The output's name \
            says its form: .tape is what profiler records, .jsonl is the same as text, to be read and edited, .pcapng is \
            for Wireshark. A replay of a trace gives what a replay of the captures gives that it was made from. Packets \
            in a .pcapng are made up from the streams; processes are comments on them, and what both sides of a connection \
            have seen is there once.
            """)

    @Argument(help: "Tapes to read (- is standard input), and the file to write (- is standard output).")
    var files: [String]

    @Option(
        help: ArgumentHelp("Write this form, whatever the output's name: tape, jsonl or pcapng.", valueName: "form"))
    var to: String?

    @OptionGroup var keys: KeyOptions

    @Flag(help: "Write what TLS carried in place of its bytes, and no secrets.")
    var plaintextOnly = false

    @Flag(help: "Write to a .pcapng what both sides of a connection have seen twice, each on an interface of its own.")
    var bothViews = false

    func run() throws {
        guard files.count >= 2, let output = files.last else {
            throw Failure("convert needs an input and an output: replay convert capture.pcap trace.tape")
        }
        let inputs = Array(files.dropLast())
        let form = try form(output)
        guard !bothViews || form == .pcapng else {
            throw Failure("--both-views: a trace has both views; leave it out, or write a .pcapng")
        }
        for input in inputs where output != "-" && OutputFile.takes(output, input) {
            throw Failure("\(output): would overwrite the input \(input); choose another file")
        }
        try Input.check(inputs)
        let secrets = try keys.read()
        let file = try OutputFile(output, option: "convert")
        let result: (report: CaptureReport, strayEvents: UInt64, unplacedEvents: UInt64)
        do throws(Failure) {
            result =
                switch form {
                case .tape: try convert(inputs, secrets, TraceRecorder(), to: file)
                case .jsonl: try convert(inputs, secrets, TraceTextRecorder(), to: file)
                case .pcapng where !bothViews:
                    try convert(inputs, secrets, MergedViews<PacketRecorder>(), to: file)
                case .pcapng: try convert(inputs, secrets, PacketRecorder(), to: file)
                }
        } catch {
            file.discard()
            throw error
        }
        try file.commit()
        for line in result.report.complaints { Terminal.complain(line) }
        if result.strayEvents > 0 {
            let events = Quantity.count(result.strayEvents, "event")
            Terminal.complain("\(output): without \(events) of connections that are not open")
        }
        if result.unplacedEvents > 0 {
            let events = Quantity.count(result.unplacedEvents, "event")
            Terminal.complain(
                "\(output): without \(events) of Unix sockets, names and secrets of no session, which stay in a trace"
            )
        }
        if result.report.isLossy || result.strayEvents > 0 || result.unplacedEvents > 0 { throw ExitCode(1) }
    }

    private func form(_ output: String) throws(Failure) -> TapeForm {
        let forms = TapeForm.allCases.map(\.rawValue).joined(separator: ", ")
        if let to {
            guard let form = TapeForm(rawValue: to) else { throw Failure("--to \(to): is none of \(forms)") }
            return form
        }
        guard let form = TapeForm(path: output) else {
            throw Failure("\(output): its name says no form; end it with .tape, .jsonl or .pcapng, or use --to")
        }
        return form
    }

    /// How much is gathered before it is written.
    private static let blockBytes = 256 << 10

    private func convert<Recorder: EventRecorder>(
        _ inputs: [String], _ secrets: [TLSSecret], _ recorder: Recorder, to file: OutputFile
    ) throws(Failure) -> (CaptureReport, strayEvents: UInt64, unplacedEvents: UInt64) {
        let report: CaptureReport
        if plaintextOnly {
            let plaintext = PlaintextRecorder(recorder, secrets)
            report = try Self.read(inputs, plaintext, recorder, to: file) { plaintext.finish() }
        } else {
            report = try Self.read(inputs, WithSecrets(recorder, secrets), recorder, to: file) {}
        }
        return (report, recorder.strayEvents, recorder.unplacedEvents)
    }

    /// - Parameter sink: what hands the events on to the recorder.
    /// - Parameter end: called when there are no more.
    private static func read<Sink: EventSink, Recorder: EventRecorder>(
        _ inputs: [String], _ sink: Sink, _ recorder: Recorder, to file: OutputFile, end: () -> Void
    ) throws(Failure) -> CaptureReport {
        var tape = Tape(sink: sink)
        func afterSome() throws(Failure) -> Bool {
            if recorder.count >= blockBytes { try drain(recorder, to: file) }
            return !file.isAbandoned
        }
        if inputs.count == 1 {
            let input = try Input.open(inputs[0], headBytes: TapeOrigin.headBytes)
            if !input.isTrace { recorder.begin(.converted(head: input.bytes.head, inputs: 1)) }
            try tape.read(input) { _ throws(Failure) in try afterSome() }
        } else {
            var order = try InputOrder(inputs)
            recorder.begin(.converted(head: try order.head(), inputs: inputs.count))
            try tape.read(&order) { _, _ throws(Failure) in try afterSome() }
        }
        tape.finish()
        end()
        recorder.finish()
        try drain(recorder, to: file)
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
