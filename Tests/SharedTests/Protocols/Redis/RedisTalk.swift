@testable import Shared

extension ServiceTalk {
    static func redis(joinedLate: Bool = false) -> ServiceTalk { ServiceTalk(port: 6379, joinedLate: joinedLate) }

    /// A command of Redis, as an array of bulk strings.
    static func command(_ words: String) -> [UInt8] {
        let words = words.split(separator: " ").map { Array($0.utf8) }
        return Array("*\(words.count)\r\n".utf8)
            + words.flatMap { Array("$\($0.count)\r\n".utf8) + $0 + Array("\r\n".utf8) }
    }

    /// Commands of Redis in one segment.
    mutating func ask(_ commands: String...) { raw(.send, commands.flatMap(Self.command)) }

    /// Replies of Redis in one segment, with a blank for CRLF: `+OK`, `$1 a`, `*2 $1 a $-1`.
    mutating func reply(_ replies: String...) {
        raw(.receive, replies.flatMap { Array($0.replacing(" ", with: "\r\n").utf8) + Array("\r\n".utf8) })
    }
}
