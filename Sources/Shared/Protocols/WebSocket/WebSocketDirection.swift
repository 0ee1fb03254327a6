/// Reads the frames of one direction (RFC 6455, section 5) and puts them together to messages.
///
/// After a gap within a frame's payload the reader goes on exactly; anywhere else it is lost, and searches for a chain of frames.
final class WebSocketDirection {
    let side: Side
    var message = Message()
    let details = MessageDetails(.websocket)
    let control = MessageDetails(.control)
    var members = JSONMembers()
    /// The first frame's.
    private(set) var opcode: UInt8 = 0
    private(set) var fragments: UInt64 = 0
    private(set) var isCompressed = false
    /// It is compressed, and refers to what was not captured.
    private(set) var isUnreadable = false
    /// Of a close frame: its code.
    private(set) var closeCode: UInt16?
    private let run: Run
    private let keepsBytes: Bool
    private var state = State.frame
    private var frame = WebSocketFrame(opcode: 0, isFinal: true, isMarked: false, mask: 0, length: 0, headerLength: 0)
    /// How much of the frame's payload came.
    private var phase: UInt64 = 0
    private var isOpen = false
    /// The payload of a control frame.
    private var controlBytes = UniqueBytes()
    private var controlFirst = Timestamp(nanoseconds: 0)
    private lazy var body = BodyReader(run)
    private let scratch: WebSocketScratch
    private var inflater: MessageInflater?
    /// Of the message's compressed bytes.
    private var encodedBytes = 0
    private var decodedBytes: UInt64 = 0

    private enum State {
        /// Between frames.
        case frame
        case payload(left: UInt64)
        case lost
    }

    init(_ side: Side, _ run: Run) {
        self.side = side
        self.run = run
        keepsBytes = run.needs.contains(.messages)
        scratch = run.shared(WebSocketScratch.init)
        message.details = details
    }

    func reset() {
        if isOpen { body.reset() }
        isOpen = false
        state = .frame
        if let inflater { scratch.giveBack(inflater) }
        inflater = nil
        letGo()
    }

    var held: Int { message.held &+ controlBytes.count &+ (isOpen ? body.held : 0) }

    // MARK: Bytes

    func consume(_ bytes: RawSpan, _ at: Arrival, _ analyzer: WebSocketAnalyzer, _ out: any Output) -> Step {
        var taken = 0
        var began = at.first
        while taken < bytes.byteCount {
            let rest = bytes.extracting(taken..<bytes.byteCount)
            switch state {
            case .frame:
                switch WebSocketFrame.read(rest, from: side, reserved: analyzer.agreement.reserved) {
                case .open(let more): return .took(taken, next: more)
                case .no:
                    lose(at.last, analyzer, out)
                    return .lost(took: taken, .betweenMessages)
                case .frame(let next):
                    frame = next
                    phase = 0
                    begin(Arrival(first: began, last: at.last), analyzer, out)
                    taken &+= next.headerLength
                    state = .payload(left: next.length)
                    if next.length == 0 { endOfFrame(at.last, analyzer, out) }
                }
            case .payload(let left):
                let count = Int(clamping: Swift.min(left, UInt64(rest.byteCount)))
                payload(rest.extracting(first: count), at.last, analyzer, out)
                taken &+= count
                state = .payload(left: left &- UInt64(count))
                if left == UInt64(count) { endOfFrame(at.last, analyzer, out) }
            case .lost: return .lost(took: taken, .betweenMessages)
            }
            began = at.last
        }
        return .took(taken)
    }

    // MARK: Frames

    private func begin(_ at: Arrival, _ analyzer: WebSocketAnalyzer, _ out: any Output) {
        if frame.isControl {
            controlBytes.removeAll()
            controlFirst = at.first
            return
        }
        if frame.opcode != WebSocketFrame.Opcode.continuation {
            // The one before it has no end.
            if isOpen { finish(isCut: true, at.last, analyzer, out) }
            beginMessage(frame.opcode, at.first)
        } else if !isOpen {
            beginMessage(frame.opcode, at.first)
            message.anomalies.insert(.gap)
            message.hasGap = true
        }
        fragments &+= 1
        message.wireBytes &+= UInt64(frame.headerLength)
        message.lastByte = at.last
        if frame.opcode != WebSocketFrame.Opcode.continuation { beginContent(analyzer) }
    }

    private func beginMessage(_ opcode: UInt8, _ first: Timestamp) {
        message.reset()
        message.head.reset(side)
        details.reset()
        if keepsBytes { run.buffers.lend(to: &message.wire) }
        message.firstByte = first
        message.lastByte = first
        self.opcode = opcode
        fragments = 0
        isCompressed = false
        isUnreadable = opcode == WebSocketFrame.Opcode.continuation
        closeCode = nil
        encodedBytes = 0
        decodedBytes = 0
        members.reset()
        isOpen = true
        body.begin(.none, ContentCodings(), .other, &message)
    }

