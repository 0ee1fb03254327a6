/// The anomalies of one message.
package struct AnomalySet: Equatable, Sendable {
    private var bits: UInt32 = 0

    package init() {}

    package var isEmpty: Bool { bits == 0 }

    @inline(__always)
    package mutating func insert(_ anomaly: Anomaly) { bits |= 1 << UInt32(anomaly.rawValue) }

    package mutating func formUnion(_ other: AnomalySet) { bits |= other.bits }

    package func contains(_ anomaly: Anomaly) -> Bool { bits & 1 << UInt32(anomaly.rawValue) != 0 }
}
