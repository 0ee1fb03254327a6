@testable import Shared

/// What lives on TCP and must not be taken for one of the protocols that Tapedeck knows.
extension Conversation {
    static let lookAlikes: [Conversation] = lines + binary + almost

    /// Protocols of lines: the verbs, `+OK`, `-ERR`, PING and PONG are common property.
    static let lines: [Conversation] = [
        Conversation(
            "SMTP", nil, .server("220 mx.example.org ESMTP\r\n"), .client("EHLO a\r\n"),
            .server("250-mx\r\n250 OK\r\n"),
            .client("MAIL FROM:<a@b>\r\n"), .server("250 OK\r\n")),
        Conversation(
            "FTP", nil, .server("220 ready\r\n"), .client("USER anonymous\r\n"), .server("331 password?\r\n"),
            .client("STAT\r\n")),
        Conversation(
            "POP3", nil, .server("+OK POP3 ready\r\n"), .client("USER a\r\n"), .server("+OK\r\n"), .client("STAT\r\n"),
            .server("-ERR no\r\n")),
        Conversation("POP3 without words", nil, .server("+OK\r\n"), .client("QUIT\r\n"), .server("+OK\r\n")),
        Conversation(
            "IMAP", nil, .server("* OK IMAP4rev1\r\n"), .client("a1 SELECT inbox\r\n"),
            .server("* 3 EXISTS\r\na1 OK\r\n")),
        Conversation(
            "IRC", nil, .client("NICK a\r\nUSER a 0 * :a\r\n"), .server(":irc 001 a :Welcome\r\nPING :irc\r\n"),
            .client("PONG :irc\r\n")),
        Conversation(
            "IRC that pings", nil, .client("PING irc.example.org\r\n"), .server(":irc PONG irc :irc.example.org\r\n")),
        Conversation("PING and PONG of anybody", nil, .client("PING\r\n"), .server("PONG\r\n")),
        Conversation("ManageSieve", nil, .server("\"IMPLEMENTATION\" \"x\"\r\nOK\r\n"), .client("LOGOUT\r\n")),
        Conversation("NNTP", nil, .server("200 news\r\n"), .client("GROUP a.b\r\n"), .server("211 1 1 1 a.b\r\n")),
        Conversation(
            "SIP", nil, .client("INVITE sip:bob@example.org SIP/2.0\r\nVia: SIP/2.0/TCP a\r\n\r\n"),
            .server("SIP/2.0 200 OK\r\n\r\n")),
        Conversation(
            "RTSP", nil, .client("OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n"), .server("RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n")
        ),
        Conversation("RTSP with a path", nil, .client("OPTIONS /stream RTSP/1.0\r\nCSeq: 1\r\n\r\n")),
        Conversation("ICAP", nil, .client("REQMOD icap://a/b ICAP/1.0\r\n"), .server("ICAP/1.0 204 No\r\n")),
        Conversation("HTTP/2's preface with another end", nil, .client("PRI * HTTP/2.0\r\n\r\nSN\r\n\r\n")),
        Conversation("a version 2.0 of anybody", nil, .client("PRI * HTTP/2.0\r\nHost: a\r\n\r\n")),
        Conversation(
            "STOMP", nil, .client("CONNECT\naccept-version:1.2\n\n\u{0}"), .server("CONNECTED\nversion:1.2\n")),
        Conversation(
            "MSN messenger", nil, .client("VER 1 MSNP8 CVR0\r\n"),
            .server("VER 1 MSNP8\r\nMSG Hotmail Hotmail 5\r\nhelloMSG")),
        Conversation(
            "a chat of words that memcached knows", nil, .client("get well soon\r\nset the table, please\r\nEND\r\n"),
            .server("fine, thank you\r\nOK then, 100 percent\r\n")),
        Conversation("a shell with get and put", nil, .client("get file.txt\r\n"), .server("226 done\r\n")),
        Conversation(
            "a shell whose set has numbers", nil, .client("set a 1 2 3\r\nset b 1 2 3\r\n"), .server("ok\r\n")),
        Conversation("Gopher", nil, .client("/docs/readme\r\n"), .server("iWelcome\tfake\t(NULL)\t0\r\n.\r\n")),
        Conversation("a word and a path", nil, .client("FETCH /docs\r\n"), .server("no\r\n")),
        Conversation("Zabbix sender", nil, .client("ZBXD\u{1}\u{10}\u{0}\u{0}"), .server("ZBXD\u{1}")),
        Conversation("VNC", nil, .server("RFB 003.008\n"), .client("RFB 003.008\n"), .server(hex: "0102")),
        Conversation("Prometheus text", nil, .server("# HELP up\n# TYPE up gauge\nup 1\n")),
    ]

