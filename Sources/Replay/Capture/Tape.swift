import Console
import Shared

/// Captures and traces that are read as one tape, in the order of time.
///
/// The connections of captures go on from one file into the next, as they do when a capture is rotated, and what several
/// captures saw of one connection is one; those of a trace are its own.
///
/// It has one owner, and so has the packets' decoder: a property of an object would be checked for exclusive access at
/// every packet.
struct Tape<Sink: EventSink>: ~Copyable {
    private let sink: Sink
    private let filter: PacketFilter?
    private var decoder: PacketDecoder<Sink>
    /// In the order in which they were named.
    private(set) var files: [CaptureFile] = []
    /// Inputs that were begun later than their time.
    private(set) var lateInputs: UInt64 = 0
    /// The highest serial number of a trace's connection.
    private var lastSerial: UInt64 = 0
    /// The sink, where it wants to know which packet is read.
    private let counting: (any PacketCounting)?
    private var taken: UInt64 = 0
    /// Records of traces that were read.
    private var steps: UInt64 = 0

    /// - Parameters:
    ///   - sink: takes the events; the caller finishes it.
    ///   - filter: which packets are looked at, if not all.
    init(sink: Sink, filter: PacketFilter? = nil) {
        self.sink = sink
        counting = sink as? any PacketCounting
        self.filter = filter
        var limits = FlowLimits()
        limits.isFiltered = filter != nil
        decoder = PacketDecoder(sink: sink, limits: limits)
    }

    /// What was read until now: packets of captures, those that the filter left out among them, and events of traces.
    private var progress: UInt64 { packets.packets &+ filteredOut &+ steps }
    private var filteredOut: UInt64 { filter.map { $0.packets &- $0.passed } ?? 0 }

    var packets: PacketStatistics { decoder.statistics }
    /// Multipath TCP: connections, their further subflows, and segments whose place is not known.
    var multipath: (connections: UInt64, subflows: UInt64, lost: UInt64) {
        let table = decoder.multipath
        return (table.joined.connections, table.joined.subflows, table.lost)
    }
    var flows: FlowStatistics { decoder.flows.statistics }

    // MARK: Several inputs

    /// Reads inputs to their ends, whatever is earliest first.
    /// - Parameter afterSome: as for one input.
    mutating func read(
        _ order: inout InputOrder,
        afterSome: (UInt64, InputOrder) throws(Failure) -> Bool = { (_, _) throws(Failure) in true }
    ) throws(Failure) {
        // Captures have the numbers that the first of several tapes would have.
        var numbers = TraceNumbers(first: order.hasCaptures ? 1 : 0)
        var tapes: [Int: TraceNumbers.Tape] = [:]
        var done = order.copies
        var isWanted = true
        while isWanted, !Interruption.isRequested, let (input, until) = try order.next() {
            if input.isTrace { try refuseFilter(input.input) }
            if order.running.count > 1 { decoder.expectsCopies() }
            repeat {
                try read(input, until, &numbers, &tapes)
                isWanted = try afterSome(progress, order)
            } while isWanted && !input.isEnded && input.nextTime <= until
            guard input.isEnded else { continue }
            order.ended(input)
            done.append((input.place, ended(input.file)))
        }
        for input in order.takeRunning() {
            var file = input.file
            if Interruption.isRequested { file.failure = DescriptorBytes.interrupted }
            done.append((input.place, ended(file)))
        }
        files += done.sorted { $0.place < $1.place }.map(\.file)
        lateInputs &+= order.late
    }

    private mutating func read(
        _ input: RunningInput, _ until: Timestamp, _ numbers: inout TraceNumbers,
        _ tapes: inout [Int: TraceNumbers.Tape]
    ) throws(Failure) {
        let sink = sink
        let isTrace = input.isTrace
        var tape = tapes[input.place]
        try input.read(
            until: until, atMost: Int(Self.some),
            packet: { packet, isBigEndian throws(Failure) in try take(packet, isBigEndian: isBigEndian) },
            event: { event, payload in
                guard isTrace else { return sink.consume(event, payload: payload) }
                steps &+= 1
                counting?.reading(steps)
                if tape == nil { tape = numbers.tape(event) }
                if let tape, let moved = numbers.moved(event, tape) { sink.consume(moved, payload: payload) }
            })
        tapes[input.place] = tape
    }

