import Foundation

/// A server of the real thing on the loopback interface, which ends with its owner.
package final class LocalServer {
    package let port: Int
    package let child: Child
    /// Holds its files.
    private let folder: TemporaryFolder?

    private init(_ child: Child, port: Int, folder: TemporaryFolder? = nil) throws {
        self.child = child
        self.port = port
        self.folder = folder
        try Self.waitUntilListening(port, child)
    }

    deinit { try? stop() }

    package func stop() throws {
        guard child.isRunning else { return }
        child.signal(SIGINT)
        _ = try child.wait()
    }

    /// - Parameter environment: `ADI_PROFILE` for one that is profiled.
    package static func start(
        _ program: String, _ arguments: [String], port: Int, environment: [String: String] = [:]
    ) throws -> LocalServer {
        try LocalServer(Child(program, arguments, environment: environment), port: port)
    }

    package static func demoServer(port: Int? = nil, environment: [String: String] = [:]) throws -> LocalServer {
        let port = try port ?? Port.free()
        return try start(Programs.demoServer, ["--http-port", "\(port)"], port: port, environment: environment)
    }

    package static func redis(port: Int? = nil, environment: [String: String] = [:]) throws -> LocalServer {
        let port = try port ?? Port.free()
        return try start(
            Programs.find("redis-server", package: "redis-server"),
            ["--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"], port: port,
            environment: environment)
    }

    /// - Parameter streams: the folder of its streams (JetStream); `nil`: it has none.
    package static func nats(
        port: Int? = nil, streams: String? = nil, options: [String] = [], environment: [String: String] = [:]
    ) throws -> LocalServer {
        let port = try port ?? Port.free()
        let streams = streams.map { ["-js", "-sd", $0] } ?? []
        return try start(
            Programs.find("nats-server", package: "nats-server"),
            ["-a", "127.0.0.1", "-p", "\(port)"] + streams + options, port: port, environment: environment)
    }

    /// - Parameter certificate: of a server that speaks TLS; with its key.
    package static func postgres(
        environment: [String: String] = [:], certificate: [String] = []
    ) throws -> LocalServer {
        let (port, folder) = (try Port.free(), try TemporaryFolder())
        let child = try Child(
            "/bin/bash", [Programs.demo("postgres.sh"), folder.path + "/pg", "\(port)"] + certificate,
            environment: environment)
        let server = try LocalServer(child, port: port, folder: folder)
        // It listens before it lets anybody in.
        guard child.errors.line(where: { $0.contains("ready to accept connections") }) != nil else {
            throw Failed("postgres: \(child.errors.text)")
        }
        return server
    }

    /// Until somebody listens, as the kernel says: a probe would be a connection.
    package static func waitUntilListening(_ port: Int, _ server: Child) throws {
        let wanted = ":" + String(format: "%04X", port) + " 00000000:0000 0A"
        _ = try eventually("nobody listens on \(port): \(server.errors.text)", patience: 30) {
            guard server.isRunning else { throw Failed("no server on \(port): \(server.errors.text)") }
            return (try? String(contentsOfFile: "/proc/net/tcp", encoding: .utf8))?.contains(wanted) == true
                ? true : nil
        }
    }
}
