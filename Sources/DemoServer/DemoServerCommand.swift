import ArgumentParser
import Command

@main
struct DemoServerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo-server",
        abstract: "The services that Tapedeck is shown and tested with.",
        discussion: """
            Every setting is an environment variable, and an option that wins over it.

            EXAMPLES
              demo-server
                  Serves GET /, GET /healthz, POST /echo and GET /slow?ms=500 on port 8080, over HTTP/1.1 and HTTP/2,
                  and a WebSocket at /ws that echoes JSON.
              curl --http2-prior-knowledge --data '{"a":1}' http://127.0.0.1:8080/echo
                  Asks it over HTTP/2.
              NATS_URL=nats://127.0.0.1:4222 demo-server
                  Also publishes a message for each request, on the subject requests.
              demo-server request-logger --nats-url nats://127.0.0.1:4222 --redis-host 127.0.0.1
                  Keeps those messages in Redis.
              RATINGS_HOSTNAME=127.0.0.1 RATINGS_SERVICE_PORT=9083 demo-server bookinfo reviews --service-version v3
                  Plays a service of Istio's Bookinfo.

            EXIT STATUS
              0  done, after SIGTERM or SIGINT
              2  could not do what was asked
            """,
        version: ProgramVersion.full,
        subcommands: [ServeCommand.self, HealthCommand.self, RequestLoggerCommand.self, BookinfoCommand.self],
        defaultSubcommand: ServeCommand.self)

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            end(with: error)
        }
    }
}
