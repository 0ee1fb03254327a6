@testable import Shared

/// Conversations written by hand after the protocols' documents: what is short enough to read, odd, or one-sided.
extension Conversation {
    static let written: [Conversation] = http + http2 + websocket + tls + prefixes + services + joinedLate

    static let http: [Conversation] = [
        Conversation("HTTP/1.1 request", .http, .client("GET / HTTP/1.1\r\nHost: a\r\n\r\n")),
        Conversation("HTTP/1.0 request with bare LF", .http, .client("GET /index.html HTTP/1.0\n\n")),
        Conversation("blank lines before a request", .http, .client("\r\n\r\nGET / HTTP/1.1\r\n")),
        Conversation("a method that nobody registered", .http, .client("X-PURGE.all!  *  HTTP/1.1\r\n")),
        Conversation("lower-case method", .http, .client("get / HTTP/1.1\r\n")),
        Conversation("tabs between the parts", .http, .client("GET\t/a\tHTTP/1.1\r\n")),
        Conversation("spaces in the target", .http, .client("GET /a b c HTTP/1.1\r\n")),
        Conversation("bytes beyond ASCII in the target", .http, .client("GET /\u{E9}\u{FF} HTTP/1.1\r\n")),
        Conversation("absolute form", .http, .client("GET http://example.org/ HTTP/1.1\r\n")),
        Conversation("authority form", .http, .client("CONNECT db.example.org:443 HTTP/1.1\r\n")),
        Conversation("asterisk form", .http, .client("OPTIONS * HTTP/1.1\r\n")),
        Conversation("a version that is bent", .http, .client("GET /a HTTP/1.10\r\n")),
        Conversation("HTTP/0.9 request", .http, .client("GET /path\r\n"), .server("<html></html>")),
        Conversation("HTTP/0.9 request without a line's end", .http, .client("GET /"), .server("<html>")),
        Conversation("a request cut in its line", .http, .client("POST /orders HTT")),
        Conversation("a target beyond the limit", .http, .client("GET /" + String(repeating: "a", count: 17_000))),
        Conversation("only responses", .http, .server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")),
        Conversation("a status line that just fits", .http, .server("HTTP/1.0 404")),
        Conversation(
            "TLS's last words answered by 400", .http, .client("\u{15}\u{3}\u{1}"),
            .server("HTTP/1.1 400 Bad Request\r\n")),
        Conversation(
            "nonsense answered by 400", .http, .client("1026\u{10}8 !34"), .server("HTTP/1.1 400 Bad Request\r\n")),
        Conversation(
            "a request on a database's port", .http, .client("GET /health HTTP/1.1\r\n"), .server("R\u{0}\u{0}")),
    ]

    static let http2: [Conversation] = [
        Conversation("HTTP/2 preface alone", .http2, .client("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")),
        Conversation(
            "HTTP/2 with prior knowledge", .http2,
            .client("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\u{0}\u{0}\u{0}\u{4}\u{0}"),
            .server(hex: "000000040000000000")),
        Conversation(
            "HTTP/2 behind an upgrade that was missed", .http2, isStreamStart: false,
            .server("HTTP/1.1 101 Switching Protocols\r\n"), .client("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")),
        Conversation(
            "HTTP/2 server that speaks first, alone", .http2,
            .server(hex: "00000c040000000000 000300000064 000400ffffff 000004080000000000 7fff0000")),
        Conversation(
            "HTTP/2 windows and pings joined late", .http2, isStreamStart: false,
            .client(hex: "000004080000000000 00007fff 0000080600000000000102030405060708")),
        Conversation(
            "HTTP/2 answer on the request's stream", .http2, isStreamStart: false,
            .client(hex: "000004010500000133 82868441"), .server(hex: "000001010400000133 88")),
        Conversation(
            "HTTP/2 fields and data", .http2, isStreamStart: false,
            .server(
                hex: "000001010400000001 88 000002000000000001 7b7d 000001010500000003 89 000001010500000005 89")),
    ]

    static let prefixes: [Conversation] = [
        Conversation(
            "SOCKS5", .socks, .client(hex: "05020002"), .server(hex: "0500"), .client(hex: "050100010a00000101bb")),
        Conversation(
            "SOCKS5 with a password, to a host", .socks, .client(hex: "050102"), .server(hex: "0502"),
            .client(hex: "0101610162"), .server(hex: "0100"), .client(hex: "05010003 05 6361636865 18eb")),
        Conversation("SOCKS4", .socks, .client(hex: "0401005042660763 00"), .server(hex: "005a0050 42660763")),
        Conversation(
            "SOCKS4a", .socks, .client(hex: "040118eb00000001 6d6500 636163686500"), .server(hex: "005a0000 00000000")),
        Conversation(
            "PROXY version 1", .proxyProtocol,
            .client("PROXY TCP4 10.0.0.9 10.0.0.2 40000 6379\r\n*1\r\n$4\r\nPING\r\n"), .server("+PONG\r\n")),
        Conversation("PROXY version 1 that knows nothing", .proxyProtocol, .client("PROXY UNKNOWN\r\n")),
        Conversation(
            "PROXY version 2", .proxyProtocol,
            .client(hex: "0d0a0d0a000d0a515549540a 21 11 000c 0a000009 0a000002 9c40 18eb")),
        Conversation(
            "PROXY version 2 of a health check", .proxyProtocol, .client(hex: "0d0a0d0a000d0a515549540a 20 00 0000")),
    ]

    /// TLS whose secret is known, and which carries HTTP.
    private static let openedTLS: Conversation = {
        var records = TLSRecords()
        var conversation = Conversation(
            "TLS with its secret", .tls, .client(TLSRecords.clientHello(alpn: "http/1.1")),
            .server(TLSRecords.serverHello(alpn: "http/1.1")), .client(records.finished(isClient: true)),
            .server(records.finished(isClient: false)),
            .client(records.data("GET /a HTTP/1.1\r\nHost: shop.test\r\n\r\n", isClient: true)),
            .server(
                records.data("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n", isClient: false)
                    + records.data("one ", isClient: false) + records.data("and two\n", isClient: false)),
            .client(
                records.data("POST /b HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 3\r\n\r\n", isClient: true)
                    + records.data("abc", isClient: true)),
            .server(
                records.data("HTTP/1.1 204 No Content\r\n\r\n", isClient: false)
                    + records.protected(21, [1, 0], isClient: false)))
        conversation.secrets = [TLSRecords.secret]
        return conversation
    }()

    static let tls: [Conversation] = [
        openedTLS,
        Conversation("ClientHello", .tls, .client(ClientHelloSample.bytes), .server(hex: "160303007a02")),
        Conversation("ClientHello in records of 50 bytes", .tls, .client(ClientHelloSample.fragmented(50))),
        Conversation("ClientHello in records of 1 byte", .tls, .client(ClientHelloSample.fragmented(1))),
        Conversation("ClientHello that is cut", .tls, .client(Array(ClientHelloSample.bytes.prefix(90)))),
        Conversation(
            "ClientHello in SSLv2's format", .tls,
            .client(
                hex: "802e0103010015000000100000040000050000 0a0000640000620000030000"
                    + String(repeating: "ab", count: 19))),
        Conversation("only the server's side", .tls, .server(hex: "160303007a020000760303a735")),
        Conversation(
            "application data of both sides", .tls, isStreamStart: false, .client(hex: "170303002001"),
            .server(hex: "170303010002")),
        Conversation(
            "two records of one side", .tls, isStreamStart: false, .client(hex: "1703030002aabb1703030040cc")),
    ]

    static let services: [Conversation] = [
        Conversation("Postgres SSLRequest", .postgres, .client(hex: "0000000804d2162f"), .server("S")),
        Conversation("Postgres GSSENCRequest", .postgres, .client(hex: "0000000804d21630"), .server("N")),
        Conversation("Postgres CancelRequest", .postgres, .client(hex: "0000001004d2162e0000711a350a9cf1")),
        Conversation(
            "Postgres StartupMessage, declared longer than it is", .postgres,
            .client(hex: "000000320003000075736572 00 7067 00 00")),
        Conversation(
            "Postgres protocol 3.2", .postgres, .client(hex: "000000180003000275736572 00 70670000")),
        Conversation(
            "Postgres server alone", .postgres,
            .server(hex: "520000000800000000 530000001154696d655a6f6e6500555443 00 5a0000000549")),
        Conversation(
            "MySQL greeting without an answer", .mysql,
            .server(
                hex: """
                    500000000a382e302e33322d4d7953514c00010000006162636465666768 00ffff210200ffff15 00000000000000000000
                    696a6b6c6d6e6f707172737400 6d7973716c5f6e61746976655f70617373776f726400
                    """)),
        Conversation(
            "MySQL refuses a host", .mysql,
            .server(hex: "47000000ff6a04486f73742027 3137322e31372e302e3127206973206e6f7420616c6c6f776564")),
        Conversation(
            "MySQL request for TLS", .mysql,
            .client(hex: "20000001 8faa3a00 ffffff00 21" + String(repeating: "00", count: 23))),
        Conversation(
            "TDS login record", .mssql,
            .client([2, 0, 2, 0, 0, 0, 1, 0] + [UInt8](repeating: 0, count: 504))),
        Conversation("AMQP 1.0 with SASL", .amqp, .client(hex: "414d515003010000")),
        Conversation("AMQP server names its version", .amqp, .server(hex: "414d515000000901")),
        Conversation(
            "Kafka ApiVersions 0 without a client's name", .kafka,
            .client(hex: "0000000a0012000000000001ffff")),
        Conversation(
            "Kafka Metadata 0, whose start looks like Postgres", .kafka,
            .client(hex: "00000013 0003 0000 00000007 0005 7368 6f70 70 00000000"),
            .server(hex: "00000010 00000007 00000000")),
        Conversation(
            "Kafka consumer's ListOffsets alone", .kafka,
            .client(hex: "00000024 0002 0000 00000000 ffff ffffffff 00000001 0004 6c6f6773 00000001 00000000 ffffffff")),
        Conversation(
            "Redis SET", .redis, .client("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n"), .server("+OK\r\n")),
        Conversation("Redis module's command", .redis, .client("*2\r\n$8\r\nJSON.GET\r\n$1\r\nk\r\n")),
        Conversation("Redis inline PING", .redis, .client("PING\r\n"), .server("+PONG\r\n")),
        Conversation(
            "Redis inline without a password", .redis, .client("get x\r\n"), .server("-NOAUTH Auth")),
        Conversation("Redis reply alone", .redis, .server("$5\r\nhello\r\n")),
        Conversation("memcached set alone", .memcached, .client("set k 0 -1 5\r\nhello\r\n")),
        Conversation("memcached cas", .memcached, .client("cas k 0 0 2 77 noreply\r\nab\r\n")),
        Conversation("memcached miss", .memcached, .client("get k\r\n"), .server("END\r\n")),
        Conversation("memcached stats", .memcached, .client("stats\r\n"), .server("STAT pid 1\r\n")),
        Conversation("memcached value alone", .memcached, .server("VALUE k 0 2\r\nab\r\nEND\r\n")),
        Conversation(
            "NATS CONNECT alone", .nats, .client("CONNECT {\"verbose\":false,\"lang\":\"go\"}\r\nPING\r\n")),
        Conversation("NATS INFO alone", .nats, .server("INFO {\"server_id\":\"N\",\"port\":4222} \r\n")),
        Conversation(
            "NATS server that is pinged first", .nats, .server("INFO {\"server_id\":\"N\"}\r\n"),
            .client("PING\r\n"), .server("PONG\r\n")),
    ]

    static let websocket: [Conversation] = [
        Conversation(
            "WebSocket joined late", .websocket, isStreamStart: false,
            .client(WebSocketFrames.client("{\"number\":1}")), .server(WebSocketFrames.server("{\"number\":2}")),
            .client(WebSocketFrames.client("{\"number\":3}")), .server(WebSocketFrames.server("{\"number\":4}")))
    ]

    static let joinedLate: [Conversation] = [
        Conversation(
            "Postgres simple query joined late", .postgres, isStreamStart: false,
            .client(hex: "510000000d73656c656374203100"), .server(hex: "540000002100013f636f6c756d6e3f00")),
        Conversation(
            "Postgres Terminate behind an answer", .postgres, isStreamStart: false,
            .server(hex: "430000000b434f4d4d495400 5a0000000549"), .client(hex: "5800000004")),
        Conversation(
            "MySQL ping joined late", .mysql, isStreamStart: false, .client(hex: "010000000e"),
            .server(hex: "0700000100000002000000")),
        Conversation("AMQP heartbeat", .amqp, isStreamStart: false, .client(hex: "08000000000000ce")),
        Conversation(
            "AMQP 1.0 transfer joined late", .amqp, isStreamStart: false,
            .client(hex: "0000002002000001005314c00a0443 43a0 0100 4342 005377a1026869 0000")),
        Conversation(
            "Postgres standby's status", .postgres, isStreamStart: false,
            .client(hex: "64 00000026 72 0000000001566130 0000000001566130 0000000000000000 0003045a2e3c5fc0 00")),
        Conversation(
            "Postgres write-ahead log alone", .postgres, isStreamStart: false,
            .server(hex: "64 00000016 6b 0000000001566240 0003045a2e460100 00")),
        Conversation(
            "Postgres notification alone", .postgres, isStreamStart: false,
            .server(hex: "41 00000012 00006536 6f726465727300 6f3100")),
        Conversation(
            "Postgres rows of COPY", .postgres, isStreamStart: false,
            .client(hex: "64 00000008 310961 0a 64 00000008 320962 0a 64 00000008 330963 0a 63 00000004")),
        Conversation(
            "MySQL compressed, joined late", .mysql, isStreamStart: false,
            .client(hex: "0d000000000000 09000000 03 73656c6563742031"),
            .server(hex: "0b000001000000 07000001 00 0100020000 00")),
        Conversation(
            "MySQL compressed, and a compressed response", .mysql, isStreamStart: false,
            .client(hex: "0d000000000000 09000000 03 73656c6563742031"), .server(hex: "36000001 3a0000 789c6362")),
        Conversation(
            "MySQL binary log alone", .mysql, isStreamStart: false,
            .server(hex: "1c000005 00 5f2ad465 1b 01000000 1b000000 9a030000 0000 62696e2e30303031")),
        Conversation(
            "TDS procedure without headers", .mssql, isStreamStart: false,
            .client(hex: "0301001c00000100 ffff0a00 0000 0000 26040400 00000000 00000000")),
        Conversation(
            "TDS batch without headers", .mssql, isStreamStart: false,
            .client(hex: "0101001800000100 730065006c0065006300740020003100")),
        Conversation(
            "Kafka server's ApiVersions alone", .kafka, isStreamStart: false,
            .server(hex: "00000022 00000001 0000 00000004 000000000009 00010000000d 000200000007 00030000000c")),
        Conversation("Redis HSET typed", .redis, .client("HSET h a 1\r\n"), .server(":1\r\n")),
        Conversation("Redis HELLO typed", .redis, .client("HELLO 3\r\n"), .server("%7\r\n$6\r\nserver\r\n")),
        Conversation(
            "memcached large value that nobody is told of", .memcached,
            .client("set k 0 0 500000 noreply\r\n" + String(repeating: "v", count: 8300))),
        Conversation(
            "NATS publish joined late", .nats, isStreamStart: false, .client("PUB orders.new 5\r\nhello\r\n")),
        Conversation(
            "NATS subscriber joined late", .nats, isStreamStart: false, .client("PONG\r\n"),
            .server("PING\r\nMSG orders.new 1 5\r\nhello\r\n")),
        Conversation(
            "NATS client that unsubscribes and waits", .nats, isStreamStart: false,
            .client("UNSUB 1\r\nPING\r\n"), .server("PONG\r\n")),
    ]
}
