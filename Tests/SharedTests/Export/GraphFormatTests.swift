import FoundationEssentials
import Testing

@testable import Shared

@Suite struct `Graphs in other formats` {
    /// Names that would be more than text somewhere.
    static let hostile = [
        "</title><script>alert(1)</script>", "\"] --> x[\"", "a\nb\r\t\u{0}", "\\\", shape=\"none", "&lt;b&gt; &amp;",
        "#quot;;", "1. list", "- item", "%%{init: {}}%%", "`**bold**` $$x$$ ~~", "\u{202E}txt.exe", "\u{FFFE}\u{1FFFF}",
        "end", "click n0 href \"javascript:alert(1)\"", "fa:fa-user", "' onload='alert(1)", "]]>", "\\N\\G\\l",
        "名前 é 🂡",
    ]

    static let graph: ServiceGraph = {
        let hosts = hostile.map { `The graph of services`.endpoint($0) }
        return `The graph of services`.graph([`The graph of services`.service("<web & \"co\">", hosts)])
    }()

    @Test func `have a line a node and an edge, whatever the names are`() {
        let nodes = Self.graph.nodes.count
        for (text, node, edge) in [
            (
                MermaidFile.text(Self.graph, from: "x\ny"),
                #/^    n\d+[\[\(\{]+"[^"\n]*"[\]\)\}]+$/#.anchorsMatchLineEndings(),
                #/^    n\d+ -->\|"[^"\n]*"\| n\d+$/#.anchorsMatchLineEndings()
            ),
            (
                DOTFile.text(Self.graph, from: "x\ny"),
                #/^    n\d+ \[label="(?:[^"\\\n]|\\.)*"[^\n]*\]$/#.anchorsMatchLineEndings(),
                #/^    n\d+ -> n\d+ \[label="(?:[^"\\\n]|\\.)*", tooltip="[^\n"]*"\]$/#.anchorsMatchLineEndings()
            ),
        ] {
            #expect(text.matches(of: node).count == nodes, "\(text)")
            #expect(text.matches(of: edge).count == nodes - 1, "\(text)")
        }
    }

    @Test func `are SVG without an element that a name brought`() {
        let svg = GraphPicture.text(Self.graph, from: "<b>&", isLossy: true)
        let elements = Set(svg.matches(of: #/<\/?([a-z]+)/#).map { String($0.1) })
        #expect(elements == ["svg", "style", "rect", "g", "title", "path", "text"])
        let attributes = Set(
            svg.matches(of: #/<[a-z]+((?: [a-z-A-Z]+="[^"]*")*) ?\/?>/#).flatMap { element in
                element.1.matches(of: #/ ([a-zA-Z-]+)=/#).map { String($0.1) }
            })
        #expect(!attributes.contains { $0.hasPrefix("on") || $0 == "href" })
        #expect(svg.contains("&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;"))
        #expect(
            !svg.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || $0.value == 0x202E || $0.value == 0xFFFE })
        #expect(svg.contains("class=\"note lossy\""))
    }

    @Test func `are cut where a name is too long`() {
        let long = String(repeating: "x", count: 4000) + "end"
        let svg = GraphPicture.text(
            `The graph of services`.graph([
                `The graph of services`.service("web", [`The graph of services`.endpoint(long)])
            ]), from: "", isLossy: false)
        #expect(svg.contains("xend</text>") && svg.contains("…"))
        #expect(!svg.contains(">\(long)</text>"))
    }

    @Test(arguments: [
        ("plain", "plain"), ("1. x", "1#46; x"), ("10.0.0.1:80", "10.0.0.1:80"), ("- x", "#45; x"),
        ("a;b#", "a#59;b#35;"),
        ("<b>", "#60;b#62;"), ("a\nb", "a#92;u#123;a#125;b"),
    ])
    func `say for Mermaid only what it can't take for more`(_ name: String, _ escaped: String) {
        #expect(MermaidFile.escaped(name) == escaped)
    }
}
