import ArgumentParser
import Console
import Hummingbird

/// `demo-server`: the HTTP service.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve HTTP until SIGTERM or SIGINT, then drain (the default).")

    @OptionGroup var address: AddressOptions

    @Option(help: ArgumentHelp("Publish the requests there (or NATS_URL; default: nowhere).", valueName: "url"))
    var natsUrl: String?

    func run() async throws {
        let service = try HTTPService(address, defaultPort: 8080)
        let publisher = try Setting("--nats-url", "NATS_URL").text(natsUrl).map(RequestPublisher.init(url:))
        let router = DemoRoutes.router(publisher: publisher)
        try await service.run(router)
        publisher?.finish()
    }
}
