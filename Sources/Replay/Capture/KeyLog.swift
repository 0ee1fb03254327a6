import Shared

/// The lines of a TLS key log (RFC 9850, the format that NSS began): a label, the client's random and a secret, both in
/// hexadecimal.
///
///     CLIENT_RANDOM 52362c10… 9f9a0f19…
struct KeyLog {
    private(set) var secrets: [TLSSecret] = []
    /// Lines that are neither secrets nor comments.
    private(set) var badLines: UInt64 = 0
    /// The number of the first of them.
    private(set) var firstBadLine: UInt64 = 0

    init(_ text: RawSpan) {
        text.withUnsafeBytes { bytes in
            var number: UInt64 = 0
            for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
                number &+= 1
                read(UnsafeRawBufferPointer(rebasing: line), number)
            }
        }
    }

    private mutating func read(_ line: UnsafeRawBufferPointer, _ number: UInt64) {
        let fields = line.split { [UInt8(ascii: " "), UInt8(ascii: "\r"), UInt8(ascii: "\t")].contains($0) }
        guard let label = fields.first, label.first != UInt8(ascii: "#") else { return }
        if Self.leftOut.contains(String(decoding: label, as: UTF8.self)) { return }
        if let secret = Self.secret(fields) {
            secrets.append(secret)
        } else {
            badLines &+= 1
            if firstBadLine == 0 { firstBadLine = number }
        }
    }

    /// What opens no records, and is not taken over: an exporter's secrets are other protocols', and a premaster secret is found
    /// by what it was encrypted to, which is not kept.
    private static let leftOut: Set<String> = [
        "EXPORTER_SECRET", "EARLY_EXPORTER_SECRET", "EARLY_EXPORTER_MASTER_SECRET", "RSA",
    ]

    private static func secret(_ fields: [Slice<UnsafeRawBufferPointer>]) -> TLSSecret? {
        guard fields.count == 3, let random = decoded(fields[1]), let secret = decoded(fields[2]) else { return nil }
        return TLSSecret(label: String(decoding: fields[0], as: UTF8.self), clientRandom: random, secret: secret)
    }

    /// The bytes that pairs of digits stand for.
    private static func decoded(_ digits: Slice<UnsafeRawBufferPointer>) -> [UInt8]? {
        guard digits.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        var high: UInt8?
        for digit in digits {
            guard let value = Character(UnicodeScalar(digit)).hexDigitValue else { return nil }
            if let first = high {
                bytes.append(first << 4 | UInt8(value))
                high = nil
            } else {
                high = UInt8(value)
            }
        }
        return bytes
    }
}
