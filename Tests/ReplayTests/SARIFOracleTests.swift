import Foundation
import TestSupport
import Testing

/// What `replay diff --sarif` prints against SARIF's own schema, by jsonschema.
@Suite struct `SARIF of differences` {
    @Test(.timeLimit(.minutes(5))) func `is valid by the schema of version 2.1.0`() throws {
        let python: String
        do {
            python = try Oracles.python.get()
        } catch {
            FileHandle.standardError.write(Data("NOT TESTED: SARIF against its schema: \(error)\n".utf8))
            return
        }
        let folder = TemporaryFolder()
        let tapes = [
            "Fixtures/demo/shop/input.pcap", "Fixtures/demo/live/input.tape",
            "Fixtures/trace/hostile-names/input.jsonl",
        ]
        var arguments = [Oracles.script("sarif.py")]
        var pairs = tapes.flatMap { old in tapes.map { (old, $0) } }
        pairs.removeAll { $0 == $1 && $0 != tapes[0] }
        for (number, (old, new)) in pairs.enumerated() {
            let outcome = try Executable.replay(["diff", old, new, "--sarif"])
            #expect(outcome.status < 2, "\(outcome.errors)")
            arguments.append(folder.write("\(number).sarif", Array(outcome.output.utf8)))
        }
        let outcome = try Child(python, arguments, patience: 120).wait()
        #expect(outcome.status == 0, "\(outcome.errors)")
        var lines = outcome.output.split(separator: "\n").map(String.init)
        #expect(Int(lines.popLast() ?? "").map { $0 > 50 } == true)
        #expect(lines.isEmpty, "\(lines.joined(separator: "\n"))")
    }
}
