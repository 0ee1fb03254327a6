/// The paths of a destination as a state has them.
extension PathTrie {
    /// Writes a node and what is below it.
    /// - Parameter numbers: takes the number of each node in the state, in the order in which they are written.
    func write(
        _ state: inout StateWriter, _ node: UInt32, _ texts: borrowing ByteInterner,
        _ numbers: inout [UInt32: UInt64]
    ) {
        numbers[node] = UInt64(numbers.count)
        let facts = nodes[Int(node)]
        state.byte(facts.kind.rawValue)
        state.optional(facts.text == Self.plain ? nil : texts.text(of: facts.text)) { $0.text($1) }
        state.number(facts.origins.rawValue)
        state.flag(facts.isFolded)
        distinct(node).write(&state)
        var children = children(node)
        children.sort { left, right in
            let (a, b) = (nodes[Int(left)], nodes[Int(right)])
            if a.kind != b.kind { return a.kind.rawValue < b.kind.rawValue }
            if a.text == b.text || a.text == Self.plain { return false }
            return b.text == Self.plain || texts.precedes(a.text, b.text)
        }
        state.number(children.count)
        for child in children { write(&state, child, texts, &numbers) }
    }

    /// Adds what a state has below a root.
    struct Reading {
        /// What the state's nodes are here, in the state's order.
        var places: [UInt32] = []
        /// So many nodes there may be; what finds no room is the rest of its path.
        var mostNodes: Int
        var refused: UInt64 = 0
        /// Levels that may follow.
        fileprivate var depth = PathTrie.depth + 2

        init(mostNodes: Int) { self.mostNodes = mostNodes }
    }

    mutating func read(
        _ state: inout StateReader, below root: UInt32, _ texts: inout ByteInterner, _ reading: inout Reading
    ) throws(StateFault) {
        try read(&state, at: nil, root, &texts, &reading)
    }

    /// - Parameter parent: of what comes; `nil`: it is `place`.
    private mutating func read(
        _ state: inout StateReader, at parent: UInt32?, _ place: UInt32, _ texts: inout ByteInterner,
        _ reading: inout Reading
    ) throws(StateFault) {
        guard reading.depth > 0, let kind = PathSegment.Kind(rawValue: try state.byte()) else { throw .damaged }
        let bytes = try state.optional { state throws(StateFault) in try state.text() }
        let text = bytes.map { texts.number(of: $0.span.bytes) }
        let origins = PathOrigins(rawValue: try state.number(UInt16.self))
        let isFolded = try state.flag()
        let ends = try DistinctPaths(&state)
        var node = current(place)
        if let parent {
            node = child(current(parent), kind, text ?? Self.plain, origins, &reading)
        }
        if isFolded, !nodes[Int(node)].isFolded { foldWords(node) }
        if ends.count > 0 { end(node, ends) }
        reading.places.append(node)
        reading.depth -= 1
        for _ in 0..<(try state.count()) { try read(&state, at: node, node, &texts, &reading) }
        reading.depth += 1
    }

    private mutating func child(
        _ parent: UInt32, _ kind: PathSegment.Kind, _ text: UInt32, _ origins: PathOrigins, _ reading: inout Reading
    ) -> UInt32 {
        // Behind the rest of a path nothing is told apart.
        if nodes[Int(parent)].kind == .rest { return parent }
        let isKnown = self.child(parent, kind, text) != nil
        guard isKnown || text != ByteInterner.full && nodes.count < reading.mostNodes else {
            reading.refused &+= 1
            return add(parent, .rest, Self.plain, [])
        }
        return add(parent, kind, text, origins)
    }
}
