import Foundation
import TestSupport
import Testing

@testable import Shared

/// Our reading of statements against PostgreSQL's own grammar (pglast) and sqlglot, where they can read a statement: neither is
/// used for hiding values, as both stumble over text that is cut, over `?`, and over other databases' SQL.
@Suite struct `Reading statements` {
    private static func line(_ dialect: SQLDialect, _ sql: String, isMade: Bool) throws -> String {
        let read = ReadSQL(sql, dialect)
        let verbs: Set = ["SELECT", "INSERT", "UPDATE", "DELETE"]
        // A CTE or alias of the same name, or a name in another spelling, is no matter of tables.
        let fields: [String: Any] = [
            "dialect": "\(dialect.kind)", "sql": sql, "normalized": read.normalized, "targets": read.targets,
            "isMade": isMade, "comparesTables": !isMade && verbs.contains(read.verb),
        ]
        return String(decoding: try JSONSerialization.data(withJSONObject: fields, options: .sortedKeys), as: UTF8.self)
    }

    @Test(.timeLimit(.minutes(30))) func `agrees with the oracles`() throws {
        let python = try Oracles.python.get()
        var lines: [String] = []
        for one in `A statement's summary`.queries + `A statement's summary`.changes
        where !Self.exceptions.contains(one.sql) {
            lines.append(try Self.line(one.dialect, one.sql, isMade: false))
        }
        for dialect in [SQLDialect.postgreSQL, .mySQL, .transactSQL] {
            for seed in 5000..<5300 as Range<UInt64> {
                var made = SQLLiterals(dialect, seed: seed)
                lines.append(try Self.line(dialect, made.statement(), isMade: true))
            }
        }
        let script = FileManager.default.currentDirectoryPath + "/Tests/Oracles/sql.py"
        let child = try Child(python, [script], patience: 240)
        try child.write(Array((lines.joined(separator: "\n") + "\n").utf8))
        let outcome = try child.wait()
        #expect(outcome.status == 0, "\(outcome.errors)")
        var answers = outcome.output.split(separator: "\n").map(String.init)
        let counts = answers.popLast() ?? ""
        let numbers = counts.matches(of: /\d+/).compactMap { Int($0.0) }
        #expect(numbers.count == 2 && numbers.allSatisfy { $0 > 100 }, "understood: \(counts)")
        #expect(answers.isEmpty, "\(answers.joined(separator: "\n"))")
    }

    /// Where sqlglot says otherwise: it takes `db..t` for two parts, the second APPLY's table for a column, a table variable for
    /// none, and TOP for a table.
    private static let exceptions: Set<String> = [
        "SELECT * FROM [dbo].[Order Items] WITH (NOLOCK) JOIN db..t x ON 1=1",
        "SELECT * FROM a CROSS APPLY dbo.f(a.x) b CROSS APPLY c", "SELECT * INTO #t FROM @v", "DELETE TOP (5) FROM t",
    ]
}
