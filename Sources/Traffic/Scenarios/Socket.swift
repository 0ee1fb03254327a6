import Console
import Glibc
import Shared

/// A TCP socket that counts the bytes of its stream, and that is closed when its owner lets go of it.
///
/// A call is one system call, as far as the kernel lets it: how bytes are cut is what scenarios are about.
struct Socket: ~Copyable {
    private(set) var descriptor: Int32
    /// Bytes that the kernel took, and gave.
    private(set) var sent: UInt64 = 0
    private(set) var received: UInt64 = 0

    /// Seconds that the other side may take before the scenario has failed.
    private static let patience = 30

    /// - Parameter descriptor: a connected socket, whose owner this becomes.
    init(adopting descriptor: Int32) {
        self.descriptor = descriptor
        var patience = timeval(tv_sec: Self.patience, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
        }
        // A write is a segment.
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Connects.
    /// - Parameter local: where from; else the kernel chooses.
    init(to remote: Endpoint, from local: Endpoint? = nil) throws(Failure) {
        try self.init(adopting: Self.connect(to: remote, from: local))
    }

    private static func connect(to remote: Endpoint, from local: Endpoint?) throws(Failure) -> Int32 {
        let descriptor = socket(remote.family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Failure("socket: \(reason)") }
        if let local {
            var on: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
            guard local.withSocketAddress({ bind(descriptor, $0, $1) }) == 0 else {
                throw Failure("bind \(local): \(reason)")
            }
        }
        guard remote.withSocketAddress({ Glibc.connect(descriptor, $0, $1) }) == 0 else {
            throw Failure("connect \(remote): \(reason)")
        }
        return descriptor
    }

    deinit { if descriptor >= 0 { Glibc.close(descriptor) } }

    static var reason: String { String(cString: strerror(errno)) }

    // MARK: Sending

    /// - Parameter most: bytes of one write; 64 KiB are what the profiler captures of a call at the most.
    mutating func send(_ bytes: [UInt8], atOnce most: Int = 64 << 10) throws(Failure) {
        if let reason = Writing(bytes.span.bytes, to: descriptor, atOnce: most).reason {
            throw Failure("write: \(reason)")
        }
        sent += UInt64(bytes.count)
    }

    /// Sends parts of one buffer by one writev.
    /// - Parameter ends: where the parts end; the last at the end of the bytes.
    mutating func send(_ bytes: [UInt8], endingAt ends: [Int]) throws(Failure) {
        let count = bytes.withUnsafeBytes { buffer in
            var start = 0
            let vector = ends.map { end in
                defer { start = end }
                return iovec(
                    iov_base: buffer.baseAddress.map { UnsafeMutableRawPointer(mutating: $0 + start) },
                    iov_len: end - start)
            }
            return writev(descriptor, vector, Int32(vector.count))
        }
        guard count >= 0 else { throw Failure("writev: \(Self.reason)") }
        sent += UInt64(count)
        guard count == bytes.count else { throw Failure("writev took \(count) bytes of \(bytes.count)") }
    }

    // MARK: Receiving

    /// Appends what one read gives.
    /// - Returns: how many bytes; 0 where the other side has ended its stream.
    mutating func receive(atMost most: Int, into bytes: inout [UInt8]) throws(Failure) -> Int {
        let count = read(most, into: &bytes)
        guard count >= 0 else { throw Failure("read: \(Self.reason)") }
        return count
    }

    /// Waits for the end of the other side's stream, before which nothing more may come.
    mutating func awaitEnd() throws(Failure) -> Manifest.End {
        var rest: [UInt8] = []
        let count = read(1, into: &rest)
        if count == 0 { return .orderly }
        if count < 0, errno == ECONNRESET { return .reset }
        throw Failure(count < 0 ? "read: \(Self.reason)" : "a byte came where the stream should have ended")
    }

    private mutating func read(_ most: Int, into bytes: inout [UInt8]) -> Int {
        let count = withUnsafeTemporaryAllocation(byteCount: most, alignment: 1) { buffer in
            let count = Glibc.read(descriptor, buffer.baseAddress, most)
            if count > 0 { bytes.append(contentsOf: buffer.prefix(count)) }
            return count
        }
        received += UInt64(max(count, 0))
        return count
    }

    // MARK: Ending

    /// Sends no more; receives on.
    func shutDown() throws(Failure) {
        guard shutdown(descriptor, Int32(SHUT_WR)) == 0 else { throw Failure("shutdown: \(Self.reason)") }
    }

    mutating func close() {
        Glibc.close(descriptor)
        descriptor = -1
    }

    /// Closes by a reset: lingers for no time (socket(7)).
    mutating func reset() throws(Failure) {
        var none = linger(l_onoff: 1, l_linger: 0)
        guard setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &none, socklen_t(MemoryLayout<linger>.size)) == 0 else {
            throw Failure("setsockopt SO_LINGER: \(Self.reason)")
        }
        close()
    }
}

/// A socket that takes connections, for as long as the process lives.
struct Listener: Sendable {
    private let descriptor: Int32
    let endpoint: Endpoint

    /// - Parameter address: where to listen, on a port of the kernel's choice.
    init(on address: IPAddress) throws(Failure) {
        let wanted = Endpoint(address, 0)
        descriptor = socket(wanted.family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0, wanted.withSocketAddress({ [descriptor] in bind(descriptor, $0, $1) }) == 0,
            listen(descriptor, SOMAXCONN) == 0, let endpoint = Endpoint(of: descriptor, getsockname)
        else { throw Failure("can't listen on \(wanted): \(Socket.reason)") }
        self.endpoint = endpoint
    }

    /// - Returns: a descriptor that the caller has to close.
    func accept() throws(Failure) -> Int32 {
        let accepted = Glibc.accept(descriptor, nil, nil)
        guard accepted >= 0 else { throw Failure("accept: \(Socket.reason)") }
        return accepted
    }
}
