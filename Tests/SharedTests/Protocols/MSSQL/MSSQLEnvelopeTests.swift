import Testing

@testable import Shared

/// What a client and SQL Server say where TLS begins within TDS; its suite encrypts nothing, and proves every record.
private struct EnclosedTalk: TapedTalk {
    var tape = TapeBuilder()
    private var records = TLSRecords()

    enum Encryption: UInt8 { case off, on, notSupported }

    /// - Parameter size: so many bytes of the handshake are in one packet.
    init(_ encryption: Encryption = .on, hasSecret: Bool = true, isLate: Bool = false, every size: Int = 4000) {
        tape.open(remote: TapeBuilder.server(1433), role: isLate ? .unknown : .client, joinedLate: isLate)
        if hasSecret { tape.add(.secret(TLSRecords.secret)) }
        guard !isLate else { return }
        raw(.send, MSSQLTalk.packets(0x12, Self.prelogin(.off)))
        raw(.receive, MSSQLTalk.packets(0x04, Self.prelogin(encryption)))
        guard encryption != .notSupported else { return }
        raw(.send, MSSQLTalk.packets(0x12, TLSRecords.clientHello(), every: size))
        raw(.receive, MSSQLTalk.packets(0x12, TLSRecords.serverHello(), every: size))
        raw(.send, MSSQLTalk.packets(0x12, records.finished(isClient: true), every: size))
        raw(.receive, MSSQLTalk.packets(0x12, records.finished(isClient: false), every: size))
    }

    /// VERSION and ENCRYPTION.
    private static func prelogin(_ encryption: Encryption) -> [UInt8] {
        [0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xFF, 15, 0, 7, 0xD0, 0, 0, encryption.rawValue]
    }

    static var login: [UInt8] {
        var talk = MSSQLTalk(logsIn: false)
        talk.login()
        return talk.tape.entries.last?.payload ?? []
    }

    mutating func enclose(_ direction: Direction, _ bytes: [UInt8]) {
        raw(direction, records.protected(23, bytes, isClient: direction == .send))
    }

    mutating func answer(_ tokens: [UInt8]) { enclose(.receive, MSSQLTalk.packets(0x04, tokens)) }

    static func batch(_ text: String) -> [UInt8] {
        MSSQLTalk.packets(0x01, MSSQLTalk.headers + MSSQLTalk.utf16(text))
    }

    static func rows(_ count: Int) -> [UInt8] {
        MSSQLTalk.rows(count) + MSSQLTalk.done(0x10, command: 0xC1, count: UInt64(count))
    }

    static let database: [UInt8] = [0xE3, 11, 0, 1, 4] + MSSQLTalk.utf16("shop") + [0]
}

/// TLS within TDS ([MS-TDS] 2.2.6.5).
@Suite struct `SQL Server within TLS` {
    private static func all(_ count: Int, every size: Int = 4000, hasSecret: Bool = true) -> EnclosedTalk {
        var talk = EnclosedTalk(hasSecret: hasSecret, every: size)
        talk.enclose(.send, EnclosedTalk.login)
        talk.answer(MSSQLTalk.loginAck + MSSQLTalk.done(0))
        for number in 0..<count {
            talk.enclose(.send, EnclosedTalk.batch("select a\(number) from t where b = 'secret'"))
            talk.answer(EnclosedTalk.rows(number))
        }
        return talk
    }

    private static func operations(_ count: Int) -> [String] {
        (0..<count).map { "SELECT ok \($0)/0 select a\($0) from t where b = ?" }
    }

    /// A handshake's packets may begin anywhere in a record, with a zero as a PRELOGIN does.
    @Test(arguments: [4000, 7, 1]) func `is read where all is encrypted`(_ size: Int) throws {
        let talk = Self.all(2, every: size)
        try talk.ended.checkOperations(Self.operations(2))
        let result = talk.result()
        let operation = try #require(try result.events().first { $0.string("event_type") == "operation" })
        #expect(operation.fields["tls"] as? Bool == true && operation.string("namespace") == "shop")
        let edge = try #require(result.serviceMap.services.first?.connections.first)
        #expect(edge.protocolName == "mssql" && edge.isEncrypted && edge.operations.map(\.count) == [2])
        #expect(result.summary.tls.decrypted == 1 && result.summary.tls.failed == 0)
        #expect(result.summary.bytes.unparsed.total == 0 && result.summary.innerBytes.unparsed.total == 0)
    }

    @Test func `is an edge with TLS where nobody has the secret`() throws {
        let result = Self.all(2, hasSecret: false).result()
        #expect(try result.operationLines().isEmpty)
        let edge = try #require(result.serviceMap.services.first?.connections.first)
        #expect(edge.protocolName == "mssql" && edge.isEncrypted && edge.confidence == 90)
        #expect(result.summary.bytes.isBalanced && result.summary.tls.closed.total == 1)
    }

