/// The targets of an operation, as patterns of keys: each once, with a NUL between two.
struct KeyTargets {
    private let isWhole: Bool
    private var start = 0
    private var count = 0

    /// More that differ are `_other`.
    private static let most = 16

    init(isWhole: Bool) { self.isWhole = isWhole }

    mutating func removeAll() { count = 0 }

    /// Appends the key's pattern to the targets at the end of the text, unless it is one of them.
    /// - Returns: where it begins; `nil` where it is none that is new.
    @discardableResult
    mutating func add(_ key: RawSpan, to text: inout UniqueBytes) -> Int? {
        let isWhole = isWhole
        return add(to: &text) { KeyPattern.append(key, isWhole: isWhole, to: &$0) }
    }

    /// A key of which nothing is known.
    mutating func addHidden(to text: inout UniqueBytes) -> Int? {
        add(to: &text) { $0.append("{…}" as StaticString) }
    }

    private mutating func add(to text: inout UniqueBytes, _ write: (inout UniqueBytes) -> Void) -> Int? {
        guard count <= Self.most else { return nil }
        if count == 0 { start = text.count }
        let end = text.count
        if count > 0 { text.append(0) }
        let from = text.count
        if count < Self.most { write(&text) } else { text.append("_other" as StaticString) }
        guard text.count > from, !isKnown(text.bytes, from, end) else {
            text.truncate(to: end)
            return nil
        }
        count &+= 1
        return from
    }

    /// Whether the text from `from` on is one of the targets before `end`.
    private func isKnown(_ text: RawSpan, _ from: Int, _ end: Int) -> Bool {
        let new = text.extracting(from...)
        var place = start
        while place < end {
            let next = text.firstIndex(of: 0, in: place..<end) ?? end
            if text.extracting(place..<next).equals(new) { return true }
            place = next &+ 1
        }
        return false
    }
}
