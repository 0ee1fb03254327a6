private import CLibbpf
import Glibc
import Shared

/// Turns the kernel's records into events.
///
/// Each record says which connection it belongs to and where its bytes stand in the stream, so a record that was lost
/// takes nothing else with it.
struct EventDecoder<Sink: EventSink> {
    private let sink: Sink
    /// Wall clock minus monotonic clock, nanoseconds, at the start of the capture.
    private let clockOffset: Int64
    private var connections: [UInt64: LiveConnection] = [:]
    /// Connections of which there were bytes lately, by the last digits of their serial numbers.
    private var recent = [LiveConnection?](repeating: nil, count: Self.recentCount)
    private var processes: [Int32: KnownProcess] = [:]
    private let allowed: [String]
    private(set) var lastTime: Timestamp
    /// `nil` where no container runtime is asked.
    var containers: ContainerNames?
    /// A process is in a container that the runtime has to be asked for.
    private(set) var hasQuestion = false
    /// When an address goes to its next owner, by the kernel's monotonic clock.
    private var nextChange = Int64.max

    /// Where somebody listens, whatever the address.
    private struct Place: Hashable {
        var port: UInt16
        var network: NetworkNamespace?

        init(_ port: UInt16, _ network: NetworkNamespace?) {
            self.port = port
            self.network = network
        }
    }
    /// Processes whose end was told of, the oldest first.
    private var exited: [ProcessKey] = []
    private var unixNumbers = UnixNumbers()
    /// Who was told to listen there last.
    private var listeners: [Place: ProcessKey] = [:]

    private struct KnownProcess {
        var identity: ProcessIdentity
        /// Whether the tape has it: a process is told of when it is first seen on the network.
        var isOnTape = false
        /// What has come of the strings that its exec record had no room for.
        var strings: PartialStrings?
        /// Its end was told of; what is told of its connections comes later.
        var hasExited = false
        /// Looked up at the exec: when the process is heard of on the network it may be gone.
        var container: ContainerIdentity?

        mutating func take(_ told: PartialStrings) {
            let isWhole = told.environment.count >= told.environmentTotal
            identity.commandLine = ProcFS.commandLine(told.arguments)
            identity.environment = .block(told.environment)
            identity = identity.withProfile()
            if !isWhole {
                identity.environment = ProcessEnvironment.unavailable(
                    "only \(told.environment.count) of its \(told.environmentTotal) bytes were captured")
            }
            strings = isWhole && told.arguments.count >= told.argumentsTotal ? nil : told
        }
    }

    /// Arguments and environment, up to where they were told of, and how long they are.
    private struct PartialStrings {
        var arguments: [UInt8]
        var environment: [UInt8]
        let argumentsTotal: Int
        let environmentTotal: Int
    }

    /// - Parameter allowed: the values of ADI_PROFILE that are profiled; empty: any.
    init(sink: Sink, clockOffset: Int64, now: Timestamp, allowed: [String] = []) {
        self.allowed = allowed
        self.sink = sink
        self.clockOffset = clockOffset
        lastTime = now
    }

    /// When the kernel has made the last record, by its monotonic clock.
    var lastRecordTime: Int64 { lastTime.nanoseconds &- clockOffset }

    /// Profiled processes that run.
    var runningProcesses: Int { processes.values.reduce(0) { $0 + ($1.hasExited ? 0 : 1) } }

    // MARK: - Facts from elsewhere

    /// A process that ran before the capture.
    mutating func add(_ identity: ProcessIdentity, listeners: [Endpoint]) {
        processes[identity.key.pid] = KnownProcess(identity: identity)
        guard !listeners.isEmpty else { return }
        announce(identity.key)
        for endpoint in listeners {
            // /proc lists them by their process's namespace.
            tellListener(
                Listening(process: identity.key, endpoint: endpoint, networkNamespace: identity.networkNamespace))
        }
    }

    /// No record that was made before this moment waits, by the kernel's monotonic clock.
    mutating func note(allReadUntil moment: Int64) {
        lastTime = Swift.max(lastTime, Timestamp(nanoseconds: moment &+ clockOffset))
    }

    /// What a container runtime has said.
    mutating func learn(_ news: [ContainerWatch.News]) {
        let now = lastRecordTime
        for fact in containers?.take(news, now: now) ?? [] {
            if case .process(let key) = fact.subject, processes[key.pid]?.identity.key == key {
                processes[key.pid]?.container = fact.container
            }
            emit(.container(fact))
        }
        nextChange = containers?.nextChange ?? .max
    }

