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

extension Endpoint {
    /// One end of a socket, by getsockname or getpeername.
    init?(
        of descriptor: Int32,
        _ ask: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let endpoint = withUnsafeMutablePointer(to: &address) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                ask(descriptor, $0, &length) == 0 ? Endpoint($0) : nil
            }
        }
        guard let endpoint else { return nil }
        self = endpoint
    }

    /// AF_INET or AF_INET6.
    var family: Int32 { address.v4 == nil ? AF_INET6 : AF_INET }

    /// Lends the endpoint in the form that bind and connect take.
    func withSocketAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        if let v4 = address.v4 {
            var form = sockaddr_in()
            form.sin_family = sa_family_t(AF_INET)
            form.sin_port = port.bigEndian
            form.sin_addr.s_addr = v4.bigEndian
            return Self.lend(&form, body)
        }
        var form = sockaddr_in6()
        form.sin6_family = sa_family_t(AF_INET6)
        form.sin6_port = port.bigEndian
        withUnsafeMutableBytes(of: &form.sin6_addr) {
            $0.storeBytes(of: address.high.bigEndian, as: UInt64.self)
            $0.storeBytes(of: address.low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        return Self.lend(&form, body)
    }

    private static func lend<Form, Result>(
        _ form: inout Form, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        withUnsafePointer(to: &form) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<Form>.size)) }
        }
    }
}

extension Manifest.Tuple {
    /// The two ends of a socket that has called connect.
    init?(ofClient descriptor: Int32) {
        guard let local = Endpoint(of: descriptor, getsockname), let remote = Endpoint(of: descriptor, getpeername)
        else { return nil }
        self.init(local: local, remote: remote)
    }
}
