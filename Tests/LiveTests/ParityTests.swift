import Foundation
import TestSupport
import Testing
import Yams

extension Live {
    /// One scenario, seen by the profiler on the client's side, the server's and both, and by tcpdump.
    @Suite struct Parity {
        /// What a view can't know, and what is therefore not compared.
        ///
        /// This is the one place that says so.
        ///
        /// - Names: the client's view knows the client's ADI_PROFILE_NAME, the server's the server's, the pcap none: the
        ///   sources are merged into one, and destinations are not compared by name.
        /// - Types: whether a destination is a `process` is known only where it is profiled.
        /// - Times: a client and a server meet the same byte at different moments.
        /// - `generated_at`, pids, command lines, directions: whose they are depends on the side.
        static let unknowable: Set<String> = [
            "name", "image", "destination", "destination_type", "first_seen", "last_seen", "latency_ms",
            "first_byte_ms",
        ]

        enum View: String, CaseIterable { case client, server, both }

        struct Message: Hashable, Comparable, CustomStringConvertible {
            var description: String
            static func < (a: Message, b: Message) -> Bool { a.description < b.description }
        }

        /// HTTP messages of a log, one of each that two sides have seen.
        private static func messages(_ log: String, views: Int = 1) throws -> [Message] {
            let all = try Records.lines(LoggedEvent.self, log).filter { $0.eventType == "http" }.map {
                let text = [
                    $0.sourceIp ?? "", "\($0.sourcePort ?? 0)", $0.destIp ?? "", "\($0.destPort ?? 0)",
                    "\($0.bytes ?? 0)", $0.method ?? "",
                    $0.url ?? "", $0.statusCode.map(String.init) ?? "", $0.body ?? $0.bodyBase64 ?? "",
                    String(decoding: $0.payload, as: UTF8.self),
                ]
                return Message(description: text.joined(separator: " "))
            }
            let counts = Dictionary(all.map { ($0, 1) }, uniquingKeysWith: +)
            #expect(counts.values.allSatisfy { $0 % views == 0 }, "each side sees each message")
            return counts.flatMap { Array(repeating: $0.key, count: $0.value / views) }.sorted()
        }

        /// A value as text, with sorted keys.
        private static func canonical(_ value: Any) -> String {
            switch value {
            case let map as [String: Any]:
                "{"
                    + map.filter { !unknowable.contains($0.key) }.sorted { $0.key < $1.key }.map {
                        "\($0.key): \(canonical($0.value))"
                    }.joined(separator: ", ")
                    + "}"
            case let list as [Any]: "[" + list.map(canonical).joined(separator: ", ") + "]"
            default: "\(value)"
            }
        }

        /// The entries of a map without what a view can't know.
        private static func entries(_ map: String) throws -> [String] {
            let root = try #require(try Yams.load(yaml: map) as? [String: Any])
            let services = root["services"] as? [[String: Any]] ?? []
            return services.flatMap { service in
                ["endpoints", "connections"].flatMap { kind in
                    (service[kind] as? [[String: Any]] ?? []).map { entry in
                        kind + " " + canonical(entry.filter { !unknowable.contains($0.key) })
                    }
                }
            }.sorted()
        }

        private static func replay(_ run: LiveRun, _ input: String, _ name: String) throws -> (log: String, map: String)
        {
            let (log, map) = (run.path(name + ".log"), run.path(name + ".map"))
            let end = try Child(Programs.replay, [input, "-q", "--output", log, "--service-map", map]).wait()
            #expect(end.status == 0, "\(end.errors)")
            return (run.folder.text(name + ".log") ?? "", run.folder.text(name + ".map") ?? "")
        }

