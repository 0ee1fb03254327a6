/// HTTP/2 by its frames: RFC 9113, sections 3.4 (the server's SETTINGS come first), 4.1 (frames) and 6 (their types).
///
/// For captures that joined late, and for those that hold the server's direction only. A frame's header has some 25
/// bits that have to fit for what carries content and up to 70 for the others, so a chain of frames is asked for, or an
/// answer on the stream of the request.
enum HTTP2FrameDetector: Detector {
    static var strictness: Strictness { .frames }

    static func examine(client: RawSpan, server: RawSpan, _ context: DetectionContext) -> Finding {
        if context.isStreamStart {
            guard client.byteCount == 0 else { return .no }
            return Finding.needMore.atTheEnd(context, opening(server).finding("HTTP/2 server SETTINGS"))
        }
        let proof = chain(client, of: .client, tells: true).or(chain(server, of: .server, tells: true)).or(
            answer(client, server))
        return frame(client, at: 0).and(fields(of: .client, client, at: 0)).and(proof).finding("HTTP/2 frames")
            .atTheEnd(context, alone(client, server).or(answer(client, server, unknown: .yes)).finding("HTTP/2 frames"))
    }

    /// Where one side was not heard, the ports tell who the other is.
    private static func alone(_ client: RawSpan, _ server: RawSpan) -> Fit {
        if client.byteCount == 0 { return chain(server, of: .server) }
        return server.byteCount == 0 ? chain(client, of: .client) : .no
    }

    // MARK: What is asked for

    /// SETTINGS that are no acknowledgment, and something behind them.
    private static func opening(_ bytes: RawSpan) -> Fit {
        bytes.fit(byteAt: 3) { $0 == HTTP2Frame.Kind.settings }.and(bytes.fit(byteAt: 4) { $0 == 0 })
            .and(chain(bytes, of: .server))
    }

    /// Frames one behind the other, until there is proof enough.
    /// - Parameters:
    ///   - side: who would have sent them.
    ///   - tells: what may be either side's is no proof.
    ///   - limit: as long as their content is, at most.
    ///   - bySection: one frame with all fields of a message is proof enough, as it is at the beginning of what a side says.
    static func chain(
        _ bytes: RawSpan, from start: Int = 0, of side: Side, tells: Bool = false, limit: Int = HTTP2Frame.usualLimit,
        bySection: Bool = true
    ) -> Fit {
        var offset = start
        var weight = 0
        var isTold = !tells
        for _ in 0..<Self.enough {
            let fit = frame(bytes, at: offset, limit)
            guard fit == .yes, let length = length(bytes, at: offset), let kind = bytes.u8(at: offset &+ 3) else {
                return fit
            }
            let sender = fields(of: side, bytes, at: offset, unknown: tells ? .open : .yes)
            guard sender == .yes else { return sender }
            if kind == HTTP2Frame.Kind.headers { isTold = true }
            if bySection, isSection(of: side, bytes, at: offset) { return .yes }
            weight &+= kind <= HTTP2Frame.Kind.headers || kind == HTTP2Frame.Kind.continuation ? 1 : 2
            if weight >= Self.enough { return isTold ? .yes : .open }
            offset &+= header &+ length
        }
        return .no
    }

    /// Whether a frame's fields, if it has some, may be this side's.
    /// - Parameter unknown: what it is where no field tells.
    private static func fields(of side: Side, _ bytes: RawSpan, at offset: Int, unknown: Fit = .yes) -> Fit {
        guard let kind = bytes.u8(at: offset &+ 3) else { return .open }
        guard kind == HTTP2Frame.Kind.headers else { return .yes }
        guard let frame = HTTP2Frame(bytes, at: offset) else { return .open }
        let padding = frame.paddingField > 0 ? Int(bytes.u8(at: offset &+ header) ?? 0) : 0
        let (start, end) = (offset &+ header &+ frame.prefix, offset &+ header &+ frame.length &- padding)
        guard start < end else { return unknown }
        switch HeaderBlockVoice.speaker(of: bytes.extracting(Swift.min(start, bytes.byteCount)...), count: end &- start)
        {
        case .is(let speaker): return Fit(speaker == side)
        case .anyone: return unknown
        case .open: return .open
        }
    }

