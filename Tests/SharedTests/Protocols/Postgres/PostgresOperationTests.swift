import Testing

@testable import Shared

/// What is asked of PostgreSQL, and what became of it (PostgreSQL documentation, "Message Flow").
@Suite struct `PostgreSQL operations` {
    // MARK: The simple protocol

    @Test func `are the statements of a Query`() throws {
        var talk = PostgresTalk()
        talk.client(.query("insert into t values (1, 'x'); select * from t; "))
        talk.server(.complete("INSERT 0 1"), .row("a"), .notice, .row("b"), .complete("SELECT 2"), .ready)
        talk.client(.query(";"))
        talk.server(.empty, .ready)
        talk.client(.query("begin"))
        talk.server(.complete("BEGIN"), .ready)
        try talk.check([
            "INSERT ok 0/1 insert into t values (?, ?)", "SELECT ok 2/0 select * from t", "BEGIN ok 0/0 begin",
        ])
        let first = try #require(try talk.result().events().first { $0.string("event_type") == "operation" })
        #expect(first.string("namespace") == "shop" && first.string("system") == "postgresql")
        #expect(first.number("batch") == 2 && first.string("paired") == "order")
    }

    @Test func `are skipped behind an error in a Query`() throws {
        var talk = PostgresTalk()
        talk.client(.query("select 1; select x; select 3"))
        talk.server(.row("1"), .complete("SELECT 1"), .error("42703"), .ready)
        talk.client(.query("select 4"))
        talk.server(.row("4"), .complete("SELECT 1"), .ready)
        try talk.check([
            "SELECT ok 1/0 select ?", "SELECT error 42703 0/0 select x", "SELECT skipped select ?",
            "SELECT ok 1/0 select ?",
        ])
    }

    @Test func `are copies in both directions`() throws {
        var talk = PostgresTalk()
        talk.client(.query("copy t from stdin"))
        talk.server(.copyIn)
        talk.client(.copyData("1\tsecret\n"), .copyData("2\tsecret\n"), .copyDone)
        talk.server(.complete("COPY 2"), .ready)
        talk.client(.query("copy t to stdout"))
        talk.server(.copyOut, .copyData("1\n"), .copyData("2\n"), .copyData("3\n"), .complete("COPY 3"), .ready)
        try talk.check(["COPY ok 0/2 copy t from stdin", "COPY ok 3/0 copy t to stdout"])
        #expect(!talk.result().text.contains("secret"))
    }

    // MARK: The extended protocol

    @Test func `are each Execute, with the text of its Parse`() throws {
        var talk = PostgresTalk()
        talk.client(
            .parse("select * from t where a = $1 and b = 'x'"), .bind(values: ["secret"]), .describe, .execute(), .sync)
        talk.server(.parsed, .bound, .noData, .row("r"), .complete("SELECT 1"), .ready)
        talk.client(.parse("update t set a = $1", name: "u"), .sync)
        talk.server(.parsed, .ready)
        for _ in 0..<2 {
            talk.client(.bind("u", values: ["secret"]), .execute(), .sync)
            talk.server(.bound, .complete("UPDATE 3"), .ready)
        }
        talk.client(.close("u"), .sync)
        talk.server(.closed, .ready)
        try talk.check([
            "SELECT ok 1/0 select * from t where a = $1 and b = ?", "UPDATE ok 0/3 update t set a = $1",
            "UPDATE ok 0/3 update t set a = $1",
        ])
        #expect(!talk.result().text.contains("secret"))
    }

    @Test func `are skipped behind an error until Sync`() throws {
        var talk = PostgresTalk()
        talk.client(
            .parse("select 1"), .bind(), .execute(), .parse("select bad"), .bind(), .execute(),
            .parse("select c from d"),
            .bind(), .execute(), .sync, .parse("delete from t"), .bind(), .execute(), .sync)
        talk.server(.parsed, .bound, .row("1"), .complete("SELECT 1"), .error("42703"), .ready)
        talk.server(.parsed, .bound, .complete("DELETE 2"), .ready)
        try talk.check([
            "SELECT ok 1/0 select ?", "SELECT error 42703 0/0 select bad", "SELECT skipped select c from d",
            "DELETE ok 0/2 delete from t",
        ])
    }

    @Test func `are told of where a Parse alone fails`() throws {
        var talk = PostgresTalk()
        talk.client(.parse("select bad", name: "s"), .sync)
        talk.server(.error("42601"), .ready)
        // The name stands for nothing, and for no earlier statement.
        talk.client(.bind("s"), .execute(), .sync)
        talk.server(.error("26000"), .ready)
        try talk.check(["SELECT error 42601 0/0 select bad", "- error 26000 0/0 !text"])
    }

