/// Connections of which the port may have to speak, by the moment at which they will have been silent for long enough.
///
/// A heap; equal moments go in the order of opening.
struct QuietConnections {
    private struct Entry {
        var due: Int64
        var number: UInt64
        var id: ConnectionID

        func precedes(_ other: Entry) -> Bool { (due, number) < (other.due, other.number) }
    }

    private var heap: [Entry] = []
    /// The first moment at which one is due, in nanoseconds.
    private(set) var due = Int64.max

    /// A live connection that says nothing is told of after ten seconds of the tape.
    static let silence: Int64 = 10_000_000_000

    /// Takes note that a connection was heard last at this moment.
    mutating func wait(for id: ConnectionID, number: UInt64, since moment: Timestamp) {
        var place = heap.count
        heap.append(
            Entry(due: moment.nanoseconds.addingReportingOverflow(Self.silence).partialValue, number: number, id: id))
        while place > 0, heap[place].precedes(heap[(place - 1) / 2]) {
            heap.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
        due = heap[0].due
    }

    /// Forgets connections that have ended, where they are more than those that are open.
    mutating func trim(open: Int, isOpen: (ConnectionID, _ number: UInt64) -> Bool) {
        guard heap.count > 2 * open + Self.spare else { return }
        heap = heap.filter { isOpen($0.id, $0.number) }
        // What is sorted is a heap.
        heap.sort { $0.precedes($1) }
        due = heap.first?.due ?? .max
    }

    private static let spare = 64

    /// The connection whose moment comes first, with that moment, if it has come.
    mutating func next(until now: Timestamp) -> (id: ConnectionID, number: UInt64, at: Timestamp)? {
        guard let first = heap.first, first.due <= now.nanoseconds else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            var place = 0
            while true {
                var least = place
                for child in [2 * place + 1, 2 * place + 2]
                where child < heap.count && heap[child].precedes(heap[least]) { least = child }
                if least == place { break }
                heap.swapAt(place, least)
                place = least
            }
        }
        due = heap.first?.due ?? .max
        return (first.id, first.number, Timestamp(nanoseconds: first.due))
    }
}
