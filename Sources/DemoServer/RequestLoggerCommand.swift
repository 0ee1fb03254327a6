import ArgumentParser
import Console

/// `demo-server request-logger`: takes the requests that demo-server publishes, and keeps them in Redis.
struct RequestLoggerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "request-logger", abstract: "Keep the published requests in Redis until SIGTERM or SIGINT.",
        discussion: """
            Redis then has the list `requests`, newest first, and the hash `requests:count` with a counter for each \
            method and path.
            """)

    @Option(help: ArgumentHelp("(or NATS_URL; default: nats://127.0.0.1:4222)", valueName: "url"))
    var natsUrl: String?

    @Option(help: ArgumentHelp("(or REDIS_HOST; default: 127.0.0.1)", valueName: "host"))
    var redisHost: String?

    @Option(help: ArgumentHelp("(or REDIS_PORT; default: 6379)", valueName: "port"))
    var redisPort: String?

    func run() throws {
        let redis = RequestStore(
            host: Setting("--redis-host", "REDIS_HOST").text(redisHost) ?? "127.0.0.1",
            port: try Setting("--redis-port", "REDIS_PORT").port(redisPort, default: 6379))
        let nats = Setting("--nats-url", "NATS_URL").text(natsUrl) ?? "nats://127.0.0.1:4222"
        Interruption.listen()
        try RequestLogger(natsURL: nats, store: redis).run()
    }
}
