import Foundation
import TestSupport
import Testing

extension Live {
    /// Every system call that moves bytes over a socket, through both forms of the kernel program.
    @Suite struct `System calls` {
        /// How the exerciser is run, and under which reason the bytes that are in no buffer have to appear.
        struct Case: CustomTestStringConvertible {
            var name: String
            var client: [String] = ["--exchanges", "3"]
            var server: [String] = []
            var gap: String?
            var testDescription: String { name + (client.contains("--address") ? " \(client.last ?? "")" : "") }
        }

        static let many = ["--request-body", "5000", "--response-body", "5000"]

        static let cases: [Case] = [
            Case(name: "write-read"),
            Case(name: "writev-readv"),
            Case(name: "pwritev2-preadv2"),
            Case(name: "send-recv"),
            Case(name: "sendto-recvfrom"),
            Case(name: "sendmsg-recvmsg"),
            Case(name: "sendmmsg-recvmmsg", client: ["--exchanges", "2"] + many, server: many),
            Case(name: "300-iovecs", client: ["--exchanges", "2"] + many, server: many),
            Case(name: "300-iovecs-sendmsg", client: ["--exchanges", "2"] + many, server: many),
            Case(name: "peek"),
            Case(name: "one-byte-reads"),
            Case(name: "one-byte-writes"),
            Case(
                name: "nonblocking", client: ["--exchanges", "3", "--request-body", "40000"],
                server: ["--response-body", "40000"]),
            Case(name: "signals"),
            Case(name: "page-end", client: ["--request-body", "9000"], server: ["--response-body", "9000"]),
            Case(name: "zerocopy"),
            Case(name: "fastopen", client: []),
            Case(name: "half-close", client: []),
            Case(name: "dup", client: []),
            Case(name: "sendfile", gap: "sendfile"),
            Case(name: "splice-out", gap: "splice"),
            Case(name: "splice-in", gap: "splice"),
            Case(name: "discard", gap: "unreadable"),
            Case(name: "io-uring", gap: "io_uring"),
            Case(name: "io-uring-worker", gap: "io_uring"),
            Case(name: "io-uring-poller", gap: "io_uring"),
            Case(name: "write-read", client: ["--address", "::1"], server: ["--address", "::1"]),
            Case(name: "write-read", client: ["--address", "::ffff:127.0.0.1"], server: ["--address", "::"]),
            Case(name: "write-read", client: ["--address", "127.0.0.1"], server: ["--address", "::"]),
        ]

        @Test(arguments: cases, Hooks.allCases)
        func `show exactly what was moved`(_ aCase: Case, _ hooks: Hooks) throws {
            let run = try LiveRun(hooks)
            let moved = try run.exercise(
                aCase.name, client: aCase.client, server: aCase.server, serverOptedIn: true)
            let outcome = try run.stop()
            let sides = moved.client + moved.server
            #expect(sides.count == 2)
            for side in sides { expectStreams(outcome, side) }
            #expect(outcome.summary.connections.opened == 2)
            #expect(outcome.summary.connections.joinedLate == 0)
            #expect(outcome.summary.connections.byVerdict == ["http": 2])
            #expect(outcome.summary.connections.closed == ["orderly": 2])
            let bytes = sides.reduce(0) { $0 + $1.total }
            if let gap = aCase.gap {
                let blind = sides.reduce(0) { $0 + $1.sentBlind + $1.receivedBlind }
                #expect(outcome.summary.bytes.gaps == [gap: blind])
                #expect(outcome.summary.lost.isEmpty)
                expectBalance(outcome, bytes: bytes)
                #expect(!outcome.log.contains("!!!!"), "a buffer that no call has filled")
            } else {
                expectNoLoss(outcome, bytes: bytes)
            }
            try run.expectReplayAgrees(outcome)
        }

