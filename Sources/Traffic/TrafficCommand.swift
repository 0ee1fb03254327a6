import ArgumentParser
import Command

@main
struct TrafficCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "traffic",
        abstract: "Make known traffic: HTTP requests, PostgreSQL statements, Redis commands.",
        usage: """
            traffic [<options>]
            traffic scenario <name> [<options>]
            """,
        discussion: """
            Every setting is an environment variable, and an option that wins over it. A store without a host is left out.

            EXAMPLES
              traffic --total-requests 1000 --request-delay-ms 0
                  Asks the demo server on 127.0.0.1:8080, and says at the end what it did.
              TARGET_HOST=web REDIS_HOST=redis POSTGRES_HOST=postgres traffic --seed 7
                  Until Ctrl-C, with both stores; the same seed makes the same choices.
              ADI_PROFILE=local traffic --total-requests 500 --manifest truth.jsonl
                  Profiled, and written down for `replay grade`.

            EXIT STATUS
              0  done
              1  done, but requests failed or were left out
              2  could not do what was asked
            """,
        version: ProgramVersion.full,
        subcommands: [RunCommand.self, ScenarioCommand.self],
        defaultSubcommand: RunCommand.self)

    static func main() { runProgram { help(withOptionsOf: RunCommand.self) } }
}
