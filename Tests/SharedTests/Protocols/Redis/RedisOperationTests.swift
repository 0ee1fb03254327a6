import Testing

@testable import Shared

/// What is asked of Redis, and what became of it ("Redis serialization protocol specification").
@Suite struct `Redis operations` {
    // MARK: Commands and keys

    @Test func `are commands with their keys, and without values`() throws {
        var talk = ServiceTalk.redis()
        talk.ask("SET user:1001:cart secret", "GET user:1001:cart", "get missing", "MGET a:1 b a:2")
        talk.reply("+OK", "$6 secret", "$-1", "*3 $1 x $-1 $-1")
        talk.ask("CONFIG SET requirepass secret", "EVAL secret 2 k:1 l secret", "ZUNION 2 a b WITHSCORES")
        talk.reply("+OK", ":1", "*0")
        talk.ask("XREAD COUNT 5 STREAMS s:1 t 0 0", "MSET a secret b secret", "OBJECT ENCODING a", "JSON.GET secret")
        talk.reply("*-1", "+OK", "$3 raw", "$2 {}")
        try talk.check([
            "SET user:{id}:cart ? ok", "GET user:{id}:cart ok 1/0", "get missing ok 0/1", "MGET a:{id} b ok 1/2",
            "CONFIG SET ? ok", "EVAL ? k:{id} l ? ok", "ZUNION ? a b ? ok", "XREAD ? s:{id} t ? ok", "MSET a ? b ? ok",
            "OBJECT ENCODING a ok", "JSON.GET ? ok",
        ])
        let result = talk.result()
        #expect(!result.text.contains("secret") && !result.text.contains("1001"))
        let first = try #require(try result.events().first { $0.string("event_type") == "operation" })
        #expect(first.fields["targets"] as? [String] == ["user:{id}:cart"] && first.string("system") == "redis")
        #expect(
            first.string("operation") == "SET" && first.string("paired") == "order"
                && first.number("response_bytes") == 5)
    }

    @Test func `have codes of errors, and no texts`() throws {
        var talk = ServiceTalk.redis()
        talk.ask("INCR a", "LPUSH a x", "FCALL f 0", "GET", "AUTH secret")
        talk.reply(
            "-ERR", "-WRONGTYPE", "!21 SYNTAX_invalid_syntax", "-my_own_secret_error", "-WRONGPASS")
        talk.ask("MGET a b")
        talk.raw(.receive, Array("-MOVED 3999 secret.example:6381\r\n".utf8))
        try talk.check([
            "INCR a error ERR", "LPUSH a ? error WRONGTYPE", "FCALL ? error", "GET error", "AUTH ? error WRONGPASS",
            "MGET a b error MOVED",
        ])
        #expect(!talk.result().text.contains("secret"))
    }

    @Test func `are inline commands, too`() throws {
        var talk = ServiceTalk.redis()
        talk.raw(.send, Array("PING\r\n".utf8))
        talk.reply("+PONG")
        talk.raw(.send, Array("\r\nSET 'a b' \"secret \\\" x\"\r\nget a\n".utf8))
        talk.reply("+OK", "$1 x")
        try talk.check(["PING ok", "SET a b ? ok", "get a ok 1/0"])
    }

    @Test func `know the database`() throws {
        var talk = ServiceTalk.redis()
        talk.ask("GET a", "SELECT 3", "GET a", "SELECT 99", "GET a")
        talk.reply("$-1", "+OK", "$-1", "-ERR", "$-1")
        let spaces = try talk.result().events().filter { $0.string("operation") == "GET" }.map {
            $0.string("namespace")
        }
        #expect(spaces == [nil, "3", "3"])
    }

    // MARK: What takes answers apart

    @Test func `are answered within EXEC's reply`() throws {
        var talk = ServiceTalk.redis()
        talk.ask("MULTI", "GET a", "LPUSH b x", "MGET c d", "EXEC", "GET after")
        talk.reply("+OK", "+QUEUED", "+QUEUED", "+QUEUED", "*3 $1 x -WRONGTYPE *2 $-1 $1 y", "$1 z")
        try talk.check([
            "MULTI ok", "GET a ok 1/0", "LPUSH b ? error WRONGTYPE", "MGET c d ok 1/1", "EXEC ok", "GET after ok 1/0",
        ])
        let events = try talk.result().events().filter { $0.string("operation") == "GET" }
        #expect(events.map { $0.number("batch") } == [3, nil])
    }

    @Test func `are skipped or called off where a transaction is not done`() throws {
        var talk = ServiceTalk.redis()
        talk.ask("MULTI", "GET a", "GET", "GET b", "EXEC")
        talk.reply("+OK", "+QUEUED", "-ERR", "+QUEUED", "-EXECABORT")
        talk.ask("MULTI", "GET c", "DISCARD", "WATCH d", "MULTI", "GET d", "EXEC")
        talk.reply("+OK", "+QUEUED", "+OK", "+OK", "+OK", "+QUEUED", "*-1")
        try talk.check([
            "MULTI ok", "GET a skipped", "GET error ERR", "GET b skipped", "EXEC error EXECABORT",
            "MULTI ok", "GET c cancelled", "DISCARD ok", "WATCH d ok", "MULTI ok", "GET d skipped", "EXEC ok",
        ])
    }

    @Test func `have no answer where CLIENT REPLY takes it away`() throws {
        var talk = ServiceTalk.redis()
        talk.ask("CLIENT REPLY OFF", "SET a x", "GET a", "CLIENT REPLY ON", "GET b")
        talk.reply("+OK", "$1 x")
        talk.ask("CLIENT REPLY SKIP", "SET c x", "GET d")
        talk.reply("$-1")
        try talk.check([
            "CLIENT REPLY ? one_way", "SET a ? one_way", "GET a one_way", "CLIENT REPLY ? ok", "GET b ok 1/0",
            "CLIENT REPLY ? one_way", "SET c ? one_way", "GET d ok 0/1",
        ])
    }

    @Test func `are answered once for each channel, and pushes answer nothing`() throws {
        var talk = ServiceTalk.redis()
        talk.ask("SUBSCRIBE news:1 other")
        talk.reply("*3 $9 subscribe $6 news:1 :1", "*3 $9 subscribe $5 other :2")
        talk.reply("*3 $7 message $6 news:1 $6 secret")
        talk.ask("PSUBSCRIBE n*", "PING", "UNSUBSCRIBE")
        talk.reply("*3 $10 psubscribe $2 n* :3", "*4 $8 pmessage $2 n* $6 news:1 $6 secret", "*2 $4 pong $0 ")
        talk.reply("*3 $11 unsubscribe $6 news:1 :2", "*3 $11 unsubscribe $5 other :1")
        talk.ask("PUNSUBSCRIBE n*", "LRANGE l 0 -1")
        talk.reply("*3 $12 punsubscribe $2 n* :0", "*3 $7 message $1 x $1 y")
        try talk.check([
            "SUBSCRIBE news:{id} other ok", "message news:{id} ok", "PSUBSCRIBE n* ok", "pmessage n* ok", "PING ok",
            "UNSUBSCRIBE ok",
            "PUNSUBSCRIBE n* ok", "LRANGE l ? ok",
        ])
        let pushes = try talk.result().events().filter { $0.string("operation") == "message" }
        #expect(pushes.count == 1 && pushes[0].string("direction") == "recv" && pushes[0].string("paired") == "none")
        #expect(pushes[0].fields["targets"] as? [String] == ["news:{id}"] && pushes[0].number("total_ms") == nil)
        #expect(!talk.result().text.contains("secret"))
    }

    @Test func `are told apart from pushes of RESP3`() throws {
        var talk = ServiceTalk.redis()
        talk.ask("HELLO 3", "GET a", "SUBSCRIBE c", "GET b")
        talk.reply("%2 $6 server $5 redis $5 proto :3", ">2 $10 invalidate *1 $1 a", "$1 x", ">3 $9 subscribe $1 c :1")
        talk.reply(">3 $7 message $1 c $6 secret", "|1 $3 ttl :9", "_", "#t")
        try talk.check([
            "HELLO ? ok", "invalidate ok", "GET a ok 1/0", "SUBSCRIBE c ok", "message c ok", "GET b ok 0/1",
        ])
    }

    @Test func `are followed by a stream`() throws {
        var talk = ServiceTalk.redis()
        talk.ask("MONITOR")
        talk.reply("+OK")
        talk.raw(.receive, Array("+1764.5 [0 10.0.0.9:5] \"SET\" \"a\" \"secret\"\r\n".utf8))
        talk.ask("QUIT")
        talk.reply("+OK")
        try talk.check(["MONITOR ok", "QUIT ok"])
        var replica = ServiceTalk.redis()
        replica.ask("REPLCONF capa eof", "PSYNC ? -1")
        replica.reply("+OK")
        replica.raw(.receive, Array("\n\n+FULLRESYNC 0123 1\r\n$18\r\nREDIS0009 a secret*3\r\n".utf8))
        replica.ask("REPLCONF ACK 1")
        try replica.check(["REPLCONF ? ok", "PSYNC ? ok", "REPLCONF ? one_way"])
    }

    @Test func `wait apart`() throws {
        var talk = ServiceTalk.redis()
        talk.ask("BLPOP a 0")
        talk.wait(5000)
        talk.reply("*2 $1 a $1 x")
        talk.ask("XREAD BLOCK 0 STREAMS s $", "XREAD STREAMS s 0")
        talk.reply("*-1", "*-1")
        try talk.check(["BLPOP a ? ok", "XREAD ? s ? ok", "XREAD ? s ? ok"])
    }
}

