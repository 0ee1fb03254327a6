/// Secrets that a process has told of without saying of which session they are, until a record shows it.
///
/// A record's tag proves it: a secret opens the first record of one direction of one connection, and no other.
final class UnplacedSecrets {
    private struct Secret {
        let number: UInt64
        let label: SessionSecrets.Label
        let bytes: [UInt8]
        let process: ProcessKey?
        /// Its session is known: up to TLS 1.2 another that resumes it has the same secret.
        var isPlaced = false
    }

    /// Who has a record that waits for one.
    private struct Waiting {
        /// Not held: what waits holds the run.
        weak var who: (any SecretWaiter)?
        var connection: UInt64
    }

    /// In the order in which they were told of.
    private var secrets: [Secret] = []
    private var waiting: [ProcessKey: [Waiting]] = [:]
    private var told: UInt64 = 0
    /// How secrets begin that were placed lately: the other side of a connection tells of the same.
    private var placed: Set<UInt64> = []
    private var placedOrder: [UInt64] = []
    /// Those that were given up.
    private var forgotten: UInt64 = 0

    /// Secrets of a thousand handshakes; those before them are of connections that nobody has seen.
    private static let limit = 4096
    /// So many are tried on a record, the last that were told of: more than a process has handshakes under way at once.
    private static let tries = 256
    private static let waitingLimit = 256

    /// Those of which nobody has found the session.
    var count: UInt64 { forgotten &+ UInt64(secrets.count { !$0.isPlaced }) }

    /// There were none.
    var isEmpty: Bool { told == 0 }

    /// Takes a secret.
    /// - Returns: whether it is news.
    func add(_ label: SessionSecrets.Label, _ bytes: [UInt8], _ process: ProcessKey?) -> Bool {
        let isPlaced = placed.contains(Self.beginning(bytes))
        if isPlaced, label != .master { return false }
        if let place = secrets.firstIndex(where: { $0.bytes == bytes && $0.process == process }) {
            secrets.remove(at: place)
        } else if secrets.count >= Self.limit {
            forgotten &+= UInt64(secrets.prefix(Self.limit / 2).count { !$0.isPlaced })
            secrets.removeFirst(Self.limit / 2)
        }
        told &+= 1
        secrets.append(Secret(number: told, label: label, bytes: bytes, process: process, isPlaced: isPlaced))
        return true
    }

    /// Looks for the secret that a record shows to be its own.
    /// - Parameters:
    ///   - tried: up to which it was tried before; then, up to which it has been tried.
    ///   - isRight: whether a secret opens it.
    func find(
        _ label: SessionSecrets.Label, of process: ProcessKey?, tried: inout UInt64, _ isRight: ([UInt8]) -> Bool
    ) -> [UInt8]? {
        let before = tried
        tried = told
        guard told > before else { return nil }
        var left = Self.tries
        for secret in secrets.reversed() {
            guard secret.number > before, left > 0 else { return nil }
            guard secret.label == label, process == nil || secret.process == nil || secret.process == process else {
                continue
            }
            left &-= 1
            if isRight(secret.bytes) { return secret.bytes }
        }
        return nil
    }

    /// The secret's session is known.
    func place(_ bytes: [UInt8]) {
        secrets.removeAll { $0.label != .master && $0.bytes == bytes }
        for place in secrets.indices where secrets[place].bytes == bytes { secrets[place].isPlaced = true }
        let beginning = Self.beginning(bytes)
        guard placed.insert(beginning).inserted else { return }
        placedOrder.append(beginning)
        guard placedOrder.count >= 2 &* Self.limit else { return }
        for old in placedOrder.prefix(Self.limit) { placed.remove(old) }
        placedOrder.removeFirst(Self.limit)
    }

    /// Secrets are random: eight bytes are enough to know one by.
    private static func beginning(_ bytes: [UInt8]) -> UInt64 {
        bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    // MARK: Who waits

    func wait(_ process: ProcessKey?, _ who: any SecretWaiter, _ connection: UInt64) {
        guard let process else { return }
        var all = waiting[process] ?? []
        if all.contains(where: { $0.who === who && $0.connection == connection }) { return }
        if all.count >= Self.waitingLimit { all.removeFirst(Self.waitingLimit / 2) }
        all.append(Waiting(who: who, connection: connection))
        waiting[process] = all
    }

    /// Tells those of the process that wait.
    func tell(_ process: ProcessKey, _ at: Timestamp) {
        guard let all = waiting[process] else { return }
        let still = all.filter { $0.who?.isWaiting($0.connection) ?? false }
        waiting[process] = still.isEmpty ? nil : still
        for waiting in still { waiting.who?.secretCame(for: waiting.connection, at) }
    }

    /// The process has ended, and waits no more.
    func end(_ process: ProcessKey) { waiting[process] = nil }
}
