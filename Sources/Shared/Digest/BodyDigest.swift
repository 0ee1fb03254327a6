private import CNettle

/// What a manifest says of a body: its size and its SHA-256 (FIPS 180-4), by Nettle.
package struct BodyDigest: Equatable, Sendable {
    /// Bytes of the decoded body.
    package var bytes: UInt64
    /// 64 hexadecimal digits in lower case.
    package var sha256: String

    package init(bytes: UInt64, sha256: String) {
        self.bytes = bytes
        self.sha256 = sha256
    }

    package init(of body: RawSpan) {
        bytes = UInt64(body.byteCount)
        var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_SIZE))
        var state = sha256_ctx()
        nettle_sha256_init(&state)
        body.withUnsafeBytes { body in
            nettle_sha256_update(&state, body.count, body.baseAddress?.assumingMemoryBound(to: UInt8.self))
        }
        nettle_sha256_digest(&state, digest.count, &digest)
        sha256 = digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
