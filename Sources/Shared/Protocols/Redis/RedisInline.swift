/// Inline commands: "Redis serialization protocol specification", "Inline commands": words in a line, as people type them.
///
/// They are plain words, like those of other line protocols: each is believed only of a known command that got the kind of
/// reply that this command gives.
enum RedisInline {
    static func exchange(_ client: RawSpan, _ server: RawSpan) -> Fit {
        guard mayBegin(client) else { return .no }
        switch client.line(from: 0, limit: lineLimit) {
        case .no, .tooLong: return .no
        case .open: return .open
        case .line(let line):
            var rest = line.text
            guard let name = client.word(of: &rest), let command = command(name, client) else { return .no }
            return command.reply.fit(server).or(errors(server))
        }
    }

    /// PROTO_INLINE_MAX_SIZE is 64 KiB; people type less.
    private static let lineLimit = 1024

    // MARK: Replies

    /// What a command's reply begins with, where it did not fail.
    private enum Reply {
        case pong, ok, integer, bulk, array, map, type, bulkOrArray

        func fit(_ server: RawSpan) -> Fit {
            switch self {
            case .pong: server.fit("+PONG\r\n", at: 0)
            case .ok: server.fit("+OK\r\n", at: 0)
            case .integer: number(server, UInt8(ascii: ":")).or(server.fit(":-", at: 0))
            case .bulk: RedisDetector.bulkString(server, at: 0).or(server.fit("$-1\r\n", at: 0)).or(null(server))
            case .array: number(server, UInt8(ascii: "*")).or(number(server, UInt8(ascii: "~"))).or(map(server))
            case .map: map(server).or(number(server, UInt8(ascii: "*")))
            case .type:
                server.fit("+string\r\n", at: 0).or(server.fit("+list\r\n", at: 0)).or(server.fit("+set\r\n", at: 0))
                    .or(server.fit("+zset\r\n", at: 0)).or(server.fit("+hash\r\n", at: 0))
                    .or(server.fit("+none\r\n", at: 0)).or(server.fit("+stream\r\n", at: 0))
            case .bulkOrArray: Reply.bulk.fit(server).or(Reply.array.fit(server))
            }
        }

        /// RESP3.
        private func map(_ server: RawSpan) -> Fit { number(server, UInt8(ascii: "%")) }
        private func null(_ server: RawSpan) -> Fit { server.fit("_\r\n", at: 0) }

        private func number(_ bytes: RawSpan, _ sign: UInt8) -> Fit {
            RedisDetector.count(bytes, sign, at: 0, 1...Int.max).fit
                .or(bytes.fit(byteAt: 0) { $0 == sign }.and(bytes.fit("0\r\n", at: 1)))
        }
    }

    /// What Redis says and nobody else; `-ERR` is everybody's.
    private static func errors(_ server: RawSpan) -> Fit {
        server.fit("-NOAUTH ", at: 0).or(server.fit("-WRONGTYPE ", at: 0)).or(server.fit("-WRONGPASS ", at: 0))
            .or(server.fit("-NOPERM ", at: 0)).or(server.fit("-READONLY ", at: 0)).or(server.fit("-MOVED ", at: 0))
            .or(server.fit("-LOADING ", at: 0)).or(server.fit("-NOPROTO ", at: 0))
            .or(server.fit("-ERR wrong number of arguments for '", at: 0))
            .or(server.fit("-ERR unknown command", at: 0))
    }

    // MARK: Commands

    private struct Command {
        var name: StaticString
        var reply: Reply

        init(_ name: StaticString, _ reply: Reply) {
            self.name = name
            self.reply = reply
        }
    }

