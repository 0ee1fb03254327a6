/// MongoDB's wire protocol: MongoDB Manual, "MongoDB Wire Protocol" (Standard Message Header, OP_MSG, OP_COMPRESSED,
/// and the legacy opcodes); documents by the BSON specification, version 1.1.
///
/// Strict enough, from the start as from the middle: a length of at most 48 MB, an opcode of which twelve of 2^32 are
/// in use, and behind it nested lengths and a document whose first element has a known type and a printable name.
enum MongoDBDetector: Detector {
    static var strictness: Strictness { .typedMessages }

    static func examine(client: RawSpan, server: RawSpan, _ context: DetectionContext) -> Finding {
        message(client).and(context.isStreamStart ? .yes : isOf(.client, client))
            .finding("MongoDB message header and body")
            .atTheEnd(
                context,
                client.byteCount == 0
                    ? message(server).and(isOf(.server, server)).finding("MongoDB reply header and body") : .no)
    }

    /// Whoever answers names what it answers.
    private static func isOf(_ side: Side, _ bytes: RawSpan) -> Fit {
        bytes.fit(little: UInt32.self, at: 8) { ($0 == 0) == (side == .client) }
    }

    /// Answers that go on by themselves, and writes that nobody acknowledges.
    static func search(_ bytes: RawSpan, from side: Side) -> Evidence? {
        var offset = 0
        while offset &+ body <= bytes.byteCount {
            // The opcode's second byte is 7 (an old reply has too many zeros), the length's fourth is 2 at most.
            if bytes.u8(at: offset &+ 13) == 7, bytes.u8(at: offset &+ 14) == 0, bytes.u8(at: offset &+ 3) ?? 3 <= 2,
                let length = bytes.little(UInt32.self, at: offset),
                message(bytes.extracting(offset..<bytes.byteCount))
                    .and(isOf(side, bytes.extracting(offset..<bytes.byteCount))) == .yes
            {
                let next = offset &+ Int(length)
                if next &+ body < bytes.byteCount, bytes.u8(at: next &+ 13) == 7,
                    message(bytes.extracting(next..<bytes.byteCount)) != .no
                {
                    return Evidence("MongoDB messages")
                }
            }
            offset &+= 1
        }
        return nil
    }

    /// Length and opcode are proof enough here, though the document was cut.
    static func likeness(_ bytes: RawSpan, from side: Side, isStreamStart: Bool) -> Likeness {
        // Messages that clients begin with are short.
        guard message(bytes).and(isStreamStart ? .yes : isOf(side, bytes)) != .no,
            bytes.little(UInt32.self, at: 0) ?? 0 <= 1 << 20
        else { return .no }
        return bytes.byteCount >= body ? .whole : .open
    }

    /// Header: messageLength, requestID, responseTo, opCode, each an int32 in little-endian order.
    static func message(_ bytes: RawSpan) -> Fit {
        let head = bytes.fit(little: UInt32.self, at: 0) { 20...maximumLength ~= $0 }
            .and(bytes.fit(little: UInt32.self, at: 12, isOpcode))
        guard head == .yes, let opcode = bytes.little(UInt32.self, at: 12), let size = bytes.little(UInt32.self, at: 0)
        else { return head }
        let length = Int(size)
        switch opcode {
        case 1: return reply(bytes, length)
        case 2004: return namespaced(bytes, document: 8, length)
        case 2001: return namespaced(bytes, document: 4, length)
        case 2002: return namespaced(bytes, document: 0, length)
        case 2006: return namespaced(bytes, document: 4, length)
        case 2005: return namespace(bytes, at: body &+ 4).and(Fit(length > 32))
        case 2007: return killCursors(bytes, length)
        case 2012: return compressed(bytes, length)
        case 2013: return sections(bytes, length)
        default: return .no
        }
    }

    private static let body = 16
    /// maxMessageSizeBytes, which servers state in their answer to hello.
    private static let maximumLength: UInt32 = 48_000_000

    private static func isOpcode(_ value: UInt32) -> Bool {
        switch value {
        case 1, 2001, 2002, 2004...2007, 2012, 2013: true
        default: false
        }
    }

