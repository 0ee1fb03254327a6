import ArgumentParser
import Console
import Hummingbird

/// `demo-server health`: the health check of images that have no HTTP client.
struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health", abstract: "Ask GET /healthz; exit status 1 where it is not 200.")

    @OptionGroup var address: AddressOptions
    @OptionGroup var authority: AuthorityOptions

    func run() async throws {
        let service = try HTTPService(address, defaultPort: 8080)
        // Who listens on every address is asked on loopback.
        let host = service.host == "0.0.0.0" ? "127.0.0.1" : service.host
        let get = HTTPGet(host: host, port: service.port, path: "/healthz", fields: [], tls: try authority.context())
        let answer = try? await get.run(timeout: .seconds(2))
        guard answer?.status == 200 else { throw ExitCode(1) }
    }
}
