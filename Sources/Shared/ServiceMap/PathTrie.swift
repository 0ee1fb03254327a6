/// The paths that were asked of destinations, segment by segment: words, and parameters where identifiers stood.
///
/// A set of paths gives one trie, in whatever order they come and however tries of parts are joined: it is a semilattice.
/// The bound on words below one node (`words`) is a part of it: one too many, and all of them are one parameter.
/// The bound on nodes cuts at the depth at which there are too many (`cut`): it is far above what the interface of a service
/// has. Only where a place turns out later to have more words than it has room for can the depth differ.
///
/// A node keeps its number for good. One that was joined to another leads to it (`current`).
struct PathTrie: ~Copyable {
    /// Of `Node.text` of a parameter: a plain one, with nothing around it.
    static var plain: UInt32 { UInt32.max - 1 }
    /// No node.
    static var none: UInt32 { UInt32.max }
    /// Segments of a path that are looked at; what is behind them is one.
    static var depth: Int { 16 }

    struct Node: Sendable {
        var parent: UInt32
        /// The word's number, that of what stands around a parameter, or that of a whole path; else `plain`.
        var text: UInt32
        /// Where it was joined to.
        var joined = PathTrie.none
        var firstChild = PathTrie.none
        var nextSibling = PathTrie.none
        /// Of the paths that end here, in `paths`.
        var ends = PathTrie.none
        /// Of a parameter: what stood there.
        var origins = PathOrigins()
        /// Children that are words, or parameters with something around them.
        var words: UInt16 = 0
        var kind: PathSegment.Kind
        /// It had too many of them: any is the plain parameter now.
        var isFolded = false
    }

    private(set) var nodes: [Node] = []
    private(set) var paths: [DistinctPaths] = []
    private var index = HashIndex()
    /// How often nodes were joined.
    private(set) var joins: UInt64 = 0
    /// Words below one node.
    let words: Int

    init(words: Int = 256) { self.words = min(words, Int(UInt16.max) - 1) }

    // MARK: Looking up

    @inline(__always)
    private func hash(_ parent: UInt32, _ kind: PathSegment.Kind, _ text: UInt32) -> UInt32 {
        let key = UInt64(parent) << 32 | UInt64(text)
        return UInt32(truncatingIfNeeded: fold(index.seed ^ key, 0xA076_1D64_78BD_642F ^ UInt64(kind.rawValue)))
    }

    /// What a node is by now.
    func current(_ node: UInt32) -> UInt32 {
        var node = node
        while nodes[Int(node)].joined != Self.none { node = nodes[Int(node)].joined }
        return node
    }

    @inline(__always)
    func child(_ parent: UInt32, _ kind: PathSegment.Kind, _ text: UInt32) -> UInt32? {
        index.find(hash(parent, kind, text)) { number in
            let node = nodes[number]
            return node.parent == parent && node.text == text && node.kind == kind
        }.map { UInt32($0) }
    }

    /// The children of a node, in the order in which they came last.
    func children(_ node: UInt32) -> [UInt32] {
        var children: [UInt32] = []
        var child = nodes[Int(node)].firstChild
        while child != Self.none {
            children.append(child)
            child = nodes[Int(child)].nextSibling
        }
        return children
    }

    // MARK: Adding

    mutating func addRoot() -> UInt32 { append(Node(parent: Self.none, text: Self.plain, kind: .literal)) }

    private mutating func append(_ node: Node) -> UInt32 {
        nodes.append(node)
        return UInt32(nodes.count - 1)
    }

    /// The child of a node, which is made where there is none; a word may turn out to be one too many.
    mutating func add(_ parent: UInt32, _ kind: PathSegment.Kind, _ text: UInt32, _ origins: PathOrigins) -> UInt32 {
        var (kind, text, origins) = (kind, text, origins)
        if nodes[Int(parent)].isFolded, Self.isWord(kind, text) {
            if kind == .literal { origins.insert(.word) }
            (kind, text) = (.parameter, Self.plain)
        }
        if let known = child(parent, kind, text) {
            nodes[Int(known)].origins.formUnion(origins)
            return known
        }
        var node = Node(parent: parent, text: text, kind: kind)
        node.origins = origins
        let number = append(node)
        attach(number, to: parent)
        if nodes[Int(parent)].words > words { foldWords(parent) }
        return current(number)
    }

