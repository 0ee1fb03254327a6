/// TDS, which SQL Server talks: MS-TDS 2.2.3.1 (packet header), 2.2.6.5 (PRELOGIN), 2.2.6.4 (LOGIN7), 2.2.5.3
/// (ALL_HEADERS), 2.2.7 (tokens); the login record of TDS 4.2 and 5.0: Sybase, "TDS 5.0 Functional Specification".
///
/// A packet has 8 bytes of header: type, status, length (big-endian), SPID, packet number, window (always 0).
///
/// Strict enough: a PRELOGIN's options begin with VERSION and lie within the packet, a LOGIN7 states its length and a
/// version 7.x again, a batch since 7.2 opens with 10 fixed bytes. What is weaker needs the server's answer.
enum MSSQLDetector: Detector {
    static var strictness: Strictness { .typedMessages }

    static func examine(client: RawSpan, server: RawSpan, _ context: DetectionContext) -> Finding {
        let start = prelogin(client, type: 0x12, length: 8...4096).finding("TDS PRELOGIN")
            .otherwise(login7(client).finding("TDS LOGIN7"))
            .otherwise(loginRecord(client).finding("TDS login record"))
            .atTheEnd(context, client.byteCount == 0 ? answer(server).finding("TDS server response") : .no)
        if context.isStreamStart { return start }
        return start.otherwise(batchHeaders(client).finding("TDS request with ALL_HEADERS"))
            .otherwise(handshake(client).finding("TLS handshake in TDS packets"))
            .otherwise(plainRequest(client).finding("TDS request"))
            .otherwise(request(client).and(answer(server)).finding("TDS request and response"))
    }

    /// Packets of one message, one behind the other: same type, same process, the next number.
    static func search(_ bytes: RawSpan, from side: Side) -> Evidence? {
        for offset in 0..<bytes.byteCount {
            guard let type = bytes.u8(at: offset),
                side == .server ? type == 0x04 : type == 0x01 || type == 0x03 || type == 0x07,
                let size = bytes.big(UInt16.self, at: offset &+ 2), size >= 512,
                let process = bytes.big(UInt16.self, at: offset &+ 4), let number = bytes.u8(at: offset &+ 6)
            else { continue }
            var next = offset
            var fits = true
            for index in 0..<3 where fits {
                let place = next
                fits =
                    bytes.u8(at: place) == type && bytes.u8(at: place &+ 1) ?? 0xFF <= 1
                    && bytes.big(UInt16.self, at: place &+ 2) == size
                    && bytes.big(UInt16.self, at: place &+ 4) == process
                    && bytes.u8(at: place &+ 6) == number &+ UInt8(index) && bytes.u8(at: place &+ 7) == 0
                next &+= Int(size)
            }
            if fits { return Evidence("TDS packets that count") }
        }
        return nil
    }

    static func likeness(_ bytes: RawSpan, from side: Side, isStreamStart: Bool) -> Likeness {
        if side == .client, isStreamStart {
            return Likeness(prelogin(bytes, type: 0x12, length: 8...4096).or(login7(bytes)).or(loginRecord(bytes)))
        }
        return Likeness(of: bytes) { offset in
            let part = bytes.extracting(offset..<bytes.byteCount)
            let fit =
                side == .server
                ? header(part, 0x04, length: 9...32_768)
                : plainRequest(part).or(batchHeaders(part)).or(handshake(part)).or(header(part, 0x06, length: 8...8))
            return (fit, part.big(UInt16.self, at: 2).map { Int($0) })
        }
    }

    /// Whether a request begins here, anywhere in a client's stream.
    static func begins(_ bytes: RawSpan) -> Fit {
        prelogin(bytes, type: 0x12, length: 8...4096).or(login7(bytes)).or(batchHeaders(bytes)).or(plainRequest(bytes))
    }

    // MARK: The client

