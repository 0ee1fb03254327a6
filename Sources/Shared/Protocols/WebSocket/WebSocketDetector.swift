/// WebSocket by its frames, for captures that joined behind the handshake: RFC 6455, section 5.2.
///
/// A header has few bits that have to fit, so frames of both sides are asked for, or a chain of one side's; text has to be text once
/// its mask is off.
enum WebSocketDetector: Detector {
    static var strictness: Strictness { .frames }

    static func examine(client: RawSpan, server: RawSpan, _ context: DetectionContext) -> Finding {
        guard !context.isStreamStart else { return .no }
        let own = conversation(client, .client)
        let other = conversation(server, .server)
        return own.first.and(other.first).and(
            own.chain.or(other.chain).or(own.whole.and(other.whole))
        ).finding("WebSocket frames")
            .atTheEnd(context, alone(client, server, own, other).finding("WebSocket frames"))
    }

    /// What one side's bytes say.
    private struct Look {
        /// They begin with a frame.
        var first = Fit.open
        /// A whole frame of text that is long enough to be no accident, or one of control.
        var whole = Fit.open
        /// A chain of frames.
        var chain = Fit.open
    }

    private static func conversation(_ bytes: RawSpan, _ side: Side) -> Look {
        var look = Look()
        switch WebSocketFrame.read(bytes, from: side, reserved: 0x40) {
        case .open: return look
        case .no: return Look(first: .no, whole: .no, chain: .no)
        case .frame(let frame):
            look.first = .yes
            look.chain = WebSocketFrame.chain(bytes, from: 0, side, reserved: 0x40)
            guard frame.opcode == WebSocketFrame.Opcode.text, !frame.isMarked, frame.length >= 8 else {
                look.whole = frame.isControl && frame.length <= 8 ? .yes : .no
                return look
            }
            look.whole = WebSocketFrame.text(bytes, at: frame.headerLength, frame)
            if look.whole == .no { look.first = .no }
            return look
        }
    }

    /// Only one side was heard.
    private static func alone(_ client: RawSpan, _ server: RawSpan, _ own: Look, _ other: Look) -> Fit {
        if server.byteCount == 0 { return own.chain.or(own.whole.and(own.first)) }
        return client.byteCount == 0 ? other.chain : .no
    }
}
