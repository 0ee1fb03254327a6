/// PostgreSQL's frontend/backend protocol 3: PostgreSQL 17 documentation, part VII, "Frontend/Backend Protocol",
/// sections "Message Flow" and "Message Formats".
///
/// A connection opens with a length and a 32-bit code: StartupMessage (196608 and later minor versions), SSLRequest,
/// GSSENCRequest, CancelRequest. All later messages are a type byte and a length that counts itself.
///
/// Strict enough: the opening is some 50 fixed bits, and a StartupMessage goes on with the name of a parameter, which
/// keeps Kafka's Metadata request of version 0 out (its size and `00 03 00 00` look the same). From the middle, a
/// batch of extended-query messages that chains to Sync, or one message from each side whose contents fit its type; of a
/// stream without commands (replication, COPY, notifications) one message with a form that is fixed to the byte, or a
/// chain of rows.
enum PostgresDetector: Detector {
    static var strictness: Strictness { .typedMessages }

    static func examine(client: RawSpan, server: RawSpan, _ context: DetectionContext) -> Finding {
        let start = opening(client).finding("valid Postgres startup/SSLRequest header")
        if context.isStreamStart {
            return start.atTheEnd(
                context, replies(server, from: answerLength(server)).finding("Postgres backend messages"))
        }
        let middle = batch(client).finding("Postgres extended query up to Sync")
            .otherwise(frontendMessage(client).and(reply(server, at: 0)).finding("Postgres query and reply"))
            .otherwise(PostgresCopy.client(client).finding(PostgresCopy.reason))
        return start.otherwise(middle).atTheEnd(
            context,
            client.byteCount == 0
                ? alone(server) : server.byteCount == 0 ? query(client).finding("Postgres query") : .no)
    }

    private static func alone(_ server: RawSpan) -> Finding {
        replies(server, from: answerLength(server)).finding("Postgres backend messages")
            .otherwise(notification(server).finding("Postgres notification"))
            .otherwise(PostgresCopy.server(server).finding(PostgresCopy.reason))
    }

    /// Messages that are whole, of which one is a statement, and nothing else.
    private static func query(_ bytes: RawSpan) -> Fit {
        var offset = 0
        var isQuery = false
        while offset < bytes.byteCount {
            guard frontendMessage(bytes, at: offset) == .yes, let size = bytes.big(UInt32.self, at: offset &+ 1) else {
                return .no
            }
            let isStatement = bytes.u8(at: offset) == UInt8(ascii: "Q") && SQLVerb.begins(bytes, at: offset &+ 5)
            isQuery = isQuery || isStatement
            offset &+= 1 &+ Int(size)
        }
        return Fit(isQuery && offset == bytes.byteCount)
    }

    /// Rows of a result or of a COPY, one behind the other, from any byte on.
    static func search(_ bytes: RawSpan, from side: Side) -> Evidence? {
        for offset in 0..<bytes.byteCount {
            switch bytes.u8(at: offset) {
            case UInt8(ascii: "d"):
                let part = bytes.extracting(offset..<bytes.byteCount)
                let fit = side == .client ? PostgresCopy.client(part) : PostgresCopy.server(part)
                if fit == .yes { return Evidence(PostgresCopy.reason) }
            case UInt8(ascii: "D") where side == .server:
                if rows(bytes, at: offset) { return Evidence("Postgres rows") }
            default: break
            }
        }
        return nil
    }

    /// Rows whose columns fill them to the byte.
    private static func rows(_ bytes: RawSpan, at start: Int) -> Bool {
        var offset = start
        for _ in 0..<3 {
            guard row(bytes, at: offset), let length = bytes.big(UInt32.self, at: offset &+ 1) else { return false }
            offset &+= 1 &+ Int(length)
        }
        return true
    }

