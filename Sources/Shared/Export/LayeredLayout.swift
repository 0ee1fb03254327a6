/// Where the boxes of a directed graph and the lines between them are, in layers from left to right: Sugiyama, Tagawa and Toda's
/// method, whose every step is fixed, so that the same graph gives the same picture.
///
/// 1. Cycles are opened: a link that leads back to where a walk came from is turned round (`LayeredGraph`).
/// 2. A box stands in the layer of the longest way that leads to it; where a link passes a layer there is a point on it.
/// 3. Each layer is ordered by the middle of the neighbours, so often forth and back; the order with the fewest crossings stays.
/// 4. Within the order everything comes as near to its neighbours as there is room.
struct LayeredLayout {
    struct Size {
        var width: Int
        /// Without regard to links, each of which has its own place at a box's side.
        var height: Int
    }

    struct Link {
        var source: Int
        var target: Int
        /// Of what is written on it.
        var labelWidth: Int
    }

    struct Frame: Equatable {
        var x = 0
        var y = 0
        var width = 0
        var height = 0
    }

    struct Point: Equatable {
        var x: Int
        var y: Int
    }

    /// How a link runs from left to right: bent from the first point to the second, straight to the third, and so on.
    struct Route: Equatable {
        var points: [Point] = []
        /// It leads from its last point to its first.
        var isReversed = false
    }

    /// Of the nodes.
    private(set) var frames: [Frame]
    /// Of the links; of one from a node to itself there is none.
    private(set) var routes: [Route]
    private(set) var width = 0
    private(set) var height = 0

    /// Pixels between the places of links at a side of a box.
    static let slot = 20
    /// Between boxes of one layer.
    private static let gap = 18
    /// For a link to bend in.
    private static let bend = 56
    private static let arrow = 10

    init(_ sizes: [Size], _ links: [Link]) {
        frames = sizes.map { Frame(width: $0.width, height: $0.height) }
        routes = [Route](repeating: Route(), count: links.count)
        guard !sizes.isEmpty else { return }
        var graph = LayeredGraph(nodes: sizes.count, links.map { ($0.source, $0.target) })
        graph.order()
        let heights = graph.vertices.indices.map { vertex in
            let slots = max(graph.before[vertex].count, graph.after[vertex].count)
            return max(vertex < sizes.count ? sizes[vertex].height : 0, slots * Self.slot)
        }
        let middles = Self.middles(graph, heights)
        place(graph, sizes, links, heights, middles)
    }

    // MARK: Up and down

    /// The middle of each vertex, from the top.
    private static func middles(_ graph: LayeredGraph, _ heights: [Int]) -> [Double] {
        var middles = [Double](repeating: 0, count: heights.count)
        var needed: [[Double]] = []
        for layer in graph.layers {
            var y = 0.0
            var distances: [Double] = []
            for (place, vertex) in layer.enumerated() {
                let half = Double(heights[vertex]) / 2
                if place > 0 {
                    let arePoints = graph.isPoint(vertex) && graph.isPoint(layer[place - 1])
                    let distance = Double(heights[layer[place - 1]]) / 2 + half + (arePoints ? 0 : Double(gap))
                    distances.append(distance)
                    y += distance
                }
                middles[vertex] = y
            }
            needed.append(distances)
        }
        func settle(_ number: Int, _ usesBefore: Bool, _ usesAfter: Bool) {
            let layer = graph.layers[number]
            var wanted: [Double] = []
            var weights: [Double] = []
            for vertex in layer {
                var sum = 0.0
                var weight = 0.0
                func pull(_ other: Int, _ own: Double, _ others: Double) {
                    // What passes by runs straight.
                    let strength = graph.isPoint(vertex) && graph.isPoint(other) ? 4.0 : 1.0
                    sum += strength * (middles[other] + others - own)
                    weight += strength
                }
                if usesBefore {
                    for hop in graph.before[vertex] {
                        pull(
                            graph.hops[hop].from, offset(graph.hops[hop].arrival, of: graph.before[vertex].count),
                            offset(graph.hops[hop].departure, of: graph.after[graph.hops[hop].from].count))
                    }
                }
                if usesAfter {
                    for hop in graph.after[vertex] {
                        pull(
                            graph.hops[hop].to, offset(graph.hops[hop].departure, of: graph.after[vertex].count),
                            offset(graph.hops[hop].arrival, of: graph.before[graph.hops[hop].to].count))
                    }
                }
                wanted.append(weight > 0 ? sum / weight : middles[vertex])
                weights.append(weight > 0 ? weight : 0.1)
            }
            for (vertex, middle) in zip(layer, apart(wanted, weights, needed[number])) { middles[vertex] = middle }
        }
        for _ in 0..<4 {
            for number in graph.layers.indices.dropFirst() { settle(number, true, false) }
            for number in graph.layers.indices.dropLast().reversed() { settle(number, false, true) }
        }
        for number in graph.layers.indices { settle(number, true, true) }
        return middles
    }

