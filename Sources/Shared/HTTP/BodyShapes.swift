/// The shapes of bodies that were read lately, by their very bytes: static files, health checks and cached answers come
/// again and again, and comparing is ten times as fast as decoding and reading.
///
/// A table of fixed size; a body that falls on a place takes it. Bodies are compared whole, so a hash that
/// collides costs time and never changes an output.
package struct BodyShapes: ~Copyable {
    /// Longer bodies are read each time.
    package static let longestBody = 16 << 10
    /// Places: at most 16 MiB of bodies.
    private static let places = 1024

    private struct Entry {
        var bytes: [UInt8] = []
        var coding = ContentCoding.identity
        var shape = ShapeID.empty
    }

    private var entries = Array(repeating: Entry(), count: places)
    private let seed = UInt64.random(in: .min ... .max)

    package init() {}

    /// The shape of the body if the same one was read before.
    package func shape(of bytes: RawSpan, _ coding: ContentCoding) -> ShapeID? {
        let place = Int(bytes.hash(seed: seed)) % Self.places
        let entry = entries[place]
        let known = entry.bytes
        guard entry.coding == coding, known.span.bytes.equals(bytes) else { return nil }
        return entry.shape
    }

    /// Remembers what was read.
    package mutating func remember(_ bytes: RawSpan, _ coding: ContentCoding, _ shape: ShapeID) {
        let place = Int(bytes.hash(seed: seed)) % Self.places
        entries[place].bytes.removeAll(keepingCapacity: true)
        entries[place].bytes.append(bytes)
        entries[place].coding = coding
        entries[place].shape = shape
    }
}
