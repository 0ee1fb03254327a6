/// What the handshake has agreed on: the extensions (RFC 6455, section 9.1) and the subprotocol (section 1.9).
struct WebSocketAgreement {
    /// The handshake was not captured.
    var isUnknown = false
    /// permessage-deflate (RFC 7692, section 7).
    private(set) var compresses = false
    /// Each message of the side is compressed by itself (section 7.1.1).
    private(set) var forgets: InlineArray<2, Bool> = [false, false]
    /// An extension that nobody knows may have changed any message.
    private(set) var isExtended = false
    private(set) var subprotocol: [UInt8] = []

    static var unknown: WebSocketAgreement {
        var agreement = WebSocketAgreement()
        agreement.isUnknown = true
        return agreement
    }

    init() {}

    /// - Parameter lines: the fields of the answer that agreed.
    init(_ lines: RawSpan) {
        var start = 0
        while start < lines.byteCount {
            let feed = lines.firstIndex(of: ASCII.lineFeed, from: start) ?? lines.byteCount
            let line = HTTPGrammar.trimmed(lines, start..<feed)
            start = feed &+ 1
            guard let colon = lines.firstIndex(of: 0x3A, in: line) else { continue }
            let value = HTTPGrammar.trimmed(lines, colon &+ 1..<line.upperBound)
            let name = line.lowerBound..<colon
            if HTTPGrammar.equal(lines, name, "sec-websocket-extensions") {
                HTTPGrammar.forEachElement(lines, value) { add(lines, $0) }
            } else if HTTPGrammar.equal(lines, name, "sec-websocket-protocol"), value.count <= 64 {
                subprotocol = [UInt8](lines.extracting(value))
            }
        }
    }

    private mutating func add(_ lines: RawSpan, _ element: Range<Int>) {
        var rest = element
        var isFirst = true
        while !rest.isEmpty {
            let end = lines.firstIndex(of: 0x3B, in: rest) ?? rest.upperBound
            let parameter = HTTPGrammar.trimmed(lines, rest.lowerBound..<end)
            rest = Swift.min(end &+ 1, rest.upperBound)..<rest.upperBound
            if isFirst {
                isFirst = false
                if HTTPGrammar.equal(lines, parameter, "permessage-deflate") {
                    compresses = true
                    continue
                }
                isExtended = true
                return
            }
            if HTTPGrammar.equal(lines, parameter, "client_no_context_takeover") { forgets[0] = true }
            if HTTPGrammar.equal(lines, parameter, "server_no_context_takeover") { forgets[1] = true }
        }
    }

    /// The reserved bits that frames may have.
    var reserved: UInt8 { isExtended ? 0x70 : compresses || isUnknown ? 0x40 : 0 }

    /// A message that is marked is compressed as RFC 7692 has it, as far as anybody knows.
    var canInflate: Bool { !isExtended }

    /// Whether messages are told apart by ids as GraphQL over WebSocket has it: `graphql-transport-ws`, or the older `graphql-ws`.
    var isGraphQL: Bool { subprotocol.starts(with: Array("graphql-".utf8)) }
}
