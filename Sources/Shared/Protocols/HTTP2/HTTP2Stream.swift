/// A stream (RFC 9113, section 5): a request and its answer.
final class HTTP2Stream {
    private(set) var id: UInt32 = 0
    let request: HTTP2Half
    let response: HTTP2Half
    /// As soon as the request's head is read; `nil` where it was not seen.
    var exchange: Exchange?
    /// What its ranges lie in.
    var line = UniqueBytes()
    /// Where the request begins in the client's stream.
    var position: UInt64 = 0
    var method = RequestMethod.unknown
    /// The server has promised it (RFC 9113, section 8.4).
    var isPushed = false

    init(_ run: Run) {
        request = HTTP2Half(.client, run)
        response = HTTP2Half(.server, run)
    }

    func begin(_ id: UInt32) {
        self.id = id
        request.reset()
        response.reset()
        exchange = nil
        line.removeAll()
        position = 0
        method = .unknown
        isPushed = false
        tunnel = nil
        hasEnded = [false, false]
    }

    /// What both sides go on in, once an answer to CONNECT has agreed to it.
    var tunnel: InnerID?
    /// Who says no more in it.
    var hasEnded: InlineArray<2, Bool> = [false, false]

    /// Its request, for what answers it piece by piece.
    var carried: Carried {
        var text: [UInt8] = []
        line.withBytes { text = [UInt8]($0) }
        return Carried(exchange: exchange, text: text)
    }

    /// Lends the path of its request, as far as it is known.
    func withPath(_ body: (RawSpan) -> Void) {
        let target = exchange?.target.range ?? 0..<0
        line.withBytes { body($0.extracting(target)) }
    }

    /// What a request asks for by its content is another thing than its target.
    func nameContent() {
        guard let target = exchange?.target else { return }
        var name = request.operation
        if name.isEmpty { line.withBytes { name = GraphQLTarget.name($0.extracting(target)) } }
        guard !name.isEmpty else { return }
        let start = line.count
        line.append(name.span.bytes)
        exchange?.kind = ByteRange(start, line.count)
    }

    func half(_ side: Side) -> HTTP2Half { side == .client ? request : response }

    var held: Int { request.held &+ response.held &+ line.count }
}

/// The streams of a connection that are open, by their number.
///
/// Not a `Pairing`: what that knows of order and of loss does not matter where an answer names its request, and each of thousands
/// of open streams is looked up at each frame.
struct HTTP2StreamTable: ~Copyable {
    /// Those that are open, and those that were, to be used again.
    private var slots: [HTTP2Stream] = []
    private var free: [Int] = []
    private var index = HashIndex()
    /// In the order in which they were opened, from `firstOpened` on; some are closed by now.
    private var opened: [(slot: Int, id: UInt32)] = []
    private var firstOpened = 0
    /// The last that was asked for.
    private var last: Int?
    private let run: Run

    init(_ run: Run) { self.run = run }

    var count: Int { slots.count &- free.count }

    private static let keptSlots = 128

    mutating func reset() {
        last = nil
        opened.removeAll(keepingCapacity: opened.capacity <= Self.keptSlots)
        firstOpened = 0
        guard count > 0 || slots.count > Self.keptSlots else { return }
        index.removeAll()
        if slots.count > Self.keptSlots { slots.removeLast(slots.count &- Self.keptSlots) }
        free = Array(slots.indices)
        for stream in slots { stream.begin(0) }
    }

    private func hash(_ id: UInt32) -> UInt32 {
        UInt32(truncatingIfNeeded: fold(index.seed ^ UInt64(id), 0xE703_7ED1_A0B4_28DB))
    }

    @inline(__always)
    mutating func find(_ id: UInt32) -> HTTP2Stream? {
        if let last, slots[last].id == id { return slots[last] }
        let slots = slots
        guard let slot = index.find(hash(id), { slots[$0].id == id }) else { return nil }
        last = slot
        return slots[slot]
    }

    /// Opens a stream that is not open.
    mutating func open(_ id: UInt32) -> HTTP2Stream {
        let slot = free.popLast() ?? slots.count
        if slot == slots.count { slots.append(HTTP2Stream(run)) }
        slots[slot].begin(id)
        index.insert(slot, hash(id))
        opened.append((slot, id))
        // Each pass over all of them follows as many openings.
        if opened.count > 4 &* slots.count &+ 64 {
            let rest = opened[firstOpened...]
            opened = rest.filter { slots[$0.slot].id == $0.id }
            firstOpened = 0
        }
        last = slot
        return slots[slot]
    }

    /// The one that was opened before all others that are open.
    mutating func oldest() -> HTTP2Stream? {
        while firstOpened < opened.count {
            let (slot, id) = opened[firstOpened]
            if slots[slot].id == id { return slots[slot] }
            firstOpened &+= 1
        }
        return nil
    }

    mutating func close(_ stream: HTTP2Stream) {
        let id = stream.id
        let slots = slots
        guard let slot = index.find(hash(id), { slots[$0] === stream }) else { return }
        index.remove(slot, hash(id))
        if last == slot { last = nil }
        stream.begin(0)
        free.append(slot)
    }

    /// The open ones, in the order of their numbers.
    var open: [HTTP2Stream] { slots.filter { $0.id != 0 }.sorted { $0.id < $1.id } }

    func forEachOpen(_ body: (HTTP2Stream) -> Void) { for stream in slots where stream.id != 0 { body(stream) } }
}
