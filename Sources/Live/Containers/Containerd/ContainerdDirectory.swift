import Console
import Containers
import FoundationEssentials
import Shared
import Synchronization

/// containerd's API, of one of its namespaces (https://github.com/containerd/containerd/tree/main/api).
final class ContainerdDirectory: ContainerDirectory, Sendable {
    private let namespace: String
    private let grpc: GRPCClient
    private let host: RuntimeHost
    /// The first processes of the containers that ran when all were asked for.
    private let listed = Mutex<[String: Int32]>([:])

    init(_ http: UnixHTTP, namespace: String) {
        self.namespace = namespace
        grpc = GRPCClient(http, metadata: ["containerd-namespace: \(namespace)"])
        host = RuntimeHost(socket: http.socket)
    }

    func containers() throws -> [RunningContainer] {
        let running = try firstProcesses()
        listed.withLock { $0 = running }
        let answer = try call("containers.v1.Containers/List")
        let networks = CNIResults(folder: results)
        return try answer.messages(1).map(ContainerdContainer.init).compactMap { container in
            running[container.id].map { described(container, initPid: $0, networks) }
        }
    }

    /// One that has no process any more is told of, too: those that it had may still be in the ring buffer.
    func container(_ id: String) throws -> RunningContainer? {
        guard let container = try known(id) else { return nil }
        return described(
            container, initPid: try firstProcess(id), CNIResults(folder: results, of: "\(namespace)-\(id)"))
    }

    func changes(since: Timestamp, _ body: (ContainerChange) -> Bool) throws {
        let filter = #"namespace=="\#(namespace)",topic~="^/(containers|tasks)/""#
        var gap = Gap()
        try withoutActuallyEscaping(body) { body in
            try grpc.stream(
                "containerd.services.events.v1.Events/Subscribe", ProtobufFields.message(1, filter),
                tick: {
                    guard gap.isOver else { return }
                    for change in try self.missed() where !body(change) { return }
                }
            ) { message in
                guard let event = try ContainerdEvent(ProtobufFields(message)), event.namespace == self.namespace,
                    let change = try self.change(event)
                else { return true }
                return body(change)
            }
        }
    }

    // MARK: - Events

    /// The server does not say from when on it tells of events: what was listed is looked at once more, later.
    private struct Gap {
        private let end = Clock.elapsed + .milliseconds(500)
        private var isClosed = false

        /// Says so once.
        var isOver: Bool {
            mutating get {
                guard !isClosed, Clock.elapsed >= end else { return false }
                isClosed = true
                return true
            }
        }
    }

    private func missed() throws -> [ContainerChange] {
        let now = try firstProcesses()
        let before = listed.withLock { $0 }
        return now.keys.sorted().filter { before[$0] != now[$0] }.map { .changed($0) }
            + before.keys.sorted().filter { now[$0] == nil }.map { .stopped($0) }
    }

    private func change(_ event: ContainerdEvent) throws -> ContainerChange? {
        let id = event.container
        return switch event.change {
        // Its labels are not in the event.
        case .containerCreated: try known(id).map { .created(RunningContainer($0)) }
        // A name that a person gave does not show in cgroups: the first process is known by its pid, before it runs.
        case .taskCreated: Cgroup.identifiers([id]).isEmpty ? .changed(id) : nil
        case .containerUpdated, .taskStarted: .changed(id)
        case .taskExited, .containerDeleted: .stopped(id)
        }
    }

    // MARK: - Calls

    private func known(_ id: String) throws -> ContainerdContainer? {
        guard let answer = try found("containers.v1.Containers/Get", id) else { return nil }
        return try ContainerdContainer(answer.message(1))
    }

    /// - Returns: 0 where none runs.
    private func firstProcess(_ id: String) throws -> Int32 {
        guard let answer = try found("tasks.v1.Tasks/Get", id) else { return 0 }
        return ContainerdTask(try answer.message(1)).pid
    }

    /// The first processes of all containers that run.
    private func firstProcesses() throws -> [String: Int32] {
        var processes: [String: Int32] = [:]
        for task in try call("tasks.v1.Tasks/List").messages(1).map(ContainerdTask.init) where task.pid > 0 {
            processes[task.container] = task.pid
        }
        return processes
    }

    /// - Returns: `nil` where there is nothing of this name.
    private func found(_ method: String, _ id: String) throws -> ProtobufFields? {
        do { return try call(method, ProtobufFields.message(1, id)) } catch let status as GRPCStatus
            where status.code == GRPCStatus.notFound
        { return nil }
    }

    private func call(_ method: String, _ message: Data = Data()) throws -> ProtobufFields {
        try ProtobufFields(grpc.call("containerd.services." + method, message))
    }

    // MARK: - Networks

    /// Where the runtime's plugins keep it, as they see the file system: a rootless one has its own.
    private var results: String { host.process + "/root/var/lib/cni/results" }

    private func described(
        _ container: ContainerdContainer, initPid: Int32, _ networks: CNIResults
    ) -> RunningContainer {
        let own = networks["\(namespace)-\(container.id)"]
        let addresses = own.isEmpty && initPid > 0 ? host.addresses(ofContainer: initPid) : []
        return RunningContainer(container, initPid: initPid, networks: own, addresses: addresses)
    }
}
