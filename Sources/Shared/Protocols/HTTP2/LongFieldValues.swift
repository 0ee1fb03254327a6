/// Finds the values in a header block that are longer than its inflater takes (RFC 7541, section 6), however the block is cut, so
/// that it can be read on behind them.
struct LongFieldValues {
    /// What some bytes of the block are.
    enum Part {
        /// To be read as they are.
        case plain(Range<Int>)
        /// The length of a value, which the bytes before had a part of.
        case length([UInt8])
        /// A value's that is too long: its name has been read.
        case longLength
        /// Of such a value.
        case long(Range<Int>)
    }

    /// Bytes of a value that the inflater takes, as they stand in the block (nghttp2: NGHTTP2_HD_MAX_VALUE).
    static let longest = 1 << 16

    private var place = Place.field
    /// The number that is being read (RFC 7541, section 5.1), and how far its next bits are shifted.
    private var number = 0
    private var shift = 0
    /// The length of a value, until all of it is there.
    private var held: [UInt8] = []

    private enum Place {
        /// Before a field, or before a new size of the table.
        case field
        /// Within an index that is a whole field, or within a size.
        case lastNumber
        /// Within the index of a name.
        case nameIndex
        /// Before the length of a name, or of a value, and within it.
        case nameLength, nameNumber, valueLength, valueNumber
        case name(left: Int)
        case value(left: Int)
        case longValue(left: Int)
        /// It makes no sense, which whoever reads it finds.
        case lost
    }

    init() {}

    /// Takes the next bytes of the block.
    /// - Parameter take: is given what they are, in their order; `false` ends it.
    /// - Returns: what `take` did.
    mutating func scan(_ bytes: RawSpan, _ take: (Part) -> Bool) -> Bool {
        /// The first byte that was not given yet.
        var start = 0
        var at = 0
        while at < bytes.byteCount {
            let byte = bytes.byte(at)
            let left = bytes.byteCount &- at
            switch place {
            case .field:
                begin(byte)
                at &+= 1
            case .lastNumber, .nameIndex, .nameNumber:
                at &+= 1
                guard goOn(byte) else { continue }
                switch place {
                case .nameIndex: place = .valueLength
                case .nameNumber: place = .name(left: number)
                default: place = .field
                }
            case .nameLength:
                at &+= 1
                place = beginNumber(byte, bits: 7) ? .name(left: number) : .nameNumber
            case .valueLength:
                at &+= 1
                if beginNumber(byte, bits: 7) {
                    place = .value(left: number)
                } else {
                    guard start == at &- 1 || take(.plain(start..<at &- 1)) else { return false }
                    (place, held, start) = (.valueNumber, [byte], at)
                }
            case .valueNumber:
                at &+= 1
                start = at
                held.append(byte)
                let isOver = goOn(byte)
                if case .lost = place {
                    guard take(.length(held)) else { return false }
                } else if isOver {
                    let isLong = number > Self.longest
                    place = isLong ? .longValue(left: number) : .value(left: number)
                    guard take(isLong ? .longLength : .length(held)) else { return false }
                }
            case .name(let count):
                at &+= Swift.min(count, left)
                place = count <= left ? .valueLength : .name(left: count &- left)
            case .value(let count):
                at &+= Swift.min(count, left)
                place = count <= left ? .field : .value(left: count &- left)
            case .longValue(let count):
                let end = at &+ Swift.min(count, left)
                guard take(.long(at..<end)) else { return false }
                (at, start) = (end, end)
                place = count <= left ? .field : .longValue(left: count &- left)
            case .lost: at = bytes.byteCount
            }
        }
        return start == at || take(.plain(start..<at))
    }

    /// The first byte of a field says what follows (RFC 7541, sections 6.1 to 6.3).
    private mutating func begin(_ byte: UInt8) {
        if byte & 0x80 != 0 {
            if !beginNumber(byte, bits: 7) { place = .lastNumber }
        } else if byte & 0xE0 == 0x20 {
            if !beginNumber(byte, bits: 5) { place = .lastNumber }
        } else if beginNumber(byte, bits: byte & 0x40 != 0 ? 6 : 4) {
            place = number == 0 ? .nameLength : .valueLength
        } else {
            place = .nameIndex
        }
    }

    /// - Returns: whether it ends with its first byte.
    private mutating func beginNumber(_ byte: UInt8, bits: Int) -> Bool {
        let most = 1 << bits &- 1
        number = Int(byte) & most
        shift = 0
        return number < most
    }

    /// - Returns: whether it ends with this byte.
    private mutating func goOn(_ byte: UInt8) -> Bool {
        // No number of a block has more than 32 bits.
        guard shift <= 28 else {
            place = .lost
            return false
        }
        number &+= Int(byte & 0x7F) << shift
        shift &+= 7
        return byte & 0x80 == 0
    }
}
