/// MySQL's and MariaDB's client/server protocol: MySQL Source Code Documentation, "Protocol Basics" (packets),
/// "Protocol::HandshakeV10", "Protocol::SSLRequest", "Protocol::HandshakeResponse41", "Command Phase".
///
/// A packet is a 3-byte length (little-endian), a sequence number and the payload. The server speaks first.
///
/// Strict enough: the client's answer to the greeting has sequence number 1 and 19 reserved NUL bytes at a fixed place;
/// one that is older is believed only behind a greeting with protocol 10, a printable version and its filler byte.
/// From the middle, a command of sequence number 0 whose contents fit it, and a response of sequence number 1 that
/// answers this kind of command.
enum MySQLDetector: Detector {
    static var strictness: Strictness { .frames }

    static func examine(client: RawSpan, server: RawSpan, _ context: DetectionContext) -> Finding {
        let login = login41(client).finding("MySQL login or SSL request")
            .otherwise(oldLogin(client).and(greeting(server)).finding(greetingReason))
            .atTheEnd(context, client.byteCount == 0 ? serverAlone(server) : .no)
        if context.isStreamStart { return login }
        return login.otherwise(exchange(client, server).finding("MySQL command and response"))
            .otherwise(MySQLCompressed.exchange(client, server).finding(MySQLCompressed.reason))
            .atTheEnd(
                context,
                client.byteCount == 0
                    ? middleAlone(server)
                    : server.byteCount == 0 ? statement(client).finding("MySQL statement") : .no)
    }

    private static func middleAlone(_ server: RawSpan) -> Finding {
        resultSet(server).finding("MySQL result set")
            .otherwise(MySQLEvents.event(server, at: 0).finding(MySQLEvents.reason))
    }

    /// Events of a binary log, or rows, one behind the other.
    static func search(_ bytes: RawSpan, from side: Side) -> Evidence? {
        guard side == .server else { return nil }
        for offset in 0..<bytes.byteCount {
            if MySQLEvents.event(bytes, at: offset) == .yes, let length = length(bytes, at: offset),
                MySQLEvents.event(bytes, at: offset &+ 4 &+ length) != .no
            {
                return Evidence(MySQLEvents.reason)
            }
            if rows(bytes, at: offset) { return Evidence("MySQL rows") }
        }
        return nil
    }

    /// Rows in text, whose columns fill them to the byte, with sequence numbers that count.
    private static func rows(_ bytes: RawSpan, at start: Int) -> Bool {
        var offset = start
        var columns: Int?
        guard let first = bytes.u8(at: start &+ 3), first >= 4 else { return false }
        for index in 0..<rowsAskedFor {
            guard let size = length(bytes, at: offset), 2...4096 ~= size,
                bytes.u8(at: offset &+ 3) == first &+ UInt8(index),
                let count = columnCount(bytes, offset &+ 4..<offset &+ 4 &+ size), count == columns ?? count
            else { return false }
            columns = count
            offset &+= 4 &+ size
        }
        return true
    }

    /// Each has some 12 bits that have to fit beside the lengths of its columns.
    private static let rowsAskedFor = 6

    /// Strings, each behind its length of one byte, or 0xFB for NULL.
    private static func columnCount(_ bytes: RawSpan, _ row: Range<Int>) -> Int? {
        var place = row.lowerBound
        var count = 0
        while place < row.upperBound {
            guard let size = bytes.u8(at: place), size <= 0xFB else { return nil }
            place &+= size == 0xFB ? 1 : 1 &+ Int(size)
            count &+= 1
        }
        return place == row.upperBound ? count : nil
    }

    static func likeness(_ bytes: RawSpan, from side: Side, isStreamStart: Bool) -> Likeness {
        if side == .server {
            if isStreamStart { return Likeness(greeting(bytes).or(refusal(bytes))) }
            guard bytes.byteCount >= 4 else { return .no }
            return Likeness(of: bytes) { offset in
                (answerPacket(bytes, at: offset), length(bytes, at: offset).map { $0 &+ 4 })
            }
        }
        // A length below 64 KiB, and more than the header.
        if isStreamStart {
            return bytes.byteCount > 8 && bytes.u8(at: 2) == 0 ? Likeness(login41(bytes).or(oldLogin(bytes))) : .no
        }
        guard bytes.byteCount >= 4 else { return .no }
        return Likeness(of: bytes) { offset in
            (command(bytes, at: offset), length(bytes, at: offset).map { $0 &+ 4 })
        }
    }

