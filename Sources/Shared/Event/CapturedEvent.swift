/// What can be on a tape.
///
/// Every source (live capture, recorded trace, pcap) speaks in these and only these; `Profiler` can't tell which of
/// them it listens to.
///
/// The bytes that a `data` event or a `datagram` carries are not in the event: they travel beside it as a borrowed span
/// (`Profiler.consume(_:payload:)`), so that nothing is copied on the way.
///
/// It is copied for every packet: what is rare and large is `indirect`, and a case that is not stays within the size of
/// `ConnectionOpened`, the largest.
package struct CapturedEvent: Equatable, Sendable {
    package var timestamp: Timestamp
    package var kind: Kind

    package init(_ timestamp: Timestamp, _ kind: Kind) {
        self.timestamp = timestamp
        self.kind = kind
    }

    /// What has happened.
    package enum Kind: Equatable, Sendable {
        /// Always before anything else of the connection.
        case open(ConnectionOpened)
        /// In place of `open`, where an earlier file of the same tape has that.
        indirect case continued(ConnectionContinued)
        /// What `open` could not say yet: a capture sees the server's number only with the answer to the first segment.
        case sequenceNumbers(SequenceNumbers)
        /// Bytes of a stream; as many as the payload beside the event holds.
        case data(StreamPosition)
        /// Bytes that exist, that were not captured, and of which only the number is known.
        case gap(StreamGap)
        /// The receiver of this stream has confirmed all bytes before the position: what is missing
        /// there was lost by the capture, not by the network, and will not come again.
        case acknowledged(StreamPosition)
        /// The data that follow from the other side, until the next of these, were said when it had all bytes of this stream
        /// before the position, though some stand behind them, or nowhere: captures of several queues hold packets out of order.
        ///
        /// Acknowledgments never go back: one that is far lower takes back those before it.
        case expected(StreamPosition)
        /// This direction will send no more (FIN, shutdown); its stream's length is the position.
        case finished(StreamPosition)
        /// The last event of the connection.
        case close(ConnectionClosed)
        indirect case process(ProcessIdentity)
        /// The process is gone; the ends of its connections may still follow.
        case exit(ProcessKey)
        /// A profiled process accepts connections here.
        case listening(Listening)
        /// The name and the owner of a Unix socket; before the first event with its endpoint, where the source knows it then.
        indirect case unixSocket(UnixSocket)
        /// A message without a stream; its bytes are the payload beside the event.
        case datagram(CapturedDatagram)
        /// What decrypts a TLS session.
        indirect case secret(TLSSecret)
        /// What a container runtime said of a process or of an address.
        indirect case container(ContainerFact)
        /// What an address is called.
        indirect case name(AddressName)
        /// What the source could not deliver.
        case lost(Loss)
        /// Whose tape this is: the first event, where the source says it.
        indirect case tape(TapeOrigin)
        /// The source has come to an orderly end: the last event of the tape.
        case end
    }
}

/// A connection's identity, unique within a tape: a reused file descriptor or tuple is a new connection.
public struct ConnectionID: Hashable, Sendable {
    public var serial: UInt64
    public init(_ serial: UInt64) { self.serial = serial }
}

/// A direction as the connection's local side sees it.
public enum Direction: UInt8, Sendable, CaseIterable {
    case send
    case receive
}

/// Who called connect and who accept.
///
/// Never who spoke first: servers of NATS and MySQL do.
package enum Role: UInt8, Sendable {
    case client
    case server
    /// The capture joined late and nobody saw the handshake; the protocol's grammar has to tell.
    case unknown
}

/// A connection from its first event on: its ends, who called whom, and whose it is.
package struct ConnectionOpened: Equatable, Sendable {
    // In an order that leaves no room between the fields: this is the largest part of an event.
    package var id: ConnectionID
    package var local: Endpoint
    /// The local side's role.
    ///
    /// Where it is unknown the source has put the likelier client on the local side.
    package var role: Role
    /// 0 where it is not known.
    private var localNumber: UInt32 = 0
    package var remote: Endpoint
    /// The connection existed before the capture: stream positions count from the first byte seen.
    package var joinedLate: Bool
    /// 0 where it is not known.
    private var remoteNumber: UInt32 = 0
    /// The profiled process on the local side; `nil` where the source knows of no processes, as a capture does.
    package var process: ProcessKey?
    private var knowsLocalNumber = false
    private var knowsRemoteNumber = false

    package init(
        id: ConnectionID, local: Endpoint, remote: Endpoint, role: Role, joinedLate: Bool = false,
        process: ProcessKey? = nil, localSequenceNumber: UInt32? = nil, remoteSequenceNumber: UInt32? = nil
    ) {
        self.id = id
        self.local = local
        self.remote = remote
        self.role = role
        self.joinedLate = joinedLate
        self.process = process
        self.localSequenceNumber = localSequenceNumber
        self.remoteSequenceNumber = remoteSequenceNumber
    }

    /// The local side's initial sequence number, as its SYN had it (RFC 9293, section 3.4.1): one less than the number of
    /// its stream's first byte.
    ///
    /// Address translation leaves sequence numbers alone, so copies of one connection are known by them wherever they were
    /// seen. Of one that a capture joined late, the first byte is the first that was captured, or would have been next.
    /// `nil` where the source doesn't know it, or not yet: it may follow (`SequenceNumbers`).
    package var localSequenceNumber: UInt32? {
        get { knowsLocalNumber ? localNumber : nil }
        set { (localNumber, knowsLocalNumber) = (newValue ?? 0, newValue != nil) }
    }

    /// The remote side's, likewise.
    package var remoteSequenceNumber: UInt32? {
        get { knowsRemoteNumber ? remoteNumber : nil }
        set { (remoteNumber, knowsRemoteNumber) = (newValue ?? 0, newValue != nil) }
    }

    /// Takes what has become known since; what is known already and not told again stays.
    package mutating func learn(_ numbers: SequenceNumbers) {
        if let local = numbers.local { localSequenceNumber = local }
        if let remote = numbers.remote { remoteSequenceNumber = remote }
    }
}

