import Digest
import Shared

/// Makes one connection of the subflows of Multipath TCP (RFC 8684).
///
/// A connection's bytes go over several TCP connections between other addresses, in any order; options say where they
/// belong. The first subflow is taken for the connection: a segment of any of them becomes one of the first, with the
/// sequence number that its bytes would have if all had gone there, and with the acknowledgment of the whole stream. What
/// orders, counts and tells gaps of a connection then does so without knowing.
struct MultipathTable {
    /// Connections at one time: far more than a machine has with several paths.
    static let connections = 1 << 14
    /// Subflows of one, beyond which they are not followed; Linux has 8 at most.
    static let subflows = 16
    /// Mappings that are remembered of a subflow's direction: those of segments that come again.
    private static let mappings = 8

    /// What is to be done with a segment.
    enum Verdict {
        /// It is what it seems.
        case plain
        /// It is this one of the connection.
        case moved(TCPSegment, from: Endpoint, to: Endpoint, on: Network)
        /// It says nothing of the connection: a subflow's own handshake or end.
        case nothing
    }

    private struct Tuple: Hashable {
        var low: Endpoint
        var high: Endpoint
        var network: UInt64

        init(_ a: Endpoint, _ b: Endpoint, _ network: Network) {
            (low, high) = a < b ? (a, b) : (b, a)
            self.network = network.number
        }
    }

    private struct Connection {
        var client: Endpoint
        var server: Endpoint
        var network: Network
        /// What turns a data sequence number into one of the first subflow: of the client's stream and of the server's.
        var offsets: (client: UInt32, server: UInt32)?
        var tokens: (client: UInt32, server: UInt32)?
        var subflows: [Tuple]
    }

    private struct Subflow {
        /// The connection, once that is known.
        var connection: UInt64?
        /// Who sent the subflow's SYN; the side of it that is the connection's client.
        var initiator: Endpoint
        var client: Endpoint?
        /// Both initial sequence numbers: of the initiator and of the other.
        var initiatorNumber: UInt32
        var answererNumber: UInt32?
        var answererKey: UInt64?
        var version: UInt8
        var clientMappings: [MultipathOption.Mapping] = []
        var serverMappings: [MultipathOption.Mapping] = []
    }

    private var byTuple: [Tuple: Subflow] = [:]
    private var byNumber: [UInt64: Connection] = [:]
    private var byToken: [UInt32: UInt64] = [:]
    /// Tuples in the order of their coming, to forget the oldest.
    private var order: [Tuple] = []
    private var oldest = 0
    /// The number of the connection that came last.
    private var lastNumber: UInt64 = 0

    /// Connections and further subflows that were put together.
    private(set) var joined: (connections: UInt64, subflows: UInt64) = (0, 0)
    /// Segments with bytes whose place is not known.
    private(set) var lost: UInt64 = 0

    /// Subflows that are known.
    var count: Int { byTuple.count }
    /// Whether there are none: then only what has the option matters.
    var isEmpty: Bool { byTuple.isEmpty }

    /// Judges a segment.
    mutating func take(
        _ segment: TCPSegment, _ option: MultipathOption?, from source: Endpoint, to destination: Endpoint,
        on network: Network
    ) -> Verdict {
        let tuple = Tuple(source, destination, network)
        if segment.flags.contains(.syn) { return begin(segment, option, source, destination, network, tuple) }
        guard var subflow = byTuple[tuple] else {
            // Joined late: the keys that would tell are not in the capture.
            guard option?.mapping != nil, segment.payloadLength > 0 else { return .plain }
            lost &+= 1
            return .plain
        }
        let verdict = move(segment, option, &subflow, source, tuple)
        byTuple[tuple] = subflow
        return verdict
    }

    // MARK: Handshakes

