import Testing

@testable import Shared

/// The first turn does not decide for ever.
@Suite struct `A connection that begins oddly` {
    private static let memcached: [Talk.Turn] = [.c("set k 0 0 2\r\nab\r\n"), .s("STORED\r\n")]

    @Test(arguments: [
        Talk(
            "a command that is none", [.c("bogus command\r\n"), .s("ERROR\r\n")] + memcached, ["= memcached 90"],
            port: 11211),
        Talk("on another port", [.c("bogus command\r\n"), .s("ERROR\r\n")] + memcached, ["= memcached 90"]),
        Talk(
            "an inline AUTH", [.c("AUTH x\r\n"), .s("+OK\r\n"), .c("*1\r\n$4\r\nPING\r\n"), .s("+PONG\r\n")],
            ["= redis 90"], port: 6379),
        Talk(
            "an inline HELLO",
            [.c("HELLO 3\r\n"), .s("-ERR unknown\r\n"), .c("*1\r\n$4\r\nPING\r\n"), .s("+PONG\r\n")], ["= redis 90"]),
        Talk(
            "a greeting that nobody knows", [.s("hello\n"), .c("ok\n"), .s("fine\n")] + memcached, ["= memcached 90"]),
        Talk(
            "TLS behind STARTTLS, on a port of ours",
            [
                .s("220 mx ESMTP\r\n"), .c("STARTTLS\r\n"), .s("220 go\r\n"),
                .client(`A TLS handshake`.clientHello("mx.example", [])),
                .server(`A TLS handshake`.serverHello(0x0303)),
            ], [], port: 5432),
    ])
    func `is known by what it says later`(_ talk: Talk) throws {
        let tape = talk.tape
        let whole = tape.run()
        #expect(
            try whole.events().map(\.brief).filter { !$0.hasSuffix(" 0") && !$0.hasPrefix("= tls") } == talk.expected)
        #expect(whole.summary.bytes.isBalanced)
        for size in [1, 3, 7] { #expect(tape.cut(every: size).run() == whole, "\(talk.name), cut every \(size)") }
    }

