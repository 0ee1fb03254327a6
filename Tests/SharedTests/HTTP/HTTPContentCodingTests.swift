import Foundation
import Testing

@testable import Shared

/// Content codings: RFC 9110, section 8.4.
@Suite struct `HTTP content codings` {
    @Test(arguments: talks) func `are undone, or the failure is named`(_ talk: Talk) throws { try talk.check() }

    private static func get(_ name: String, _ coding: String, _ body: [UInt8], _ expected: String) -> Talk {
        Talk(
            name, [.c("GET / HTTP/1.1\r\n\r\n"), .server(CodedBodies.response(coding, body))],
            ["> GET /", "< 200 GET / \(expected)"])
    }

    /// RFC 8878, section 3.1.2, with three bytes.
    private static let skippable: [UInt8] = [0x5A, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3]

    private static let decoded = "\"\(CodedBodies.plain)\""

    private static let base64OfGzip =
        "base64(\(Data(CodedBodies.gzip).base64EncodedString())) !content_coding_failed"
    private static let base64OfGzipOfZlib =
        "base64(\(Data(CodedBodies.gzipOfZlib).base64EncodedString())) !content_coding_failed"

    static let talks: [Talk] = [
        get("gzip", "gzip", CodedBodies.gzip, decoded),
        get("x-gzip in capitals", "X-GZIP", CodedBodies.gzip, decoded),
        get(
            "two members of gzip", "gzip", CodedBodies.gzip + CodedBodies.gzip,
            "\"\(CodedBodies.plain)\(CodedBodies.plain)\""),
        get("gzip with something behind it", "gzip", CodedBodies.gzip + [0, 0, 1], decoded),
        get("deflate with zlib's header", "deflate", CodedBodies.zlib, decoded),
        get("deflate without it", "deflate", CodedBodies.rawDeflate, decoded),
        get("brotli", "br", CodedBodies.brotli, decoded),
        get("zstd", "zstd", CodedBodies.zstd, decoded),
        get(
            "two frames of zstd", "zstd", CodedBodies.zstd + CodedBodies.zstd,
            "\"\(CodedBodies.plain)\(CodedBodies.plain)\""),
        get("a frame of zstd that is to be skipped", "zstd", Self.skippable + CodedBodies.zstd, decoded),
        get("zstd with something behind it", "zstd", CodedBodies.zstd + [0, 0, 1], decoded),
        get("identity", "identity", Array("hi".utf8), "\"hi\""),
        get("a coding that lies", "gzip", Array("plain text".utf8), "\"plain text\" !content_coding_failed"),
        get(
            "brotli that lies", "br", Array("plain text, and more".utf8),
            "\"plain text, and more\" !content_coding_failed"),
        get("zstd that lies", "zstd", Array("plain text".utf8), "\"plain text\" !content_coding_failed"),
        get("a coding nobody knows", "rot13", Array("hi".utf8), "\"hi\" !content_coding_unknown"),
        get("gzip twice", "gzip, gzip", CodedBodies.gzipTwice, decoded),
        get("deflate, and gzip over it", "deflate, gzip", CodedBodies.gzipOfZlib, decoded),
        get("deflate and gzip in two fields", "deflate\r\nContent-Encoding: gzip", CodedBodies.gzipOfZlib, decoded),
        get("identity, and gzip over it", "identity, gzip", CodedBodies.gzip, decoded),
        get("codings in the wrong order", "gzip, deflate", CodedBodies.gzipOfZlib, base64OfGzipOfZlib),
        get("the inner coding lies", "br, gzip", CodedBodies.gzip, base64OfGzip),
        get("two codings of which one is unknown", "gzip, rot13", Array("hi".utf8), "\"hi\" !content_coding_unknown"),
        get("four codings", "gzip, gzip, gzip, gzip", Array("hi".utf8), "\"hi\" !content_coding_unknown"),
        Talk(
            "gzip in a request",
            [
                .client(
                    Array("POST / HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: 39\r\n\r\n".utf8)
                        + CodedBodies.gzip)
            ], ["> POST / \(decoded)"]),
        Talk(
            "gzip in chunks",
            [
                .c("GET / HTTP/1.1\r\n\r\n"),
                .s("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n13\r\n"),
                .server(Array(CodedBodies.gzip[..<19])), .s("\r\n14\r\n"), .server(Array(CodedBodies.gzip[19...])),
                .s("\r\n0\r\n\r\n"),
            ], ["> GET /", "< 200 GET / \(decoded)"]),
        Talk(
            "HEAD has no body to decode",
            [
                .c("HEAD / HTTP/1.1\r\n\r\n"),
                .s("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 39\r\n\r\n"),
            ], ["> HEAD /", "< 200 HEAD /"]),
    ]

