/// What an object holds so far, member by member in the order of arrival, as a tree: from each outline the next member
/// (its key and its value's shape) leads to the next outline.
///
/// Objects that come with the same members in the same order walk the same path, and at its end the object's shape is
/// known without looking at its members again.
///
/// Each outline remembers where the last object went from here, with the key's bytes, so that the next key is one
/// comparison of eight bytes and not a search. It is what a JavaScript engine calls a hidden class with an inline cache.
///
/// It is a cache and no more: when it is full it is emptied, and `generation` tells scanners that the outlines they hold
/// are gone. Then, and for an object with the outline `none`, the shape comes from the members.
///
/// A `ByteMemo` knows whole bodies that come again; this knows the layout of bodies whose values are new each time.
struct OutlineCache: ~Copyable {
    struct Outline {
        /// The next key as it last came, with its closing quote and the colon: the first eight bytes, those of them
        /// that count, and the last eight of more than eight.
        ///
        /// A head outside its mask matches nothing.
        var nextHead: UInt64 = 1
        var nextMask: UInt64 = 0
        var nextTail: UInt64 = 0
        var nextLength: UInt32 = 0
        var nextKey: UInt32 = 0
        var nextShape: UInt32 = 0
        var next: UInt32 = 0
        /// The shape of the object that ends here; 0 until one did.
        var closed: UInt32 = 0
        /// Whence, and by which member, this outline is reached.
        var parent: UInt32 = 0
        var key: UInt32 = 0
        var shape: UInt32 = 0
        /// To 64 bytes, a line of the processor's cache.
        private var unused: UInt64 = 0

        init() {}

        init(parent: UInt32, key: UInt32, shape: UInt32) {
            self.parent = parent
            self.key = key
            self.shape = shape
        }
    }

    static var none: UInt32 { 0 }
    /// Where objects start.
    ///
    /// Which of the roots it is depends on the key under which the object lies, so that an object and the objects
    /// within it do not overwrite each other's expectation.
    @inline(__always)
    static func root(under key: UInt32) -> UInt32 { 1 &+ (key & 63) }

    /// 16,384 outlines are 1 MB and stay in a processor's second-level cache; services have hundreds of layouts.
    private static let maximumCount = 1 << 14
    private static let rootsEnd = 65

    /// Memory for all of them, of which the system gives what is used.
    let outlines: UnsafeMutablePointer<Outline>
    private(set) var generation: UInt32 = 0
    private var count = OutlineCache.rootsEnd
    private var index = HashIndex()

    init() {
        outlines = .allocate(capacity: Self.maximumCount)
        setRoots()
    }

    deinit { outlines.deallocate() }

    private func setRoots() {
        for root in 0..<Self.rootsEnd {
            outlines[root] = Outline()
            if root != Self.none { outlines[root].closed = ShapeID.emptyObject.raw }
        }
    }

    /// Where a member leads that is not the one that was expected.
    @inline(never)
    mutating func step(from outline: UInt32, key: UInt32, shape: UInt32, keys: borrowing ByteInterner) -> UInt32 {
        if outline == Self.none { return outline }
        var state = fold(index.seed ^ UInt64(outline), 0xA076_1D64_78BD_642F)
        state = fold(state ^ ShapePart(key: key, shape: shape).packed, 0xE703_7ED1_A0B4_28DB)
        let hash = UInt32(truncatingIfNeeded: state)
        let outlines = outlines
        let found = index.find(hash) { number in
            let known = outlines + number
            return known.pointee.parent == outline && known.pointee.key == key && known.pointee.shape == shape
        }
        if let found {
            expect(key, shape, UInt32(found), after: outline, keys: keys)
            return UInt32(found)
        }
        if count == Self.maximumCount {
            empty()
            return Self.none
        }
        let next = UInt32(count)
        outlines[count] = Outline(parent: outline, key: key, shape: shape)
        count += 1
        index.insert(Int(next), hash)
        expect(key, shape, next, after: outline, keys: keys)
        return next
    }

    private mutating func empty() {
        count = Self.rootsEnd
        index.removeAll()
        setRoots()
        generation &+= 1
    }

    private func expect(
        _ key: UInt32, _ shape: UInt32, _ next: UInt32, after outline: UInt32, keys: borrowing ByteInterner
    ) {
        let here = outlines + Int(outline)
        here.pointee.nextShape = shape
        here.pointee.next = next
        if here.pointee.nextKey == key, here.pointee.nextMask != 0 { return }
        here.pointee.nextKey = key
        keys.withBytes(of: key) { bytes in
            var head: UInt64 = 0
            var tail: UInt64 = 0
            let length = bytes.count + 2
            // A key that cannot stand in a body as it is (its escapes are decoded) is never expected.
            let isSpelledSo = bytes.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
            for place in 0..<length {
                let byte =
                    place < bytes.count ? bytes[place] : UInt8(ascii: place == bytes.count ? "\"" : ":")
                if place < 8 { head |= UInt64(byte) << UInt64(place * 8) }
                tail = tail >> 8 | UInt64(byte) << 56
            }
            here.pointee.nextMask = !isSpelledSo ? 0 : length >= 8 ? UInt64.max : (1 << UInt64(length * 8)) - 1
            here.pointee.nextHead = isSpelledSo ? head : 1
            here.pointee.nextTail = tail
            here.pointee.nextLength = UInt32(length)
        }
    }
}
