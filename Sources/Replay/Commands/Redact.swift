import ArgumentParser
import Command
import Console
import Glibc
import Shared

/// `replay redact INPUT… OUTPUT`, writing a trace that may be given away.
struct Redact: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "redact",
        abstract: "Write a trace without what looks like a credential, on any layer.",
        discussion: """
            What --redact hides in outputs is hidden in the trace itself: in environments, command lines, headers, queries, \
            bodies, statements and paths, by name and by form; and what proves who a client is in the logins of databases, caches, \
            message buses and proxies. Other bytes of the same length stand in its place, wherever \
            the value was said. What TLS carried is there in place of its records, without the secrets; of TLS that stays closed nothing is. \
            Where a value lies coded (header blocks of HTTP/2, compressed bodies), the stream's bytes become a gap, and so does \
            what stands beside a loss, of which nobody can say what it was (8 KiB of HTTP, 36 KiB of others). The trace gets its \
            name only after it was read again and no value was found. What has neither such a name nor such a form stays: look \
            at what you give away.
            """)

    @Argument(help: "Tapes to read, and the trace to write: .tape, or .jsonl.", completion: .file())
    var files: [String]

    @OptionGroup var keys: KeyOptions

    @Flag(help: "Say what was hidden as JSON.")
    var json = false

    func run() throws {
        guard files.count >= 2, let output = files.last else {
            throw Failure("redact needs an input and an output: replay redact run.tape shared.tape")
        }
        let inputs = Array(files.dropLast())
        guard let form = TapeForm(path: output), form != .pcapng else {
            throw Failure("\(output): redact writes a trace; end its name with .tape or .jsonl, and convert that")
        }
        for input in inputs where OutputFile.takes(output, input) {
            throw Failure("\(output): would overwrite the input \(input); choose another file")
        }
        guard !OutputFile.isDirect(output) else {
            throw Failure("\(output): is no file; redact reads what it has written, so name one")
        }
        let streamed = try StreamedInputs(inputs)
        defer { streamed.end() }
        try Input.check(streamed.paths)
        if let input = streamed.paths.first(where: { !Input.isFile($0) }) {
            throw Failure("\(input): is no file; redact reads its inputs several times, so write it to one first")
        }
        let (hidden, report) = try Redaction(inputs: streamed, secrets: try keys.read(), form: form).write(to: output)
        try StandardOutput.write(json ? hidden.json : hidden.text(output), to: STDOUT_FILENO)
        for line in report.complaints { Terminal.complain(line) }
        if report.isLossy { throw ExitCode(1) }
    }
}
