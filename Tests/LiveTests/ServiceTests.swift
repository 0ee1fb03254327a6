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

extension [String] {
    /// Of an option that stands twice only the last.
    fileprivate func reducedToLast() -> [String] {
        var options: [String: String] = [:]
        for place in stride(from: 0, to: count - 1, by: 2) { options[self[place]] = self[place + 1] }
        return options.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
    }
}
