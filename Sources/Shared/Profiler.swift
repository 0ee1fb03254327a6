/// The pipeline: events of a tape in, outputs out.
///
/// A function of its events: no file, no clock, no /proc.
///
/// An event passes through here to its `Connection`, which puts streams in order (`StreamPair`), finds out what they
/// talk (`Detection`, `Registry`) and reads HTTP (`HTTPConversation`, `HTTPStream`); what was found goes to `Findings`.
package final class Profiler {
    package struct Options: Sendable {
        package init() {}
        /// Write HTTP and connection events; without it only the map and the summary are made.
        package var eventLog = true
        /// Write the environments of processes.
        package var environments = true
        /// Prefixes of the variables that are kept; empty: all.
        package var environmentPrefixes: [String] = []
        /// Hide values that look like credentials (`Redaction`).
        package var redact = false
        package var limits = Limits()
        package var names = AddressNames()
        /// Containers that the user knows of, for a tape whose source knew none.
        package var containers: [ContainerFact] = []
    }

    private let findings: Findings
    @exclusivity(unchecked) private var connections = ConnectionTable()
    /// The connection of the last event: packets come in trains.
    @exclusivity(unchecked) private var last: (id: ConnectionID, connection: Connection)?
    @exclusivity(unchecked) private var views = ViewTable()
    @exclusivity(unchecked) private var absent: AbsentConnections
    /// Plaintext of TLS connections, by the connection's identity.
    @exclusivity(unchecked) private var plaintexts: [UInt64: Connection] = [:]
    /// Connections that ended, to be used again with their buffers.
    @exclusivity(unchecked) private var spares: [Connection] = []

    /// - Parameter observer: looks on; without one nothing is kept for it.
    package init(_ options: Options, observer: (any Observer)? = nil) {
        findings = Findings(options, observer: observer)
        absent = AbsentConnections(limit: options.limits.connections)
    }

    /// Takes the next event of the tape.
    ///
    /// `payload` holds the bytes of a `data` event, is empty for all others, and is not kept.
    @inline(__always)
    package func consume(_ event: borrowing CapturedEvent, payload: RawSpan) {
        let now = event.timestamp
        if findings.summary.firstEvent == nil { findings.summary.firstEvent = now }
        findings.summary.lastEvent = now
        switch event.kind {
        case .data(let position):
            connection(position)?.data(payload, at: position, now)
                ?? stray(position.connection, bytes: payload.byteCount)
        case .acknowledged(let position):
            connection(position)?.acknowledged(position, now) ?? stray(position.connection)
        case .gap(let gap): connection(gap.at)?.gap(gap, now) ?? stray(gap)
        case .finished(let position): connection(position)?.finished(position, now) ?? stray(position.connection)
        case .open(let opened): open(opened, now)
        case .close(let closed): close(closed, now)
        case .process(let process): findings.add(process)
        case .exit(let process): findings.end(process)
        case .listening(let listening): findings.participants.add(listening)
        case .container(let fact): findings.participants.add(fact)
        case .lost(let loss): findings.summary.losses[loss.reason] &+= loss.count
        }
    }

    /// The tape has ended: whatever is open is reported, in the order of opening.
    package func finish() {
        let now = findings.summary.lastEvent ?? Timestamp(nanoseconds: 0)
        for serial in connections.serials { close(ConnectionClosed(id: ConnectionID(serial), how: .tapeEnd), now) }
    }

    // MARK: Outputs

    package var summary: Summary {
        var summary = findings.summary
        summary.limits[.serviceMapEntries] = findings.refusedEntries
        return summary
    }

    /// Bytes of the event log that nobody took yet.
    package var eventLogBytes: Int { findings.log.count }

    /// Lends the event log's new lines to the sink, and forgets them.
    package func drainEventLog(_ body: (RawSpan) -> Void) { findings.log.drain(body) }

    /// Bytes of environments that nobody took yet.
    package var environmentBytes: Int { findings.environments?.count ?? 0 }

    /// Lends the new documents of the environment file to the sink, and forgets them.
    package func drainEnvironment(_ body: (RawSpan) -> Void) {
        if environmentBytes > 0 { findings.environments?.drain(body) }
    }

    /// The service map as of now.
    package func serviceMap() -> ServiceMapDocument {
        findings.document(generatedAt: findings.summary.lastEvent ?? Timestamp(nanoseconds: 0))
    }

    // MARK: Connections

    @inline(__always)
    private func connection(_ position: StreamPosition) -> Connection? {
        let id = position.connection
        if position.layer == .plaintext { return plaintext(id) }
        if let last, last.id == id { return last.connection }
        guard let found = connections[id] else { return nil }
        last = (id, found)
        return found
    }

    /// A connection's plaintext is read like a connection of its own.
    private func plaintext(_ id: ConnectionID) -> Connection? {
        if let known = plaintexts[id.serial] { return known }
        guard let wire = connections[id] else { return nil }
        let connection = Connection(wire.opened, findings, layer: .plaintext)
        connection.hasOtherView = wire.hasOtherView
        plaintexts[id.serial] = connection
        return connection
    }

    private func open(_ opened: ConnectionOpened, _ now: Timestamp) {
        // A trace that is damaged may have lost the close, and one that is made up may say anything.
        if connections[opened.id] != nil { close(ConnectionClosed(id: opened.id, how: .superseded), now) }
        guard connections.count < findings.limits.connections else {
            findings.summary.limits[.connections] &+= 1
            absent.refuse(opened.id)
            return
        }
        absent.remove(opened.id)
        findings.summary.connections.opened &+= 1
        if opened.joinedLate { findings.summary.connections.joinedLate &+= 1 }
        let connection: Connection
        if let spare = spares.popLast() {
            spare.reuse(opened)
            connection = spare
        } else {
            connection = Connection(opened, findings)
        }
        connections.insert(connection, opened.id)
        if opened.process != nil {
            findings.participants.add(ownAddress: opened.local.address)
            let view = views.open(opened)
            connection.hasOtherView = view.isPaired
            if let id = view.open, let other = connections[id] {
                other.hasOtherView = true
                other.otherProcess = opened.process
                connection.otherProcess = other.opened.process
            }
        }
        // Where an address goes to somebody else this connection stays with whom it was made.
        if opened.role != .unknown { findings.lookAtEnds(connection) }
        last = (opened.id, connection)
    }

    private func close(_ closed: ConnectionClosed, _ now: Timestamp) {
        guard let connection = connections.remove(closed.id) else {
            stray(closed.id)
            absent.remove(closed.id)
            return
        }
        plaintexts.removeValue(forKey: closed.id.serial)?.close(closed, now)
        if connection.opened.process != nil { views.close(connection.opened) }
        connection.close(closed, now)
        last = nil
        if spares.count < Self.spareLimit { spares.append(connection) }
    }

    private static let spareLimit = 256

    // MARK: Connections that are not open

    /// Accounts for the bytes of an event whose connection is not open.
    @inline(never)
    private func stray(_ id: ConnectionID, bytes: Int = 0) {
        let reason: UnparsedReason
        switch absent.absence(of: id) {
        case .refused: reason = .connectionLimit
        case .stray(let isNew):
            reason = .noConnection
            if isNew { findings.summary.strayConnections &+= 1 }
        }
        findings.summary.bytes.total &+= UInt64(bytes)
        findings.summary.bytes.unparsed[reason] &+= UInt64(bytes)
    }

    private func stray(_ gap: StreamGap) {
        stray(gap.at.connection)
        findings.summary.bytes.total &+= gap.length
        findings.summary.bytes.gaps[gap.reason] &+= gap.length
    }
}
