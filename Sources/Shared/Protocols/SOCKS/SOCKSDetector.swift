/// SOCKS: RFC 1928 (version 5), RFC 1929 (user and password), and the documents of versions 4 and 4a.
///
/// Strict enough: of version 5 the client's offer, the server's choice of what was offered, and a request with an address
/// of a known type; of version 4 a request and the answer of its form, and that at the beginning of the streams alone.
enum SOCKSDetector: Detector {
    static var strictness: Strictness { .frames }

    static func examine(client: RawSpan, server: RawSpan, _ context: DetectionContext) -> Finding {
        guard !context.followsOthers else { return .no }
        let negotiation = version5(client, server).finding("SOCKS5 negotiation and request")
        // Where the beginning was not heard, the few bytes of version 4 are too little.
        guard context.isStreamStart else { return negotiation }
        return
            negotiation
            .otherwise(version4(client, server).finding("SOCKS4 request and answer"))
    }

    private static func version5(_ client: RawSpan, _ server: RawSpan) -> Fit {
        let chosen = client.fit(5 as UInt8, at: 0).and(client.fit(byteAt: 1) { 1...16 ~= $0 })
            .and(server.fit(5 as UInt8, at: 0))
        // Said once of a part, no stays no, whatever follows.
        guard chosen == .yes, let count = client.u8(at: 1), let choice = server.u8(at: 1) else {
            return chosen.and(.open)
        }
        let next = 2 &+ Int(count)
        guard client.byteCount >= next else { return .open }
        guard (2..<next).contains(where: { client.u8(at: $0) == choice }) else { return .no }
        switch choice {
        case 0: return chosen.and(SOCKSRequest.version5(client, at: next).fit)
        case 2:
            guard let length = SOCKSAnalyzer.passwordLength(client, at: next) else {
                return chosen.and(client.fit(1 as UInt8, at: next)).and(.open)
            }
            return chosen.and(client.fit(1 as UInt8, at: next)).and(server.fit(0x0100 as UInt16, at: 2))
                .and(SOCKSRequest.version5(client, at: next &+ length).fit)
        default: return .no
        }
    }

    private static func version4(_ client: RawSpan, _ server: RawSpan) -> Fit {
        SOCKSRequest.version4(client).fit
            .and(server.fit(0 as UInt8, at: 0)).and(server.fit(byteAt: 1) { 90...93 ~= $0 })
    }
}
