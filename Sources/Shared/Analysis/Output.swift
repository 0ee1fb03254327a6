/// What an analyzer gives its results to, lent for the time of a call.
///
/// A channel is the one implementation in the pipeline, so that passing it on costs nothing and counts no reference;
/// the analyzers' tests have another.
protocol Output: AnyObject {
    /// A request was read as far as it says what it asks for. The state looks verb and target up while they lie here.
    /// - Returns: what the exchange keeps of it.
    func began(_ ask: Ask, _ text: RawSpan) -> Token

    /// Where in its stream the first of the bytes stands that this call was given.
    func position(_ side: Side) -> UInt64

    /// The number of an exchange that begins, unique in the run.
    func numberExchange() -> UInt64

    /// A message is whole, or as whole as it will ever be. Its fields and its bytes are there where `Needs` has messages.
    /// - Parameters:
    ///   - exchange: of a request its own, of a response that of the request that it answers; `nil` for a push.
    ///   - text: what the ranges of `exchange` lie in.
    func message(_ message: borrowing Message, _ exchange: Exchange?, _ text: RawSpan)

    /// An exchange has ended: answered, or given up.
    func exchange(_ exchange: Exchange, _ text: RawSpan)

    /// A message within a conversation that a request has opened: of a WebSocket, of an event stream. Else as `message`.
    func said(_ message: borrowing Message, _ exchange: Exchange?, _ text: RawSpan)

    /// What the map counts of such messages: one, or one and its answer.
    ///
    /// It has no place of its own in the client's stream, so the client's view counts, whatever others see.
    func said(_ exchange: Exchange, _ text: RawSpan)

    /// An operation is complete, or as complete as it will ever be. Only where `Needs` has operations.
    /// - Parameter text: what its ranges lie in.
    func operation(_ operation: borrowing ServiceOperation, _ text: RawSpan)

    /// What a TLS handshake says in the clear.
    /// - Parameter isComplete: no more of it will be known; told once.
    func know(_ facts: TLSFacts, isComplete: Bool, _ at: Timestamp)

    /// A server of names has told the client that a name has this address, for so many seconds.
    func resolved(_ name: RawSpan, _ address: IPAddress, seconds: UInt32, _ at: Timestamp)

    /// What all connections of this client to this server have together, by its type; made when it is first asked for.
    func shared<T: AnyObject>(_ make: () -> T) -> T

    /// Has the analyzer woken when a secret of the session comes.
    func waitForSecret(of session: SessionSecrets.ClientRandom)

    /// Looks among the secrets of which nobody has said the session for the one that a record shows to be its own; it is the
    /// session's from then on.
    /// - Parameters:
    ///   - tried: up to which secret the record was tried before; then, up to which it has been.
    ///   - isRight: whether a secret opens the record.
    func findSecret(
        _ label: SessionSecrets.Label, of session: SessionSecrets.ClientRandom, tried: inout UInt64,
        _ isRight: ([UInt8]) -> Bool
    ) -> Bool

    /// Nothing of what the connection's TLS carried could be read.
    func stayedClosed(_ why: TLSClosed)

    /// So many of the bytes that this call takes are no part of any message; the others are parsed. So the ledger
    /// balances by construction.
    func unparsed(_ count: Int, _ why: UnparsedReason)

    /// A bound was reached.
    func reached(_ limit: Limit)

    /// Bytes that came again with other content, on either side, until now.
    var retransmittedDifferent: UInt64 { get }

    /// While a gap is told of: when its bytes had come at the latest, as far as that is known; where they were only found to be
    /// missing, when those before them came.
    var gapMoment: Timestamp { get }

    /// The side has said that it says no more, and whatever it had said was shown, or told of as a gap.
    func isOver(_ side: Side) -> Bool

    /// At the tape's end: nothing that the side said may be missing without anybody knowing of it, for it has said that it says no
    /// more, or nothing of the conversation was missing before.
    func hasAll(of side: Side) -> Bool

    /// Opens a layer within this one: its bytes are made, not carried, and are accounted for in a ledger of its own.
    /// - Returns: `nil` where layers lie as deep as they may.
    func open(_ successor: Successor) -> InnerID?

    /// Gives an inner layer its next bytes, which are not gone through again afterwards.
    func deliver(_ bytes: RawSpan, _ side: Side, _ at: Timestamp, to inner: InnerID)

    /// Tells an inner layer of bytes that it will not get.
    func gap(_ length: UInt64, _ reason: GapReason, _ side: Side, _ at: Timestamp, in inner: InnerID)

    /// The inner layer ends.
    func close(_ inner: InnerID, _ at: Timestamp)
}

/// A layer within a layer.
struct InnerID: Hashable, Sendable {
    let raw: UInt32
}

/// What a request asks for, as ranges into the text that is lent with it.
package struct Ask {
    /// `GET`, `SELECT`, `HGET`.
    package var verb: ByteRange
    /// What it acts on: of HTTP the path without its query.
    package var target: ByteRange
    /// The host that the request itself names, with its port where it has one; empty where it names none.
    package var host: ByteRange
    /// The host is not who is asked: a proxy takes the request further.
    package var isOnward = false
}

/// What the state knows a request's verb, target and host by; of no meaning to anybody else.
package struct Token: Equatable, Sendable {
    package var what: UInt64
    var whom: UInt64

    package static let none = Token(what: 0, whom: 0)
}
