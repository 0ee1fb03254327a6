/// A request, and what is known of its answer.
package struct Exchange {
    package var method: ByteRange
    package var target: ByteRange
    package var path: ByteRange
    package var methodKind: RequestMethod
    package var destination: Destination
    package var requestFirstByte: Timestamp
    package var requestLastByte: Timestamp
    package var requestShape = ShapeID.empty
    package var responseShape = ShapeID.empty
    package var isRequestComplete = false
    package var isAnswered = false
    package var asksToSwitch: Bool
}

/// The requests of one connection in the order in which they were sent, and responses in the order in which they come:
/// pipelined or not, the n-th final response answers the n-th request (RFC 9112, section 9.3).
package struct ExchangeQueue: ~Copyable {
    /// Methods and targets of the waiting requests, one after the other.
    package private(set) var text: [UInt8] = []
    private var entries: [Exchange] = []
    private var first = 0

    package init() {}

    package var isEmpty: Bool { first == entries.count }
    package var count: Int { entries.count &- first }

    package mutating func removeAll() {
        text.removeAll(keepingCapacity: true)
        entries.removeAll(keepingCapacity: true)
        first = 0
    }

    /// Stores text of a request; its range stays valid until the queue is empty.
    package mutating func store(_ bytes: RawSpan) -> ByteRange {
        let start = text.count
        text.append(bytes)
        return ByteRange(start, text.count)
    }

    package mutating func append(_ exchange: Exchange) { entries.append(exchange) }

    /// The index of the first request without a final response.
    @inline(__always)
    package var firstUnanswered: Int? {
        var index = first
        while index < entries.count {
            if !entries[index].isAnswered { return index }
            index &+= 1
        }
        return nil
    }

    package var newest: Int? { isEmpty ? nil : entries.count &- 1 }

    package subscript(index: Int) -> Exchange {
        get { entries[index] }
        set { entries[index] = newValue }
    }

    /// The oldest exchange.
    package var head: Exchange? { isEmpty ? nil : entries[first] }

    package mutating func removeHead() {
        first &+= 1
        if first == entries.count {
            removeAll()
        } else if first >= 1024 {
            compact()
        }
    }

    /// Lets go of the text of requests that are done: long pipelines never empty the queue.
    private mutating func compact() {
        entries.removeFirst(first)
        first = 0
        let start = entries.map { Int(Swift.min($0.method.start, $0.target.start)) }.min() ?? text.count
        text.removeFirst(start)
        for index in entries.indices {
            entries[index].method.start &-= Int32(truncatingIfNeeded: start)
            entries[index].target.start &-= Int32(truncatingIfNeeded: start)
            entries[index].path.start &-= Int32(truncatingIfNeeded: start)
        }
    }
}