    /// OK, an error with its SQL state, EOF, a count of columns or a column's definition, anywhere in a response.
    private static func answerPacket(_ bytes: RawSpan, at offset: Int) -> Fit {
        let body = offset &+ 4
        let head = bytes.fit(little: UInt32.self, at: offset) { 1...0x200 ~= $0 & 0xFF_FFFF && $0 >> 24 != 0 }
        guard let kind = bytes.u8(at: body), let length = length(bytes, at: offset) else { return head.and(.open) }
        switch kind {
        case 0x00: return head.and(Fit(length >= 7)).and(bytes.fit(byteAt: body &+ 2) { $0 < 0xFF })
        case 0xFF: return head.and(error(bytes, at: offset))
        case 0xFE: return head.and(Fit(length == 5))
        case 0x03 where length > 20: return head.and(bytes.fit("def", at: body &+ 1))
        default: return head.and(Fit(length == 1))
        }
    }

    private static func error(_ bytes: RawSpan, at offset: Int) -> Fit {
        bytes.fit(little: UInt16.self, at: offset &+ 5) { 1000...9999 ~= $0 }
            .and(bytes.fit("#", at: offset &+ 7)).and(bytes.fit(allOf: 5, at: offset &+ 8, ASCII.isVisible))
    }

    /// Commands that are whole, of which one is a statement, and nothing else.
    private static func statement(_ bytes: RawSpan) -> Fit {
        var offset = 0
        var isQuery = false
        while offset < bytes.byteCount {
            guard command(bytes, at: offset) == .yes, let size = length(bytes, at: offset) else { return .no }
            isQuery = isQuery || bytes.u8(at: offset &+ 4) == 0x03 && SQLVerb.begins(bytes, at: offset &+ 5)
            offset &+= 4 &+ size
        }
        return Fit(isQuery && offset == bytes.byteCount)
    }

    private static let greetingReason: StaticString = "MySQL server greeting (protocol 10)"

    // MARK: The handshake

    private static func serverAlone(_ server: RawSpan) -> Finding {
        greeting(server).finding(greetingReason).otherwise(refusal(server).finding("MySQL refusal of a connection"))
    }

    /// Protocol 10, the server's version and NUL, a thread's number, 8 bytes of the scramble and the filler 0.
    static func greeting(_ bytes: RawSpan) -> Fit {
        let version = 5
        let fit = header(bytes, at: 0, sequence: 0, length: 24...512)
            .and(bytes.fit(byteAt: 4) { $0 == 10 })
            .and(bytes.fit(byteAt: version, ASCII.isDigit))
            .and(bytes.fit(cString: version, limit: 128, ASCII.isText))
        guard fit == .yes else { return fit }
        var end = version
        while let byte = bytes.u8(at: end), byte != 0 { end &+= 1 }
        return bytes.fit(byteAt: end &+ 13) { $0 == 0 }
    }

    /// An error packet in place of the greeting, before any scramble: too many connections (1040), a host that is
    /// blocked (1129) or not allowed (1130).
    private static func refusal(_ bytes: RawSpan) -> Fit {
        header(bytes, at: 0, sequence: 0, length: 16...512)
            .and(bytes.fit(byteAt: 4) { $0 == 0xFF })
            .and(bytes.fit(little: UInt16.self, at: 5) { $0 == 1040 || $0 == 1129 || $0 == 1130 })
            .and(bytes.fit(allOf: 9, at: 7, ASCII.isText))
    }

    /// CLIENT_PROTOCOL_41, the reserved bytes (MariaDB uses the last 4 of 23), and then a user's name; or nothing
    /// more, which is a request for TLS.
    static func login41(_ bytes: RawSpan) -> Fit {
        header(bytes, at: 0, sequence: 1, length: 32...0xFF_FFFF)
            .and(bytes.fit(byteAt: 5) { $0 & 0x02 != 0 })
            .and(bytes.fit(allOf: 19, at: 13) { $0 == 0 })
            .and(sslRequest(bytes).or(bytes.fit(cString: 36, limit: 256, isName)))
    }

    private static func sslRequest(_ bytes: RawSpan) -> Fit {
        bytes.fit(0x20_0000_01 as UInt32, at: 0).and(bytes.fit(byteAt: 5) { $0 & 0x08 != 0 })
            .and(bytes.fit(byteAt: 35) { _ in true })
    }

    /// HandshakeResponse320 and whatever else follows a greeting.
    private static func oldLogin(_ bytes: RawSpan) -> Fit { header(bytes, at: 0, sequence: 1, length: 5...4096) }

    // MARK: Commands

    private static func exchange(_ client: RawSpan, _ server: RawSpan) -> Fit {
        // A statement that is closed is not answered: the command behind it is.
        var offset = 0
        for _ in 0..<8 {
            let close = client.fit(0x05_0000_00 as UInt32, at: offset).and(client.fit(0x19 as UInt8, at: offset &+ 4))
            if close == .open { return .open }
            if close == .no { break }
            offset &+= 9
        }
        return command(client, at: offset).and(response(server))
            .and(agree(client.u8(at: offset &+ 4), server.u8(at: 4)))
    }

