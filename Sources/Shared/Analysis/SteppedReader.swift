/// Reads the content of one message, whose length is known, step by step as it comes; what it does not want is stepped over.
protocol SteppedReader: AnyObject {
    /// Where in the content the next byte stands, and where the content ends.
    var position: Int { get set }
    var end: Int { get }
    /// Bytes that are not looked at come next: so many as a step has said, and those of them that the content has.
    var skip: Int { get set }
    var skipped: Int { get }
    /// Bytes that the last step has used.
    var taken: Int { get set }

    /// - Returns: how many more bytes are needed; 0 where `taken` says how many were used.
    func step(_ bytes: RawSpan) -> Int
    /// The rest makes no sense, and is stepped over.
    func stepOverRest()
}

extension SteppedReader {
    /// So many bytes of what is skipped have passed.
    func pass(_ count: Int) {
        position &+= count
        skip = Swift.max(0, skip &- count)
    }

    /// - Returns: how many bytes were used, and how many more are needed before it can go on; 0 where all is read.
    func read(_ bytes: RawSpan) -> (used: Int, needs: Int) {
        var at = 0
        while position < end {
            let available = bytes.byteCount &- at
            if skipped > 0 {
                let count = Swift.min(skipped, available)
                pass(count)
                at &+= count
                if skipped > 0 || count == available && position < end { return (at, 1) }
                continue
            }
            taken = 0
            let needs = step(bytes.extracting(at...))
            if needs > 0 {
                // What does not fit into its message makes no sense.
                guard available &+ needs <= end &- position else {
                    stepOverRest()
                    continue
                }
                return (at, needs)
            }
            at &+= taken
            position &+= taken
        }
        return (at, 0)
    }
}
