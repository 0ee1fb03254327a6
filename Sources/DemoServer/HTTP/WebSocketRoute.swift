import Hummingbird
import NIOCore
import NIOHTTP1
import NIOWebSocket

/// The route of the HTTP service that becomes a WebSocket (RFC 6455).
struct WebSocketRoute: Sendable {
    static let path = "/ws"
    /// What other requests for it are told.
    static let refusal = Refusal(.upgradeRequired, "this is a WebSocket, which the first request of a connection opens")

    /// Is told of each request that became one; `nil`: nobody is.
    let publisher: RequestPublisher?

    /// Makes the pipeline of a connection whose first request is for it.
    ///
    /// NIO loses a request that asks for another upgrade, so no other requests may come here.
    /// - Returns: that the request has become one; else it is told so, and the connection is closed.
    func setUp(_ channel: any Channel) throws -> EventLoopFuture<Void> {
        let upgrade = NIOTypedHTTPServerUpgradeConfiguration<Void>(
            upgraders: [upgrader],
            notUpgradingCompletionHandler: { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(UpgradeRefusal())
                }
            })
        let pipeline = channel.pipeline.syncOperations
        let isOpen = try pipeline.configureUpgradableHTTPServerPipeline(
            configuration: NIOUpgradableHTTPServerPipelineConfiguration(upgradeConfiguration: upgrade))
        try pipeline.addHandler(NoRequest())
        return isOpen
    }

    private var upgrader: NIOTypedWebSocketServerUpgrader<Void> {
        NIOTypedWebSocketServerUpgrader(
            maxFrameSize: DemoRoutes.bodyLimit,
            shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture([:]) },
            upgradePipelineHandler: { channel, _ in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(
                        NIOWebSocketFrameAggregator(
                            minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: WebSocketEcho.mostFragments,
                            maxAccumulatedFrameSize: DemoRoutes.bodyLimit))
                    try pipeline.addHandler(WebSocketEcho())
                    try publisher?.publish(RequestRecord("GET", Self.path, status: 101))
                }
            })
    }
}

/// Closes where what came is no request, which NIO has answered.
final class NoRequest: ChannelInboundHandler {
    typealias InboundIn = Any

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is HTTPParserError { context.close(promise: nil) } else { context.fireErrorCaught(error) }
    }
}

/// Tells a client that its request has opened no WebSocket, and closes.
final class UpgradeRefusal: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    func handlerAdded(context: ChannelHandlerContext) {
        let body = ByteBuffer(string: #"{"error":"\#(WebSocketRoute.refusal.error)"}"#)
        var head = HTTPResponseHead(version: .http1_1, status: .upgradeRequired)
        head.headers = [
            "Content-Type": "application/json", "Content-Length": "\(body.readableBytes)", "Connection": "close",
            "Upgrade": "websocket",
        ]
        context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
        context.write(Self.wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        let written = context.writeAndFlush(Self.wrapOutboundOut(.end(nil)))
        written.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
    }
}

/// Answers each message as `POST /echo` does a body.
final class WebSocketEcho: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    static let mostFragments = 1 << 16
    /// How long a client may take to say its own goodbye.
    private static let patience = TimeAmount.seconds(1)

    private var isClosing = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = Self.unwrapInboundIn(data)
        let said = frame.unmaskedData
        switch frame.opcode {
        case .text, .binary: answer(to: said, context)
        case .ping: send(.pong, said, context)
        case .connectionClose:
            // The same code, and who has heard it from both sides closes: the server does so first (section 7.1.1).
            if !isClosing { send(.connectionClose, said, context) }
            context.close(promise: nil)
        default: break
        }
    }

    private func answer(to said: ByteBuffer, _ context: ChannelHandlerContext) {
        guard !isClosing else { return }
        let answer = (try? DemoRoutes.echo(said)) ?? ByteBuffer(string: #"{"error":"the message is not JSON"}"#)
        send(.text, answer, context)
    }

    private func send(_ opcode: WebSocketOpcode, _ content: ByteBuffer, _ context: ChannelHandlerContext) {
        let frame = WebSocketFrame(fin: true, opcode: opcode, data: content)
        context.writeAndFlush(Self.wrapOutboundOut(frame), promise: nil)
    }

    // MARK: The end

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent: sayGoodbye(.goingAway, context)
        case ChannelEvent.inputClosed as ChannelEvent: context.close(promise: nil)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    /// What is no WebSocket's frame was answered already, by NIO; what is left are messages of too many or too large parts.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case NIOWebSocketFrameAggregator.Error.accumulatedFrameSizeIsTooLarge: sayGoodbye(.messageTooLarge, context)
        case is NIOWebSocketFrameAggregator.Error: sayGoodbye(.protocolError, context)
        default: context.close(promise: nil)
        }
    }

    private func sayGoodbye(_ why: WebSocketErrorCode, _ context: ChannelHandlerContext) {
        guard !isClosing else { return }
        isClosing = true
        var code = ByteBuffer()
        code.write(webSocketErrorCode: why)
        send(.connectionClose, code, context)
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.patience) { context.close(promise: nil) }
    }
}
