import Glibc

/// Why a connect failed, in the words of the kernel's error numbers.
enum ConnectFailure {
    /// - Parameter error: as the kernel has it; 0 where the connecting side gave up.
    static func text(_ error: Int32) -> StaticString {
        switch error {
        case 0: "given up before it was answered"
        case ECONNREFUSED: "connection refused"
        case ETIMEDOUT: "timed out"
        case EHOSTUNREACH: "no route to host"
        case ENETUNREACH: "network unreachable"
        case ECONNRESET: "reset"
        default: "failed"
        }
    }
}