    private static func command(_ bytes: RawSpan, at offset: Int) -> Fit {
        let body = offset &+ 4
        let head = header(bytes, at: offset, sequence: 0, length: 1...0xFF_FFFF)
        guard let command = bytes.u8(at: body), let length = length(bytes, at: offset) else { return head.and(.open) }
        switch command {
        case 0x03: return head.and(query(bytes, at: body &+ 1, length: length &- 1))
        case 0x02, 0x16:
            return head.and(Fit(length >= 2)).and(text(bytes, at: body &+ 1, count: length &- 1))
        case 0x01, 0x0E, 0x1F: return head.and(Fit(length == 1))
        case 0x17:
            // COM_STMT_EXECUTE: the statement's number, cursor flags, and an iteration count that is always 1.
            return head.and(Fit(length >= 10)).and(bytes.fit(byteAt: body &+ 5) { $0 <= 7 })
                .and(bytes.fit(little: UInt32.self, at: body &+ 6) { $0 == 1 })
        case 0x1A: return head.and(Fit(length == 5))
        case 0x1B: return head.and(Fit(length == 3))
        default: return .no
        }
    }

    /// COM_QUERY: the statement; with query attributes (CLIENT_QUERY_ATTRIBUTES) two counts before it.
    private static func query(_ bytes: RawSpan, at offset: Int, length: Int) -> Fit {
        guard let first = bytes.u8(at: offset) else { return length >= 1 ? .open : .no }
        if first != 0 { return Fit(length >= 1).and(text(bytes, at: offset, count: length)) }
        return Fit(length >= 3).and(bytes.fit(byteAt: offset &+ 1) { $0 == 1 })
            .and(text(bytes, at: offset &+ 2, count: length &- 2))
    }

    private static func text(_ bytes: RawSpan, at offset: Int, count: Int) -> Fit {
        bytes.fit(allOf: min(count, 64), at: offset, ASCII.isProse)
    }

    // MARK: Responses

    /// OK, an error with its SQL state, or a result set.
    private static func response(_ bytes: RawSpan) -> Fit {
        let head = header(bytes, at: 0, sequence: 1, length: 1...4096)
        guard let kind = bytes.u8(at: 4), let length = length(bytes, at: 0) else { return head.and(.open) }
        switch kind {
        case 0x00: return head.and(Fit(length >= 7)).and(bytes.fit(byteAt: 5) { $0 < 0xFF })
        case 0xFF: return head.and(Fit(length >= 9)).and(error(bytes, at: 0))
        default: return resultSet(bytes)
        }
    }

    /// The number of columns in a packet of its own, and a column's definition, whose catalog is always "def".
    private static func resultSet(_ bytes: RawSpan) -> Fit {
        header(bytes, at: 0, sequence: 1, length: 1...3)
            .and(bytes.fit(byteAt: 4) { 1...0xFC ~= $0 && $0 != 0xFB })
            .and(columnDefinition(bytes))
    }

    private static func columnDefinition(_ bytes: RawSpan) -> Fit {
        guard let countLength = length(bytes, at: 0) else { return .open }
        let definition = 4 &+ countLength
        // MariaDB puts a byte behind the count that says whether definitions follow (MARIADB_CLIENT_CACHE_METADATA).
        return header(bytes, at: definition, sequence: 2, length: 20...4096)
            .and(bytes.fit("\u{3}def", at: definition &+ 4))
    }

    /// What answers what: a ping and a reset have no result set, and what is prepared has its own OK.
    private static func agree(_ command: UInt8?, _ response: UInt8?) -> Fit {
        guard let command, let response else { return .open }
        switch command {
        case 0x03, 0x17: return .yes
        // COM_QUIT isn't answered; what is there belongs to a command from before the capture.
        case 0x01: return Fit(response != 0x00)
        default: return Fit(response == 0x00 || response == 0xFF)
        }
    }

    // MARK: Packets

    private static func header(
        _ bytes: RawSpan, at offset: Int, sequence: UInt8, length: ClosedRange<UInt32>
    ) -> Fit {
        bytes.fit(little: UInt32.self, at: offset) { $0 >> 24 == UInt32(sequence) && length ~= $0 & 0xFF_FFFF }
    }

    private static func length(_ bytes: RawSpan, at offset: Int) -> Int? {
        bytes.little(UInt32.self, at: offset).map { Int($0 & 0xFF_FFFF) }
    }

    private static func isName(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != 0x7F }
}
