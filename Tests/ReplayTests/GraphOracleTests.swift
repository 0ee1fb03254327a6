import Foundation
import TestSupport
import Testing

/// Pictures for Mermaid and Graphviz, drawn by Mermaid and Graphviz.
@Suite struct `Exported graphs` {
    /// What nobody would call a service, and whose text has to be there all the same.
    static let hostile = [
        "</script><script>document.title='owned'</script>", "\"><img src=x onerror=document.title='owned'>",
        "#quot;] --> x",
        "]]><!-- --> {{7*7}} ${7*7}", "\\\", shape=none", "__proto__",
    ]

    private static func exported(_ format: String, _ fixture: String, to folder: TemporaryFolder) throws -> String {
        let root = FileManager.default.currentDirectoryPath + "/Fixtures/\(fixture)"
        let tape = try #require(
            FileManager.default.contentsOfDirectory(atPath: root).first { $0.hasPrefix("input.") })
        let file = "\(folder.path)/\(fixture.replacing("/", with: "-")).\(format)"
        let outcome = try Executable.replay(["export", format, "\(root)/\(tape)", "-o", file])
        #expect(outcome.status == 0, "\(outcome.errors)")
        return file
    }

    private static func withoutBlanks(_ text: String) -> String { text.filter { !$0.isWhitespace } }

    @Test func `are drawn by Graphviz, with each name`() throws {
        let dot = try Programs.find("dot", package: "graphviz")
        let folder = TemporaryFolder()
        for (fixture, names) in [("trace/hostile-names", Self.hostile), ("demo/shop", [])] {
            let file = try Self.exported("dot", fixture, to: folder)
            let outcome = try Executable.run(dot, ["-Tplain", file])
            #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
            let drawn = try Executable.run(dot, ["-Tsvg", file]).output
            let text = Self.withoutBlanks(
                drawn.replacing(/<[^>]*>/, with: "").replacing("&#45;", with: "-").replacing("&#39;", with: "'")
                    .replacing("&lt;", with: "<").replacing("&gt;", with: ">").replacing("&quot;", with: "\"")
                    .replacing("&#160;", with: " ").replacing("&amp;", with: "&"))
            for name in names { #expect(text.contains(Self.withoutBlanks(name)), "\(name)") }
            #expect(outcome.output.split(separator: "\n").filter { $0.hasPrefix("node ") }.count > 10)
        }
    }

    @Test(.timeLimit(.minutes(30))) func `are drawn by Mermaid, with each name`() throws {
        let python = try Oracles.python.get()
        let folder = TemporaryFolder()
        let files = try [
            Self.exported("mermaid", "trace/hostile-names", to: folder),
            Self.exported("mermaid", "demo/shop", to: folder),
            folder.write("bad.mermaid", Array("flowchart LR\n    n0[\"a\"] -->\n".utf8)),
        ]
        let outcome = try Child(python, [Oracles.script("graphs.py")] + files, patience: 120).wait()
        #expect(outcome.status == 0, "\(outcome.errors)")
        let pictures = outcome.output.split(separator: "\n").map(String.init)
        try #require(pictures.count == 3)
        struct Picture: Decodable {
            var elements: [String]?
            var text: String?
            var error: String?
        }
        let decoded = try pictures.map { try JSONDecoder().decode(Picture.self, from: Data($0.utf8)) }
        #expect(decoded[2].error?.contains("Parse error") == true, "the oracle can say no")
        for name in Self.hostile {
            #expect(decoded[0].text?.contains(Self.withoutBlanks(name)) == true, "\(name): \(pictures[0])")
        }
        #expect(decoded[0].elements.map { Set($0).isDisjoint(with: ["script", "img", "image", "a"]) } == true)
        #expect(decoded[1].text?.contains("postgres:5432") == true && decoded[1].text?.contains("2errors") == true)
    }
}