    /// Where a link's place at a side lies, from the middle.
    private static func offset(_ place: Int, of count: Int) -> Double {
        (Double(place) - Double(count - 1) / 2) * Double(slot)
    }

    /// The places nearest to those wanted, by the sum of the squares, that keep their order and distances: isotonic regression, by
    /// pooling adjacent violators.
    static func apart(_ wanted: [Double], _ weights: [Double], _ distances: [Double]) -> [Double] {
        struct Pool {
            var sum: Double
            var weight: Double
            var count: Int
            var mean: Double { sum / weight }
        }
        var pools: [Pool] = []
        var shift = 0.0
        for (place, want) in wanted.enumerated() {
            if place > 0 { shift += distances[place - 1] }
            var pool = Pool(sum: weights[place] * (want - shift), weight: weights[place], count: 1)
            while let last = pools.last, last.mean > pool.mean {
                pools.removeLast()
                pool = Pool(
                    sum: last.sum + pool.sum, weight: last.weight + pool.weight, count: last.count + pool.count)
            }
            pools.append(pool)
        }
        var places: [Double] = []
        shift = 0
        for pool in pools {
            for _ in 0..<pool.count {
                if !places.isEmpty { shift += distances[places.count - 1] }
                places.append(pool.mean + shift)
            }
        }
        return places
    }

    // MARK: Left to right

    private mutating func place(
        _ graph: LayeredGraph, _ sizes: [Size], _ links: [Link], _ heights: [Int], _ middles: [Double]
    ) {
        let top = graph.vertices.indices.map { middles[$0] - Double(heights[$0]) / 2 }.min() ?? 0
        let rows = middles.map { Int(($0 - top).rounded()) }
        // The layers: how wide their boxes are, and what is written before them.
        var boxes = [Int](repeating: 0, count: graph.layers.count)
        var labels = [Int](repeating: 0, count: graph.layers.count)
        for (node, size) in sizes.enumerated() {
            boxes[graph.vertices[node]] = max(boxes[graph.vertices[node]], size.width)
        }
        for hop in graph.hops where !graph.isPoint(hop.to) {
            labels[graph.vertices[hop.to]] = max(labels[graph.vertices[hop.to]], links[hop.link].labelWidth)
        }
        var lefts: [Int] = []
        var x = 0
        for layer in graph.layers.indices {
            if layer > 0 { x += Self.bend + labels[layer] + Self.arrow }
            lefts.append(x)
            x += boxes[layer]
        }
        for node in sizes.indices {
            let layer = graph.vertices[node]
            frames[node] = Frame(
                x: lefts[layer], y: rows[node] - heights[node] / 2, width: boxes[layer], height: heights[node])
        }
        for hop in graph.hops {
            let (from, to) = (graph.vertices[hop.from], graph.vertices[hop.to])
            let start = rows[hop.from] + Int(Self.offset(hop.departure, of: graph.after[hop.from].count).rounded())
            let end = rows[hop.to] + Int(Self.offset(hop.arrival, of: graph.before[hop.to].count).rounded())
            if routes[hop.link].points.isEmpty {
                routes[hop.link].points.append(Point(x: lefts[from] + boxes[from], y: start))
                routes[hop.link].isReversed = graph.isReversed[hop.link]
            }
            routes[hop.link].points.append(Point(x: lefts[to] - labels[to] - Self.arrow, y: end))
            routes[hop.link].points.append(Point(x: lefts[to] + (graph.isPoint(hop.to) ? boxes[to] : 0), y: end))
        }
        width = x
        height = graph.vertices.indices.map { rows[$0] + (heights[$0] + 1) / 2 }.max() ?? 0
    }
}
