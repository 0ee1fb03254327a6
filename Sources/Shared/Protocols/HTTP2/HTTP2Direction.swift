/// Reads the frames of one direction (RFC 9113, section 4), incrementally and in place, and puts them into the messages of its
/// streams.
///
/// After a gap whose end lies within the same frame the reader goes on exactly; anywhere else it is lost, and searches for a chain
/// of frames. What was missing may have changed the table of the header blocks in either case.
final class HTTP2Direction {
    let side: Side
    private let run: Run
    private var state = State.start
    private let inflater: HeaderInflater
    private var block = Block()
    /// Whose content is read, in `.data`.
    private var stream: HTTP2Stream?
    /// The direction is seen from its first byte.
    private var isFromStart = true
    /// The preface was read, which the client alone has.
    private(set) var beganWithPreface = false
    /// When that came, and where it lies.
    private(set) var prefaceArrived = Arrival(Timestamp(nanoseconds: 0))
    private(set) var prefacePosition: UInt64 = 0
    /// The highest of the client's streams that it has opened.
    private(set) var newest: UInt32 = 0
    /// The longest content of a frame that the other side takes, or that was seen: where frames are searched, longer ones are none.
    private(set) var frameLimit = HTTP2Frame.usualLimit
    /// Frames were lost, and nobody knows which.
    private(set) var hasLostFrames = false

    private enum State {
        /// Nothing was read.
        case start
        /// Between frames.
        case frame
        /// Content of `stream`, then padding.
        case data(left: Int, padding: Int, endsStream: Bool)
        /// A part of `block`, then padding.
        case fragment(left: Int, padding: Int, endsHeaders: Bool)
        case lost
    }

    /// A header block, over one HEADERS or PUSH_PROMISE and any number of CONTINUATION (RFC 9113, section 4.3).
    private struct Block {
        var isOpen = false
        var kind = Kind.ignored
        /// The stream of its frames.
        var id: UInt32 = 0
        var stream: HTTP2Stream?
        var endsStream = false
        /// A part of it is missing, or is wrong.
        var isTorn = false

        enum Kind {
            case head, trailers, promise
            /// Nothing is known of its stream, and yet it changes the table.
            case ignored
        }
    }

    init(_ side: Side, _ run: Run) {
        self.side = side
        self.run = run
        inflater = HeaderInflater(run.shared { LargeTables() })
    }

    func reset(isStart: Bool) {
        state = .start
        block = Block()
        stream = nil
        isFromStart = isStart
        beganWithPreface = false
        newest = 0
        frameLimit = HTTP2Frame.usualLimit
        hasLostFrames = !isStart
        inflater.begin(isKnown: isStart)
    }

    // MARK: Bytes

    func consume(_ bytes: RawSpan, _ at: Arrival, _ analyzer: HTTP2Analyzer, _ out: any Output) -> Step {
        var taken = 0
        var began = at.first
        while taken < bytes.byteCount {
            let rest = bytes.extracting(taken..<bytes.byteCount)
            let now = Arrival(first: began, last: at.last)
            switch state {
            case .start:
                switch begin(rest) {
                case .preface(let length):
                    beganWithPreface = true
                    prefaceArrived = now
                    prefacePosition = out.position(side) &+ UInt64(taken)
                    taken &+= length
                    state = .frame
                case .frames: state = .frame
                case .open: return .took(taken)
                case .other:
                    if side == .server, let step = analyzer.declined(rest, taken, out) { return step }
                    state = .lost
                    return .lost(took: taken, .betweenMessages)
                }
            case .frame:
                guard let frame = HTTP2Frame(rest, at: 0) else {
                    return .took(taken, next: HTTP2Frame.headerLength &- rest.byteCount)
                }
                guard frame.isPossible else {
                    out.unparsed(1, .betweenMessages)
                    lose(at.last, analyzer, out)
                    return .lost(took: taken &+ 1, .betweenMessages)
                }
                let needed = HTTP2Frame.headerLength &+ Swift.min(frame.prefix, frame.length)
                guard rest.byteCount >= needed else { return .took(taken, next: needed &- rest.byteCount) }
                let position = out.position(side) &+ UInt64(taken)
                let skipped = begin(frame, rest, position, now, analyzer, out)
                taken &+= needed
                if skipped > bytes.byteCount &- taken { return .skip(took: taken, UInt64(skipped)) }
                taken &+= skipped
            case .data(let left, let padding, let endsStream):
                let count = Swift.min(left, rest.byteCount)
                let padded = Swift.min(padding, rest.byteCount &- count)
                stream?.half(side).wire(count &+ padded, at.last)
                if count > 0 { content(rest.extracting(first: count), at.last, out) }
                taken &+= count &+ padded
                state = .data(left: left &- count, padding: padding &- padded, endsStream: endsStream)
                endOfContent(at.last, analyzer, out)
            case .fragment(let left, let padding, let endsHeaders):
                let count = Swift.min(left, rest.byteCount)
                if left > 0 {
                    inflate(rest.extracting(first: count), isLast: endsHeaders && count == left, out)
                }
                let padded = Swift.min(padding, rest.byteCount &- count)
                block.stream?.half(blockSide).wire(count &+ padded, at.last)
                taken &+= count &+ padded
                state = .fragment(left: left &- count, padding: padding &- padded, endsHeaders: endsHeaders)
                endOfFragment(at.last, analyzer, out)
            case .lost: return .lost(took: taken, .betweenMessages)
            }
            began = at.last
        }
        return .took(taken)
    }

