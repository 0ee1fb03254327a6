import Foundation
import Testing

@testable import Shared
@testable import replay

/// A live recording of `traffic`, whose client and HTTP server were profiled, and its manifest.
private enum Recorded {
    static let folder = "Fixtures/trace/traffic"
    static let tape = folder + "/input.tape"
    static let manifest = folder + "/manifest.jsonl"

    static let seen = Result { try observe([tape]) }
    static let lines = (TextFile.read(manifest) ?? "").split(separator: "\n").map(String.init)

    static func observe(_ paths: [String]) throws -> [SeenConnection] {
        let observation = Observation()
        var replaying = Replaying()
        replaying.options.eventLog = false
        replaying.observer = observation
        _ = try replaying.run(paths) { _ in true }
        return observation.connections
    }

    static func grade(_ lines: [String], _ seen: [SeenConnection]? = nil) throws -> Grading {
        let truth = try GroundTruth(Array(lines.joined(separator: "\n").utf8), name: "manifest")
        return Grading(truth, try seen ?? self.seen.get())
    }

    /// The manifest with another value in the first line that fits.
    static func lines(_ kind: String, _ key: String, _ value: Any) throws -> [String] {
        var lines = lines
        let place = try #require(
            lines.firstIndex { $0.contains("\"kind\":\"\(kind)\"") && $0.contains("\"\(key)\":") })
        var line = try #require(
            try JSONSerialization.jsonObject(with: Data(lines[place].utf8)) as? [String: Any])
        line[key] = value
        let data = try JSONSerialization.data(withJSONObject: line, options: .withoutEscapingSlashes)
        lines[place] = String(decoding: data, as: UTF8.self)
        return lines
    }
}

/// What of a grading is not 1.0: `http response: status`; the event's name alone where events are missing or too many.
private func flaws(_ grading: Grading) -> [String] {
    EventKind.allCases.flatMap { kind -> [String] in
        guard let score = grading.scores[kind] else { return [] }
        return (score.event.isPerfect ? [] : [kind.name])
            + zip(kind.fields, score.fields).filter { !$1.isPerfect }.map { "\(kind.name): \($0.0)" }
    }
}

@Suite struct `Grading a tape` {
    @Test func `what was recorded is what happened, in both views`() throws {
        let grading = try Recorded.grade(Recorded.lines)
        #expect(flaws(grading) == [])
        #expect(grading.isPerfect)
        #expect(grading.differences.isEmpty)
        // A scenario of its own has those of WebSockets.
        for kind in EventKind.allCases where kind != .message {
            #expect((grading.scores[kind]?.event.told ?? 0) > 4, "\(kind)")
        }
        let views = try Set(Recorded.seen.get().map(\.isClientView))
        #expect(views == [true, false])
    }

    @Test(arguments: ["tape.pcapng", "tape.jsonl"])
    func `a conversion of the tape shows the same`(_ name: String) throws {
        let folder = TemporaryFolder()
        let converted = folder.path + "/" + name
        #expect(try Executable.replay(["convert", Recorded.tape, converted]).status == 0)
        #expect(flaws(try Recorded.grade(Recorded.lines, Recorded.observe([converted]))) == [])
    }

