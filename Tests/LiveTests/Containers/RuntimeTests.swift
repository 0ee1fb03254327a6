import Foundation
import TestSupport
import Testing

extension Live {
    /// The runtimes that the tests of containers start.
    @Suite struct `A runtime of the tests` {
        @Test(arguments: [ContainerRuntime.Kind.docker, .podman])
        func `serves on a published port, and leaves nothing behind`(_ kind: ContainerRuntime.Kind) throws {
            let runtime = try ContainerRuntime(kind)
            try runtime.command(["run", "--detach", "--publish", "18080:8080", ContainerRuntime.image])
            let answer = try eventually("an answer") {
                let said = try runtime.host("busybox", ["wget", "-q", "-O", "-", "http://127.0.0.1:18080/"]).wait()
                return said.status == 0 ? said.output : nil
            }
            #expect(answer == "hello\n")
            let fence = try #require(Fence(of: runtime.daemon))
            #expect(fence.processes.contains(runtime.daemon) && fence.processes.count > 2)
            try runtime.stop()
            #expect(!fence.exists)
        }
    }

    /// The cgroup that run.sh has put a runtime into.
    struct Fence {
        private let path: String

        init?(of pid: Int32) {
            let text = try? String(contentsOfFile: "/proc/\(pid)/cgroup", encoding: .utf8)
            let line = text?.split(separator: "\n").first { $0.hasPrefix("0::/tapedeck-") }
            guard let name = line?.split(separator: "/")[1] else { return nil }
            let mounts = ["/sys/fs/cgroup/unified/", "/sys/fs/cgroup/"].map { $0 + name }
            guard let path = mounts.first(where: FileManager.default.fileExists) else { return nil }
            self.path = path
        }

        var exists: Bool { FileManager.default.fileExists(atPath: path) }

        var processes: Set<Int32> {
            let folders = (FileManager.default.enumerator(atPath: path)?.allObjects ?? []).map { "\(path)/\($0)" }
            let texts = (folders + [path + "/cgroup.procs"]).filter { $0.hasSuffix("/cgroup.procs") }
                .compactMap { try? String(contentsOfFile: $0, encoding: .utf8) }
            return Set(texts.flatMap { $0.split(separator: "\n") }.compactMap { Int32($0) })
        }
    }
}
