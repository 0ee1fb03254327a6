import Console
import Glibc
import Shared

/// A connection that a client library owns, and a witness of its socket.
///
/// A second descriptor keeps the socket while the library says goodbye on the first and closes it, so that the kernel's
/// counters have these bytes, too.
struct Watched<Connection: ~Copyable>: ~Copyable {
    let connection: Connection
    /// `nil` where it is no TCP connection: nothing of it is on a network.
    let tuple: Manifest.Tuple?
    private let witness: Int32

    init(_ connection: consuming Connection, descriptor: Int32) {
        self.connection = connection
        tuple = Manifest.Tuple(ofClient: descriptor)
        witness = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
    }

    /// What it has carried so far; `nil` where it is no TCP connection.
    var counters: SocketCounters? { SocketCounters(witness) }

    /// Neither side has ended it.
    var isOpen: Bool { counters?.isOpen != false }

    /// Ends the connection, and returns when the other side has ended it, too, or does not within a second.
    /// - Returns: what it has carried.
    consuming func end() -> SocketCounters? {
        let witness = witness
        // What the server said last and nobody has read: closing would answer it with a RST.
        _ = Self.read(witness)
        // Behind a RST the kernel does not tell whether there was a FIN: what answers a goodbye is counted as it is read.
        let before = SocketCounters(witness)?.received ?? 0
        Self.end(connection)
        var counters = SocketCounters(witness)
        shutdown(witness, Int32(SHUT_WR))
        // In the clear it is the end alone; within TLS the server says goodbye, too, and PostgreSQL's then resets.
        var answered: UInt64 = 0
        let deadline = Clock.elapsed + .seconds(1)
        reading: while Clock.elapsed < deadline {
            var answer = pollfd(fd: witness, events: Int16(POLLIN), revents: 0)
            poll(&answer, 1, 1000)
            let (count, end) = Self.read(witness)
            answered &+= count
            switch end {
            case .none: continue
            case .reset: counters?.isReset = true
            // What was sent behind the server's end is answered by a RST.
            case .orderly: if Self.isResetAtLast(witness, by: deadline) { counters?.isReset = true }
            case .refused, .died: break
            }
            break reading
        }
        counters?.received = before &+ answered
        close(witness)
        return counters
    }

    /// Waits until the kernel is done with a connection that both sides have ended.
    /// - Returns: whether it was by a RST.
    private static func isResetAtLast(_ descriptor: Int32, by deadline: Duration) -> Bool {
        while let state = SocketCounters(descriptor), !state.isClosed, Clock.elapsed < deadline { usleep(200) }
        var (error, length) = (Int32(0), socklen_t(MemoryLayout<Int32>.size))
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error != 0
    }

    /// Takes what has come.
    /// - Returns: how many bytes, and how the connection has ended, if it has.
    private static func read(_ descriptor: Int32) -> (count: UInt64, end: Manifest.End?) {
        var (rest, count) = ([UInt8](repeating: 0, count: 4096), UInt64(0))
        while true {
            switch recv(descriptor, &rest, rest.count, Int32(MSG_DONTWAIT)) {
            case 0: return (count, .orderly)
            case let more where more > 0: count &+= UInt64(more)
            default:
                switch errno {
                case EINTR: continue
                case EAGAIN: return (count, nil)
                default: return (count, .reset)
                }
            }
        }
    }

    private static func end(_ connection: consuming Connection) {}
}
