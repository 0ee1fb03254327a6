import Shared

/// All flows of a tape: finds a segment's flow, opens new ones, and lets go of those that are over.
///
/// Who is local: whoever sent SYN, else whoever was answered with SYN-ACK. Where the capture joined late, the likelier
/// client: the side across from a port at which a known service is at home, else the one with the higher port.
///
/// Flows wait in one queue a stage for their time to run out. The queues are in the order in which the flows came to that
/// stage; a flow that was heard since then goes to the back when it gets to the front. So a packet costs no more
/// than storing its time. All times are the tape's (`TapeClock`).
///
/// Equal endpoints on two networks are two flows, unless the sequence numbers say that they are one: a connection that was
/// captured in two places, or whose directions have tags of their own.
struct FlowTable<Sink: EventSink>: ~Copyable {
    private let sink: Sink
    private var limits: FlowLimits

    private var slots = FlowSlots()
    private var index = FlowIndex()
    private var queues: [Queue]
    /// The slot of the last segment's flow: segments come in trains.
    private var last = -1
    /// The serial number of the connection that was opened last.
    private(set) var lastSerial: UInt64 = 0
    private var clock = TapeClock()
    private var nextSweep = Int64.min
    /// The network of the first flow; most captures have no other.
    private var firstNetwork: Network?
    private var hasSeveralNetworks = false
    /// Flows by their endpoints alone, once there are several networks.
    private var tuples = FlowIndex()
    private(set) var statistics = FlowStatistics()
    /// There is more on the tape than SYNs.
    private var hasAnswers = false

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

    /// Several captures are read at one time: what one has lost another may bring.
    mutating func expectsCopies() {
        guard !limits.hasCopies else { return }
        limits.hasCopies = true
        for queue in queues {
            var slot = queue.oldest
            while slot >= 0 {
                slots[Int(slot)].flow.hasCopies = true
                slot = slots[Int(slot)].newer
            }
        }
    }

    // MARK: - A segment

    /// - Parameter payload: what was captured of the segment's payload.
    @inline(__always)
    mutating func take(
        _ segment: TCPSegment, payload: RawSpan, from source: Endpoint, to destination: Endpoint,
        on network: Network = .plain, at: Timestamp
    ) {
        clock.hear(at.nanoseconds)
        // Not within a second of the last time; it may have been set back.
        if UInt64(bitPattern: nextSweep &- clock.now &- 1) >= UInt64(Self.sweepNanoseconds) { sweep(at) }

        var slot = last
        var direction: Direction?
        if slot >= 0, slots[slot].flow.isOn(network) {
            direction = slots[slot].flow.direction(from: source, to: destination)
        }
        if direction == nil, let found = find(segment, from: source, to: destination, on: network) {
            slot = found.slot
            direction = found.direction
            last = slot
        }
        guard let direction else {
            return open(segment, payload, from: source, to: destination, on: network, at: at, after: nil)
        }
        let outcome = take(segment, payload, direction, slot: slot, at: at)
        if outcome != .taken { refused(outcome, segment, payload, direction, slot: slot, at: at) }
    }

    /// Looks for the flow of a segment that is not the last one's.
    private mutating func find(
        _ segment: TCPSegment, from source: Endpoint, to destination: Endpoint, on network: Network
    ) -> (slot: Int, direction: Direction)? {
        var direction: Direction?
        let slot = index.find(index.hash(source, destination, on: network)) { slot in
            guard slots[slot].flow.isOn(network) else { return false }
            direction = slots[slot].flow.direction(from: source, to: destination)
            return direction != nil
        }
        if let slot, let direction { return (slot, direction) }
        return elsewhere(segment, from: source, to: destination, on: network)
    }

    /// When a packet was, as far as its time is to be believed.
    mutating func now(_ at: Timestamp) -> Int64 {
        clock.hear(at.nanoseconds)
        return clock.now
    }

    @inline(__always)
    private mutating func take(
        _ segment: TCPSegment, _ payload: RawSpan, _ direction: Direction, slot: Int, at: Timestamp
    ) -> Flow.Outcome {
        let outcome = slots[slot].flow.take(
            segment, payload: payload, direction, at: at, now: max(clock.now, at.nanoseconds), to: sink, &statistics)
        if outcome == .taken, slots[slot].flow.stage != slots[slot].queue { requeue(slot) }
        return outcome
    }

