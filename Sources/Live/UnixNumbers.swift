import Shared

/// The Unix sockets that the kernel has told of, by the numbers that the tape has for them.
///
/// The kernel's own numbers are places in its memory, which nobody else is to see. A name has one number, whoever listens there;
/// a socket that connected has the one of its place and of who has called connect, which the next one of the same process may get
/// when it is gone, as with ports.
struct UnixNumbers {
    private var servers: [UInt64: UInt64] = [:]
    private var clients: [UInt64: (number: UInt64, pid: Int32)] = [:]
    private var names: [[UInt8]: (number: UInt64, pid: Int32)] = [:]
    private var last: UInt64 = 0

    /// With more of them all begin anew.
    private static let most = 1 << 16

    /// One end, as the kernel has it.
    struct End {
        var place: UInt64
        /// Who has called listen, or connect; 0 where that is not known.
        var pid: Int32
    }

    /// - Parameters:
    ///   - name: as sun_path has it.
    ///   - process: finds who has a pid.
    /// - Returns: what the tape has to be told.
    mutating func take(
        _ name: [UInt8], server: End, client: End, process: (Int32) -> ProcessKey?
    ) -> [UnixSocket] {
        if servers.count + clients.count + names.count > Self.most { (servers, clients, names) = ([:], [:], [:]) }
        var news: [UnixSocket?] = []
        let known = names[name]
        let number = known?.number ?? next()
        servers[server.place] = number
        if known?.pid != server.pid {
            names[name] = (number, server.pid)
            let owner = server.pid == 0 ? nil : process(server.pid)
            news.append(UnixSocket(number: number, name: Self.name(name), process: owner))
        }
        if clients[client.place]?.pid != client.pid {
            let number = next()
            clients[client.place] = (number, client.pid)
            let owner = client.pid == 0 ? nil : process(client.pid)
            news.append(UnixSocket(number: number, name: .unnamed, process: owner))
        }
        return news.compactMap { $0 }
    }

    private mutating func next() -> UInt64 {
        last += 1
        return last
    }

    /// The end that connected, from the kernel's number of it.
    func client(_ place: UInt64) -> Endpoint { Endpoint(unix: clients[place]?.number ?? 0) }

    func server(_ place: UInt64) -> Endpoint { Endpoint(unix: servers[place] ?? 0) }

    /// A path has a zero byte at its end, if there was room; an abstract name has one in front.
    private static func name(_ bytes: [UInt8]) -> UnixSocket.Name {
        guard let first = bytes.first else { return .unnamed }
        return first == 0 ? .abstract(Array(bytes.dropFirst())) : .path(Array(bytes.prefix { $0 != 0 }))
    }
}
