/// A picture of more than it can show shows some by themselves, and the others together.
extension ServiceGraph {
    /// What a picture has room for.
    package struct Room: Equatable, Sendable {
        package var nodes: Int
        package var edges: Int
    }

    /// The graph with so few nodes and edges: first those stand together that are alike (of one kind, with the same callers, or
    /// calling the same), then the least busy ones of a kind that are in one namespace, then those of each kind.
    package func fitted(_ room: Room) -> ServiceGraph {
        var graph = self
        func isTooLarge() -> Bool { graph.nodes.count > room.nodes || graph.edges.count > room.edges }
        if isTooLarge() { graph = graph.joined { $0.alike(isLeaf: true) } }
        if isTooLarge() { graph = graph.joined { $0.alike(isLeaf: false) } }
        var kept = max(room.nodes - Kind.allCases.count, 0)
        while isTooLarge() {
            graph = joined { $0.lessBusy(than: kept, by: { Node.namespace(of: $0.name) ?? "" }) }
            if isTooLarge() { graph = joined { $0.lessBusy(than: kept, by: { _ in "" }) } }
            if kept == 0 { break }
            kept /= 2
        }
        return graph
    }

    /// For each node the nodes that it stands with: a number of its group; `nil`: by itself.
    private typealias Groups = [Int?]

    /// Nodes that nobody calls, or that call nobody, in groups of one kind with the same others.
    private func alike(isLeaf: Bool) -> Groups {
        struct Likeness: Hashable {
            var kind: Kind
            var others: [Int]
        }
        var others = [[Int]](repeating: [], count: nodes.count)
        var isInner = [Bool](repeating: false, count: nodes.count)
        for edge in edges {
            let (own, other) = isLeaf ? (edge.target, edge.source) : (edge.source, edge.target)
            others[own].append(other)
            isInner[other] = true
        }
        var numbers: [Likeness: Int] = [:]
        return nodes.indices.map { place in
            guard !isInner[place], !others[place].isEmpty else { return nil }
            let likeness = Likeness(kind: nodes[place].kind, others: others[place])
            let number = numbers[likeness] ?? numbers.count
            numbers[likeness] = number
            return number
        }
    }

    /// All but the so many busiest nodes, by kind and by something else.
    private func lessBusy(than kept: Int, by other: (Node) -> String) -> Groups {
        struct Likeness: Hashable {
            var kind: Kind
            var other: String
        }
        var traffic = [UInt64](repeating: 0, count: nodes.count)
        for edge in edges {
            for place in [edge.source, edge.target] {
                traffic[place] &+= edge.totals.count &+ edge.connections &+ edge.failures
            }
        }
        // Of equally busy ones those that come first by name.
        let order = nodes.indices.sorted { (traffic[$1], $0) < (traffic[$0], $1) }
        var numbers: [Likeness: Int] = [:]
        var groups = nodes.map { node -> Int? in
            let likeness = Likeness(kind: node.kind, other: other(node))
            let number = numbers[likeness] ?? numbers.count
            numbers[likeness] = number
            return number
        }
        for place in order.prefix(kept) { groups[place] = nil }
        return groups
    }

    private func joined(_ groups: (ServiceGraph) -> Groups) -> ServiceGraph {
        let groups = groups(self)
        var sizes: [Int: Int] = [:]
        for case let group? in groups { sizes[group, default: 0] += 1 }
        var made: [Node] = []
        var places: [Int: Int] = [:]
        var targets: [Int] = []
        for (place, node) in nodes.enumerated() {
            guard let group = groups[place], sizes[group, default: 0] > 1 else {
                targets.append(made.count)
                made.append(node)
                continue
            }
            let members = node.members.isEmpty ? [node.name] : node.members
            if let known = places[group] {
                made[known].members += members
                targets.append(known)
            } else {
                places[group] = made.count
                targets.append(made.count)
                made.append(Node(name: "", kind: node.kind, members: members))
            }
        }
        for place in places.values {
            let members = made[place].members
            made[place].name = made[place].kind.text(members.count)
            let namespaces = Set(members.map(Node.namespace(of:)))
            if namespaces.count == 1, let namespace = namespaces.first ?? nil { made[place].name += " in \(namespace)" }
            made[place].detail = members.prefix(3).joined(separator: ", ") + (members.count > 3 ? ", …" : "")
        }
        struct Ends: Hashable {
            var source: Int
            var target: Int
        }
        var known: [Ends: Int] = [:]
        var joined: [Edge] = []
        for edge in edges {
            var edge = edge
            (edge.source, edge.target) = (targets[edge.source], targets[edge.target])
            let ends = Ends(source: edge.source, target: edge.target)
            if let place = known[ends] {
                joined[place].merge(edge)
            } else {
                known[ends] = joined.count
                joined.append(edge)
            }
        }
        return ServiceGraph(nodes: made, edges: joined)
    }
}

extension ServiceGraph.Node {
    /// What a name is a part of; `nil` where it says nothing of that.
    ///
    /// Of an address its network: /24, and /64 of IPv6, the usual sizes of a subnet. Of a host's name the domain without its first
    /// label, where that is no top-level one: of a Kubernetes service `shop.svc.cluster.local`.
    static func namespace(of name: String) -> String? {
        var host = name[...]
        if let colon = host.lastIndex(of: ":"), host.firstIndex(of: ":") == colon { host = host[..<colon] }
        if let address = IPAddress(host) {
            guard address.v4 == nil else {
                return "\(IPAddress(high: address.high, low: address.low & ~0xFF))/24"
            }
            return "\(IPAddress(high: address.high, low: 0))/64"
        }
        guard let dot = host.firstIndex(of: "."), dot > host.startIndex else { return nil }
        let domain = host[dot...].dropFirst()
        guard let next = domain.firstIndex(of: "."), next > domain.startIndex, domain.last != "." else { return nil }
        return String(domain)
    }
}
