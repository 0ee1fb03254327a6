import Hummingbird
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// One request on a connection of its own.
struct HTTPGet {
    let host: String
    let port: UInt16
    let path: String
    let fields: [(String, String)]
    /// `nil`: the request goes over HTTP.
    let tls: NIOSSLContext?

    /// Bytes of a body that are taken.
    private static let bodyLimit = 1 << 20

    struct NoAnswer: Error {}

    func run(timeout: Duration) async throws -> (status: Int, body: ByteBuffer) {
        let limit = TimeAmount(timeout)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(limit)
            .connect(host: host, port: Int(port)) { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        let handler = try NIOSSLClientHandler(context: tls, serverHostname: serverName)
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    return try NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>(
                        wrappingChannelSynchronously: channel)
                }
            }
        let deadline = channel.channel.eventLoop.scheduleTask(in: limit) { channel.channel.close(promise: nil) }
        defer { deadline.cancel() }
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(.head(head))
            try await outbound.write(.end(nil))
            var answer: (status: Int, body: ByteBuffer)?
            for try await part in inbound {
                switch part {
                case .head(let head): answer = (Int(head.status.code), ByteBuffer())
                case .body(var bytes):
                    guard let length = answer?.body.readableBytes, length + bytes.readableBytes <= Self.bodyLimit else {
                        throw NoAnswer()
                    }
                    answer?.body.writeBuffer(&bytes)
                case .end:
                    guard let answer else { throw NoAnswer() }
                    return answer
                }
            }
            throw NoAnswer()
        }
    }

    /// What TLS calls the server by: an address is no name (RFC 6066, section 3).
    private var serverName: String? { (try? SocketAddress(ipAddress: host, port: 0)) == nil ? host : nil }

    private var head: HTTPRequestHead {
        var headers = HTTPHeaders(fields)
        headers.add(name: "host", value: "\(host):\(port)")
        headers.add(name: "accept", value: "application/json")
        headers.add(name: "connection", value: "close")
        return HTTPRequestHead(version: .http1_1, method: .GET, uri: path, headers: headers)
    }
}
