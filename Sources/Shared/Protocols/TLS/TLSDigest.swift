private import CCrypto

/// A digest, and what TLS derives keys with: HMAC (RFC 2104), the pseudorandom function of TLS 1.0 to 1.2 (RFC 2246,
/// section 5; RFC 5246, section 5), and HKDF-Expand-Label of TLS 1.3 (RFC 8446, section 7.1).
enum TLSDigest: Equatable, Sendable {
    case md5, sha1, sha256, sha384

    var bytes: Int {
        switch self {
        case .md5: 16
        case .sha1: 20
        case .sha256: 32
        case .sha384: 48
        }
    }

    /// As libcrypto calls it.
    var name: StaticString {
        switch self {
        case .md5: "MD5"
        case .sha1: "SHA1"
        case .sha256: "SHA256"
        case .sha384: "SHA384"
        }
    }

    func hmac(_ key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        let method =
            switch self {
            case .md5: EVP_md5()
            case .sha1: EVP_sha1()
            case .sha256: EVP_sha256()
            case .sha384: EVP_sha384()
            }
        return [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { buffer, count in
            var length: UInt32 = 0
            if HMAC(method, key, Int32(clamping: key.count), message, message.count, buffer.baseAddress, &length) != nil
            {
                count = Int(length)
            }
        }
    }

    // MARK: TLS 1.0 to 1.2

    /// P_hash: as many bytes as are asked for.
    private func expanded(_ secret: [UInt8], _ seed: [UInt8], _ count: Int) -> [UInt8] {
        var result: [UInt8] = []
        var a = seed
        while result.count < count {
            a = hmac(secret, a)
            // No digest, no end.
            guard !a.isEmpty else { return Array(repeating: 0, count: count) }
            result += hmac(secret, a + seed)
        }
        return Array(result.prefix(count))
    }

    /// PRF(secret, label, seed).
    /// - Parameter digest: the suite's; `nil` up to TLS 1.1, where two halves of the secret are expanded by one digest each.
    static func pseudorandom(
        _ secret: [UInt8], _ label: StaticString, _ seed: [UInt8], _ count: Int, _ digest: TLSDigest?
    ) -> [UInt8] {
        let seed = label.bytes + seed
        if let digest { return digest.expanded(secret, seed, count) }
        let half = (secret.count &+ 1) / 2
        let first = TLSDigest.md5.expanded(Array(secret.prefix(half)), seed, count)
        let second = TLSDigest.sha1.expanded(Array(secret.suffix(half)), seed, count)
        return zip(first, second).map { $0 ^ $1 }
    }

    // MARK: TLS 1.3

    /// HKDF-Expand-Label(secret, label, "", count): all that TLS asks for fits one block of the digest.
    func expandLabel(_ secret: [UInt8], _ label: StaticString, _ count: Int) -> [UInt8] {
        let name = ("tls13 " as StaticString).bytes + label.bytes
        let info = [0, UInt8(truncatingIfNeeded: count), UInt8(truncatingIfNeeded: name.count)] + name + [0, 1]
        return Array(hmac(secret, info).prefix(count))
    }
}

extension StaticString {
    fileprivate var bytes: [UInt8] { Array(UnsafeBufferPointer(start: utf8Start, count: utf8CodeUnitCount)) }
}
