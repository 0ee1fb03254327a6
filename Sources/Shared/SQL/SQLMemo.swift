/// Reads statements, and remembers what it made of those that came lately: prepared ones, and those of an application that
/// puts values nowhere else.
final class SQLMemo {
    private let reader = SQLReader()
    private let dialect: SQLDialect
    /// Of statements that are one text.
    private var memo = ByteMemo<Known>(places: 2048, longest: 8 << 10, budget: 4 << 20)
    private var scratch = UniqueBytes()

    private struct Known {
        var statement: SQLStatement
        var text: ByteRange
    }

    init(_ dialect: SQLDialect) { self.dialect = dialect }

    /// Reads a text that may hold several statements, one by one.
    /// - Parameters:
    ///   - isCut: the text goes on behind the bytes.
    ///   - hasBackslashes: where it is not as the dialect has it.
    ///   - body: is lent a statement and the text that its ranges lie in.
    func each(
        _ bytes: RawSpan, isCut: Bool = false, hasBackslashes: Bool? = nil, _ body: (SQLStatement, RawSpan) -> Void
    ) {
        var dialect = dialect
        dialect.hasBackslashes = hasBackslashes ?? dialect.hasBackslashes
        let isUsual = dialect == self.dialect && !isCut
        if isUsual, let known = memo.find(bytes) {
            return memo.withText(known.text) { body(known.statement, $0) }
        }
        var at = 0
        var count = 0
        reader.removeAll()
        while let read = reader.next(bytes, from: &at, dialect, isCut: isCut) {
            let statement = compose(read)
            reader.removeAll()
            count &+= 1
            if count == 1, isUsual, at == bytes.byteCount {
                scratch.withBytes { text in memo.remember(bytes, text: text) { Known(statement: statement, text: $0) } }
            }
            scratch.withBytes { body(statement, $0) }
        }
    }

    /// Puts the texts of a statement behind each other.
    private func compose(_ statement: SQLStatement) -> SQLStatement {
        scratch.removeAll(keepingAtMost: SQLStatement.longest)
        var composed = statement
        reader.text.withBytes { composed.normalized = append($0.extracting(statement.normalized)) }
        reader.summary.text.withBytes { composed.summary = append($0.extracting(statement.summary)) }
        reader.summary.targets.withBytes { composed.targets = append($0.extracting(statement.targets)) }
        return composed
    }

    private func append(_ bytes: RawSpan) -> ByteRange {
        let start = scratch.count
        scratch.append(bytes)
        return ByteRange(start, scratch.count)
    }
}
