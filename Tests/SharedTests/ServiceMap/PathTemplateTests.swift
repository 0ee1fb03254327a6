import Testing

@testable import Shared

@Suite struct `Path templates` {
    // MARK: Segments

    /// The kind of a segment, and why it is a parameter.
    private static func judge(_ segment: String, isFirst: Bool = false) -> String {
        Array(segment.utf8).withUnsafeBytes { bytes in
            let found = PathSegment(bytes, from: 0, isFirst: isFirst)
            switch found.kind {
            case .parameter: return found.identifier.map { "\($0)" } ?? "parameter"
            case .literal: return "word"
            case .empty: return "empty"
            case .rest, .whole: return "never"
            }
        }
    }

    @Test(
        arguments: [
            ("users", "word"), ("v1", "word"), ("v2beta3", "word"), ("1.0", "word"), ("v1.2", "word"), ("", "empty"),
            ("7", "integer"), ("1234567890123456789", "integer"), ("12345678901234567890", "hexadecimal"),
            ("a", "word"), ("me", "word"), ("s3", "word"), ("oauth2", "word"), ("us-east-1", "word"), ("p95", "word"),
            ("0190d6b2-5a5e-7c3e-8b1a-3f1d2c4b5a69", "uuid"), ("0190D6B2-5A5E-7C3E-8B1A-3F1D2C4B5A69", "uuid"),
            ("0190d6b2-5a5e-7c3e-8b1a-3f1d2c4b5a6g", "mixed"), ("01ARZ3NDEKTSV4RRFFQ69G5FAV", "ulid"),
            ("2026-04-08", "date"), ("2026-13-08", "word"), ("2026-04-08T18:24:10Z", "dateTime"),
            ("2026-04-08T18%3A24%3A10Z", "dateTime"), ("alice@example.com", "email"), ("alice%40example.com", "email"),
            ("10.0.0.5", "ipv4"), ("10.0.0.555", "word"), ("deadbeef", "word"), ("deadbee1", "hexadecimal"),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "token"), ("arn:aws:s3:::bucket", "resourceName"),
            ("order-123456", "digits"), ("i-0abc1234def567890", "digits"), ("vol-0a1b2c3d", "prefixed"),
            ("cus_NffrFeUfNV2Hib", "word"), ("aB3xY9kQ2", "mixed"), ("CreateS3TableIntegration", "word"),
            ("Products(1)", "integer"), ("Products('ALFKI')", "parameter"), ("f()", "word"), ("17.jpg", "integer"),
            ("logo.png", "word"), ("app.4f2a9c81.js", "mixed"), ("cart;jsessionid=1A530637289A03B0", "word"),
            ("größe", "word"), ("日本語", "word"), ("%E6%97%A5", "word"), ("99%", "word"),
            (String(repeating: "x", count: 300), "parameter"),
        ]) func `tells words from identifiers`(_ segment: String, _ kind: String)
    {
        #expect(Self.judge(segment) == kind)
    }

    @Test func `takes a date for a version where it stands first`() {
        #expect(Self.judge("2020-05-31", isFirst: true) == "word")
        #expect(Self.judge("2020-05-31T01:00:00Z", isFirst: true) == "dateTime")
    }

    @Test func `looks at any bytes`() {
        var random = SeededRandom(seed: 4)
        for _ in 0..<20_000 {
            let alphabet = Array("aZ0-9_.@%;()/:eyJvT".utf8) + [0, 0x7F, 0xFF]
            let bytes = (0..<Int.random(in: 0..<40, using: &random)).map { _ in alphabet.randomElement(using: &random)!
            }
            bytes.withUnsafeBytes { path in
                let segment = PathSegment(path, from: 0, isFirst: .random(using: &random))
                #expect(segment.text.lowerBound == 0 && segment.text.upperBound <= segment.end)
                #expect(segment.text.contains(segment.value) || segment.value.isEmpty)
            }
        }
    }

    // MARK: Maps

    private struct Asked {
        var method = "GET"
        var path: String
        var host = "api"
        var answer = "{\"id\":1}"
        var status: UInt16 = 200
        var source = "web"
    }

    /// A part of what happened, as one map.
    private struct Part: ~Copyable {
        var map: ServiceMap
        var reader: SchemaReader
        var parties: [String] = []

        init(_ limits: Limits, _ templates: PathTemplates) {
            map = ServiceMap(limits: limits, registry: .standard, templates: templates)
            reader = SchemaReader(limits: limits)
        }

        mutating func party(_ name: String) -> PartyID {
            if let known = parties.firstIndex(of: name) { return PartyID(raw: UInt32(known)) }
            parties.append(name)
            return PartyID(raw: UInt32(parties.count - 1))
        }

        mutating func record(_ asked: Asked) {
            let (from, to) = (party(asked.source), party(asked.host))
            let response = reader.id(Array(asked.answer.utf8))
            let operation = map.operation(
                method: Array(asked.method.utf8).span.bytes, path: Array(asked.path.utf8).span.bytes,
                host: Array(asked.host.utf8).span.bytes, of: to)
            map.record(
                exchange: from, to: to, operation: operation, protocol: .http, request: .empty, response: response,
                at: Timestamp(nanoseconds: Int64(asked.path.utf8.count)),
                ExchangeMeasures(status: asked.status, responseBytes: 1), shapes: reader.table)
        }

        /// Names that end in a digit are those of several addresses of one service.
        func document() -> ServiceMapDocument {
            map.document(generatedAt: nil, shapes: reader.table) {
                PartyName(text: parties[Int($0.raw)].filter { !$0.isNumber }, type: .external)
            }
        }
    }

    private func document(
        _ asked: [Asked], _ templates: PathTemplates = .inferred(PathRules()),
        _ change: (inout Limits) -> Void = { _ in }
    ) -> ServiceMapDocument {
        var limits = Limits()
        change(&limits)
        var part = Part(limits, templates)
        for one in asked { part.record(one) }
        return part.document()
    }

    private func paths(_ document: ServiceMapDocument) -> [String] {
        document.services.flatMap(\.endpoints).map { "\($0.path) \($0.count) \($0.paths.count)" }
    }

    @Test func `makes one entry of calls that differ in identifiers`() {
        let asked = (0..<2000).map { number in
            Asked(path: "/users/\(number)/orders/0190d6b2-5a5e-7c3e-8b1a-\(100_000_000_000 + number)")
        }
        let document = document(asked)
        #expect(paths(document) == ["/users/{userId}/orders/{orderId} 2000 256"])
        #expect(document.services[0].endpoints[0].paths.isAtLeast)
        let yaml = ServiceMapFile.yaml(document)
        #expect(yaml.contains("path: /users/{userId}/orders/{orderId}\n"))
        #expect(yaml.contains("paths_at_least: 257\n"))
        #expect(yaml.split(separator: "\n").count < 30)
    }

    @Test func `names parameters by the word before them, or by what they are`() {
        let asked = [
            "/orders/1", "/order-items/2", "/categories/3", "/boxes/4", "/address/5", "/status/6", "/v1/2026-04-08",
            "/v1/days/2026-04-08/2026-04-09", "/7/8", "/img/9.jpg", "/Products(1)", "/x/alice@example.com", "/größe/11",
        ].map { Asked(path: $0) }
        #expect(
            document(asked).services[0].endpoints.map(\.path) == [
                "/Products({param})", "/address/{addressId}", "/boxes/{boxId}", "/categories/{categoryId}",
                "/größe/{param}", "/img/{imgId}.jpg", "/order-items/{orderItemId}", "/orders/{orderId}",
                "/status/{statusId}",
                "/v1/days/{dayId}/{date}", "/v1/{date}", "/x/{xId}", "/{param}/{param2}",
            ])
    }

    @Test func `folds words side by side that are asked for and answered alike`() {
        let names = [
            "amber", "birch", "coral", "dune", "ember", "fern", "grove", "heron", "iris", "jade", "kite", "lotus",
            "moss",
        ]
        func asked(_ count: Int) -> [Asked] {
            names.prefix(count).map { Asked(path: "/articles/\($0)", answer: "{\"title\":\"x\",\"text\":\"\"}") }
                + [
                    Asked(path: "/articles/search", answer: "{\"hits\":[],\"total\":0}"),
                    Asked(path: "/articles/", answer: "[{\"title\":\"x\"}]"),
                ]
        }
        #expect(
            paths(document(asked(13))) == ["/articles/ 1 1", "/articles/search 1 1", "/articles/{articleId} 13 13"])
        // Twelve may be what the interface has.
        #expect(document(asked(12)).services[0].endpoints.count == 14)
        // An answer that failed says nothing where others succeeded, and operations of code are none of many.
        let code = names.map {
            Asked(method: "POST", path: "/List\($0.prefix(1).uppercased())\($0.dropFirst())", answer: "{\"items\":[]}")
        }
        #expect(document(code).services[0].endpoints.count == 13)
        // Without bodies it takes more.
        let empty = (0..<21).map { "/k/" + String(repeating: "x", count: $0 + 1) }
        #expect(document(empty.map { Asked(path: $0, answer: "") }).services[0].endpoints.count == 1)
        #expect(document(empty.dropLast().map { Asked(path: $0, answer: "") }).services[0].endpoints.count == 20)
    }

    @Test func `keeps paths as they are where it is told to`() {
        let asked = [Asked(path: "/users/1"), Asked(path: "/users/2"), Asked(method: "OPTIONS", path: "*")]
        #expect(paths(document(asked, .raw)) == ["/users/1 1 1", "/users/2 1 1", "* 1 1"])
    }

    @Test func `takes the user's templates before what it sees`() throws {
        var rules = PathRules()
        for line in [
            "# a comment", "", "/users/me  # with a note", "/users/{name}", "DELETE /users/{gone}", "api/files/{path*}",
            "/files/special/{x}", "other/files/{never}",
        ] { try rules.add(line: line) }
        let asked = [
            Asked(path: "/users/me"), Asked(path: "/users/7"), Asked(path: "/users/alice"),
            Asked(method: "DELETE", path: "/users/7"), Asked(path: "/files/a/b/c"), Asked(path: "/files/special/1"),
            Asked(path: "/other/7"), Asked(path: "/files/"),
        ]
        #expect(
            document(asked, .inferred(rules)).services[0].endpoints.map { "\($0.method) \($0.path) \($0.count)" } == [
                "DELETE /users/{gone} 1", "GET /files/ 1", "GET /files/special/{x} 1", "GET /files/{path*} 1",
                "GET /other/{otherId} 1", "GET /users/me 1", "GET /users/{name} 2",
            ])
        #expect(throws: PathRules.Failure.self) { try rules.add(line: "users") }
        #expect(throws: PathRules.Failure.self) { try rules.add(line: "/a/{b}{c}") }
        #expect(throws: PathRules.Failure.self) { try rules.add(line: "/a/{b*}/c") }
        #expect(throws: PathRules.Failure.self) { try rules.add(line: "GET a /b") }
    }

    @Test func `prints what it takes`() throws {
        let asked =
            (0..<300).map { Asked(path: "/users/\($0)/x.\($0).png") } + [Asked(path: "/me"), Asked(path: "/a b")]
        let document = document(asked)
        let listing = PathListing.text(document)
        #expect(
            listing.contains("/users/{userId}/x.{param}.png  # GET, 300 requests, more than 256 paths: integer")
                || listing.contains("/users/{userId}/"))
        #expect(listing.contains("/me  # GET, 1 request, a word\n"))
        #expect(listing.contains("# no rule: /a b  # "))
        var rules = PathRules()
        for line in listing.split(separator: "\n") { try rules.add(line: String(line)) }
        let again = self.document(asked, .inferred(rules))
        #expect(again.services[0].endpoints.map(\.path) == document.services[0].endpoints.map(\.path))
        #expect(again.services[0].endpoints.map(\.count) == document.services[0].endpoints.map(\.count))
    }

    // MARK: Bounds

    @Test func `makes a parameter of too many words, and ends where a path is too deep`() {
        let words = (0..<300).map { number in
            Asked(path: "/a/w" + String(number, radix: 3).map { ["0": "x", "1": "y", "2": "z"][$0]! }.joined() + "/b")
        }
        #expect(paths(document(words)) == ["/a/{aId}/b 300 256"])
        let deep = "/" + (0..<40).map { _ in "s" }.joined(separator: "/")
        #expect(
            document([Asked(path: deep)]).services[0].endpoints[0].path == "/"
                + Array(repeating: "s", count: 16).joined(separator: "/") + "/**")
        // Not so many places are written: what lies deeper is one.
        let wide = (0..<40).map { Asked(path: "/p\($0)x/q\($0)y/r", answer: "{\"k\($0)\":1}") }
        #expect(
            document(wide) { $0.templateNodes = 50 }.services[0].endpoints.allSatisfy { $0.path.hasSuffix("/**") })
        let part = { () -> UInt64 in
            var limits = Limits()
            limits.pathNodes = 50
            var part = Part(limits, .inferred(PathRules()))
            for one in wide { part.record(one) }
            return part.map.cutPaths
        }()
        #expect(part == 40)
    }

    @Test func `holds little for many paths`() {
        var part = Part(Limits(), .inferred(PathRules()))
        var random = SeededRandom(seed: 9)
        let letters = Array("abcdefghijklmnop")
        for _ in 0..<20_000 {
            let word = String((0..<12).map { _ in letters.randomElement(using: &random)! })
            part.record(Asked(path: "/posts/\(word)/comments"))
        }
        #expect(part.map.paths.trie.nodes.count < 1500)
        #expect(part.map.count < 1000)
        #expect(paths(part.document()) == ["/posts/{postId}/comments 20000 256"])
    }

    // MARK: Any order

    private static func samples(_ random: inout SeededRandom) -> [Asked] {
        let words = (0..<40).map {
            "w" + String($0, radix: 5).map { ["a", "b", "c", "d", "e"][$0.wholeNumberValue!] }.joined()
        }
        return (0..<Int.random(in: 1..<120, using: &random)).map { _ in
            let depth = Int.random(in: 0..<5, using: &random)
            let segments = (0..<depth).map { _ -> String in
                switch Int.random(in: 0..<6, using: &random) {
                case 0: return "\(Int.random(in: 0..<99, using: &random))"
                case 1: return ["1.jpg", "P(1)", "P(2)", "v1", "", "2026-04-08"].randomElement(using: &random)!
                case 2: return words.randomElement(using: &random)!
                default: return words[Int.random(in: 0..<4, using: &random)]
                }
            }
            return Asked(
                method: ["GET", "POST"].randomElement(using: &random)!, path: "/" + segments.joined(separator: "/"),
                host: ["api1", "api2", "db"].randomElement(using: &random)!,
                answer: ["", "{\"a\":1,\"b\":2}", "{\"a\":1}", "[{\"c\":1}]", "x"].randomElement(using: &random)!,
                status: [200, 404].randomElement(using: &random)!)
        }
    }

    @Test(arguments: [2, 4, 16, 256]) func `are the same whatever came first`(words: Int) {
        var random = SeededRandom(seed: UInt64(words))
        for _ in 0..<250 {
            var asked = Self.samples(&random)
            let expected = ServiceMapFile.yaml(document(asked) { $0.pathWords = words })
            for _ in 0..<4 {
                asked.shuffle(using: &random)
                #expect(ServiceMapFile.yaml(document(asked) { $0.pathWords = words }) == expected)
            }
        }
    }

    /// Tries of parts, joined in any order and in any groups, are the trie of all.
    @Test(arguments: [1, 3, 8]) func `are the same however they are joined`(words: Int) {
        var random = SeededRandom(seed: 77 + UInt64(words))
        for _ in 0..<400 {
            let paths = Self.samples(&random).map { ["root"] + $0.path.split(separator: "/").map(String.init) }
            let numbers = Dictionary(
                uniqueKeysWithValues: Set(paths.joined()).sorted().enumerated().map { ($1, UInt32($0)) })
            func trie(_ paths: [[String]]) -> Tree {
                let tree = Tree(words: words)
                for path in paths {
                    var node: UInt32 = 0
                    for word in path {
                        let isNumber = word.allSatisfy(\.isNumber)
                        node = tree.trie.add(
                            node, isNumber ? .parameter : .literal, isNumber ? PathTrie.plain : numbers[word]!,
                            isNumber ? PathOrigins(.integer) : [])
                    }
                    tree.trie.end(
                        node,
                        UInt64(path.count) << 32
                            | UInt64(path.joined().utf8.reduce(0) { $0 &* 31 &+ Int($1) } & 0xFFFF_FFFF))
                }
                return tree
            }
            let expected = trie(paths).text
            var parts: [Tree] = []
            var rest = paths.shuffled(using: &random)
            while !rest.isEmpty {
                let count = Int.random(in: 1...rest.count, using: &random)
                parts.append(trie(Array(rest.prefix(count))))
                rest.removeFirst(count)
            }
            while parts.count > 1 {
                parts.shuffle(using: &random)
                let part = parts.removeLast()
                var places = [UInt32](repeating: PathTrie.none, count: part.trie.nodes.count)
                parts[0].trie.absorb(part.trie, 0, into: 0, &places)
            }
            #expect(parts[0].text == expected)
        }
    }

    private final class Tree {
        var trie: PathTrie

        init(words: Int) {
            trie = PathTrie(words: words)
            _ = trie.addRoot()
        }

        var text: String { text(0) }

        private func text(_ node: UInt32) -> String {
            let own = trie.nodes[Int(node)]
            let distinct = trie.distinct(node)
            let children = trie.children(node).map { text($0) }.sorted().joined(separator: " ")
            return "(\(own.kind) \(own.text) \(own.isFolded) \(own.origins.rawValue) \(distinct) \(children))"
        }
    }
}
