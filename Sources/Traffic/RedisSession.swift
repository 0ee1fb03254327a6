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
    func send(_ commands: [[String]], _ manifest: Manifest?) throws(StoreError) -> [RedisReply] {
        let began = Clock.wall
        let sentBefore = watched.counters?.sent
        do throws(StoreError) {
            let replies = try watched.connection.pipeline(commands)
            tell(commands, manifest, at: began)
            return replies
        } catch {
            // What left the process before the connection broke has happened.
            if watched.counters?.sent != sentBefore { tell(commands, manifest, at: began) }
            throw error
        }
    }

    private func tell(_ commands: [[String]], _ manifest: Manifest?, at time: Timestamp) {
        guard let tuple = watched.tuple else { return }
        for words in commands { manifest?.redis(tuple, words, at: time) }
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
