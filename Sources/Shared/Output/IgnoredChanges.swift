/// Changes that the user does not want to see: a line each, of a rule, a service, a destination and what is asked.
///
///     # a star stands for anything, and what is left out is one
///     slower
///     endpoint-* * reviews GET /health*
///     errors-more checkout payments
package struct IgnoredChanges: Sendable {
    private var lines: [[String]] = []

    package init() {}

    /// Why a line names nothing.
    package struct Fault: Error {
        package var description: String
    }

    /// - Parameter text: of the file.
    package init(_ text: String) throws(Fault) {
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.prefix { $0 != "#" }.split(maxSplits: 3, whereSeparator: \.isWhitespace).map {
                String($0.reversed().drop(while: \.isWhitespace).reversed())
            }
            guard let rule = words.first else { continue }
            guard MapDifference.Rule.allCases.contains(where: { Self.fits($0.rawValue, rule) }) else {
                let names = MapDifference.Rule.allCases.map(\.rawValue).joined(separator: ", ")
                throw Fault(description: "line \(number + 1): no rule is called \(rule); there are \(names)")
            }
            lines.append(words)
        }
    }

    func contains(_ change: MapDifference.Change) -> Bool {
        let fields = [change.rule.rawValue, change.service, change.destination, change.what]
        return lines.contains { line in zip(fields, line).allSatisfy { Self.fits($0, $1) } }
    }

    /// - Parameter pattern: in which a star stands for any text.
    private static func fits(_ text: String, _ pattern: String) -> Bool {
        let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
        guard parts.count > 1 else { return text == pattern }
        guard text.hasPrefix(parts[0]) else { return false }
        var rest = text.dropFirst(parts[0].count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let found = rest.firstRange(of: part) else { return false }
            rest = rest[found.upperBound...]
        }
        return rest.hasSuffix(parts[parts.count - 1])
    }
}
