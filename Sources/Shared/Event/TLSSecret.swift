/// What decrypts a TLS session, or a part of it: a line of a key log (RFC 9850, the format that NSS began).
///
/// Whoever has it and the bytes reads them: a tape with secrets is worth what their plaintext is worth.
package struct TLSSecret: Equatable, Sendable {
    /// What the secret is, in a key log's words.
    ///
    /// `CLIENT_RANDOM` is the master secret up to TLS 1.2, `CLIENT_TRAFFIC_SECRET_0` the client's of TLS 1.3, and so on.
    package let label: String
    /// The 32 bytes of ClientHello's random field, by which the session is found; `nil` where the source doesn't know them,
    /// and what the secret opens has to be tried.
    let clientRandom: [UInt8]?
    package let secret: [UInt8]
    /// The connection that it is for; `nil` where nobody knows, as in a key log.
    package private(set) var connection: ConnectionID?
    /// The process that it was taken from; `nil` where it comes from a file.
    package private(set) var process: ProcessKey?

    static let clientRandomBytes = 32
    /// Bytes of a label, far more than the longest has (`CLIENT_HANDSHAKE_TRAFFIC_SECRET`, 31).
    static let labelBytes = 64
    /// Bytes of a secret: the longest digest of a cipher suite has 48, the longest that HKDF is used with 64.
    static let secretBytes = 64

    /// - Returns: `nil` where it is no line of a key log: a label has letters, digits and underscores, so that a line that is
    ///   made from it can't become two.
    package init?(
        label: String, clientRandom: [UInt8]?, secret: [UInt8], connection: ConnectionID? = nil,
        process: ProcessKey? = nil
    ) {
        let isLetter = { (byte: UInt8) in ASCII.isDigit(byte) || ASCII.isLetter(byte) || byte == UInt8(ascii: "_") }
        guard (1...Self.labelBytes).contains(label.utf8.count), label.utf8.allSatisfy(isLetter),
            clientRandom.map({ $0.count == Self.clientRandomBytes }) ?? true,
            (1...Self.secretBytes).contains(secret.count)
        else { return nil }
        self.label = label
        self.clientRandom = clientRandom
        self.secret = secret
        self.connection = connection
        self.process = process
    }

    /// As a key log has it, with the line's end; `nil` where the client's random is not known.
    package var keyLogLine: [UInt8]? {
        guard let clientRandom else { return nil }
        func digits(_ bytes: [UInt8]) -> [UInt8] {
            bytes.flatMap { byte in [byte >> 4, byte & 15].map { $0 + ($0 < 10 ? UInt8(ascii: "0") : 87) } }
        }
        return Array(label.utf8) + [0x20] + digits(clientRandom) + [0x20] + digits(secret) + [0x0A]
    }

    /// The same secret of another process.
    package func of(_ process: ProcessKey?) -> TLSSecret {
        var secret = self
        secret.process = process
        return secret
    }

    /// The same secret of another connection.
    package func of(_ connection: ConnectionID) -> TLSSecret {
        var secret = self
        secret.connection = connection
        return secret
    }
}