    /// The containers that the runtime has to be asked for.
    mutating func takeQuestions() -> [String] {
        hasQuestion = false
        return containers?.takeUnknown() ?? []
    }

    private mutating func container(of process: ProcessKey, cgroup: [String] = []) -> ContainerIdentity? {
        defer { hasQuestion = containers?.hasUnknown ?? false }
        return containers?.container(of: process, cgroup: cgroup)
    }

    mutating func lost(_ loss: Loss) { emit(.lost(loss)) }

    // MARK: - Records

    mutating func take(_ record: UnsafeRawBufferPointer) {
        guard record.count >= MemoryLayout<tapedeck_header>.size else { return }
        let header = record.loadUnaligned(as: tapedeck_header.self)
        let made = Int64(bitPattern: header.time)
        // Processors put in what they have measured a moment before; and what found no room comes later than it was made.
        lastTime = Swift.max(lastTime, Timestamp(nanoseconds: made &+ clockOffset))
        if made >= nextChange { learn([]) }
        switch tapedeck_type(UInt32(header.type)) {
        case TAPEDECK_DATA: data(record)
        case TAPEDECK_OPEN, TAPEDECK_FINISHED, TAPEDECK_CLOSE, TAPEDECK_CONNECT_FAILED: state(record, header)
        case TAPEDECK_LISTEN: listen(record)
        case TAPEDECK_EXEC, TAPEDECK_FORK, TAPEDECK_EXIT: task(record, header)
        case TAPEDECK_STRINGS: strings(record, header)
        case TAPEDECK_SECRET: secret(record)
        case TAPEDECK_UNIX: unix(record)
        default: break
        }
    }

    private mutating func data(_ record: UnsafeRawBufferPointer) {
        let size = MemoryLayout<tapedeck_data>.size
        guard record.count >= size else { return }
        let data = record.loadUnaligned(as: tapedeck_data.self)
        guard let connection = connection(data.serial) else {
            // Never so: the kernel tells of a connection first.
            return lost(Loss(.ringFull, count: 1))
        }
        let direction: Direction = UInt32(data.direction) == TAPEDECK_SEND.rawValue ? .send : .receive
        let stream = connection[direction]
        if data.length == 0 {
            connection[direction].isFinished = true
            emit(.finished(StreamPosition(connection.id, direction, stream.next)))
        } else {
            let captured = Swift.min(Int(data.header.captured), record.count - size, Int(data.length))
            let position = stream.position(of: data.sequence)
            let start = StreamPosition(connection.id, direction, position)
            // Whatever should have been before it went past the hooks, or another thread is about to tell.
            if position > stream.next { emit(.acknowledged(start)) }
            if captured > 0 {
                let bytes = UnsafeRawBufferPointer(rebasing: record[size..<(size + captured)])
                sink.consume(CapturedEvent(lastTime, .data(start)), payload: RawSpan(_unsafeBytes: bytes))
            }
            if captured < Int(data.length) {
                let at = StreamPosition(connection.id, direction, position &+ UInt64(captured))
                let length = UInt64(Int(data.length) - captured)
                emit(.gap(StreamGap(at: at, length: length, reason: Self.reason(data.reason))))
            }
            connection[direction].next = Swift.max(stream.next, position &+ UInt64(data.length))
        }
    }

    @inline(__always)
    private mutating func connection(_ serial: UInt64) -> LiveConnection? {
        let place = Int(serial % UInt64(Self.recentCount))
        if let known = recent[place], known.id.serial == serial { return known }
        guard let found = connections[serial] else { return nil }
        recent[place] = found
        return found
    }

    private mutating func state(_ record: UnsafeRawBufferPointer, _ header: tapedeck_header) {
        guard record.count >= MemoryLayout<tapedeck_state>.size else { return }
        let state = record.loadUnaligned(as: tapedeck_state.self)
        let serial = state.connection.serial
        let connection = connections[serial] ?? open(state.connection)
        tellLost(state.lost, connection)
        switch tapedeck_type(UInt32(header.type)) {
        case TAPEDECK_OPEN: break
        case TAPEDECK_FINISHED:
            let end = connection.sent.position(of: state.send_next)
            connection.sent.isFinished = true
            tellUnseen(.send, until: end, connection)
            emit(.finished(StreamPosition(connection.id, .send, end)))
        case TAPEDECK_CLOSE:
            // Beyond a stream's last byte stands the FIN, which takes a sequence number, too.
            let sent = connection.sent.position(of: state.send_next)
            tellUnseen(.send, until: state.sent_fin != 0 && sent > 0 ? sent &- 1 : sent, connection)
            let received = connection.received.position(of: state.receive_next)
            tellUnseen(.receive, until: state.read_fin != 0 && received > 0 ? received &- 1 : received, connection)
            emit(.close(ConnectionClosed(id: connection.id, how: Self.how(state), error: state.error)))
            forget(serial)
            return
        case TAPEDECK_CONNECT_FAILED:
            emit(.close(ConnectionClosed(id: connection.id, how: .connectFailed, error: state.error)))
            forget(serial)
            return
        default: break
        }
    }

