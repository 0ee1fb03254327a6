/// Which exchanges, operations and connections are told of: `--service`, `--destination`, `--protocol`, `--path`, `--status`.
///
/// Each `nil`: all.
package struct Selection: Equatable, Sendable {
    /// Who asks, as the map names it.
    package var service: String?
    /// Who is asked, as the map names it.
    package var destination: String?
    /// As events and the map name it.
    package var protocolName: String?
    /// The beginning of paths; what has none is not told of.
    package var path: String?
    package var status: StatusChoice?

    package init() {}

    package var isAll: Bool { self == Selection() }

    /// Of what the parts that are given say.
    func contains(
        service: @autoclosure () -> String, destination: @autoclosure () -> String, protocol: @autoclosure () -> String
    )
        -> Bool
    {
        self.service.map { $0 == service() } ?? true && self.destination.map { $0 == destination() } ?? true
            && protocolName.map { Self.isProtocol(`protocol`(), $0) } ?? true
    }

    /// Without a version any of it is wanted: `http`.
    static func isProtocol(_ name: String, _ wanted: String) -> Bool {
        name == wanted || name.hasPrefix(wanted + "/") && !wanted.isEmpty
    }

    /// - Parameter target: a path, or a template of paths.
    func contains(path target: @autoclosure () -> String) -> Bool { path.map { target().hasPrefix($0) } ?? true }
}

/// What is wanted of the outcome of an exchange or of an operation.
package enum StatusChoice: Equatable, Sendable {
    /// Statuses of HTTP.
    case range(ClosedRange<UInt16>)
    /// What counts as an error.
    case errors
    /// Answered, and no error.
    case success
    /// The name of an outcome, or its code: `unanswered`, `NOT_FOUND`, `42P01`.
    case named(String)

    /// `404`, `4xx`, `400-599`, `ok`, `error`, or a name; `nil` for what is none of them.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        if let number = Self.number(text) {
            self = .range(number...number)
        } else if parts.count == 2, let first = Self.number(parts[0]), let last = Self.number(parts[1]), first <= last {
            self = .range(first...last)
        } else if text.count == 3, text.lowercased().hasSuffix("xx"), let digit = text.first?.wholeNumberValue,
            1...9 ~= digit
        {
            self = .range(UInt16(digit) * 100...UInt16(digit) * 100 + 99)
        } else {
            switch text.lowercased() {
            case "": return nil
            case "error": self = .errors
            case "ok": self = .success
            default: self = .named(text)
            }
        }
    }

    private static func number(_ text: some StringProtocol) -> UInt16? {
        text.utf8.count == 3 ? UInt16(text).flatMap { 100...AnswerStatus.highestOfHTTP ~= $0 ? $0 : nil } : nil
    }

    /// - Parameter status: of an answer; `nil` where none was seen.
    func contains(answer status: UInt16?) -> Bool {
        switch self {
        case .range(let range): status.map { range.contains($0) } ?? false
        case .errors: status.map { AnswerStatus.isError($0) } ?? true
        case .success: status.map { !AnswerStatus.isError($0) } ?? false
        case .named(let name):
            (status.map { AnswerStatus.name($0) } ?? "unanswered").lowercased() == name.lowercased()
        }
    }

    func contains(_ operation: borrowing ServiceOperation, _ text: RawSpan) -> Bool {
        switch self {
        case .errors: return operation.status == .error
        case .success: return operation.status == .ok
        case .range, .named: break
        }
        let code = String(decoding: [UInt8](text.extracting(operation.code)), as: UTF8.self)
        return switch self {
        case .range(let range): UInt16(code).map { range.contains($0) } ?? false
        case .named(let name):
            "\(operation.status.name)".lowercased() == name.lowercased() || code.lowercased() == name.lowercased()
        case .errors, .success: false
        }
    }
}
