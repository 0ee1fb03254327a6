/// Looks on while the pipeline reads a tape, to judge what it sees (`replay grade`).
///
/// What it is shown is lent for the time of the call. It changes nothing; a run without one pays for a comparison with
/// `nil` a message, and a piece of a stream that is not HTTP.
package protocol Observer: AnyObject {
    /// A message is whole, or as whole as it will ever be.
    /// - Parameters:
    ///   - exchange: the request itself, or the one that a response answers; its ranges lie in `text`.
    func message(
        _ message: borrowing HTTPMessage, _ kind: HTTPHead.Kind, _ exchange: Exchange?, _ text: RawSpan,
        of connection: Connection)

    /// The next bytes of a stream that was recognised and is not taken apart.
    func bytes(_ bytes: RawSpan, _ direction: Direction, of connection: Connection)

    /// Bytes of such a stream that were not captured.
    func gap(_ length: UInt64, _ direction: Direction, of connection: Connection)

    /// The last call for a connection; its streams have been delivered up to `streams.sent.next` and `streams.received.next`.
    func ended(_ connection: Connection, _ how: ConnectionClosed.How)
}
