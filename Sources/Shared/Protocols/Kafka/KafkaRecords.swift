/// Reads the records of a batch that is not pressed, for what their headers say of traces (Apache Kafka documentation, "Message
/// Format": "Record", "Record Header").
struct KafkaRecords {
    /// Where the batch ends in its message.
    private(set) var end = 0
    private(set) var traces: KafkaTraces?
    /// Nothing more is read of the batch.
    private(set) var isOver = false
    /// Bytes that the last step has read, and those behind them that nobody looks at.
    private(set) var taken = 0
    private(set) var skip = 0
    private var stage = Stage.record
    private var recordEnd = 0
    /// Of the record: headers that are to come.
    private var headers = 0
    /// The value of a header that comes is a `traceparent`.
    private var isTrace = false
    private var position = 0
    /// Reads the records' values; `nil`: nobody wants that.
    private let payload: PayloadReader?
    /// The shapes of values, each once, and those of which nobody can say it.
    private(set) var shapes: [ShapeID] = []
    private(set) var hasOthers = false
    /// Of several the first that kept a value from being read.
    private(set) var limit: Limit?

    private enum Stage { case record, value, content, headerCount, header, headerValue }

    init(_ payload: PayloadReader? = nil) { self.payload = payload }

    mutating func begin(end: Int) {
        self = KafkaRecords(payload)
        self.end = end
    }

    /// - Returns: how many more bytes are needed; 0 where `taken` and `skip` say how it goes on.
    mutating func step(_ bytes: RawSpan, at position: Int) -> Int {
        let needs = read(bytes, at: position)
        guard needs == 0, !isOver else { return needs }
        // Nobody asks for another step where the message ends with the batch.
        if stage == .header, headers <= 0 {
            skip = recordEnd &- position &- taken
            stage = .record
        }
        if stage == .record, position &+ taken &+ skip >= end { isOver = true }
        return 0
    }

    private mutating func read(_ bytes: RawSpan, at position: Int) -> Int {
        (taken, skip, self.position) = (0, 0, position)
        switch stage {
        case .record: return record(bytes)
        case .value: return value(bytes)
        case .content: return content(bytes)
        case .headerCount:
            guard let (count, width) = Self.varint(bytes, at: 0) else { return more(bytes, 5) }
            headers = count
            return go(behind: width, over: 0, to: .header)
        case .header: return header(bytes)
        case .headerValue:
            guard isTrace, let (length, width) = Self.varint(bytes, at: 0), 0...TraceContext.longest ~= length else {
                return part(bytes, then: .header)
            }
            guard bytes.byteCount >= width &+ length else { return more(bytes, width &+ length) }
            if let context = TraceContext(bytes.extracting(width..<width &+ length)) {
                traces = traces?.joined(with: KafkaTraces(context)) ?? KafkaTraces(context)
            }
            return go(behind: width &+ length, over: 0, to: .header)
        }
    }

    /// A record's length, attributes, time, offset, and key, which is stepped over.
    private mutating func record(_ bytes: RawSpan) -> Int {
        guard position < end else { return leave(isCut: false) }
        guard let (length, width) = Self.varint(bytes, at: 0) else { return more(bytes, 5) }
        guard length > 0, length <= end &- position &- width else { return leave() }
        recordEnd = position &+ width &+ length
        var at = width &+ 1
        for _ in 0..<2 {
            guard let (_, width) = Self.varint(bytes, at: at) else { return more(bytes, Self.longestBeginning) }
            at &+= width
        }
        guard let (key, last) = Self.varint(bytes, at: at) else { return more(bytes, Self.longestBeginning) }
        return go(behind: at &+ last, over: key, to: .value)
    }

    /// Of four varints and a byte.
    private static let longestBeginning = 41

    private mutating func value(_ bytes: RawSpan) -> Int {
        guard let payload, let (length, width) = Self.varint(bytes, at: 0), length > 0,
            length <= recordEnd &- position &- width
        else { return part(bytes, then: .headerCount) }
        payload.begin()
        payload.expect(length)
        return go(behind: width, over: 0, to: .content)
    }

    private mutating func content(_ bytes: RawSpan) -> Int {
        guard let payload, bytes.byteCount > 0 else { return 1 }
        taken = payload.take(bytes)
        guard !payload.isOpen else { return 0 }
        let (shape, reached) = payload.end()
        add(shape)
        limit = limit ?? reached
        stage = .headerCount
        return 0
    }

    private mutating func add(_ shape: ShapeID) {
        guard shape.isWholeJSON, shapes.count < JSONShapeScanner.maximumFineElements || shapes.contains(shape) else {
            hasOthers = true
            return
        }
        if !shapes.contains(shape) { shapes.append(shape) }
    }

    private mutating func header(_ bytes: RawSpan) -> Int {
        guard let (length, width) = Self.varint(bytes, at: 0) else { return more(bytes, 5) }
        isTrace = length == TraceContext.name.utf8CodeUnitCount
        guard isTrace else {
            headers &-= 1
            return go(behind: width, over: length, to: .headerValue)
        }
        guard bytes.byteCount >= width &+ length else { return more(bytes, width &+ length) }
        isTrace = bytes.isWordIgnoringCase(TraceContext.name, at: width..<width &+ length)
        headers &-= 1
        return go(behind: width &+ length, over: 0, to: .headerValue)
    }

    /// What is behind its length, and is stepped over.
    private mutating func part(_ bytes: RawSpan, then next: Stage) -> Int {
        guard let (length, width) = Self.varint(bytes, at: 0) else { return more(bytes, 5) }
        return go(behind: width, over: length, to: next)
    }

    /// - Parameter length: below 0: there is none.
    private mutating func go(behind read: Int, over length: Int, to next: Stage) -> Int {
        let length = Swift.max(0, length)
        guard length <= recordEnd &- position &- read else { return leave() }
        (taken, skip, stage) = (read, length, next)
        return 0
    }

    /// - Parameter isCut: what is left makes no sense.
    private mutating func leave(isCut: Bool = true) -> Int {
        if isCut, payload != nil { hasOthers = true }
        skip = end &- position
        isOver = true
        return 0
    }

    /// - Parameter most: bytes that what is read may have.
    private mutating func more(_ bytes: RawSpan, _ most: Int) -> Int {
        bytes.byteCount < Swift.min(most, end &- position) ? 1 : leave()
    }

    /// A number with its sign in the lowest bit, of 64 bits at the most.
    private static func varint(_ bytes: RawSpan, at start: Int) -> (value: Int, width: Int)? {
        var value: UInt64 = 0
        for place in 0..<10 {
            guard let byte = bytes.u8(at: start &+ place) else { return nil }
            value |= UInt64(byte & 0x7F) &<< UInt64(7 &* place)
            guard byte & 0x80 != 0 else {
                return (Int(truncatingIfNeeded: value &>> 1 ^ (0 &- (value & 1))), place &+ 1)
            }
        }
        // Longer than any: what is read is no record.
        return (-1, 10)
    }
}

/// The traces that records name.
struct KafkaTraces: Equatable {
    /// Of all that name one; `nil` where they name several.
    private(set) var context: TraceContext?

    init(_ context: TraceContext) { self.context = context }

    func joined(with other: KafkaTraces) -> KafkaTraces {
        var joined = self
        let isOne = context.map { own in other.context?.isOfTrace(own) ?? false } ?? false
        if !isOne { joined.context = nil }
        return joined
    }
}
