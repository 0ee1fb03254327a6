import Shared

/// Cuts what a Redis client sends into commands: arrays of bulk strings ("Redis serialization protocol specification").
struct RedisCommands {
    private var pending: [UInt8] = []
    /// The place in the stream is lost: nothing more is told of it.
    private var isLost = false

    /// A command of the traffic that is graded is far smaller.
    private static let longest = 1 << 20

    /// Bytes are missing: where the next command begins is not known any more.
    mutating func gap() {
        isLost = true
        pending = []
    }

    /// - Parameter emit: takes the words of each command.
    mutating func feed(_ bytes: RawSpan, _ emit: ([[UInt8]]) -> Void) {
        guard !isLost else { return }
        var input = pending
        pending = []
        input.append(bytes)
        var start = 0
        while start < input.count {
            switch Self.command(input.span.bytes, at: start) {
            case .value(let words, let end):
                emit(words)
                start = end
            case .open where input.count - start <= Self.longest:
                pending = Array(input[start...])
                return
            case .open, .no: return gap()
            }
        }
    }

    private enum Step<Value> {
        /// What was read, and the offset behind it.
        case value(Value, Int)
        case open
        case no
    }

    private static func command(_ bytes: RawSpan, at start: Int) -> Step<[[UInt8]]> {
        var words: [[UInt8]] = []
        switch number(bytes, UInt8(ascii: "*"), at: start) {
        case .no: return .no
        case .open: return .open
        case .value(let count, var at):
            while words.count < count {
                switch word(bytes, at: at) {
                case .no: return .no
                case .open: return .open
                case .value(let word, let end):
                    words.append(word)
                    at = end
                }
            }
            return .value(words, at)
        }
    }

    private static func word(_ bytes: RawSpan, at start: Int) -> Step<[UInt8]> {
        switch number(bytes, UInt8(ascii: "$"), at: start) {
        case .no: return .no
        case .open: return .open
        case .value(let length, let text):
            guard length <= longest else { return .no }
            let end = text + length
            guard end + 2 <= bytes.byteCount else { return .open }
            return bytes.has("\r\n", at: end) ? .value([UInt8](bytes.extracting(text..<end)), end + 2) : .no
        }
    }

    /// A sign, a decimal number and CRLF.
    private static func number(_ bytes: RawSpan, _ sign: UInt8, at start: Int) -> Step<Int> {
        guard let first = bytes.u8(at: start) else { return .open }
        guard first == sign else { return .no }
        guard let end = bytes.firstIndex(of: 0x0D, from: start) else {
            return bytes.byteCount - start <= longestLine ? .open : .no
        }
        guard let value = bytes.decimal(start + 1..<end) else { return .no }
        guard let feed = bytes.u8(at: end + 1) else { return .open }
        return feed == 0x0A ? .value(value, end + 2) : .no
    }

    /// A sign and a number of up to ten digits.
    private static let longestLine = 11

    /// A command as reports show it.
    static func text(_ words: [[UInt8]]) -> String {
        words.map { String(decoding: $0, as: UTF8.self).debugDescription }.joined(separator: " ")
    }
}
