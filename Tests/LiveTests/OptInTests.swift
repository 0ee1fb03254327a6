import Foundation
import TestSupport
import Testing

extension Live {
    /// docs/contract.md, section 2: the profiled process decides, by its own environment at exec.
    @Suite struct `Opting in` {
        struct Row: CustomTestStringConvertible {
            var environment: [String: String]
            /// `TAG` stands for the run's own value; `nil`: any value is allowed.
            var allowed: String? = "TAG,dev"
            var isProfiled: Bool
            var testDescription: String {
                let few = environment.filter { $0.value.count < 100 && !$0.key.hasPrefix("FILLER") }
                return "\(few.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }), \(allowed ?? "any")"
            }
        }

        static let filler = Dictionary(uniqueKeysWithValues: (1...2000).map { ("FILLER_\($0)", "ADI_PROFILE=TAG") })

        static let table: [Row] = [
            Row(environment: ["ADI_PROFILE": "TAG"], allowed: nil, isProfiled: true),
            Row(environment: ["ADI_PROFILE": "TAG"], isProfiled: true),
            Row(environment: ["ADI_PROFILE": "dev"], allowed: " TAG , dev ", isProfiled: true),
            Row(environment: ["ADI_PROFILE": "prod"], isProfiled: false),
            Row(environment: ["ADI_PROFILE": "TAG", "ADI_PROFILE_DISABLED": "1"], allowed: "TAG", isProfiled: false),
            Row(environment: ["ADI_PROFILE": "TAG", "ADI_PROFILE_DISABLED": "1"], allowed: nil, isProfiled: false),
            Row(environment: [:], isProfiled: false),
            Row(environment: [:], allowed: nil, isProfiled: false),
            Row(environment: ["ADI_PROFILE": ""], allowed: nil, isProfiled: false),
            // Only the value 1 disables.
            Row(environment: ["ADI_PROFILE": "TAG", "ADI_PROFILE_DISABLED": "0"], isProfiled: true),
            Row(environment: ["ADI_PROFILE": "TAG", "ADI_PROFILE_DISABLED": ""], isProfiled: true),
            Row(environment: ["ADI_PROFILE": "TAG", "ADI_PROFILE_DISABLED": "11"], isProfiled: true),
            Row(environment: ["ADI_PROFILE": "TAG", "ADI_PROFILE_DISABLED": "true"], isProfiled: true),
            // What only resembles it.
            Row(environment: ["ADI_PROFILE": "TAGx"], isProfiled: false),
            Row(environment: ["ADI_PROFILE": "xTAG"], isProfiled: false),
            Row(environment: ["ADI_PROFILE": "TAG,dev"], isProfiled: false),
            Row(environment: ["adi_profile": "TAG", "XADI_PROFILE": "TAG", "ADI_PROFILES": "TAG"], isProfiled: false),
            Row(environment: ["ADI_PROFILE_NAME": "TAG", "FILLER": "ADI_PROFILE=TAG"], isProfiled: false),
            // Among many, and among long ones.
            Row(environment: filler.merging(["ADI_PROFILE": "TAG"]) { $1 }, isProfiled: true),
            Row(environment: filler, isProfiled: false),
            Row(
                environment: ["FILLER": String(repeating: "x", count: 100_000), "ADI_PROFILE": "TAG"], isProfiled: true),
            Row(
                environment: [
                    "FILLER": String(repeating: "x", count: 100_000), "ADI_PROFILE": "TAG", "ADI_PROFILE_DISABLED": "1",
                ], isProfiled: false),
        ]

        @Test(arguments: table)
        func `the environment at exec decides`(_ row: Row) throws {
            let run = try LiveRun()
            try run.start(allow: .some(row.allowed?.replacing("TAG", with: run.tag)))
            try run.waitUntilWatching()
            let moved = try run.exercise(
                "write-read", clientOptedIn: false,
                environment: row.environment.mapValues { $0.replacing("TAG", with: run.tag) })
            let outcome = try run.stop()
            let own = outcome.events.filter { $0.pid == moved.client[0].pid }
            #expect(own.count == (row.isProfiled ? 2 : 0))
            if row.isProfiled { expectStreams(outcome, moved.client[0]) }
        }

