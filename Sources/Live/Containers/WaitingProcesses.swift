import Shared

/// Processes in containers that the runtime has not told of yet, in the order in which they came.
struct WaitingProcesses {
    private var places: [ProcessKey: [Cgroup.Place]] = [:]
    private var order: [ProcessKey] = []

    private static let most = 4096

    func contains(_ process: ProcessKey) -> Bool { places[process] != nil }

    mutating func add(_ process: ProcessKey, _ found: [Cgroup.Place]) {
        guard places.updateValue(found, forKey: process) == nil else { return }
        order.append(process)
        guard order.count > Self.most else { return }
        for old in order.prefix(Self.most / 4) { places[old] = nil }
        order.removeFirst(Self.most / 4)
    }

    mutating func add(_ process: ProcessKey, like other: ProcessKey) {
        if let found = places[other] { add(process, found) }
    }

    /// Those that have waited for this.
    mutating func release(where isMeant: ([Cgroup.Place]) -> Bool) -> [ProcessKey] {
        guard !order.isEmpty else { return [] }
        let released = order.filter { places[$0].map(isMeant) ?? false }
        guard !released.isEmpty else { return [] }
        for process in released { places[process] = nil }
        order.removeAll { places[$0] == nil }
        return released
    }
}