    private static func isWord(_ kind: PathSegment.Kind, _ text: UInt32) -> Bool {
        kind == .literal || kind == .parameter && text != plain
    }

    private mutating func attach(_ child: UInt32, to parent: UInt32) {
        let node = nodes[Int(child)]
        nodes[Int(child)].parent = parent
        nodes[Int(child)].nextSibling = nodes[Int(parent)].firstChild
        nodes[Int(parent)].firstChild = child
        if Self.isWord(node.kind, node.text) { nodes[Int(parent)].words += 1 }
        index.insert(Int(child), hash(parent, node.kind, node.text))
    }

    private mutating func detach(_ child: UInt32) {
        let node = nodes[Int(child)]
        index.remove(Int(child), hash(node.parent, node.kind, node.text))
        var place = nodes[Int(node.parent)].firstChild
        if place == child {
            nodes[Int(node.parent)].firstChild = node.nextSibling
        } else {
            while nodes[Int(place)].nextSibling != child { place = nodes[Int(place)].nextSibling }
            nodes[Int(place)].nextSibling = node.nextSibling
        }
        if Self.isWord(node.kind, node.text) { nodes[Int(node.parent)].words -= 1 }
    }

    /// A path ends at a node.
    mutating func end(_ node: UInt32, _ hash: UInt64) { paths[ends(of: node)].insert(hash) }

    /// Paths end at a node.
    mutating func end(_ node: UInt32, _ others: DistinctPaths) { paths[ends(of: node)].merge(others) }

    private mutating func ends(of node: UInt32) -> Int {
        if nodes[Int(node)].ends == Self.none {
            nodes[Int(node)].ends = UInt32(paths.count)
            paths.append(DistinctPaths())
        }
        return Int(nodes[Int(node)].ends)
    }

    func distinct(_ node: UInt32) -> DistinctPaths {
        let ends = nodes[Int(node)].ends
        return ends == Self.none ? DistinctPaths() : paths[Int(ends)]
    }

    // MARK: Joining

    /// All words below a node are one parameter from now on.
    mutating func foldWords(_ node: UInt32) {
        nodes[Int(node)].isFolded = true
        merge(children(node).filter { Self.isWord(nodes[Int($0)].kind, nodes[Int($0)].text) }, below: node, as: .word)
    }

    /// Makes children of a node into its plain parameter.
    mutating func merge(_ children: [UInt32], below node: UInt32, as origin: PathOrigin) {
        var parameter = child(node, .parameter, Self.plain)
        for child in children {
            let isLiteral = nodes[Int(child)].kind == .literal
            detach(child)
            var origins = nodes[Int(child)].origins
            if isLiteral { origins.insert(origin) }
            if let parameter {
                nodes[Int(parameter)].origins.formUnion(origins)
                join(child, to: parameter)
            } else {
                nodes[Int(child)].kind = .parameter
                nodes[Int(child)].text = Self.plain
                nodes[Int(child)].origins = origins
                attach(child, to: node)
                parameter = child
            }
        }
    }

    /// Joins a node that hangs nowhere to another: what is below it, and what ends at it.
    private mutating func join(_ node: UInt32, to other: UInt32) {
        nodes[Int(node)].joined = other
        joins &+= 1
        let ends = nodes[Int(node)].ends
        if ends != Self.none {
            if nodes[Int(other)].ends == Self.none {
                nodes[Int(other)].ends = ends
            } else {
                paths[Int(nodes[Int(other)].ends)].merge(paths[Int(ends)])
                paths[Int(ends)] = DistinctPaths()
            }
        }
        if nodes[Int(node)].isFolded, !nodes[Int(other)].isFolded { foldWords(other) }
        for child in children(node) {
            var own = nodes[Int(child)]
            detach(child)
            if nodes[Int(other)].isFolded, Self.isWord(own.kind, own.text) {
                if own.kind == .literal { own.origins.insert(.word) }
                (own.kind, own.text) = (.parameter, Self.plain)
                nodes[Int(child)].kind = own.kind
                nodes[Int(child)].text = own.text
                nodes[Int(child)].origins = own.origins
            }
            if let known = self.child(other, own.kind, own.text) {
                nodes[Int(known)].origins.formUnion(own.origins)
                join(child, to: known)
            } else {
                attach(child, to: other)
                if nodes[Int(other)].words > words { foldWords(other) }
            }
        }
    }

