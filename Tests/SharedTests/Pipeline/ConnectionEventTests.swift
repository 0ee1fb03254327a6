import Testing

@testable import Shared

/// What the log says of connections that are not HTTP: docs/contract.md, section 3.
@Suite struct `Connection events` {
    private static let startup: [UInt8] = {
        let parameters = Array("user\0me\0database\0db\0\0".utf8)
        return [0, 0, 0, UInt8(8 + parameters.count), 0, 3, 0, 0] + parameters
    }()
    private static let authenticated: [UInt8] = [0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5A, 0, 0, 0, 5, 0x49]
    /// A ClientHello for db.example.
    private static let clientHello: [UInt8] = {
        let name = Array("db.example".utf8)
        let list: [UInt8] = [0, UInt8(name.count + 3), 0, 0, UInt8(name.count)] + name
        let extensions: [UInt8] = [0, 0, 0, UInt8(list.count)] + list
        let body: [UInt8] =
            [3, 3] + [UInt8](repeating: 7, count: 32) + [0, 0, 2, 0x13, 1, 1, 0, 0, UInt8(extensions.count)]
            + extensions
        let message: [UInt8] = [1, 0, 0, UInt8(body.count)] + body
        return [22, 3, 1, 0, UInt8(message.count)] + message
    }()

    @Test(arguments: [5432, 6000] as [UInt16]) func `have confidence 90 by the payload, on any port`(_ port: UInt16)
        throws
    {
        let talk = Talk(
            "postgres", [.client(Self.startup), .server(Self.authenticated)], ["= postgres 90"], port: port)
        try talk.check()
        let result = talk.tape.run()
        let reason = try #require(try result.events().first?.string("detection_reason"))
        #expect(reason.hasPrefix("port 5432, ") == (port == 5432), "\(reason)")
        #expect(reason.contains("valid Postgres startup"))
        #expect(result.summary.connections.verdicts[.postgres] == 1)
        #expect(result.summary.bytes.parsed == result.summary.bytes.total)
    }

    @Test func `have confidence 60 by the port where TLS hides the payload`() throws {
        let talk = Talk("tls", [.client(Self.clientHello)], ["= postgres 60"], port: 5432)
        try talk.check()
        let result = talk.tape.run()
        #expect(try result.events()[0].string("detection_reason") == "port 5432, TLS ClientHello")
        #expect(result.serviceMap.services[0].connections[0].destination == "db.example")
        #expect(result.summary.connections.verdicts[.tls] == 1)
    }

    @Test func `name TLS on a port of no protocol by its server name`() throws {
        let talk = Talk("tls", [.client(Self.clientHello)], ["= tls 90"], port: 443)
        try talk.check()
        let result = talk.tape.run()
        #expect(result.summary.connections.verdicts[.tls] == 1)
        #expect(Self.edges(result) == ["db.example tls :443 90 1"])
        let event = try result.events()[0]
        #expect(event.string("category") == "tls" && event.string("server_name") == "db.example")
        #expect(event.fields["tls"] as? Bool == true)
    }

    @Test func `of TLS say what the handshake says in the clear`() throws {
        let result = Talk("", [.client(ClientHelloSample.bytes), .server([21, 3, 3, 0, 2, 2, 40])], [], port: 8443).tape
            .run()
        let event = try result.events()[0]
        #expect(event.fields["alpn"] as? [String] == ["h2", "http/1.1"])
        #expect(event.string("server_name") == "db.example.com")
        #expect(Array(event.fieldOrder.suffix(4)) == ["connection", "tls", "server_name", "alpn"])
    }

    @Test func `are taken back where TLS is read after all`() throws {
        var tape = TapeBuilder()
        tape.open(port: 443)
        tape.data(.send, ClientHelloSample.bytes)
        tape.data(.receive, [21, 3, 3, 0, 2, 2, 40])
        let request = Array("GET /a HTTP/1.1\r\nHost: api\r\n\r\n".utf8)
        let response = Array("HTTP/1.1 204 No Content\r\n\r\n".utf8)
        tape.add(.data(StreamPosition(tape.connection, .send, 0, layer: .plaintext)), request)
        tape.add(.data(StreamPosition(tape.connection, .receive, 0, layer: .plaintext)), response)
        tape.close()
        let result = tape.run()
        #expect(Self.edges(result) == [])
        #expect(result.serviceMap.services.flatMap(\.endpoints).map(\.destination) == ["api"])
        #expect(result.summary.notUnderstood.connections == 0)
    }

    @Test(arguments: ProtocolID.services) func `have confidence 60 by the port where nothing was said`(
        _ service: ProtocolID
    ) throws {
        for port in service.row.ports {
            let result = Talk("", [], [], port: port).tape.run()
            let event = try #require(try result.events().first)
            #expect(event.brief == "= \(service.name) 60")
            #expect(event.string("category") == "\(service.row.category.name)")
            #expect(event.string("detection_reason") == "port \(port), no payload seen")
            #expect(result.summary.connections.verdicts.byPortOnly == 1)
        }
    }

