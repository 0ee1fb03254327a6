import Shared

/// Where bytes of a tape's streams are missing, and what lies so near to them that it may be the rest of a credential.
///
/// A message that names the length of a password is none without that length, a header has no name where that was lost, and
/// half a password looks like nothing.
struct TornStreams {
    private var known: [LayeredStream: Coverage] = [:]

    /// What there is of a stream.
    private struct Coverage {
        /// In the order of the stream, and none touches the next.
        var runs: [Range<UInt64>] = []
        /// How long the stream is at least.
        var length: UInt64 = 0

        mutating func add(_ run: Range<UInt64>) {
            length = max(length, run.upperBound)
            guard !run.isEmpty else { return }
            var first = runs.count
            while first > 0, runs[first - 1].upperBound >= run.lowerBound { first -= 1 }
            var (end, joined) = (first, run)
            while end < runs.count, runs[end].lowerBound <= run.upperBound {
                joined = min(joined.lowerBound, runs[end].lowerBound)..<max(joined.upperBound, runs[end].upperBound)
                end += 1
            }
            runs.replaceSubrange(first..<end, with: CollectionOfOne(joined))
        }

        var holes: [Range<UInt64>] {
            var (holes, at) = ([Range<UInt64>](), UInt64(0))
            for run in runs {
                if run.lowerBound > at { holes.append(at..<run.lowerBound) }
                at = run.upperBound
            }
            if length > at { holes.append(at..<length) }
            return holes
        }
    }

    /// No login lies further from a hole that it touches: the longest value that is believed, and what stands around it.
    private static let reach: UInt64 = 36 << 10
    /// Of HTTP no field: servers take lines of 8 KiB (Apache's LimitRequestFieldSize, nginx' large_client_header_buffers).
    private static let reachOfHTTP: UInt64 = 8 << 10

    mutating func take(_ event: borrowing CapturedEvent, byteCount: Int) {
        switch event.kind {
        case .data(let at): add(at, at.position..<at.position.addingClamped(UInt64(byteCount)))
        case .gap(let gap): reaches(gap.at, gap.at.position.addingClamped(gap.length))
        case .acknowledged(let at), .finished(let at): reaches(at, at.position)
        default: break
        }
    }

    private mutating func add(_ at: StreamPosition, _ run: Range<UInt64>) {
        known[LayeredStream(at), default: Coverage()].add(run)
    }

    private mutating func reaches(_ at: StreamPosition, _ end: UInt64) {
        let stream = LayeredStream(at)
        known[stream, default: Coverage()].length = max(known[stream]?.length ?? 0, end)
    }

    /// What is not to be shown, in the order of each stream.
    /// - Parameter ofHTTP: the connections that talk HTTP.
    func ranges(ofHTTP: Set<ConnectionID>) -> [LayeredStream: [Range<UInt64>]] {
        var torn: [LayeredStream: [Range<UInt64>]] = [:]
        for (stream, coverage) in known {
            let reach = ofHTTP.contains(stream.direction.connection) ? Self.reachOfHTTP : Self.reach
            var near = Coverage()
            for hole in coverage.holes {
                let start = hole.lowerBound > reach ? hole.lowerBound - reach : 0
                near.add(start..<hole.upperBound.addingClamped(reach))
            }
            if !near.runs.isEmpty { torn[stream] = near.runs }
        }
        return torn
    }
}

extension UInt64 {
    /// The sum, or the largest number where it is larger: positions come from outside.
    fileprivate func addingClamped(_ other: UInt64) -> UInt64 {
        let (sum, isOver) = addingReportingOverflow(other)
        return isOver ? .max : sum
    }
}
