import Foundation
import TestSupport
import Testing

/// What `replay diff --sarif` and `replay conditions verify --sarif` print against SARIF's own schema, by jsonschema.
@Suite struct `SARIF of differences` {
    @Test(.timeLimit(.minutes(30))) func `is valid by the schema of version 2.1.0`() throws {
        let python = try Oracles.python.get()
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
        for (number, text) in [`Profiles that somebody has written`.good, "a: b\n"].enumerated() {
            let profile = folder.write("\(number) profile.yaml", Array(text.replacing("/echo", with: "/other").utf8))
            let outcome = try Executable.replay(["conditions", "verify", "--profile", profile, tapes[1], "--sarif"])
            #expect(outcome.status == 1, "\(outcome.errors)")
            arguments.append(folder.write("profile \(number).sarif", Array(outcome.output.utf8)))
        }
        let outcome = try Child(python, arguments, patience: 120).wait()
        #expect(outcome.status == 0, "\(outcome.errors)")
        var lines = outcome.output.split(separator: "\n").map(String.init)
        #expect(Int(lines.popLast() ?? "").map { $0 > 50 } == true)
        #expect(lines.isEmpty, "\(lines.joined(separator: "\n"))")
    }
}