    /// Content of the frame's stream.
    private func content(_ bytes: RawSpan, _ now: Timestamp, _ out: any Output) {
        guard let stream else { return }
        if let tunnel = stream.tunnel { return out.deliver(bytes, side, now, to: tunnel) }
        stream.half(side).feed(bytes, out)
    }

    private enum Beginning {
        case preface(Int)
        case frames, open, other
    }

    private func begin(_ bytes: RawSpan) -> Beginning {
        if side == .client {
            switch bytes.fit(HTTP2Frame.preface, at: 0) {
            case .yes: return .preface(HTTP2Frame.preface.utf8CodeUnitCount)
            case .open: return .open
            case .no: break
            }
        }
        if isFromStart {
            guard bytes.fit("HTTP/1.", at: 0) == .no else { return bytes.byteCount < 7 ? .open : .other }
            guard let frame = HTTP2Frame(bytes, at: 0) else { return .open }
            return frame.isPossible ? .frames : .other
        }
        switch HTTP2FrameDetector.beginning(bytes, limit: HTTP2Frame.longest) {
        case .yes: return .frames
        case .open: return .open
        case .no: return .other
        }
    }

    // MARK: Frames

    /// A frame begins.
    /// - Returns: how many bytes behind its prefix are of no interest.
    private func begin(
        _ frame: HTTP2Frame, _ bytes: RawSpan, _ position: UInt64, _ at: Arrival, _ analyzer: HTTP2Analyzer,
        _ out: any Output
    ) -> Int {
        if block.isOpen, frame.kind != HTTP2Frame.Kind.continuation || frame.stream != block.id {
            // Nothing may stand between the parts (RFC 9113, section 6.10).
            tear()
            endBlock(at.last, analyzer, out)
        }
        let rest = Swift.max(0, frame.length &- frame.prefix)
        allow(frame.length)
        switch frame.kind {
        case HTTP2Frame.Kind.data: return beginData(frame, bytes, at, analyzer, out)
        case HTTP2Frame.Kind.headers:
            openBlock(frame, position, at, analyzer, out)
            beginFragment(frame, bytes, at, analyzer, out)
            return 0
        case HTTP2Frame.Kind.pushPromise:
            let promised = bytes.big(UInt32.self, at: HTTP2Frame.headerLength &+ frame.paddingField) ?? 0
            block = Block(isOpen: true, kind: .ignored, id: frame.stream)
            if side == .server, let stream = analyzer.promised(promised & 0x7FFF_FFFF, out) {
                block.kind = .promise
                block.stream = stream
                stream.request.begin(at.first)
            }
            beginFragment(frame, bytes, at, analyzer, out)
            return 0
        case HTTP2Frame.Kind.continuation:
            guard block.isOpen else {
                // Its beginning was not seen.
                inflater.begin(isKnown: false)
                return rest
            }
            beginFragment(frame, bytes, at, analyzer, out)
            return 0
        case HTTP2Frame.Kind.reset:
            let code = bytes.big(UInt32.self, at: HTTP2Frame.headerLength) ?? 0
            analyzer.isReset(frame.stream, HTTP2Error.resetText(code), side, at, out)
        case HTTP2Frame.Kind.settings: readSettings(frame, bytes, analyzer)
        case HTTP2Frame.Kind.goAway:
            let last = bytes.big(UInt32.self, at: HTTP2Frame.headerLength) ?? 0
            analyzer.goesAway(side, last & 0x7FFF_FFFF, at, out)
        default: break
        }
        return rest
    }

    /// What of SETTINGS (RFC 9113, section 6.5) says something of the other direction's frames.
    private func readSettings(_ frame: HTTP2Frame, _ bytes: RawSpan, _ analyzer: HTTP2Analyzer) {
        for place in stride(from: HTTP2Frame.headerLength, to: HTTP2Frame.headerLength &+ frame.prefix, by: 6)
        where bytes.big(UInt16.self, at: place) == HTTP2Frame.largestFrameSetting {
            analyzer.allow(Int(clamping: bytes.big(UInt32.self, at: place &+ 2) ?? 0), side.other)
        }
    }

