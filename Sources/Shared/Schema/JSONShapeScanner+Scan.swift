// The tokens that lie whole in a piece, and the containers that they make.
extension JSONShapeScanner {
    /// Reads the tokens of a piece from `start` on: one turn of the loop reads a member, an element or a bracket.
    mutating func scan(_ bytes: RawSpan, from start: Int, _ table: inout ShapeTable) {
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
                    let start = i &+ 1
                    i = bytes.plainTextEnd(start)
                    if i < end, bytes.byte(i) == UInt8(ascii: "\"") {
                        shape = bytes.textShape(start, i)
                        i &+= 1
                    } else {
                        i = beginText(bytes, from: start, to: i)
                        if i < 0 { return }
                        shape = textShape
                    }
                } else if first &- UInt8(ascii: "0") <= 9 || first == UInt8(ascii: "-") {
                    i = readNumber(bytes, from: i)
                    if i < 0 { return }
                    shape = number.shape
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
                    if top &- frame.base >= Self.maximumFineElements { shape = table.coarse(ShapeID(raw: shape)).raw }
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
                let next = bytes.skipBlanks(i)
                for place in i..<next where bytes.byte(place) == 0x0A { isLineOver = true }
                i = next
                guard i < end else { break tokens }
                self.shape = shape
                guard beginLine(table) else { return fail() }
                phase = .value
                continue tokens

            case .start, .failed, .byteOrderMark, .name, .text, .number, .literal:
                preconditionFailure("scan begins after a cut token was read to its end")
            }
        }
        self.phase = phase
    }

    /// Reads on in what the last piece's end cut.
    ///
    /// Gives where scanning goes on; negative where there is nothing to scan.
    mutating func carryOn(_ bytes: RawSpan, _ table: inout ShapeTable) -> Int {
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
            if end >= 0 {
                shape = textShape
                phase = .complete
            }
            return end
        case .number:
            let end = carryOnNumber(bytes, from: 0)
            shape = number.shape
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
