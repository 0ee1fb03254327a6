import ArgumentParser
import Console
import Glibc
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOSSL

/// Where a service listens.
struct AddressOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Listen there (or HTTP_HOST; default: 127.0.0.1).", valueName: "host"))
    var httpHost: String?

    @Option(help: ArgumentHelp("Listen there, 0 for a free port (or HTTP_PORT).", valueName: "port"))
    var httpPort: String?
}

/// An HTTP or HTTPS server that runs until SIGTERM or SIGINT and then drains: no new connection, open requests are answered.
struct HTTPService {
    let host: String
    let port: UInt16

    init(_ options: AddressOptions, defaultPort: UInt16) throws(Failure) {
        host = Setting("--http-host", "HTTP_HOST").text(options.httpHost) ?? "127.0.0.1"
        port = try Setting("--http-port", "HTTP_PORT").port(options.httpPort, lowest: 0, default: defaultPort)
    }

    /// - Parameters:
    ///   - webSocket: the route that becomes one; `nil`: there is none.
    ///   - tls: what it shows of itself; `nil`: it serves HTTP.
    func run(
        _ router: Router<BasicRequestContext>, webSocket: WebSocketRoute? = nil, tls: TLSConfiguration?
    ) async throws {
        var logger = Logger(label: "demo-server", factory: StreamLogHandler.standardError(label:))
        logger.logLevel = .error
        let server = HTTPServerBuilder { OpenPort($0, webSocket) }
        let app = Application(
            router: router,
            server: try tls.map { try .tls(server, tlsConfiguration: $0) } ?? server,
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: Int(port)), serverName: "demo-server"),
            onServerRunning: { channel in
                Terminal.complain("listening on \(host):\(channel.localAddress?.port ?? Int(port))")
            },
            logger: logger)
        do {
            try await app.runService()
        } catch let error as IOError where error.errnoCode == EADDRNOTAVAIL {
            throw noSuchHost
        } catch let error as IOError {
            let reason = String(cString: strerror(error.errnoCode))
            throw Failure("HTTP_PORT \(port): can't listen on \(host):\(port): \(reason); choose another port")
        } catch is SocketAddressError.UnknownHost {
            throw noSuchHost
        }
    }

    private var noSuchHost: Failure {
        Failure("HTTP_HOST \(host): is no address of this machine; write one, or 0.0.0.0 for all of them")
    }
}
