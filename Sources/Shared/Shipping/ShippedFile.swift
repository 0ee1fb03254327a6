import Glibc
package import Shared

/// What a file is called on a stream: whose it is, and which.
///
/// Its subject is `STREAM.HOST.FILE`. Where two hosts send a file of one name, it is one file.
package struct ShippedFile: Hashable, Sendable {
    /// A token of a subject: letters, digits, - and _.
    package let host: String
    /// 32 hexadecimal digits, which are of the tape's identity or of the content, a minus, and 16.
    package let name: String

    /// A part of a tape that can be read alone: parts of one tape differ in when they begin.
    package init(host: String, tape: TapeID, beginning: Timestamp) {
        self.init(
            host: host, digits: Self.digits(tape.high) + Self.digits(tape.low),
            number: UInt64(bitPattern: beginning.nanoseconds))
    }

    /// A file that is no tape.
    /// - Parameters:
    ///   - digits: 32 hexadecimal ones, of its content.
    ///   - number: what tells it from others with these.
    package init(host: String, digits: String, number: UInt64) {
        self.host = Self.token(host)
        name = "\(digits)-\(Self.digits(number))"
    }

    /// What a subject says; `nil`: it is of nobody's file.
    init?(subject: String) {
        let tokens = subject.split(separator: ".", omittingEmptySubsequences: false)
        guard tokens.count >= 3, let host = tokens.dropLast().last, let name = tokens.last else { return nil }
        self.init(host: host, name: name)
    }

    /// - Parameter text: `HOST.FILE`.
    init?(_ text: String) {
        let tokens = text.split(separator: ".", omittingEmptySubsequences: false)
        guard tokens.count == 2 else { return nil }
        self.init(host: tokens[0], name: tokens[1])
    }

    private init?(host: Substring, name: Substring) {
        let bytes = Array(name.utf8)
        guard !host.isEmpty, host.utf8.allSatisfy(StreamAddress.isOfName), bytes.count == 49,
            bytes[32] == UInt8(ascii: "-"), (bytes[..<32] + bytes[33...]).allSatisfy(Self.isDigit)
        else { return nil }
        self.host = String(host)
        self.name = String(name)
    }

    package var text: String { "\(host).\(name)" }

    package func subject(on address: StreamAddress) -> String { "\(address.stream).\(text)" }

    /// This machine's name.
    package static var thisHost: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func token(_ text: String) -> String {
        let bytes = text.utf8.prefix(128).map { StreamAddress.isOfName($0) ? $0 : UInt8(ascii: "_") }
        return bytes.isEmpty ? "unknown" : String(decoding: bytes, as: UTF8.self)
    }

    private static func digits(_ value: UInt64) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        0x30...0x39 ~= byte || 0x61...0x66 ~= byte
    }
}

/// Some bytes of a file, and where they lie in it: what one message brings.
package struct Piece: Equatable, Sendable {
    package var file: ShippedFile
    package var position: UInt64
    package var bytes: [UInt8]

    /// So many bytes most pieces have: half of what a server takes as a message where nobody has told it otherwise.
    package static let usualBytes = 512 << 10

    package init(_ file: ShippedFile, at position: UInt64, _ bytes: [UInt8]) {
        self.file = file
        self.position = position
        self.bytes = bytes
    }

    /// By it a server knows a message that it has already.
    ///
    /// The file goes by its name alone; of one that grows, a longer piece
    /// is another.
    func messageID(_ range: Range<Int>) -> String {
        "\(file.name)+\(position &+ UInt64(range.lowerBound))+\(range.count)"
    }

    /// Where the bytes of a message lie; `nil` where its identity says nothing of the kind.
    static func position(messageID: String) -> UInt64? {
        let parts = messageID.split(separator: "+", omittingEmptySubsequences: false)
        return parts.count == 3 ? UInt64(parts[1]) : nil
    }
}
