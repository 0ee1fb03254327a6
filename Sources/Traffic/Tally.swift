import Shared

/// What was done.
struct Tally: Sendable {
    /// Requests by route, in the order of their names.
    var routes: [String: Count] = [:]
    var statements = Count()
    var commands = Count()
    /// Steps that were left out because a store was away.
    var skipped = 0
    var connections = 0
    var sentBytes: UInt64 = 0
    var receivedBytes: UInt64 = 0

    struct Count: Sendable, Equatable {
        var done = 0
        var failed = 0
        /// Of what is done, that which the server has refused as it was meant to.
        var refused = 0

        mutating func add(_ isDone: Bool) { if isDone { done += 1 } else { failed += 1 } }

        static func + (a: Count, b: Count) -> Count {
            Count(done: a.done + b.done, failed: a.failed + b.failed, refused: a.refused + b.refused)
        }
    }

    var failed: Int { routes.values.reduce(0) { $0 + $1.failed } + statements.failed + commands.failed }

    mutating func add(_ other: Tally) {
        routes.merge(other.routes, uniquingKeysWith: +)
        statements = statements + other.statements
        commands = commands + other.commands
        skipped += other.skipped
        connections += other.connections
        sentBytes &+= other.sentBytes
        receivedBytes &+= other.receivedBytes
    }

    mutating func ended(sent: UInt64, received: UInt64) {
        connections += 1
        sentBytes &+= sent
        receivedBytes &+= received
    }
}
