/// What was read of one statement, as ranges into the texts of who read it.
struct SQLStatement: Equatable, Sendable {
    /// `none` where the statement begins with a word that nobody knows.
    var verb = SQLWord.none
    /// Without its literals.
    var normalized = ByteRange.empty
    /// Operations and what they act on, in the order of the text.
    var summary = ByteRange.empty
    /// What it acts on, each once, with a NUL between two.
    var targets = ByteRange.empty
    /// The trace that a comment says it belongs to.
    var context: TraceContext?
    /// Rows of VALUES, where there are any.
    var rows: UInt32 = 0

    /// More of a statement is not read: an application's are shorter, and a dump's rows say nothing new.
    static let longest = 32 << 10
}

/// What came before in a statement, as far as it decides what the next part of it is.
enum SQLToken: Equatable, BitwiseCopyable {
    case start, name, string, number, placeholder, sign, open, close, comma, dot
    case word(SQLWord)

    /// A sign behind it belongs to the number behind that.
    var precedesValue: Bool {
        switch self {
        case .start, .sign, .open, .comma: true
        case .word(let word): word.precedesValue
        case .name, .string, .number, .placeholder, .close, .dot: false
        }
    }
}
