import ArgumentParser
import Command
import Console
import Shared

/// `replay paths INPUT…`, the templates of what was asked for.
struct Paths: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "paths",
        abstract: "Print the path templates of tapes, to be edited and given to --paths.",
        discussion: "A line each, with how many paths it stands for and why; what is given to --paths stays as it is.")

    @Argument(help: "Tapes to read; - is standard input.", completion: .file())
    var inputs: [String]

    @OptionGroup var reading: ReadingOptions

    @OptionGroup var filters: MapFilters

    func run() throws {
        var replaying = try reading.replaying()
        replaying.options.selection = try filters.selection()
        let result = try replaying.run(inputs) { _ in true }
        try StandardOutput.write(PathListing.text(result.map))
        for line in result.capture.complaints { Terminal.complain(line) }
        if result.isLossy { throw ExitCode(1) }
    }
}