    /// What a server calls so by mistake was not applied.
    @Test(arguments: [
        ("none", #"{"id":1}"#, "json"), ("UTF-8", #"{"id":1}"#, "json"), ("rot13", "uryyb", "non-json"),
        ("aes128gcm", "\u{1}\u{2}", "non-json"),
    ])
    func `that nobody knows leave the shape of what is JSON`(_ coding: String, _ body: String, _ shape: String) throws {
        let response = CodedBodies.response(coding, Array(body.utf8))
        let talk = Talk(
            coding, [.c("GET / HTTP/1.1\r\n\r\n"), .server(response)],
            ["> GET /", "< 200 GET / \"\(body)\" !content_coding_unknown"])
        try talk.check()
        let yaml = ServiceMapFile.yaml(talk.tape.run().serviceMap)
        #expect(yaml.contains("id: number") == (shape != "non-json"))
        #expect(yaml.contains("response_schema: non-json") == (shape == "non-json"))
    }

    @Test func `of a bomb that is no coding below it stop at once`() throws {
        let response = CodedBodies.response("gzip, br", CodedBodies.brotliBomb)
        let tape = Talk("bomb", [.c("GET / HTTP/1.1\r\n\r\n"), .server(response)], []).tape
        let result = tape.run()
        #expect(try result.events()[1].anomalies.contains("content_coding_failed"))
        #expect(result == tape.cut(every: 1).run())
    }

    @Test(arguments: [
        ("gzip", CodedBodies.gzip), ("deflate", CodedBodies.zlib), ("br", CodedBodies.brotli),
        ("zstd", CodedBodies.zstd), ("gzip, gzip", CodedBodies.gzipTwice), ("deflate, gzip", CodedBodies.gzipOfZlib),
    ])
    func `cut short is named and never invents content`(_ coding: String, _ body: [UInt8]) throws {
        for length in 1..<body.count {
            let response = CodedBodies.response(coding, Array(body[..<length]))
            let tape = Talk(coding, [.c("GET / HTTP/1.1\r\n\r\n"), .server(response)], []).tape
            let result = tape.run()
            #expect(result == tape.cut(every: 1).run(), "\(coding) of \(length) bytes")
            let event = try result.events()[1]
            let content = event.string("body") ?? ""
            let isPart = CodedBodies.plain.hasPrefix(content) && !content.isEmpty
            let named = event.anomalies == [isPart ? "body_incomplete" : "content_coding_failed"]
            #expect(named, "\(coding) of \(length) bytes: \(event.brief)")
        }
    }

    @Test(arguments: [
        ("gzip", CodedBodies.gzip), ("deflate", CodedBodies.zlib), ("deflate", CodedBodies.rawDeflate),
        ("br", CodedBodies.brotli), ("zstd", CodedBodies.zstd), ("zstd", skippable),
    ])
    func `damaged or continued are the same however they are cut`(_ coding: String, _ body: [UInt8]) {
        for seed in 0..<150 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            var body = body
            for _ in 0..<random.below(3) { body[random.below(body.count)] ^= 1 << UInt8(random.below(8)) }
            switch random.below(4) {
            case 0: body += body
            case 1: body += random.bytes(random.below(20))
            case 2: body.insert(contentsOf: random.bytes(1 + random.below(3)), at: random.below(body.count))
            default: break
            }
            let response = CodedBodies.response(coding, body)
            let tape = Talk(coding, [.c("GET / HTTP/1.1\r\n\r\n"), .server(response)], []).tape
            let whole = tape.run()
            #expect(whole.summary.bytes.isBalanced, "seed \(seed)")
            #expect(tape.cut(every: 1 + random.below(8)).run() == whole, "seed \(seed)")
        }
    }

    @Test func `of a bomb stop at the limit, wherever the bytes are cut`() throws {
        // Brotli of eight million blanks, with content of its own size behind it that no decoder looks at.
        let body = CodedBodies.brotliBomb + [UInt8](repeating: 0x20, count: 2000)
        let response = CodedBodies.response("br", body)
        let tape = Talk("bomb", [.c("GET / HTTP/1.1\r\n\r\n"), .server(response), .c("GET /b HTTP/1.1\r\n\r\n")], [])
            .tape
        let whole = tape.run()
        #expect(try whole.events().map(\.anomalies) == [[], ["content_coding_limit"], []])
        #expect(whole.summary.limits[.expansion] == 1)
        #expect(whole.summary.bytes.isBalanced)
        for size in [1, 700] {
            let cut = tape.cut(every: size).run()
            #expect(cut.text == whole.text)
            #expect(cut.summary == whole.summary)
        }
    }
}