        /// The second connection has the server's cookie, and sends its request with the SYN (RFC 7413).
        @Test(arguments: Hooks.allCases)
        func `bytes that go with the SYN are the first ones`(_ hooks: Hooks) throws {
            let run = try LiveRun(hooks)
            let script = """
                ip link set lo up && echo 3 > /proc/sys/net/ipv4/tcp_fastopen
                for number in 1 2; do
                    mkfifo "$1.$number"
                    "$0" fastopen server 0 > "$1.$number" &
                    exec 3< "$1.$number"
                    read -r line <&3
                    line=${line#*:}
                    "$0" fastopen client "${line%%,*}" || exit 1
                    cat <&3
                    wait
                done
                grep -h TcpExt: /proc/net/netstat
                """
            let output = try run.launch(
                "/usr/bin/unshare", ["--net", "bash", "-c", script, Programs.exerciser, run.path("server")],
                optedIn: true
            ).succeed().output
            let counters = output.split(separator: "\n").filter { $0.hasPrefix("TcpExt:") }.map {
                $0.split(separator: " ")
            }
            let opened = try #require(counters.first?.firstIndex(of: "TCPFastOpenActive"))
            #expect(counters.last?[opened] == "1", "one of the two connections")
            let sides = try LiveRun.moved(output)
            #expect(sides.count == 4)
            let outcome = try run.stop()
            for side in sides { expectStreams(outcome, side) }
            #expect(outcome.summary.messages.exchanges == 8)
            expectNoLoss(outcome, bytes: sides.reduce(0) { $0 + $1.total })
            try run.expectReplayAgrees(outcome)
        }

        @Test(arguments: Hooks.allCases)
        func `interrupted reads and full buffers were really met`(_ hooks: Hooks) throws {
            let run = try LiveRun(hooks)
            let signals = try run.exercise("signals")
            #expect(signals.client[0].interrupted >= 3)
            let nonblocking = try run.exercise(
                "nonblocking", client: ["--request-body", "40000"], server: ["--response-body", "40000"])
            #expect(nonblocking.client[0].wouldBlock > 0)
            _ = try run.stop()
        }

        @Test(arguments: Hooks.allCases)
        func `bytes of a call beyond the limit are a gap of their exact length`(_ hooks: Hooks) throws {
            let run = try LiveRun(hooks, ["--payload-limit", "1000"])
            let moved = try run.exercise(
                "large-calls", client: ["--exchanges", "2", "--request-body", "700"],
                server: ["--response-body", "300000"])
            let outcome = try run.stop()
            let bytes = outcome.responses.compactMap(\.bytes).reduce(0, +)
            #expect(bytes == moved.client[0].received, "whole messages, whatever was captured of them")
            #expect(outcome.responses.allSatisfy { $0.anomalies == ["gap"] })
            expectBalance(outcome, bytes: moved.client[0].total)
            #expect(outcome.summary.bytes.gaps.keys.sorted() == ["capture_limit"])
            #expect((outcome.summary.bytes.gaps["capture_limit"] ?? 0) > 400_000)
            #expect(outcome.summary.messages.exchanges == 2)
        }

        /// A receive of io_uring ends in whatever system call the thread happens to be: its bytes are not that call's.
        @Test(arguments: Hooks.allCases)
        func `what io_uring ends inside another call is not that call's`(_ hooks: Hooks) throws {
            let run = try LiveRun(hooks)
            let moved = try run.exercise("io-uring-late", server: ["--secret", "response"])
            let outcome = try run.stop()
            let ring = try #require(moved.client.first { $0.role == "ring" })
            let other = try #require(moved.client.first { $0.role == "other" })
            expectStreams(outcome, other)
            #expect(outcome.summary.bytes.gaps == ["io_uring": ring.received])
            expectBalance(outcome, bytes: ring.total + other.total)
        }

        /// A line of a trace.
        struct TapedGap: Decodable {
            var connection: Int, direction: String, length: Int, reason: String
        }

