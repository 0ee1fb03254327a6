/// The password of a URL: `scheme://user:password@host` (RFC 3986, section 3.2.1).
enum URLPassword {
    /// Where the password lies of an authority that begins at `start`.
    static func find(in text: [UInt8], authority start: Int) -> Range<Int>? {
        var colon: Int?
        var end = start
        while end < text.count, !endsURL(text[end]), !endsAuthority(text[end]) {
            if text[end] == UInt8(ascii: ":"), colon == nil { colon = end }
            end += 1
        }
        if let at = text[start..<end].lastIndex(of: UInt8(ascii: "@")) {
            guard let colon, colon + 1 < at else { return nil }
            return colon + 1..<at
        }
        // A password with a slash that should have been encoded; but digits behind the colon are a port.
        guard let colon, !text[(colon + 1)..<end].allSatisfy(ASCII.isDigit) else { return nil }
        let isAddress = text[start] == UInt8(ascii: "[") || text[colon..<end].contains(UInt8(ascii: ","))
        var at: Int?
        while end < text.count, !endsURL(text[end]) {
            if text[end] == UInt8(ascii: "@") { at = end }
            if text[end] == UInt8(ascii: ":"), end + 1 < text.count, text[end + 1] == UInt8(ascii: "/") { break }
            end += 1
        }
        // What was cut off may have been its end; but an address, or a list of hosts, is none.
        return at.map { colon + 1..<$0 } ?? (end == text.count && !isAddress ? colon + 1..<end : nil)
    }

    private static func endsAuthority(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#")
    }

    private static func endsURL(_ byte: UInt8) -> Bool {
        byte <= 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") || byte == UInt8(ascii: "<")
            || byte == UInt8(ascii: ">")
    }
}
