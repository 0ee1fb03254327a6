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

    /// Why a command can't be started, as env(1) says it: 127 where there is no such program, 126 where it is none.
    ///
    /// It is asked before anything of an earlier capture is replaced.
    static func fault(of name: String) -> (reason: Int32, status: Int32)? {
        let path = Caller.current.environment["PATH"] ?? "/bin:/usr/bin"
        let folders = path.split(separator: ":", omittingEmptySubsequences: false)
        let places = name.contains("/") ? [name] : folders.map { $0.isEmpty ? name : "\($0)/\(name)" }
        let found = places.filter { access($0, F_OK) == 0 }
        guard !found.isEmpty else { return (ENOENT, 127) }
        let isProgram = found.contains {
            var status = stat()
            return stat($0, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access($0, X_OK) == 0
        }
        return isProgram ? nil : (EACCES, 126)
    }

    /// - Parameters:
    ///   - arguments: the command's name and its arguments.
    ///   - allowed: the values of ADI_PROFILE that are profiled; empty: any.
    /// - Throws: where it can't be started.
    init(_ arguments: [String], allowed: [String]) throws(Failure) {
        let caller = Caller.current
        var environment = caller.environment
        for variable in ServiceManager.variables { environment[variable] = nil }
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
