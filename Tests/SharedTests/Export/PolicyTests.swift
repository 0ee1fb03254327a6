import Testing

@testable import Shared

@Suite struct `Policies and compositions` {
    private typealias Caller = `Runtime conditions`.Caller
    private static func place(_ last: UInt8, _ port: UInt16) -> Endpoint { `Runtime conditions`.place(last, port) }

    private static func seen(
        _ tape: TapeBuilder, names: [String] = [], series: Int? = nil
    ) throws -> (map: ServiceMapDocument, surroundings: ServiceSurroundings) {
        var options = Profiler.Options()
        if let series { options.limits.series = series }
        options.keepsPlaces = true
        for rule in names { try options.names.add(rule) }
        let profiler = Profiler(options)
        for entry in tape.entries { profiler.consume(entry.event, payload: entry.payload.span.bytes) }
        profiler.finish()
        return (profiler.serviceMap(withBodies: false), profiler.surroundings)
    }

    private static func asks(_ host: String) -> String { "GET / HTTP/1.1\r\nHost: \(host)\r\n" }

    @Test func `allow services by label, elsewhere by address, the own machine by nothing`() throws {
        var caller = Caller([:])
        caller.asks(Self.place(9, 8080), Self.asks("orders:8080"))
        caller.asks(Self.place(9, 8081), Self.asks("orders:8080"))
        caller.asks(Endpoint(IPAddress(v4: 0xC633_6407), 80), Self.asks("api.example.test"))
        caller.asks(Endpoint(IPAddress(v4: 0x7F00_0001), 3000), Self.asks("localhost:3000"))
        caller.talks(Self.place(3, 6379), "*1\r\n$4\r\nPING\r\n", "+PONG\r\n")
        let seen = try Self.seen(caller.tape)
        let (policies, leftOut) = NetworkPolicyFile.policies(seen.map, seen.surroundings, from: "x", label: "app")
        #expect(policies.map(\.service) == ["orders", "web"] && leftOut == [])
        #expect(
            policies[1].text == """
                # x
                # A draft: it refuses what was not seen. Pods are taken to have the label app, and to be in one namespace.
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata:
                  name: web
                spec:
                  podSelector:
                    matchLabels:
                      app: web
                  policyTypes:
                    - Ingress
                    - Egress
                  ingress: []
                  egress:
                    # lookups of names
                    - ports:
                        - protocol: UDP
                          port: 53
                        - protocol: TCP
                          port: 53
                    - to:
                        - podSelector:
                            matchLabels:
                              app: orders
                      ports:
                        - protocol: TCP
                          port: 8080
                        - protocol: TCP
                          port: 8081
                    - to:
                        - ipBlock:
                            cidr: "10.0.0.3/32"
                      ports:
                        - protocol: TCP
                          port: 6379
                    # api.example.test
                    - to:
                        - ipBlock:
                            cidr: "198.51.100.7/32"
                      ports:
                        - protocol: TCP
                          port: 80

                """)
        #expect(policies[0].text.contains("  ingress:\n    - from:\n        - podSelector:"))
    }

    @Test func `leave out what they can't say, and tell`() throws {
        var caller = Caller([:])
        caller.asks(Self.place(9, 80), Self.asks("orders"))
        caller.asks(Self.place(8, 80), Self.asks("stock"))
        caller.asks(Self.place(7, 80), Self.asks("x"))
        var seen = try Self.seen(caller.tape, names: ["10.0.0.7=a shop"])
        let text = { (label: String) in
            NetworkPolicyFile.policies(seen.map, seen.surroundings, from: "x", label: label)
        }
        #expect(text("app").leftOut == ["1 name that the format does not allow: a shop"])
        // Behind a published port is the only one on which the destination listens, or one of several.
        seen.surroundings.services["orders", default: .init()].listening = [8080]
        seen.surroundings.services["stock", default: .init()].listening = [8080, 8081]
        let web = text("app").policies.first { $0.service == "web" }
        #expect(web?.text.contains("port: 8080") == true && web?.text.contains("port: 80\n") == false)
        #expect(text("app").leftOut.last == "1 destination reached at a port on which nobody listens there: stock")
        // As of a state.
        seen.surroundings = ServiceSurroundings()
        #expect(text("app").leftOut.first?.contains("of which the port is not known") == true)
    }

    /// What stands for the rest of a map that is too large (`_other`) is no destination.
    @Test func `say of how many nobody knows whom they were asked of`() throws {
        var caller = Caller([:])
        for number in UInt8(1)...20 { caller.asks(Self.place(number, 80), Self.asks("orders-\(number)")) }
        let seen = try Self.seen(caller.tape, series: 5)
        let (policies, leftOut) = NetworkPolicyFile.policies(seen.map, seen.surroundings, from: "x", label: "app")
        let words =
            "15 endpoints of destinations beyond what is told of each service, so that nobody knows which; asked by: web"
        #expect(leftOut == [words] && policies.count == 6)
        let file = ComposeFile(seen.map, seen.surroundings)
        #expect(file.seen["web"]?.count == 5 && file.unknown == words)
        let fragment = file.fragment(from: "x")
        #expect(fragment.leftOut == [words] && !fragment.text.contains("_other"))
        #expect(try ComposeFile(Self.seen(caller.tape).map, seen.surroundings).unknown == nil)
        let (_, evidence) = try ConditionsFinder.profile(
            of: "web", uri: "https://example.org/web", seen.map, seen.surroundings)
        #expect(evidence.leftOut.map(\.reason) == ["15 endpoints beyond what is told of each service"])
    }

    @Test(arguments: [
        ("app", true), ("app.kubernetes.io/name", true), ("a/b/c", false), ("", false), ("/a", false), ("-a", false),
        ("A_b.c", true), ("Example.com/a", false), (String(repeating: "a", count: 64), false),
    ])
    func `know keys of labels`(_ key: String, _ isOne: Bool) { #expect(NetworkPolicyFile.isLabelKey(key) == isOne) }

    @Test func `have names of objects that Kubernetes takes, each its own`() throws {
        var caller = Caller(name: "Web_App", [:])
        caller.asks(Self.place(9, 80), Self.asks("web-app"))
        caller.asks(Self.place(8, 80), Self.asks("A-_b"))
        let seen = try Self.seen(caller.tape)
        let (policies, _) = NetworkPolicyFile.policies(seen.map, seen.surroundings, from: "x", label: "app")
        let names = policies.flatMap { $0.text.matches(of: /\n  name: (.*)\n/).map { String($0.1) } }
        #expect(names == ["web-app", "a--b", "web-app-2"])
    }

    // MARK: Compositions

    @Test func `need what serves work, and nobody for being asked whether they live`() throws {
        var caller = Caller([:])
        caller.asks(Self.place(9, 8080), Self.asks("orders:8080"))
        caller.asks(Self.place(8, 8080), "GET /healthz HTTP/1.1\r\nHost: stock:8080\r\n")
        caller.asks(Self.place(7, 4318), "POST /v1/traces HTTP/1.1\r\nHost: collector:4318\r\n")
        caller.asks(Self.place(6, 80), Self.asks("api.example.test"))
        caller.asks(Endpoint(IPAddress(v4: 0x7F00_0001), 3000), Self.asks("localhost:3000"))
        let seen = try Self.seen(caller.tape)
        let file = ComposeFile(seen.map, seen.surroundings)
        #expect(file.seen == ["web": ["orders"]] && file.supporting == ["web": ["stock", "collector"]])
        let (text, leftOut) = file.fragment(from: "x")
        #expect(
            text.hasSuffix(
                "services:\n  web:\n    depends_on:\n      orders:\n        condition: service_started\n"), "\(text)")
        #expect(leftOut == ["1 destination without the name of a service: api.example.test"])
    }

    /// An edge is part of a circle where its target reaches its source.
    @Test func `find each circle`() {
        for seed in UInt64(0)..<300 {
            var random = SeededRandom(seed: seed)
            let nodes = 2 + random.below(8)
            var edges: [String: Set<String>] = [:]
            for _ in 0..<random.below(20) {
                edges["\(random.below(nodes))", default: []].insert("\(random.below(nodes))")
            }
            let circles = Circles(edges)
            func reaches(_ from: String, _ to: String) -> Bool {
                var seen: Set<String> = []
                var rest = [from]
                while let node = rest.popLast() {
                    if node == to { return true }
                    if seen.insert(node).inserted { rest += edges[node] ?? [] }
                }
                return false
            }
            for (source, targets) in edges {
                for target in targets {
                    #expect(
                        circles.hold(source, target) == reaches(target, source), "seed \(seed): \(source) \(target)")
                }
            }
        }
    }
}