    private static var recentCount: Int { 256 }

    private mutating func forget(_ serial: UInt64) {
        connections[serial] = nil
        recent[Int(serial % UInt64(Self.recentCount))] = nil
    }

    private mutating func listen(_ record: UnsafeRawBufferPointer) {
        guard record.count >= MemoryLayout<tapedeck_listen>.size else { return }
        let listen = record.loadUnaligned(as: tapedeck_listen.self)
        let key = Self.key(listen.process)
        announce(key)
        tellListener(
            Listening(
                process: key, endpoint: Self.endpoint(listen.address, listen.port),
                networkNamespace: NetworkNamespace(UInt64(listen.network_namespace))))
    }

    private mutating func unix(_ record: UnsafeRawBufferPointer) {
        guard record.count >= MemoryLayout<tapedeck_unix>.size else { return }
        let told = record.loadUnaligned(as: tapedeck_unix.self)
        let name = withUnsafeBytes(of: told.name) { Array($0.prefix(Int(told.length))) }
        let known = processes
        let news = unixNumbers.take(
            name, server: UnixNumbers.End(place: told.server, pid: Int32(bitPattern: told.server_pid)),
            client: UnixNumbers.End(place: told.client, pid: Int32(bitPattern: told.client_pid))
        ) { known[$0].map(\.identity.key) ?? ProcFS.key($0) }
        for socket in news { emit(.unixSocket(socket)) }
    }

    private mutating func tellListener(_ listening: Listening) {
        listeners[Place(listening.endpoint.port, listening.networkNamespace)] = listening.process
        emit(.listening(listening))
    }

    /// Tells that a process accepts connections where nobody is known to listen: it has the listener from elsewhere.
    private mutating func tellAccepting(_ process: ProcessKey, at local: Endpoint, in namespace: NetworkNamespace?) {
        guard listeners[Place(local.port, namespace)] == nil else { return }
        tellListener(Listening(process: process, endpoint: local, networkNamespace: namespace))
    }

    private mutating func task(_ record: UnsafeRawBufferPointer, _ header: tapedeck_header) {
        guard record.count >= MemoryLayout<tapedeck_task>.size else { return }
        let task = record.loadUnaligned(as: tapedeck_task.self)
        let key = Self.key(task.process)
        switch tapedeck_type(UInt32(header.type)) {
        case TAPEDECK_EXEC:
            let size = MemoryLayout<tapedeck_exec>.size
            guard record.count >= size else { return }
            let cgroup = Self.cgroup(record.loadUnaligned(as: tapedeck_exec.self))
            let strings = UnsafeRawBufferPointer(rebasing: record[size...])
            let captured = Swift.min(strings.count, Int(header.captured))
            let arguments = Swift.min(Int(task.arguments), captured)
            let told = PartialStrings(
                arguments: Array(strings[..<arguments]), environment: Array(strings[arguments..<captured]),
                argumentsTotal: Int(task.arguments_total), environmentTotal: Int(task.environment_total))
            let identity = ProcessIdentity(
                key: key, comm: Self.command(task), commandLine: "",
                networkNamespace: NetworkNamespace(UInt64(task.network_namespace)))
            // A process that is gone already was where its parent is.
            let inherited = processes[key.pid].flatMap { $0.identity.key == key ? $0.container : nil }
            var process = KnownProcess(
                identity: identity, container: container(of: key, cgroup: cgroup) ?? inherited)
            process.take(told)
            processes[key.pid] = process
        case TAPEDECK_FORK:
            guard let parent = processes[Int32(bitPattern: task.process.parent)] else { return }
            var identity = parent.identity
            identity.key = key
            identity.comm = Self.command(task)
            identity.networkNamespace = NetworkNamespace(UInt64(task.network_namespace))
            processes[key.pid] = KnownProcess(identity: identity, container: parent.container)
            if parent.container == nil { containers?.follow(key, parent: parent.identity.key) }
        default:
            guard let process = processes[key.pid], process.identity.key == key else { return }
            // A connect that its end has cut short is told of after it.
            forgetExited()
            processes[key.pid]?.hasExited = true
            exited.append(key)
            guard process.isOnTape else { return }
            listeners = listeners.filter { $0.value != key }
            emit(.exit(key))
        }
    }

