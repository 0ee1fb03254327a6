import Console
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

    private func text(
        _ map: ServiceMapDocument, width: Int = 80, _ choice: MapView.Choice = MapView.Choice(), top: Int? = nil
    ) -> String {
        ServiceMapTree.text(
            MapView(map, choice), TextStyle(width: width), isInbound: choice.isInbound, top: top)
    }

    /// An endpoint that was asked in twice so many milliseconds, the second time in vain.
    private func slow(_ endpoint: ServiceMapDocument.Endpoint, _ milliseconds: Int64) -> ServiceMapDocument.Endpoint {
        var endpoint = endpoint
        endpoint.numbers.record(ExchangeMeasures(status: 200, responseBytes: 5, total: milliseconds * 1_000_000))
        endpoint.numbers.record(ExchangeMeasures(status: 503, responseBytes: 5, total: milliseconds * 2_000_000))
        return endpoint
    }

    @Test func `what is asked by two protocols is two lines, which say by which`() {
        var second = endpoint("orders", "GET", "/orders", 2)
        second.protocolName = "http/2"
        let text = text(document([endpoint("orders", "GET", "/orders", 3), second, endpoint("orders", "GET", "/", 1)]))
        #expect(text.contains("GET /orders  http/1.1 ") && text.contains("GET /orders  http/2 "), "\(text)")
        #expect(!text.contains("GET /  http"))
    }

    @Test func `rates are of the whole map, whatever is chosen of it`() {
        var map = document([endpoint("orders", "GET", "/orders", 30)])
        var other = document([endpoint("stock", "GET", "/stock", 1)]).services[0]
        other.name = "shop"
        other.lastSeen = Timestamp(nanoseconds: Self.time.nanoseconds + 10_000_000_000)
        map.services.append(other)
        var choice = MapView.Choice()
        #expect(MapView(map, choice).span == 10_000_000_000)
        choice.selection.service = "web"
        #expect(MapView(map, choice).span == 10_000_000_000 && MapView(map, choice).services.count == 1)
        #expect(MapView(map.filtered(choice.selection), choice).span == 10_000_000_000)
    }

    @Test func `destinations with their endpoints and connections`() {
        let map = document(
            [endpoint("orders", "POST", "/orders", 3), slow(endpoint("orders", "GET", "/orders/{orderId}", 12), 4)],
            [connection])
        #expect(
            text(map) == """
                                                                 count  errors      p50      p99
                  web                                               15       1  4.00 ms  7.98 ms
                  ├──▶ orders                                       15       1  4.00 ms  7.98 ms
                  │    GET  /orders/{orderId}                       12       1  4.00 ms  7.98 ms
                  │    POST /orders                                  3
                  └──▶ orders-db  postgres :5432  3 connections, by its port only

                """)
    }

    @Test func `variants of an endpoint are one line`() {
        let map = document([endpoint("a", "GET", "/", 1), endpoint("a", "GET", "/", 2)])
        #expect(text(map).contains("GET /  2 shapes "))
        #expect(text(map).contains(" 3\n"))
    }

    @Test func `operations of databases are lines`() {
        var connection = connection
        connection.operations = [
            ServiceMapDocument.Operation(
                name: "SELECT", targets: ["orders"], summary: "SELECT orders", count: 1200, errors: 0, rows: 5,
                firstSeen: Self.time, lastSeen: Timestamp(nanoseconds: 60_000_000_000)),
            ServiceMapDocument.Operation(
                name: "INSERT", targets: ["orders"], summary: "", count: 30, errors: 4, rows: 0, firstSeen: Self.time,
                lastSeen: Self.time),
        ]
        var map = document([], [connection])
        map.services[0].lastSeen = Timestamp(nanoseconds: 60_000_000_000)
        let lines = text(map).split(separator: "\n")
        #expect(lines[3] == "       postgres :5432  3 connections, by its port only")
        #expect(lines[4].hasPrefix("       SELECT orders ") && lines[4].hasSuffix("  1,200   20.0/s"))
        #expect(lines[5].hasPrefix("       INSERT orders ") && lines[5].contains("30    0.5/s       4"))
    }

    @Test func `what comes first is what one asks for`() {
        let map = document([
            slow(endpoint("a", "GET", "/x", 1), 3), endpoint("a", "GET", "/y", 9),
            slow(endpoint("b", "GET", "/", 2), 1),
        ])
        func order(_ order: MapView.Order) -> String {
            var choice = MapView.Choice()
            choice.order = order
            return MapView(map, choice).services[0].peers.map { peer in
                peer.name + peer.operations.map(\.name).joined()
            }.joined(separator: " ")
        }
        #expect(order(.count) == "a/y/x b/")
        #expect(order(.p99) == "a/x/y b/")
        #expect(order(.errors) == "a/x/y b/")
        #expect(order(.name) == "a/x/y b/")
    }

    @Test func `who calls is shown in place of who is called`() {
        var map = document([endpoint("api", "GET", "/", 3)])
        var other = map.services[0]
        other.name = "batch"
        other.endpoints[0].count = 5
        map.services.append(other)
        var choice = MapView.Choice()
        choice.isInbound = true
        let lines = text(map, width: 80, choice).split(separator: "\n").map {
            $0.split(separator: " ").joined(separator: " ")
        }
        #expect(lines == ["count errors p50 p99", "api 8", "├◀── batch 5", "│ GET / 5", "└◀── web 3", "GET / 3"])
    }

    @Test func `filters leave what they name`() {
        let map = document([endpoint("a", "GET", "/x/y", 1), endpoint("b", "GET", "/z", 2)], [connection])
        func names(_ change: (inout MapView.Choice) -> Void) -> [String] {
            var choice = MapView.Choice()
            change(&choice)
            return MapView(map, choice).services.flatMap { $0.peers.map(\.name) }
        }
        #expect(names { $0.selection.destination = "a" } == ["a"])
        #expect(names { $0.selection.path = "/x" } == ["a"])
        #expect(names { $0.selection.protocolName = "postgres" } == ["orders-db"])
        #expect(names { $0.selection.service = "nobody" } == [])
    }

    @Test(arguments: [40, 60, 80, 120])
    func `many endpoints are counted, and nothing is wider than the terminal`(_ width: Int) {
        let long = String(repeating: "/segment", count: 40)
        let map = document((0..<30).map { slow(endpoint("a", "GET", "\(long)/\($0)", 2), 5) })
        #expect(text(map, width: width).contains("and 18 more, 60 % of the traffic") || width == 40)
        #expect(text(map, width: width).split(separator: "\n").allSatisfy { $0.count <= width })
        #expect(text(map, width: width, top: 3).contains("and 27 more, 90 % of the traffic"))
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
        let text = text(document([endpoint("db", "PROPPATCH", "/", 1)], connections), width: width)
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
            text(document([], [connection]), width: 100) == """
                  web
                  └──▶ 10.0.0.2  unknown :9000  2 failed: connection refused, 1 failed: timed out

                """)
    }

    @Test func `of many destinations the first are shown, and the others counted`() {
        let map = document((0..<150).map { endpoint("host-\($0)", "GET", "/", 1) })
        #expect(text(map).hasSuffix("  └──▶ and 50 more destinations, 33 % of the traffic\n"))
    }

    @Test func `names from the tape can't move the cursor`() {
        let map = document([endpoint("a\u{1B}]0;x", "GET", "/\u{9B}2J", 1)])
        let text = text(map)
        #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 && !(0x7F..<0xA0).contains($0.value) })
    }
}
