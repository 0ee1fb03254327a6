/// Reads a JSON text (RFC 8259) in pieces of any size and gives its shape: types, no values.
///
/// However the text is cut, the shape is the same.
///
/// How it works. Tokens that lie whole in a piece are read in place by `scan`, strings and numbers eight bytes at a
/// time; a token that the piece's end cuts is carried on byte by byte (`JSONShapeScanner+Tokens.swift`). Open containers
/// are a stack of frames; what they hold is a stack of parts (key and shape). When an object closes, its outline usually
/// knows its shape already (`OutlineCache`); else its parts are put in order and looked up in the `ShapeTable`.
///
/// What it accepts. The grammar of RFC 8259, with any value at the top; a byte order mark before it is ignored
/// (section 8.1). Several texts one after the other are not JSON. Strings may hold bytes that are not UTF-8; in keys they
/// are read as U+FFFD, as are surrogates without their partner. Of equal keys, escapes decoded, the last counts.
///
/// A scanner is used for one body at a time and can be used again after `reset`; it then allocates nothing.
package struct JSONShapeScanner: ~Copyable {
    /// The bound that kept a body from being read: `.jsonDepth`, `.jsonKeys`, or `nil`.
    package private(set) var limitReached: Limit?

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
    /// Bytes of one key.
    static let maximumKeyLength = 64 << 10

    let maximumDepth: Int
    let maximumParts: Int

    var phase = Phase.start
    /// The innermost open container and those around it.
    private var frame = Frame()
    private var frames: UnsafeMutablePointer<Frame>
    private var framesCapacity = 8
    private var depth = 0
    private var parts: UnsafeMutablePointer<ShapePart>
    private var partsCapacity = 32
    private var partsCount = 0
    private var outlineGeneration: UInt32 = 0
    /// The value that was read last; at the end, the whole text's.
    var shape = ShapeID.empty.raw

    // A token that was cut.
    var escape = Escape.none
    var hexDigits: UInt16 = 0
    var highSurrogate: UInt16 = 0
    var number = NumberState.start
    var literal = Literal.null
    var matched = 0
    /// A key's bytes, where it was cut or has escapes.
    var name: [UInt8] = []

    /// `limits.jsonDepth` is held below 512, since what reads the shapes recurses.
    package init(limits: Limits = Limits()) {
        maximumDepth = max(0, min(limits.jsonDepth, 512))
        maximumParts = max(0, min(limits.jsonKeys, 1 << 24))
        frames = .allocate(capacity: framesCapacity)
        parts = .allocate(capacity: partsCapacity)
    }

    deinit {
        frames.deallocate()
        parts.deallocate()
    }

    /// Forgets the body that was read so far.
    package mutating func reset() {
        phase = .start
        limitReached = nil
        shape = ShapeID.empty.raw
        depth = 0
        partsCount = 0
        frame = Frame()
        matched = 0
    }

    /// Takes the next bytes of the body.
    ///
    /// Once it is known not to be JSON, this returns at once.
    package mutating func feed(_ bytes: RawSpan, into table: inout ShapeTable) {
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
    package borrowing func finish() -> ShapeID {
        switch phase {
        case .start: return .empty
        case .end: return ShapeID(raw: shape)
        case .number where depth == 0 && number.mayEnd: return .number
        default: return .nonJSON
        }
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

    private mutating func forgetOutlines(_ generation: UInt32) {
        outlineGeneration = generation
        frame.outline = OutlineCache.none
        for place in 0..<depth { frames[place].outline = OutlineCache.none }
    }

    /// Room for one more frame or part; `false` where the limit is reached.
    @inline(never)
    private mutating func growFrames(_ depth: Int) -> Bool {
        guard depth < maximumDepth else { return false }
        let larger = UnsafeMutablePointer<Frame>.allocate(capacity: framesCapacity * 2)
        larger.moveInitialize(from: frames, count: depth)
        frames.deallocate()
        frames = larger
        framesCapacity *= 2
        return true
    }

    @inline(never)
    private mutating func growParts(_ count: Int) -> Bool {
        guard count < maximumParts else { return false }
        let larger = UnsafeMutablePointer<ShapePart>.allocate(capacity: partsCapacity * 2)
        larger.moveInitialize(from: parts, count: count)
        parts.deallocate()
        parts = larger
        partsCapacity *= 2
        return true
    }

    // MARK: - Whole tokens

    private mutating func scan(_ bytes: RawSpan, from start: Int, _ table: inout ShapeTable) {
        let end = bytes.byteCount
        var i = start
        var phase = self.phase
        var frame = self.frame
        var depth = self.depth
        var top = self.partsCount
        var shape = self.shape
        var parts = self.parts
        var room = min(partsCapacity, maximumParts)
        var frames = self.frames
        var roomForFrames = min(framesCapacity, maximumDepth)
        defer {
            self.frame = frame
            self.depth = depth
            self.partsCount = top
            self.shape = shape
        }

        tokens: while true {
            switch phase {
            case .firstKey:
                i = bytes.skipBlanks(i)
                guard i < end else { break tokens }
                if bytes.byte(i) == UInt8(ascii: "}") {
                    i &+= 1
                    shape = ShapeID.emptyObject.raw
                    depth &-= 1
                    frame = frames[depth]
                    phase = .complete
                    continue tokens
                }
                phase = .key
                fallthrough

            case .key:
                i = bytes.skipBlanks(i)
                guard i < end else { break tokens }
                guard bytes.byte(i) == UInt8(ascii: "\"") else { return fail() }
                i &+= 1
                let outline = table.outlines.outlines + Int(frame.outline)
                let expected = table.expected(outline, in: bytes, at: i)
                if expected > 0 {
                    frame.key = outline.pointee.nextKey
                    i &+= expected
                } else {
                    let quote = bytes.plainTextEnd(i)
                    if quote < end, bytes.byte(quote) == UInt8(ascii: "\"") {
                        guard quote &- i <= Self.maximumKeyLength else { return fail(.jsonKeys) }
                        frame.key = table.keys.number(of: bytes.extracting(i..<quote))
                        i = quote &+ 1
                    } else {
                        beginName()
                        i = readName(bytes, from: i)
                        if i < 0 { return }
                        frame.key = table.keys.number(of: name.span.bytes)
                    }
                    guard frame.key != ByteInterner.full else { return refuse(.tableFull, &table) }
                    phase = .colon
                    continue tokens
                }
                phase = .value
                fallthrough

            case .value:
                i = bytes.skipBlanks(i)
                guard i < end else { break tokens }
                let first = bytes.byte(i)
                if first == UInt8(ascii: "\"") {
                    i = bytes.plainTextEnd(i &+ 1)
                    if i < end, bytes.byte(i) == UInt8(ascii: "\"") {
                        i &+= 1
                    } else {
                        escape = .none
                        i = readText(bytes, from: i)
                        if i < 0 { return }
                    }
                    shape = ShapeID.string.raw
                } else if first &- UInt8(ascii: "0") <= 9 || first == UInt8(ascii: "-") {
                    i = readNumber(bytes, from: i)
                    if i < 0 { return }
                    shape = ShapeID.number.raw
                } else if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
                    i &+= 1
                    if depth == roomForFrames {
                        guard growFrames(depth) else { return fail(.jsonDepth) }
                        frames = self.frames
                        roomForFrames = min(framesCapacity, maximumDepth)
                    }
                    frames[depth] = frame
                    depth &+= 1
                    frame.base = top
                    frame.isObject = first == UInt8(ascii: "{")
                    frame.outline = frame.isObject ? OutlineCache.root(under: frame.key) : OutlineCache.none
                    phase = frame.isObject ? .firstKey : .firstElement
                    continue tokens
                } else {
                    i = readLiteral(bytes, from: i)
                    if i < 0 { return }
                    shape = literal.shape
                }
                phase = .complete
                fallthrough

            case .complete:
                if frame.isObject {
                    if top == room {
                        guard growParts(top) else { return fail(.jsonKeys) }
                        parts = self.parts
                        room = min(partsCapacity, maximumParts)
                    }
                    parts[top] = ShapePart(key: frame.key, shape: shape)
                    top &+= 1
                    let outline = table.outlines.outlines + Int(frame.outline)
                    if outline.pointee.nextKey == frame.key, outline.pointee.nextShape == shape {
                        frame.outline = outline.pointee.next
                    } else {
                        frame.outline = table.outlines.step(
                            from: frame.outline, key: frame.key, shape: shape, keys: table.keys)
                        if table.outlines.generation != outlineGeneration {
                            self.depth = depth
                            forgetOutlines(table.outlines.generation)
                            frame.outline = OutlineCache.none
                        }
                    }
                } else if depth > 0 {
                    let part = ShapePart(key: ShapePart.noKey, shape: shape)
                    if top == frame.base || parts[top &- 1].packed != part.packed {
                        let known = UnsafeBufferPointer(start: parts + frame.base, count: top &- frame.base)
                        if !known.contains(where: { $0.packed == part.packed }) {
                            if top == room {
                                guard growParts(top) else { return fail(.jsonKeys) }
                                parts = self.parts
                                room = min(partsCapacity, maximumParts)
                            }
                            guard known.count < Self.maximumElementShapes else { return fail(.jsonKeys) }
                            parts[top] = part
                            top &+= 1
                        }
                    }
                } else {
                    phase = .end
                    continue tokens
                }
                phase = .separator
                fallthrough

            case .separator:
                i = bytes.skipBlanks(i)
                guard i < end else { break tokens }
                let next = bytes.byte(i)
                i &+= 1
                if next == UInt8(ascii: ",") {
                    phase = frame.isObject ? .key : .value
                    continue tokens
                }
                guard next == (frame.isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else { return fail() }
                do throws(ShapeTable.Refusal) {
                    let own = UnsafeBufferPointer(start: parts + frame.base, count: top &- frame.base)
                    if frame.isObject {
                        let outline = table.outlines.outlines + Int(frame.outline)
                        shape = outline.pointee.closed
                        if shape == 0 {
                            shape = try table.object(own)
                            if frame.outline != OutlineCache.none { outline.pointee.closed = shape }
                        }
                    } else {
                        shape = own.count == 1 ? try table.array(of: own[0].shape) : try table.array(own)
                    }
                } catch {
                    return refuse(error, &table)
                }
                top = frame.base
                depth &-= 1
                frame = frames[depth]
                phase = .complete
                continue tokens

            case .colon:
                i = bytes.skipBlanks(i)
                guard i < end else { break tokens }
                guard bytes.byte(i) == UInt8(ascii: ":") else { return fail() }
                i &+= 1
                phase = .value
                continue tokens

            case .firstElement:
                i = bytes.skipBlanks(i)
                guard i < end else { break tokens }
                if bytes.byte(i) == UInt8(ascii: "]") {
                    i &+= 1
                    shape = ShapeID.emptyArray.raw
                    depth &-= 1
                    frame = frames[depth]
                    phase = .complete
                } else {
                    phase = .value
                }
                continue tokens

            case .end:
                if bytes.skipBlanks(i) < end { return fail() }
                break tokens

            case .start, .failed, .byteOrderMark, .name, .text, .number, .literal:
                preconditionFailure("scan begins after a cut token was read to its end")
            }
        }
        self.phase = phase
    }

    /// Reads on in what the last piece's end cut.
    ///
    /// Gives where scanning goes on; negative where there is nothing to scan.
    private mutating func carryOn(_ bytes: RawSpan, _ table: inout ShapeTable) -> Int {
        switch phase {
        case .byteOrderMark:
            return readByteOrderMark(bytes)
        case .name:
            let end = readName(bytes, from: 0)
            guard end >= 0 else { return end }
            frame.key = table.keys.number(of: name.span.bytes)
            guard frame.key != ByteInterner.full else {
                refuse(.tableFull, &table)
                return -1
            }
            phase = .colon
            return end
        case .text:
            let end = readText(bytes, from: 0)
            shape = ShapeID.string.raw
            if end >= 0 { phase = .complete }
            return end
        case .number:
            let end = carryOnNumber(bytes, from: 0)
            shape = ShapeID.number.raw
            if end >= 0 { phase = .complete }
            return end
        case .literal:
            let end = carryOnLiteral(bytes, from: 0)
            shape = literal.shape
            if end >= 0 { phase = .complete }
            return end
        default:
            return 0
        }
    }
}