    static let corruptions: [(kind: String, key: String, value: any Sendable, flaws: [String])] = [
        ("connection", "protocol", "mysql", ["connection: protocol"]),
        ("connection", "bytes_sent", 1, ["connection: bytes sent"]),
        ("connection", "bytes_received", 1, ["connection: bytes received"]),
        ("connection", "end", "reset", ["connection: end"]),
        ("http", "method", "PUT", ["http request: method", "http response: request"]),
        ("http", "path", "/elsewhere", ["http request: path", "http response: request"]),
        ("http", "status", 404, ["http response: status"]),
        ("http", "request_bytes", 1, ["http request: wire bytes"]),
        ("http", "response_bytes", 1, ["http response: wire bytes"]),
        ("http", "request_body_bytes", 1_000_000, ["http request: body bytes"]),
        ("http", "response_body_bytes", 1_000_000, ["http response: body bytes"]),
        ("http", "request_body_sha256", "00", ["http request: body sha256"]),
        ("http", "response_body_sha256", "00", ["http response: body sha256"]),
        ("sql", "statement", "SELECT nothing", ["sql statement: text"]),
        ("sql", "operation", "MERGE", ["sql statement: operation"]),
        ("sql", "targets", ["elsewhere"], ["sql statement: targets"]),
        ("sql", "targets", [String](), ["sql statement: targets"]),
        ("sql", "status", "skipped", ["sql statement: status"]),
        ("sql", "code", "42P01", ["sql statement: code"]),
        ("sql", "rows", 1_000_000, ["sql statement: rows"]),
        ("sql", "affected", 1_000_000, ["sql statement: affected"]),
        ("redis", "statement", "GET nothing", ["redis command: text"]),
        ("redis", "operation", "MGET", ["redis command: operation"]),
        ("redis", "targets", ["traffic", "elsewhere"], ["redis command: targets"]),
        ("redis", "status", "one_way", ["redis command: status"]),
        ("redis", "code", "WRONGTYPE", ["redis command: code"]),
        ("redis", "hits", 7, ["redis command: hits"]),
        ("redis", "misses", 7, ["redis command: misses"]),
    ]

    @Test(arguments: corruptions.indices)
    func `a field that is told wrongly is below 1, and no other`(_ index: Int) throws {
        let corruption = Self.corruptions[index]
        let grading = try Recorded.grade(Recorded.lines(corruption.kind, corruption.key, corruption.value))
        #expect(flaws(grading) == corruption.flaws)
        #expect(!grading.isPerfect)
    }

    @Test(arguments: [("sql", "sql statement"), ("redis", "redis command"), ("http", "http request")])
    func `an event that is not told lowers precision, one told twice recall`(_ kind: String, _ name: String) throws {
        let place = try #require(Recorded.lines.firstIndex { $0.contains("\"kind\":\"\(kind)\"") })
        var lines = Recorded.lines
        lines.insert(lines[place], at: place)
        let more = try #require(try Recorded.grade(lines).scores.first { $0.key.name == name }?.value.event)
        #expect(more.right == more.seen && more.told == more.seen + 1)
        lines.removeSubrange(place...place + 1)
        let grading = try Recorded.grade(lines)
        let fewer = try #require(grading.scores.first { $0.key.name == name }?.value.event)
        #expect(fewer.right == fewer.told && fewer.seen == fewer.told + 1)
        #expect(grading.differences.contains { if case .extra = $0.what { true } else { false } })
    }

