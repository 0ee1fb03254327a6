import Glibc
import Shared

/// Judges the processes that run already, from /proc.
///
/// New ones are judged by the kernel since a moment ago; those that come to be between two looks at /proc are found by the
/// next look. What an environment says counts only if no exec was judged since, and nothing else is let out than the
/// environment that was judged.
struct RunningProcesses {
    private let program: KernelProgram
    private let allowed: [String]
    /// For which root says yes.
    private let chosen: Set<ProcessKey>
    /// Those that have opted in, and where they listen.
    private(set) var profiled: [(identity: ProcessIdentity, listeners: [Endpoint])] = []
    /// Those of which nobody can tell, as they have written something else where their environment was.
    private var unclear: [ProcessKey] = []
    /// Those whose environments this process may not read.
    private var unreadable: [ProcessKey] = []

    /// So many of them are named.
    private static let mostNames = 3

    /// - Parameters:
    ///   - allowed: the values of ADI_PROFILE that are profiled; empty: any.
    ///   - chosen: those for which root says yes.
    init(_ program: KernelProgram, allowed: [String], chosen: Set<ProcessKey>) {
        self.program = program
        self.allowed = allowed
        self.chosen = chosen
    }

    mutating func judge() {
        var seen: Set<ProcessKey> = []
        let own = getpid()
        while true {
            var isNew = false
            for pid in ProcFS.pids() where pid != own {
                guard let key = ProcFS.key(pid), seen.insert(key).inserted else { continue }
                guard program.verdict(on: pid) == nil else { continue }
                guard let environment = ProcFS.environment(pid) else {
                    if ProcFS.hasEnvironment(pid) { unreadable.append(key) }
                    continue
                }
                isNew = true
                judge(key, environment)
            }
            if !isNew { break }
        }
        // A child may have been looked at before its parent.
        var before = Int.max
        while unclear.count < before {
            before = unclear.count
            unclear = unclear.filter { !inherits($0) }
        }
    }

    private mutating func judge(_ key: ProcessKey, _ environment: [UInt8]) {
        if chosen.contains(key), let identity = ProcFS.identity(key, allowed: allowed, isChosen: true) {
            return add(identity)
        }
        guard !ProcFS.isOverwritten(environment) else { return unclear.append(key) }
        guard ProcFS.key(key.pid) == key else { return }
        guard OptIn.verdict(environment: environment, allowed: allowed) else {
            _ = program.judge(key, isProfiled: false)
            return
        }
        guard let identity = ProcFS.identity(key, allowed: allowed) else { return }
        add(identity)
    }

    private mutating func add(_ identity: ProcessIdentity) {
        guard program.judge(identity.key, isProfiled: true, isChosen: chosen.contains(identity.key)) else { return }
        let listeners = ProcFS.listeners(identity.key.pid)
        for endpoint in listeners { program.watch(port: endpoint.port) }
        profiled.append((identity, listeners))
    }

    /// Whether the process is as its parent: a child that has started no other program has its parent's environment, and the
    /// verdict on it.
    private mutating func inherits(_ key: ProcessKey) -> Bool {
        if program.verdict(on: key.pid) != nil { return true }
        guard let parent = ProcFS.parent(key.pid), let verdict = program.verdict(on: parent),
            let own = ProcFS.startAddresses(key.pid), own == ProcFS.startAddresses(parent),
            ProcFS.key(key.pid) == key
        else { return false }
        guard verdict else { return program.judge(key, isProfiled: false) }
        let known =
            profiled.last { $0.identity.key.pid == parent }?.identity
            ?? ProcFS.key(parent).flatMap { ProcFS.identity($0, allowed: allowed) }
        guard var identity = known else { return false }
        let now = ProcFS.identityWithoutEnvironment(key, "")
        identity.key = key
        identity.comm = now.comm
        identity.networkNamespace = now.networkNamespace
        add(identity)
        return true
    }

    /// Says who can't be judged, and why.
    var complaints: [String] { [overwritten, forbidden].compactMap { $0 } }

    /// Those of them that still run, by name.
    private func list(_ processes: [ProcessKey]) -> (count: Int, names: String) {
        let left = processes.filter { ProcFS.key($0.pid) == $0 }
        var names: [String] = []
        for key in left {
            let name = ProcFS.identityWithoutEnvironment(key, "").comm
            if !name.isEmpty, !names.contains(name) { names.append(name) }
        }
        let many = names.count > Self.mostNames ? "…" : ""
        return (left.count, names.prefix(Self.mostNames).joined(separator: ", ") + many)
    }

    private var forbidden: String? {
        let (count, names) = list(unreadable)
        guard count > 0 else { return nil }
        let missing = [Capability.sysPtrace, .dacReadSearch].filter { !$0.isHeld }.map(\.name)
        let remedy = missing.isEmpty ? "" : "; it lacks \(missing.joined(separator: " and "))"
        return count == 1
            ? "1 process that runs already can't be judged, since its environment may not be read: \(names)\(remedy)"
            : "\(count) processes that run already can't be judged, since their environments may not be read: \(names)\(remedy)"
    }

    private var overwritten: String? {
        let (count, list) = list(unclear)
        guard count > 0 else { return nil }
        return count == 1
            ? "1 process can't be judged, since it has overwritten its environment: \(list); restart it, or use --pid"
            : "\(count) processes can't be judged, since they have overwritten their environments: \(list); restart them, or use --pid"
    }
}
