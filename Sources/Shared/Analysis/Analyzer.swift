/// The contract of every protocol: bytes of two sides in, messages and exchanges out.
///
/// An analyzer never sees a connection, a name, a map or a log. It is a pure state machine over the bytes that its
/// channel shows it, in the order in which they were said, and it gives the same results however the streams were
/// cut. Spans are lent for the time of a call: what outlives it is copied, or is a `ByteRange` into bytes that their
/// owner keeps.
///
/// Analyzers are final classes that are used again with their buffers, one connection after the other.
protocol Analyzer: AnyObject {
    /// Makes ready for streams, as new.
    func begin(_ start: Start)

    /// Takes the next bytes of one side, of which there is at least one: those that it did not take last time, and
    /// what followed them.
    func consume(_ bytes: RawSpan, _ side: Side, _ at: Arrival, _ out: any Output) -> Step

    /// Takes the news that bytes were not captured, an exact number, which is not 0.
    ///
    /// - Parameters:
    ///   - tail: what the side said right before, and what was not taken yet; its bytes came at `at.first`.
    /// - Returns: `.took(tail.byteCount)` where the place is known behind the gap, else `.lost`; what of the tail is not
    ///   taken is unparsed.
    func gap(_ length: UInt64, _ side: Side, after tail: RawSpan, _ at: Arrival, _ out: any Output) -> Step

    /// Takes a message that belongs to no stream, of protocols that have such messages (`ProtocolRow.datagrams`).
    ///
    /// - Parameter isWhole: all of it was captured.
    func datagram(_ bytes: RawSpan, isWhole: Bool, _ side: Side, _ at: Timestamp, _ out: any Output)

    /// Looks for the next message after the place was lost. Where it is found, the analyzer goes on there.
    ///
    /// No byte twice: `from` is what the last call gave back, moved with the bytes that went away.
    func search(_ bytes: RawSpan, _ side: Side, from: Search) -> Found

    /// One side says no more: its last message is finished, as far as it goes.
    /// - Returns: how many bytes of the tail were taken; the others are unparsed.
    func end(_ side: Side, after tail: RawSpan, _ at: Timestamp, _ out: any Output) -> Int

    /// The layer has ended, or its streams are handed over; both sides have been ended before, if they were read until
    /// then. What waits for an answer is given up.
    func finish(_ out: any Output)

    /// A secret came that it waited for (`Output.waitForSecret`).
    func wake(_ at: Timestamp, _ out: any Output)

    /// Nothing was said for some time: what is kept only to go on fast is let go of.
    func trim()

    /// Bytes of traffic that it keeps.
    var held: Int { get }

    /// It takes messages apart; else its bytes are recognised, and no more is known of them.
    var takesApart: Bool { get }

    /// Where in the client's stream the first request begins whose exchange is not given away yet.
    var oldestAsk: UInt64? { get }

    /// It has read a message, of either side; one that loses its place before it has may have been chosen in error, and
    /// detection is asked again.
    var hasRead: Bool { get }
}

extension Analyzer {
    var takesApart: Bool { true }

    func trim() {}

    var oldestAsk: UInt64? { nil }

    var hasRead: Bool { true }

    func wake(_ at: Timestamp, _ out: any Output) {}

    func datagram(_ bytes: RawSpan, isWhole: Bool, _ side: Side, _ at: Timestamp, _ out: any Output) {
        out.unparsed(bytes.byteCount, .betweenMessages)
    }

    /// For protocols in which a message can begin anywhere, or whose place is never lost.
    func search(_ bytes: RawSpan, _ side: Side, from: Search) -> Found { .at(from.start) }
}

/// In which state of the protocol its streams are met.
enum Start: Equatable, Sendable {
    /// From the first byte: greetings and handshakes are to be expected.
    case opening
    /// Joined late, or behind bytes that are missing: in any state.
    case middle
    /// Another protocol led here, and a request of it is still to be answered.
    indirect case continued(Carried)
    /// In a layer that another analyzer of the same protocol has opened: what it knows of the session, in a form of its own.
    case within([UInt8])
}

/// A request that leads from one protocol to another, and what was agreed with it.
struct Carried: Equatable, Sendable {
    /// Whether it is answered already says `Exchange.isAnswered`; `nil` where it was not captured.
    var exchange: Exchange?
    /// What its ranges lie in.
    var text: [UInt8]
    /// The host that it names.
    var host: [UInt8] = []
    /// The fields of the answer that agreed, as lines.
    var agreed: [UInt8] = []

    static func == (a: Carried, b: Carried) -> Bool { a.exchange?.number == b.exchange?.number }
}
