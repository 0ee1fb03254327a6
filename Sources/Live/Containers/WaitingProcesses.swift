import Shared

/// Where a process is, by which it is found out whether it is in a container.
enum Whereabouts {
    case cgroups([Cgroup.Place])
    /// In no cgroup of a container's: the process and those that it descends from.
    case line([ProcessKey])
}

/// Processes that may be in containers of which the runtime has not told yet, in the order in which they came.
struct WaitingProcesses {
    private var whereabouts: [ProcessKey: Whereabouts] = [:]
    private var order: [ProcessKey] = []

    private static let most = 4096

    /// Whether it is in a container for certain.
    func isInCgroup(_ process: ProcessKey) -> Bool {
        if case .cgroups = whereabouts[process] { true } else { false }
    }

    mutating func remove(_ process: ProcessKey) {
        if whereabouts.removeValue(forKey: process) != nil { order.removeAll { $0 == process } }
    }

    mutating func add(_ process: ProcessKey, _ found: Whereabouts) {
        guard whereabouts.updateValue(found, forKey: process) == nil else { return }
        order.append(process)
        guard order.count > Self.most else { return }
        for old in order.prefix(Self.most / 4) { whereabouts[old] = nil }
        order.removeFirst(Self.most / 4)
    }

    mutating func add(_ process: ProcessKey, like other: ProcessKey) {
        if let found = whereabouts[other] { add(process, found) }
    }

    /// Those that have waited for this.
    mutating func release(where isMeant: (Whereabouts) -> Bool) -> [ProcessKey] {
        guard !order.isEmpty else { return [] }
        let released = order.filter { whereabouts[$0].map(isMeant) ?? false }
        guard !released.isEmpty else { return [] }
        for process in released { whereabouts[process] = nil }
        order.removeAll { whereabouts[$0] == nil }
        return released
    }
}
