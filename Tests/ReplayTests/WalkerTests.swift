import Testing

@testable import Shared
@testable import replay

/// Gives bytes to a walker, cut at every offset and one by one: each way must show the same.
private func everyCut(_ bytes: [UInt8], _ walk: ([ArraySlice<UInt8>]) -> [String]) -> [String] {
    let whole = walk([bytes[...]])
    for cut in bytes.indices { #expect(walk([bytes[..<cut], bytes[cut...]]) == whole, "cut at \(cut)") }
    #expect(walk(bytes.indices.map { bytes[$0...$0] }) == whole, "byte by byte")
    return whole
}

@Suite struct `Redis commands` {
    private static func walk(_ pieces: [ArraySlice<UInt8>]) -> [String] {
        var walker = RedisCommands()
        var commands: [String] = []
        for piece in pieces {
            let bytes = Array(piece)
            walker.feed(bytes.span.bytes) { commands.append(RedisCommands.text($0)) }
        }
        return commands
    }

    @Test func `are cut anywhere`() {
        let text = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n$2\r\n\r\n\r\n"
        #expect(everyCut(Array(text.utf8), Self.walk) == [#""SET" "k" """#, #""PING""#, #""GET" "\r\n""#])
    }

    @Test(arguments: [
        "PING\r\n", "*1\r\n+OK\r\n", "*x\r\n", "*1\r\n$99999999999999999999\r\n", "*1\r\n$2\r\nabc\r\n", "*-1\r\n",
        "\r\n",
        "*1\r\n$9999999\r\n",
    ])
    func `what is no command ends the walk`(_ text: String) {
        let ping = "*1\r\n$4\r\nPING\r\n"
        #expect(everyCut(Array((ping + text + ping).utf8), Self.walk) == [#""PING""#])
    }

    @Test func `nothing is told beyond a gap`() {
        var walker = RedisCommands()
        let ping = Array("*1\r\n$4\r\nPING\r\n".utf8)
        walker.gap()
        walker.feed(ping.span.bytes) { _ in Issue.record("told") }
    }
}

@Suite struct `PostgreSQL statements` {
    private static func walk(joinedLate: Bool = false) -> ([ArraySlice<UInt8>]) -> [String] {
        { pieces in
            var walker = PostgresStatements(joinedLate: joinedLate)
            var statements: [String] = []
            for piece in pieces {
                let bytes = Array(piece)
                walker.feed(bytes.span.bytes) { statements.append(String(decoding: $0, as: UTF8.self)) }
            }
            return statements
        }
    }

    private static func big(_ value: Int) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
    }

    private static func message(_ type: Character, _ text: String) -> [UInt8] {
        Array(type.utf8) + big(text.utf8.count + 4) + Array(text.utf8)
    }

    private static let startup: [UInt8] = [
        big(8), big(80_877_103), big(18), big(196_608), Array("user\0me\0\0\0".utf8),
    ].flatMap { $0 }

    @Test func `are queries, and executions of what was prepared`() {
        let messages: [(Character, String)] = [
            ("p", "secret\0"), ("Q", "SELECT 1\0"), ("P", "by_name\0SELECT $1\0\0\0"), ("D", "Sby_name\0"), ("S", ""),
            ("B", "\0by_name\0\0\0\0\0\0\0"), ("E", "\0\0\0\0\0"), ("S", ""), ("P", "\0UPDATE t\0\0\0"),
            ("B", "\0\0\0\0\0\0\0\0"), ("E", "\0\0\0\0\0"), ("d", String(repeating: "x", count: 300)),
            ("C", "Sby_name\0"), ("B", "p\0by_name\0"), ("E", "p\0"), ("X", ""),
        ]
        let bytes = Self.startup + messages.flatMap { Self.message($0, $1) }
        #expect(everyCut(bytes, Self.walk()) == ["SELECT 1", "SELECT $1", "UPDATE t"])
    }

    @Test func `are told of a connection joined late, too`() {
        #expect(everyCut(Self.message("Q", "SELECT 2\0"), Self.walk(joinedLate: true)) == ["SELECT 2"])
    }

    @Test(
        arguments: [
            [0x16, 3, 1, 0, 200, 1, 0, 0], startup + [0, 0, 0, 0, 0], startup + [0x51, 0xFF, 0xFF, 0xFF, 0xFF],
            startup + [0x51, 0, 0, 0, 0],
        ] as [[UInt8]])
    func `are not looked for in TLS, nor where no message can be`(_ start: [UInt8]) {
        #expect(everyCut(start + Self.message("Q", "SELECT 1\0"), Self.walk()) == [])
    }

    @Test func `what has no end is nothing`() {
        let bytes = Self.startup + Self.message("Q", "SELECT 1") + Self.message("Q", "SELECT 2\0")
        #expect(everyCut(bytes, Self.walk()) == ["SELECT 2"])
    }
}

@Suite struct `Walkers` {
    @Test(arguments: 0..<200 as Range<UInt64>) func `never trap on anything`(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let letters: [UInt8] = Array("*$\r\n0129QPBECp\0\u{16}".utf8) + [0xFF]
        let bytes = (0..<400).map { _ in letters[Int.random(in: letters.indices, using: &random)] }
        var (redis, early, late) = (
            RedisCommands(), PostgresStatements(joinedLate: false), PostgresStatements(joinedLate: true)
        )
        redis.feed(bytes.span.bytes) { _ in }
        early.feed(bytes.span.bytes) { _ in }
        late.feed(bytes.span.bytes) { _ in }
    }
}
