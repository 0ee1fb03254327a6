import Testing

@testable import Shared

/// Captures that joined inside a message of a stream that goes on and on in one direction.
@Suite struct `A stream joined inside a message` {
    private static func repeated(_ message: [UInt8], _ count: Int) -> [UInt8] { (0..<count).flatMap { _ in message } }

    private static let postgresRow = [UInt8](hex: "44 00000010 0002 00000001 31 00000001 61")
    private static let copyRow = [UInt8](hex: "64 0000000a 313233 0961 0a")
    private static let amqp =
        [UInt8](hex: "01 0001 0000000a 003c 003c 01 61 00000000 ce") + [UInt8](hex: "02 0001 00000004 003c0000 ce")
        + [UInt8](hex: "03 0001 00000002 6869 ce")
    private static let tds: [UInt8] = (1...5).flatMap { number in
        [4, number == 5 ? 1 : 0, 2, 0, 0, 51, UInt8(number), 0] + [UInt8](repeating: 0x41, count: 504)
    }
    private static let mysqlRows: [UInt8] = (10...20).flatMap { [4, 0, 0, UInt8($0), 1, 0x31, 1, 0x61] }
    private static let binlog: [UInt8] = (5...9).flatMap {
        [UInt8](hex: "1c0000") + [UInt8($0)]
            + [UInt8](hex: "00 5f2ad465 02 01000000 1b000000 9a030000 0000 6162636465666768")
    }
    private static let mongo: [UInt8] = repeated(
        [UInt8](
            hex:
                "2d000000 01000000 00000000 dd070000 02000000 00 18000000 02 66696e64 00 02000000 6100 1069 00 01000000 00"
        ), 4)

    static let streams: [(String, ProtocolID, Side, [UInt8])] = [
        ("NATS publisher", .nats, .client, repeated(Array("PUB orders 5\r\nhello\r\n".utf8), 5)),
        ("NATS subscriber", .nats, .server, repeated(Array("MSG orders 1 5\r\nhello\r\n".utf8), 5)),
        ("Redis commands", .redis, .client, repeated(Array("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n".utf8), 5)),
        ("Redis pushes", .redis, .server, repeated(Array("*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nx\r\n".utf8), 5)),
        ("memcached sets", .memcached, .client, repeated(Array("set k 0 0 2 noreply\r\nab\r\n".utf8), 5)),
        ("Postgres rows", .postgres, .server, repeated(postgresRow, 6)),
        ("Postgres COPY", .postgres, .client, repeated(copyRow, 8)),
        ("AMQP deliveries", .amqp, .server, repeated(amqp, 4)), ("TDS packets", .mssql, .server, tds),
        ("MySQL rows", .mysql, .server, mysqlRows), ("MySQL binary log", .mysql, .server, binlog),
        ("MongoDB writes", .mongodb, .client, mongo),
    ]

    @Test(arguments: streams)
    func `is known by what follows`(_ name: String, _ expected: ProtocolID, _ side: Side, _ bytes: [UInt8]) {
        for cut in [1, 3, 7] {
            let part = Array(bytes.dropFirst(cut))
            let found = Registry.standard.detectors.first { $0.detector.search(part.span.bytes, from: side) != nil }
            #expect(found?.row == expected, "\(name) without its first \(cut) bytes")
        }
    }

    @Test func `is not seen in what is none`() {
        var random = SeededRandom(seed: 5)
        let lines = Array("PUB is where people meet\r\nset the table 1 2 3\r\n*2 more\r\nd and D and 0\r\n".utf8)
        for round in 0..<300 {
            let bytes =
                round % 3 == 0
                ? random.bytes(4000)
                : round % 3 == 1
                    ? [UInt8](repeating: UInt8(round & 0xFF), count: 4000)
                    : lines + random.bytes(40) + lines
            for entry in Registry.standard.detectors {
                for side in [Side.client, .server] {
                    #expect(
                        entry.detector.search(bytes.span.bytes, from: side) == nil, "\(entry.detector), round \(round)")
                }
            }
        }
    }
}
