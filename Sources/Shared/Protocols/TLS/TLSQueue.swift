/// Records that wait, for their secret or for what the other side has to say first, in the order in which they came.
struct TLSQueue {
    private(set) var records: [Record] = []
    private var bytes: [UInt8] = []

    struct Record {
        let side: Side
        let at: Timestamp
        fileprivate let range: Range<Int>
    }

    var isEmpty: Bool { records.isEmpty }
    var byteCount: Int { bytes.count }

    func has(_ side: Side) -> Bool { records.contains { $0.side == side } }

    mutating func append(_ record: RawSpan, _ side: Side, _ at: Timestamp) {
        let start = bytes.count
        bytes.append(record)
        records.append(Record(side: side, at: at, range: start..<bytes.count))
    }

    mutating func removeAll() {
        records = []
        bytes = []
    }

    /// Lends the records one after the other, and keeps those of a side from the first on that goes on waiting.
    /// - Returns: whether one has gone.
    mutating func drain(_ body: (_ record: RawSpan, _ side: Side, _ at: Timestamp) -> Bool) -> Bool {
        var kept: [Record] = []
        let all = records
        for record in all {
            let isBehind = kept.contains { $0.side == record.side }
            if isBehind || !body(bytes.span.bytes.extracting(record.range), record.side, record.at) {
                kept.append(record)
            }
        }
        records = kept
        if kept.isEmpty { bytes = [] }
        return kept.count < all.count
    }
}