        /// System call hooks don't see it: the kernel's counters are looked at while the connection lives.
        @Test func `what io_uring has sent is told of while the connection waits`() throws {
            let run = try LiveRun(.syscall)
            // The first to opt in, so that the hooks are there when the client comes.
            let server = try run.server("io-uring", optedIn: true)
            let client = try run.client("io-uring", server.port, ["--exchanges", "2", "--pause"])
            _ = try client.line { $0.contains("paused") }
            let first = try eventually("a sent gap on the tape") {
                _ = try Child(Programs.replay, ["convert", run.path("run.tape"), run.path("run.jsonl")]).wait()
                let gaps = try Records.lines(
                    TapedGap.self,
                    (run.folder.text("run.jsonl") ?? "").split(separator: "\n").filter { $0.contains("\"gap\"") }
                        .joined(separator: "\n"))
                // The client's connection is the first; what the server sent is told of in the same way.
                return gaps.first { $0.connection == 1 && $0.direction == "send" }
            }
            #expect(first.reason == "io_uring")
            try client.proceed()
            let moved = try LiveRun.moved(client.succeed().output)
            let sides = moved + (try LiveRun.moved(server.child.succeed().output))
            let outcome = try run.stop()
            let blind = sides.reduce(0) { $0 + $1.sentBlind + $1.receivedBlind }
            #expect(outcome.summary.bytes.gaps == ["io_uring": blind])
            #expect(first.length == moved[0].sentBlind / 2, "of the first of two requests")
            try run.expectReplayAgrees(outcome)
        }

        @Test(arguments: Hooks.allCases)
        func `two threads on one socket`(_ hooks: Hooks) throws {
            let run = try LiveRun(hooks)
            let moved = try run.exercise("threads", client: ["--exchanges", "200"], serverOptedIn: true)
            let outcome = try run.stop()
            for side in moved.client + moved.server { expectStreams(outcome, side) }
            let labels = (0..<2).flatMap { thread in (1...200).map { "/threads/\(thread)/\($0)" } }
            let sent = outcome.requests.filter { $0.direction == "send" }
            #expect(sent.compactMap(\.url).sorted() == labels.sorted())
            #expect(
                sent.map(\.url) == outcome.requests.filter { $0.direction == "recv" }.map(\.url),
                "the client's side has the order of the wire")
            #expect(Checksum.crc32(sent.flatMap(\.payload)) == moved.server[0].receivedCrc)
            expectNoLoss(outcome, bytes: (moved.client + moved.server).reduce(0) { $0 + $1.total })
            try run.expectReplayAgrees(outcome)
        }

        /// What tells the order of sends costs everybody, so it is not there where each process has one thread.
        @Test func `threads of a process that had only one for long`() throws {
            let run = try LiveRun(.socket)
            let server = try run.server("threads", optedIn: true)
            let client = try run.client("threads", server.port, ["--exchanges", "200", "--pause"])
            _ = try client.line { $0.contains("paused") }
            try eventually("the order is told of") { run.isOrderWatched ? () : nil }
            try eventually("the order is told of no more") { run.isOrderWatched ? nil : () }
            try client.proceed()
            try eventually("the order is told of again") { run.isOrderWatched ? () : nil }
            let sent = try LiveRun.moved(client.succeed().output)[0]
            let received = try LiveRun.moved(server.child.succeed().output)[0]
            let outcome = try run.stop()
            // The first bytes of two threads may have come before it was: a gap, and never at a wrong place.
            expectBalance(outcome, bytes: sent.total + received.total)
            #expect(Set(outcome.summary.bytes.gaps.keys).isSubset(of: ["unseen"]))
            let wire = outcome.requests.filter { $0.direction == "recv" }
            #expect(wire.count == 402)
            #expect(Checksum.crc32(wire.flatMap(\.payload)) == received.receivedCrc)
            let seen = outcome.requests.filter { $0.direction == "send" && ($0.anomalies ?? []).isEmpty }.compactMap(
                \.url)
            #expect(seen.prefix(2) == ["/threads/1", "/threads/2"])
            let places = seen.compactMap { url in wire.firstIndex { $0.url == url } }
            #expect(places.count == seen.count && places == places.sorted(), "in the order of the wire")
            try run.expectReplayAgrees(outcome)
        }

