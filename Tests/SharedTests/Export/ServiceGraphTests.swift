import Testing

@testable import Shared

@Suite struct `The graph of services` {
    static let moment = Timestamp(nanoseconds: 1_775_672_650_123_456_789)

    static func endpoint(_ destination: String, _ path: String = "/", count: UInt64 = 1) -> ServiceMapDocument.Endpoint
    {
        ServiceMapDocument.Endpoint(
            destination: destination, destinationType: .external, method: "GET", path: path, requestSchema: .empty,
            responseSchema: .empty, firstSeen: moment, lastSeen: moment, count: count, protocolName: "http/1.1")
    }

    static func connection(
        _ destination: String, _ protocolName: String, _ category: String, port: UInt16 = 1
    ) -> ServiceMapDocument.Connection {
        ServiceMapDocument.Connection(
            destination: destination, destinationType: .external, protocolName: protocolName, category: category,
            port: port, confidence: 90, reason: "", firstSeen: moment, lastSeen: moment, count: 1)
    }

    static func service(
        _ name: String, _ endpoints: [ServiceMapDocument.Endpoint] = [],
        _ connections: [ServiceMapDocument.Connection] = []
    ) -> ServiceMapDocument.Service {
        ServiceMapDocument.Service(
            name: name, image: nil, endpoints: endpoints, connections: connections, firstSeen: moment, lastSeen: moment)
    }

    static func graph(_ services: [ServiceMapDocument.Service]) -> ServiceGraph {
        ServiceGraph(ServiceMapDocument(generatedAt: moment, services: services))
    }

