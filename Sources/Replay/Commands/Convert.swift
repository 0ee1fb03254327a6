import ArgumentParser
import Console
import Shared

/// `replay convert INPUT… OUTPUT`, writing a tape down in another form.
struct Convert: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
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
        let streamed = try StreamedInputs(inputs)
        defer { streamed.end() }
        try Input.check(streamed.paths)
        let secrets = try keys.read()
        // A trace keeps what it has; a block of secrets is a key log, which names the session of each.
        let placed = form == .pcapng && !plaintextOnly ? try PlacedSecrets.find(in: streamed.paths, secrets) : []
        let file = try OutputFile(output, option: "convert", isAllOrNothing: true)
        let result: (report: CaptureReport, strayEvents: UInt64, unplacedEvents: UInt64)
        do throws(Failure) {
            result =
                switch form {
                case .tape: try convert(streamed, secrets, placed, TraceRecorder(), to: file)
                case .jsonl: try convert(streamed, secrets, placed, TraceTextRecorder(), to: file)
                case .pcapng where !bothViews:
                    try convert(streamed, secrets, placed, MergedViews<PacketRecorder>(), to: file)
                case .pcapng: try convert(streamed, secrets, placed, PacketRecorder(), to: file)
                }
        } catch {
            file.discard()
            throw error
        }
        try file.commit()
        for line in result.report.complaints { Terminal.complain(line) }
        for file in result.report.files {
            if let original = file.original { Terminal.complain("\(file.name): a copy of \(original), written once") }
        }
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

    private func convert<Recorder: EventRecorder>(
        _ inputs: StreamedInputs, _ secrets: [TLSSecret], _ placed: [TLSSecret], _ recorder: Recorder,
        to file: OutputFile
    ) throws(Failure) -> (CaptureReport, strayEvents: UInt64, unplacedEvents: UInt64) {
        let report: CaptureReport
        if plaintextOnly {
            let plaintext = PlaintextRecorder(recorder, secrets)
            report = try WrittenTape.write(inputs.paths, names: inputs.names, plaintext, recorder, to: file) {
                plaintext.finish()
            }
        } else {
            let sink = WithSecrets(recorder, secrets, placed: placed)
            report = try WrittenTape.write(inputs.paths, names: inputs.names, sink, recorder, to: file) {}
        }
        return (report, recorder.strayEvents, recorder.unplacedEvents)
    }
}
