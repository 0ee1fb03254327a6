import Shared

/// The rows that a query has given, as they are shown.
struct QueryResult {
    typealias Value = Statement.Value

    var columns: [String]
    var rows: [[Value]]

    // MARK: For people

    /// A column of a table for people takes no more; what is longer is cut in its middle.
    private static let widest = 60

    func table(_ style: TextStyle) -> String {
        let cells = rows.map { row in row.map { style.fitted(style.safe(Self.shown($0)), Self.widest) } }
        let names = columns.map { style.fitted(style.safe($0), Self.widest) }
        let isNumber = columns.indices.map { column in
            rows.allSatisfy { Self.isNumber($0[column]) } && rows.contains { $0[column] != .null }
        }
        let widths = columns.indices.map { column in
            cells.reduce(names[column].count) { max($0, $1[column].count) }
        }
        func line(_ texts: [String]) -> String {
            let padded = texts.indices.map { column in
                isNumber[column] ? texts[column].leftPadded(widths[column]) : texts[column].padded(widths[column])
            }
            let whole = padded.joined(separator: "  ")
            return String(whole[...(whole.lastIndex { $0 != " " } ?? whole.startIndex)])
        }
        var text = columns.isEmpty ? "" : style.tone(.strong, line(names)) + "\n"
        for row in cells { text += line(row) + "\n" }
        return text + (rows.isEmpty ? style.tone(.faint, "no rows") + "\n" : "")
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
        bytes.map { byte in
            let digits = String(byte, radix: 16)
            return byte < 16 ? "0" + digits : digits
        }.joined()
    }

    // MARK: For programs

    /// JSON lines: an object a row, whose members are the columns in their order.
    var json: String {
        let names = uniqueColumns.map { JSONText.of($0) }
        return rows.map { row in
            let members = row.indices.map { "\(names[$0]):\(Self.json(row[$0]))" }
            return "{\(members.joined(separator: ","))}\n"
        }.joined()
    }

    /// Two members of an object have two names: the second `id` is `id:2`.
    private var uniqueColumns: [String] {
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
    var csv: String {
        ([columns] + rows.map { row in row.map { Self.csvText($0) } }).map { line in
            line.map { Self.quoted($0) }.joined(separator: ",") + "\r\n"
        }.joined()
    }

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
