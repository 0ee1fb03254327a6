import Testing

@testable import Shared

/// What a reader makes of a text, as text.
struct ReadSQL: Equatable {
    var normalized: String
    var summary: String
    var targets: [String]
    var verb: String
    var rows: Int

    /// The text as one.
    init(_ sql: String, _ dialect: SQLDialect, isCut: Bool = false) {
        self.init(Array(sql.utf8), dialect, isCut: isCut)
    }

    init(_ bytes: [UInt8], _ dialect: SQLDialect, isCut: Bool = false) {
        let reader = SQLReader()
        self.init(reader.read(bytes.span.bytes, dialect, isCut: isCut), reader)
    }

    private init(_ statement: SQLStatement, _ reader: SQLReader) {
        var texts = ["", "", ""]
        reader.withTexts(statement) { normalized, summary, targets in
            texts = [normalized, summary, targets]
        }
        (normalized, summary) = (texts[0], texts[1])
        targets = texts[2].split(separator: "\0").map(String.init)
        verb = "\(statement.verb.text)"
        rows = Int(statement.rows)
    }

    /// The statements of the text, one by one.
    static func each(_ sql: String, _ dialect: SQLDialect) -> [ReadSQL] {
        let bytes = Array(sql.utf8)
        let reader = SQLReader()
        var at = 0
        var all: [ReadSQL] = []
        while let statement = reader.next(bytes.span.bytes, from: &at, dialect) {
            all.append(ReadSQL(statement, reader))
        }
        return all
    }
}

extension SQLReader {
    /// Lends the texts of a statement.
    func withTexts(_ statement: SQLStatement, _ body: (String, String, String) -> Void) {
        func string(_ bytes: RawSpan, _ range: ByteRange) -> String {
            String(decoding: [UInt8](bytes.extracting(range.range)), as: UTF8.self)
        }
        var texts = ("", "", "")
        text.withBytes { texts.0 = string($0, statement.normalized) }
        summary.text.withBytes { texts.1 = string($0, statement.summary) }
        summary.targets.withBytes { texts.2 = string($0, statement.targets) }
        body(texts.0, texts.1, texts.2)
    }
}

extension SQLDialect: CustomTestStringConvertible {
    public var testDescription: String { "\(kind)" }
}

/// A statement, and what is to be made of it.
struct SQLCase: Sendable, CustomTestStringConvertible {
    let dialect: SQLDialect
    let sql: String
    let expected: String
    var testDescription: String { sql }

    init(_ dialect: SQLDialect, _ sql: String, _ expected: String) {
        (self.dialect, self.sql, self.expected) = (dialect, sql, expected)
    }
}