    @Test func `a connection that its process made and nobody tells of is wrong, another's is not judged`() throws {
        let seen = try Recorded.seen.get()
        let redis = try #require(seen.first { $0.graded.connection.values[0] == "redis" })
        let port = "\"\(redis.graded.tuple.local)\""
        let grading = try Recorded.grade(Recorded.lines.filter { !$0.contains(port) })
        let score = try #require(grading.scores[.connection]?.event)
        #expect(score.seen == score.told + 1 && score.right == score.told)
        #expect(grading.unjudged == 0)

        var strangers = seen
        strangers[try #require(seen.firstIndex { $0.id == redis.id })].process?.pid += 1
        let unjudged = try Recorded.grade(Recorded.lines.filter { !$0.contains(port) }, strangers)
        #expect(unjudged.isPerfect)
        #expect(unjudged.unjudged == 1)
    }

    @Test func `both views have to be right`() throws {
        var seen = try Recorded.seen.get()
        let place = try #require(seen.firstIndex { !$0.isClientView && $0.graded.connection.values[0] == "http" })
        seen[place].graded.events[.response]?[0].values[1] = "500"
        let grading = try Recorded.grade(Recorded.lines, seen)
        #expect(flaws(grading) == ["http response: status"])
        #expect(grading.differences.map(\.view) == ["server"])
    }

    /// What grpcio's client did, in the order in which the answers ended: method, messages each way, status.
    private static let calls: [(method: String, asked: Int, answered: Int, status: String?)] = [
        ("Get", 1, 1, "OK"), ("Get", 1, 0, "NOT_FOUND"), ("Get", 1, 0, "DEADLINE_EXCEEDED"), ("Get", 1, 1, "OK"),
        ("List", 1, 3, "OK"), ("Upload", 4, 1, "OK"), ("Chat", 2, 2, "OK"), ("Remove", 1, 0, "UNIMPLEMENTED"),
        ("List", 1, 3, nil),
    ]

    @Test func `how a call of gRPC ended, and its messages, are judged where they are told`() throws {
        let seen = try Recorded.observe(["Fixtures/grpc/kinds/input.pcap"])
        let tuple = try #require(seen.first?.graded.tuple)
        func grade(_ changed: Int? = nil, _ key: String = "", _ value: String = "") throws -> Grading {
            let lines = Self.calls.enumerated().map { place, call in
                var members = [
                    "kind": #""http""#, "local": "\"\(tuple.local)\"", "remote": "\"\(tuple.remote)\"",
                    "method": #""POST""#, "path": "\"/shop.v1.Catalog/\(call.method)\"", "status": "200",
                    "grpc_request_messages": "\(call.asked)", "grpc_response_messages": "\(call.answered)",
                ]
                members["grpc_status"] = call.status.map { "\"\($0)\"" }
                if place == changed { members[key] = value }
                let text = members.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }
                return "{\(text.joined(separator: ","))}"
            }
            return try Recorded.grade(lines, seen)
        }
        let right = try grade()
        #expect(flaws(right) == [])
        #expect(right.scores[.response]?.fields.last == Score(told: 8, seen: 8, right: 8))
        #expect(flaws(try grade(1, "grpc_status", #""OK""#)) == ["http response: grpc status"])
        #expect(flaws(try grade(4, "grpc_response_messages", "2")) == ["http response: grpc messages"])
        #expect(flaws(try grade(5, "grpc_request_messages", "1")) == ["http request: grpc messages"])
        // The client gave this one up before it ended.
        #expect(flaws(try grade(8, "grpc_status", #""OK""#)) == ["http response: grpc status"])
    }

    @Test(arguments: [EventKind.statement, .command])
    func `an operation that is missing, invented or wrong lowers the grade`(_ kind: EventKind) throws {
        let seen = try Recorded.seen.get()
        let place = try #require(seen.firstIndex { $0.graded[kind].count > 2 })
        func score(_ change: (inout [GradedEvent]) -> Void) throws -> (event: Score, fields: [Score]) {
            var seen = seen
            change(&seen[place].graded.events[kind, default: []])
            let grading = try Recorded.grade(Recorded.lines, seen)
            #expect(!grading.isPerfect)
            return try #require(grading.scores[kind])
        }
        let missing = try score { $0.remove(at: 1) }
        #expect(missing.event.seen == missing.event.told - 1 && missing.event.right == missing.event.seen)
        #expect(missing.fields.allSatisfy { $0.right < $0.told && $0.right == $0.seen })
        let invented = try score { $0.insert($0[0], at: 1) }
        #expect(invented.event.seen == invented.event.told + 1 && invented.event.right == invented.event.told)
        #expect(invented.fields.allSatisfy { $0.seen == $0.told + 1 && $0.right == $0.told })
        for field in kind.fields.indices {
            let wrong = try score { $0[1].values[field] = "else" }
            for (other, found) in wrong.fields.enumerated() {
                #expect(found.right == found.told - (other == field ? 1 : 0), "\(kind.fields[field]): \(other)")
            }
            // What is not known was not seen.
            let unknown = try score { $0[1].values[field] = nil }
            #expect(unknown.fields[field].seen == unknown.fields[field].told - 1)
        }
    }

    @Test func `what became of an operation is judged where it is told`() throws {
        let lines = Recorded.lines.map {
            $0.replacing(/,"status":"(ok|error)".*/, with: "}")
        }
        let grading = try Recorded.grade(lines)
        #expect(flaws(grading).isEmpty)
        let statements = try #require(grading.scores[.statement])
        #expect(statements.fields.map { $0.told > 0 } == [true, true, true, false, false, false, false])
    }

