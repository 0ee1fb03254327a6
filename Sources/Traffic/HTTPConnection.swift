import Digest
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Shared
import Synchronization

/// A connection to an HTTP or HTTPS server that counts its bytes; requests go one after the other.
struct HTTPConnection: Sendable {
    let tuple: Manifest.Tuple
    private let channel: any NIOCore.Channel
    /// Of the connection, as TCP has them.
    private let counts: WireCounts
    /// What the Host field says.
    private let authority: String

    /// Waits for the connection; not on a thread of the group.
    /// - Parameter tls: `nil` for HTTP.
    init(host: String, port: Int, tls: NIOSSLContext?, _ group: any EventLoopGroup) throws {
        authority = (host.contains(":") ? "[\(host)]" : host) + ":\(port)"
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
                    try pipeline.addHTTPClientHandlers(leftOverBytesStrategy: .dropBytes)
                    try pipeline.addHandler(HTTPCaller(plain))
                }
            }
        channel = try bootstrap.connect(host: host, port: port).wait()
        guard let local = Endpoint(channel.localAddress), let remote = Endpoint(channel.remoteAddress) else {
            channel.close(promise: nil)
            throw ChannelError.unknownLocalAddress
        }
        tuple = Manifest.Tuple(local: local, remote: remote)
    }

    /// What came of a request.
    struct Outcome: Sendable {
        var exchange: Manifest.Exchange
        /// The connection can take another request.
        var isReusable: Bool
        /// Why there is no response, or not a whole one.
        var failure: String?
    }

    /// Sends a request and waits for its answer.
    func send(_ request: HTTPRequest) -> Outcome {
        let call = HTTPCall(
            request: request, authority: authority, answer: channel.eventLoop.makePromise(of: Outcome.self))
        // Where the connection is gone, the call does not even reach its handler.
        channel.writeAndFlush(call).whenFailure { call.answer.fail($0) }
        do { return try call.answer.futureResult.wait() } catch {
            let nothing = Manifest.Message(wireBytes: 0, body: BodyDigest(of: [UInt8]().span.bytes))
            let exchange = Manifest.Exchange(method: request.method, path: request.path, request: nothing)
            return Outcome(exchange: exchange, isReusable: false, failure: "\(error)")
        }
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
