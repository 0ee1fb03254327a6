/// Follows the chunked transfer coding (RFC 9112, section 7.1) byte by byte, wherever the stream is cut.
///
/// It copies nothing: each step says how many bytes it took and which of them are content.
struct ChunkedDecoder {
    private enum State: Equatable {
        case size(digits: Int)
        case `extension`
        case data(UInt64)
        case dataEnd
        case trailer(lineLength: Int)
    }

    private var state = State.size(digits: 0)
    private var size: UInt64 = 0
    private var trailerBytes = 0
    /// Of the line end behind a chunk's data the carriage return was read.
    private var isAtLineFeed = false

    init() {}

    /// What the next bytes are.
    enum Step: Equatable {
        /// All bytes belong to the coding, none of them to the content.
        case framing(consumed: Int)
        /// The first bytes are content.
        case content(count: Int)
        /// The last chunk and its trailer section end after these bytes.
        case end(consumed: Int)
        /// The coding is broken at this offset.
        case broken(Anomaly, consumed: Int)
    }

    private(set) var anomalies = AnomalySet()

    /// Content bytes of the present chunk that are still to come: what a gap may safely step over.
    var contentAhead: UInt64 {
        if case .data(let rest) = state { rest } else { 0 }
    }

    /// Where bytes that were not captured end.
    enum Skipped: Equatable {
        /// Within the body, at a place that is known.
        case goesOn
        /// What is missing is as long as all that may follow: the last chunk, most often.
        case ends
        /// Nobody knows, nor how long the body still is.
        /// - Parameter mayHoldMore: a next message may have begun within what is missing.
        case lost(mayHoldMore: Bool)
    }

    /// Steps over bytes that were not captured.
    mutating func skip(_ count: UInt64) -> Skipped {
        var left = count
        if case .data(let rest) = state {
            state = left < rest ? .data(rest &- left) : .dataEnd
            guard left > rest else { return .goesOn }
            left &-= rest
        } else if case .size(digits: 0) = state {
            return left == Self.lastChunk ? .ends : .lost(mayHoldMore: left > Self.lastChunk)
        } else if state != .dataEnd {
            return .lost(mayHoldMore: true)
        }
        // The data's own line end, of which nothing may have been said yet.
        if left == 0 { return .goesOn }
        if left == 1 { return isAtLineFeed ? beginSize() : .goesOn }
        left &-= isAtLineFeed ? 1 : 2
        if left == 0 { return beginSize() }
        return left == Self.lastChunk ? .ends : .lost(mayHoldMore: left > Self.lastChunk)
    }

    private mutating func beginSize() -> Skipped {
        state = .size(digits: 0)
        isAtLineFeed = false
        return .goesOn
    }

    /// `0`, CRLF, CRLF.
    private static let lastChunk: UInt64 = 5

    /// Reads on, up to the next change between framing and content.
    /// - Parameter bytes: what follows what the last step has consumed.
    mutating func step(_ bytes: RawSpan) -> Step {
        if case .data(let rest) = state {
            let count = Int(clamping: Swift.min(rest, UInt64(bytes.byteCount)))
            state = rest == UInt64(count) ? .dataEnd : .data(rest &- UInt64(count))
            return .content(count: count)
        }
        var at = 0
        while at < bytes.byteCount {
            let byte = bytes.unsafeLoad(fromUncheckedByteOffset: at, as: UInt8.self)
            at &+= 1
            switch state {
            case .size(let digits):
                if let digit = hexDigit(byte) {
                    guard size >> 59 == 0 else { return .broken(.chunkSizeInvalid, consumed: at &- 1) }
                    size = size << 4 | digit
                    state = .size(digits: digits &+ 1)
                } else if digits == 0 {
                    return .broken(.chunkSizeInvalid, consumed: at &- 1)
                } else if byte == 0x0A {
                    anomalies.insert(.bareLineFeed)
                    beginData()
                } else if byte == 0x0D || byte == 0x3B || byte == 0x20 || byte == 0x09 {
                    state = .extension
                } else {
                    return .broken(.chunkSizeInvalid, consumed: at &- 1)
                }
            case .extension:
                if byte == 0x0A { beginData() }
            case .data:
                break
            case .dataEnd:
                if byte == 0x0A {
                    state = .size(digits: 0)
                    isAtLineFeed = false
                } else if byte == 0x0D {
                    isAtLineFeed = true
                } else {
                    return .broken(.chunkTerminatorMissing, consumed: at &- 1)
                }
            case .trailer(let length):
                trailerBytes &+= 1
                if byte == 0x0A {
                    if length == 0 { return .end(consumed: at) }
                    state = .trailer(lineLength: 0)
                } else if byte != 0x0D {
                    state = .trailer(lineLength: length &+ 1)
                }
                if trailerBytes > Self.trailerLimit { return .broken(.headTooLarge, consumed: at) }
            }
            if case .data = state { return .framing(consumed: at) }
        }
        return .framing(consumed: at)
    }

    /// Servers take at most the size of a head for a trailer section.
    private static let trailerLimit = 64 << 10

    private mutating func beginData() {
        state = size == 0 ? .trailer(lineLength: 0) : .data(size)
        size = 0
    }

    @inline(__always)
    private func hexDigit(_ byte: UInt8) -> UInt64? {
        if byte &- 0x30 <= 9 { return UInt64(byte &- 0x30) }
        let folded = byte | 0x20
        return folded &- 0x61 < 6 ? UInt64(folded &- 0x57) : nil
    }
}
