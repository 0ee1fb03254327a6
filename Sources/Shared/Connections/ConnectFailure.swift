import Glibc

/// Why a connect failed, by the kernel's error numbers.
package enum ConnectFailure: UInt8, Sendable, CaseIterable {
    case givenUp, refused, timedOut, noRoute, networkUnreachable, reset, other

    /// - Parameter error: as the kernel has it; 0 where the connecting side gave up.
    init(error: Int32) {
        self =
            switch error {
            case 0: .givenUp
            case ECONNREFUSED: .refused
            case ETIMEDOUT: .timedOut
            case EHOSTUNREACH: .noRoute
            case ENETUNREACH: .networkUnreachable
            case ECONNRESET: .reset
            default: .other
            }
    }

    /// In the words of the kernel's error numbers.
    var text: StaticString {
        switch self {
        case .givenUp: "given up before it was answered"
        case .refused: "connection refused"
        case .timedOut: "timed out"
        case .noRoute: "no route to host"
        case .networkUnreachable: "network unreachable"
        case .reset: "reset"
        case .other: "failed"
        }
    }
}
