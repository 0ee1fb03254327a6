import Foundation
import TestSupport
import Testing

/// The report in a browser: what is there when its scripts have run, for names that would be scripts, and for thousands of endpoints.
@Suite(.serialized) struct `The report in Chromium` {
    private struct Found: Decodable {
        var rows: Int
        var opened: Int
        /// Errors of the script, and what the page's policy forbade.
        var complaints: [String]
        var requests: [String]

        // Of hostile names.
        var title: String?
        var after: String?
        var exchanges: Int?
        var pre: String?
        var targets: [String]?
        var names: [String]?
        var foreign: Int?
        var handlers: Int?
        var links: [String]?
        var inlineRan: Bool?
        var markupRan: Bool?
        var fetched: Bool?

        // Of many rows.
        var times: [Double]?
        var shown: Int?
        var found: String?
        var all: Int?
        var focused: String?
        var theme: String?
        var keys: Bool?
        var closed: Bool?
    }

    private static func look(_ what: String, at report: String, in folder: TemporaryFolder) throws -> Found {
        let (python, browser) = (try Oracles.python.get(), try Programs.find("chromium", package: "chromium"))
        let arguments = [Oracles.script("report.py"), browser, folder.path + "/profile", what, report]
        let outcome = try Child(python, arguments, patience: 240).wait()
        try #require(outcome.status == 0, "\(outcome.errors)")
        return try JSONDecoder().decode(Found.self, from: Data(outcome.output.utf8))
    }

    @Test(.timeLimit(.minutes(30))) func `shows hostile names as text, and runs nothing of theirs`() throws {
        let folder = TemporaryFolder()
        let report = folder.path + "/report.html"
        let tape = FileManager.default.currentDirectoryPath + "/Fixtures/trace/hostile-names/input.jsonl"
        let outcome = try Executable.replay(["export", "html", tape, "-o", report])
        #expect(outcome.status == 0, "\(outcome.errors)")
        let found = try Self.look("hostile", at: report, in: folder)
        #expect(found.complaints.isEmpty)
        #expect(found.requests == ["report.html"], "nothing else is fetched")
        #expect(found.title == "input.jsonl · Tapedeck" && found.after == found.title)
        #expect((found.rows, found.opened, found.exchanges) == (13, 1, 13))
        let names = try #require(found.names)
        for name in `Exported graphs`.hostile + ["constructor", "a\\u{a}b\\u{9}c", "\\u{202e}txt.exe"] {
            #expect(names.contains(name), "\(name)")
        }
        #expect(found.pre?.contains("\"</script><script>document.title='owned'</script>\": number") == true)
        #expect(found.targets?.contains("/a</script><script>document.title='owned'</script>?q=…") == true)
        #expect(try !String(contentsOfFile: report, encoding: .utf8).contains("secret-value"))
        #expect((found.foreign, found.handlers) == (0, 0))
        #expect(found.links == [])
        #expect((found.inlineRan, found.markupRan, found.fetched) == (false, false, false), "the policy holds")
    }

    /// A tape of one client that asks for 5,000 things.
    private static func tape() -> String {
        var lines = ["{\"tapedeck_trace\":1}"]
        var moment = 0
        func add(_ rest: String) {
            moment += 1
            let (second, milli) = (String(1000 + moment / 1000 % 60).suffix(2), String(1000 + moment % 1000).suffix(3))
            lines.append("{\"timestamp\":\"2026-11-29T10:0\(moment / 60_000):\(second).\(milli)000000Z\",\(rest)}")
        }
        for connection in 1...20 {
            add(
                "\"type\":\"open\",\"connection\":\(connection),\"local\":\"10.0.0.1:\(40_000 + connection)\",\"remote\":\"10.0.1.\(connection):80\",\"role\":\"client\""
            )
            var (sent, received) = (0, 0)
            for place in 0..<250 {
                let number = (connection - 1) * 250 + place
                let verb = number % 5 == 0 ? "POST" : "GET"
                let ask =
                    "\(verb) /area\(number % 13)/item-\(number) HTTP/1.1\r\nHost: host\(connection).example\r\n\r\n"
                let answer = "HTTP/1.1 \(number % 37 == 0 ? 500 : 200) x\r\nContent-Length: 8\r\n\r\n{\"a\": 1}"
                for (way, position, text) in [("send", sent, ask), ("receive", received, answer)] {
                    let escaped = text.replacing("\"", with: "\\\"").replacing("\r\n", with: "\\r\\n")
                    add(
                        "\"type\":\"data\",\"connection\":\(connection),\"direction\":\"\(way)\",\"position\":\(position),\"text\":\"\(escaped)\""
                    )
                }
                sent += ask.utf8.count
                received += answer.utf8.count
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    @Test(.timeLimit(.minutes(30))) func `answers at once with 5,000 endpoints, and to keys`() throws {
        let folder = TemporaryFolder()
        let report = folder.path + "/report.html"
        let tape = folder.write("large.jsonl", Array(Self.tape().utf8))
        let outcome = try Executable.replay(["export", "html", tape, "--raw-paths", "-o", report])
        #expect(outcome.status == 0, "\(outcome.errors)")
        let found = try Self.look("large", at: report, in: folder)
        #expect(found.complaints.isEmpty)
        #expect(found.requests == ["report.html"])
        #expect((found.rows, found.all) == (5000, 5000))
        #expect((found.focused, found.shown, found.found) == ("search", 1, "1 of 5,000 operations"))
        #expect(found.opened == 1, "by keys alone")
        // 30 to 120 ms where the machine has nothing else to do.
        #expect(found.times?.sorted()[2] ?? .infinity < 2000)
        #expect(found.theme == "rgb(13, 17, 23)")
        #expect((found.keys, found.closed) == (true, true))
    }
}
