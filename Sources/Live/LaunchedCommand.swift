import Console
import Glibc
import Shared

/// The command that `profiler run -- COMMAND…` starts, opted in, as the user who called sudo.
///
/// It starts as the program's own `launch`, which gives up root's rights before it becomes the command.
final class LaunchedCommand {
    let pid: Int32
    /// `nil` while it runs; as a shell would give it, 128 and the signal's number where one ended it.
    private(set) var status: Int32?

    /// - Parameters:
    ///   - arguments: the command's name and its arguments.
    ///   - allowed: the values of ADI_PROFILE that are profiled; empty: any.
    /// - Throws: where it can't be started.
    init(_ arguments: [String], allowed: [String]) throws(Failure) {
        let caller = Caller.current
        var environment = caller.environment
        if !OptIn.verdict(environment: Caller.block(environment), allowed: allowed) {
            guard OptIn.value(of: OptIn.disabledKey, in: Caller.block(environment)) != "1" else {
                throw Failure("run \(arguments[0]): the environment opts out (ADI_PROFILE_DISABLED=1); unset it")
            }
            environment[OptIn.profileKey] = allowed.first ?? "run"
        }
        let identity = caller.user.map { ["--user", $0.name, "--uid", "\($0.uid)", "--gid", "\($0.gid)"] } ?? []
        let command = ["profiler", "launch"] + identity + ["--"] + arguments
        var argumentPointers = command.map { strdup($0) } + [nil]
        var environmentPointers = environment.sorted { $0.key < $1.key }.map { strdup("\($0)=\($1)") } + [nil]
        defer { for pointer in argumentPointers + environmentPointers { free(pointer) } }
        var child: Int32 = 0
        let failure = posix_spawn(&child, "/proc/self/exe", nil, nil, &argumentPointers, &environmentPointers)
        guard failure == 0 else { throw Failure("run \(arguments[0]): \(String(cString: strerror(failure)))") }
        pid = child
    }

    /// Whether it has ended.
    func hasEnded() -> Bool {
        guard status == nil else { return true }
        var raw: Int32 = 0
        guard waitpid(pid, &raw, WNOHANG) == pid else { return false }
        // wait(2): the low seven bits are the signal's number, the byte above the status.
        status = raw & 0x7F == 0 ? raw >> 8 & 0xFF : 128 + raw & 0x7F
        return true
    }

    /// Passes a signal on that the profiler got, unless it came from the terminal, which has given it to both.
    func pass(_ signal: Int32) {
        guard status == nil else { return }
        if signal == SIGINT, tcgetpgrp(STDIN_FILENO) == getpgrp() { return }
        kill(pid, signal)
    }
}

/// Who called the profiler: behind sudo that is somebody else than root.
private struct Caller {
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