    @Test(arguments: [(true, "client"), (false, "server")])
    func `a view that is missing is missed`(_ isClientView: Bool, _ name: String) throws {
        var seen = try Recorded.seen.get()
        let place = try #require(
            seen.firstIndex { $0.isClientView == isClientView && $0.graded.connection.values[0] == "http" })
        seen.remove(at: place)
        let grading = try Recorded.grade(Recorded.lines, seen)
        let score = try #require(grading.scores[.connection]?.event)
        #expect(score.right == score.told - 1 && score.seen == score.told)
        #expect(Set(grading.differences.map(\.view)) == [name])
    }

    @Test func `a tuple that is used twice is two connections`() throws {
        let connection = Recorded.lines.filter { $0.contains("\"kind\":\"connection\"") && $0.contains("redis") }
        let twice = connection[0].replacing("\"bytes_sent\":", with: "\"bytes_sent\":1")
        let grading = try Recorded.grade(Recorded.lines + [twice])
        let score = try #require(grading.scores[.connection]?.event)
        #expect(score.told == score.seen + 1 && score.right == score.seen)
    }

    @Test func `died is what the kernel makes of it`() throws {
        #expect(flaws(try Recorded.grade(Recorded.lines("connection", "end", "died"))) == [])
    }

    /// PostgreSQL never reads the last record of its client's TLS.
    @Test func `a server that has closed before its client did has less, and nobody else has`() throws {
        let tuple = try #require(
            Recorded.lines.first { $0.contains("\"kind\":\"connection\"") }?.firstMatch(of: /"local":"([^"]+)"/)?.1)
        let seen = try Recorded.seen.get().filter { "\($0.graded.tuple.local)" == tuple }
        #expect(seen.count == 2)
        func wrong(_ told: String, _ end: String, sent: Int, ofServer isServers: Bool = true) throws -> [String] {
            let views = seen.map { view in
                var (view, values) = (view, view.graded.connection.values)
                values[3] = view.isClientView ? told : end
                if view.isClientView != isServers { values[1] = values[1].flatMap { Int($0) }.map { "\($0 + sent)" } }
                view.graded.connection.values = values
                return view
            }
            return flaws(
                try Recorded.grade(Recorded.lines("connection", "end", told).filter { $0.contains(tuple) }, views))
        }
        for end in ["reset", "orderly"] {
            #expect(try wrong("reset", end, sent: -24) == [])
            #expect(try wrong("reset", end, sent: 24).contains("connection: bytes sent"))
        }
        #expect(try wrong("reset", "reset", sent: -24, ofServer: false) == ["connection: bytes sent"])
        #expect(try wrong("reset", "orderly", sent: 0) == ["connection: end"])
        #expect(try wrong("reset", "idle", sent: -24) == ["connection: end"])
        #expect(try wrong("orderly", "orderly", sent: -24) == ["connection: bytes sent"])
    }

    @Test func `the server's line says the same from its side`() throws {
        let place = try #require(Recorded.lines.firstIndex { $0.contains("\"kind\":\"connection\"") })
        var lines = Recorded.lines
        lines[place] = lines[place].replacing("\"bytes_sent\"", with: "\"swap\"")
            .replacing("\"bytes_received\"", with: "\"bytes_sent\"").replacing("\"swap\"", with: "\"bytes_received\"")
            .replacing("\"client\"", with: "\"server\"")
        #expect(flaws(try Recorded.grade(lines)) == [])
        // Where both tell, the client's counts.
        lines.append(Recorded.lines[place])
        lines[place] = lines[place].replacing("\"bytes_sent\":", with: "\"bytes_sent\":1")
        #expect(flaws(try Recorded.grade(lines)) == [])
    }

    @Test func `ratios are never rounded up`() {
        #expect(GradeReport.ratio(0, 0) == nil)
        #expect(GradeReport.ratio(0, 7) == "0.0000")
        #expect(GradeReport.ratio(99_999, 100_000) == "0.9999")
        #expect(GradeReport.ratio(7, 7) == "1.0")
        #expect(GradeReport.ratio(1, 2000) == "0.0005")
    }

    @Test func `what stands between equal events is one that was seen wrongly`() {
        func events(_ texts: String) -> [GradedEvent] { texts.map { GradedEvent(values: [String($0)]) } }
        func pairs(_ told: String, _ seen: String) -> [String] {
            Alignment(events(told), events(seen), .statement).pairs.map { pair in
                "\(pair.told.map { "\($0)" } ?? "-")\(pair.seen.map { "\($0)" } ?? "-")"
            }
        }
        #expect(pairs("abc", "abc") == ["00", "11", "22"])
        #expect(pairs("abc", "axc") == ["00", "11", "22"])
        #expect(pairs("abcd", "acd") == ["00", "1-", "21", "32"])
        #expect(pairs("acd", "abcd") == ["00", "-1", "12", "23"])
        #expect(pairs("abcdef", "xbcef") == ["00", "11", "22", "3-", "43", "54"])
        #expect(pairs("", "ab") == ["-0", "-1"])
    }

    // MARK: The command

    @Test func `the command shows a table and exits with 0`() throws {
        let run = try Executable.replay(["grade", "--manifest", Recorded.manifest, Recorded.tape])
        #expect(run.status == 0)
        #expect(run.errors == "")
        let rows = run.output.split(separator: "\n")
        #expect(rows.first?.hasSuffix("told       seen      right  precision     recall") == true)
        for name in ["connections", "  end", "http requests", "  body sha256", "sql statements", "redis commands"] {
            #expect(rows.contains { $0.hasPrefix(name) && $0.hasSuffix("1.0        1.0") }, "\(name)")
        }
    }

    @Test func `the command shows what differs and exits with 1`() throws {
        let folder = TemporaryFolder()
        let lines = try Recorded.lines("http", "status", 418)
        let manifest = folder.write("manifest", Array(lines.joined(separator: "\n").utf8))
        let run = try Executable.replay(["grade", "--manifest", manifest, Recorded.tape])
        #expect(run.status == 1)
        #expect(run.output.contains("seen otherwise\n  status         told  418\n  status         seen  200\n"))
        let json = try Executable.replay(["grade", "--manifest", manifest, Recorded.tape, "--json"])
        #expect(json.status == 1)
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        #expect(object["perfect"] as? Bool == false)
        let responses = try #require(object["http_responses"] as? [String: Any])
        #expect(responses["recall"] as? Double == 1)
        let status = try #require((responses["fields"] as? [String: [String: Any]])?["status"])
        #expect((status["recall"] as? Double ?? 1) < 1)
    }

    @Test(arguments: [
        ("", "is empty"), ("{\"kind\":\"http\"}", "line 1: no local"), ("nonsense", "line 1: no JSON"),
        ("{\"kind\":\"smtp\",\"local\":\"1.2.3.4:5\",\"remote\":\"1.2.3.4:5\"}", "line 1: kind smtp is none of"),
        ("{\"kind\":\"redis\",\"local\":\"1.2.3.4:5\",\"remote\":\"1.2.3.4:5\",\"targets\":[1]}", "no string"),
    ])
    func `a manifest that is none is told in one line`(_ text: String, _ reason: String) throws {
        let folder = TemporaryFolder()
        let manifest = folder.write("manifest", Array(text.utf8))
        let run = try Executable.replay(["grade", "--manifest", manifest, Recorded.tape])
        #expect(run.status == 2)
        #expect(run.errors.contains(reason))
        #expect(run.errors.split(separator: "\n").count == 1)
    }

    @Test func `a manifest that was cut short is told`() throws {
        let folder = TemporaryFolder()
        let last = try #require(Recorded.lines.last)
        #expect(last.contains("\"kind\":\"connection\""))
        let manifest = folder.write("manifest", Array(Recorded.lines.dropLast().joined(separator: "\n").utf8))
        let run = try Executable.replay(["grade", "--manifest", manifest, Recorded.tape])
        #expect(run.status == 1)
        #expect(run.errors.contains("1 connection without an end"))
    }
}