    static let binary: [Conversation] = [
        Conversation(
            "lengths of four bytes, which are frames of SETTINGS that acknowledge", nil,
            .server(hex: "00000004 0000000000000004 0000000000")),
        Conversation(
            "frames of HTTP/2 with flags that none has", nil,
            .client(hex: "000004 08 40 00000000 00007fff 000008 06 02"),
            .server(hex: "000001 01 ff 00000001 88")),
        Conversation("BitTorrent", nil, .client("\u{13}BitTorrent protocol\u{0}\u{0}\u{0}\u{0}\u{0}\u{10}\u{0}\u{5}")),
        Conversation(
            "SOCKS5 without a request", nil, .client(hex: "05020002"), .server(hex: "0500"),
            .client(hex: "16030100")),
        Conversation("SOCKS5 that is refused", nil, .client(hex: "05020002"), .server(hex: "05ff")),
        Conversation(
            "SOCKS4 without an answer of its form", nil, .client(hex: "0401005042660763 00"), .server(hex: "ff5a")),
        Conversation("a line that begins with PROXY", nil, .client("PROXY TCP4 example.org\r\n")),
        Conversation(
            "a signature of PROXY version 3", nil, .client(hex: "0d0a0d0a000d0a515549540a 31 11 000c")),
        Conversation(
            "NetBIOS session request", nil, .client(hex: "81000044 20 434b4644454e45434644 00"),
            .server(hex: "82000000")),
        Conversation(
            "DCE/RPC bind", nil, .client(hex: "05000b03100000004800000001000000b810b810"), .server(hex: "05000c03")),
        Conversation(
            "Kerberos over TCP", nil, .client(hex: "000000db6a81d83081d5a103020105a2"), .server(hex: "000000ce7e81cb")),
        Conversation("BGP OPEN", nil, .client(hex: "ffffffffffffffffffffffffffffffff001d0104fe0900b4c0a8000f00")),
        Conversation(
            "Diameter", nil, .client(hex: "010000c880000101000000000000000100000001"), .server(hex: "010000c8")),
        Conversation(
            "Modbus", nil, .client(hex: "000100000006000300000002"), .server(hex: "00010000000700030400000000")),
        Conversation("DNP3", nil, .client(hex: "056405c90100000036be"), .server(hex: "0564050b0000010 05a38")),
        Conversation(
            "OPC UA", nil, .client("HELF8\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}"), .server("ACKF\u{1C}\u{0}\u{0}\u{0}")),
        Conversation(
            "Thrift, framed", nil, .client(hex: "0000001880010001000000046563686f00000001"), .server(hex: "00000018")),
        Conversation(
            "Thrift, framed and old", nil, .client(hex: "0000001100000004 6563686f 01 00000001 00"),
            .server(hex: "0000001100000004")),
        Conversation("adb", nil, .client(hex: "434e584e000000010010000007000000320200 00bcb1a7b1686f73743a3a00")),
        Conversation("Aerospike", nil, .client(hex: "0201000000000005 6275696c64"), .server(hex: "02010000000000 0d")),
        Conversation("bitcoin", nil, .client(hex: "f9beb4d976657273696f6e0000000000640000 0035 8d4932")),
        Conversation(
            "OpenVPN over TCP", nil, .client(hex: "000e38a1b2c3d4e5f60718 0000000000"), .server(hex: "001a40")),
        Conversation("STUN over TCP", nil, .client(hex: "000100002112a442b7e7a701bc34d686fa87dfae")),
        Conversation(
            "Oracle TNS", nil, .client(hex: "00ea00000100000001390 12c00000800"), .server(hex: "0020000002000000")),
        Conversation("RADIUS over TCP", nil, .client(hex: "010000380f403f9473978057bd83d5cb98f4227a")),
        Conversation(
            "LLDP-like zeros", nil, .client([UInt8](repeating: 0, count: 600)),
            .server([UInt8](repeating: 0, count: 600))),
        Conversation(
            "bytes of ones", nil, .client([UInt8](repeating: 255, count: 600)),
            .server([UInt8](repeating: 255, count: 600))),
    ]

    /// What begins like one of ours and goes on otherwise.
    static let almost: [Conversation] = [
        Conversation("a Postgres startup of version 2", nil, .client(hex: "0000012800020000 6462")),
        Conversation("a Postgres startup without a name", nil, .client(hex: "00000020000300000100000000000000")),
        Conversation("eight bytes that Postgres would refuse", nil, .client(hex: "0000000800ff00ff"), .server("N")),
        Conversation(
            "a MySQL error behind something else", nil, .client("hello\r\n"), .server(hex: "17000000ff6a0448656c6c6f")),
        Conversation(
            "an error packet without MySQL's numbers", nil, .server(hex: "10000000ff0100 48656c6c6f20776f726c6421")),
        Conversation("RESP with a length that lies", nil, .client("*1\r\n$3\r\nPINGS\r\n")),
        Conversation("RESP with a leading zero", nil, .client("*01\r\n$4\r\nPING\r\n")),
        Conversation("RESP of numbers", nil, .client("*2\r\n:1\r\n:2\r\n"), .server("*2\r\n:1\r\n:2\r\n")),
        Conversation("lines of stars and dollars", nil, .client("*** hello ***\r\n$ ls\r\n"), .server("$ \r\n")),
        Conversation(
            "a memcached set whose block is too long", nil, .client("set k 0 0 3\r\nhello\r\n"), .server("what?\r\n")),
        Conversation("a memcached magic and nothing else", nil, .client(hex: "80ff0000000000000000000000000000")),
        Conversation("a NATS CONNECT without JSON", nil, .client("CONNECT me please\r\n"), .server("+OK\r\n")),
        Conversation("a NATS PUB whose payload is too long", nil, .client("PUB a 3\r\nhello\r\n"), .server("-ERR\r\n")),
        Conversation("AMQP with a version of its own", nil, .client("AMQP\u{9}\u{9}\u{9}\u{9}")),
        Conversation(
            "an AMQP frame whose end is elsewhere", nil, isStreamStart: false,
            .client(hex: "01000100000004003c0028cd")),
        Conversation("a TLS record of version 9", nil, .client(hex: "160901004001")),
        Conversation("DTLS", nil, .client(hex: "16feff0000000000000000006401000058")),
        Conversation("a TLS alert alone", nil, .client(hex: "15030100020228")),
        Conversation(
            "a Kafka header and another id", nil, .client(hex: "0000000e 0003 0001 00000007 0001 61 0000"),
            .server(hex: "00000010 00000008 00000000")),
        Conversation("a TDS packet type alone", nil, .client(hex: "1201002f00000100 ff")),
        Conversation(
            "a document that is not MongoDB's", nil, .client(hex: "1b000000 02000000 00000000 dd070000 ff00ff0000 00")),
    ]
}
