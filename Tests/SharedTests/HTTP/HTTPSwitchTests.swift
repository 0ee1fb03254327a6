import Testing

@testable import Shared

/// A request to switch protocols that is declined: what the client said behind it is HTTP, however the answer ends.
@Suite struct `A switch that is declined` {
    private static let pipelined = "CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\nGET /next HTTP/1.1\r\n\r\n"

    @Test(arguments: [
        Talk(
            "by a body until close, and the server's end",
            [.c(pipelined), .s("HTTP/1.1 502 Bad\r\nServer: x\r\n\r\nsorry"), .serverEnd],
            ["> CONNECT x:80", "< 502 CONNECT x:80 \"sorry\"", "> GET /next"]),
        Talk(
            "by a body that breaks off at the server's end",
            [.c(pipelined), .s("HTTP/1.1 407 No\r\nContent-Length: 9\r\n\r\nab"), .serverEnd],
            ["> CONNECT x:80", "< 407 CONNECT x:80 \"ab\" !body_incomplete", "> GET /next"]),
        Talk(
            "by a body that a gap ends, and an answer behind it",
            [
                .c(pipelined), .s("HTTP/1.1 407 No\r\nContent-Length: 3\r\n\r\n"), .serverGap(3),
                .s("HTTP/1.1 204 No\r\n\r\n"),
            ],
            ["> CONNECT x:80", "< 407 CONNECT x:80 !gap", "> GET /next", "< 204 GET /next"]),
        Talk(
            "by chunks that break where the next answer begins",
            [
                .c("GET /ws HTTP/1.1\r\nUpgrade: x\r\n\r\n"),
                .s("HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n"),
                .s("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
            ],
            [
                "> GET /ws", "< 404 GET /ws !chunk_size_invalid !body_incomplete",
                "< 200 !response_without_request !resynchronised",
            ]),
    ])
    func `goes on with what was held`(_ talk: Talk) throws { try talk.check() }
}
