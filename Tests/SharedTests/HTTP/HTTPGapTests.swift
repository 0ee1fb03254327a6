import Testing

@testable import Shared

/// Bytes that are missing: where the framing tells how many, the parser goes on exactly; elsewhere it finds the next message.
@Suite struct `HTTP with gaps` {
    @Test(arguments: talks) func `says what is missing and goes on`(_ talk: Talk) throws { try talk.check() }

    private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"

    static let talks: [Talk] = [
        Talk(
            "in a body of known length",
            [
                .c("PUT /a HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc"), .clientGap(4), .c("hijGET /b HTTP/1.1\r\n\r\n"),
                .s(ok + ok),
            ], ["> PUT /a \"abchij\" !gap", "> GET /b", "< 200 PUT /a \"OK\"", "< 200 GET /b \"OK\""]),
        Talk(
            "over a body's end exactly",
            [.c("PUT /a HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc"), .clientGap(7), .c("GET /b HTTP/1.1\r\n\r\n")],
            ["> PUT /a \"abc\" !gap", "> GET /b"]),
        Talk(
            "over all of a body",
            [.c("PUT /a HTTP/1.1\r\nContent-Length: 10\r\n\r\n"), .clientGap(10), .c("GET /b HTTP/1.1\r\n\r\n")],
            ["> PUT /a !gap", "> GET /b"]),
        Talk(
            "beyond a body's end",
            [
                .c("PUT /a HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc"), .clientGap(20),
                .c("x: y\r\n\r\nGET /c HTTP/1.1\r\n\r\n"),
            ],
            ["> PUT /a \"abc\" !gap", "> GET /c !resynchronised"]),
        Talk(
            "in a head",
            [.c("GET /a HTTP/1.1\r\nHost: h\r\nAcc"), .clientGap(9), .c("x\r\n\r\nGET /b HTTP/1.1\r\n\r\n")],
            ["> GET /a !head_incomplete", "> GET /b !resynchronised"]),
        Talk(
            "in a start line",
            [.c("GET /a HTTP/1.1\r\n\r\nGET /b"), .clientGap(9), .c("\r\n\r\nGET /c HTTP/1.1\r\n\r\n")],
            ["> GET /a", "> GET /b !head_incomplete", "> GET /c !resynchronised"]),
        Talk(
            "in a start line, which the answer is for all the same",
            [.c("GET /items/12"), .clientGap(300), .s(ok), .c("GET /c HTTP/1.1\r\n\r\n"), .s(ok)],
            [
                "> GET /items/12 !head_incomplete", "< 200 GET /items/12** \"OK\"", "> GET /c !resynchronised",
                "< 200 GET /c \"OK\"",
            ]),
        Talk(
            "in a start line, behind its target",
            [.c("GET /items?q=1 HTT"), .clientGap(300), .s(ok)],
            ["> GET /items?q=1 !head_incomplete", "< 200 GET /items?q=1 \"OK\""]),
        Talk(
            "in what only begins as a start line does",
            [
                .c("GET /a HTTP/1.1\r\n\r\nFETCH /b"), .clientGap(9), .c("\r\n\r\nGET x"), .clientGap(9),
                .c("GET /c HTTP/1.1\r\n\r\n"),
            ],
            ["> GET /a", "> GET /c !resynchronised"]),
        Talk(
            "between messages", [.c("GET /a HTTP/1.1\r\n\r\n"), .clientGap(30), .c("GET /c HTTP/1.1\r\n\r\n")],
            ["> GET /a", "> GET /c !resynchronised"]),
        Talk(
            "inside a chunk",
            [
                .c("PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nab"), .clientGap(4),
                .c("gh\r\n1\r\ni\r\n0\r\n\r\nGET /b HTTP/1.1\r\n\r\n"),
            ], ["> PUT /a \"abghi\" !gap", "> GET /b"]),
        Talk(
            "to a chunk's end exactly",
            [
                .c("PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nab"), .clientGap(6),
                .c("\r\n0\r\n\r\nGET /b HTTP/1.1\r\n\r\n"),
            ], ["> PUT /a \"ab\" !gap", "> GET /b"]),
        Talk(
            "over a chunk's boundary",
            [
                .c("PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nab"), .clientGap(10),
                .c("i\r\n0\r\n\r\nGET /b HTTP/1.1\r\n\r\n"),
            ], ["> PUT /a \"ab\" !body_incomplete !gap", "> GET /b !resynchronised"]),
        Talk(
            "in a body until close",
            [.c("GET /a HTTP/1.0\r\n\r\n"), .s("HTTP/1.0 200 OK\r\n\r\nab"), .serverGap(5), .s("cd"), .serverEnd],
            ["> GET /a", "< 200 GET /a \"abcd\" !gap"]),
        Talk(
            "a response lost as a whole",
            [
                .c("GET /a HTTP/1.1\r\n\r\n"), .serverGap(40), .c("GET /b HTTP/1.1\r\n\r\n"), .s(ok),
                .c("GET /c HTTP/1.1\r\n\r\n"), .s(ok),
            ],
            [
                "> GET /a", "> GET /b", "< 200 GET /b \"OK\" !resynchronised", "> GET /c", "< 200 GET /c \"OK\"",
            ]),
        Talk(
            "in gzip",
            [
                .c("GET /a HTTP/1.1\r\n\r\n"),
                .s("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 39\r\n\r\n"),
                .server(Array(CodedBodies.gzip[..<4])), .serverGap(4), .server(Array(CodedBodies.gzip[8...])),
                .c("GET /b HTTP/1.1\r\n\r\n"), .s(ok),
            ],
            [
                "> GET /a",
                "< 200 GET /a base64(H4sIAAIDq1bKTS0uTkxPVbJSykjNyclXqgUAjGvYERMAAAA=) !gap !content_coding_failed",
                "> GET /b", "< 200 GET /b \"OK\"",
            ]),
        Talk(
            "between a request to switch and its answer",
            [
                .c("GET /a HTTP/1.1\r\nUpgrade: h2c\r\n\r\n"), .clientGap(20), .s(ok), .c("GET /c HTTP/1.1\r\n\r\n"),
                .s(ok),
            ], ["> GET /a", "< 200 GET /a \"OK\"", "> GET /c !resynchronised", "< 200 GET /c \"OK\""]),
    ]

}