    private func beginContent(_ analyzer: WebSocketAnalyzer) {
        isCompressed = frame.isMarked
        let isPlain = !isCompressed && !analyzer.agreement.isExtended
        body.begin(isPlain && frame.isFinal ? .bytes(frame.length) : .marked, ContentCodings(), .other, &message)
        guard isCompressed else {
            isUnreadable = analyzer.agreement.isExtended
            return
        }
        isUnreadable = !analyzer.agreement.canInflate
        guard !isUnreadable else { return }
        let known = inflater
        let inflater = known ?? scratch.takeInflater()
        self.inflater = inflater
        if known == nil || inflater.hasFailed || analyzer.agreement.forgets[Int(side.rawValue)] { inflater.begin() }
    }

    private func payload(_ bytes: RawSpan, _ now: Timestamp, _ analyzer: WebSocketAnalyzer, _ out: any Output) {
        if !frame.isControl {
            message.wireBytes &+= UInt64(bytes.byteCount)
            message.lastByte = now
        }
        guard frame.mask != 0 else {
            phase &+= UInt64(bytes.byteCount)
            return plain(bytes, now, analyzer, out)
        }
        var at = 0
        while at < bytes.byteCount {
            let count = Swift.min(bytes.byteCount &- at, scratch.unmasked.count)
            WebSocketFrame.unmask(
                bytes.extracting(at..<at &+ count), frame.mask, phase: phase, into: scratch.unmasked)
            phase &+= UInt64(count)
            at &+= count
            plain(
                RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: scratch.unmasked[0..<count])), now, analyzer, out
            )
        }
    }

    /// Bytes without their mask.
    private func plain(_ bytes: RawSpan, _ now: Timestamp, _ analyzer: WebSocketAnalyzer, _ out: any Output) {
        if frame.isControl { return controlBytes.append(bytes, limit: Self.controlLimit) }
        guard isCompressed else {
            if isUnreadable {
                message.contentBytes &+= UInt64(bytes.byteCount)
            } else {
                content(bytes, now, analyzer, out)
            }
            return
        }
        guard !isUnreadable, let inflater else {
            message.contentBytes &+= UInt64(bytes.byteCount)
            return
        }
        var at = 0
        while at < bytes.byteCount, !inflater.hasFailed {
            let count = Swift.min(bytes.byteCount &- at, Self.expansionBlock &- encodedBytes % Self.expansionBlock)
            let ceiling = expansionCeiling
            inflater.inflate(bytes.extracting(at..<at &+ count), room: scratch.inflated) {
                inflated($0, ceiling, now, analyzer, out)
            }
            encodedBytes &+= count
            at &+= count
        }
    }

    /// RFC 6455, section 5.5.
    private static let controlLimit = 125
    /// The ceiling of what a message may become grows in steps of so many of its bytes, so that it does not depend on how it was
    /// cut.
    private static let expansionBlock = 1024

    private var expansionCeiling: UInt64 {
        let end = (encodedBytes / Self.expansionBlock &+ 1) &* Self.expansionBlock
        return UInt64(Swift.max(run.limits.bodyBytes, end &* run.limits.expansion))
    }

    private func inflated(
        _ bytes: RawSpan, _ ceiling: UInt64, _ now: Timestamp, _ analyzer: WebSocketAnalyzer, _ out: any Output
    ) -> Bool {
        decodedBytes &+= UInt64(bytes.byteCount)
        guard decodedBytes <= ceiling else {
            message.anomalies.insert(.contentCodingLimit)
            out.reached(.expansion)
            return false
        }
        content(bytes, now, analyzer, out)
        return true
    }

    private func content(_ bytes: RawSpan, _ now: Timestamp, _ analyzer: WebSocketAnalyzer, _ out: any Output) {
        message.capturedBytes &+= UInt64(bytes.byteCount)
        if analyzer.carries(bytes, self, now, out) { return }
        if keepsBytes { message.wire.append(bytes, limit: run.limits.bodyBytes) }
        if !message.hasGap { members.feed(bytes) }
        body.feed(bytes, &message, out)
    }

    private func endOfFrame(_ now: Timestamp, _ analyzer: WebSocketAnalyzer, _ out: any Output) {
        state = .frame
        analyzer.hasRead = true
        if frame.isControl { return endOfControl(now, analyzer, out) }
        if frame.isFinal { finish(isCut: false, now, analyzer, out) }
    }

    private func endOfControl(_ now: Timestamp, _ analyzer: WebSocketAnalyzer, _ out: any Output) {
        var closing = Message()
        closing.head.reset(side)
        closing.firstByte = controlFirst
        closing.lastByte = now
        closing.wireBytes = UInt64(frame.headerLength) &+ frame.length
        let isClose = frame.opcode == WebSocketFrame.Opcode.close
        closing.details = isClose ? MessageDetails(.websocket) : control
        if isClose {
            closeCode = controlBytes.bytes.big(UInt16.self, at: 0)
            let reason = Swift.min(2, controlBytes.count)
            controlBytes.withBytes { closing.wire.append($0.extracting(reason..<$0.byteCount)) }
            closing.contentBytes = UInt64(closing.wire.count)
            closing.capturedBytes = closing.contentBytes
        }
        analyzer.controlIsComplete(closing, isClose: isClose, closeCode, side, out)
    }

    // MARK: Messages

    private func finish(isCut: Bool, _ now: Timestamp, _ analyzer: WebSocketAnalyzer, _ out: any Output) {
        guard isOpen else { return }
        isOpen = false
        if isCut {
            message.anomalies.insert(.bodyIncomplete)
            inflater?.begin()
        } else if isCompressed, !isUnreadable, let inflater {
            let ceiling = expansionCeiling
            inflater.endMessage(room: scratch.inflated) { inflated($0, ceiling, now, analyzer, out) }
        }
        let hasFailed = isCompressed && (inflater?.hasFailed ?? true)
        if hasFailed {
            isUnreadable = true
            // What was read of it is right as far as it goes, and how far that is depends on how it was cut.
            message.wire.removeAll()
            message.capturedBytes = 0
        }
        body.finish(&message, out)
        if isUnreadable {
            members.reset()
            message.shape = .nonJSON.incomplete
        }
        analyzer.messageIsComplete(self, now, out)
        letGo()
    }

    /// Between messages nothing is held.
    private func letGo() {
        run.buffers.take(from: &message.wire)
        run.buffers.take(from: &message.decoded)
    }

    // MARK: What is missing

    func gap(
        _ length: UInt64, after tail: RawSpan, _ at: Arrival, _ analyzer: WebSocketAnalyzer, _ out: any Output
    ) -> Step {
        if case .payload(let left) = state {
            let inFrame = Swift.min(length, left)
            miss(inFrame, at.last, analyzer, out)
            if length <= left {
                state = .payload(left: left &- length)
                if left == length { endOfFrame(at.last, analyzer, out) }
                return .took(tail.byteCount)
            }
        }
        lose(at.last, analyzer, out)
        return .lost(took: 0, .betweenMessages)
    }

    private func miss(_ length: UInt64, _ now: Timestamp, _ analyzer: WebSocketAnalyzer, _ out: any Output) {
        phase &+= length
        guard !frame.isControl, length > 0 else { return }
        message.wireBytes &+= length
        message.contentBytes &+= length
        message.lastByte = Swift.max(message.lastByte, out.gapMoment)
        message.anomalies.insert(.gap)
        body.gap(&message, out)
        message.hasGap = true
        // Until the next message begins.
        if isCompressed {
            isUnreadable = true
            message.wire.removeAll()
            message.capturedBytes = 0
            inflater?.begin()
        }
        analyzer.misses(length, self, now, out)
    }

    private func lose(_ now: Timestamp, _ analyzer: WebSocketAnalyzer, _ out: any Output) {
        state = .lost
        if isOpen {
            message.hasGap = true
            message.anomalies.insert(.gap)
            finish(isCut: true, now, analyzer, out)
        }
        inflater?.begin()
    }

    /// Looks for frames one behind the other.
    func search(_ bytes: RawSpan, _ from: Search, reserved: UInt8) -> Found {
        var at = from.start
        while at < bytes.byteCount {
            switch WebSocketFrame.chain(bytes, from: at, side, reserved: reserved) {
            case .yes:
                state = .frame
                return .at(at)
            // Whatever lies behind it is looked at when it is known to be none.
            case .open:
                guard bytes.byteCount &- at > Self.searched else {
                    return .none(Search(start: at, next: bytes.byteCount))
                }
                at &+= 1
            case .no: at &+= 1
            }
        }
        return .none(Search(start: at, next: at))
    }

    /// So much is kept for frames that may be some.
    private static let searched = 64 << 10

    func end(_ now: Timestamp, _ analyzer: WebSocketAnalyzer, _ out: any Output) {
        if isOpen { finish(isCut: true, now, analyzer, out) }
        state = .lost
    }
}

/// What all sockets of a run have together: room for bytes that pass by, and inflaters that nobody uses.
final class WebSocketScratch {
    let unmasked = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 << 10, alignment: 16)
    let inflated = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 << 10, alignment: 16)
    private var inflaters: [MessageInflater] = []

    private static let spares = 64

    init() {}

    deinit {
        unmasked.deallocate()
        inflated.deallocate()
    }

    func takeInflater() -> MessageInflater { inflaters.popLast() ?? MessageInflater() }

    func giveBack(_ inflater: MessageInflater) {
        if inflaters.count < Self.spares { inflaters.append(inflater) }
    }
}
