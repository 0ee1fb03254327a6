import Foundation
import TestSupport
import Testing

@testable import Shared
@testable import profiler

extension Live {
    /// How a capture stands, for who asks and for who looks on.
    @Suite struct `Status` {
        private func ask(_ path: String, _ options: [String] = ["--json"]) throws -> Child.Outcome {
            try Child(Programs.profiler, ["status", "--status-socket", path] + options).wait()
        }

        private struct Answer: Decodable {
            struct File: Decodable {
                var path: String
                var bytes: Int
            }
            var pid: Int32
            var processes: Int
            var openConnections: Int
            var exchanges: Int
            var complete: Bool
            var files: [String: File]
        }

        private func answer(_ path: String) throws -> Answer {
            let end = try ask(path)
            #expect(end.status == 0, "\(end.errors)")
            return try Records.decoder.decode(Answer.self, from: Data(end.output.utf8))
        }

        @Test func `a capture answers while it runs, for programs and for people`() throws {
            let run = try LiveRun()
            let socket = run.path("status.sock")
            try run.start(["--status-socket", socket])
            try run.waitUntilWatching()
            #expect(run.folder.mode("status.sock") == 0o600)
            let before = try answer(socket)
            #expect(before.exchanges == 0 && before.processes == 0 && before.complete)
            #expect(before.pid == run.profilerPid)

            let server = try run.server("write-read", ["--exchanges", "20"], optedIn: true)
            let client = try PlainClient(port: server.port)
            for number in 0..<7 { try client.exchange(number) }
            let during = try eventually("seven exchanges") { () -> Answer? in
                let now = try answer(socket)
                return now.exchanges == 7 ? now : nil
            }
            #expect(during.processes == 1 && during.openConnections == 1)
            #expect(Set(during.files.keys) == ["event_log", "environment_file", "service_map", "trace"])
            for (name, file) in ["event_log": "events.jsonl", "trace": "run.tape"] {
                #expect(during.files[name]?.path == run.path(file))
                #expect(during.files[name]?.bytes ?? 0 > 100)
            }
            let people = try ask(socket, [])
            #expect(people.status == 0)
            for words in ["Watching", "pid \(run.profilerPid)", "Exchanges       7", "Lost            nothing"] {
                #expect(people.output.contains(words), "\(words): \(people.output)")
            }
            for number in 7..<20 { try client.exchange(number) }
            client.end()
            _ = try server.child.succeed()
            let outcome = try run.stop()
            #expect(outcome.summary.messages.requests == 20)
            #expect(!run.folder.names.contains("status.sock"), "nothing is left behind")
            let gone = try ask(socket)
            #expect(gone.status == 2 && gone.errors.contains("no profiler answers there"), "\(gone.errors)")
        }

        @Test func `a socket that was left behind makes room, one in use and a file do not`() throws {
            let run = try LiveRun()
            let socket = run.path("status.sock")
            try run.start(["--status-socket", socket])
            try run.waitUntilWatching()
            let second = try Child(
                Programs.profiler,
                ["--status-socket", socket, "--output", run.path("o"), "--env-output", run.path("e")]
            ).wait()
            #expect(second.status == 2 && second.errors.contains("somebody answers there already"), "\(second.errors)")
            #expect(!run.folder.names.contains("o"), "before a file is made")
            try run.killProfiler()
            #expect(run.folder.names.contains("status.sock"))
            try run.start(["--status-socket", socket, "--append"])
            try run.waitUntilWatching()
            #expect(try answer(socket).pid == run.profilerPid)
            _ = try run.stop()

            try Data("mine".utf8).write(to: URL(filePath: socket))
            let third = try Child(
                Programs.profiler,
                ["--status-socket", socket, "--output", run.path("o"), "--env-output", run.path("e")]
            ).wait()
            #expect(third.status == 2 && third.errors.contains("is no socket"), "\(third.errors)")
            #expect(run.folder.text("status.sock") == "mine")
        }

        @Test func `at the end stand the tree and the files`() throws {
            let run = try LiveRun(json: false)
            try run.start()
            try run.waitUntilWatching()
            try run.exercise("write-read", client: ["--exchanges", "3"])
            kill(run.profilerPid, SIGINT)
            let end = try run.waitForEnd()
            #expect(end.status == 0)
            let (summary, tree, files) = ("Lost            nothing", "──▶ ", "event log \(run.path("events.jsonl"))")
            let places = [summary, tree, files].map { end.output.firstRange(of: $0)?.lowerBound }
            #expect(places.allSatisfy { $0 != nil }, "\(end.output)")
            #expect(places.compactMap { $0 } == places.compactMap { $0 }.sorted())
            #expect(!end.errors.contains("\u{1B}"), "no terminal, no line that is drawn")
        }

