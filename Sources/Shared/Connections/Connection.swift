/// Who talks to whom on one connection, as far as it is known: its ends, their roles, the processes, what it was found
/// to talk.
///
/// Its bytes are the business of its channels.
package final class Connection {
    /// A small number that no other open connection has; sinks keep what they know of a connection in its place.
    package let slot: Int
    /// Its place among the tape's connections, from 1 on: unique in the run.
    package private(set) var number: UInt64
    package private(set) var opened: ConnectionOpened
    /// The grammar showed that the remote side is the client, other than the source had guessed.
    private(set) var isFlipped = false
    /// What it was found to talk: the first thing, or what lay in its envelope.
    package private(set) var verdict: ProtocolID?
    /// Of what is told of it as an edge of its own; 0 while nothing is.
    package var confidence = 0
    /// It was told of as an edge of its own.
    var isReported = false
    /// Why it was told of as that.
    var reportedReason = ""
    /// It was told of as encrypted.
    var isToldEncrypted = false
    /// As what it was told of last.
    var reported: ProtocolID?
    /// It gave an exchange, so that the map has it by that.
    var hasExchange = false
    /// Of that, one that came out of its TLS: nothing hides what is talked.
    var isDecrypted = false
    /// The host that the traffic itself named.
    var serverName: String?
    /// Where it goes, as a prefix said (PROXY, SOCKS, CONNECT), of several the innermost.
    var namedDestination: NamedDestination? { didSet { revision &+= 1 } }
    /// Why the proxy in front of it has not connected there; `nil` where it has.
    var refusal: Int32?
    /// Whom a proxy made it for.
    var proxiedFor: Endpoint?
    /// What its TLS handshake said in the clear; `nil` where there was none, and until it has told what it can.
    @Rare var tls: TLSFacts?
    /// Why nothing of what its TLS carried could be read.
    var closedTLS: TLSClosed?
    /// Both sides of the connection are profiled, and this is one of two views of the same bytes.
    var hasOtherView = false
    /// The views of its exchanges, where there are several whose streams can be compared.
    private(set) var views: Views?
    /// Which of them this is.
    private(set) var viewNumber: Int?
    /// A capture met its packets elsewhere as well, and this is not where it counts.
    var isCopy = false
    /// When it was opened, and when both initial sequence numbers were known.
    var openedAt = Timestamp(nanoseconds: 0)
    var numbered: Timestamp?
    /// Behind where the last request begins of which it gave the exchange, in the client's stream; 0: it gave none.
    var given: UInt64 = 0
    /// The process on the remote side, where it is profiled, too.
    private(set) var otherProcess: ProcessKey?
    /// Grows where more is known of the connection itself.
    private(set) var revision: UInt32 = 0

    package init(_ opened: ConnectionOpened, number: UInt64, slot: Int) {
        self.number = number
        self.opened = opened
        self.slot = slot
    }

    /// Makes a connection that ended into a new one.
    package func reuse(_ opened: ConnectionOpened, number: UInt64) {
        self.number = number
        self.opened = opened
        isFlipped = false
        verdict = nil
        confidence = 0
        isReported = false
        reported = nil
        isToldEncrypted = false
        hasExchange = false
        isDecrypted = false
        serverName = nil
        namedDestination = nil
        proxiedFor = nil
        refusal = nil
        tls = nil
        closedTLS = nil
        hasOtherView = false
        otherProcess = nil
        views = nil
        viewNumber = nil
        isCopy = false
        numbered = nil
        given = 0
        revision = 0
    }

    /// The side that called connect, as far as it is known.
    package var client: Endpoint { localIsClient ? opened.local : opened.remote }
    /// The side that called accept.
    package var server: Endpoint { localIsClient ? opened.remote : opened.local }
    /// The port of where it goes, by which is judged what is at home there.
    var destinationPort: UInt16 { namedDestination?.port ?? server.port }
    @inline(__always)
    package var localIsClient: Bool { (opened.role == .server) == isFlipped }

    /// Who says what goes in this direction.
    @inline(__always)
    package func side(_ direction: Direction) -> Side { (direction == .send) == localIsClient ? .client : .server }

    @inline(__always)
    package func direction(_ side: Side) -> Direction { (side == .client) == localIsClient ? .send : .receive }

    /// The view of it whose ends it goes by in the map.
    var named: Connection {
        guard isCopy, let front = views?.front, namedDestination == nil || front.namedDestination != nil else {
            return self
        }
        return front
    }

    /// The map has what this connection does already, from its client's view.
    var isCountedElsewhere: Bool { isCopy || (hasOtherView && !localIsClient) }

    /// A capture saw its SYN, and as yet no answer: nobody knows whether there will be a connection.
    var isUnanswered: Bool {
        opened.process == nil && !opened.joinedLate && opened.role == .client && opened.localSequenceNumber != nil
            && opened.remoteSequenceNumber == nil
    }

    // MARK: What is found out

    /// The first message says who is the client.
    func settleRoles(localIsClient: Bool) { isFlipped = (opened.role == .server) == localIsClient }

    /// Nothing says who is the client: the higher port is the likelier one, as systems give it to those that connect.
    func guessRoles() {
        if opened.role == .unknown { settleRoles(localIsClient: opened.local.port >= opened.remote.port) }
    }

    /// It was found to talk this; what lies in an envelope, or behind a prefix, counts more than these.
    package func found(_ row: ProtocolID, _ registry: Registry) {
        switch verdict.map({ registry[$0].role }) {
        case nil, .envelope, .prefix: verdict = row
        case .exchanges, .service: break
        }
    }

    /// It was found to talk this in error.
    func takeBack(_ row: ProtocolID, _ before: ProtocolID?) { if verdict == row { verdict = before } }

    /// It was found to talk something, of which a prefix says nothing.
    func isUnderstood(_ registry: Registry) -> Bool { verdict.map { registry[$0].role != .prefix } ?? false }

    /// Takes initial sequence numbers that became known after the opening.
    package func learn(_ numbers: SequenceNumbers) { opened.learn(numbers) }

    /// It is one of several views.
    func join(_ views: Views, _ number: Int) {
        self.views = views
        viewNumber = number
    }

    /// Each was there before the other's handshake was over: only the packets of one connection can lie so, since the
    /// answer comes when the last copy of the first packet has passed.
    func isAsOld(as other: Connection) -> Bool {
        guard let numbered, let others = other.numbered else { return false }
        return openedAt <= others && other.openedAt <= numbered
    }

    /// Both were joined late, and at the same moment: with copies of one packet, if their numbers are the same, too.
    func isJoined(with other: Connection) -> Bool {
        guard opened.joinedLate, other.opened.joinedLate else { return false }
        return openedAt.since(other.openedAt).magnitude <= Self.nearNanoseconds
    }

    /// A packet passes from one interface to the next in far less.
    private static let nearNanoseconds = 10_000_000

    /// It was taken for another view of a connection, and is none.
    func leaveViews() {
        views = nil
        viewNumber = nil
        isCopy = false
    }

    /// The view of the other side was found.
    package func pair(with process: ProcessKey?) {
        hasOtherView = true
        otherProcess = process
        revision &+= 1
    }
}
