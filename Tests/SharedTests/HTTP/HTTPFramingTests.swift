import Testing

@testable import Shared

/// How long a body is: RFC 9112, sections 6 and 7.
///
/// Where a message contradicts itself, the next one is read still.
@Suite struct `HTTP framing` {
    private static let next = "GET /next HTTP/1.1\r\n\r\n"

    private static func chunked(_ body: String) -> String {
        "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + body + next
    }

    private static func length(_ fields: String, _ body: String) -> String {
        "POST /a HTTP/1.1\r\n" + fields + "\r\n" + body + next
    }

    @Test(arguments: chunks) func `follows chunks`(_ talk: Talk) throws { try talk.check() }
    @Test(arguments: lengths) func `follows Content-Length`(_ talk: Talk) throws { try talk.check() }
    @Test(arguments: responses) func `of responses`(_ talk: Talk) throws { try talk.check() }

    static let chunks: [Talk] = [
        Talk("two chunks", [.c(chunked("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"))], ["> POST /a \"abcde\"", "> GET /next"]),
        // The second is a body whose shape is known: it is shown all the same.
        Talk(
            "the same body twice",
            [.c(chunked("3\r\nabc\r\n0\r\n\r\n") + chunked("1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"))],
            ["> POST /a \"abc\"", "> GET /next", "> POST /a \"abc\"", "> GET /next"]),
        Talk("an empty body", [.c(chunked("0\r\n\r\n"))], ["> POST /a", "> GET /next"]),
        Talk(
            "extensions and trailers",
            [.c(chunked("3;a=b;c=\"d\"\r\nabc\r\n2 ; x\r\nde\r\n0;last\r\nDigest: x\r\nB: y\r\n\r\n"))],
            ["> POST /a \"abcde\"", "> GET /next"]),
        Talk(
            "upper-case digits, leading zeros", [.c(chunked("00000000000000000000A\r\n0123456789\r\n000\r\n\r\n"))],
            ["> POST /a \"0123456789\"", "> GET /next"]),
        Talk("bare LF", [.c(chunked("3\nabc\n0\n\n"))], ["> POST /a \"abc\" !bare_line_feed", "> GET /next"]),
        Talk(
            "a size that overflows", [.c(chunked("FFFFFFFFFFFFFFFFFF\r\nabc\r\n"))],
            ["> POST /a !chunk_size_invalid !body_incomplete", "> GET /next !resynchronised"]),
        Talk(
            "a size that is none", [.c(chunked("3\r\nabc\r\nxyz\r\nabc\r\n"))],
            ["> POST /a \"abc\" !chunk_size_invalid !body_incomplete", "> GET /next !resynchronised"]),
        Talk(
            "a negative size", [.c(chunked("-3\r\nabc\r\n"))],
            ["> POST /a !chunk_size_invalid !body_incomplete", "> GET /next !resynchronised"]),
        Talk(
            "no CRLF behind the data", [.c(chunked("3\r\nabcde\r\n0\r\n\r\n"))],
            ["> POST /a \"abc\" !chunk_terminator_missing !body_incomplete", "> GET /next !resynchronised"]),
        Talk(
            "cut short", [.c("POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc"), .clientEnd],
            ["> POST /a \"abc\" !body_incomplete"]),
        Talk(
            "a largest size, cut short",
            [.c("POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n7FFFFFFFFFFFFFFF\r\nabc"), .clientEnd],
            ["> POST /a \"abc\" !body_incomplete"]),
        Talk(
            "gzip as a transfer coding",
            [
                .c("GET /a HTTP/1.1\r\n\r\n"), .s("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"),
                .s("27\r\n"), .server(CodedBodies.gzip), .s("\r\n0\r\n\r\n"),
            ], ["> GET /a", "< 200 GET /a \"\(CodedBodies.plain)\""]),
    ]

