/// Whose a header block is, as far as fields tell that need no table that nobody has seen (HPACK: RFC 7541, section 6).
///
/// Requests have `:method`, `:scheme`, `:path` and `:authority`, responses `:status` (RFC 9113, section 8.3), which have numbers of
/// their own in the fixed table (RFC 7541, appendix A), or are spelled out. Of the other fields in that table some are one side's
/// alone.
enum HeaderBlockVoice {
    case `is`(Side)
    /// No field of it tells.
    case anyone
    /// The bytes that may tell are not there yet.
    case open

    /// - Parameters:
    ///   - bytes: what is there of it, and maybe more behind it.
    ///   - count: how many bytes it has.
    static func speaker(of bytes: RawSpan, count: Int) -> Self {
        let block = bytes.extracting(first: Swift.min(count, bytes.byteCount))
        var at = 0
        for _ in 0..<mostFields where at < count {
            guard let first = block.u8(at: at) else { return .open }
            let isIndexed = first & 0x80 != 0
            // A change of the table's size, which stands in front of the fields.
            let isSize = first & 0xE0 == 0x20
            let bits = isIndexed ? 7 : first & 0x40 != 0 ? 6 : isSize ? 5 : 4
            guard let index = HeaderBlockForm.integer(block, at, bits: bits) else { return unread(block, at, count) }
            at = index.end
            if isSize { continue }
            if let side = side(ofFixed: index.value) { return .is(side) }
            if isIndexed { continue }
            if index.value == 0 {
                guard let length = HeaderBlockForm.integer(block, at, bits: 7) else { return unread(block, at, count) }
                let isCoded = block.byte(at) & 0x80 != 0
                at = length.end &+ length.value
                guard at <= count else { return .anyone }
                for name in names where (isCoded ? name.coded : name.plain).count == length.value {
                    guard at <= block.byteCount else { return .open }
                    if block.extracting(length.end..<at).equals((isCoded ? name.coded : name.plain).span.bytes) {
                        return .is(name.side)
                    }
                }
            }
            guard let length = HeaderBlockForm.integer(block, at, bits: 7) else { return unread(block, at, count) }
            at = length.end &+ length.value
        }
        return .anyone
    }

    /// A number that is not there as a whole, or is longer than those that are read.
    private static func unread(_ block: RawSpan, _ at: Int, _ count: Int) -> Self {
        block.byteCount < Swift.min(count, at &+ HeaderBlockForm.longestInteger) ? .open : .anyone
    }

    /// Those that begin a message are among the first.
    private static let mostFields = 32

    /// Of the fixed table (RFC 7541, appendix A): pseudo-header fields; what asks for something; what answers.
    private static func side(ofFixed index: Int) -> Side? {
        switch index {
        case 1...7: .client
        case 8...14: .server
        // accept-charset, -encoding, -language, accept; authorization; cookie; expect; from; host; if-*; max-forwards;
        // proxy-authorization; range; referer; user-agent.
        case 15...17, 19, 23, 32, 35, 37...43, 47, 49...51, 58: .client
        // accept-ranges; age, allow; etag; expires; last-modified; location; proxy-authenticate; refresh, retry-after, server,
        // set-cookie, strict-transport-security; vary; www-authenticate.
        case 18, 21, 22, 34, 36, 44, 46, 48, 52...56, 59, 61: .server
        default: nil
        }
    }

    /// Pseudo-header fields, as they are spelled and in Huffman's code (RFC 7541, appendix B).
    private static let names: [(plain: [UInt8], coded: [UInt8], side: Side)] = [
        (Array(":method".utf8), [0xB9, 0x49, 0x53, 0x39, 0xE4], .client),
        (Array(":path".utf8), [0xB9, 0x58, 0xD3, 0x3F], .client),
        (Array(":scheme".utf8), [0xB8, 0x82, 0x4E, 0x5A, 0x4B], .client),
        (Array(":authority".utf8), [0xB8, 0x3B, 0x53, 0x39, 0xEC, 0x32, 0x7D, 0x7F], .client),
        (Array(":status".utf8), [0xB8, 0x84, 0x8D, 0x36, 0xA3], .server),
    ]
}
