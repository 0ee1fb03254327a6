import Shared

/// Makes one connection of what both its sides tell of it, where each of them is a profiled process: as packets they would be the
/// same ones twice, which looks like retransmissions.
///
/// The side that opens second is told of as the first, with its directions turned round; of its bytes those that the first has not
/// had.
final class MergedViews<Recorder: EventRecorder>: EventRecorder {
    private let recorder = Recorder()
    /// When the last event was.
    private var now = Timestamp(nanoseconds: 0)
    /// By the side that opened first.
    private var merged: [ConnectionID: Merged] = [:]
    /// Of each open side the one that opened first.
    private var sides: [ConnectionID: ConnectionID] = [:]
    /// Open connections of which only one side has told, by that one's endpoints.
    private var alone: [Tuple: ConnectionID] = [:]

    private struct Tuple: Hashable {
        var local: Endpoint
        var remote: Endpoint
    }

    private struct Merged {
        let opened: ConnectionOpened
        var streams: [Stream: KnownStream] = [:]
        var hasOther = false
        /// How the side has ended that ended first.
        var closed: ConnectionClosed?
    }

    private struct Stream: Hashable {
        var layer: StreamLayer
        /// As the side has it that opened first.
        var direction: Direction
    }

    init() {}

    var count: Int { recorder.count }
    var strayEvents: UInt64 { recorder.strayEvents }
    var unplacedEvents: UInt64 { recorder.unplacedEvents }
    func begin(_ origin: TapeOrigin) { recorder.begin(origin) }
    func drain(_ body: (RawSpan) -> Void) { recorder.drain(body) }

    func consume(_ event: CapturedEvent, payload: RawSpan) {
        now = event.timestamp
        switch event.kind {
        case .open(let opened): if !open(opened) { recorder.consume(event, payload: payload) }
        case .data(let position):
            guard let (first, at) = place(position) else { return recorder.consume(event, payload: payload) }
            data(payload, at, of: first)
        case .gap(let gap):
            // The other side may have the bytes; that they are missing shows by what follows.
            if place(gap.at) == nil || !isShared(gap.at.connection) { recorder.consume(event, payload: payload) }
        case .acknowledged(let position), .expected(let position):
            if !isShared(position.connection) { recorder.consume(event, payload: payload) }
        case .finished(let position):
            guard let (first, at) = place(position) else { return recorder.consume(event, payload: payload) }
            let stream = Stream(layer: at.layer, direction: at.direction)
            guard merged[first]?.streams[stream]?.isFinished != true else { return }
            merged[first]?.streams[stream, default: KnownStream()].isFinished = true
            tell(.finished(at))
        case .close(let closed): if !close(closed) { recorder.consume(event, payload: payload) }
        default: recorder.consume(event, payload: payload)
        }
    }

    /// What one side has ended is over.
    func finish() {
        let ended = merged.compactMap { $0.value.closed }.sorted { $0.id.serial < $1.id.serial }
        for closed in ended { tell(.close(closed)) }
        merged = [:]
        recorder.finish()
    }

    private func tell(_ kind: CapturedEvent.Kind, payload: RawSpan = RawSpan()) {
        recorder.consume(CapturedEvent(now, kind), payload: payload)
    }

    // MARK: Connections

    /// - Returns: whether it is the other side of one that is open.
    private func open(_ opened: ConnectionOpened) -> Bool {
        guard opened.process != nil, !opened.joinedLate, opened.local.kind == .internet else { return false }
        if let first = alone[Tuple(local: opened.remote, remote: opened.local)], let other = merged[first],
            other.closed == nil, Self.agree(opened, other.opened)
        {
            alone[Tuple(local: opened.remote, remote: opened.local)] = nil
            merged[first]?.hasOther = true
            sides[opened.id] = first
            return true
        }
        alone[Tuple(local: opened.local, remote: opened.remote)] = opened.id
        merged[opened.id] = Merged(opened: opened)
        sides[opened.id] = opened.id
        return false
    }

