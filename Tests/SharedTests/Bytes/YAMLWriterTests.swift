import Testing
import Yams

@testable import Shared

@Suite struct `YAML` {
    @Test func `has blocks within blocks`() throws {
        var yaml = YAMLWriter(.sparing)
        yaml.key("a")
        yaml.beginBlock()
        yaml.beginElement()
        yaml.key("b")
        yaml.plain("[]")
        yaml.key("c: d")
        yaml.number(-7)
        yaml.endElement()
        yaml.beginElement()
        yaml.beginBlock()
        yaml.beginElement()
        yaml.text("no")
        yaml.endElement()
        yaml.beginElement()
        yaml.beginBlock()
        yaml.key(String(repeating: "k", count: 129))
        yaml.beginBlock()
        yaml.key("e")
        yaml.text("f")
        yaml.endBlock()
        yaml.endBlock()
        yaml.endElement()
        yaml.endBlock()
        yaml.endElement()
        yaml.endBlock()
        yaml.key("g")
        yaml.quoted { $0 += "12".utf8 }
        #expect(
            String(decoding: yaml.bytes, as: UTF8.self) == """
                a:
                  - b: []
                    "c: d": -7
                  - - "no"
                    - ? \(String(repeating: "k", count: 129))
                      :
                        e: f
                g: "12"

                """)
    }

    /// The environment file was once written by libyaml, and stays as it was.
    @Test(arguments: 0..<10) func `is what libyaml writes`(_ batch: UInt64) throws {
        let pieces: [String] =
            (0..<0xB0).map { String(UnicodeScalar(UInt8($0))) } + [
                "\u{2027}", "\u{2028}", "\u{2029}", "\u{FEFF}", "\u{FFFE}", "\u{FFFF}", "\u{FFFD}", "\u{E000}",
                "\u{D7FF}",
                "\u{10000}", "😀", "é", "日", ": ", " #", "- ", "x", "true", "/", "_",
            ]
        var random = SeededRandom(seed: batch)
        for _ in 0..<200 {
            func text(_ count: Int) -> String { (0..<count).map { _ in pieces[random.below(pieces.count)] }.joined() }
            let longest = random.chance(oneIn: 4) ? 160 : 12
            let (name, value) = (text(random.below(longest)), text(random.below(40)))
            let plain = random.chance(oneIn: 2) ? name : String(name.filter { $0.isLetter && $0.isASCII })
            let style: Node.Scalar.Style = YAMLScalar.isPlain(plain.utf8) ? .plain : .doubleQuoted
            let key = Node.scalar(.init(plain, Tag(.str), style))
            let mapping = Node.Mapping([(key, .scalar(.init(value, Tag(.str), .doubleQuoted)))], Tag(.map), .block)
            let expected = try serialize(
                node: .mapping(mapping), width: -1, allowUnicode: true, explicitStart: true, sortKeys: false)
            var yaml = YAMLWriter(.libyaml)
            yaml.beginDocument()
            yaml.key(plain)
            yaml.quoted(value)
            #expect(String(decoding: yaml.bytes, as: UTF8.self) == expected, "batch \(batch)")
        }
    }
}
