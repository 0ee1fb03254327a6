/// Which edges of a graph are part of a circle: compose starts nothing where services wait for each other.
struct Circles {
    /// Nodes that reach each other have the same number.
    private var components: [String: Int] = [:]

    /// By Kosaraju and Sharir: what is reached against the edges, in the reverse of the order in which all that a node reaches is done.
    init(_ edges: [String: Set<String>]) {
        var against: [String: [String]] = [:]
        for (source, targets) in edges { for target in targets { against[target, default: []].append(source) } }
        let nodes = Set(edges.keys).union(against.keys)
        let along = edges.mapValues { Array($0) }
        var done: [String] = []
        var seen: Set<String> = []
        for node in nodes { Self.walk(from: node, along, &seen) { done.append($0) } }
        seen = []
        for (number, node) in done.reversed().enumerated() {
            Self.walk(from: node, against, &seen) { components[$0] = number }
        }
    }

    /// Whether an edge of the graph closes a circle.
    func hold(_ source: String, _ target: String) -> Bool { components[source] == components[target] }

    /// Depth first.
    /// - Parameter leave: takes each node that was not seen before, once all that it reaches was.
    private static func walk(
        from start: String, _ edges: [String: [String]], _ seen: inout Set<String>, _ leave: (String) -> Void
    ) {
        guard seen.insert(start).inserted else { return }
        var path: [(node: String, rest: ArraySlice<String>)] = [(start, (edges[start] ?? [])[...])]
        while let last = path.last {
            guard let next = last.rest.first else {
                leave(last.node)
                path.removeLast()
                continue
            }
            path[path.count - 1].rest.removeFirst()
            if seen.insert(next).inserted { path.append((next, (edges[next] ?? [])[...])) }
        }
    }
}
