import ArgumentParser
import Command
import Console
import Glibc
import Shared

/// `replay paths INPUT…`, the templates of what was asked for.
struct Paths: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the path templates of tapes, to be edited and given to --paths.",
        discussion: "A line each, with how many paths it stands for and why; what is given to --paths stays as it is.")

    @Argument(help: "Tapes to read; - is standard input.", completion: .file())
    var inputs: [String]

    @OptionGroup var names: NameOptions

    @OptionGroup var paths: PathOptions

    @OptionGroup var keys: KeyOptions

    @OptionGroup var period: PeriodOptions

    func run() throws {
        var replaying = Replaying()
        replaying.options.names = try names.read()
        replaying.options.paths = try paths.read()
        replaying.options.secrets = try keys.read()
        replaying.options.period = try period.read()
        replaying.options.eventLog = false
        replaying.options.environments = false
        let result = try replaying.run(inputs) { _ in true }
        try StandardOutput.write(PathListing.text(result.map), to: STDOUT_FILENO)
        for line in result.capture.complaints { Terminal.complain(line) }
        if result.isLossy { throw ExitCode(1) }
    }
}
