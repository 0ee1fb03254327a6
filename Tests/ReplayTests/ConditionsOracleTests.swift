import Foundation
import TestSupport
import Testing

/// `replay export conditions` as a command; and what it writes against the form of the specification, by jsonschema.
@Suite struct `Exported conditions` {
    static let live = "Fixtures/demo/live/input.tape"
    static let shop = ["Fixtures/demo/shop/input.pcap", "--names", "Fixtures/demo/shop/names"]

    static func uri(_ name: String) -> [String] { ["--workload-uri", "\(name)=https://example.org/\(name)"] }

    private let folder = TemporaryFolder()

    private func export(_ arguments: [String]) throws -> Executable.Outcome {
        try Executable.replay(["export", "conditions"] + arguments)
    }

    @Test(.timeLimit(.minutes(30))) func `are valid, whatever the tape is`() throws {
        let python = try Oracles.python.get()
        var arguments = [Oracles.script("conditions.py")]
        let root = FileManager.default.currentDirectoryPath + "/Fixtures"
        for group in ["demo", "grpc", "http", "nats", "redis", "postgres", "trace"] {
            for name in try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(group)").sorted() {
                let fixture = "\(root)/\(group)/\(name)"
                let files = try FileManager.default.contentsOfDirectory(atPath: fixture)
                guard let tape = files.first(where: { $0.hasPrefix("input.") }) else { continue }
                let names = files.contains("names") ? ["--names", "\(fixture)/names"] : []
                // Most were captured on loopback.
                let inputs = ["\(fixture)/\(tape)"] + (names.isEmpty ? ["--name", "127.0.0.1=app"] : names)
                let services = [
                    "app", "web", "orders", "catalog", "mailer", "visitors", "traffic-generator", "request-logger",
                ]
                let outcome = try export(
                    inputs + services.flatMap { Self.uri($0) } + ["-o", "\(folder.path)/\(group)-\(name)/"])
                #expect(outcome.status >= 0 && outcome.status <= 2, "\(fixture): \(outcome.errors)")
                let written =
                    (try? FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/\(group)-\(name)")) ?? []
                #expect(outcome.status == 2 || !written.isEmpty, "\(fixture): \(outcome.errors)")
                arguments += written.filter { !$0.hasSuffix(".evidence.yaml") }.sorted()
                    .map { "\(folder.path)/\(group)-\(name)/\($0)" }
            }
        }
        let outcome = try Child(python, arguments, patience: 120).wait()
        #expect(outcome.status == 0, "\(outcome.errors)")
        var lines = outcome.output.split(separator: "\n").map(String.init)
        #expect(Int(lines.popLast() ?? "").map { $0 > 50 } == true)
        #expect(lines.isEmpty, "\(lines.joined(separator: "\n"))")
    }

    @Test func `of the demo hold no value of its environment`() throws {
        let services = ["traffic-generator", "http-service", "request-logger"]
        let outcome = try export([Self.live] + services.flatMap { Self.uri($0) } + ["-o", folder.path])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(folder.names == services.flatMap { ["\($0).evidence.yaml", "\($0).yaml"] }.sorted())
        let environment = "\(folder.path)/environment"
        #expect(try Executable.replay([Self.live, "--quiet", "--env-output", environment]).status == 0)
        let text = try #require(folder.text("environment"))
        let values = Set(text.matches(of: /^  \w+: "(.*)"$/.anchorsMatchLineEndings()).map { String($0.1) })
            .filter { $0.count > 2 }.subtracting(services).subtracting(["redis", "nats", "postgres", "120"])
        try #require(values.contains("127.0.0.1") && values.contains("31434") && values.count >= 8)
        for file in folder.names where file.hasSuffix(".yaml") {
            let written = try #require(folder.text(file))
            for value in values { #expect(!written.contains(value), "\(file): \(value)") }
        }
        let status = try FileManager.default.attributesOfItem(atPath: "\(folder.path)/http-service.yaml")
        #expect(status[.posixPermissions] as? Int == 0o600)
    }

    @Test func `go to a file, with what they rest on beside it`() throws {
        let file = "\(folder.path)/web.yml"
        let outcome = try export(Self.shop + Self.uri("web") + ["-o", file])
        #expect(outcome.status == 0 && outcome.output.isEmpty, "\(outcome.errors)")
        #expect(folder.names == ["web.evidence.yaml", "web.yml"])
        let printed = try export(Self.shop + Self.uri("web"))
        #expect(printed.output == folder.text("web.yml") && printed.errors.contains("--output FILE"))
    }

    @Test func `that can't say all end with 1, and tell`() throws {
        let outcome = try export(Self.shop + Self.uri("orders") + ["-o", "\(folder.path)/orders.yaml"])
        #expect(outcome.status == 1 && outcome.errors.contains("orders: 1 dependency or operation can't be said"))
        #expect(folder.text("orders.evidence.yaml")?.contains("no vocabulary has amqp") == true)
        let some = try export(Self.shop + Self.uri("web") + Self.uri("postgres") + ["-o", "\(folder.path)/two/"])
        #expect(some.status == 1 && some.errors.contains("no profile: postgres was not seen to call anybody"))
        #expect(folder.names == ["orders.evidence.yaml", "orders.yaml", "two"])
    }

    @Test(arguments: [
        ([], "--workload-uri is missing", "seen were catalog, mailer, orders, visitors, web"),
        (["--workload-uri", "web"], "no `=`", "write --workload-uri"), (["--workload-uri", "=x"], "no `=`", ""),
        (["--workload-uri", "web="], "no URI", ""), (["--workload-uri", "web=https://a b"], "no URI", "blanks"),
        (["--workload-uri", "web=x"], "no URI", "write --workload-uri web=https://example.org/shop/web"),
        (["--workload-uri", "web=git@example.org:shop/web"], "no URI", "scheme"),
        (["--workload-uri", "web=https://example.org/%zz"], "no URI", ""),
        (["--workload-uri", "web=urn:"], "no URI", ""), (["--workload-uri", "web=https://[::1/"], "no URI", ""),
        (["--workload-uri", "web=https://::1]/"], "no URI", ""),
        (["--workload-uri", "web=https://[x]/"], "no URI", ""),
        (["--workload-uri", "web=https://a:b/"], "no URI", ""),
        (["--workload-uri", "web=urn:x", "--workload-uri", "web=urn:y"], "another URI", "keep one"),
        (["--workload-uri", "web=urn:x", "--extension-ref", "short"], "none of suffix, url, object", ""),
        (["--workload-uri", "postgres=urn:x"], "no profile: postgres was not seen", "needs nothing"),
        (["--workload-uri", "10.77.0.10=urn:x"], "no workload's name", "--name"),
        (
            ["--workload-uri", "web=urn:x", "--workload-uri", "orders=urn:y"], "there are 2 services (orders, web)",
            "name a folder"
        ),
    ])
    func `are refused for a reason`(_ arguments: [String], _ reason: String, _ remedy: String) throws {
        let outcome = try export(Self.shop + arguments)
        #expect(outcome.status == 2 && outcome.output.isEmpty)
        #expect(
            outcome.errors.contains(reason) && (remedy.isEmpty || outcome.errors.contains(remedy)), "\(outcome.errors)")
    }

    @Test func `are the same from tapes and from their state, but for the environment`() throws {
        let state = "\(folder.path)/shop.state"
        #expect(try Executable.replay(["state"] + Self.shop + ["-o", state]).status == 0)
        let direct = try export(Self.shop + Self.uri("web"))
        let stated = try export([state] + Self.uri("web"))
        #expect(direct.output == stated.output && !direct.output.isEmpty)
    }
}
