import Testing

@testable import Shared

@Suite struct `A TLS ClientHello` {
    private static let expected = TLSFacts(serverName: "db.example.com", applicationProtocols: ["h2", "http/1.1"])

    private static func read(_ bytes: [UInt8], isFinal: Bool = false) -> TLSHello.Reading {
        TLSHello.client(in: bytes.span.bytes, isFinal: isFinal)
    }

    @Test func `tells the server's name and the protocols offered`() {
        #expect(Self.read(ClientHelloSample.bytes) == .yes(Self.expected))
    }

    @Test(arguments: [1, 2, 3, 4, 5, 50, 300, 16_384])
    func `is joined over records`(_ limit: Int) {
        #expect(Self.read(ClientHelloSample.fragmented(limit)) == .yes(Self.expected))
    }

    @Test(arguments: [1, 50, 16_384])
    func `is waited for until it is whole`(_ limit: Int) {
        let bytes = ClientHelloSample.fragmented(limit)
        for count in 0..<bytes.count {
            #expect(Self.read(Array(bytes.prefix(count))) == .needMore)
        }
    }

    @Test func `gives what is there when it was cut`() {
        let bytes = Array(ClientHelloSample.bytes.prefix(160))
        #expect(
            Self.read(bytes, isFinal: true)
                == .yes(TLSFacts(serverName: "db.example.com")))
    }

    @Test func `is refused where another record comes in between`() {
        var bytes = ClientHelloSample.fragmented(50)
        bytes[55] = 23
        #expect(Self.read(bytes) == .no)
    }

    @Test func `follows Postgres' and MySQL's request for it`() {
        for request in ["0000000804d2162f", "200000018faa3a00ffffff0021" + String(repeating: "00", count: 23)] {
            let head = [UInt8](hex: request)
            let stream = head + ClientHelloSample.bytes
            #expect(Self.read(stream) == .no)
            #expect(Self.read(Array(stream.dropFirst(head.count))) == .yes(Self.expected))
        }
    }

    @Test func `survives any bit turned over`() {
        for index in ClientHelloSample.bytes.indices {
            for bit in 0..<8 {
                var bytes = ClientHelloSample.bytes
                bytes[index] ^= 1 << bit
                _ = Self.read(bytes, isFinal: true)
            }
        }
    }
}
