import Foundation
import TestSupport
import Testing

extension Live {
    /// The profiler as a service: its files are moved away, removed, cut and shared.
    @Suite struct `A service` {
        @Test func `SIGHUP begins new files where the old ones were moved away, and no event is lost between`() throws {
            let run = try LiveRun(.socket)
            try run.exercise("write-read", client: ["--exchanges", "20"])
            for name in ["events.jsonl", "env.yaml"] {
                try FileManager.default.moveItem(atPath: run.path(name), toPath: run.path(name + ".1"))
            }
            kill(run.profilerPid, SIGHUP)
            try eventually("new files") {
                run.folder.names.contains("events.jsonl") && run.folder.names.contains("env.yaml") ? () : nil
            }
            try run.exercise("write-read", client: ["--exchanges", "30"])
            let outcome = try run.stop()
            let before = try Records.lines(LoggedEvent.self, run.folder.text("events.jsonl.1") ?? "")
            #expect(before.filter(\.isRequest).count == 20 && outcome.requests.count == 30)
            #expect(outcome.summary.messages.requests == 50 && outcome.status == 0, "\(outcome.errors)")
            for name in ["events.jsonl", "env.yaml", "map.yaml"] { #expect(run.folder.mode(name) == 0o600, "\(name)") }
        }

        @Test func `tells its manager when it watches, opens its files anew, lives and ends, and its command nothing`()
            throws
        {
            let run = try LiveRun()
            let manager = try NotifySocket(run.path("notify"))
            try run.start(
                ["--", "sh", "-c", "env >\(run.path("command.env")); exec sleep 60"],
                environment: ["NOTIFY_SOCKET": run.path("notify"), "WATCHDOG_USEC": "400000"])
            #expect(try manager.next() == ["READY=1", "STATUS=watching; 0 requests, 0 operations, nothing lost"])
            #expect(try manager.next().first == "WATCHDOG=1")
            kill(run.profilerPid, SIGHUP)
            let reloading = try manager.next(where: { $0.first == "RELOADING=1" })
            #expect(reloading[1].wholeMatch(of: /MONOTONIC_USEC=[1-9][0-9]+/) != nil)
            #expect(try manager.next() == ["READY=1"])
            #expect(try manager.next().first == "WATCHDOG=1")
            kill(run.profilerPid, SIGTERM)
            _ = try manager.next(where: { $0 == ["STOPPING=1"] })
            #expect(try run.waitForEnd().status == 128 + SIGTERM)
            let variables = try #require(run.folder.text("command.env"))
            #expect(
                variables.contains("ADI_PROFILE=") && !variables.contains("NOTIFY") && !variables.contains("WATCHDOG"))
        }

        @Test func `each file of a trace can be replayed alone, and all of them give what one would have given`() throws
        {
            let run = try LiveRun(.socket)
            let server = try run.server("write-read", ["--exchanges", "20"], optedIn: true)
            // One connection, which is open while the trace goes on in another file.
            let client = try PlainClient(port: server.port)
            for number in 0..<10 { try client.exchange(number) }
            try eventually("the first ten") { () -> Void? in
                (run.folder.text("events.jsonl") ?? "").split(separator: "\n").count >= 20 ? () : nil
            }
            try FileManager.default.moveItem(atPath: run.path("run.tape"), toPath: run.path("first.tape"))
            kill(run.profilerPid, SIGHUP)
            try eventually("a new trace") { run.folder.names.contains("run.tape") ? () : nil }
            for number in 10..<20 { try client.exchange(number) }
            client.end()
            _ = try server.child.succeed()
            let outcome = try run.stop()
            func replay(_ names: [String], _ log: String) throws -> RunSummary {
                let end = try Child(
                    Programs.replay,
                    names.map(run.path) + [
                        "--json", "--output", run.path(log), "--service-map", run.path(log + ".map"),
                    ]
                ).wait()
                #expect(end.status == 0, "\(names): \(end.errors)")
                return try Records.decoder.decode(RunSummary.self, from: Data(end.output.utf8))
            }
            let (first, second) = (try replay(["first.tape"], "1"), try replay(["run.tape"], "2"))
            let both = try replay(["first.tape", "run.tape"], "both")
            #expect(first.messages.requests == 10 && second.messages.requests == 10)
            #expect(both.messages.requests == outcome.summary.messages.requests)
            #expect(run.folder.text("both") == outcome.log && run.folder.text("both.map") == outcome.map)
            #expect(run.folder.text("2")?.contains("\"comm\":\"exerciser\"") == true, "the facts are there, too")
        }

