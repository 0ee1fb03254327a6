import Testing

@testable import Shared

@Suite struct `Schemas that hold for all bodies` {
    private static func format(_ text: String) -> String {
        var reader = SchemaReader()
        let quoted = Array("\"\(text)\"".utf8)
        let id = reader.id(quoted)
        for cut in 1..<quoted.count { #expect(reader.id(quoted, cutAt: [cut]) == id, "\(text) cut at \(cut)") }
        guard case .text(let format) = reader.table.contents(id.raw) else { return "none" }
        return format.map { "\($0.name)" } ?? "text"
    }

    @Test(
        arguments: [
            ("2026-04-08T18:24:10Z", "date-time"), ("2026-04-08T18:24:10.123456789+02:00", "date-time"),
            ("2026-04-08 18:24:10Z", "text"), ("2026-04-08T18:24:10", "text"), ("2026-04-08T24:00:00Z", "text"),
            ("2026-04-08", "date"), ("2024-02-29", "date"), ("2026-02-29", "text"), ("2026-13-01", "text"),
            ("2026-4-8", "text"), ("18:24:10Z", "time"), ("18:24:10.5-07:30", "time"), ("18:24:10", "text"),
            ("18:24", "text"), ("alice@example.com", "email"), ("a.b+c@x-y.example.org", "email"), ("a@b", "text"),
            ("@example.com", "text"), ("a@@example.com", "text"), ("a..b@example.com", "text"),
            ("a b@example.com", "text"), ("0190d6b2-5a5e-7c3e-8b1a-3f1d2c4b5a69", "uuid"),
            ("F190D6B2-5A5E-7C3E-8B1A-3F1D2C4B5A69", "uuid"), ("0190d6b2-5a5e-7c3e-8b1a-3f1d2c4b5a6g", "text"),
            ("0190d6b25a5e7c3e8b1a3f1d2c4b5a69", "text"), ("10.0.0.5", "ipv4"), ("10.0.0.256", "text"),
            ("10.0.0", "text"), ("010.0.0.5", "text"), ("1.2.3.4.5", "text"), ("::1", "ipv6"), ("::", "ipv6"),
            ("2001:db8::8a2e:370:7334", "ipv6"), ("1:2:3:4:5:6:7:8", "ipv6"), ("1:2:3:4:5:6:7", "text"),
            ("1::2::3", "text"), ("::ffff:10.0.0.5", "ipv6"), ("fe80::1%eth0", "text"), ("ab:cd", "text"),
            ("https://example.org/a?b=c#d", "uri"), ("postgresql://db:5432/shop", "uri"), ("http://", "text"),
            ("http://a b", "text"), ("//example.org", "text"), ("note: this", "text"), ("urn:isbn:1", "text"),
            ("http://example.org/%zz", "text"), ("", "text"), ("x", "text"), ("5", "text"),
            ("größe@example.com", "text"), ("https:\\/\\/example.org", "text"),
        ]) func `tell formats from other texts, however they are cut`(_ text: String, _ expected: String)
    {
        #expect(Self.format(text) == expected)
    }

    @Test func `tell integers from other numbers, however they are cut`() {
        var reader = SchemaReader()
        for (text, isInteger) in [
            ("0", true), ("-7", true), ("12345678901234567890", true), ("1.0", false), ("1e3", false), ("-0.5", false),
        ] {
            for body in [text, "[\(text)]", "{\"a\":\(text) }"].map({ Array($0.utf8) }) {
                let id = reader.id(body)
                let isFine = reader.table.coarse(id) != id
                #expect(isFine == isInteger, "\(text)")
                for cut in 1..<max(body.count, 2) where cut < body.count {
                    #expect(reader.id(body, cutAt: [cut]) == id)
                }
                for cut in 1..<body.count { #expect(reader.id(body, cutAt: [cut]) == id) }
            }
        }
    }

    /// What holds for some texts.
    private static func schema(_ texts: [String], limits: Limits = Limits()) -> GeneralSchema {
        var reader = SchemaReader(limits: limits)
        var schema = GeneralSchema()
        for text in texts {
            let id = reader.id(Array(text.utf8))
            schema.add(id, times: 1, reader.table)
        }
        schema.fit()
        return schema
    }

    private static func written(_ texts: [String]) -> String {
        var bodies = EndpointSchemas()
        var reader = SchemaReader()
        for text in texts {
            let id = reader.id(Array(text.utf8))
            bodies.add(id, .empty, ExchangeNumbers(), times: 1, reader.table)
        }
        var document = ServiceMapDocument(generatedAt: nil, services: [])
        document.bodies = [
            ServiceMapDocument.Bodies(
                service: "a", destination: "b", method: "POST", path: "/", protocolName: "http/1.1", count: 1,
                schemas: bodies)
        ]
        let text = JSONSchemaFile.text(document, from: "", showsCounts: false)
        let lines = text.split(separator: "\n").map { $0.drop { $0 == " " } }
        // Behind what the body is of.
        let start = lines.firstIndex { $0.hasPrefix("\"count\"") }! + 2
        return lines[start..<(lines.count - 3)].joined(separator: " ")
    }

    @Test func `say which keys all have, and what may be null`() {
        #expect(
            Self.written(["{\"a\":1,\"b\":null}", "{\"a\":2,\"b\":\"x\"}", "{\"a\":3}"])
                == "\"type\": \"object\", \"properties\": { \"a\": { \"type\": \"integer\" }, \"b\": { \"type\": [\"string\", \"null\"] } }, \"required\": [\"a\"]"
        )
    }

    @Test func `say of numbers and texts what all have in common`() {
        #expect(Self.written(["1", "2.5"]) == "\"type\": \"number\"")
        #expect(Self.written(["\"2026-04-08\"", "\"2026-04-09\""]) == "\"type\": \"string\", \"format\": \"date\"")
        #expect(Self.written(["\"2026-04-08\"", "\"\""]) == "\"type\": \"string\"")
        #expect(Self.written(["\"2026-04-08\"", "\"10.0.0.5\""]) == "\"type\": \"string\"")
    }

    @Test func `have alternatives where one has a structure`() {
        #expect(
            Self.written(["1", "[\"x\"]", "null"])
                == "\"anyOf\": [ { \"type\": [\"integer\", \"null\"] }, { \"type\": \"array\", \"items\": { \"type\": \"string\" } } ]"
        )
        #expect(Self.written(["[]", "null"]) == "\"type\": [\"array\", \"null\"]")
    }

