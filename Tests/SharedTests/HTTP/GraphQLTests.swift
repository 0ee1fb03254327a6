import Testing

@testable import Shared

/// GraphQL over HTTP: what a request asks for is a part of its endpoint, and nothing else is taken for it.
@Suite struct `GraphQL over HTTP` {
    // MARK: Documents

    /// What a request with this JSON asks for, in one piece and byte by byte.
    private static func name(_ json: String) -> String {
        let bytes = Array(json.utf8)
        let (whole, cut) = (GraphQLRequest(), GraphQLRequest())
        whole.feed(bytes.span.bytes)
        for byte in bytes { cut.feed([byte].span.bytes) }
        let name = whole.finish()
        #expect(cut.finish() == name, "\(json)")
        // It is used again.
        whole.feed(bytes.span.bytes)
        #expect(whole.finish() == name, "\(json)")
        return String(decoding: name, as: UTF8.self)
    }

    /// As JSON has the text.
    private static func quoted(_ text: String) -> String {
        var json = JSONWriter(capacity: 64)
        json.string(text)
        return json.bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }

    @Test(arguments: [
        (
            "query GetUser($id: ID! = 1, $o: [In!] = [{a: 1}] @d) { user(id: $id) { ...P } } fragment P on User { id }",
            "query GetUser"
        ),
        (
            "mutation AddOrder { addOrder(item: \"tea }\", note: \"\"\"a \"quote\" \\\"\"\" }\"\"\", n: -1.5e3, e: RED) { id } }",
            "mutation AddOrder"
        ),
        ("subscription OnOrder @live { order { id } }", "subscription OnOrder"),
        ("{ user(email: \"anna@example.org\") { name } orders { id } }", "query {user orders}"),
        (
            "{a:user b:orders(first:3){id}...F...on Query@include(if:$x){c}...@skip(if:true){d}}fragment F on Query{e}",
            "query {user orders}"
        ),
        ("query($a: Int) { one two three four five one }", "query {one two three four …}"),
        ("# a remark {\nquery, A\u{FEFF}".replacing("\u{FEFF}", with: "") + "{ a }", "query A"),
        ("query { __typename }", "query {__typename}"),
        // What looks like one of many is no name.
        ("query Get_4f1c2d3e5a6b7c8d9e0f { user { id } }", "query {user}"),
        ("query \(String(repeating: "A", count: 100)) { user { id } }", "query {user}"),
    ])
    func `is named by kind and name, without what is asked for`(_ document: String, _ name: String) {
        #expect(
            Self.name("{\"query\":\(Self.quoted(document)),\"variables\":{\"query\":\"{x}\",\"id\":[\"a\"]}}") == name)
        #expect(Self.name(" { \"variables\" : null , \"query\" : \(Self.quoted(document)) } ") == name)
    }

    @Test(arguments: [
        // Of several operations it says which.
        (#"{"operationName":"B","query":"query A{a} mutation B{b}"}"#, "mutation B"),
        (#"{"operationName":"C","query":"query A{a} mutation B{b}"}"#, "query A"),
        (#"{"operationName":null,"query":"\u0071uery A{a(t:\"\\u00e4 \ud83d\ude00\")}"}"#, "query A"),
        // Those that the server knows.
        (
            #"{"operationName":"GetUser","extensions":{"persistedQuery":{"version":1,"sha256Hash":"ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38"}}}"#,
            "persisted GetUser"
        ),
        (
            #"{"extensions":{"persistedQuery":{"sha256Hash":"ECF4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38"}}}"#,
            "persisted ECF4edb46db4"
        ),
        (#"{"documentId":"sha256:ecf4edb46db40b5132295c02","variables":{}}"#, "persisted ecf4edb46db4"),
        (#"{"documentId":"some text"}"#, "persisted"),
        // Several, in whatever order.
        (#"[{"query":"query B{b}"},{"query":"query A{a}"},{"query":"query B{b}"}]"#, "batch query A, query B"),
        (#"[{"query":"{a}"}]"#, "query {a}"),
    ])
    func `says which operation it is`(_ json: String, _ name: String) { #expect(Self.name(json) == name) }

    @Test(arguments: [
        #"{"query":{"match":{"title":"x"}}}"#, #"{"query":"mutation of genes"}"#, #"{"query":"SELECT 1"}"#,
        #"{"query":"query"}"#, #"{"query":"query {"}"#, #"{"query":"{}}"}"#, #"{"query":"{job=\"x\"}"}"#,
        #"{"query":"{ all(func: eq(name, $a)) { name } }"}"#, #"{"query":"fragment F on U { id }"}"#,
        #"{"query":"type User { id: ID! }"}"#, #"{"query":"{ a b: }"}"#, #"{"query":"{a(x:1 2)}"}"#,
        #"{"query":"{a \"text\"}"}"#, #"{"query":"{ü}"}"#, #"{"query":"{a} trailing words"}"#,
        #"{"id":7,"operationName":"GetUser"}"#, #"{"data":{"query":"{a}"}}"#, #"{"a":[{"query":"{a}"}]}"#,
        #"{"extensions":{"other":{"sha256Hash":"ecf4edb46db40b5132295c0291d62fb6"}}}"#, #""{a}""#, #"["{a}"]"#,
        #"[{"query":"{a}"},{"id":1}]"#, #"[[{"query":"{a}"}]]"#, #"{"query":"{a}"} {"query":"{a}"}"#,
        #"{"query":"{a}""#,
        "", "[]", "{}", "null", "}{", #"{"query":"\uZZZZ{a}"}"#,
    ])
    func `is not what only looks alike`(_ json: String) { #expect(Self.name(json) == "") }

    @Test func `ends for hostile text`() {
        let deep = String(repeating: "{a", count: 5000)
        #expect(Self.name("{\"query\":\"\(deep)\(String(repeating: "}", count: 5000))\"}") == "")
        let values = "{a(x:\(String(repeating: "[", count: 5000))"
        #expect(Self.name("{\"query\":\"\(values)\"}") == "")
        #expect(Self.name("{\"query\":\"\(String(repeating: "query A{a} ", count: 5000))\"}") == "")
        #expect(Self.name(String(repeating: "[", count: 100_000)) == "")
        let batch = (0..<1000).map { "{\"query\":\"query Q\(UnicodeScalar(65 + $0 % 26)!)x{a}\"}" }.joined(
            separator: ",")
        #expect(Self.name("[\(batch)]") == "batch")
        let words = [
            "{", "}", "(", ")", "[", "]", "...", "a", "query", "on", ":", "@", "$", "\"", "\\\"", "#", "1", " ", "!",
            "=",
        ]
        var random = SeededRandom(seed: 7)
        for _ in 0..<3000 {
            let text = (0..<random.below(30)).map { _ in words[random.below(words.count)] }.joined()
            _ = Self.name("{\"query\":\(Self.quoted(text))}")
        }
    }

    // MARK: Targets

    @Test(arguments: [
        ("/graphql?query=%7B+user%28id%3A1%29+%7B+name+%7D+%7D", "query {user}"),
        ("/api?a=1&query=query%20Orders%7Borders%7Bid%7D%7D#x", "query Orders"),
        ("/v1/GraphQL/?query={me}", "query {me}"),
        ("/api?query=query%20A{a}%20query%20B{b}&operationName=B", "query B"),
        (
            "/x?extensions=%7B%22persistedQuery%22%3A%7B%22sha256Hash%22%3A%22ecf4edb46db40b51322%22%7D%7D&operationName=Me",
            "persisted Me"
        ),
        ("/x?documentId=sha256:ecf4edb46db40b5132", "persisted ecf4edb46db4"),
        ("/search?query={search_term}", ""), ("/search?query=query", ""),
        ("/api/v1/query?query=up%7Bjob%3D%22a%22%7D", ""),
        ("/graphql?query={job=\"a\"}", ""), ("/graphql", ""), ("/graphql?", ""), ("/graphql?query=%", ""),
        ("/x#?query={a}", ""),
    ])
    func `is read in a target`(_ target: String, _ name: String) {
        #expect(String(decoding: GraphQLTarget.name(Array(target.utf8).span.bytes), as: UTF8.self) == name)
    }

    // MARK: Exchanges

    private static func post(_ body: String, _ fields: String = "") -> String {
        "POST /graphql HTTP/1.1\r\nHost: shop\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)"
    }

    private static let answer = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"data\":{}}"

    @Test(arguments: [nil, 1, 7]) func `makes operations endpoints of their own, pipelined and cut`(_ size: Int?) throws
    {
        var tape = TapeBuilder()
        tape.open()
        let (first, second) = (#"{"query":"query A{a(id:\"secret\")}"}"#, #"{"query":"mutation B{b}"}"#)
        tape.send(Self.post(first) + Self.post(second) + Self.post(#"{"id":1}"#) + Self.post(first))
        for _ in 0..<4 { tape.receive(Self.answer) }
        tape.send("GET /graphql?query=query+A{a} HTTP/1.1\r\nHost: shop\r\n\r\n")
        tape.receive(Self.answer)
        tape.close()
        let result = (size.map { tape.cut(every: $0) } ?? tape).run()
        let endpoints = result.serviceMap.services[0].endpoints
        #expect(
            endpoints.map { "\($0.method) \($0.operation ?? "-") \($0.count)" }.sorted() == [
                "GET query A 1", "POST - 1", "POST mutation B 1", "POST query A 2",
            ])
        let events = try result.events()
        #expect(
            events.map { $0.string("operation") } == [
                "query A", "mutation B", nil, "query A", "query A", "mutation B", nil, "query A", "query A", "query A",
            ])
    }

    /// A server that says what it was told: the same bytes are asked and answered.
    @Test func `is found in what an answer has said before`() throws {
        let body = #"{"query":"query A{a}"}"#
        let echo = "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        var tape = TapeBuilder()
        tape.open()
        tape.send("GET /last HTTP/1.1\r\nHost: shop\r\n\r\n")
        tape.receive(echo)
        for _ in 0..<3 {
            tape.send(Self.post(body))
            tape.receive(echo)
        }
        tape.close()
        let events = try tape.run().events()
        #expect(events.compactMap { $0.string("operation") } == Array(repeating: "query A", count: 6))
        #expect(events.prefix(2).allSatisfy { $0.string("operation") == nil })
    }

    @Test func `is left out for the first versions' fields, and where its text was not captured`() throws {
        var tape = TapeBuilder()
        tape.open()
        tape.send(Self.post(#"{"query":"query A{a}"}"#))
        tape.receive(Self.answer)
        let body = "{\"query\":\"query A{a}\",\"variables\":{\"a\":\"\(String(repeating: "x", count: 500))\"}}"
        let request = Self.post(body)
        tape.send(String(request.prefix(request.count - 100)))
        tape.gap(.send, 100)
        tape.receive(Self.answer)
        tape.close()
        #expect(try tape.run().events().map { $0.string("operation") } == ["query A", "query A", nil, nil])
        var options = Profiler.Options()
        options.fields = .compat
        #expect(!tape.run(options).text.contains("\"operation\""))
    }

    // MARK: Documents without JSON

    @Test(arguments: [
        ("query A { a(id: \"secret\") }", "query A"),
        ("{ user orders }", "query {user orders}"),
        // Under that name, too.
        (#"{"query":"query A{a}"}"#, "query A"),
        ("{ \"a\": 1 }", nil),
        ("plain text", nil),
        ("query A { a", nil),
    ])
    func `is a document as it is`(_ body: String, _ name: String?) throws {
        var tape = TapeBuilder()
        tape.open()
        for type in ["application/graphql", "Application/GraphQL; charset=utf-8", "text/plain"] {
            tape.send(Self.post(body, "Content-Type: \(type)\r\n"))
            tape.receive(Self.answer)
        }
        tape.close()
        let asJSON = body.hasPrefix("{\"query") ? name : nil
        for tape in [tape, tape.cut(every: 1)] {
            #expect(
                try tape.run().events().filter { $0.string("status_code") == nil && $0.number("status_code") == nil }
                    .map {
                        $0.string("operation")
                    } == [name, name, asJSON])
        }
    }

    // MARK: Errors

    private static func answer(_ body: String, _ status: String = "200 OK") -> String {
        "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    private static let errors =
        #""errors":[{"message":"no","path":["a"],"extensions":{"x":{"code":"NO"},"code":"DENIED"}},{"message":"b"}]"#

    @Test(arguments: [
        ("{\(errors)}", "error", "DENIED"),
        ("{\"data\":null,\(errors)}", "error", "DENIED"),
        ("{\(errors),\"data\":{\"a\":null}}", "partial", "DENIED"),
        // A code that is no word may be anybody's.
        (#"{"errors":[{"message":"x","extensions":{"code":"anna@example.org"}}]}"#, "error", "graphql_error"),
        (#"{"errors":[{"message":"x","extensions":{"code":"4f1c2d3e5a6b7c8d9e0f"}}]}"#, "error", "graphql_error"),
        (#"{"errors":[{"message":"\"extensions\":{\"code\":\"A\"}"}]}"#, "error", "graphql_error"),
        ("[{\"data\":{}},{\(errors)}]", "partial", "DENIED"),
        ("[{\(errors)},{\(errors)}]", "error", "DENIED"),
        // Look-alikes.
        (#"{"data":{"errors":[1]}}"#, nil, nil),
        (#"{"data":{},"errors":[]}"#, nil, nil),
        (#"{"data":{},"errors":null}"#, nil, nil),
        (#"{"data":{},"errors":"none"}"#, nil, nil),
        (#"{"errors":[1]"#, nil, nil),
    ])
    func `fails where its answer has errors and no data`(_ body: String, _ status: String?, _ code: String?) throws {
        var tape = TapeBuilder()
        tape.open()
        tape.send(Self.post(#"{"query":"query A{a}"}"#))
        tape.receive(Self.answer(body))
        // The same answer to what is no GraphQL, and with a status that says it all.
        tape.send("GET /a HTTP/1.1\r\nHost: shop\r\n\r\n")
        tape.receive(Self.answer(body))
        tape.send(Self.post(#"{"query":"query A{a}"}"#))
        tape.receive(Self.answer(body, "500 No"))
        tape.close()
        for tape in [tape, tape.cut(every: 1)] {
            let result = tape.run()
            let events = try result.events()
            #expect(events.map { $0.string("graphql_status") } == [nil, status, nil, nil, nil, nil])
            #expect(events.map { $0.string("graphql_code") } == [nil, code, nil, nil, nil, nil])
            let endpoints = result.serviceMap.services[0].endpoints
            let statuses = endpoints.filter { $0.operation != nil }.flatMap { endpoint in
                endpoint.numbers.status.reduce([]) { known, number, _ in known + [AnswerStatus.name(number)] }
            }
            #expect(statuses.sorted() == [status.map { "graphql_\($0)" } ?? "200", "500"].sorted())
            #expect(endpoints.reduce(0) { $0 + $1.numbers.errors } == (status == "error" ? 2 : 1))
        }
        var options = Profiler.Options()
        options.fields = .compat
        #expect(!tape.run(options).text.contains("graphql_"))
    }
}
