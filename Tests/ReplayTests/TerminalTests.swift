import Testing

@testable import Shared
@testable import replay

@Suite struct `Terminal` {
    @Test(arguments: [40, 60, 80, 120])
    func `the progress bar is never wider than the terminal`(_ width: Int) {
        let style = TextStyle(width: width)
        for read: UInt64 in [0, 1, 500_000_000, 999_999_999_999] {
            let line = ProgressBar.line(
                readBytes: read, totalBytes: 1_000_000_000_000, packets: read / 700, seconds: 3.2, style: style)
            #expect(line.count < width)
            let pipe = ProgressBar.line(readBytes: read, totalBytes: nil, packets: 1, seconds: 0, style: style)
            #expect(pipe.count < width)
        }
    }

    @Test func `the progress bar says how far and how fast`() {
        let line = ProgressBar.line(
            readBytes: 250_000_000, totalBytes: 1_000_000_000, packets: 12345, seconds: 0.5,
            style: TextStyle(width: 100))
        #expect(line == "━━━━━━━───────────────────────  25 %  250.0 MB  500.0 MB/s  12,345 packets")
    }
}

@Suite struct `Service map tree` {
    private static let time = Timestamp(nanoseconds: 0)

    private func endpoint(_ destination: String, _ method: String, _ path: String, _ count: UInt64)
        -> ServiceMapDocument.Endpoint
    {
        .init(
            destination: destination, destinationType: .external, method: method, path: path, requestSchema: .empty,
            responseSchema: .empty, firstSeen: Self.time, lastSeen: Self.time, count: count,
            protocolName: "http/1.1")
    }

    private func document(
        _ endpoints: [ServiceMapDocument.Endpoint], _ connections: [ServiceMapDocument.Connection] = []
    ) -> ServiceMapDocument {
        ServiceMapDocument(
            generatedAt: Self.time,
            services: [
                .init(
                    name: "web", image: nil, endpoints: endpoints, connections: connections, firstSeen: Self.time,
                    lastSeen: Self.time)
            ])
    }

    private let connection = ServiceMapDocument.Connection(
        destination: "orders-db", destinationType: .external, protocolName: "postgres", category: "database",
        port: 5432,
        confidence: 60, reason: "port 5432", firstSeen: time, lastSeen: time, count: 3)

    @Test func `destinations with their endpoints and connections`() {
        let map = document(
            [endpoint("orders", "GET", "/orders/7", 12), endpoint("orders", "POST", "/orders", 3)], [connection])
        #expect(
            ServiceMapTree.text(map, TextStyle(width: 80)) == """
                  web
                  ├──▶ orders
                  │    GET  /orders/7      12
                  │    POST /orders         3
                  └──▶ orders-db  postgres :5432  3 connections, by its port only

                """)
    }

    @Test func `variants of an endpoint are one line`() {
        let map = document([endpoint("a", "GET", "/", 1), endpoint("a", "GET", "/", 2)])
        #expect(ServiceMapTree.text(map, TextStyle()).contains("GET /       3  2 shapes"))
    }

    @Test func `many endpoints are counted, and nothing is wider than the terminal`() {
        let long = String(repeating: "/segment", count: 40)
        let map = document((0..<30).map { endpoint("a", "GET", "\(long)/\($0)", 2) })
        let text = ServiceMapTree.text(map, TextStyle(width: 60))
        #expect(text.contains("and 18 more, 36 times"))
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 60 })
    }

    @Test(arguments: [40, 60, 80]) func `no connection is wider than the terminal`(_ width: Int) {
        let failures = [ServiceMapDocument.Failure(reason: "connection refused", count: 1234)]
        let connections = (0..<30).map { place in
            ServiceMapDocument.Connection(
                destination: place % 2 == 0 ? "db" : String(repeating: "long", count: 20), destinationType: .external,
                protocolName: "postgres", category: "database", port: UInt16(5000 + place), confidence: 60,
                reason: "port", firstSeen: Self.time, lastSeen: Self.time, count: 3, failures: failures,
                isEncrypted: true)
        }
        let text = ServiceMapTree.text(
            document([endpoint("db", "PROPPATCH", "/", 1)], connections), TextStyle(width: width))
        #expect(text.contains("and 3 more ports and protocols"))
        for line in text.split(separator: "\n") { #expect(line.count <= width, "\(line)") }
    }

    @Test func `failed connects are in the tree`() {
        let failures = [
            ServiceMapDocument.Failure(reason: "connection refused", count: 2),
            ServiceMapDocument.Failure(reason: "timed out", count: 1),
        ]
        let connection = ServiceMapDocument.Connection(
            destination: "10.0.0.2", destinationType: .external, protocolName: "unknown", category: "unknown",
            port: 9000, confidence: 0, reason: "port 9000, connect failed: timed out", firstSeen: Self.time,
            lastSeen: Self.time, count: 0, failures: failures)
        #expect(
            ServiceMapTree.text(document([], [connection]), TextStyle(width: 100)) == """
                  web
                  └──▶ 10.0.0.2  unknown :9000  2 failed: connection refused, 1 failed: timed out

                """)
    }

    @Test func `of many destinations the first are shown, and the others counted`() {
        let map = document((0..<150).map { endpoint("host-\($0)", "GET", "/", 1) })
        #expect(ServiceMapTree.text(map, TextStyle()).hasSuffix("  └──▶ and 50 more destinations\n"))
    }

    @Test func `names from the tape can't move the cursor`() {
        let map = document([endpoint("a\u{1B}]0;x", "GET", "/\u{9B}2J", 1)])
        let text = ServiceMapTree.text(map, TextStyle())
        #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 && !(0x7F..<0xA0).contains($0.value) })
    }
}