    @Test func `have no key that is data`() {
        let table = "{\"0190d6b2-5a5e-7c3e-8b1a-3f1d2c4b5a69\":1,\"0190d6b2-5a5e-7c3e-8b1a-3f1d2c4b5a70\":2}"
        #expect(
            Self.written([table])
                == "\"type\": \"object\", \"additionalProperties\": { \"type\": \"integer\" }, \"propertyNames\": { \"format\": \"uuid\" }"
        )
        // One in each body, and together they are two.
        #expect(!Self.written(["{\"1001\":1}", "{\"1002\":1}"]).contains("100"))
        let many = (0..<200).map { "{\"k\(String(repeating: "x", count: $0))\":1}" }
        #expect(Self.written(many) == "\"type\": \"object\", \"additionalProperties\": { \"type\": \"integer\" }")
    }

    @Test func `are the same in any order and in any groups`() {
        var random = SeededRandom(seed: 31)
        func value(_ depth: Int) -> String {
            switch Int.random(in: 0..<(depth > 0 ? 8 : 5), using: &random) {
            case 0: "1"
            case 1: "1.5"
            case 2: ["\"x\"", "\"2026-04-08\"", "\"10.0.0.5\"", "\"\""].randomElement(using: &random)!
            case 3: "null"
            case 4: "true"
            case 5:
                "[" + (0..<Int.random(in: 0..<3, using: &random)).map { _ in value(depth - 1) }.joined(separator: ",")
                    + "]"
            default:
                "{"
                    + ["a", "b", "c", "1001", "1002"].filter { _ in .random(using: &random) }.map {
                        "\"\($0)\":\(value(depth - 1))"
                    }.joined(separator: ",") + "}"
            }
        }
        for _ in 0..<1500 {
            let texts = (0..<Int.random(in: 1..<8, using: &random)).map { _ in value(3) }
            let expected = Self.schema(texts)
            var parts = texts.map { Self.schema([$0]) }.shuffled(using: &random)
            while parts.count > 1 {
                var joined = parts.removeFirst()
                joined.merge(parts.remove(at: Int.random(in: 0..<parts.count, using: &random)))
                parts.insert(joined, at: Int.random(in: 0...parts.count, using: &random))
            }
            #expect(parts[0] == expected, "\(texts)")
        }
    }

    @Test func `have bounds that are the same in any order`() {
        // Of 100 keys each has as many again, and these have ten.
        func object(_ outer: Int) -> String {
            let inner = (0..<100).map { "\"i\(String(repeating: "x", count: $0))\":{\"a\":1,\"b\":2,\"c\":3}" }
            return "{\"o\(String(repeating: "x", count: outer))\":{\(inner.joined(separator: ","))}}"
        }
        let texts = (0..<60).map(object)
        let whole = Self.schema(texts)
        #expect(whole.places <= GeneralSchema.mostNodes)
        #expect(whole.depth < SchemaFacts.deepest)
        var first = Self.schema(Array(texts[..<45]))
        first.merge(Self.schema(Array(texts[45...])))
        #expect(first == whole)
        var deep = Self.schema([String(repeating: "[", count: 60) + String(repeating: "]", count: 60)])
        deep.fit()
        #expect(deep.places <= SchemaFacts.deepest + 1)
    }
}
