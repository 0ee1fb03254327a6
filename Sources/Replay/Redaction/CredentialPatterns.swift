import Shared

/// The bytes by which known credentials are found again, wherever they lie.
struct CredentialPatterns {
    /// Bytes to be looked for, and which of them are hidden by what.
    private struct Pattern {
        var bytes: [UInt8]
        /// Where the credential begins in them.
        var hidden: Int
        var mask: [UInt8]
    }

    /// Bytes that are to be hidden.
    struct Place: Equatable {
        var range: Range<Int>
        /// As many bytes, to stand there instead.
        var mask: ArraySlice<UInt8>
    }

    private var patterns: [Pattern] = []
    /// Patterns by their first bytes, and whether any begins with these two.
    private var byStart: [UInt32: [Int]] = [:]
    private var begins = [Bool](repeating: false, count: 1 << 16)

    /// A shorter value is no word of its own: it is looked for with what stood before it.
    private static let longEnough = 8
    /// A longer value is looked for in parts.
    private static let longestPart = 128
    private static let startBytes = 4
    /// Bytes of the longest pattern.
    static let longest = longestPart + longEnough

    var isEmpty: Bool { patterns.isEmpty }

    init(_ values: [FoundCredential]) {
        for found in values where !found.isMasked {
            let mask = found.masked
            if found.value.count < Self.longEnough {
                add(found.before + found.value, hidden: found.before.count, mask)
                continue
            }
            var start = 0
            while start < found.value.count {
                // The last part is as long as the others, and begins within the one before.
                let first = Swift.max(0, Swift.min(start, found.value.count - Self.longestPart))
                let part = first..<Swift.min(first + Self.longestPart, found.value.count)
                add(Array(found.value[part]), hidden: 0, Array(mask[part]))
                start += Self.longestPart
            }
        }
    }

    private mutating func add(_ bytes: [UInt8], hidden: Int, _ mask: [UInt8]) {
        guard bytes.count >= Self.startBytes, Array(bytes[hidden...]) != mask else { return }
        byStart[Self.start(bytes.span.bytes, 0), default: []].append(patterns.count)
        begins[Int(bytes[0]) << 8 | Int(bytes[1])] = true
        patterns.append(Pattern(bytes: bytes, hidden: hidden, mask: mask))
    }

    private static func start(_ bytes: RawSpan, _ at: Int) -> UInt32 {
        UInt32(bytes.byte(at)) << 24 | UInt32(bytes.byte(at + 1)) << 16 | UInt32(bytes.byte(at + 2)) << 8
            | UInt32(bytes.byte(at + 3))
    }

    /// Every place where one of them stands, in the order in which they begin.
    func places(in bytes: RawSpan) -> [Place] {
        var places: [Place] = []
        guard bytes.byteCount >= Self.startBytes, !isEmpty else { return places }
        for at in 0...bytes.byteCount - Self.startBytes {
            guard begins[Int(bytes.byte(at)) << 8 | Int(bytes.byte(at + 1))],
                let candidates = byStart[Self.start(bytes, at)]
            else { continue }
            for candidate in candidates {
                let pattern = patterns[candidate]
                let end = at + pattern.bytes.count
                guard end <= bytes.byteCount, bytes.extracting(at..<end).equals(pattern.bytes.span.bytes) else {
                    continue
                }
                places.append(Place(range: at + pattern.hidden..<end, mask: pattern.mask[...]))
            }
        }
        return places
    }

    /// A text without them, and as long.
    func hidden(in text: [UInt8]) -> [UInt8] {
        var hidden = text
        for place in places(in: text.span.bytes) { hidden.replaceSubrange(place.range, with: place.mask) }
        return hidden
    }
}
