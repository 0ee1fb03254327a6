import Digest
import Testing

@testable import Shared
@testable import replay

/// Multipath TCP by RFC 8684: a client at 10.0.0.1:40000 and a server at 10.0.0.2:80, and a second subflow from port 41000.
@Suite struct `Multipath TCP` {
    static let keys: (client: UInt64, server: UInt64) = (0x0102_0304_0506_0708, 0x1112_1314_1516_1718)

    static func hashed(_ key: UInt64) -> (token: UInt32, initial: UInt64) {
        let digest = BodyDigest(of: big(key).span.bytes).sha256
        return (UInt32(digest.prefix(8), radix: 16)!, UInt64(digest.suffix(16), radix: 16)!)
    }

    static func big(_ value: UInt64) -> [UInt8] {
        Bytes.big32(UInt32(value >> 32)) + Bytes.big32(UInt32(truncatingIfNeeded: value))
    }

    static func with(_ segment: Segment, _ option: [UInt8], subtype: UInt8, port: Int = 40000) -> Segment {
        var segment = segment.ports(port, 80)
        let body = [subtype << 4 | (subtype == 0 ? 1 : 0)] + option
        segment.options = [30, UInt8(body.count + 2)] + body
        while segment.options.count % 4 != 0 { segment.options.append(1) }
        return segment
    }

    static func capable(_ segment: Segment, _ keys: UInt64...) -> Segment {
        with(segment, [0x81 & 0x01] + keys.flatMap(big), subtype: 0)
    }

    /// - Parameters:
    ///   - at: the place of the payload's first byte in the stream of its sender, from 0.
    ///   - acknowledges: how much of the other stream has come.
    ///   - place: of the mapping's first byte in its subflow, from 1.
    static func data(
        _ segment: Segment, at: Int?, _ acknowledges: Int, place: UInt32 = 1, length: Int? = nil, isLast: Bool = false,
        port: Int = 40000
    ) -> Segment {
        let own = hashed(segment.isFromClient ? keys.client : keys.server).initial
        let other = hashed(segment.isFromClient ? keys.server : keys.client).initial
        var option: [UInt8] = [UInt8(0x01 | (at == nil ? 0 : 0x0C) | (isLast ? 0x10 : 0))]
        option += Bytes.big32(UInt32(truncatingIfNeeded: other &+ 1 &+ UInt64(acknowledges)))
        if let at {
            option += big(own &+ 1 &+ UInt64(at)) + Bytes.big32(place)
            option += Bytes.big16((length ?? segment.payload.utf8.count) + (isLast ? 1 : 0))
        }
        return with(segment, option, subtype: 2, port: port)
    }

    static let opening = [
        capable(.client(100, "S")), capable(.server(500, ack: 101, "S"), keys.server),
        capable(.client(101, ack: 501), keys.client, keys.server),
    ]

    static let joining = [
        with(.client(9000, "S"), [1] + Bytes.big32(hashed(keys.server).token) + [1, 2, 3, 4], subtype: 1, port: 41000),
        with(.server(7000, ack: 9001, "S"), [1] + [UInt8](repeating: 7, count: 12), subtype: 1, port: 41000),
        with(.client(9001, ack: 7001), [0] + [UInt8](repeating: 8, count: 20), subtype: 1, port: 41000),
    ]

