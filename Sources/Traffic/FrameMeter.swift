import NIOCore
import Synchronization

/// Counts the frames of HTTP/2 that are parts of messages, and none of those that keep a connection going.
final class FrameMeter: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private let counts: WireCounts
    private var sent = Frames(skipping: HTTP2Wire.preface.count)
    private var received = Frames(skipping: 0)

    init(_ counts: WireCounts) { self.counts = counts }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        counts.received.wrappingAdd(received.count(Self.unwrapInboundIn(data)), ordering: .relaxed)
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .byteBuffer(let bytes) = Self.unwrapOutboundIn(data) {
            counts.sent.wrappingAdd(sent.count(bytes), ordering: .relaxed)
        }
        context.write(data, promise: promise)
    }

    /// The frames of one direction (RFC 9113, section 4.1), however they are cut.
    private struct Frames {
        /// Bytes that are still to come of the frame, or of the preface.
        private var left: Int
        private var isCounted = false
        private var head: [UInt8] = []

        private static let headBytes = 9
        private static let kinds: [HTTP2Wire.Kind] = [.data, .headers, .continuation]

        init(skipping bytes: Int) { left = bytes }

        /// - Returns: how many of the bytes are parts of messages.
        mutating func count(_ bytes: ByteBuffer) -> UInt64 {
            var (counted, rest) = (0, bytes.readableBytesView[...])
            while !rest.isEmpty {
                let part = rest.prefix(left > 0 ? left : Self.headBytes - head.count)
                rest = rest.dropFirst(part.count)
                if left > 0 {
                    left -= part.count
                    if isCounted { counted += part.count }
                    continue
                }
                head += part
                guard head.count == Self.headBytes else { continue }
                left = head[..<3].reduce(0) { $0 << 8 | Int($1) }
                isCounted = HTTP2Wire.Kind(rawValue: head[3]).map { Self.kinds.contains($0) } ?? false
                if isCounted { counted += Self.headBytes }
                head.removeAll(keepingCapacity: true)
            }
            return UInt64(counted)
        }
    }
}