    static let lengths: [Talk] = [
        Talk(
            "a list of the same", [.c(length("Content-Length: 2, 2\r\n", "hi"))], ["> POST /a \"hi\"", "> GET /next"]),
        Talk(
            "twice the same", [.c(length("Content-Length: 2\r\nContent-Length: 2\r\n", "hi"))],
            ["> POST /a \"hi\"", "> GET /next"]),
        Talk("leading zeros", [.c(length("Content-Length: 0002\r\n", "hi"))], ["> POST /a \"hi\"", "> GET /next"]),
        Talk(
            "two that differ, the longer first", [.c(length("Content-Length: 4\r\nContent-Length: 2\r\n", "high"))],
            ["> POST /a \"high\" !content_length_conflict", "> GET /next"]),
        Talk(
            "two that differ, the shorter first", [.c(length("Content-Length: 2\r\nContent-Length: 4\r\n", "hi{}"))],
            ["> POST /a \"hi\" !content_length_conflict", "> GET /next !bytes_between_messages !resynchronised"]),
        Talk(
            "negative", [.c(length("Content-Length: -2\r\n", "hi"))],
            ["> POST /a !content_length_invalid", "> GET /next !resynchronised"]),
        Talk(
            "with a sign", [.c(length("Content-Length: +2\r\n", "hi"))],
            ["> POST /a !content_length_invalid", "> GET /next !resynchronised"]),
        Talk(
            "no number", [.c(length("Content-Length: two\r\n", "hi"))],
            ["> POST /a !content_length_invalid", "> GET /next !resynchronised"]),
        Talk(
            "empty", [.c(length("Content-Length: \r\n", "hi"))],
            ["> POST /a !content_length_invalid", "> GET /next !resynchronised"]),
        Talk(
            "beyond 64 bits", [.c(length("Content-Length: 99999999999999999999999\r\n", "hi"))],
            ["> POST /a !content_length_invalid", "> GET /next !resynchronised"]),
        Talk(
            "beyond 63 bits", [.c(length("Content-Length: 18446744073709551615\r\n", "hi"))],
            ["> POST /a !content_length_invalid", "> GET /next !resynchronised"]),
        Talk(
            "as long as a number can be",
            [.c("POST /a HTTP/1.1\r\nContent-Length: 9223372036854775790\r\n\r\nhi"), .clientEnd],
            ["> POST /a \"hi\" !body_incomplete"]),
        Talk(
            "beside chunked, which wins",
            [.c(length("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "2\r\nhi\r\n0\r\n\r\n"))],
            ["> POST /a \"hi\" !content_length_with_transfer_encoding", "> GET /next"]),
        Talk(
            "a transfer coding that nobody knows", [.c(length("Transfer-Encoding: rot13\r\n", "hi"))],
            ["> POST /a !transfer_encoding_unknown", "> GET /next !resynchronised"]),
        Talk(
            "cut short", [.c("POST /a HTTP/1.1\r\nContent-Length: 10\r\n\r\nhi"), .clientEnd],
            ["> POST /a \"hi\" !body_incomplete"]),
    ]

    private static let get = "GET /a HTTP/1.1\r\n\r\n" + next
    private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"
    private static let asked = ["> GET /a", "> GET /next"]

    static let responses: [Talk] = [
        Talk(
            "two lengths that differ",
            [.c(get), .s("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 4\r\n\r\nhigh" + ok)],
            asked + [
                "< 200 GET /a \"hi\" !content_length_conflict",
                "< 200 GET /next \"OK\" !bytes_between_messages !resynchronised",
            ]),
        Talk(
            "a chunk size that overflows",
            [.c(get), .s("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\nabc" + ok)],
            asked + ["< 200 GET /a !chunk_size_invalid !body_incomplete", "< 200 GET /next \"OK\" !resynchronised"]),
        Talk(
            "chunked and a length",
            [
                .c(get),
                .s(
                    "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n" + ok
                ),
            ],
            asked + ["< 200 GET /a \"x\" !content_length_with_transfer_encoding", "< 200 GET /next \"OK\""]),
        Talk(
            "a length that is no number goes on until the close",
            [.c("GET /a HTTP/1.1\r\n\r\n"), .s("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nhi"), .serverEnd],
            ["> GET /a", "< 200 GET /a \"hi\" !content_length_invalid"]),
        Talk(
            "a transfer coding that nobody knows goes on until the close",
            [.c("GET /a HTTP/1.1\r\n\r\n"), .s("HTTP/1.1 200 OK\r\nTransfer-Encoding: rot13\r\n\r\nhi"), .serverEnd],
            ["> GET /a", "< 200 GET /a \"hi\" !transfer_encoding_unknown"]),
    ]
}