        @Test(arguments: Hooks.allCases)
        func `a descriptor that is used again at once is another connection`(_ hooks: Hooks) throws {
            let run = try LiveRun(hooks)
            let moved = try run.exercise(
                "fd-reuse", client: ["--connections", "50"], server: ["--connections", "50"], serverOptedIn: true)
            let outcome = try run.stop()
            #expect(Set(moved.client.map(\.localPort)).count == 50)
            for side in moved.client + moved.server { expectStreams(outcome, side) }
            #expect(outcome.summary.connections.closed == ["orderly": 100])
            expectNoLoss(outcome, bytes: (moved.client + moved.server).reduce(0) { $0 + $1.total })
        }

        @Test(arguments: ["fork", "fd-passing"], Hooks.allCases)
        func `a connection that another process goes on with`(_ name: String, _ hooks: Hooks) throws {
            let run = try LiveRun(hooks)
            let moved = try run.exercise(name)
            let outcome = try run.stop()
            // Whichever process a message is said to be of, it is there, once, and at its place.
            let requests = outcome.requests.map { $0.url ?? "" }
            #expect(requests == (1...(name == "fork" ? 3 : 2)).map { "/\(name)/\($0)" })
            #expect(Checksum.crc32(outcome.requests.flatMap(\.payload)) == moved.server[0].receivedCrc)
            #expect(Checksum.crc32(outcome.responses.flatMap(\.payload)) == moved.server[0].sentCrc)
            #expect(outcome.summary.connections.opened == 1)
            expectNoLoss(outcome, bytes: moved.server[0].total)
            try run.expectReplayAgrees(outcome)
        }

        /// A buffer that holds all of it: what is tested is that nothing is counted twice or forgotten.
        @Test(arguments: Hooks.allCases)
        func `a response of 50 MB`(_ hooks: Hooks) throws {
            let run = try LiveRun(hooks, ["--ring-size", "\(256 << 20)"])
            let moved = try run.exercise("big", server: ["--response-body", "\(50 << 20)"], serverOptedIn: true)
            let outcome = try run.stop()
            for side in moved.client + moved.server { expectStreams(outcome, side) }
            #expect(outcome.responses.count == 2)
            #expect(outcome.responses.allSatisfy { $0.truncated == true })
            expectNoLoss(outcome, bytes: (moved.client + moved.server).reduce(0) { $0 + $1.total })
            try run.expectReplayAgrees(outcome)
        }

        @Test(arguments: Hooks.allCases)
        func `a process that is killed in mid-request`(_ hooks: Hooks) throws {
            let run = try LiveRun(hooks)
            let server = try run.server("killed")
            // The first request is 374 bytes long, and answered; the second is cut.
            let client = try run.client("killed", server.port, ["--die-after", "500"])
            let end = try client.wait()
            #expect(end.signal == SIGKILL)
            let moved = try LiveRun.moved(end.output)
            try server.child.succeed()
            let outcome = try run.stop()
            #expect(moved[0].sent == 500)
            #expect(outcome.summary.connections.opened == 1)
            #expect(outcome.summary.connections.closed["tape_end"] == nil, "closed when the process was killed")
            #expect(outcome.summary.messages.exchanges == 1)
            expectBalance(outcome, bytes: moved[0].total)
            #expect(outcome.summary.lost.isEmpty)
            try run.expectReplayAgrees(outcome)
        }

        @Test(arguments: Hooks.allCases)
        func `a connection that is reset`(_ hooks: Hooks) throws {
            let run = try LiveRun(hooks)
            let moved = try run.exercise("abortive", serverOptedIn: true)
            let outcome = try run.stop()
            for side in moved.client + moved.server { expectStreams(outcome, side) }
            #expect(outcome.summary.connections.closed == ["reset": 2])
            expectNoLoss(outcome, bytes: (moved.client + moved.server).reduce(0) { $0 + $1.total })
        }

        @Test(arguments: Hooks.allCases)
        func `a connect that is refused`(_ hooks: Hooks) throws {
            let run = try LiveRun(hooks)
            struct Refused: Decodable { var pid: Int32, remotePort: Int }
            let client = try run.client("refused", 0, ["--connections", "3"])
            let refused = try #require(try Records.lines(Refused.self, client.succeed().output).first)
            let outcome = try run.stop()
            #expect(outcome.summary.connections.closed == ["connect_failed": 3])
            #expect(outcome.summary.bytes.total == 0)
            #expect(outcome.log.contains("\"dest_port\":\(refused.remotePort)"), "a failed connect is an event")
            #expect(outcome.map.contains("port: \(refused.remotePort)"), "and a dependency")
            try run.expectReplayAgrees(outcome)
        }

