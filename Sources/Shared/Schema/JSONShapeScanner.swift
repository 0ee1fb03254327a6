/// Reads a JSON text (RFC 8259) in pieces of any size and gives its shape: types, no values.
///
/// However the text is cut, the shape is the same.
///
/// How it works. Tokens that lie whole in a piece are read in place by `scan`, strings and numbers eight bytes at a
/// time; a token that the piece's end cuts is carried on byte by byte (`carryOn`). Open containers
/// are a stack of frames; what they hold is a stack of parts (key and shape). When an object closes, its outline usually
/// knows its shape already (`OutlineCache`); else its parts are put in order and looked up in the `ShapeTable`.
///
/// What it accepts. The grammar of RFC 8259, with any value at the top; a byte order mark before it is ignored
/// (section 8.1). Several texts one after the other are not JSON, but objects and arrays on lines of their own are a list of
/// them (`finishLines`). Strings may hold bytes that are not UTF-8; in keys they
/// are read as U+FFFD, as are surrogates without their partner. Of equal keys, escapes decoded, the last counts.
///
/// A scanner is used for one body at a time and can be used again after `reset`; it then allocates nothing.
struct JSONShapeScanner: ~Copyable {
    /// The bound that kept a body from being read: `.jsonDepth`, `.jsonKeys`, or `nil`.
    private(set) var limitReached: Limit?

    /// What is expected next.
    ///
    /// From `byteOrderMark` on: what was cut.
    enum Phase: UInt8 {
        case start, firstKey, key, colon, firstElement, value, complete, separator, end, failed
        case byteOrderMark, name, text, number, literal
    }

    /// An open object or array.
    struct Frame {
        var outline = OutlineCache.none
        /// The key whose value is read; in an array, the key under which it lies.
        var key: UInt32 = 0
        /// Where its parts begin.
        var base = 0
        var isObject = false
    }

    /// Different shapes that the elements of one array may have.
    ///
    /// Each element is compared with them all, and nobody reads a schema with a thousand variants.
    static let maximumElementShapes = 1000
    /// Of so many the formats are told apart; any more are compared without.
    static let maximumFineElements = 64
    /// Bytes of one key.
    static let maximumKeyLength = 64 << 10

    /// The shapes of the texts before this one, each on lines of its own; in their order, each once.
    private(set) var lines: [ShapePart] = []
    /// A line has ended since the last text did.
    var isLineOver = false

    let maximumDepth: Int
    let maximumParts: Int

    var phase = Phase.start
    /// The innermost open container and those around it.
    var frame = Frame()
    var frames: UnsafeMutablePointer<Frame>
    var framesCapacity = 0
    var depth = 0
    var parts: UnsafeMutablePointer<ShapePart>
    var partsCapacity = 0
    var partsCount = 0
    var outlineGeneration: UInt32 = 0
    /// The value that was read last; at the end, the whole text's.
    var shape = ShapeID.empty.raw

    // A token that was cut.
    var escape = Escape.none
    var hexDigits: UInt16 = 0
    var highSurrogate: UInt16 = 0
    var number = NumberState.start
    var literal = Literal.null
    var matched = 0
    /// A key's bytes, where it was cut or has escapes; those of a text that was cut, as far as a format may go.
    var name: [UInt8] = []
    /// The text that was cut has escapes, or is too long for a format.
    var isPlain = false

    /// `limits.jsonDepth` is held below 512, since what reads the shapes recurses.
    init(limits: Limits = Limits()) {
        maximumDepth = max(0, min(limits.jsonDepth, 512))
        maximumParts = max(0, min(limits.jsonKeys, 1 << 24))
        frames = Self.noFrames
        parts = Self.noParts
    }

    deinit { letGo() }

    /// Of a scanner that has read no container: nothing lies there.
    private static var noFrames: UnsafeMutablePointer<Frame> {
        UnsafeMutablePointer(bitPattern: MemoryLayout<Frame>.alignment).unsafelyUnwrapped
    }
    private static var noParts: UnsafeMutablePointer<ShapePart> {
        UnsafeMutablePointer(bitPattern: MemoryLayout<ShapePart>.alignment).unsafelyUnwrapped
    }

    private func letGo() {
        if framesCapacity > 0 { frames.deallocate() }
        if partsCapacity > 0 { parts.deallocate() }
    }

    /// Forgets the body that was read so far.
    mutating func reset() {
        phase = .start
        limitReached = nil
        shape = ShapeID.empty.raw
        depth = 0
        partsCount = 0
        frame = Frame()
        matched = 0
        isLineOver = false
        if !lines.isEmpty { lines.removeAll(keepingCapacity: true) }
    }

    /// Takes the next bytes of the body.
    ///
    /// Once it is known not to be JSON, this returns at once.
    mutating func feed(_ bytes: RawSpan, into table: inout ShapeTable) {
        guard bytes.byteCount > 0, phase != .failed else { return }
        if outlineGeneration != table.outlines.generation { forgetOutlines(table.outlines.generation) }
        var start = 0
        if phase == .start { phase = bytes.byte(0) == 0xEF ? .byteOrderMark : .value }
        if phase.rawValue >= Phase.byteOrderMark.rawValue {
            let end = carryOn(bytes, &table)
            if end < 0 { return }
            start = end
        }
        scan(bytes, from: start, &table)
    }

