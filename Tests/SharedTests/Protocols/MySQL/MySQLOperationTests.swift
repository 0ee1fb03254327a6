import Testing

@testable import Shared

/// What is asked of MySQL and MariaDB, and what became of it (MySQL Source Code Documentation, "Command Phase").
@Suite struct `MySQL operations` {
    // MARK: Text

    @Test func `are the statements of a text, each with its own result`() throws {
        var talk = MySQLTalk()
        talk.client(.query("insert into t values (1, 'x'); select a from t; update t set a = 2"))
        talk.server(
            [.ok(affected: 1, status: 10)] + MySQLTalk.rows(["a", "b"], last: .end(status: 10)) + [.ok(affected: 3)])
        talk.client(.query("  /* nothing */ "))
        talk.server(1, .error(1065))
        try talk.check([
            "INSERT ok 0/1 insert into t values (?, ?)", "SELECT ok 2/0 select a from t",
            "UPDATE ok 0/3 update t set a = ?",
        ])
        let first = try #require(try talk.result().events().first { $0.string("event_type") == "operation" })
        #expect(first.string("namespace") == "shop" && first.string("system") == "mysql")
        #expect(first.number("batch") == 3 && first.string("paired") == "order")
    }

    @Test func `are skipped behind an error in a text`() throws {
        var talk = MySQLTalk()
        talk.client(.query("select 1; select x; select 3"))
        talk.server(MySQLTalk.rows(["1"], last: .end(status: 10)) + [.error(1054)])
        talk.client(.query("select 4"))
        talk.server(MySQLTalk.rows(["4"]))
        try talk.check([
            "SELECT ok 1/0 select ?", "SELECT error 1054 0/0 select x", "SELECT skipped select ?",
            "SELECT ok 1/0 select ?",
        ])
        #expect(!talk.result().text.contains("a secret"))
    }

    @Test func `have all results of a procedure`() throws {
        var talk = MySQLTalk()
        talk.client(.query("call both(1); select 2"))
        talk.server(
            MySQLTalk.rows(["1"], last: .end(status: 10)) + MySQLTalk.rows(["2", "3"], last: .end(status: 10))
                + [.ok(status: 10)] + MySQLTalk.rows(["x"]))
        try talk.check(["CALL ok 3/0 call both(?)", "SELECT ok 1/0 select ?"])
    }

    @Test func `end with either kind of EOF`() throws {
        var talk = MySQLTalk(capabilities: MySQLTalk.deprecateEOF)
        talk.client(.query("select a from t"))
        talk.server(1, .columns(1), .definition, .row("x"), .row(""), .okEnd())
        talk.client(.query("select a from empty"))
        talk.server(1, .columns(1), .definition, .okEnd())
        talk.client(.query("select broken from t"))
        talk.server(1, .columns(1), .definition, .row("x"), .error(1317))
        try talk.check([
            "SELECT ok 2/0 select a from t", "SELECT ok 0/0 select a from empty",
            "SELECT error 1317 1/0 select broken from t",
        ])
    }

    /// CLIENT_QUERY_ATTRIBUTES puts names and values before the text.
    @Test func `have their text behind query attributes`() throws {
        var talk = MySQLTalk()
        talk.raw(.send, MySQLTalk.packet(0, [3, 0, 1] + Array("select 1 from t".utf8)))
        talk.server(MySQLTalk.rows([]))
        let attributes: [UInt8] =
            [3, 2, 1, 0, 1, 0xFD, 0, 5] + Array("trace".utf8) + [8, 0, 1] + Array("n".utf8) + [6] + Array("secret".utf8)
            + [1, 2, 3, 4, 5, 6, 7, 8]
        talk.raw(.send, MySQLTalk.packet(0, attributes + Array("select b from u".utf8)))
        talk.server(MySQLTalk.rows(["x"]))
        try talk.check(["SELECT ok 0/0 select ? from t", "SELECT ok 1/0 select b from u"])
        #expect(!talk.result().text.contains("secret"))
    }

