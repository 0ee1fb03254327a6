import Glibc
import Shared

/// Who called the profiler: behind sudo that is somebody else than root.
struct Caller {
    struct User {
        var name: String
        var uid: UInt32
        var gid: UInt32
    }

    /// `nil`: the profiler's own user.
    var user: User?
    var environment: [String: String]

    static var current: Caller {
        let own = variables(ProcFS.environment(getpid()) ?? [])
        guard geteuid() == 0, let uid = own["SUDO_UID"].flatMap({ UInt32($0) }),
            let gid = own["SUDO_GID"].flatMap({ UInt32($0) }), let name = own["SUDO_USER"]
        else { return Caller(user: nil, environment: own) }
        var environment = environmentOfSudo() ?? [:]
        if environment.isEmpty, let entry = getpwuid(uid) {
            environment = own
            environment["HOME"] = String(cString: entry.pointee.pw_dir)
            environment["SHELL"] = String(cString: entry.pointee.pw_shell)
            environment["USER"] = name
            environment["LOGNAME"] = name
        } else {
            // What stands between sudo and the profiler on the command line, `sudo NAME=VALUE profiler`, counts, too.
            for (key, value) in own where environment[key] == nil { environment[key] = value }
        }
        for key in environment.keys where key.hasPrefix("SUDO_") { environment[key] = nil }
        return Caller(user: User(name: name, uid: uid, gid: gid), environment: environment)
    }

    /// The environment that sudo was called with: it is the profiler's parent, once or twice removed.
    private static func environmentOfSudo() -> [String: String]? {
        var found: [String: String]?
        var pid = getppid()
        while pid > 1, ProcFS.text("/proc/\(pid)/comm") == "sudo\n", let parent = ProcFS.parent(pid) {
            found = ProcFS.environment(pid).map(variables)
            pid = parent
        }
        return found
    }

    /// Of a variable that is there twice the first counts (getenv(3)).
    private static func variables(_ block: [UInt8]) -> [String: String] {
        let pairs = block.split(separator: 0).compactMap { entry -> (String, String)? in
            guard let equals = entry.firstIndex(of: UInt8(ascii: "=")) else { return nil }
            return (
                String(decoding: entry[..<equals], as: UTF8.self),
                String(decoding: entry[(equals + 1)...], as: UTF8.self)
            )
        }
        return Dictionary(pairs) { first, _ in first }
    }

    static func block(_ environment: [String: String]) -> [UInt8] {
        environment.flatMap { Array("\($0)=\($1)".utf8) + [0] }
    }
}
