import Foundation
import TestSupport
import Testing

/// What `replay export policies` and `export compose` write: against the schemas of Kubernetes and of compose, and against the traffic.
@Suite struct `Exported policies and compositions` {
    private let folder = TemporaryFolder()

    /// The fixtures' folders, with what reads each.
    private static func fixtures(_ groups: [String]) throws -> [(name: String, inputs: [String])] {
        try groups.flatMap { group in
            try FileManager.default.contentsOfDirectory(atPath: "Fixtures/\(group)").sorted().compactMap { name in
                let path = "Fixtures/\(group)/\(name)"
                let files = try FileManager.default.contentsOfDirectory(atPath: path)
                guard let tape = files.first(where: { $0.hasPrefix("input.") }) else { return nil }
                return (
                    "\(group)/\(name)",
                    ["\(path)/\(tape)"] + (files.contains("names") ? ["--names", "\(path)/names"] : [])
                )
            }
        }
    }

    @Test(.timeLimit(.minutes(30))) func `of networks are valid, and allow what was seen and nothing else`() throws {
        var arguments = [Oracles.script("policies.py")]
        for fixture in try Self.fixtures(["demo", "dns", "http", "nats", "other", "redis", "trace"]) {
            let own = "\(folder.path)/\(fixture.name.replacingOccurrences(of: "/", with: "-"))"
            try FileManager.default.createDirectory(atPath: own, withIntermediateDirectories: true)
            let outcome = try Executable.replay(["export", "policies"] + fixture.inputs + ["-o", "\(own)/"])
            #expect(outcome.status < 2 || outcome.errors.contains("show nothing"), "\(fixture): \(outcome.errors)")
            // There the log has the names that are known in the end.
            if fixture.name.hasPrefix("demo/") {
                #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(fixture): \(outcome.errors)")
                try FileManager.default.copyItem(
                    atPath: "Fixtures/\(fixture.name)/events.jsonl", toPath: "\(own)/events.jsonl")
            }
            arguments.append(own)
        }
        let outcome = try Child(try Oracles.python.get(), arguments, patience: 240).wait()
        #expect(outcome.status == 0, "\(outcome.errors)")
        var lines = outcome.output.split(separator: "\n").map(String.init)
        let counts = lines.popLast()?.split(separator: " ").compactMap { Int($0) } ?? []
        #expect(lines.isEmpty, "\(lines.joined(separator: "\n"))")
        #expect(counts.count == 2 && counts[0] > 40 && counts[1] > 60, "\(counts)")
    }

    @Test(.timeLimit(.minutes(30))) func `of services are valid, and have no circle`() throws {
        var arguments = [Oracles.script("compose.py")]
        for fixture in try Self.fixtures(["demo", "http", "nats", "other", "redis", "trace"]) {
            let file = "\(folder.path)/\(fixture.name.replacingOccurrences(of: "/", with: "-")).yaml"
            let outcome = try Executable.replay(["export", "compose"] + fixture.inputs + ["-o", file])
            #expect(outcome.status < 2, "\(fixture): \(outcome.errors)")
            arguments.append(file)
        }
        let outcome = try Child(try Oracles.python.get(), arguments, patience: 240).wait()
        #expect(outcome.status == 0, "\(outcome.errors)")
        var lines = outcome.output.split(separator: "\n").map(String.init)
        #expect(Int(lines.popLast() ?? "").map { $0 > 25 } == true, "\(outcome.output)")
        #expect(lines.isEmpty, "\(lines.joined(separator: "\n"))")
    }

    // MARK: Commands

    private static let shop = ["Fixtures/demo/shop/input.pcap", "--names", "Fixtures/demo/shop/names"]
    private static let live = ["Fixtures/demo/live/input.tape"]

    private func export(_ arguments: [String]) throws -> Executable.Outcome {
        try Executable.replay(["export"] + arguments)
    }

