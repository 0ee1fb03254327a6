/// What an answer says of the request that it belongs to.
protocol PairingKey: Equatable, BitwiseCopyable {}

/// Answers come in the order of their requests, as in HTTP/1 (RFC 9112, section 9.3.2) and Redis.
struct InOrder: PairingKey {
}

extension UInt32: PairingKey {}
extension UInt64: PairingKey {}

/// The requests of one connection that wait for their answer, in the order in which they were sent, and which answer
/// belongs to which.
///
/// `Ask` is what an analyzer has to know of a request while it reads the answer: of HTTP the method, which decides how
/// long the response is.
struct Pairing<Key: PairingKey, Ask: BitwiseCopyable>: ~Copyable {
    /// The texts of what waits, one after the other.
    private(set) var text = UniqueBytes()
    /// Those from `first` to `end` wait; the others are room for later ones.
    private var entries: [Entry] = []
    private var first = 0
    private var end = 0

    private struct Entry {
        var key: Key
        var ask: Ask
        var exchange: Exchange
    }

    init() {}

    /// More room for text is not kept for later requests.
    private static var keptText: Int { 16 << 10 }

    var isEmpty: Bool { first == end }
    var count: Int { end &- first }

    mutating func removeAll() {
        text.removeAll(keepingAtMost: Self.keptText)
        first = 0
        end = 0
    }

    // MARK: Requests

    /// Stores text of a request; its range stays valid until `settle` has let go of the request.
    mutating func store(_ bytes: RawSpan) -> ByteRange {
        let start = text.count
        text.append(bytes)
        return ByteRange(start, text.count)
    }

    mutating func append(_ key: Key, _ ask: Ask, _ exchange: Exchange) {
        let entry = Entry(key: key, ask: ask, exchange: exchange)
        if end < entries.count { entries[end] = entry } else { entries.append(entry) }
        end &+= 1
    }

    var newest: Int? { isEmpty ? nil : end &- 1 }

    // MARK: Answers

    /// The oldest request with this key that has no final answer yet.
    @inline(__always)
    func unanswered(_ key: Key) -> Int? {
        var slot = first
        while slot < end {
            if !entries[slot].exchange.isAnswered, entries[slot].key == key { return slot }
            slot &+= 1
        }
        return nil
    }

    @inline(__always)
    func ask(_ slot: Int) -> Ask { entries[slot].ask }

    @inline(__always)
    func exchange(_ slot: Int) -> Exchange { entries[slot].exchange }

    @inline(__always)
    mutating func update(_ slot: Int, _ change: (inout Exchange) -> Void) { change(&entries[slot].exchange) }

    // MARK: Settling

    /// Gives away the exchanges of which both sides are complete, in the order of the requests.
    @inline(__always)
    mutating func settle(_ out: any Output) {
        while first < end, entries[first].exchange.isAnswered, entries[first].exchange.isRequestComplete {
            settleOldest(out)
        }
    }

    /// Gives the oldest exchange away, complete or not; there is one.
    @inline(__always)
    mutating func settleOldest(_ out: any Output) {
        out.exchange(entries[first].exchange, text.bytes)
        first &+= 1
        if first == end {
            removeAll()
        } else if first >= 1024 {
            compact()
        }
    }

    /// Gives all away but the newest.
    mutating func settleAllButNewest(_ out: any Output) { while count > 1 { settleOldest(out) } }

    /// Gives all away, in the order of the requests.
    mutating func drain(_ out: any Output) { while !isEmpty { settleOldest(out) } }

    /// Lets go of what is settled: long pipelines never empty the queue.
    private mutating func compact() {
        entries.removeFirst(first)
        end &-= first
        first = 0
        let start = entries[..<end].map { Int($0.exchange.line.start) }.min() ?? text.count
        text.removeFirst(start)
        for index in 0..<end { entries[index].exchange.moveText(by: -start) }
    }
}
