import ArgumentParser
import Shared

/// `--env-output`, `--env-prefix` and `--redact`.
struct EnvironmentOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Write the environments of processes, YAML.", valueName: "file"),
        completion: .file())
    var envOutput: String?

    @Option(
        help: ArgumentHelp("Variables to keep, by prefix (default: all).", valueName: "a,b"))
    var envPrefix: String?

    @Flag(help: "Hide values that look like credentials.")
    var redact = false
}