        @Test func `by the variables of the profiler's own environment too`() throws {
            let run = try LiveRun()
            try run.start(allow: .some(nil), environment: ["ADI_PROFILE_ALLOWED": "other, \(run.tag)"])
            try run.waitUntilWatching()
            let moved = try run.exercise("write-read")
            let outcome = try run.stop()
            expectStreams(outcome, moved.client[0])
        }

        @Test func `parents and children that did not opt in`() throws {
            let run = try LiveRun(.socket)
            let server = try run.server("write-read", ["--connections", "2"])
            let command = "\(Programs.exerciser) write-read client \(server.port)"
            let child = try run.launch("/bin/sh", ["-c", "env -u ADI_PROFILE \(command); exit"], optedIn: true)
                .succeed()
            let other = try run.launch(
                "/bin/sh", ["-c", "ADI_PROFILE=\(run.tag) \(command); exit"], optedIn: false
            ).succeed()
            try server.child.succeed()
            let outcome = try run.stop()
            let (unseen, seen) = (try LiveRun.moved(child.output), try LiveRun.moved(other.output))
            #expect(!outcome.events.contains { $0.pid == unseen[0].pid })
            expectStreams(outcome, seen[0])
            expectNoLoss(outcome, bytes: seen[0].total)
        }

        @Test(arguments: Hooks.allCases)
        func `an exec is judged anew, with the connection kept`(_ hooks: Hooks) throws {
            let run = try LiveRun(hooks)
            let out = try run.exercise(
                "exec", environment: ["EXERCISER_NEXT_SECRET": String("hidden-after-exec".reversed())])
            let into = try run.exercise(
                "exec", client: ["--secret", "hidden-before-exec"], clientOptedIn: false,
                environment: ["EXERCISER_NEXT_PROFILE": run.tag])
            let outcome = try run.stop()
            #expect(outcome.requests.map(\.url) == ["/exec/1", "/adopted/2"])
            #expect(outcome.requests.map(\.pid) == [out.client[0].pid, into.client[0].pid])
            #expect(outcome.summary.connections.opened == 2)
            #expect(outcome.summary.connections.joinedLate == 1)
            #expect(outcome.placesOf("hidden-") == [])
            #expect(outcome.summary.bytes.balanced)
        }

        /// All are judged before the first is captured, and that takes a while: what opens meanwhile is joined late, and nothing of
        /// what opens then is missed.
        @Test func `what opens right after a start under load is whole`() throws {
            let run = try LiveRun()
            let many = ["--connections", "1000000"]
            let server = try run.server("fd-reuse", many, optedIn: true)
            let client = try run.client("fd-reuse", server.port, many)
            try client.goOn(by: 20)
            try run.start(["--hooks", "socket", "--ring-size", "64M"])
            try run.waitUntilWatching()
            try client.goOn(by: 200)
            let outcome = try run.stop()
            #expect(outcome.summary.connections.opened > 50)
            #expect(outcome.summary.bytes.gaps.isEmpty && outcome.summary.lost.isEmpty, "\(outcome.summary)")
            #expect(outcome.summary.connections.joinedLate < 20, "\(outcome.summary)")
        }

