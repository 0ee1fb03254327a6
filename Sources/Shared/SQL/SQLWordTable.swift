/// Finds `SQLWord`s by their bytes, without allocating.
struct SQLWordTable {
    private struct Entry {
        var key = Key()
        var word = SQLWord.none
    }

    /// A word of at most 24 bytes in capitals, with zeros behind it.
    private struct Key: Equatable {
        var parts: (UInt64, UInt64, UInt64) = (0, 0, 0)

        static func == (a: Key, b: Key) -> Bool { a.parts == b.parts }

        var place: Int {
            let mixed = fold(parts.0 ^ 0xA076_1D64_78BD_642F, parts.1 &+ parts.2 ^ 0xE703_7ED1_A0B4_28DB)
            return Int(truncatingIfNeeded: mixed & UInt64(SQLWordTable.mask))
        }
    }

    /// A quarter full at the most: most words are in none of its places.
    private static let mask = 1023
    private static let longest = 24
    private var entries = [Entry](repeating: Entry(), count: mask + 1)

    init() {
        for word in SQLWord.allCases where word != .none {
            let bytes = Array("\(word.text)".utf8)
            let key = Self.key(bytes.span.bytes, 0, bytes.count)
            var place = key.place
            while entries[place].word != .none { place = (place + 1) & Self.mask }
            entries[place] = Entry(key: key, word: word)
        }
    }

    /// - Parameters: a range of the bytes that the caller has checked.
    func find(_ bytes: RawSpan, _ start: Int, _ end: Int) -> SQLWord {
        guard 2...Self.longest ~= end &- start else { return .none }
        let key = Self.key(bytes, start, end)
        var place = key.place
        while entries[place].word != .none {
            if entries[place].key == key { return entries[place].word }
            place = (place &+ 1) & Self.mask
        }
        return .none
    }

    private static func key(_ bytes: RawSpan, _ start: Int, _ end: Int) -> Key {
        var key = Key()
        var at = start
        while at < end {
            // Letters become capitals; what else words are made of becomes no letter.
            let byte = UInt64(bytes.byte(at) & 0xDF)
            let place = at &- start
            switch place &>> 3 {
            case 0: key.parts.0 |= byte &<< UInt64(place &* 8)
            case 1: key.parts.1 |= byte &<< UInt64((place &- 8) &* 8)
            default: key.parts.2 |= byte &<< UInt64((place &- 16) &* 8)
            }
            at &+= 1
        }
        return key
    }
}
