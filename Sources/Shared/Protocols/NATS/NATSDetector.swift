/// NATS: NATS documentation, "Client Protocol" (INFO, CONNECT, PUB, HPUB, SUB, UNSUB, MSG, HMSG, PING, PONG, +OK, -ERR)
/// and "NATS Cluster Protocol" (RS+, RS-, RMSG; LS+, LS-, LMSG of leaf nodes).
///
/// Strict enough: the client's first line is CONNECT with a JSON object, the server's INFO with one that has a
/// `server_id`. What carries a payload announces its length, and CRLF stands exactly behind it. Other operations only
/// lead to one of these. PING and PONG, which IRC and Redis have too, +OK and -ERR, which POP3 and Redis have, are
/// taken for nothing by themselves.
enum NATSDetector: Detector {
    static var strictness: Strictness { .verbs }

    static func examine(client: RawSpan, server: RawSpan, _ context: DetectionContext) -> Finding {
        let first = context.isStreamStart ? operation(client, at: 0) : operation(client, at: 0, of: .client)
        return first.proof.finding("NATS operation")
            .otherwise(
                first.fit.and(dialogue(client, server)).and(context.isStreamStart ? .yes : isOf(.server, server, at: 0))
                    .finding("NATS operations of both sides")
            )
            .otherwise(hello(client).and(proof(server)).finding("NATS server INFO, and TLS behind it"))
            .atTheEnd(
                context,
                client.byteCount == 0
                    ? proof(server).and(context.isStreamStart ? .yes : isOf(.server, server, at: 0))
                        .finding("NATS server INFO or message") : .no)
    }

    /// Whether an operation is none that the other side alone says; what routes and leaf nodes say to each other, and PING and
    /// PONG, either does.
    private static func isOf(_ side: Side, _ bytes: RawSpan, at offset: Int) -> Fit {
        var end = offset
        while let byte = bytes.u8(at: end), ASCII.isVisible(byte), end &- offset < longestName { end &+= 1 }
        guard end < bytes.byteCount else { return .open }
        let others = side == .client ? ofServers : ofClients
        return Fit(!others.contains { bytes.isWordIgnoringCase($0, at: offset..<end) })
    }

    private static let longestName = 8
    private static let ofClients: [StaticString] = ["PUB", "HPUB", "SUB", "UNSUB", "CONNECT"]
    private static let ofServers: [StaticString] = ["MSG", "HMSG", "INFO", "+OK", "-ERR"]

    private static func operation(_ bytes: RawSpan, at offset: Int, of side: Side) -> Operation {
        isOf(side, bytes, at: offset) == .no ? .no : operation(bytes, at: offset)
    }

    /// With what TLS begins, where INFO has offered it: a handshake's record (RFC 8446, section 5.1).
    static let handshake: UInt8 = 22

    private static func hello(_ client: RawSpan) -> Fit {
        guard client.u8(at: 0) == handshake else { return .no }
        return client.u8(at: 1).map { $0 == 3 ? .yes : .no } ?? .open
    }

    private static func dialogue(_ client: RawSpan, _ server: RawSpan) -> Fit {
        proof(server)
            .or(proof(client).and(operation(server, at: 0).fit))
            .or(subscribes(client).and(server.fit("PONG\r\n", at: 0)))
    }

    /// Messages one behind the other in a stream that goes on and on: a publisher's or a subscriber's.
    static func search(_ bytes: RawSpan, from side: Side) -> Evidence? {
        var start = 0
        while let feed = bytes.firstIndex(of: ASCII.lineFeed, from: start) {
            start = feed &+ 1
            let isOfSide = side == .client ? "PHph".utf8 : "MHRLmhrl".utf8
            guard feed > 0, bytes.u8(at: feed &- 1) == ASCII.carriageReturn,
                let first = bytes.u8(at: start), isOfSide.contains(first),
                side == .server || bytes.has("PUB ", at: start) || bytes.has("HPUB ", at: start),
                side == .client || !bytes.has("HPUB ", at: start),
                case .proof = operation(bytes, at: start), let next = end(bytes, at: start)
            else { continue }
            if next < bytes.byteCount, operation(bytes, at: next).fit != .no { return Evidence("NATS messages") }
        }
        return nil
    }

    /// Where the operation with a payload ends that begins at `offset`.
    private static func end(_ bytes: RawSpan, at offset: Int) -> Int? {
        guard case .line(let line) = bytes.line(from: offset, limit: lineLimit) else { return nil }
        var rest = line.text
        var last: Range<Int>?
        while let word = bytes.word(of: &rest, isBlank) { last = word }
        return last.flatMap { bytes.decimal($0) }.map { line.next &+ $0 &+ 2 }
    }

    static func likeness(_ bytes: RawSpan, from side: Side, isStreamStart: Bool) -> Likeness {
        switch operation(bytes, at: 0) {
        case .no: return .no
        case .open: return .open
        case .proof: return .whole
        case .plain:
            // What others say as well is too little.
            let isShared = bytes.begins(withOneOf: ["PING", "PONG", "+OK"], at: 0, ignoringCase: true)
            return isShared ? .open : .whole
        }
    }

    // MARK: Operations

