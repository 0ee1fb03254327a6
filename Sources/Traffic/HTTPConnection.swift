import Digest
import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOSSL
import Shared

/// A connection to an HTTP or HTTPS server; requests go one after the other.
struct HTTPConnection: Sendable {
    private let connection: MeteredConnection
    private let authority: String
    /// Of HTTP/2: what opens a stream for each request, and the bytes of all their messages.
    private let streams: (open: NIOHTTP2Handler.StreamMultiplexer, counts: WireCounts, isEncrypted: Bool)?

    var tuple: Manifest.Tuple { connection.tuple }

    /// Waits for the connection; not on a thread of the group.
    /// - Parameters:
    ///   - tls: `nil` for HTTP.
    ///   - isHTTP2: it is spoken with prior knowledge.
    init(host: String, port: Int, tls: NIOSSLContext?, isHTTP2: Bool, _ group: any EventLoopGroup) throws {
        authority = MeteredConnection.authority(host, port)
        guard isHTTP2 else {
            connection = try MeteredConnection(host: host, port: port, tls: tls, group) { channel, counts in
                try channel.pipeline.syncOperations.addHTTPClientHandlers(leftOverBytesStrategy: .dropBytes)
                try channel.pipeline.syncOperations.addHandler(HTTPCaller(counts))
            }
            streams = nil
            return
        }
        let messages = WireCounts()
        connection = try MeteredConnection(host: host, port: port, tls: tls, group) { channel, _ in
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(FrameMeter(messages))
            _ = try pipeline.configureHTTP2Pipeline(
                mode: .client, connectionConfiguration: .init(), streamConfiguration: .init()
            ) { pushed in pushed.close() }
        }
        let handler = connection.channel.pipeline.handler(type: NIOHTTP2Handler.self)
        streams = (try handler.flatMap { $0.multiplexer }.wait(), messages, tls != nil)
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
            request: request, authority: authority,
            answer: connection.channel.eventLoop.makePromise(of: Outcome.self))
        // Where the connection is gone, the call does not even reach its handler.
        channel().flatMap { $0.writeAndFlush(call) }.whenFailure { call.answer.fail($0) }
        do { return try call.answer.futureResult.wait() } catch {
            let nothing = Manifest.Message(wireBytes: 0, body: BodyDigest(of: [UInt8]().span.bytes))
            let exchange = Manifest.Exchange(method: request.method, path: request.path, request: nothing)
            return Outcome(exchange: exchange, isReusable: false, failure: "\(error)")
        }
    }

    /// What takes the next call.
    private func channel() -> EventLoopFuture<any NIOCore.Channel> {
        guard let streams else { return connection.channel.eventLoop.makeSucceededFuture(connection.channel) }
        let (counts, isEncrypted) = (streams.counts, streams.isEncrypted)
        return streams.open.createStreamChannel { stream in
            stream.eventLoop.makeCompletedFuture {
                let codec = HTTP2FramePayloadToHTTP1ClientCodec(httpProtocol: isEncrypted ? .https : .http)
                try stream.pipeline.syncOperations.addHandler(codec)
                try stream.pipeline.syncOperations.addHandler(HTTPCaller(counts))
            }
        }
    }

    /// Closes, and returns when the server has closed, too, or does not within a second.
    /// - Returns: what the connection has carried.
    func close() -> (sent: UInt64, received: UInt64, end: Manifest.End) { connection.close() }
}
