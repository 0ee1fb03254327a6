/// Reads what a message of a message bus carries, as it comes, for its shape (`Needs.payloads`).
///
/// It changes nothing of what is told otherwise: where a part is missing, the message is as if nobody had looked.
final class PayloadReader {
    private let run: Run
    private var scanner: JSONShapeScanner
    /// Bytes that precede what is read, and bytes of it that are still to come.
    private var before = 0
    private var left = 0
    /// All that came until now is there.
    private var isWhole = false

    init(_ run: Run) {
        self.run = run
        scanner = JSONShapeScanner(limits: run.limits)
    }

    /// - Returns: one where somebody wants it.
    static func wanted(_ run: Run) -> PayloadReader? { run.needs.contains(.payloads) ? PayloadReader(run) : nil }

    /// A message begins, of which nothing is known yet.
    func begin() {
        scanner.reset()
        (before, left) = (0, 0)
        isWhole = true
    }

    /// Its next bytes are announced.
    /// - Parameters:
    ///   - count: of them, those that are passed over included.
    ///   - before: bytes of those that come first and are passed over, as headers are.
    func expect(_ count: Int, behind before: Int = 0) {
        self.before = Swift.max(0, Swift.min(before, count))
        left = Swift.max(0, count &- self.before)
    }

    /// Bytes that were announced are still to come.
    var isOpen: Bool { left &+ before > 0 }

    /// - Returns: how many of the bytes were among those announced.
    func take(_ bytes: RawSpan) -> Int {
        let passed = Swift.min(before, bytes.byteCount)
        before &-= passed
        let count = Swift.min(left, bytes.byteCount &- passed)
        if count > 0 {
            scanner.feed(bytes.extracting(passed..<passed &+ count), into: &run.shapes)
            left &-= count
        }
        return passed &+ count
    }

    /// A part is missing.
    /// - Returns: how many of the bytes that were announced come behind that; `nil` where their end is missing, too.
    func lose(_ length: UInt64, behind tail: Int) -> Int? {
        let rest = left &+ before &- tail
        guard isOpen, rest >= 0, length <= UInt64(rest) else { return nil }
        close()
        return rest &- Int(length)
    }

    /// Nothing more is read of the message, which is not known.
    func close() {
        (before, left) = (0, 0)
        isWhole = false
    }

    /// The message is over.
    /// - Returns: its shape; `.nonJSON` where it is no JSON, or nobody can say.
    func end(_ out: any Output) -> ShapeID {
        let (shape, limit) = end()
        if let limit { out.reached(limit) }
        return shape
    }

    /// - Returns: and the bound that kept it from being read.
    func end() -> (shape: ShapeID, limit: Limit?) {
        guard isWhole else { return (.nonJSON, nil) }
        isWhole = false
        let shape = scanner.finish()
        return (shape == .empty ? .nonJSON : shape, scanner.limitReached)
    }

    /// The same of one that lies there as a whole.
    func shape(of bytes: RawSpan, _ out: any Output) -> ShapeID {
        begin()
        expect(bytes.byteCount)
        _ = take(bytes)
        return end(out)
    }
}

/// What the messages look like that an operation carries, and those that answer it.
struct Payloads: Equatable {
    /// Of the message, or of a list of the messages, each shape once; `.empty`: it carries none, or nobody asks; `.nonJSON`: it is
    /// none, or nobody can say.
    var message = ShapeID.empty
    var isList = false
    /// Others of the list are no JSON, or nobody can say.
    var hasOthers = false
    /// Of the message that answers it.
    var answer = ShapeID.empty

    var isEmpty: Bool { message == .empty && answer == .empty && !hasOthers }
}
