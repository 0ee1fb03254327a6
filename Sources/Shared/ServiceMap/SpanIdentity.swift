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
    var trace: String { TraceContext.hexadecimal(first) + TraceContext.hexadecimal(max(second, 1)) }

    /// 16 hexadecimal digits, not all zero.
    func span(_ side: Side) -> String {
        TraceContext.hexadecimal(max(Self.hash([first, second], side == .client ? 3 : 4), 1))
    }
}
