import Shared

/// The lines of a TLS key log (RFC 9850, the format that NSS began): a label, the client's random and a secret, both in
/// hexadecimal.
///
///     CLIENT_RANDOM 52362c10… 9f9a0f19…
enum KeyLog {
    /// The secrets of a key log; lines that are none are passed over, as comments are.
    static func secrets(_ text: RawSpan) -> [TLSSecret] {
        text.withUnsafeBytes { bytes in
            bytes.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }).compactMap { line in
                secret(UnsafeRawBufferPointer(rebasing: line))
            }
        }
    }

    private static func secret(_ line: UnsafeRawBufferPointer) -> TLSSecret? {
        let fields = line.split(separator: UInt8(ascii: " "))
        guard fields.count == 3, fields[0].first != UInt8(ascii: "#"), let random = decoded(fields[1]),
            let secret = decoded(fields[2])
        else { return nil }
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
