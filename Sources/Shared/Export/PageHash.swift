private import CCrypto

/// What a Content-Security-Policy knows a script or a style by (CSP Level 3, section 6.7.3.1).
enum PageHash {
    /// SHA-256 in Base64.
    static func base64(_ text: String) -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        let bytes = Array(text.utf8)
        EVP_Digest(bytes, bytes.count, &digest, &length, EVP_sha256(), nil)
        var json = JSONWriter(capacity: 64)
        json.base64(digest.span.bytes)
        let quoted = json.bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        return String(quoted.dropFirst().dropLast())
    }
}
