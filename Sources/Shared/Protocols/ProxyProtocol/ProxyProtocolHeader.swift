/// The header of the PROXY protocol: HAProxy's proxy-protocol.txt, sections 2.1 (version 1, a line) and 2.2 (version 2,
/// binary).
enum ProxyProtocolHeader {
    enum Reading: Equatable {
        case no
        case needMore
        /// A header of so many bytes.
        case header(Int, Announcement)
    }

    static func read(_ bytes: RawSpan) -> Reading {
        switch bytes.u8(at: 0) {
        case nil: .needMore
        case UInt8(ascii: "P"): line(bytes)
        default: binary(bytes)
        }
    }

    // MARK: Version 1

    /// With its CRLF.
    private static let lineLimit = 107

    /// `PROXY TCP4 192.168.0.1 192.168.0.11 56324 443`, or `PROXY UNKNOWN` and anything.
    private static func line(_ bytes: RawSpan) -> Reading {
        guard bytes.has("PROXY ", at: 0) else { return bytes.mayBecome("PROXY ", at: 0) ? .needMore : .no }
        let line: TextLine
        switch bytes.line(from: 0, limit: lineLimit) {
        case .no, .tooLong: return .no
        case .open: return .needMore
        case .line(let found): line = found
        }
        var rest = line.text
        var words: [Range<Int>] = []
        while words.count < 7, let word = bytes.word(of: &rest) { words.append(word) }
        guard words.count >= 2 else { return .no }
        if bytes.isWord("UNKNOWN", at: words[1]) { return .header(line.next, Announcement()) }
        let isV4 = bytes.isWord("TCP4", at: words[1])
        guard words.count == 6, isV4 || bytes.isWord("TCP6", at: words[1]),
            let client = endpoint(bytes, words[2], words[4]), let server = endpoint(bytes, words[3], words[5])
        else { return .no }
        return .header(line.next, Announcement(destination: NamedDestination(server), client: client))
    }

    private static func endpoint(_ bytes: RawSpan, _ address: Range<Int>, _ port: Range<Int>) -> Endpoint? {
        guard let port = bytes.decimal(port).flatMap(UInt16.init(exactly:)) else { return nil }
        let text = String(decoding: address.map { bytes.u8(at: $0) ?? 0 }, as: UTF8.self)
        return IPAddress(text).map { Endpoint($0, port) }
    }

    // MARK: Version 2

    /// 12 fixed bytes; version (2) and command (LOCAL, PROXY); family and protocol; the length of the rest, which begins
    /// with addresses and ports.
    private static func binary(_ bytes: RawSpan) -> Reading {
        let fit = bytes.fit("\r\n\r\n\0\r\nQUIT\n", at: 0)
            .and(bytes.fit(byteAt: 12) { $0 == 0x20 || $0 == 0x21 })
            .and(bytes.fit(byteAt: 13) { $0 >> 4 <= 3 && $0 & 0xF <= 2 })
        guard fit == .yes, let command = bytes.u8(at: 12), let family = bytes.u8(at: 13),
            let size = bytes.big(UInt16.self, at: 14)
        else { return fit == .no ? .no : .needMore }
        let length = 16 &+ Int(size)
        guard bytes.byteCount >= length else { return .needMore }
        guard command == 0x21 else { return .header(length, Announcement()) }
        switch family {
        case 0x11 where size >= 12:
            let (client, server) = (v4(bytes, 16, 24), v4(bytes, 20, 26))
            return .header(length, Announcement(destination: server.map { NamedDestination($0) }, client: client))
        case 0x21 where size >= 36:
            let (client, server) = (v6(bytes, 16, 48), v6(bytes, 32, 50))
            return .header(length, Announcement(destination: server.map { NamedDestination($0) }, client: client))
        // Unix sockets, datagrams and what is unspecified name no end of TCP.
        case 0x00, 0x12, 0x22, 0x31, 0x32: return .header(length, Announcement())
        default: return .no
        }
    }

    private static func v4(_ bytes: RawSpan, _ address: Int, _ port: Int) -> Endpoint? {
        guard let address = bytes.big(UInt32.self, at: address), let port = bytes.big(UInt16.self, at: port) else {
            return nil
        }
        return Endpoint(IPAddress(v4: address), port)
    }

    private static func v6(_ bytes: RawSpan, _ address: Int, _ port: Int) -> Endpoint? {
        guard let high = bytes.big(UInt64.self, at: address), let low = bytes.big(UInt64.self, at: address &+ 8),
            let port = bytes.big(UInt16.self, at: port)
        else { return nil }
        return Endpoint(IPAddress(high: high, low: low), port)
    }
}
