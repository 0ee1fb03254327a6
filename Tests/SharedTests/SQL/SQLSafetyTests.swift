import Testing

@testable import Shared

/// No value is left in what is shown of a statement, whatever its bytes are and wherever they end.
@Suite struct `Values in statements` {
    static let dialects: [SQLDialect] = [.standard, .postgreSQL, .mySQL, .transactSQL]

    private static func leak(_ bytes: ArraySlice<UInt8>, _ dialect: SQLDialect, isCut: Bool) -> String? {
        let read = ReadSQL(Array(bytes), dialect, isCut: isCut)
        let shown = [read.normalized, read.summary] + read.targets
        return shown.first { $0.utf8.contains(where: SQLLiterals.secret.contains) }
    }

    @Test(arguments: dialects) func `are found again nowhere, cut anywhere`(_ dialect: SQLDialect) {
        for seed in 0..<1500 as Range<UInt64> {
            var made = SQLLiterals(dialect, seed: seed)
            let sql = Array(made.statement().utf8)
            if let leak = Self.leak(sql[...], dialect, isCut: false) {
                Issue.record("seed \(seed): \(leak)\n of \(String(decoding: sql, as: UTF8.self))")
                return
            }
            for _ in 0..<12 {
                let end = made.random.below(sql.count)
                guard let leak = Self.leak(sql[..<end], dialect, isCut: true) else { continue }
                Issue.record(
                    "seed \(seed), cut at \(end): \(leak)\n of \(String(decoding: sql[..<end], as: UTF8.self))")
                return
            }
        }
    }

    /// The test can fail: the values are in the statements.
    @Test func `are there to be found`() {
        var made = SQLLiterals(.postgreSQL, seed: 1)
        let all = (0..<50).map { _ in made.statement() }.joined()
        #expect(Self.dialects.count == 4 && SQLLiterals.secret.allSatisfy(Array(all.utf8).contains))
    }

    @Test(arguments: dialects) func `any bytes are a statement`(_ dialect: SQLDialect) {
        let parts = [
            "'", "\"", "`", "[", "]", "(", ")", "$", "$a$", "--", "/*", "*/", "/*!", "\\", "E'", "U&", "0x", "1e", ".",
            ",", ";",
            "select ", "from ", "values", "in", "with", "as", "insert ", "@", ":", "#", "\n", "é", "a", "array",
            "exec ", "begin ", "create function",
        ]
        for seed in 0..<2000 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            var bytes: [UInt8] = []
            for _ in 0..<random.below(60) {
                if random.chance(oneIn: 6) {
                    bytes += random.bytes(2)
                } else {
                    bytes += Array(parts[random.below(parts.count)].utf8)
                }
            }
            let whole = ReadSQL(bytes, dialect, isCut: random.chance(oneIn: 2))
            #expect(whole.normalized.utf8.count <= 3 * bytes.count + 16 && whole.summary.utf8.count <= 255 * 3)
            let reader = SQLReader()
            var (at, statements) = (0, 0)
            while reader.next(bytes.span.bytes, from: &at, dialect) != nil { statements += 1 }
            #expect(at == bytes.count && statements <= bytes.count)
        }
    }

    /// What makes lexers look again and again, 2 KiB of it and 16.
    @Test func `take one pass`() {
        let hostile = [
            "$a", "$a$b", "/*", "(", "[", "'", "''", "\"\"", "`", "1e", "IN (1,", "VALUES (1),(", "a.", "a,",
            "WITH a AS (", "FROM a,",
            "q'[]", "/*! '*/", "--", "case ", "begin ", "FROM abcdefgh", "E'\\", "@", ":a", "U&'", "x", "0x", "..",
            "EXEC a ",
        ]
        for part in hostile {
            for dialect in Self.dialects {
                let growth = Growth { times in
                    let sql = String(repeating: part, count: times * (2 << 10) / part.utf8.count)
                    _ = ReadSQL("SELECT " + sql, dialect)
                }
                #expect(growth.isProportional, "\(part) in \(dialect): \(growth)")
            }
        }
    }

    @Test func `stay out of what is remembered`() {
        let memo = SQLMemo(.postgreSQL)
        func texts(_ sql: String, isCut: Bool = false) -> [String] {
            var all: [String] = []
            let bytes = Array(sql.utf8)
            memo.each(bytes.span.bytes, isCut: isCut) { statement, text in
                all.append(String(decoding: [UInt8](text.extracting(statement.normalized.range)), as: UTF8.self))
                all.append(String(decoding: [UInt8](text.extracting(statement.summary.range)), as: UTF8.self))
            }
            return all
        }
        for _ in 0..<3 {
            #expect(texts("SELECT * FROM t WHERE a = 5") == ["SELECT * FROM t WHERE a = ?", "SELECT t"])
            #expect(texts("BEGIN; DELETE FROM t") == ["BEGIN", "BEGIN", "DELETE FROM t", "DELETE t"])
            #expect(texts("SELECT 'a", isCut: true) == ["SELECT ?", "SELECT"])
            #expect(texts(" ; ").isEmpty)
        }
    }
}