        @Test func `who ran before the profiler is judged at its start`() throws {
            let run = try LiveRun()
            let server = try run.server("write-read", ["--connections", "3"])
            let options = ["--exchanges", "3", "--pause"]
            let client = try run.client("write-read", server.port, options)
            _ = try client.line { $0.contains("paused") }
            let server2 = try run.server("write-read")
            let other = try run.client("write-read", server2.port, options, optedIn: false)
            _ = try other.line { $0.contains("paused") }
            try run.start()
            try run.waitUntilWatching()
            try client.proceed()
            try other.proceed()
            let moved = try LiveRun.moved(client.succeed().output)
            try other.succeed()
            let outcome = try run.stop()
            #expect(outcome.requests.map(\.url) == ["/write-read/2", "/write-read/3"])
            #expect(outcome.events.allSatisfy { $0.pid == moved[0].pid })
            #expect(outcome.events.allSatisfy { [$0.sourcePort, $0.destPort].contains(moved[0].localPort) })
            #expect(outcome.summary.connections.joinedLate == 1)
            #expect(outcome.summary.messages.exchanges == 2)
            #expect(outcome.summary.anomalies.isEmpty)
            try run.expectReplayAgrees(outcome)
        }

        /// What a program wrote where its environment was says nothing; that its parent opted in, and that it is the same program, does.
        @Test func `who has overwritten its environment is judged by its parent, or named`() throws {
            let run = try LiveRun()
            let servers = try (0..<3).map { _ in try run.server("write-read") }
            let ports = servers.map(\.port)
            let options = ["--exchanges", "2", "--pause", "--overwrite"]
            let child = try run.client("write-read", ports[0], options + ["--in-child"])
            let alone = try run.client("write-read", ports[1], options)
            let other = try run.client("write-read", ports[2], options + ["--in-child"], optedIn: false)
            for each in [child, alone, other] { _ = try each.line { $0.contains("paused") } }
            try run.start()
            try run.waitUntilWatching()
            for each in [alone, other, child] { try each.proceed() }
            for each in [alone, other] { try each.succeed() }
            let moved = try LiveRun.moved(child.succeed().output)
            for server in servers { try server.child.succeed() }
            let outcome = try run.stop()
            #expect(outcome.requests.map(\.url) == ["/write-read/2"])
            #expect(outcome.events.allSatisfy { $0.pid == moved[0].pid && $0.pid != child.pid })
            let document = try #require(outcome.environments()[Int(moved[0].pid)])
            #expect(document["ADI_PROFILE"] as? String == run.tag || "\(document)".contains(run.tag))
            try run.expectReplayAgrees(outcome)
        }

        @Test func `who can't be judged is named`() throws {
            let run = try LiveRun()
            let server = try run.server("write-read", ["--connections", "1"])
            let client = try run.client("write-read", server.port, ["--exchanges", "2", "--pause", "--overwrite"])
            _ = try client.line { $0.contains("paused") }
            try run.start()
            try run.waitUntilWatching()
            try client.proceed()
            try client.succeed()
            let outcome = try run.stop()
            #expect(outcome.requests.isEmpty)
            let line = try #require(outcome.errors.split(separator: "\n").first { $0.contains("can't be judged") })
            #expect(line.contains("exerciser") && line.contains("restart"), "\(line)")
        }

        /// One of 600,000 bytes, that keeps its name: with arguments as long, at each of the records' limits.
        @Test(arguments: [65_535, 65_536, 65_537, 131_072, 600_000])
        func `a large environment is whole`(_ size: Int) throws {
            let run = try LiveRun(.socket)
            // Of one string 128 KiB at most (MAX_ARG_STRLEN).
            var values = ["ADI_PROFILE_NAME": "large", "ADI_PROFILE": run.tag]
            let used = values.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count + 2 }
            var left = size - used
            var number = 0
            while left > 0 {
                // FILLER_nnn= and the zero byte.
                let length = left < 100_000 ? left : 50_000
                values["FILLER_\(100 + number)"] =
                    String(repeating: "abcdefghij", count: length / 10 + 1)
                    .prefix(Swift.max(0, length - 12)).description
                left -= length
                number += 1
            }
            let moved = try run.exercise("write-read", clientOptedIn: false, environment: values)
            let outcome = try run.stop()
            let document = try #require(outcome.environments()[Int(moved.client[0].pid)])
            #expect(outcome.map.contains("name: large"))
            for number in 0..<number {
                let name = "FILLER_\(100 + number)"
                #expect("\(document)".contains(values[name] ?? "?"), "\(name)")
            }
            #expect(outcome.summary.lost.isEmpty)
            try run.expectReplayAgrees(outcome)
        }

