/// The anomalies of one message.
struct AnomalySet: Equatable, Sendable {
    private var bits: UInt32 = 0

    init() {}

    var isEmpty: Bool { bits == 0 }

    @inline(__always)
    mutating func insert(_ anomaly: Anomaly) { bits |= 1 << UInt32(anomaly.rawValue) }

    mutating func formUnion(_ other: AnomalySet) { bits |= other.bits }

    func isDisjoint(with other: AnomalySet) -> Bool { bits & other.bits == 0 }

    /// Those of which a part of the message is missing.
    static let incomplete: AnomalySet = {
        var set = AnomalySet()
        for anomaly in [Anomaly.headIncomplete, .bodyIncomplete, .gap] { set.insert(anomaly) }
        return set
    }()

    func contains(_ anomaly: Anomaly) -> Bool { bits & 1 << UInt32(anomaly.rawValue) != 0 }
}
