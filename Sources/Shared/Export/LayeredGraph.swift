/// A graph in layers: each link leads from one layer to the next, by way of points where it passes some.
struct LayeredGraph {
    /// The layer of each vertex; the nodes come first, and then the points of links.
    private(set) var vertices: [Int]
    /// The vertices of each layer, from top to bottom.
    private(set) var layers: [[Int]] = []
    /// From a layer to the next, those of one link one after the other.
    private(set) var hops: [Hop] = []
    /// The hops that arrive at each vertex, and that leave it, from top to bottom.
    private(set) var before: [[Int]]
    private(set) var after: [[Int]]
    /// Links that lead from a later layer to an earlier one.
    private(set) var isReversed: [Bool]
    private let nodes: Int

    struct Hop {
        var link: Int
        var from: Int
        var to: Int
        /// Among those that leave `from`, and that arrive at `to`.
        var departure = 0
        var arrival = 0
    }

    /// Of neighbours' middles, forth and back.
    private static let sweeps = 12

    /// - Parameter links: from a node to itself none leads anywhere, and has no hop.
    init(nodes: Int, _ links: [(source: Int, target: Int)]) {
        self.nodes = nodes
        vertices = [Int](repeating: 0, count: nodes)
        before = [[Int]](repeating: [], count: nodes)
        after = before
        isReversed = [Bool](repeating: false, count: links.count)
        let order = open(links)
        // From the first to the last of an order in which every link leads on: the longest way to each.
        var targets = [[Int]](repeating: [], count: nodes)
        for (number, link) in links.enumerated() where link.source != link.target {
            let (source, target) = isReversed[number] ? (link.target, link.source) : (link.source, link.target)
            targets[source].append(target)
        }
        for node in order {
            for target in targets[node] { vertices[target] = max(vertices[target], vertices[node] + 1) }
        }
        for (number, link) in links.enumerated() where link.source != link.target {
            let (source, target) = isReversed[number] ? (link.target, link.source) : (link.source, link.target)
            var last = source
            for layer in (vertices[source] + 1)..<vertices[target] {
                let point = vertices.count
                vertices.append(layer)
                before.append([])
                after.append([])
                connect(number, last, point)
                last = point
            }
            connect(number, last, target)
        }
        layers = [[Int]](repeating: [], count: (vertices.max() ?? -1) + 1)
        for (vertex, layer) in vertices.enumerated() { layers[layer].append(vertex) }
    }

    func isPoint(_ vertex: Int) -> Bool { vertex >= nodes }

    private mutating func connect(_ link: Int, _ from: Int, _ to: Int) {
        after[from].append(hops.count)
        before[to].append(hops.count)
        hops.append(Hop(link: link, from: from, to: to))
    }

    /// Turns links round until there is no cycle: those that lead back in a walk that begins where no link leads to, then at the
    /// first node that is left.
    /// - Returns: the nodes in an order in which every link leads on.
    private mutating func open(_ links: [(source: Int, target: Int)]) -> [Int] {
        enum Mark { case new, open, done }
        var leaving = [[Int]](repeating: [], count: nodes)
        var isTarget = [Bool](repeating: false, count: nodes)
        for (number, link) in links.enumerated() where link.source != link.target {
            leaving[link.source].append(number)
            isTarget[link.target] = true
        }
        var marks = [Mark](repeating: .new, count: nodes)
        var finished: [Int] = []
        for start in (0..<nodes).filter({ !isTarget[$0] }) + Array(0..<nodes) where marks[start] == .new {
            var path: [(node: Int, next: Int)] = [(start, 0)]
            marks[start] = .open
            while let (node, next) = path.last {
                guard next < leaving[node].count else {
                    marks[node] = .done
                    finished.append(node)
                    path.removeLast()
                    continue
                }
                path[path.count - 1].next += 1
                let link = leaving[node][next]
                let target = links[link].target
                switch marks[target] {
                case .new:
                    marks[target] = .open
                    path.append((target, 0))
                case .open: isReversed[link] = true
                case .done: break
                }
            }
        }
        return finished.reversed()
    }

    // MARK: Order

    /// Orders the layers, and then the hops at each vertex.
    mutating func order() {
        var best = layers
        var fewest = crossings()
        for sweep in 0..<Self.sweeps where fewest > 0 {
            if sweep % 2 == 0 {
                for layer in layers.indices.dropFirst() {
                    sort(layer) { graph, vertex in graph.before[vertex].map { graph.hops[$0].from } }
                }
            } else {
                for layer in layers.indices.dropLast().reversed() {
                    sort(layer) { graph, vertex in graph.after[vertex].map { graph.hops[$0].to } }
                }
            }
            let now = crossings()
            if now < fewest { (best, fewest) = (layers, now) }
        }
        layers = best
        let places = places
        for vertex in vertices.indices {
            after[vertex].sort { (places[hops[$0].to], $0) < (places[hops[$1].to], $1) }
            for (place, hop) in after[vertex].enumerated() { hops[hop].departure = place }
        }
        for vertex in vertices.indices {
            before[vertex].sort {
                (places[hops[$0].from], hops[$0].departure) < (places[hops[$1].from], hops[$1].departure)
            }
            for (place, hop) in before[vertex].enumerated() { hops[hop].arrival = place }
        }
    }

    /// Of each vertex its place in its layer.
    private var places: [Int] {
        var places = [Int](repeating: 0, count: vertices.count)
        for layer in layers { for (place, vertex) in layer.enumerated() { places[vertex] = place } }
        return places
    }

    /// Sorts a layer by the middles of neighbours; who has none stays where it is, and of equal ones the first by number comes first.
    private mutating func sort(_ layer: Int, _ neighbours: (LayeredGraph, Int) -> [Int]) {
        let places = places
        let keys = layers[layer].enumerated().map { place, vertex in
            let others = neighbours(self, vertex)
            let sum = others.reduce(0) { $0 + places[$1] }
            return (others.isEmpty ? Double(place) : Double(sum) / Double(others.count), vertex)
        }
        layers[layer] = keys.sorted { $0 < $1 }.map(\.1)
    }

    /// How many pairs of hops cross.
    func crossings() -> Int {
        let places = places
        var sum = 0
        for layer in layers.dropLast() {
            // Those that went farther down than one that comes, by a tree of sums (Fenwick).
            let next = layer.isEmpty ? 0 : (layers[vertices[layer[0]] + 1].count)
            var tree = [Int](repeating: 0, count: next + 1)
            var seen = 0
            for vertex in layer {
                let targets = after[vertex].map { places[hops[$0].to] }.sorted()
                for target in targets {
                    var at = target + 1
                    var passed = 0
                    while at > 0 {
                        passed += tree[at]
                        at -= at & -at
                    }
                    sum += seen - passed
                }
                for target in targets {
                    var at = target + 1
                    while at <= next {
                        tree[at] += 1
                        at += at & -at
                    }
                    seen += 1
                }
            }
        }
        return sum
    }
}
