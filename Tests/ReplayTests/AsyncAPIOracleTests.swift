import Foundation
import TestSupport
import Testing

/// AsyncAPI descriptions that were made from tapes: against the specification, by pydantic-asyncapi and by rules of the oracle's own, and
/// against the messages that the tapes hold, by jsonschema.
@Suite struct `Exported AsyncAPI descriptions` {
    private let folder = TemporaryFolder()

    @Test(.timeLimit(.minutes(30))) func `are valid, and hold for every recorded message`() throws {
        var arguments = [Oracles.script("asyncapi.py")]
        for group in ["amqp", "demo", "kafka", "nats", "redis", "trace", "websocket"] {
            for name in try FileManager.default.contentsOfDirectory(atPath: "Fixtures/\(group)").sorted() {
                let fixture = "Fixtures/\(group)/\(name)"
                let files = try FileManager.default.contentsOfDirectory(atPath: fixture)
                guard let tape = files.first(where: { $0.hasPrefix("input.") }),
                    let events = try? String(contentsOfFile: "\(fixture)/events.jsonl", encoding: .utf8)
                else { continue }
                let own = "\(folder.path)/\(group)-\(name)"
                folder.write("\(group)-\(name)/events.jsonl", Array(events.utf8))
                let inputs = ["\(fixture)/\(tape)"] + (files.contains("names") ? ["--names", "\(fixture)/names"] : [])
                for (form, options) in [("whole", []), ("json", ["--json"])] {
                    let outcome = try Executable.replay(
                        ["export", "asyncapi"] + inputs + options + ["-o", "\(own)/\(form)/"])
                    #expect(
                        outcome.status < 2 || outcome.errors.contains("show nothing"), "\(fixture): \(outcome.errors)")
                }
                arguments.append(own)
            }
        }
        let outcome = try Child(try Oracles.python.get(), arguments, patience: 240).wait()
        #expect(outcome.status == 0, "\(outcome.errors)")
        var lines = outcome.output.split(separator: "\n").map(String.init)
        let counts = lines.popLast()?.split(separator: " ").compactMap { Int($0) } ?? []
        #expect(lines.isEmpty, "\(lines.joined(separator: "\n"))")
        #expect(counts.count == 3 && counts[0] > 60 && counts[1] > 60 && counts[2] > 20, "\(counts)")
    }

    @Test func `say nothing that only goes by the same way`() throws {
        let outcome = try Executable.replay(
            [
                "export", "asyncapi", "Fixtures/demo/shop/input.pcap", "--names", "Fixtures/demo/shop/names",
                "--service", "catalog",
            ])
        // It asks a cache and two databases, and sends nobody a message.
        #expect(
            outcome.status == 2 && outcome.errors.contains("asyncapi can say nothing of it; it can of mailer, orders"))
    }
}
