import Shared

/// The differences of two texts by lines, for people.
///
/// A line of an event log may have 20,000 characters, so lines are shown around the first column that differs.
struct TextDiff {
    /// A place where lines differ: so many from `oldLine` on are replaced by so many from `newLine` on.
    struct Change: Equatable {
        var old: Range<Int>
        var new: Range<Int>
    }

    let old: [Substring]
    let new: [Substring]
    /// In the order of the lines.
    let changes: [Change]

    /// Lines beyond which no smallest difference is looked for: it would take time by their square.
    private static let thoroughLines = 2000
    /// Changes of a file that are shown.
    private static let shownChanges = 3
    /// Lines of one change that are shown, of each side.
    private static let shownLines = 4
    private static let contextLines = 2

    init(_ old: String, _ new: String) {
        self.old = old.split(separator: "\n", omittingEmptySubsequences: false)
        self.new = new.split(separator: "\n", omittingEmptySubsequences: false)
        changes = Self.changes(self.old, self.new)
    }

    /// How many lines are other than they were.
    var changedLines: Int { changes.reduce(0) { $0 + max($1.old.count, $1.new.count) } }

    private static func changes(_ old: [Substring], _ new: [Substring]) -> [Change] {
        var start = 0
        while start < old.count, start < new.count, old[start] == new[start] { start += 1 }
        var (oldEnd, newEnd) = (old.count, new.count)
        while oldEnd > start, newEnd > start, old[oldEnd - 1] == new[newEnd - 1] {
            oldEnd -= 1
            newEnd -= 1
        }
        guard start < oldEnd || start < newEnd else { return [] }
        let (oldMiddle, newMiddle) = (old[start..<oldEnd], new[start..<newEnd])
        guard oldMiddle.count + newMiddle.count <= thoroughLines else {
            return [Change(old: start..<oldEnd, new: start..<newEnd)]
        }
        var isRemoved = [Bool](repeating: false, count: oldMiddle.count)
        var isInserted = [Bool](repeating: false, count: newMiddle.count)
        for change in Array(newMiddle).difference(from: Array(oldMiddle)) {
            switch change {
            case .remove(let offset, _, _): isRemoved[offset] = true
            case .insert(let offset, _, _): isInserted[offset] = true
            }
        }
        var changes: [Change] = []
        var (o, n) = (0, 0)
        while o < isRemoved.count || n < isInserted.count {
            let (firstOld, firstNew) = (o, n)
            while o < isRemoved.count, isRemoved[o] { o += 1 }
            while n < isInserted.count, isInserted[n] { n += 1 }
            if o > firstOld || n > firstNew {
                changes.append(Change(old: start + firstOld..<start + o, new: start + firstNew..<start + n))
            } else {
                o += 1
                n += 1
            }
        }
        return changes
    }

    // MARK: - Text

    /// The first changes with a little of what is around them.
    func lines(_ style: TextStyle) -> [String] {
        var lines: [String] = []
        for change in changes.prefix(Self.shownChanges) {
            lines.append(style.tone(.accent, "  line \(change.new.lowerBound + 1)"))
            for line in old[max(change.old.lowerBound - Self.contextLines, 0)..<change.old.lowerBound] {
                lines.append(style.tone(.faint, "    " + Self.window(line, around: 0, style)))
            }
            lines += sides(change, style)
            for line in old[change.old.upperBound..<min(change.old.upperBound + Self.contextLines, old.count)] {
                lines.append(style.tone(.faint, "    " + Self.window(line, around: 0, style)))
            }
        }
        let rest = changes.count - Self.shownChanges
        if rest > 0 { lines.append("  and \(Quantity.count(UInt64(rest), "further difference"))") }
        return lines
    }

    private func sides(_ change: Change, _ style: TextStyle) -> [String] {
        var lines: [String] = []
        var more = 0
        for offset in 0..<max(change.old.count, change.new.count) {
            guard offset < Self.shownLines else {
                more = max(change.old.count, change.new.count) - offset
                break
            }
            let before = offset < change.old.count ? old[change.old.lowerBound + offset] : nil
            let after = offset < change.new.count ? new[change.new.lowerBound + offset] : nil
            var column = 0
            if let before, let after { column = zip(before, after).prefix { $0 == $1 }.count }
            if let before { lines.append(style.tone(.bad, "  - " + Self.window(before, around: column, style))) }
            if let after { lines.append(style.tone(.good, "  + " + Self.window(after, around: column, style))) }
        }
        if more > 0 { lines.append(style.tone(.faint, "    and \(Quantity.count(UInt64(more), "line")) more")) }
        return lines
    }

    /// The part of a line around a column that fits the width.
    private static func window(_ line: Substring, around column: Int, _ style: TextStyle) -> String {
        let width = max(style.width - 6, 20)
        let mark = style.symbol("…", "...")
        guard line.count > width else { return style.safe(String(line)) }
        let first = column < width * 2 / 3 ? 0 : column - width / 3
        let part = line.dropFirst(first).prefix(width)
        let isCut = first + part.count < line.count
        return (first > 0 ? mark : "") + style.safe(String(part)) + (isCut ? mark : "")
    }
}
