private import CLibbpf

/// What tells the order of two threads' calls on one socket, from under the socket's lock.
///
/// Everybody's sends and receives pass through these hooks, so they are attached only while there may be such threads.
struct OrderHooks {
    private static let names = ["send_begins", "receive_copied"]

    /// Those that this kernel has.
    let programs: [OpaquePointer]
    private var links: [OpaquePointer] = []

    init(_ object: OpaquePointer) {
        programs = Self.names.compactMap { bpf_object__find_program_by_name(object, $0) }
            .filter { bpf_program__autoload($0) }
    }

    var isAttached: Bool { !links.isEmpty }

    /// - Returns: whether the kernel took them all.
    mutating func attach() -> Bool {
        links = programs.compactMap { bpf_program__attach($0) }
        return links.count == programs.count
    }

    mutating func detach() {
        for link in links { bpf_link__destroy(link) }
        links = []
    }
}
