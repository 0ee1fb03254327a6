import Testing

@testable import Shared

@Suite struct `OpenAPI descriptions` {
    /// One request and its answer each, on a connection of their own.
    private static func map(
        _ talks: [(ask: String, answer: String)], _ paths: PathTemplates = .inferred(PathRules())
    ) -> ServiceMapDocument {
        var tape = TapeBuilder()
        for talk in talks {
            tape.open()
            tape.send(talk.ask)
            tape.wait(milliseconds: 1)
            if !talk.answer.isEmpty { tape.receive(talk.answer) }
            tape.close()
            tape.wait(milliseconds: 1)
        }
        var options = Profiler.Options()
        options.eventLog = false
        options.interfaces = true
        options.paths = paths
        let profiler = Profiler(options)
        for entry in tape.entries { profiler.consume(entry.event, payload: entry.payload.span.bytes) }
        profiler.finish()
        return profiler.serviceMap(withBodies: true)
    }

    private static func ask(
        _ line: String, _ fields: [String] = [], host: String = "shop.test", body: String = ""
    ) -> String {
        let length = body.isEmpty ? [] : ["Content-Length: \(body.utf8.count)"]
        return (["\(line) HTTP/1.1", "Host: \(host)"] + fields + length).joined(separator: "\r\n") + "\r\n\r\n\(body)"
    }

    private static func answer(
        _ status: String = "200 OK", _ body: String = "", type: String = "application/json; charset=utf-8"
    ) -> String {
        let type = body.isEmpty ? "" : "Content-Type: \(type)\r\n"
        return "HTTP/1.1 \(status)\r\n\(type)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    private static func text(
        _ talks: [(ask: String, answer: String)], _ change: (inout OpenAPIFile.Style) -> Void = { _ in }
    ) throws -> String {
        var style = OpenAPIFile.Style()
        change(&style)
        let descriptions = OpenAPIFile.descriptions(map(talks), from: "From a test.", style)
        return try #require(descriptions.first).text
    }

