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
        var rest = [UInt8](repeating: 0, count: 4096)
        while recv(witness, &rest, rest.count, Int32(MSG_DONTWAIT)) > 0 {}
        // A goodbye has no answer but a FIN, or a RST, behind which the kernel does not tell whether there was a FIN.
        let received = SocketCounters(witness)?.received
        Self.end(connection)
        var counters = SocketCounters(witness)
        counters?.received = received ?? 0
        shutdown(witness, Int32(SHUT_WR))
        var answer = pollfd(fd: witness, events: Int16(POLLIN), revents: 0)
        poll(&answer, 1, 1000)
        close(witness)
        return counters
    }

    private static func end(_ connection: consuming Connection) {}
}