    /// A frame with all fields of a message of this side, which is proof by itself: its length is that of whole fields, of which one
    /// at least tells who speaks.
    private static func isSection(of side: Side, _ bytes: RawSpan, at offset: Int) -> Bool {
        guard let frame = HTTP2Frame(bytes, at: offset), frame.kind == HTTP2Frame.Kind.headers, frame.endsHeaders,
            frame.paddingField == 0, bytes.byteCount &- offset >= header &+ frame.length,
            fields(of: side, bytes, at: offset, unknown: .no) == .yes
        else { return false }
        let block = bytes.extracting((offset &+ header &+ frame.prefix)..<(offset &+ header &+ frame.length))
        guard let form = HeaderBlockForm(block) else { return false }
        return form.fields >= Self.fewestFields
    }

    /// Of a message that is told by its fields alone.
    private static let fewestFields = 3

    /// Frames one behind the other, until one that hardly anything else can be: what is all form, or a whole field section.
    ///
    /// For bytes that are known to be of HTTP/2, and may begin within a frame.
    static func beginning(_ bytes: RawSpan, limit: Int) -> Fit {
        var offset = 0
        for _ in 0..<Self.enough {
            let fit = frame(bytes, at: offset, limit)
            guard fit == .yes, let frame = HTTP2Frame(bytes, at: offset) else { return fit }
            let isForm = frame.kind != HTTP2Frame.Kind.data && frame.kind != HTTP2Frame.Kind.continuation
            if isForm, frame.kind != HTTP2Frame.Kind.headers || frame.endsHeaders { return .yes }
            offset &+= header &+ frame.length
        }
        return .yes
    }

    /// A field section of this side on a stream where one is to come, which hardly anything else can be: for bytes that are known
    /// to be of HTTP/2.
    static func head(_ bytes: RawSpan, at offset: Int, of side: Side, _ isExpected: (UInt32) -> Bool) -> Bool {
        guard let frame = HTTP2Frame(bytes, at: offset), frame.kind == HTTP2Frame.Kind.headers, frame.endsHeaders,
            isExpected(frame.stream)
        else { return false }
        return Self.frame(bytes, at: offset) == .yes && fields(of: side, bytes, at: offset, unknown: .no) == .yes
    }

    /// Four frames with content, or two that are all form.
    private static let enough = 4

    /// The client's field section, and the server's on the same stream, of which one at least tells whose it is.
    private static func answer(_ client: RawSpan, _ server: RawSpan, unknown: Fit = .open) -> Fit {
        let (asked, answered) = (section(client), section(server))
        guard asked.fit == .yes, answered.fit == .yes else { return asked.fit.and(answered.fit) }
        return Fit(client.big(UInt32.self, at: asked.start &+ 5) == server.big(UInt32.self, at: answered.start &+ 5))
            .and(fields(of: .server, server, at: answered.start))
            .and(
                fields(of: .client, client, at: asked.start, unknown: unknown)
                    .or(fields(of: .server, server, at: answered.start, unknown: unknown)))
    }

    /// The first frame with fields, behind such as carry nothing: who is sent much says so before an answer.
    private static func section(_ bytes: RawSpan) -> (fit: Fit, start: Int) {
        var offset = 0
        for _ in 0..<Self.mostBefore {
            let fit = frame(bytes, at: offset)
            guard fit == .yes, let length = length(bytes, at: offset), let kind = bytes.u8(at: offset &+ 3) else {
                return (fit, offset)
            }
            if kind == HTTP2Frame.Kind.headers { return (.yes, offset) }
            guard kind != HTTP2Frame.Kind.data, kind != HTTP2Frame.Kind.continuation else { return (.no, offset) }
            offset &+= header &+ length
        }
        return (.no, offset)
    }

    /// Windows, priorities, settings and pings, of which some stand before an answer.
    private static let mostBefore = 8

    // MARK: Frames

    private static let header = HTTP2Frame.headerLength

