import Glibc
import Shared

/// The machine behind a container runtime's socket: not the profiler's own, where the runtime has a network of its own.
struct RuntimeHost {
    /// Where /proc has a process in the runtime's own namespaces.
    let process: String
    /// Where /proc has processes in the networks on which it publishes ports.
    private let neighbours: [String]

    init(socket: String) {
        let own = "/proc/self"
        guard let peer = Self.peer(socket), ProcFS.text("/proc/\(peer)/net/fib_trie") != nil else {
            process = own
            neighbours = [own]
            return
        }
        process = "/proc/\(peer)"
        // A rootless Docker lives in a network of its own, and publishes on the machine's.
        let isRootless = ProcFS.link(process + "/ns/user") != ProcFS.link("/proc/self/ns/user")
        neighbours = [process] + (isRootless ? [own] : [])
    }

    /// Why a connection to the socket is not possible; `nil` where it is.
    static func refusal(_ socket: String) -> String? {
        switch connection(socket) {
        case .success(let descriptor):
            close(descriptor)
            return nil
        case .failure(let refusal): return refusal.reason
        }
    }

    /// The addresses on which the runtime publishes ports, without loopback and those of single links, which every
    /// container's end of a bridge has.
    var addresses: [IPAddress] { Self.addresses(neighbours) }

    /// The addresses of a container's network; none where that is the host's.
    /// - Parameter pid: a process in the container.
    func addresses(ofContainer pid: Int32) -> [IPAddress] {
        let container = "/proc/\(pid)"
        guard let network = ProcFS.link(container + "/ns/net"),
            !(neighbours + ["/proc/self"]).contains(where: { ProcFS.link($0 + "/ns/net") == network })
        else { return [] }
        return Self.addresses([container])
    }

    /// Those of the networks that processes are in.
    private static func addresses(_ processes: [String]) -> [IPAddress] {
        let found = processes.flatMap {
            v4(ProcFS.text($0 + "/net/fib_trie") ?? "") + v6(ProcFS.text($0 + "/net/if_inet6") ?? "")
        }
        var addresses: [IPAddress] = []
        for address in found where !address.isLoopback && !address.isLinkLocal && !addresses.contains(address) {
            addresses.append(address)
        }
        return addresses
    }

    /// Of the routing table the entries `/32 host LOCAL`; each stands below its address.
    static func v4(_ table: String) -> [IPAddress] {
        var last: IPAddress?
        var found: [IPAddress] = []
        for line in table.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, words[0] == "|--" {
                last = IPAddress(String(words[1]))
            } else if words == ["/32", "host", "LOCAL"], let last {
                found.append(last)
            }
        }
        return found
    }

    /// Lines of an address in 32 hexadecimal digits, index, prefix's length, scope, flags and interface.
    static func v6(_ table: String) -> [IPAddress] {
        table.split(separator: "\n").compactMap { line in
            guard let digits = line.split(separator: " ").first, digits.utf8.count == 32,
                let high = UInt64(digits.prefix(16), radix: 16), let low = UInt64(digits.suffix(16), radix: 16)
            else { return nil }
            return IPAddress(high: high, low: low)
        }
    }

    // MARK: - The socket

    private struct Refusal: Error { var reason: String }

    /// The process that listens on the socket.
    private static func peer(_ socket: String) -> Int32? {
        guard case .success(let descriptor) = connection(socket) else { return nil }
        defer { close(descriptor) }
        // struct ucred: pid, uid, gid (unix(7)).
        var credentials: [Int32] = [0, 0, 0]
        var size = socklen_t(MemoryLayout<Int32>.stride * credentials.count)
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 else { return nil }
        return credentials[0] > 0 ? credentials[0] : nil
    }

    private static func connection(_ path: String) -> Result<Int32, Refusal> {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            return .failure(Refusal(reason: "the path is too long"))
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return .failure(Refusal(reason: String(cString: strerror(errno)))) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            let reason = String(cString: strerror(errno))
            close(descriptor)
            return .failure(Refusal(reason: reason))
        }
        return .success(descriptor)
    }
}

extension IPAddress {
    /// fe80::/10 (RFC 4291, section 2.5.6).
    fileprivate var isLinkLocal: Bool { high >> 54 == 0xFE80 >> 6 }
}