        /// The process is told of with what it did before the signal that ended it.
        @Test(arguments: Hooks.allCases)
        func `connects that signals ended`(_ hooks: Hooks) throws {
            let run = try LiveRun(hooks)
            let server = try run.server("unanswered")
            let client = try run.client("unanswered", server.port, environment: ["ADI_PROFILE_NAME": "impatient"])
            let end = try client.wait()
            #expect(end.signal == SIGALRM && end.output.contains("interrupted"), "\(end.errors)")
            let outcome = try run.stop()
            #expect(outcome.summary.connections.closed == ["connect_failed": 2])
            let failures = outcome.events.filter { $0.destPort == server.port }
            #expect(failures.map(\.pid) == [client.pid, client.pid])
            #expect(failures.map(\.comm) == ["exerciser", "exerciser"])
            #expect(outcome.map.contains("name: impatient") && outcome.map.contains("port: \(server.port)"))
            #expect(outcome.summary.bytes.total == 0)
            try run.expectReplayAgrees(outcome)
        }

        /// Both ends are one socket: it is told of once, with what it sent and what it received.
        @Test(arguments: Hooks.allCases)
        func `a connection with itself`(_ hooks: Hooks) throws {
            let run = try LiveRun(hooks)
            let moved = try LiveRun.moved(run.client("self-connect", 0).succeed().output)
            let outcome = try run.stop()
            #expect(moved[0].localPort == moved[0].remotePort)
            #expect(moved[0].sentCrc == moved[0].receivedCrc && moved[0].sent > 300)
            #expect(outcome.summary.connections.opened == 1)
            #expect(outcome.summary.bytes.gaps.isEmpty)
            expectBalance(outcome, bytes: moved[0].total)
            #expect(outcome.summary.connections.closed["tape_end"] == nil)
            let sent = try #require(outcome.requests.first { $0.direction == "send" })
            #expect(Checksum.crc32(sent.payload) == moved[0].sentCrc)
            try run.expectReplayAgrees(outcome)
        }

        /// Many times what the small buffer holds comes while nobody reads, and more while the reader catches up.
        @Test(arguments: Hooks.allCases)
        func `a profiler that is kept from reading loses nothing`(_ hooks: Hooks) throws {
            let run = try LiveRun(hooks)
            var moved: [Moved] = []
            func exercise(_ name: String, body: Int) throws {
                let sides = try run.exercise(
                    name, client: ["--request-body", "\(body)"], server: ["--response-body", "\(body)"],
                    serverOptedIn: true)
                moved += sides.client + sides.server
            }
            for _ in 1...3 {
                #expect(kill(run.profilerPid, SIGSTOP) == 0)
                try exercise("big", body: 1 << 20)
                #expect(kill(run.profilerPid, SIGCONT) == 0)
                try exercise("one-byte-writes", body: 300)
                try exercise("big", body: 1 << 20)
            }
            let outcome = try run.stop()
            for side in moved { expectStreams(outcome, side) }
            #expect(outcome.summary.connections.closed == ["orderly": 18])
            expectNoLoss(outcome, bytes: moved.reduce(0) { $0 + $1.total })
            try run.expectReplayAgrees(outcome)
        }

        /// A line of a trace.
        struct TapedStep: Decodable {
            var type: String, timestamp: String, connection: Int?
        }