    /// The body has ended.
    ///
    /// `.empty` where it had no bytes at all.
    borrowing func finish() -> ShapeID {
        guard lines.isEmpty else { return .nonJSON }
        switch phase {
        case .start: return .empty
        case .end: return ShapeID(raw: shape)
        case .number where depth == 0 && number.mayEnd: return ShapeID(raw: number.shape)
        default: return .nonJSON
        }
    }

    /// Another text begins, which is one of a list where it stands on a line of its own.
    mutating func beginLine(_ table: borrowing ShapeTable) -> Bool {
        guard isLineOver, table.isContainer(shape), lines.count < Self.maximumElementShapes else { return false }
        addLine(table)
        isLineOver = false
        return true
    }

    private mutating func addLine(_ table: borrowing ShapeTable) {
        let own = lines.count < Self.maximumFineElements ? shape : table.coarse(ShapeID(raw: shape)).raw
        let part = ShapePart(key: ShapePart.noKey, shape: own)
        if !lines.contains(where: { $0.packed == part.packed }) { lines.append(part) }
    }

    /// The body has ended, which is a list of texts, each on lines of its own (NDJSON).
    mutating func finishLines(into table: inout ShapeTable) -> ShapeID {
        guard phase == .end, table.isContainer(shape) else { return phase == .start ? .empty : .nonJSON }
        addLine(table)
        do throws(ShapeTable.Refusal) {
            return ShapeID(raw: try table.array(of: lines))
        } catch {
            refuse(error, &table)
            return .nonJSON
        }
    }

    /// The body has ended before its end, or what followed is missing.
    ///
    /// Containers that are open hold what was seen of them. An element that was cut counts only where its array has no
    /// other: it would be a variant that nobody sent.
    mutating func finishCut(into table: inout ShapeTable) -> ShapeID {
        if phase == .failed { return ShapeID.nonJSON.incomplete }
        if depth == 0, phase == .end {
            guard !lines.isEmpty else { return ShapeID(raw: shape).incomplete }
            addLine(table)
        }
        var value: UInt32? =
            switch phase {
            case .text: ShapeID.string.raw
            case .number: ShapeID.number.raw
            case .literal: literal.shape
            default: nil
            }
        while depth > 0 {
            do throws(ShapeTable.Refusal) {
                value = try closeCut(holding: value, &table)
            } catch {
                refuse(error, &table)
                return ShapeID.nonJSON.incomplete
            }
            partsCount = frame.base
            depth &-= 1
            frame = frames[depth]
        }
        guard !lines.isEmpty else { return ShapeID(raw: value ?? ShapeID.empty.raw).incomplete }
        do throws(ShapeTable.Refusal) {
            return ShapeID(raw: try table.array(of: lines)).incomplete
        } catch {
            refuse(error, &table)
            return ShapeID.nonJSON.incomplete
        }
    }

    /// The shape of the innermost container as far as it was seen.
    /// - Parameter value: of the member or element that was cut.
    private mutating func closeCut(
        holding value: UInt32?, _ table: inout ShapeTable
    ) throws(ShapeTable.Refusal) -> UInt32 {
        if let value, frame.isObject || partsCount == frame.base {
            if partsCount == partsCapacity { guard growParts(partsCount) else { throw .tooLong } }
            parts[partsCount] = ShapePart(key: frame.isObject ? frame.key : ShapePart.noKey, shape: value)
            partsCount &+= 1
        }
        let own = UnsafeBufferPointer(start: parts + frame.base, count: partsCount &- frame.base)
        return frame.isObject ? try table.object(own) : try table.array(own)
    }

    mutating func fail(_ limit: Limit? = nil) {
        phase = .failed
        limitReached = limit
    }

    mutating func refuse(_ refusal: ShapeTable.Refusal, _ table: inout ShapeTable) {
        switch refusal {
        case .tableFull:
            table.refused &+= 1
            fail()
        case .tooLong: fail(.jsonKeys)
        }
    }

    mutating func forgetOutlines(_ generation: UInt32) {
        outlineGeneration = generation
        frame.outline = OutlineCache.none
        for place in 0..<depth { frames[place].outline = OutlineCache.none }
    }

    /// Room for one more frame or part; `false` where the limit is reached.
    @inline(never)
    mutating func growFrames(_ depth: Int) -> Bool {
        guard depth < maximumDepth else { return false }
        let capacity = max(4, framesCapacity * 2)
        let larger = UnsafeMutablePointer<Frame>.allocate(capacity: capacity)
        larger.moveInitialize(from: frames, count: depth)
        if framesCapacity > 0 { frames.deallocate() }
        frames = larger
        framesCapacity = capacity
        return true
    }

    @inline(never)
    mutating func growParts(_ count: Int) -> Bool {
        guard count < maximumParts else { return false }
        let capacity = max(16, partsCapacity * 2)
        let larger = UnsafeMutablePointer<ShapePart>.allocate(capacity: capacity)
        larger.moveInitialize(from: parts, count: count)
        if partsCapacity > 0 { parts.deallocate() }
        parts = larger
        partsCapacity = capacity
        return true
    }
}
