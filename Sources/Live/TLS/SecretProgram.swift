private import CLibbpf
import Glibc
import Synchronization

/// The program of the kernel side that takes secrets (bpf/secrets.h), and where it is attached.
///
/// Unchecked: libbpf attaches a program from any thread, and the links are behind a lock.
final class SecretProgram: @unchecked Sendable {
    private static let names = ["session_secret", "session_secret_awake"]

    private let program: OpaquePointer
    private let links = Mutex<[Link]>([])

    private struct Link: @unchecked Sendable {
        let pointer: OpaquePointer
    }

    /// Leaves out of the object what is not used of it; before it is loaded.
    /// - Parameter isWanted: secrets are taken.
    static func choose(in object: OpaquePointer, isWanted: Bool) {
        // Programs that may sleep came with Linux 6.0.
        let major = Requirement.kernelRelease.split(separator: ".").first.flatMap { Int($0) } ?? 0
        let chosen = major >= 6 ? names[0] : names[1]
        for name in names where !isWanted || name != chosen {
            bpf_program__set_autoload(bpf_object__find_program_by_name(object, name), false)
        }
    }

    /// - Parameter object: which holds the program as long as it is used.
    /// - Returns: `nil` where secrets are not taken.
    init?(_ object: OpaquePointer) {
        let programs = Self.names.compactMap { bpf_object__find_program_by_name(object, $0) }
        guard let program = programs.first(where: { bpf_program__autoload($0) }) else { return nil }
        self.program = program
    }

    /// Whether it is one of these programs, which are attached when their place is known.
    static func isOne(_ program: OpaquePointer) -> Bool {
        bpf_program__name(program).map { names.contains(String(cString: $0)) } ?? false
    }

    /// Attaches it, for whatever process runs the file.
    /// - Returns: why that failed.
    func probe(_ path: String, _ function: KeyLogFunction) -> String? {
        var options = bpf_uprobe_opts()
        // libbpf wants its padding to be zero, too.
        memset(&options, 0, MemoryLayout<bpf_uprobe_opts>.size)
        options.sz = MemoryLayout<bpf_uprobe_opts>.size
        options.bpf_cookie = function.cookie
        guard let link = bpf_program__attach_uprobe_opts(program, -1, path, Int(function.offset), &options) else {
            return String(cString: strerror(errno))
        }
        links.withLock { $0.append(Link(pointer: link)) }
        return nil
    }

    func detach() {
        let all = links.withLock { links in
            defer { links = [] }
            return links
        }
        for link in all { bpf_link__destroy(link.pointer) }
    }
}
