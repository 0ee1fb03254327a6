import Glibc

/// The address of a Unix socket (unix(7)): a path, or, where it begins with `@`, a name in no folder.
struct UnixAddress {
    private var address = sockaddr_un()
    private let length: socklen_t
    let isAbstract: Bool

    /// `nil` where the name is empty or longer than there is room for.
    init?(_ name: String) {
        let bytes = Array(name.utf8)
        guard !bytes.isEmpty, bytes.count < MemoryLayout.size(ofValue: address.sun_path), !bytes.contains(0) else {
            return nil
        }
        isAbstract = bytes[0] == UInt8(ascii: "@")
        // An abstract name has no zero at its end; where it begins is one.
        length = socklen_t(MemoryLayout.offset(of: \sockaddr_un.sun_path)! + bytes.count + (isAbstract ? 0 : 1))
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        if isAbstract { address.sun_path.0 = 0 }
    }

    /// Lends the address to a call such as bind(2).
    func lend<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }
}
