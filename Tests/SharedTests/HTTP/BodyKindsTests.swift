import Testing

@testable import Shared

/// Shapes of bodies that are no JSON text.
@Suite struct `Bodies of other kinds` {
    /// The shape of a request's body, which comes whole and cut at every place.
    private static func shape(_ type: String?, _ body: String) -> String {
        let head =
            "POST / HTTP/1.1\r\nHost: a.test\r\n" + (type.map { "Content-Type: \($0)\r\n" } ?? "")
            + "Content-Length: \(body.utf8.count)\r\n\r\n"
        func shape(_ pieces: [[UInt8]]) -> String {
            var tape = TapeBuilder()
            tape.open()
            for piece in pieces { tape.data(.send, piece) }
            tape.receive("HTTP/1.1 204 No Content\r\n\r\n")
            tape.close()
            return tape.run(eventLog: false).serviceMap.services[0].endpoints[0].requestSchema.brief
        }
        let whole = shape([Array((head + body).utf8)])
        let bytes = Array(body.utf8)
        for cut in stride(from: 1, to: bytes.count, by: max(1, bytes.count / 10)) {
            #expect(shape([Array(head.utf8), Array(bytes[..<cut]), Array(bytes[cut...])]) == whole, "cut at \(cut)")
        }
        return whole
    }

    private static let form = "application/x-www-form-urlencoded"

    @Test(
        arguments: [
            ("a=1&b=two+words&c=", "{{form}: {a: string, b: string, c: string}}"),
            ("tag=x&tag=y&na%C3%AFve=1", "{{form}: {naïve: string, tag: [string]}}"),
            ("a=1&a=2;b=3&", "{{form}: {a: [string]}}"),
            // Not a form, though it says so.
            ("{\"a\":1}", "{a: number}"), ("[1]", "[number]"), ("just some text", "non-json"),
            ("a=1&secret", "non-json"),
            ("a%zz=1", "non-json"), ("=1", "non-json"), ("a%00=1", "non-json"),
            ("<a><b>1</b></a>", "{{xml}: {a: {b: string}}}"),
        ]) func `are forms`(_ body: String, _ expected: String)
    {
        #expect(Self.shape(Self.form, body) == expected)
        #expect(Self.shape("\(Self.form); charset=UTF-8", body) == expected)
    }

