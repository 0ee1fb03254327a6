import Foundation
import Shared
import TestSupport
import Testing

@testable import replay

@Suite struct `Profiles that somebody has written` {
    static let live = "Fixtures/demo/live/input.tape"
    static let root = "https://runtimeconditions.io/extensions/"
    static let head = """
        apiVersion: runtimeconditions.io/v1alpha1
        kind: RuntimeConditionsProfile
        metadata: {name: traffic-generator}
        workload: {uri: https://example.org/x}

        """
    static let extensions = """
        extensions:
          - \(root)common-integrations:v1alpha1
          - \(root)env-configuration:v1alpha1
          - \(root)nats/service:0.1.0

        """
    /// What the demo's traffic-generator needs.
    static let good =
        head + extensions + """
            conditions:
              - name: shop
                kind: api
                interface:
                  type: http
                  operations:
                    - {method: GET, path: /, responseSchema: {message: string}}
                    - {method: POST, path: /echo}
                    - {method: GET, path: "/{page}", responseSchema: {waited_ms: number}}
                configuration: {env: [{property: hostname, name: TARGET_HOST}, {property: port, name: HTTP_PORT}]}
              - name: db
                kind: datastore
                interface: {type: relational}
                configuration:
                  alternatives:
                    - env: [{property: url, name: DATABASE_URL, sensitive: true}]
                    - env:
                        - {property: hostname, name: POSTGRES_HOST, required: true}
                        - {property: port, name: POSTGRES_PORT}
              - {kind: cache, interface: {type: key_value, engine: redis}, configuration: {env: [
                  {property: hostname, name: REDIS_HOST}, {property: port, name: REDIS_PORT}]}}
            """

    /// A vocabulary for what the known ones have no word for.
    static let bus = """
        apiVersion: runtimeconditions.io/v1alpha1
        kind: RuntimeConditionsExtensionDefinition
        metadata: {id: https://example.org/bus/v1.yaml}
        spec:
          dependencies: [\(root)common-integrations:v1alpha1]
          kinds: [{name: message_bus}, {name: ledger}]
          interfaceTypes:
            - {name: broker, targetKind: message_bus}
            - {name: chain, targetKind: ledger}
          interfaceFields:
            - {name: engine, targetKind: message_bus, targetType: broker}
            - {name: mode, targetKind: cache, targetType: key_value}
          conditionFields:
            - {name: configuration, appliesToKinds: [message_bus], appliesToInterfaceTypes: [broker]}
            - {name: trust, appliesToKinds: [message_bus, cache]}
          fieldValues:
            - {field: interface.engine, targetKind: message_bus, targetType: broker, values: [kafka, rabbitmq]}
            - {field: interface.mode, targetKind: cache, values: [cluster]}
            - {field: "configuration.env[].property", targetKind: message_bus, values: [url, hostname]}
          schemas: [{id: x, schema: {type: object}}]

        """

    private let folder = TemporaryFolder()

    private func verify(_ text: String, _ arguments: [String] = [live]) throws -> Executable.Outcome {
        let file = folder.write("profile.yaml", Array(text.utf8))
        return try Executable.replay(["conditions", "verify", "--profile", file] + arguments)
    }

    private func faults(_ text: String, _ extensions: [String] = []) -> [String] {
        do throws(DocumentFault) {
            var definitions: [ExtensionDefinition] = []
            for text in extensions { definitions.append(try ExtensionDefinition(YAMLFile.document(Array(text.utf8)))) }
            let supplied = SuppliedVocabularies(definitions)
            return DeclaredProfile(try YAMLFile.document(Array(text.utf8)), supplied).faults.map {
                "\($0.kind.rawValue) \($0.line)"
            }
        } catch {
            return ["structural \(error.line)"]
        }
    }

    // MARK: Beside what was seen

    @Test func `agree with what was seen`() throws {
        let outcome = try verify(Self.good)
        #expect(outcome.status == 0 && outcome.output == "3 conditions declared, each as it was seen\n", "\(outcome)")
        // And so do those that were made from it, written again as JSON, too.
        for name in ["traffic-generator", "http-service", "request-logger"] {
            let file = "\(folder.path)/\(name).yaml"
            let made = try Executable.replay(
                ["export", "conditions", Self.live, "--workload-uri", "\(name)=urn:x", "-o", file])
            #expect(made.status == 0, "\(made.errors)")
            let own = try Executable.replay(["conditions", "verify", "--profile", file, Self.live])
            #expect(own.status == 0, "\(own.output)\(own.errors)")
        }
    }

