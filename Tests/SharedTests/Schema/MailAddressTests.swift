import Testing

@testable import Shared

@Suite struct `Mail addresses` {
    /// The grammar of RFC 5321, section 4.1.2, with two labels or more, by splitting.
    private func reads(_ text: String) -> Bool {
        let halves = text.split(separator: "@", omittingEmptySubsequences: false)
        guard halves.count == 2 else { return false }
        let atoms = halves[0].split(separator: ".", omittingEmptySubsequences: false)
        let labels = halves[1].split(separator: ".", omittingEmptySubsequences: false)
        func isWord(_ one: Character) -> Bool { one.isASCII && (one.isLetter || one.isNumber) }
        return atoms.allSatisfy { atom in
            !atom.isEmpty && atom.allSatisfy { isWord($0) || "!#$%&'*+-/=?^_`{|}~".contains($0) }
        }
            && labels.count > 1
            && labels.allSatisfy { label in
                label.first.map(isWord) == true && label.last.map(isWord) == true
                    && label.allSatisfy { isWord($0) || $0 == "-" }
            }
    }

    private static let pieces = ["a", "b1", "@", "@x.y", ".", ".c", "-", "_", "+", " ", "\u{E9}", "\u{7F}"]

    @Test(arguments: UInt64(0)..<20) func `are those of the grammar`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var found = 0
        for _ in 0..<500 {
            let count = Int.random(in: 0..<6, using: &random)
            let text = (0..<count).map { _ in Self.pieces.randomElement(using: &random) ?? "a" }.joined()
            let isOne = MailAddress.matches(Array(text.utf8).span.bytes)
            #expect(isOne == reads(text), "\(text)")
            if isOne { found += 1 }
        }
        #expect(found > 0)
    }
}
