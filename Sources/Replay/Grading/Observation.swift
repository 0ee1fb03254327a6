import Digest
import Shared

/// A connection that the pipeline has seen.
struct SeenConnection {
    var id: ConnectionID
    /// The client's process was profiled, or the tape is a capture of packets; else this is the server's view.
    var isClientView: Bool
    /// Whose view it is; `nil` in a capture of packets.
    var process: ProcessKey?
    /// The connect failed; there never was a connection.
    var isFailedConnect: Bool
    var graded: GradedConnection
}

/// Gathers what the pipeline sees, in the form in which manifests tell it.
final class Observation: Sink {
    let needs: Needs = [.messages, .operations]
    private let registry: Registry
    /// Operations of which protocols manifests tell.
    private let kinds: [ProtocolID: EventKind]
    /// All connections, in the order in which they ended.
    private(set) var connections: [SeenConnection] = []
    private var open: [UInt64: Talk] = [:]

    /// What was said on a connection that is open.
    private struct Talk {
        var events: [EventKind: [GradedEvent]] = [:]

        mutating func add(_ kind: EventKind, _ values: [String?]) {
            events[kind, default: []].append(GradedEvent(values: values))
        }
    }

    init(_ registry: Registry = .standard) {
        self.registry = registry
        var kinds: [ProtocolID: EventKind] = [:]
        for (name, kind) in [("postgres", EventKind.statement), ("redis", .command)] {
            if let row = registry.id(named: name) { kinds[row] = kind }
        }
        self.kinds = kinds
    }

    func message(
        _ message: borrowing Message, _ exchange: Exchange?, _ text: RawSpan, of connection: Connection,
        _ origin: Origin
    ) {
        guard origin.layer == .wire || origin.isDecrypted else { return }
        let isRequest = message.head.side == .client
        guard message.isExchange else {
            guard let opcode = message.opcode else { return }
            let body = Self.body(of: message)
            return open[connection.opened.id.serial, default: Talk()].add(
                .message, [isRequest ? "client" : "server", opcode, body.map { "\($0.bytes)" }, body?.sha256])
        }
        let status = message.head.status
        // Interim responses are no answers (RFC 9110, section 15.2), and no more is the end of a stream without any.
        if !isRequest, status == 0 || status / 100 == 1 && status != 101 { return }
        let method = exchange.map { Self.string(text.extracting($0.verb)) }
        let target = exchange.map { Self.string(text.extracting($0.target)) }
        let body = Self.body(of: message)
        let sizes: [String?] = [
            "\(message.wireBytes)", body.map { "\($0.bytes)" }, body?.sha256, message.callMessages.map { "\($0)" },
        ]
        if isRequest {
            open[connection.opened.id.serial, default: Talk()].add(.request, [method, target] + sizes)
        } else {
            let request = method.flatMap { method in target.map { "\(method) \($0)" } }
            let answer = [request, "\(status)"] + sizes + [message.callStatus]
            open[connection.opened.id.serial, default: Talk()].add(.response, answer)
        }
    }

    func operation(
        _ operation: borrowing ServiceOperation, _ text: RawSpan, of connection: Connection, _ origin: Origin
    ) {
        guard let kind = kinds[origin.row], !operation.isHousekeeping else { return }
        func known(_ range: ByteRange) -> String? { range.isEmpty ? nil : Self.string(text.extracting(range)) }
        let isStatement = kind == .statement
        let counts = isStatement ? [operation.rows, operation.affected] : [operation.hits, operation.misses]
        let targets = known(operation.targets).map { $0.split(separator: "\0").map(String.init) } ?? []
        let became = ["\(operation.status.name)", known(operation.code) ?? GradedOperation.nothing]
        open[connection.opened.id.serial, default: Talk()].add(
            kind,
            [known(operation.statement), known(operation.name), GradedOperation.targets(targets)] + became
                + counts.map { $0.map { "\($0)" } ?? GradedOperation.nothing })
    }

    func ended(_ connection: Connection, _ end: ConnectionEnd) {
        let isClientView = connection.localIsClient
        connections.append(
            SeenConnection(
                id: connection.opened.id, isClientView: isClientView, process: connection.opened.process,
                isFailedConnect: end.how == .connectFailed,
                graded: GradedConnection(
                    tuple: Tuple(local: connection.client, remote: connection.server),
                    connection: GradedEvent(
                        values: [
                            connection.verdict.map { "\(registry[$0].name)" } ?? "unknown",
                            "\(isClientView ? end.sent : end.received)", "\(isClientView ? end.received : end.sent)",
                            Self.name(end.how),
                        ], isServersView: !isClientView),
                    events: open.removeValue(forKey: connection.opened.id.serial)?.events ?? [:])))
    }

    // MARK: Words

    private static func name(_ how: ConnectionClosed.How) -> String {
        switch how {
        case .orderly: "orderly"
        case .reset: "reset"
        case .connectFailed: "refused"
        case .idle: "idle"
        case .superseded: "superseded"
        case .tapeEnd: "open"
        }
    }

    private static func string(_ bytes: RawSpan) -> String { String(decoding: [UInt8](bytes), as: UTF8.self) }

    /// - Returns: `nil` where bytes of it are missing.
    private static func body(of message: borrowing Message) -> BodyDigest? {
        guard !message.hasGap else { return nil }
        if message.bodyIsDecoded {
            guard UInt64(message.decoded.count) == message.decodedBytes else { return nil }
            return BodyDigest(of: message.decoded.bytes)
        }
        let wire = message.wire.bytes
        if message.isMadeOfFields {
            return BodyDigest(of: wire.extracting(min(message.head.length, wire.byteCount)..<wire.byteCount))
        }
        guard UInt64(wire.byteCount) == message.wireBytes else { return nil }
        return BodyDigest(of: wire.extracting(min(message.head.length, wire.byteCount)..<wire.byteCount))
    }
}