    private static func length(_ bytes: RawSpan, at offset: Int) -> Int? {
        bytes.big(UInt32.self, at: offset).map { Int($0 >> 8) }
    }

    /// Length (24 bits), type, flags, a reserved bit, and the stream (31 bits).
    static func frame(_ bytes: RawSpan, at offset: Int, _ limit: Int = HTTP2Frame.usualLimit) -> Fit {
        guard let kind = bytes.u8(at: offset &+ 3), let length = length(bytes, at: offset) else {
            return bytes.fit(byteAt: offset) { Int($0) <= limit >> 16 }.and(.open)
        }
        switch kind {
        case HTTP2Frame.Kind.data:
            return Fit(length <= limit).and(flags(0x09, bytes, offset)).and(stream(bytes, offset, isOfClient))
        case HTTP2Frame.Kind.headers:
            return Fit(1...limit ~= length).and(flags(0x2D, bytes, offset)).and(stream(bytes, offset, isOfClient))
        case HTTP2Frame.Kind.continuation:
            return Fit(1...limit ~= length).and(flags(0x04, bytes, offset)).and(stream(bytes, offset, isOfClient))
        case HTTP2Frame.Kind.priority:
            return Fit(length == 5).and(flags(0, bytes, offset)).and(stream(bytes, offset, isOfClient))
        case HTTP2Frame.Kind.reset:
            return Fit(length == 4).and(flags(0, bytes, offset)).and(stream(bytes, offset, isOfClient))
                .and(bytes.fit(big: UInt32.self, at: offset &+ header) { $0 <= lastError })
        case HTTP2Frame.Kind.settings:
            return Fit(length % 6 == 0 && length <= 6 &* 32).and(flags(0x01, bytes, offset)).and(
                stream(bytes, offset) { $0 == 0 }
            )
            .and(settings(bytes, at: offset &+ header, length, isAcknowledgment: bytes.u8(at: offset &+ 4) == 1))
        case HTTP2Frame.Kind.ping:
            return Fit(length == 8).and(flags(0x01, bytes, offset)).and(stream(bytes, offset) { $0 == 0 })
        case HTTP2Frame.Kind.goAway:
            return Fit(8...1024 ~= length).and(flags(0, bytes, offset)).and(stream(bytes, offset) { $0 == 0 })
                .and(bytes.fit(big: UInt32.self, at: offset &+ header &+ 4) { $0 <= lastError })
        case HTTP2Frame.Kind.windowUpdate:
            return Fit(length == 4).and(flags(0, bytes, offset)).and(
                stream(bytes, offset) { $0 == 0 || isOfClient($0) }
            )
            .and(bytes.fit(big: UInt32.self, at: offset &+ header) { 1...0x7FFF_FFFF ~= $0 })
        default: return .no
        }
    }

    private static func flags(_ allowed: UInt8, _ bytes: RawSpan, _ frame: Int) -> Fit {
        bytes.fit(byteAt: frame &+ 4) { $0 & ~allowed == 0 }
    }

    private static func stream(_ bytes: RawSpan, _ frame: Int, _ rule: (UInt32) -> Bool) -> Fit {
        bytes.fit(big: UInt32.self, at: frame &+ 5, rule)
    }

    /// A client's streams have odd numbers; the highest bit is reserved.
    private static func isOfClient(_ stream: UInt32) -> Bool { stream & 1 == 1 && stream < 1 << 31 }

    /// HTTP_1_1_REQUIRED (RFC 9113, section 7).
    private static let lastError: UInt32 = 0x0D

    /// Identifiers up to 16 are registered; others (GREASE) look like 0x?A?A (RFC 8701).
    private static func settings(_ bytes: RawSpan, at offset: Int, _ length: Int, isAcknowledgment: Bool) -> Fit {
        if isAcknowledgment { return Fit(length == 0) }
        var fit = Fit.yes
        for index in 0..<length / 6 {
            fit = fit.and(
                bytes.fit(big: UInt16.self, at: offset &+ index &* 6) { 1...16 ~= $0 || $0 & 0x0F0F == 0x0A0A })
        }
        return fit
    }
}
