/// The first messages of a TLS handshake, which are in the clear: RFC 8446, sections 4.1.2 (ClientHello), 4.1.3
/// (ServerHello) and 4.2.1 (supported_versions); RFC 5246, E.2 (the ClientHello in SSLv2's format); RFC 6066, section 3
/// (SNI); RFC 7301, section 3.1 (ALPN).
enum TLSHello {
    /// What a stream begins with, when asked for a hello.
    enum Reading: Equatable, Sendable {
        case no
        case needMore
        case yes(TLSFacts)
    }

    /// Reads the ClientHello with which `bytes` begin, over as many records as it is spread.
    ///
    /// With `isFinal`, when no more will come, one that is cut gives what could be read of it.
    static func client(in bytes: RawSpan, isFinal: Bool = false) -> Reading {
        guard let first = bytes.u8(at: 0) else { return .needMore }
        if first & 0x80 != 0 { return version2Hello(bytes) }
        return message(in: bytes, isFinal: isFinal, read: clientHello)
    }

    /// Reads the ServerHello with which `bytes` begin.
    static func server(in bytes: RawSpan, isFinal: Bool = false) -> Reading {
        message(in: bytes, isFinal: isFinal, read: serverHello)
    }

    // MARK: Messages over records

    private static func message(
        in bytes: RawSpan, isFinal: Bool, read: (_ message: RawSpan, _ isFinal: Bool) -> Reading
    ) -> Reading {
        guard let first = bytes.u8(at: 0) else { return .needMore }
        guard first == TLSRecord.handshake else { return .no }
        let record = TLSRecord.headers(1, bytes)
        guard record == .yes, let length = bytes.big(UInt16.self, at: 3) else {
            return record == .no ? .no : .needMore
        }
        if let message = bytes.big(UInt32.self, at: TLSRecord.header), Int(message & 0xFF_FFFF) &+ 4 <= Int(length) {
            let end = min(bytes.byteCount, TLSRecord.header &+ Int(length))
            return read(bytes.extracting(TLSRecord.header..<end), isFinal)
        }
        return fragmented(bytes, isFinal: isFinal, read: read)
    }

    /// Joins the payload of the handshake records, which is the only copy of bytes in detection: clients rarely do this.
    private static func fragmented(
        _ bytes: RawSpan, isFinal: Bool, read: (_ message: RawSpan, _ isFinal: Bool) -> Reading
    ) -> Reading {
        var message: [UInt8] = []
        var offset = 0
        while offset < bytes.byteCount {
            let rest = bytes.extracting(offset..<bytes.byteCount)
            guard rest.u8(at: 0) == TLSRecord.handshake else { return .no }
            let record = TLSRecord.headers(1, rest)
            if record == .no { return .no }
            guard record == .yes, let length = rest.big(UInt16.self, at: 3) else { break }
            let end = min(bytes.byteCount, offset &+ TLSRecord.header &+ Int(length))
            for i in offset &+ TLSRecord.header..<max(end, offset &+ TLSRecord.header) {
                if let byte = bytes.u8(at: i) { message.append(byte) }
            }
            let reading = read(message.span.bytes, false)
            guard reading == .needMore else { return reading }
            offset &+= TLSRecord.header &+ Int(length)
        }
        return isFinal ? read(message.span.bytes, true) : .needMore
    }

    // MARK: ClientHello

    /// A 2-byte length with its high bit set, CLIENT-HELLO (1), a version, and three lengths that fill the rest.
    private static func version2Hello(_ bytes: RawSpan) -> Reading {
        let fit = bytes.fit(byteAt: 2) { $0 == 1 }
            .and(bytes.fit(big: UInt16.self, at: 3) { $0 == 2 || 0x0300...0x0304 ~= $0 })
            .and(bytes.fit(big: UInt16.self, at: 5) { $0 > 0 && $0 % 3 == 0 })
            .and(bytes.fit(big: UInt16.self, at: 7) { $0 == 0 || $0 == 16 || $0 == 32 })
            .and(bytes.fit(big: UInt16.self, at: 9) { 16...32 ~= $0 })
            .and(version2LengthsAgree(bytes))
        switch fit {
        case .no: return .no
        case .open: return .needMore
        case .yes: return .yes(TLSFacts())
        }
    }

    private static func version2LengthsAgree(_ bytes: RawSpan) -> Fit {
        guard let ciphers = bytes.big(UInt16.self, at: 5), let session = bytes.big(UInt16.self, at: 7),
            let challenge = bytes.big(UInt16.self, at: 9)
        else { return .open }
        return bytes.fit(big: UInt16.self, at: 0) {
            Int($0 & 0x7FFF) == 9 &+ Int(ciphers) &+ Int(session) &+ Int(challenge)
        }
    }

