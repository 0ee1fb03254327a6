/// TLS and its predecessor SSL 3.0: RFC 8446, sections 5.1 (records) and 4.1.2 (ClientHello); RFC 5246, E.2 (the
/// ClientHello in SSLv2's format); RFC 6066, section 3 (SNI); RFC 7301, section 3.1 (ALPN).
///
/// Strict enough: a ClientHello is five nested lengths and three version numbers that have to agree. From the middle
/// two record headers in a row, or one from each side, are asked for: some 40 bits.
enum TLSDetector: Detector {
    static var strictness: Strictness { .signature }

    static func examine(client: RawSpan, server: RawSpan, _ context: DetectionContext) -> Finding {
        switch clientHello(in: client, isFinal: context.isFinal) {
        case .yes(let hello): return .yes(Evidence("TLS ClientHello", clientHello: hello))
        case .needMore:
            let other = serverHello(server).or(context.isStreamStart ? .no : records(2, server))
            return Finding.needMore.atTheEnd(context, other.finding("TLS ServerHello"))
        case .no:
            if context.isStreamStart { return .no }
            return records(2, client).or(records(1, client).and(records(1, server))).finding("TLS records")
        }
    }

    /// Headers of `count` records, one behind the other: types 20 to 24, version 3.x, at most 2^14 + 2048 bytes.
    private static func records(_ count: Int, _ bytes: RawSpan) -> Fit {
        var offset = 0
        var fit = Fit.yes
        for _ in 0..<count {
            fit = fit.and(bytes.fit(byteAt: offset) { 20...24 ~= $0 })
                .and(bytes.fit(byteAt: offset &+ 1) { $0 == 3 })
                .and(bytes.fit(byteAt: offset &+ 2) { $0 <= 4 })
                .and(bytes.fit(big: UInt16.self, at: offset &+ 3) { 1...recordLimit ~= $0 })
            guard fit == .yes, let length = bytes.big(UInt16.self, at: offset &+ 3) else { return fit }
            offset &+= recordHeader &+ Int(length)
        }
        return fit
    }

    private static func serverHello(_ bytes: RawSpan) -> Fit {
        records(1, bytes)
            .and(bytes.fit(byteAt: 0) { $0 == handshake })
            .and(bytes.fit(byteAt: 5) { $0 == 2 })
            .and(bytes.fit(byteAt: 6) { $0 == 0 })
            .and(bytes.fit(big: UInt16.self, at: 7) { $0 >= 38 })
            .and(bytes.fit(byteAt: 9) { $0 == 3 })
            .and(bytes.fit(byteAt: 10) { $0 <= 4 })
    }

    private static let handshake: UInt8 = 22
    private static let recordHeader = 5
    private static let recordLimit: UInt16 = 16384 + 2048
}

extension TLSDetector {
    /// What a stream begins with, when asked for a ClientHello.
    enum ClientHelloReading: Equatable, Sendable {
        case no
        case needMore
        case yes(ClientHello)
    }

    /// Reads the ClientHello with which `bytes` begin, over as many records as it is spread.
    ///
    /// With `isFinal`, when no more will come, one that is cut gives what could be read of it.
    static func clientHello(in bytes: RawSpan, isFinal: Bool = false) -> ClientHelloReading {
        guard let first = bytes.u8(at: 0) else { return .needMore }
        if first & 0x80 != 0 { return reading(version2Hello(bytes)) }
        guard first == handshake else { return .no }
        let record = records(1, bytes)
        guard record == .yes, let length = bytes.big(UInt16.self, at: 3) else { return reading(record) }
        if let message = bytes.big(UInt32.self, at: recordHeader), Int(message & 0xFF_FFFF) &+ 4 <= Int(length) {
            let end = min(bytes.byteCount, recordHeader &+ Int(length))
            return hello(bytes.extracting(recordHeader..<end), isFinal: isFinal)
        }
        return fragmentedHello(bytes, isFinal: isFinal)
    }

    private static func reading(_ fit: Fit) -> ClientHelloReading {
        switch fit {
        case .no: .no
        case .open: .needMore
        case .yes: .yes(ClientHello(serverName: nil, applicationProtocols: []))
        }
    }

    /// A 2-byte length with its high bit set, CLIENT-HELLO (1), a version, and three lengths that fill the rest.
    private static func version2Hello(_ bytes: RawSpan) -> Fit {
        bytes.fit(byteAt: 2) { $0 == 1 }
            .and(bytes.fit(big: UInt16.self, at: 3) { $0 == 2 || 0x0300...0x0304 ~= $0 })
            .and(bytes.fit(big: UInt16.self, at: 5) { $0 > 0 && $0 % 3 == 0 })
            .and(bytes.fit(big: UInt16.self, at: 7) { $0 == 0 || $0 == 16 || $0 == 32 })
            .and(bytes.fit(big: UInt16.self, at: 9) { 16...32 ~= $0 })
            .and(version2LengthsAgree(bytes))
    }

