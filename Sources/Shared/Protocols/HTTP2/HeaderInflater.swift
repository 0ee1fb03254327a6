private import CNghttp2

/// Undoes the compression of the header blocks of one direction (HPACK: RFC 7541), by nghttp2.
///
/// Where the direction was not seen from its beginning, the table that its sender refers to is not known. Then it begins with
/// entries without a name: a reference to what was not seen gives one of these, and they leave the table in the order in which
/// their unseen originals do. So whatever was seen is right, and the rest is known to be unknown.
final class HeaderInflater {
    private var inflater: OpaquePointer?
    private var priming = Priming.none
    private let memo = HeaderBlockMemo()
    private var backlog = HeaderBacklog()
    /// A part of a block was read.
    private var isWithin = false
    private var longValues = LongFieldValues()
    /// Bytes of a value that is too long which are still to be read.
    private var room = 0
    /// A field of the block was left out, as its value is too long.
    private(set) var hasLeftOut = false

    /// How many entries the table begins with that nobody has seen.
    private enum Priming: Int {
        case none = 0
        /// As many as a table has places of the size that all begin with (4,096 bytes: RFC 9113, section 6.5.2).
        case usual = 128
        /// As many as one of 64 KiB has, which browsers allow; they take some hundred KiB, so only who needs them has them.
        case large = 2048
    }

    private let largeTables: LargeTables

    /// - Parameter largeTables: of all directions.
    init(_ largeTables: LargeTables) { self.largeTables = largeTables }

    deinit { letGo() }

    private func letGo() {
        if let inflater { nghttp2_hd_inflate_del(inflater) }
        inflater = nil
        if priming == .large { largeTables.giveBack() }
        priming = .none
    }

    /// Begins anew.
    /// - Parameter isKnown: the direction is seen from its first header block on.
    func begin(isKnown: Bool) {
        // A table that was thought smaller than it is may have been what was wrong.
        let mayBeLarge = priming != .none && inflater != nil
        letGo()
        if !isKnown { priming = mayBeLarge && largeTables.take() ? .large : .usual }
        memo.tableChanges()
        backlog.removeAll()
        isWithin = false
        longValues = LongFieldValues()
    }

    /// Takes bytes of a header block.
    /// - Parameters:
    ///   - isLast: the block ends with them.
    ///   - field: is lent each field with its name, which is empty where it is unknown, for the time of the call.
    /// - Returns: `false` where it is no header block; nothing more can be known of the direction's table then (`begin`).
    func inflate(_ bytes: RawSpan, isLast: Bool, _ field: (_ name: RawSpan, _ value: RawSpan) -> Void) -> Bool {
        guard let inflater = inflater ?? make() else { return false }
        hasLeftOut = false
        guard isLast, !isWithin, bytes.byteCount <= LongFieldValues.longest else {
            isWithin = !isLast
            memo.tableChanges()
            guard catchUp(inflater) else { return false }
            return inflate(inflater, part: bytes, isLast: isLast, field)
        }
        if let entries = memo.find(bytes, field) {
            guard entries > 0 else { return true }
            memo.tableChanges()
            let table = nghttp2_hd_inflate_get_max_dynamic_table_size(inflater)
            backlog.add(bytes, entries: entries, table: table)
            return backlog.count <= Self.longestBacklog || catchUp(inflater)
        }
        guard catchUp(inflater) else { return false }
        memo.begin(bytes)
        let isRead = bytes.withUnsafeBytes {
            Self.inflate(inflater, $0, isLast: true) { name, value in
                memo.add(name, value)
                field(name, value)
            }
        }
        if isRead { memo.end() }
        return isRead
    }

    /// The table becomes what the blocks make of it whose fields were known.
    private func catchUp(_ inflater: OpaquePointer) -> Bool {
        guard backlog.count > 0 else { return true }
        var isRead = true
        backlog.withBlocks { blocks in
            isRead = isRead && blocks.withUnsafeBytes { Self.inflate(inflater, $0, isLast: true) { _, _ in } }
        }
        backlog.removeAll()
        return isRead
    }

    /// A table is 4 KiB by default.
    private static let longestBacklog = 1 << 14