    static func row(_ bytes: RawSpan, at offset: Int) -> Bool {
        guard bytes.u8(at: offset) == UInt8(ascii: "D"), let length = bytes.big(UInt32.self, at: offset &+ 1),
            7...16_384 ~= length, let columns = bytes.big(UInt16.self, at: offset &+ 5), 1...1664 ~= columns
        else { return false }
        var place = offset &+ 7
        for _ in 0..<columns {
            guard let size = bytes.big(Int32.self, at: place), -1...16_384 ~= size else { return false }
            place &+= 4 &+ max(0, Int(size))
        }
        return place == offset &+ 1 &+ Int(length)
    }

    static func likeness(_ bytes: RawSpan, from side: Side, isStreamStart: Bool) -> Likeness {
        if side == .client {
            if opening(bytes) != .no { return .open }
            if isStreamStart { return .no }
        }
        if side == .server, let first = bytes.u8(at: 0), "SN".utf8.contains(first), bytes.byteCount == 1 {
            // The answer to a request for encryption, and nothing else.
            return .open
        }
        let start = side == .server ? answerLength(bytes) : 0
        // Messages below 16 MiB.
        guard bytes.fit(0 as UInt8, at: start &+ 1) != .no else { return .no }
        let messages = bytes.extracting(start..<bytes.byteCount)
        return Likeness(of: messages) { offset in
            (
                side == .client ? frontendMessage(messages, at: offset) : backendMessage(messages, at: offset),
                messages.big(UInt32.self, at: offset &+ 1).map { 1 &+ Int($0) }
            )
        }
    }

    private static func backendMessage(_ bytes: RawSpan, at offset: Int) -> Fit {
        guard let type = bytes.u8(at: offset) else { return .open }
        switch type {
        case UInt8(ascii: "A"): return notification(bytes.extracting(offset..<bytes.byteCount))
        case UInt8(ascii: "d"): return length(5...65_536, bytes, offset)
        case UInt8(ascii: "c"): return length(4...4, bytes, offset)
        default: return reply(bytes, at: offset)
        }
    }

    // MARK: The opening

    private static func opening(_ bytes: RawSpan) -> Fit {
        request(0x0000_0008_04D2_162F, bytes)
            .or(request(0x0000_0008_04D2_1630, bytes))
            .or(cancel(bytes))
            .or(startup(bytes))
    }

    /// SSLRequest and GSSENCRequest are constants.
    private static func request(_ constant: UInt64, _ bytes: RawSpan) -> Fit { bytes.fit(constant, at: 0) }

    /// The secret key is 4 bytes up to protocol 3.0, up to 256 since 3.2.
    private static func cancel(_ bytes: RawSpan) -> Fit {
        bytes.fit(0 as UInt16, at: 0)
            .and(bytes.fit(big: UInt32.self, at: 0) { 16...268 ~= $0 })
            .and(bytes.fit(0x04D2_162E as UInt32, at: 4))
    }

    /// A server refuses packets of more than 10,000 bytes (MAX_STARTUP_PACKET_LENGTH).
    ///
    /// Any minor version of protocol 3 is one, as clients offer later ones to be talked down. A packet without any
    /// parameter is just its final NUL.
    private static func startup(_ bytes: RawSpan) -> Fit {
        bytes.fit(0 as UInt16, at: 0)
            .and(bytes.fit(big: UInt32.self, at: 0) { 9...10_000 ~= $0 })
            .and(bytes.fit(3 as UInt16, at: 4))
            .and(firstParameter(bytes))
    }

    private static func firstParameter(_ bytes: RawSpan) -> Fit {
        if bytes.u8(at: 8) == 0 { return bytes.fit(9 as UInt32, at: 0) }
        return bytes.fit(byteAt: 8) { ASCII.isLetter($0) || $0 == UInt8(ascii: "_") }
            .and(bytes.fit(cString: 8, limit: nameLimit, ASCII.isVisible))
    }

    // MARK: Messages of the client