    /// Frames may be so long.
    func allow(_ length: Int) { frameLimit = Swift.min(Swift.max(frameLimit, length), HTTP2Frame.longest) }

    /// Cuts off the padding (RFC 9113, section 6.1): how many bytes are left behind the prefix, and how many of these are padding.
    private func content(_ frame: HTTP2Frame, _ bytes: RawSpan) -> (count: Int, padding: Int) {
        let rest = Swift.max(0, frame.length &- frame.prefix)
        guard frame.paddingField > 0 else { return (rest, 0) }
        let padding = Swift.min(Int(bytes.u8(at: HTTP2Frame.headerLength) ?? 0), rest)
        return (rest &- padding, padding)
    }

    private func beginData(
        _ frame: HTTP2Frame, _ bytes: RawSpan, _ at: Arrival, _ analyzer: HTTP2Analyzer, _ out: any Output
    ) -> Int {
        analyzer.countFrame(out)
        guard let stream = analyzer.stream(frame.stream), stream.half(side).state == .body || stream.tunnel != nil
        else {
            return frame.length &- Swift.min(frame.prefix, frame.length)
        }
        let (count, padding) = content(frame, bytes)
        let half = stream.half(side)
        half.wire(HTTP2Frame.headerLength &+ Swift.min(frame.prefix, frame.length), at.last)
        if stream.tunnel == nil { half.beginContent(count, isAll: frame.endsStream, stream) }
        self.stream = stream
        state = .data(left: count, padding: padding, endsStream: frame.endsStream)
        endOfContent(at.last, analyzer, out)
        return 0
    }

    private func endOfContent(_ now: Timestamp, _ analyzer: HTTP2Analyzer, _ out: any Output) {
        guard case .data(0, 0, let endsStream) = state else { return }
        state = .frame
        guard let stream else { return }
        self.stream = nil
        guard endsStream else { return }
        if stream.tunnel == nil {
            analyzer.isComplete(stream, side, out)
        } else {
            analyzer.tunnelEnds(stream, side, now, out)
        }
    }

    // MARK: Header blocks

    /// A promise is what the server says of a request.
    private var blockSide: Side { block.kind == .promise ? .client : side }

    private func openBlock(
        _ frame: HTTP2Frame, _ position: UInt64, _ at: Arrival, _ analyzer: HTTP2Analyzer, _ out: any Output
    ) {
        block = Block(isOpen: true, kind: .ignored, id: frame.stream, endsStream: frame.endsStream)
        let known = analyzer.stream(frame.stream)
        switch known?.half(side).state {
        case .waiting:
            block.kind = .head
            block.stream = known
            known?.half(side).begin(at.first)
        case .body:
            // Trailers end a stream (RFC 9113, section 8.1).
            let isHead = !frame.endsStream && known?.half(side).mayBeInformational ?? false
            if isHead, let known {
                analyzer.isInformational(known, out)
                known.half(side).begin(at.first)
            }
            block.kind = isHead ? .head : .trailers
            block.stream = known
        case .head, .done: break
        case nil where analyzer.isClosed(frame.stream): break
        case nil:
            let stream = analyzer.open(frame.stream, out)
            if side == .client {
                stream.position = position
                newest = Swift.max(newest, frame.stream)
            }
            block.kind = .head
            block.stream = stream
            stream.half(side).begin(at.first)
        }
    }

    private func beginFragment(
        _ frame: HTTP2Frame, _ bytes: RawSpan, _ at: Arrival, _ analyzer: HTTP2Analyzer, _ out: any Output
    ) {
        let (count, padding) = content(frame, bytes)
        block.stream?.half(blockSide).wire(HTTP2Frame.headerLength &+ Swift.min(frame.prefix, frame.length), at.last)
        if count == 0, frame.endsHeaders { inflate(RawSpan(), isLast: true, out) }
        state = .fragment(left: count, padding: padding, endsHeaders: frame.endsHeaders)
        endOfFragment(at.last, analyzer, out)
    }

    private func inflate(_ bytes: RawSpan, isLast: Bool, _ out: any Output) {
        guard !block.isTorn else { return }
        let half = block.stream?.half(blockSide)
        let isTrailer = block.kind == .trailers
        let isRead = inflater.inflate(bytes, isLast: isLast) { name, value in
            if isTrailer { half?.trailer(name, value, out) } else { half?.field(name, value, out) }
        }
        if inflater.hasLeftOut { half?.leaveOut(out) }
        if !isRead { tear() }
    }

