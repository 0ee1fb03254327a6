import Console
import Shared

/// Writes the rows of a query as they come, however many there are.
struct QueryRows {
    typealias Value = Statement.Value

    enum Form {
        case table(TextStyle)
        case json, csv
    }

    private let columns: [String]
    private let form: Form
    private let write: (String) throws(Failure) -> Bool
    /// Whether anybody reads them.
    private(set) var areWanted = true
    /// What was not handed on yet.
    private var text = ""
    /// The first rows, which say how wide a table's columns are.
    private var measured: [[Value]]? = []
    private var layout: Layout?
    private var hasRows = false

    /// Rows by which a table is laid out; what is wider behind them stands out of its column.
    static let measuredRows = 1000
    /// Bytes that are gathered before they are handed on.
    private static let gathered = 64 << 10
    /// A column of a table for people takes no more; what is longer is cut in its middle.
    private static let widest = 60

    init(_ columns: [String], as form: Form, write: @escaping (String) throws(Failure) -> Bool) {
        self.columns = columns
        self.form = form
        self.write = write
        switch form {
        case .csv: text = Self.csv(columns)
        case .json: names = Self.unique(columns).map { JSONText.of($0) }
        case .table: break
        }
    }

    mutating func add(_ row: [Value]) throws(Failure) {
        hasRows = true
        switch form {
        case .json: text += json(row)
        case .csv: text += Self.csv(row.map { Self.csvText($0) })
        case .table(let style):
            if let layout {
                text += layout.line(row, style)
            } else {
                measured?.append(row)
                if measured?.count == Self.measuredRows { begin(style) }
            }
        }
        if text.utf8.count >= Self.gathered { try flush() }
    }

    /// There are no more, or no more are wanted.
    mutating func finish() throws(Failure) {
        if case .table(let style) = form {
            if layout == nil { begin(style) }
            if !hasRows { text += style.tone(.faint, "no rows") + "\n" }
        }
        try flush()
    }

    private mutating func flush() throws(Failure) {
        areWanted = try write(text)
        text.removeAll(keepingCapacity: true)
    }

    // MARK: For people

    /// Lays a table out by the rows that came until now, and shows them.
    private mutating func begin(_ style: TextStyle) {
        let rows = measured ?? []
        measured = nil
        let layout = Layout(columns, rows, style)
        self.layout = layout
        if !columns.isEmpty { text += style.tone(.strong, layout.titles) + "\n" }
        for row in rows { text += layout.line(row, style) }
    }

    private struct Layout {
        private(set) var titles = ""
        private var isNumber: [Bool]
        private var widths: [Int]

        init(_ columns: [String], _ rows: [[Value]], _ style: TextStyle) {
            let names = columns.map { style.fitted(style.safe($0), QueryRows.widest) }
            isNumber = columns.indices.map { column in
                rows.allSatisfy { QueryRows.isNumber($0[column]) } && rows.contains { $0[column] != .null }
            }
            widths = names.map(\.count)
            for row in rows {
                for column in row.indices { widths[column] = max(widths[column], Self.cell(row[column], style).count) }
            }
            titles = line(names)
        }

        func line(_ row: [Value], _ style: TextStyle) -> String { line(row.map { Self.cell($0, style) }) + "\n" }

        private static func cell(_ value: Value, _ style: TextStyle) -> String {
            style.fitted(style.safe(QueryRows.shown(value)), QueryRows.widest)
        }

        private func line(_ texts: [String]) -> String {
            let padded = texts.indices.map { column in
                isNumber[column] ? texts[column].leftPadded(widths[column]) : texts[column].padded(widths[column])
            }
            let whole = padded.joined(separator: "  ")
            return String(whole[...(whole.lastIndex { $0 != " " } ?? whole.startIndex)])
        }
    }

    private static func isNumber(_ value: Value) -> Bool {
        switch value {
        case .null, .integer, .real: true
        case .text, .bytes: false
        }
    }

    private static func shown(_ value: Value) -> String {
        switch value {
        case .null: ""
        case .integer(let number): "\(number)"
        case .real(let number): number
        case .text(let text): text
        case .bytes(let bytes): "x'\(hexadecimal(bytes))'"
        }
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(unsafeUninitializedCapacity: 2 * bytes.count) { text in
            for (place, byte) in bytes.enumerated() {
                text[2 * place] = digits[Int(byte >> 4)]
                text[2 * place + 1] = digits[Int(byte & 0xF)]
            }
            return 2 * bytes.count
        }
    }

    // MARK: For programs

    /// The members of an object, as JSON has them.
    private var names: [String] = []

    /// A row is an object on a line of its own, whose members are the columns in their order.
    private func json(_ row: [Value]) -> String {
        let members = row.indices.map { "\(names[$0]):\(Self.json(row[$0]))" }
        return "{\(members.joined(separator: ","))}\n"
    }

    /// Two members of an object have two names: the second `id` is `id:2`.
    private static func unique(_ columns: [String]) -> [String] {
        var seen: [String: Int] = [:]
        return columns.map { name in
            let number = seen[name, default: 0] + 1
            seen[name] = number
            return number == 1 ? name : "\(name):\(number)"
        }
    }

    private static func json(_ value: Value) -> String {
        switch value {
        case .null: "null"
        case .integer(let number): "\(number)"
        // JSON has no infinity.
        case .real(let number): number.hasSuffix("Inf") ? "null" : number
        case .text(let text): JSONText.of(text)
        case .bytes(let bytes): JSONText.of(hexadecimal(bytes))
        }
    }

    /// RFC 4180: a line of names, then a line a row.
    private static func csv(_ line: [String]) -> String { line.map { quoted($0) }.joined(separator: ",") + "\r\n" }

    private static func csvText(_ value: Value) -> String {
        if case .bytes(let bytes) = value { hexadecimal(bytes) } else { shown(value) }
    }

    private static func quoted(_ text: String) -> String {
        text.utf8.contains { $0 == 0x22 || $0 == 0x2C || $0 == 0x0A || $0 == 0x0D }
            ? "\"\(text.replacing("\"", with: "\"\""))\"" : text
    }
}

/// A text as JSON has it, with its quotes.
private enum JSONText {
    static func of(_ text: String) -> String {
        var json = JSONWriter(capacity: text.utf8.count + 8)
        json.string(text)
        return json.bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }
}
