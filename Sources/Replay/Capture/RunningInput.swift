import Console
import Shared

/// An input that is read among others, an item (a packet, an event) at a time.
class RunningInput {
    let input: Input
    /// Where it stands on the command line.
    let place: Int
    fileprivate(set) var file: CaptureFile
    /// Not later than what comes next; the first moment of all where that can't be told.
    fileprivate(set) var nextTime = Timestamp(nanoseconds: .min)
    fileprivate(set) var isEnded = false

    fileprivate init(_ input: Input, place: Int) {
        self.input = input
        self.place = place
        file = CaptureFile(name: input.name)
    }

    /// Opens an input as what its content says that it is.
    static func open(_ input: Input, place: Int) throws(Failure) -> RunningInput {
        let head = input.bytes.head
        if TraceFormat.isTrace(head.span.bytes) { return RunningTrace<TraceReader>(input, place: place) }
        if TraceTextReader.isTrace(head.span.bytes) { return RunningTrace<TraceTextReader>(input, place: place) }
        if PcapngFile.isPcapng(head) {
            return RunningCapture(PcapngFile(input.bytes), input, place: place)
        }
        do throws(CaptureFailure) {
            let capture = try PcapFile(input.bytes)
            return RunningCapture(capture, input, place: place)
        } catch {
            guard input.isCutInHeader(error.reason) else { throw input.isNoCapture(error.reason) }
            let cut = RunningInput(input, place: place)
            cut.file.failure = input.bytes.failure ?? error.reason
            cut.isEnded = true
            return cut
        }
    }

    /// Whether it is a trace.
    var isTrace: Bool { false }

    /// Takes the next item.
    /// - Parameters:
    ///   - packet: takes a packet, with the order of bytes on the machine that captured.
    ///   - event: takes an event, or what a capture says beside its packets.
    func step(
        packet: (CapturedPacket, _ isBigEndian: Bool) throws(Failure) -> Void,
        event: (borrowing CapturedEvent, RawSpan) -> Void
    ) throws(Failure) {}
}

/// A capture among others.
private final class RunningCapture<Source: PacketSource & ~Copyable>: RunningInput {
    private var capture: Source
    private var lastTime = Timestamp(nanoseconds: .min)

    init(_ capture: consuming Source, _ input: Input, place: Int) {
        self.capture = capture
        super.init(input, place: place)
        lookAhead()
    }

    override func step(
        packet take: (CapturedPacket, _ isBigEndian: Bool) throws(Failure) -> Void,
        event: (borrowing CapturedEvent, RawSpan) -> Void
    ) throws(Failure) {
        guard let packet = capture.next() else { return end(event) }
        lastTime = packet.timestamp
        file.packets &+= 1
        if capture.hasFacts { tell(event) }
        try take(packet, capture.isBigEndian)
        lookAhead()
        if isEnded { end(event) }
    }

    private func lookAhead() {
        guard let times = capture.nextTimes() else {
            // The next step says why.
            isEnded = file.packets > 0
            return
        }
        // One whose follower is earlier has a wild time, or they are out of order: it is read where it stands, and holds
        // nothing up.
        let isWild = times.behind.map { $0 < times.next } ?? false
        nextTime = isWild ? min(times.next, lastTime) : times.next
    }

    private func tell(_ take: (borrowing CapturedEvent, RawSpan) -> Void) {
        for fact in capture.takeFacts() {
            take(CapturedEvent(max(lastTime, Timestamp(nanoseconds: 0)), fact), RawSpan())
        }
    }

    private func end(_ event: (borrowing CapturedEvent, RawSpan) -> Void) {
        // Where it ends too early, only reading says why.
        _ = capture.next()
        tell(event)
        isEnded = true
        file.failure = capture.failure
        file.refusals = capture.refusals
    }
}

/// A trace among others.
private final class RunningTrace<Reader: TraceReading>: RunningInput {
    private var trace: TraceFile<Reader>

    override init(_ input: Input, place: Int) {
        trace = TraceFile(input.bytes)
        super.init(input, place: place)
    }

    override var isTrace: Bool { true }

    override func step(
        packet take: (CapturedPacket, _ isBigEndian: Bool) throws(Failure) -> Void,
        event: (borrowing CapturedEvent, RawSpan) -> Void
    ) throws(Failure) {
        do throws(TraceError) {
            isEnded = try !trace.next(event)
        } catch {
            throw Failure("\(input.name): \(error)")
        }
        if isEnded {
            file.take(trace.reader, isRead: true, input)
        } else if let time = trace.nextTime() ?? trace.reader.lastTimestamp {
            nextTime = time
        }
    }
}

extension CaptureFile {
    /// Takes what the reader of a trace has to say at its end.
    /// - Parameter isRead: to its end; somebody may have wanted no more.
    mutating func take(_ reader: some TraceReading, isRead: Bool, _ input: Input) {
        events = reader.events
        damaged = reader.damagedFrames
        skipped = reader.skippedFrames
        complaints = reader.complaints
        failure =
            input.bytes.failure ?? (reader.isTruncated ? "the file ends inside a record" : nil)
            ?? (isRead && reader.lacksEnd ? "the file ends without the end mark that it promises" : nil)
        lastTimestamp = reader.lastTimestamp
    }
}
