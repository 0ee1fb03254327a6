import Digest
import Glibc
import NIOCore
import NIOHTTP1
import Synchronization

/// Bytes of a connection, counted where they meet the socket, or what comes out of TLS and goes into it.
final class WireCounts: Sendable {
    let sent = Atomic<UInt64>(0)
    let received = Atomic<UInt64>(0)
    let isReset = Atomic(false)
}

/// Counts what goes over the wire, as the first handler of the channel; behind TLS, what is said within.
final class WireMeter: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private let counts: WireCounts

    init(_ counts: WireCounts) { self.counts = counts }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        counts.received.wrappingAdd(UInt64(Self.unwrapInboundIn(data).readableBytes), ordering: .relaxed)
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let count = UInt64(Self.unwrapOutboundIn(data).readableBytes)
        let written = promise ?? context.eventLoop.makePromise()
        // Only what was written is sent.
        written.futureResult.whenSuccess { [counts] in counts.sent.wrappingAdd(count, ordering: .relaxed) }
        context.write(data, promise: written)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? IOError, [ECONNRESET, EPIPE].contains(error.errnoCode) {
            counts.isReset.store(true, ordering: .relaxed)
        }
        context.fireErrorCaught(error)
    }
}

/// A request, and who waits for its answer.
struct HTTPCall: Sendable {
    var request: HTTPRequest
    var authority: String
    var answer: EventLoopPromise<HTTPConnection.Outcome>
}

/// Makes a call into the parts of a request, and the parts of a response into its answer; one call at a time.
final class HTTPCaller: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = HTTPCall
    typealias OutboundOut = HTTPClientRequestPart

    private let counts: WireCounts
    private var waiting: Waiting?

    private struct Waiting {
        var call: HTTPCall
        /// What the connection had carried before.
        var sent: UInt64
        var received: UInt64
        var head: HTTPResponseHead?
        var body: [UInt8] = []
        var limit: Scheduled<Void>
    }

    private static let longestWait = TimeAmount.seconds(30)

    init(_ counts: WireCounts) { self.counts = counts }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let call = Self.unwrapOutboundIn(data)
        let limit = context.eventLoop.assumeIsolated().scheduleTask(in: Self.longestWait) {
            self.finish(failure: "no answer in 30 s")
            context.close(promise: nil)
        }
        waiting = Waiting(
            call: call, sent: counts.sent.load(ordering: .relaxed), received: counts.received.load(ordering: .relaxed),
            limit: limit)
        var head = HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: call.request.method), uri: call.request.path)
        head.headers = ["Host": call.authority, "User-Agent": "tapedeck-traffic", "Accept": "application/json"]
        let body = context.channel.allocator.buffer(string: call.request.body)
        if body.readableBytes > 0 {
            head.headers.add(name: "Content-Type", value: "application/json")
            head.headers.add(name: "Content-Length", value: "\(body.readableBytes)")
        }
        context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
        if body.readableBytes > 0 { context.write(Self.wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        context.write(Self.wrapOutboundOut(.end(nil)), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch Self.unwrapInboundIn(data) {
        case .head(let head): waiting?.head = head
        case .body(let buffer): waiting?.body += buffer.readableBytesView
        case .end: finish(failure: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        finish(failure: "\(error)")
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(failure: "the server closed the connection")
        context.fireChannelInactive()
    }

    private func finish(failure: String?) {
        guard let done = waiting else { return }
        waiting = nil
        done.limit.cancel()
        let request = Manifest.Message(
            wireBytes: counts.sent.load(ordering: .relaxed) &- done.sent,
            body: BodyDigest(of: Array(done.call.request.body.utf8).span.bytes))
        let response = done.head.map { head in
            (
                status: Int(head.status.code),
                message: Manifest.Message(
                    wireBytes: counts.received.load(ordering: .relaxed) &- done.received,
                    body: BodyDigest(of: done.body.span.bytes))
            )
        }
        // HTTP/2 has no answer that ends its connection.
        let goesOn = done.head.map { $0.version.major > 1 || $0.isKeepAlive } ?? false
        done.call.answer.succeed(
            HTTPConnection.Outcome(
                exchange: Manifest.Exchange(
                    method: done.call.request.method, path: done.call.request.path, request: request,
                    response: response),
                isReusable: failure == nil && goesOn, failure: failure))
    }
}
