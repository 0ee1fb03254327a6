/// Undoes Snappy's block format piece by piece: "Snappy compressed format description" (google/snappy, format_description.txt).
///
/// Copies reach back 64 KiB at the most: compressors work on blocks of that size.
struct SnappyDecoder: ~Copyable {
    private var window = UniqueBytes()
    /// Of the window, what was given away.
    private var given = 0
    /// Of an element whose bytes are not all here: its tag and what belongs to it.
    private var pending: [UInt8] = []
    /// Bytes of a literal that are to come.
    private var literal = 0
    private var hasLength = false
    private(set) var hasFailed = false

    private static let reach = 64 << 10

    init() {}

    /// - Parameter sink: takes decoded bytes as they come; answers `false` to stop.
    mutating func decode(_ bytes: RawSpan, _ sink: (RawSpan) -> Bool) {
        var at = 0
        while at < bytes.byteCount, !hasFailed {
            if literal > 0 {
                let count = Swift.min(literal, bytes.byteCount &- at)
                window.append(bytes.extracting(at..<at &+ count))
                literal &-= count
                at &+= count
            } else {
                pending.append(bytes.byte(at))
                at &+= 1
                take()
            }
            if window.count > 2 &* Self.reach { give(sink) }
        }
        give(sink)
    }

    private mutating func give(_ sink: (RawSpan) -> Bool) {
        guard given < window.count else { return }
        if !sink(window.bytes.extracting(given..<window.count)) { hasFailed = true }
        given = window.count
        let old = window.count &- Self.reach
        guard old > 0 else { return }
        window.removeFirst(old)
        given &-= old
    }

    /// Takes the element that is pending, if all of it is here.
    private mutating func take() {
        guard let tag = pending.first else { return }
        guard hasLength else {
            // The length before compression: a varint of 32 bits.
            if tag & 0x80 != 0, pending.count < 5, pending.last.map({ $0 & 0x80 != 0 }) ?? false { return }
            hasLength = true
            pending.removeAll(keepingCapacity: true)
            return
        }
        let (width, kind) = Self.extra(tag)
        guard pending.count == 1 &+ width else { return }
        var number = 0
        for place in 0..<width { number |= Int(pending[1 &+ place]) &<< (8 &* place) }
        pending.removeAll(keepingCapacity: true)
        switch kind {
        case 0: literal = (width == 0 ? Int(tag &>> 2) : number) &+ 1
        case 1: copy(4 &+ Int(tag &>> 2 & 7), from: Int(tag &>> 5) &<< 8 | number)
        default: copy(Int(tag &>> 2) &+ 1, from: number)
        }
    }

    /// How many bytes belong to a tag.
    private static func extra(_ tag: UInt8) -> (width: Int, kind: UInt8) {
        switch tag & 3 {
        case 0: (tag &>> 2 < 60 ? 0 : Int(tag &>> 2) &- 59, 0)
        case 1: (1, 1)
        case 2: (2, 2)
        default: (4, 3)
        }
    }

    private mutating func copy(_ length: Int, from distance: Int) {
        guard distance > 0, distance <= window.count else {
            hasFailed = true
            return
        }
        for _ in 0..<length { window.append(window.bytes.byte(window.count &- distance)) }
    }
}
