import Glibc

/// A right that capturing uses, and what is missing without it (capabilities(7)).
enum Capability: UInt64, CaseIterable {
    case dacReadSearch = 2
    case sysPtrace = 19
    case sysAdmin = 21
    case perfmon = 38
    case bpf = 39

    /// What the profiler needs each for; `sysAdmin` stands for `perfmon` and `bpf` on its own.
    static let used: [Capability] = [.bpf, .perfmon, .sysPtrace, .dacReadSearch]

    var name: String {
        switch self {
        case .dacReadSearch: "CAP_DAC_READ_SEARCH"
        case .sysPtrace: "CAP_SYS_PTRACE"
        case .sysAdmin: "CAP_SYS_ADMIN"
        case .perfmon: "CAP_PERFMON"
        case .bpf: "CAP_BPF"
        }
    }

    var purpose: String {
        switch self {
        case .dacReadSearch, .sysPtrace: "reads the environments of other users' processes that run already"
        case .sysAdmin: "loads and attaches programs"
        case .perfmon: "attaches programs that read what other processes send"
        case .bpf: "loads programs into the kernel"
        }
    }

    /// What is not possible without it, and what to do.
    var consequence: String {
        switch self {
        case .dacReadSearch, .sysPtrace:
            "processes of other users that run already are not profiled; start them after the profiler, or run it with sudo"
        case .sysAdmin, .perfmon, .bpf: "live capture is not possible; run it as root, with sudo"
        }
    }

    /// Whether capturing is possible at all without it.
    var isRequired: Bool {
        switch self {
        case .sysAdmin, .perfmon, .bpf: true
        case .dacReadSearch, .sysPtrace: false
        }
    }

    /// Whether this process has it, or what stands for it.
    var isHeld: Bool {
        let held = Self.effective
        if held & 1 << rawValue != 0 { return true }
        return isRequired && held & 1 << Self.sysAdmin.rawValue != 0
    }

    /// The effective capabilities of this process, by their numbers.
    private static var effective: UInt64 {
        guard let status = ProcFS.text("/proc/self/status"),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("CapEff:") }),
            let held = UInt64(line.drop { $0 != "\t" }.drop { $0 == "\t" }, radix: 16)
        else { return geteuid() == 0 ? .max : 0 }
        return held
    }
}