    /// Lets go of the processes that ended long ago.
    private mutating func forgetExited() {
        guard exited.count >= Self.exitedLimit else { return }
        for key in exited.prefix(Self.exitedLimit / 2) where processes[key.pid]?.identity.key == key {
            processes[key.pid] = nil
        }
        exited.removeFirst(Self.exitedLimit / 2)
    }

    /// More than can be ending at once.
    private static var exitedLimit: Int { 1024 }

    private mutating func strings(_ record: UnsafeRawBufferPointer, _ header: tapedeck_header) {
        let size = MemoryLayout<tapedeck_strings>.size
        guard record.count >= size else { return }
        let strings = record.loadUnaligned(as: tapedeck_strings.self)
        let key = Self.key(strings.process)
        guard let process = processes[key.pid], process.identity.key == key, var told = process.strings else { return }
        let bytes = UnsafeRawBufferPointer(rebasing: record[size...].prefix(Int(header.captured)))
        // Where one found no room the rest is of no use.
        if strings.is_environment != 0 {
            guard told.environment.count == Int(strings.offset) else { return }
            told.environment += bytes
        } else {
            guard told.arguments.count == Int(strings.offset) else { return }
            told.arguments += bytes
        }
        processes[key.pid]?.take(told)
    }

    // MARK: - Telling

    func emit(_ kind: CapturedEvent.Kind) { sink.consume(CapturedEvent(lastTime, kind), payload: RawSpan()) }

    private mutating func open(_ connection: tapedeck_connection) -> LiveConnection {
        let key = Self.key(connection.process)
        announce(key)
        let id = ConnectionID(connection.serial)
        let role: Role =
            switch tapedeck_role(UInt32(connection.role)) {
            case TAPEDECK_CLIENT: .client
            case TAPEDECK_SERVER: .server
            default: .unknown
            }
        let isUnix = connection.is_unix != 0
        let local =
            isUnix
            ? unixEnd(connection.local, isClient: role == .client)
            : Self.endpoint(connection.local, connection.local_port)
        let remote =
            isUnix
            ? unixEnd(connection.remote, isClient: role != .client)
            : Self.endpoint(connection.remote, connection.remote_port)
        if role == .server, !isUnix {
            tellAccepting(key, at: local, in: NetworkNamespace(UInt64(connection.network_namespace)))
        }
        // Before the first byte stands the SYN.
        let knowsNumbers = connection.knows_bases != 0
        emit(
            .open(
                ConnectionOpened(
                    id: id, local: local, remote: remote, role: role,
                    joinedLate: connection.joined_late != 0, process: key,
                    localSequenceNumber: knowsNumbers ? connection.send_base &- 1 : nil,
                    remoteSequenceNumber: knowsNumbers ? connection.receive_base &- 1 : nil)))
        let opened = LiveConnection(id: id, sendBase: connection.send_base, receiveBase: connection.receive_base)
        connections[id.serial] = opened
        return opened
    }

    /// Puts the process on the tape, if it isn't there.
    mutating func announce(_ key: ProcessKey) {
        if let process = processes[key.pid], process.identity.key == key, process.isOnTape { return }
        var process =
            processes[key.pid].flatMap { $0.identity.key == key ? $0 : nil }
            ?? KnownProcess(
                identity: ProcFS.identity(key, allowed: allowed)
                    ?? ProcFS.identityWithoutEnvironment(key, "the process' start was not seen"))
        if process.container == nil { process.container = container(of: key) }
        // It may have gone to another one since its exec, or, forked, since it was like its parent.
        if let now = ProcFS.networkNamespace(key) { process.identity.networkNamespace = now }
        process.isOnTape = true
        processes[key.pid] = process
        emit(.process(process.identity))
        if let container = process.container {
            emit(.container(ContainerFact(subject: .process(key), container: container)))
        }
        if process.hasExited { emit(.exit(key)) }
    }

    /// Bytes whose records found no room in the ring buffer.
    private mutating func tellLost(_ lost: (tapedeck_lost, tapedeck_lost), _ connection: LiveConnection) {
        for (direction, lost) in [(Direction.send, lost.0), (.receive, lost.1)] where lost.length > 0 {
            let position = connection[direction].position(of: lost.sequence)
            let at = StreamPosition(connection.id, direction, position)
            emit(.gap(StreamGap(at: at, length: UInt64(lost.length), reason: .eventLost)))
            connection[direction].next = Swift.max(connection[direction].next, position &+ UInt64(lost.length))
        }
    }

