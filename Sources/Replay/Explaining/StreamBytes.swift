import Console
import Shared

/// Bytes of what one side of a connection has said, counted from its first.
struct StreamBytes: Equatable {
    enum Side: String {
        case client, server
    }

    var side: Side
    var range: Range<UInt64>

    init(side: Side, range: Range<UInt64>) {
        self.side = side
        self.range = range
    }

    /// As users write it: `client:100-200`, without the last; `server:100`, the one byte.
    init(_ text: String) throws(Failure) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let ends = parts.count == 2 ? parts[1].split(separator: "-", omittingEmptySubsequences: false) : []
        guard parts.count == 2, let side = Side(rawValue: String(parts[0])), (1...2).contains(ends.count),
            let start = UInt64(ends[0]), start < .max, let end = ends.count == 1 ? start + 1 : UInt64(ends[1]),
            end > start
        else {
            throw Failure("--bytes \(text): write a side and its bytes, without the last: client:0-512, server:1024")
        }
        self.init(side: side, range: start..<end)
    }

    func overlaps(_ other: StreamBytes) -> Bool { side == other.side && range.overlaps(other.range) }

    /// `bytes 100 to 200 of what the client says`.
    var text: String { "bytes \(range.lowerBound) to \(range.upperBound) of what the \(side.rawValue) says" }
}

extension Explanation {
    /// What has to do with some of the bytes: what brought them, what of them is missing, and what became of what came with them.
    ///
    /// A message's place in its stream is not known, but when its bytes came is: it is one of those that came with them.
    mutating func narrow(to bytes: StreamBytes) throws(Failure) {
        let brought = events.filter { $0.bytes.map(bytes.overlaps) ?? false }
        let missing = holes.filter {
            $0.side == bytes.side.rawValue && bytes.range.overlaps($0.start..<max($0.end, $0.start))
        }
        guard !brought.isEmpty || !missing.isEmpty else {
            let ends = events.compactMap { $0.bytes }.filter { $0.side == bytes.side }.map(\.range.upperBound)
            throw Failure(
                "--bytes \(bytes.side.rawValue):\(bytes.range.lowerBound)-\(bytes.range.upperBound): the \(bytes.side.rawValue) says \(ends.max() ?? 0) bytes"
            )
        }
        (range, events, holes, signs) = (bytes, brought, missing, 0)
        let times = brought.map(\.at)
        guard let first = times.min(), let last = times.max() else {
            history = []
            return
        }
        history = history.filter { entry in
            let said = bytes.side == .client ? entry.said?.client : entry.said?.server
            return said?.overlaps(first...last) ?? false
        }
    }
}
