import Console
import Glibc
import Shared

/// Another process of this program, that plays a part of the scenario and speaks by lines.
///
/// It ends when its standard input does, and so does not outlive this one.
final class Child {
    let pid: pid_t
    /// -1 once it is closed.
    private var input: Int32
    private let output: Int32
    private var heard: [UInt8] = []
    private var isRunning = true

    enum Part: String, CaseIterable { case server, victim }

    /// - Parameter server: where the server plays, for a part that connects to it.
    init(_ scenario: Scenario, _ part: Part, _ content: SeededContent, server: Endpoint? = nil) throws(Failure) {
        let (toChild, fromChild) = (try Self.pipe(), try Self.pipe())
        defer {
            close(toChild.read)
            close(fromChild.write)
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, toChild.read, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, fromChild.write, STDOUT_FILENO)
        let arguments =
            [
                CommandLine.arguments.first ?? "traffic", "scenario", scenario.name, "--part", part.rawValue,
                "--seed", "\(content.seed)",
            ] + (server.map { ["--server", "\($0)"] } ?? [])
        var pid: pid_t = 0
        let status = Self.withCStrings(arguments) { arguments in
            Self.withCStrings(Self.environment(of: part)) { environment in
                posix_spawn(&pid, Self.program, &actions, nil, arguments, environment)
            }
        }
        (self.pid, input, output) = (pid, toChild.write, fromChild.read)
        guard status == 0 else {
            isRunning = false
            throw Failure("can't start \(Self.program): \(String(cString: strerror(status)))")
        }
    }

    deinit {
        if isRunning { kill() }
        closeInput()
        close(output)
    }

    /// A pipe that other children do not inherit.
    private static func pipe() throws(Failure) -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else { throw Failure("pipe: \(Socket.reason)") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    /// The link's target: a process is named after the path that was executed.
    private static var program: String {
        guard let path = realpath("/proc/self/exe", nil) else { return "/proc/self/exe" }
        defer { free(path) }
        return String(cString: path)
    }

    /// This process's environment, with a readable name of the child's own.
    private static func environment(of part: Part) -> [String] {
        var variables: [String] = []
        var next = environ
        while let variable = next.pointee {
            variables.append(String(cString: variable))
            next += 1
        }
        let key = "ADI_PROFILE_NAME="
        let name = variables.first { $0.hasPrefix(key) }?.dropFirst(key.count) ?? "scenario"
        return variables.filter { !$0.hasPrefix(key) } + ["\(key)\(name)-\(part.rawValue)"]
    }

    private static func withCStrings<Result>(
        _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let copies = strings.map { strdup($0) } + [nil]
        defer { for copy in copies { free(copy) } }
        return body(copies)
    }

    // MARK: Lines

    func say(_ line: String) throws(Failure) {
        let bytes = Array("\(line)\n".utf8)
        guard Writing(bytes.span.bytes, to: input).failure == nil else { throw Failure("a part of it has gone") }
    }

    func line() throws(Failure) -> String {
        var byte: UInt8 = 0
        while true {
            guard read(output, &byte, 1) == 1 else { throw Failure("a part of it has ended early") }
            if byte == UInt8(ascii: "\n") { break }
            heard.append(byte)
        }
        defer { heard.removeAll() }
        return String(decoding: heard, as: UTF8.self)
    }

    // MARK: The end

    /// Ends its input and waits for an end that must be a success.
    func finish() throws(Failure) {
        closeInput()
        guard wait() == 0 else { throw Failure("a part of it has failed") }
    }

    func kill() {
        Glibc.kill(pid, SIGKILL)
        _ = wait()
    }

    private func closeInput() {
        if input >= 0 { close(input) }
        input = -1
    }

    private func wait() -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        isRunning = false
        return status
    }
}
