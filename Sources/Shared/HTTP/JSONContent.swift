/// JSON, or what turns out to be none: bodies are tried whatever their media type says, since many say nothing.
package final class JSONContent: ContentReader {
    private let run: Run
    private var scanner: JSONShapeScanner

    package init(_ run: Run) {
        self.run = run
        scanner = JSONShapeScanner(limits: run.limits)
    }

    package func begin() { scanner.reset() }

    package func feed(_ bytes: RawSpan) { scanner.feed(bytes, into: &run.shapes) }

    package func end(_ out: any Output) -> ShapeID {
        let shape = scanner.finish()
        if let limit = scanner.limitReached { out.reached(limit) }
        return shape
    }
}
