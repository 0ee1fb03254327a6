import Foundation
import Testing

@testable import Shared
@testable import replay

@Suite struct `Explaining` {
    private struct Told: Decodable {
        struct End: Decodable {
            var name: String
            var namedBy: String?
        }
        struct Event: Decodable {
            var packet: Int?
            var call: Int?
            var at: String
            var what: String
        }
        struct Opinion: Decodable {
            var `protocol`: String
            var says: String
            var reason: String?
        }
        struct Entry: Decodable {
            var kind: String
            var what: String
            var exchange: Int?
            var bytes: Int?
            var captured: Int?
            var anomalies: [String]?
        }
        struct Hole: Decodable {
            var side: String
            var from: Int
            var to: Int
            var reason: String
            var shownByPacket: Int?
        }
        struct Bytes: Decodable {
            var total: Int
            var gaps: [String: Int]
            var balanced: Bool
        }
        var connection: Int
        var service: End
        var peer: End
        var broughtBy: [Event]
        var detectors: [Opinion]
        var became: [Entry]
        var missing: [Hole]
        var bytes: Bytes
    }

    private static var decoder: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return decoder
    }

    private static func fixture(_ name: String) -> String { "Fixtures/\(name)/input.pcap" }

    private static func told(_ fixture: String, _ options: [String], status: Int32 = 0) throws -> Told {
        let outcome = try Executable.replay(["explain", Self.fixture(fixture), "--json"] + options)
        #expect(outcome.status == status, "\(outcome.errors)")
        return try Self.decoder.decode(Told.self, from: Data(outcome.output.utf8))
    }

    /// The times of a capture's packets, microseconds as they stand in the file.
    private static func times(_ path: String) throws -> [String] {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        func word(_ at: Int) -> Int { (0..<4).reduce(0) { $0 | Int(bytes[at + $1]) << (8 * $1) } }
        let isNano = word(0) == 0xA1B2_3C4D
        var at = 24
        var times: [String] = []
        while at + 16 <= bytes.count {
            let nanoseconds = Int64(word(at)) * 1_000_000_000 + Int64(word(at + 4)) * (isNano ? 1 : 1000)
            times.append("\(Timestamp(nanoseconds: nanoseconds))")
            at += 16 + word(at + 8)
        }
        return times
    }

    @Test func `a connection names its packets, its protocol and its ends`() throws {
        let told = try Self.told("demo/shop", ["--connection", "1", "--names", "Fixtures/demo/shop/names"])
        #expect((told.service.namedBy, told.peer.namedBy) == ("user", "user"))
        let times = try Self.times(Self.fixture("demo/shop"))
        for event in told.broughtBy {
            let packet = try #require(event.packet)
            // The tape's end closes what is open, behind the last packet.
            if event.what.hasPrefix("closed") { continue }
            #expect(times[packet - 1] == event.at, "packet \(packet): \(event.what)")
        }
        #expect(told.broughtBy.first?.what == "opened")
        #expect(told.detectors.filter { $0.says == "yes" }.count == 1)
        #expect(told.detectors.count == Registry.standard.detectors.count)
        #expect(told.bytes.balanced && told.bytes.gaps.isEmpty && told.bytes.total > 0)
    }

    /// The connection itself goes to 10.0.0.2:16379, which goes by its address, too.
    @Test func `an address that a prefix names is told from the connection's own`() throws {
        let told = try Self.told("proxy_protocol/redis", ["--connection", "1"])
        #expect((told.peer.name, told.peer.namedBy) == ("10.0.0.7", "prefix"))
        #expect((told.service.name, told.service.namedBy) == ("10.0.0.1", "address"))
        let named = try Self.told("socks/redis", ["--connection", "1"])
        #expect(named.peer.namedBy == "host")
    }

    @Test func `an exchange of a connection has the numbers of the event log`() throws {
        let folder = TemporaryFolder()
        let log = folder.path + "/events.jsonl"
        _ = try Executable.replay([Self.fixture("http/pipelined"), "--output", log, "--quiet"])
        struct Event: Decodable {
            var connection: Int?
            var exchange: Int?
            var method: String?
            var url: String?
            var direction: String?
            var statusCode: Int?
        }
        let events = try #require(folder.text("events.jsonl")).split(separator: "\n").map {
            try Self.decoder.decode(Event.self, from: Data($0.utf8))
        }
        let requests = events.filter { $0.exchange != nil && $0.statusCode == nil }
        let event = try #require(requests.last)
        let told = try Self.told("http/pipelined", ["--exchange", "\(event.exchange ?? 0)"])
        #expect(told.connection == event.connection)
        let request = try #require(told.became.first)
        #expect(request.kind == "request" && request.exchange == event.exchange)
        let path = (event.url ?? "").split(separator: "?")[0]
        #expect(request.what.hasPrefix("\(event.method ?? "") \(path)"))
        #expect(Set(told.became.map(\.kind)) == ["request", "response"])
    }

    @Test func `what was lost is told with its place and its reason`() throws {
        var lost = 0
        var gaps = 0
        let summary = try Executable.replay([Self.fixture("http/capture-loss"), "--json"])
        struct Whole: Decodable { var bytes: Told.Bytes }
        let whole = try Self.decoder.decode(Whole.self, from: Data(summary.output.utf8))
        for number in 1... {
            let outcome = try Executable.replay(
                ["explain", Self.fixture("http/capture-loss"), "--connection", "\(number)", "--json"])
            guard outcome.status == 1 else {
                #expect(outcome.status == 2 && outcome.errors.contains("the tape has \(number - 1) connection"))
                break
            }
            let told = try Self.decoder.decode(Told.self, from: Data(outcome.output.utf8))
            lost += told.bytes.gaps.values.reduce(0, +)
            // What the pipeline counts as a gap is what no packet brings.
            gaps += told.missing.reduce(0) { $0 + $1.to - $1.from }
            for hole in told.missing { #expect(hole.reason == "not on the tape" && hole.shownByPacket ?? 0 > 0) }
            for entry in told.became where (entry.captured ?? entry.bytes ?? 0) < entry.bytes ?? 0 {
                #expect(entry.anomalies?.contains("gap") == true, "\(entry)")
            }
        }
        #expect(lost == whole.bytes.gaps.values.reduce(0, +) && lost > 0)
        #expect(gaps == lost)
    }

    @Test func `an endpoint says where it comes from, and why its path is one`() throws {
        let outcome = try Executable.replay([
            "explain", Self.fixture("demo/shop"), "--names", "Fixtures/demo/shop/names", "--endpoint",
            "GET /orders/{orderId}",
        ])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(
            outcome.output.contains("web → orders: GET /orders/{orderId}") || outcome.output.contains("web -> orders"))
        #expect(outcome.output.contains("path: stands for"))
        #expect(outcome.output.contains("integer"))
        #expect(outcome.output.contains("orders: you gave its address this name"))
        #expect(outcome.output.contains(/connection \d+: \d+ request/))
    }

    @Test func `a trace has calls in place of packets`() throws {
        let outcome = try Executable.replay([
            "explain", "Fixtures/trace/hostile-names/input.jsonl", "--connection", "1",
        ])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("call 34: opened"))
        #expect(outcome.output.contains("the service of its container"))
        #expect(outcome.output.contains("http: yes"))
    }

    @Test(arguments: [
        ([], "say what"), (["--connection", "1", "--exchange", "1"], "say what"),
        (["--connection", "99"], "the tape has"),
        (["--exchange", "99999"], "no request of the tape"), (["--endpoint", "GET /nowhere"], "is not in the map"),
    ])
    func `what is not there is said in one line`(_ options: [String], _ said: String) throws {
        let outcome = try Executable.replay(["explain", Self.fixture("http/pipelined")] + options)
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains(said) && outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
    }

    // MARK: Bytes

    @Test func `bytes name their packets, and what came with them`() throws {
        let connection = ["--connection", "1", "--bytes"]
        let whole = try Self.told("http/keep-alive", ["--connection", "1"])
        let requests = whole.became.filter { $0.kind == "request" }
        let said = whole.broughtBy.filter { $0.what.hasPrefix("client says ") }
        #expect(requests.count == said.count && requests.count > 2)
        // From `client says 87 B: 90 to 177`.
        let ends = said.compactMap { $0.what.split(separator: " ").last.flatMap { Int($0) } }
        let told = try Self.told("http/keep-alive", connection + ["client:\(ends[0])-\(ends[0] + 1)"])
        #expect(told.broughtBy.map(\.packet) == [said[1].packet])
        #expect(told.became.map(\.what) == [requests[1].what] && told.missing.isEmpty)
        let two = try Self.told("http/keep-alive", connection + ["client:\(ends[0] - 1)-\(ends[0] + 1)"])
        #expect(two.broughtBy.count == 2 && two.became.map(\.what) == requests.prefix(2).map(\.what))
        let answer = try Self.told("http/keep-alive", connection + ["server:0"])
        #expect(answer.became.map(\.kind) == ["response"] && answer.broughtBy.count == 1)
    }

    @Test func `bytes that are missing are told of, and so is that there are none`() throws {
        let path = "http/capture-loss"
        let number = 1
        let hole = try #require(try Self.told(path, ["--connection", "\(number)"], status: 1).missing.first)
        let range = "\(hole.side):\(hole.from)-\(hole.to)"
        let told = try Self.told(path, ["--connection", "\(number)", "--bytes", range], status: 1)
        #expect(told.missing.map(\.from) == [hole.from])
        for (bytes, reason) in [
            ("client:99999999-100000000", "the client says"), ("client", "write a side"), ("both:1-2", "write a side"),
            ("client:5-5", "write a side"), ("client:9-3", "write a side"), ("client:1-2-3", "write a side"),
            ("server:18446744073709551615", "write a side"),
        ] {
            let run = try Executable.replay([
                "explain", Self.fixture(path), "--connection", "\(number)", "--bytes", bytes,
            ])
            #expect(
                run.status == 2 && run.errors.contains("--bytes \(bytes): ") && run.errors.contains(reason),
                "\(run.errors)")
        }
        #expect(
            try Executable.replay(["explain", Self.fixture(path), "--exchange", "1", "--bytes", "client:0"]).status == 2
        )
    }
}
