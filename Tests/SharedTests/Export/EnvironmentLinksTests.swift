import Testing

@testable import Shared

@Suite struct `Links of environment variables` {
    static let loopback = IPAddress(v4: 0x7F00_0001)

    static func target(
        _ hosts: Set<String> = [], _ addresses: Set<IPAddress> = [], _ ports: Set<UInt16>, words: Set<String> = [],
        _ interface: Condition.Interface? = .cache(engine: "redis")
    ) -> EnvironmentLinks.Target {
        EnvironmentLinks.Target(
            hosts: hosts, addresses: addresses, ports: ports, words: words,
            properties: interface.map { ConfigurationProperty.allowed($0) } ?? [],
            isAPI: interface.map { if case .api = $0 { true } else { false } } ?? false)
    }

    static func links(
        _ variables: [String: String], _ targets: [EnvironmentLinks.Target], listening: Set<UInt16> = []
    ) -> EnvironmentLinks {
        EnvironmentLinks(
            ServiceSurroundings.Service(variables: variables.mapValues { [$0] }, listening: listening, reached: [:]),
            targets)
    }

    /// As `property name`, a password with a mark; alternatives with `|` between.
    static func text(_ links: EnvironmentLinks, _ target: Int) -> String {
        links.configurations(of: target).map { group in
            group.map { "\($0.property.rawValue) \($0.name)\($0.isSensitive ? "!" : "")" }.joined(separator: ", ")
        }.joined(separator: " | ")
    }