    /// Options are a token, an offset and a length each; the first is VERSION (0), 6 bytes, and 0xFF ends them.
    private static func prelogin(_ bytes: RawSpan, type: UInt8, length: ClosedRange<UInt16>) -> Fit {
        let head = header(bytes, type, length: length)
            .and(bytes.fit(byteAt: payload) { $0 == 0 })
            .and(bytes.fit(big: UInt16.self, at: payload &+ 3) { $0 == 6 })
        guard head == .yes, let size = bytes.big(UInt16.self, at: 2) else { return head }
        let room = Int(size) &- payload
        var option = 0
        for _ in 0..<16 {
            guard let token = bytes.u8(at: payload &+ option) else { return .open }
            if token == 0xFF { return .yes }
            guard token <= 0x20 else { return .no }
            guard let offset = bytes.big(UInt16.self, at: payload &+ option &+ 1),
                let length = bytes.big(UInt16.self, at: payload &+ option &+ 3)
            else { return .open }
            guard Int(offset) >= option &+ 6, Int(offset) &+ Int(length) <= room else { return .no }
            option &+= 5
        }
        return .no
    }

    /// The payload's own length, which the packet's holds if it is the only one, and TDS version 7.0 to 8.0.
    static func login7(_ bytes: RawSpan) -> Fit {
        header(bytes, 0x10, length: 94...32_768)
            .and(loginLength(bytes))
            .and(bytes.fit(byteAt: payload &+ 7) { 0x70...0x74 ~= $0 || $0 == 0x08 })
            .and(bytes.fit(little: UInt32.self, at: payload &+ 8) { 0...32_768 ~= $0 })
    }

    private static func loginLength(_ bytes: RawSpan) -> Fit {
        guard let size = bytes.big(UInt16.self, at: 2), let status = bytes.u8(at: 1) else { return .open }
        let room = UInt32(size) &- UInt32(payload)
        let isLast = status & 1 != 0
        return bytes.fit(little: UInt32.self, at: payload) { isLast ? $0 == room : 86...131_072 ~= $0 }
    }

    /// The login of TDS 4.2 and 5.0: host, user, password and process, each in 30 bytes with its length behind them.
    ///
    /// What a name leaves of its 30 bytes is NUL. SQL Server took it until 2000; Sybase ASE still does.
    static func loginRecord(_ bytes: RawSpan) -> Fit {
        header(bytes, 0x02, length: 512...512)
            .and(loginName(bytes, 0)).and(loginName(bytes, 1)).and(loginName(bytes, 2)).and(loginName(bytes, 3))
    }

    private static func loginName(_ bytes: RawSpan, _ index: Int) -> Fit {
        let field = payload &+ index &* 31
        guard let length = bytes.u8(at: field &+ 30) else { return .open }
        guard length <= 30 else { return .no }
        return bytes.fit(allOf: Int(length), at: field, ASCII.isText)
            .and(bytes.fit(allOf: 30 &- Int(length), at: field &+ Int(length)) { $0 == 0 })
    }

    /// SQLBatch, RPC or a transaction manager's request with the transaction descriptor's header, which must be there:
    /// 22 bytes in all, of which it takes 18, and its type 2.
    private static func batchHeaders(_ bytes: RawSpan) -> Fit {
        request(bytes)
            .and(bytes.fit(0x1600_0000 as UInt32, at: payload))
            .and(bytes.fit(0x1200_0000 as UInt32, at: payload &+ 4))
            .and(bytes.fit(0x0200 as UInt16, at: payload &+ 8))
    }

    /// Before 7.2 a request has no headers: of an RPC the procedure, by its number or its name, and option flags; of a batch
    /// text in UTF-16.
    private static func plainRequest(_ bytes: RawSpan) -> Fit {
        guard let type = bytes.u8(at: 0) else { return .open }
        switch type {
        case 0x03:
            return header(bytes, type, length: 16...32_768).and(number(bytes).or(procedure(bytes)))
        case 0x01:
            return header(bytes, type, length: 16...32_768).and(text(bytes, at: payload, characters: 4))
        default: return .no
        }
    }

    /// 0xFFFF and the number of a system procedure (2.2.6.6), of which there are 15; flags, and of a first parameter its
    /// name and its status.
    private static func number(_ bytes: RawSpan) -> Fit {
        bytes.fit(0xFFFF as UInt16, at: payload)
            .and(bytes.fit(little: UInt16.self, at: payload &+ 2) { 1...15 ~= $0 })
            .and(bytes.fit(little: UInt16.self, at: payload &+ 4) { $0 <= 7 })
            .and(bytes.fit(byteAt: payload &+ 6) { $0 <= 128 })
    }

