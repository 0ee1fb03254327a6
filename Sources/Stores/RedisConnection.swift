internal import CHiredis
internal import Glibc

/// A connection to Redis by hiredis; every call waits for its answer.
///
/// After an error it is broken: make a new one.
package struct RedisConnection: ~Copyable {
    private let context: UnsafeMutablePointer<redisContext>
    private let store: String

    /// - Parameter timeout: for connecting, and for each answer.
    package init(host: String, port: UInt16, timeout: Duration = .seconds(5)) throws(StoreError) {
        let store = "redis \(host):\(port)"
        let limit = timeval(timeout)
        guard let context = redisConnectWithTimeout(host, Int32(port), limit) else {
            throw StoreError(store, "out of memory")
        }
        guard context.pointee.err == 0, redisSetTimeout(context, limit) == REDIS_OK else {
            let reason = Self.reason(context)
            redisFree(context)
            throw StoreError(store, reason)
        }
        self.context = context
        self.store = store
    }

    deinit { redisFree(context) }

    /// The connection's socket, to ask for its addresses.
    package var descriptor: Int32 { context.pointee.fd }

    package borrowing func command(_ words: [String]) throws(StoreError) -> RedisReply {
        append(words)
        return try reply()
    }

    /// Sends all commands before it waits for the first answer.
    package borrowing func pipeline(_ commands: [[String]]) throws(StoreError) -> [RedisReply] {
        for words in commands { append(words) }
        var replies: [RedisReply] = []
        for _ in commands { replies.append(try reply()) }
        return replies
    }

    private borrowing func append(_ words: [String]) {
        let bytes = words.map { Array($0.utf8) }
        let lengths = bytes.map(\.count)
        // One byte more: an array that is empty has no address.
        let all = [UInt8](bytes.joined()) + [0]
        all.withUnsafeBytes { all in
            var offset = 0
            var pointers: [UnsafePointer<CChar>?] = []
            for length in lengths {
                pointers.append(all.baseAddress.map { ($0 + offset).assumingMemoryBound(to: CChar.self) })
                offset += length
            }
            // Where memory runs out, the reply is the error.
            _ = redisAppendCommandArgv(context, Int32(pointers.count), &pointers, lengths)
        }
    }

    private borrowing func reply() throws(StoreError) -> RedisReply {
        var answer: UnsafeMutableRawPointer?
        guard redisGetReply(context, &answer) == REDIS_OK, let answer else {
            throw StoreError(store, Self.reason(context))
        }
        defer { freeReplyObject(answer) }
        return RedisReply(answer.assumingMemoryBound(to: redisReply.self))
    }

    private static func reason(_ context: UnsafeMutablePointer<redisContext>) -> String {
        guard context.pointee.err != REDIS_ERR_IO else { return String(cString: strerror(errno)) }
        return withUnsafeBytes(of: context.pointee.errstr) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}

extension timeval {
    fileprivate init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self.init(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
    }
}
