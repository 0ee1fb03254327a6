/// The pipeline: events of a tape in, outputs out.
///
/// A function of its events: no file, no clock, no /proc.
///
/// An event passes through here to the `Channel` of its connection, which puts streams in order (`StreamPair`), finds out
/// what they talk (`Detection`) and shows them to the `Analyzer` of that protocol; what it finds goes to the sinks: the
/// event log (`EventLog`), the service map (`MapState`), and whoever else looks on.
package final class Profiler: EventSink {
    package struct Options: Sendable {
        package init() {}
        /// Write HTTP and connection events; without it only the map and the summary are made.
        package var eventLog = true
        /// Write the environments of processes.
        package var environments = true
        /// Prefixes of the variables that are kept; empty: all.
        package var environmentPrefixes: [String] = []
        /// Hide values that look like credentials (`Redactor`).
        package var redact = false
        /// What is kept of the text of statements.
        package var statements = StatementText.normalized
        /// Tell of operations that only keep a session going.
        package var housekeeping = false
        /// The fields of the event log.
        package var fields = FieldSet.all
        package var limits = Limits()
        package var registry = Registry.standard
        package var names = AddressNames()
        /// How the map's paths become templates; with the first versions' fields they do not.
        package var paths = PathTemplates.inferred(PathRules())
        /// For a report: so many exchanges are kept one by one, and when each endpoint was asked for; `nil`: nothing of it.
        package var journal: JournalSize?
        /// With a journal: of each interval how long it took, too, as metrics have it.
        package var journalsLatencies = false
        /// For descriptions of interfaces: what the heads of messages say of them is gathered.
        package var interfaces = false
        /// For descriptions of messages: what those of message buses look like is gathered.
        package var payloads = false
        /// For traces and logs: exchanges, operations and connections are kept one by one, so many of them; 0: none.
        package var spans = 0
        /// What an HTTP Archive is to hold; `nil`: none is made.
        package var archive: HARFile.Content?
        /// Names for what gRPC's messages have by number.
        package var protoSchema: ProtoSchema?
        /// Keep where services reached others, to tell what their environment variables are for (`surroundings`).
        package var keepsPlaces = false
        /// Containers that the user knows of, for a tape whose source knew none.
        package var containers: [ContainerFact] = []
        /// Of what is told; `nil`: of all that is on the tape.
        package var period: Period?
        /// Of what is told.
        package var selection = Selection()
        /// Secrets of TLS sessions that are known beside those on the tape.
        package var secrets: [TLSSecret] = []
    }

    let run: Run
    private let pool: AnalyzerPool
    let naming: Naming
    private let map: MapState
    let sinks: Sinks
    /// `nil` where nobody wants it.
    private let log: EventLog?
    /// Where events of one outcome are wanted, what has the log's lines.
    private let outcomes: OutcomeLog?
    /// `nil` where nobody wants it.
    package let archive: HARFile?
    /// `nil` where nobody wants them.
    let spans: SpanWitness?
    private var environments: EnvironmentFile?
    var connections = ConnectionTable()
    /// The connection of the last event: packets come in trains.
    private var last: (id: ConnectionID, channel: Channel)?
    var views = ViewTable()
    private var absent: AbsentConnections
    private var quiet = QuietConnections()
    private var idle = IdleRound()
    /// Plaintext of TLS connections, by the connection's identity.
    private var plaintexts: [UInt64: Channel] = [:]
    var conversations = Conversations()
    /// Channels of connections that ended, to be used again with their buffers.
    private var spares: [Channel] = []
    private var slots = Slots()
    private var openings = Openings()

    /// - Parameter observer: looks on, to judge what the pipeline sees; without one nothing is kept for it.
    package init(_ options: Options, observer: (any Sink)? = nil) {
        let limits = options.limits
        let naming = Naming(
            options.names, options.containers, keepsPlaces: options.keepsPlaces, limits: limits)
        let redactor = options.redact ? Redactor() : nil
        let log =
            options.eventLog
            ? EventLog(
                options.registry, naming, options.fields, bodyLimit: limits.bodyBytes, redactor: redactor,
                housekeeping: options.housekeeping) : nil
        outcomes = log.flatMap { log in options.selection.status.map { OutcomeLog(log, $0) } }
        let events = (outcomes as (any Sink)? ?? log).map { sink -> any Sink in
            options.selection.isAll ? sink : SelectionSink(sink, options.selection, naming, options.registry)
        }
        let interfaces = options.interfaces ? InterfaceWitness() : nil
        let payloads = options.payloads ? PayloadWitness() : nil
        archive = options.archive.map {
            HARFile($0, naming, options.registry, redactor, mostBytes: limits.archiveBytes)
        }
        spans = options.spans > 0 ? SpanWitness(options.registry, most: options.spans) : nil
        let counted = [interfaces as (any CountedSink)?, payloads, archive, spans].compactMap { $0 }
        let others = [observer].compactMap { $0 } + counted + [events].compactMap { $0 }
        let needs: Needs = options.fields == .all ? [.operations, .media] : []
        let run = Run(
            limits: limits, registry: options.registry, needs: others.reduce(needs) { $0.union($1.needs) },
            redactor: redactor, statements: options.statements)
        run.share(ProtoSchemas(options.protoSchema))
        run.keepsTargets = options.journal != nil
        let isCompat = options.fields == .compat
        let map = MapState(
            run, naming, isCompat ? .raw : options.paths, isExact: isCompat,
            journal: options.journal.map {
                Journal($0, timelines: limits.serviceMapEntries, withLatencies: options.journalsLatencies)
            }, interfaces: interfaces, payloads: payloads, spans: spans, counted: counted)
        self.run = run
        pool = AnalyzerPool(run)
        self.naming = naming
        self.log = log
        self.map = map
        let state: any Sink = options.selection.status.map { OutcomeSink(map, $0) } ?? map
        if let period = options.period {
            let shown = events.map { PeriodSink($0, period, run, waitsForProof: false) as any Sink }
            sinks = Sinks(
                state: PeriodSink(state, period, run, waitsForProof: true),
                others: [observer].compactMap { $0 } + counted + [shown].compactMap { $0 })
        } else {
            sinks = Sinks(state: state, others: others)
        }
        absent = AbsentConnections(limit: limits.connections)
        for secret in options.secrets { learn(secret, nil) }
        if options.environments {
            environments = EnvironmentFile(
                prefixes: options.environmentPrefixes, redactor: redactor, limits: limits)
        }
    }

    /// Takes the next event of the tape.
    @inline(__always)
    package func consume(_ event: borrowing CapturedEvent, payload: RawSpan) {
        let now = event.timestamp
        // A loss has the time of what was seen last: where nothing was, it has none.
        if run.summary.lastEvent == nil, case .lost = event.kind {} else { run.summary.saw(now) }
        if now.nanoseconds >= quiet.due { tellQuiet(now) }
        if now.nanoseconds >= idle.due { rest(now) }
        switch event.kind {
        case .data(let position):
            channel(position)?.data(payload, at: position, now)
                ?? stray(position.connection, bytes: payload.byteCount)
            if run.secrets.hasNews { run.secrets.tellNews(now) }
        case .acknowledged(let position):
            channel(position)?.acknowledged(position, now) ?? stray(position.connection)
        case .expected(let position):
            channel(position)?.expected(position, now) ?? stray(position.connection)
        case .gap(let gap): channel(gap.at)?.gap(gap, now) ?? stray(gap)
        case .finished(let position): channel(position)?.finished(position, now) ?? stray(position.connection)
        case .open(let opened): open(opened, now)
        case .continued(let continued): goOn(continued, now)
        case .close(let closed): close(closed, now)
        case .process(let process):
            naming.participants.add(process, at: now)
            environments?.write(process)
        case .exit(let process):
            naming.participants.end(process)
            environments?.end(process)
            run.secrets.end(process)
        case .listening(let listening): naming.participants.add(listening, at: now)
        case .container(let fact): naming.participants.add(fact, at: now)
        case .name(let name): naming.told(name.name, of: name.address, at: now)
        case .lost(let loss): run.summary.losses[loss.reason] &+= loss.count
        case .sequenceNumbers(let numbers): learn(numbers, now)
        case .datagram(let datagram): read(datagram, payload, now)
        case .secret(let secret):
            learn(secret, now)
            if run.secrets.hasNews { run.secrets.tellNews(now) }
        case .unixSocket(let socket): naming.told(socket, at: now)
        case .tape(let origin): if origin.bringsSecrets { run.secrets.comeLater = true }
        // About the tape as a file, not about what is on it.
        case .end: break
        }
    }

    /// - Parameter now: when the tape told of it; `nil`: it is known beside the tape.
    private func learn(_ secret: TLSSecret, _ now: Timestamp?) {
        switch run.secrets.add(secret) {
        case .added(let isNewSession):
            run.summary.tls.count(isNewSession: isNewSession)
            if let now { run.secrets.tell(secret, now) }
        case .unplaced: if let now { run.secrets.tell(secret, now) }
        // Another may have told of it without its session.
        case .known: if let now { run.secrets.tell(secret, now) }
        case .notNeeded: run.summary.tls.unusedSecrets &+= 1
        case .overLimit: run.summary.limits[.secrets] &+= 1
        }
    }

    /// The tape has ended: whatever is open is reported, in the order of opening.
    package func finish() {
        let now = run.summary.lastEvent ?? Timestamp(nanoseconds: 0)
        for serial in connections.serials { close(ConnectionClosed(id: ConnectionID(serial), how: .tapeEnd), now) }
        run.summary.tls.unusedSecrets &+= run.secrets.unplacedCount
        for id in conversations.ids { end(conversation: id, .tapeEnd, now) }
        outcomes?.finish()
    }

    // MARK: Outputs

    /// When the last event was; 1970 before the first.
    package var lastEvent: Timestamp { run.summary.lastEvent ?? Timestamp(nanoseconds: 0) }

    /// Secrets of which the tape did not know the session, each with that which it was found to open.
    package var placedSecrets: [TLSSecret] { run.secrets.placed }

    package var summary: Summary {
        var summary = run.summary
        // States that were added may have brought some.
        summary.limits[.serviceMapEntries] &+=
            map.refused &+ run.shapes.refused &+ naming.participants.refused &+ naming.refused
        summary.limits[.pathNodes] = map.refusedPaths
        summary.limits[.spans] = refusedSpans
        if let redactor = run.redactor { summary.hidden = summary.hidden.joined(with: redactor.hidden) }
        return summary
    }

    /// Bytes of traffic that open connections keep.
    var heldBytes: Int {
        let wires = connections.serials.compactMap { connections[ConnectionID($0)] }
        let talks = conversations.ids.compactMap { conversations[$0] }
        return (wires + plaintexts.values + talks).reduce(0) { $0 + $1.held }
    }

    /// How often analyzers were asked.
    package var steps: UInt64 { run.steps }

    /// Bytes of the event log that nobody took yet.
    package var eventLogBytes: Int { outcomes?.count ?? log?.count ?? 0 }

    /// Lends the event log's new lines to the sink, and forgets them.
    package func drainEventLog(_ body: (RawSpan) -> Void) {
        if let outcomes { outcomes.drain(body) } else { log?.drain(body) }
    }

    /// Bytes of environments that nobody took yet.
    package var environmentBytes: Int { environments?.count ?? 0 }

    /// Lends the new documents of the environment file to the sink, and forgets them.
    package func drainEnvironment(_ body: (RawSpan) -> Void) {
        if environmentBytes > 0 { environments?.drain(body) }
    }

    /// The service map as of now; of what is selected by anything but its outcome, it is for whoever has it to take a part.
    /// - Parameter withBodies: say what the bodies of endpoints have in common, too.
    package func serviceMap(withBodies: Bool = false) -> ServiceMapDocument {
        map.document(generatedAt: run.summary.lastEvent, withBodies: withBodies)
    }

    /// Exchanges, operations and connections that found no room, where they are wanted one by one.
    package var refusedSpans: UInt64 { spans?.refused ?? 0 }

    /// Spans and connections that wait to be taken; no more than `Options.spans` do.
    package var waitingSpans: Int { spans.map { $0.spans.count + $0.connections.count } ?? 0 }

    /// The service map as of now, with the spans that have come since this was asked for last.
    package func takeTelemetry() -> ServiceMapDocument {
        defer { spans?.forget() }
        return serviceMap()
    }

    /// The names of the variables of each service's processes, and no values.
    package var variables: [String: Set<String>] { naming.participants.variables }

    /// What is around the services, with the values of their variables; where they reached others only with
    /// `Options.keepsPlaces`.
    package var surroundings: ServiceSurroundings { naming.surroundings }

    // MARK: State

    /// What was seen until now, to be added to what others have seen: the file that `add` reads.
    ///
    /// Equal maps give equal bytes, in whatever order they were recorded, or added.
    package func state(_ source: StateSource) -> [UInt8] {
        var summary = summary
        var state = StateWriter(origin: summary.firstEvent ?? Timestamp(nanoseconds: 0))
        state.section(.summary) { source.write(&$0, &summary, isRaw: map.isRaw) }
        map.write(&state)
        return state.file()
    }

    /// Adds what a state has, once the tapes have ended.
    package func add(state file: [UInt8]) throws(StateFault) -> StateSource {
        var state = try StateReader(file: file)
        var source = StateSource()
        var reading = ServiceMapReading()
        while let section = try state.section() {
            var content = section.content
            switch section.kind {
            case .summary?: try source.read(&content, &run.summary, isRaw: map.isRaw)
            case let kind?: try map.add(kind, &content, &reading)
            case nil: source.skipped &+= 1
            }
        }
        source.skipped &+= reading.skipped
        return source
    }

    /// What a file has to say first in which the tape goes on, to be read alone: the facts that hold, and the connections that
    /// are open.
    package func restated() -> [CapturedEvent.Kind] {
        naming.participants.facts
            + connections.serials.compactMap { connections[ConnectionID($0)].map { .continued($0.continued) } }
    }

    // MARK: Connections

    @inline(__always)
    private func channel(_ position: StreamPosition) -> Channel? {
        let id = position.connection
        if position.layer == .plaintext { return plaintext(id) }
        if let last, last.id == id { return last.channel }
        guard let found = connections[id] else { return nil }
        last = (id, found)
        return found
    }

    /// The plaintext that a tape has beside a connection's wire bytes is another channel of the same connection.
    private func plaintext(_ id: ConnectionID) -> Channel? {
        if let known = plaintexts[id.serial] { return known }
        guard let wire = connections[id] else { return nil }
        let channel = Channel(wire.connection, run, pool, sinks, layer: .plaintext)
        plaintexts[id.serial] = channel
        return channel
    }

    private func open(_ opened: ConnectionOpened, _ now: Timestamp) {
        // A trace that is damaged may have lost the close, and one that is made up may say anything.
        let isOpen = connections[opened.id] != nil
        if isOpen { close(ConnectionClosed(id: opened.id, how: .superseded), now) }
        guard connections.count < run.limits.connections else {
            run.summary.limits[.connections] &+= 1
            absent.refuse(opened.id)
            return
        }
        // Nobody would ever close it again: its end is on the tape already.
        guard openings.isNew(opened) || isOpen else { return stray(opened.id) }
        absent.remove(opened.id)
        run.summary.connections.opened &+= 1
        if opened.joinedLate { run.summary.connections.joinedLate &+= 1 }
        let channel = channel(for: opened)
        connections.insert(channel, opened.id)
        channel.connection.openedAt = now
        if opened.process != nil { pair(channel) }
        if opened.remoteSequenceNumber != nil { findByNumbers(channel, now) }
        naming.opened(channel.connection)
        last = (opened.id, channel)
        if run.registry.atHome(on: opened.remote.port) != nil || run.registry.atHome(on: opened.local.port) != nil {
            wait(for: channel, since: now)
        }
    }

    func channel(for opened: ConnectionOpened) -> Channel {
        run.connections &+= 1
        let number = run.connections
        guard let spare = spares.popLast() else {
            return Channel(Connection(opened, number: number, slot: slots.take()), run, pool, sinks)
        }
        spare.reuse(opened, number: number)
        return spare
    }

    func letGo(_ channel: Channel) {
        if channel.connection.views?.isDone(with: channel.connection) ?? true, spares.count < Self.spareLimit {
            spares.append(channel)
        } else {
            slots.giveBack(channel.connection.slot)
        }
    }

    /// Looks at it again when it will have been silent for long enough.
    func wait(for channel: Channel, since moment: Timestamp) {
        quiet.trim(open: connections.count + conversations.count) {
            (connections[$0] ?? conversations[$0])?.connection.number == $1
        }
        quiet.wait(for: channel.connection.opened.id, number: channel.connection.number, since: moment)
    }

    /// Of connections that were silent for some time it is told what can be told.
    @inline(never)
    private func tellQuiet(_ now: Timestamp) {
        while let (id, number, moment) = quiet.next(until: now) {
            if conversations.count > 0, let channel = conversations[id] {
                let isSilent = channel.lastHeard.nanoseconds <= moment.nanoseconds &- QuietConnections.silence
                if isSilent {
                    end(conversation: id, .idle, moment)
                } else {
                    wait(for: channel, since: channel.lastHeard)
                }
                continue
            }
            guard let channel = connections[id], channel.connection.number == number, channel.connection.verdict == nil
            else { continue }
            if channel.lastHeard.nanoseconds > moment.nanoseconds &- QuietConnections.silence {
                wait(for: channel, since: channel.lastHeard)
            } else {
                channel.pause(moment)
            }
        }
    }

    /// Connections that were silent since the last visit let go of what they can do without.
    @inline(never)
    private func rest(_ now: Timestamp) {
        idle.visit(connections, now) {
            $0.rest()
            if !plaintexts.isEmpty { plaintexts[$0.connection.opened.id.serial]?.rest() }
        }
    }

    /// A tape goes on in another file: where the earlier ones were read, what it says is known.
    private func goOn(_ continued: ConnectionContinued, _ now: Timestamp) {
        guard connections[continued.opened.id] == nil else { return }
        var opened = continued.opened
        opened.joinedLate = true
        open(opened, now)
        connections[opened.id]?.begin(sent: continued.sent, received: continued.received)
    }

    private func close(_ closed: ConnectionClosed, _ now: Timestamp) {
        guard let channel = connections.remove(closed.id) else {
            stray(closed.id)
            absent.remove(closed.id)
            return
        }
        plaintexts.removeValue(forKey: closed.id.serial)?.end(now)
        let connection = channel.connection
        if closed.how == .connectFailed, views.isKnownFailure(connection) { setApart(connection) }
        channel.close(closed, now)
        if connection.closedTLS == .noSecret || connection.closedTLS == .joinedLate,
            let process = naming.participants.process(connection.opened.process), !process.comm.isEmpty
        {
            run.summary.tls.count(closedOf: process.comm)
        }
        if connection.opened.process != nil {
            views.close(connection.opened, gaveNothing: connection.given == 0 && connection.confidence == 0)
        }
        views.closeNumbers(connection.opened, gaveNothing: !connection.hasExchange && connection.confidence == 0)
        last = nil
        letGo(channel)
    }

    private static let spareLimit = 256

    // MARK: Connections that are not open

    /// Accounts for the bytes of an event whose connection is not open.
    @inline(never)
    func stray(_ id: ConnectionID, bytes: Int = 0) {
        let reason: UnparsedReason
        switch absent.absence(of: id) {
        case .refused: reason = .connectionLimit
        case .stray(let isNew):
            reason = .noConnection
            if isNew { run.summary.strayConnections &+= 1 }
        }
        run.summary.bytes.total &+= UInt64(bytes)
        run.summary.bytes.unparsed[reason] &+= UInt64(bytes)
    }

    func stray(_ gap: StreamGap) {
        stray(gap.at.connection)
        run.summary.bytes.total &+= gap.length
        run.summary.bytes.gaps[gap.reason] &+= gap.length
    }
}