    /// A flow has not taken a segment.
    @inline(never)
    private mutating func refused(
        _ outcome: Flow.Outcome, _ segment: TCPSegment, _ payload: RawSpan, _ direction: Direction, slot: Int,
        at: Timestamp
    ) {
        guard outcome == .restarts else {
            statistics.ignoredSegments &+= 1
            statistics.ignoredBytes &+= UInt64(segment.payloadLength)
            if !slots[slot].flow.explains(segment, direction) { statistics.misplacedSegments &+= 1 }
            return
        }
        let old = slots[slot].flow
        slots[slot].flow.close(at: at, otherwise: .superseded, silence: silence, to: sink)
        remove(slot)
        if direction.isSend {
            open(segment, payload, from: old.local, to: old.remote, on: old.network, at: at, after: old)
        } else {
            open(segment, payload, from: old.remote, to: old.local, on: old.network, at: at, after: old)
        }
    }

    /// A router, or the host itself, says that a segment did not arrive.
    mutating func take(_ report: Undelivered, on network: Network, at: Timestamp) {
        clock.hear(at.nanoseconds)
        let segment = TCPSegment(
            sourcePort: report.source.port, destinationPort: report.destination.port, sequence: report.sequence,
            acknowledgment: SequenceNumber(0), flags: .syn, payloadLength: 0)
        guard let (slot, direction) = find(segment, from: report.source, to: report.destination, on: network) else {
            return
        }
        slots[slot].flow.undelivered(
            report.sequence, direction, error: report.error, now: max(clock.now, at.nanoseconds))
        if slots[slot].flow.stage != slots[slot].queue { requeue(slot) }
    }

    /// What it says of a SYN that nothing came of it.
    private var silence: ConnectAttempt.Silence {
        hasAnswers && !limits.isFiltered ? .unanswered(until: clock.now) : .notCaptured(until: clock.now)
    }

    // MARK: - Opening

    /// Opens a flow, if the segment begins one or carries data.
    private mutating func open(
        _ segment: TCPSegment, _ payload: RawSpan, from source: Endpoint, to destination: Endpoint,
        on network: Network, at: Timestamp, after previous: Flow?
    ) {
        let flags = segment.flags
        let isSYN = flags.contains(.syn) && flags.isDisjoint(with: [.fin, .rst])
        // One byte without PSH is a keep-alive probe.
        let isData = segment.payloadLength > 1 || (segment.payloadLength == 1 && flags.contains(.psh))
        // Who says that nothing follows has a connection, though nothing else of it was captured.
        let isEnd =
            segment.payloadLength == 0 && flags.isSuperset(of: [.fin, .ack]) && !isKnownElsewhere(source, destination)
        guard isSYN || ((isData || isEnd) && flags.isDisjoint(with: [.syn, .rst])) else {
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
            id: ConnectionID(lastSerial), role: role, stage: isSYN && senderIsLocal ? .opening : .open,
            isBegunByAnswer: isSYN && !senderIsLocal, on: network, tellsUnseen: !limits.isFiltered,
            hasCopies: limits.hasCopies, at: max(clock.now, at.nanoseconds))
        flow.begin(segment, direction)
        if isSYN, let previous { flow.replaces(previous) }
        var opened = ConnectionOpened(
            id: flow.id, local: flow.local, remote: flow.remote, role: role, joinedLate: !isSYN,
            localSequenceNumber: isSYN && senderIsLocal ? segment.sequence.value : nil,
            remoteSequenceNumber: isSYN && !senderIsLocal ? segment.sequence.value : nil)
        if !isSYN, flags.contains(.ack) {
            // The streams begin with this segment, and with what it acknowledges.
            let (sender, receiver) = (segment.sequence.value &- 1, segment.acknowledgment.value &- 1)
            opened.localSequenceNumber = senderIsLocal ? sender : receiver
            opened.remoteSequenceNumber = senderIsLocal ? receiver : sender
        }
        sink.consume(CapturedEvent(at, .open(opened)), payload: RawSpan())
        let slot = insert(flow)
        last = slot
        // A flow takes what it began with.
        _ = take(segment, payload, direction, slot: slot, at: at)
    }

    private static func isLikelierClient(_ port: UInt16, than other: UInt16) -> Bool {
        let isService = ServicePorts.isHome(port)
        let otherIsService = ServicePorts.isHome(other)
        return isService != otherIsService ? otherIsService : port >= other
    }

    private mutating func insert(_ flow: Flow) -> Int {
        let slot = slots.insert(FlowSlots.Slot(flow: flow, queue: flow.stage, queuedAt: clock.now))
        enter(slot, on: flow.network)
        enqueue(slot, flow.stage)
        guard let first = firstNetwork else {
            firstNetwork = flow.network
            return slot
        }
        if hasSeveralNetworks { enterTuple(slot) } else if first != flow.network { severalNetworks() }
        return slot
    }

    private mutating func remove(_ slot: Int) {
        dequeue(slot)
        let (local, remote) = (slots[slot].flow.local, slots[slot].flow.remote)
        index.remove(slot, index.hash(local, remote, on: slots[slot].flow.network))
        if hasSeveralNetworks {
            let others = slots[slot].flow.others
            index.remove(slot, index.hash(local, remote, on: others.0))
            index.remove(slot, index.hash(local, remote, on: others.1))
            tuples.remove(slot, tuples.hash(local, remote, on: .plain))
        }
        slots.remove(slot)
        if last == slot { last = -1 }
    }