    @Test func `follow values, and names where values are alike`() {
        // The demo on one machine: every host is 127.0.0.1.
        let targets = [
            Self.target([], [Self.loopback], [31434], words: ["HTTP"], .api([])),
            Self.target([], [Self.loopback], [23739], words: ["POSTGRES"], .datastore(type: "relational", engine: nil)),
            Self.target([], [Self.loopback], [31250], words: ["REDIS"]),
        ]
        let links = Self.links(
            [
                "TARGET_HOST": "127.0.0.1", "HTTP_PORT": "31434", "REDIS_HOST": "127.0.0.1", "REDIS_PORT": "31250",
                "POSTGRES_HOST": "127.0.0.1", "POSTGRES_PORT": "23739", "POSTGRES_USER": "demo", "POSTGRES_DB": "demo",
                "POSTGRES_PASSWORD": "demo", "SEED": "31250", "TOTAL_REQUESTS": "23739", "EMPTY_HOST": "",
            ], targets)
        #expect(Self.text(links, 0) == "hostname TARGET_HOST, port HTTP_PORT")
        #expect(
            Self.text(links, 1)
                == "hostname POSTGRES_HOST, port POSTGRES_PORT, database POSTGRES_DB, username POSTGRES_USER, password POSTGRES_PASSWORD!"
        )
        #expect(Self.text(links, 2) == "hostname REDIS_HOST, port REDIS_PORT")
        #expect(links.unbound.isEmpty)
        #expect(links.links.first { $0.variable.name == "TARGET_HOST" }?.reason == .remaining)
        #expect(links.links.first { $0.variable.name == "REDIS_HOST" }?.reason == .stem)
        #expect(links.links.first { $0.variable.name == "POSTGRES_USER" }?.reason == .name)
    }

    @Test func `are left out where nothing tells two apart`() {
        let databases = [
            Self.target(["a"], [], [5432], .datastore(type: "relational", engine: "postgres")),
            Self.target(["b"], [], [5432], .datastore(type: "relational", engine: "postgres")),
        ]
        // The host's stem decides for its port; a port alone could be of either.
        let both = Self.links(
            ["ORDERS_HOST": "a", "ORDERS_PORT": "5432", "USERS_HOST": "b", "DB_PORT": "5432"], databases)
        #expect(Self.text(both, 0) == "hostname ORDERS_HOST, port ORDERS_PORT")
        #expect(Self.text(both, 1) == "hostname USERS_HOST")
        #expect(both.unbound == [EnvironmentLinks.Unbound(name: "DB_PORT", reason: .ambiguous)])

        // Two hosts that fit two places: which is whose is not known.
        let places = [
            Self.target([], [Self.loopback], [1]), Self.target([], [Self.loopback], [2]),
        ]
        let unknown = Self.links(["LEFT_HOST": "127.0.0.1", "RIGHT_HOST": "localhost"], places)
        #expect(unknown.links.isEmpty)
        #expect(unknown.unbound.map(\.name) == ["LEFT_HOST", "RIGHT_HOST"])
    }

    @Test func `that both fit are alternatives`() {
        let store = Self.target(["cache"], [], [6379])
        #expect(
            Self.text(
                Self.links(
                    [
                        "REDIS_URL": "redis://:secret@cache:6379/0", "CACHE_HOST": "cache", "CACHE_PORT": "6379",
                        "CACHE_TOKEN": "x",
                    ], [store]), 0)
                == "url REDIS_URL! | hostname CACHE_HOST, port CACHE_PORT, token CACHE_TOKEN!")
        #expect(Self.text(Self.links(["REDIS_URL": "redis://cache"], [store]), 0) == "url REDIS_URL")
        #expect(Self.text(Self.links(["REDIS_ADDR": "cache:6379"], [store]), 0) == "url REDIS_ADDR")
    }

    @Test(arguments: [
        ("REDIS_URL", "redis://cache:6380/0"), ("REDIS_URL", "redis://other:6379/0"), ("REDIS_URL", "http://cache"),
        ("CACHE_BACKEND_NAME", "cache"), ("TIMEOUT", "6379"), ("REDIS_HOST", "cache2"), ("REDIS_PORT", "06a379"),
        ("REDIS_PORT", "66379"), ("NO_PROXY", "cache"), ("HTTP_PROXY", "http://cache:6379"),
        ("ADI_PROFILE_NAME", "cache"), ("REDIS_URL", "://"), ("REDIS_URL", "redis://"), ("REDIS_HOST", "[cache"),
    ])
    func `do not follow what only looks alike`(_ name: String, _ value: String) {
        let links = Self.links([name: value], [Self.target(["cache"], [], [6379])])
        #expect(links.links.isEmpty)
    }

    @Test func `are not those that a platform sets for each service`() {
        let variables = [
            "REDIS_SERVICE_HOST": "10.0.0.7", "REDIS_SERVICE_PORT": "6379", "REDIS_PORT": "tcp://10.0.0.7:6379",
            "REDIS_PORT_6379_TCP": "tcp://10.0.0.7:6379", "REDIS_PORT_6379_TCP_ADDR": "10.0.0.7",
            "REDIS_PORT_6379_TCP_PORT": "6379",
        ]
        let address = IPAddress(v4: 0x0A00_0007)
        let links = Self.links(variables, [Self.target([], [address], [6379])])
        #expect(links.links.isEmpty && links.unbound.allSatisfy { $0.reason == .platform } && !links.unbound.isEmpty)
        // Somebody has written it.
        let own = Self.links(["REDIS_SERVICE_HOST": "10.0.0.7"], [Self.target([], [address], [6379])])
        #expect(Self.text(own, 0) == "hostname REDIS_SERVICE_HOST")
    }

    @Test func `are not those that say where a service listens`() {
        let api = Self.target(["reviews"], [], [9080], words: ["HTTP"], .api([]))
        let links = Self.links(
            ["PORT": "9080", "REVIEWS_HOSTNAME": "reviews", "REVIEWS_SERVICE_PORT": "9080", "HTTP_PORT": "9080"],
            [api], listening: [9080])
        #expect(Self.text(links, 0) == "hostname REVIEWS_HOSTNAME, port REVIEWS_SERVICE_PORT")
        #expect(links.unbound.map(\.name) == ["HTTP_PORT"])
    }

    @Test func `that can't be declared are told of`() {
        let nats = Self.target(["nats"], [], [4222], .nats([]))
        let links = Self.links(["NATS_URL": "nats://nats:4222"], [nats])
        #expect(links.configurations(of: 0).isEmpty)
        #expect(links.unbound == [EnvironmentLinks.Unbound(name: "NATS_URL", reason: .property)])
        let odd = Self.links(["cache.host-name": "cache"], [Self.target(["cache"], [], [6379])])
        #expect(odd.unbound == [EnvironmentLinks.Unbound(name: "cache.host-name", reason: .name)])
    }

    @Test(arguments: [
        ("POSTGRES_HOST", "POSTGRES", ConfigurationProperty.hostname), ("PGPASSWORD", "PG", .password),
        ("ORDERS_DB_NAME", "ORDERS_DB", .database), ("REVIEWS_SERVICE_PORT", "REVIEWS", .port),
        ("API_BASE_URL", "API", .url), ("STRIPE_API_KEY", "STRIPE", .token), ("DB_SSL_MODE", "DB", .tls),
        ("PORT", "", .port), ("CELERY_RESULT_BACKEND", "CELERY_RESULT", .hostname), ("LOG_LEVEL", "LOG_LEVEL", nil),
        ("IMPORT", "IMPORT", nil),
    ])
    func `have names of a stem and a property`(_ name: String, _ stem: String, _ property: ConfigurationProperty?) {
        let read = VariableName(name)
        #expect(read.stem.joined(separator: "_") == stem && read.property == property)
    }

    @Test(arguments: [
        ("jdbc:postgresql://db:5432/x", "postgresql db:5432"), ("postgres://u:p@db/x", "postgres db !"),
        ("mongodb://a:1,b:2/?replicaSet=x", "mongodb a:1,b:2"), ("https://api.example.com/v1", "https api.example.com"),
        ("postgresql+psycopg://db", "postgresql db"), ("http://[2001:db8::1]:80/", "http 2001:db8::1:80"),
    ])
    func `read URLs as drivers write them`(_ text: String, _ expected: String) throws {
        guard case .url(let scheme, let places, let hasPassword) = try #require(VariableValue(text)) else {
            Issue.record("no URL")
            return
        }
        let shown = places.map { $0.host + ($0.port.map { ":\($0)" } ?? "") }.joined(separator: ",")
        #expect("\(scheme) \(shown)\(hasPassword ? " !" : "")" == expected)
    }

    @Test(arguments: [
        "https://[::1/", "https://::1]/", "https://[::1]x/", "https://[x]/", "https://", "kafka://a:1,[::1",
        "http://a:b/",
    ])
    func `read no URL where the host is none`(_ text: String) { #expect(VariableValue(text) == nil) }

    @Test func `are the same whatever comes first, and always of a variable that is there`() {
        for seed in UInt64(0)..<200 {
            var random = SeededRandom(seed: seed)
            let words = ["A", "B", "REDIS", "DB", "X"]
            let ends = ["HOST", "PORT", "URL", "USER", "PASSWORD", "NAME", "ADDR"]
            let values = ["a", "b", "1", "2", "http://a:1", "redis://u:p@b:2", "a:1", "localhost", ""]
            var variables: [String: String] = [:]
            for _ in 0..<random.below(12) {
                variables["\(words[random.below(words.count)])_\(ends[random.below(ends.count)])"] =
                    values[random.below(values.count)]
            }
            let targets = [
                Self.target(["a"], [Self.loopback], [1], words: ["A"], .api([])),
                Self.target(["b"], [Self.loopback], [2], words: ["REDIS"]), Self.target(["b"], [], [1]),
            ]
            let links = Self.links(variables, targets)
            let again = Self.links(variables, targets)
            #expect(links.links == again.links && links.unbound == again.unbound, "seed \(seed)")
            for link in links.links {
                #expect(variables[link.variable.name]?.isEmpty == false, "seed \(seed)")
                #expect(links.links.count { $0.variable.name == link.variable.name } == 1, "seed \(seed)")
            }
            for number in targets.indices {
                let groups = links.configurations(of: number)
                #expect(Set(groups).count == groups.count && !groups.contains([]), "seed \(seed)")
                #expect(
                    groups.allSatisfy { group in Set(group.map(\.property)).count == group.count || group.count > 1 },
                    "seed \(seed)")
            }
        }
    }
}
