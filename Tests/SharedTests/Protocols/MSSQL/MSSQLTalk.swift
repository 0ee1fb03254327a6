import Testing

@testable import Shared

/// What a client and SQL Server say, packet by packet ([MS-TDS] 2.2).
struct MSSQLTalk: TapedTalk {
    var tape = TapeBuilder()
    private(set) var session: UInt16?

    init(joinedLate: Bool = false, logsIn: Bool = true) {
        tape.open(remote: TapeBuilder.server(1433), role: joinedLate ? .unknown : .client, joinedLate: joinedLate)
        guard !joinedLate else { return }
        let prelogin: [UInt8] = [0, 0, 6, 0, 6, 0xFF, 1, 2, 3, 4, 5, 6]
        send(0x12, prelogin)
        raw(.receive, Self.packets(0x04, prelogin))
        guard logsIn else { return }
        login()
        answer(Self.loginAck + Self.done(0))
    }

    static let loginAck: [UInt8] = [0xAD, 10, 0, 1, 0x74, 0, 0, 4, 0, 16, 0, 0, 0]

    mutating func login() {
        var login = [UInt8](repeating: 0, count: 94)
        let database = Self.utf16("shop")
        let total = login.count + database.count
        login.replaceSubrange(0..<8, with: [UInt8(total), 0, 0, 0, 4, 0, 0, 0x74])
        login.replaceSubrange(68..<72, with: [94, 0, 4, 0])
        send(0x10, login + database)
    }

    static func utf16(_ text: String) -> [UInt8] { text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] } }

    static func little(_ number: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) }
    }

    /// A message in packets of so many bytes of content.
    static func packets(_ type: UInt8, _ content: [UInt8], every size: Int = 4000) -> [UInt8] {
        stride(from: 0, to: max(1, content.count), by: size).enumerated().flatMap { number, start -> [UInt8] in
            let part = content[start..<min(content.count, start + size)]
            let length = part.count + 8
            let isLast = start + size >= content.count
            return [
                type, isLast ? 1 : 0, UInt8(length >> 8), UInt8(length & 0xFF), 0, 52, UInt8((number + 1) & 0xFF), 0,
            ] + part
        }
    }

    static let headers: [UInt8] = [22, 0, 0, 0, 18, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]

    mutating func batch(_ text: String, every size: Int = 4000) {
        send(0x01, Self.headers + Self.utf16(text), every: size)
    }

    static func nvarchar(_ text: String) -> [UInt8] {
        [0, 0, 0xE7, 0x40, 0x1F, 9, 4, 0xD0, 0, 0x34] + little(UInt64(text.utf16.count * 2), 2) + utf16(text)
    }

    /// An integer; one that comes back has none yet.
    static func int(_ number: UInt32?) -> [UInt8] {
        [0, number == nil ? 1 : 0, 0x26, 4] + (number.map { [4] + little(UInt64($0), 4) } ?? [0])
    }

    mutating func call(_ number: UInt8, _ parameters: [UInt8]) {
        send(0x03, Self.headers + [0xFF, 0xFF, number, 0, 0, 0] + parameters)
    }

    mutating func call(_ name: String, _ parameters: [UInt8] = []) {
        send(0x03, Self.headers + Self.little(UInt64(name.utf16.count), 2) + Self.utf16(name) + [0, 0] + parameters)
    }

    mutating func send(_ type: UInt8, _ content: [UInt8], every size: Int = 4000) {
        raw(.send, Self.packets(type, content, every: size))
    }

    mutating func answer(_ tokens: [UInt8], every size: Int = 4000) {
        raw(.receive, Self.packets(0x04, tokens, every: size))
    }

    /// From here on what is said is of a session (MARS).
    mutating func choose(_ session: UInt16) { self.session = session }

    mutating func raw(_ direction: Direction, _ bytes: [UInt8]) {
        tape.wait(milliseconds: 1)
        guard let session else { return tape.data(direction, bytes) }
        let head: [UInt8] = [0x53, 8] + Self.little(UInt64(session), 2) + Self.little(UInt64(bytes.count + 16), 4)
        tape.data(direction, head + Array(repeating: 0, count: 8) + bytes)
    }

    // MARK: Tokens

    static func done(_ status: UInt8, command: UInt8 = 0, count: UInt64 = 0, token: UInt8 = 0xFD) -> [UInt8] {
        [token, status, 0, command, 0] + little(count, 8)
    }

    static func error(_ number: UInt32, severity: UInt8 = 16) -> [UInt8] {
        let text = utf16("a secret")
        let body = little(UInt64(number), 4) + [1, severity] + little(8, 2) + text + [0, 0] + little(1, 4)
        return [0xAA] + little(UInt64(body.count), 2) + body
    }

    /// One column of characters, and rows of it.
    static func rows(_ count: Int, length: Int = 10) -> [UInt8] {
        [0x81, 1, 0, 0, 0, 0, 0, 9, 0, 0xA7, 0xFF, 0x1F, 9, 4, 0xD0, 0, 0x34, 1, 0x61, 0]
            + (0..<count).flatMap { _ in [0xD1] + little(UInt64(length), 2) + Array(repeating: 0x79, count: length) }
    }

    static func handle(_ number: UInt32) -> [UInt8] {
        [0xAC, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x26, 4, 4] + little(UInt64(number), 4)
    }
}
