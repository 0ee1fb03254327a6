/// Why a store can't be used: it is not reached, or the connection to it broke.
///
/// What a store answers to a single command, an error among it, is a value and not this.
package struct StoreError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Which store, and where: `redis 127.0.0.1:6379`.
    package let store: String
    /// What the client library says.
    package let reason: String

    package var description: String { "\(store): \(reason)" }

    package init(_ store: String, _ reason: String) {
        self.store = store
        // libpq's messages have several lines.
        self.reason = reason.split(whereSeparator: \.isNewline).map { $0.trimming(while: \.isWhitespace) }
            .joined(separator: "; ")
    }
}

extension Substring {
    fileprivate func trimming(while isUnwanted: (Character) -> Bool) -> Substring {
        var rest = drop(while: isUnwanted)
        while let last = rest.last, isUnwanted(last) { rest.removeLast() }
        return rest
    }
}
