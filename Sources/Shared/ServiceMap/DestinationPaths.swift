/// How paths become templates.
package enum PathTemplates: Sendable {
    /// Not at all.
    case raw
    /// By the user's rules, and where none fits by what is seen.
    case inferred(PathRules)
}

/// The paths that were asked of each destination, and where a path belongs among them.
struct DestinationPaths: ~Copyable {
    private(set) var trie: PathTrie
    /// Of each destination, at its party's number.
    private(set) var roots: [UInt32] = []
    /// Nodes of each destination, but those for the rest of paths; those that were joined to others, too, until the next cut.
    private var sizes: [Int] = []
    /// How deep one looks at paths of each destination: what lies deeper is `/**`.
    private(set) var depths: [Int] = []
    /// Requests whose paths found no room: they are counted under `/**`.
    private(set) var refused: UInt64 = 0
    private let templates: PathTemplates
    private let maximumNodes: Int
    /// Where paths belong that were asked for lately.
    private var memo = ByteMemo<Known>(places: 4096, longest: 1024, budget: 256 << 10)
    /// Where what stands around a parameter is put together.
    private var around: [UInt8] = []

    private struct Known {
        var destination: UInt32
        var node: UInt32
    }

    /// Nodes of all destinations together, in parts of those of one.
    private static let destinations = 16

    init(limits: Limits, _ templates: PathTemplates) {
        trie = PathTrie(words: limits.pathWords)
        maximumNodes = limits.pathNodes
        self.templates = templates
    }

    /// Nothing is folded.
    var isRaw: Bool { if case .raw = templates { true } else { false } }

    /// The place of a path.
    ///
    /// What the user's rules name decides before what is seen.
    /// - Parameter mayGrow: whole paths are added; else they are only looked up.
    /// - Returns: `ByteInterner.full` where there is no room.
    mutating func place(
        _ path: RawSpan, method: RawSpan, host: RawSpan, of destination: PartyID, _ texts: inout ByteInterner,
        mayGrow: Bool
    ) -> UInt32 {
        guard destination.raw != ByteInterner.full else { return ByteInterner.full }
        let byRule = hasRules
        if !byRule, let known = memo.find(path, of: destination.raw), known.destination == destination.raw {
            return trie.current(known.node)
        }
        let root = root(destination)
        let before = trie.nodes.count
        let node: UInt32
        if let text = template(path, method, host, &texts, mayGrow: mayGrow) {
            guard text != ByteInterner.full, mayGrow || trie.child(root, .whole, text) != nil else {
                return ByteInterner.full
            }
            node = trie.add(root, .whole, text, [])
        } else {
            node = walk(path, root, depths[Int(destination.raw)], &texts)
            guard node != ByteInterner.full else { return node }
        }
        trie.end(node, path.withUnsafeBytes { DistinctPaths.hash($0) })
        // Whole paths take part in nothing, and of the rests that are among the new ones the bound's count is rid when it matters.
        let isGrown = trie.nodes.count > before && trie.nodes[Int(node)].kind != .whole
        if isGrown, grow(destination, by: trie.nodes.count - before) { return trie.current(node) }
        if !byRule { memo.remember(path, of: destination.raw, Known(destination: destination.raw, node: node)) }
        return node
    }

    private var hasRules: Bool {
        if case .inferred(let rules) = templates { return !rules.isEmpty }
        return false
    }

    private mutating func root(_ destination: PartyID) -> UInt32 {
        let place = Int(destination.raw)
        while roots.count <= place {
            roots.append(PathTrie.none)
            sizes.append(0)
            depths.append(PathTrie.depth)
        }
        if roots[place] == PathTrie.none { roots[place] = trie.addRoot() }
        return roots[place]
    }

    /// Holds the bound, when nodes were added below a destination's root.
    /// - Returns: whether what was there is another node now.
    private mutating func grow(_ destination: PartyID, by count: Int) -> Bool {
        let place = Int(destination.raw)
        sizes[place] += count
        guard sizes[place] > maximumNodes else { return false }
        // Nodes that were joined to others are none.
        let levels = trie.levels(roots[place])
        sizes[place] = levels.reduce(0, +)
        guard sizes[place] > maximumNodes else { return false }
        var (sum, depth) = (0, 0)
        while depth < levels.count, sum + levels[depth] <= maximumNodes {
            sum += levels[depth]
            depth += 1
        }
        cut(destination, to: depth)
        return true
    }

    private mutating func cut(_ destination: PartyID, to depth: Int) {
        let place = Int(destination.raw)
        depths[place] = min(depths[place], depth)
        trie.cut(roots[place], to: depths[place])
        sizes[place] = trie.levels(roots[place]).reduce(0, +)
    }

    /// It stands for the rest of a path at which one no longer looks, because there were too many.
    func isCut(_ node: UInt32, of destination: UInt32) -> Bool {
        Int(destination) < depths.count && depths[Int(destination)] < PathTrie.depth
            && trie.nodes[Int(node)].kind == .rest
    }

