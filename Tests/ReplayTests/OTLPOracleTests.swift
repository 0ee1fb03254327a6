import Foundation
import TestSupport
import Testing

/// `replay export otlp`: what it writes of the fixtures against OpenTelemetry's own messages and against their maps; and taken by two collectors,
/// rotel and oteltap.
@Suite struct `Exported telemetry` {
    private static let groups = [
        "demo", "amqp", "dns", "grpc", "http", "http2", "kafka", "nats", "postgres", "redis", "websocket",
    ]

    @Test(.timeLimit(.minutes(30)))
    func `is what the protocol has, tells of each exchange once, and is taken by collectors`()
        throws
    {
        let python = try Oracles.python.get()
        let folder = TemporaryFolder()
        let root = FileManager.default.currentDirectoryPath + "/Fixtures"
        var arguments = [Oracles.script("otlp.py")] + (try (0..<3).map { _ in "\(try Port.free())" })
        for group in Self.groups {
            for name in try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(group)").sorted() {
                let fixture = "\(root)/\(group)/\(name)"
                let files = (try? FileManager.default.contentsOfDirectory(atPath: fixture)) ?? []
                guard let tape = files.sorted().first(where: { $0.hasPrefix("input.") }),
                    files.contains("service_map.yaml")
                else { continue }
                let names = files.contains("names") ? ["--names", "\(fixture)/names"] : []
                let file = "\(folder.path)/\(group)-\(name).jsonl"
                let outcome = try Executable.replay(["export", "otlp", "\(fixture)/\(tape)", "-o", file] + names)
                #expect(outcome.status < 2 && !outcome.errors.contains("left out"), "\(fixture): \(outcome.errors)")
                arguments += [file, "\(fixture)/service_map.yaml"]
            }
        }
        let outcome = try Child(python, arguments, patience: 240).wait()
        #expect(outcome.status == 0, "\(outcome.errors)")
        var lines = outcome.output.split(separator: "\n").map(String.init)
        let counts = lines.popLast()?.split(separator: " ").compactMap { Int($0) } ?? []
        #expect(lines.isEmpty, "\(lines.joined(separator: "\n"))")
        // Spans, those of servers below their clients', data points, log records, spans that both collectors took.
        try #require(counts.count == 5)
        #expect(counts[0] > 1800 && counts[1] > 40 && counts[2] > 50_000 && counts[3] > 150 && counts[4] > 10)
    }

    @Test func `is the same of the same tape, and less where less is chosen`() throws {
        let shop = FileManager.default.currentDirectoryPath + "/Fixtures/demo/shop"
        let arguments = ["export", "otlp", "\(shop)/input.pcap", "--names", "\(shop)/names"]
        let (one, two) = (try Executable.replay(arguments), try Executable.replay(arguments))
        #expect(one.status == 0 && !one.output.isEmpty && one.output == two.output)
        let spans = { (text: String) in text.matches(of: /"spanId":/).count }
        #expect(spans(one.output) == 75)
        let chosen = try Executable.replay(arguments + ["--service", "visitors", "--path", "/buy"])
        #expect(spans(chosen.output) == 4)
        let none = try Executable.replay(arguments + ["--service", "nobody"])
        #expect(spans(none.output) == 0 && none.status == 0 && none.output.contains("tapedeck.stream"))
    }
}