    private mutating func begin(
        _ segment: TCPSegment, _ option: MultipathOption?, _ source: Endpoint, _ destination: Endpoint,
        _ network: Network, _ tuple: Tuple
    ) -> Verdict {
        guard let option, option.capable != nil || option.isJoin else {
            // Nothing came of it, or the tuple is somebody else's now.
            if byTuple[tuple] != nil { forget(tuple) }
            return .plain
        }
        if segment.flags.contains(.ack) {
            guard byTuple[tuple]?.initiator == destination else { return option.isJoin ? .nothing : .plain }
            byTuple[tuple]?.answererNumber = segment.sequence.value
            if let key = option.capable?.senderKey { byTuple[tuple]?.answererKey = key }
            return option.isJoin ? .nothing : .plain
        }
        let known = byTuple[tuple]
        if known == nil || known?.initiatorNumber != segment.sequence.value {
            if known != nil { forget(tuple) }
            if order.count &- oldest >= Self.connections { forgetOldest() }
            order.append(tuple)
            byTuple[tuple] = Subflow(
                initiator: source, initiatorNumber: segment.sequence.value, version: option.capable?.version ?? 1)
        }
        guard option.isJoin else { return .plain }
        if let token = option.joinToken, let number = byToken[token], let connection = byNumber[number],
            let tokens = connection.tokens, connection.subflows.count < Self.subflows,
            byTuple[tuple]?.connection == nil
        {
            byTuple[tuple]?.connection = number
            // The token is that of who is asked.
            byTuple[tuple]?.client = token == tokens.server ? source : destination
            byNumber[number]?.subflows.append(tuple)
            joined.subflows &+= 1
        }
        return .nothing
    }

    /// The segment after the handshake has both keys: the connection's numbers follow from them (section 3.1): the token
    /// is the first 32 bits of the key's SHA-256, the initial data sequence number the last 64.
    private mutating func open(
        _ capable: MultipathOption.Capable, _ subflow: inout Subflow, _ source: Endpoint, _ tuple: Tuple
    ) {
        guard subflow.connection == nil, subflow.version == 1, capable.version == 1, source == subflow.initiator,
            let clientKey = capable.senderKey, let serverKey = capable.receiverKey ?? subflow.answererKey,
            let answererNumber = subflow.answererNumber
        else { return }
        let (client, server) = (Self.hashed(clientKey), Self.hashed(serverKey))
        lastNumber &+= 1
        let other = tuple.low == source ? tuple.high : tuple.low
        byNumber[lastNumber] = Connection(
            client: source, server: other, network: Network(number: tuple.network),
            offsets: (subflow.initiatorNumber &- client.initial, answererNumber &- server.initial),
            tokens: (client.token, server.token), subflows: [tuple])
        byToken[client.token] = lastNumber
        byToken[server.token] = lastNumber
        subflow.connection = lastNumber
        subflow.client = source
        joined.connections &+= 1
    }

    private static func hashed(_ key: UInt64) -> (token: UInt32, initial: UInt32) {
        let bytes = (0..<8).map { UInt8(truncatingIfNeeded: key >> (56 - 8 * UInt64($0))) }
        let digest = BodyDigest(of: bytes.span.bytes).sha256
        return (UInt32(digest.prefix(8), radix: 16) ?? 0, UInt32(digest.suffix(8), radix: 16) ?? 0)
    }

    // MARK: Segments

