import Foundation
import Testing

@testable import Shared
@testable import replay

/// `--service`, `--destination`, `--protocol`, `--path`, `--status`: which exchanges and connections are told of.
@Suite struct `Filters` {
    private let folder = TemporaryFolder()
    private static let shop = "Fixtures/demo/shop/input.pcap"

    private static let paths = ["ann", "bob", "cid"]

    private struct Told {
        var log: [String]
        var map: String
        var summary: [String: Any]
    }

    private func told(_ input: String, _ options: [String] = []) throws -> Told {
        let (log, map) = (folder.path + "/log", folder.path + "/map")
        let run = try Executable.replay([input, "--json", "-o", log, "--service-map", map] + options)
        #expect(run.status == 0, "\(run.errors)")
        let summary = try #require(JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
        return Told(
            log: (folder.text("log") ?? "").split(separator: "\n").map(String.init), map: folder.text("map") ?? "",
            summary: summary)
    }

    private static func fields(_ line: String) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }

    /// The log has the lines of the whole log that fit, as they stand there, and the map the endpoints.
    @Test(arguments: [
        (["--protocol", "redis"], 4, 1), (["--protocol", "http"], 64, 27), (["--protocol", "http/2"], 0, 0),
        (["--path", "/account"], 6, 3), (["--status", "404"], 4, 2), (["--status", "5xx"], 4, 2),
        (["--status", "400-499"], 8, 4), (["--status", "error"], 12, 6), (["--status", "unanswered"], 0, 0),
        (["--destination", "web:8080"], 26, 12),
        (["--protocol", "http", "--status", "ok", "--path", "/account"], 6, 3),
        (["--service", "catalog:9001", "--protocol", "mysql"], 10, 1),
    ])
    func `choose events and endpoints, and change none`(_ options: [String], _ lines: Int, _ endpoints: Int) throws {
        let (all, some) = (try told(Self.shop), try told(Self.shop, options))
        var rest = all.log[...]
        for line in some.log {
            let place = try #require(rest.firstIndex(of: line), "not in the whole log behind those before: \(line)")
            rest = rest[(place + 1)...]
        }
        #expect(some.log.count == lines)
        #expect(some.map.components(separatedBy: "- destination:").count - 1 == endpoints, "\(some.map)")
        for name in ["bytes", "connections", "messages", "operations", "lost"] {
            let (whole, told) = (all.summary[name] as? NSObject, some.summary[name] as? NSObject)
            #expect(whole != nil && whole == told, "\(name) is that of the whole tape")
        }
    }

    /// A request's line waits for the answer; what is open at the end was not answered, wherever it stands.
    @Test func `keep the log's order, whatever waits`() throws {
        var tape = #"{"tapedeck_trace":1}"# + "\n"
        func say(_ connection: Int, _ direction: String, _ position: Int, _ second: Int, _ text: String) {
            let json = text.replacing("\r\n", with: "\\r\\n")
            tape +=
                #"{"type":"data","timestamp":"2026-01-01T00:00:0\#(second)Z","connection":\#(connection),"direction":"\#(direction)","position":\#(position),"text":"\#(json)"}"#
                + "\n"
        }
        for connection in 1...3 {
            tape +=
                #"{"type":"open","timestamp":"2026-01-01T00:00:00Z","connection":\#(connection),"local":"10.0.0.1:400\#(connection)","remote":"10.0.0.2:80","role":"client"}"#
                + "\n"
        }
        for connection in 1...3 {
            say(connection, "send", 0, connection, "GET /\(Self.paths[connection - 1]) HTTP/1.1\r\nHost: a\r\n\r\n")
        }
        // The second is answered first; the first never.
        say(2, "receive", 0, 4, "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
        say(3, "receive", 0, 5, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        let input = folder.write("in.jsonl", Array(tape.utf8))
        let failed = try told(input, ["--status", "error"]).log.map { try Self.fields($0) }
        #expect(failed.map { $0["url"] as? String } == ["/ann", "/bob", "/bob"])
        #expect(failed.map { $0["exchange"] as? Int } == [1, 2, 2], "numbers are the whole tape's")
        let unanswered = try told(input, ["--status", "unanswered"])
        #expect(
            unanswered.log.count == 1 && unanswered.map.contains("path: /ann") && !unanswered.map.contains("path: /bob")
        )
        #expect(try told(input, ["--status", "2xx"]).log.count == 2)
    }

    @Test func `hold for each command that shows exchanges`() throws {
        let (shop, filter) = (Self.shop, ["--status", "5xx"])
        #expect(
            try Executable.replay(["paths", shop] + filter).output.split(separator: "\n").count { $0.hasPrefix("/") }
                == 2)
        let archive = try Executable.replay(["export", "har", shop] + filter).output
        #expect(archive.components(separatedBy: "\"startedDateTime\"").count - 1 == 2)
        let graph = try Executable.replay(["export", "mermaid", shop] + filter).output
        #expect(graph.contains("web") && !graph.contains("redis"))
        #expect(try Executable.replay(["diff", shop, shop, "--protocol", "redis"]).status == 0)
        let state = folder.path + "/a.state"
        #expect(try Executable.replay(["state", shop, "-o", state]).status == 0)
        let caches = try Executable.replay([state, "--protocol", "redis", "--service-map", "-", "-q"]).output
        #expect(caches.contains("protocol: redis") && !caches.contains("protocol: postgres"))
        let failures = folder.path + "/b.state"
        #expect(try Executable.replay(["state", shop, "-o", failures] + filter).status == 0)
        let read = try Executable.replay([failures, "--service-map", "-", "-q"]).output
        #expect(read.components(separatedBy: "- destination:").count - 1 == 2)
        let refused = try Executable.replay([state] + filter)
        #expect(refused.status == 2 && refused.errors.contains("is a state, which has no exchanges one by one"))
    }

    @Test(arguments: [
        (["--protocol", "htpp"], "--protocol htpp: nothing fits; there are amqp, http/1.1, memcached"),
        (["--service", "nobody"], "--service nobody: nothing fits; there are 10.77.0.100"),
        (["--protocol", "redis", "--path", "/"], "nothing fits the filters"),
    ])
    func `say so where nothing fits`(_ options: [String], _ words: String) throws {
        let run = try Executable.replay([Self.shop] + options)
        #expect(run.status == 0 && run.errors.contains(words), "\(run.errors)")
    }

    @Test(
        arguments: [
            ("404", 404, true), ("404", 405, false), ("4xx", 499, true), ("4XX", 500, false), ("400-405", 405, true),
            ("ok", 304, true), ("ok", 404, false), ("error", 503, true), ("error", nil, true),
            ("unanswered", nil, true),
            ("unanswered", 200, false), ("not_found", 1005, true), ("NOT_FOUND", 404, false), ("OK", 1000, true),
        ] as [(String, UInt16?, Bool)])
    func `take statuses as people write them`(_ text: String, _ status: UInt16?, _ fits: Bool) throws {
        #expect(try #require(StatusChoice(text)).contains(answer: status) == fits)
    }

    @Test(arguments: [("chekc", "check"), ("expoort", "export"), ("querry", "query"), ("diff2", "diff")])
    func `are not the only thing that is mistyped`(_ word: String, _ command: String) throws {
        let run = try Executable.replay([word, "x"])
        #expect(run.status == 2 && run.errors.contains("did you mean `replay \(command)`?"), "\(run.errors)")
        #expect(!(try Executable.replay(["capture", "x"]).errors.contains("did you mean")))
    }
}
