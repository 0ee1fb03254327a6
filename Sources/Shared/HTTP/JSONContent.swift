/// JSON, or what turns out to be none: bodies are tried whatever their media type says, since many say nothing.
final class JSONContent: ContentReader {
    private let run: Run
    private var scanner: JSONShapeScanner

    init(_ run: Run) {
        self.run = run
        scanner = JSONShapeScanner(limits: run.limits)
    }

    func begin() { scanner.reset() }

    func feed(_ bytes: RawSpan) { scanner.feed(bytes, into: &run.shapes) }

    func end(isWhole: Bool, _ out: any Output) -> ShapeID {
        let shape = isWhole ? scanner.finish() : scanner.finishCut(into: &run.shapes)
        if let limit = scanner.limitReached { out.reached(limit) }
        return shape
    }
}
