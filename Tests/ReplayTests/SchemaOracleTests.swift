import Foundation
import TestSupport
import Testing

/// Schemas that were made from tapes against the bodies that the tapes hold, by jsonschema.
@Suite struct `Exported schemas` {
    @Test(.timeLimit(.minutes(30))) func `hold for every recorded body`() throws {
        let python = try Oracles.python.get()
        let folder = TemporaryFolder()
        let root = FileManager.default.currentDirectoryPath + "/Fixtures"
        var arguments = [Oracles.script("schema.py")]
        for group in ["http", "http2", "demo", "trace"] {
            for name in try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(group)").sorted() {
                let fixture = "\(root)/\(group)/\(name)"
                guard
                    let tape = try FileManager.default.contentsOfDirectory(atPath: fixture).first(where: {
                        $0.hasPrefix("input.")
                    }),
                    let events = try? String(contentsOfFile: "\(fixture)/events.jsonl", encoding: .utf8),
                    events.contains("\"body\":\"{") || events.contains("\"body\":\"[")
                else { continue }
                let document = "\(folder.path)/\(group)-\(name).json"
                let names = "\(fixture)/names"
                let outcome = try Executable.replay(
                    ["export", "schema", "\(fixture)/\(tape)", "--raw-paths", "-o", document]
                        + (FileManager.default.fileExists(atPath: names) ? ["--names", names] : []))
                #expect(outcome.status < 2, "\(fixture): \(outcome.errors)")
                arguments += [document, "\(fixture)/events.jsonl"]
            }
        }
        let outcome = try Child(python, arguments, patience: 240).wait()
        #expect(outcome.status == 0, "\(outcome.errors)")
        var lines = outcome.output.split(separator: "\n").map(String.init)
        let valid = Int(lines.popLast()?.split(separator: " ").first ?? "") ?? 0
        #expect(valid > 100)
        #expect(lines.isEmpty, "\(lines.joined(separator: "\n"))")
    }
}
