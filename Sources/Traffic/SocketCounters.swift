import Glibc

/// What the kernel has counted of a TCP connection (TCP_INFO), so that the bytes of client libraries are known exactly.
struct SocketCounters {
    /// Payload bytes that were given to the socket, each once.
    var sent: UInt64
    /// Payload bytes that came in order, read or not.
    var received: UInt64
    /// The other side has reset the connection.
    var isReset: Bool
    /// The kernel has nothing more to do for it.
    let isClosed: Bool
    /// Neither side has ended it.
    var isOpen: Bool

    /// - Returns: `nil` where the descriptor is no TCP socket.
    init?(_ descriptor: Int32) {
        // As long as `struct tcp_info` of linux/tcp.h is, up to tcpi_bytes_retrans (Linux 4.19); glibc's ends before.
        var info = [UInt8](repeating: 0, count: 216)
        var length = socklen_t(info.count)
        guard getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_INFO, &info, &length) == 0, length == info.count else {
            return nil
        }
        func value<T: BitwiseCopyable>(_ offset: Int, _ type: T.Type) -> T {
            info.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: T.self) }
        }
        let state = info[0]
        isClosed = state == Self.closed
        isReset = isClosed
        isOpen = state == Self.established
        let (unsent, all, again) = (value(144, UInt32.self), value(200, UInt64.self), value(208, UInt64.self))
        sent = all &- again &+ UInt64(unsent)
        // A FIN counts as one byte.
        received = value(128, UInt64.self) &- (Self.finReceived.contains(state) ? 1 : 0)
    }

    var end: Manifest.End { isReset ? .reset : .orderly }

    /// TCP_ESTABLISHED of the kernel's net/tcp_states.h.
    private static let established: UInt8 = 1
    /// TCP_CLOSE: who has not closed it himself was reset.
    private static let closed: UInt8 = 7
    /// TCP_TIME_WAIT, TCP_CLOSE_WAIT, TCP_LAST_ACK, TCP_CLOSING.
    private static let finReceived: [UInt8] = [6, 8, 9, 11]
}
