import Testing

@testable import Shared

/// What is new, gone or different between two maps.
@Suite struct `Differences of maps` {
    /// A map of one service, whose endpoints the test writes.
    private static func facts(_ endpoints: String, connections: String = "") throws -> MapFacts {
        try MapFacts(
            map: "services:\n  - name: web\n    endpoints:\n\(endpoints)    connections:\n\(connections)")
    }

    private static func endpoint(
        _ path: String, count: Int = 10, errors: Int = 0, response: String = "null", destination: String = "api"
    ) -> String {
        """
              - destination: \(destination)
                method: GET
                path: \(path)
                request_schema: null
                response_schema: \(response)
                count: \(count)
                protocol: http/1.1
                errors: \(errors)

        """
    }

    private static func brief(_ old: MapFacts, _ new: MapFacts, _ ignored: String = "") throws -> [String] {
        MapDifference(old, new, ignoring: try IgnoredChanges(ignored)).changes.map {
            [$0.rule.rawValue, $0.service, $0.destination, $0.what, $0.detail].filter { !$0.isEmpty }
                .joined(separator: " ")
        }
    }

    @Test func `are none of a map and itself`() throws {
        let map = try Self.facts(Self.endpoint("/a") + Self.endpoint("/b/{id}", errors: 3))
        #expect(try Self.brief(map, map).isEmpty)
    }