        @Test(arguments: View.allCases)
        func `live, replayed and captured by tcpdump is the same`(_ view: View) throws {
            let run = try LiveRun()
            try run.start()
            try run.waitUntilWatching()
            let scenario = try Scenario(run, clients: view != .server, servers: view != .client)
            let pcap = run.path("wire.pcap")
            let wiretap = try Wiretap(pcap, filter: scenario.filter)
            try scenario.play()
            try wiretap.stop()
            let outcome = try run.stop()
            expectBalance(outcome, bytes: nil)
            #expect(outcome.summary.lost.isEmpty)
            try run.expectReplayAgrees(outcome)

            let wire = try Self.replay(run, pcap, "wire")
            let live = try Self.messages(outcome.log, views: view == .both ? 2 : 1)
            #expect(live == (try Self.messages(wire.log)))
            #expect(live.count == 2 * scenario.exchanges)
            let (ours, theirs) = (try Self.entries(outcome.map), try Self.entries(wire.map))
            #expect(ours.filter { !theirs.contains($0) } == [], "only live")
            #expect(theirs.filter { !ours.contains($0) } == [], "only in tcpdump's capture")
            #expect(ours.count == theirs.count)
            let connections = try Records.lines(LoggedEvent.self, outcome.log).filter { $0.eventType == "connection" }
            let protocols = Set(connections.compactMap(\.protocol))
            #expect(protocols == scenario.protocols)
        }
    }
}

/// Servers on ports of the kernel's choice, and what their clients do.
private final class Scenario {
    private let run: LiveRun
    private let web: LocalServer, redis: LocalServer, nats: LocalServer, postgres: LocalServer
    private let clientsOptIn: Bool
    private let psql: String, curl: String, redisCLI: String
    let exchanges = 5
    let protocols: Set = ["redis", "nats", "postgres"]

    var filter: String { [web, redis, nats, postgres].map { "tcp port \($0.port)" }.joined(separator: " or ") }

    init(_ run: LiveRun, clients: Bool, servers optIn: Bool) throws {
        self.run = run
        clientsOptIn = clients
        curl = try Programs.find("curl", package: "curl")
        psql = try Programs.find("psql", package: "postgresql-client")
        redisCLI = try Programs.find("redis-cli", package: "redis-tools")
        for name in ["one.json", "two.json"] {
            try Data("{\"name\":\"\(name)\",\"n\":[1,2,3]}".utf8).write(to: URL(fileURLWithPath: run.path(name)))
        }
        func environment(_ name: String) -> [String: String] {
            run.environment(optedIn: optIn, ["ADI_PROFILE_NAME": name])
        }
        let port = try Port.free()
        web = try .start(
            "/usr/bin/python3",
            ["-m", "http.server", "\(port)", "--bind", "127.0.0.1", "--directory", run.folder.path], port: port,
            environment: environment("web"))
        redis = try .redis(environment: environment("redis"))
        nats = try .nats(environment: environment("nats"))
        postgres = try .postgres(environment: environment("postgres"))
    }

    private func client(_ name: String, _ program: String, _ arguments: [String]) throws {
        try run.launch(program, arguments, optedIn: clientsOptIn, environment: ["ADI_PROFILE_NAME": name]).succeed()
    }

    func play() throws {
        let web = "http://127.0.0.1:\(web.port)"
        try client("shop", curl, ["-s", web + "/one.json", web + "/two.json"])
        try client("shop", curl, ["-s", web + "/none"])
        try client("shop", curl, ["-s", "-d", "{\"a\":1}", "-H", "Content-Type: application/json", web + "/one.json"])
        try client("shop", curl, ["-s", "-I", web + "/two.json"])
        for command in [["set", "key", "value"], ["get", "key"]] {
            try client("shop", redisCLI, ["-h", "127.0.0.1", "-p", "\(redis.port)"] + command)
        }
        try client(
            "shop", "/bin/bash",
            [
                "-c",
                """
                exec 3<>/dev/tcp/127.0.0.1/\(nats.port); read -r info <&3
                printf 'CONNECT {"verbose":false}\\r\\nPUB greeting 5\\r\\nhello\\r\\nPING\\r\\n' >&3; read -r pong <&3
                """,
            ])
        try client(
            "shop", psql,
            ["-h", "127.0.0.1", "-p", "\(postgres.port)", "-U", "postgres", "-At", "-c", "select 1, 'two'", "postgres"])
    }
}
