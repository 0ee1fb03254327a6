import Testing

@testable import Shared

@Suite struct `Names of HTTP` {
    private func equal(_ text: String, _ name: StaticString) -> Bool {
        let bytes = Array("<\(text)>".utf8)
        return HTTPGrammar.equal(bytes.span.bytes, 1..<bytes.count - 1, name)
    }

    @Test func `are equal whatever the case of their letters`() {
        #expect(equal("Content-Length", "content-length") && equal("CONTENT-TYPE", "content-type"))
        #expect(equal("hOsT", "host") && equal("Application/XML", "application/xml") && equal("", ""))
        #expect(equal("Client_No_Context_Takeover", "client_no_context_takeover"))
        #expect(!equal("Content-Lengt", "content-length") && !equal("Content-Lengths", "content-length"))
    }

    /// The bit that makes small letters of capital ones makes of other bytes others, which are not equal.
    @Test(arguments: [
        "host", "x-gzip", "text/html", "content-type", "server_no_context_takeover", "application/ld+jsonl",
    ])
    func `differ in any byte`(_ name: String) throws {
        let names: [StaticString] = [
            "host", "x-gzip", "text/html", "content-type", "server_no_context_takeover", "application/ld+jsonl",
        ]
        let wanted = try #require(names.first { "\($0)" == name })
        let bytes = Array(name.utf8)
        for place in bytes.indices {
            for other in UInt8.min...UInt8.max {
                var changed = bytes
                changed[place] = other
                let isSame = other == bytes[place] || other | 0x20 == bytes[place] && (0x41...0x5A).contains(other)
                #expect(HTTPGrammar.equal(changed.span.bytes, changed.indices, wanted) == isSame)
            }
        }
    }
}