    /// The text that stands for a path without a look at others: itself, or the user's template.
    private func template(
        _ path: RawSpan, _ method: RawSpan, _ host: RawSpan, _ texts: inout ByteInterner, mayGrow: Bool
    ) -> UInt32? {
        if case .inferred(let rules) = templates {
            if let rule = rules.match(path, method: method, host: host) { return texts.number(of: rule.span.bytes) }
            // `*` of OPTIONS, the authority of CONNECT.
            if path.u8(at: 0) == 0x2F { return nil }
        }
        return mayGrow ? texts.number(of: path) : texts.find(path)
    }

    /// From segment to segment.
    private mutating func walk(
        _ path: RawSpan, _ root: UInt32, _ deepest: Int, _ texts: inout ByteInterner
    ) -> UInt32 {
        let hasRoom = trie.nodes.count < maximumNodes &* Self.destinations
        return path.withUnsafeBytes { bytes in
            var node = root
            var start = 1
            var depth = 0
            while start <= bytes.count {
                guard depth < deepest else { return trie.add(node, .rest, PathTrie.plain, []) }
                let segment = PathSegment(bytes, from: start, isFirst: depth == 0)
                let next = step(bytes, segment, node, hasRoom: hasRoom, &texts)
                guard next != ByteInterner.full else {
                    refused &+= 1
                    return trie.add(node, .rest, PathTrie.plain, [])
                }
                node = next
                start = segment.end + 1
                depth += 1
            }
            return node
        }
    }

    /// - Returns: `ByteInterner.full` where there is no room for another.
    private mutating func step(
        _ path: UnsafeRawBufferPointer, _ segment: PathSegment, _ node: UInt32, hasRoom: Bool,
        _ texts: inout ByteInterner
    ) -> UInt32 {
        var origins = segment.identifier.map { PathOrigins($0) } ?? []
        if segment.kind == .parameter, segment.value.count == segment.text.count {
            if segment.identifier == nil { origins.insert(.long) }
            guard hasRoom || trie.child(node, .parameter, PathTrie.plain) != nil else { return ByteInterner.full }
            return trie.add(node, .parameter, PathTrie.plain, origins)
        }
        if segment.kind == .empty {
            guard hasRoom || trie.child(node, .empty, PathTrie.plain) != nil else { return ByteInterner.full }
            return trie.add(node, .empty, PathTrie.plain, [])
        }
        // What is not looked at need not be known.
        if trie.nodes[Int(node)].isFolded {
            if segment.kind == .literal { origins.insert(.word) }
            return trie.add(node, .parameter, PathTrie.plain, origins)
        }
        let text: UInt32
        if segment.kind == .literal {
            let word = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: path[segment.text]))
            text = hasRoom ? texts.number(of: word) : texts.find(word)
        } else {
            around.removeAll(keepingCapacity: true)
            around += path[segment.text.lowerBound..<segment.value.lowerBound]
            around += [0x7B, 0x7D]
            around += path[segment.value.upperBound..<segment.text.upperBound]
            text = hasRoom ? texts.number(of: around.span.bytes) : texts.find(around.span.bytes)
        }
        guard text != ByteInterner.full, hasRoom || trie.child(node, segment.kind, text) != nil else {
            return ByteInterner.full
        }
        return trie.add(node, segment.kind, text, origins)
    }

    // MARK: State

    /// Writes the paths of destinations.
    /// - Parameter parties: the numbers that they have in the state.
    /// - Returns: the number in the state of each place.
    func write(
        _ state: inout StateWriter, _ parties: [UInt32: UInt64], _ texts: borrowing ByteInterner
    ) -> [UInt32: UInt64] {
        let known = parties.filter { Int($0.key) < roots.count && roots[Int($0.key)] != PathTrie.none }
            .sorted { $0.value < $1.value }
        var numbers: [UInt32: UInt64] = [:]
        state.number(refused)
        state.number(known.count)
        for (party, number) in known {
            state.number(number)
            state.number(depths[Int(party)])
            trie.write(&state, roots[Int(party)], texts, &numbers)
        }
        return numbers
    }

    /// Adds the paths of a state.
    /// - Returns: the place here of each of the state's numbers.
    mutating func add(
        _ state: inout StateReader, _ parties: [PartyID], _ texts: inout ByteInterner
    ) throws(StateFault) -> [UInt32] {
        var places: [UInt32] = []
        refused &+= try state.number()
        for _ in 0..<(try state.count()) {
            guard let party = parties.at(try state.number()) else { throw .damaged }
            let depth = min(try state.number(Int.self), PathTrie.depth)
            // A party that found no room has nothing, but its paths have to be read.
            let root = party == .none ? trie.addRoot() : root(party)
            let before = trie.nodes.count
            var reading = PathTrie.Reading(mostNodes: max(before, maximumNodes &* Self.destinations))
            try trie.read(&state, below: root, &texts, &reading)
            if party != .none {
                if min(depth, depths[Int(party.raw)]) < PathTrie.depth { cut(party, to: depth) }
                _ = grow(party, by: trie.nodes.count - before)
            }
            refused &+= reading.refused
            places += reading.places
        }
        return places
    }
}

extension Array {
    /// The element with a number that somebody else gives.
    func at(_ number: UInt64) -> Element? { number < UInt64(count) ? self[Int(number)] : nil }
}