    /// What seemed to be HTTP's start line is none: nothing was read, so everybody else is asked once more.
    @Test(arguments: [
        Talk(
            "an inline GET of Redis, and then arrays",
            [
                .c("GET /foo\r\n"), .s("$3\r\nbar\r\n"), .c("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"),
                .s("$1\r\nv\r\n"),
            ], ["= redis 90"], port: 6379),
        Talk(
            "on another port", [.c("GET /foo\r\n"), .s("$3\r\nbar\r\n"), .c("PING\r\n"), .s("+PONG\r\n")],
            ["= redis 90"]),
        Talk(
            "a line that is none of memcached", [.c("GET /a\r\n"), .s("ERROR\r\n")] + memcached, ["= memcached 90"],
            port: 11211),
        // A mistake in a row with a mistake.
        Talk(
            "two lines that are none",
            [.c("GET /a\r\n"), .s("ERROR\r\n"), .c("DELETE /b\r\n"), .s("ERROR\r\n")] + memcached, ["= memcached 90"]),
        Talk(
            "a request line without an end, and PostgreSQL",
            [
                .c("POST /x\r\n"), .s("no\n"),
                .client([UInt8](hex: "00000008 04d2162f")), .s("N"),
                .client([UInt8](hex: "00000017 00030000") + Array("user\0postgres\0\0".utf8)),
                .server([UInt8](hex: "52 00000008 00000000")),
            ], ["= postgres 90"], port: 5432),
        // Nobody else knows it, so it is what it was taken for.
        Talk(
            "HTTP/0.9", [.c("GET /index.html\r\n"), .s("<html>hi</html>")],
            ["> GET /index.html !start_line_malformed !version_unknown"]),
        Talk(
            "HTTP with an answer that is none", [.c("GET /x HTTP/1.1\r\nHost: a\r\n\r\n"), .s("$3\r\nbar\r\n")],
            ["> GET /x"]),
        Talk(
            "a head that breaks off in bytes",
            [.client(Array("GET /x HTTP/1.1\r\n".utf8) + [0, 1, 2, 3]), .server([0, 1])],
            ["> GET /x !head_incomplete"]),
    ])
    func `is not what its first line looked like`(_ talk: Talk) throws {
        let tape = talk.tape
        let whole = tape.run()
        #expect(try whole.events().map(\.brief).filter { !$0.hasSuffix(" 0") } == talk.expected)
        #expect(whole.summary.bytes.isBalanced)
        for size in [1, 3, 7] { #expect(tape.cut(every: size).run() == whole, "\(talk.name), cut every \(size)") }
    }

    @Test func `is looked at again, ever more rarely`() throws {
        // Lines that nobody knows for a long time, and then memcached.
        var tape = TapeBuilder()
        tape.open(port: 9000)
        for round in 0..<2000 {
            tape.send("tick \(round) of many\n")
            tape.receive("tock \(round)\n")
        }
        for round in 0..<4000 {
            tape.send("set k\(round) 0 0 2\r\nab\r\n")
            tape.receive("STORED\r\n")
        }
        tape.close()
        let result = tape.run()
        #expect(try result.events().contains { $0.brief == "= memcached 90" })
        #expect(tape.cut(every: 3).run() == result)
    }

    /// Mail that quotes what others say at the beginning of a turn is not theirs, unless it is to the byte.
    @Test func `is not what one of its turns looks like`() throws {
        var tape = TapeBuilder()
        tape.open(port: 25)
        for (said, answer) in [
            ("EHLO a\r\n", "250 OK\r\n"), ("DATA\r\n", "354 go\r\n"), ("GET / in a letter\r\n.\r\n", "250 OK\r\n"),
            ("set k v\r\n", "500 what\r\n"), ("PING\r\n", "500 what\r\n"), ("SELECT 1\r\n", "500 what\r\n"),
        ] {
            tape.send(said)
            tape.receive(answer)
        }
        tape.close()
        #expect(try tape.run().events().allSatisfy { $0.number("confidence") ?? 0 == 0 })
    }
}

/// A protocol's own port speaks for it as long as nothing speaks against it.
@Suite struct `Too little payload on a port` {
    @Test(
        arguments: [
            ("two bytes of a startup", [.client([0, 0])], 5432, "= postgres 60"),
            ("a greeting that was cut", [.server([0x4A, 0, 0, 0, 10, 0x38, 0x2E])], 3306, "= mysql 60"),
            ("PING without an answer", [.c("PING\r\n")], 6379, "= redis 60"),
            ("get without an answer", [.c("get key\r\n")], 11211, "= memcached 60"),
            ("PING of NATS", [.s("PING\r\n")], 4222, "= nats 60"),
            ("a part of AMQP's header", [.c("AMQP")], 5672, "= amqp 60"),
            ("a part of a request", [.client([0, 0, 0, 0x24, 0, 18])], 9092, "= kafka 60"),
            ("a part of a message", [.client([0x5C, 1, 0, 0, 1, 0, 0, 0])], 27017, "= mongodb 60"),
            ("a part of a PRELOGIN", [.client([0x12, 1, 0, 0x3A])], 1433, "= mssql 60"),
            ("a status that SMTP gives", [.s("220 mx ESMTP\r\n")], 5432, nil),
            ("SSH", [.s("SSH-2.0-x\r\n"), .c("SSH-2.0-y\r\n")], 3306, nil), ("FTP", [.s("220 ready\r\n")], 6379, nil),
            ("IMAP", [.s("* OK IMAP4rev1\r\n")], 6379, nil), ("POP3", [.s("+OK ready\r\n")], 6379, nil),
            ("IRC", [.c("NICK a\r\nUSER a 0 * :a\r\n")], 4222, nil),
            ("SIP", [.c("OPTIONS sip:a SIP/2.0\r\n")], 11211, nil),
            ("LDAP", [.client([0x30, 0x0C, 2, 1, 1, 0x60, 7, 2, 1, 3, 4, 0, 0x80, 0])], 3306, nil),
            ("RDP", [.client([UInt8](hex: "030000130ee000000000000100080003000000"))], 1433, nil),
            ("BitTorrent", [.c("\u{13}BitTorrent protocol")], 9092, nil),
            ("SMB", [.client([UInt8](hex: "0000006cfe534d4240000000"))], 9092, nil),
            ("a single byte", [.client([0])], 5432, nil),
        ] as [(String, [Talk.Turn], Int, String?)])
    func `leaves it to the port, unless the payload speaks against it`(
        _ name: String, _ turns: [Talk.Turn], _ port: Int, _ expected: String?
    ) throws {
        let tape = Talk(name, turns, [], port: UInt16(port)).tape
        let result = tape.run()
        let told = try result.events().map(\.brief).filter { !$0.hasSuffix(" 0") }
        #expect(told == [expected].compactMap { $0 }, "\(name)")
        #expect(tape.cut(every: 1).run() == result)
        if expected != nil { #expect(result.summary.connections.verdicts.byPortOnly == 1) }
    }

    @Test func `is told when the connection was silent for ten seconds`() throws {
        var tape = TapeBuilder()
        tape.open(port: 6379)
        tape.send("PING\r\n")
        let idle = tape.connection
        tape.wait(milliseconds: 9_000)
        tape.open(port: 8080)
        tape.send("GET /a HTTP/1.1\r\n\r\n")
        tape.wait(milliseconds: 2_000)
        tape.send("GET /b HTTP/1.1\r\n\r\n")
        tape.close()
        tape.resume(idle, sent: 6, received: 0)
        tape.receive("+PONG\r\n")
        tape.close()
        let events = try tape.run().events()
        let told = events.filter { $0.string("event_type") == "connection" }
        #expect(told.map(\.brief) == ["= redis 60", "= redis 90"])
        #expect(told[0].string("timestamp") == "2026-04-08T18:24:20.123456789Z")
        // Before what came later.
        #expect(events.first?.brief == "= redis 60" || events.dropFirst().first?.brief == "= redis 60")
    }

    @Test(
        arguments: [
            (3306, [.client([UInt8](hex: "0e00000003 73656c65637420312066726f6d"))], "= mysql 90"),
            (3306, [.server([UInt8](hex: "07000001 00 0000 0200 0000"))], "= mysql 90"),
            (5432, [.client([UInt8](hex: "5800000004"))], "= postgres 90"),
            (11211, [.s("NOT_STORED\r\n")], "= memcached 90"), (6379, [.s(":3\r\n")], "= redis 90"),
            (5672, [.server([UInt8](hex: "030001000000026869ce"))], "= amqp 90"),
            // The same means nothing elsewhere.
            (9000, [.s("NOT_STORED\r\n")], nil), (9000, [.client([UInt8](hex: "5800000004"))], nil),
        ] as [(Int, [Talk.Turn], String?)])
    func `is enough where it is a whole message, joined late`(_ port: Int, _ turns: [Talk.Turn], _ expected: String?)
        throws
    {
        var tape = TapeBuilder()
        tape.open(remote: TapeBuilder.server(UInt16(port)), role: .client, joinedLate: true)
        for turn in turns {
            switch turn {
            case .client(let bytes): tape.data(.send, bytes)
            case .server(let bytes): tape.data(.receive, bytes)
            case .s(let text): tape.receive(text)
            default: break
            }
        }
        tape.close()
        let connections = try tape.run().events().filter { $0.string("event_type") == "connection" }
        let told = connections.map(\.brief).filter { !$0.hasSuffix(" 0") }
        #expect(told == [expected].compactMap { $0 })
    }
}