    @Test func `go on where a portal is suspended`() throws {
        var talk = PostgresTalk()
        talk.client(.parse("select * from t"), .bind(portal: "c"), .execute("c", rows: 2), .sync)
        talk.server(.parsed, .bound, .row("1"), .row("2"), .suspended, .ready)
        try talk.check(["SELECT ok 2/0 select * from t"])
        var second = PostgresTalk()
        second.client(.query("begin"))
        second.server(.complete("BEGIN"))
        second.raw(.receive, PostgresTalk.message("Z", "T"))
        second.client(.parse("select * from t"), .bind(portal: "c"), .execute("c", rows: 2), .sync)
        second.server(.parsed, .bound, .row("1"), .row("2"), .suspended)
        second.raw(.receive, PostgresTalk.message("Z", "T"))
        second.client(.execute("c", rows: 2), .sync)
        second.server(.row("3"), .complete("SELECT 1"), .ready)
        try second.check(["BEGIN ok 0/0 begin", "SELECT ok 3/0 select * from t"])
    }

    @Test func `pass over the Sync within a copy`() throws {
        var talk = PostgresTalk()
        talk.client(.parse("copy t from stdin"), .bind(), .execute(), .sync)
        talk.server(.parsed, .bound, .copyIn)
        talk.client(.copyData("1\n"), .copyDone, .sync)
        talk.server(.complete("COPY 1"), .ready)
        talk.client(.query("select 1"))
        talk.server(.row("1"), .complete("SELECT 1"), .ready)
        try talk.check(["COPY ok 0/1 copy t from stdin", "SELECT ok 1/0 select ?"])
    }

    // MARK: Names of statements

    @Test func `know SQL's own PREPARE, DEALLOCATE and DISCARD`() throws {
        var talk = PostgresTalk()
        talk.client(.query("PREPARE \"P q\" (int) AS SELECT * FROM t WHERE a = $1 AND b = 'x'"))
        talk.server(.complete("PREPARE"), .ready)
        talk.client(.bind("P q"), .execute(), .sync)
        talk.server(.bound, .complete("SELECT 0"), .ready)
        talk.client(.query("deallocate \"P q\""))
        talk.server(.complete("DEALLOCATE"), .ready)
        talk.client(.bind("P q"), .execute(), .sync)
        talk.server(.bound, .complete("SELECT 0"), .ready)
        try talk.check([
            "PREPARE ok 0/0 PREPARE \"P q\" (int) AS SELECT * FROM t WHERE a = $1 AND b = ?",
            "SELECT ok 0/0 SELECT * FROM t WHERE a = $1 AND b = ?", "SELECT ok 0/0 !text",
        ])
    }

    // MARK: The opening

    @Test func `tell of a login that fails, and of no other`() throws {
        var talk = PostgresTalk(startsUp: false)
        let parameters = Array("user\0alice\0\0".utf8)
        talk.raw(.send, PostgresTalk.big(UInt32(8 + parameters.count)) + PostgresTalk.big(196_608) + parameters)
        talk.server(.error("28P01"))
        try talk.check(["connect error 28P01"])
        #expect(try talk.result().events().last?.string("namespace") == "alice")
        var good = PostgresTalk()
        good.client(.query("set x = 1"))
        good.server(.complete("SET"), .ready)
        #expect(try PostgresTalk.operations(good.result()).isEmpty)
        #expect(good.result().summary.operations.housekeeping == 2)
        var options = Profiler.Options()
        options.housekeeping = true
        #expect(try PostgresTalk.operations(good.result(options)) == ["connect ok", "SET ok 0/0 set x = ?"])
    }

    @Test func `go on where encryption is refused`() throws {
        var talk = PostgresTalk(startsUp: false)
        talk.raw(.send, PostgresTalk.big(8) + PostgresTalk.big(80_877_103))
        talk.raw(.receive, [UInt8(ascii: "N")])
        let parameters = Array("user\0alice\0\0".utf8)
        talk.raw(.send, PostgresTalk.big(UInt32(8 + parameters.count)) + PostgresTalk.big(196_608) + parameters)
        talk.server(.ok, .ready)
        talk.client(.query("select 1"))
        talk.server(.row("1"), .complete("SELECT 1"), .ready)
        try talk.check(["SELECT ok 1/0 select ?"])
    }

