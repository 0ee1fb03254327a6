import Foundation
import Testing

@testable import Shared

/// Passwords and tokens in the messages by which clients log in, wherever these stand in a stream.
@Suite struct `Logins are found` {
    struct Case: CustomTestStringConvertible {
        var name: String
        var search: any LoginSearch.Type
        var bytes: [UInt8]
        var values: [[UInt8]]
        var testDescription: String { name }

        init(_ name: String, _ search: any LoginSearch.Type, _ bytes: [UInt8], _ values: [String]) {
            (self.name, self.search, self.bytes) = (name, search, bytes)
            self.values = values.map { Array($0.utf8) }
        }
    }

    private static func big(_ value: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
    private static func short(_ value: Int) -> [UInt8] {
        [UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value)]
    }
    private static func little(_ value: Int) -> [UInt8] { big(value).reversed() }
    private static func text(_ text: String) -> [UInt8] { Array(text.utf8) }
    private static func bulk(_ words: String...) -> [UInt8] {
        text("*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined())
    }

    // MARK: Messages

    private static func startup() -> [UInt8] {
        let body = short(3) + short(0) + text("user\0app\0database\0shop\0\0")
        return big(body.count + 4) + body
    }
    private static func postgres(_ type: String, _ body: [UInt8]) -> [UInt8] { text(type) + big(body.count + 4) + body }

    private static func mysql(_ sequence: UInt8, _ body: [UInt8]) -> [UInt8] {
        Array(little(body.count).prefix(3)) + [sequence] + body
    }
    private static func mysqlLogin(_ proof: [UInt8]) -> [UInt8] {
        // CLIENT_PROTOCOL_41, CLIENT_SECURE_CONNECTION, CLIENT_PLUGIN_AUTH, CLIENT_CONNECT_WITH_DB.
        let head = little(0x0008_8208) + little(1 << 24) + [45] + [UInt8](repeating: 0, count: 23)
        return mysql(1, head + text("app\0") + [UInt8(proof.count)] + proof + text("shop\0mysql_native_password\0"))
    }

    private static func login7(_ password: [UInt8]) -> [UInt8] {
        var fixed = [UInt8](repeating: 0, count: 94)
        let length = fixed.count + password.count
        fixed.replaceSubrange(0..<4, with: little(length))
        fixed.replaceSubrange(4..<8, with: [4, 0, 0, 0x74])
        fixed.replaceSubrange(8..<12, with: little(4096))
        fixed.replaceSubrange(44..<48, with: [94, 0, UInt8(password.count / 2), 0])
        return [0x10, 1] + short(length + 8) + [0, 0, 1, 0] + fixed + password
    }

    private static func startOK(_ response: String) -> [UInt8] {
        let body = big(0) + [5] + text("PLAIN") + big(response.utf8.count) + text(response) + [5] + text("en_US")
        return [1, 0, 0] + big(body.count + 4) + [0, 10, 0, 11] + body + [0xCE]
    }
    private static func saslInit(_ response: String) -> [UInt8] {
        let list = [0xA3, 5] + text("PLAIN") + [0xA0, UInt8(response.utf8.count)] + text(response)
        let body = [0, 0x53, 0x41, 0xC0, UInt8(list.count + 1), 2] + list
        return big(body.count + 8) + [2, 1, 0, 0] + body
    }

    private static func kafka(_ key: Int, _ version: Int, _ body: [UInt8]) -> [UInt8] {
        let frame = short(key) + short(version) + big(7) + short(3) + text("app") + body
        return big(frame.count) + frame
    }
    private static func saslStart(_ payload: String) -> [UInt8] {
        let size = payload.utf8.count
        return text("\u{10}saslStart\0") + little(1) + text("\u{2}mechanism\0") + little(6)
            + text("PLAIN\0\u{5}payload\0")
            + little(size) + [0] + text(payload) + text("\u{2}$db\0") + little(6) + text("admin\0")
    }
    private static func memcached(_ code: UInt8, _ key: String, _ value: String) -> [UInt8] {
        let length = key.utf8.count + value.utf8.count
        return [0x80, code] + short(key.utf8.count) + big(0) + big(length) + big(0) + big(0) + big(0)
            + text(key + value)
    }

    static let cases: [Case] = {
        let plain = "\0bob\0s3cret"
        return [
            Case("AUTH", RedisLogin.self, bulk("AUTH", "s3cret"), ["s3cret"]),
            Case("AUTH of a user", RedisLogin.self, bulk("auth", "bob", "s3cret"), ["bob", "s3cret"]),
            Case(
                "HELLO", RedisLogin.self, bulk("HELLO", "3", "AUTH", "bob", "s3cret", "SETNAME", "x"),
                ["bob", "s3cret"]),
            Case("AUTH in a line", RedisLogin.self, text("PING\r\nAUTH s3cret\r\n"), ["s3cret"]),
            Case(
                "CONFIG SET", RedisLogin.self, bulk("CONFIG", "SET", "maxmemory", "1gb", "requirepass", "s3cret"),
                ["s3cret"]),
            Case(
                "ACL SETUSER", RedisLogin.self, bulk("ACL", "SETUSER", "bob", "on", ">s3cret", "~*", "+@all"),
                ["s3cret"]),
            Case("MIGRATE", RedisLogin.self, bulk("MIGRATE", "h", "1", "k", "0", "9", "AUTH", "s3cret"), ["s3cret"]),
            Case("a key that begins so", RedisLogin.self, bulk("SET", "AUTHOR", "ann"), []),
            Case("a subscription", RedisLogin.self, bulk("GET", "auth:1"), []),

            Case(
                "a password in the clear", PostgresLogin.self,
                startup() + postgres("p", text("s3cret\0")) + postgres("Q", text("SELECT 1\0")), ["s3cret"]),
            Case(
                "SCRAM", PostgresLogin.self,
                startup() + postgres("p", text("SCRAM-SHA-256\0") + big(9) + text("n,,n=,r=x"))
                    + postgres("p", text("c=biws,r=xy,p=abc=")), ["n,,n=,r=x", "c=biws,r=xy,p=abc="]),
            Case("the server's proof", PostgresLogin.self, postgres("R", big(12) + text("v=abc=")), ["v=abc="]),
            Case("a challenge of MD5", PostgresLogin.self, postgres("R", big(5) + text("salt")), []),
            Case("a startup alone", PostgresLogin.self, startup() + postgres("Q", text("SELECT 'p'\0")), []),
            Case("a text that begins with p", PostgresLogin.self, text("path: /a\r\nport: 80\r\n"), []),

            Case(
                "a login and an answer", MySQLLogin.self,
                mysqlLogin(text("12345678901234567890")) + mysql(3, text("s3cret\0")) + mysql(0, text("\u{3}SELECT 1")),
                ["12345678901234567890", "s3cret"]),
            Case(
                "another user", MySQLLogin.self,
                mysql(
                    0,
                    [0x11] + text("bob\0") + [6] + text("s3cret") + text("shop\0") + [45, 0]
                        + text("mysql_native_password\0")),
                ["s3cret"]),
            Case("a command", MySQLLogin.self, mysql(0, [3] + text("SELECT 'bob\0 s3cret'")), []),

            Case("LOGIN7", MSSQLLogin.self, login7(text("s3cret")), ["s3cret"]),
            Case("no password", MSSQLLogin.self, login7([]), []),

            Case("start-ok", AMQPLogin.self, startOK(plain), [plain, "s3cret"]),
            Case("sasl-init", AMQPLogin.self, saslInit(plain), [plain, "s3cret"]),
            Case("a frame of another end", AMQPLogin.self, Array(startOK(plain).dropLast()) + [0], []),

            Case("SaslAuthenticate", KafkaLogin.self, kafka(36, 1, big(11) + text(plain)), [plain, "s3cret"]),
            Case("SaslAuthenticate 2", KafkaLogin.self, kafka(36, 2, [0, 12] + text(plain) + [0]), [plain, "s3cret"]),
            Case(
                "a token without a header", KafkaLogin.self,
                kafka(17, 0, short(5) + text("PLAIN")) + big(11) + text(plain) + kafka(3, 1, big(0)), [plain, "s3cret"]),
            Case("another request", KafkaLogin.self, kafka(3, 1, big(11) + text(plain)), []),

            Case("saslStart", MongoDBLogin.self, saslStart(plain), [plain, "s3cret"]),
            Case(
                "createUser", MongoDBLogin.self,
                text("\u{2}createUser\0") + little(4) + text("bob\0\u{2}pwd\0") + little(7) + text("s3cret\0"),
                ["s3cret"]),
            Case(
                "another payload", MongoDBLogin.self,
                text("\u{2}insert\0") + little(2) + text("a\0\u{2}payload\0") + little(7) + text("public\0"), []),

            Case("SASL", MemcachedLogin.self, memcached(0x21, "PLAIN", plain), [plain, "s3cret"]),
            Case("set", MemcachedLogin.self, memcached(0x01, "PLAIN", plain), []),

            Case(
                "RFC 1929", SOCKSLogin.self,
                [5, 2, 0, 2, 1, 3] + text("bob") + [6] + text("s3cret") + [5, 1, 0, 1, 10, 0, 0, 1, 0, 80],
                ["s3cret"]),
            Case("no password is offered", SOCKSLogin.self, [5, 1, 0, 1, 3] + text("bob") + [6] + text("s3cret"), []),
        ]
    }()

    @Test(arguments: cases)
    func `in their messages, and in nothing that is like one`(_ the: Case) {
        #expect(Self.values(the.search, the.bytes) == the.values)
    }

    private static func values(_ search: any LoginSearch.Type, _ bytes: [UInt8]) -> [[UInt8]] {
        search.find(in: bytes.span.bytes).map { Array(bytes[$0]) }.filter { !$0.isEmpty }
    }

    /// Behind a loss or a proxy's greeting nobody knows where messages begin; of protocol 3 of PostgreSQL only the startup says it.
    @Test(arguments: cases.filter { !$0.values.isEmpty })
    func `behind whatever stands before`(_ the: Case) {
        let before = [UInt8]("HTTP/1.1 200 OK\r\n\r\n".utf8)
        #expect(Self.values(the.search, before + the.bytes) == the.values)
    }

    @Test(arguments: 0..<UInt64(40))
    func `within what is there, whatever the bytes are`(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for the in Self.cases {
            var bytes = the.bytes
            for _ in 0..<3 {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
            for other in Registry.standard.logins {
                for range in other.find(in: bytes.span.bytes) {
                    #expect(range.lowerBound >= 0 && range.upperBound <= bytes.count, "\(the.name), seed \(seed)")
                }
            }
        }
    }
}