    /// Bytes that the kernel counted and no hook saw.
    private mutating func tellUnseen(_ direction: Direction, until end: UInt64, _ connection: LiveConnection) {
        let next = connection[direction].next
        guard end > next else { return }
        emit(.gap(StreamGap(at: StreamPosition(connection.id, direction, next), length: end &- next, reason: .unseen)))
        connection[direction].next = end
    }

    // MARK: - Values

    private func unixEnd<Bytes>(_ place: Bytes, isClient: Bool) -> Endpoint {
        let place = withUnsafeBytes(of: place) { $0.loadUnaligned(as: UInt64.self) }
        return isClient ? unixNumbers.client(place) : unixNumbers.server(place)
    }

    private static func key(_ process: tapedeck_process) -> ProcessKey {
        ProcessKey(pid: process.pid, bootNanoseconds: process.start_time)
    }

    private static func endpoint<Bytes>(_ address: Bytes, _ port: UInt16) -> Endpoint {
        withUnsafeBytes(of: address) {
            let high = UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self))
            let low = UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            return Endpoint(IPAddress(high: high, low: low), port)
        }
    }

    private static func command(_ task: tapedeck_task) -> String {
        withUnsafeBytes(of: task.command) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    /// The names of the cgroup and of those above it.
    private static func cgroup(_ exec: tapedeck_exec) -> [String] {
        withUnsafeBytes(of: exec.cgroup) { names in
            (0..<Int(TAPEDECK_CGROUP_LEVELS)).map {
                let start = $0 * Int(TAPEDECK_CGROUP_NAME)
                let name = names[start..<(start + Int(TAPEDECK_CGROUP_NAME))].prefix { $0 != 0 }
                return String(decoding: name, as: UTF8.self)
            }
        }
    }

    private static func reason(_ reason: UInt8) -> GapReason {
        switch tapedeck_reason(UInt32(reason)) {
        case TAPEDECK_CAPTURED: .captureLimit
        case TAPEDECK_SENDFILE: .sendfile
        case TAPEDECK_SPLICE: .splice
        case TAPEDECK_IO_URING: .ioUring
        case TAPEDECK_RING_WAS_FULL: .eventLost
        case TAPEDECK_UNSEEN: .unseen
        default: .unreadable
        }
    }

    /// States of TCP (RFC 9293, section 3.3.2) from which a connection ends in order; include/net/tcp_states.h.
    private static func how(_ state: tapedeck_state) -> ConnectionClosed.How {
        let finWait2: UInt8 = 5
        let timeWait: UInt8 = 6
        let lastAck: UInt8 = 9
        let closing: UInt8 = 11
        // It has no states, and nobody is told how it ended.
        if state.connection.is_unix != 0 { return .orderly }
        return state.error == 0 && [finWait2, timeWait, lastAck, closing].contains(state.old_state) ? .orderly : .reset
    }
}

extension ProcessKey {
    /// As the kernel has it, whose clock is finer than that of /proc.
    init(pid: UInt32, bootNanoseconds: UInt64) {
        let ticks = bootNanoseconds / ProcFS.tick
        self.init(pid: Int32(bitPattern: pid), startTime: ticks &* ProcFS.tick)
    }
}

/// What the decoder keeps of an open connection: how far its streams are known.
final class LiveConnection {
    struct Stream {
        /// Sequence number of the first byte.
        var base: UInt32
        /// Position after the last byte that was told of.
        var next: UInt64 = 0
        var isFinished = false

        /// The position of a sequence number: the one within 2 GiB of what is known.
        func position(of sequence: UInt32) -> UInt64 {
            let expected = base &+ UInt32(truncatingIfNeeded: next)
            let distance = Int64(Int32(bitPattern: sequence &- expected))
            let position = Int64(bitPattern: next) &+ distance
            return position < 0 ? 0 : UInt64(position)
        }
    }

    let id: ConnectionID
    var sent: Stream
    var received: Stream

    init(id: ConnectionID, sendBase: UInt32, receiveBase: UInt32) {
        self.id = id
        sent = Stream(base: sendBase)
        received = Stream(base: receiveBase)
    }

    subscript(direction: Direction) -> Stream {
        get { direction == .send ? sent : received }
        set { if direction == .send { sent = newValue } else { received = newValue } }
    }
}