    @Test func `of networks go to one file, or each to its own`() throws {
        let all = try export(["policies"] + Self.shop)
        #expect(all.status == 0 && all.output.components(separatedBy: "\n---\n").count == 11)
        #expect(try export(["policies", "-o", "\(folder.path)/"] + Self.shop).status == 0)
        #expect(folder.names.count == 11 && folder.names.contains("orders.policy.yaml"))
        let one = try export(["policies", "--service", "orders"] + Self.shop)
        #expect(one.output == folder.text("orders.policy.yaml"))
        let labelled = try export(
            ["policies", "--service", "orders", "--label", "app.kubernetes.io/name"] + Self.shop)
        #expect(
            labelled.output
                == one.output.replacingOccurrences(of: "  app: ", with: "  app.kubernetes.io/name: ")
                .replacingOccurrences(of: "label app,", with: "label app.kubernetes.io/name,"))
        let wrong = try export(["policies", "--label", "a b"] + Self.shop)
        #expect(wrong.status == 2 && wrong.errors.contains("--label a b: is no key of a label"))
    }

    @Test func `of networks say what they can't say`() throws {
        // A state has no ports of HTTP.
        let state = "\(folder.path)/shop.state"
        #expect(try Executable.replay(["state"] + Self.shop + ["-o", state]).status == 0)
        let outcome = try export(["policies", state, "--service", "orders"])
        #expect(outcome.status == 1 && outcome.output.contains("app: postgres"))
        #expect(!outcome.output.contains("app: web"))
        #expect(outcome.errors.contains("left out: 3 destinations of which the port is not known"), "\(outcome.errors)")
        // Nobody has a name.
        let unnamed = try export(["policies", "Fixtures/demo/shop/input.pcap"])
        #expect(unnamed.errors.contains("without a name; --name and --names give one"), "\(unnamed.errors)")
    }

    @Test func `of services differ from a file, or do not`() throws {
        let file = folder.write(
            "compose.yaml",
            Array(
                """
                x-store: &store
                  image: redis
                  healthcheck: { test: ["CMD", "redis-cli", "ping"] }
                services:
                  redis:
                    <<: *store
                  nats: { image: nats, hostname: bus }
                  postgres: { image: postgres, healthcheck: { disable: true } }
                  http-service:
                    image: web
                    depends_on: [nats, redis]
                  request-logger:
                    image: log
                    depends_on: { nats: { condition: service_started } }
                  traffic-generator:
                    image: traffic
                    depends_on: [http-service]
                """.utf8))
        let fragment = "\(folder.path)/lacking.yaml"
        let outcome = try export(["compose"] + Self.live + ["--compare", file, "-o", fragment])
        #expect(outcome.status == 1 && outcome.errors.isEmpty)
        #expect(
            outcome.output == """
                http-service
                  - redis: declared, and never seen

                request-logger
                  + redis: seen, and not declared

                traffic-generator
                  + postgres: seen, and not declared
                  + redis: seen, and not declared

                4 differences

                """)
        let lacking = try #require(folder.text("lacking.yaml"))
        #expect(
            lacking.hasSuffix(
                """
                services:
                  request-logger:
                    depends_on:
                      redis:
                        condition: service_healthy
                  traffic-generator:
                    depends_on:
                      postgres:
                        condition: service_started
                      redis:
                        condition: service_healthy

                """), "\(lacking)")
        let json = try export(["compose"] + Self.live + ["--compare", file, "--json"])
        #expect(
            json.status == 1 && json.output.contains(#""rule": "dependency-not-seen""#)
                && json.output.contains(#""line": 11"#))
        // What the fragment of all says is declared then.
        let whole = "\(folder.path)/whole.yaml"
        #expect(try export(["compose"] + Self.live + ["-o", whole]).status == 0)
        let same = try export(["compose"] + Self.live + ["--compare", whole])
        #expect(same.status == 1 && same.output.contains("seen, and no service of \(whole):\n  nats\n"))
    }

    @Test(arguments: [
        ("services: {a: {extends: {service: b}}}", "a extends another service", "docker compose config"),
        ("include: [b.yaml]", "includes other files", "docker compose config"), ("a: 1", "has no services", ""),
        ("services: {a: {depends_on: 7}}", "depends_on of a is no list and no mapping", ""),
        ("services: [", "is no YAML", ""), ("services: {a: *b}", "refers to b, which is not there before it", ""),
    ])
    func `of services are refused for a reason`(_ text: String, _ reason: String, _ remedy: String) throws {
        let file = folder.write("compose.yaml", Array(text.utf8))
        let outcome = try export(["compose"] + Self.live + ["--compare", file])
        #expect(outcome.status == 2 && outcome.output.isEmpty && outcome.errors.contains("--compare \(file): line "))
        #expect(
            outcome.errors.contains(reason) && (remedy.isEmpty || outcome.errors.contains(remedy)), "\(outcome.errors)")
    }

    @Test func `of services take no file away`() throws {
        let file = folder.write("compose.yaml", Array("services: {a: {image: b}}".utf8))
        let outcome = try export(["compose"] + Self.live + ["--compare", file, "-o", file])
        #expect(outcome.status == 2 && outcome.errors.contains("would overwrite --compare"))
        #expect(folder.text("compose.yaml") == "services: {a: {image: b}}")
    }
}
