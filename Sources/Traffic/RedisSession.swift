import Console
import Shared
import Stores

/// A connection to Redis that tells the manifest what is done on it.
struct RedisSession: ~Copyable {
    private let watched: Watched<RedisConnection>

    init(host: String, port: UInt16) throws(StoreError) {
        let connection = try RedisConnection(host: host, port: port)
        let descriptor = connection.descriptor
        watched = Watched(connection, descriptor: descriptor)
    }

    /// Sends all commands before it waits for the first answer.
    func send(_ commands: [Command], _ manifest: Manifest?) throws(StoreError) -> [RedisReply] {
        let began = Clock.wall
        let sentBefore = watched.counters?.sent
        do throws(StoreError) {
            let replies = try watched.connection.pipeline(commands.map(\.words))
            for (command, reply) in zip(commands, replies) { tell(command, reply, manifest, at: began) }
            return replies
        } catch {
            // What left the process before the connection broke has happened.
            if watched.counters?.sent != sentBefore {
                for command in commands { tell(command, nil, manifest, at: began) }
            }
            throw error
        }
    }

    private func tell(_ command: Command, _ reply: RedisReply?, _ manifest: Manifest?, at time: Timestamp) {
        guard let tuple = watched.tuple else { return }
        let operation = Manifest.Operation(
            kind: .redis, statement: command.pattern, name: command.name, targets: [command.key],
            outcome: reply.map { Manifest.Outcome($0, to: command) })
        manifest?.operation(tuple, operation, at: time)
    }

    /// The server has not ended the connection.
    var isOpen: Bool { watched.isOpen }

    /// - Returns: what the connection has carried.
    consuming func end(_ manifest: Manifest?) -> SocketCounters? {
        let tuple = watched.tuple
        guard let counters = watched.end(), let tuple else { return nil }
        manifest?.connection(tuple, .redis, sent: counters.sent, received: counters.received, end: counters.end)
        return counters
    }
}

extension Manifest.Outcome {
    /// Of the commands that are sent, only GET's answer says whether there is a key.
    fileprivate init(_ reply: RedisReply, to command: Command) {
        code = reply.errorCode
        guard command.name == "GET", code == nil else { return }
        let isThere = reply != .null
        counts = [("hits", isThere ? 1 : 0), ("misses", isThere ? 0 : 1)]
    }
}
