/// TLS and its predecessor SSL 3.0: RFC 8446, sections 5.1 (records) and 4.1.2 (ClientHello); RFC 5246, E.2 (the
/// ClientHello in SSLv2's format).
///
/// Strict enough: a ClientHello is five nested lengths and three version numbers that have to agree. From the middle
/// two record headers in a row, or one from each side, are asked for: some 40 bits.
enum TLSDetector: Detector {
    static var strictness: Strictness { .signature }

    static func examine(client: RawSpan, server: RawSpan, _ context: DetectionContext) -> Finding {
        switch TLSHello.client(in: client, isFinal: context.isFinal) {
        // What a server says before is another protocol's, which offers TLS: that one is to be found first.
        case .yes where context.beginsWithServer && TLSRecord.headers(1, server) == .no: return .no
        case .yes: return .yes(Evidence("TLS ClientHello"))
        case .needMore:
            let other = serverHello(server).or(context.isStreamStart ? .no : TLSRecord.headers(2, server))
            return Finding.needMore.atTheEnd(context, other.finding("TLS ServerHello"))
        case .no:
            if context.isStreamStart { return .no }
            return TLSRecord.headers(2, client)
                .or(TLSRecord.headers(1, client).and(TLSRecord.headers(1, server)))
                .finding("TLS records")
        }
    }

    static func likeness(_ bytes: RawSpan, from side: Side, isStreamStart: Bool) -> Likeness {
        if side == .client, TLSHello.client(in: bytes, isFinal: false) != .no { return .open }
        return Likeness(TLSRecord.headers(1, bytes))
    }

    private static func serverHello(_ bytes: RawSpan) -> Fit {
        TLSRecord.headers(1, bytes)
            .and(bytes.fit(byteAt: 0) { $0 == TLSRecord.handshake })
            .and(bytes.fit(byteAt: 5) { $0 == 2 })
            .and(bytes.fit(byteAt: 6) { $0 == 0 })
            .and(bytes.fit(big: UInt16.self, at: 7) { $0 >= 38 })
            .and(bytes.fit(byteAt: 9) { $0 == 3 })
            .and(bytes.fit(byteAt: 10) { $0 <= 4 })
    }
}