    @Test func `are one way where they cancel`() throws {
        var talk = PostgresTalk(startsUp: false)
        talk.raw(.send, PostgresTalk.big(16) + PostgresTalk.big(80_877_102) + [0, 0, 0, 1, 9, 9, 9, 9])
        try talk.check(["CANCEL one_way"])
    }

    @Test func `are cancelled from another connection, and by that alone`() throws {
        let statement = "select pg_sleep(9)"
        func cancel(_ key: UInt8) -> [UInt8] {
            PostgresTalk.big(16) + PostgresTalk.big(80_877_102) + [0, 0, 0, 1, 9, 9, 9, key]
        }
        for (key, status) in [(9, "cancelled"), (8, "error")] as [(UInt8, String)] {
            var talk = PostgresTalk(startsUp: false)
            let parameters = Array("user\0alice\0\0".utf8)
            talk.raw(.send, PostgresTalk.big(UInt32(8 + parameters.count)) + PostgresTalk.big(196_608) + parameters)
            talk.server(.ok)
            talk.raw(.receive, PostgresTalk.message("K", [0, 0, 0, 1, 9, 9, 9, 9]))
            talk.server(.ready)
            talk.client(.query(statement))
            let (first, sent, received) = (talk.tape.connection, talk.tape.sent, talk.tape.received)
            talk.tape.open(local: Endpoint(TapeBuilder.client.address, 40_001), remote: TapeBuilder.server(5432))
            talk.tape.data(.send, cancel(key))
            talk.tape.close()
            talk.tape.resume(first, sent: sent, received: received)
            talk.server(.error("57014"), .ready)
            // Later ones are not meant: the server has its own reasons.
            talk.client(.query(statement))
            talk.server(.error("57014"), .ready)
            #expect(
                try talk.ended.run().operationLines() == [
                    "CANCEL one_way", "SELECT \(status) 57014 0/0 select pg_sleep(?)",
                    "SELECT error 57014 0/0 select pg_sleep(?)",
                ])
        }
    }

    // MARK: What answers nothing

    @Test func `are pushes where the server notifies`() throws {
        var talk = PostgresTalk()
        talk.client(.query("listen news"))
        talk.server(.complete("LISTEN"), .ready)
        talk.server(.notification("news"), .parameter("TimeZone", "UTC"), .notice)
        try talk.check(["LISTEN ok 0/0 listen news", "NOTIFY ok"])
        let push = try #require(try talk.result().events().last)
        #expect(push.string("paired") == "none" && push.string("direction") == "recv" && push.fields["total_ms"] == nil)
        #expect(!talk.result().text.contains("payload"))
    }

    @Test func `follow what the server says of backslashes`() throws {
        var talk = PostgresTalk()
        talk.server(.parameter("standard_conforming_strings", "off"))
        talk.client(.query(#"select 'a\' secret', b"#))
        talk.server(.complete("SELECT 0"), .ready)
        try talk.check(["SELECT ok 0/0 select ?, b"])
    }

    // MARK: What is kept of the text

    @Test func `have the text that was asked for`() throws {
        var talk = PostgresTalk()
        talk.client(.query("select 'x' from t -- c"))
        talk.server(.complete("SELECT 0"), .ready)
        talk.client(.parse("select 'y' from t"), .bind(), .execute(), .sync)
        talk.server(.parsed, .bound, .complete("SELECT 0"), .ready)
        var options = Profiler.Options()
        options.statements = .full
        #expect(
            try PostgresTalk.operations(talk.result(options)) == [
                "SELECT ok 0/0 select 'x' from t -- c", "SELECT ok 0/0 select 'y' from t",
            ])
        options.statements = .off
        #expect(try PostgresTalk.operations(talk.result(options)) == ["SELECT ok 0/0", "SELECT ok 0/0"])
        options.fields = .compat
        #expect(try PostgresTalk.operations(talk.result(options)).isEmpty)
    }

    @Test func `are counted in the map`() throws {
        var talk = PostgresTalk()
        for _ in 0..<3 {
            talk.client(.query("select * from orders where id = 5"))
            talk.server(.row("1"), .row("2"), .complete("SELECT 2"), .ready)
        }
        talk.client(.query("select x from orders"))
        talk.server(.error("42703"), .ready)
        let operations = try #require(talk.result().serviceMap.services.first?.connections.first?.operations)
        #expect(operations.map(\.summary) == ["select orders"])
        #expect(operations.first.map { [$0.count, $0.errors, $0.rows] } == [4, 1, 6])
        #expect(operations.first?.targets == ["orders"])
    }
}
