/// How a database writes what SQL's dialects write differently; it is known from the protocol.
struct SQLDialect: Equatable, Sendable {
    enum Kind: UInt8, Sendable {
        /// ISO/IEC 9075-2, section 5 ("Lexical elements"), and what most databases add to it.
        case standard
        /// PostgreSQL documentation, section 4.1 ("Lexical Structure").
        case postgreSQL
        /// MySQL Reference Manual, chapter "Language Structure"; MariaDB has the same.
        case mySQL
        /// Transact-SQL Reference, "Constants" and "Database identifiers".
        case transactSQL
    }

    var kind: Kind
    /// A backslash in `'…'` escapes what follows: MySQL without NO_BACKSLASH_ESCAPES, PostgreSQL where
    /// standard_conforming_strings is off.
    var hasBackslashes: Bool
    /// `"…"` is a string and no name: MySQL, SQL Server where QUOTED_IDENTIFIER is off.
    var doubleQuotesAreStrings: Bool

    static let standard = SQLDialect(kind: .standard, hasBackslashes: false, doubleQuotesAreStrings: false)
    static let postgreSQL = SQLDialect(kind: .postgreSQL, hasBackslashes: false, doubleQuotesAreStrings: false)
    static let mySQL = SQLDialect(kind: .mySQL, hasBackslashes: true, doubleQuotesAreStrings: true)
    static let transactSQL = SQLDialect(kind: .transactSQL, hasBackslashes: false, doubleQuotesAreStrings: false)

    /// `/* /* */ */` is one comment.
    var nestsComments: Bool { kind == .postgreSQL || kind == .transactSQL }

    @inline(__always)
    func beginsWord(_ byte: UInt8) -> Bool {
        if ASCII.isLetter(byte) || byte == UInt8(ascii: "_") || byte >= 0x80 { return true }
        switch kind {
        case .mySQL: return byte == UInt8(ascii: "$") || byte == UInt8(ascii: "@")
        case .transactSQL: return byte == UInt8(ascii: "@") || byte == UInt8(ascii: "#")
        case .postgreSQL, .standard: return false
        }
    }

    @inline(__always)
    func isInWord(_ byte: UInt8) -> Bool {
        if ASCII.isLetter(byte) || ASCII.isDigit(byte) || byte == UInt8(ascii: "_") || byte >= 0x80 { return true }
        if byte == UInt8(ascii: "$") { return true }
        switch kind {
        case .transactSQL: return byte == UInt8(ascii: "@") || byte == UInt8(ascii: "#")
        // `table@link`
        case .standard: return byte == UInt8(ascii: "@") || byte == UInt8(ascii: "#")
        case .postgreSQL, .mySQL: return false
        }
    }
}
