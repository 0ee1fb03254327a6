import Foundation
import TestSupport

/// A real container runtime in namespaces of its own, which ends with its owner, and its containers with it.
///
/// Its pids are the machine's: a profiler that runs outside sees what it would see of the machine's own runtime.
final class ContainerRuntime {
    enum Kind: String {
        case docker, podman, containerd
        /// Podman of a user who is not root.
        case rootless
    }

    /// Made by Tests/Runtimes/image.sh; without a command it serves "hello" on port 8080.
    static let image = "localhost/busybox:1"

    let kind: Kind
    private let folder: TemporaryFolder
    private let child: Child
    /// A process in the runtime's namespaces.
    private let inside: String

    /// Starting one takes seconds on a busy machine.
    private static let patience = 60.0

    init(_ kind: Kind) throws {
        self.kind = kind
        folder = try TemporaryFolder()
        child = try Child(
            "/bin/bash", [Programs.runtimes("run.sh"), kind.rawValue, folder.path], patience: Self.patience)
        guard let line = child.output.line(where: { $0.hasPrefix("ready ") }) else {
            throw Failed("\(kind.rawValue) does not start: \(child.errors.text)")
        }
        inside = String(line.dropFirst(6))
    }

    deinit { try? stop() }

    /// Ends it with everything that runs in it.
    func stop() throws { if child.isRunning { try child.succeed() } }

    var socket: String { folder.path + "/socket" }

    /// The process that answers on the socket.
    var daemon: Int32 { folder.text("daemon.pid").flatMap { Int32($0.dropLast()) } ?? 0 }

    /// Starts the runtime that has ended.
    func restart() throws {
        try child.proceed()
        _ = try child.line { $0.hasPrefix("ready ") }
    }

    /// Runs a program on the runtime's host, where its bridges and published ports are.
    func host(
        _ program: String, _ arguments: [String], environment: [String: String] = [:],
        patience: Double = Conditions.patience
    ) throws -> Child {
        try Child(
            "/usr/bin/nsenter", ["--target", inside, "--mount", "--net", "--cgroup", "--", program] + arguments,
            environment: environment, patience: patience)
    }

    /// Podman leaves a monitor behind, and Foundation takes a program to run as long as somebody has its descriptors.
    private static let closingAll = #"""
        for path in /proc/$$/fd/*; do
            descriptor=${path##*/}
            [ "$descriptor" -lt 3 ] || eval "exec $descriptor>&-"
        done
        exec podman "$@"
        """#

    /// Runs the runtime's own command: `docker`, `podman` or `ctr`.
    /// - Returns: what it says, without the line's end.
    @discardableResult
    func command(_ arguments: [String]) throws -> String {
        let said =
            switch kind {
            case .docker: try host("docker", ["--host", "unix://" + socket] + arguments, patience: Self.patience)
            case .podman: try host("/bin/bash", ["-c", Self.closingAll, "podman"] + arguments, patience: Self.patience)
            // The service starts it, so that it is in the runtime's cgroup.
            case .rootless:
                try host("podman", ["--remote", "--url", "unix://" + socket] + arguments, patience: Self.patience)
            case .containerd: try host("ctr", ["--address", socket] + arguments, patience: Self.patience)
            }
        return try said.succeed().output.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
