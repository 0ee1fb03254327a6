import Foundation
import TestSupport
import Testing

/// OpenAPI descriptions that were made from tapes: against the specification, by openapi-spec-validator, and against the exchanges that the
/// tapes hold, by jsonschema.
@Suite struct `Exported OpenAPI descriptions` {
    @Test(.timeLimit(.minutes(30)))
    func `are valid, hold for every recorded exchange, and are refined by more of them`() throws {
        let python = try Oracles.python.get()
        let folder = TemporaryFolder()
        let root = FileManager.default.currentDirectoryPath + "/Fixtures"
        var arguments = [Oracles.script("openapi.py")]
        for group in ["http", "http2", "demo", "tls", "websocket"] {
            for name in try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(group)").sorted() {
                let fixture = "\(root)/\(group)/\(name)"
                let files = try FileManager.default.contentsOfDirectory(atPath: fixture)
                guard let tape = files.first(where: { $0.hasPrefix("input.") && $0 != "input.state" }),
                    let events = try? String(contentsOfFile: "\(fixture)/events.jsonl", encoding: .utf8)
                else { continue }
                let times = events.matches(of: /"timestamp":"([^"]*)","event_type":"http"/).map { String($0.1) }
                    .sorted()
                guard !times.isEmpty else { continue }
                let own = "\(folder.path)/\(group)-\(name)"
                folder.write("\(group)-\(name)/events.jsonl", Array(events.utf8))
                let tapeAndNames =
                    ["\(fixture)/\(tape)"] + (files.contains("names") ? ["--names", "\(fixture)/names"] : [])
                for (outcome, options) in [
                    ("whole", ["--evidence"]), ("json", ["--evidence", "--json"]),
                    ("newer", ["--spec", "3.2", "--header-names"]), ("half", ["--until", times[times.count / 2]]),
                ] {
                    let outcome = try Executable.replay(
                        ["export", "openapi"] + tapeAndNames + options + ["-o", "\(own)/\(outcome)/"])
                    // There may be nothing to describe.
                    #expect(
                        outcome.status < 2 || outcome.errors.contains("show nothing"), "\(fixture): \(outcome.errors)")
                }
                arguments.append(own)
            }
        }
        let outcome = try Child(python, arguments, patience: 240).wait()
        #expect(outcome.status == 0, "\(outcome.errors)")
        var lines = outcome.output.split(separator: "\n").map(String.init)
        let counts = lines.popLast()?.split(separator: " ").compactMap { Int($0) } ?? []
        #expect(lines.isEmpty, "\(lines.joined(separator: "\n"))")
        // Requests, answers, bodies that have a schema, and schemas that refuse another body.
        #expect(counts.count == 4 && counts[0] > 500 && counts[1] > 500 && counts[2] > 300)
        #expect(counts.count == 4 && counts[3] == counts[2])
    }
}
