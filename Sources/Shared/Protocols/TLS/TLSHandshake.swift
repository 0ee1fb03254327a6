private import CCrypto

/// The messages of a handshake that say how what follows is protected: RFC 8446, section 4; RFC 5246, section 7.4.
///
/// Each is given whole, with its type and its length.
enum TLSHandshake {
    static let header = 4
    static let clientHello: UInt8 = 1
    static let serverHello: UInt8 = 2
    static let endOfEarlyData: UInt8 = 5
    static let encryptedExtensions: UInt8 = 8
    static let certificate: UInt8 = 11
    static let serverKeyExchange: UInt8 = 12
    static let serverHelloDone: UInt8 = 14
    static let finished: UInt8 = 20
    static let keyUpdate: UInt8 = 24

    struct ClientHello {
        var random: SessionSecrets.ClientRandom
        /// It may send data at once, under a key that it knows from before (RFC 8446, section 4.2.10).
        var offersEarlyData: Bool

        init?(_ message: RawSpan) {
            guard let random = SessionSecrets.ClientRandom(message, at: 6), let session = message.u8(at: 38),
                let suites = message.big(UInt16.self, at: 39 &+ Int(session))
            else { return nil }
            self.random = random
            let compression = 41 &+ Int(session) &+ Int(suites)
            var offersEarlyData = false
            if let count = message.u8(at: compression) {
                TLSHello.extensions(message, from: compression &+ 1 &+ Int(count)) { type, _ in
                    if type == 42 { offersEarlyData = true }
                }
            }
            self.offersEarlyData = offersEarlyData
        }
    }

    struct ServerHello {
        var random: [UInt8]
        var version: UInt16
        var suite: UInt16
        /// Other than none, which is deflate (RFC 3749): nobody uses it since 2012.
        var isCompressed: Bool
        /// RFC 7366.
        var isEncryptThenMAC = false
        var applicationProtocol: String?

        /// It asks for another ClientHello, and is no answer yet: its random is the SHA-256 of "HelloRetryRequest" (RFC 8446,
        /// section 4.1.3).
        var isRetry: Bool {
            random == [
                0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91, 0xC2,
                0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
            ]
        }

        init?(_ message: RawSpan) {
            guard let version = message.big(UInt16.self, at: 4), let session = message.u8(at: 38),
                let suite = message.big(UInt16.self, at: 39 &+ Int(session)),
                let compression = message.u8(at: 41 &+ Int(session))
            else { return nil }
            random = [UInt8](message.extracting(6..<38))
            self.suite = suite
            isCompressed = compression != 0
            var chosen = version
            var (isEncryptThenMAC, name) = (false, String?.none)
            TLSHello.extensions(message, from: 42 &+ Int(session)) { type, body in
                switch type {
                case 16: name = TLSHello.applicationProtocols(body).first
                case 22: isEncryptThenMAC = true
                case 43: chosen = body.big(UInt16.self, at: 0) ?? chosen
                default: break
                }
            }
            self.version = chosen
            self.isEncryptThenMAC = isEncryptThenMAC
            applicationProtocol = name
        }
    }

    /// What TLS 1.3's server says behind its hello.
    struct EncryptedExtensions {
        var applicationProtocol: String?
        var acceptsEarlyData = false

        init(_ message: RawSpan) {
            var (name, accepts) = (String?.none, false)
            TLSHello.extensions(message, from: TLSHandshake.header) { type, body in
                switch type {
                case 16: name = TLSHello.applicationProtocols(body).first
                case 42: accepts = true
                default: break
                }
            }
            applicationProtocol = name
            acceptsEarlyData = accepts
        }
    }

    /// The first certificate, which is the server's own, of a list (RFC 5246, section 7.4.2; RFC 8446, section 4.4.2).
    static func readCertificate(_ message: RawSpan, version: UInt16, into facts: inout TLSFacts) {
        var offset = header
        if version >= 0x0304 {
            guard let context = message.u8(at: offset) else { return }
            offset &+= 1 &+ Int(context)
        }
        offset &+= 3
        guard let high = message.u8(at: offset), let low = message.big(UInt16.self, at: offset &+ 1) else { return }
        let length = Int(high) &<< 16 | Int(low)
        guard length > 0, offset &+ 3 &+ length <= message.byteCount else { return }
        let certificate = message.extracting(offset &+ 3..<offset &+ 3 &+ length)
        certificate.withUnsafeBytes { bytes in
            var start = bytes.bindMemory(to: UInt8.self).baseAddress
            guard let parsed = d2i_X509(nil, &start, bytes.count) else { return ERR_clear_error() }
            defer { X509_free(parsed) }
            facts.subject = subject(parsed)
            facts.notAfter = expiry(parsed)
            ERR_clear_error()
        }
    }

    /// Names may have any bytes; what is no printable ASCII is escaped.
    private static func subject(_ certificate: OpaquePointer) -> String? {
        guard let name = X509_get_subject_name(certificate), let memory = BIO_new(BIO_s_mem()) else { return nil }
        defer { BIO_free(memory) }
        guard X509_NAME_print_ex(memory, name, 0, CCRYPTO_NAME_RFC2253) >= 0 else { return nil }
        var text: [UInt8] = Array(repeating: 0, count: subjectBytes)
        let count = BIO_read(memory, &text, Int32(text.count))
        guard count > 0 else { return nil }
        return String(decoding: text.prefix(Int(count)), as: UTF8.self)
    }

    /// A name that is longer is cut.
    private static let subjectBytes = 512

    private static func expiry(_ certificate: OpaquePointer) -> Timestamp? {
        var days: Int32 = 0
        var seconds: Int32 = 0
        guard let epoch = ASN1_TIME_set(nil, 0), let end = X509_get0_notAfter(certificate) else { return nil }
        defer { ASN1_STRING_free(epoch) }
        guard ASN1_TIME_diff(&days, &seconds, epoch, end) > 0 else { return nil }
        let (nanoseconds, overflow) = (Int64(days) * 86_400 + Int64(seconds)).multipliedReportingOverflow(
            by: 1_000_000_000)
        return overflow ? nil : Timestamp(nanoseconds: nanoseconds)
    }
}