    @Test func `load a file of the client's, in more packets than there are numbers`() throws {
        var talk = MySQLTalk()
        talk.client(.query("load data local infile '/a/file' into table t"))
        talk.server(1, .file)
        for number in 0..<300 {
            talk.raw(.send, MySQLTalk.packet(UInt8(truncatingIfNeeded: 2 + number), Array("secret\n".utf8)))
        }
        talk.raw(.send, MySQLTalk.packet(UInt8(truncatingIfNeeded: 302), []))
        talk.server(UInt8(truncatingIfNeeded: 303), .ok(affected: 200))
        talk.client(.query("select 1"))
        talk.server(MySQLTalk.rows(["1"]))
        let lines = try talk.result().operationLines()
        #expect(lines == ["LOAD ok 0/200 load data local infile ? into table t", "SELECT ok 1/0 select ?"])
        #expect(!talk.result().text.contains("secret"))
    }

    // MARK: Prepared statements

    @Test func `are each execution, with the text that was prepared`() throws {
        for capabilities in [0, MySQLTalk.deprecateEOF] as [UInt32] {
            var talk = MySQLTalk(capabilities: capabilities)
            let hasEOF = capabilities == 0
            let end: [MySQLTalk.Server] = hasEOF ? [.end()] : []
            talk.client(.prepare("select a from t where b = ? and c = 'x'"))
            talk.server([.prepared(1, columns: 1, parameters: 1), .definition] + end + [.definition] + end)
            talk.client(.prepare("delete from t"))
            talk.server(1, .prepared(2, columns: 0, parameters: 0))
            for _ in 0..<2 {
                talk.client(.execute(1))
                talk.server([.columns(1), .definition] + end + [.row("a"), hasEOF ? .end() : .okEnd()])
            }
            talk.client(.close(1), .execute(2))
            talk.server(1, .ok(affected: 9))
            talk.client(.prepare("select bad"))
            talk.server(1, .error(1054))
            talk.client(.execute(7))
            talk.server(1, .error(1243))
            try talk.check([
                "SELECT ok 1/0 select a from t where b = ? and c = ?",
                "SELECT ok 1/0 select a from t where b = ? and c = ?",
                "DELETE ok 0/9 delete from t", "SELECT error 1054 select bad", "- error 1243 0/0 !text",
            ])
            #expect(!talk.result().text.contains("secret"))
        }
    }

    @Test func `go on where a cursor is read in parts`() throws {
        var talk = MySQLTalk()
        talk.client(.prepare("select a from t"))
        talk.server(1, .prepared(1, columns: 1, parameters: 0), .definition, .end())
        talk.client(.execute(1, cursor: true))
        talk.server(1, .columns(1), .definition, .end(status: 0x42))
        talk.client(.fetch(1))
        talk.server(1, .row("a"), .row("b"), .end(status: 0x42))
        talk.client(.fetch(1))
        talk.server(1, .row("c"), .end(status: 0x82))
        talk.client(.execute(1, cursor: true))
        talk.server(1, .columns(1), .definition, .end(status: 0x42))
        talk.client(.fetch(1))
        talk.server(1, .row("a"), .end(status: 0x42))
        talk.client(.reset(1))
        talk.server(1, .ok())
        try talk.check(["SELECT ok 3/0 select a from t", "SELECT ok 1/0 select a from t"])
    }

    @Test func `are answered in order where they are pipelined`() throws {
        var talk = MySQLTalk(version: "5.5.5-10.11.6-MariaDB")
        talk.client(.prepare("select a from t"), .execute(.max), .query("select 2"))
        talk.server(1, .prepared(1, columns: 1, parameters: 0), .definition, .end())
        talk.server(MySQLTalk.rows(["x", "y"]))
        talk.server(1, .error(1064))
        try talk.check(["SELECT ok 2/0 select a from t", "SELECT error 1064 0/0 select ?"])
        #expect(try talk.result().events().last?.string("system") == "mariadb")
    }

    // MARK: Sessions

