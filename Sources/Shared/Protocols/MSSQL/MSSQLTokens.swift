/// What a server says in the tokens of an answer: MS-TDS 2.2.7.
///
/// Rows are of no length that they say, so an answer that has some is read from its end: whatever chain of tokens ends exactly there.
struct MSSQLTokens {
    /// Rows that were returned, and rows that were changed; `nil` where no count was seen.
    var rows: UInt64?
    var affected: UInt64?
    /// The number of the first error whose class is 11 or more.
    var error: Int32?
    /// DONE says that there was an error, whose token may not be here.
    var hasError = false
    var isCancelled = false
    var database: Range<Int>?
    var handle: UInt32?
    /// Of DONE: token, status, command, and a count of eight bytes, of four before version 7.2 (2.2.7.6).
    private let doneBytes: Int

    init(doneBytes: Int = 13) { self.doneBytes = doneBytes }

    /// Reads tokens from the beginning, up to one of no known length.
    /// - Returns: whether they end where the bytes do.
    mutating func read(_ bytes: RawSpan, from start: Int = 0) -> Bool {
        var at = start
        while at < bytes.byteCount {
            guard let length = length(bytes, at), at &+ length <= bytes.byteCount else { return false }
            take(bytes, at)
            at &+= length
        }
        return true
    }

    /// Reads the longest chain of tokens that ends where the bytes do.
    /// - Returns: whether there is one.
    mutating func readEnd(_ bytes: RawSpan) -> Bool {
        // DONE is the last of them, and its length is known.
        var start = 0
        while start &+ doneBytes <= bytes.byteCount {
            if reachesEnd(bytes, start) {
                // Whose database it is, is told before any row.
                _ = read(bytes, from: start)
                database = nil
                return true
            }
            start &+= 1
        }
        return false
    }

    private func reachesEnd(_ bytes: RawSpan, _ start: Int) -> Bool {
        var at = start
        while at < bytes.byteCount {
            guard Self.isPlausible(bytes, at), let length = length(bytes, at), at &+ length <= bytes.byteCount else {
                return false
            }
            at &+= length
        }
        return true
    }

    private static func isPlausible(_ bytes: RawSpan, _ at: Int) -> Bool {
        switch bytes.u8(at: at) {
        case 0xFD, 0xFE, 0xFF: bytes.little(UInt16.self, at: at &+ 1).map { $0 & ~0x137 == 0 } ?? false
        case 0xAA, 0xAB: bytes.little(UInt16.self, at: at &+ 1).map { $0 >= 14 } ?? false
        default: true
        }
    }

    private func length(_ bytes: RawSpan, _ at: Int) -> Int? {
        switch bytes.u8(at: at) {
        case 0xFD, 0xFE, 0xFF: doneBytes
        case 0x79: 5
        // ERROR, INFO, ENVCHANGE, LOGINACK, ORDER, SSPI, TABNAME, COLINFO.
        case 0xAA, 0xAB, 0xE3, 0xAD, 0xA9, 0xED, 0xA4, 0xA5:
            bytes.little(UInt16.self, at: at &+ 1).map { 3 &+ Int($0) }
        case 0xAC: Self.returnValue(bytes, at)
        // COLMETADATA that says that there is none.
        case 0x81: bytes.little(UInt16.self, at: at &+ 1) == 0xFFFF ? 3 : nil
        case 0xE4: bytes.little(UInt32.self, at: at &+ 1).map { 5 &+ Int($0) }
        default: nil
        }
    }

    /// RETURNVALUE of an integer (2.2.7.19), as prepared handles are: its place, name, status, type and value.
    private static func returnValue(_ bytes: RawSpan, _ at: Int) -> Int? {
        guard let name = bytes.u8(at: at &+ 3).map({ Int($0) &* 2 }), bytes.u8(at: at &+ 11 &+ name) == 0x26,
            let size = bytes.u8(at: at &+ 13 &+ name), size <= 8
        else { return nil }
        return 14 &+ name &+ Int(size)
    }

    private mutating func take(_ bytes: RawSpan, _ at: Int) {
        switch bytes.u8(at: at) {
        case 0xFD, 0xFE, 0xFF:
            let status = bytes.little(UInt16.self, at: at &+ 1) ?? 0
            // DONE_COUNT: the count is one.
            if status & 0x10 != 0, let count = count(bytes, at &+ 5) {
                // CurCmd: 0xC1 is SELECT.
                if bytes.little(UInt16.self, at: at &+ 3) == 0xC1 {
                    rows = (rows ?? 0) &+ count
                } else {
                    affected = (affected ?? 0) &+ count
                }
            }
            if status & 0x02 != 0 { hasError = true }
            if status & 0x20 != 0 { isCancelled = true }
        case 0xAA:
            // Number, state, class.
            if error == nil, bytes.u8(at: at &+ 8) ?? 0 >= 11 { error = bytes.little(Int32.self, at: at &+ 3) }
        case 0xE3:
            guard bytes.u8(at: at &+ 3) == 1, let count = bytes.u8(at: at &+ 4) else { return }
            database = at &+ 5..<at &+ 5 &+ Int(count) &* 2
        case 0xAC:
            let name = Int(bytes.u8(at: at &+ 3) ?? 0) &* 2
            if bytes.u8(at: at &+ 13 &+ name) == 4 { handle = bytes.little(UInt32.self, at: at &+ 14 &+ name) }
        default: break
        }
    }

    private func count(_ bytes: RawSpan, _ at: Int) -> UInt64? {
        doneBytes == 13
            ? bytes.little(UInt64.self, at: at) : bytes.little(UInt32.self, at: at).map { UInt64($0) }
    }
}
