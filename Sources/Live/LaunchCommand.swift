import ArgumentParser
private import CLibbpf
import Console
import Glibc

/// What `profiler run` starts: it gives up root's rights and becomes the command.
///
/// Statuses as env(1) has them: 127 where there is no such program, 126 where it can't be run.
struct LaunchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "launch", abstract: "Become a command, as another user.", shouldDisplay: false)

    @Option var user: String?
    @Option var uid: UInt32?
    @Option var gid: UInt32?
    @Argument(parsing: .postTerminator) var command: [String]

    func run() throws {
        if let user, let uid, let gid {
            guard initgroups(user, gid) == 0, setgid(gid) == 0, setuid(uid) == 0 else {
                throw Failure("run \(command[0]): can't become \(user): \(String(cString: strerror(errno)))")
            }
        }
        // What a plain user's profiler was given is not the command's.
        tapedeck_drop_ambient_capabilities()
        for number in [SIGINT, SIGTERM, SIGPIPE] { signal(number, SIG_DFL) }
        var pointers = command.map { strdup($0) } + [nil]
        execvp(command[0], &pointers)
        let reason = errno
        Terminal.complain("run \(command[0]): \(String(cString: strerror(reason)))")
        _exit(reason == ENOENT ? 127 : 126)
    }
}
