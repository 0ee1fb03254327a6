import Foundation
import TestSupport
import Testing

extension Live {
    @Suite struct `A runtime that misbehaves` {
        @Test(arguments: ["slow", "garbage", "silent", "half answer", "gone"])
        func `costs names and nothing else, and is said once`(_ trouble: String) throws {
            let run = try LiveRun()
            let manners: [String: FakeRuntime.Manner] = [
                "slow": .slow(3), "garbage": .garbage, "silent": .silent, "half answer": .halfAnswer,
            ]
            let runtime = try FakeRuntime(
                .docker, at: run.path("runtime.sock"), manner: manners[trouble] ?? .honest)
            try run.start(["--container-socket", runtime.socket])
            try run.waitUntilWatching()
            if trouble == "gone" { runtime.stop() }
            var moved: [Moved] = []
            for _ in 0..<3 { moved += try run.exercise("write-read", client: ["--exchanges", "7"]).client }
            let outcome = try run.stop()
            for client in moved { expectStreams(outcome, client) }
            expectNoLoss(outcome, bytes: moved.reduce(0) { $0 + $1.total })
            let complaints = outcome.errors.split(separator: "\n").filter { $0.contains("CONTAINERD_SOCKET") }
            switch trouble {
            case "garbage", "gone": #expect(complaints.count == 1, "\(outcome.errors)")
            // It is waited for longer than this test lasts.
            default: #expect(complaints.isEmpty, "\(outcome.errors)")
            }
        }

        /// A client in a container that the runtime has to be asked for, so that its records wait.
        @Test(arguments: Hanging.all)
        func `keeps nobody waiting who ends the profiler`(_ hanging: Hanging) throws {
            let run = try LiveRun()
            let runtime = try FakeRuntime(.docker, at: run.path("runtime.sock"))
            let container = try ContainerCgroup(id: Hanging.container)
            runtime.behave(hanging.manner, to: hanging.path)
            try run.start(["--container-socket", runtime.socket])
            try run.waitUntilWatching()
            let server = try run.server("write-read")
            let client = try container.launch(
                Programs.exerciser, ["write-read", "client", "\(server.port)", "--exchanges", "5"],
                environment: run.environment(optedIn: true))
            let moved = try LiveRun.moved(client.succeed().output)
            if hanging.path != "/_ping" { try runtime.waitForRequest("/containers/\(Hanging.container)") }
            let outcome = try run.stop()
            expectStreams(outcome, moved[0])
            expectNoLoss(outcome, bytes: moved[0].total)
            try server.child.succeed()
            try run.expectReplayAgrees(outcome)
        }

        @Test func `keeps nobody waiting who ends the profiler before it watches`() throws {
            let run = try LiveRun()
            let runtime = try FakeRuntime(.docker, at: run.path("runtime.sock"), manner: .silent)
            try run.start(["--container-socket", runtime.socket])
            try runtime.waitForRequest("/_ping")
            let outcome = try run.stop()
            #expect(outcome.status == 0 && outcome.events.isEmpty)
        }
    }
}

/// A runtime that does not answer all of a question.
struct Hanging: CustomTestStringConvertible {
    static let container = FakeRuntime.madeUp(Int(UInt32.random(in: 9 ... .max)))
    let path: String
    let isHalf: Bool

    var manner: FakeRuntime.Manner { isHalf ? .halfAnswer : .silent }
    var testDescription: String { "\(isHalf ? "half an answer" : "no answer") to \(path.prefix(16))" }

    static let all = ["/_ping", "/containers/json", "/events", "/containers/\(container)"].flatMap { path in
        [false, true].map { Hanging(path: path, isHalf: $0) }
    }
}

/// A cgroup that is named like a container's, below that of the tests, where the kernel looks for names: in the hierarchy
/// that has memory.
final class ContainerCgroup {
    private let path: String

    init(id: String) throws {
        let own = try String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8).split(separator: "\n").map {
            $0.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        }
        let memory = own.first { $0[1] == "memory" }.map { "/sys/fs/cgroup/memory\($0[2])" }
        let unified = own.first { $0[1].isEmpty }.map { "/sys/fs/cgroup\($0[2])" }
        guard let parent = memory ?? unified else { throw Failed("no hierarchy of cgroups has memory") }
        path = "\(parent)/docker-\(id).scope"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit { rmdir(path) }

    func launch(_ program: String, _ arguments: [String], environment: [String: String]) throws -> Child {
        let entering = #"echo $$ > "$0/cgroup.procs" && exec "$@""#
        return try Child("/bin/sh", ["-c", entering, path, program] + arguments, environment: environment)
    }
}
