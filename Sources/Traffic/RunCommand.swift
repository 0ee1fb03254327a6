import ArgumentParser
import Console
import Glibc
import NIOSSL
import Shared
import Stores

/// `traffic`, until all requests are made or it is interrupted.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Make traffic (the default).")

    @Option(help: ArgumentHelp("The demo server (or TARGET_HOST; default: 127.0.0.1).", valueName: "host"))
    var targetHost: String?

    @Option(help: ArgumentHelp("Its port (or HTTP_PORT; default: 8080).", valueName: "port"))
    var httpPort: String?

    @Option(
        help: ArgumentHelp(
            "Talk to it over HTTPS, and believe whom this certificate vouches for, PEM (or TLS_AUTHORITY; unset: HTTP).",
            valueName: "file"), completion: .file())
    var tlsAuthority: String?

    @Option(
        help: ArgumentHelp(
            "How it is asked, in turn: http/1.1, http/2, websocket, with commas between (or HTTP_PROTOCOLS; "
                + "default: http/1.1).", valueName: "names"))
    var httpProtocols: String?

    @Option(help: ArgumentHelp("PostgreSQL (or POSTGRES_HOST; unset: left out).", valueName: "host"))
    var postgresHost: String?

    @Option(help: ArgumentHelp("Its port (or POSTGRES_PORT; default: 5432).", valueName: "port"))
    var postgresPort: String?

    @Option(help: ArgumentHelp("Its user (or POSTGRES_USER; default: postgres).", valueName: "name"))
    var postgresUser: String?

    @Option(help: ArgumentHelp("The user's password (better POSTGRES_PASSWORD).", valueName: "text"))
    var postgresPassword: String?

    @Option(help: ArgumentHelp("The database (or POSTGRES_DB; default: the user's name).", valueName: "name"))
    var postgresDb: String?

    @Option(help: ArgumentHelp("Redis (or REDIS_HOST; unset: left out).", valueName: "host"))
    var redisHost: String?

    @Option(help: ArgumentHelp("Its port (or REDIS_PORT; default: 6379).", valueName: "port"))
    var redisPort: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Steps in all (or TOTAL_REQUESTS; default: 0, until interrupted).", valueName: "number"))
    var totalRequests: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Pause of each worker behind a step (or REQUEST_DELAY_MS; default: 100).", valueName: "ms"))
    var requestDelayMs: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Workers, each with connections of its own (or CONCURRENCY; default: 4).", valueName: "number"))
    var concurrency: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Of the choices: the same seed makes the same (or SEED; default: any).", valueName: "number")
    )
    var seed: String?

    @Option(
        help: ArgumentHelp("Write down every exchange, JSON lines (or MANIFEST_PATH).", valueName: "file"),
        completion: .file())
    var manifest: String?

    @Flag(help: "Print the report as one JSON object.")
    var json = false

    func run() throws {
        let settings = try settings()
        let path = Setting("--manifest", "MANIFEST_PATH").text(manifest)
        let manifest = try path.map { path throws(Failure) in try Manifest(path) }
        let started = Clock.elapsed
        let tally = TrafficRun(settings, manifest).work()
        let report = TrafficReport(
            tally: tally, seed: settings.seed, duration: Clock.elapsed - started,
            wasInterrupted: Interruption.isRequested)
        let screen = path == "-" ? STDERR_FILENO : STDOUT_FILENO
        try StandardOutput.write(json ? report.json : report.text(Terminal.style(screen)), to: screen)
        try manifest?.finish()
        if tally.failed > 0 || tally.skipped > 0 { throw ExitCode(1) }
    }

    func settings() throws(Failure) -> TrafficSettings {
        let port = try Setting("--http-port", "HTTP_PORT").port(httpPort, default: 8080)
        let delay = try Setting("--request-delay-ms", "REQUEST_DELAY_MS").number(
            requestDelayMs, in: 0...3_600_000, default: 100)
        return TrafficSettings(
            host: Setting("--target-host", "TARGET_HOST").text(targetHost) ?? "127.0.0.1", port: Int(port),
            tls: try tls(),
            protocols: try HTTPProtocol.list(Setting("--http-protocols", "HTTP_PROTOCOLS").text(httpProtocols)),
            totalRequests: try Setting("--total-requests", "TOTAL_REQUESTS").number(
                totalRequests, in: 0...Int.max, default: 0),
            delay: .milliseconds(delay),
            concurrency: try Setting("--concurrency", "CONCURRENCY").number(concurrency, in: 1...1024, default: 4),
            seed: UInt64(
                try Setting("--seed", "SEED").number(seed, in: 0...Int.max, default: .random(in: 0...999_999))),
            postgres: try postgres(), redis: try redis())
    }

    private func tls() throws(Failure) -> NIOSSLContext? {
        guard let file = Setting("--tls-authority", "TLS_AUTHORITY").text(tlsAuthority) else { return nil }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .file(file)
        do { return try NIOSSLContext(configuration: configuration) } catch {
            throw Failure("TLS_AUTHORITY \(file): can't be used: \(error); write a PEM file")
        }
    }

    private func postgres() throws(Failure) -> PostgresAddress? {
        let port = try Setting("--postgres-port", "POSTGRES_PORT").port(postgresPort, default: 5432)
        guard let host = Setting("--postgres-host", "POSTGRES_HOST").text(postgresHost) else { return nil }
        let user = Setting("--postgres-user", "POSTGRES_USER").text(postgresUser) ?? "postgres"
        return PostgresAddress(
            host: host, port: port, user: user,
            password: Setting("--postgres-password", "POSTGRES_PASSWORD").text(postgresPassword) ?? "",
            database: Setting("--postgres-db", "POSTGRES_DB").text(postgresDb) ?? user)
    }

    private func redis() throws(Failure) -> (host: String, port: UInt16)? {
        let port = try Setting("--redis-port", "REDIS_PORT").port(redisPort, default: 6379)
        return Setting("--redis-host", "REDIS_HOST").text(redisHost).map { ($0, port) }
    }
}
