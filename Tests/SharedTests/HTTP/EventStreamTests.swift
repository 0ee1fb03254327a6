import Testing

@testable import Shared

/// Answers that go on for as long as somebody listens: server-sent events (WHATWG HTML, section 9.2), and lines of JSON.
@Suite struct `Event streams` {
    private static let asked = Talk.Turn.c("GET /live?a=1 HTTP/1.1\r\nHost: shop\r\n\r\n")

    private static func head(_ type: String, _ rest: String = "") -> String {
        "HTTP/1.1 200 OK\r\nContent-Type: \(type)\r\n\(rest)\r\n"
    }

    private static func chunk(_ text: String) -> String {
        "\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n"
    }

    private static let chunked = "Transfer-Encoding: chunked\r\n"

    static let talks: [Talk] = [
        Talk(
            "events with names, ids and several lines, comments, and one that has no end",
            [
                asked, .s(head("text/event-stream; charset=utf-8")),
                .s(": hello\n\ndata: one\n\nevent: price\nid: 7\ndata:{\"sku\":\"a\",\ndata: \"n\":1}\n"),
                .s("\nretry: 10\n\nevent: price\ndata\n\ndata: lost"), .serverEnd,
            ],
            [
                "> GET /live?a=1", "<< sse message \"one\"", "<< sse price \"{\"sku\":\"a\",\n\"n\":1}\"",
                "<< sse price",
                "< 200 GET /live?a=1 \": hello\n\ndata: one\n\nevent: price\nid: 7\ndata:{\"sku\":\"a\",\ndata: \"n\":1}\n\nretry: 10\n\nevent: price\ndata\n\ndata: lost\"",
            ]),
        Talk(
            "lines that end in carriage returns, in chunks that cut them",
            [
                asked, .s(head("text/event-stream", chunked)), .s(chunk("data: a\r")), .s(chunk("\n\r\nda")),
                .s(chunk("ta: b\r\rdata: c\n\r")), .s("0\r\n\r\n"),
            ],
            [
                "> GET /live?a=1", "<< sse message \"a\"", "<< sse message \"b\"", "<< sse message \"c\"",
                "< 200 GET /live?a=1 \"data: a\r\n\r\ndata: b\r\rdata: c\n\r\"",
            ]),
        Talk(
            "bytes that were not captured: the event that they lie in is not told of",
            [
                asked, .s(head("text/event-stream")), .s("data: a\n\ndata: b"), .serverGap(10),
                .s("c\n\ndata: d\n\n"), .serverEnd,
            ],
            [
                "> GET /live?a=1", "<< sse message \"a\"", "<< sse message \"d\"",
                "< 200 GET /live?a=1 \"data: a\n\ndata: bc\n\ndata: d\n\n\" !gap",
            ]),
        Talk(
            "lines of JSON, the last of which has no end",
            [
                asked, .s(head("application/x-ndjson", chunked)), .s(chunk("{\"type\":\"add\",\"n\":1}\n{\"n\"")),
                .s(chunk(":2}\r\n\n{\"n\":3}")), .s("0\r\n\r\n"),
            ],
            [
                "> GET /live?a=1", "<< ndjson add \"{\"type\":\"add\",\"n\":1}\"", "<< ndjson line \"{\"n\":2}\"",
                "<< ndjson line \"{\"n\":3}\"",
                "< 200 GET /live?a=1 \"{\"type\":\"add\",\"n\":1}\n{\"n\":2}\r\n\n{\"n\":3}\"",
            ]),
        Talk(
            "a line that the end of the connection has cut",
            [
                asked, .s(head("application/x-ndjson", chunked)), .s(chunk("{\"n\":1}\n{\"i\":")), .serverEnd,
            ],
            [
                "> GET /live?a=1", "<< ndjson line \"{\"n\":1}\"", "<< ndjson line \"{\"i\":\" !body_incomplete",
                "< 200 GET /live?a=1 \"{\"n\":1}\n{\"i\":\" !body_incomplete",
            ]),
        Talk(
            "lines of a length that is said are a file",
            [asked, .s(head("application/x-ndjson", "Content-Length: 4\r\n") + "1\n2\n")],
            ["> GET /live?a=1", "< 200 GET /live?a=1 \"1\n2\n\""]),
    ]

    @Test(arguments: talks) func `are told of piece by piece`(_ talk: Talk) throws { try talk.check() }

    @Test func `are on the map by kinds, and their answer waits`() throws {
        let events = "event: price\ndata: {\"n\":1}\n\nevent: price\ndata: {\"n\":2}\n\ndata: {\"type\":\"end\"}\n\n"
        let result = Talk("", [Self.asked, .s(Self.head("text/event-stream")), .s(events), .serverEnd], []).tape.run()
        let endpoints = result.serviceMap.services[0].endpoints
        #expect(endpoints.map(\.operation) == [nil, "end", "price"])
        #expect(endpoints.map(\.responseSchema.brief) == ["non-json", "{type: string}", "{n: number}"])
        #expect(
            endpoints.map(\.count) == [1, 1, 2] && endpoints.allSatisfy { $0.method == "GET" && $0.path == "/live" })
        #expect(endpoints.allSatisfy { $0.numbers.total.isEmpty } && endpoints[2].numbers.unanswered(of: 2) == 0)
        #expect(result.summary.messages.said[.sse] == 3)
    }

    @Test func `come on a stream of HTTP/2, too`() throws {
        typealias H2 = HTTP2Frames
        var tape = TapeBuilder()
        tape.open()
        tape.data(.send, H2.preface + H2.get(1, "/live"))
        tape.data(
            .receive,
            H2.frame(4, stream: 0, [])
                + H2.headers(1, H2.block([":status": "200", "content-type": "text/event-stream"]))
                + H2.data(1, "data: a\n\nda") + H2.data(1, "ta: b\n\n"))
        tape.close()
        let result = tape.run()
        #expect(
            try result.events().map(\.brief) == [
                "> GET /live", "<< sse message \"a\"", "<< sse message \"b\"",
                "< 200 GET /live \"data: a\n\ndata: b\n\n\" !body_incomplete",
            ])
        #expect(try result.events()[1].number("stream") == 1)
        #expect(tape.cut(every: 1).run() == result)
    }

    @Test func `are no part of what the first versions had`() throws {
        var options = Profiler.Options()
        options.eventLog = true
        options.fields = .compat
        let result = Talk("", [Self.asked, .s(Self.head("text/event-stream") + "data: a\n\n"), .serverEnd], [])
            .tape.run(options)
        #expect(try result.events().count == 2 && result.serviceMap.services[0].endpoints.count == 1)
    }
}
