import Foundation
import TestSupport
import Testing

@testable import Shared

extension Live {
    /// A capture whose trace goes to a stream.
    @Suite struct `Shipping` {
        /// The trace that a stream has, written anew.
        private func shipped(_ url: String, _ run: LiveRun, status: Int32 = 0) throws -> [UInt8]? {
            let end = try Child(Programs.replay, ["convert", url, run.path("shipped.tape")], patience: 60).wait()
            #expect(end.status == status, "\(end.errors)")
            return run.folder.bytes("shipped.tape")
        }

        @Test func `brings what --record writes, once the server is there`() throws {
            let (run, port) = (try LiveRun(), try Port.free())
            let url = "nats://127.0.0.1:\(port)"
            try run.start(["--ship", url + "/live", "--ship-spool", run.path("a/spool")])
            try run.waitUntilWatching()
            try run.exercise("write-read", serverOptedIn: true)
            try run.waitForComplaint(
                "are kept in \(run.path("a/spool")) and sent when it answers, beyond that the oldest is lost")
            let server = try LocalServer.nats(port: port, streams: run.path("streams"))
            try run.waitForComplaint("answers again")
            try run.exercise("write-read", serverOptedIn: true)
            let outcome = try run.stop()
            #expect(outcome.status == 0 && outcome.summary.messages.requests == 4, "\(outcome.errors)")
            #expect(
                outcome.errors.split(separator: "\n").filter { $0.contains("--ship") }.count == 2, "\(outcome.errors)")
            #expect(try shipped(url + "/live", run) == outcome.tape)
            #expect(try FileManager.default.contentsOfDirectory(atPath: run.path("a/spool")) == ["lock"])
            try server.stop()
        }

        @Test func `leaves to the next start what a killed one could not send`() throws {
            let (killed, port) = (try LiveRun(), try Port.free())
            let ship = ["--ship", "nats://127.0.0.1:\(port)", "--ship-spool", killed.path("spool")]
            try killed.start(ship)
            try killed.waitUntilWatching()
            try killed.exercise("write-read", serverOptedIn: true)
            // The open of what follows comes behind it.
            _ = try eventually("all of it in the spool") { () -> Bool? in
                let tape = killed.folder.bytes("run.tape") ?? []
                let names = (try? FileManager.default.contentsOfDirectory(atPath: killed.path("spool"))) ?? []
                let kept = names.flatMap { killed.folder.bytes("spool/\($0)") ?? [] }
                return kept.count > tape.count && tape.count > 1000 ? true : nil
            }
            kill(killed.profilerPid, SIGKILL)
            _ = try killed.waitForEnd()
            let server = try LocalServer.nats(port: port, streams: killed.path("streams"))
            let next = try LiveRun()
            try next.start(ship)
            try next.waitUntilWatching()
            try next.exercise("write-read", serverOptedIn: true)
            let outcome = try next.stop()
            #expect(outcome.status == 0, "\(outcome.errors)")
            let url = "nats://127.0.0.1:\(port)"
            let end = try Child(Programs.replay, [url, "--json"], patience: 60).wait()
            // The first has no end mark, and all that was on its disk.
            #expect(end.status == 1 && end.output.contains("without the end mark"), "\(end.output)")
            #expect(end.output.contains(/"requests": 4\b/), "\(end.output)")
            try server.stop()
        }

        @Test func `ends in time where nobody takes anything, and keeps it`() throws {
            let (run, port) = (try LiveRun(), try Port.free())
            try run.start(
                ["--ship-spool", run.path("spool")], environment: ["TAPEDECK_SHIP": "nats://a:secret@127.0.0.1:\(port)"]
            )
            try run.waitUntilWatching()
            try run.exercise("write-read")
            let outcome = try run.stop()
            #expect(outcome.status == 0 && !outcome.errors.contains("secret"), "\(outcome.errors)")
            #expect(outcome.errors.contains("could not be sent, and wait in \(run.path("spool")) for the next start"))
        }

        @Test func `refuses what it can't do before anything is attached`() throws {
            for (options, reason) in [
                (["--ship", "http://h"], "write nats://HOST:4222/STREAM"),
                (["--ship", "nats://h?subject=x"], "leave out what stands behind ?"),
                (["--ship-spool", "/tmp/x"], "name a stream with --ship"),
                (["--ship", "nats://h", "--ship-spool", "/proc/x"], "choose another folder"),
                (["--ship", "nats://h", "--ship-spool-size", "1K"], "--ship-spool-size 1K"),
            ] {
                let end = try Child(
                    Programs.profiler, options + ["--output", "/dev/null", "--env-output", "/dev/null"]
                ).wait()
                #expect(end.status == 2 && end.errors.contains(reason), "\(end.errors)")
            }
        }
    }
}
