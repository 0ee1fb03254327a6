/// What an answer says of how an operation of GraphQL went (GraphQL, October 2021, section 7.1): over HTTP its status may be 200
/// where all of it failed.
enum GraphQLAnswer {
    /// What went wrong, as a number of the map (`AnswerStatus`), by the shape of the answer; nothing where all went well, or nobody
    /// knows.
    ///
    /// It failed where there are errors and no data. Of several in a list it failed where all did.
    static func fault(_ answer: ShapeID, _ shapes: borrowing ShapeTable) -> UInt16? {
        guard answer.isWholeJSON else { return nil }
        switch shapes.contents(UInt32(answer.index)) {
        case .object(let members): return fault(members, shapes)
        case .array(let elements):
            var (failed, isPartial) = (0, false)
            for element in elements {
                guard case .object(let members) = shapes.contents(element.shape) else { return nil }
                switch fault(members, shapes) {
                case AnswerStatus.operationFailed?: failed += 1
                case AnswerStatus.operationPartial?: isPartial = true
                default: break
                }
            }
            if failed > 0, failed == elements.count { return AnswerStatus.operationFailed }
            return failed > 0 || isPartial ? AnswerStatus.operationPartial : nil
        default: return nil
        }
    }

    private static func fault(_ members: ArraySlice<ShapePart>, _ shapes: borrowing ShapeTable) -> UInt16? {
        let (errors, data) = (shapes.keys.find(name: "errors"), shapes.keys.find(name: "data"))
        // Some servers write an empty list where there are none.
        guard let found = members.first(where: { $0.key == errors }),
            case .array(let elements) = shapes.contents(found.shape), !elements.isEmpty
        else { return nil }
        guard let data = members.first(where: { $0.key == data }) else { return AnswerStatus.operationFailed }
        if case .null = shapes.contents(data.shape) { return AnswerStatus.operationFailed }
        return AnswerStatus.operationPartial
    }

    // MARK: The code

    /// Where the code of the first error is (`extensions.code`, as servers have it by convention), if it is a word: what an error
    /// says of itself may hold values.
    static func code(in answer: RawSpan) -> Range<Int>? {
        var at = answer.blanksEnd(0)
        guard answer.u8(at: at) == UInt8(ascii: "[") else { return code(ofAnswer: answer, at) }
        // The first of several that has one.
        repeat {
            at = answer.blanksEnd(at &+ 1)
            if let code = code(ofAnswer: answer, at) { return code }
            at = answer.blanksEnd(answer.valueEnd(at))
        } while answer.u8(at: at) == UInt8(ascii: ",")
        return nil
    }

    private static func code(ofAnswer bytes: RawSpan, _ at: Int) -> Range<Int>? {
        guard let errors = bytes.member("errors", of: at), bytes.u8(at: errors) == UInt8(ascii: "["),
            let extensions = bytes.member("extensions", of: bytes.blanksEnd(errors &+ 1)),
            let code = bytes.member("code", of: extensions), bytes.u8(at: code) == UInt8(ascii: "\"")
        else { return nil }
        let end = bytes.valueEnd(code)
        guard end < bytes.byteCount, end &- code > 2 else { return nil }
        let word = code &+ 1..<end &- 1
        return JSONMembers.isWord(bytes.extracting(word)) ? word : nil
    }
}

extension Exchange {
    /// What its answer's content says of how it went, where it says more than the status of HTTP.
    func fault(in answer: borrowing Message, _ shapes: borrowing ShapeTable) -> UInt16? {
        guard !kind.isEmpty, 200...299 ~= answer.head.status else { return nil }
        return GraphQLAnswer.fault(answer.shape, shapes)
    }
}

extension ByteInterner {
    /// The number of a string of ours, if it is held.
    fileprivate borrowing func find(name: String) -> UInt32 {
        let name = Array(name.utf8)
        return find(name.span.bytes)
    }
}

/// JSON that is stepped over: total on whatever it is, each byte once.
extension RawSpan {
    fileprivate func blanksEnd(_ start: Int) -> Int {
        var at = start
        while let byte = u8(at: at), byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { at &+= 1 }
        return at
    }

    /// Behind the value that begins at a place; the end of all where it does not end.
    fileprivate func valueEnd(_ start: Int) -> Int {
        var (at, depth) = (start, 0)
        var isText = false
        while let byte = u8(at: at) {
            at &+= 1
            if isText {
                if byte == UInt8(ascii: "\\") { at &+= 1 } else if byte == UInt8(ascii: "\"") { isText = false }
                if isText || depth > 0 { continue }
                return Swift.min(at, byteCount)
            }
            switch byte {
            case UInt8(ascii: "\""): isText = true
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth &+= 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                // The end of what it is in.
                if depth == 0 { return at &- 1 }
                depth &-= 1
                if depth == 0 { return at }
            case UInt8(ascii: ","), UInt8(ascii: ":"): if depth == 0 { return at &- 1 }
            default: break
            }
        }
        return byteCount
    }

    /// Where the value of a member of an object begins.
    fileprivate func member(_ name: StaticString, of start: Int) -> Int? {
        guard u8(at: start) == UInt8(ascii: "{") else { return nil }
        var at = start
        repeat {
            let key = blanksEnd(at &+ 1)
            guard u8(at: key) == UInt8(ascii: "\"") else { return nil }
            let end = valueEnd(key)
            let colon = blanksEnd(end)
            guard u8(at: colon) == UInt8(ascii: ":") else { return nil }
            let value = blanksEnd(colon &+ 1)
            if end &- key > 2, isWord(name, at: key &+ 1..<end &- 1) { return value }
            at = blanksEnd(valueEnd(value))
        } while u8(at: at) == UInt8(ascii: ",")
        return nil
    }
}
