import Console
import Glibc
import Shared

/// The processes for which root says yes in their place (`--pid`, `--container`), with all that they have started.
enum ChosenProcesses {
    /// - Parameters:
    ///   - pids: of processes that run.
    ///   - containers: names, compose services or identifiers (the first 12 digits are enough) of those that run.
    ///   - names: what is known of containers.
    /// - Throws: where there is none such, or it has opted out.
    static func find(
        pids: [Int32], containers: [String], names: inout ContainerNames?
    ) throws(Failure) -> Set<ProcessKey> {
        guard !pids.isEmpty || !containers.isEmpty else { return [] }
        var chosen: Set<ProcessKey> = []
        for pid in pids { chosen.insert(try process(pid)) }
        let running = ProcFS.pids().compactMap { $0 == getpid() ? nil : ProcFS.key($0) }
        if !containers.isEmpty {
            var missing = Set(containers)
            for key in running {
                guard let container = names?.container(of: key),
                    let name = containers.first(where: { container.goes(by: $0) })
                else { continue }
                missing.remove(name)
                chosen.insert(key)
            }
            if let name = missing.min() {
                throw Failure("--container \(name): no container of this name runs; `docker ps` has those that do")
            }
        }
        // What they have started already; a parent may have a higher number than its child.
        var before = 0
        while chosen.count > before {
            before = chosen.count
            for key in running where !chosen.contains(key) {
                guard let parent = ProcFS.parent(key.pid), let parentKey = ProcFS.key(parent) else { continue }
                if chosen.contains(parentKey), ProcFS.key(key.pid) == key { chosen.insert(key) }
            }
        }
        return chosen
    }

    /// - Throws: where there is none such that may be profiled.
    static func process(_ pid: Int32) throws(Failure) -> ProcessKey {
        let what = "--pid \(pid)"
        guard pid != getpid() else { throw Failure("\(what): is the profiler, which never profiles itself") }
        guard let key = ProcFS.key(pid) else { throw Failure("\(what): no such process runs") }
        guard let environment = ProcFS.environment(pid) else {
            throw Failure("\(what): may not be read; run as root, or see `profiler doctor`")
        }
        guard OptIn.verdict(environment: environment, allowed: [], isChosen: true) else {
            throw Failure("\(what): has opted out (ADI_PROFILE_DISABLED=1 in its environment)")
        }
        return key
    }
}

extension ContainerIdentity {
    /// Whether somebody means it by this name.
    fileprivate func goes(by name: String) -> Bool {
        guard !name.isEmpty else { return false }
        return self.name == name || service == name || (name.utf8.count >= 12 && id.hasPrefix(name))
    }
}
