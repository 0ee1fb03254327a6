/// A cipher suite: how records are protected, and which digest keys are derived with.
///
/// Names and numbers are those of IANA's registry "TLS Cipher Suites". What protects records stands in the name.
struct TLSSuite: Equatable, Sendable {
    var name: String
    /// `nil`: its records can't be opened here (RC4, Camellia in GCM, which libcrypto leaves out).
    var protection: Protection?
    /// Of the key schedule of TLS 1.2 and 1.3.
    var digest: TLSDigest

    /// What is done to the bytes of a record.
    struct Protection: Equatable, Sendable {
        var cipher: Cipher
        var mode: Mode
        var keyBytes: Int
    }

    enum Cipher: Equatable, Sendable {
        case aes, aria, camellia, chaCha20, tripleDES, none
    }

    enum Mode: Equatable, Sendable {
        case gcm
        /// With so many bytes of tag.
        case ccm(tag: Int)
        case poly1305
        /// With a MAC of its own.
        case cbc(TLSDigest)
        /// Nothing but a MAC.
        case mac(TLSDigest)
    }

    /// - Returns: `nil` where the number is none of the table's.
    init?(_ number: UInt16) {
        guard let name = Self.names[number] else { return nil }
        self.init(name: String(name))
    }

    /// Reads a suite's name: TLS_…_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256.
    private init(name: String) {
        self.name = name
        var words = name.split(separator: "_").dropFirst()
        if let with = words.firstIndex(of: "WITH") { words = words[(with + 1)...] }
        // CCM's names may end without one, and up to TLS 1.1 there was no choice: RFC 5246, section 5.
        digest = words.last == "SHA384" ? .sha384 : .sha256
        let mac: TLSDigest =
            switch words.last {
            case "MD5": .md5
            case "SHA": .sha1
            case "SHA384": .sha384
            default: .sha256
            }
        let keyBytes = words.dropFirst().first.flatMap { Int($0) }.map { $0 / 8 } ?? 0
        let isCBC = words.contains("CBC")
        let isGCM = words.contains("GCM")
        switch words.first {
        case "AES" where isGCM: protection = Protection(cipher: .aes, mode: .gcm, keyBytes: keyBytes)
        case "AES" where isCBC: protection = Protection(cipher: .aes, mode: .cbc(mac), keyBytes: keyBytes)
        case "AES":
            let tag = words.contains("8") ? 8 : 16
            protection = Protection(cipher: .aes, mode: .ccm(tag: tag), keyBytes: keyBytes)
        case "ARIA" where isGCM: protection = Protection(cipher: .aria, mode: .gcm, keyBytes: keyBytes)
        case "CAMELLIA" where isCBC: protection = Protection(cipher: .camellia, mode: .cbc(mac), keyBytes: keyBytes)
        case "CHACHA20": protection = Protection(cipher: .chaCha20, mode: .poly1305, keyBytes: 32)
        case "3DES": protection = Protection(cipher: .tripleDES, mode: .cbc(mac), keyBytes: 24)
        case "NULL": protection = Protection(cipher: .none, mode: .mac(mac), keyBytes: 0)
        default: protection = nil
        }
    }

    // MARK: The table

