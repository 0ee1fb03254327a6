@testable import Shared

/// A JSON text cut anywhere has the shape that it has in one piece, by a scanner and a table that are new, and by ones
/// that have seen all the texts before it.
func fuzzJSON(_ text: [UInt8]) {
    let fresh = shape(text, cutAt: [])
    require(shape(text, cutAt: []) == fresh, "the same text, another shape")
    var random = SeededRandom(of: text)
    let longest = 1 + random.below(random.chance(oneIn: 2) ? 3 : 40)
    let cuts = Array(random.cuts(text.count, longest: longest).map(\.upperBound).dropLast())
    require(shape(text, cutAt: cuts) == fresh, "cut at \(cuts), another shape")
    // A text that has been seen has an outline, which reads it by another way.
    var reader = SchemaReader()
    for cuts in [[], cuts, []] {
        let id = reader.id(text, cutAt: cuts)
        require(reader.table.shape(id) == fresh, "read before, another shape")
    }
}

private func shape(_ text: [UInt8], cutAt cuts: [Int]) -> Shape {
    var table = ShapeTable()
    var scanner = JSONShapeScanner()
    var start = 0
    for cut in cuts + [text.count] {
        withExactCopy(text[start..<cut]) { scanner.feed($0, into: &table) }
        start = cut
    }
    return table.shape(scanner.finish())
}