    @Test func `name endpoints and dependencies`() throws {
        let old = try Self.facts(Self.endpoint("/a") + Self.endpoint("/b", destination: "old"))
        let new = try Self.facts(Self.endpoint("/c") + Self.endpoint("/b", destination: "new"))
        #expect(
            try Self.brief(old, new) == [
                "endpoint-gone web api GET /a 10 times", "endpoint-new web api GET /c 10 times",
                "dependency-new web new http/1.1", "endpoint-new web new GET /b 10 times",
                "dependency-gone web old http/1.1", "endpoint-gone web old GET /b 10 times",
            ])
        #expect(
            try Self.brief(old, new, "# known\nendpoint-* web api\n*-gone * old # for now\n") == [
                "dependency-new web new http/1.1", "endpoint-new web new GET /b 10 times",
            ])
        #expect(throws: IgnoredChanges.Fault.self) { try IgnoredChanges("enpoint-new web") }
    }

    @Test func `name keys that are gone, and types that changed`() throws {
        func body(_ lines: [String]) -> String { "\n" + lines.map { "          \($0)\n" }.joined() }
        let old = try Self.facts(
            Self.endpoint("/a", response: body(["id: number", "items:", "  - sku: string", "    note: string"])))
        let new = try Self.facts(
            Self.endpoint("/a", response: body(["id: string", "items:", "  - sku: string", "total?: number"])))
        #expect(
            try Self.brief(old, new) == [
                "schema-key-new web api GET /a response .total: number",
                "schema-key-gone web api GET /a response .items[].note",
                "schema-type web api GET /a response .id: number → string",
            ])
        let optional = try Self.facts(
            Self.endpoint("/a", response: body(["id: number", "items?:", "  - sku: string", "    note: \"null\""])))
        #expect(
            try Self.brief(old, optional) == [
                "schema-type web api GET /a response .items[].note: string → null",
                "schema-optional web api GET /a response .items: always there → optional",
            ])
        // A message without a body says nothing of the others.
        let some = try Self.facts(
            Self.endpoint("/a", response: body(["id: number", "items:", "  - sku: string", "    note: string"]))
                + Self.endpoint("/a"))
        #expect(try Self.brief(old, some).isEmpty)
    }

    @Test func `take templates of both sides for both`() throws {
        let few = try Self.facts(
            Self.endpoint("/users/anna") + Self.endpoint("/users/ben") + Self.endpoint("/users/me"))
        let many = try Self.facts(Self.endpoint("/users/{userId}", count: 99) + Self.endpoint("/users/me"))
        #expect(try Self.brief(few, many).isEmpty)
        #expect(try Self.brief(many, few).isEmpty)
    }

    @Test func `name connections, operations and encryption`() throws {
        func connection(_ operation: String, tls: Bool) -> String {
            """
                  - destination: db
                    protocol: postgres
                    port: 5432
                    count: 3
                    tls: \(tls)
                    operations:
                      - operation: SELECT
                        targets: [orders]
                        summary: \(operation)
                        count: 7

            """
        }
        let old = try Self.facts("", connections: connection("SELECT orders", tls: true))
        let new = try Self.facts("", connections: connection("SELECT users", tls: false))
        #expect(
            try Self.brief(old, new) == [
                "operation-gone web db SELECT orders 7 times", "operation-new web db SELECT users 7 times",
                "encryption web db postgres, port 5432 TLS → in plain text",
            ])
    }

    @Test func `say what is beyond what was agreed on, and nothing of what is not there`() throws {
        let contract = try Self.facts(Self.endpoint("/a", count: 0) + Self.endpoint("/never", count: 0))
        let seen = try Self.facts(Self.endpoint("/a", errors: 9) + Self.endpoint("/b"))
        #expect(MapDifference(contract, seen).beyond.map(\.rule) == [.endpointNew])
    }

    // MARK: Noise

    @Test func `of error rates are told where chance is not enough`() {
        let test = DifferenceTest(comparisons: 1)
        func differ(_ a: UInt64, _ n: UInt64, _ b: UInt64, _ m: UInt64) -> Bool {
            test.differ(DifferenceTest.Rate(part: a, whole: n), DifferenceTest.Rate(part: b, whole: m))
        }
        // Doubled smaller tails of the hypergeometric distribution, worked out by hand: 2/20, 2/252, 2/924.
        #expect(!differ(0, 3, 3, 3))
        #expect(differ(0, 5, 5, 5))
        #expect(differ(6, 6, 0, 6))
        #expect(!DifferenceTest(comparisons: 5).differ(.init(part: 6, whole: 6), .init(part: 0, whole: 6)))
        #expect(!differ(10, 1000, 14, 1000) && differ(10, 1000, 40, 1000) && differ(40, 1000, 10, 1000))
        #expect(!differ(0, 0, 5, 5) && !differ(0, 9, 0, 9) && !differ(9, 9, 9, 9))
        #expect(differ(1, 1_000_000_000, 500, 1_000_000_000))
    }

    /// At a level of 1 %, equals differ in one run of a hundred.
    @Test func `of equals are noise`() {
        var random = SeededRandom(seed: 21)
        var told = (rates: 0, durations: 0)
        let test = DifferenceTest(comparisons: 1)
        for _ in 0..<400 {
            var histograms = [LatencyHistogram(), LatencyHistogram()]
            var rates = [DifferenceTest.Rate(part: 0, whole: 60), DifferenceTest.Rate(part: 0, whole: 80)]
            for side in 0..<2 {
                for _ in 0..<rates[side].whole {
                    if random.chance(oneIn: 10) { rates[side].part += 1 }
                    histograms[side].record(Int64(random.below(1000) * random.below(1000)))
                }
            }
            if test.differ(rates[0], rates[1]) { told.rates += 1 }
            if test.differ(histograms[0], histograms[1]) { told.durations += 1 }
        }
        // Four are expected; more than twelve in one of a thousand such tests.
        #expect(told.rates <= 12 && told.durations <= 12, "\(told)")
    }

    @Test func `of durations are told where they are felt, and chance is not enough`() {
        func histogram(_ values: some Sequence<Int>) -> LatencyHistogram {
            var histogram = LatencyHistogram()
            for value in values { histogram.record(Int64(value) * 1000) }
            return histogram
        }
        let test = DifferenceTest(comparisons: 100)
        let usual = histogram((0..<200).map { 1000 + $0 % 50 })
        #expect(test.differ(usual, histogram((0..<200).map { 1300 + $0 % 50 })))
        #expect(test.differ(histogram((0..<200).map { 1300 + $0 % 50 }), usual))
        // Sure, and not worth a word.
        #expect(!test.differ(usual, histogram((0..<200).map { 1040 + $0 % 50 })))
        // Too few to say so.
        #expect(!test.differ(usual, histogram([9000, 9000, 9000])))
        #expect(!test.differ(usual, usual) && !test.differ(LatencyHistogram(), usual))
    }

    // MARK: Maps' files

    @Test func `of a map and its file are none`() throws {
        var random = SeededRandom(seed: 12)
        let tapes = `States`.conversations(30, &random, withProcesses: true)
        let map = try `States`.run(tapes, [], Limits()).serviceMap()
        let read = try MapFacts(map: ServiceMapFile.yaml(map))
        let facts = MapFacts(map)
        #expect(facts.asked.count > 10 && facts.edges.count > 1)
        #expect(MapDifference(facts, read).changes.isEmpty && MapDifference(read, facts).changes.isEmpty)
        #expect(read.count == facts.count)
    }

    @Test func `of what is no map is a fault with its line`() {
        for (text, message) in [
            ("", "line 1 is empty"), ("a: b\n", "is no service map: there is no `services` in it"),
            ("services:\n  - name: \"a\n", "line 2 has a quote that does not end on its line"),
            ("services:\n  - endpoints: []\n", "has a service without a name"),
            ("services:\n  - name: \"\\q\"\n", "line 2 has an escape that YAML does not know"),
            ("services: []\n    x: y\n", "line 2 is indented in a way that belongs to nothing"),
        ] {
            do {
                _ = try MapFacts(map: text)
                Issue.record("\(text.debugDescription) is read")
            } catch {
                #expect(error.description == message)
            }
        }
    }

    @Test func `are read of any text without harm`() {
        var random = SeededRandom(seed: 4)
        let parts = ["- ", "a: ", "\n", "  ", "\"", "'", "\\x4", "services:", "[]", "{", ": ", "#", "é", "- - "]
        for _ in 0..<2000 {
            let text = (0..<random.below(14)).map { _ in parts[random.below(parts.count)] }.joined()
            _ = try? MapFacts(map: text)
        }
        #expect(throws: MapFacts.Fault.self) {
            try MapFacts(map: (0..<2000).map { String(repeating: " ", count: $0) + "- " }.joined(separator: "\n"))
        }
    }
}