    @Test func `name parameters of the query and what they look like, and no values`() throws {
        let text = try Self.text([
            (Self.ask("GET /items?page=1&q=tea&token=s3cret&tag=a&tag=b&price=1.5&flag&007bond%3D=x"), Self.answer()),
            (Self.ask("GET /items?page=22&q=7&price=2&new=true"), Self.answer()),
        ])
        for (name, schema) in [
            ("new", "type: boolean"), ("page", "type: integer"), ("price", "type: number"), ("q", "type: string"),
            ("tag", "type: array"),
        ] {
            #expect(
                text.contains("- name: \(name)\n          in: query\n          schema:\n            \(schema)\n"),
                "\(name)")
        }
        #expect(
            !text.contains("required") && !text.contains("tea") && !text.contains("s3cret") && !text.contains("flag"))
        #expect(text.contains("query-token:\n      type: apiKey\n      in: query\n      name: token\n"))
        #expect(text.contains("The query of 1 request has more than parameters with names."))
        // One of the two requests had it.
        #expect(text.contains("security:\n        - {}\n        - query-token: []\n"))
    }

    @Test func `take a parameter for required when twenty requests had it, and not before`() throws {
        let talks = (0..<20).map { (Self.ask("GET /a?n=\($0)"), Self.answer()) }
        #expect(try Self.text(talks).contains("in: query\n          required: true\n"))
        #expect(!(try Self.text(Array(talks.dropLast())).contains("required")))
        #expect(!(try Self.text(talks + [(Self.ask("GET /a"), Self.answer())]).contains("required")))
    }

    @Test func `say by what requests prove who they are from, and never with what`() throws {
        let secret = "c2VjcmV0OnNlY3JldA=="
        let text = try Self.text([
            (
                Self.ask(
                    "GET /a", ["Authorization: Bearer \(secret)", "X-API-Key: \(secret)", "traceparent: 00-1-2-01"]),
                Self.answer()
            ),
            (Self.ask("GET /b", ["AUTHORIZATION: \(secret)"]), Self.answer()),
            (Self.ask("GET /c", ["Authorization: basic \(secret)"]), Self.answer()),
        ]) { $0.showsFields = true }
        #expect(text.contains("security:\n        - bearer: []\n          x-api-key: []\n"))
        #expect(text.contains("security:\n        - basic: []\n"))
        #expect(text.contains("authorization:\n      type: apiKey\n      in: header\n"))
        #expect(!text.contains("c2Vj") && !text.contains("traceparent") && !text.contains("- {}"))
    }

    @Test func `have each path once, whatever a parameter is called, with braces that are none encoded`() throws {
        let ids = ["2b1f4f0e-6b1a-4c57-9d39-0d9f3f7f6b01", "2b1f4f0e-6b1a-4c57-9d39-0d9f3f7f6b02"]
        let text = try Self.text(
            ids.map { (Self.ask("GET /orders/\($0)"), Self.answer()) }
                + [
                    (Self.ask("DELETE /orders/17"), Self.answer("204 No Content")),
                    (Self.ask("GET /{x}/a"), Self.answer()),
                ])
        #expect(text.matches(of: /(?m)^  \/orders.*:$/).count == 1)
        #expect(text.contains("  /orders/{orderId}:\n    delete:\n"))
        #expect(text.contains("/%7Bx%7D/a"))
        #expect(text.contains("operationId: getOrdersOrderId\n"))
    }

    /// A path that is as it was seen has no parameters; a template of the user's has.
    @Test func `tell the braces of a template from those that were sent`() throws {
        var rules = PathRules()
        try rules.add(line: "/a/{x}")
        let talks = [(Self.ask("GET /a/{x}"), Self.answer())]
        for (paths, key) in [(.raw, "/a/%7Bx%7D"), (.inferred(rules), "/a/{x}")] as [(PathTemplates, String)] {
            let descriptions = OpenAPIFile.descriptions(Self.map(talks, paths), from: "x", OpenAPIFile.Style())
            let text = try #require(descriptions.first).text
            #expect(text.contains("  \(key):\n") && text.contains("in: path") == (key == "/a/{x}"), "\(text)")
        }
    }

    @Test func `say what has no place in them`() {
        let map = Self.map([
            (Self.ask("OPTIONS *"), Self.answer()), (Self.ask("PROPFIND /dav"), Self.answer("207 Multi-Status")),
            (Self.ask("GET /a"), ""),
        ])
        var style = OpenAPIFile.Style()
        let old = OpenAPIFile.descriptions(map, from: "From a test.", style)
        #expect(
            old.map(\.leftOut) == [
                ["1 request for no path", "1 operation by methods that OpenAPI 3.1 does not know (PROPFIND; 3.2 does)"]
            ])
        #expect(old[0].text.contains("No answer was seen to 1 request. Left out: 1 request for no path, 1 operation"))
        // A request without an answer is described, and no answer to it is made up.
        #expect(old[0].text.contains("get:\n      operationId: getA\n") && !old[0].text.contains("responses"))
        style.version = .v32
        let new = OpenAPIFile.descriptions(map, from: "From a test.", style)
        #expect(new[0].leftOut == ["1 request for no path"])
        #expect(new[0].text.contains("additionalOperations:\n      PROPFIND:\n"))
    }

    @Test func `write a schema once that stands at two places, and give each media type its own`() throws {
        let order = #"{"id":1,"customer":{"name":"a","age":3}}"#
        let text = try Self.text([
            (Self.ask("GET /orders"), Self.answer("200 OK", "[\(order)]")),
            (Self.ask("GET /orders"), Self.answer("200 OK", "<p>", type: "text/html")),
            (
                Self.ask("POST /orders", ["Content-Type: application/json"], body: order),
                Self.answer("201 Created", order)
            ),
            (Self.ask("GET /people"), Self.answer("200 OK", #"{"name":"b","age":4}"#)),
            (Self.ask("GET /plain"), Self.answer("200 OK", order, type: "text/plain")),
        ])
        #expect(text.matches(of: /"#\/components\/schemas\/Orders"/).count == 4)
        #expect(text.matches(of: /"#\/components\/schemas\/Customer"/).count == 2)
        #expect(text.matches(of: /(?m)^    (Orders|Customer):$/).count == 2)
        #expect(text.contains("text/html: {}\n"))
        #expect(text.contains("requestBody:\n        content:\n          application/json:\n"))
        #expect(text.contains("        required: true\n"))
    }

    @Test func `are the same whatever came first, and as JSON`() throws {
        let talks = (0..<40).map { number in
            (
                Self.ask("GET /items/\(number)?p\(Character(UnicodeScalar(UInt8(97 + number % 26))))=\(number)"),
                Self.answer(
                    number % 3 == 0 ? "404 Not Found" : "200 OK", number % 2 == 0 ? "{\"a\":\(number)}" : "{\"b\":null}"
                )
            )
        }
        let text = try Self.text(talks)
        #expect(try Self.text(talks.reversed()) == text)
        let json = try Self.text(talks) { $0.isJSON = true }
        #expect(json.hasPrefix("{\n  \"openapi\": \"3.1.0\",\n") && json.contains("\"/items/{itemId}\": {"))
    }

    @Test func `of a state alone say that heads are not known`() throws {
        let talks = [(Self.ask("GET /a?q=1"), Self.answer("200 OK", #"{"a":1}"#))]
        var map = Self.map(talks)
        map.interfaces = []
        let text = try #require(OpenAPIFile.descriptions(map, from: "From a test.", OpenAPIFile.Style()).first).text
        #expect(text.contains("Of 1 request the head is not known") && !text.contains("servers"))
        #expect(text.contains("application/json:\n              schema:\n                type: object\n"))
        #expect(!(try Self.text(talks).contains("is not known")))
    }

    @Test func `hold so many names, the same in any order`() {
        let names = (0..<300).map { "name\($0)" }
        var (one, two, three) = (BoundedNames<UInt64>(64), BoundedNames<UInt64>(64), BoundedNames<UInt64>(64))
        for name in names { one.count(name) }
        for name in names.reversed() { if name.hashValue % 2 == 0 { two.count(name) } else { three.count(name) } }
        two.merge(three)
        #expect(one == two && one.isCut && one.values.count == 64)
    }
}
