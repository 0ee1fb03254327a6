import ArgumentParser
import Console
import Hummingbird

/// `demo-server`: the HTTP service.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve HTTP or HTTPS until SIGTERM or SIGINT, then drain (the default).")

    @OptionGroup var address: AddressOptions
    @OptionGroup var certificate: CertificateOptions

    @Option(help: ArgumentHelp("Publish the requests there (or NATS_URL; default: nowhere).", valueName: "url"))
    var natsUrl: String?

    func run() async throws {
        let service = try HTTPService(address, defaultPort: 8080)
        let tls = try certificate.configuration()
        let publisher = try Setting("--nats-url", "NATS_URL").text(natsUrl).map(RequestPublisher.init(url:))
        let router = DemoRoutes.router(publisher: publisher)
        try await service.run(router, webSocket: WebSocketRoute(publisher: publisher), tls: tls)
        publisher?.finish()
    }
}
