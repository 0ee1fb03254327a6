import Testing

@testable import Shared

/// Values out of statements: by the rules of each dialect's manual, and what looks like a value and is none.
@Suite struct `A statement's text` {
    typealias Case = SQLCase

    static let strings = [
        Case(.standard, "SELECT 'a''b' FROM t", "SELECT ? FROM t"),
        Case(.standard, #"SELECT 'a\', b FROM t"#, "SELECT ?, b FROM t"),
        Case(.standard, "select q'[it's]', nq'!it's!' from dual", "select ?, ? from dual"),
        Case(.postgreSQL, #"SELECT E'a\'b', b FROM t"#, "SELECT ?, b FROM t"),
        Case(.postgreSQL, #"SELECT 'a\', b FROM t"#, "SELECT ?, b FROM t"),
        Case(.postgreSQL, "SELECT $$it's$$, $a$ $$ $b$ $a$ FROM t", "SELECT ?, ? FROM t"),
        Case(.postgreSQL, "SELECT $1, a$b$c FROM t$x", "SELECT $1, a$b$c FROM t$x"),
        Case(.postgreSQL, "SELECT B'101', X'1F', U&'d\\0061t' UESCAPE '!'", "SELECT ?, ?, ? UESCAPE ?"),
        Case(.postgreSQL, #"SELECT U&"d\0061t", "a'b" FROM "T""x""#, #"SELECT U&"d\0061t", "a'b" FROM "T""x""#),
        Case(.postgreSQL, "SELECT 'a'\n  'b', 1", "SELECT ?, ?"),
        Case(.postgreSQL, "SELECT DATE '2020-01-01', INTERVAL'1 day'", "SELECT DATE ?, INTERVAL?"),
        Case(.postgreSQL, "SELECT x->>'k', '{1,2}'::int[], a[1:2]", "SELECT x->>?, ?::int[], a[?:?]"),
        Case(.mySQL, #"SELECT "it's", 'a\'b', `a'b` FROM t"#, "SELECT ?, ?, `a'b` FROM t"),
        Case(.mySQL, #"SELECT _utf8mb4'x', N'x', x'1F', 0x1F, b'1', _latin1"x""#, "SELECT ?, ?, ?, ?, ?, ?"),
        Case(.mySQL, "SELECT @a, @@global.b, @'x y'", "SELECT @a, @@global.b, @?"),
        Case(.mySQL, "SELECT * FROM 2024_orders WHERE a.2b = 1", "SELECT * FROM 2024_orders WHERE a.2b = ?"),
        Case(
            .transactSQL, "SELECT N'x', [a'b], \"c'd\" FROM [dbo].[T]]x]", "SELECT ?, [a'b], \"c'd\" FROM [dbo].[T]]x]"),
        Case(.transactSQL, "SELECT $1.5, 0xFF, @p1, #t.a", "SELECT ?, ?, @p1, #t.a"),
    ]

    static let numbers = [
        Case(.standard, "SELECT 1, -1.5e-7, +.5, 1., 1e5 FROM t", "SELECT ?, ?, ?, ?, ? FROM t"),
        Case(.standard, "SELECT a-1, a - 1, (-1), t1.c2 - 3", "SELECT a-?, a - ?, (?), t1.c2 - ?"),
        Case(.standard, "WHERE a BETWEEN -1 AND -2 LIMIT -1", "WHERE a BETWEEN ? AND ? LIMIT ?"),
        Case(.postgreSQL, "SELECT 0x1F, 0b01, 0o17, 1_000, 1.e5", "SELECT ?, ?, ?, ?, ?"),
        Case(.postgreSQL, "SELECT 5abc, 1..2", "SELECT ? abc, ?.?"),
        Case(.standard, "SELECT TRUE, FALSE, NULL, x1, y_2", "SELECT TRUE, FALSE, NULL, x1, y_2"),
        Case(.mySQL, "SELECT 5 --5", "SELECT ? -?"),
        Case(.postgreSQL, "SELECT 5 --5", "SELECT ?"),
    ]

    static let comments = [
        Case(.postgreSQL, "SELECT /* a /* 'b' */ 'c' */ 1 -- 'x'\n, 2", "SELECT ?, ?"),
        Case(.mySQL, "SELECT /* a /* b */ 1 # 'x'\n, 2 -- y", "SELECT ?, ?"),
        Case(.mySQL, "/*!40101 SET NAMES utf8 */", "SET NAMES utf8"),
        Case(
            .mySQL, "SELECT /*! STRAIGHT_JOIN */ 1 FROM t /*M!100100 FORCE INDEX (a) */",
            "SELECT STRAIGHT_JOIN ? FROM t FORCE INDEX (a)"),
        Case(.mySQL, "SELECT /*!99999 ' */ 'secret' /* ' */ FROM t", "SELECT ?"),
        Case(.mySQL, "SELECT /*+ NO_ICP(t) */ a FROM t", "SELECT a FROM t"),
        Case(.transactSQL, "SELECT 1 /* x /* y */ z */, 2", "SELECT ?, ?"),
        Case(.standard, "  SELECT\n\t1  ", "SELECT ?"),
        Case(.postgreSQL, "-- only", ""),
    ]

    static let lists = [
        Case(.postgreSQL, "SELECT * FROM t WHERE a IN (1,2, 3)", "SELECT * FROM t WHERE a IN (?)"),
        Case(.postgreSQL, "WHERE a IN($1,$2) AND b NOT IN ('x')", "WHERE a IN ($1) AND b NOT IN (?)"),
        Case(.postgreSQL, "WHERE a IN ('a'::text, 'b'::text)", "WHERE a IN (?::text)"),
        Case(.postgreSQL, "WHERE (a, b) IN ((1, 2), (3,4))", "WHERE (a, b) IN ((?, ?))"),
        Case(.postgreSQL, "WHERE a IN (b, c) OR d IN (1, e + 2)", "WHERE a IN (b, c) OR d IN (?, e + ?)"),
        Case(
            .postgreSQL, "WHERE a IN (SELECT b FROM u WHERE c IN (1, 2))", "WHERE a IN (SELECT b FROM u WHERE c IN (?))"
        ),
        Case(.postgreSQL, "WHERE a = ANY (ARRAY[1, 2, 3])", "WHERE a = ANY (ARRAY[?])"),
        Case(
            .postgreSQL, "INSERT INTO t (a,b) VALUES (1,'x'),(2, NULL) RETURNING a",
            "INSERT INTO t (a,b) VALUES (?, ?) RETURNING a"),
        Case(.postgreSQL, "INSERT INTO t VALUES ($1,now()),($2,now())", "INSERT INTO t VALUES ($1, now())"),
        Case(
            .postgreSQL, "INSERT INTO t VALUES (1, (SELECT x FROM u)), (2, 3)",
            "INSERT INTO t VALUES (?, (SELECT x FROM u))"),
        Case(
            .mySQL, "INSERT INTO t VALUES (1),(2) ON DUPLICATE KEY UPDATE a = VALUES(a), b = 5",
            "INSERT INTO t VALUES (?) ON DUPLICATE KEY UPDATE a = VALUES (a), b = ?"),
        Case(.mySQL, "VALUES ROW(1,2), ROW(3,4)", "VALUES ROW(?, ?)"),
        Case(
            .postgreSQL, "SELECT * FROM (VALUES (1), (2)) v(a), (SELECT 3) w",
            "SELECT * FROM (VALUES (?)) v(a), (SELECT ?) w"),
    ]

    static let placeholders = [
        Case(.mySQL, "SELECT * FROM t WHERE a = ? AND b = :name", "SELECT * FROM t WHERE a = ? AND b = :name"),
        Case(.standard, "WHERE a = :1 AND b = %s", "WHERE a = :1 AND b = %s"),
        Case(.postgreSQL, "SELECT a::int, b ? 'k' FROM t WHERE c = $12", "SELECT a::int, b ? ? FROM t WHERE c = $12"),
        Case(.transactSQL, "EXEC dbo.p @a = 'x', @b = 5, plain", "EXEC dbo.p @a = ?, @b = ?, ?"),
    ]

    @Test(arguments: strings + numbers + comments + lists + placeholders)
    func `has no value in it`(_ one: Case) {
        #expect(ReadSQL(one.sql, one.dialect).normalized == one.expected)
    }

    @Test func `counts rows`() {
        #expect(ReadSQL("INSERT INTO t VALUES (1),(2),(3)", .postgreSQL).rows == 3)
        #expect(ReadSQL("INSERT INTO t SELECT 1", .postgreSQL).rows == 0)
    }

    @Test(arguments: [
        (SQLDialect.postgreSQL, "SELECT 'secr", "SELECT ?"), (.postgreSQL, "SELECT $a$secr$a", "SELECT ?"),
        (.postgreSQL, "SELECT 12", "SELECT ?"), (.postgreSQL, "SELECT 12e", "SELECT ?"),
        (.postgreSQL, "SELECT E'a\\", "SELECT ?"),
        (.mySQL, "SELECT 12e", "SELECT ?"), (.mySQL, "SELECT \"secr", "SELECT ?"),
        (.transactSQL, "SELECT [secr", "SELECT ?"),
        (.postgreSQL, "SELECT /* secr", "SELECT"),
        (.postgreSQL, "INSERT INTO t VALUES (1, 2), (3, ", "INSERT INTO t VALUES (?, ?)"),
        (.postgreSQL, "WHERE a IN (1, 2, ", "WHERE a IN (?"), (.postgreSQL, "SELECT a -1", "SELECT a -?"),
    ]) func `cut anywhere has no part of a value in it`(_ dialect: SQLDialect, _ sql: String, _ normalized: String) {
        #expect(ReadSQL(sql, dialect, isCut: true).normalized == normalized)
    }

    @Test func `is cut at 32 KiB`() {
        let sql = "SELECT '" + String(repeating: "x", count: 40_000) + "' FROM secret"
        let read = ReadSQL(sql, .postgreSQL)
        #expect(read.normalized == "SELECT ?" && read.summary == "SELECT")
        let long = "SELECT " + String(repeating: "abc, ", count: 8000)
        #expect(ReadSQL(long, .postgreSQL).normalized.utf8.count <= 32 << 10)
    }

    @Test func `is one of several`() {
        let all = ReadSQL.each("begin; ; select 1;\n insert into t values (';'); ", .postgreSQL)
        #expect(all.map(\.normalized) == ["begin", "select ?", "insert into t values (?)"])
        #expect(all.map(\.verb) == ["BEGIN", "SELECT", "INSERT"])
        let routine = ReadSQL.each(
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 1 END; END; SELECT 2",
            .postgreSQL)
        #expect(routine.map(\.summary) == ["CREATE FUNCTION f SELECT SELECT", "SELECT"])
        #expect(
            ReadSQL.each("CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); SELECT 3", .postgreSQL).count == 2)
    }

    /// Backslashes where PostgreSQL says standard_conforming_strings is off.
    @Test func `follows what the server said of backslashes`() {
        var dialect = SQLDialect.postgreSQL
        dialect.hasBackslashes = true
        #expect(ReadSQL(#"SELECT 'a\' secret', b"#, dialect).normalized == "SELECT ?, b")
    }
}
