import Glibc
import Shared

extension Endpoint {
    /// - Returns: `nil` where the address is none of IPv4 or IPv6.
    init?(_ address: UnsafePointer<sockaddr>) {
        let raw = UnsafeRawPointer(address)
        switch Int32(address.pointee.sa_family) {
        case AF_INET:
            let v4 = raw.loadUnaligned(as: sockaddr_in.self)
            self.init(IPAddress(v4: UInt32(bigEndian: v4.sin_addr.s_addr)), UInt16(bigEndian: v4.sin_port))
        case AF_INET6:
            let v6 = raw.loadUnaligned(as: sockaddr_in6.self)
            let (high, low) = withUnsafeBytes(of: v6.sin6_addr) {
                ($0.loadUnaligned(as: UInt64.self), $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            }
            self.init(
                IPAddress(high: UInt64(bigEndian: high), low: UInt64(bigEndian: low)), UInt16(bigEndian: v6.sin6_port))
        default: return nil
        }
    }
}

extension Manifest.Tuple {
    /// The two ends of a socket that has called connect.
    init?(ofClient descriptor: Int32) {
        guard let local = Self.endpoint(descriptor, getsockname), let remote = Self.endpoint(descriptor, getpeername)
        else { return nil }
        self.init(local: local, remote: remote)
    }

    private static func endpoint(
        _ descriptor: Int32, _ ask: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> Endpoint? {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &address) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                ask(descriptor, $0, &length) == 0 ? Endpoint($0) : nil
            }
        }
    }
}
