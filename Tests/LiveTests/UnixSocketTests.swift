import Foundation
import TestSupport
import Testing

extension Live {
    /// Streams over Unix sockets, which have neither addresses nor ports.
    @Suite struct `Unix sockets` {
        private func redis(_ run: LiveRun, optedIn: Bool) throws -> (child: Child, path: String) {
            let path = run.path("redis.sock")
            let program = try Programs.find("redis-server", package: "redis-server")
            let server = try run.launch(
                program, ["--port", "0", "--unixsocket", path, "--save", "", "--dir", run.folder.path], optedIn: optedIn
            )
            try eventually("redis") { run.folder.names.contains("redis.sock") ? () : nil }
            return (server, path)
        }

        private func ask(_ run: LiveRun, _ path: String, _ command: [String], optedIn: Bool = true) throws -> String {
            let program = try Programs.find("redis-cli", package: "redis-tools")
            return try run.launch(program, ["-s", path] + command, optedIn: optedIn).succeed().output
        }

        private struct Operations {
            var destination: String?
            var type: String?
            var counts: [String: Int] = [:]

            init(_ service: [String: Any]?) {
                let edges = service?["connections"] as? [[String: Any]] ?? []
                destination = edges.first?["destination"] as? String
                type = edges.first?["destination_type"] as? String
                for operation in edges.flatMap({ $0["operations"] as? [[String: Any]] ?? [] }) {
                    counts[operation["operation"] as? String ?? "", default: 0] += operation["count"] as? Int ?? 0
                }
            }
        }

        @Test(arguments: Hooks.allCases) func `are edges to their paths, with all that is said`(_ hooks: Hooks) throws {
            let run = try LiveRun(hooks)
            let (server, path) = try redis(run, optedIn: false)
            #expect(try ask(run, path, ["SET", "a", "1"]) == "OK\n")
            #expect(try ask(run, path, ["GET", "a"]) == "1\n")
            // Nothing of who has not opted in.
            #expect(try ask(run, path, ["SET", "hidden", "2"], optedIn: false) == "OK\n")
            let outcome = try run.stop()
            server.signal(SIGTERM)
            let operations = Operations(try outcome.services()["redis-cli"])
            #expect(operations.destination == path && operations.type == "external", "\(outcome.map)")
            #expect(operations.counts == ["SET": 1, "GET": 1])
            #expect(outcome.summary.connections.opened == 2)
            #expect(outcome.summary.connections.closed == ["orderly": 2])
            #expect(outcome.summary.bytes.gaps.isEmpty && outcome.summary.bytes.balanced && outcome.status == 0)
            #expect(outcome.placesOf("hidden") == [])
            try run.expectReplayAgrees(outcome)
        }

        @Test func `whose both sides are profiled are counted once, and go to the process that listens`() throws {
            let run = try LiveRun(.socket)
            let (server, path) = try redis(run, optedIn: true)
            for number in 0..<5 { #expect(try ask(run, path, ["SET", "a", "\(number)"]) == "OK\n") }
            let outcome = try run.stop()
            server.signal(SIGTERM)
            let operations = Operations(try outcome.services()["redis-cli"])
            #expect(operations.destination == "redis-server" && operations.type == "process", "\(outcome.map)")
            #expect(operations.counts == ["SET": 5])
            #expect(try outcome.services().count == 1, "\(outcome.map)")
            #expect(outcome.summary.connections.opened == 10)
            try run.expectReplayAgrees(outcome)
        }

        /// HTTP to a name that is no file; the host that curl makes up for it is nobody's.
        @Test func `have abstract names, and no host`() throws {
            let run = try LiveRun(.socket)
            let name = "tapedeck-\(run.tag)"
            let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(listener) }
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0[1...].copyBytes(from: Array(name.utf8)) }
            let length = socklen_t(MemoryLayout.offset(of: \sockaddr_un.sun_path)! + 1 + name.utf8.count)
            let bound = withUnsafePointer(to: address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, length) }
            }
            #expect(bound == 0 && listen(listener, 4) == 0)
            Thread.detachNewThread {
                let client = accept(listener, nil, nil)
                var bytes = [UInt8](repeating: 0, count: 4096)
                _ = recv(client, &bytes, bytes.count, 0)
                let answer = Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".utf8)
                _ = send(client, answer, answer.count, 0)
                close(client)
            }
            let curl = try Programs.find("curl", package: "curl")
            let client = try run.launch(
                curl, ["-s", "--abstract-unix-socket", name, "http://made-up.example/orders/17"], optedIn: true)
            #expect(try client.succeed().output == "ok")
            let outcome = try run.stop()
            let endpoints = try outcome.services()["curl"]?["endpoints"] as? [[String: Any]]
            #expect(endpoints?.map { $0["destination"] as? String } == ["@" + name], "\(outcome.map)")
            #expect(outcome.events.map(\.peer) == ["@" + name, "@" + name])
            try run.expectReplayAgrees(outcome)
        }
    }
}