    private mutating func ended(_ file: CaptureFile) -> CaptureFile {
        if file.events != nil { tellLosses(file) } else { captureEnded(file) }
        return file
    }

    // MARK: One input

    /// Reads an input to its end.
    /// - Parameter afterSome: called after every few packets, to take away what they brought, with how much was read
    ///   until now; says whether to go on.
    /// - Throws: `Failure` where the input is neither capture nor trace. One that ends too early is no error; `files` says
    ///   why it did.
    mutating func read(
        _ input: Input, afterSome: (UInt64) throws(Failure) -> Bool = { (_) throws(Failure) in true }
    ) throws(Failure) {
        var file = CaptureFile(name: input.name)
        let head = input.bytes.head
        if TraceFormat.isTrace(head.span.bytes) {
            try refuseFilter(input)
            return try read(TraceFile<TraceReader>(input.bytes), input, &file, afterSome)
        }
        if TraceTextReader.isTrace(head.span.bytes) {
            try refuseFilter(input)
            return try read(TraceFile<TraceTextReader>(input.bytes), input, &file, afterSome)
        }
        decoder.continueSerials(after: lastSerial)
        if PcapngFile.isPcapng(input.bytes.head) {
            var capture = PcapngFile(input.bytes)
            try read(&capture, &file, afterSome)
            finish(file)
            return
        }
        var opened: PcapFile?
        do throws(CaptureFailure) {
            opened = try PcapFile(input.bytes)
        } catch {
            guard input.isCutInHeader(error.reason) else { throw input.isNoCapture(error.reason) }
            let failure = input.bytes.failure
            file.failure = failure == DescriptorBytes.left ? nil : failure ?? error.reason
        }
        if var capture = opened.take() {
            try filter?.check(linkType: capture.linkType, isBigEndian: capture.isBigEndian)
            try read(&capture, &file, afterSome)
        }
        finish(file)
    }

    private func refuseFilter(_ input: Input) throws(Failure) {
        guard let filter else { return }
        throw Failure(
            "\(input.name): is a trace, which has no packets for --filter '\(filter.expression)' to choose from; "
                + "give it captures, or leave it out")
    }

    private mutating func finish(_ file: CaptureFile) {
        captureEnded(file)
        files.append(file)
    }

    private mutating func captureEnded(_ file: CaptureFile) {
        if file.failure != nil { decoder.fileWasTruncated() }
        if let end = file.end { decoder.lasts(until: end) }
        decoder.dropped(file.dropped)
        decoder.refused(file.refusals.packets &+ file.refusals.blocks)
    }

    /// Hands a packet on, if it is wanted.
    @inline(__always)
    private mutating func take(_ packet: CapturedPacket, isBigEndian: Bool) throws(Failure) {
        if let counting {
            taken &+= 1
            counting.reading(taken)
        }
        guard try filter?.accepts(packet, isBigEndian: isBigEndian) ?? true else { return }
        decoder.take(linkType: packet.linkType, packet.bytes.bytes, wireLength: packet.wireLength, at: packet.timestamp)
    }

    private mutating func read<Source: PacketSource & ~Copyable>(
        _ capture: inout Source, _ file: inout CaptureFile, _ afterSome: (UInt64) throws(Failure) -> Bool
    ) throws(Failure) {
        var last = Timestamp(nanoseconds: 0)
        while let packet = capture.next() {
            file.packets &+= 1
            if capture.hasFacts { tell(capture.takeFacts(), at: packet.timestamp) }
            try take(packet, isBigEndian: capture.isBigEndian)
            last = packet.timestamp
            if file.packets % Self.some == 0, try !afterSome(progress) { break }
        }
        tell(capture.takeFacts(), at: last)
        file.end = capture.end
        file.dropped = capture.dropped
        // Whoever leaves a file that grows asks for no more of it.
        file.failure = capture.failure == DescriptorBytes.left ? nil : capture.failure
        file.refusals = capture.refusals
    }