        @Test func `files are moved away when they are full, and so many are kept`() throws {
            let run = try LiveRun(.socket, ["--rotate-size", "64K", "--rotate-keep", "2"])
            var exercises = 0
            while !["events.jsonl.2", "run.tape.2"].allSatisfy(run.folder.names.contains), exercises < 100 {
                try run.exercise("write-read", client: ["--exchanges", "100"])
                exercises += 1
            }
            let outcome = try run.stop()
            #expect(outcome.status == 0 && outcome.summary.messages.requests == exercises * 100)
            let names = run.folder.names
            for name in ["events.jsonl", "run.tape"] {
                #expect(names.contains(name) && names.contains(name + ".1") && names.contains(name + ".2"), "\(names)")
                #expect(!names.contains(name + ".3"))
            }
            for name in ["run.tape.2", "run.tape.1", "run.tape"] {
                let end = try Child(Programs.replay, [run.path(name), "--json"]).wait()
                #expect(end.status == 0 && end.output.contains("\"balanced\": true"), "\(name): \(end.errors)")
            }
        }

        @Test func `SIGHUP leaves files alone that are where they were`() throws {
            let run = try LiveRun(.socket)
            try run.exercise("write-read")
            kill(run.profilerPid, SIGHUP)
            try run.exercise("write-read")
            #expect(try run.stop().requests.count == 2)
        }

        @Test func `a file that is removed or cut under it is noticed, and what follows is whole`() throws {
            let run = try LiveRun(.socket)
            try run.exercise("write-read", client: ["--exchanges", "20"])
            try eventually("events") { (run.folder.text("events.jsonl") ?? "").isEmpty ? nil : () }
            truncate(run.path("events.jsonl"), 0)
            try FileManager.default.removeItem(atPath: run.path("env.yaml"))
            try eventually("a new environment file") { run.folder.names.contains("env.yaml") ? () : nil }
            try run.exercise("write-read", client: ["--exchanges", "3"])
            let outcome = try run.stop()
            #expect(outcome.errors.contains("events.jsonl: was cut by somebody"), "\(outcome.errors)")
            #expect(outcome.errors.contains("env.yaml: was moved away or removed"), "\(outcome.errors)")
            #expect(outcome.requests.count == 3)
            #expect(!run.folder.bytes("events.jsonl")!.contains(0), "no hole where the cut bytes were")
        }

        @Test func `--append adds to what is there, else that is replaced and said`() throws {
            let run = try LiveRun()
            try Data("{\"old\":1}\n".utf8).write(to: URL(filePath: run.path("events.jsonl")))
            try Data("---\nold: 1\n".utf8).write(to: URL(filePath: run.path("env.yaml")))
            try run.start(["--append"])
            try run.waitUntilWatching()
            try run.exercise("write-read")
            try run.killProfiler()
            #expect(run.folder.text("events.jsonl")?.hasPrefix("{\"old\":1}\n") == true)
            #expect(run.folder.text("env.yaml")?.hasPrefix("---\nold: 1\n") == true)
            try run.start()
            try run.waitUntilWatching()
            let outcome = try run.stop()
            #expect(!outcome.log.contains("old") && !outcome.environment.contains("old"))
            #expect(outcome.errors.contains("OUTPUT_PATH (--output) \(run.path("events.jsonl")): replaces a file of"))
        }

