import ArgumentParser
import Command
import Console
import Glibc
import Shared

/// `replay mcp INPUT…`, what tapes show, for agents that ask by the Model Context Protocol.
struct MCP: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mcp",
        abstract: "Let an agent ask for what tapes show, by the Model Context Protocol.",
        discussion: """
            A client of the protocol starts this program and talks with it over standard input and output. The inputs are read at the first \
            question, and nothing is written; of a stream (nats://…) it is what was there when the program started. What looks like a credential is hidden.

            TOOLS
              list_services  who calls whom: the service map
              summary        what became of every byte
              query          one SELECT over messages, operations, connections and the map
              explain        why a connection or an endpoint became what it is
              diff           what differs between two of the inputs
              export         JSON Schema, OpenAPI, AsyncAPI, .proto, policies, compose, Mermaid, DOT

            EXAMPLES
              { "mcpServers": { "tapedeck": { "command": "tapedeck", "args": ["mcp", "run.tape"] } } }
                  How many clients are told of it, in their settings.
            """)

    @Argument(help: "Tapes, states and streams.", completion: .file())
    var inputs: [String]

    @Flag(help: "Keep what looks like a credential.")
    var credentials = false

    @OptionGroup var reading: ReadingOptions

    /// Bytes of a message; a longer one is refused.
    static let mostBytes = 1 << 20

    func run() throws {
        guard !inputs.contains("-") else {
            throw Failure("mcp: standard input is where the agent asks; name files")
        }
        let recordings = try inputs.map { input throws(Failure) in try MCPRecording(input) }
        try Input.check(recordings.flatMap(\.streamed.paths))
        var replaying = try reading.replaying()
        replaying.showsProgress = false
        replaying.options.redact = !credentials
        let server = MCPServer(MCPTools(recordings, replaying))
        var lines = InputLines(most: Self.mostBytes)
        while let line = lines.next() {
            let answer: String?
            switch line {
            case .whole(let bytes): answer = server.answer(to: bytes)
            case .tooLong: answer = MCPServer.refusal(of: Self.mostBytes)
            }
            guard let answer else { continue }
            guard try StandardOutput.offer(answer + "\n") else { return }
        }
    }
}
