import FoundationEssentials
import Testing
import Yams

@testable import Shared

@Suite struct `Runtime conditions` {
    // MARK: From a tape

    /// A process that calls others.
    struct Caller {
        var tape = TapeBuilder()
        let process = ProcessKey(pid: 7, startTime: 1)

        init(name: String = "web", _ environment: [String: String]) {
            let entries = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)\0" }
            let block = Array(entries.joined().utf8)
            tape.add(
                .process(
                    ProcessIdentity(
                        key: process, comm: name, commandLine: name, profile: "local", profileName: name,
                        environment: .block(block))))
        }

        mutating func asks(
            _ remote: Endpoint, _ request: String, body: String = "", status: Int = 200, answer: String = ""
        ) {
            tape.wait(milliseconds: 1)
            tape.open(remote: remote, process: process)
            let type = body.hasPrefix("{") || body.hasPrefix("[") ? "Content-Type: application/json\r\n" : ""
            tape.send("\(request)\(type)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
            tape.receive(
                "HTTP/1.1 \(status) X\r\nContent-Type: application/json\r\nContent-Length: \(answer.utf8.count)\r\n\r\n\(answer)"
            )
            tape.close()
        }

        mutating func talks(_ remote: Endpoint, _ sent: String, _ received: String) {
            tape.wait(milliseconds: 1)
            tape.open(remote: remote, process: process)
            tape.send(sent)
            tape.receive(received)
            tape.close()
        }

        func outcome(
            _ name: String = "web", names: [String] = []
        ) throws -> (profile: ConditionsProfile, evidence: ConditionsEvidence) {
            var options = Profiler.Options()
            (options.keepsPlaces, options.redact) = (true, true)
            for rule in names { try options.names.add(rule) }
            let profiler = Profiler(options)
            for entry in tape.entries { profiler.consume(entry.event, payload: entry.payload.span.bytes) }
            profiler.finish()
            return try ConditionsFinder.profile(
                of: name, uri: "https://example.org/\(name)", profiler.serviceMap(withBodies: true),
                profiler.surroundings)
        }
    }

    static func place(_ last: UInt8, _ port: UInt16) -> Endpoint {
        Endpoint(IPAddress(v4: 0x0A00_0000 | UInt32(last)), port)
    }

    static func yaml(_ profile: ConditionsProfile, _ reference: ExtensionReference = .suffix) -> String {
        ConditionsFile.profile(profile, from: "x", reference)
    }

