import Foundation
import Shared
import TestSupport
import Testing

@testable import replay

/// `docs/fields.md`, held against what `replay` alone writes; the rest is held in `SharedTests`.
@Suite struct `The field reference of replay` {
    let fields: FieldReference
    let folder = TemporaryFolder()

    init() throws { fields = try FieldReference(column: "field") }

    private func json(_ arguments: [String]) throws -> OrderedJSON {
        try OrderedJSON(try Executable.replay(arguments).output)
    }

    @Test func `has the fields of the summary`() throws {
        let capture = folder.write("a.pcap", `Capture files`.capture.pcap())
        let cut = folder.write("cut.pcap", Array(`Capture files`.capture.pcap().dropLast(3)))
        let unknown = folder.write("usb.pcap", CaptureBytes(linkType: 220, [[1, 2, 3]]).pcap())
        let trace = "Fixtures/trace/text/input.jsonl"
        // What hardly any capture has.
        var rare = CaptureReport(Tape(sink: RecordingSink()), inputs: 0)
        rare.files = [
            CaptureFile(name: "rare", refusals: CaptureRefusals(interfaces: 1)), CaptureFile(name: "state", tapes: 1),
            CaptureFile(name: "copy", original: "rare"),
        ]
        rare.packets.evictedFragments = 1
        rare.packets.datagrams = 1
        rare.packets.notUnpacked = [.esp: 1]
        rare.flows.probeBytes = 1
        rare.flows.resetBytes = 1
        rare.flows.evictedFlows = 1
        rare.multipath = (1, 1, 1)
        rare.lateInputs = 1
        let summaries = [
            try OrderedJSON(IndentedJSON.text { rare.write(&$0) }), try json([capture, trace, "--json"]),
            try json([cut, "--json"]), try json([unknown, "--json"]),
            try json([capture, "--json", "--filter", "src port 80"]),
        ]
        let rows = try fields.rows("Members of the summary")
        let end = try #require(rows.firstIndex { $0.name == "first_event" })
        let counts = Set(rows.filter { $0.cells["type"]?.hasPrefix("counts") == true }.map(\.name))
        let own = rows[..<end].map(\.name)
        var seen = SeenFields(own)
        for summary in summaries {
            let others = Set(rows[end...].map(\.name))
            let paths = summary.paths { counts.contains($0) || others.contains($0) }.filter { !others.contains($0) }
                .filter { !$0.hasPrefix("services") }
            // Each input repeats its members.
            var previous: Set<String> = []
            seen.add(paths.filter { !$0.hasPrefix("inputs[]") && previous.insert($0).inserted })
            for input in summary["inputs"]?.elements ?? [] { seen.add(input.names.map { "inputs[].\($0)" }) }
        }
        #expect(seen.differences == [])
    }

    @Test func `has the fields of the map in the summary`() throws {
        let rows = Set(try fields.names("The map in the summary"))
        let paths = try json(["Fixtures/demo/shop/input.pcap", "--json", "--top", "1"]).paths { _ in false }
        var seen: Set<String> = []
        for path in paths where path.hasPrefix("services[].") {
            if let name = path.split(separator: ".").last { seen.insert(String(name).replacing("[]", with: "")) }
        }
        #expect(seen.subtracting(rows) == [])
        // Neither a failed connect nor TLS is in it.
        #expect(rows.subtracting(seen).subtracting(["failures", "tls"]) == [])
    }

    @Test func `has the fields of check`() throws {
        try FileManager.default.createDirectory(atPath: folder.path + "/b", withIntermediateDirectories: true)
        folder.write("a/input.pcap", `Capture files`.capture.pcap())
        folder.write("b/input.pcap", Array("no capture".utf8))
        folder.write("c/input.pcap", `Capture files`.capture.pcap())
        folder.write("c/contract.yaml", Array("services: []\n".utf8))
        let names = try fields.names("The result of check")
        var seen = SeenFields(names)
        let result = try json(["check", folder.path, "--json"])
        seen.add(result.names)
        for fixture in result["results"]?.elements ?? [] { seen.add(fixture.names.map { "results[].\($0)" }) }
        #expect(seen.differences == [])

        let states = try FieldReference(column: "value").names("States of goldens")
        var found: Set<String> = []
        func look(_ arguments: [String]) throws {
            let results = try json(["check", folder.path + "/a", "--json"] + arguments)["results"]?.elements ?? []
            for fixture in results { found.formUnion(fixture["files"]?.members.compactMap(\.value.text) ?? []) }
        }
        try look([])
        try look(["--update"])
        folder.write("a/events.jsonl", Array("{}\n".utf8))
        try look([])
        #expect(found == Set(states))
    }

    @Test func `has the fields of grade`() throws {
        let listed = try fields.names("The result of grade")
        let scores = try fields.rows("The result of grade").filter { $0.cells["type"] == "score" }
        let text = try String(contentsOfFile: "Fixtures/trace/traffic/manifest.jsonl", encoding: .utf8)
        var lines = text.split(separator: "\n").map(String.init)
        // Seen otherwise, seen and not told, told and not seen.
        let places = lines.indices.filter { lines[$0].contains("\"kind\":\"http\"") }
        lines[places[0]] = lines[places[0]].replacing(/"status":\d+/, with: "\"status\":999")
        lines[places[2]] = ""
        let redis = try #require(lines.firstIndex { $0.contains("\"kind\":\"redis\"") })
        lines.insert(lines[redis], at: redis)
        let truth = try GroundTruth(Array(lines.filter { !$0.isEmpty }.joined(separator: "\n").utf8), name: "manifest")

        // Bodies that are cut are not known.
        let observation = Observation()
        var replaying = Replaying()
        replaying.options.eventLog = false
        replaying.options.limits.bodyBytes = 1
        replaying.observer = observation
        _ = try replaying.run(["Fixtures/trace/traffic/input.tape"]) { _ in true }
        let report = GradeReport(grading: Grading(truth, observation.connections), shown: .max)
        let result = try OrderedJSON(report.json)

        var seen = SeenFields(listed)
        seen.add(result.names)
        for difference in result["first_differences"]?.elements ?? [] {
            seen.add(difference.names.map { "first_differences[].\($0)" })
            for field in difference["fields"]?.elements ?? [] {
                seen.add(field.names.map { "first_differences[].fields[].\($0)" })
            }
        }
        #expect(seen.differences == [])
        var score = SeenFields(try fields.names("Scores"))
        for row in scores {
            let value = try #require(result[row.name])
            score.add(value.names)
            let names = try #require(row.cells["meaning"]).matches(of: /`(\w+)`/).map { String($0.1) }
            #expect(value["fields"]?.names == names)
            for (_, field) in value["fields"]?.members ?? [] { score.add(field.names) }
        }
        #expect(score.differences == [])
        let kinds = try #require(
            fields.rows("The result of grade").first { $0.name == "first_differences[].kind" }?.cells["meaning"])
        let all = EventKind.allCases.map { "`\($0.name.replacing(" ", with: "_"))`" }
        #expect(kinds == all.joined(separator: ", "))
    }
}