    /// Two connections may have equal endpoints, in two network namespaces; not the same numbers, too.
    private static func agree(_ one: ConnectionOpened, _ other: ConnectionOpened) -> Bool {
        func isEqual(_ a: UInt32?, _ b: UInt32?) -> Bool { a == nil || b == nil || a == b }
        return one.role != other.role && isEqual(one.localSequenceNumber, other.remoteSequenceNumber)
            && isEqual(one.remoteSequenceNumber, other.localSequenceNumber)
    }

    private func isShared(_ id: ConnectionID) -> Bool { sides[id].flatMap { merged[$0]?.hasOther } ?? false }

    /// - Returns: whether it waits for the other side's end, or that has been told of.
    private func close(_ closed: ConnectionClosed) -> Bool {
        guard let first = sides.removeValue(forKey: closed.id), var connection = merged[first] else { return false }
        guard connection.hasOther else {
            alone[Tuple(local: connection.opened.local, remote: connection.opened.remote)] = nil
            merged[first] = nil
            return false
        }
        guard let earlier = connection.closed else {
            // The error is the one of its own side.
            connection.closed = ConnectionClosed(
                id: first, how: closed.how, error: closed.id == first ? closed.error : 0)
            merged[first] = connection
            return true
        }
        merged[first] = nil
        tell(.close(earlier))
        return true
    }

    // MARK: Streams

    /// The same place as the side has it that opened first, and that one; `nil` where there are not two sides to tell apart.
    private func place(_ at: StreamPosition) -> (ConnectionID, StreamPosition)? {
        guard let first = sides[at.connection] else { return nil }
        var place = at
        if first != at.connection {
            place.connection = first
            place.direction = at.direction == .send ? .receive : .send
        }
        return (first, place)
    }

    private func data(_ payload: RawSpan, _ at: StreamPosition, of first: ConnectionID) {
        let stream = Stream(layer: at.layer, direction: at.direction)
        let end = at.position &+ UInt64(payload.byteCount)
        guard end >= at.position, merged[first] != nil else { return }
        let told = merged[first]?.streams[stream, default: KnownStream()].take(at.position..<end)
        guard let told else { return }
        if !told.hole.isEmpty, isShared(first) {
            var place = at
            place.position = told.hole.lowerBound
            let length = told.hole.upperBound &- told.hole.lowerBound
            let gap = StreamGap(at: place, length: length, reason: .unseen)
            tell(.gap(gap))
        }
        for range in isShared(first) ? told.new : [at.position..<end] {
            var place = at
            place.position = range.lowerBound
            let part = payload.extracting(Int(range.lowerBound &- at.position)..<Int(range.upperBound &- at.position))
            tell(.data(place), payload: part)
        }
    }
}

/// What was told of a stream.
private struct KnownStream {
    var highest: UInt64 = 0
    /// Before `highest`, and told of by nobody; in order.
    var missing: [Range<UInt64>] = []
    var isFinished = false

    /// Of more than so many the oldest are given up.
    private static let holes = 64

    /// - Returns: which of the bytes are new, and the hole before them, if there is a new one.
    mutating func take(_ bytes: Range<UInt64>) -> (new: [Range<UInt64>], hole: Range<UInt64>) {
        var new: [Range<UInt64>] = []
        if missing.contains(where: { $0.overlaps(bytes) }) {
            new = missing.map { $0.clamped(to: bytes) }.filter { !$0.isEmpty }
            missing = missing.flatMap { hole -> [Range<UInt64>] in
                let found = hole.clamped(to: bytes)
                guard !found.isEmpty else { return [hole] }
                return [hole.lowerBound..<found.lowerBound, found.upperBound..<hole.upperBound]
                    .filter { !$0.isEmpty }
            }
        }
        let hole = highest..<max(bytes.lowerBound, highest)
        if !hole.isEmpty {
            if missing.count == Self.holes { missing.removeFirst() }
            missing.append(hole)
        }
        if bytes.upperBound > highest {
            new.append(max(bytes.lowerBound, highest)..<bytes.upperBound)
            highest = bytes.upperBound
        }
        return (new, hole)
    }
}