    /// A handshake message: type, a 24-bit length, a version, 32 random bytes, and a session's name.
    private static func head(_ message: RawSpan, type: UInt8) -> Fit {
        message.fit(byteAt: 0) { $0 == type }
            .and(message.fit(byteAt: 1) { $0 == 0 })
            .and(message.fit(big: UInt16.self, at: 2) { $0 >= 38 })
            .and(message.fit(byteAt: 4) { $0 == 3 })
            .and(message.fit(byteAt: 5) { $0 <= 4 })
            .and(message.fit(byteAt: 38) { $0 <= 32 })
    }

    private static func clientHello(_ message: RawSpan, isFinal: Bool) -> Reading {
        let head = head(message, type: 1)
        guard head == .yes, let sessionID = message.u8(at: 38), let length = message.big(UInt16.self, at: 2) else {
            return head == .no ? .no : .needMore
        }
        let suites = 39 &+ Int(sessionID)
        let suitesFit = message.fit(big: UInt16.self, at: suites) {
            $0 >= 2 && $0 % 2 == 0 && suites &+ Int($0) < 4 &+ Int(length)
        }
        let isWhole = message.byteCount >= 4 &+ Int(length)
        // In a message that is whole nothing is open: a length that points behind its end is wrong.
        if suitesFit == .no || isWhole && suitesFit == .open { return .no }
        guard isWhole || isFinal else { return .needMore }
        let end = min(message.byteCount, 4 &+ Int(length))
        return .yes(offers(message.extracting(0..<end), from: suites))
    }

    /// Walks over cipher suites and compression methods to the extensions; what is bent there leaves names out.
    private static func offers(_ message: RawSpan, from suites: Int) -> TLSFacts {
        var facts = TLSFacts()
        guard let suitesLength = message.big(UInt16.self, at: suites) else { return facts }
        let compression = suites &+ 2 &+ Int(suitesLength)
        guard let compressionLength = message.u8(at: compression) else { return facts }
        extensions(message, from: compression &+ 1 &+ Int(compressionLength)) { type, body in
            if type == 0, facts.serverName == nil {
                facts.serverName = serverName(body)
            } else if type == 16, facts.applicationProtocols.isEmpty {
                facts.applicationProtocols = applicationProtocols(body)
            }
        }
        return facts
    }

    // MARK: ServerHello

    /// Behind the session's name a cipher suite, a compression method, and extensions, which older servers leave out.
    private static func serverHello(_ message: RawSpan, isFinal: Bool) -> Reading {
        let head = head(message, type: 2)
        guard head == .yes, let sessionID = message.u8(at: 38), let length = message.big(UInt16.self, at: 2),
            let version = message.big(UInt16.self, at: 4)
        else { return head == .no ? .no : .needMore }
        guard isFinal || message.byteCount >= 4 &+ Int(length) else { return .needMore }
        let end = min(message.byteCount, 4 &+ Int(length))
        var facts = TLSFacts()
        facts.version = version
        facts.suite = message.big(UInt16.self, at: 39 &+ Int(sessionID)).flatMap { TLSSuite($0)?.name }
        extensions(message.extracting(0..<end), from: 39 &+ Int(sessionID) &+ 3) { type, body in
            if type == 43, body.byteCount == 2 {
                facts.version = body.big(UInt16.self, at: 0)
            } else if type == 16 {
                facts.chosenProtocol = applicationProtocols(body).first
            }
        }
        // A version that nobody has defined is not shown as one.
        if facts.versionText == nil { facts.version = nil }
        return .yes(facts)
    }

    // MARK: Extensions

    /// Behind their total length, two bytes that each extension's own length makes needless.
    static func extensions(_ message: RawSpan, from offset: Int, _ body: (UInt16, RawSpan) -> Void) {
        var offset = offset &+ 2
        while let type = message.big(UInt16.self, at: offset), let length = message.big(UInt16.self, at: offset &+ 2) {
            let start = offset &+ 4
            offset = start &+ Int(length)
            guard offset <= message.byteCount else { break }
            body(type, message.extracting(start..<offset))
        }
    }

    /// The first name, of type host_name (0), which is ASCII; anything else is not shown as one.
    private static func serverName(_ list: RawSpan) -> String? {
        guard list.u8(at: 2) == 0, let length = list.big(UInt16.self, at: 3), 1...255 ~= length else { return nil }
        return text(list, 5..<5 &+ Int(length))
    }

    /// The first names of the list; one that is no text (GREASE: RFC 8701, section 2) is left out.
    static func applicationProtocols(_ list: RawSpan) -> [String] {
        var names: [String] = []
        var offset = 2
        while names.count < protocolLimit, let length = list.u8(at: offset), length > 0 {
            if let name = text(list, offset &+ 1..<offset &+ 1 &+ Int(length)) { names.append(name) }
            offset &+= 1 &+ Int(length)
        }
        return names
    }

    /// Clients offer two or three.
    private static let protocolLimit = 16

    private static func text(_ bytes: RawSpan, _ range: Range<Int>) -> String? {
        guard bytes.fit(allOf: range.count, at: range.lowerBound, ASCII.isVisible) == .yes else { return nil }
        return String(decoding: range.map { bytes.u8(at: $0) ?? 0 }, as: UTF8.self)
    }
}
