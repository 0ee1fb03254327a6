import Foundation
import TestSupport
import Testing

@testable import Shared
@testable import profiler

extension Live {
    /// `profiler --watch`: the map of what happens now.
    @Suite struct `Watching a capture` {
        private func options(_ run: LiveRun) -> [String] {
            [
                "--watch", "--allow", run.tag, "--tls", "off", "--output", run.path("o"), "--env-output", run.path("e"),
                "--service-map", run.path("m"), "--record", run.path("t"),
            ]
        }

        /// - Parameter end: how it is ended: by a key, or by a signal from elsewhere.
        @Test(arguments: ["q", "C-c", "TERM"])
        func `the tree grows on a terminal, and the terminal is as it was when the capture ends`(_ end: String) throws {
            let run = try LiveRun(json: false)
            let terminal = try Tmux.start(columns: 100, rows: 40, in: run.folder.path)
            defer { terminal.end() }
            let command = ([Programs.profiler] + options(run)).joined(separator: " ")
            try terminal.press(
                "echo be''fore; sh -c 'echo $$ >\(run.path("pid")); exec \(command)'; echo st''atus $?", "Enter")
            let empty = try terminal.screen(has: " profiler · live · watching for ")
            #expect(empty.contains("nothing yet") && empty.contains("nothing lost") && !empty.contains("before"))

            let server = try run.server("write-read", ["--exchanges", "20"], optedIn: true)
            let client = try PlainClient(port: server.port)
            for number in 0..<7 { try client.exchange(number) }
            _ = try eventually("seven of them") {
                try terminal.screen.contains(/──▶ exerciser +7\s/) ? true : nil
            }
            // A line opens on its numbers, of which new ones come.
            try terminal.press("End", "Enter")
            _ = try terminal.screen(has: "The last exchanges")
            for number in 7..<9 { try client.exchange(number) }
            _ = try terminal.screen(has: "requests            9")
            // Held, it stays as it is, and the capture goes on.
            try terminal.press("Space")
            _ = try terminal.screen(has: " profiler · paused · ")
            for number in 9..<20 { try client.exchange(number) }
            client.end()
            _ = try server.child.succeed()
            _ = try eventually("the event log has the last") {
                let events = try? Records.lines(LoggedEvent.self, run.folder.text("o") ?? "")
                return (events ?? []).filter(\.isResponse).count >= 20 ? true : nil
            }
            #expect(try terminal.screen.contains("requests            9"))
            try terminal.press("Space")
            _ = try terminal.screen(has: "requests            20")

            if end == "TERM" {
                let pid = try #require(run.folder.text("pid"))
                kill(try #require(Int32(pid.trimmingCharacters(in: .whitespacesAndNewlines))), SIGTERM)
            } else {
                try terminal.press(end)
            }
            let left = try terminal.screen(has: "status 0")
            for words in ["Lost            nothing", "event log \(run.path("o"))"] {
                #expect(left.contains(words), "\(words): \(left)")
            }
            #expect(!left.contains("q: end"))
            #expect(try terminal.isClean)
            try terminal.press("clear; stty -a", "Enter")
            #expect(try terminal.screen(has: " icanon").contains(" echo"))
            let map = try #require(run.folder.text("m"))
            #expect(map.contains("count: 20"))
        }

        @Test func `what is complained of while it is drawn is said when it is left`() throws {
            let run = try LiveRun(json: false)
            let terminal = try Tmux.start(columns: 120, rows: 30, in: run.folder.path)
            defer { terminal.end() }
            let command = ([Programs.profiler] + options(run)).joined(separator: " ")
            try terminal.press("\(command) --quiet", "Enter")
            _ = try terminal.screen(has: "· live · watching for ")
            try FileManager.default.removeItem(atPath: run.path("o"))
            _ = try eventually("a new file") { run.folder.names.contains("o") ? true : nil }
            #expect(try !terminal.screen.contains("was moved away"))
            // Suspended, it is said, too, and the screen is the shell's; it goes on where it was.
            try terminal.press("C-z")
            #expect(try terminal.screen(has: "topped").contains("was moved away or removed"))
            #expect(try terminal.isClean)
            try terminal.press("fg", "Enter")
            _ = try terminal.screen(has: "· live · watching for ")
            try terminal.press("q")
            // What is typed before is the program's.
            _ = try eventually("it has left") { try terminal.isClean ? true : nil }
            try terminal.press("echo st''atus $?", "Enter")
            #expect(try terminal.screen(has: "status 0").contains("was moved away or removed"))
        }

        @Test func `elsewhere the tree is printed when it has changed`() throws {
            let run = try LiveRun(json: false)
            try run.start(["--watch"])
            try run.waitUntilWatching()
            let server = try run.server("write-read", ["--exchanges", "20"], optedIn: true)
            let client = try PlainClient(port: server.port)
            for number in 0..<7 { try client.exchange(number) }
            try run.waitForOutput { $0.contains(/──▶ exerciser +7\s/) }
            for number in 7..<20 { try client.exchange(number) }
            client.end()
            _ = try server.child.succeed()
            try run.waitForOutput { $0.contains(/──▶ exerciser +20\s/) }
            kill(run.profilerPid, SIGINT)
            let end = try run.waitForEnd()
            #expect(end.status == 0 && !end.output.contains("\u{1B}"), "\(end.errors)")
            #expect(end.output.contains("Lost            nothing"))
        }

        @Test func `not with what writes to the terminal, too`() throws {
            let run = try LiveRun(json: false)
            for (more, reason) in [
                (["--json"], "--json, --watch: give one of them"),
                (["--output", "-"], "--watch: shows the map on standard output; name a file"),
                (["--", "/bin/true"], "--watch: /bin/true would write over what is shown"),
            ] {
                let end = try Child(Programs.profiler, ["run"] + options(run) + more).wait()
                #expect(end.status == 2 && end.errors.contains(reason), "\(end.errors)")
                #expect(!run.folder.names.contains("o"), "before a file is made")
            }
        }
    }
}

@Suite struct `What is handed over to who watches` {
    private static let second: Int64 = 1_000_000_000

    @Test func `comes four times a second where there is news, and a wide map takes 2 % of a core`() {
        let costs: [(cost: Int64, isNews: Bool, most: Int)] = [
            (0, true, 240), (4_000_000, true, 240), (50_000_000, true, 24), (0, false, 60),
        ]
        for (cost, isNews, most) in costs {
            var pace = WatchPace()
            var count = 0
            // A minute, looked at every tenth of a second.
            for now in stride(from: Int64(0), to: 60 * Self.second, by: Int(Self.second / 10)) {
                let moment = Timestamp(nanoseconds: isNews ? now : 0)
                guard pace.isDue(now, moment) else { continue }
                pace.handedOver(now, moment, cost: cost)
                count += 1
            }
            #expect(count <= most + 1 && count >= most * 3 / 4, "\(cost): \(count)")
        }
    }
}