    /// A run meets a handful of them: a name is read where it is met.
    private static let names: [UInt16: Substring] = {
        var names: [UInt16: Substring] = [:]
        for line in table.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 2, let number = UInt16(words[0], radix: 16) else { continue }
            names[number] = words[1]
        }
        return names
    }()

    private static let table = """
        0001 TLS_RSA_WITH_NULL_MD5
        0002 TLS_RSA_WITH_NULL_SHA
        0004 TLS_RSA_WITH_RC4_128_MD5
        0005 TLS_RSA_WITH_RC4_128_SHA
        000A TLS_RSA_WITH_3DES_EDE_CBC_SHA
        0013 TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA
        0016 TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA
        001B TLS_DH_anon_WITH_3DES_EDE_CBC_SHA
        002C TLS_PSK_WITH_NULL_SHA
        002D TLS_DHE_PSK_WITH_NULL_SHA
        002E TLS_RSA_PSK_WITH_NULL_SHA
        002F TLS_RSA_WITH_AES_128_CBC_SHA
        0032 TLS_DHE_DSS_WITH_AES_128_CBC_SHA
        0033 TLS_DHE_RSA_WITH_AES_128_CBC_SHA
        0034 TLS_DH_anon_WITH_AES_128_CBC_SHA
        0035 TLS_RSA_WITH_AES_256_CBC_SHA
        0038 TLS_DHE_DSS_WITH_AES_256_CBC_SHA
        0039 TLS_DHE_RSA_WITH_AES_256_CBC_SHA
        003A TLS_DH_anon_WITH_AES_256_CBC_SHA
        003B TLS_RSA_WITH_NULL_SHA256
        003C TLS_RSA_WITH_AES_128_CBC_SHA256
        003D TLS_RSA_WITH_AES_256_CBC_SHA256
        0040 TLS_DHE_DSS_WITH_AES_128_CBC_SHA256
        0041 TLS_RSA_WITH_CAMELLIA_128_CBC_SHA
        0044 TLS_DHE_DSS_WITH_CAMELLIA_128_CBC_SHA
        0045 TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA
        0046 TLS_DH_anon_WITH_CAMELLIA_128_CBC_SHA
        0067 TLS_DHE_RSA_WITH_AES_128_CBC_SHA256
        006A TLS_DHE_DSS_WITH_AES_256_CBC_SHA256
        006B TLS_DHE_RSA_WITH_AES_256_CBC_SHA256
        006C TLS_DH_anon_WITH_AES_128_CBC_SHA256
        006D TLS_DH_anon_WITH_AES_256_CBC_SHA256
        0084 TLS_RSA_WITH_CAMELLIA_256_CBC_SHA
        0087 TLS_DHE_DSS_WITH_CAMELLIA_256_CBC_SHA
        0088 TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA
        0089 TLS_DH_anon_WITH_CAMELLIA_256_CBC_SHA
        008B TLS_PSK_WITH_3DES_EDE_CBC_SHA
        008C TLS_PSK_WITH_AES_128_CBC_SHA
        008D TLS_PSK_WITH_AES_256_CBC_SHA
        008F TLS_DHE_PSK_WITH_3DES_EDE_CBC_SHA
        0090 TLS_DHE_PSK_WITH_AES_128_CBC_SHA
        0091 TLS_DHE_PSK_WITH_AES_256_CBC_SHA
        0093 TLS_RSA_PSK_WITH_3DES_EDE_CBC_SHA
        0094 TLS_RSA_PSK_WITH_AES_128_CBC_SHA
        0095 TLS_RSA_PSK_WITH_AES_256_CBC_SHA
        009C TLS_RSA_WITH_AES_128_GCM_SHA256
        009D TLS_RSA_WITH_AES_256_GCM_SHA384
        009E TLS_DHE_RSA_WITH_AES_128_GCM_SHA256
        009F TLS_DHE_RSA_WITH_AES_256_GCM_SHA384
        00A2 TLS_DHE_DSS_WITH_AES_128_GCM_SHA256
        00A3 TLS_DHE_DSS_WITH_AES_256_GCM_SHA384
        00A6 TLS_DH_anon_WITH_AES_128_GCM_SHA256
        00A7 TLS_DH_anon_WITH_AES_256_GCM_SHA384
        00A8 TLS_PSK_WITH_AES_128_GCM_SHA256
        00A9 TLS_PSK_WITH_AES_256_GCM_SHA384
        00AA TLS_DHE_PSK_WITH_AES_128_GCM_SHA256
        00AB TLS_DHE_PSK_WITH_AES_256_GCM_SHA384
        00AC TLS_RSA_PSK_WITH_AES_128_GCM_SHA256
        00AD TLS_RSA_PSK_WITH_AES_256_GCM_SHA384
        00AE TLS_PSK_WITH_AES_128_CBC_SHA256
        00AF TLS_PSK_WITH_AES_256_CBC_SHA384
        00B0 TLS_PSK_WITH_NULL_SHA256
        00B1 TLS_PSK_WITH_NULL_SHA384
        00B2 TLS_DHE_PSK_WITH_AES_128_CBC_SHA256
        00B3 TLS_DHE_PSK_WITH_AES_256_CBC_SHA384
        00B4 TLS_DHE_PSK_WITH_NULL_SHA256
        00B5 TLS_DHE_PSK_WITH_NULL_SHA384
        00B6 TLS_RSA_PSK_WITH_AES_128_CBC_SHA256
        00B7 TLS_RSA_PSK_WITH_AES_256_CBC_SHA384
        00B8 TLS_RSA_PSK_WITH_NULL_SHA256
        00B9 TLS_RSA_PSK_WITH_NULL_SHA384
        00BA TLS_RSA_WITH_CAMELLIA_128_CBC_SHA256
        00BD TLS_DHE_DSS_WITH_CAMELLIA_128_CBC_SHA256
        00BE TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA256
        00BF TLS_DH_anon_WITH_CAMELLIA_128_CBC_SHA256
        00C0 TLS_RSA_WITH_CAMELLIA_256_CBC_SHA256
        00C3 TLS_DHE_DSS_WITH_CAMELLIA_256_CBC_SHA256
        00C4 TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA256
        00C5 TLS_DH_anon_WITH_CAMELLIA_256_CBC_SHA256
        1301 TLS_AES_128_GCM_SHA256
        1302 TLS_AES_256_GCM_SHA384
        1303 TLS_CHACHA20_POLY1305_SHA256
        1304 TLS_AES_128_CCM_SHA256
        1305 TLS_AES_128_CCM_8_SHA256
        C006 TLS_ECDHE_ECDSA_WITH_NULL_SHA
        C007 TLS_ECDHE_ECDSA_WITH_RC4_128_SHA
        C008 TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA
        C009 TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA
        C00A TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA
        C010 TLS_ECDHE_RSA_WITH_NULL_SHA
        C011 TLS_ECDHE_RSA_WITH_RC4_128_SHA
        C012 TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA
        C013 TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA
        C014 TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA
        C015 TLS_ECDH_anon_WITH_NULL_SHA
        C017 TLS_ECDH_anon_WITH_3DES_EDE_CBC_SHA
        C018 TLS_ECDH_anon_WITH_AES_128_CBC_SHA
        C019 TLS_ECDH_anon_WITH_AES_256_CBC_SHA
        C01D TLS_SRP_SHA_WITH_AES_128_CBC_SHA
        C01E TLS_SRP_SHA_RSA_WITH_AES_128_CBC_SHA
        C01F TLS_SRP_SHA_DSS_WITH_AES_128_CBC_SHA
        C020 TLS_SRP_SHA_WITH_AES_256_CBC_SHA
        C021 TLS_SRP_SHA_RSA_WITH_AES_256_CBC_SHA
        C022 TLS_SRP_SHA_DSS_WITH_AES_256_CBC_SHA
        C023 TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256
        C024 TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384
        C027 TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256
        C028 TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384
        C02B TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
        C02C TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
        C02F TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
        C030 TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
        C034 TLS_ECDHE_PSK_WITH_3DES_EDE_CBC_SHA
        C035 TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA
        C036 TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA
        C037 TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256
        C038 TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA384
        C039 TLS_ECDHE_PSK_WITH_NULL_SHA
        C03A TLS_ECDHE_PSK_WITH_NULL_SHA256
        C03B TLS_ECDHE_PSK_WITH_NULL_SHA384
        C050 TLS_RSA_WITH_ARIA_128_GCM_SHA256
        C051 TLS_RSA_WITH_ARIA_256_GCM_SHA384
        C052 TLS_DHE_RSA_WITH_ARIA_128_GCM_SHA256
        C053 TLS_DHE_RSA_WITH_ARIA_256_GCM_SHA384
        C056 TLS_DHE_DSS_WITH_ARIA_128_GCM_SHA256
        C057 TLS_DHE_DSS_WITH_ARIA_256_GCM_SHA384
        C05C TLS_ECDHE_ECDSA_WITH_ARIA_128_GCM_SHA256
        C05D TLS_ECDHE_ECDSA_WITH_ARIA_256_GCM_SHA384
        C060 TLS_ECDHE_RSA_WITH_ARIA_128_GCM_SHA256
        C061 TLS_ECDHE_RSA_WITH_ARIA_256_GCM_SHA384
        C06A TLS_PSK_WITH_ARIA_128_GCM_SHA256
        C06B TLS_PSK_WITH_ARIA_256_GCM_SHA384
        C06C TLS_DHE_PSK_WITH_ARIA_128_GCM_SHA256
        C06D TLS_DHE_PSK_WITH_ARIA_256_GCM_SHA384
        C06E TLS_RSA_PSK_WITH_ARIA_128_GCM_SHA256
        C06F TLS_RSA_PSK_WITH_ARIA_256_GCM_SHA384
        C072 TLS_ECDHE_ECDSA_WITH_CAMELLIA_128_CBC_SHA256
        C073 TLS_ECDHE_ECDSA_WITH_CAMELLIA_256_CBC_SHA384
        C076 TLS_ECDHE_RSA_WITH_CAMELLIA_128_CBC_SHA256
        C077 TLS_ECDHE_RSA_WITH_CAMELLIA_256_CBC_SHA384
        C07A TLS_RSA_WITH_CAMELLIA_128_GCM_SHA256
        C07B TLS_RSA_WITH_CAMELLIA_256_GCM_SHA384
        C07C TLS_DHE_RSA_WITH_CAMELLIA_128_GCM_SHA256
        C07D TLS_DHE_RSA_WITH_CAMELLIA_256_GCM_SHA384
        C086 TLS_ECDHE_ECDSA_WITH_CAMELLIA_128_GCM_SHA256
        C087 TLS_ECDHE_ECDSA_WITH_CAMELLIA_256_GCM_SHA384
        C08A TLS_ECDHE_RSA_WITH_CAMELLIA_128_GCM_SHA256
        C08B TLS_ECDHE_RSA_WITH_CAMELLIA_256_GCM_SHA384
        C094 TLS_PSK_WITH_CAMELLIA_128_CBC_SHA256
        C095 TLS_PSK_WITH_CAMELLIA_256_CBC_SHA384
        C096 TLS_DHE_PSK_WITH_CAMELLIA_128_CBC_SHA256
        C097 TLS_DHE_PSK_WITH_CAMELLIA_256_CBC_SHA384
        C098 TLS_RSA_PSK_WITH_CAMELLIA_128_CBC_SHA256
        C099 TLS_RSA_PSK_WITH_CAMELLIA_256_CBC_SHA384
        C09A TLS_ECDHE_PSK_WITH_CAMELLIA_128_CBC_SHA256
        C09B TLS_ECDHE_PSK_WITH_CAMELLIA_256_CBC_SHA384
        C09C TLS_RSA_WITH_AES_128_CCM
        C09D TLS_RSA_WITH_AES_256_CCM
        C09E TLS_DHE_RSA_WITH_AES_128_CCM
        C09F TLS_DHE_RSA_WITH_AES_256_CCM
        C0A0 TLS_RSA_WITH_AES_128_CCM_8
        C0A1 TLS_RSA_WITH_AES_256_CCM_8
        C0A2 TLS_DHE_RSA_WITH_AES_128_CCM_8
        C0A3 TLS_DHE_RSA_WITH_AES_256_CCM_8
        C0A4 TLS_PSK_WITH_AES_128_CCM
        C0A5 TLS_PSK_WITH_AES_256_CCM
        C0A6 TLS_DHE_PSK_WITH_AES_128_CCM
        C0A7 TLS_DHE_PSK_WITH_AES_256_CCM
        C0A8 TLS_PSK_WITH_AES_128_CCM_8
        C0A9 TLS_PSK_WITH_AES_256_CCM_8
        C0AA TLS_PSK_DHE_WITH_AES_128_CCM_8
        C0AB TLS_PSK_DHE_WITH_AES_256_CCM_8
        C0AC TLS_ECDHE_ECDSA_WITH_AES_128_CCM
        C0AD TLS_ECDHE_ECDSA_WITH_AES_256_CCM
        C0AE TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8
        C0AF TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8
        CCA8 TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
        CCA9 TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
        CCAA TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256
        CCAB TLS_PSK_WITH_CHACHA20_POLY1305_SHA256
        CCAC TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256
        CCAD TLS_DHE_PSK_WITH_CHACHA20_POLY1305_SHA256
        CCAE TLS_RSA_PSK_WITH_CHACHA20_POLY1305_SHA256
        """
}
