import Testing

@testable import Shared

@Suite struct `Shapes that are joined` {
    private static func shape(_ text: String) -> Shape {
        var reader = SchemaReader()
        return reader.shape(text)
    }

    private static func joined(_ texts: [String]) -> String { Shape.joined(texts.map(shape)).brief }

    @Test func `have what holds for all`() {
        #expect(Self.joined(["{\"a\":1,\"b\":2}", "{\"a\":1}"]) == "{a: number, b?: number}")
        #expect(Self.joined(["{\"a\":1}", "{\"a\":null}"]) == "{a: \"null\" | number}")
        #expect(Self.joined(["[1]", "[\"x\"]", "[]"]) == "[number, string]")
        #expect(Self.joined(["[{\"a\":1},{\"b\":1}]"]) == "[{a?: number, b?: number}]")
        #expect(Self.joined(["1", "{\"a\":[]}", "{\"a\":[1]}"]) == "number | {a: [number]}")
    }

    @Test func `have one key for those that are data`() {
        let ids = "{\"0190d6b2-5a5e-7c3e-8b1a-3f1d2c4b5a69\":{\"age\":1},\"17\":{\"age\":2,\"name\":\"x\"}}"
        #expect(Self.shape(ids).withKeyPatterns.brief == "{{key}: {age: number, name?: string}}")
        #expect(Self.shape("{\"17\":1}").withKeyPatterns.brief == "{17: number}")
        #expect(Self.shape("{\"17\":1,\"a\":1}").withKeyPatterns.brief == "{17: number, a: number}")
        let many = "{" + (0..<129).map { "\"key\(String(repeating: "x", count: $0))\":1" }.joined(separator: ",") + "}"
        #expect(Self.shape("[\(many)]").withKeyPatterns.brief == "[{{key}: number}]")
        let pattern = Self.shape(ids).withKeyPatterns
        #expect(
            Shape.joined([pattern, Self.shape("{\"5\":{\"age\":1}}"), Self.shape("{\"ok\":true}")]).brief
                == "{ok?: boolean, {key}: {age: number, name?: string}}")
    }

    @Test func `are the same in any order and in any groups`() {
        var random = SeededRandom(seed: 12)
        func value(_ depth: Int) -> String {
            switch Int.random(in: 0..<(depth > 0 ? 7 : 4), using: &random) {
            case 0: "1"
            case 1: "\"x\""
            case 2: "null"
            case 3: "true"
            case 4:
                "[" + (0..<Int.random(in: 0..<3, using: &random)).map { _ in value(depth - 1) }.joined(separator: ",")
                    + "]"
            default:
                "{"
                    + ["a", "b", "c", "17", "18"].filter { _ in .random(using: &random) }.map {
                        "\"\($0)\":\(value(depth - 1))"
                    }
                    .joined(separator: ",") + "}"
            }
        }
        for _ in 0..<1500 {
            var shapes = (0..<Int.random(in: 1..<7, using: &random)).map { _ in Self.shape(value(3)).withKeyPatterns }
            let expected = Shape.joined(shapes)
            shapes.append(shapes.randomElement(using: &random)!)
            shapes.shuffle(using: &random)
            while shapes.count > 1 {
                let count = Int.random(in: 2...shapes.count, using: &random)
                let part = Shape.joined(Array(shapes.prefix(count)))
                shapes.removeFirst(count)
                shapes.append(part)
                shapes.shuffle(using: &random)
            }
            #expect(Shape.joined(shapes) == expected)
        }
    }
}
