import NIOCore

/// The first handler of a connection: tells by the client's first bytes what it is about to speak, and closes where the server
/// shall end before anything was asked.
final class ConnectionOpening: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    enum Kind {
        /// HTTP/2 with prior knowledge (RFC 9113, section 3.3).
        case http2
        /// A request for the path of the WebSocket.
        case webSocket
        case http1
    }

    /// What each begins with, and nothing else; the preface is that of RFC 9113, section 3.4.
    private static let beginnings: [(Kind, [UInt8])] = [
        (.http2, Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)),
        (.webSocket, Array("GET \(WebSocketRoute.path) ".utf8)),
        (.webSocket, Array("GET \(WebSocketRoute.path)?".utf8)),
    ]

    /// Makes the pipeline behind this handler: the outer future is that it is there.
    typealias SetUp = (Kind) -> EventLoopFuture<EventLoopFuture<OpenPort.Talk>>

    private let setUp: SetUp
    private let talk: EventLoopPromise<OpenPort.Talk>
    /// What came before the pipeline was there.
    private var held: ByteBuffer? = ByteBuffer()
    private var isDecided = false
    /// Whoever speaks the protocol does all the rest.
    private var isOver = false

    /// - Parameter talk: what is spoken, once that is known.
    init(_ talk: EventLoopPromise<OpenPort.Talk>, setUp: @escaping SetUp) {
        self.talk = talk
        self.setUp = setUp
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard var bytes = held else { return context.fireChannelRead(data) }
        var more = Self.unwrapInboundIn(data)
        bytes.writeBuffer(&more)
        held = bytes
        guard !isDecided, let kind = Self.kind(bytes.readableBytesView) else { return }
        isDecided = true
        let isThere = setUp(kind)
        isThere.flatMap { $0 }.cascade(to: talk)
        talk.futureResult.assumeIsolated().whenComplete { _ in self.isOver = true }
        isThere.assumeIsolated().whenComplete { _ in
            guard let held = self.held.take() else { return }
            context.fireChannelRead(Self.wrapInboundOut(held))
        }
    }

    /// - Returns: `nil` where that depends on what follows.
    private static func kind(_ bytes: ByteBufferView) -> Kind? {
        if let found = beginnings.first(where: { bytes.starts(with: $0.1) }) { return found.0 }
        return beginnings.contains { $0.1.starts(with: bytes) } ? nil : .http1
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if !isOver, event is ChannelShouldQuiesceEvent || event as? ChannelEvent == .inputClosed {
            return context.close(promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        // Where it is known already, this says nothing.
        talk.fail(ChannelError.eof)
        context.fireChannelInactive()
    }
}
