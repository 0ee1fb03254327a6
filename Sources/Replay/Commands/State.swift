import ArgumentParser
import Command
import Console
import Glibc
import Shared

/// `replay state INPUT… -o FILE`, what was seen, to be joined with what others have seen.
struct State: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "state",
        abstract: "Write what tapes show as a state, which is small, holds no traffic, and can be joined with others.",
        discussion: """
            A state is an input as a tape is: of replay, of this command, and of those that read a map. What several states and tapes give \
            together does not depend on their order, and is what one run over all tapes gives, as long as no connection is on two of them. It \
            holds no body, no header and no value; docs/state.md has its form.
            """)

    @Argument(help: "Tapes and states to read; - is standard input.", completion: .file())
    var inputs: [String]

    @Option(name: [.short, .long], help: ArgumentHelp("Write to a file.", valueName: "file"), completion: .file())
    var output: String

    @OptionGroup var reading: ReadingOptions

    @OptionGroup var outcome: StatusOption

    @Flag(help: "Hide parts of paths that look like credentials.")
    var redact = false

    func run() throws {
        var replaying = try reading.replaying()
        replaying.options.redact = redact
        replaying.options.selection.status = try outcome.choice()
        replaying.makesState = true
        // When endpoints were asked for is kept, and no exchange is.
        replaying.options.journal = .first(0)
        if output == "-", isatty(STDOUT_FILENO) == 1 {
            throw Failure("--output -: a state is no text, and standard output is a terminal; name a file")
        }
        if let input = inputs.first(where: { OutputFile.takes(output, $0) }) {
            throw Failure("--output \(output): would overwrite the input \(input); choose another file")
        }
        let result = try replaying.run(inputs) { _ in true }
        let file = try OutputFile(output, option: "--output")
        let state = result.state ?? []
        try file.write(state.span.bytes)
        try file.commit()
        for line in result.capture.complaints { Terminal.complain(line) }
        if result.isLossy { throw ExitCode(1) }
    }
}