    private func tell(_ facts: [CapturedEvent.Kind], at: Timestamp) {
        for fact in facts { sink.consume(CapturedEvent(at, fact), payload: RawSpan()) }
    }

    private mutating func read<Reader: TraceReading>(
        _ trace: consuming TraceFile<Reader>, _ input: Input, _ file: inout CaptureFile,
        _ afterSome: (UInt64) throws(Failure) -> Bool
    ) throws(Failure) {
        let base = max(lastSerial, decoder.flows.lastSerial)
        var highest = base
        let (sink, counting) = (sink, counting)
        var number: UInt64 = 0
        var (isWanted, isRead) = (true, false)
        while isWanted {
            do throws(TraceError) {
                let isThere = try trace.next { event, payload in
                    number &+= 1
                    counting?.reading(number)
                    if case .open(let opened) = event.kind { highest = max(highest, opened.id.serial &+ base) }
                    if base == 0 {
                        sink.consume(copy event, payload: payload)
                    } else {
                        sink.consume(event.renumbered(base), payload: payload)
                    }
                }
                guard isThere else {
                    isRead = true
                    break
                }
            } catch {
                throw Failure("\(input.name): \(error)")
            }
            steps &+= 1
            if steps % Self.some == 0 { isWanted = try afterSome(progress) }
        }
        lastSerial = highest
        finish(trace.reader, isRead: isRead, input, &file)
    }

    private mutating func finish(_ reader: some TraceReading, isRead: Bool, _ input: Input, _ file: inout CaptureFile) {
        file.take(reader, isRead: isRead, input)
        files.append(file)
        tellLosses(file)
    }

    /// Puts what was lost in reading a trace on the tape, as the packets' decoder does.
    private func tellLosses(_ file: CaptureFile) {
        let at = file.lastTimestamp ?? Timestamp(nanoseconds: 0)
        let losses = [
            Loss(.damagedRecord, count: file.damaged), Loss(.truncatedFile, count: file.failure == nil ? 0 : 1),
        ]
        for loss in losses where loss.count > 0 {
            sink.consume(CapturedEvent(at, .lost(loss)), payload: RawSpan())
        }
    }

    /// Packets between two calls of `afterSome`.
    private static var some: UInt64 { 32 }

    /// The tape has ended.
    mutating func finish() { decoder.finish() }
}

/// A sink that is told where on the tape it is.
protocol PacketCounting: EventSink {
    /// What follows comes out of this packet of the captures, or is this event of the traces; from 1 on.
    func reading(_ number: UInt64)
}

/// What became of an input.
struct CaptureFile: Equatable, Sendable {
    /// The path, or what else the input is called in messages.
    var name: String
    /// It is a copy of this one, and was not read.
    var original: String?
    var packets: UInt64 = 0
    /// Of a capture, when it has ended, where it says so.
    var end: Timestamp?
    /// Of a capture, packets that it never had, as it says itself.
    var dropped: UInt64 = 0
    /// Of a trace, how many events it holds; `nil` where it is a capture.
    var events: UInt64?
    /// Of a state, how many captures and traces it was made of.
    var tapes: UInt64?
    /// Of a state: not all of them were read to their ends.
    var isIncomplete = false
    /// Why the file ended too early.
    var failure: String?
    /// Of a capture, what its reader has let go of.
    var refusals = CaptureRefusals()
    /// Of a trace, the time of its last event.
    var lastTimestamp: Timestamp?
    /// Of a trace, the places that are damaged.
    var damaged: UInt64 = 0
    /// Of a trace, events of kinds that only later versions know.
    var skipped: UInt64 = 0
    /// What is wrong at the first of the damaged places.
    var complaints: [String] = []
}
