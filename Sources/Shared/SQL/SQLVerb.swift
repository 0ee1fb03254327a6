/// The words with which statements begin.
enum SQLVerb {
    private static let words: [StaticString] = [
        "SELECT", "INSERT", "UPDATE", "DELETE", "SET", "SHOW", "CREATE", "ALTER", "DROP", "BEGIN", "COMMIT", "ROLLBACK",
        "START", "WITH", "USE", "EXPLAIN", "CALL", "REPLACE", "TRUNCATE", "GRANT", "EXECUTE", "EXEC", "PREPARE",
        "DECLARE",
        "FETCH", "COPY", "LISTEN", "NOTIFY", "VACUUM", "ANALYZE", "LOCK", "DESCRIBE",
    ]

    /// Whether a statement begins at `offset`: one of the words, and no letter behind it.
    static func begins(_ bytes: RawSpan, at offset: Int) -> Bool {
        var end = offset
        while let byte = bytes.u8(at: end), ASCII.isLetter(byte), end &- offset <= 16 { end &+= 1 }
        return words.contains { bytes.isWordIgnoringCase($0, at: offset..<end) }
    }
}