    /// Who takes the edge for encrypted would be wrong about all but the login.
    @Test func `ends behind the login where nothing else is encrypted`() throws {
        for hasSecret in [true, false] {
            var talk = EnclosedTalk(.off, hasSecret: hasSecret)
            talk.enclose(.send, EnclosedTalk.login)
            talk.raw(
                .receive,
                MSSQLTalk.packets(0x04, EnclosedTalk.database + MSSQLTalk.loginAck + MSSQLTalk.done(0)))
            talk.raw(.send, EnclosedTalk.batch("select a from t where b = 'secret'"))
            talk.raw(.receive, MSSQLTalk.packets(0x04, EnclosedTalk.rows(3)))
            try talk.ended.checkOperations(["SELECT ok 3/0 select a from t where b = ?"])
            var options = Profiler.Options()
            options.housekeeping = true
            let result = talk.result(options)
            let operations = try result.events().filter { $0.string("event_type") == "operation" }
            #expect(operations.map { $0.string("operation") } == ["connect", "SELECT"])
            #expect(operations.allSatisfy { $0.string("namespace") == "shop" && $0.fields["tls"] == nil })
            #expect(result.serviceMap.services.first?.connections.first?.isEncrypted == false)
            #expect(result.summary.bytes.unparsed.total == 0 && result.summary.innerBytes.total == 0)
        }
    }

    /// Its first packet is encrypted, and may be several records; the rest follows in the clear.
    @Test func `is one login, in however many records and packets`() throws {
        let login = EnclosedTalk.login
        var talk = EnclosedTalk(.off)
        talk.enclose(.send, Array(login[..<20]))
        talk.enclose(.send, Array(login[20...]))
        talk.raw(.send, MSSQLTalk.packets(0x10, [1, 2, 3]))
        talk.raw(.receive, MSSQLTalk.packets(0x04, MSSQLTalk.error(18456, severity: 14) + MSSQLTalk.done(2)))
        try talk.ended.checkOperations(["connect error 18456"])
        let event = try #require(try talk.result().events().first { $0.string("event_type") == "operation" })
        // Two records with their heads and MACs, and a packet.
        #expect(event.number("request_bytes") == login.count + 2 * (5 + 32) + 11)
    }

    @Test func `is none where the server has none`() throws {
        var talk = EnclosedTalk(.notSupported)
        talk.raw(.send, EnclosedTalk.login)
        talk.raw(.receive, MSSQLTalk.packets(0x04, MSSQLTalk.loginAck + MSSQLTalk.done(0)))
        talk.raw(.send, EnclosedTalk.batch("select 1"))
        talk.raw(.receive, MSSQLTalk.packets(0x04, EnclosedTalk.rows(1)))
        try talk.ended.checkOperations(["SELECT ok 1/0 select ?"])
        #expect(talk.result().serviceMap.services.first?.connections.first?.isEncrypted == false)
    }

    @Test func `goes on behind bytes that are missing`() throws {
        let whole = Self.all(8)
        let known = Set(Self.operations(8))
        let tape = whole.ended
        let handshake = EnclosedTalk().tape.dataBytes
        var most = 0
        for offset in stride(from: handshake, to: tape.dataBytes, by: 11) {
            for length in [1, 90] {
                let result = tape.losing(length, at: offset).run()
                let operations = try result.operationLines()
                let sure = operations.filter { !$0.contains("!") }
                #expect(Set(sure).isSubset(of: known), "\(length) lost at \(offset): \(operations)")
                #expect(result.summary.bytes.isBalanced && result.summary.innerBytes.isBalanced)
                most = max(most, sure.count)
                // One is hit, or two that lie side by side, and whoever waits for what is lost.
                #expect(sure.count >= 5, "\(length) lost at \(offset): \(operations)")
            }
        }
        #expect(most >= 7)
    }

    @Test func `is read whatever is said`() {
        let parts = Self.all(2).tape.entries.map(\.payload).filter { !$0.isEmpty }
        expectReadable(parts, seeds: 0..<80, Babble(turns: 20)) { EnclosedTalk(isLate: $0) }
        var talk = EnclosedTalk(.off)
        talk.enclose(.send, EnclosedTalk.login)
        talk.raw(.receive, MSSQLTalk.packets(0x04, MSSQLTalk.done(0)))
        let others = talk.tape.entries.map(\.payload).filter { !$0.isEmpty }
        expectReadable(others, seeds: 0..<80, Babble(turns: 20)) { EnclosedTalk(.off, isLate: $0) }
    }
}
