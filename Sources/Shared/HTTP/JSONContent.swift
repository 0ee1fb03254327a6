/// JSON, or what turns out to be none: bodies are tried whatever their media type says, since many say nothing.
final class JSONContent: ContentReader {
    private let run: Run
    private var scanner: JSONShapeScanner
    /// Each line is a text, and if it is one line.
    var isLines = false

    init(_ run: Run) {
        self.run = run
        scanner = JSONShapeScanner(limits: run.limits)
    }

    func begin() {
        scanner.reset()
        isLines = false
    }

    func feed(_ bytes: RawSpan) { scanner.feed(bytes, into: &run.shapes) }

    func end(isWhole: Bool, _ out: any Output) -> ShapeID {
        let readsLines = run.needs.contains(.media) && (isLines || !scanner.lines.isEmpty)
        let shape =
            !isWhole
            ? scanner.finishCut(into: &run.shapes)
            : readsLines ? scanner.finishLines(into: &run.shapes) : scanner.finish()
        if let limit = scanner.limitReached { out.reached(limit) }
        return shape
    }
}
