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
    /// Nodes of each destination, those that were joined to others too.
    private var sizes: [Int] = []
    /// Requests whose paths found no room: they are counted under `/**`.
    private(set) var refused: UInt64 = 0
    private let templates: PathTemplates
    private let maximumNodes: Int
    /// Where paths belong that were asked for lately.
    private var memo = ByteMemo<Known>(places: 1024, longest: 1024, budget: 128 << 10)
    /// Where what stands around a parameter is put together.
    private var around: [UInt8] = []

    private struct Known {
        var destination: UInt32
        var node: UInt32
    }

    /// Nodes of all destinations together, in parts of those of one.
    private static let destinations = 4

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
        if !byRule, let known = memo.find(path), known.destination == destination.raw {
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
            node = walk(path, root, sizes[Int(destination.raw)], &texts)
            guard node != ByteInterner.full else { return node }
        }
        sizes[Int(destination.raw)] += trie.nodes.count - before
        trie.end(node, path.withUnsafeBytes { DistinctPaths.hash($0) })
        if !byRule { memo.remember(path, Known(destination: destination.raw, node: node)) }
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
        }
        if roots[place] == PathTrie.none { roots[place] = trie.addRoot() }
        return roots[place]
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
        _ path: RawSpan, _ root: UInt32, _ size: Int, _ texts: inout ByteInterner
    ) -> UInt32 {
        let hasRoom = size < maximumNodes && trie.nodes.count < maximumNodes &* Self.destinations
        return path.withUnsafeBytes { bytes in
            var node = root
            var start = 1
            var depth = 0
            while start <= bytes.count {
                guard depth < PathTrie.depth else { return trie.add(node, .rest, PathTrie.plain, []) }
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
}
