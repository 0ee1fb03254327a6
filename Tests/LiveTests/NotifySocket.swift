import Foundation
import Glibc
import TestSupport

/// Stands in for systemd: gets what a service tells it (sd_notify(3)).
final class NotifySocket {
    private let descriptor: Int32

    init(_ path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let bound = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard descriptor >= 0, bound == 0 else { throw Failed("no socket at \(path)") }
        var patience = timeval(tv_sec: Int(Conditions.patience), tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    /// The next message of which this holds, in lines; others are passed over.
    func next(where isWanted: ([String]) -> Bool = { _ in true }) throws -> [String] {
        var bytes = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &bytes, bytes.count, 0)
            guard count > 0 else { throw Failed("the service says nothing") }
            let lines = String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n").map(String.init)
            if isWanted(lines) { return lines }
        }
    }
}
