/// A key of a cache, a subject or a routing key, with a placeholder for each part that tells one thing from many others like it:
/// `user:{id}:cart`.
///
/// Parts lie between `:`, `/`, `|` and `.`; `IdentifierClass` says which are identifiers.
enum KeyPattern {
    /// What stands in place of what is not shown; other braces are the key's own.
    static let placeholders: Set<String> = ["{id}", "{email}", "{date}", "{…}"]

    /// Longer keys are cut there, and end in `{…}`.
    static let longest = 512
    /// A part that is longer is no word.
    private static let longestPart = 64

    /// - Parameter isWhole: keeps all that can be printed, as it is.
    static func append(_ key: RawSpan, isWhole: Bool, to text: inout UniqueBytes) {
        let shown = key.byteCount > longest ? key.extracting(first: longest) : key
        shown.withUnsafeBytes { bytes in
            var start = 0
            for place in 0...bytes.count {
                guard place == bytes.count || isDivider(bytes[place]) else { continue }
                segment(UnsafeRawBufferPointer(rebasing: bytes[start..<place]), isWhole, &text)
                if place < bytes.count { text.append(bytes[place]) }
                start = place + 1
            }
        }
        if key.byteCount > longest { text.append("{…}" as StaticString) }
    }

    @inline(__always)
    private static func isDivider(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ":") || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "|")
    }

    /// What stands between two dividers: e-mail addresses and tokens have dots within.
    private static func segment(_ bytes: UnsafeRawBufferPointer, _ isWhole: Bool, _ text: inout UniqueBytes) {
        guard !bytes.isEmpty else { return }
        if !isWhole, bytes.contains(UInt8(ascii: ".")), let placeholder = dotted(bytes) {
            return text.append(placeholder)
        }
        var start = 0
        for place in 0...bytes.count {
            guard place == bytes.count || bytes[place] == UInt8(ascii: ".") else { continue }
            part(UnsafeRawBufferPointer(rebasing: bytes[start..<place]), isWhole, &text)
            if place < bytes.count { text.append(UInt8(ascii: ".")) }
            start = place + 1
        }
    }

    private static func part(_ bytes: UnsafeRawBufferPointer, _ isWhole: Bool, _ text: inout UniqueBytes) {
        // A hash tag of Redis Cluster: `{user:7}:cart`.
        let start = bytes.first == UInt8(ascii: "{") ? 1 : 0
        let isClosed = bytes.count > start && bytes[bytes.count - 1] == UInt8(ascii: "}")
        let inner = UnsafeRawBufferPointer(rebasing: bytes[start..<bytes.count - (isClosed ? 1 : 0)])
        if start > 0 { text.append(UInt8(ascii: "{")) }
        if !isPrintable(inner) || !isWhole && inner.count > longestPart {
            text.append("{…}" as StaticString)
        } else if !isWhole, let placeholder = placeholder(inner) {
            text.append(placeholder)
        } else {
            text.append(RawSpan(_unsafeBytes: inner))
        }
        if isClosed { text.append(UInt8(ascii: "}")) }
    }

    /// What has dots within, and is one thing all the same.
    private static func dotted(_ bytes: UnsafeRawBufferPointer) -> StaticString? {
        switch IdentifierClass.of(bytes) {
        case .email: "{email}"
        case .token, .ipv4: "{id}"
        default: nil
        }
    }

    private static func placeholder(_ bytes: UnsafeRawBufferPointer) -> StaticString? {
        switch IdentifierClass.of(bytes) {
        case nil:
            // Names of accounts, such as `alice@localhost`.
            guard let at = bytes.firstIndex(of: UInt8(ascii: "@")), at > 0, at < bytes.count - 1 else { return nil }
            return "{email}"
        case .date, .dateTime: return "{date}"
        case .email: return "{email}"
        default: return "{id}"
        }
    }

    private static func isPrintable(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var isASCII = true
        for byte in bytes {
            if byte < 0x20 || byte == 0x7F { return false }
            if byte >= 0x80 { isASCII = false }
        }
        return isASCII || String(validating: bytes, as: UTF8.self) != nil
    }
}
