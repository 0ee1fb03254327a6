import ArgumentParser
import Command

@main
struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Read traces and captures of traffic: what talked to what, and what was said.",
        usage: """
            replay <inputs> ... [<options>]
            replay convert <inputs> ... <output> [--to <form>]
            replay check <folders> ... [--update] [--json] [--threads <number>]
            replay grade --manifest <file> <inputs> ... [--differences <number>]
            replay paths <inputs> ... [--paths <file>]
            replay explain <inputs> ... --connection <number>
            replay export <format> <inputs> ... [--output <file>]
            replay state <inputs> ... --output <file>
            replay query <query> <inputs> ... [--db <file>] [--json | --csv]
            replay diff <old> <new> [--json | --markdown | --sarif] [--ignore <file>]
            replay conditions verify --profile <file> <inputs> ... [--json | --sarif]
            replay ship <inputs> ... --to <url> [--spool <folder>]
            replay mcp <inputs> ...
            """,
        discussion: """
            EXAMPLES
              replay capture.pcap
                  Shows a summary and the service map.
              replay capture.pcapng.gz --output events.jsonl --service-map map.yaml
                  Writes the event log and the service map.
              tcpdump -i any -w - tcp | replay - --name 10.0.0.5=web
                  Reads what tcpdump captures until Ctrl-C, with a name for an address.
              replay capture.pcap --filter 'host 10.0.0.5 and not port 22'
                  Looks only at the packets that tcpdump would show.
              replay rotated.pcap* --json
                  Reads a rotated capture as one, and prints the summary for programs.
              replay convert trace.tape trace.pcapng
                  Makes a trace into something that Wireshark opens.
              replay check Fixtures
                  Replays every fixture below a folder and compares the outputs.
              replay paths capture.pcap > paths.txt
                  Prints the templates of paths, to be edited and given to --paths.
              replay explain capture.pcap --connection 7
                  Says why a connection became what it is.
              replay export schema capture.pcap -o schemas.json
                  Writes JSON Schemas of the bodies that were seen.
              replay state host-a.pcap -o a.state
                  Writes what was seen as a state; replay a.state b.state shows both as one.
              replay query 'SELECT * FROM exchanges WHERE total_ms > 100' capture.pcap
                  Asks in SQL for what was slow.
              replay diff main.tape branch.tape --markdown
                  Says what is new, gone or different, as a table for a pull request.
              replay conditions verify --profile web.yaml run.tape
                  Says what a workload declares and does not need, and what it needs and does not declare.
              replay export policies run.tape > policies.yaml
                  Drafts NetworkPolicies that allow what was seen.
              replay redact run.tape shared.tape
                  Writes a trace to be given away: without what looks like a credential.
              replay ship run.tape --to nats://10.0.0.5:4222
                  Sends a trace to a stream of NATS JetStream, which has those of many hosts.
              replay nats://10.0.0.5:4222
                  Reads all of them as one tape.
              replay grade --manifest truth.jsonl run.tape
                  Says how much of what really happened was seen, and how exactly.

            EXIT STATUS
              0  done
              1  done, but something was lost (a file cut short, packets missing), or
                 differs (check, diff, conditions), or is not as it really was (grade)
              2  could not do what was asked
            """,
        version: ProgramVersion.full,
        subcommands: [
            Run.self, Convert.self, Check.self, Grade.self, Paths.self, Explain.self, Export.self, State.self,
            Diff.self, Conditions.self, Query.self, Redact.self, Ship.self, MCP.self,
        ],
        defaultSubcommand: Run.self)

    static func main() { runProgram { help } }

    /// The command whose name is meant by a word that is none, if one is near: a letter more, less or other, or two in each
    /// other's place.
    static func command(meantBy word: String) -> String? {
        let names = configuration.subcommands.compactMap { $0.configuration.commandName }
        return names.first { isNear(Array(word.utf8), Array($0.utf8)) }
    }

    private static func isNear(_ word: [UInt8], _ name: [UInt8]) -> Bool {
        let start = zip(word, name).prefix { $0 == $1 }.count
        let (rest, other) = (word[start...], name[start...])
        let isSwapped =
            rest.count == other.count && rest.count >= 2
            && Array(rest.prefix(2).reversed()) + rest.dropFirst(2) == Array(other)
        return isSwapped || rest.dropFirst() == other || rest == other.dropFirst()
            || rest.count == other.count && rest.dropFirst() == other.dropFirst()
    }

    /// The command's help with the options of `run` in place: who leaves out the subcommand's name shall not have to
    /// know it for the help.
    static var help: String {
        let (own, run) = (helpMessage(), helpMessage(for: Run.self))
        guard let options = own.firstRange(of: "OPTIONS:"), let subcommands = own.firstRange(of: "SUBCOMMANDS:"),
            let arguments = run.firstRange(of: "ARGUMENTS:")
        else { return own + "\n" }
        return own[..<options.lowerBound] + run[arguments.lowerBound...] + "\n" + own[subcommands.lowerBound...] + "\n"
    }
}
