/// What an endpoint of the kind `unix` stands for.
///
/// A fact beside the connections, as `listening` is: the name of a server is told once and not with each connection to it.
/// What is told later of the same number counts from then on.
package struct UnixSocket: Equatable, Sendable {
    /// The endpoint's number (`Endpoint.unixNumber`).
    package private(set) var number: UInt64
    package let name: Name
    /// Who owns the socket, as the kernel tells its peers (SO_PEERCRED: who called listen or connect).
    ///
    /// It need not be profiled; `nil` where it is not known.
    package private(set) var process: ProcessKey?

    /// What it is bound to (unix(7), "Address format").
    package enum Name: Equatable, Sendable {
        /// To nothing: who connects seldom has a name.
        case unnamed
        /// A path in the file system, as `bind` was given it, and so perhaps relative: any bytes but zero, at least one.
        case path([UInt8])
        /// A name in the network namespace, without the zero byte that sets it apart from a path: any bytes.
        case abstract([UInt8])
    }

    /// Bytes of a name: `sun_path` holds no more.
    static let nameBytes = 108

    /// The same fact on a tape that numbers sockets from elsewhere on, and has other keys of processes.
    package func moved(by base: UInt64, _ key: (ProcessKey) -> ProcessKey) -> UnixSocket {
        var socket = self
        socket.number = number &+ base
        socket.process = process.map(key)
        return socket
    }

    /// - Returns: `nil` where no socket can have such a name.
    package init?(number: UInt64, name: Name, process: ProcessKey? = nil) {
        switch name {
        case .unnamed: break
        case .path(let bytes):
            guard !bytes.isEmpty, bytes.count <= Self.nameBytes, !bytes.contains(0) else { return nil }
        case .abstract(let bytes): guard bytes.count < Self.nameBytes else { return nil }
        }
        self.number = number
        self.name = name
        self.process = process
    }
}
