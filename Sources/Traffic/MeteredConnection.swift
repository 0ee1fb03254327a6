import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import Shared
import Synchronization

/// A connection over TCP, or over TLS, that counts its bytes.
struct MeteredConnection: Sendable {
    let tuple: Manifest.Tuple
    let channel: any NIOCore.Channel
    /// As TCP has them.
    private let counts: WireCounts

    /// Waits for the connection; not on a thread of the group.
    /// - Parameters:
    ///   - tls: `nil` for none.
    ///   - setUp: adds the handlers of what is spoken; is given the counts of its bytes.
    init(
        host: String, port: Int, tls: NIOSSLContext?, _ group: any EventLoopGroup,
        _ setUp: @escaping @Sendable (any NIOCore.Channel, WireCounts) throws -> Void
    ) throws {
        let counts = WireCounts()
        self.counts = counts
        // Messages are counted as HTTP has them.
        let plain = tls == nil ? counts : WireCounts()
        // An address is no name (RFC 6066, section 3).
        let serverName = (try? SocketAddress(ipAddress: host, port: port)) == nil ? host : nil
        let bootstrap = ClientBootstrap(group: group)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connectTimeout(.seconds(5))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(WireMeter(counts))
                    if let tls {
                        try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: serverName))
                        try pipeline.addHandler(WireMeter(plain))
                    }
                    try setUp(channel, plain)
                }
            }
        channel = try bootstrap.connect(host: host, port: port).wait()
        guard let local = Endpoint(channel.localAddress), let remote = Endpoint(channel.remoteAddress) else {
            channel.close(promise: nil)
            throw ChannelError.unknownLocalAddress
        }
        tuple = Manifest.Tuple(local: local, remote: remote)
    }

    /// What the Host field says.
    static func authority(_ host: String, _ port: Int) -> String {
        (host.contains(":") ? "[\(host)]" : host) + ":\(port)"
    }

    /// Why connecting failed, in a few words.
    static func reason(_ error: any Error) -> String {
        guard let failure = error as? NIOConnectionError else { return "\(error)" }
        if let last = failure.connectionErrors.last {
            return (last.error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(last.error)"
        }
        return "no address of \(failure.host) is known"
    }

    /// Closes, and returns when the server has closed, too, or does not within a second.
    /// - Returns: what the connection has carried.
    func close() -> (sent: UInt64, received: UInt64, end: Manifest.End) {
        let limit = channel.eventLoop.scheduleTask(in: .seconds(1)) { [channel] in channel.close(promise: nil) }
        // What fails here was closed already.
        channel.close(mode: .output, promise: nil)
        try? channel.closeFuture.wait()
        limit.cancel()
        return (
            counts.sent.load(ordering: .relaxed), counts.received.load(ordering: .relaxed),
            counts.isReset.load(ordering: .relaxed) ? .reset : .orderly
        )
    }
}

extension Endpoint {
    /// - Returns: `nil` where the address is none of IPv4 or IPv6.
    init?(_ address: SocketAddress?) {
        guard let endpoint = address?.withSockAddr({ pointer, _ in Endpoint(pointer) }) else { return nil }
        self = endpoint
    }
}