    /// Takes a part of a block, in which a value may be too long for nghttp2.
    ///
    /// Of such a value it gets the beginning, which does to the table what all of it does: a field that has no room there leaves
    /// nothing in it (RFC 7541, section 4.4).
    private func inflate(
        _ inflater: OpaquePointer, part: RawSpan, isLast: Bool, _ field: (_ name: RawSpan, _ value: RawSpan) -> Void
    ) -> Bool {
        let isRead = longValues.scan(part) { piece in
            switch piece {
            case .plain(let range):
                return part.extracting(range).withUnsafeBytes { Self.inflate(inflater, $0, isLast: false, field) }
            case .length(let length):
                return length.withUnsafeBytes { Self.inflate(inflater, $0, isLast: false, field) }
            case .longLength:
                guard nghttp2_hd_inflate_get_max_dynamic_table_size(inflater) <= LongFieldValues.longest else {
                    return false
                }
                room = LongFieldValues.longest
                return Self.longestLength.withUnsafeBytes { Self.inflate(inflater, $0, isLast: false, field) }
            case .long(let range):
                let count = Swift.min(room, range.count)
                room &-= count
                hasLeftOut = true
                let bytes = part.extracting(range.lowerBound..<range.lowerBound &+ count)
                return bytes.withUnsafeBytes { Self.inflate(inflater, $0, isLast: false) { _, _ in } }
            }
        }
        guard isRead, isLast else { return isRead }
        longValues = LongFieldValues()
        return Self.inflate(inflater, UnsafeRawBufferPointer(start: nil, count: 0), isLast: true, field)
    }

    /// `LongFieldValues.longest` as the length of a value: seven bits, all of them set, and what is above in groups of seven.
    private static let longestLength: [UInt8] = [0x7F, 0x81, 0xFF, 0x03]

    private func make() -> OpaquePointer? {
        guard nghttp2_hd_inflate_new(&inflater) == 0, let inflater else { return nil }
        // What the receiver allows, in SETTINGS that may not have been seen, decides how large the sender may make its table.
        nghttp2_hd_inflate_change_table_size(inflater, Self.tableLimit)
        if priming != .none { Self.prime(inflater, priming.rawValue) }
        return inflater
    }

    /// More room than any receiver is known to give its peer's table (SETTINGS_HEADER_TABLE_SIZE: RFC 9113, section 6.5.2):
    /// browsers give 64 KiB.
    private static let tableLimit = 1 << 20

    /// Makes a table of 64 KiB, and begins it with entries that are literal, indexed, without a name and a value; each takes
    /// 32 bytes (RFC 7541, section 4.1).
    private static func prime(_ inflater: OpaquePointer, _ entries: Int) {
        // The size is the 5 bits behind 001, all of them set, and what is above 31 in groups of 7 bits (sections 5.1 and 6.3).
        let resize: [UInt8] = [0x3F, 0xE1, 0xFF, 0x03]
        var block = resize
        block.reserveCapacity(resize.count &+ 3 &* entries)
        for _ in 0..<entries { block += [0x40, 0x00, 0x00] }
        _ = block.withUnsafeBytes { inflate(inflater, $0, isLast: true) { _, _ in } }
    }

    private static func inflate(
        _ inflater: OpaquePointer, _ bytes: UnsafeRawBufferPointer, isLast: Bool,
        _ field: (_ name: RawSpan, _ value: RawSpan) -> Void
    ) -> Bool {
        var rest = bytes.assumingMemoryBound(to: UInt8.self)[...]
        var pair = nghttp2_nv()
        while true {
            var flags: Int32 = 0
            let start = UnsafeBufferPointer(rebasing: rest)
            let used = nghttp2_hd_inflate_hd2(
                inflater, &pair, &flags, start.baseAddress, start.count, isLast ? 1 : 0)
            guard used >= 0, used <= rest.count else { return false }
            rest = rest.dropFirst(used)
            let hasField = flags & Int32(NGHTTP2_HD_INFLATE_EMIT.rawValue) != 0
            if hasField {
                field(
                    RawSpan(_unsafeBytes: UnsafeRawBufferPointer(start: pair.name, count: pair.namelen)),
                    RawSpan(_unsafeBytes: UnsafeRawBufferPointer(start: pair.value, count: pair.valuelen)))
            }
            if flags & Int32(NGHTTP2_HD_INFLATE_FINAL.rawValue) != 0 {
                nghttp2_hd_inflate_end_headers(inflater)
                return true
            }
            if !hasField, rest.isEmpty { return !isLast }
        }
    }
}
