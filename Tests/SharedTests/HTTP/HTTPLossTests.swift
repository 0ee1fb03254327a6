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
    ])
    func `are right or none`(_ talk: Talk) throws { try talk.check() }
}