    // MARK: - Networks

    /// How many flows with equal endpoints are looked at for one that a segment belongs to.
    private static var candidates: Int { 16 }

    /// Looks for the flow of a segment on other networks, and has it found on this one from now on.
    @inline(never)
    private mutating func elsewhere(
        _ segment: TCPSegment, from source: Endpoint, to destination: Endpoint, on network: Network
    ) -> (slot: Int, direction: Direction)? {
        guard let first = firstNetwork, hasSeveralNetworks || network != first else { return nil }
        if !hasSeveralNetworks { severalNetworks() }
        var found: (slot: Int, direction: Direction)?
        var looked = 0
        _ = tuples.find(tuples.hash(source, destination, on: .plain)) { slot in
            guard let direction = slots[slot].flow.direction(from: source, to: destination) else { return false }
            if slots[slot].flow.owns(segment, direction) { found = (slot, direction) }
            looked &+= 1
            return found != nil || looked >= Self.candidates
        }
        guard let found else { return nil }
        if let left = slots[found.slot].flow.appear(on: network) {
            index.remove(found.slot, index.hash(source, destination, on: left))
        }
        enter(found.slot, on: network)
        return found
    }

    private mutating func enter(_ slot: Int, on network: Network) {
        index.insert(slot, index.hash(slots[slot].flow.local, slots[slot].flow.remote, on: network))
    }

    /// Whether there is a flow with these endpoints on another network: what ends there may be a copy of it.
    private func isKnownElsewhere(_ source: Endpoint, _ destination: Endpoint) -> Bool {
        guard hasSeveralNetworks else { return false }
        return tuples.find(tuples.hash(source, destination, on: .plain)) { slot in
            slots[slot].flow.direction(from: source, to: destination) != nil
        } != nil
    }

    /// How many flows are looked for by their endpoints alone.
    var sharedTuples: Int { tuples.count }

    /// Of as many with equal endpoints as are looked at: with more, each would be behind all others.
    private mutating func enterTuple(_ slot: Int) {
        let hash = tuples.hash(slots[slot].flow.local, slots[slot].flow.remote, on: .plain)
        var equals = 0
        _ = tuples.find(hash) { _ in
            equals &+= 1
            return equals >= Self.candidates
        }
        if equals < Self.candidates { tuples.insert(slot, hash) }
    }

    /// From now on flows are looked for by their endpoints alone, too.
    private mutating func severalNetworks() {
        hasSeveralNetworks = true
        for queue in queues {
            var slot = queue.oldest
            while slot >= 0 {
                enterTuple(Int(slot))
                slot = slots[Int(slot)].newer
            }
        }
    }

    // MARK: - Letting go

    private static var sweepNanoseconds: Int64 { 1_000_000_000 }

    /// Looks at the front of each queue, once a second of the tape.
    private mutating func sweep(_ at: Timestamp) {
        let now = clock.now
        nextSweep = now &+ Self.sweepNanoseconds
        for stage in Flow.Stage.allCases {
            let patience = limits.patienceNanoseconds(stage)
            while let slot = oldest(stage), now &- slots[slot].queuedAt > patience || slots[slot].queuedAt > now {
                // One that was heard at a wild time was heard until now.
                slots[slot].flow.heard(notAfter: now)
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
            slots[slot].flow.close(at: at, otherwise: .idle, silence: silence, to: sink)
            requeue(slot)
        }
    }

    /// The table is full: first of all what is over goes, then what has not been heard of for longest, roughly.
    private mutating func makeRoom(_ at: Timestamp) {
        for stage in [Flow.Stage.closed, .opening, .closing, .halfClosed, .open] {
            guard let slot = oldest(stage) else { continue }
            if stage != .closed {
                statistics.evictedFlows &+= 1
                slots[slot].flow.close(at: at, otherwise: .idle, silence: silence, to: sink)
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
            slots[entry.slot].flow.close(at: at, otherwise: .tapeEnd, silence: silence, to: sink)
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
        if stage != .opening { hasAnswers = true }
        slots[slot].queuedAt = clock.now
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
    /// Segments of these whose data are nowhere else: they do not repeat what was seen, and are no older than the capture.
    var misplacedSegments: UInt64 = 0
    /// Connections that were let go of because the table was full.
    var evictedFlows: UInt64 = 0
    /// Bytes that keep-alive probes bring, which belong to no stream (RFC 9293, section 3.8.4).
    var probeBytes: UInt64 = 0
    /// Bytes that RST brings: words on why it was sent (RFC 9293, section 3.5.3).
    var resetBytes: UInt64 = 0
}
