import Testing

@testable import Shared

@Suite struct `Host texts` {
    private static func read(_ text: String) -> String? {
        let bytes = Array(text.utf8)
        guard let host = HostText(bytes.span.bytes) else { return nil }
        return String(decoding: host.name, as: UTF8.self) + (host.port.map { ":\($0)" } ?? "")
    }

    @Test(arguments: [
        ("shop.example", "shop.example"), ("Shop.EXAMPLE", "shop.example"), ("shop.example.", "shop.example"),
        ("shop.example.:8080", "shop.example:8080"), ("localhost:3001", "localhost:3001"), ("localhost:", "localhost"),
        ("localhost:0", "localhost"), ("a_b-c~d", "a_b-c~d"), ("x%2Fy", "x%2fy"), ("a,b;c", "a,b;c"),
        ("h:65535", "h:65535"), ("123.example", "123.example"),
    ])
    func `are compared without case and final dot, and keep their port`(_ text: String, _ expected: String) {
        #expect(Self.read(text) == expected)
    }

    /// A port of an address says no more than the connection.
    @Test(arguments: ["10.0.0.1", "10.0.0.1:80", "[::1]", "[fe80::1%25eth0]:80", "::1", "a:1:2", "8080", "."])
    func `that are addresses are no names`(_ text: String) throws {
        let read = try #require(Self.read(text))
        #expect(read == "" || read == ":80")
    }

    @Test(arguments: [
        "", "a b", "a/b", "a@b", "\u{E4}.example", "a:80x", "a:65536", "x:1:2", "[::1", "[::1]x", "[x]", "a%2",
        "a%zz",
        "a\u{0}", "\"a\"", String(repeating: "a", count: 300),
    ])
    func `that RFC 3986 has no grammar for are none`(_ text: String) { #expect(Self.read(text) == nil) }

    @Test func `are read at any length`() {
        let text = Array("[fe80::1%25x]:80 a.b.:99".utf8)
        for start in text.indices {
            for end in start...text.count { _ = HostText(text.span.bytes.extracting(start..<end)) }
        }
    }
}
