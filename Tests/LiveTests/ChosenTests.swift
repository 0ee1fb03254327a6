import Foundation
import TestSupport
import Testing

extension Live {
    /// Processes that root chooses: a command that the profiler starts, and what runs already.
    @Suite struct `Chosen processes` {
        @Test func `run starts a command opted in, and ends with it and its status`() throws {
            let run = try LiveRun()
            let server = try run.server("write-read", ["--exchanges", "5"])
            try run.start(
                [
                    "--", "/bin/sh", "-c", "\"$0\" write-read client \(server.port) --exchanges 5; exit 7",
                    Programs.exerciser,
                ])
            let end = try run.waitForEnd()
            _ = try server.child.succeed()
            #expect(end.status == 7, "\(end.errors)")
            let events = try Records.lines(LoggedEvent.self, run.folder.text("events.jsonl") ?? "")
            #expect(events.filter(\.isRequest).count == 5 && events.allSatisfy { $0.comm == "exerciser" })
            #expect(run.folder.text("env.yaml")?.contains("adi_profile_match: \"\(run.tag)\"\n") == true)
        }

        @Test func `run says as a shell does what can't be started, and what a signal ended`() throws {
            for (command, status) in [
                (["no-such-program"], 127), (["/etc"], 126), (["sh", "-c", "kill -9 $$"], 137),
            ] {
                let run = try LiveRun()
                try run.start(["--"] + command)
                #expect(try run.waitForEnd().status == Int32(status), "\(command)")
            }
        }

        @Test func `run starts it as the user who called sudo, with nothing of sudo's in its environment`() throws {
            let run = try LiveRun()
            try run.start(
                ["--", "sh", "-c", "id -u; id -g; id -G; env"],
                environment: ["SUDO_UID": "1", "SUDO_GID": "1", "SUDO_USER": "daemon", "SUDO_COMMAND": "profiler"])
            let lines = try run.waitForEnd().output.split(separator: "\n").map(String.init)
            #expect(lines.prefix(3) == ["1", "1", "1"])
            #expect(lines.contains("USER=daemon") && lines.contains("ADI_PROFILE=\(run.tag)"))
            #expect(!lines.contains { $0.hasPrefix("SUDO_") })
        }

        @Test func `a signal is the command's, which may say something before it ends`() throws {
            let run = try LiveRun()
            try run.start(["--", "sh", "-c", "trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.05; done"])
            try run.waitForOutput("ready")
            kill(run.profilerPid, SIGTERM)
            let outcome = try run.waitForEnd()
            #expect(outcome.status == 3 && outcome.output.contains("bye"))
        }

        @Test func `--pid profiles what runs and has not opted in, and what it starts, another program too`() throws {
            let run = try LiveRun()
            // A shell that waits for its standard input, and then becomes the parent of a client.
            let server = try run.server("write-read", ["--exchanges", "4"])
            let client = ["\(Programs.exerciser)", "write-read", "client", "\(server.port)", "--exchanges", "4"]
            let gate = run.path("gate")
            #expect(mkfifo(gate, 0o600) == 0)
            let shell = try Child(
                "/bin/sh", ["-c", "read line < \(gate); \(client.joined(separator: " ")); true"],
                environment: ["SECRET_OF": "shell"])
            try run.start(["--pid", "\(shell.pid)"])
            try run.waitUntilWatching()
            try Data("go\n".utf8).write(to: URL(filePath: gate))
            _ = try shell.succeed()
            _ = try server.child.succeed()
            let outcome = try run.stop()
            #expect(outcome.requests.count == 4 && outcome.status == 0, "\(outcome.errors)")
            let document = try #require(outcome.environments().values.first)
            #expect((document["adi_profile_env"] as? [String: String])?["SECRET_OF"] == "shell")
            #expect(document["adi_profile_match"] == nil)
        }

        @Test func `who has opted out is not chosen, nor what opts out later`() throws {
            let out = try Child("/bin/sleep", ["100"], environment: ["ADI_PROFILE_DISABLED": "1"])
            defer { kill(out.pid, SIGKILL) }
            let run = try LiveRun()
            try run.start(["--pid", "\(out.pid)"])
            let refused = try run.waitForEnd()
            #expect(refused.status == 2 && refused.errors.contains("has opted out (ADI_PROFILE_DISABLED=1"))
            #expect(!run.folder.names.contains("events.jsonl"), "nothing was begun")

            let second = try LiveRun()
            let server = try second.server("write-read")
            let gate = second.path("gate")
            #expect(mkfifo(gate, 0o600) == 0)
            let shell = try Child(
                "/bin/sh",
                [
                    "-c",
                    "read line < \(gate); ADI_PROFILE_DISABLED=1 \(Programs.exerciser) write-read client \(server.port); true",
                ], environment: [:])
            try second.start(["--pid", "\(shell.pid)"])
            try second.waitUntilWatching()
            try Data("go\n".utf8).write(to: URL(filePath: gate))
            _ = try shell.succeed()
            _ = try server.child.succeed()
            #expect(try second.stop().events.isEmpty)
        }

        @Test(arguments: [
            (["--pid", "99999999"], "no such process runs"),
            (["--container", "nobody"], "--container nobody: no container runtime"),
        ])
        func `what isn't there is said before anything begins`(_ options: [String], _ complaint: String) throws {
            let run = try LiveRun()
            try run.start(options)
            let outcome = try run.waitForEnd()
            #expect(outcome.status == 2 && outcome.errors.contains(complaint), "\(outcome.errors)")
            #expect(!run.folder.names.contains("events.jsonl"))
        }
    }
}