    @Test func `say what is not known, by address and port`() throws {
        let talk = Talk(
            "unknown", [.client([0xFE, 0x01, 0x99, 0x00, 0x13, 0x37]), .server([0xFD, 0xFD])], ["= unknown 0"],
            port: 9000)
        try talk.check()
        let result = talk.tape.run()
        #expect(Self.edges(result) == ["10.0.0.2 unknown :9000 0 1"])
        #expect(result.serviceMap.services[0].connections[0].category == "unknown")
        #expect(result.summary.notUnderstood.connections == 1 && result.summary.notUnderstood.bytes == 8)
        var options = Profiler.Options()
        options.fields = .compat
        #expect(talk.tape.run(options).log.isEmpty)
    }

    @Test func `say that a connection was made on which nothing was said`() throws {
        let talk = Talk("", [], ["= unknown 0"], port: 9000)
        try talk.check()
        let result = talk.tape.run()
        #expect(try result.events()[0].string("detection_reason") == "no payload seen")
        #expect(Self.edges(result) == ["10.0.0.2 unknown :9000 0 1"])
        #expect(result.summary.notUnderstood.connections == 0)
    }

    @Test func `of the port alone are taken back where HTTP is talked there after all`() throws {
        var tape = TapeBuilder()
        tape.open(port: 5432)
        tape.wait(milliseconds: 20_000)
        tape.send("GET / HTTP/1.1\r\n\r\n")
        tape.receive("HTTP/1.1 204 No Content\r\n\r\n")
        tape.close()
        let result = tape.run()
        #expect(try result.events().map(\.brief) == ["= postgres 60", "> GET /", "< 204 GET /"])
        #expect(Self.edges(result) == [])
    }

    @Test func `of a scan are bounded, and what is refused is counted`() {
        var tape = TapeBuilder()
        for port in 1...200 as ClosedRange<UInt16> {
            tape.open(port: port)
            if port % 2 == 0 {
                tape.add(.close(ConnectionClosed(id: tape.connection, how: .connectFailed, error: 111)))
            } else {
                tape.close()
            }
        }
        var limits = Limits()
        limits.serviceMapEntries = 10
        let result = tape.run(limits)
        #expect(result.serviceMap.services.flatMap(\.connections).count == 10)
        #expect(result.summary.limits[.serviceMapEntries] == 190)
    }

    @Test func `are none where there was an exchange, whatever came behind it`() throws {
        let talk = Talk(
            "",
            [
                .c("GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n"),
                .s("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"),
                .client([0x81, 0x82, 1, 2, 3, 4, 0x69, 0x6B]),
            ], ["> GET /ws", "< 101 GET /ws", ">> websocket text \"hi\""])
        try talk.check()
        #expect(talk.tape.run().serviceMap.services.flatMap(\.connections).isEmpty)
    }

