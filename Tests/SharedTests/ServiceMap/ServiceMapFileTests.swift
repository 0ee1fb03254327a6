import Testing
import Yams

@testable import Shared

@Suite struct `Service map file` {
    private let moment = Timestamp(nanoseconds: 1_775_672_650_123_456_789)

    private func endpoint(
        method: String = "GET", path: String = "/", request: Shape = .empty, response: Shape = .empty
    ) -> ServiceMapDocument.Endpoint {
        ServiceMapDocument.Endpoint(
            destination: "reviews", destinationType: .container, method: method, path: path, requestSchema: request,
            responseSchema: response, firstSeen: moment, lastSeen: moment, count: 150, protocolName: "http/1.1")
    }

    private func document(name: String, _ endpoints: [ServiceMapDocument.Endpoint]) -> ServiceMapDocument {
        ServiceMapDocument(
            generatedAt: moment,
            services: [
                ServiceMapDocument.Service(
                    name: name, image: nil, endpoints: endpoints, connections: [], firstSeen: moment, lastSeen: moment)
            ])
    }

    @Test func `has the layout of the specification`() {
        let review = Shape.object([.init(key: "reviewer", shape: .string), .init(key: "text", shape: .string)])
        var document = document(
            name: "productpage",
            [
                endpoint(
                    path: "/reviews/0",
                    response: .object([
                        .init(key: "id", shape: .string), .init(key: "podname", shape: .null),
                        .init(key: "reviews", shape: .array([review])),
                        .init(key: "scores", shape: .array([.number, .array([.boolean, .array([])]), .object([])])),
                        .init(key: "more", shape: .object([.init(key: "null", shape: .object([]))])),
                    ])),
                endpoint(method: "NO", path: "/a b", request: .null, response: .nonJSON),
                endpoint(request: .array([]), response: .array([.object([.init(key: "a", shape: .array([.string]))])])),
            ])
        document.services[0].image = "docker.io/istio/examples-bookinfo-productpage-v1:1.20.1"
        document.services[0].connections = [
            ServiceMapDocument.Connection(
                destination: "10.0.0.5", destinationType: .external, protocolName: "postgres", category: "database",
                port: 5432, confidence: 90, reason: "port 5432, valid Postgres startup/SSLRequest header",
                firstSeen: moment, lastSeen: moment, count: 1, isEncrypted: true)
        ]
        document.services.append(
            ServiceMapDocument.Service(
                name: "~", image: nil, endpoints: [], connections: [], firstSeen: moment, lastSeen: moment))
        #expect(
            ServiceMapFile.yaml(document) == """
                generated_at: "2026-04-08T18:24:10.123456789Z"
                services:
                  - name: productpage
                    image: docker.io/istio/examples-bookinfo-productpage-v1:1.20.1
                    endpoints:
                      - destination: reviews
                        destination_type: container
                        method: GET
                        path: /reviews/0
                        request_schema: null
                        response_schema:
                          id: string
                          podname: "null"
                          reviews:
                            - reviewer: string
                              text: string
                          scores:
                            - number
                            - - boolean
                              - []
                            - {}
                          more:
                            "null": {}
                        first_seen: "2026-04-08T18:24:10.123456789Z"
                        last_seen: "2026-04-08T18:24:10.123456789Z"
                        count: 150
                        protocol: http/1.1
                        errors: 0
                        bytes: {request: 0, response: 0}
                        unanswered: 150
                      - destination: reviews
                        destination_type: container
                        method: "NO"
                        path: /a b
                        request_schema: "null"
                        response_schema: non-json
                        first_seen: "2026-04-08T18:24:10.123456789Z"
                        last_seen: "2026-04-08T18:24:10.123456789Z"
                        count: 150
                        protocol: http/1.1
                        errors: 0
                        bytes: {request: 0, response: 0}
                        unanswered: 150
                      - destination: reviews
                        destination_type: container
                        method: GET
                        path: /
                        request_schema: []
                        response_schema:
                          - a:
                              - string
                        first_seen: "2026-04-08T18:24:10.123456789Z"
                        last_seen: "2026-04-08T18:24:10.123456789Z"
                        count: 150
                        protocol: http/1.1
                        errors: 0
                        bytes: {request: 0, response: 0}
                        unanswered: 150
                    connections:
                      - destination: "10.0.0.5"
                        destination_type: external
                        protocol: postgres
                        category: database
                        port: 5432
                        confidence: 90
                        reason: port 5432, valid Postgres startup/SSLRequest header
                        first_seen: "2026-04-08T18:24:10.123456789Z"
                        last_seen: "2026-04-08T18:24:10.123456789Z"
                        count: 1
                        tls: true
                    first_seen: "2026-04-08T18:24:10.123456789Z"
                    last_seen: "2026-04-08T18:24:10.123456789Z"
                  - name: "~"
                    endpoints: []
                    connections: []
                    first_seen: "2026-04-08T18:24:10.123456789Z"
                    last_seen: "2026-04-08T18:24:10.123456789Z"

                """)
        // What came later is left out for readers that take no other fields.
        let compat = ServiceMapFile.yaml(document, .compat)
        #expect(!compat.contains("http/1.1") && !compat.contains("tls"))
        #expect(
            compat
                == ServiceMapFile.yaml(document).split(separator: "\n", omittingEmptySubsequences: false).filter {
                    line in
                    !["protocol: http/1.1", "errors: ", "bytes: ", "unanswered: ", "tls: "].contains {
                        line.contains("        \($0)")
                    }
                }.joined(separator: "\n"))
    }

    @Test func `says so when there is nothing`() {
        let empty = ServiceMapDocument(generatedAt: nil, services: [])
        #expect(
            ServiceMapFile.yaml(empty) == """
                generated_at: null
                services: []

                """)
    }

    /// Strings that some reader could take for something else.
    static let awkward =
        [
            "", " ", "/", "NO", "no", "Yes", "y", "N", "on", "OFF", "null", "Null", "NULL", "~", "true", "False", "1",
            "1.0",
            "-1", "+1", "0x1F", "0o17", "1e3", "1:30", "12:30:45", "2001-12-14", "2001-12-14T21:59:43Z", ".5", ".inf",
            ".NaN", "=", "<<", "-", "- a", "a: b", "a:b", "a:", ":a", "a #b", "#a", "a#b", "&a", "*a", "!a", "!!str a",
            "|",
            ">", "'a'", "\"a\"", "%a", "@a", "`a`", "{a}", "[a]", "a, b", "?", "? a", "---", "...", "--- a", "a ", " a",
            "a\nb", "a\n", "\n", "\ta", "a\tb", "a\r\nb", "\\", "a\\nb", "\u{0}", "\u{7}", "\u{1B}[0m", "\u{7F}",
            "\u{85}",
            "\u{A0}", "\u{2028}", "a\u{FEFF}", "\u{FFFD}", "\u{FFFE}", "ä", "日本語", "😀", "e\u{301}", "a\u{0}b", "_",
            "__1",
            "10.0.0.1", "::1", "fe80::1", "fe80::1:80", "a::", "key: \"value\"", "non-json", "string", "0b1", "1_000",
            "a/b?c=d&e",
            String(repeating: "long ", count: 2000) + "end", String(repeating: "x", count: 5000),
            String(repeating: "ä", count: 2000),
        ]

    @Test(arguments: awkward)
    func `gives every string back as the same string`(text: String) throws {
        let document = document(
            name: text,
            [
                endpoint(
                    method: text, path: text,
                    response: .array([.object([.init(key: text, shape: .object([.init(key: text, shape: .number)]))])]))
            ])
        let root = try #require(try Yams.compose(yaml: ServiceMapFile.yaml(document)))
        let service = try #require(root["services"]?[0])
        #expect(service["name"]?.tag == Tag(.str))
        #expect(bytes(service["name"]) == Array(text.utf8))
        let endpoint = try #require(service["endpoints"]?[0])
        #expect(endpoint["method"]?.tag == Tag(.str))
        #expect(bytes(endpoint["path"]) == Array(text.utf8))
        let outer = try #require(endpoint["response_schema"]?[0]?.mapping)
        #expect(outer.keys.first?.tag == Tag(.str))
        #expect(bytes(outer.keys.first) == Array(text.utf8))
        let inner = try #require(outer.values.first?.mapping)
        #expect(bytes(inner.keys.first) == Array(text.utf8))
        #expect(inner.values.first?.string == "number")
        #expect(endpoint["request_schema"]?.tag == Tag(.null))
        #expect(endpoint["count"]?.int == 150)
    }

    private func bytes(_ node: Node?) -> [UInt8]? { node?.scalar.map { Array($0.string.utf8) } }

    @Test func `gives random schemas back`() throws {
        var random = SeededRandom(seed: 11)
        for _ in 0..<300 {
            let shape = JSONValue.random(&random, depth: 5).shape
            let yaml = ServiceMapFile.yaml(document(name: "a", [endpoint(response: shape)]))
            let schema = try #require(
                try Yams.compose(yaml: yaml)?["services"]?[0]?["endpoints"]?[0]?["response_schema"])
            #expect(Self.shape(schema) == shape, "\(yaml)")
        }
    }

    private static func shape(_ node: Node) -> Shape? {
        switch node {
        case .mapping(let mapping):
            return .object(mapping.map { Shape.Member(key: $0.key.string ?? "?", shape: shape($0.value) ?? .empty) })
        case .sequence(let sequence):
            return .array(sequence.map { shape($0) ?? .empty })
        case .scalar(let scalar):
            switch scalar.string {
            case "string": return .string
            case "number": return .number
            case "boolean": return .boolean
            case "null": return node.tag == Tag(.str) ? .null : .empty
            default: return nil
            }
        default:
            return nil
        }
    }
}
