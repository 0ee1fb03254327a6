import Testing

@testable import Shared

/// What a TLS handshake says in the clear, and what is made of it.
@Suite struct `A TLS handshake` {
    /// A handshake message in one record.
    private static func record(_ type: UInt8, _ body: [UInt8]) -> [UInt8] {
        let message = [type, 0] + long(body.count) + body
        return [22, 3, 3] + long(message.count) + message
    }

    private static func long(_ number: Int) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 0xFF)] }

    private static func field(_ type: Int, _ body: [UInt8]) -> [UInt8] { long(type) + long(body.count) + body }

    private static func alpn(_ names: [String]) -> [UInt8] {
        let list = names.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        return field(16, long(list.count) + list)
    }

    static func clientHello(_ name: String?, _ protocols: [String]) -> [UInt8] {
        var fields: [UInt8] = []
        if let name {
            fields += field(0, long(name.utf8.count + 3) + [0] + long(name.utf8.count) + Array(name.utf8))
        }
        if !protocols.isEmpty { fields += alpn(protocols) }
        let fixed = [3, 3] + [UInt8](repeating: 7, count: 32) + [0, 0, 2, 0x13, 1, 1, 0]
        return record(1, fixed + long(fields.count) + fields)
    }

    static func serverHello(_ version: UInt16, supported: UInt16? = nil, _ chosen: String? = nil) -> [UInt8] {
        var fields: [UInt8] = []
        if let supported { fields += field(43, long(Int(supported))) }
        if let chosen { fields += alpn([chosen]) }
        let fixed = long(Int(version)) + [UInt8](repeating: 9, count: 32) + [0, 0x13, 1, 0]
        return record(2, fixed + (fields.isEmpty ? [] : long(fields.count) + fields))
    }

    private static func client(_ bytes: [UInt8]) -> TLSHello.Reading { TLSHello.client(in: bytes.span.bytes) }
    private static func server(_ bytes: [UInt8]) -> TLSHello.Reading { TLSHello.server(in: bytes.span.bytes) }

    @Test(arguments: [
        (serverHello(0x0303, supported: 0x0304), "1.3"), (serverHello(0x0303, "h2"), "1.2"),
        (serverHello(0x0302), "1.1"), (serverHello(0x0301), "1.0"), (serverHello(0x0300), "3.0"),
    ])
    func `tells the version that the server chose`(_ hello: [UInt8], _ version: String) throws {
        guard case .yes(let facts) = Self.server(hello) else {
            Issue.record("it is no ServerHello")
            return
        }
        #expect(facts.versionText.map { "\($0)" } == version)
        #expect(facts.chosenProtocol == (version == "1.2" ? "h2" : nil))
        for count in hello.indices { #expect(Self.server(Array(hello.prefix(count))) == .needMore) }
        // A version that nobody has defined.
        guard case .yes(let strange) = Self.server(Self.serverHello(0x0303, supported: 0x0399))
        else {
            Issue.record("it is no ServerHello")
            return
        }
        #expect(strange.version == nil && strange.versionText == nil)
    }

    @Test func `leaves out names of protocols that are no text`() {
        let hello = Self.clientHello("db.example", ["\u{1}", "postgresql"])
        #expect(
            Self.client(hello)
                == .yes(TLSFacts(serverName: "db.example", applicationProtocols: ["postgresql"])))
    }

    @Test(arguments: [
        (["postgresql"], 6432, ["= postgres 90"]), (["postgresql"], 5432, ["= postgres 90"]),
        (["tds/8.0"], 14330, ["= mssql 90"]), ([], 5432, ["= postgres 60"]),
        // What else the client may mean is not the port's protocol, nor one of ours.
        (["h2", "http/1.1"], 5432, ["= tls 90"]), (["mqtt"], 8883, ["= mqtt 90"]),
        (["imap"], 993, ["= tls 90"]),
        (["istio-peer-exchange"], 5432, ["= postgres 60"]),
    ])
    func `names the protocol by ALPN`(_ protocols: [String], _ port: Int, _ expected: [String]) throws {
        let hello = Self.clientHello("db.example", protocols)
        for server in [Self.serverHello(0x0303, supported: 0x0304), [21, 3, 3, 0, 2, 2, 40], []] {
            let talk = Talk("", [.client(hello), .server(server)], expected, port: UInt16(port))
            try talk.check()
            guard let event = try talk.tape.run().events().first else { continue }
            #expect(event.fields["tls"] as? Bool == true)
            #expect(event.string("peer") == "db.example")
        }
    }

    @Test func `is not understood where it stays closed, whatever its hellos name`() throws {
        for (protocols, row) in [(["postgresql"], "postgres"), (["mqtt"], "mqtt"), ([], "tls")] {
            let hello = Self.clientHello("db.example", protocols)
            let server =
                Self.serverHello(0x0303, supported: 0x0304) + [23, 3, 3, 0, 20] + [UInt8](repeating: 7, count: 20)
            let talk = Talk("", [.client(hello), .server(server)], ["= \(row) 90"], port: 9999)
            let summary = talk.tape.run().summary
            #expect(summary.notUnderstood.nonZero.map(\.name) == ["tls"] && summary.notUnderstood.connections == 1)
            #expect(summary.notUnderstood.bytes == summary.bytes.total)
        }
    }

    @Test func `believes the server's choice before the client's wish`() throws {
        let hello = Self.clientHello("db.example", ["h2", "postgresql"])
        let talk = Talk(
            "", [.client(hello), .server(Self.serverHello(0x0303, "postgresql"))], ["= postgres 90"], port: 6432)
        try talk.check()
    }
}
