import Shared

/// All flows of a tape: finds a segment's flow, opens new ones, and lets go of those that are over.
///
/// Who is local: whoever sent SYN, else whoever was answered with SYN-ACK. Where the capture joined late, the likelier
/// client: the side across from a port at which a known service is at home, else the one with the higher port.
///
/// Flows wait in one queue a stage for their time to run out. The queues are in the order in which the flows came to that
/// stage; a flow that was heard since then goes to the back when it gets to the front. So a packet costs no more
/// than storing its time. All times are the tape's.
struct FlowTable<Sink: EventSink>: ~Copyable {
    private let sink: Sink
    private let limits: FlowLimits

    private var slots = FlowSlots()
    private var index = FlowIndex()
    private var queues: [Queue]
    /// The slot of the last segment's flow: segments come in trains.
    private var last = -1
    /// The serial number of the connection that was opened last.
    private(set) var lastSerial: UInt64 = 0
    private var now = Int64.min
    private var nextSweep = Int64.min
    private(set) var statistics = FlowStatistics()

    private struct Queue {
        var oldest: Int32 = -1
        var newest: Int32 = -1
        var count = 0
    }

    init(sink: Sink, limits: FlowLimits = FlowLimits()) {
        self.sink = sink
        self.limits = limits
        queues = Array(repeating: Queue(), count: Flow.Stage.allCases.count)
    }

    /// Numbers the next connections behind those of another source.
    mutating func continueSerials(after serial: UInt64) { lastSerial = max(lastSerial, serial) }

    // MARK: - A segment

    /// - Parameter payload: what was captured of the segment's payload.
    @inline(__always)
    mutating func take(
        _ segment: TCPSegment, payload: RawSpan, from source: Endpoint, to destination: Endpoint, at: Timestamp
    ) {
        if at.nanoseconds > now { now = at.nanoseconds }
        if now >= nextSweep { sweep(at) }

        if last >= 0, let direction = slots[last].flow.direction(from: source, to: destination) {
            take(segment, payload, direction, slot: last, at: at)
            return
        }
        var direction: Direction?
        let found = index.find(index.hash(source, destination)) { slot in
            direction = slots[slot].flow.direction(from: source, to: destination)
            return direction != nil
        }
        if let found, let direction {
            last = found
            take(segment, payload, direction, slot: found, at: at)
        } else {
            open(segment, payload, from: source, to: destination, at: at, after: nil)
        }
    }

    @inline(__always)
    private mutating func take(
        _ segment: TCPSegment, _ payload: RawSpan, _ direction: Direction, slot: Int, at: Timestamp
    ) {
        let outcome = slots[slot].flow.take(
            segment, payload: payload, direction, at: at, now: now, to: sink, &statistics)
        if outcome == .taken {
            if slots[slot].flow.stage != slots[slot].queue { requeue(slot) }
            return
        }
        guard outcome == .restarts else {
            statistics.ignoredSegments &+= 1
            statistics.ignoredBytes &+= UInt64(segment.payloadLength)
            return
        }
        let old = slots[slot].flow
        slots[slot].flow.close(at: at, otherwise: .superseded, to: sink)
        remove(slot)
        if direction.isSend {
            open(segment, payload, from: old.local, to: old.remote, at: at, after: old)
        } else {
            open(segment, payload, from: old.remote, to: old.local, at: at, after: old)
        }
    }

    // MARK: - Opening

    /// Opens a flow, if the segment begins one or carries data.
    private mutating func open(
        _ segment: TCPSegment, _ payload: RawSpan, from source: Endpoint, to destination: Endpoint, at: Timestamp,
        after previous: Flow?
    ) {
        let flags = segment.flags
        let isSYN = flags.contains(.syn) && flags.isDisjoint(with: [.fin, .rst])
        // One byte without PSH is a keep-alive probe.
        let isData = segment.payloadLength > 1 || (segment.payloadLength == 1 && flags.contains(.psh))
        guard isSYN || (isData && flags.isDisjoint(with: [.syn, .rst])) else {
            statistics.strayedSegments &+= 1
            statistics.ignoredBytes &+= UInt64(segment.payloadLength)
            return
        }
        if index.count >= limits.flows { makeRoom(at) }

        let senderIsLocal: Bool
        let role: Role
        if isSYN {
            senderIsLocal = !flags.contains(.ack)
            role = .client
        } else if let previous {
            senderIsLocal = previous.local == source
            role = previous.role
        } else {
            senderIsLocal = Self.isLikelierClient(source.port, than: destination.port)
            role = .unknown
        }
        lastSerial &+= 1
        let direction: Direction = senderIsLocal ? .send : .receive
        var flow = Flow(
            local: senderIsLocal ? source : destination, remote: senderIsLocal ? destination : source,
            id: ConnectionID(lastSerial), role: role, stage: isSYN && senderIsLocal ? .opening : .open, at: now)
        flow.begin(segment, direction)
        let opened = ConnectionOpened(
            id: flow.id, local: flow.local, remote: flow.remote, role: role, joinedLate: !isSYN,
            localSequenceNumber: isSYN && senderIsLocal ? segment.sequence.value : nil,
            remoteSequenceNumber: isSYN && !senderIsLocal ? segment.sequence.value : nil)
        sink.consume(CapturedEvent(at, .open(opened)), payload: RawSpan())
        let slot = insert(flow)
        last = slot
        take(segment, payload, direction, slot: slot, at: at)
    }

