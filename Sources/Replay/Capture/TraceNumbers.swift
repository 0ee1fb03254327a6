import Shared

/// Keeps apart what several traces number, each for itself: connections, Unix sockets, network namespaces and processes.
///
/// Files of one tape (`TapeID`) have the same numbers for the same things, and each of them tells anew of what is open.
/// Another tape's are moved into a range of their own. A process goes by its pid and its start, which another machine may
/// have given to another process: then it gets another start, which no output shows.
struct TraceNumbers {
    /// How many connections a tape has to itself before it comes to the numbers of the next.
    private static let rangeBits: UInt64 = 40
    /// Processes whose owner is remembered: as many as the pipeline keeps.
    private static let processLimit = 1 << 16

    /// A tape among others.
    final class Tape {
        /// Added to the numbers.
        fileprivate let base: UInt64
        fileprivate let number: UInt64
        /// Processes that are somebody else's on another tape.
        fileprivate var moved: Set<ProcessKey> = []
        /// Connections that are open, to know them when they are told of again.
        fileprivate var open: [UInt64: Ends] = [:]

        fileprivate init(number: UInt64) {
            self.number = number
            base = number << TraceNumbers.rangeBits
        }
    }

    fileprivate struct Ends: Equatable {
        var local: Endpoint
        var remote: Endpoint
    }

    private struct Owner {
        var tape: UInt64
        var comm: String
        /// A hash of it: it may be long.
        var commandLine: Int
    }

    private var tapes: [TapeID: Tape] = [:]
    private var count: UInt64
    private var processes: [ProcessKey: Owner] = [:]

    /// - Parameter first: 0 where nothing but traces has connections; else what comes first has those of captures.
    init(first: UInt64) { count = first }

    /// The tape of a file whose first event this is.
    mutating func tape(_ first: borrowing CapturedEvent) -> Tape {
        if case .tape(let origin) = first.kind, let known = tapes[origin.id] { return known }
        let tape = Tape(number: count)
        count &+= 1
        if case .tape(let origin) = first.kind { tapes[origin.id] = tape }
        return tape
    }

    /// The event with the numbers that it has among all; `nil` where it tells anew of what is known.
    mutating func moved(_ event: borrowing CapturedEvent, _ tape: Tape) -> CapturedEvent? {
        switch event.kind {
        // Most events: made anew, not copied whole to be changed.
        case .data(var at):
            at.connection = ConnectionID(at.connection.serial &+ tape.base)
            return CapturedEvent(event.timestamp, .data(at))
        case .acknowledged(var at):
            at.connection = ConnectionID(at.connection.serial &+ tape.base)
            return CapturedEvent(event.timestamp, .acknowledged(at))
        case .open(let opened):
            let ends = Ends(local: opened.local, remote: opened.remote)
            if tape.open[opened.id.serial] == ends { return nil }
            tape.open[opened.id.serial] = ends
        case .continued(let continued):
            tape.open[continued.opened.id.serial] = Ends(
                local: continued.opened.local, remote: continued.opened.remote)
        case .close(let closed): tape.open[closed.id.serial] = nil
        case .process(let process): own(process, tape)
        default: break
        }
        guard tape.number > 0 else { return copy event }
        switch event.kind {
        // Most events, and only the connection has a number in them.
        case .data, .gap, .acknowledged, .expected, .finished, .close, .sequenceNumbers, .name, .lost, .tape, .end:
            return event.renumbered(tape.base)
        case .open, .continued, .process, .exit, .listening, .unixSocket, .datagram, .secret, .container:
            return event.renumbered(tape)
        }
    }

    /// Takes note of whose process this is.
    private mutating func own(_ process: ProcessIdentity, _ tape: Tape) {
        let commandLine = process.commandLine.utf8.reduce(5381) { $0 &* 33 &+ Int($1) }
        guard let owner = processes[process.key] else {
            if processes.count < Self.processLimit {
                processes[process.key] = Owner(tape: tape.number, comm: process.comm, commandLine: commandLine)
            }
            return
        }
        // A process that calls exec stays the same; on another tape the same start with another command is another one.
        if owner.tape != tape.number, owner.comm != process.comm || owner.commandLine != commandLine {
            tape.moved.insert(process.key)
        }
    }
}

extension CapturedEvent {
    /// The same event with the numbers of a tape among others.
    fileprivate func renumbered(_ tape: TraceNumbers.Tape) -> CapturedEvent {
        func key(_ key: ProcessKey) -> ProcessKey {
            guard tape.moved.contains(key) else { return key }
            return ProcessKey(pid: key.pid, startTime: key.startTime ^ (tape.number &* 0x9E37_79B9_7F4A_7C15))
        }
        func endpoint(_ endpoint: Endpoint) -> Endpoint {
            endpoint.unixNumber.map { Endpoint(unix: $0 &+ tape.base) } ?? endpoint
        }
        func namespace(_ namespace: NetworkNamespace?) -> NetworkNamespace? {
            namespace.flatMap { NetworkNamespace($0.number &+ tape.base) }
        }
        var event = renumbered(tape.base)
        switch event.kind {
        case .open(var opened):
            opened.local = endpoint(opened.local)
            opened.remote = endpoint(opened.remote)
            opened.process = opened.process.map(key)
            event.kind = .open(opened)
        case .continued(var continued):
            continued.opened.local = endpoint(continued.opened.local)
            continued.opened.remote = endpoint(continued.opened.remote)
            continued.opened.process = continued.opened.process.map(key)
            event.kind = .continued(continued)
        case .process(var process):
            process.key = key(process.key)
            process.networkNamespace = namespace(process.networkNamespace)
            event.kind = .process(process)
        case .exit(let process): event.kind = .exit(key(process))
        case .listening(var listening):
            listening.process = key(listening.process)
            listening.endpoint = endpoint(listening.endpoint)
            listening.networkNamespace = namespace(listening.networkNamespace)
            event.kind = .listening(listening)
        case .unixSocket(let socket): event.kind = .unixSocket(socket.moved(by: tape.base, key))
        case .datagram(var datagram):
            datagram.local = endpoint(datagram.local)
            datagram.remote = endpoint(datagram.remote)
            datagram.process = datagram.process.map(key)
            event.kind = .datagram(datagram)
        case .secret(let secret): event.kind = .secret(secret.of(secret.process.map(key)))
        case .container(var fact):
            switch fact.subject {
            case .process(let process): fact.subject = .process(key(process))
            case .endpoint(let reached): fact.subject = .endpoint(endpoint(reached))
            }
            event.kind = .container(fact)
        case .data, .gap, .acknowledged, .expected, .finished, .close, .sequenceNumbers, .name, .lost, .tape, .end:
            break
        }
        return event
    }
}