        /// Many short connections, of which now the beginning, now the end finds no room.
        @Test(arguments: Hooks.allCases)
        func `connections of which records are lost begin and end once`(_ hooks: Hooks) throws {
            let run = try LiveRun(hooks, ["--ring-size", "64K"])
            let options = ["--connections", "3000"]
            let server = try run.server("write-read", options, optedIn: true)
            let client = try run.client("write-read", server.port, options)
            for _ in 1...6 {
                #expect(kill(run.profilerPid, SIGSTOP) == 0)
                try client.goOn(by: 400)
                #expect(kill(run.profilerPid, SIGCONT) == 0)
                try client.goOn(by: 200)
            }
            let sides = try LiveRun.moved(client.succeed().output) + LiveRun.moved(server.child.succeed().output)
            let outcome = try run.stop()
            #expect((outcome.summary.lost["ring_full"] ?? 0) > 0)
            #expect(outcome.summary.connections.opened == 6000)
            #expect(outcome.summary.connections.closed == ["orderly": 6000])
            expectBalance(outcome, bytes: sides.reduce(0) { $0 + $1.total })
            try Child(Programs.replay, ["convert", run.path("run.tape"), run.path("run.jsonl")]).succeed()
            let steps = try Records.lines(
                TapedStep.self,
                (run.folder.text("run.jsonl") ?? "").split(separator: "\n").dropFirst().joined(separator: "\n"))
            #expect(zip(steps, steps.dropFirst()).allSatisfy { $0.timestamp <= $1.timestamp }, "time goes on")
            var (opened, closed): (Set<Int>, Set<Int>) = ([], [])
            for step in steps {
                guard let connection = step.connection else { continue }
                #expect(!closed.contains(connection), "\(step) after its end")
                if step.type == "open" { #expect(opened.insert(connection).inserted, "\(step) again") }
                if step.type == "close" { closed.insert(connection) }
            }
            #expect(opened == closed && closed.count == 6000)
            try run.expectReplayAgrees(outcome)
        }

        /// What is beyond its share of the ring buffer is lost to the process that moves it, and to nobody else.
        @Test(arguments: Hooks.allCases)
        func `a process that floods costs the others nothing`(_ hooks: Hooks) throws {
            let run = try LiveRun(hooks, ["--ring-size", "1M"])
            let flood = ["--exchanges", "80", "--request-body", "1000000"]
            let loud = try run.server("large-calls", ["--response-body", "1000000"], optedIn: true)
            let quiet = try run.server("write-read", optedIn: true)
            let flooding = try run.client("large-calls", loud.port, flood)
            let client = try run.client("write-read", quiet.port, ["--exchanges", "100", "--delay", "10000"])
            for _ in 1...10 {
                #expect(kill(run.profilerPid, SIGSTOP) == 0)
                usleep(50_000)
                #expect(kill(run.profilerPid, SIGCONT) == 0)
                usleep(50_000)
            }
            var calm = try LiveRun.moved(client.succeed().output)
            calm += try LiveRun.moved(quiet.child.succeed().output)
            var sides = try LiveRun.moved(flooding.succeed().output)
            sides += try LiveRun.moved(loud.child.succeed().output) + calm
            let outcome = try run.stop()
            #expect((outcome.summary.lost["ring_full"] ?? 0) > 0, "there was a flood")
            #expect(calm.count == 2)
            for side in calm { expectStreams(outcome, side) }
            #expect(outcome.requests.filter { $0.pid == client.pid }.count == 100)
            #expect(!outcome.events.contains { $0.pid == client.pid && $0.anomalies?.isEmpty == false })
            expectBalance(outcome, bytes: sides.reduce(0) { $0 + $1.total })
            try run.expectReplayAgrees(outcome)
        }

        @Test(arguments: Hooks.allCases)
        func `a ring buffer that overflows`(_ hooks: Hooks) throws {
            let run = try LiveRun(hooks, ["--ring-size", "\(getpagesize())"])
            let moved = try run.exercise(
                "one-byte-writes", client: ["--request-body", "30000"], server: ["--response-body", "30000"],
                serverOptedIn: true)
            let outcome = try run.stop()
            #expect(outcome.status == 1)
            #expect((outcome.summary.lost["ring_full"] ?? 0) > 0)
            #expect(!outcome.summary.bytes.gaps.isEmpty)
            #expect(
                outcome.summary.bytes.gaps.keys.allSatisfy { ["event_lost", "unseen", "capture_limit"].contains($0) })
            expectBalance(outcome, bytes: (moved.client + moved.server).reduce(0) { $0 + $1.total })
            try run.expectReplayAgrees(outcome)
        }
    }
}
