import Testing

@testable import Shared

/// Messages and their pairing: RFC 9112, sections 3 to 9.
@Suite struct `HTTP conversations` {
    @Test(arguments: pairing) func `pair responses with requests`(_ talk: Talk) throws { try talk.check() }
    @Test(arguments: switching) func `stop being HTTP only where both sides agree`(_ talk: Talk) throws {
        try talk.check()
    }

    static let pairing: [Talk] = [
        Talk(
            "keep-alive",
            [
                .c("GET /a HTTP/1.1\r\nHost: h\r\n\r\n"), .s("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nA"),
                .c("GET /b HTTP/1.1\r\nHost: h\r\n\r\n"), .s("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
            ], ["> GET /a", "< 200 GET /a \"A\"", "> GET /b", "< 404 GET /b"]),
        Talk(
            "pipelining",
            [
                .c("GET /a HTTP/1.1\r\n\r\nPOST /b HTTP/1.1\r\nContent-Length: 2\r\n\r\nhiGET /c HTTP/1.1\r\n\r\n"),
                .s("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nAHTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\nB"),
                .s("HTTP/1.1 202 Accepted\r\nContent-Length: 1\r\n\r\nC"),
            ],
            [
                "> GET /a", "> POST /b \"hi\"", "> GET /c", "< 200 GET /a \"A\"", "< 201 POST /b \"B\"",
                "< 202 GET /c \"C\"",
            ]),
        Talk(
            "HEAD with Content-Length, pipelined",
            [
                .c("HEAD /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n"),
                .s("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nB"),
            ], ["> HEAD /a", "> GET /b", "< 200 HEAD /a", "< 200 GET /b \"B\""]),
        Talk(
            "204 and 304 have no body",
            [
                .c("GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\nGET /c HTTP/1.1\r\n\r\n"),
                .s("HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n\r\n"),
                .s("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nC"),
            ], ["> GET /a", "> GET /b", "> GET /c", "< 204 GET /a", "< 304 GET /b", "< 200 GET /c \"C\""]),
        Talk(
            "1xx, then the final response",
            [
                .c("GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n"),
                .s("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </s>\r\n\r\n"),
                .s("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nAHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nB"),
            ],
            [
                "> GET /a", "> GET /b", "< 102 GET /a", "< 103 GET /a", "< 200 GET /a \"A\"", "< 200 GET /b \"B\"",
            ]),
        Talk(
            "100-continue",
            [
                .c("PUT /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"),
                .s("HTTP/1.1 100 Continue\r\n\r\n"),
                .c("data"), .s("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"),
            ], ["< 100 PUT /a", "> PUT /a \"data\"", "< 201 PUT /a"]),
        Talk(
            "a response before the request's body ends",
            [
                .c("PUT /a HTTP/1.1\r\nContent-Length: 8\r\n\r\nhalf"),
                .s("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"), .c("restGET /b HTTP/1.1\r\n\r\n"),
                .s("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
            ], ["< 413 PUT /a", "> PUT /a \"halfrest\"", "> GET /b", "< 200 GET /b"]),
        Talk(
            "a request's body that never ends",
            [
                .c("PUT /a HTTP/1.1\r\nContent-Length: 8\r\n\r\nhalf"),
                .s("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"), .clientEnd,
            ], ["< 413 PUT /a", "> PUT /a \"half\" !body_incomplete"]),
        Talk(
            "HTTP/1.0 until close",
            [.c("GET /a HTTP/1.0\r\n\r\n"), .s("HTTP/1.0 200 OK\r\nServer: x\r\n\r\nhello "), .s("world"), .serverEnd],
            ["> GET /a", "< 200 GET /a \"hello world\""]),
        Talk(
            "until a close that comes without FIN",
            [.c("GET /a HTTP/1.0\r\n\r\n"), .s("HTTP/1.0 200 OK\r\n\r\nhello")], ["> GET /a", "< 200 GET /a \"hello\""]),
        Talk(
            "HTTP/0.9: a request without version, an answer without head",
            [.c("GET /a\r\n"), .s("<html>hello</html>"), .serverEnd, .clientEnd],
            ["> GET /a !start_line_malformed !version_unknown"]),
        Talk(
            "a response without a request",
            [
                .s("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"), .serverEnd,
            ], ["< 408 !response_without_request", "= http/1.1 90"]),
        Talk(
            "more responses than requests",
            [
                .c("GET /a HTTP/1.1\r\n\r\n"), .s("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
                .s("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nX"), .c("GET /b HTTP/1.1\r\n\r\n"),
                .s("HTTP/1.1 201 OK\r\nContent-Length: 0\r\n\r\n"),
            ],
            [
                "> GET /a", "< 200 GET /a", "< 200 \"X\" !response_without_request", "> GET /b", "< 201 GET /b",
            ]),
        Talk(
            "requests without responses", [.c("GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n")],
            ["> GET /a", "> GET /b"]),
        Talk(
            "a request body on GET",
            [.c("GET /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\n\r\n")],
            ["> GET /a \"abc\"", "> GET /b"]),
        Talk(
            "a head that breaks off", [.c("GET /a HTTP/1.1\r\nHost: x\r\nAcc"), .clientEnd],
            ["> GET /a !head_incomplete"]),
    ]

    static let switching: [Talk] = [
        Talk(
            "CONNECT, accepted, then bytes that are nothing",
            [
                .c("CONNECT db:5432 HTTP/1.1\r\nHost: db:5432\r\n\r\n"),
                .s("HTTP/1.1 200 Connection established\r\n\r\n"),
                .client([0x05, 0x01, 0x00, 0xFE, 0x00]), .server([0x05, 0x00, 0xFF]),
            ], ["> CONNECT db:5432", "< 200 CONNECT db:5432", "= unknown 0"]),
        Talk(
            "CONNECT, accepted, then HTTP inside",
            [
                .c("CONNECT in:80 HTTP/1.1\r\n\r\n"), .s("HTTP/1.1 200 OK\r\n\r\n"), .c("GET /in HTTP/1.1\r\n\r\n"),
                .s("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nI"),
            ], ["> CONNECT in:80", "< 200 CONNECT in:80", "> GET /in", "< 200 GET /in \"I\""]),
        Talk(
            "CONNECT, and the client does not wait for the answer",
            [
                .c("CONNECT in:80 HTTP/1.1\r\n\r\nGET /in HTTP/1.1\r\n\r\n"),
                .s("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nI"),
            ], ["> CONNECT in:80", "< 200 CONNECT in:80", "> GET /in", "< 200 GET /in \"I\""]),
        Talk(
            "CONNECT, declined, with more requests",
            [
                .c("CONNECT in:80 HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n"),
                .s("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 2\r\n\r\nno"),
                .s("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nB"),
            ], ["> CONNECT in:80", "< 407 CONNECT in:80 \"no\"", "> GET /b", "< 200 GET /b \"B\""]),
        Talk(
            "CONNECT to a Redis, told by what it says",
            [
                .c("CONNECT cache:6379 HTTP/1.1\r\n\r\n"), .s("HTTP/1.1 200 OK\r\n\r\n"),
                .c("*1\r\n$4\r\nPING\r\n"), .s("+PONG\r\n"),
            ], ["> CONNECT cache:6379", "< 200 CONNECT cache:6379", "= redis 90"]),
        Talk(
            "Upgrade, accepted",
            [
                .c("GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
                .s("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"),
                .client([0x81, 0x82, 1, 2, 3, 4, 0x69, 0x6B]),
                .server([0x81, 0x02, 0x68, 0x6F]),
            ], ["> GET /ws", "< 101 GET /ws", ">> websocket text \"hi\"", "<< websocket text \"ho\""]),
        Talk(
            "Upgrade, accepted, to what nobody knows",
            [
                .c("GET /ws HTTP/1.1\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"),
                .s("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
                .client([0x81, 0x02, 0x68, 0x69]),
                .server([0x81, 0x02, 0x68, 0x6F]),
            ], ["> GET /ws", "< 101 GET /ws"]),
        Talk(
            "Upgrade, declined: HTTP goes on",
            [
                .c("GET /a HTTP/1.1\r\nUpgrade: h2c\r\n\r\n"), .s("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nA"),
                .c("GET /b HTTP/1.1\r\n\r\n"), .s("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nB"),
            ], ["> GET /a", "< 200 GET /a \"A\"", "> GET /b", "< 200 GET /b \"B\""]),
        Talk(
            "Upgrade, of which the answer was not captured: what follows may be HTTP still",
            [.c("GET /a HTTP/1.1\r\nUpgrade: h2c\r\n\r\nGET /b HTTP/1.1\r\n\r\n"), .clientEnd],
            ["> GET /a", "> GET /b"]),
    ]
}