        @Test func `who starts while the profiler does is not missed`() throws {
            let run = try LiveRun()
            let servers = try (0..<15).map { _ in try run.server("write-read") }
            try run.start()
            let clients = try servers.map { try run.client("write-read", $0.port, ["--exchanges", "2", "--pause"]) }
            try run.waitUntilWatching()
            for client in clients {
                _ = try client.line { $0.contains("paused") }
                try client.proceed()
                try client.succeed()
            }
            let outcome = try run.stop()
            let seen = Set(outcome.requests.filter { $0.url == "/write-read/2" }.compactMap(\.pid))
            #expect(seen == Set(clients.map(\.pid)))
        }

        @Test(arguments: [SIGKILL, 0])
        func `a reused pid inherits nothing`(_ signal: Int32) throws {
            let run = try LiveRun(.socket)
            let pid: Int32
            if signal == SIGKILL {
                let server = try run.server("killed")
                let client = try run.client("killed", server.port, ["--die-after", "500"])
                pid = client.pid
                _ = try client.wait()
                try server.child.succeed()
            } else {
                pid = try run.exercise("write-read").client[0].pid
            }
            let hidden = try run.exercise(
                "write-read", client: ["--secret", "hidden-by-reuse", "--pid", "\(pid)"], clientOptedIn: false)
            #expect(hidden.client[0].pid == pid, "the pid was really used again")
            let seen = try run.exercise("write-read", client: ["--exchanges", "2", "--pid", "\(pid)"])
            #expect(seen.client[0].pid == pid)
            let outcome = try run.stop()
            #expect(outcome.placesOf("hidden-by-reuse") == [])
            expectStreams(outcome, seen.client[0])
            #expect(outcome.requests.contains { $0.url == "/write-read/2" })
        }
    }

    @Suite struct Secrets {
        /// The tape is everything that has left the ring buffer.
        @Test(arguments: Hooks.allCases)
        func `no byte of a process that did not opt in leaves the kernel`(_ hooks: Hooks) throws {
            let run = try LiveRun(hooks)
            let secret = "s3cret-\(UInt64.random(in: 0 ... .max))"
            let environment = ["UNSEEN_VARIABLE": secret]
            let shouting = try run.server("write-read", ["--secret", secret], environment: environment)
            let shouter = try run.client(
                "write-read", shouting.port, ["--secret", secret, "--exchanges", "3000"], optedIn: false,
                environment: environment)
            for name in ["write-read", "sendmmsg-recvmmsg", "sendfile", "io-uring", "threads", "fork"] {
                try run.exercise(name, client: ["--exchanges", "20"], serverOptedIn: true)
            }
            // The connection of a process that opted in, in other hands.
            let passed = try run.exercise(
                "fd-passing-out", environment: ["EXERCISER_NEXT_SECRET": String(secret.reversed())])
            try shouter.succeed()
            try shouting.child.succeed()
            let outcome = try run.stop()
            #expect(outcome.requests.count > 100)
            #expect(!outcome.tape.isEmpty)
            #expect(outcome.placesOf(secret) == [])
            let text = try Child(Programs.replay, ["convert", run.path("run.tape"), run.path("run.jsonl")]).wait()
            #expect(text.status == 0, "\(text.errors)")
            let lines = run.folder.text("run.jsonl")?.split(separator: "\n") ?? []
            #expect(!lines.isEmpty && !lines.contains { $0.contains(secret) })
            #expect(lines.dropFirst().first?.contains("\"writer\":\"profiler\"") == true, "\(lines.prefix(2))")
            #expect(lines.last?.contains("\"type\":\"end\"") == true)
            #expect(outcome.requests.suffix(2).map(\.url) == ["/fd-passing-out/1", "/fd-passing-out/3"])
            #expect(passed.client.count == 2)
            #expect(outcome.summary.bytes.balanced)
        }
    }
}