    @Test func `count failed connects by their errors, beside those that were made`() throws {
        var tape = TapeBuilder()
        for (port, error) in [(9000, 111), (9000, 110), (9000, 111)] as [(UInt16, Int32)] {
            tape.open(port: port)
            tape.add(.close(ConnectionClosed(id: tape.connection, how: .connectFailed, error: error)))
        }
        tape.open(port: 9000)
        tape.close()
        let result = tape.run()
        let edge = try #require(result.serviceMap.services[0].connections.first)
        #expect(edge.count == 1 && edge.protocolName == "unknown")
        #expect(edge.failures.map(\.reason) == ["connection refused", "timed out"])
        #expect(edge.failures.map(\.count) == [2, 1])
        let yaml = ServiceMapFile.yaml(result.serviceMap)
        #expect(yaml.contains("        failures: 3\n        failure_reasons:\n          connection refused: 2\n"))
        #expect(
            try result.events().map { $0.string("error") } == [
                "connection refused", "timed out", "connection refused", nil,
            ])
    }

    @Test func `are not the port's protocol where the payload is none`() throws {
        let talk = Talk(
            "unknown", [.client([0xFE, 0x01, 0x99, 0x00, 0x13, 0x37]), .server([0xFD, 0xFD])], ["= unknown 0"],
            port: 5432)
        try talk.check()
        let result = talk.tape.run()
        #expect(result.summary.connections.verdicts.unrecognised == 1)
        #expect(Self.edges(result) == ["10.0.0.2 unknown :5432 0 1"])
    }

    @Test func `are none for HTTP on a known port`() throws {
        let talk = Talk(
            "http", [.c("GET / HTTP/1.1\r\n\r\n"), .s("HTTP/1.1 204 No Content\r\n\r\n")], ["> GET /", "< 204 GET /"],
            port: 5432)
        try talk.check()
        #expect(talk.tape.run().summary.connections.verdicts[.http] == 1)
    }

    @Test func `have their fields in SPEC's order`() throws {
        let tape = Talk("", [.client(Self.startup), .server(Self.authenticated)], [], port: 5432).tape
        #expect(
            try tape.run().events()[0].fieldOrder == [
                "timestamp", "event_type", "direction", "source_ip", "source_port", "dest_ip", "dest_port", "protocol",
                "category", "confidence", "detection_reason", "service", "peer", "connection",
            ])
    }

    @Test func `say that TLS hides what the port's protocol says`() throws {
        let talk = Talk("", [.client(Self.clientHello)], [], port: 5432)
        let result = talk.tape.run()
        let event = try result.events()[0]
        #expect(event.string("protocol") == "postgres" && event.number("confidence") == 60)
        #expect(event.fields["tls"] as? Bool == true)
        #expect(event.string("peer") == result.serviceMap.services[0].connections[0].destination)
        #expect(result.serviceMap.services[0].connections[0].isEncrypted)
    }

    @Test func `are one edge a connection, which is what is known best`() throws {
        var tape = TapeBuilder()
        tape.open(port: 6379)
        tape.data(.send, Self.clientHello)
        tape.data(.receive, [21, 3, 3, 0, 2, 2, 40])
        tape.add(.data(StreamPosition(tape.connection, .send, 0, layer: .plaintext)), Self.startup)
        tape.add(.data(StreamPosition(tape.connection, .receive, 0, layer: .plaintext)), Self.authenticated)
        tape.close()
        let result = tape.run()
        #expect(try result.events().map(\.brief) == ["= redis 60", "= postgres 90"])
        #expect(Self.edges(result) == ["db.example postgres :6379 90 1"])
        #expect(result.summary.connections.opened == 1)
        #expect(result.summary.connections.verdicts[.postgres] == 1)
    }

    /// Each as `destination protocol :port confidence count`.
    private static func edges(_ result: TapeResult) -> [String] {
        result.serviceMap.services.flatMap(\.connections).map {
            "\($0.destination) \($0.protocolName) :\($0.port) \($0.confidence) \($0.count)"
        }
    }

    /// The local side is the server, or nobody knows and the guess is right or wrong.
    struct Seat: Sendable {
        var role: Role
        var localIsClient: Bool
        /// Where nobody knows, what is local is a guess, and no more than the client's side is told.
        var tellsOfClient: Bool { localIsClient || role == .unknown }
    }

    static let seats: [Seat] = [
        Seat(role: .client, localIsClient: true), Seat(role: .server, localIsClient: false),
        Seat(role: .unknown, localIsClient: true), Seat(role: .unknown, localIsClient: false),
    ]

    private func tape(_ seat: Seat, port: UInt16, _ client: [UInt8], _ server: [UInt8]) -> TapeBuilder {
        var tape = TapeBuilder()
        let (near, far) = (TapeBuilder.client, TapeBuilder.server(port))
        tape.open(
            local: seat.localIsClient ? near : far, remote: seat.localIsClient ? far : near, role: seat.role,
            joinedLate: seat.role == .unknown)
        tape.data(seat.localIsClient ? .send : .receive, client)
        tape.data(seat.localIsClient ? .receive : .send, server)
        tape.close()
        return tape
    }

    @Test(arguments: seats) func `name the client as the source, whoever is local`(_ seat: Seat) throws {
        let tape = tape(seat, port: 5432, Self.startup, Self.authenticated)
        let result = tape.run()
        let event = try #require(try result.events().first)
        #expect(event.brief == "= postgres 90")
        #expect(event.string("direction") == (seat.tellsOfClient ? "send" : "recv"))
        #expect(event.string("source_ip") == "10.0.0.1" && event.number("source_port") == 40_000)
        #expect(event.string("dest_ip") == "10.0.0.2" && event.number("dest_port") == 5432)
        #expect(result.serviceMap.services.map(\.name) == ["10.0.0.1"])
        #expect(tape.cut(every: 1).run() == result)
    }

    @Test(arguments: seats) func `of HTTP name the sender as the source, whoever is local`(_ seat: Seat) throws {
        let tape = tape(
            seat, port: 8080, Array("GET / HTTP/1.1\r\n\r\n".utf8), Array("HTTP/1.1 204 No Content\r\n\r\n".utf8))
        let result = tape.run()
        let events = try result.events()
        #expect(events.map(\.brief) == ["> GET /", "< 204 GET /"])
        #expect(events.map { $0.number("source_port") } == [40_000, 8080])
        #expect(events.map { $0.number("dest_port") } == [8080, 40_000])
        #expect(events.map { $0.string("direction") } == (seat.tellsOfClient ? ["send", "recv"] : ["recv", "send"]))
        #expect(result.serviceMap.services.map(\.name) == ["10.0.0.1"])
        #expect(tape.cut(every: 1).run() == result)
    }
}