        @Test(arguments: [
            ["--container-socket", "/nosuch/socket"], ["--pid", "\(Int32.max)"], ["--", "no-such-program"],
            ["--", "/etc"],
        ])
        func `a capture that can't begin leaves the files of an earlier one as they are`(_ options: [String]) throws {
            let run = try LiveRun()
            try Data("{\"old\":1}\n".utf8).write(to: URL(filePath: run.path("events.jsonl")))
            try Data("---\nold: 1\n".utf8).write(to: URL(filePath: run.path("env.yaml")))
            try run.start(options)
            let outcome = try run.waitForEnd()
            #expect(
                [2, 126, 127].contains(outcome.status) && !outcome.errors.contains("replaces"), "\(outcome.errors)")
            #expect(run.folder.text("events.jsonl") == "{\"old\":1}\n")
            #expect(run.folder.text("env.yaml") == "---\nold: 1\n")
        }

        @Test(arguments: [("yes", true), ("TRUE", true), ("0", false), ("off", false), ("maybe", nil)])
        func `a flag's variable is yes or no in any of the usual words, and nothing else`(
            _ value: String, _ appends: Bool?
        ) throws {
            let run = try LiveRun()
            try Data("{\"old\":1}\n".utf8).write(to: URL(filePath: run.path("events.jsonl")))
            try run.start(["--", "true"], environment: ["TAPEDECK_APPEND": value])
            let outcome = try run.waitForEnd()
            #expect(outcome.status == (appends == nil ? 2 : 0), "\(outcome.errors)")
            #expect(appends != nil || outcome.errors.contains("TAPEDECK_APPEND maybe: write 1 or 0"))
            #expect((run.folder.text("events.jsonl") == "{\"old\":1}\n") == (appends != false))
        }

        @Test(arguments: [
            ("--output", "events.jsonl"), ("--env-output", "env.yaml"), ("--service-map", "map.yaml"),
            ("--record", "run.tape"),
        ])
        func `two profilers never write one file`(_ option: String, _ name: String) throws {
            let run = try LiveRun(.socket)
            try run.exercise("write-read")
            try eventually("a map") { run.folder.names.contains("map.yaml") ? () : nil }
            let second = try Child(
                Programs.profiler,
                ["--output", run.path("e2"), "--env-output", run.path("v2"), option, run.path(name), "--allow", "none"]
                    .reducedToLast()
            ).wait()
            #expect(second.status == 2 && second.errors.contains("another profiler writes it"), "\(second)")
            let outcome = try run.stop()
            #expect(
                outcome.requests.count == 1 && outcome.map.contains("services:"), "the first one's are as they were")
        }
    }
}

/// A client that did not opt in: the test itself.
struct PlainClient {
    private let descriptor: Int32

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failed("connect: \(String(cString: strerror(errno)))") }
    }

    func end() { close(descriptor) }

    /// One request and its whole response.
    func exchange(_ number: Int) throws {
        let request = Array("POST /rotated/\(number) HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nok".utf8)
        guard write(descriptor, request, request.count) == request.count else { throw Failed("write") }
        var response: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 4096)
        while true {
            let text = String(decoding: response, as: UTF8.self)
            if let head = text.firstRange(of: "\r\n\r\n"), let length = text.firstMatch(of: /Content-Length: (\d+)/),
                text[head.upperBound...].utf8.count >= Int(length.1) ?? 0
            {
                return
            }
            let count = read(descriptor, &block, block.count)
            guard count > 0 else { throw Failed("no whole response: \(text)") }
            response += block[..<count]
        }
    }
}

extension [String] {
    /// Of an option that stands twice only the last.
    fileprivate func reducedToLast() -> [String] {
        var options: [String: String] = [:]
        for place in stride(from: 0, to: count - 1, by: 2) { options[self[place]] = self[place + 1] }
        return options.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
    }
}