@Suite struct `Patterns of keys` {
    @Test(arguments: [
        ("user:1001:cart", "user:{id}:cart"), ("a", "a"), ("", ""), ("profile:alice@example.com", "profile:{email}"),
        ("login:alice@localhost:9", "login:{email}:{id}"), ("top:2026-11-29", "top:{date}"),
        ("{user:7}:cart", "{user:{id}}:cart"),
        ("orders.7.items", "orders.{id}.items"), ("v1:things|2", "v1:things|{id}"),
        ("s:0b1f7a52-0a3c-4c1e-9a30-5d3f6f1f2a11", "s:{id}"), ("t:eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", "t:{id}"),
        ("k:\u{1}\u{2}", "k:{…}"), ("wort:größe", "wort:größe"), ("::", "::"),
        (String(repeating: "x", count: 65), "{…}"),
    ])
    func `have no identifiers`(_ key: String, _ pattern: String) {
        var text = UniqueBytes()
        KeyPattern.append(Array(key.utf8).span.bytes, isWhole: false, to: &text)
        #expect(String(decoding: (0..<text.count).map { text.bytes.byte($0) }, as: UTF8.self) == pattern)
    }

    @Test func `are cut`() {
        var text = UniqueBytes()
        KeyPattern.append([UInt8](repeating: 0x61, count: 100_000).span.bytes, isWhole: true, to: &text)
        #expect(text.count <= KeyPattern.longest + 8)
    }
}