    /// What people type, without AUTH and QUIT: mail has them, and their `+OK`, as well.
    private static let commands: [Command] = [
        Command("PING", .pong), Command("SET", .ok), Command("SELECT", .ok), Command("FLUSHALL", .ok),
        Command("FLUSHDB", .ok), Command("MSET", .ok), Command("SETEX", .ok), Command("PSETEX", .ok),
        Command("HMSET", .ok), Command("MULTI", .ok), Command("DISCARD", .ok), Command("MONITOR", .ok),
        Command("LSET", .ok), Command("LTRIM", .ok), Command("RENAME", .ok), Command("SAVE", .ok),
        Command("WATCH", .ok), Command("UNWATCH", .ok), Command("REPLICAOF", .ok), Command("SLAVEOF", .ok),
        Command("GET", .bulk), Command("ECHO", .bulk), Command("INFO", .bulk), Command("GETSET", .bulk),
        Command("GETDEL", .bulk), Command("GETRANGE", .bulk), Command("HGET", .bulk), Command("LINDEX", .bulk),
        Command("LPOP", .bulkOrArray), Command("RPOP", .bulkOrArray), Command("SPOP", .bulkOrArray),
        Command("SRANDMEMBER", .bulkOrArray), Command("RANDOMKEY", .bulk), Command("ZSCORE", .bulk),
        Command("DUMP", .bulk), Command("XADD", .bulk), Command("INCRBYFLOAT", .bulk), Command("KEYS", .array),
        Command("SCAN", .array), Command("HSCAN", .array), Command("SSCAN", .array), Command("ZSCAN", .array),
        Command("MGET", .array), Command("HMGET", .array), Command("HKEYS", .array), Command("HVALS", .array),
        Command("LRANGE", .array), Command("SMEMBERS", .array), Command("SINTER", .array), Command("SUNION", .array),
        Command("SDIFF", .array), Command("ZRANGE", .array), Command("ZREVRANGE", .array),
        Command("ZRANGEBYSCORE", .array), Command("HGETALL", .map), Command("COMMAND", .array), Command("EXEC", .array),
        Command("TIME", .array), Command("ROLE", .array), Command("SLOWLOG", .array), Command("HELLO", .map),
        Command("SUBSCRIBE", .array), Command("PSUBSCRIBE", .array), Command("BLPOP", .array), Command("BRPOP", .array),
        Command("XRANGE", .array), Command("XREAD", .array), Command("CONFIG", .map), Command("CLIENT", .bulkOrArray),
        Command("CLUSTER", .bulkOrArray), Command("DEL", .integer), Command("UNLINK", .integer),
        Command("EXISTS", .integer), Command("INCR", .integer), Command("DECR", .integer), Command("INCRBY", .integer),
        Command("DECRBY", .integer), Command("DBSIZE", .integer), Command("EXPIRE", .integer),
        Command("PEXPIRE", .integer), Command("EXPIREAT", .integer), Command("PERSIST", .integer),
        Command("TTL", .integer), Command("PTTL", .integer), Command("LPUSH", .integer), Command("RPUSH", .integer),
        Command("LLEN", .integer), Command("LREM", .integer), Command("SADD", .integer), Command("SREM", .integer),
        Command("SCARD", .integer), Command("SISMEMBER", .integer), Command("HSET", .integer),
        Command("HDEL", .integer), Command("HLEN", .integer), Command("HEXISTS", .integer),
        Command("HINCRBY", .integer), Command("ZADD", .integer), Command("ZREM", .integer), Command("ZCARD", .integer),
        Command("ZCOUNT", .integer), Command("ZRANK", .integer), Command("SETNX", .integer),
        Command("APPEND", .integer),
        Command("STRLEN", .integer), Command("SETRANGE", .integer), Command("SETBIT", .integer),
        Command("GETBIT", .integer), Command("BITCOUNT", .integer), Command("PFADD", .integer),
        Command("PFCOUNT", .integer), Command("PUBLISH", .integer), Command("LASTSAVE", .integer),
        Command("XLEN", .integer), Command("WAIT", .integer), Command("TYPE", .type),
    ]

    /// The commands' names by their first letters.
    private static let names: [[StaticString]] = (0..<26).map { letter in
        commands.map(\.name).filter { $0.utf8Start[0] &- UInt8(ascii: "A") == letter }
    }

    /// Whether the first word is one of the commands, as far as it is there.
    private static func mayBegin(_ client: RawSpan) -> Bool {
        guard let first = client.u8(at: 0) else { return true }
        guard ASCII.isLetter(first) else { return false }
        return client.begins(withOneOf: names[Int((first & 0xDF) &- UInt8(ascii: "A"))], at: 0, ignoringCase: true)
    }

    private static func command(_ name: Range<Int>, _ bytes: RawSpan) -> Command? {
        commands.first { bytes.isWordIgnoringCase($0.name, at: name) }
    }

    // MARK: What may be Redis

    /// A line that begins with a command, as far as it is there.
    static func admits(_ client: RawSpan) -> Bool {
        guard mayBegin(client) || client.begins(withOneOf: ["AUTH", "QUIT"], at: 0, ignoringCase: true) else {
            return false
        }
        switch client.line(from: 0, limit: lineLimit) {
        case .no, .tooLong: return false
        case .open, .line: return true
        }
    }
}