    /// OP_MSG: flags, of which bits 2 to 15 must not be set, and sections: a body (0) or a document sequence (1).
    private static func sections(_ bytes: RawSpan, _ length: Int) -> Fit {
        let flags = bytes.fit(little: UInt32.self, at: body) { $0 & ~0x1_0003 == 0 }
        let section = body &+ 5
        switch bytes.u8(at: body &+ 4) {
        case nil: return flags.and(.open)
        case 0: return flags.and(document(bytes, at: section, end: length))
        case 1:
            return flags.and(bytes.fit(little: UInt32.self, at: section) { 9...UInt32(length) ~= $0 })
                .and(bytes.fit(byteAt: section &+ 4, ASCII.isLetter))
                .and(bytes.fit(cString: section &+ 4, limit: nameLimit, ASCII.isVisible))
        default: return .no
        }
    }

    /// OP_REPLY: flags, the cursor, where it stands, and how many documents follow.
    private static func reply(_ bytes: RawSpan, _ length: Int) -> Fit {
        bytes.fit(little: UInt32.self, at: body) { $0 <= 0xF }
            .and(bytes.fit(little: UInt32.self, at: body &+ 16) { $0 <= 0xFF_FFFF })
            .and(length == 36 ? .yes : document(bytes, at: body &+ 20, end: length))
    }

    /// OP_UPDATE, OP_INSERT, OP_QUERY, OP_DELETE: a word, "database.collection", some words, and a document.
    private static func namespaced(_ bytes: RawSpan, document words: Int, _ length: Int) -> Fit {
        let name = namespace(bytes, at: body &+ 4)
        guard name == .yes else { return name }
        var end = body &+ 4
        while let byte = bytes.u8(at: end), byte != 0 { end &+= 1 }
        return document(bytes, at: end &+ 1 &+ words, end: length)
    }

    private static func namespace(_ bytes: RawSpan, at offset: Int) -> Fit {
        let text = bytes.fit(cString: offset, limit: nameLimit) { ASCII.isVisible($0) || $0 >= 0x80 }
        guard text == .yes else { return text }
        var end = offset
        while let byte = bytes.u8(at: end), byte != 0 {
            if byte == UInt8(ascii: "."), end > offset { return .yes }
            end &+= 1
        }
        return .no
    }

    private static func killCursors(_ bytes: RawSpan, _ length: Int) -> Fit {
        bytes.fit(0 as UInt32, at: body)
            .and(bytes.fit(little: UInt32.self, at: body &+ 4) { $0 >= 1 && length == 24 &+ Int($0) &* 8 })
    }

    /// OP_COMPRESSED: the opcode inside, the size it will have, and the compressor: none, snappy, zlib, zstd.
    private static func compressed(_ bytes: RawSpan, _ length: Int) -> Fit {
        bytes.fit(little: UInt32.self, at: body, isOpcode)
            .and(bytes.fit(little: UInt32.self, at: body) { $0 != 2012 })
            .and(bytes.fit(little: UInt32.self, at: body &+ 4) { 5...maximumLength ~= $0 })
            .and(bytes.fit(byteAt: body &+ 8) { $0 <= 3 })
            .and(Fit(length > 25))
    }

    /// A BSON document: its length, which lies within the message, and its first element's type and name.
    private static func document(_ bytes: RawSpan, at offset: Int, end: Int) -> Fit {
        let length = bytes.fit(little: UInt32.self, at: offset) { $0 >= 5 && offset &+ Int($0) <= end }
        guard let type = bytes.u8(at: offset &+ 4) else { return length.and(.open) }
        // An empty document is its length and the final NUL.
        if type == 0 { return length.and(bytes.fit(little: UInt32.self, at: offset) { $0 == 5 }) }
        return length.and(Fit(1...0x13 ~= type || type == 0x7F || type == 0xFF))
            .and(bytes.fit(cString: offset &+ 5, limit: nameLimit) { ASCII.isText($0) })
    }

    private static let nameLimit = 255
}
