import ArgumentParser
import Console
import Glibc
import Shared

/// `traffic scenario NAME`, one of the cases that break tools like Tapedeck.
struct ScenarioCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scenario",
        abstract: "Play one of the cases that break such tools, with a manifest of what really happened.",
        discussion: """
            The server is a process of its own (but for fd-reuse), on loopback, on a port of the kernel's choice. It inherits \
            ADI_PROFILE; its ADI_PROFILE_NAME is the client's with -server behind it.

            EXAMPLES
              traffic scenario --list
              ADI_PROFILE=local traffic scenario gzip --manifest truth.jsonl
              replay grade --manifest truth.jsonl run.tape
            """)

    @Argument(help: "Which one; --list shows all.")
    var name: String?

    @Flag(help: "List the scenarios.")
    var list = false

    @Option(help: ArgumentHelp("Write what really happened to a file, as JSON lines.", valueName: "file"))
    var manifest: String?

    @Option(
        help: ArgumentHelp("Of the bodies: the same seed makes the same (or SEED; default: 1).", valueName: "number"))
    var seed: String?

    /// The part that this process plays in another's scenario.
    @Option(help: .hidden)
    var part: Child.Part?

    @Option(help: .hidden)
    var server: String?

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        // Half a scenario is none: there is nothing to be written out whole.
        for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
        if list { return try StandardOutput.write(Self.listing) }
        guard let name else { throw Failure("which scenario? traffic scenario --list shows all") }
        let scenario = try Scenario.named(name)
        let seed = try Setting("--seed", "SEED").number(seed, in: 0...Int.max, default: 1)
        let content = SeededContent(seed: UInt64(seed))
        switch part {
        case nil: try play(scenario, content)
        case .server: try Server.run(scenario, content)
        case .victim:
            guard let server = server.flatMap({ Endpoint($0) }) else { throw Failure("--server: is no endpoint") }
            try Endings.playVictim(server)
        }
    }

    private func play(_ scenario: Scenario, _ content: SeededContent) throws(Failure) {
        do throws(Failure) {
            let manifest = try manifest.map { path throws(Failure) in try Manifest(path) }
            let stage = try Stage(scenario, content, manifest: manifest)
            try scenario.play(stage)
            try stage.server.finish()
            try manifest?.finish()
            let tally = stage.tally
            try StandardOutput.write(
                """
                scenario \(scenario.name): \(Quantity.count(tally.connections, "connection")), \
                \(Quantity.count(tally.exchanges, "exchange")), \(Quantity.bytes(tally.sent)) sent, \
                \(Quantity.bytes(tally.received)) received

                """)
        } catch {
            throw Failure("scenario \(scenario.name): \(error)")
        }
    }

    private static var listing: String {
        let width = Scenario.all.map(\.name.count).max() ?? 0
        return Scenario.all.map { scenario in
            let gap = String(repeating: " ", count: width - scenario.name.count + 2)
            return "\(scenario.name)\(gap)\(scenario.summary)\n"
        }.joined()
    }
}

extension Child.Part: ExpressibleByArgument {}
