import Testing

@testable import Shared

extension TapeResult {
    /// The operations of the log, each as `NAME status[ code] rows/affected [targets] statement`, with what is incomplete behind it.
    func operationLines(withTargets: Bool = false) throws -> [String] {
        try events().filter { $0.string("event_type") == "operation" }.map { event in
            var text = "\(event.string("operation") ?? "-") \(event.string("status") ?? "-")"
            if let code = event.string("code") { text += " \(code)" }
            if let rows = event.number("rows") { text += " \(rows)/\(event.number("affected") ?? 0)" }
            if withTargets, let targets = event.fields["targets"] as? [String] {
                text += " [\(targets.joined(separator: " "))]"
            }
            if let statement = event.string("statement") { text += " \(statement)" }
            if let parts = event.fields["incomplete"] as? [String] { text += " !\(parts.joined(separator: ","))" }
            return text
        }
    }
}

extension TapeBuilder {
    /// Checks the operations of a tape, however its streams are cut.
    func checkOperations(
        _ expected: [String], withTargets: Bool = false, _ location: SourceLocation = #_sourceLocation
    ) throws {
        let whole = run()
        #expect(try whole.operationLines(withTargets: withTargets) == expected, sourceLocation: location)
        #expect(whole.summary.bytes.isBalanced && whole.isValidLog, sourceLocation: location)
        #expect(cut(every: 1).run().text == whole.text, "one byte at a time", sourceLocation: location)
        for offset in 1..<max(2, dataBytes) {
            guard cut(at: offset).run().text != whole.text else { continue }
            Issue.record("cut at \(offset)", sourceLocation: location)
            return
        }
    }
}
