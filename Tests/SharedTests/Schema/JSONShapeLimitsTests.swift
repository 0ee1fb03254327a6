import Testing

@testable import Shared

@Suite struct `JSON shape scanner at its limits` {
    private func nested(_ depth: Int) -> [UInt8] {
        Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
    }

    @Test func `follows the depth that the limits allow and no more`() {
        var limits = Limits()
        limits.jsonDepth = 10
        var reader = SchemaReader(limits: limits)
        #expect(reader.id(nested(10)) != .nonJSON)
        #expect(reader.scanner.limitReached == nil)
        #expect(reader.id(nested(11)) == .nonJSON)
        #expect(reader.scanner.limitReached == .jsonDepth)
        #expect(reader.id(nested(11), cutAt: Array(1..<22)) == .nonJSON)
        #expect(reader.scanner.limitReached == .jsonDepth)
        #expect(reader.id(nested(9)) != .nonJSON)
        #expect(reader.scanner.limitReached == nil)
    }

    @Test func `survives a million open brackets`() {
        var reader = SchemaReader()
        for open in ["[", "{\"a\":", "[{\"a\":["] {
            #expect(reader.id(Array(String(repeating: open, count: 1_000_000).utf8)) == .nonJSON)
            #expect(reader.scanner.limitReached == .jsonDepth)
        }
    }

    @Test func `survives a hundred thousand keys`() {
        var reader = SchemaReader()
        let keys = (0..<100_000).map { "\"key\($0)\":1" }.joined(separator: ",")
        #expect(reader.id(Array("{\(keys)}".utf8)) == .nonJSON)
        #expect(reader.scanner.limitReached == .jsonKeys)
        let few = (0..<9_999).map { "\"key\($0)\":1" }.joined(separator: ",")
        #expect(reader.id(Array("{\(few)}".utf8)) != .nonJSON)
        let same = String(repeating: "\"a\":1,", count: 100_000)
        #expect(reader.id(Array("{\(same)\"a\":1}".utf8)) == .nonJSON)
        #expect(reader.scanner.limitReached == .jsonKeys)
    }

    @Test func `survives an array with thousands of different elements`() {
        var reader = SchemaReader()
        let few = (0..<1000).map { "{\"k\($0)\":1}" }.joined(separator: ",")
        #expect(reader.id(Array("[\(few)]".utf8)) != .nonJSON)
        let many = (0..<1001).map { "{\"k\($0)\":1}" }.joined(separator: ",")
        #expect(reader.id(Array("[\(many)]".utf8)) == .nonJSON)
        #expect(reader.scanner.limitReached == .jsonKeys)
    }

    @Test func `refuses a schema that nobody could read`() {
        var limits = Limits()
        limits.jsonKeys = 100
        var reader = SchemaReader(limits: limits)
        // Shared by number, but written out it has 10 * 10 * 10 * 2 lines.
        func object(_ depth: Int) -> String {
            depth == 0 ? "1" : "{" + (0..<10).map { "\"k\($0)\":\(object(depth - 1))" }.joined(separator: ",") + "}"
        }
        #expect(reader.id(Array(object(2).utf8)) != .nonJSON)
        #expect(reader.id(Array(object(4).utf8)) == .nonJSON)
        #expect(reader.scanner.limitReached == .jsonKeys)
    }

    @Test func `refuses a key without end`() {
        var reader = SchemaReader()
        let key = String(repeating: "k", count: JSONShapeScanner.maximumKeyLength)
        let longest = Array("{\"\(key)\":1}".utf8)
        #expect(reader.id(longest) != .nonJSON)
        #expect(reader.id(longest, cutAt: [5, 70]) == reader.id(longest))
        for longer in ["{\"\(key)k\":1}", "{\"\(key)\\n\":1}"].map({ Array($0.utf8) }) {
            #expect(reader.id(longer) == .nonJSON)
            #expect(reader.scanner.limitReached == .jsonKeys)
            #expect(reader.id(longer, cutAt: [100]) == .nonJSON)
            #expect(reader.scanner.limitReached == .jsonKeys)
        }
    }

    @Test func `reads numbers and strings of any length`() {
        var reader = SchemaReader()
        let digits = String(repeating: "1234567890", count: 20_000)
        for text in [digits, "-0.\(digits)", "1e\(digits)", "[\(digits)]"] {
            #expect(reader.id(Array(text.utf8)) != .nonJSON)
            #expect(reader.id(Array(text.utf8), cutAt: [1, 1000, 100_001]) == reader.id(Array(text.utf8)))
        }
        let string = "\"\(String(repeating: "x\\u0000", count: 20_000))\""
        #expect(reader.shape(string) == .string)
    }

    @Test func `takes any bytes without a trap`() {
        var random = SeededRandom(seed: 6)
        var reader = SchemaReader()
        let likely = Array("{}[]\",:\\u0aeE+-.tfnrls 1\"\"::,,{[".utf8) + [0, 0x80, 0xEF, 0xBB, 0xBF, 0xFF]
        for _ in 0..<20_000 {
            let count = Int.random(in: 0..<40, using: &random)
            let text = (0..<count).map { _ in likely.randomElement(using: &random)! }
            let id = reader.id(text)
            let cut = Int.random(in: 0...count, using: &random)
            #expect(reader.id(text, cutAt: [cut]) == id)
        }
    }

    /// A scanner among several.
    private final class Boxed {
        var scanner = JSONShapeScanner()
    }

    @Test func `gives the same shapes while the outlines overflow, on interleaved bodies too`() {
        var random = SeededRandom(seed: 7)
        var table = ShapeTable()
        // 12! orders of keys: far more outlines than the cache has.
        let keys = (0..<12).map { "\"key\($0)\":\($0)" }
        let scanners = (0..<8).map { _ in Boxed() }
        var expected: ShapeID?
        let generation = table.outlines.generation
        for _ in 0..<600 {
            var texts = scanners.map { _ in Array("[{\(keys.shuffled(using: &random).joined(separator: ","))}]".utf8) }
            for box in scanners { box.scanner.reset() }
            while texts.contains(where: { !$0.isEmpty }) {
                for (place, box) in scanners.enumerated() {
                    let piece = Array(texts[place].prefix(Int.random(in: 1..<60, using: &random)))
                    texts[place].removeFirst(piece.count)
                    box.scanner.feed(piece.span.bytes, into: &table)
                }
            }
            for box in scanners {
                let id = box.scanner.finish()
                #expect(id == expected ?? id)
                expected = id
            }
        }
        #expect(expected != .nonJSON)
        #expect(table.outlines.generation != generation)
        // The object and its list, and both without what integers tell.
        #expect(table.count == ShapeTable().count + 4)
    }
}
