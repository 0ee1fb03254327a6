import Digest
import NIOCore
import NIOHTTP1
import NIOSSL
import NIOWebSocket
import Shared
import Synchronization

/// A WebSocket of the demo server, which answers each message with one.
struct WebSocketSession: Sendable {
    static let path = "/ws"
    private let connection: MeteredConnection
    /// The request that opened it, and its answer.
    let handshake: Manifest.Exchange

    private struct HandshakeBytes: Sendable {
        var sent: UInt64
        var received: UInt64
    }

    var tuple: Manifest.Tuple { connection.tuple }

    /// Waits until it is open; not on a thread of the group.
    init(host: String, port: Int, tls: NIOSSLContext?, _ group: any EventLoopGroup) throws {
        let opened = group.next().makePromise(of: HandshakeBytes.self)
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: Self.path)
        head.headers = ["Host": MeteredConnection.authority(host, port), "User-Agent": "tapedeck-traffic"]
        do {
            connection = try MeteredConnection(host: host, port: port, tls: tls, group) { [head] channel, counts in
                let upgrader = NIOTypedWebSocketClientUpgrader(maxFrameSize: WebSocketCaller.longest) { channel, _ in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(WebSocketCaller())
                        // Until it is asked, the server says nothing more.
                        return HandshakeBytes(
                            sent: counts.sent.load(ordering: .relaxed),
                            received: counts.received.load(ordering: .relaxed))
                    }
                }
                let upgrade = NIOTypedHTTPClientUpgradeConfiguration(
                    upgradeRequestHead: head, upgraders: [upgrader],
                    notUpgradingCompletionHandler: { channel in
                        channel.eventLoop.makeFailedFuture(WebSocketRefused())
                    })
                let pipeline = channel.pipeline.syncOperations
                try pipeline.configureUpgradableHTTPClientPipeline(
                    configuration: NIOUpgradableHTTPClientPipelineConfiguration(upgradeConfiguration: upgrade)
                ).cascade(to: opened)
            }
        } catch {
            opened.fail(error)
            throw error
        }
        let limit = connection.channel.eventLoop.scheduleTask(in: .seconds(5)) {
            opened.fail(ChannelError.connectTimeout(.seconds(5)))
        }
        defer { limit.cancel() }
        let bytes: HandshakeBytes
        do { bytes = try opened.futureResult.wait() } catch {
            connection.channel.close(promise: nil)
            throw error
        }
        let nothing = BodyDigest(of: [UInt8]().span.bytes)
        handshake = Manifest.Exchange(
            method: "GET", path: Self.path, request: Manifest.Message(wireBytes: bytes.sent, body: nothing),
            response: (101, Manifest.Message(wireBytes: bytes.received, body: nothing)))
    }

    /// Sends a message and waits for its answer.
    func say(_ text: String) throws -> [UInt8] { try say(.text, ByteBuffer(string: text)) }

    /// Says that it is over, and waits until the server says the same.
    func sayGoodbye() throws {
        var code = ByteBuffer()
        code.write(webSocketErrorCode: .normalClosure)
        _ = try say(.connectionClose, code)
    }

    private func say(_ opcode: WebSocketOpcode, _ content: ByteBuffer) throws -> [UInt8] {
        let call = WebSocketCall(
            opcode: opcode, content: content, answer: connection.channel.eventLoop.makePromise(of: [UInt8].self))
        connection.channel.writeAndFlush(call).whenFailure { call.answer.fail($0) }
        return try call.answer.futureResult.wait()
    }

    /// Closes, and returns when the server has closed, too, or does not within a second.
    /// - Returns: what the connection has carried.
    func close() -> (sent: UInt64, received: UInt64, end: Manifest.End) { connection.close() }
}

/// The server answers as if the path were any other.
struct WebSocketRefused: Error, CustomStringConvertible {
    var description: String { "the server opens no WebSocket at \(WebSocketSession.path)" }
}

/// A message, and who waits for its answer.
struct WebSocketCall: Sendable {
    var opcode: WebSocketOpcode
    var content: ByteBuffer
    var answer: EventLoopPromise<[UInt8]>
}

/// Makes a call into a frame, and the next frame of its kind into its answer; one call at a time.
final class WebSocketCaller: ChannelDuplexHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundIn = WebSocketCall
    typealias OutboundOut = WebSocketFrame

    /// Bytes of a frame that is taken: more than what the demo server echoes.
    static let longest = 2 << 20
    private static let longestWait = TimeAmount.seconds(30)

    private var waiting: (call: WebSocketCall, limit: Scheduled<Void>)?

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let call = Self.unwrapOutboundIn(data)
        let limit = context.eventLoop.assumeIsolated().scheduleTask(in: Self.longestWait) {
            context.close(promise: nil)
        }
        waiting = (call, limit)
        let frame = WebSocketFrame(fin: true, opcode: call.opcode, maskKey: .random(), data: call.content)
        context.write(Self.wrapOutboundOut(frame), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = Self.unwrapInboundIn(data)
        guard let done = waiting, frame.opcode == done.call.opcode else { return }
        waiting = nil
        done.limit.cancel()
        done.call.answer.succeed(Array(frame.unmaskedData.readableBytesView))
    }

    func channelInactive(context: ChannelHandlerContext) {
        waiting?.limit.cancel()
        waiting?.call.answer.fail(ChannelError.eof)
        waiting = nil
        context.fireChannelInactive()
    }
}