/// A connection that was open when its tape went on in another file: what that file needs to be read alone.
///
/// Read behind the earlier ones it says nothing new.
package struct ConnectionContinued: Equatable, Sendable {
    package var opened: ConnectionOpened
    /// Bytes of the local side's stream that the earlier files have; positions go on from there.
    package var sent: UInt64
    /// Of the remote side's, likewise.
    package var received: UInt64

    package init(_ opened: ConnectionOpened, sent: UInt64, received: UInt64) {
        self.opened = opened
        self.sent = sent
        self.received = received
    }
}

/// The initial sequence numbers of a connection, told after its `open`.
///
/// Of a capture the `open` belongs to the client's SYN, and an attempt that nobody answers is on the tape, too: it can't wait
/// for the answer, which has the server's number. The client's is told again, since it may have tried with several.
package struct SequenceNumbers: Equatable, Sendable {
    package var connection: ConnectionID
    /// As in `ConnectionOpened.localSequenceNumber`; `nil` where it is not known, or has been told.
    package var local: UInt32?
    package var remote: UInt32?

    package init(_ connection: ConnectionID, local: UInt32?, remote: UInt32?) {
        self.connection = connection
        self.local = local
        self.remote = remote
    }
}

/// Which of a connection's two pairs of streams: a TLS connection can have its plaintext beside its wire bytes.
public enum StreamLayer: UInt8, Sendable, CaseIterable, BitwiseCopyable {
    /// What TCP carried.
    case wire
    /// What the process gave to its TLS library, or got from it; positions count plaintext bytes.
    case plaintext
}

/// A place in one direction of one connection.
public struct StreamPosition: Equatable, Sendable {
    public var connection: ConnectionID
    public var layer: StreamLayer
    public var direction: Direction
    /// Bytes from the stream's start, which is the first byte after the handshake or, joined late, the first seen.
    public var position: UInt64

    public init(
        _ connection: ConnectionID, _ direction: Direction, _ position: UInt64, layer: StreamLayer = .wire
    ) {
        self.connection = connection
        self.layer = layer
        self.direction = direction
        self.position = position
    }
}

/// Bytes of a stream that were moved and are not on the tape.
package struct StreamGap: Equatable, Sendable {
    package var at: StreamPosition
    /// Bytes, from `at` on; exact.
    package var length: UInt64
    package var reason: GapReason

    package init(at: StreamPosition, length: UInt64, reason: GapReason) {
        self.at = at
        self.length = length
        self.reason = reason
    }
}

/// Why bytes of a stream are missing.
package enum GapReason: UInt8, Sendable, CaseIterable {
    /// The capture never held the packet.
    case packetLost
    /// The capture's snapshot length cut the packet.
    case snaplen
    /// A limit of the reassembler: too much out-of-order data was waiting for the missing bytes.
    case reassemblyLimit
    /// The call moved more bytes than are captured of one call.
    case captureLimit
    /// The ring buffer between the kernel and the profiler was full.
    case eventLost
    /// The call has no buffer in the process: sendfile.
    case sendfile
    /// The call has no buffer in the process: splice, tee.
    case splice
    /// The bytes went through io_uring.
    case ioUring
    /// The call's buffer could not be read.
    case unreadable
    /// The kernel's own count of the connection's bytes goes beyond what the hooks saw.
    case unseen
    /// `replay redact` has taken them away: they held a credential that can't be hidden in its place.
    case redacted

    /// Whoever captured knows of it when the bytes move; others are found to be missing by what comes later.
    var isToldInTime: Bool {
        switch self {
        case .snaplen, .captureLimit, .sendfile, .splice, .ioUring, .unreadable, .redacted: true
        case .packetLost, .reassemblyLimit, .eventLost, .unseen: false
        }
    }

    /// A setting leaves it out, or there is no buffer that could be captured: no loss where no message needed it.
    var isLeftOut: Bool {
        switch self {
        case .captureLimit, .sendfile, .splice, .ioUring, .redacted: true
        case .packetLost, .snaplen, .reassemblyLimit, .eventLost, .unreadable, .unseen: false
        }
    }
}

