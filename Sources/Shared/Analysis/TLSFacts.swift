/// What a TLS handshake says in the clear, as far as it was captured.
struct TLSFacts: Equatable, Sendable {
    /// The server's name that the client asks for (SNI: RFC 6066, section 3).
    var serverName: String?
    /// The application protocols that the client offers (ALPN: RFC 7301, section 3.1), in its order; of a list that is
    /// very long the first ones.
    var applicationProtocols: [String] = []
    /// The one that the server has chosen, where it says so in the clear: up to TLS 1.2.
    var chosenProtocol: String?
    /// The version that the server has chosen (RFC 8446, section 4.2.1): 0x0304 is TLS 1.3.
    var version: UInt16?
    /// The cipher suite that the server has chosen, by IANA's name.
    var suite: String?
    /// Whom the server's certificate is of (RFC 4514), and when it expires, where it can be read: up to TLS 1.2, or decrypted.
    var subject: String?
    var notAfter: Timestamp?

    /// When the handshake told of this last.
    var at = Timestamp(nanoseconds: 0)

    /// What the later of two handshakes told: of one map's entry, whichever order they come in.
    static func later(_ a: TLSFacts?, _ b: TLSFacts?) -> TLSFacts? {
        guard let a, let b else { return a ?? b }
        return a.order < b.order ? b : a
    }

    private var order: (Timestamp, UInt16, String, String, String) {
        (at, version ?? 0, suite ?? "", serverName ?? "", subject ?? "")
    }

    /// The version as people write it, and as OpenTelemetry's `tls.protocol.version` has it; SSL 3.0 is `3.0`.
    var versionText: StaticString? {
        switch version {
        case 0x0300: "3.0"
        case 0x0301: "1.0"
        case 0x0302: "1.1"
        case 0x0303: "1.2"
        case 0x0304: "1.3"
        default: nil
        }
    }

    /// The protocol that was agreed on or, where that is hidden, the one that the client wants most.
    var applicationProtocol: String? { chosenProtocol ?? applicationProtocols.first }
}
