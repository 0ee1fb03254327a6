import Testing

@testable import Shared

@Suite struct `The layered layout` {
    struct Drawn {
        var sizes: [LayeredLayout.Size]
        var links: [LayeredLayout.Link]
        var layout: LayeredLayout
    }

    static func random(_ seed: UInt64) -> Drawn {
        var random = SeededRandom(seed: seed)
        let nodes = Int.random(in: 1...40, using: &random)
        let sizes = (0..<nodes).map { _ in
            LayeredLayout.Size(
                width: .random(in: 90...260, using: &random), height: .random(in: 30...70, using: &random))
        }
        var known: Set<Int> = []
        var links: [LayeredLayout.Link] = []
        for _ in 0..<Int.random(in: 0...80, using: &random) {
            let (source, target) = (
                Int.random(in: 0..<nodes, using: &random), Int.random(in: 0..<nodes, using: &random)
            )
            guard known.insert(source * nodes + target).inserted else { continue }
            links.append(.init(source: source, target: target, labelWidth: .random(in: 10...150, using: &random)))
        }
        return Drawn(sizes: sizes, links: links, layout: LayeredLayout(sizes, links))
    }

    @Test(arguments: UInt64(0)..<60) func `keeps boxes apart, and links within`(_ seed: UInt64) {
        let drawn = Self.random(seed)
        let frames = drawn.layout.frames
        for (place, a) in frames.enumerated() {
            #expect(a.width >= drawn.sizes[place].width && a.height >= drawn.sizes[place].height)
            #expect(
                a.x >= 0 && a.y >= 0 && a.x + a.width <= drawn.layout.width && a.y + a.height <= drawn.layout.height)
            for b in frames[(place + 1)...] {
                let isApart =
                    a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y
                #expect(isApart, "\(a) and \(b)")
            }
        }
        for (link, route) in zip(drawn.links, drawn.layout.routes) {
            guard link.source != link.target else {
                #expect(route.points.isEmpty)
                continue
            }
            let (from, to) = route.isReversed ? (link.target, link.source) : (link.source, link.target)
            // From the right side of one to the left side of the other, never back.
            #expect(route.points.first?.x == frames[from].x + frames[from].width)
            #expect(route.points.last?.x == frames[to].x)
            #expect(zip(route.points, route.points.dropFirst()).allSatisfy { $0.x <= $1.x })
            for (point, node) in [(route.points.first, from), (route.points.last, to)] {
                #expect(frames[node].y < point?.y ?? -1 && point?.y ?? .max < frames[node].y + frames[node].height)
            }
            // What is written on it has room before the box.
            let straight = route.points.suffix(2).map(\.x)
            #expect(straight[1] - straight[0] >= link.labelWidth)
        }
        // Two links never come to one place.
        let ends = zip(drawn.links, drawn.layout.routes).filter { !$1.points.isEmpty }.compactMap(\.1.points.last)
        #expect(Set(ends.map { "\($0.x) \($0.y)" }).count == ends.count)
    }

    @Test func `follows the longest way, and opens a cycle where it is entered`() {
        // 3 enters the cycle 0 1 2 at 1.
        let links = [(0, 1), (1, 2), (2, 0), (3, 1), (3, 2)]
        let graph = LayeredGraph(nodes: 4, links)
        #expect(Array(graph.vertices.prefix(4)) == [3, 1, 2, 0])
        #expect(graph.isReversed == [true, false, false, false, false])
    }

    @Test func `opens a cycle that nobody enters at its first name`() {
        let graph = LayeredGraph(nodes: 3, [(2, 0), (0, 1), (1, 2)])
        #expect(Array(graph.vertices.prefix(3)) == [0, 1, 2])
        #expect(graph.isReversed == [true, false, false])
    }

    @Test func `uncrosses what can be uncrossed`() {
        var graph = LayeredGraph(nodes: 6, [(0, 5), (1, 4), (2, 3)])
        #expect(graph.crossings() == 3)
        graph.order()
        #expect(graph.crossings() == 0)
    }

    @Test(arguments: UInt64(0)..<15) func `counts crossings as one by one`(_ seed: UInt64) {
        let drawn = Self.random(seed)
        var graph = LayeredGraph(nodes: drawn.sizes.count, drawn.links.map { ($0.source, $0.target) })
        let before = graph.crossings()
        var sum = 0
        var places = [Int](repeating: 0, count: graph.vertices.count)
        for layer in graph.layers { for (place, vertex) in layer.enumerated() { places[vertex] = place } }
        for (number, a) in graph.hops.enumerated() {
            for b in graph.hops[(number + 1)...] where graph.vertices[a.from] == graph.vertices[b.from] {
                let (from, to) = (places[a.from] - places[b.from], places[a.to] - places[b.to])
                if from * to < 0 { sum += 1 }
            }
        }
        #expect(before == sum)
        graph.order()
        #expect(graph.crossings() <= before)
    }

    @Test(arguments: UInt64(0)..<12) func `puts things as near to where they want to be as it can`(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let wanted = (0..<4).map { _ in Double(Int.random(in: 0...8, using: &random)) }
        let weights = (0..<4).map { _ in Double(Int.random(in: 1...4, using: &random)) }
        let distances = (0..<3).map { _ in Double(Int.random(in: 1...3, using: &random)) }
        func cost(_ places: [Double]) -> Double {
            places.indices.reduce(0) { $0 + weights[$1] * (places[$1] - wanted[$1]) * (places[$1] - wanted[$1]) }
        }
        let places = LayeredLayout.apart(wanted, weights, distances)
        for (place, distance) in distances.enumerated() {
            #expect(places[place + 1] - places[place] >= distance - 1e-9)
        }
        // No other on a grid is better.
        let grid = stride(from: -4.0, through: 14, by: 1).map { $0 }
        var best = Double.infinity
        for a in grid {
            for b in grid where b - a >= distances[0] {
                for c in grid where c - b >= distances[1] {
                    for d in grid where d - c >= distances[2] { best = min(best, cost([a, b, c, d])) }
                }
            }
        }
        #expect(cost(places) <= best + 1e-9)
    }

    @Test func `has nothing to say of nothing`() {
        let layout = LayeredLayout([], [])
        #expect((layout.width, layout.height) == (0, 0))
    }
}
