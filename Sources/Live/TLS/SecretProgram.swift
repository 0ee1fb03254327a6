private import CLibbpf
import Glibc
import Synchronization

/// The program of the kernel side that takes secrets (bpf/secrets.h), and where it is attached.
///
/// Unchecked: the program's pointer is only read, and libbpf attaches from any thread.
final class SecretProgram: @unchecked Sendable {
    private static let names = ["session_secret", "session_secret_awake"]

    private let program: OpaquePointer
    private let links = Mutex<[Link]>([])

    private enum Link: @unchecked Sendable {
        case descriptor(Int32)
        case perf(OpaquePointer)
    }

    /// Leaves out of the object what is not used of it; before it is loaded.
    /// - Parameter isWanted: secrets are taken.
    static func choose(in object: OpaquePointer, isWanted: Bool) {
        let programs = names.compactMap { bpf_object__find_program_by_name(object, $0) }
        // Programs that may sleep came with Linux 6.0.
        let chosen = Requirement.isKernel(6, 0) ? programs.first : programs.last
        for program in programs where !isWanted || program != chosen { bpf_program__set_autoload(program, false) }
        if hasLinks, let chosen {
            bpf_program__set_expected_attach_type(chosen, bpf_attach_type(UInt32(TAPEDECK_UPROBE_MULTI)))
        }
    }

    /// Links of its own kind came with Linux 6.6.
    private static var hasLinks: Bool { Requirement.isKernel(6, 6) }

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
        guard let link = link(path, function) else { return String(cString: strerror(errno)) }
        links.withLock { $0.append(link) }
        return nil
    }

    private func link(_ path: String, _ function: KeyLogFunction) -> Link? {
        if Self.hasLinks {
            let link = tapedeck_attach_uprobe(bpf_program__fd(program), path, function.offset, function.cookie)
            return link < 0 ? nil : .descriptor(link)
        }
        var options = bpf_uprobe_opts()
        // libbpf wants its padding to be zero, too.
        memset(&options, 0, MemoryLayout<bpf_uprobe_opts>.size)
        options.sz = MemoryLayout<bpf_uprobe_opts>.size
        options.bpf_cookie = function.cookie
        return bpf_program__attach_uprobe_opts(program, -1, path, Int(function.offset), &options).map { .perf($0) }
    }

    func detach() {
        let all = links.withLock { links in
            defer { links = [] }
            return links
        }
        for link in all {
            switch link {
            case .descriptor(let descriptor): close(descriptor)
            case .perf(let link): bpf_link__destroy(link)
            }
        }
    }
}
