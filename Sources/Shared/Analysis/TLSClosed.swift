/// Why the records of a TLS connection stay closed.
package enum TLSClosed: UInt8, CaseIterable, Sendable {
    /// No secret of the session was there in time.
    case noSecret
    /// The connection was there before the capture.
    case joinedLate
    /// Bytes of the handshake are missing, or make no sense.
    case handshakeLost
    /// A version or a cipher suite that is not read here.
    case unsupported
    /// The secrets that are there open nothing.
    case wrongSecret
    /// Behind bytes that are missing no record was found again.
    case placeLost
}