/// The end of a connection: nothing more of it follows.
package struct ConnectionClosed: Equatable, Sendable {
    package var id: ConnectionID
    package var how: How
    /// The error number of a failed connect or a reset (ECONNREFUSED, ETIMEDOUT…); 0 where there is none.
    package var error: Int32

    /// How it came to its end.
    package enum How: UInt8, Sendable, CaseIterable {
        case orderly
        case reset
        /// Nothing was heard for so long that the source let go of it.
        case idle
        /// The tape ended while the connection was open.
        case tapeEnd
        /// The tuple was used again without a close having been seen.
        case superseded
        /// The connect failed; there never was a connection.
        case connectFailed
    }

    package init(id: ConnectionID, how: How, error: Int32 = 0) {
        self.id = id
        self.how = how
        self.error = error
    }
}

/// A process on the tape; a pid alone is reused, with its start time it is unique.
package struct ProcessKey: Hashable, Sendable {
    package var pid: Int32
    /// Nanoseconds since boot at which the process started; 0 where a source can't know.
    package var startTime: UInt64

    package init(pid: Int32, startTime: UInt64) {
        self.pid = pid
        self.startTime = startTime
    }
}

/// What is known of a process that is profiled.
package struct ProcessIdentity: Equatable, Sendable {
    package var key: ProcessKey
    /// The command's name as the kernel has it, at most 15 bytes.
    package var comm: String
    /// The arguments, with blanks between them; empty where they could not be read.
    package var commandLine: String
    /// The value of ADI_PROFILE.
    package var profile: String?
    /// ADI_PROFILE_NAME, where the process has it.
    package var profileName: String?
    package var environment: ProcessEnvironment
    /// The network namespace that it is in.
    package var networkNamespace: NetworkNamespace?

    package init(
        key: ProcessKey, comm: String, commandLine: String, profile: String? = nil, profileName: String? = nil,
        environment: ProcessEnvironment = .unavailable(""), networkNamespace: NetworkNamespace? = nil
    ) {
        self.key = key
        self.comm = comm
        self.commandLine = commandLine
        self.profile = profile
        self.profileName = profileName
        self.environment = environment
        self.networkNamespace = networkNamespace
    }
}

/// A network namespace, within which an address means something.
///
/// Two processes are on one network if theirs are equal. Where a source doesn't know it, the optional is `nil`: nothing
/// follows from that.
package struct NetworkNamespace: Hashable, Sendable {
    /// The inode of /proc/PID/ns/net, by which the kernel names it; unique on a machine while the namespace is there.
    package let number: UInt64

    /// - Returns: `nil` for 0, which is no namespace.
    package init?(_ number: UInt64) {
        guard number != 0 else { return nil }
        self.number = number
    }
}

/// The environment that a process was started with.
package enum ProcessEnvironment: Equatable, Sendable {
    /// The block as /proc/PID/environ has it: `KEY=value` entries of any bytes, each ended by a zero byte.
    case block([UInt8])
    /// It could not be read, for this reason; empty where the source has no processes.
    case unavailable(String)
}

/// Where a profiled process accepts connections.
package struct Listening: Equatable, Sendable {
    package var process: ProcessKey
    /// The address may be the unspecified one (`0.0.0.0`, `::`): any address of the network namespace.
    package var endpoint: Endpoint
    /// The socket's namespace, which is where it was made; its process may have left it.
    package var networkNamespace: NetworkNamespace?

    package init(process: ProcessKey, endpoint: Endpoint, networkNamespace: NetworkNamespace? = nil) {
        self.process = process
        self.endpoint = endpoint
        self.networkNamespace = networkNamespace
    }
}

/// Something that a source saw and could not turn into events, by reason.
package struct Loss: Equatable, Sendable {
    package var reason: Reason
    /// How many records (packets, events) it concerns.
    package var count: UInt64

    /// Why it is no event.
    package enum Reason: UInt8, Sendable, CaseIterable {
        /// The capture's link type is not one that Tapedeck reads.
        case linkType
        /// A header that is cut short or contradicts itself.
        case malformedHeader
        /// Fragments of an IP datagram whose others never came.
        case incompleteFragments
        /// The file ends inside a record, or without the end mark that it promises.
        case truncatedFile
        /// A table of the source was full.
        case tableFull
        /// The ring buffer between the kernel and the profiler was full: records of calls, opens or closes.
        case ringFull
        /// A record of the trace is damaged: its checksum does not match.
        case damagedRecord
        /// The packet is in a tunnel that Tapedeck does not unpack: encrypted, compressed, or of an unknown kind.
        case notUnpacked
        /// The packet is of an interface beyond as many as are kept of a pcapng file.
        case packetRefused
        /// Segments of a connection of Multipath TCP whose order could not be told (RFC 8684).
        case multipath
        /// Segments whose data stand nowhere in their stream: behind its end, or further away than a window reaches.
        case misplaced
        /// Packets that never came to the capture, as its file says: the interface, or the system, had no room.
        case captureDropped
        /// A part of a tape never came: a stream that brings it in pieces has not all of them.
        case missingPart
    }

    package init(_ reason: Reason, count: UInt64) {
        self.reason = reason
        self.count = count
    }
}