    private func endOfFragment(_ now: Timestamp, _ analyzer: HTTP2Analyzer, _ out: any Output) {
        guard case .fragment(0, 0, let endsHeaders) = state else { return }
        state = .frame
        if endsHeaders { endBlock(now, analyzer, out) }
    }

    /// A part of the block can't be read, and what it did to the table is not known.
    private func tear() {
        block.isTorn = true
        block.stream?.half(blockSide).isTorn()
        inflater.begin(isKnown: false)
    }

    private func endBlock(_ now: Timestamp, _ analyzer: HTTP2Analyzer, _ out: any Output) {
        guard block.isOpen else { return }
        let ended = block
        block = Block()
        guard let stream = ended.stream else { return }
        switch ended.kind {
        case .head: analyzer.headIsComplete(stream, side, endsStream: ended.endsStream, out)
        case .trailers: if ended.endsStream { analyzer.isComplete(stream, side, out) }
        case .promise: analyzer.promiseIsComplete(stream, out)
        case .ignored: break
        }
    }

    /// Nothing is read of the stream any more.
    func forget(_ stream: HTTP2Stream) {
        if self.stream === stream { self.stream = nil }
        if block.stream === stream {
            block.stream = nil
            block.kind = .ignored
        }
    }

    // MARK: What is missing

    /// The place of the next frame is not known.
    private func lose(_ now: Timestamp, _ analyzer: HTTP2Analyzer, _ out: any Output) {
        if block.isOpen {
            tear()
            endBlock(now, analyzer, out)
        }
        inflater.begin(isKnown: false)
        stream = nil
        hasLostFrames = true
        state = .lost
        analyzer.framesAreLost(side, out)
    }

    func gap(
        _ length: UInt64, after tail: RawSpan, _ at: Arrival, _ analyzer: HTTP2Analyzer, _ out: any Output
    ) -> Step {
        switch state {
        case .data(let left, let padding, let endsStream):
            guard length <= UInt64(left &+ padding) else {
                miss(left, at.last, out)
                break
            }
            let content = Swift.min(left, Int(length))
            miss(content, at.last, out)
            stream?.half(side).wire(Int(length), out.gapMoment)
            state = .data(left: left &- content, padding: padding &- (Int(length) &- content), endsStream: endsStream)
            endOfContent(at.last, analyzer, out)
            return .took(tail.byteCount)
        case .fragment(let left, let padding, let endsHeaders):
            guard length <= UInt64(left &+ padding) else { break }
            let content = Swift.min(left, Int(length))
            if content > 0, !block.isTorn { tear() }
            block.stream?.half(blockSide).wire(Int(length), out.gapMoment)
            state = .fragment(
                left: left &- content, padding: padding &- (Int(length) &- content), endsHeaders: endsHeaders)
            endOfFragment(at.last, analyzer, out)
            return .took(tail.byteCount)
        case .start, .frame, .lost: break
        }
        lose(at.last, analyzer, out)
        return .lost(took: 0, .betweenMessages)
    }

    /// Content of the frame's stream is missing.
    private func miss(_ count: Int, _ now: Timestamp, _ out: any Output) {
        guard let stream, count > 0 else { return }
        if let tunnel = stream.tunnel { return out.gap(UInt64(count), .unseen, side, now, in: tunnel) }
        stream.half(side).gap(UInt64(count), out)
    }

    /// Looks for a head that is to come, or for frames one behind the other.
    /// - Parameter isExpected: this side may say a head on the stream next.
    func search(_ bytes: RawSpan, _ from: Search, _ isExpected: (UInt32) -> Bool) -> Found {
        var at = from.start
        while at < bytes.byteCount {
            if side == .client {
                switch bytes.fit(HTTP2Frame.preface, at: at) {
                case .yes:
                    state = .start
                    return .at(at)
                // A part of it that stands at the end may become it.
                case .open: return .none(Search(start: at, next: bytes.byteCount))
                case .no: break
                }
            }
            if HTTP2FrameDetector.head(bytes, at: at, of: side, isExpected) {
                state = .frame
                return .at(at)
            }
            switch HTTP2FrameDetector.chain(bytes, from: at, of: side, limit: frameLimit, bySection: false) {
            case .yes:
                state = .frame
                return .at(at)
            // Whatever lies behind it is looked at when it is known to be none.
            case .open: return .none(Search(start: at, next: bytes.byteCount))
            case .no: at &+= 1
            }
        }
        return .none(Search(start: at, next: at))
    }

    /// The side says no more.
    func end(_ now: Timestamp, _ analyzer: HTTP2Analyzer, _ out: any Output) {
        if block.isOpen {
            tear()
            endBlock(now, analyzer, out)
        }
        stream = nil
        state = .lost
    }
}
