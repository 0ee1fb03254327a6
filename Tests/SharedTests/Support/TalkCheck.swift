import Testing

@testable import Shared

extension Talk {
    /// Checks the events, and that they do not depend on how the bytes are cut: whole, one byte at a time, and in two
    /// at every offset of both directions.
    func check(_ location: SourceLocation = #_sourceLocation) throws {
        let tape = tape
        let whole = tape.run()
        #expect(try whole.events().map(\.brief) == expected, "\(name)", sourceLocation: location)
        #expect(whole.summary.bytes.isBalanced, "\(name): \(whole.summary.bytes)", sourceLocation: location)
        checkCuts(of: tape, against: whole, location)
    }

    private func checkCuts(of tape: TapeBuilder, against whole: TapeResult, _ location: SourceLocation) {
        let singles = tape.cut(every: 1).run()
        guard same(singles, whole, "one byte at a time", location) else { return }
        for offset in 1..<max(2, tape.dataBytes) {
            guard same(tape.cut(at: offset).run(), whole, "cut at \(offset)", location) else { return }
        }
    }

    private func same(_ result: TapeResult, _ whole: TapeResult, _ how: String, _ location: SourceLocation) -> Bool {
        #expect(result.text == whole.text, "\(name), \(how)", sourceLocation: location)
        #expect(result.summary == whole.summary, "\(name), \(how)", sourceLocation: location)
        #expect(result.serviceMap == whole.serviceMap, "\(name), \(how)", sourceLocation: location)
        return result == whole
    }
}
