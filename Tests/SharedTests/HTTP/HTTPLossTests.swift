import Testing

@testable import Shared

/// After a loss rather no pair than a wrong one.
@Suite struct `Pairs after a loss` {
    private static func get(_ path: String) -> String { "GET /\(path) HTTP/1.1\r\n\r\n" }
    private static func answer(_ body: String) -> String {
        "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    @Test(arguments: [
        Talk(
            "an answer is lost and the client waits for each: all is known with the next request",
            [.c(get("1")), .serverGap(300), .c(get("2")), .s(answer("2")), .c(get("3")), .s(answer("3"))],
            ["> GET /1", "> GET /2", "< 200 GET /2 \"2\" !resynchronised", "> GET /3", "< 200 GET /3 \"3\""]),
        Talk(
            "answers are lost and the client does not wait: nobody knows whose the others are",
            [.c(get("1") + get("2") + get("3")), .s(answer("1")), .serverGap(300), .s(answer("3"))],
            [
                "> GET /1", "> GET /2", "> GET /3", "< 200 GET /1 \"1\"",
                "< 200 \"3\" !response_without_request !resynchronised",
            ]),
        Talk(
            "requests are lost: those before keep their answers, and those behind are known with the next request",
            [.c(get("1")), .clientGap(40), .s(answer("1")), .s(answer("lost")), .c(get("3")), .s(answer("3"))],
            [
                "> GET /1", "< 200 GET /1 \"1\"", "< 200 \"lost\" !response_without_request",
                "> GET /3 !resynchronised", "< 200 GET /3 \"3\"",
            ]),
        Talk(
            "requests are lost and the client does not wait: those behind are nobody's",
            [
                .c(get("1") + get("2")), .clientGap(40), .c(get("4")), .s(answer("1") + answer("2")), .s(answer("3")),
            ],
            [
                "> GET /1", "> GET /2", "> GET /4 !resynchronised", "< 200 GET /1 \"1\"", "< 200 GET /2 \"2\"",
                "< 200 \"3\" !response_without_request",
            ]),
        Talk(
            "the answer to a HEAD that was lost has no body, though it says how long that would be",
            [
                .c(get("1")), .s(answer("1")), .clientGap(40), .s("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"),
                .s(answer("2")), .c(get("3")), .s(answer("3")),
            ],
            [
                "> GET /1", "< 200 GET /1 \"1\"", "< 200 !response_without_request",
                "< 200 \"2\" !response_without_request", "> GET /3 !resynchronised", "< 200 GET /3 \"3\"",
            ]),
        Talk(
            "the answer to a CONNECT that was lost has none either",
            [
                .c(get("1")), .s(answer("1")), .clientGap(40), .s("HTTP/1.1 200 Connection established\r\n\r\n"),
                .s(answer("2")), .c(get("3")), .s(answer("3")),
            ],
            [
                "> GET /1", "< 200 GET /1 \"1\"", "< 200 !response_without_request",
                "< 200 \"2\" !response_without_request", "> GET /3 !resynchronised", "< 200 GET /3 \"3\"",
            ]),
        Talk(
            "an answer comes behind lost ones, and then it shows that its request was lost, too",
            [.c(get("1")), .serverGap(300), .s(answer("2")), .clientGap(40), .c(get("3")), .s(answer("3"))],
            [
                "> GET /1", "< 200 \"2\" !response_without_request !resynchronised", "> GET /3 !resynchronised",
                "< 200 GET /3 \"3\"",
            ]),
        Talk(
            "an answer comes behind lost bytes, and the client's next bytes follow its last: nothing else was asked",
            [.c(get("1")), .serverGap(300), .s(answer("1")), .c(get("2")), .s(answer("2"))],
            ["> GET /1", "< 200 GET /1 \"1\" !resynchronised", "> GET /2", "< 200 GET /2 \"2\""]),
        Talk(
            "an answer comes behind lost bytes, and the client has said all that it will",
            [.c(get("1")), .clientEnd, .serverGap(300), .s(answer("1"))],
            ["> GET /1", "< 200 GET /1 \"1\" !resynchronised"]),
        Talk(
            "an answer comes behind lost bytes, and then the client's end",
            [.c(get("1")), .serverGap(300), .s(answer("1")), .clientEnd],
            ["> GET /1", "< 200 GET /1 \"1\" !resynchronised"]),
        Talk(
            "an answer comes behind lost bytes, and nobody knows what the client said last",
            [.c(get("1")), .serverGap(300), .s(answer("?"))],
            ["> GET /1", "< 200 \"?\" !response_without_request !resynchronised"]),
        Talk(
            "behind what is left of an answer a burst comes of which the first request is lost: the first of two answers is not the second's",
            [
                .c(get("1")), .s(answer("1")), .c(get("2")), .serverGap(20), .s("-Length: 0\r\n\r\n"), .clientGap(20),
                .c(get("4")), .s(answer("3") + answer("4")), .c(get("5")), .s(answer("5")), .c(get("6")),
                .s(answer("6")),
            ],
            [
                "> GET /1", "< 200 GET /1 \"1\"", "> GET /2", "> GET /4 !resynchronised",
                "< 200 \"3\" !response_without_request !resynchronised", "< 200 \"4\" !response_without_request",
                "> GET /5", "< 200 GET /5 \"5\"", "> GET /6", "< 200 GET /6 \"6\"",
            ]),
        Talk(
            "two answers come behind lost bytes: one of them was asked for by what was lost",
            [.c(get("1")), .serverGap(300), .s(answer("?") + answer("?")), .c(get("3")), .s(answer("3"))],
            [
                "> GET /1", "< 200 \"?\" !response_without_request !resynchronised",
                "< 200 \"?\" !response_without_request", "> GET /3", "< 200 GET /3 \"3\"",
            ]),
        Talk(
            "a HEAD's answer is read as one before it is sure that it is one",
            [
                .c("HEAD /1 HTTP/1.1\r\n\r\n"), .serverGap(300), .s("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"),
                .c(get("2")), .s(answer("2")),
            ],
            ["> HEAD /1", "< 200 HEAD /1 !resynchronised", "> GET /2", "< 200 GET /2 \"2\""]),
        Talk(
            "an interim answer in doubt is nobody's, and the final one is in doubt as well",
            [
                .c(get("1")), .serverGap(300), .s("HTTP/1.1 100 Continue\r\n\r\n" + answer("1")), .c(get("2")),
                .s(answer("2")),
            ],
            [
                "> GET /1", "< 100 !response_without_request !resynchronised", "< 200 GET /1 \"1\"", "> GET /2",
                "< 200 GET /2 \"2\"",
            ]),
        Talk(
            "a request whose head lacks its end has its answer",
            [
                .c("POST /1 HTTP/1.1\r\nHost: h\r\nContent-"), .clientGap(30), .s(answer("1")), .c(get("2")),
                .s(answer("2")),
            ],
            [
                "> POST /1 !head_incomplete", "< 200 POST /1 \"1\"", "> GET /2 !resynchronised",
                "< 200 GET /2 \"2\"",
            ]),
        Talk(
            "a method whose beginning is missing is none",
            [
                .c(get("1")), .s(answer("1")), .clientGap(1), .c("ET /2 HTTP/1.1\r\n\r\n"), .s(answer("2")),
                .c(get("3")), .s(answer("3")),
            ],
            [
                "> GET /1", "< 200 GET /1 \"1\"", "< 200 \"2\" !response_without_request",
                "> GET /3 !resynchronised", "< 200 GET /3 \"3\"",
            ]),
        Talk(
            "behind a gap a method that everyone knows is one",
            [.c(get("1")), .s(answer("1")), .clientGap(30), .c(get("3")), .s(answer("3"))],
            ["> GET /1", "< 200 GET /1 \"1\"", "> GET /3 !resynchronised", "< 200 GET /3 \"3\""]),
    ])
    func `are right or none`(_ talk: Talk) throws { try talk.check() }

    // MARK: - Chunked bodies

    private static let chunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    /// `{"a":1,"b":"xxxxxxxxxx"}` in one chunk of 24 bytes, of which the last 14 and whatever follows are missing.
    private static func cutChunk(_ missing: UInt64, _ rest: String) -> [Talk.Turn] {
        [
            .c(get("1")), .s(chunkedHead + "18\r\n{\"a\":1,\"b\""), .serverGap(missing), .s(rest), .c(get("2")),
            .s(answer("2")),
        ]
    }

    private static let cut = "< 200 GET /1 \"{\"a\":1,\"b\"\" !gap"
    private static let broken = "< 200 GET /1 \"{\"a\":1,\"b\"\" !body_incomplete !gap"

    @Test(arguments: [
        Talk(
            "the rest of a chunk is missing", cutChunk(14, "\r\n0\r\n\r\n"),
            ["> GET /1", cut, "> GET /2", "< 200 GET /2 \"2\""]),
        Talk(
            "the rest of a chunk is missing with half of its line end", cutChunk(15, "\n0\r\n\r\n"),
            ["> GET /1", cut, "> GET /2", "< 200 GET /2 \"2\""]),
        Talk(
            "the rest of a chunk is missing with its line end", cutChunk(16, "0\r\n\r\n"),
            ["> GET /1", cut, "> GET /2", "< 200 GET /2 \"2\""]),
        Talk(
            "the rest of a chunk and of the body is missing", cutChunk(21, ""),
            ["> GET /1", cut, "> GET /2", "< 200 GET /2 \"2\""]),
        Talk(
            "the rest of a chunk is missing with a part of the last", cutChunk(18, "\n\r\n"),
            ["> GET /1", broken, "> GET /2", "< 200 GET /2 \"2\" !resynchronised"]),
    ])
    func `a chunked body keeps its place where the missing bytes are those that must follow`(_ talk: Talk) throws {
        try talk.check()
    }
}
