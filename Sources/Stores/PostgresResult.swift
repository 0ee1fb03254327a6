/// What PostgreSQL answers to a statement.
package enum PostgresResult: Equatable, Sendable {
    /// Rows as text, `nil` for NULL.
    case rows(columns: [String], [[String?]])
    /// A statement without rows, and how many it changed.
    case done(changed: Int)
    /// The statement failed, the connection goes on: SQLSTATE (PostgreSQL's documentation, appendix A) and the message.
    case error(state: String, message: String)
}
