/// NATS: NATS documentation, "Client Protocol" (INFO, CONNECT, PUB, HPUB, SUB, UNSUB, MSG, HMSG, PING, PONG, +OK, -ERR).
///
/// Strict enough: the client's first line is CONNECT with a JSON object, the server's INFO with one that has a
/// `server_id`. PUB and MSG announce a payload's length and CRLF stands exactly behind it. PING and PONG, which IRC and
/// Redis have too, +OK and -ERR, which POP3 and Redis have, are taken for nothing by themselves.
package enum NATS: Detector {
    package static var verdict: Verdict { .service(.nats) }

    package static func examine(client: RawSpan, server: RawSpan, _ context: DetectionContext) -> Finding {
        let operation = clientOperation(client)
        return operation.proof.finding("NATS CONNECT or PUB")
            .otherwise(operation.shape.and(information(server)).finding(greeting))
            .otherwise(operation.shape.and(message(server)).finding("NATS operation and message"))
            .atTheEnd(context, client.byteCount == 0 ? serverAlone(server) : .no)
    }

    private static func serverAlone(_ server: RawSpan) -> Finding {
        information(server).finding(greeting).otherwise(message(server).finding("NATS message"))
    }

    private static let greeting: StaticString = "NATS server INFO"

    // MARK: The client

    /// What the client's first operation is worth: by itself, and beside something that the server says.
    private struct Operation {
        var proof: Fit
        var shape: Fit
    }

    private static func clientOperation(_ bytes: RawSpan) -> Operation {
        switch bytes.line(from: 0, limit: lineLimit) {
        case .no, .tooLong: return Operation(proof: .no, shape: .no)
        case .open:
            let begins: Fit = begins(bytes) ? .open : .no
            return Operation(proof: begins, shape: begins)
        case .line(let line):
            var rest = line.text
            guard let name = bytes.word(of: &rest, isBlank) else { return Operation(proof: .no, shape: .no) }
            let shape = Fit(isOperation(name, &rest, bytes))
            guard shape == .yes else { return Operation(proof: .no, shape: .no) }
            if bytes.isWordIgnoringCase("CONNECT", at: name) { return Operation(proof: .yes, shape: .yes) }
            if bytes.isWordIgnoringCase("PUB", at: name) || bytes.isWordIgnoringCase("HPUB", at: name) {
                return Operation(proof: payload(behind: line, bytes), shape: .yes)
            }
            return Operation(proof: .no, shape: .yes)
        }
    }

    private static let operations: [StaticString] = ["CONNECT", "PUB", "HPUB", "SUB", "UNSUB", "PING", "PONG"]

    private static func begins(_ bytes: RawSpan) -> Bool {
        var end = 0
        while let byte = bytes.u8(at: end), ASCII.isLetter(byte) { end &+= 1 }
        guard end < bytes.byteCount else { return bytes.mayBecome(oneOf: operations, at: 0, ignoringCase: true) }
        return operations.contains { bytes.isWordIgnoringCase($0, at: 0..<end) }
    }

    /// Whether a line has the words that its operation prescribes.
    private static func isOperation(_ name: Range<Int>, _ rest: inout Range<Int>, _ bytes: RawSpan) -> Bool {
        if bytes.isWordIgnoringCase("CONNECT", at: name) { return isObject(rest, bytes) }
        var words = 0
        var last: Range<Int>?
        while let word = bytes.word(of: &rest, isBlank) {
            words &+= 1
            last = word
        }
        let number = last.flatMap { bytes.decimal($0) }
        if bytes.isWordIgnoringCase("PUB", at: name) { return 2...3 ~= words && number != nil }
        if bytes.isWordIgnoringCase("HPUB", at: name) { return 3...4 ~= words && number != nil }
        if bytes.isWordIgnoringCase("SUB", at: name) { return 2...3 ~= words }
        if bytes.isWordIgnoringCase("UNSUB", at: name) { return 1...2 ~= words }
        return words == 0
            && (bytes.isWordIgnoringCase("PING", at: name) || bytes.isWordIgnoringCase("PONG", at: name))
    }

    // MARK: The server

    /// `INFO {"server_id":…}`.
    private static func information(_ bytes: RawSpan) -> Fit {
        let begins = bytes.fit("INFO", at: 0).and(bytes.fit(byteAt: 4, isBlank))
        guard begins == .yes else { return begins }
        switch bytes.line(from: 0, limit: lineLimit) {
        case .no, .tooLong: return .no
        case .open: return .open
        case .line(let line):
            let hasID = line.text.contains { bytes.has("\"server_id\"", at: $0) }
            return Fit(hasID && isObject(5..<line.text.upperBound, bytes))
        }
    }

    /// `MSG subject sid [reply-to] size` and a payload of that size, or HMSG with the size of its headers before.
    private static func message(_ bytes: RawSpan) -> Fit {
        let begins = bytes.fit("MSG ", at: 0).or(bytes.fit("HMSG ", at: 0))
        guard begins == .yes else { return begins }
        switch bytes.line(from: 0, limit: lineLimit) {
        case .no, .tooLong: return .no
        case .open: return .open
        case .line(let line):
            var rest = line.text
            var words = 0
            while bytes.word(of: &rest, isBlank) != nil { words &+= 1 }
            return Fit(4...6 ~= words).and(payload(behind: line, bytes))
        }
    }

    // MARK: Parts

    /// The last word of the line is how many bytes follow it before CRLF.
    private static func payload(behind line: TextLine, _ bytes: RawSpan) -> Fit {
        var rest = line.text
        var last = line.text
        while let word = bytes.word(of: &rest, isBlank) { last = word }
        // max_payload may be raised to 64 MiB.
        guard let size = bytes.decimal(last), size <= 64 << 20 else { return .no }
        return bytes.fitLineEnd(at: line.next &+ size)
    }

    /// Whether a JSON object fills the text but for blanks.
    private static func isObject(_ text: Range<Int>, _ bytes: RawSpan) -> Bool {
        var start = text.lowerBound
        var end = text.upperBound
        while start < end, let byte = bytes.u8(at: start), isBlank(byte) { start &+= 1 }
        while start < end, let byte = bytes.u8(at: end &- 1), isBlank(byte) { end &-= 1 }
        return end &- start >= 2 && bytes.u8(at: start) == UInt8(ascii: "{")
            && bytes.u8(at: end &- 1) == UInt8(ascii: "}")
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == ASCII.space || byte == ASCII.tab }

    /// The server's max_control_line is 4 KiB by default; an INFO of a large cluster is longer.
    private static let lineLimit = 32 * 1024
}
