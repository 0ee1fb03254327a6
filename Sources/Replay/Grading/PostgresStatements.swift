import Shared

/// Cuts what a PostgreSQL client sends into messages, and gives the statements that it has executed: the text of each
/// Query, and for each Execute the text that Parse had given to the prepared statement (PostgreSQL's documentation,
/// "Frontend/Backend Protocol", sections 55.2 and 55.7).
struct PostgresStatements {
    private var pending: [UInt8] = []
    /// Bytes of a message without interest that are still to come.
    private var skipped = 0
    private var isStarted: Bool
    /// The place in the stream is lost, or what follows can't be read (TLS).
    private var isLost = false
    private var prepared: [[UInt8]: [UInt8]] = [:]
    private var portals: [[UInt8]: [UInt8]] = [:]

    /// The server has no limit; clients keep a handful.
    private static let mostNames = 4096
    /// A message of the traffic that is graded is far smaller; the server's limit is 1 GiB.
    private static let longest = 1 << 20

    /// - Parameter joinedLate: the startup is past.
    init(joinedLate: Bool) { isStarted = joinedLate }

    /// Bytes are missing: where the next message begins is not known any more.
    mutating func gap() {
        isLost = true
        pending = []
    }

    /// - Parameter emit: takes the text of each statement.
    mutating func feed(_ bytes: RawSpan, _ emit: ([UInt8]) -> Void) {
        guard !isLost else { return }
        let passed = min(skipped, bytes.byteCount)
        skipped -= passed
        var input = pending
        pending = []
        input.append(bytes.extracting(passed..<bytes.byteCount))
        var start = 0
        while !isLost, start < input.count {
            let rest = input.span.bytes.extracting(start..<input.count)
            guard let length = isStarted ? message(rest, emit) : startup(rest) else { break }
            start += length
        }
        if start > input.count {
            skipped += start - input.count
        } else if !isLost {
            pending = Array(input[start...])
        }
    }

    /// - Returns: the message's length; `nil` where too little of it is there.
    private mutating func startup(_ bytes: RawSpan) -> Int? {
        guard let length = bytes.big(UInt32.self, at: 0), let code = bytes.big(UInt32.self, at: 4) else { return nil }
        switch code {
        // SSLRequest, GSSENCRequest; where the server accepts, a TLS record follows, whose first byte is no length.
        case 80_877_103, 80_877_104: return 8
        case 196_608...196_610 where length >= 8 && Int(length) <= Self.longest:
            isStarted = true
            return Int(length)
        default:
            isLost = true
            return nil
        }
    }

    private mutating func message(_ bytes: RawSpan, _ emit: ([UInt8]) -> Void) -> Int? {
        guard let type = bytes.u8(at: 0), let length = bytes.big(UInt32.self, at: 1) else { return nil }
        guard (type | 0x20) &- 0x61 < 26, length >= 4, length <= 1 << 30 else {
            isLost = true
            return nil
        }
        let end = Int(length) + 1
        guard "QPBEC".utf8.contains(type) else { return end }
        guard end <= bytes.byteCount else {
            isLost = end > Self.longest
            return nil
        }
        var at = 5
        let body = bytes.extracting(first: end)
        switch type {
        case UInt8(ascii: "Q"):
            if let text = Self.text(body, &at) { emit(text) }
        case UInt8(ascii: "P"):
            if let name = Self.text(body, &at), let text = Self.text(body, &at) { prepared[name] = text }
        case UInt8(ascii: "B"):
            if let portal = Self.text(body, &at), let name = Self.text(body, &at), let text = prepared[name] {
                portals[portal] = text
            }
        case UInt8(ascii: "E"):
            if let portal = Self.text(body, &at), let text = portals[portal] { emit(text) }
        default:
            at += 1
            guard let name = Self.text(body, &at) else { break }
            if body.u8(at: 5) == UInt8(ascii: "S") { prepared[name] = nil } else { portals[name] = nil }
        }
        if prepared.count > Self.mostNames || portals.count > Self.mostNames { isLost = true }
        return end
    }

    /// A string up to its NUL.
    private static func text(_ bytes: RawSpan, _ at: inout Int) -> [UInt8]? {
        guard let end = bytes.firstIndex(of: 0, from: at) else { return nil }
        defer { at = end + 1 }
        return [UInt8](bytes.extracting(at..<end))
    }
}
