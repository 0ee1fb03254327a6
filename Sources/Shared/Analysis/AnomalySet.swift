/// The anomalies of one message.
struct AnomalySet: Equatable, Sendable {
    private var bits: UInt32 = 0

    init() {}

    var isEmpty: Bool { bits == 0 }

    @inline(__always)
    mutating func insert(_ anomaly: Anomaly) { bits |= 1 << UInt32(anomaly.rawValue) }

    mutating func formUnion(_ other: AnomalySet) { bits |= other.bits }

    func contains(_ anomaly: Anomaly) -> Bool { bits & 1 << UInt32(anomaly.rawValue) != 0 }
}