    @Test func `know the database`() throws {
        var talk = MySQLTalk()
        talk.client(.database("other"))
        talk.server(1, .ok())
        talk.client(.query("select 1"))
        talk.server(MySQLTalk.rows([]))
        talk.client(.query("use `third`"))
        talk.server(1, .ok())
        talk.client(.query("select 2"))
        talk.server(MySQLTalk.rows([]))
        talk.client(.database("missing"))
        talk.server(1, .error(1049))
        talk.client(.query("select 3"))
        talk.server(MySQLTalk.rows([]))
        let told = try talk.result().events().filter { $0.string("event_type") == "operation" }
        #expect(told.compactMap { $0.string("namespace") } == ["other", "third", "third", "third"])
        #expect(told.compactMap { $0.string("code") } == ["1049"])
    }

    @Test func `tell of a login that fails, and of no other`() throws {
        var talk = MySQLTalk(logsIn: false)
        talk.raw(.send, MySQLTalk.login(0x0200 | 0x8000 | 0x8))
        talk.server(2, .error(1045))
        try talk.check(["connect error 1045"])
        var good = MySQLTalk()
        good.client(.query("set names utf8mb4"), .ping)
        good.server(1, .ok())
        good.server(1, .ok())
        good.client(.quit)
        try good.check([])
        #expect(good.result().summary.operations.housekeeping == 3)
    }

    @Test func `are refused before anything is asked`() throws {
        var talk = MySQLTalk(joinedLate: true)
        talk = MySQLTalk(logsIn: false)
        talk.server(2, .error(1159))
        try talk.check(["connect error 1159"])
    }

    @Test func `copy the binary log for as long as the connection lasts`() throws {
        var talk = MySQLTalk()
        talk.raw(.send, MySQLTalk.packet(0, [0x12, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0] + Array("log.1".utf8)))
        let event: [UInt8] = [0, 1, 2, 3, 4, 15] + [1, 0, 0, 0] + [23, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]
        for number in 1...5 { talk.raw(.receive, MySQLTalk.packet(UInt8(number), event)) }
        try talk.check(["BINLOG_DUMP ok"])
    }

    // MARK: What is kept of the text

    @Test func `have the text that was asked for`() throws {
        var talk = MySQLTalk()
        talk.client(.query("select 'x' from t -- c"))
        talk.server(MySQLTalk.rows([]))
        talk.client(.prepare("select \"y\" from t"))
        talk.server(1, .prepared(1, columns: 0, parameters: 0))
        talk.client(.execute(1))
        talk.server(1, .ok())
        var options = Profiler.Options()
        options.statements = .full
        #expect(
            try talk.result(options).operationLines() == [
                "SELECT ok 0/0 select 'x' from t -- c", "SELECT ok 0/0 select \"y\" from t",
            ])
        options.statements = .off
        #expect(try talk.result(options).operationLines() == ["SELECT ok 0/0", "SELECT ok 0/0"])
        #expect(try talk.result().operationLines().last == "SELECT ok 0/0 select ? from t")
    }

    @Test func `are counted in the map`() throws {
        var talk = MySQLTalk()
        for _ in 0..<3 {
            talk.client(.query("select * from orders where id = 5"))
            talk.server(MySQLTalk.rows(["1", "2"]))
        }
        let operations = try #require(talk.result().serviceMap.services.first?.connections.first?.operations)
        #expect(operations.map(\.summary) == ["select orders"])
        #expect(operations.first.map { [$0.count, $0.errors, $0.rows] } == [3, 0, 6])
    }

    @Test func `touch four bytes of a row`() {
        var talk = MySQLTalk()
        talk.client(.query("select big from t"))
        talk.server(1, .columns(1), .definition, .end())
        let row = MySQLTalk.packet(4, [0xFD, 0xA0, 0x86, 1] + Array(repeating: 0x78, count: 100_000))
        for _ in 0..<20 { talk.raw(.receive, row) }
        talk.server(24, .end())
        var options = Profiler.Options()
        options.eventLog = false
        let profiler = Profiler(options)
        talk.tape.cut(every: 1000).play(into: profiler)
        // A step a row, and few besides: what is between is skipped. Of a row its length and its first byte are looked at.
        #expect(profiler.steps < 120, "\(profiler.steps)")
        #expect(profiler.heldBytes < 2000)
    }
}