    @Test func `are one of a destination, with operations by path and then method`() throws {
        var caller = Caller(["ORDERS_URL": "http://orders:8080", "SECRET_TOKEN": "opensesame"])
        let orders = Self.place(9, 8080)
        let host = "HTTP/1.1\r\nHost: orders:8080\r\n"
        caller.asks(orders, "POST /orders \(host)", body: #"{"item":1}"#, status: 201, answer: #"{"id":7,"at":1.5}"#)
        caller.asks(orders, "GET /orders \(host)", answer: #"[{"id":1},{"id":2,"note":null}]"#)
        caller.asks(orders, "GET /orders?page=2 \(host)", answer: #"[{"id":3}]"#)
        caller.asks(orders, "GET /orders \(host)", status: 500, answer: #"{"error":"x"}"#)
        caller.asks(orders, "DELETE /a \(host)", status: 404, answer: #"{"error":"x"}"#)
        caller.asks(orders, "QUERY /a \(host)")
        caller.asks(orders, "GET /healthz \(host)", answer: #"{"ok":true}"#)
        caller.asks(orders, "GET /files/opensesame/x \(host)", answer: "{}")
        let (profile, evidence) = try caller.outcome()
        #expect(
            profile.conditions == [
                Condition(
                    name: "orders",
                    interface: .api([
                        APIOperation(method: "DELETE", path: "/a"),
                        APIOperation(method: "GET", path: "/files/{credential}/x", response: .object([])),
                        APIOperation(
                            method: "GET", path: "/orders",
                            response: .array(.object([.init(key: "id", schema: .integer)]))),
                        APIOperation(
                            method: "POST", path: "/orders",
                            request: .object([.init(key: "item", schema: .integer)]),
                            response: .object([
                                .init(key: "at", schema: .number), .init(key: "id", schema: .integer),
                            ])),
                    ]), configurations: [[ConfiguredVariable(property: .url, name: "ORDERS_URL")]])
            ])
        #expect(
            evidence.leftOut.map { "\($0.what) \($0.count) \($0.isLoss)" } == [
                "GET /healthz 1 false", "QUERY /a 1 true",
            ])
        #expect(evidence.lost == 1)
        #expect(
            evidence.conditions[0].losses == [
                .init(operation: "GET /orders", body: "response", place: "[].note", reason: "not in all of them")
            ])
        #expect(evidence.conditions[0].count == 6)
    }

    /// What one target can't be said of stands in no way of the others.
    @Test func `leave out a path that is none, and take no brace of a client for a parameter`() throws {
        var caller = Caller([:])
        let orders = Self.place(9, 8080)
        let host = "HTTP/1.1\r\nHost: orders:8080\r\n"
        for path in ["//x", "/a/{b}", "/ok"] { caller.asks(orders, "GET \(path) \(host)") }
        let (profile, evidence) = try caller.outcome()
        guard case .api(let operations) = profile.conditions[0].interface else {
            Issue.record("\(profile)")
            return
        }
        #expect(operations.map(\.path) == ["/a/%7Bb%7D", "/ok"])
        #expect(evidence.leftOut.map { "\($0.what) \($0.count) \($0.isLoss)" } == ["GET //x 1 true"])
    }

    @Test func `are there for stores and buses, by their own kinds`() throws {
        var caller = Caller([:])
        caller.talks(Self.place(2, 6379), "*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n", "+PONG\r\n$-1\r\n")
        caller.talks(Self.place(3, 11211), "get a\r\n", "END\r\n")
        caller.talks(
            Self.place(4, 4222), "CONNECT {}\r\nPUB orders.new 2\r\nhi\r\nSUB orders.* 1\r\nPUB orders.17 2\r\nhi\r\n",
            "INFO {\"server_id\":\"x\"}\r\n")
        let (profile, evidence) = try caller.outcome(names: ["10.0.0.2=cache"])
        #expect(
            profile.conditions == [
                Condition(name: "cache", interface: .cache(engine: "redis")),
                Condition(name: "memcached", interface: .cache(engine: "memcached")),
                Condition(
                    name: "nats",
                    interface: .nats([
                        .connect, NATSCondition(resource: .subject, action: "publish", name: "orders.*"),
                        NATSCondition(resource: .subject, action: "subscribe", name: "orders.*"),
                        NATSCondition(resource: .subject, action: "publish", name: "orders.new"),
                    ])),
            ])
        #expect(evidence.conditions.map(\.destination) == ["cache", nil, nil])
        #expect(profile.vocabularies == [.commonIntegrations, .nats])
    }

    @Test func `are refused where a profile would say that nothing is needed`() throws {
        let nobody = Caller([:])
        #expect(throws: ConditionsFinder.Refusal.notSeen) { try nobody.outcome() }
        var checks = Caller([:])
        checks.asks(Self.place(9, 80), "GET /healthz HTTP/1.1\r\nHost: a\r\n", answer: "{}")
        #expect(try Self.lost(checks) == 0)
        var bus = Caller([:])
        bus.talks(Self.place(4, 5672), "AMQP\0\0\u{9}\u{1}", "")
        #expect(try Self.lost(bus) == 1)
    }

    /// How much of what somebody needs can't be said, where nothing can.
    private static func lost(_ caller: Caller) throws -> Int? {
        do {
            _ = try caller.outcome()
            return nil
        } catch ConditionsFinder.Refusal.nothingToSay(let evidence) {
            return evidence.lost
        }
    }

    @Test func `hold no value, whatever the environment and the traffic are`() throws {
        for seed in UInt64(0)..<60 {
            var random = SeededRandom(seed: seed)
            func word(_ count: Int) -> String { String(decoding: random.letters(count), as: UTF8.self) }
            let (host, user, password, token, bare) = (
                "\(word(12)).\(word(9)).example", word(10), word(14), word(20), word(16)
            )
            let address = Self.place(UInt8(1 + random.below(250)), UInt16(20000 + random.below(9999)))
            let store = Self.place(UInt8(1 + random.below(250)), UInt16(40000 + random.below(9999)))
            let (from, to) = (address.description, store.description)
            var environment = [
                "API_URL": random.chance(oneIn: 2)
                    ? "http://\(host):\(address.port)" : "http://\(user):\(password)@\(from)",
                "API_TOKEN": token, "STORE_URL": "redis://:\(password)@\(to)/3", "STORE_PORT": "\(store.port)",
                "STORE_HOST": store.address.description, "STORE_USER": user, "STORE_PASSWORD": password,
                "SESSION_SECRET": bare, "OTHER": word(11),
            ]
            for name in environment.keys.sorted() where random.chance(oneIn: 4) { environment[name] = nil }
            var caller = Caller(environment)
            let authority = "HTTP/1.1\r\nHost: \(host):\(address.port)\r\nAuthorization: Bearer \(token)\r\n"
            caller.asks(address, "GET /bot\(token)/send?key=\(password) \(authority)", answer: "{\"a\":\"\(bare)\"}")
            caller.asks(address, "POST /x/\(bare) \(authority)", body: "{\"a\":\"\(user)\"}", answer: "[]")
            caller.asks(address, "PUT /y \(authority)", body: "\(word(9))", answer: "[1,null]")
            caller.talks(store, "*2\r\n$3\r\nGET\r\n$16\r\n\(bare)\r\n", "$-1\r\n")
            let (profile, evidence) = try caller.outcome()
            let texts = [
                Self.yaml(profile), ConditionsFile.evidence(evidence, of: profile, from: "x", isLossy: false),
            ]
            let ports = ["\(address.port)", "\(store.port)"]
            let secrets = environment.filter { CredentialNames.credential(ofVariable: Array($0.key.utf8)) != nil }.map(
                \.value)
            let values =
                [host, user, address.address.description, store.address.description] + ports + secrets
                + environment.values
            for value in values {
                #expect(!texts.contains { $0.contains(value) }, "seed \(seed): \(value)")
            }
            #expect(profile.conditions.count == 2)
        }
    }

    // MARK: The document

    @Test func `are written in the words of the specification`() throws {
        let profile = ConditionsProfile(
            name: "web", uri: "https://example.org/web",
            conditions: [
                Condition(
                    name: "orders",
                    interface: .api([
                        APIOperation(
                            method: "POST", path: "/a",
                            request: .object([
                                .init(key: "a: b", schema: .null), .init(key: "no", schema: .array(.array(.boolean))),
                                .init(key: "x", schema: .array(.object([.init(key: "y", schema: .string)]))),
                            ]), response: .array(.object([])))
                    ]),
                    configurations: [
                        [ConfiguredVariable(property: .url, name: "A", isSensitive: true)],
                        [ConfiguredVariable(property: .hostname, name: "B")],
                    ]),
                Condition(name: "db", interface: .datastore(type: "relational", engine: nil)),
            ])
        let root = try #require(try Yams.load(yaml: Self.yaml(profile)) as? [String: Any])
        #expect(root["apiVersion"] as? String == "runtimeconditions.io/v1alpha1")
        #expect(root["kind"] as? String == "RuntimeConditionsProfile")
        #expect(
            root["extensions"] as? [String] == [
                "https://runtimeconditions.io/extensions/common-integrations:v1alpha1",
                "https://runtimeconditions.io/extensions/env-configuration:v1alpha1",
            ])
        let conditions = try #require(root["conditions"] as? [[String: Any]])
        let api = try #require(conditions[0]["interface"] as? [String: Any])
        let operation = try #require((api["operations"] as? [[String: Any]])?.first)
        let request = try #require(operation["requestBodySchema"] as? [String: Any])
        #expect(request["a: b"] as? String == "null")
        #expect(request["no"] as? [[String]] == [["boolean"]])
        #expect(request["x"] as? [[String: String]] == [["y": "string"]])
        #expect((operation["responseSchema"] as? [[String: String]]) == [[:]])
        let alternatives = try #require(
            (conditions[0]["configuration"] as? [String: Any])?["alternatives"] as? [[String: [[String: Any]]]])
        #expect(alternatives.compactMap { $0["env"]?.first?["name"] as? String } == ["A", "B"])
        #expect(alternatives[0]["env"]?.first?["sensitive"] as? Bool == true)
        #expect(conditions[1]["interface"] as? [String: String] == ["type": "relational"])
        #expect(conditions[1]["configuration"] == nil)
        let url = Self.yaml(profile, .url)
        #expect(
            url.contains(
                "- https://runtimeconditions.io/extensions/common-integrations/v1alpha1/runtimeconditions.extension.yaml\n"
            ))
        let object = Self.yaml(profile, .object)
        #expect(
            object.contains(
                "  - id: https://runtimeconditions.io/extensions/common-integrations\n    version: \"v1alpha1\"\n"))
    }

    // MARK: Parts

    @Test func `have schemas of what all bodies have`() {
        var objects = SchemaFacts()
        func member(_ times: UInt64, _ change: (inout SchemaFacts) -> Void) -> SchemaFacts.Member {
            var facts = SchemaFacts()
            change(&facts)
            return SchemaFacts.Member(times: times, facts: facts)
        }
        objects.objects = 4
        objects.members = [
            "all": member(4) { $0.texts = 4 }, "some": member(3) { $0.texts = 3 },
            "union": member(4) { ($0.texts, $0.integers) = (2, 2) }, "null": member(4) { $0.nulls = 4 },
            "nullable": member(4) { ($0.nulls, $0.integers) = (1, 3) },
            "mixed": member(4) { ($0.integers, $0.fractions) = (2, 2) }, "empty": member(4) { $0.arrays = 4 },
            "deep": member(4) { $0.others = 4 },
        ]
        var losses: [SimpleSchema.Loss] = []
        let lowered = SimpleSchema.lowered(GeneralSchema(objects), &losses)
        #expect(
            lowered
                == .object([
                    .init(key: "all", schema: .string), .init(key: "mixed", schema: .number),
                    .init(key: "null", schema: .null), .init(key: "nullable", schema: .integer),
                ]))
        #expect(
            losses.map { "\($0.place.joined(separator: ".")) \($0.reason.rawValue)" } == [
                "deep too large, or too deep", "empty always an empty list", "nullable null in some of them",
                "some not in all of them", "union of several types",
            ])
        // Objects of two kinds have nothing in common, and anything is not what is there.
        var two = SchemaFacts()
        two.objects = 2
        two.members = ["a": member(1) { $0.texts = 1 }, "b": member(1) { $0.texts = 1 }]
        losses = []
        #expect(SimpleSchema.lowered(GeneralSchema(two), &losses) == nil)
        #expect(losses.map(\.reason) == [.nothingCommon])
        var form = SchemaFacts()
        form.objects = 1
        form.members = ["{form}": member(1) { $0.objects = 1 }]
        losses = []
        #expect(SimpleSchema.lowered(GeneralSchema(form), &losses) == nil)
        #expect(losses.map(\.reason) == [.notJSON])
    }

    @Test(arguments: [
        ("publish", "orders.new", "subject publish orders.new"),
        ("subscribe", "orders.>", "subject subscribe orders.>"),
        ("request", "stock.check", "subject request stock.check"),
        ("publish", "orders.{id}.new", "subject publish orders.*.new"),
        ("publish", "{id}", "-template"), ("publish", "a.x{id}", "-template"), ("publish", "a.{…}", "-template"),
        ("publish", "a.{b}.c", "subject publish a.{b}.c"), ("publish", "{b}", "subject publish {b}"),
        ("publish", "$KV.settings.color", "key_value write settings"),
        ("subscribe", "$KV.settings.>", "key_value watch settings"),
        ("publish", "$O.files.C.x", "object_store write files"),
        ("STREAM.CREATE", "KV_settings", "key_value create settings"),
        ("STREAM.CREATE", "EVENTS", "stream create EVENTS"),
        ("CONSUMER.CREATE", "EVENTS.worker", "consumer create EVENTS"),
        ("receive", "EVENTS.worker", "consumer consume EVENTS"), ("STREAM.MSG.GET", "KV_a", "key_value read a"),
        ("STREAM.NAMES", "", "-unknown"), ("reply", "", "-inbox"), ("process", "orders.new", "-consequence"),
        ("publish", "$SYS.x", "-unknown"), ("publish", "a b", "-name"), ("STREAM.INFO", "{id}", "-name"),
    ])
    func `of NATS are actions on resources`(_ name: String, _ target: String, _ expected: String) {
        var found: String
        do throws(NATSCondition.Outside) {
            let condition = try NATSCondition.of(name, target.isEmpty ? nil : target)
            found = "\(condition.resource.rawValue) \(condition.action) \(condition.name)"
        } catch {
            found = "-\(String(describing: error))"
        }
        #expect(found == expected)
    }

    @Test(arguments: [
        ("reviews", "reviews"), ("reviews:9080", "reviews"), ("reviews.default.svc.cluster.local:9080", "reviews"),
        ("reviews.prod.svc", "reviews"), ("api.stripe.com", nil), ("10.0.0.1", nil), ("10.0.0.1:80", nil),
        ("[::1]:80", nil), ("localhost", nil), ("/run/x.sock", nil), ("@abstract", nil), ("unknown", nil), ("", nil),
        ("db.internal", nil),
    ])
    func `have names of services, and no hosts`(_ destination: String, _ name: String?) {
        #expect(DestinationNames(given: []).shown(destination, .external) == name)
        #expect(DestinationNames(given: [destination]).shown(destination, .external) == destination)
    }

    @Test(arguments: [
        ("GET", "/healthz", "web", SupportingTraffic.healthCheck), ("HEAD", "/readyz/", "web", .healthCheck),
        ("POST", "/v1/traces", "collector", .telemetry), ("GET", "/metrics", "web", .telemetry),
        ("GET", "/latest/meta-data", "169.254.169.254", .metadata),
        ("GET", "/computeMetadata/v1", "metadata.google.internal", .metadata),
        ("POST", "/healthz", "web", nil), ("GET", "/v1/traces", "web", nil), ("GET", "/health/records", "web", nil),
        ("GET", "/", "metadata.example.org", nil), ("GET", "/", "metadata", nil),
    ])
    func `leave out what serves a workload's running`(
        _ method: String, _ path: String, _ destination: String, _ kind: SupportingTraffic?
    ) { #expect(SupportingTraffic.of(method: method, path: path, destination: destination) == kind) }
}
