/// The shapes of bodies that were read lately, by their very bytes: static files, health checks and cached answers come
/// again and again, and comparing is ten times as fast as decoding and reading.
///
/// A table of fixed size; a body that falls on a place takes it. Bodies are compared whole, so a hash that
/// collides costs time and never changes an output.
package struct BodyShapes: ~Copyable {
    /// Longer bodies are read each time.
    package static let longestBody = 64 << 10
    private static let places = 2048
    /// All bodies together; where another would be too much, all are forgotten.
    private static let budget = 8 << 20

    private struct Entry {
        /// Where it differs, the bytes, which are in no cache, need not be looked at.
        var hash: UInt32 = 0
        /// In `held`.
        var bytes = ByteRange.empty
        var coding = ContentCoding.identity
        var shape = ShapeID.empty
    }

    private var entries = Array(repeating: Entry(), count: places)
    /// The bodies, one after the other; those whose place was taken lie there until all are forgotten.
    private var held = UniqueBytes()

    package init() {}

    /// The shape of the body if the same one was read before.
    package func shape(of bytes: RawSpan, _ coding: ContentCoding) -> ShapeID? {
        let hash = Self.hash(of: bytes)
        let entry = entries[Self.place(of: hash)]
        guard entry.hash == hash, entry.coding == coding,
            held.bytes.extracting(entry.bytes.range).equals(bytes)
        else { return nil }
        return entry.shape
    }

    /// Remembers what was read.
    package mutating func remember(_ bytes: RawSpan, _ coding: ContentCoding, _ shape: ShapeID) {
        if held.count &+ bytes.byteCount > Self.budget { forget() }
        let start = held.count
        held.append(bytes)
        let hash = Self.hash(of: bytes)
        entries[Self.place(of: hash)] = Entry(
            hash: hash, bytes: ByteRange(start, held.count), coding: coding, shape: shape)
    }

    private mutating func forget() {
        for place in entries.indices { entries[place] = Entry() }
        held.removeAll()
    }

    /// A few words of the body, evenly spaced: the bytes are compared in any case.
    private static func hash(of bytes: RawSpan) -> UInt32 {
        var state = UInt64(truncatingIfNeeded: bytes.byteCount)
        let step = Swift.max(8, bytes.byteCount / 16)
        var at = 0
        while let word = bytes.little(UInt64.self, at: at) {
            state = (state ^ word) &* 0x9E37_79B9_7F4A_7C15
            state ^= state >> 29
            at &+= step
        }
        if let last = bytes.little(UInt64.self, at: bytes.byteCount &- 8) {
            state = (state ^ last) &* 0x9E37_79B9_7F4A_7C15
        }
        return UInt32(truncatingIfNeeded: state >> 32)
    }

    private static func place(of hash: UInt32) -> Int { Int(hash) % places }
}
