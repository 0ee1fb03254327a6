import Foundation
import TestSupport

/// A real store on a port of its own, that can go away and come back there.
final class StoreServer {
    enum Kind {
        case redis
        case nats
    }

    let port: Int
    private let kind: Kind
    private let folder: TemporaryFolder
    private var server: Child?

    init(_ kind: Kind, isUp: Bool = true) throws {
        self.kind = kind
        port = try Port.free()
        folder = try TemporaryFolder()
        if isUp { try start() }
    }

    var url: String { "nats://127.0.0.1:\(port)" }

    func start() throws {
        switch kind {
        case .redis:
            let program = try Programs.find("redis-server", package: "redis-server")
            // Its data outlive it, as a store's do.
            let child = try Child(
                program,
                [
                    "--port", "\(port)", "--bind", "127.0.0.1", "--dir", folder.path, "--save", "", "--appendonly",
                    "yes", "--appendfsync", "always",
                ])
            guard child.output.line(where: { $0.contains("Ready to accept connections") }) != nil else {
                throw Failed("redis-server does not start: \(child.output.text)")
            }
            server = child
        case .nats:
            let program = try Programs.find("nats-server", package: "nats-server")
            let child = try Child(program, ["-a", "127.0.0.1", "-p", "\(port)"])
            guard child.errors.line(where: { $0.contains("Server is ready") }) != nil else {
                throw Failed("nats-server does not start: \(child.errors.text)")
            }
            server = child
        }
    }

    func stop() throws {
        server?.signal(SIGTERM)
        _ = try server?.wait()
        server = nil
    }
}
