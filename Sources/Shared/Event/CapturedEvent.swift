/// What can be on a tape.
///
/// Every source (live capture, recorded trace, pcap) speaks in these and only these; `Profiler` can't tell which of
/// them it listens to.
///
/// The bytes that a `data` event carries are not in the event: they travel beside it as a borrowed span
/// (`Profiler.consume(_:payload:)`), so that nothing is copied on the way.
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
        /// Bytes of a stream; as many as the payload beside the event holds.
        case data(StreamPosition)
        /// Bytes that exist, that were not captured, and of which only the number is known.
        case gap(StreamGap)
        /// The receiver of this stream has confirmed all bytes before the position: what is missing
        /// there was lost by the capture, not by the network, and will not come again.
        case acknowledged(StreamPosition)
        /// This direction will send no more (FIN, shutdown); its stream's length is the position.
        case finished(StreamPosition)
        /// The last event of the connection.
        case close(ConnectionClosed)
        indirect case process(ProcessIdentity)
        /// The process is gone; the ends of its connections may still follow.
        case exit(ProcessKey)
        /// A profiled process accepts connections here.
        case listening(Listening)
        /// What a container runtime said of a process or of an address.
        indirect case container(ContainerFact)
        /// What the source could not deliver.
        case lost(Loss)
    }
}

/// A connection's identity, unique within a tape: a reused file descriptor or tuple is a new connection.
package struct ConnectionID: Hashable, Sendable {
    package var serial: UInt64
    package init(_ serial: UInt64) { self.serial = serial }
}

/// A direction as the connection's local side sees it.
package enum Direction: UInt8, Sendable, CaseIterable {
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
    package var id: ConnectionID
    package var local: Endpoint
    package var remote: Endpoint
    /// The local side's role.
    ///
    /// Where it is unknown the source has put the likelier client on the local side.
    package var role: Role
    /// The connection existed before the capture: stream positions count from the first byte seen.
    package var joinedLate: Bool
    /// The profiled process on the local side; `nil` where the source knows of no processes, as a capture does.
    package var process: ProcessKey?

    package init(
        id: ConnectionID, local: Endpoint, remote: Endpoint, role: Role, joinedLate: Bool = false,
        process: ProcessKey? = nil
    ) {
        self.id = id
        self.local = local
        self.remote = remote
        self.role = role
        self.joinedLate = joinedLate
        self.process = process
    }
}

/// Which of a connection's two pairs of streams: a TLS connection can have its plaintext beside its wire bytes.
package enum StreamLayer: UInt8, Sendable, CaseIterable, BitwiseCopyable {
    /// What TCP carried.
    case wire
    /// What the process gave to its TLS library, or got from it; positions count plaintext bytes.
    case plaintext
}

/// A place in one direction of one connection.
package struct StreamPosition: Equatable, Sendable {
    package var connection: ConnectionID
    package var layer: StreamLayer
    package var direction: Direction
    /// Bytes from the stream's start, which is the first byte after the handshake or, joined late, the first seen.
    package var position: UInt64

    package init(
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

    package init(
        key: ProcessKey, comm: String, commandLine: String, profile: String? = nil, profileName: String? = nil,
        environment: ProcessEnvironment = .unavailable("")
    ) {
        self.key = key
        self.comm = comm
        self.commandLine = commandLine
        self.profile = profile
        self.profileName = profileName
        self.environment = environment
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
    /// The address may be the unspecified one (`0.0.0.0`, `::`): any address of the process's network namespace.
    package var endpoint: Endpoint

    package init(process: ProcessKey, endpoint: Endpoint) {
        self.process = process
        self.endpoint = endpoint
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
        /// The file ends inside a record.
        case truncatedFile
        /// A table of the source was full.
        case tableFull
        /// The ring buffer between the kernel and the profiler was full: records of calls, opens or closes.
        case ringFull
        /// A record of the trace is damaged: its checksum does not match.
        case damagedRecord
    }

    package init(_ reason: Reason, count: UInt64) {
        self.reason = reason
        self.count = count
    }
}
