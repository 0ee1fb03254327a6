/// Reads the few outermost members of a JSON object that say what kind of message it is, and to which other it belongs.
///
/// However the text is cut, the members are the same. Of a value only a short text, a number or a word is kept; it is not for any
/// output but as a name (`kind`).
struct JSONMembers: ~Copyable {
    /// A member that is looked for.
    enum Name: Int, CaseIterable {
        case jsonrpc, id, method, result, error, type, event, action, op, kind, cmd, command, messageType, payload
        /// Within `payload`, and within `error`.
        case operationName, code

        var text: StaticString {
            switch self {
            case .jsonrpc: "jsonrpc"
            case .id: "id"
            case .method: "method"
            case .result: "result"
            case .error: "error"
            case .type: "type"
            case .event: "event"
            case .action: "action"
            case .op: "op"
            case .kind: "kind"
            case .cmd: "cmd"
            case .command: "command"
            case .messageType: "messageType"
            case .payload: "payload"
            case .operationName: "operationName"
            case .code: "code"
            }
        }

        /// The member that it stands in.
        var parent: Name? {
            switch self {
            case .operationName: .payload
            case .code: .error
            default: nil
            }
        }
    }

    /// Those by which messages are told apart, in the order in which they are asked.
    private static let kinds: [Name] = [.type, .event, .action, .op, .method, .cmd, .command, .messageType, .kind]
    /// Longer ones are data.
    private static let longest = 64

    private var present: UInt32 = 0
    private var values: InlineArray<16, ByteRange> = InlineArray(repeating: .empty)
    /// Of these, such as were texts.
    private var texts: UInt32 = 0
    private var kept = UniqueBytes()
    private var token = UniqueBytes()
    private var depth = 0
    private var isObject = false
    /// Which member of those that are looked into is read.
    private var parent: Name?
    private var state = State.value
    private var isEscaped = false
    /// The text is too long, or has an escape.
    private var isOdd = false
    private var member: Name?

    private enum State {
        /// Between tokens, where a value or a separator is.
        case value
        /// Between tokens, where a key is.
        case key
        case keyText
        case valueText
        /// A number or a word.
        case scalar
        /// A text that nobody asks for.
        case otherText
    }

    init() {}

    mutating func reset() {
        present = 0
        texts = 0
        kept.removeAll()
        token.removeAll()
        depth = 0
        isObject = false
        parent = nil
        state = .value
        isEscaped = false
        member = nil
    }

    func has(_ name: Name) -> Bool { present & 1 << UInt32(name.rawValue) != 0 }

    func isText(_ name: Name) -> Bool { texts & 1 << UInt32(name.rawValue) != 0 }

    /// Lends the value, which is empty where it was not kept.
    func withValue<Result>(of name: Name, _ body: (RawSpan) -> Result) -> Result {
        body(kept.bytes.extracting(has(name) ? values[name.rawValue].range : 0..<0))
    }

    /// Lends what the message calls its kind, if it has a word for it: what looks like one thing among many is no kind.
    func withKind<Result>(_ body: (RawSpan) -> Result) -> Result {
        for name in Self.kinds where has(name) && isText(name) {
            let value = kept.bytes.extracting(values[name.rawValue])
            if Self.isWord(value) { return body(value) }
        }
        return body(RawSpan())
    }

    /// Whether a text can be a name: of letters, digits and what joins them, and no identifier.
    static func isWord(_ text: RawSpan) -> Bool {
        guard let first = text.u8(at: 0), ASCII.isLetter(first), text.byteCount <= longest else { return false }
        let isPlain = text.fit(allOf: text.byteCount, at: 0) { byte in
            ASCII.isLetter(byte) || ASCII.isDigit(byte) || byte == 0x5F || byte == 0x2D || byte == 0x2E || byte == 0x3A
                || byte == 0x2F || byte == 0x24
        }
        return isPlain == .yes && text.withUnsafeBytes { IdentifierClass.of($0) } == nil
    }

    // MARK: Reading

    mutating func feed(_ bytes: RawSpan) {
        var at = 0
        while at < bytes.byteCount {
            let byte = bytes.byte(at)
            at &+= 1
            switch state {
            case .otherText:
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\"") {
                    state = .value
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                }
            case .keyText, .valueText: text(byte)
            case .scalar:
                if Self.endsScalar(byte) {
                    keep(isText: false)
                    between(byte)
                } else {
                    append(byte)
                }
            case .value, .key: between(byte)
            }
        }
    }

    private static func endsScalar(_ byte: UInt8) -> Bool {
        byte <= 0x20 || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]")
    }

    private mutating func append(_ byte: UInt8) {
        if token.count < Self.longest { token.append(byte) } else { isOdd = true }
    }

    /// Whether keys at this depth are looked at.
    private var isRead: Bool { isObject && (depth == 1 || depth == 2 && parent != nil) }

    private mutating func text(_ byte: UInt8) {
        if isEscaped {
            isEscaped = false
        } else if byte == UInt8(ascii: "\"") {
            if state == .keyText {
                member = isOdd ? nil : named()
                state = .value
            } else {
                keep(isText: true)
            }
        } else if byte == UInt8(ascii: "\\") {
            isEscaped = true
            isOdd = true
        } else {
            append(byte)
        }
    }

    private func named() -> Name? {
        for name in Name.allCases where name.parent == (depth == 2 ? parent : nil) {
            if token.bytes.isWord(name.text, at: 0..<token.count) { return name }
        }
        return nil
    }

    private mutating func keep(isText: Bool) {
        state = .value
        guard let name = member else { return }
        member = nil
        let bit = UInt32(1) << UInt32(name.rawValue)
        present |= bit
        texts = isText ? texts | bit : texts & ~bit
        let start = kept.count
        if !isOdd {
            var value = UniqueBytes()
            swap(&value, &token)
            kept.append(value.bytes)
            swap(&value, &token)
        }
        values[name.rawValue] = ByteRange(start, kept.count)
    }

    private mutating func between(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""):
            isEscaped = false
            isOdd = false
            token.removeAll()
            state = !isRead ? .otherText : state == .key ? .keyText : member == nil ? .otherText : .valueText
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            let isBrace = byte == UInt8(ascii: "{")
            if depth == 0 { isObject = isBrace }
            if depth == 1, let member {
                present |= 1 << UInt32(member.rawValue)
                texts &= ~(1 << UInt32(member.rawValue))
                values[member.rawValue] = .empty
                parent = isBrace && (member == .payload || member == .error) ? member : nil
            }
            member = nil
            depth &+= 1
            state = isRead && isBrace ? .key : .value
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            depth &-= 1
            if depth == 1 { parent = nil }
            state = .value
        case UInt8(ascii: ","): if isRead { state = .key }
        case 0x21...0x7E where byte != UInt8(ascii: ":"):
            guard isRead, state == .value, member != nil else { return }
            isOdd = false
            token.removeAll()
            append(byte)
            state = .scalar
        default: break
        }
    }
}
