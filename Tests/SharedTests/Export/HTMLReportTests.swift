import Testing

@testable import Shared

/// What ReportTests sees in a browser is also held to here, as far as the text tells of it.
@Suite struct `The report` {
    private static func report(_ services: [ServiceMapDocument.Service], isLossy: Bool = false) -> String {
        HTMLReport.text(
            ServiceMapDocument(generatedAt: nil, services: services), MapView.Choice(), Summary(.standard),
            HTMLReport.Sources(
                inputs: ["<a>.pcap"], from: "Made from <b>", isLossy: isLossy, complaints: ["<c>: cut short"],
                account: "<d>\n"))
    }

    @Test func `lets run its own script and style, by what they hash to`() throws {
        // What openssl dgst -sha256 -binary | base64 says of the three letters.
        #expect(PageHash.base64("abc") == "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=")
        let html = Self.report([])
        let policy = try #require(html.firstMatch(of: /Content-Security-Policy" content="([^"]*)"/)).1
        let script = try #require(html.firstMatch(of: /(?s)<script>(.*?)<\/script>/)).1
        let style = try #require(html.firstMatch(of: /(?s)<style>(.*?)<\/style>/)).1
        #expect(policy.contains("script-src 'sha256-\(PageHash.base64(String(script)))'"))
        #expect(policy.contains("style-src 'sha256-\(PageHash.base64(String(style)))'"))
        #expect(policy.hasPrefix("default-src 'none';") && !policy.contains("unsafe"))
    }

    @Test func `has no markup of anybody else's`() {
        let hosts = `Graphs in other formats`.hostile.map { `The graph of services`.endpoint($0, $0) }
        let html = Self.report([`The graph of services`.service("<web>", hosts)])
        #expect(html.matches(of: /<script/).count == 2 && html.matches(of: /<\/script/).count == 2)
        #expect(!html.contains("<img") && !html.contains("<!--") && !html.contains("<web>"))
        for name in ["&lt;a&gt;.pcap", "Made from &lt;b&gt;", "&lt;c&gt;: cut short", "&lt;d&gt;", "&lt;web&gt;"] {
            #expect(html.contains(name), "\(name)")
        }
        #expect(html.matches(of: #/ on[a-z]+="/#).isEmpty)
        // No style in an attribute: the policy would not let it be.
        #expect(html.matches(of: #/ style="/#).isEmpty)
    }

    @Test func `says at its head whether something was lost`() {
        #expect(Self.report([]).contains("Nothing was lost."))
        #expect(Self.report([], isLossy: true).contains("Something was lost: there may be more than is shown here."))
    }
}
