import Testing

@testable import Shared

/// What a MySQL client and server say, packet by packet, and what the event log tells of it.
struct MySQLTalk: TapedTalk {
    var tape = TapeBuilder()

    /// Both sides say EOF as OK.
    static let deprecateEOF: UInt32 = 1 << 24
    private static let usual: UInt32 = 0x0200 | 0x8000 | 0x8 | 1 << 16 | 1 << 17 | 1 << 27

    init(joinedLate: Bool = false, capabilities: UInt32 = 0, version: String = "8.0.36", logsIn: Bool = true) {
        tape.open(remote: TapeBuilder.server(3306), role: joinedLate ? .unknown : .client, joinedLate: joinedLate)
        guard !joinedLate else { return }
        let both = Self.usual | capabilities
        let greeting: [UInt8] =
            [10] + Array("\(version)\0".utf8) + Self.little(7, 4) + Array(repeating: 0x41, count: 8) + [0]
            + Self.little(both & 0xFFFF, 2) + [45] + [2, 0] + Self.little(both >> 16, 2) + [21]
            + Array(repeating: 0, count: 10) + Array(repeating: 0x42, count: 13) + Array("mysql_native_password\0".utf8)
        raw(.receive, Self.packet(0, greeting))
        guard logsIn else { return }
        raw(.send, Self.login(both))
        server(2, .ok())
    }

    static func login(_ capabilities: UInt32) -> [UInt8] {
        packet(
            1,
            little(capabilities, 4) + little(1 << 24, 4) + [45] + Array(repeating: 0, count: 23) + Array("alice\0".utf8)
                + [4, 1, 2, 3, 4] + Array("shop\0".utf8))
    }

    enum Client {
        case query(String)
        case prepare(String)
        case execute(UInt32, cursor: Bool = false)
        case fetch(UInt32)
        case close(UInt32)
        case reset(UInt32)
        case database(String)
        case ping, quit, resetConnection

        var bytes: [UInt8] {
            let body: [UInt8] =
                switch self {
                case .query(let text): [3] + Array(text.utf8)
                case .prepare(let text): [0x16] + Array(text.utf8)
                case .execute(let id, let cursor):
                    [0x17] + MySQLTalk.little(id, 4) + [cursor ? 1 : 0, 1, 0, 0, 0, 0, 1, 0xFD, 0, 6]
                        + Array("secret".utf8)
                case .fetch(let id): [0x1C] + MySQLTalk.little(id, 4) + [2, 0, 0, 0]
                case .close(let id): [0x19] + MySQLTalk.little(id, 4)
                case .reset(let id): [0x1A] + MySQLTalk.little(id, 4)
                case .database(let name): [2] + Array(name.utf8)
                case .ping: [0x0E]
                case .quit: [1]
                case .resetConnection: [0x1F]
                }
            return MySQLTalk.packet(0, body)
        }
    }

    enum Server {
        case ok(affected: UInt8 = 0, status: UInt16 = 2)
        case error(UInt16)
        case columns(UInt8)
        case definition
        case row(String)
        case end(status: UInt16 = 2)
        /// In the place of EOF.
        case okEnd(status: UInt16 = 2)
        case prepared(UInt32, columns: UInt8, parameters: UInt8)
        case file

        var body: [UInt8] {
            switch self {
            case .ok(let affected, let status): [0, affected, 0] + MySQLTalk.little(UInt32(status), 2) + [0, 0]
            case .error(let code):
                [0xFF] + MySQLTalk.little(UInt32(code), 2) + Array("#42000with 'a secret'".utf8)
            case .columns(let count): [count]
            case .definition:
                Array("\u{3}def\u{4}shop\u{1}t\u{1}t\u{1}a\u{1}a".utf8) + [
                    0x0C, 45, 0, 255, 0, 0, 0, 0xFD, 0, 0, 0, 0, 0,
                ]
            case .row(let text): [UInt8(text.utf8.count)] + Array(text.utf8)
            case .end(let status): [0xFE, 0, 0] + MySQLTalk.little(UInt32(status), 2)
            case .okEnd(let status): [0xFE, 0, 0] + MySQLTalk.little(UInt32(status), 2) + [0, 0]
            case .prepared(let id, let columns, let parameters):
                [0] + MySQLTalk.little(id, 4) + [columns, 0, parameters, 0, 0, 0, 0]
            case .file: [0xFB] + Array("/a/file".utf8)
            }
        }
    }

    static func little(_ number: UInt32, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * UInt32($0))) }
    }

    static func packet(_ sequence: UInt8, _ body: [UInt8]) -> [UInt8] {
        little(UInt32(body.count), 3) + [sequence] + body
    }

    static func packets(_ first: UInt8, _ said: [Server]) -> [UInt8] {
        said.enumerated().flatMap { packet(first &+ UInt8(truncatingIfNeeded: $0.offset), $0.element.body) }
    }

    /// Rows of one column.
    static func rows(_ texts: [String], last: Server = .end()) -> [Server] {
        [.columns(1), .definition, .end()] + texts.map { .row($0) } + [last]
    }

    mutating func client(_ commands: Client...) { raw(.send, commands.flatMap(\.bytes)) }

    mutating func server(_ first: UInt8 = 1, _ said: Server...) { raw(.receive, Self.packets(first, said)) }

    mutating func server(_ said: [Server]) { raw(.receive, Self.packets(1, said)) }

    /// Checks the operations, however the streams are cut.
    func check(_ expected: [String], _ location: SourceLocation = #_sourceLocation) throws {
        try ended.checkOperations(expected, location)
    }
}
