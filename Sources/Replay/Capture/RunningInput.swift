import Console
import Shared

/// An input that is read among others, some items (packets, events) at a time.
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
            return RunningPcapng(PcapngFile(input.bytes), input, place: place)
        }
        do throws(CaptureFailure) {
            let capture = try PcapFile(input.bytes)
            return RunningPcap(capture, input, place: place)
        } catch {
            // A recorder writes nothing before its first packets: the others are read all the same.
            let isEmpty = head.isEmpty && input.bytes.failure == nil
            guard isEmpty || input.isCutInHeader(error.reason) else { throw input.isNoCapture(error.reason) }
            let cut = RunningInput(input, place: place)
            let failure = isEmpty ? "is empty" : input.bytes.failure
            cut.file.failure = failure == DescriptorBytes.left ? nil : failure ?? error.reason
            cut.isEnded = true
            return cut
        }
    }

    /// Whether it is a trace.
    var isTrace: Bool { false }

    /// Takes the next item, and those behind it that are not later than a moment, at most so many.
    /// - Parameters:
    ///   - packet: takes a packet, with the order of bytes on the machine that captured.
    ///   - event: takes an event, or what a capture says beside its packets.
    func read(
        until: Timestamp, atMost count: Int, packet: (CapturedPacket, _ isBigEndian: Bool) throws(Failure) -> Void,
        event: (borrowing CapturedEvent, RawSpan) -> Void
    ) throws(Failure) {}
}

/// A pcap file among others.
///
/// It and the next are two classes because of a generic one nothing is specialised: a call through a table for each packet.
private final class RunningPcap: RunningInput {
    private var capture: PcapFile
    private var lastTime = Timestamp(nanoseconds: .min)

    init(_ capture: consuming PcapFile, _ input: Input, place: Int) {
        self.capture = capture
        super.init(input, place: place)
        lookAhead(&self.capture, lastTime)
    }

    override func read(
        until: Timestamp, atMost count: Int, packet: (CapturedPacket, _ isBigEndian: Bool) throws(Failure) -> Void,
        event: (borrowing CapturedEvent, RawSpan) -> Void
    ) throws(Failure) {
        try read(&capture, &lastTime, until: until, atMost: count, packet: packet, event: event)
    }
}

/// A pcapng file among others.
private final class RunningPcapng: RunningInput {
    private var capture: PcapngFile
    private var lastTime = Timestamp(nanoseconds: .min)

    init(_ capture: consuming PcapngFile, _ input: Input, place: Int) {
        self.capture = capture
        super.init(input, place: place)
        lookAhead(&self.capture, lastTime)
    }

    override func read(
        until: Timestamp, atMost count: Int, packet: (CapturedPacket, _ isBigEndian: Bool) throws(Failure) -> Void,
        event: (borrowing CapturedEvent, RawSpan) -> Void
    ) throws(Failure) {
        try read(&capture, &lastTime, until: until, atMost: count, packet: packet, event: event)
    }
}

extension RunningInput {
    /// Reads packets of a capture of either kind.
    @inline(__always)
    fileprivate func read<Source: PacketSource & ~Copyable>(
        _ capture: inout Source, _ lastTime: inout Timestamp, until: Timestamp, atMost count: Int,
        packet take: (CapturedPacket, Bool) throws(Failure) -> Void, event: (borrowing CapturedEvent, RawSpan) -> Void
    ) throws(Failure) {
        for _ in 0..<count {
            guard let packet = capture.next() else { return end(&capture, lastTime, event) }
            lastTime = packet.timestamp
            file.packets &+= 1
            if capture.hasFacts { tell(capture.takeFacts(), lastTime, event) }
            try take(packet, capture.isBigEndian)
            // Where no other input waits, the next is read whenever it was.
            guard until.nanoseconds < .max else { continue }
            guard let next = capture.nextTime() else { return end(&capture, lastTime, event) }
            if next > until {
                lookAhead(&capture, lastTime)
                if nextTime > until { return }
            }
        }
        lookAhead(&capture, lastTime)
        if isEnded { end(&capture, lastTime, event) }
    }

    @inline(__always)
    fileprivate func lookAhead<Source: PacketSource & ~Copyable>(_ capture: inout Source, _ lastTime: Timestamp) {
        guard let times = capture.nextTimes() else {
            // Reading on says why.
            isEnded = file.packets > 0
            return
        }
        // One whose follower is earlier has a wild time, or they are out of order: it is read where it stands, and holds
        // nothing up.
        let isWild = times.behind.map { $0 < times.next } ?? false
        nextTime = isWild ? min(times.next, lastTime) : times.next
    }

    private func tell(
        _ facts: [CapturedEvent.Kind], _ at: Timestamp, _ take: (borrowing CapturedEvent, RawSpan) -> Void
    ) {
        for fact in facts { take(CapturedEvent(max(at, Timestamp(nanoseconds: 0)), fact), RawSpan()) }
    }

    @inline(__always)
    private func end<Source: PacketSource & ~Copyable>(
        _ capture: inout Source, _ lastTime: Timestamp, _ event: (borrowing CapturedEvent, RawSpan) -> Void
    ) {
        // Where it ends too early, only reading says why.
        _ = capture.next()
        tell(capture.takeFacts(), lastTime, event)
        isEnded = true
        file.end = capture.end
        file.dropped = capture.dropped
        // Whoever leaves a file that grows asks for no more of it.
        file.failure = capture.failure == DescriptorBytes.left ? nil : capture.failure
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

    override func read(
        until: Timestamp, atMost count: Int, packet: (CapturedPacket, _ isBigEndian: Bool) throws(Failure) -> Void,
        event: (borrowing CapturedEvent, RawSpan) -> Void
    ) throws(Failure) {
        for _ in 0..<count {
            do throws(TraceError) {
                isEnded = try !trace.next(event)
            } catch {
                throw Failure("\(input.name): \(error)")
            }
            if isEnded {
                file.take(trace.reader, isRead: true, input)
                return
            }
            if let time = trace.nextTime() ?? trace.reader.lastTimestamp { nextTime = time }
            if nextTime > until { return }
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
        lastTimestamp = reader.lastTimestamp
        // Whoever leaves a file that grows asks for no more of it.
        if input.bytes.failure == DescriptorBytes.left { return }
        failure =
            input.bytes.failure ?? (reader.isTruncated ? "the file ends inside a record" : nil)
            ?? (isRead && reader.lacksEnd ? "the file ends without the end mark that it promises" : nil)
    }
}
