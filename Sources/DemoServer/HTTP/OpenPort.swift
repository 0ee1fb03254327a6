import HummingbirdCore
import HummingbirdHTTP2
import Logging
import NIOCore

/// HTTP/1.1, HTTP/2 with prior knowledge and a WebSocket on one port: what a client begins with decides.
struct OpenPort: ServerChildChannel {
    /// What a connection talks.
    enum Talk: Sendable {
        case http1(HTTP1Channel.Value)
        case http2(HTTP2Channel.Value)
        case webSocket
    }

    struct Value: ServerChildChannelValue {
        let talk: EventLoopFuture<Talk>
        let channel: any Channel
    }

    private let http1: HTTP1Channel
    private let http2: HTTP2Channel
    private let webSocket: WebSocketRoute?

    /// - Parameter webSocket: `nil`: its path is one as any other.
    init(_ responder: @escaping HTTPChannelHandler.Responder, _ webSocket: WebSocketRoute?) {
        http1 = HTTP1Channel(responder: responder)
        http2 = HTTP2Channel(responder: responder)
        self.webSocket = webSocket
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let loop = channel.eventLoop
        let talk = loop.makePromise(of: Talk.self)
        return loop.makeCompletedFuture {
            let opening = ConnectionOpening(talk) { kind in
                if kind == .webSocket, let webSocket {
                    return loop.makeCompletedFuture { try webSocket.setUp(channel).map { .webSocket } }
                }
                if kind == .http2 {
                    let isThere = http2.setup(channel: channel, logger: logger)
                    return isThere.map { loop.makeSucceededFuture(.http2($0)) }
                }
                return http1.setup(channel: channel, logger: logger).map { loop.makeSucceededFuture(.http1($0)) }
            }
            try channel.pipeline.syncOperations.addHandler(opening)
            return Value(talk: talk.futureResult, channel: channel)
        }
    }

    func handle(value: Value, logger: Logger) async {
        // Whoever leaves before that is known has said nothing.
        guard let talk = try? await value.talk.get() else { return value.channel.close(promise: nil) }
        switch talk {
        case .http1(let connection): await http1.handle(value: connection, logger: logger)
        case .http2(let connection): await http2.handle(value: connection, logger: logger)
        case .webSocket: try? await value.channel.closeFuture.get()
        }
    }
}
