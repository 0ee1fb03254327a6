import Testing

@testable import Shared

/// Who answers behind an address, by the processes on the tape: docs/contract.md, section 5.
@Suite struct `Names by listeners` {
    private static let loopback = IPAddress(v4: 0x7F00_0001)
    private static let server = ProcessKey(pid: 20, startTime: 2)
    private static let client = ProcessKey(pid: 10, startTime: 1)

    private static func process(_ key: ProcessKey, _ name: String, _ namespace: UInt64?) -> CapturedEvent.Kind {
        .process(
            ProcessIdentity(
                key: key, comm: name, commandLine: name, networkNamespace: namespace.flatMap { NetworkNamespace($0) }))
    }

    private static func listening(_ key: ProcessKey, _ port: UInt16, at address: IPAddress = IPAddress(v4: 0))
        -> CapturedEvent.Kind
    { .listening(Listening(process: key, endpoint: Endpoint(address, port))) }

    private static func exchange(_ tape: inout TapeBuilder, _ host: String = "api") {
        tape.send("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n")
        tape.receive("HTTP/1.1 204 No Content\r\n\r\n")
    }

    /// The destinations of the process `client`.
    private static func destinations(_ tape: TapeBuilder) -> [String] {
        tape.run().serviceMap.services.filter { $0.name == "client" }.flatMap(\.endpoints).map(\.destination)
    }

    @Test(arguments: [(7, 7, "shop"), (7, 8, "api"), (7, nil, "api"), (nil, 7, "api"), (nil, nil, "api")])
    func `hold in the same network alone`(_ ours: UInt64?, _ theirs: UInt64?, _ expected: String) {
        var tape = TapeBuilder()
        tape.add(Self.process(Self.client, "client", ours))
        tape.add(Self.process(Self.server, "shop", theirs))
        tape.add(Self.listening(Self.server, 8080))
        tape.open(
            local: Endpoint(Self.loopback, 40_000), remote: Endpoint(Self.loopback, 8080), process: Self.client)
        Self.exchange(&tape)
        tape.close()
        #expect(Self.destinations(tape) == [expected])
    }

    @Test func `do not hold for addresses of other machines`() {
        var tape = TapeBuilder()
        tape.add(Self.process(Self.client, "client", 7))
        tape.add(Self.process(Self.server, "shop", 7))
        tape.add(Self.listening(Self.server, 8080))
        tape.open(process: Self.client)
        Self.exchange(&tape)
        tape.close()
        #expect(Self.destinations(tape) == ["api"])
        // The same, once a process of the network was seen to have the address.
        tape.open(
            local: TapeBuilder.server(), remote: Endpoint(IPAddress(v4: 0x0A00_0063), 50_000), role: .server,
            process: Self.server)
        tape.close()
        #expect(Self.destinations(tape) == ["shop"])
    }

    /// No namespace is known, as on old tapes.
    @Test(arguments: [true, false]) func `are known by the other end of the connection, whichever is told first`(
        _ serverFirst: Bool
    ) {
        var tape = TapeBuilder()
        let (near, far) = (Endpoint(Self.loopback, 40_000), Endpoint(Self.loopback, 8080))
        tape.add(Self.process(Self.client, "client", nil))
        tape.add(Self.process(Self.server, "shop", nil))
        let other = ProcessKey(pid: 30, startTime: 3)
        tape.add(Self.process(other, "foreign", nil))
        tape.add(Self.listening(other, 8080))
        if serverFirst {
            tape.open(local: far, remote: near, role: .server, process: Self.server)
            tape.open(local: near, remote: far, process: Self.client)
            Self.exchange(&tape)
        } else {
            tape.open(local: near, remote: far, process: Self.client)
            Self.exchange(&tape)
            tape.open(local: far, remote: near, role: .server, process: Self.server)
        }
        #expect(Self.destinations(tape) == ["shop"])
    }

    @Test func `are those that accept, whoever had begun to listen`() {
        var tape = TapeBuilder()
        let heir = ProcessKey(pid: 21, startTime: 3)
        tape.add(Self.process(Self.client, "client", 7))
        tape.add(Self.process(heir, "heir", 7))
        // It was given the socket: no `listening` on the tape is its own.
        tape.open(
            local: Endpoint(Self.loopback, 8080), remote: Endpoint(Self.loopback, 39_999), role: .server, process: heir)
        tape.close()
        tape.open(
            local: Endpoint(Self.loopback, 40_000), remote: Endpoint(Self.loopback, 8080), process: Self.client)
        Self.exchange(&tape)
        tape.close()
        #expect(Self.destinations(tape) == ["heir"])
    }

    @Test func `that are told late name what is open, and the log from then on`() throws {
        var tape = TapeBuilder()
        tape.add(Self.process(Self.client, "client", 7))
        tape.open(
            local: Endpoint(Self.loopback, 40_000), remote: Endpoint(Self.loopback, 8080), process: Self.client)
        Self.exchange(&tape)
        tape.add(Self.process(Self.server, "shop", 7))
        tape.add(Self.listening(Self.server, 8080))
        Self.exchange(&tape)
        tape.close()
        #expect(Self.destinations(tape) == ["shop"])
        #expect(try tape.run().events().map { $0.string("peer") } == ["api", "api", "shop", "shop"])
    }

    @Test func `of the tape's resolver are weaker than all that is seen`() {
        let naming = Naming(AddressNames(), [], limits: Limits())
        naming.told("db.internal", of: TapeBuilder.server().address, at: Timestamp(nanoseconds: 1))
        naming.told("later.internal", of: TapeBuilder.server().address, at: Timestamp(nanoseconds: 2))
        naming.told("client.internal", of: TapeBuilder.client.address, at: Timestamp(nanoseconds: 3))
        let opened = ConnectionOpened(
            id: ConnectionID(1), local: TapeBuilder.client, remote: TapeBuilder.server(5432), role: .client)
        let connection = Connection(opened, number: 1, slot: 0)
        func destination(_ host: String, _ calling: Calling) -> String {
            let host = Array(host.utf8)
            return naming.name(of: naming.destination(of: connection, host: host.span.bytes, as: calling)).text
        }
        #expect(naming.name(of: naming.source(of: connection)).text == "client.internal")
        #expect(destination("", .connection) == "db.internal")
        #expect(destination("", .http) == "db.internal:5432")
        #expect(destination("orders:5432", .http) == "orders:5432")
        #expect(destination("", .connection) == "orders")
    }
}
