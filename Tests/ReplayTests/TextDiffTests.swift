import Shared
import Testing

@testable import replay

@Suite struct `Differences of texts` {
    private let style = TextStyle(width: 60)

    @Test func `none`() { #expect(TextDiff("a\nb\n", "a\nb\n").changes == []) }

    @Test func `a line changed, one added, one gone`() {
        #expect(TextDiff("a\nb\nc", "a\nx\nc").changes == [.init(old: 1..<2, new: 1..<2)])
        #expect(TextDiff("a\nc", "a\nb\nc").changes == [.init(old: 1..<1, new: 1..<2)])
        #expect(TextDiff("a\nb\nc", "a\nc").changes == [.init(old: 1..<2, new: 1..<1)])
    }

    @Test func `changes far apart are two`() {
        let old = (0..<20).map(String.init)
        var new = old
        new[3] = "x"
        new[15] = "y"
        let diff = TextDiff(old.joined(separator: "\n"), new.joined(separator: "\n"))
        #expect(diff.changes.count == 2)
        #expect(diff.changedLines == 2)
    }

    @Test func `a long line is shown around the first column that differs`() {
        let start = String(repeating: "a", count: 5000)
        let end = String(repeating: "z", count: 5000)
        let lines = TextDiff(start + "1" + end, start + "2" + end).lines(style)
        #expect(lines.count == 3)
        #expect(lines[1].hasPrefix("  - …aaa") && lines[1].contains("a1z"))
        #expect(lines[2].hasPrefix("  + …aaa") && lines[2].contains("a2z"))
        #expect(lines.allSatisfy { $0.count <= 62 })
    }

    @Test func `many differences are counted, not shown`() {
        let old = (0..<100).map { "line \($0)" }
        let new = old.enumerated().map { $0 % 10 == 5 ? "other" : $1 }
        let lines = TextDiff(old.joined(separator: "\n"), new.joined(separator: "\n")).lines(style)
        #expect(lines.last == "  and 7 further differences")
    }

    @Test func `large texts that have nothing in common take no time`() {
        let old = (0..<50_000).map { "a\($0)" }.joined(separator: "\n")
        let new = (0..<50_000).map { "b\($0)" }.joined(separator: "\n")
        #expect(TextDiff(old, new).changes.count == 1)
    }

    @Test func `what could confuse a terminal is shown as its code`() {
        let lines = TextDiff("a\u{1B}[2Jb", "c").lines(style)
        #expect(lines.allSatisfy { !$0.contains("\u{1B}") })
    }
}