    private static func isLikelierClient(_ port: UInt16, than other: UInt16) -> Bool {
        let isService = ServicePorts.isHome(port)
        let otherIsService = ServicePorts.isHome(other)
        return isService != otherIsService ? otherIsService : port >= other
    }

    private mutating func insert(_ flow: Flow) -> Int {
        let slot = slots.insert(FlowSlots.Slot(flow: flow, queue: flow.stage, queuedAt: now))
        index.insert(slot, tuple: slots.tuples)
        enqueue(slot, flow.stage)
        return slot
    }

    private mutating func remove(_ slot: Int) {
        dequeue(slot)
        index.remove(slot, tuple: slots.tuples)
        slots.remove(slot)
        if last == slot { last = -1 }
    }

    // MARK: - Letting go

    /// Looks at the front of each queue, once a second of the tape.
    private mutating func sweep(_ at: Timestamp) {
        nextSweep = now &+ 1_000_000_000
        for stage in Flow.Stage.allCases {
            let patience = limits.patienceNanoseconds(stage)
            while let slot = oldest(stage), now &- slots[slot].queuedAt > patience {
                if now &- slots[slot].flow.lastHeard > patience {
                    letGo(slot, at)
                } else {
                    dequeue(slot)
                    slots[slot].queuedAt = slots[slot].flow.lastHeard
                    enqueue(slot, stage)
                }
            }
        }
    }

    /// Ends a connection that nothing was heard of, or forgets one that has ended.
    private mutating func letGo(_ slot: Int, _ at: Timestamp) {
        if slots[slot].flow.stage == .closed {
            remove(slot)
        } else {
            slots[slot].flow.close(at: at, otherwise: .idle, to: sink)
            requeue(slot)
        }
    }

    /// The table is full: first of all what is over goes, then what has not been heard of for longest, roughly.
    private mutating func makeRoom(_ at: Timestamp) {
        for stage in [Flow.Stage.closed, .opening, .closing, .halfClosed, .open] {
            guard let slot = oldest(stage) else { continue }
            if stage != .closed {
                statistics.evictedFlows &+= 1
                slots[slot].flow.close(at: at, otherwise: .idle, to: sink)
            }
            remove(slot)
            return
        }
    }

    /// The tape has ended: closes what is open, in the order of opening.
    mutating func finish(at: Timestamp) {
        var open: [(serial: UInt64, slot: Int)] = []
        for stage in Flow.Stage.allCases where stage != .closed {
            var slot = queues[Int(stage.rawValue)].oldest
            while slot >= 0 {
                open.append((slots[Int(slot)].flow.id.serial, Int(slot)))
                slot = slots[Int(slot)].newer
            }
        }
        for entry in open.sorted(by: { $0.serial < $1.serial }) {
            slots[entry.slot].flow.close(at: at, otherwise: .tapeEnd, to: sink)
            requeue(entry.slot)
        }
    }

    // MARK: - Queues

    private func oldest(_ stage: Flow.Stage) -> Int? {
        let slot = queues[Int(stage.rawValue)].oldest
        return slot >= 0 ? Int(slot) : nil
    }

    /// Puts a flow into the queue of the stage that it has come to.
    private mutating func requeue(_ slot: Int) {
        dequeue(slot)
        let stage = slots[slot].flow.stage
        slots[slot].queuedAt = now
        enqueue(slot, stage)
        if stage == .closed, queues[Int(stage.rawValue)].count > limits.closedFlows, let oldest = oldest(.closed) {
            remove(oldest)
        }
    }

    private mutating func enqueue(_ slot: Int, _ stage: Flow.Stage) {
        let queue = Int(stage.rawValue)
        let number = Int32(truncatingIfNeeded: slot)
        slots[slot].queue = stage
        slots[slot].newer = -1
        slots[slot].older = queues[queue].newest
        if queues[queue].newest >= 0 {
            slots[Int(queues[queue].newest)].newer = number
        } else {
            queues[queue].oldest = number
        }
        queues[queue].newest = number
        queues[queue].count &+= 1
    }

    private mutating func dequeue(_ slot: Int) {
        let queue = Int(slots[slot].queue.rawValue)
        let (older, newer) = (slots[slot].older, slots[slot].newer)
        if older >= 0 { slots[Int(older)].newer = newer } else { queues[queue].oldest = newer }
        if newer >= 0 { slots[Int(newer)].older = older } else { queues[queue].newest = older }
        queues[queue].count &-= 1
    }
}

/// What the table saw and did not turn into events.
struct FlowStatistics: Equatable, Sendable {
    /// Segments that begin no connection (ACK, FIN, RST, probes) between endpoints that have none.
    var strayedSegments: UInt64 = 0
    /// Segments that no stack would take: of a closed connection, RST and SYN out of place.
    var ignoredSegments: UInt64 = 0
    /// Bytes of payload in these, and in other segments those before their stream's beginning, behind its end, or more
    /// than a window ahead of it.
    var ignoredBytes: UInt64 = 0
    /// Connections that were let go of because the table was full.
    var evictedFlows: UInt64 = 0
}
