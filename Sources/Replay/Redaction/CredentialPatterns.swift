import Shared

/// The bytes by which known credentials are found again, wherever they lie.
struct CredentialPatterns {
    /// Bytes to be looked for, and from where on they are hidden.
    private struct Pattern: Hashable {
        var bytes: [UInt8]
        var hidden: Int
        var isNumber: Bool
    }

    /// Bytes that are to be hidden.
    struct Place: Equatable {
        var range: Range<Int>
        var isNumber: Bool
    }

    private var patterns: [Pattern] = []
    /// Patterns by all their bytes.
    private var byHash: [UInt64: [Int]] = [:]
    /// How long those are that begin with these bytes, each length once, the shortest first; and whether any begins with these two.
    private var lengths: [UInt32: [Int]] = [:]
    private var begins = [Bool](repeating: false, count: 1 << 16)

    /// A longer value is looked for in parts.
    private static let longestPart = 128
    private static let startBytes = 4
    /// Bytes of the longest pattern.
    static let longest = longestPart + FoundCredential.longestBefore

    var isEmpty: Bool { patterns.isEmpty }

    init(_ values: [FoundCredential]) {
        var known: Set<Pattern> = []
        func add(_ bytes: [UInt8], hidden: Int, _ isNumber: Bool) {
            let pattern = Pattern(bytes: bytes, hidden: hidden, isNumber: isNumber)
            guard bytes.count >= Self.startBytes, known.insert(pattern).inserted else { return }
            lengths[Self.start(bytes.span.bytes, 0), default: []].append(bytes.count)
            begins[Int(bytes[0]) << 8 | Int(bytes[1])] = true
            byHash[bytes.reduce(Self.emptyHash, Self.hash), default: []].append(patterns.count)
            patterns.append(pattern)
        }
        func add(_ value: [UInt8], behind before: [UInt8], _ isNumber: Bool) {
            var start = 0
            while start < value.count {
                // The last part is as long as the others, and begins within the one before.
                let first = Swift.max(0, Swift.min(start, value.count - Self.longestPart))
                let part = value[first..<Swift.min(first + Self.longestPart, value.count)]
                let before = first > 0 ? [] : before
                add(before + part, hidden: before.count, isNumber)
                start += Self.longestPart
            }
        }
        for found in values where !found.isMasked {
            let before = found.isDistinctive ? [] : found.before
            add(found.value, behind: before, found.isNumber)
            // As SQL Server's clients, Java and Windows write it.
            guard (before + found.value).allSatisfy({ 0x20...0x7E ~= $0 }) else { continue }
            add(
                Self.wide(found.value), behind: Self.wide(before.suffix(FoundCredential.longestBefore / 2)),
                found.isNumber)
        }
        for (start, all) in lengths { lengths[start] = Set(all).sorted() }
    }

    /// A text of ASCII in UTF-16, the lower byte first.
    private static func wide(_ text: some Sequence<UInt8>) -> [UInt8] { text.flatMap { [$0, 0] } }

    /// FNV-1a: a pattern's hash is that of the one that is a byte shorter, and a byte.
    private static let emptyHash: UInt64 = 0xCBF2_9CE4_8422_2325
    private static func hash(_ hash: UInt64, _ byte: UInt8) -> UInt64 { (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }

    private static func start(_ bytes: RawSpan, _ at: Int) -> UInt32 {
        UInt32(bytes.byte(at)) << 24 | UInt32(bytes.byte(at + 1)) << 16 | UInt32(bytes.byte(at + 2)) << 8
            | UInt32(bytes.byte(at + 3))
    }

    /// Where they stand, in order; what overlaps is one place.
    ///
    /// It takes steps in proportion to the bytes, however many patterns there are and however alike: at each place at most as many as
    /// the longest has bytes.
    func places(in bytes: RawSpan) -> [Place] {
        var places: [Place] = []
        guard bytes.byteCount >= Self.startBytes, !isEmpty else { return places }
        for at in 0...bytes.byteCount - Self.startBytes {
            guard begins[Int(bytes.byte(at)) << 8 | Int(bytes.byte(at + 1))],
                let candidates = lengths[Self.start(bytes, at)]
            else { continue }
            var hash = Self.emptyHash
            var hashed = 0
            for length in candidates {
                guard at + length <= bytes.byteCount else { break }
                for place in at + hashed..<at + length { hash = Self.hash(hash, bytes.byte(place)) }
                hashed = length
                for candidate in byHash[hash] ?? [] {
                    let pattern = patterns[candidate]
                    guard pattern.bytes.count == length,
                        bytes.extracting(at..<at + length).equals(pattern.bytes.span.bytes)
                    else { continue }
                    places.join(Place(range: at + pattern.hidden..<at + length, isNumber: pattern.isNumber))
                }
            }
        }
        return places
    }

    /// A text without them, and as long.
    func hidden(in text: [UInt8]) -> [UInt8] {
        var hidden = text
        for place in places(in: text.span.bytes) {
            for at in place.range { hidden[at] = FoundCredential.mask(hidden[at], isNumber: place.isNumber) }
        }
        return hidden
    }
}

extension [CredentialPatterns.Place] {
    /// Adds one that begins in or behind the last.
    fileprivate mutating func join(_ place: CredentialPatterns.Place) {
        guard let last, place.range.lowerBound < last.range.upperBound,
            place.range.lowerBound >= last.range.lowerBound
        else { return append(place) }
        let end = Swift.max(last.range.upperBound, place.range.upperBound)
        self[count - 1] = CredentialPatterns.Place(
            range: last.range.lowerBound..<end, isNumber: last.isNumber && place.isNumber)
    }
}