        @Test func `on a terminal a line is kept up to date`() throws {
            let script = try Programs.find("script", package: "bsdutils")
            let run = try LiveRun(json: false)
            let command =
                "echo $$ >\(run.path("pid")); exec \(Programs.profiler) --allow \(run.tag) --output \(run.path("o")) --env-output \(run.path("e"))"
            let terminal = try Child(script, ["-qec", command, "/dev/null"])
            _ = terminal.output.line { $0.contains("watching; 0 processes") }
            try run.exercise("write-read", client: ["--exchanges", "3"])
            try eventually("a line with the connection") {
                terminal.output.text.contains("0 open of 1 connection") ? () : nil
            }
            let text = try #require(run.folder.text("pid"))
            kill(try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines))), SIGTERM)
            let end = try terminal.wait()
            let last = try #require(end.output.range(of: "watching for", options: .backwards)).upperBound
            let rest = end.output[last...]
            #expect(
                rest.contains("\u{1B}[K\r\u{1B}[K\r\n  \u{1B}[1mConnections"),
                "it is taken away: \(rest.debugDescription)")
        }
    }
}

/// What is told, of values that a test gives.
@Suite struct `The status line` {
    private func status(exchanges: UInt64 = 0, connections: UInt64 = 0, rate: Double = 0) -> CaptureStatus {
        var summary = Summary(.standard)
        (summary.messages.exchanges, summary.messages.distinct) = (2 * exchanges, exchanges)
        summary.connections.opened = connections
        return CaptureStatus(
            since: Timestamp(nanoseconds: 0), now: Timestamp(nanoseconds: 65_000_000_000), processes: 3, rate: rate,
            files: [CaptureStatus.File(kind: .eventLog, path: "/var/log/events.jsonl", bytes: 1_200_000)],
            summary: summary)
    }

    private static let second: Int64 = 1_000_000_000

    @Test func `says most important things first, and is never wider than the terminal`() {
        let status = status(exchanges: 120, connections: 7, rate: 12.44)
        var line = StatusLine(.terminal, now: 0)
        let whole =
            "watching for 1 min 5 s · 3 processes · 12.4 exchanges/s · 7 open of 7 connections · nothing lost"
            + " · events.jsonl 1.2 MB"
        #expect(line.next(now: 0, TextStyle(width: 200)) { status } == whole)
        for width in 40..<150 {
            var line = StatusLine(.terminal, now: 0)
            let text = line.next(now: 0, TextStyle(width: width)) { status } ?? ""
            #expect(text.count < width && whole.hasPrefix(text) && text.hasPrefix("watching for"))
        }
    }

    @Test func `is drawn each second on a terminal, and elsewhere told once a minute if something is new`() {
        var line = StatusLine(.terminal, now: 0)
        let drawn = (0..<100).filter { line.next(now: Int64($0) * Self.second / 10, TextStyle()) { status() } != nil }
        #expect(drawn == Array(stride(from: 0, to: 100, by: 10)))

        var elsewhere = StatusLine(.elsewhere, now: 0)
        var told: [Int64] = []
        for second in Int64(0)..<600 {
            // Something happens in the third minute, and in the fifth.
            let now = status(exchanges: second < 150 ? 0 : second < 270 ? 4 : 5)
            if elsewhere.next(now: second * Self.second, TextStyle(), { now }) != nil { told.append(second) }
        }
        #expect(told == [180, 300])
    }

    @Test func `the rate is of the last second`() {
        var rate = ExchangeRate(now: 0)
        #expect(!rate.isDue(Self.second - 1) && rate.isDue(Self.second))
        rate.note(50, now: Self.second)
        #expect(rate.perSecond == 50)
        rate.note(50, now: 3 * Self.second)
        #expect(rate.perSecond == 0)
        rate.note(55, now: 5 * Self.second)
        #expect(rate.perSecond == 2.5)
    }

    @Test func `a map is written every two seconds, and a wide one so seldom that it takes 2 % of a core`() {
        let costs: [(Int64, Int)] = [(0, 300), (10_000_000, 300), (400_000_000, 30), (5_000_000_000, 3)]
        for (cost, most) in costs {
            var pace = MapPace()
            var written = 0
            // Ten minutes, looked at every tenth of a second.
            for now in stride(from: Int64(0), to: 600 * Self.second, by: Int(Self.second / 10))
            where pace.isDue(now, cost: written == 0 ? 0 : cost) {
                pace.wrote(now)
                written += 1
            }
            // The first is before its cost is known.
            #expect(written >= most && written <= most + 1, "\(cost)")
            #expect(Int64(written - 1) * cost <= 600 * Self.second / 50)
        }
    }

    @Test func `docs/fields.md has what the socket answers before the summary`() throws {
        let text = status().json
        let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let summary = try #require(
            try JSONSerialization.jsonObject(with: Data(SummaryJSON.text(Summary(.standard)).utf8)) as? [String: Any])
        let own = Set(object.keys).subtracting(summary.keys)
        let rows = try FieldReference(column: "field").names("Members of the status")
        #expect(Set(rows.filter { !$0.contains(".") }) == own)
        let answer = JSONDecoder()
        answer.keyDecodingStrategy = .convertFromSnakeCase
        #expect(throws: Never.self) { try answer.decode(StatusAnswer.self, from: Data(text.utf8)) }
    }
}
