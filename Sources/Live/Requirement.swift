import Glibc

/// What a machine must have for live capture.
enum Requirement: CaseIterable {
    case kernel
    case types
    case rights
    case processNamespace

    /// The oldest kernel: bpf_loop came with 5.17.
    static let oldestKernel = (major: 5, minor: 17)

    var title: String {
        switch self {
        case .kernel: "Linux \(Self.oldestKernel.major).\(Self.oldestKernel.minor) or newer (bpf_loop)"
        case .types: "the kernel's type information (BTF)"
        case .rights: "the right to load BPF programs"
        case .processNamespace: "the machine's own process namespace"
        }
    }

    /// Why it isn't met, and what to do; `nil` where it is.
    func complaint() -> String? {
        switch self {
        case .kernel:
            return Self.isKernel(Self.oldestKernel.major, Self.oldestKernel.minor)
                ? nil : "this kernel is Linux \(Self.kernelRelease); live capture needs \(title): run a newer kernel"
        case .types:
            return access("/sys/kernel/btf/vmlinux", R_OK) == 0
                ? nil
                : "this kernel has no type information (/sys/kernel/btf/vmlinux); use one built with CONFIG_DEBUG_INFO_BTF=y"
        case .rights:
            let missing = Capability.used.filter { $0.isRequired && !$0.isHeld }.map(\.name)
            return missing.isEmpty
                ? nil : "live capture needs root, or \(missing.joined(separator: " and ")); run it with sudo"
        case .processNamespace:
            // PROC_PID_INIT_INO, include/linux/proc_ns.h: the first process namespace always has this number.
            guard let link = ProcFS.link("/proc/self/ns/pid") else { return "/proc is not mounted; mount it" }
            return link == "pid:[4026531836]"
                ? nil
                : "this is a process namespace of its own; run the profiler outside of the container, or with --pid=host"
        }
    }

    /// Whether the kernel is of this version or a newer one, as far as it says.
    static func isKernel(_ major: Int, _ minor: Int) -> Bool {
        let numbers = kernelRelease.split(whereSeparator: { !$0.isNumber }).prefix(2).compactMap { Int($0) }
        return numbers.count < 2 || (numbers[0], numbers[1]) >= (major, minor)
    }

    static var kernelRelease: String {
        var name = utsname()
        uname(&name)
        return withUnsafeBytes(of: &name.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
