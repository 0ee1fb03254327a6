/// The secrets of TLS sessions that a tape has told of until now, by the random bytes with which a session's client began.
///
/// A tape holds as many as somebody wrote down: a key log grows for months. So they lie in one piece of memory, and there is a
/// limit.
final class SessionSecrets {
    /// Where a secret lies, and what is behind it of the same session.
    private struct Entry {
        var random: ClientRandom
        var label: Label
        var start: Int
        var count: Int
        /// The session's next, plus one; 0: none.
        var next: Int
    }

    /// The 32 bytes of a ClientHello's random field.
    struct ClientRandom: Hashable, Sendable {
        var a: UInt64
        var b: UInt64
        var c: UInt64
        var d: UInt64

        /// - Returns: `nil` where the bytes end before.
        init?(_ bytes: RawSpan, at offset: Int = 0) {
            guard let a = bytes.big(UInt64.self, at: offset), let b = bytes.big(UInt64.self, at: offset &+ 8),
                let c = bytes.big(UInt64.self, at: offset &+ 16), let d = bytes.big(UInt64.self, at: offset &+ 24)
            else { return nil }
            (self.a, self.b, self.c, self.d) = (a, b, c, d)
        }

        var bytes: [UInt8] {
            [a, b, c, d].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word &>> UInt64(56 &- 8 &* $0)) } }
        }
    }

    /// What a secret opens: RFC 9850, section 2.
    enum Label: UInt8, CaseIterable, Sendable {
        /// The master secret, up to TLS 1.2.
        case master
        case clientEarly
        case clientHandshake
        case serverHandshake
        case clientApplication
        case serverApplication

        init?(_ name: String) {
            guard let label = Label.allCases.first(where: { "\($0.name)" == name }) else { return nil }
            self = label
        }

        var name: StaticString {
            switch self {
            case .master: "CLIENT_RANDOM"
            case .clientEarly: "CLIENT_EARLY_TRAFFIC_SECRET"
            case .clientHandshake: "CLIENT_HANDSHAKE_TRAFFIC_SECRET"
            case .serverHandshake: "SERVER_HANDSHAKE_TRAFFIC_SECRET"
            case .clientApplication: "CLIENT_TRAFFIC_SECRET_0"
            case .serverApplication: "SERVER_TRAFFIC_SECRET_0"
            }
        }
    }

    private var index = HashIndex()
    private var entries: [Entry] = []
    private var bytes: [UInt8] = []
    private var waiting: [ClientRandom: [Waiting]] = [:]
    /// In the order in which they began to wait.
    private var queue: [ClientRandom] = []
    private let limit: Int
    /// Those of which the source does not know the session.
    private let unplaced = UnplacedSecrets()
    /// Of the entries, those that were among them.
    private var found: [Int] = []
    /// Their sessions, as long as who waits for them was not told.
    private var news: [ClientRandom] = []

    private struct Waiting {
        /// Not held: what waits holds the run.
        weak var who: (any SecretWaiter)?
        var number: UInt64
    }

    init(limit: Int) { self.limit = limit }

    /// The tape tells of secrets as they are made.
    var comeLater = false

    /// Nothing can be opened, and nothing says that something will be.
    var isHopeless: Bool { entries.isEmpty && unplaced.isEmpty && !comeLater }

    /// Takes a secret.
    /// - Returns: what became of it.
    func add(_ secret: TLSSecret) -> Outcome {
        guard let label = Label(secret.label) else {
            // What a KeyUpdate makes of a secret follows from it.
            return secret.label.hasSuffix("_TRAFFIC_SECRET_N") ? .known : .notNeeded
        }
        guard let random = secret.clientRandom.flatMap({ ClientRandom($0.span.bytes) }) else {
            return unplaced.add(label, secret.secret, secret.process) ? .unplaced : .known
        }
        return add(label, secret.secret, of: random)
    }

    private func add(_ label: Label, _ secret: [UInt8], of random: ClientRandom) -> Outcome {
        let hash = Self.hash(random, index.seed)
        let first = index.find(hash) { entries[$0].random == random }
        var last = first
        while let place = last {
            // Both ends of a connection may have told of it.
            if entries[place].label == label { return .known }
            guard entries[place].next > 0 else { break }
            last = entries[place].next &- 1
        }
        guard entries.count < limit else { return .overLimit }
        let place = entries.count
        entries.append(
            Entry(random: random, label: label, start: bytes.count, count: secret.count, next: 0))
        bytes += secret
        unplaced.place(secret)
        if let last { entries[last].next = place &+ 1 } else { index.insert(place, hash) }
        return .added(isNewSession: first == nil)
    }

    enum Outcome: Equatable {
        case added(isNewSession: Bool)
        case known
        /// It opens no records: an exporter's, or of a form that is not known.
        case notNeeded
        /// The source does not know whose it is: what it opens will show.
        case unplaced
        case overLimit
    }

    // MARK: Whose session is not known

    /// Secrets of which nobody has found the session.
    var unplacedCount: UInt64 { unplaced.count }

    /// Looks for the secret that a record shows to be its own, and keeps it as the session's.
    /// - Parameters:
    ///   - process: the connection's; `nil`: any may have told of it.
    ///   - tried: up to which secret the record was tried before; then, up to which it has been.
    ///   - isRight: whether a secret opens the record.
    /// - Returns: what became of it; `nil`: there is none yet.
    func place(
        _ label: Label, of random: ClientRandom, _ process: ProcessKey?, tried: inout UInt64,
        _ isRight: ([UInt8]) -> Bool
    ) -> Outcome? {
        guard let secret = unplaced.find(label, of: process, tried: &tried, isRight) else { return nil }
        let outcome = add(label, secret, of: random)
        if case .added = outcome {
            found.append(entries.count &- 1)
            if waiting[random] != nil { news.append(random) }
        }
        return outcome
    }

    /// Secrets of which the source did not know the session, with that which they were found to open.
    var placed: [TLSSecret] {
        found.compactMap { place in
            let entry = entries[place]
            let secret = Array(bytes[entry.start..<entry.start &+ entry.count])
            return TLSSecret(label: "\(entry.label.name)", clientRandom: entry.random.bytes, secret: secret)
        }
    }

    /// A process has ended.
    func end(_ process: ProcessKey) { unplaced.end(process) }

    func secret(_ label: Label, of random: ClientRandom) -> [UInt8]? {
        var next = index.find(Self.hash(random, index.seed)) { entries[$0].random == random }.map { $0 &+ 1 } ?? 0
        while next > 0 {
            let entry = entries[next &- 1]
            if entry.label == label { return Array(bytes[entry.start..<entry.start &+ entry.count]) }
            next = entry.next
        }
        return nil
    }

    /// Whether anything is known of a session.
    func has(_ random: ClientRandom) -> Bool {
        index.find(Self.hash(random, index.seed)) { entries[$0].random == random } != nil
    }

    private static func hash(_ random: ClientRandom, _ seed: UInt64) -> UInt32 {
        var hash = seed
        for word in [random.a, random.b, random.c, random.d] {
            hash = (hash ^ word) &* 0x9E37_79B9_7F4A_7C15
            hash ^= hash &>> 29
        }
        return UInt32(truncatingIfNeeded: hash &>> 16)
    }

    // MARK: Who waits

    /// Bytes of records that wait for a secret, on all connections.
    private var heldBytes = 0
    private static let heldBudget = 16 << 20

    /// Makes room for bytes that wait.
    /// - Returns: `false` where there is none.
    func hold(_ count: Int) -> Bool {
        guard heldBytes &+ count <= Self.heldBudget else { return false }
        heldBytes &+= count
        return true
    }

    func letGo(_ count: Int) { heldBytes &-= count }

    /// As many as have a handshake under way at once; those before them are told when they go on by themselves.
    private static let waitingLimit = 4096
    /// A session has two views, and a few more where its random bytes are not so random (a capture that was copied).
    private static let waitingOfSession = 16

    /// Remembers who is to be told when a secret of the session comes.
    /// - Parameter process: the connection's.
    func wait(for random: ClientRandom, _ process: ProcessKey?, _ who: any SecretWaiter, _ number: UInt64) {
        unplaced.wait(process, who, number)
        if waiting[random]?.contains(where: { $0.who === who && $0.number == number }) ?? false { return }
        if waiting[random] == nil {
            if queue.count >= Self.waitingLimit {
                for old in queue.prefix(Self.waitingLimit / 2) { waiting[old] = nil }
                queue.removeFirst(Self.waitingLimit / 2)
            }
            queue.append(random)
        }
        if let all = waiting[random], all.count >= Self.waitingOfSession { waiting[random]?.removeFirst() }
        waiting[random, default: []].append(Waiting(who: who, number: number))
    }

    /// Tells those who wait for this session's secrets; they may wait for more.
    func tell(_ secret: TLSSecret, _ at: Timestamp) {
        guard let random = secret.clientRandom.flatMap({ ClientRandom($0.span.bytes) }) else {
            if let process = secret.process { unplaced.tell(process, at) }
            return
        }
        tell(of: random, at)
    }

    private func tell(of random: ClientRandom, _ at: Timestamp) {
        guard let all = waiting[random] else { return }
        for waiting in all { waiting.who?.secretCame(for: waiting.number, at) }
    }

    /// Secrets were found to be of sessions that others wait for, too: the other end's view of a connection.
    var hasNews: Bool { !news.isEmpty }

    /// Tells those who wait for them; not while one of them reads.
    func tellNews(_ at: Timestamp) {
        var next = 0
        // Whoever goes on may find others.
        while next < news.count {
            tell(of: news[next], at)
            next &+= 1
        }
        news.removeAll(keepingCapacity: true)
    }
}

/// What goes on when a secret comes.
protocol SecretWaiter: AnyObject {
    /// - Parameter number: of the connection that waited; it may have ended.
    func secretCame(for number: UInt64, _ at: Timestamp)

    /// - Parameter number: of the connection that waited; it may have ended, or gone on.
    func isWaiting(_ number: UInt64) -> Bool
}
