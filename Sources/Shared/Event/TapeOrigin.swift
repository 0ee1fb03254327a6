/// Whose tape this is: what its first event says.
package struct TapeOrigin: Equatable, Sendable {
    package var id: TapeID
    /// The program that wrote the tape: `profiler`, `replay`.
    package var writer: String
    /// The program's version: `0.1.0`.
    package var version: String
    /// The writer ends the tape with an end mark; where that is missing, the tape was cut.
    ///
    /// A tape without this promise may end anywhere.
    var promisesEnd: Bool
    /// Secrets of TLS sessions are told as they are made: what can't be opened yet may be soon.
    package var bringsSecrets: Bool

    package init(
        id: TapeID, writer: String, version: String, promisesEnd: Bool = true, bringsSecrets: Bool = false
    ) {
        self.id = id
        self.writer = writer
        self.version = version
        self.promisesEnd = promisesEnd
        self.bringsSecrets = bringsSecrets
    }
}

/// A tape's identity: 16 bytes that the source gives, random where it captures, and taken from the content where it reads
/// (the same input gives the same tape).
///
/// Two tapes with one identity are copies of one, or parts of it: serial numbers of connections mean the same in both.
package struct TapeID: Hashable, Sendable {
    /// The first eight bytes, as a number in network order.
    package var high: UInt64
    /// The last eight bytes.
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}
