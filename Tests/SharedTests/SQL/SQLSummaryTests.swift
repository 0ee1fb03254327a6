import Testing

@testable import Shared

/// Operations and targets in the order of the text (OpenTelemetry's db.query.summary).
@Suite struct `A statement's summary` {
    typealias Case = SQLCase

    static let queries = [
        Case(.standard, "SELECT * FROM songs, artists WHERE songs.id = 1", "SELECT songs artists"),
        Case(.standard, "select a.x from songs a, artists as b", "select songs artists"),
        Case(.standard, "SELECT 1", "SELECT"),
        Case(.standard, "SELECT * FROM a JOIN b ON a.x = b.y LEFT JOIN c USING (z), d", "SELECT a b c d"),
        Case(
            .standard, "SELECT order_date FROM (SELECT * FROM orders o JOIN customers c ON o.id = c.id)",
            "SELECT SELECT orders customers"),
        Case(.standard, "SELECT * FROM (a CROSS JOIN b), c", "SELECT a b c"),
        Case(.standard, "SELECT EXTRACT(year FROM d), TRIM(both FROM x), SUBSTRING(a FROM 2) FROM t", "SELECT t"),
        Case(.standard, "SELECT * FROM t WHERE a IS DISTINCT FROM b", "SELECT t"),
        Case(.standard, "SELECT f(x), count(*) FROM ONLY s.t, LATERAL (SELECT 1 FROM u) v", "SELECT s.t SELECT u"),
        Case(.postgreSQL, "SELECT * FROM generate_series(1, 3) g, t", "SELECT t"),
        Case(.postgreSQL, #"SELECT * FROM "Order Items", db."T".u"#, #"SELECT "Order Items" db."T".u"#),
        Case(.standard, "SELECT a FROM t1 UNION ALL SELECT b FROM t2 ORDER BY 1, 2", "SELECT t1 SELECT t2"),
        Case(
            .standard, "WITH x AS (SELECT * FROM a), y (c) AS (SELECT * FROM X) SELECT * FROM x, y, z",
            "SELECT a SELECT SELECT z"),
        Case(
            .postgreSQL, "WITH RECURSIVE r AS (SELECT 1 UNION SELECT n FROM r, e) SELECT * FROM r",
            "SELECT SELECT e SELECT"),
        Case(
            .postgreSQL, "WITH gone AS (DELETE FROM a RETURNING *) INSERT INTO b SELECT * FROM gone",
            "DELETE a INSERT b SELECT"),
        Case(.standard, "SELECT * FROM t FOR UPDATE OF t", "SELECT t"),
        Case(.standard, "SELECT x FROM t1 a WHERE EXISTS (SELECT 1 FROM t2)", "SELECT t1 SELECT t2"),
        Case(.standard, "SELECT * FROM emp@remote.db", "SELECT emp@remote.db"),
        Case(.standard, "(SELECT 1 FROM a) UNION (SELECT 2 FROM b)", "SELECT a SELECT b"),
        Case(.mySQL, "SELECT `a`.`b` FROM `shop`.`items`, `x`", "SELECT `shop`.`items` `x`"),
        Case(.mySQL, "SELECT * FROM a STRAIGHT_JOIN b", "SELECT a b"),
        Case(.mySQL, "SELECT a INTO @v FROM t", "SELECT t"),
        Case(
            .transactSQL, "SELECT * FROM [dbo].[Order Items] WITH (NOLOCK) JOIN db..t x ON 1=1",
            "SELECT [dbo].[Order Items] db..t"),
        Case(.transactSQL, "SELECT * FROM a CROSS APPLY dbo.f(a.x) b CROSS APPLY c", "SELECT a c"),
        Case(.transactSQL, "SELECT * INTO #t FROM @v", "SELECT #t @v"),
    ]

    static let changes = [
        Case(
            .standard, "INSERT INTO shipping_details (a, b) SELECT * FROM orders",
            "INSERT shipping_details SELECT orders"),
        Case(.standard, "insert into t values (1, 'x')", "insert t"),
        Case(.mySQL, "INSERT IGNORE INTO t SET a = 1 ON DUPLICATE KEY UPDATE a = 2", "INSERT t"),
        Case(.postgreSQL, "INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET b = 2", "INSERT t"),
        Case(.mySQL, "REPLACE INTO t VALUES (1)", "REPLACE t"),
        Case(.standard, "UPDATE t SET a = 1, b = (SELECT max(c) FROM u) WHERE d = 2", "UPDATE t SELECT u"),
        Case(.postgreSQL, "UPDATE ONLY a.t SET x = 1 FROM b, c WHERE 1 = 1", "UPDATE a.t b c"),
        Case(.mySQL, "UPDATE a, b SET a.x = b.x", "UPDATE a b"),
        Case(.standard, "DELETE FROM t WHERE a = 1", "DELETE t"),
        Case(.postgreSQL, "DELETE FROM a USING b, c WHERE 1=1", "DELETE a b c"),
        Case(.mySQL, "DELETE t1 FROM t1 JOIN t2 ON 1=1", "DELETE t1 t2"),
        Case(.mySQL, "DELETE t1, t2.* FROM t1, t2", "DELETE t1 t2"),
        Case(.transactSQL, "DELETE t WHERE a = 1", "DELETE t"),
        Case(.transactSQL, "DELETE TOP (5) FROM t", "DELETE t"),
        Case(
            .standard,
            "MERGE INTO t USING s ON (t.a = s.a) WHEN MATCHED THEN UPDATE SET b = 1 WHEN NOT MATCHED THEN INSERT (a) VALUES (1)",
            "MERGE t s"),
        Case(.standard, "MERGE INTO t USING (SELECT 1 FROM u) s ON (1=1) WHEN MATCHED THEN DELETE", "MERGE t SELECT u"),
        Case(.transactSQL, "UPDATE a SET x = 1 INSERT INTO b VALUES (1)", "UPDATE a INSERT b"),
    ]

    static let others = [
        Case(.standard, "CREATE TABLE IF NOT EXISTS t (a int REFERENCES o (b))", "CREATE TABLE t"),
        Case(.standard, "CREATE UNIQUE INDEX IX_Email ON users (email)", "CREATE INDEX IX_Email"),
        Case(.postgreSQL, "CREATE INDEX ON users USING btree (email)", "CREATE INDEX"),
        Case(.postgreSQL, "CREATE INDEX CONCURRENTLY i ON t (a)", "CREATE INDEX i"),
        Case(.standard, "CREATE OR REPLACE VIEW v AS SELECT * FROM t", "CREATE VIEW v SELECT t"),
        Case(.standard, "CREATE TABLE t AS SELECT * FROM u", "CREATE TABLE t SELECT u"),
        Case(.postgreSQL, "CREATE TABLE p PARTITION OF t FOR VALUES FROM (MINVALUE) TO (10)", "CREATE TABLE p"),
        Case(.standard, "DROP TABLE IF EXISTS a, b.c CASCADE", "DROP TABLE a b.c"),
        Case(.standard, "ALTER TABLE t ADD COLUMN x int", "ALTER TABLE t"),
        Case(.postgreSQL, "CREATE MATERIALIZED VIEW m AS SELECT 1 FROM t", "CREATE MATERIALIZED VIEW m SELECT t"),
        Case(.postgreSQL, "CREATE TRIGGER g BEFORE INSERT OR UPDATE ON t EXECUTE FUNCTION f()", "CREATE TRIGGER g"),
        Case(.mySQL, "CREATE DEFINER=`r`@`%` PROCEDURE p() SELECT 1 FROM t", "CREATE PROCEDURE p SELECT t"),
        Case(.postgreSQL, "TRUNCATE a, b RESTART IDENTITY", "TRUNCATE a b"),
        Case(.postgreSQL, "COPY t (a, b) FROM STDIN", "COPY t"),
        Case(.postgreSQL, "COPY (SELECT * FROM t) TO STDOUT", "COPY SELECT t"),
        Case(.standard, "CALL p(1, 'x')", "CALL p"),
        Case(.transactSQL, "EXECUTE dbo.p @a = 1", "EXECUTE dbo.p"),
        Case(.transactSQL, "EXEC @rc = dbo.p 'x'", "EXEC dbo.p"),
        Case(.postgreSQL, "EXPLAIN (ANALYZE, BUFFERS) SELECT * FROM t", "EXPLAIN SELECT t"),
        Case(.postgreSQL, "EXPLAIN ANALYZE UPDATE t SET a = 1", "EXPLAIN UPDATE t"),
        Case(.postgreSQL, "PREPARE p (int) AS SELECT * FROM t WHERE a = $1", "PREPARE SELECT t"),
        Case(.postgreSQL, "EXECUTE p(1)", "EXECUTE p"),
        Case(.postgreSQL, "DECLARE c CURSOR FOR SELECT * FROM t", "DECLARE SELECT t"),
        Case(.postgreSQL, "FETCH 10 FROM c", "FETCH"),
        Case(.postgreSQL, "GRANT SELECT, UPDATE ON t TO u", "GRANT"),
        Case(.postgreSQL, "VACUUM ANALYZE t", "VACUUM t"),
        Case(.postgreSQL, "LOCK TABLE t IN EXCLUSIVE MODE", "LOCK t"),
        Case(.mySQL, "LOAD DATA INFILE 'x' INTO TABLE t", "LOAD t"),
        Case(.mySQL, "SHOW TABLES FROM db", "SHOW"),
        Case(.standard, "BEGIN", "BEGIN"), Case(.standard, "SET x = 1", "SET"),
        Case(.standard, "nonsense 1 FROM t", ""),
        Case(.postgreSQL, "TABLE t", "TABLE t"), Case(.postgreSQL, "VALUES (1), (2)", "VALUES"),
        Case(.standard, "INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)", "BATCH INSERT t"),
        Case(.standard, "INSERT INTO t VALUES (1); SELECT * FROM u; ", "INSERT t SELECT u"),
    ]

    @Test(arguments: queries + changes + others)
    func `is in the order of the text`(_ one: Case) {
        #expect(ReadSQL(one.sql, one.dialect).summary == one.expected)
    }

    @Test func `is never cut in a word`() {
        let tables = (0..<60).map { "table_\($0)" }
        let read = ReadSQL("SELECT * FROM " + tables.joined(separator: ", "), .postgreSQL)
        #expect(read.summary.utf8.count <= 255 && read.summary.utf8.count > 240)
        #expect(tables.starts(with: read.summary.split(separator: " ").dropFirst().map(String.init)))
        #expect(read.targets == Array(tables.prefix(16)))
        #expect(ReadSQL("SELECT * FROM users, ord", .postgreSQL, isCut: true).summary == "SELECT users")
    }

    @Test func `names each target once`() {
        let read = ReadSQL("SELECT * FROM a, b JOIN a c ON 1=1", .postgreSQL)
        #expect(read.summary == "SELECT a b a" && read.targets == ["a", "b"])
    }

    @Test func `has the verb of the statement, not of what is in it`() {
        #expect(ReadSQL("with x as (select 1) delete from t", .postgreSQL).verb == "DELETE")
        #expect(ReadSQL("EXPLAIN SELECT 1", .postgreSQL).verb == "EXPLAIN")
        #expect(ReadSQL("hello", .postgreSQL).verb == "")
    }
}
