/// What is asked of a service over one kind of connection: an operation with what it acts on.
struct OperationKey: EntryKey {
    var connection: ServiceMap.ConnectionKey
    var name: UInt32
    /// With a NUL between two.
    var targets: UInt32
    var summary: UInt32

    @inline(__always)
    func mixed(_ seed: UInt64) -> UInt64 {
        let what = UInt64(name) << 32 | UInt64(targets)
        return fold(connection.mixed(seed) ^ what, 0xE703_7ED1_A0B4_28DB ^ UInt64(summary))
    }
}

/// How often it was asked, and what became of it.
///
/// Each part is joined in any order with the same result.
struct OperationValue: Equatable, Sendable {
    var sightings: Sightings
    var errors: UInt64 = 0
    /// Rows that were returned.
    var rows: UInt64 = 0
    /// From the request's first byte to the answer's last, of those that do not wait.
    var latency = LatencyHistogram()
    /// How long it took where somebody listened.
    var waiting = LatencyHistogram()

    init(_ operation: borrowing ServiceOperation) {
        sightings = Sightings(first: operation.requestFirst, last: operation.requestFirst, count: 1)
        errors = operation.status == .error ? 1 : 0
        rows = operation.rows ?? 0
        guard let duration = operation.duration else { return }
        if operation.isWaiting { waiting.record(duration) } else { latency.record(duration) }
    }

    mutating func merge(_ other: OperationValue) {
        sightings.merge(other.sightings)
        errors &+= other.errors
        rows &+= other.rows
        latency.merge(other.latency)
        waiting.merge(other.waiting)
    }
}

extension OperationValue {
    func write(_ state: inout StateWriter) {
        sightings.write(&state)
        state.number(errors)
        state.number(rows)
        latency.write(&state)
        waiting.write(&state)
    }

    init(_ state: inout StateReader) throws(StateFault) {
        sightings = try Sightings(&state)
        errors = try state.number()
        rows = try state.number()
        latency = try LatencyHistogram(&state)
        waiting = try LatencyHistogram(&state)
    }
}
