import Testing

@testable import Shared

/// Start lines and field sections: RFC 9112, sections 2 to 5.
@Suite struct `HTTP heads` {
    private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

    @Test(arguments: startLines) func `have start lines of many forms`(_ talk: Talk) throws { try talk.check() }
    @Test(arguments: fields) func `have fields of many forms`(_ talk: Talk) throws { try talk.check() }

    static let startLines: [Talk] = [
        Talk(
            "blank lines before", [.c("\r\n\r\nGET /a HTTP/1.1\r\n\r\n\r\nGET /b HTTP/1.1\r\n\r\n")],
            ["> GET /a", "> GET /b"]),
        Talk("absolute form", [.c("GET http://h:81/a?q=1 HTTP/1.1\r\nHost: x\r\n\r\n")], ["> GET http://h:81/a?q=1"]),
        Talk("asterisk form", [.c("OPTIONS * HTTP/1.1\r\n\r\n")], ["> OPTIONS *"]),
        Talk(
            "a method in lower case", [.c("get /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n")], ["> get /a", "> GET /b"]),
        Talk("an invented method", [.c("FRO-B_1~! /a HTTP/1.1\r\n\r\n")], ["> FRO-B_1~! /a"]),
        Talk(
            "WebDAV and PURGE",
            [
                .c("PROPFIND /a HTTP/1.1\r\nDepth: 1\r\n\r\nMKCOL /b HTTP/1.1\r\n\r\nPURGE /c HTTP/1.1\r\n\r\n"),
                .s("HTTP/1.1 207 Multi-Status\r\nContent-Length: 4\r\n\r\n<a/>"),
            ], ["> PROPFIND /a", "> MKCOL /b", "> PURGE /c", "< 207 PROPFIND /a \"<a/>\""]),
        Talk("two blanks", [.c("GET  /a  HTTP/1.1\r\n\r\n")], ["> GET /a !start_line_malformed"]),
        Talk("a blank in the target", [.c("GET /a b HTTP/1.1\r\n\r\n")], ["> GET /a b !start_line_malformed"]),
        Talk(
            "a version to come", [.c("GET /a HTTP/1.9\r\n\r\n"), .s(ok)], ["> GET /a !version_unknown", "< 200 GET /a"]),
        Talk(
            "no reason phrase", [.c("GET /a HTTP/1.1\r\n\r\n"), .s("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n")],
            ["> GET /a", "< 200 GET /a"]),
        Talk(
            "garbage between messages",
            [.c("GET /a HTTP/1.1\r\n\r\n%%%%\r\nGET /b HTTP/1.1\r\n\r\n")],
            ["> GET /a", "> GET /b !bytes_between_messages !resynchronised"]),
        Talk(
            "garbage that looks like a start line until its end",
            [.c("GET /a HTTP/1.1\r\n\r\nFOO /x HTTP/1.1\rbar\r\n\r\nGET /b HTTP/1.1\r\n\r\n")],
            ["> GET /a", "> GET /b !bytes_between_messages !resynchronised"]),
        Talk(
            "garbage between responses",
            [
                .c("GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n"), .s(ok), .s("oops\r\n"),
                .s("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"),
            ], ["> GET /a", "> GET /b", "< 200 GET /a", "< 201 GET /b !bytes_between_messages !resynchronised"]),
    ]

    static let fields: [Talk] = [
        Talk("obs-fold", [.c("GET /a HTTP/1.1\r\nA: 1\r\n  2\r\n\t3\r\nB: 4\r\n\r\n")], ["> GET /a !folded_header"]),
        Talk(
            "bare LF", [.c("GET /a HTTP/1.1\nHost: h\n\nGET /b HTTP/1.1\n\n")],
            ["> GET /a !bare_line_feed", "> GET /b !bare_line_feed"]),
        Talk("bare CR", [.c("GET /a HTTP/1.1\r\nA: 1\r2\r\n\r\n")], ["> GET /a !bare_carriage_return"]),
        Talk(
            "no colon", [.c("GET /a HTTP/1.1\r\nHost h\r\n\r\nGET /b HTTP/1.1\r\n\r\n")],
            ["> GET /a !header_malformed", "> GET /b"]),
        Talk(
            "no name", [.c("GET /a HTTP/1.1\r\n: h\r\n\r\nGET /b HTTP/1.1\r\n\r\n")],
            ["> GET /a !header_malformed", "> GET /b"]),
        Talk(
            "a blank before the colon counts as the field it names",
            [.c("POST /a HTTP/1.1\r\nContent-Length : 2\r\n\r\nhiGET /b HTTP/1.1\r\n\r\n")],
            ["> POST /a \"hi\" !header_name_space", "> GET /b"]),
        Talk(
            "fold before any field", [.c("GET /a HTTP/1.1\r\n  x: 1\r\n\r\nGET /b HTTP/1.1\r\n\r\n")],
            ["> GET /a !folded_header !header_malformed", "> GET /b"]),
    ]

    @Test func `join repeated fields, keep cookies apart and unfold`() throws {
        let head =
            "HTTP/1.1 200 OK\r\nVia: a\r\nSet-Cookie: x=1, y\r\nX: one\r\n two\r\nvia: b\r\nSet-cookie: z=2\r\n"
            + "ETag: \r\nVIA: c\r\n\r\n"
        let result = Talk("", [.c("GET / HTTP/1.1\r\n\r\n"), .s(head)], []).tape.run()
        let line = try result.events()[1].line
        #expect(line.contains(#""headers":{"Via":"a, b, c","Set-Cookie":["x=1, y","z=2"],"X":"one two","ETag":""}"#))
    }

    @Test func `of thousands of fields cost no more than their bytes`() throws {
        let growth = try Growth { times in
            let head = "GET /a HTTP/1.1\r\n" + (0..<times * 2000).map { "h\($0): v\r\n" }.joined() + "\r\n"
            let fields = try Talk("", [.c(head)], []).tape.run().events().first?.fields
            #expect((fields?["headers"] as? [String: Any])?.count == times * 2000)
        }
        #expect(growth.isProportional, "\(growth)")
    }
}