    /// Parse, Bind, Describe, Execute, Close and Flush, one behind the other, and then Sync.
    private static func batch(_ bytes: RawSpan) -> Fit {
        var offset = 0
        for index in 0..<32 {
            if bytes.u8(at: offset) == UInt8(ascii: "S"), index > 0 { return bytes.fit(4 as UInt32, at: offset &+ 1) }
            let isBatched = bytes.fit(byteAt: offset) { "PBDECH".utf8.contains($0) }
            let fit = isBatched.and(frontendMessage(bytes, at: offset))
            guard fit == .yes, let length = bytes.big(UInt32.self, at: offset &+ 1) else { return fit }
            offset &+= 1 &+ Int(length)
        }
        return .no
    }

    static func frontendMessage(_ bytes: RawSpan, at offset: Int = 0) -> Fit {
        guard let type = bytes.u8(at: offset) else { return .open }
        let body = offset &+ 5
        switch type {
        case UInt8(ascii: "Q"): return length(5...large, bytes, offset).and(text(bytes, offset))
        case UInt8(ascii: "P"): return length(8...large, bytes, offset).and(name(bytes, body))
        case UInt8(ascii: "B"): return length(12...large, bytes, offset).and(name(bytes, body))
        case UInt8(ascii: "E"): return length(9...(9 + nameLimit), bytes, offset).and(name(bytes, body))
        case UInt8(ascii: "D"), UInt8(ascii: "C"):
            return length(6...(6 + nameLimit), bytes, offset)
                .and(bytes.fit(byteAt: body) { $0 == UInt8(ascii: "S") || $0 == UInt8(ascii: "P") })
                .and(name(bytes, body &+ 1))
        case UInt8(ascii: "p"): return length(5...65_536, bytes, offset)
        // Sync, Flush, CopyDone, Terminate.
        case UInt8(ascii: "S"), UInt8(ascii: "H"), UInt8(ascii: "c"), UInt8(ascii: "X"):
            return length(4...4, bytes, offset)
        default: return .no
        }
    }

    // MARK: Messages of the server

    /// At the start a server answers a request for encryption with one byte before its first message.
    private static func answerLength(_ bytes: RawSpan) -> Int {
        bytes.u8(at: 0) == UInt8(ascii: "N") && bytes.u8(at: 1) == UInt8(ascii: "R") ? 1 : 0
    }

    /// Messages one behind the other: three, or fewer that end in ReadyForQuery.
    private static func replies(_ bytes: RawSpan, from start: Int) -> Fit {
        var offset = start
        for index in 0..<3 {
            let fit = reply(bytes, at: offset)
            guard fit == .yes, let length = bytes.big(UInt32.self, at: offset &+ 1) else { return fit }
            if index > 0, bytes.u8(at: offset) == UInt8(ascii: "Z") { return .yes }
            offset &+= 1 &+ Int(length)
        }
        return .yes
    }

    static func reply(_ bytes: RawSpan, at offset: Int) -> Fit {
        guard let type = bytes.u8(at: offset) else { return .open }
        let body = offset &+ 5
        switch type {
        // ParseComplete, BindComplete, CloseComplete, NoData, EmptyQueryResponse, PortalSuspended.
        case UInt8(ascii: "1"), UInt8(ascii: "2"), UInt8(ascii: "3"), UInt8(ascii: "n"), UInt8(ascii: "I"),
            UInt8(ascii: "s"):
            return length(4...4, bytes, offset)
        case UInt8(ascii: "Z"):
            return length(5...5, bytes, offset).and(bytes.fit(byteAt: body) { "ITE".utf8.contains($0) })
        case UInt8(ascii: "C"):
            return length(7...80, bytes, offset).and(bytes.fit(byteAt: body, ASCII.isUpper)).and(text(bytes, offset))
        case UInt8(ascii: "T"): return length(6...large, bytes, offset).and(columns(bytes, body))
        case UInt8(ascii: "D"): return length(6...large, bytes, offset).and(columns(bytes, body))
        case UInt8(ascii: "E"), UInt8(ascii: "N"):
            return length(8...65_536, bytes, offset)
                .and(bytes.fit(byteAt: body) { $0 == UInt8(ascii: "S") })
                .and(bytes.fit(byteAt: body &+ 1) { $0 != 0 })
                .and(bytes.fit(cString: body &+ 1, limit: nameLimit, isWordOfText))
        case UInt8(ascii: "R"):
            return length(8...65_536, bytes, offset).and(bytes.fit(big: UInt32.self, at: body) { $0 <= 12 })
        // ParameterDescription: as many numbers as it says. Copy responses: a format for all, and one for each column.
        case UInt8(ascii: "t"): return counted(bytes, offset, count: body, fixed: 6, each: 4)
        case UInt8(ascii: "G"), UInt8(ascii: "H"), UInt8(ascii: "W"):
            return bytes.fit(byteAt: body) { $0 <= 1 }.and(counted(bytes, offset, count: body &+ 1, fixed: 7, each: 2))
        case UInt8(ascii: "K"): return length(12...268, bytes, offset)
        case UInt8(ascii: "S"):
            return length(6...65_536, bytes, offset)
                .and(bytes.fit(byteAt: body, ASCII.isLetter)).and(name(bytes, body))
        default: return .no
        }
    }