    private enum Operation {
        case no
        case open
        /// A line that is all of it; the next operation begins at the offset.
        case plain(next: Int)
        /// CONNECT, INFO, or a payload of exactly the length announced.
        case proof

        var fit: Fit {
            switch self {
            case .no: .no
            case .open: .open
            case .plain, .proof: .yes
            }
        }

        var proof: Fit {
            switch self {
            case .no, .plain: .no
            case .open: .open
            case .proof: .yes
            }
        }
    }

    /// What an operation's line may hold besides its name.
    private enum Arguments {
        /// The least and the most words, of which the last is the length of the payload that follows.
        case payload(ClosedRange<Int>)
        case words(ClosedRange<Int>)
        case object
        case information
        case error
    }

    private static let operations: [StaticString] = [
        "PUB", "MSG", "HPUB", "HMSG", "RMSG", "LMSG", "SUB", "UNSUB", "PING", "PONG", "+OK", "RS+", "RS-", "LS+", "LS-",
        "CONNECT", "INFO", "-ERR",
    ]

    private static func arguments(of name: Range<Int>, _ bytes: RawSpan) -> Arguments? {
        guard let index = operations.firstIndex(where: { bytes.isWordIgnoringCase($0, at: name) }) else { return nil }
        switch index {
        case 0: return .payload(2...3)
        case 1, 2: return .payload(3...4)
        case 3: return .payload(4...5)
        case 4, 5: return .payload(2...64)
        case 6: return .words(2...3)
        case 7: return .words(1...2)
        case 8, 9, 10: return .words(0...0)
        case 11, 12, 13, 14: return .words(1...4)
        case 15: return .object
        case 16: return .information
        default: return .error
        }
    }

    private static func operation(_ bytes: RawSpan, at offset: Int) -> Operation {
        guard bytes.begins(withOneOf: operations, at: offset, ignoringCase: true) else { return .no }
        switch bytes.line(from: offset, limit: lineLimit) {
        case .no, .tooLong: return .no
        case .open: return .open
        case .line(let line):
            var rest = line.text
            guard let name = bytes.word(of: &rest, isBlank), let arguments = arguments(of: name, bytes) else {
                return .no
            }
            switch arguments {
            case .payload(let words): return payload(behind: line, rest, words, bytes)
            case .words(let words): return words ~= count(rest, bytes) ? .plain(next: line.next) : .no
            case .object: return isObject(rest, bytes) ? .proof : .no
            case .information:
                let hasID = rest.contains { bytes.has("\"server_id\"", at: $0) }
                return hasID && isObject(rest, bytes) ? .proof : .no
            case .error: return bytes.has(" '", at: rest.lowerBound) ? .plain(next: line.next) : .no
            }
        }
    }

    // MARK: What both sides say

    /// Operations one behind the other up to one that proves the protocol.
    private static func proof(_ bytes: RawSpan) -> Fit {
        var offset = 0
        for _ in 0..<operationLimit {
            let operation = operation(bytes, at: offset)
            guard case .plain(let next) = operation else { return operation.proof }
            offset = next
        }
        return .no
    }

    /// A subscription and, behind it, the PING with which clients wait for all that went before.
    private static func subscribes(_ bytes: RawSpan) -> Fit {
        var offset = 0
        var hasSubscription = false
        for _ in 0..<operationLimit {
            let operation = operation(bytes, at: offset)
            guard case .plain(let next) = operation else { return operation.fit == .open ? .open : .no }
            if bytes.has("SUB ", at: offset) || bytes.has("UNSUB ", at: offset) { hasSubscription = true }
            if hasSubscription, bytes.has("PING", at: offset) { return .yes }
            offset = next
        }
        return .no
    }

    // MARK: Parts

    private static func payload(
        behind line: TextLine, _ words: Range<Int>, _ allowed: ClosedRange<Int>, _ bytes: RawSpan
    ) -> Operation {
        guard allowed ~= count(words, bytes) else { return .no }
        var rest = words
        var last = words
        while let word = bytes.word(of: &rest, isBlank) { last = word }
        // max_payload may be raised to 64 MiB.
        guard let size = bytes.decimal(last), size <= 64 << 20 else { return .no }
        switch bytes.fitLineEnd(at: line.next &+ size) {
        case .no: return .no
        case .open: return .open
        case .yes: return .proof
        }
    }

    private static func count(_ words: Range<Int>, _ bytes: RawSpan) -> Int {
        var rest = words
        var count = 0
        while bytes.word(of: &rest, isBlank) != nil { count &+= 1 }
        return count
    }

    /// Whether a JSON object fills the text but for blanks.
    private static func isObject(_ text: Range<Int>, _ bytes: RawSpan) -> Bool {
        var start = text.lowerBound
        var end = text.upperBound
        while start < end, let byte = bytes.u8(at: start), isBlank(byte) { start &+= 1 }
        while start < end, let byte = bytes.u8(at: end &- 1), isBlank(byte) { end &-= 1 }
        return end &- start >= 2 && bytes.u8(at: start) == UInt8(ascii: "{")
            && bytes.u8(at: end &- 1) == UInt8(ascii: "}")
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == ASCII.space || byte == ASCII.tab }

    /// The server's max_control_line is 4 KiB by default; an INFO of a large cluster is longer.
    private static let lineLimit = 32 * 1024
    private static let operationLimit = 32
}
