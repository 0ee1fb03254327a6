import Foundation

@testable import Shared

/// What the pipeline made of a tape; two results are equal where all outputs are, byte for byte.
struct TapeResult: Equatable {
    let log: [UInt8]
    let summary: Summary
    let serviceMap: ServiceMapDocument

    init(_ profiler: Profiler) {
        var bytes: [UInt8] = []
        profiler.drainEventLog { bytes = [UInt8]($0) }
        log = bytes
        summary = profiler.summary
        serviceMap = profiler.serviceMap()
    }

    /// The event log's lines, as bytes: a line need not be text if the log is broken.
    var lines: [[UInt8]] { log.split(separator: 0x0A).map { Array($0) } }

    var text: String { String(decoding: log, as: UTF8.self) }

    /// The events, parsed by Foundation; a line that is no JSON object throws.
    func events() throws -> [Event] {
        try lines.map { line in
            let value = try JSONSerialization.jsonObject(with: Data(line))
            return Event(fields: value as? [String: Any] ?? [:], line: String(decoding: line, as: UTF8.self))
        }
    }

    /// Every line is one JSON object in UTF-8, and the log ends with a line's end.
    var isValidLog: Bool {
        guard log.isEmpty || log.last == 0x0A, String(validating: log, as: UTF8.self) != nil else { return false }
        return (try? events().allSatisfy { !$0.fields.isEmpty }) ?? false
    }

    struct Event {
        let fields: [String: Any]
        let line: String

        func string(_ name: String) -> String? { fields[name] as? String }
        func number(_ name: String) -> Int? { fields[name] as? Int }
        func bytes(_ name: String) -> [UInt8]? { string(name).flatMap { Data(base64Encoded: $0) }.map { [UInt8]($0) } }
        func header(_ name: String) -> Any? { (fields["headers"] as? [String: Any])?[name] }
        var anomalies: [String] { fields["anomalies"] as? [String] ?? [] }

        /// The names of the outermost fields, in the order in which they are written.
        var fieldOrder: [String] {
            var names: [String] = []
            var depth = 0
            var string: String?
            var last = ""
            var isEscaped = false
            for character in line {
                if let text = string {
                    if isEscaped {
                        isEscaped = false
                    } else if character == "\\" {
                        isEscaped = true
                    } else if character == "\"" {
                        (last, string) = (text, nil)
                        continue
                    }
                    string = text + String(character)
                } else {
                    switch character {
                    case "\"": string = ""
                    case "{", "[": depth += 1
                    case "}", "]": depth -= 1
                    case ":" where depth == 1: names.append(last)
                    default: break
                    }
                }
            }
            return names
        }

        /// `>> websocket text join "body"`.
        private var briefOfSaid: String {
            var words = [string("direction") == "send" ? ">>" : "<<", string("event_type") ?? "?"]
            words += [string("opcode"), number("close_code").map { "\($0)" }, string("operation")].compactMap { $0 }
            if let body = string("body") { words.append("\"\(body)\"") }
            if let body = string("body_base64") { words.append("base64(\(body))") }
            if let exchange = number("exchange") { words.append("#\(exchange)") }
            if let fragments = number("fragments") { words.append("in \(fragments)") }
            if fields["compressed"] != nil { words.append("compressed") }
            if fields["context_unknown"] != nil { words.append("unknown") }
            words += anomalies.map { "!\($0)" }
            return words.joined(separator: " ")
        }

        /// One line for a table: `> GET /a "body" !anomaly` and `< 200 GET /a "body"`, or `= postgres 90`.
        var brief: String {
            switch string("event_type") {
            case "http": break
            case "connection", "operation": return "= \(string("protocol") ?? "?") \(number("confidence") ?? 0)"
            default: return briefOfSaid
            }
            var words: [String] = []
            if let status = number("status_code") { words += ["<", "\(status)"] } else { words.append(">") }
            words += [string("method"), string("url")].compactMap { $0 }
            if let body = string("body") { words.append("\"\(body)\"") }
            if let body = string("body_base64") { words.append("base64(\(body))") }
            if fields["truncated"] != nil { words.append("truncated") }
            words += anomalies.map { "!\($0)" }
            return words.joined(separator: " ")
        }
    }
}
