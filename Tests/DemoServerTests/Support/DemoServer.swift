import Foundation
import TestSupport

/// The program under test as a server, on a port of its own.
final class DemoServer {
    let child: Child
    let port: Int

    init(_ arguments: [String] = [], _ environment: [String: String] = [:]) throws {
        child = try Child(Programs.demoServer, arguments, environment: ["HTTP_PORT": "0"].merging(environment) { $1 })
        let line = child.errors.line { $0.contains("listening on 127.0.0.1:") }
        guard let port = line?.split(separator: ":").last.flatMap({ Int($0) }) else {
            throw Failed("demo-server does not listen: \(child.errors.text)")
        }
        self.port = port
    }

    /// One request on a connection of its own.
    func exchange(_ method: String, _ path: String, body: String? = nil) throws -> HTTPConnection.Response {
        try HTTPConnection(port).exchange(method, path, body: body)
    }

    func get(_ path: String) throws -> HTTPConnection.Response { try exchange("GET", path) }

    func post(_ path: String, _ body: String) throws -> HTTPConnection.Response {
        try exchange("POST", path, body: body)
    }

    /// Lines to standard error that contain a word.
    func lines(_ word: String) -> Int { child.errors.text.split(separator: "\n").count { $0.contains(word) } }

    func stop() throws -> Child.Outcome {
        child.signal(SIGTERM)
        return try child.wait()
    }
}