    private static func counted(_ bytes: RawSpan, _ offset: Int, count: Int, fixed: Int, each: Int) -> Fit {
        guard let number = bytes.big(UInt16.self, at: count) else { return length(fixed...4096, bytes, offset) }
        let whole = fixed &+ each &* Int(number)
        return length(whole...whole, bytes, offset)
    }

    /// NotificationResponse: who notifies, the channel and the payload, which fill the message to the byte.
    static func notification(_ bytes: RawSpan) -> Fit {
        let head = bytes.fit(byteAt: 0) { $0 == UInt8(ascii: "A") }
            .and(length(11...8192, bytes, 0))
            .and(bytes.fit(0 as UInt8, at: 5))
            .and(bytes.fit(byteAt: 9, isWordOfText))
            .and(bytes.fit(cString: 9, limit: nameLimit, isWordOfText))
        guard head == .yes, let size = bytes.big(UInt32.self, at: 1), let end = bytes.firstIndex(of: 0, from: 9) else {
            return head
        }
        guard end < Int(size) else { return .no }
        return bytes.fit(allOf: Int(size) &- end &- 1, at: end &+ 1) { $0 != 0 }
            .and(bytes.fit(byteAt: Int(size)) { $0 == 0 })
    }

    /// The number of columns: MaxTupleAttributeNumber is 1,664.
    private static func columns(_ bytes: RawSpan, _ offset: Int) -> Fit {
        bytes.fit(big: UInt16.self, at: offset) { $0 <= 1664 }
    }

    // MARK: Parts of messages

    private static func length(_ range: ClosedRange<Int>, _ bytes: RawSpan, _ offset: Int) -> Fit {
        bytes.fit(big: UInt32.self, at: offset &+ 1) { range ~= Int($0) }
    }

    /// A text that fills the message up to its NUL; of a long one the beginning is enough.
    private static func text(_ bytes: RawSpan, _ offset: Int) -> Fit {
        guard let length = bytes.big(UInt32.self, at: offset &+ 1), length >= 5 else { return .open }
        let count = Int(length) &- 5
        let beginning = bytes.fit(allOf: min(count, 64), at: offset &+ 5, ASCII.isProse)
        return count > 64 ? beginning : beginning.and(bytes.fit(byteAt: offset &+ 5 &+ count) { $0 == 0 })
    }

    /// A statement's or portal's name: often empty.
    private static func name(_ bytes: RawSpan, _ offset: Int) -> Fit {
        bytes.fit(cString: offset, limit: nameLimit, isWordOfText)
    }

    private static func isWordOfText(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != 0x7F }

    /// Names are cut at NAMEDATALEN - 1 = 63 bytes by the server; drivers send longer ones.
    private static let nameLimit = 255
    /// A message is at most 1 GiB (PQ_LARGE_MESSAGE_LIMIT).
    private static let large = 1 << 30
}
