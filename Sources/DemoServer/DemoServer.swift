import ArgumentParser
import Console
import Hummingbird
import Stores

@main
struct DemoServerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "demo-server", abstract: "Serve.")
}