    private static func version2LengthsAgree(_ bytes: RawSpan) -> Fit {
        guard let ciphers = bytes.big(UInt16.self, at: 5), let session = bytes.big(UInt16.self, at: 7),
            let challenge = bytes.big(UInt16.self, at: 9)
        else { return .open }
        return bytes.fit(big: UInt16.self, at: 0) {
            Int($0 & 0x7FFF) == 9 &+ Int(ciphers) &+ Int(session) &+ Int(challenge)
        }
    }

    /// Joins the payload of the handshake records, which is the only copy of bytes in detection: clients rarely do this.
    private static func fragmentedHello(_ bytes: RawSpan, isFinal: Bool) -> ClientHelloReading {
        var message: [UInt8] = []
        var offset = 0
        while offset < bytes.byteCount {
            let rest = bytes.extracting(offset..<bytes.byteCount)
            guard rest.u8(at: 0) == handshake else { return .no }
            let record = records(1, rest)
            guard record == .yes, let length = rest.big(UInt16.self, at: 3) else { return incomplete(record) }
            let end = min(bytes.byteCount, offset &+ recordHeader &+ Int(length))
            for i in offset &+ recordHeader..<max(end, offset &+ recordHeader) {
                if let byte = bytes.u8(at: i) { message.append(byte) }
            }
            switch hello(message.span.bytes, isFinal: false) {
            case .no: return .no
            case .yes(let hello): return .yes(hello)
            case .needMore: offset &+= recordHeader &+ Int(length)
            }
        }
        return isFinal ? hello(message.span.bytes, isFinal: true) : .needMore

        func incomplete(_ record: Fit) -> ClientHelloReading {
            if record == .no { return .no }
            return isFinal ? hello(message.span.bytes, isFinal: true) : .needMore
        }
    }

    /// A handshake message: type 1, a 24-bit length, and the body that `sessionID` and the rest divide.
    private static func hello(_ message: RawSpan, isFinal: Bool) -> ClientHelloReading {
        let head = message.fit(byteAt: 0) { $0 == 1 }
            .and(message.fit(byteAt: 1) { $0 == 0 })
            .and(message.fit(big: UInt16.self, at: 2) { $0 >= 38 })
            .and(message.fit(byteAt: 4) { $0 == 3 })
            .and(message.fit(byteAt: 5) { $0 <= 4 })
            .and(message.fit(byteAt: 38) { $0 <= 32 })
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
        return .yes(names(message.extracting(0..<end), from: suites))
    }

    /// Walks over cipher suites and compression methods to the extensions; what is bent there leaves names out.
    private static func names(_ message: RawSpan, from suites: Int) -> ClientHello {
        var hello = ClientHello(serverName: nil, applicationProtocols: [])
        guard let suitesLength = message.big(UInt16.self, at: suites) else { return hello }
        let compression = suites &+ 2 &+ Int(suitesLength)
        guard let compressionLength = message.u8(at: compression) else { return hello }
        // Behind the methods the extensions' total length: two bytes that each extension's own length makes needless.
        var offset = compression &+ 1 &+ Int(compressionLength) &+ 2
        while let type = message.big(UInt16.self, at: offset), let length = message.big(UInt16.self, at: offset &+ 2) {
            let body = offset &+ 4
            offset = body &+ Int(length)
            guard offset <= message.byteCount else { break }
            if type == 0, hello.serverName == nil {
                hello.serverName = serverName(message.extracting(body..<offset))
            } else if type == 16, hello.applicationProtocols.isEmpty {
                hello.applicationProtocols = applicationProtocols(message.extracting(body..<offset))
            }
        }
        return hello
    }

    /// The first name, of type host_name (0), which is ASCII; anything else is not shown as one.
    private static func serverName(_ list: RawSpan) -> String? {
        guard list.u8(at: 2) == 0, let length = list.big(UInt16.self, at: 3), length > 0,
            list.fit(allOf: Int(length), at: 5, ASCII.isVisible) == .yes
        else { return nil }
        return text(list, 5..<5 &+ Int(length))
    }

    private static func applicationProtocols(_ list: RawSpan) -> [String] {
        var names: [String] = []
        var offset = 2
        while let length = list.u8(at: offset), offset &+ 1 &+ Int(length) <= list.byteCount {
            names.append(text(list, offset &+ 1..<offset &+ 1 &+ Int(length)))
            offset &+= 1 &+ Int(length)
        }
        return names
    }

    private static func text(_ bytes: RawSpan, _ range: Range<Int>) -> String {
        String(decoding: range.map { bytes.u8(at: $0) ?? 0 }, as: UTF8.self)
    }
}