    /// How many nodes there are at each depth below a root, but those that stand for whole paths and for the rest of some.
    func levels(_ root: UInt32) -> [Int] {
        var level = [root]
        var counts: [Int] = []
        while !level.isEmpty {
            level = level.flatMap {
                children($0).filter { nodes[Int($0)].kind != .rest && nodes[Int($0)].kind != .whole }
            }
            if !level.isEmpty { counts.append(level.count) }
        }
        return counts
    }

    /// Makes one of what lies deeper than so many segments below a root: the rest of a path.
    mutating func cut(_ root: UInt32, to depth: Int) {
        var level = [root]
        for _ in 0..<depth { level = level.flatMap { children($0) } }
        for node in level where nodes[Int(node)].kind != .rest {
            let deeper = children(node).filter { nodes[Int($0)].kind != .rest && nodes[Int($0)].kind != .whole }
            guard !deeper.isEmpty else { continue }
            let rest = add(node, .rest, Self.plain, [])
            for child in deeper {
                detach(child)
                give(child, to: rest)
            }
        }
    }

    /// Makes a node that hangs nowhere, and what is below it, a part of another that has nothing below it.
    private mutating func give(_ node: UInt32, to rest: UInt32) {
        nodes[Int(node)].joined = rest
        joins &+= 1
        if nodes[Int(node)].ends != Self.none {
            end(rest, paths[Int(nodes[Int(node)].ends)])
            paths[Int(nodes[Int(node)].ends)] = DistinctPaths()
        }
        for child in children(node) {
            detach(child)
            give(child, to: rest)
        }
    }

    /// Adds what is below a node of another trie; both know texts by the same numbers.
    /// - Parameter places: takes what each of the other's nodes is here.
    mutating func absorb(_ other: borrowing PathTrie, _ node: UInt32, into own: UInt32, _ places: inout [UInt32]) {
        places[Int(node)] = own
        let facts = other.nodes[Int(node)]
        if facts.isFolded, !nodes[Int(own)].isFolded { foldWords(own) }
        if facts.ends != Self.none { end(own, other.paths[Int(facts.ends)]) }
        for child in other.children(node) {
            let facts = other.nodes[Int(child)]
            let place = add(current(own), facts.kind, facts.text, facts.origins)
            absorb(other, child, into: place, &places)
        }
    }
}

/// Why a segment is a parameter.
enum PathOrigin: UInt8, Sendable {
    // The classes of identifiers come first, with their own numbers.
    /// More words than a node has room for.
    case word = 13
    /// Words that were asked for alike, with answers alike.
    case sibling = 14
    /// Longer than any word.
    case long = 15
}

/// All reasons for which a segment is a parameter.
struct PathOrigins: OptionSet, Sendable, Hashable {
    var rawValue: UInt16 = 0

    init(rawValue: UInt16) { self.rawValue = rawValue }
    init(_ identifier: IdentifierClass) { rawValue = 1 << UInt16(identifier.rawValue) }

    mutating func insert(_ origin: PathOrigin) { rawValue |= 1 << UInt16(origin.rawValue) }
    func contains(_ origin: PathOrigin) -> Bool { rawValue & 1 << UInt16(origin.rawValue) != 0 }

    /// The classes of identifiers that stood there.
    var identifiers: [IdentifierClass] { IdentifierClass.allCases.filter { contains(PathOrigins($0)) } }
}