    /// What one message says of its body holds for no other.
    @Test func `are each what their own message says`() {
        var tape = TapeBuilder()
        tape.open()
        let bodies: [(type: String?, body: String, shape: String)] = [
            (Self.form, "a=1&b=2", "{{form}: {a: string, b: string}}"), (nil, "{\"c\":1}", "{c: number}"),
            ("application/x-ndjson", "{\"d\":1}\n", "[{d: number}]"), (nil, "a=1&b=2", "non-json"),
            ("application/x-ndjson", "{\"e\":1}\n", "[{e: number}]"), (Self.form, "f=1", "{{form}: {f: string}}"),
        ]
        for (number, (type, body, _)) in bodies.enumerated() {
            tape.send(
                "POST /\(Character(UnicodeScalar(UInt8(97 + number)))) HTTP/1.1\r\nHost: a.test\r\n"
                    + (type.map { "Content-Type: \($0)\r\n" } ?? "")
                    + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
            tape.receive("HTTP/1.1 204 No Content\r\n\r\n")
        }
        tape.close()
        let endpoints = tape.run(eventLog: false).serviceMap.services[0].endpoints
        #expect(endpoints.map(\.requestSchema.brief) == bodies.map(\.shape))
    }

    @Test func `are lists of lines`() {
        #expect(Self.shape(nil, "{\"a\":1}\n{\"a\":2}\n{\"a\":\"x\"}\n") == "[{a: number}, {a: string}]")
        #expect(Self.shape(nil, "{\"a\":1}\r\n\r\n[1]") == "[[number], {a: number}]")
        #expect(Self.shape(nil, "{\"a\":1}\n") == "{a: number}")
        #expect(Self.shape("application/x-ndjson", "{\"a\":1}\n") == "[{a: number}]")
        #expect(Self.shape(nil, "{\"a\":1}{\"a\":2}") == "non-json")
        #expect(Self.shape(nil, "{\"a\":1} {\"a\":2}") == "non-json")
        #expect(Self.shape(nil, "1\n2\n") == "non-json")
        #expect(Self.shape(nil, "{\"a\":1}\n{\"a\"") == "non-json")
        #expect(Self.shape(nil, "{\"a\":1}\nend") == "non-json")
    }

    @Test func `are parts`() {
        let body =
            "--x\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\n--y\r\n--\r\nhi\r\n--x\r\n"
            + "content-disposition: form-data; filename=\"a.bin\"; name=file\r\nContent-Type: application/octet-stream\r\n"
            + "\r\n\r\n\r\n\r--x\r\n--x--\r\n"
        #expect(Self.shape("multipart/form-data; boundary=x", body) == "{{multipart}: {file: non-json, note: string}}")
        #expect(Self.shape("multipart/form-data; charset=a; boundary=\"x\"", body).hasPrefix("{{multipart}"))
        #expect(Self.shape("multipart/form-data; boundary=z", body) == "non-json")
        #expect(Self.shape("multipart/form-data", body) == "non-json")
        #expect(Self.shape("multipart/form-data; boundary=x", "--x\r\n\r\nhi\r\n--x--") == "non-json")
        #expect(Self.shape("multipart/form-data; boundary=x", "--x--\r\n") == "non-json")
    }

    @Test(
        arguments: [
            ("<a/>", "{{xml}: {a: string}}"), ("<a></a>\n", "{{xml}: {a: string}}"),
            (
                "<?xml version=\"1.0\"?>\n<!-- > --><s:Envelope xmlns:s='http://x' xmlns='y'><s:Body><Get id=\"1\"><x>1</x><x/></Get></s:Body></s:Envelope>",
                "{{xml}: {Envelope: {Body: {Get: {@id: string, x: [string]}}}}}"
            ), ("<a>t<b>1</b></a>", "{{xml}: {a: {#text: string, b: string}}}"),
            ("<a><![CDATA[<b>]]]></a>", "{{xml}: {a: string}}"),
            ("<!DOCTYPE a><a><b c='>'/><b/></a>", "{{xml}: {a: {b: [string, {@c: string}]}}}"),
            // What is none.
            ("<a>", "non-json"), ("<a></b>", "non-json"), ("<a/><b/>", "non-json"), ("<a/>text", "non-json"),
            ("<a b></a>", "non-json"), ("<1/>", "non-json"), ("<!DOCTYPE html><html></html>", "non-json"),
            ("<HTML/>", "non-json"), ("<!DOCTYPE a [<!ENTITY x 'y'>]><a/>", "non-json"), ("< a/>", "non-json"),
            ("<a><!-- ]]></a>", "non-json"),
        ]) func `are XML`(_ body: String, _ expected: String)
    {
        #expect(Self.shape("application/soap+xml; charset=utf-8", body) == expected)
        #expect(Self.shape(nil, body) == expected)
        #expect(Self.shape("text/html", body) == "non-json")
    }

    @Test func `are nested and named without end, and nothing breaks`() {
        #expect(Self.shape("text/xml", String(repeating: "<a>", count: 5000)) == "non-json")
        #expect(Self.shape("text/xml", "<\(String(repeating: "a", count: 5000))/>") == "non-json")
        #expect(Self.shape(Self.form, String(repeating: "a", count: 5000) + "=1") == "non-json")
        var random = SeededRandom(seed: 3)
        let likely = Array("<>/?!-[]CDATA=\"'a &%41\r\n--x:;name".utf8) + [0, 0xFF]
        for type in [Self.form, "text/xml", "multipart/form-data; boundary=x"] {
            for _ in 0..<20 {
                let body = (0..<Int.random(in: 0..<60, using: &random)).map { _ in likely.randomElement(using: &random)!
                }
                _ = Self.shape(type, String(decoding: body, as: UTF8.self))
            }
        }
    }
}
