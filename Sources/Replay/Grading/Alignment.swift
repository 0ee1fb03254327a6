/// What was told and what was seen, side by side: a pair where both are one event, else one of the two alone.
struct Alignment {
    /// Indices into both lists.
    private(set) var pairs: [(told: Int?, seen: Int?)] = []

    /// More events between the common beginning and the common end are paired by their places: comparing all with all
    /// would cost the square of their number.
    private static let longest = 2000

    /// - Parameter kind: says by which of their values two events are one.
    init(_ told: [GradedEvent], _ seen: [GradedEvent], _ kind: EventKind) {
        let (a, b) = (told.map { $0.values.prefix(kind.identity) }, seen.map { $0.values.prefix(kind.identity) })
        var start = 0
        while start < min(a.count, b.count), a[start] == b[start] { start += 1 }
        var tail = 0
        while tail < min(a.count, b.count) - start, a[a.count - 1 - tail] == b[b.count - 1 - tail] { tail += 1 }
        for place in 0..<start { pairs.append((place, place)) }
        let (left, right) = (start..<a.count - tail, start..<b.count - tail)
        if max(left.count, right.count) > Self.longest {
            pair(left, right)
        } else {
            align(left, right, by: b[right].difference(from: a[left]))
        }
        for place in 0..<tail { pairs.append((a.count - tail + place, b.count - tail + place)) }
    }

    /// Between events that are on both sides, what stands at the same place is one event that was seen wrongly.
    private mutating func align(
        _ left: Range<Int>, _ right: Range<Int>, by difference: CollectionDifference<ArraySlice<String?>>
    ) {
        var (missing, extra) = (Set<Int>(), Set<Int>())
        for change in difference {
            switch change {
            case .remove(let offset, _, _): missing.insert(left.lowerBound + offset)
            case .insert(let offset, _, _): extra.insert(right.lowerBound + offset)
            }
        }
        var (told, seen) = (left.lowerBound, right.lowerBound)
        while told < left.upperBound || seen < right.upperBound {
            let (fromTold, fromSeen) = (told, seen)
            while told < left.upperBound, missing.contains(told) { told += 1 }
            while seen < right.upperBound, extra.contains(seen) { seen += 1 }
            pair(fromTold..<told, fromSeen..<seen)
            guard told < left.upperBound, seen < right.upperBound else { continue }
            pairs.append((told, seen))
            (told, seen) = (told + 1, seen + 1)
        }
    }

    private mutating func pair(_ left: Range<Int>, _ right: Range<Int>) {
        for place in 0..<max(left.count, right.count) {
            pairs.append(
                (
                    place < left.count ? left.lowerBound + place : nil,
                    place < right.count ? right.lowerBound + place : nil
                ))
        }
    }
}
