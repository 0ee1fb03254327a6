/// The paths of all destinations where names are known: those of parties that go by one name are one trie, in which siblings
/// are folded, and each place has its template.
struct NamedPaths: ~Copyable {
    private var trie: PathTrie
    /// What each node of the map's trie is here.
    private var places: [UInt32]
    /// Of each destination's name.
    private var roots: [UInt32: UInt32] = [:]
    private let maximumNodes: Int
    private let isRaw: Bool

    /// A template, and what is to be said of it.
    struct Written {
        var template: PathTemplate
        var paths: DistinctPaths
    }

    private var templates: [Written] = []
    private var numbers: [String: UInt32] = [:]

    init(_ paths: borrowing DestinationPaths, limits: Limits) {
        trie = PathTrie(words: limits.pathWords)
        places = [UInt32](repeating: PathTrie.none, count: paths.trie.nodes.count)
        maximumNodes = limits.templateNodes
        isRaw = paths.isRaw
    }

    /// Takes the paths of a party that goes by a name.
    mutating func add(_ paths: borrowing DestinationPaths, of party: UInt32, name: UInt32) {
        guard Int(party) < paths.roots.count, paths.roots[Int(party)] != PathTrie.none,
            places[Int(paths.roots[Int(party)])] == PathTrie.none
        else { return }
        let root = roots[name] ?? trie.addRoot()
        roots[name] = root
        trie.absorb(paths.trie, paths.roots[Int(party)], into: root, &places)
    }

    /// What a node of the map's trie is by now.
    func place(_ node: UInt32) -> UInt32 { trie.current(places[Int(node)]) }

    func current(_ node: UInt32) -> UInt32 { trie.current(node) }

    /// Makes parameters of words that are asked for alike and answered alike.
    /// - Parameter isCode: whether a word is spelled as code is.
    mutating func fold(_ signatures: [UInt32: SiblingPaths.Signature], isCode: [Bool]) {
        guard !isRaw else { return }
        var siblings = SiblingPaths(signatures) { Int($0) < isCode.count && isCode[Int($0)] }
        for name in roots.keys.sorted() { siblings.fold(&trie, below: roots[name]!) }
    }

    /// What nodes are written as, each text once.
    /// - Parameter nodes: of which something is written.
    /// - Returns: for each of what they are by now the number of its text.
    mutating func write(_ nodes: [UInt32], _ texts: borrowing ByteInterner) -> [UInt32: UInt32] {
        var written: [UInt32: UInt32] = [:]
        var cuts: [UInt32: Int] = [:]
        for node in nodes.map({ trie.current($0) }) where written[node] == nil {
            let (root, depth) = origin(node)
            let cut = cuts[root] ?? deepest(root)
            cuts[root] = cut
            var template = PathTemplate(
                depth > cut ? ancestor(node, by: depth - cut) : node, trie, isRaw: isRaw
            ) { texts.text(of: $0) }
            if depth > cut {
                template.text += "/**"
                template.parts.append(.rest)
                template.hasParameters = true
            }
            let number = numbers[template.text] ?? UInt32(templates.count)
            if number == templates.count {
                numbers[template.text] = number
                templates.append(Written(template: template, paths: trie.distinct(node)))
            } else {
                templates[Int(number)].template.join(template)
            }
            written[node] = number
        }
        return written
    }

    subscript(number: UInt32) -> Written { templates[Int(number)] }

    func distinct(_ node: UInt32) -> DistinctPaths { trie.distinct(node) }

    /// The place of each text in the order of their bytes.
    func ranks() -> [UInt32] {
        let order = templates.indices.sorted {
            templates[$0].template.text.utf8.lexicographicallyPrecedes(templates[$1].template.text.utf8)
        }
        var ranks = [UInt32](repeating: 0, count: order.count)
        for (rank, number) in order.enumerated() { ranks[number] = UInt32(rank) }
        return ranks
    }

    // MARK: Depth

    private func origin(_ node: UInt32) -> (root: UInt32, depth: Int) {
        var (node, depth) = (node, 0)
        while trie.nodes[Int(node)].parent != PathTrie.none {
            node = trie.nodes[Int(node)].parent
            depth += 1
        }
        return (node, depth)
    }

    private func ancestor(_ node: UInt32, by steps: Int) -> UInt32 {
        var node = node
        for _ in 0..<steps { node = trie.nodes[Int(node)].parent }
        return node
    }

    /// How deep one may look below a root and meet no more nodes than are written: a whole path lies at depth 1.
    private func deepest(_ root: UInt32) -> Int {
        guard !isRaw else { return .max }
        var level = [root]
        var count = 0
        var depth = 0
        while !level.isEmpty {
            level = level.flatMap { trie.children($0).filter { trie.nodes[Int($0)].kind != .whole } }
            count += level.count
            if count > maximumNodes, depth > 0 { return depth }
            depth += 1
        }
        return .max
    }
}