    /// OpenAPI means the concrete path where one with a parameter would fit, too.
    @Test func `hold an operation against what is declared most exactly`() throws {
        var lines = [
            #"{"tapedeck_trace": 1}"#,
            #"{"type": "process", "timestamp": "2025-11-29T10:00:00.001Z", "pid": 1, "start_time": 10, "comm": "app", "command_line": "/usr/bin/app", "profile": "p", "profile_name": "web", "environment": []}"#,
            #"{"type": "open", "timestamp": "2025-11-29T10:00:00.002Z", "connection": 1, "local": "10.0.0.1:40000", "remote": "10.0.0.2:80", "role": "client", "pid": 1, "start_time": 10}"#,
        ]
        var position = ["send": 0, "receive": 0]
        for (path, body) in [("/v/1", "{\"a\":1}"), ("/v/list", "{\"a\":\"x\"}"), ("/v/2", "{\"a\":2}")] {
            let request = "GET \(path) HTTP/1.1\r\nHost: svc.example\r\n\r\n"
            let answer =
                "HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            for (direction, text) in [("send", request), ("receive", answer)] {
                lines.append(
                    "{\"type\": \"data\", \"timestamp\": \"2025-11-29T10:00:00.003Z\", \"connection\": 1, \"direction\": \"\(direction)\", \"position\": \(position[direction] ?? 0), \"base64\": \"\(Data(text.utf8).base64EncodedString())\"}"
                )
                position[direction, default: 0] += text.utf8.count
            }
        }
        let tape = folder.write("v.jsonl", Array((lines.joined(separator: "\n") + "\n").utf8))
        let file = "\(folder.path)/web.yaml"
        let made = try Executable.replay(["export", "conditions", tape, "--workload-uri", "web=urn:x:web", "-o", file])
        #expect(made.status == 0, "\(made.errors)")
        let outcome = try Executable.replay(["conditions", "verify", "--profile", file, tape])
        #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
    }

    @Test(arguments: [
        ("/echo", "/other", ["operation-not-declared shop POST /echo", "operation-not-seen shop POST /other"]),
        ("{message: string}", "{message: integer}", ["schema-differs shop GET / response at message"]),
        ("{message: string}", "{gone: string}", ["schema-differs shop GET / response at gone"]),
        ("TARGET_HOST", "SHOP_HOST", ["variable-not-declared shop TARGET_HOST", "variable-not-seen shop SHOP_HOST"]),
        ("POSTGRES_PORT", "PGPORT", ["variable-not-declared db POSTGRES_PORT", "variable-not-seen db DATABASE_URL"]),
        (
            "engine: redis", "engine: memcached",
            ["condition-not-declared redis cache/key_value redis", "condition-not-seen  cache/key_value memcached"]
        ),
        (
            "type: relational", "type: document",
            [
                "condition-not-declared postgres datastore/relational postgres",
                "condition-not-seen db datastore/document",
            ]
        ),
        (
            "{page}", "slow/{page}",
            ["operation-not-declared shop GET /slow", "operation-not-seen shop GET /slow/{page}"]
        ),
        ("operations:", "spec: {format: openapi, uri: x}\n      operations:", []),
    ])
    func `differ from what was seen`(_ old: String, _ new: String, _ expected: [String]) throws {
        let text = Self.good.replacing(old, with: new)
        try #require(text != Self.good)
        let outcome = try verify(text, [Self.live, "--json"])
        struct Report: Decodable {
            struct Finding: Decodable {
                var rule: String
                var condition: String
                var what: String
                var line: Int
            }
            var valid: Bool
            var findings: [Finding]
        }
        let report = try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
        #expect(report.valid && report.findings.allSatisfy { $0.line > 0 })
        #expect(
            report.findings.map { "\($0.rule) \($0.condition) \($0.what)" }.sorted() == expected, "\(outcome.errors)")
        #expect(outcome.status == (expected.isEmpty ? 0 : 1))
    }

    @Test func `are told of at their lines, and in SARIF`() throws {
        let text = Self.good.replacing("/echo", with: "/other")
        let outcome = try verify(text)
        #expect(outcome.status == 1)
        #expect(
            outcome.output == """
                shop
                  - POST /other: declared, and never seen
                  + POST /echo: seen, and not declared

                2 differences

                """)
        let line = try #require(
            text.split(separator: "\n", omittingEmptySubsequences: false).firstIndex { $0.contains("/other") })
        let sarif = try verify(text, [Self.live, "--sarif"]).output
        #expect(sarif.contains("\"startLine\": \(line + 1)") && sarif.contains("\"ruleId\": \"operation-not-seen\""))
        #expect(sarif.contains("shop/POST /other"))
    }

    @Test func `need the workload to be there`() throws {
        let other = Self.good.replacing("name: traffic-generator", with: "name: generator")
        let outcome = try verify(other)
        #expect(
            outcome.status == 2 && outcome.errors.contains("generator was not seen")
                && outcome.errors.contains("--workload"))
        #expect(try verify(other, [Self.live, "--workload", "traffic-generator"]).status == 0)
        #expect(try Executable.replay(["conditions", "verify", "--profile", "/nowhere", Self.live]).status == 2)
        #expect(try verify(Self.good, [Self.live, "--json", "--sarif"]).status == 2)
    }

    // MARK: By themselves

    static let wrong: [(String, String, String)] = [
        ("apiVersion: runtimeconditions.io/v1alpha1\n", "", "structural 1"),
        ("v1alpha1\nkind", "v1beta1\nkind", "structural 1"),
        ("metadata: {name: traffic-generator}", "metadata: {}", "structural 3"),
        ("{uri: https://example.org/x}", "{uri: \"\"}", "structural 4"),
        ("{uri: https://example.org/x}", "{uri: null}", "structural 4"),
        ("{uri: https://example.org/x}", "{uri: x, branch: y}", "structural 4"),
        ("workload:", "evidence: 1\nworkload:", "structural 4"),
        ("name: db", "name: shop", "structural 19"), ("    interface: {type: relational}\n", "", "structural 19"),
        ("name: db\n", "name: db\n    name: db\n", "structural 20"),
        ("\(root)common-integrations:v1alpha1", "\"\"", "structural 6"),
        ("\(root)env-configuration:v1alpha1", "\(root)common-integrations:v1alpha1", "structural 7"),
        ("name: db\n", "name: db\n    extension: other\n", "structural 20"),
        ("name: db\n", "name: db\n    optional: maybe\n", "structural 20"),
        ("name: db\n", "name: [db]\n", "structural 19"), ("kind: datastore", "kind: 7", "structural 20"),
        ("nats/service:0.1.0", "nats/service:9", "unknown-extension 8"),
        ("nats/service:0.1.0", "aws/s3:0.2.0", "unknown-extension 8"),
        ("  - \(root)common-integrations:v1alpha1\n", "", "extension-dependency 6"),
        ("kind: datastore", "kind: queue", "unresolved-vocabulary 19"),
        ("{type: relational}", "{type: graph}", "unresolved-vocabulary 19"),
        ("name: db\n", "name: db\n    evidence: x\n", "unresolved-vocabulary 20"),
        (
            "\(root)nats/service:0.1.0", "\(root)common-integrations/v1alpha1/runtimeconditions.extension.yaml",
            "vocabulary-conflict 8"
        ),
        ("method: POST", "method: CONNECT", "semantic 16"), ("/echo", "/echo?a=1", "semantic 16"),
        ("/echo", "https://a/echo", "semantic 16"),
        ("path: /echo", "path: /echo, note: x", "semantic 16"),
        ("{message: string}", "{message: [string, integer]}", "semantic 15"),
        ("{message: string}", "[]", "semantic 15"), ("{message: string}", "non-json", "semantic 15"),
        ("{message: string}", "{a: null}", "semantic 15"),
        ("method: POST, path: /echo", "method: GET, path: /", "semantic 16"),
        ("engine: redis", "engine: postgres", "semantic 28"),
        ("property: url", "property: baseUrl", "semantic 24"),
        ("name: DATABASE_URL", "name: DATABASE-URL", "semantic 24"),
        ("sensitive: true", "sensitive: yes please", "semantic 24"),
    ]

    @Test(arguments: wrong) func `are wrong in one of the specification's ways`(
        _ old: String, _ new: String, _ expected: String
    ) throws {
        let text = Self.good.replacing(old, with: new, maxReplacements: 1)
        try #require(text != Self.good)
        let found = faults(text)
        #expect(found.contains(expected), "\(found)")
        let kind = expected.split(separator: " ")[0]
        #expect(
            found.allSatisfy { $0.hasPrefix(kind) },
            "\(found): a later level is looked at only where the earlier ones are right")
    }

    @Test(arguments: [
        ("- {resource: connection, action: connect}", true),
        ("- {resource: subject, action: publish, subject: \"a.>\"}", true),
        ("- {resource: key_value, action: watch, bucket: b}", true), ("- {resource: subject, action: publish}", false),
        ("- {resource: subject, action: consume, subject: a}", false),
        ("- {resource: stream, action: create, stream: a.b}", false),
        ("- {resource: connection, action: connect, subject: a}", false),
        ("- {resource: queue, action: connect}", false),
        ("[]", false),
        ("- {resource: connection, action: connect}\n        - {resource: connection, action: connect}", false),
    ])
    func `say of NATS what its vocabulary has`(_ operations: String, _ isValid: Bool) {
        let text =
            Self.head + Self.extensions + """
                conditions:
                  - kind: nats.service
                    interface:
                      type: service
                      operations:
                        \(operations)
                """
        #expect(faults(text).isEmpty == isValid, "\(faults(text))")
    }

    @Test(arguments: [
        "", "# nothing\n", "[1, 2]", "a: b: c", "- a\nb", "\u{0}\u{1}", "{", "a: &x 1\nb: *x", "&a [*a]", "? [a]\n: b",
        "\(head)---\n\(head)", String(repeating: "[", count: 5000), String(repeating: "- ", count: 300), "a: \"\\x\"",
        "%YAML 3.0\n---\na",
    ])
    func `that are no profile are an error with a line`(_ text: String) {
        let found = faults(text)
        #expect(!found.isEmpty && found.allSatisfy { $0.hasPrefix("structural ") }, "\(found)")
    }

    @Test func `may say that nothing is needed, and may be JSON`() throws {
        #expect(faults(Self.head) == [])
        let json =
            #"{"apiVersion": "runtimeconditions.io/v1alpha1", "kind": "RuntimeConditionsProfile","#
            + #" "metadata": {"name": "a", "labels": {"x/y": "z"}}, "workload": {"uri": "u", "version": "1"}, "conditions": []}"#
        #expect(faults(json) == [])
        #expect(faults(json.replacing("x/y", with: "runtimeconditions.io/y")) == ["structural 1"])
        // What needs nothing and was seen at something differs.
        let outcome = try verify(Self.head)
        #expect(outcome.status == 1 && outcome.output.hasSuffix("3 differences\n"), "\(outcome.output)")
    }

    @Test func `whatever bytes they are, are read or refused`() {
        let good = Array(Self.good.utf8)
        #expect(faults(Self.good) == [])
        for seed in UInt64(0)..<3000 {
            var random = Numbers(seed: seed)
            var bytes = good
            for _ in 0..<(1 + random.below(6)) {
                let place = random.below(bytes.count)
                switch random.below(4) {
                case 0: bytes[place] = UInt8(random.below(256))
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(Array("{}[]:-&*!|>'\"%@#,? \n".utf8)[random.below(20)], at: place)
                default: bytes.removeSubrange(place..<min(bytes.count, place + random.below(40)))
                }
            }
            do throws(DocumentFault) {
                let profile = DeclaredProfile(try YAMLFile.document(bytes))
                #expect(profile.faults.allSatisfy { $0.line > 0 && !$0.text.isEmpty }, "seed \(seed)")
            } catch {
                #expect(error.line > 0 && !error.text.isEmpty, "seed \(seed)")
            }
        }
    }

    /// The same numbers from the same seed.
    private struct Numbers {
        var state: UInt64
        init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }
        mutating func below(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
    }

    // MARK: Vocabularies that somebody supplies

    private static func profile(_ extensions: [String], _ condition: String) -> String {
        head + "extensions: [\(extensions.joined(separator: ", "))]\nconditions:\n  - \(condition)\n"
    }

    @Test func `are read with vocabularies that somebody supplies`() {
        let id = "https://example.org/bus/v1.yaml"
        let good =
            "{name: q, kind: message_bus, interface: {type: broker, engine: kafka}, trust: {ca: x}, configuration: {env: [{property: url, name: BUS_URL}]}}"
        #expect(faults(Self.profile([id], good)).first?.contains("unknown-extension") == true)
        #expect(faults(Self.profile([id], good), [Self.bus]) == [])
        #expect(faults(Self.profile([id, "\(Self.root)common-integrations:v1alpha1"], good), [Self.bus]) == [])
        // What it builds on is there, too.
        let cache = "{kind: cache, interface: {type: key_value, engine: redis, mode: cluster}, trust: 1}"
        #expect(faults(Self.profile([id], cache), [Self.bus]) == [])
        for (condition, kind) in [
            ("{kind: message_bus, interface: {type: topic}}", "unresolved-vocabulary"),
            ("{kind: message_bus, interface: {type: broker, size: 1}}", "unresolved-vocabulary"),
            ("{kind: ledger, interface: {type: chain}, trust: 1}", "unresolved-vocabulary"),
            ("{kind: message_bus, interface: {type: broker, engine: carrots}}", "semantic"),
            ("{kind: cache, interface: {type: key_value, mode: alone}}", "semantic"),
            (
                "{kind: message_bus, interface: {type: broker}, configuration: {env: [{property: port, name: A}]}}",
                "semantic"
            ),
        ] {
            let found = faults(Self.profile([id], condition), [Self.bus])
            #expect(!found.isEmpty && found.allSatisfy { $0.contains(kind) }, "\(condition): \(found)")
        }
        let orphan = Self.bus.replacing("\(Self.root)common-integrations:v1alpha1", with: "https://example.org/none")
        #expect(faults(Self.profile([id], good), [orphan]).first?.contains("extension-dependency") == true)
        let greedy = Self.bus.replacing("{name: ledger}", with: "{name: datastore}")
        #expect(faults(Self.profile([id], good), [greedy]).first?.contains("vocabulary-conflict") == true)
        let second = Self.bus.replacing("bus/v1.yaml", with: "bus/v2.yaml")
        let both = Self.profile([id, "https://example.org/bus/v2.yaml"], good)
        #expect(faults(both, [Self.bus, second]).first?.contains("vocabulary-conflict") == true)
    }

    @Test func `made and verified with a vocabulary that somebody supplies have what else has no word`() throws {
        let bus = folder.write("bus.yaml", Array(Self.bus.utf8))
        let shop = ["Fixtures/demo/shop/input.pcap", "--names", "Fixtures/demo/shop/names"]
        let uri = ["--workload-uri", "orders=https://example.org/orders"]
        let without = try Executable.replay(["export", "conditions"] + shop + uri)
        #expect(without.status == 1 && !without.output.contains("message_bus"))
        let made = try Executable.replay(["export", "conditions"] + shop + uri + ["--extension", bus])
        #expect(made.status == 0 && made.errors.contains("1 JSON Schema of extensions not looked at"), "\(made.errors)")
        #expect(made.output.contains("  - https://example.org/bus/v1.yaml\n"))
        #expect(
            made.output.contains(
                "  - name: rabbitmq\n    kind: message_bus\n    interface:\n      type: broker\n      engine: rabbitmq\n"
            ),
            "\(made.output)")
        let verified = try verify(made.output, shop + ["--extension", bus])
        #expect(verified.status == 0 && verified.output.contains("each as it was seen"), "\(verified.output)")
        let other = try verify(
            made.output.replacing("engine: rabbitmq", with: "engine: kafka")
                + "  - {name: books, kind: ledger, interface: {type: chain}}\n", shop + ["--extension", bus])
        #expect(other.status == 1 && other.output.contains("message_bus/broker kafka: declared, and never seen"))
        #expect(
            other.output.contains(
                "declared, and nothing that is seen on a wire could tell of it:\n  books: ledger/chain"))
        let refused = try verify(made.output, shop)
        #expect(refused.status == 1 && refused.output.contains("--extension FILE adds others"))
        for (text, reason) in [
            ("kind: x", "is no extension"), (Self.bus.replacing("{id:", with: "{ids:"), "metadata.id"),
            (Self.bus.replacing("kinds: [", with: "kinds: x #"), "kinds is a list"),
        ] {
            let file = folder.write("bad.yaml", Array(text.utf8))
            let outcome = try verify(made.output, shop + ["--extension", file])
            #expect(outcome.status == 2 && outcome.errors.contains(reason), "\(outcome.errors)")
        }
    }
}