    private mutating func move(
        _ segment: TCPSegment, _ option: MultipathOption?, _ subflow: inout Subflow, _ source: Endpoint, _ tuple: Tuple
    ) -> Verdict {
        if let capable = option?.capable { open(capable, &subflow, source, tuple) }
        guard let number = subflow.connection, let connection = byNumber[number], let offsets = connection.offsets,
            let client = subflow.client, let answererNumber = subflow.answererNumber
        else {
            // Of a subflow that joins what nobody knows, or that turned out to be plain TCP.
            guard option?.mapping != nil, segment.payloadLength > 0 else { return .plain }
            lost &+= 1
            return .plain
        }
        let isClient = source == client
        let offset = isClient ? offsets.client : offsets.server
        let initial = source == subflow.initiator ? subflow.initiatorNumber : answererNumber
        var mapping = option?.mapping
        // The first bytes of all may come with the keys.
        if mapping == nil, let length = option?.capable?.length, segment.payloadLength > 0 {
            mapping = .init(data: initial &+ 1 &- offset, subflow: 1, length: length, isLast: false)
        }
        if let mapping, mapping.length > 0, mapping.subflow > 0 || segment.payloadLength > 0 {
            if isClient {
                Self.remember(mapping, &subflow.clientMappings)
            } else {
                Self.remember(mapping, &subflow.serverMappings)
            }
        }

        var moved = segment
        moved.flags.remove([.fin, .rst, .syn])
        if let acknowledgment = option?.acknowledgment {
            let other = isClient ? offsets.server : offsets.client
            moved.acknowledgment = SequenceNumber(acknowledgment &+ other)
        } else if option?.capable == nil {
            moved.flags.remove(.ack)
        }
        let place = segment.sequence.value &- initial
        if segment.payloadLength > 0 {
            let known = mapping.map { [$0] } ?? (isClient ? subflow.clientMappings : subflow.serverMappings)
            guard let found = known.last(where: { place &- $0.subflow < UInt32($0.length) }) else {
                // Without any mapping it went back to plain TCP (section 3.7).
                if known.isEmpty, connection.subflows.count == 1 {
                    abandon(number, &subflow)
                    return .plain
                }
                lost &+= 1
                return .nothing
            }
            moved.sequence = SequenceNumber(found.data &+ (place &- found.subflow) &+ offset)
            let end = place &- found.subflow &+ UInt32(truncatingIfNeeded: segment.payloadLength)
            if found.isLast, end &+ 1 >= UInt32(found.length) { moved.flags.insert(.fin) }
        } else if let mapping, mapping.isLast {
            // The end of the stream by itself.
            moved.sequence = SequenceNumber(mapping.data &+ UInt32(mapping.length) &- 1 &+ offset)
            moved.flags.insert(.fin)
        } else if segment.flags.contains(.rst), connection.subflows.count == 1 {
            return .plain
        } else {
            guard moved.flags.contains(.ack) else { return .nothing }
            moved.sequence = SequenceNumber(initial &+ 1)
        }
        let ends = (connection.client, connection.server)
        return isClient
            ? .moved(moved, from: ends.0, to: ends.1, on: connection.network)
            : .moved(moved, from: ends.1, to: ends.0, on: connection.network)
    }

    private static func remember(_ mapping: MultipathOption.Mapping, _ mappings: inout [MultipathOption.Mapping]) {
        if mappings.last == mapping { return }
        if mappings.count == Self.mappings { mappings.removeFirst() }
        mappings.append(mapping)
    }

    private mutating func abandon(_ number: UInt64, _ subflow: inout Subflow) {
        if let tokens = byNumber.removeValue(forKey: number)?.tokens {
            byToken[tokens.client] = nil
            byToken[tokens.server] = nil
        }
        subflow.connection = nil
        joined.connections &-= 1
    }

    // MARK: Forgetting

    private mutating func forget(_ tuple: Tuple) {
        guard let subflow = byTuple.removeValue(forKey: tuple), let number = subflow.connection,
            let connection = byNumber[number]
        else { return }
        guard connection.subflows.first == tuple else {
            byNumber[number]?.subflows.removeAll { $0 == tuple }
            return
        }
        if let tokens = connection.tokens {
            byToken[tokens.client] = nil
            byToken[tokens.server] = nil
        }
        byNumber[number] = nil
        for other in connection.subflows.dropFirst() { byTuple[other]?.connection = nil }
    }

    private mutating func forgetOldest() {
        let tuple = order[oldest]
        oldest += 1
        if oldest > Self.connections {
            order.removeFirst(oldest)
            oldest = 0
        }
        forget(tuple)
    }
}
