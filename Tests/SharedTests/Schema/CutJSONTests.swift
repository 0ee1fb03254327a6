import Testing

@testable import Shared

/// Bodies of which a part is missing: their shape is that of what was seen, and says so.
@Suite struct `JSON of which the rest is missing` {
    private func shape(_ text: String, every size: Int = .max) -> (brief: String, isIncomplete: Bool) {
        var table = ShapeTable()
        var scanner = JSONShapeScanner()
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: min(size, max(1, bytes.count))) {
            let piece = Array(bytes[start..<min(bytes.count, start &+ min(size, bytes.count))])
            scanner.feed(piece.span.bytes, into: &table)
        }
        let id = scanner.finishCut(into: &table)
        return (table.shape(id).brief, id.isIncomplete)
    }

    @Test(arguments: [
        ("", "null"), ("  ", "null"), ("{", "{}"), ("[", "[]"), ("{\"a", "{}"), ("{\"a\"", "{}"), ("{\"a\":", "{}"),
        ("{\"a\":1", "{a: number}"), ("{\"a\":-", "{a: number}"), ("{\"a\":\"x", "{a: string}"),
        ("{\"a\":nu", "{a: \"null\"}"),
        ("{\"a\":tr", "{a: boolean}"), ("{\"a\":1,", "{a: number}"),
        ("{\"a\":1,\"b\":{\"c\":[", "{a: number, b: {c: []}}"),
        ("[{\"a\":1},{\"a\":2,\"b", "[{a: number}]"), ("[{\"a\":1,\"b\":[1,2", "[{a: number, b: [number]}]"),
        ("[1,\"x\",tr", "[number, string]"),
        ("[[1],[\"x", "[[number]]"), ("\"x", "string"), ("12", "number"), ("{\"a\":1}", "{a: number}"),
        ("<html>", "non-json"), ("{\"a\":}", "non-json"),
    ])
    func `has the shape of what was seen`(_ text: String, _ expected: String) {
        for size in [1, 2, 5, .max] {
            let (brief, isIncomplete) = shape(text, every: size)
            #expect(brief == expected, "\(text), \(size) bytes at a time")
            #expect(isIncomplete)
        }
    }

    /// Whatever is cut off, nothing is seen that the whole body does not have.
    @Test func `has nothing that the whole body has not`() {
        let text = "[{\"id\":1,\"tags\":[\"a\",{\"deep\":null}],\"on\":true},{\"id\":2,\"tags\":[],\"on\":false}]"
        for length in 0..<text.utf8.count {
            let cut = shape(String(text.prefix(length)))
            #expect(!cut.brief.contains("non-json"), "cut at \(length)")
            #expect(shape(String(text.prefix(length)), every: 1).brief == cut.brief, "cut at \(length)")
        }
    }

    private func result(_ turns: [Talk.Turn]) -> TapeResult {
        let tape = Talk("", turns, []).tape
        let whole = tape.run()
        #expect(tape.cut(every: 1).run() == whole)
        return whole
    }

    @Test(arguments: [
        ([Talk.Turn.s("{\"a\":1,\"b\":\"xx"), .serverGap(2)], "{a: number, b: string} incomplete"),
        ([.s("{\"a\":1,"), .serverGap(3), .s("\"xxx\"")], "{a: number} incomplete"),
        ([.serverGap(17)], "null incomplete"), ([.serverGap(4), .s("\"b\":\"xxxx\"}  ")], "null incomplete"),
        ([.s("<p>12345</p>"), .serverGap(5)], "non-json incomplete"),
        ([.s("{\"a\":1,\"b\":\"xxx\"}")], "{a: number, b: string}"),
    ])
    func `is marked in the map`(_ body: [Talk.Turn], _ expected: String) {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n"
        let endpoint = result([.c("GET /a HTTP/1.1\r\n\r\n"), .s(head)] + body).serviceMap.services[0].endpoints[0]
        #expect(endpoint.responseSchema.brief + (endpoint.responseIsIncomplete ? " incomplete" : "") == expected)
        #expect(!endpoint.requestIsIncomplete)
    }

    @Test func `is an entry of its own beside the complete one, and written behind it`() {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"
        let asks = "GET /a HTTP/1.1\r\n\r\n"
        let document = result([
            .c(asks), .s(head + "{\"a\":1"), .serverGap(1), .c(asks), .s(head + "{\"a\":1}"),
        ]).serviceMap
        let yaml = ServiceMapFile.yaml(document)
        #expect(document.services[0].endpoints.map(\.responseIsIncomplete) == [false, true])
        #expect(yaml.contains("        protocol: http/1.1\n        incomplete:\n          - response\n"))
        #expect(!ServiceMapFile.yaml(document, .compat).contains("incomplete"))
    }
}
