/// What spans are numbered by: the connection and the place on it, so that every replay numbers them alike, and whoever has seen the same
/// exchange elsewhere does, too.
struct SpanIdentity: Hashable, Sendable {
    private var first: UInt64
    private var second: UInt64

    /// - Parameter position: where its request begins in the client's stream.
    init(_ connection: Connection, at position: UInt64) { self.init(connection, 1, position) }

    /// - Parameter number: of the operations of the connection.
    init(_ connection: Connection, operation number: UInt64) { self.init(connection, 2, number) }

    private init(_ connection: Connection, _ kind: UInt64, _ place: UInt64) {
        let (opened, isClient) = (connection.opened, connection.localIsClient)
        var words = [kind, place]
        if opened.process != nil, let local = opened.localSequenceNumber, let remote = opened.remoteSequenceNumber {
            // The kernels on both sides know them, whatever the addresses are there. Of a capture they may be made up.
            let (client, server) = isClient ? (local, remote) : (remote, local)
            words.append(UInt64(client) << 32 | UInt64(server))
        } else {
            let one = connection.views?.front ?? connection
            words += [UInt64(bitPattern: one.openedAt.nanoseconds), UInt64(one.client.port), UInt64(one.server.port)]
            for address in [one.client.address.description, one.server.address.description] {
                words.append(Array(address.utf8).withUnsafeBytes { DistinctPaths.hash($0) })
            }
        }
        first = Self.hash(words, 1)
        second = Self.hash(words, 2)
    }

    private static func hash(_ words: [UInt64], _ seed: UInt64) -> UInt64 {
        (words + [seed]).withUnsafeBytes { DistinctPaths.hash($0) }
    }

    /// 32 hexadecimal digits, not all zero.
    var trace: String { Self.hexadecimal(first) + Self.hexadecimal(max(second, 1)) }

    /// 16 hexadecimal digits, not all zero.
    func span(_ side: Side) -> String {
        Self.hexadecimal(max(Self.hash([first, second], side == .client ? 3 : 4), 1))
    }

    static func hexadecimal(_ word: UInt64) -> String {
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}

/// Which trace a request belongs to, and which span has sent it, as its `traceparent` says (W3C: Trace Context, section 3.2).
struct TraceContext: Equatable, Sendable {
    /// 32 hexadecimal digits in lower case.
    var trace: String
    /// 16 of them.
    var parent: String
    var flags: UInt8

    /// - Returns: `nil` where the request has none, or one that is to be taken for none.
    init?(_ message: borrowing Message) {
        let wire = message.wire.bytes
        for field in message.head.fields {
            let name = wire.extracting(field.name)
            guard name.byteCount == 11, name.isWordIgnoringCase("TRACEPARENT", at: 0..<11) else { continue }
            self.init(wire.extracting(field.value))
            return
        }
        return nil
    }

    init?(_ value: RawSpan) {
        let bytes = [UInt8](value)
        // A version may have more behind it, but the first has not.
        guard bytes.count == 55 || bytes.count > 55 && bytes[55] == 0x2D && bytes[..<2] != [0x30, 0x30] else {
            return nil
        }
        guard bytes[2] == 0x2D, bytes[35] == 0x2D, bytes[52] == 0x2D, bytes[..<2] != [0x66, 0x66] else { return nil }
        let parts = [bytes[..<2], bytes[3..<35], bytes[36..<52], bytes[53..<55]]
        let isHexadecimal = parts.joined().allSatisfy { 0x30...0x39 ~= $0 || 0x61...0x66 ~= $0 }
        guard isHexadecimal, parts[1].contains(where: { $0 != 0x30 }), parts[2].contains(where: { $0 != 0x30 }) else {
            return nil
        }
        trace = String(decoding: parts[1], as: UTF8.self)
        parent = String(decoding: parts[2], as: UTF8.self)
        flags = UInt8(String(decoding: parts[3], as: UTF8.self), radix: 16) ?? 0
    }
}
