import ArgumentParser

@main
struct TrafficCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "traffic", abstract: "Make known traffic: HTTP requests, PostgreSQL statements, Redis commands.",
        version: "0.1.0",
        subcommands: [ScenarioCommand.self])
}