    private static func procedure(_ bytes: RawSpan) -> Fit {
        guard let count = bytes.little(UInt16.self, at: payload) else { return .open }
        guard 4...512 ~= count else { return .no }
        return text(bytes, at: payload &+ 2, characters: Int(count))
            .and(bytes.fit(little: UInt16.self, at: payload &+ 2 &+ Int(count) &* 2) { $0 <= 7 })
    }

    /// UTF-16 of characters that ASCII has.
    private static func text(_ bytes: RawSpan, at offset: Int, characters: Int) -> Fit {
        var fit = Fit.yes
        for index in 0..<characters {
            fit = fit.and(bytes.fit(byteAt: offset &+ index &* 2, ASCII.isProse))
                .and(bytes.fit(0 as UInt8, at: offset &+ index &* 2 &+ 1))
            guard fit == .yes else { return fit }
        }
        return fit
    }

    /// A TLS record in a PRELOGIN packet: how the handshake goes on that a PRELOGIN began (2.2.6.5).
    private static func handshake(_ bytes: RawSpan) -> Fit {
        header(bytes, 0x12, length: 14...32_768)
            .and(bytes.fit(byteAt: payload) { 20...22 ~= $0 })
            .and(bytes.fit(byteAt: payload &+ 1) { $0 == 3 })
            .and(bytes.fit(byteAt: payload &+ 2) { $0 <= 4 })
            .and(bytes.fit(big: UInt16.self, at: payload &+ 3) { 1...16384 ~= $0 })
    }

    /// SQLBatch (1), RPC (3), attention (6), bulk load (7), transaction manager (14), SSPI (17).
    private static func request(_ bytes: RawSpan) -> Fit {
        guard let type = bytes.u8(at: 0) else { return .open }
        switch type {
        case 0x01, 0x03, 0x07, 0x0E, 0x11: return header(bytes, type, length: 9...32_768)
        case 0x06: return header(bytes, type, length: 8...8)
        default: return .no
        }
    }

    // MARK: The server

    /// A tabular result: the answer to a PRELOGIN, or a token that may come first and what it must be followed by.
    private static func answer(_ bytes: RawSpan) -> Fit {
        prelogin(bytes, type: 0x04, length: 20...4096).or(tokens(bytes))
    }

    private static func tokens(_ bytes: RawSpan) -> Fit {
        let head = header(bytes, 0x04, length: 10...32_768)
        guard let size = bytes.big(UInt16.self, at: 2), let token = bytes.u8(at: payload) else {
            return head.and(.open)
        }
        let body = payload &+ 1
        let inside = bytes.fit(little: UInt16.self, at: body) { 2...Swift.max(2, Int(size)) ~= Int($0) }
        switch token {
        // ENVCHANGE, ERROR, INFO, LOGINACK, ORDER: their length comes next.
        case 0xE3, 0xAA, 0xAB, 0xAD, 0xA9: return head.and(inside)
        // COLMETADATA: the number of columns, or 0xFFFF for none.
        case 0x81: return head.and(bytes.fit(little: UInt16.self, at: body) { 1...1024 ~= $0 || $0 == 0xFFFF })
        // DONE, DONEPROC, DONEINPROC: status bits, then the command, then a count of 4 or 8 bytes.
        case 0xFD, 0xFE, 0xFF:
            return head.and(bytes.fit(little: UInt16.self, at: body) { $0 & ~0x137 == 0 }).and(Fit(size >= 17))
        // RETURNSTATUS: a number.
        case 0x79: return head.and(Fit(size >= 13))
        default: return .no
        }
    }

    // MARK: Packets

    static let payload = 8

    private static func header(_ bytes: RawSpan, _ type: UInt8, length: ClosedRange<UInt16>) -> Fit {
        bytes.fit(byteAt: 0) { $0 == type }
            .and(bytes.fit(byteAt: 1) { $0 & ~0x1F == 0 })
            .and(bytes.fit(big: UInt16.self, at: 2) { length ~= $0 })
            .and(bytes.fit(byteAt: 7) { $0 == 0 })
    }
}