    @Test func `has a node a name and an edge a pair`() {
        let graph = Self.graph([
            Self.service(
                "web", [Self.endpoint("orders", "/a", count: 2), Self.endpoint("orders", "/b", count: 3)],
                [
                    Self.connection("db", "postgres", "database", port: 5432),
                    Self.connection("db", "tls", "tls", port: 5433),
                    Self.connection("far", "tls", "tls", port: 443), Self.connection("odd", "unknown", "unknown"),
                ]),
            Self.service("orders", [Self.endpoint("orders", count: 4), Self.endpoint("web")]),
        ])
        #expect(graph.nodes.map(\.name) == ["db", "far", "odd", "orders", "web"])
        #expect(graph.nodes.map(\.kind) == [.database, .encrypted, .unknown, .service, .service])
        #expect(graph.nodes[0].detail == "postgres :5432")
        #expect(
            graph.edges.map { "\(graph.nodes[$0.source].name) \(graph.nodes[$0.target].name): \($0.label)" } == [
                "orders orders: 4", "orders web: 1", "web db: 2 connections", "web far: 1 connection",
                "web odd: 1 connection", "web orders: 5",
            ])
    }

    @Test func `tells names apart whatever characters they have`() {
        let graph = Self.graph([
            Self.service("a", [Self.endpoint("b\0c")]), Self.service("a\0b", [Self.endpoint("c"), Self.endpoint("a")]),
            Self.service("a\0b\0c", [Self.endpoint("d")]), Self.service("z", [Self.endpoint("a\0b")]),
        ])
        #expect(graph.nodes.count == 7 && graph.edges.count == 5)
        #expect(graph.edges.allSatisfy { $0.totals.count == 1 })
    }

    @Test func `of hosts beside containers some are external`() {
        var own = Self.endpoint("orders")
        own.destinationType = .container
        let graph = Self.graph([Self.service("web", [own, Self.endpoint("api.example")])])
        #expect(graph.nodes.map(\.kind) == [.external, .service, .service])
    }

    @Test func `makes one of those that are alike`() {
        let hosts = (0..<500).map { Self.endpoint("host-\($0)") }
        let graph = Self.graph([
            Self.service("web", hosts + [Self.endpoint("orders")]), Self.service("orders", [Self.endpoint("far")]),
        ])
        let shown = graph.fitted(.init(nodes: 200, edges: 400))
        #expect(shown.nodes.map(\.name) == ["far", "500 services", "orders", "web"])
        #expect(shown.folded == 500)
        #expect(shown.edges.map(\.totals.count).reduce(0, +) == graph.edges.map(\.totals.count).reduce(0, +))
        #expect(shown.nodes[1].detail == "host-0, host-1, host-10, …")
    }

    @Test(arguments: [(12, 14), (20, 60), (1, 1), (60, 60)])
    func `fits any room, and leaves nothing out`(_ nodes: Int, _ edges: Int) {
        var random = SeededRandom(seed: 7)
        let services = (0..<80).map { number in
            Self.service(
                "s\(number)",
                (0..<6).map { _ in
                    Self.endpoint(
                        "s\(Int.random(in: 0..<80, using: &random))", count: .random(in: 1...9, using: &random))
                }, number % 4 == 0 ? [Self.connection("db\(number)", "postgres", "database")] : [])
        }
        let graph = Self.graph(services)
        let shown = graph.fitted(.init(nodes: nodes, edges: edges))
        // Of one kind with itself, and of two, four edges are the least that there are.
        #expect(shown.nodes.count <= max(nodes, 2) && shown.edges.count <= max(edges, 4))
        #expect(shown.edges.map(\.totals.count).reduce(0, +) == graph.edges.map(\.totals.count).reduce(0, +))
        #expect(shown.edges.map(\.connections).reduce(0, +) == graph.edges.map(\.connections).reduce(0, +))
        let alone = shown.nodes.filter { $0.members.isEmpty }.count
        #expect(alone + shown.folded == graph.nodes.count)
    }

    @Test func `more than a picture has room for stand together by namespace, before they do by kind`() {
        // Each is called by another service: none is like another.
        let services = (0..<120).map { number in
            let host = [
                "cart-\(number).shop.svc.cluster.local", "db-\(number).stores.svc.cluster.local", "10.1.2.\(number)",
                "bare\(number)",
            ][number % 4]
            return Self.service("caller-\(number)", [Self.endpoint(host, count: UInt64(number + 1))])
        }
        let graph = Self.graph(services)
        let shown = graph.fitted(.init(nodes: 200, edges: 400))
        let groups = shown.nodes.filter { !$0.members.isEmpty }
        #expect(shown.nodes.count <= 200 && groups.count == 4)
        for group in groups {
            let inside = group.members.map { ServiceGraph.Node.namespace(of: $0) }
            #expect(Set(inside).count == 1, "\(group)")
            #expect(group.name == "\(group.members.count) services" + (inside[0].map { " in \($0)" } ?? ""))
        }
        // The busiest stand by themselves.
        #expect(shown.nodes.contains { $0.name == "caller-119" } && shown.nodes.contains { $0.name == "10.1.2.118" })
        #expect(shown.edges.map(\.totals.count).reduce(0, +) == graph.edges.map(\.totals.count).reduce(0, +))
        // Where that is not enough, by kind.
        let few = graph.fitted(.init(nodes: 20, edges: 400))
        #expect(few.nodes.count <= 20 && few.folded > 200)
    }

    @Test(arguments: [
        ("cart.shop.svc.cluster.local", "shop.svc.cluster.local"), ("s3.eu.example.com:443", "eu.example.com"),
        ("10.1.2.3", "10.1.2.0/24"), ("10.1.2.3:5432", "10.1.2.0/24"), ("2001:db8:0:1::7", "2001:db8:0:1::/64"),
        ("example.com", nil), ("orders", nil), ("", nil), (".", nil), ("..", nil), ("a..b", nil), ("a.b.", nil),
    ])
    func `of a name the namespace is its network or domain`(_ name: String, _ namespace: String?) {
        #expect(ServiceGraph.Node.namespace(of: name) == namespace)
    }

    @Test func `does not depend on the order of what it is made of`() {
        let services = [
            Self.service("b", [Self.endpoint("a"), Self.endpoint("c")]), Self.service("a", [Self.endpoint("c")]),
        ]
        let other = services.reversed().map { Self.service($0.name, $0.endpoints.reversed()) }
        let (one, two) = (Self.graph(services), Self.graph(Array(other)))
        #expect(one == two)
        #expect(GraphPicture.text(one, from: "", isLossy: false) == GraphPicture.text(two, from: "", isLossy: false))
    }
}