    @Test func `bytes of both subflows are one stream, in the order of their data sequence numbers`() {
        let segments =
            Self.opening + Self.joining + [
                Self.data(.client(101, ack: 501, "P", "ask"), at: 0, 0),
                Self.data(.server(501, ack: 104, "P", "one "), at: 0, 3),
                Self.data(.server(7001, ack: 9001, "P", "three"), at: 8, 3, port: 41000),
                Self.data(.server(505, ack: 104, "P", "two "), at: 4, 3, place: 5),
                Self.data(.client(104, ack: 509), at: nil, 13),
            ]
        #expect(
            events(of: segments) == [
                opened, "1 > 0 ask", "1 < 0 one ", "1 < 8 three", "1 < 4 two ", "1 close tapeEnd",
            ])
    }

    @Test func `a mapping holds for all segments that it covers, and for those that come again elsewhere`() {
        let segments =
            Self.opening + Self.joining + [
                Self.data(.server(501, ack: 101, "P", "one "), at: 0, 0, length: 8),
                // Without an option of its own.
                .server(505, ack: 101, "P", "two "),
                Self.data(.server(7001, ack: 9001, "P", "two "), at: 4, 0, port: 41000),
            ]
        #expect(
            events(of: segments) == [opened, "1 < 0 one ", "1 < 4 two ", "1 < 4 two ", "1 close tapeEnd"])
    }

    @Test func `a subflow's end is not the connection's, the data's is`() {
        let segments =
            Self.opening + Self.joining + [
                Self.data(.client(9001, ack: 7001, "F"), at: nil, 0, port: 41000),
                Self.data(.server(7001, ack: 9002, "R"), at: nil, 0, port: 41000),
                Self.data(.client(101, ack: 501, "P", "ask"), at: 0, 0, isLast: true),
                Self.data(.server(501, ack: 104), at: 0, 4, place: 0, isLast: true),
                Self.data(.client(104, ack: 501), at: nil, 1),
            ]
        #expect(
            events(of: segments) == [opened, "1 > 0 ask", "1 > fin 3", "1 < fin 0", "1 close orderly"])
    }

    @Test func `what the capture has missed of one subflow is a gap of the connection`() {
        let last = Self.data(.client(101, ack: 505), at: nil, 13)
        let segments =
            Self.opening + [
                Self.data(.server(501, ack: 101, "P", "one "), at: 0, 0),
                Self.data(.server(505, ack: 101, "P", "three"), at: 8, 0, place: 5), last, last, last, last,
            ]
        #expect(
            events(of: segments) == [opened, "1 < 0 one ", "1 < 8 three", "1 < ack 13", "1 close tapeEnd"])
    }

    @Test func `a server without it makes plain TCP of it`() {
        let segments = [
            Self.capable(.client(100, "S")), Segment.server(500, ack: 101, "S"), .client(101, ack: 501, "P", "ask"),
            .server(501, ack: 104, "F"), .client(104, ack: 502, "F"), .server(502, ack: 105),
        ]
        #expect(
            events(of: segments) == [opened, "1 > 0 ask", "1 < fin 0", "1 > fin 3", "1 close orderly"])
    }

    @Test func `joined late, the place of its bytes is not known, and that is a loss`() {
        let segments = [
            Self.data(.client(101, ack: 501, "P", "ask"), at: 0, 0),
            Self.data(.server(7001, ack: 9001, "P", "b"), at: 8, 3, port: 41000),
        ]
        #expect(events(of: segments).contains("lost multipath 2"))
        let foreign =
            Self.opening + [
                Self.with(.client(9000, "S"), [1, 0, 0, 0, 0, 1, 2, 3, 4], subtype: 1, port: 41000),
                Self.with(
                    .server(7000, ack: 9001, "S"), [1] + [UInt8](repeating: 7, count: 12), subtype: 1, port: 41000),
                Self.data(.client(9001, ack: 7001, "P", "x"), at: 8, 3, port: 41000),
            ]
        #expect(events(of: foreign).contains("lost multipath 1"))
    }

    @Test func `the table is bounded`() {
        var table = MultipathTable()
        let option = MultipathOption(Self.capable(.client(100, "S")).tcp.span.bytes, headerLength: 24)
        for number in 0..<(3 * MultipathTable.connections) {
            let segment = TCPSegment(
                sourcePort: 1, destinationPort: 2, sequence: SequenceNumber(5), acknowledgment: SequenceNumber(0),
                flags: .syn, payloadLength: 0)
            let client = Endpoint(IPAddress(v4: UInt32(number)), 1)
            _ = table.take(segment, option, from: client, to: Endpoint(IPAddress(v4: 9), 2), on: .plain)
        }
        #expect(table.count <= MultipathTable.connections)
    }
}
