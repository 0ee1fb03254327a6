import Foundation
import TestSupport
import Testing

/// The program against the real servers.
@Suite(.serialized) struct `Traffic` {
    private let folder: TemporaryFolder
    private let http: LocalServer

    init() throws {
        folder = try TemporaryFolder()
        http = try .demoServer()
    }

    private func traffic(_ arguments: [String], port: Int? = nil) throws -> Child {
        try Child(
            Programs.traffic, ["--http-port", "\(port ?? http.port)", "--request-delay-ms", "0"] + arguments)
    }

    private func report(_ end: Child.Outcome) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(end.output.utf8)) as? [String: Any], "\(end.errors)")
    }

    private func manifest(_ name: String) throws -> [[String: Any]] {
        try (folder.text(name) ?? "").split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    @Test func `drives all there is, and writes down what it did`() throws {
        let (postgres, redis) = (try LocalServer.postgres(), try LocalServer.redis())
        let path = folder.path + "/truth"
        let end = try traffic([
            "--total-requests", "240", "--seed", "5", "--json", "--manifest", path, "--postgres-host", "127.0.0.1",
            "--postgres-port", "\(postgres.port)", "--redis-host", "127.0.0.1", "--redis-port", "\(redis.port)",
        ]).succeed()
        let report = try report(end)
        let lines = try manifest("truth")
        func count(_ kind: String) -> Int { lines.count { $0["kind"] as? String == kind } }
        let done = { (name: String) in (report[name] as? [String: Any])?["done"] as? Int }
        #expect(done("http") == 100 && count("http") == 100)
        // The table is one statement more.
        #expect(done("postgres") == 80 && count("sql") == 81)
        #expect(done("redis") == 110 && count("redis") == 110)
        for (store, kind, code) in [("postgres", "sql", "22012"), ("redis", "redis", "ERR")] {
            #expect((report[store] as? [String: Any])?["expected_errors"] as? Int == 10)
            let operations = lines.filter { $0["kind"] as? String == kind }
            #expect(operations.allSatisfy { ["ok", "error"].contains($0["status"] as? String) })
            let errors = operations.filter { $0["status"] as? String == "error" }
            #expect(errors.count == 10 && errors.allSatisfy { $0["code"] as? String == code })
        }
        // The stores were empty: of what is told, the answers follow.
        let operations = lines.filter { $0["kind"] as? String == "sql" }
        let changed = { (verb: String) in
            operations.filter { $0["operation"] as? String == verb }.map { $0["affected"] as? Int }
        }
        #expect(changed("INSERT").count == 30 && changed("INSERT").allSatisfy { $0 == 1 })
        #expect(changed("SELECT").allSatisfy { $0 == 0 })
        #expect(operations.contains { ($0["rows"] as? Int ?? 0) > 0 })
        let gets = lines.filter { $0["operation"] as? String == "GET" }
        #expect(!gets.isEmpty && gets.allSatisfy { ($0["hits"] as? Int ?? 0) + ($0["misses"] as? Int ?? 0) == 1 })
        #expect(report["connections"] as? Int == count("connection"))
        let connections = lines.filter { $0["kind"] as? String == "connection" }
        #expect(Set(connections.compactMap { $0["protocol"] as? String }) == ["http", "postgres", "redis"])
        #expect(connections.allSatisfy { $0["end"] as? String == "orderly" })
        for (key, total) in [("bytes_sent", "sent_bytes"), ("bytes_received", "received_bytes")] {
            #expect(connections.reduce(0) { $0 + ($1[key] as? Int ?? 0) } == report[total] as? Int)
        }
        let exchanges = lines.filter { $0["kind"] as? String == "http" }
        #expect(exchanges.allSatisfy { $0["status"] as? Int == 200 })
        // What one connection carried is what its exchanges carried.
        let local = try #require(exchanges.first?["local"] as? String)
        let own = exchanges.filter { $0["local"] as? String == local }
        let sent = try #require(connections.first { $0["local"] as? String == local }?["bytes_sent"] as? Int)
        #expect(own.reduce(0) { $0 + ($1["request_bytes"] as? Int ?? 0) } == sent)
    }

    @Test func `asks over HTTP/2 and by a WebSocket, on a connection each`() throws {
        let path = folder.path + "/truth"
        let end = try traffic([
            "--total-requests", "90", "--seed", "3", "--concurrency", "2", "--manifest", path, "--json",
            "--http-protocols", "http/1.1,http/2,websocket",
        ]).succeed()
        let (report, lines) = (try report(end), try manifest("truth"))
        #expect((report["http"] as? [String: Any])?["done"] as? Int == 90)
        let connections = lines.filter { $0["kind"] as? String == "connection" }
        let protocols = connections.compactMap { $0["protocol"] as? String }
        #expect(protocols.count { $0 == "http" } == 4 && protocols.count { $0 == "http/2" } == 2)
        #expect(connections.allSatisfy { $0["end"] as? String == "orderly" })
        let said = lines.filter { $0["kind"] as? String == "websocket" }
        let exchanges = lines.filter { $0["kind"] as? String == "http" }
        let opened = exchanges.filter { $0["status"] as? Int == 101 }
        #expect(opened.count == 2)
        // A message and its answer, and two goodbyes a connection.
        #expect(exchanges.count - 2 + (said.count - 4) / 2 == 90)
        #expect(said.count > 8 && said.count { $0["opcode"] as? String == "close" } == 4)
        // What a connection of HTTP/2 carried beside messages keeps it going.
        let two = try #require(connections.first { $0["protocol"] as? String == "http/2" })
        let own = exchanges.filter { $0["local"] as? String == two["local"] as? String }
        let messages = own.reduce(0) { $0 + ($1["request_bytes"] as? Int ?? 0) }
        #expect(own.count > 5 && messages > 20 * own.count)
        // Its preface and SETTINGS at the least, and some frames a request at the most.
        let rest = (two["bytes_sent"] as? Int ?? 0) - messages
        #expect(rest > 24 && rest < 200 + 40 * own.count)
    }

    @Test func `ten thousand requests by 64 workers, and no error`() throws {
        let end = try traffic(["--total-requests", "10000", "--concurrency", "64", "--json"]).succeed()
        let http = try #require(report(end)["http"] as? [String: Any])
        #expect(http["done"] as? Int == 10_000)
        #expect(http["failed"] as? Int == 0)
    }

    @Test func `the same seed makes the same requests`() throws {
        func exchanges(_ seed: String, _ name: String) throws -> [String] {
            try traffic([
                "--total-requests", "60", "--seed", seed, "--concurrency", "1", "--manifest", folder.path + "/" + name,
            ]).succeed()
            return try manifest(name).filter { $0["kind"] as? String == "http" }.map {
                "\($0["method"] ?? "") \($0["path"] ?? "") \($0["request_body_sha256"] ?? "")"
            }
        }
        let first = try exchanges("9", "a")
        #expect(first.count == 60)
        #expect(try exchanges("9", "b") == first)
        #expect(try exchanges("10", "c") != first)
    }

    @Test func `a store that goes away is said once, and is used again when it is back`() throws {
        var redis: LocalServer? = try LocalServer.redis()
        let port = try #require(redis?.port)
        let path = folder.path + "/truth"
        let traffic = try traffic([
            "--redis-host", "127.0.0.1", "--redis-port", "\(port)", "--json", "--manifest", path, "--request-delay-ms",
            "1",
        ])
        func commands() -> Int { (folder.text("truth.partial") ?? "").split(separator: "\"kind\":\"redis\"").count }
        try eventually("commands") { commands() > 20 ? () : nil }
        try redis?.stop()
        redis = nil
        #expect(traffic.errors.line { $0.contains("redis 127.0.0.1:\(port) can't be used") } != nil)
        let before = commands()
        redis = try LocalServer.redis(port: port)
        #expect(traffic.errors.line { $0.contains("redis 127.0.0.1:\(port) can be used") } != nil)
        try eventually("commands again") { commands() > before + 20 ? () : nil }
        traffic.signal(SIGTERM)
        let end = try traffic.wait()
        #expect(end.status == 1)
        #expect(end.errors.split(separator: "can't be used").count == 2)
        let report = try report(end)
        #expect(report["interrupted"] as? Bool == true)
        #expect(report["skipped"] as? Int ?? 0 > 0)
        #expect(folder.names == ["truth"])
    }

    @Test func `a server that is not there yet is waited for`() throws {
        let port = try Port.free()
        let traffic = try traffic(["--total-requests", "20", "--json"], port: port)
        #expect(traffic.errors.line { $0.contains("http 127.0.0.1:\(port) can't be used: Connection refused") } != nil)
        let late = try LocalServer.demoServer(port: port)
        #expect(late.port == port)
        let end = try traffic.succeed()
        #expect(try (report(end)["http"] as? [String: Any])?["done"] as? Int == 20)
        #expect(end.errors.split(separator: "can't be used").count == 2)
    }

    @Test(arguments: [SIGINT, SIGTERM]) func `a signal ends it in order, with the report`(_ signal: Int32) throws {
        let traffic = try traffic(["--manifest", folder.path + "/truth"])
        try eventually("requests") { (folder.text("truth.partial") ?? "").isEmpty ? nil : () }
        traffic.signal(signal)
        let end = try traffic.wait()
        #expect(end.status == 0 && end.signal == 0)
        #expect(end.output.contains("then interrupted"))
        let connections = try manifest("truth").filter { $0["kind"] as? String == "connection" }
        #expect(connections.count == 4)
    }

    @Test func `waiting for a server ends by a signal, too`() throws {
        let traffic = try traffic([], port: Port.free())
        #expect(traffic.errors.line { $0.contains("can't be used") } != nil)
        traffic.signal(SIGINT)
        let end = try traffic.wait()
        #expect(end.status == 0 && end.signal == 0)
    }

    @Test func `why something fails is said once`() throws {
        let port = try Port.free()
        let other = try LocalServer.start(
            Programs.demoServer, ["bookinfo", "details", "--http-port", "\(port)"], port: port)
        let end = try traffic(["--total-requests", "50", "--json"], port: other.port).wait()
        #expect(end.status == 1)
        #expect(end.errors.split(separator: "\n").count == 1)
        #expect(end.errors.contains(": status 404; what else fails is only counted"))
        #expect(try (report(end)["http"] as? [String: Any])?["failed"] as? Int ?? 0 > 10)
    }

    @Test(
        arguments: [
            (["--http-port", "0"], [:], "--http-port 0: write a number, 1 to 65535"),
            ([], ["HTTP_PORT": "http"], "HTTP_PORT http: write a number, 1 to 65535"),
            ([], ["TOTAL_REQUESTS": "-1"], "TOTAL_REQUESTS -1: write a number, 0 or more"),
            ([], ["REQUEST_DELAY_MS": "soon"], "REQUEST_DELAY_MS soon: write a number, 0 to 3600000"),
            (["--concurrency", "0"], [:], "--concurrency 0: write a number, 1 to 1024"),
            ([], ["SEED": "x"], "SEED x: write a number, 0 or more"),
            ([], ["POSTGRES_PORT": "70000"], "POSTGRES_PORT 70000: write a number, 1 to 65535"),
            ([], ["REDIS_PORT": "r"], "REDIS_PORT r: write a number, 1 to 65535"),
            (["--manifest", "/nowhere/truth"], [:], "--manifest /nowhere/truth: can't be written"),
            (["--tls-authority", "/no"], [:], "TLS_AUTHORITY /no: can't be used"),
            (["--http-protocols", "http/3"], [:], "HTTP_PROTOCOLS http/3: http/3 is none; write some of http/1.1, "),
            ([], ["HTTP_PROTOCOLS": "http/2,"], "HTTP_PROTOCOLS http/2,: an empty name is none"),
            (["--speed", "9"], [:], "Unknown option '--speed'"),
        ] as [([String], [String: String], String)])
    func `a setting that can't be used is one line and status 2`(
        _ arguments: [String], _ environment: [String: String], _ reason: String
    ) throws {
        let end = try Child(Programs.traffic, arguments, environment: environment).wait()
        #expect(end.status == 2)
        #expect(end.output == "")
        #expect(end.errors.hasPrefix("traffic: \(reason)"), "\(end.errors)")
        #expect(end.errors.split(separator: "\n").count == 1)
    }
}
