import ArgumentParser
import Glibc

@main
struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Read captures of network traffic: what talked to what, and what was said.",
        discussion: """
            EXAMPLES
              replay capture.pcap
                  Shows a summary and the service map.
              replay capture.pcapng.gz --output events.jsonl --service-map map.yaml
                  Writes the event log and the service map.
              tcpdump -i any -w - tcp | replay - --name 10.0.0.5=web --name 10.0.0.9:5432=orders-db
                  Reads what tcpdump captures until Ctrl-C, with names for addresses.
              replay rotated.pcap0 rotated.pcap1 --json
                  Reads files of a rotated capture as one, and prints the summary for programs.
              replay check Fixtures
                  Replays every fixture below a folder and compares with what is expected.

            EXIT STATUS
              0  done
              1  done, but something was lost (a file cut short, packets missing) or differs (check)
              2  could not do what was asked
            """,
        version: "0.1.0",
        subcommands: [Run.self, Check.self],
        defaultSubcommand: Run.self)

    static func main() {
        // Lists of dates and files must not depend on who runs this; the pipeline reads no locale.
        Interruption.listen()
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let failure as Failure {
            Terminal.complain(failure.description)
            Glibc.exit(2)
        } catch {
            let status = exitCode(for: error)
            // Help, a version, a completion script, or a status that a command has chosen.
            guard status == .validationFailure else { exit(withError: error) }
            Terminal.complain("\(message(for: error)); see replay --help")
            Glibc.exit(2)
        }
    }
}
