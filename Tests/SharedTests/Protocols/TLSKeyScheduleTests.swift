import Testing

@testable import Shared

/// How keys are derived, by the values that others have published.
@Suite struct `TLS's key schedule` {
    private static func bytes(_ digits: String) -> [UInt8] {
        let digits = digits.filter { $0.isHexDigit }.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    /// RFC 8448, section 3: the server's handshake traffic secret, and what follows from it.
    @Test func `expands a traffic secret`() {
        let secret = Self.bytes("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38")
        #expect(TLSDigest.sha256.expandLabel(secret, "key", 16) == Self.bytes("3fce516009c21727d0f2e4e86ee403bc"))
        #expect(TLSDigest.sha256.expandLabel(secret, "iv", 12) == Self.bytes("5d313eb2671276ee13000b30"))
    }

    /// "Test vectors for TLS 1.2 PRF", on the mailing list of the TLS working group, 2009.
    @Test func `has the pseudorandom function of TLS 1.2`() {
        let result = TLSDigest.pseudorandom(
            Self.bytes("9bbe436ba940f017b17652849a71db35"), "test label",
            Self.bytes("a0ba9f936cda311827a6f796ffd5198c"), 48, .sha256)
        #expect(
            result
                == Self.bytes(
                    "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af"))
    }

    @Test(arguments: [
        (0x1301, "TLS_AES_128_GCM_SHA256", TLSSuite.Cipher.aes, TLSSuite.Mode.gcm, 16, TLSDigest.sha256),
        (0x1302, "TLS_AES_256_GCM_SHA384", .aes, .gcm, 32, .sha384),
        (0x1303, "TLS_CHACHA20_POLY1305_SHA256", .chaCha20, .poly1305, 32, .sha256),
        (0x1305, "TLS_AES_128_CCM_8_SHA256", .aes, .ccm(tag: 8), 16, .sha256),
        (0xC0AD, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM", .aes, .ccm(tag: 16), 32, .sha256),
        (0xC028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", .aes, .cbc(.sha384), 32, .sha384),
        (0x002F, "TLS_RSA_WITH_AES_128_CBC_SHA", .aes, .cbc(.sha1), 16, .sha256),
        (0x000A, "TLS_RSA_WITH_3DES_EDE_CBC_SHA", .tripleDES, .cbc(.sha1), 24, .sha256),
        (0x0001, "TLS_RSA_WITH_NULL_MD5", .none, .mac(.md5), 0, .sha256),
    ])
    func `knows a cipher suite by its name`(
        _ number: Int, _ name: String, _ cipher: TLSSuite.Cipher, _ mode: TLSSuite.Mode, _ keyBytes: Int,
        _ digest: TLSDigest
    ) throws {
        let suite = try #require(TLSSuite(UInt16(number)))
        #expect(suite.name == name && suite.digest == digest)
        #expect(suite.protection == TLSSuite.Protection(cipher: cipher, mode: mode, keyBytes: keyBytes))
    }

    @Test func `knows what it can't open`() {
        #expect(TLSSuite(0x0005)?.protection == nil && TLSSuite(0x0005)?.name == "TLS_RSA_WITH_RC4_128_SHA")
        #expect(TLSSuite(0xC07A)?.protection == nil)
        #expect(TLSSuite(0xFFFF) == nil)
    }
}
