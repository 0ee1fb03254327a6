/// A request, and what is known of its answer.
package struct Exchange {
    /// From the method to the end of the target, as the head has them.
    package var line: ByteRange
    package var method: ByteRange
    package var target: ByteRange
    package var methodKind: RequestMethod
    package var operation: OperationID
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
    /// The request lines of what waits, without their versions, one after the other.
    package private(set) var text = UniqueBytes()
    /// Those from `first` to `end` wait; the others are room for later ones.
    private var entries: [Exchange] = []
    private var first = 0
    private var end = 0

    package init() {}

    /// More room for text is not kept for later requests.
    private static let keptText = 16 << 10

    package var isEmpty: Bool { first == end }
    package var count: Int { end &- first }

    package mutating func removeAll() {
        text.removeAll(keepingAtMost: Self.keptText)
        first = 0
        end = 0
    }

    /// Stores text of a request; its range stays valid until the queue is empty.
    package mutating func store(_ bytes: RawSpan) -> ByteRange {
        let start = text.count
        text.append(bytes)
        return ByteRange(start, text.count)
    }

    package mutating func append(_ exchange: Exchange) {
        if end < entries.count { entries[end] = exchange } else { entries.append(exchange) }
        end &+= 1
    }

    /// The index of the first request without a final response.
    @inline(__always)
    package var firstUnanswered: Int? {
        var index = first
        while index < end {
            if !entries[index].isAnswered { return index }
            index &+= 1
        }
        return nil
    }

    package var newest: Int? { isEmpty ? nil : end &- 1 }

    package subscript(index: Int) -> Exchange {
        @inline(__always) get { entries[index] }
    }

    @inline(__always)
    package mutating func update(_ index: Int, _ change: (inout Exchange) -> Void) { change(&entries[index]) }

    /// The oldest exchange.
    @inline(__always)
    package var head: Exchange? { isEmpty ? nil : entries[first] }

    /// The oldest exchange has its request and its answer.
    @inline(__always)
    package var headIsComplete: Bool { !isEmpty && entries[first].isAnswered && entries[first].isRequestComplete }

    /// Lets go of the oldest exchange; there is one.
    package mutating func removeHead() {
        first &+= 1
        if first == end {
            removeAll()
        } else if first >= 1024 {
            compact()
        }
    }

    /// Lets go of the text of requests that are done: long pipelines never empty the queue.
    private mutating func compact() {
        entries.removeFirst(first)
        end &-= first
        first = 0
        let start = entries[..<end].map { Int($0.line.start) }.min() ?? text.count
        text.removeFirst(start)
        for index in 0..<end {
            entries[index].line = entries[index].line.moved(by: -start)
            entries[index].method = entries[index].method.moved(by: -start)
            entries[index].target = entries[index].target.moved(by: -start)
        }
    }
}
