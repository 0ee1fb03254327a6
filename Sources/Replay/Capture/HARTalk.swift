import Shared

/// What is said on the connection of one entry, as HTTP/1.1 or HTTP/2 has it on the wire.
struct HARTalk {
    private(set) var events: [(event: CapturedEvent, payload: [UInt8])] = []
    private let id: ConnectionID
    private let layer: StreamLayer
    let isHTTP2: Bool
    private var sent: UInt64 = 0
    private var received: UInt64 = 0

    typealias Field = (name: String, value: String)

    struct Head {
        var start: Start
        var fields: [Field]
        /// HTTP/1.0, and not HTTP/1.1.
        var isOld = false

        enum Start {
            /// - Parameter tunnel: what an extended CONNECT of HTTP/2 asks for (RFC 8441, section 4).
            case request(method: String, target: String, isSecure: Bool, tunnel: String? = nil)
            case answer(status: Int, reason: String)
        }
    }

    /// As much as is there, and how much is not.
    struct Body {
        var bytes: [UInt8] = []
        var missing: UInt64 = 0
    }

    init(id: ConnectionID, layer: StreamLayer, isHTTP2: Bool) {
        self.id = id
        self.layer = layer
        self.isHTTP2 = isHTTP2
    }

    /// A message whose first byte comes at one time and whose others at another.
    /// - Parameters:
    ///   - trailers: fields behind the body, which HTTP/1.1 has for bodies in chunks alone.
    ///   - goesOn: what was asked for follows on the same stream, until the talk is closed.
    mutating func say(
        _ direction: Direction, _ head: Head, _ body: Body, _ trailers: [Field], from start: Timestamp,
        to end: Timestamp, goesOn: Bool = false
    ) {
        guard isHTTP2 else {
            let bytes = head.text
            data(direction, Array(bytes.prefix(1)), start)
            data(direction, bytes.dropFirst() + body.bytes, end)
            return gap(direction, body.missing, end)
        }
        let bytes = Self.frames(direction, head, isLast: body.isEmpty && trailers.isEmpty && !goesOn)
        data(direction, Array(bytes.prefix(1)), start)
        data(direction, Array(bytes.dropFirst()), end)
        dataFrames(direction, body, isLast: trailers.isEmpty && !goesOn, end)
        if !trailers.isEmpty { data(direction, Self.headers(Self.block(trailers), isLast: true), end) }
    }

    /// A message of a WebSocket as one frame (RFC 6455, section 5.2), masked with zeros where the client sends it.
    mutating func say(_ message: HARDocument.WebSocketMessage, at moment: Timestamp) {
        let direction: Direction = message.type == "send" ? .send : .receive
        let mask: UInt8 = direction == .send ? 0x80 : 0
        let text = Array(message.data.utf8)
        let payload = message.opcode == 2 ? Base64.decode(text.span.bytes) ?? text : text
        var frame = [0x80 | UInt8(truncatingIfNeeded: message.opcode & 0xF)]
        switch payload.count {
        case ..<126: frame.append(mask | UInt8(payload.count))
        case ..<65_536: frame += [mask | 126] + Self.bigEndian(payload.count, bytes: 2)
        default: frame += [mask | 127] + Self.bigEndian(payload.count, bytes: 8)
        }
        if mask != 0 { frame += [0, 0, 0, 0] }
        guard isHTTP2 else { return data(direction, frame + payload, moment) }
        dataFrames(direction, Body(bytes: frame + payload), isLast: false, moment)
    }

    /// Nothing more is said of what went on behind an answer.
    mutating func close(at moment: Timestamp) {
        guard isHTTP2 else { return }
        for direction in Direction.allCases {
            data(direction, Self.frame(type: 0, flags: 1, stream: 1, length: 0), moment)
        }
    }

    // MARK: Streams

    private mutating func data(_ direction: Direction, _ bytes: [UInt8], _ at: Timestamp) {
        guard !bytes.isEmpty else { return }
        events.append((CapturedEvent(at, .data(advance(direction, UInt64(bytes.count)))), bytes))
    }

    private mutating func gap(_ direction: Direction, _ length: UInt64, _ at: Timestamp) {
        guard length > 0 else { return }
        let gap = StreamGap(at: advance(direction, length), length: length, reason: .captureLimit)
        events.append((CapturedEvent(at, .gap(gap)), []))
    }

    private mutating func advance(_ direction: Direction, _ count: UInt64) -> StreamPosition {
        let start = direction == .send ? sent : received
        if direction == .send { sent += count } else { received += count }
        return StreamPosition(id, direction, start, layer: layer)
    }

    // MARK: HTTP/2 (RFC 9113)

    /// What begins a connection, and the head on its first stream, with each field as a literal (RFC 7541, section 6.2.2).
    private static func frames(_ direction: Direction, _ head: Head, isLast: Bool) -> [UInt8] {
        // SETTINGS_MAX_FRAME_SIZE, as large as it may be.
        var bytes = frame(type: 4, flags: 0, stream: 0, length: 6) + [0, 5] + bigEndian(longestFrame, bytes: 4)
        if direction == .send { bytes = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + bytes }
        return bytes + headers(block(head.pseudoFields + head.fields), isLast: isLast)
    }

    private static func block(_ fields: [Field]) -> [UInt8] {
        var block: [UInt8] = []
        for field in fields where !ofOneConnection.contains(field.name.lowercased()) {
            block.append(0)
            for text in [field.name.lowercased(), field.value] { block += integer(text.utf8.count) + Array(text.utf8) }
        }
        return block
    }

    private static func headers(_ block: [UInt8], isLast: Bool) -> [UInt8] {
        let endsHeaders: UInt8 = 4
        return frame(type: 1, flags: endsHeaders | (isLast ? 1 : 0), stream: 1, length: block.count) + block
    }

    /// - Parameter isLast: nothing follows the body.
    private mutating func dataFrames(_ direction: Direction, _ body: Body, isLast: Bool, _ at: Timestamp) {
        var (rest, missing) = (body.bytes[...], body.missing)
        var frames = 0
        while !rest.isEmpty || missing > 0 {
            let count = min(rest.count, Self.longestFrame)
            let gap = Int(min(missing, UInt64(Self.longestFrame - count)))
            let isEnd = count == rest.count && UInt64(gap) == missing || frames == Self.mostFrames
            data(direction, Self.frame(type: 0, flags: isEnd && isLast ? 1 : 0, stream: 1, length: count + gap), at)
            data(direction, Array(rest.prefix(count)), at)
            self.gap(direction, UInt64(gap), at)
            if isEnd { return }
            rest = rest.dropFirst(count)
            missing -= UInt64(gap)
            frames += 1
        }
    }

    /// Section 4.2.
    private static let longestFrame = 1 << 24 - 1
    /// Of one body: what is missing may be any number.
    private static let mostFrames = 1024
    /// Section 8.2.2; a host is a pseudo-header field.
    private static let ofOneConnection: Set<String> = [
        "connection", "host", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade",
    ]

    private static func frame(type: UInt8, flags: UInt8, stream: Int, length: Int) -> [UInt8] {
        bigEndian(length, bytes: 3) + [type, flags] + bigEndian(stream, bytes: 4)
    }

    private static func bigEndian(_ value: Int, bytes: Int) -> [UInt8] {
        (0..<bytes).map { UInt8(truncatingIfNeeded: value >> ((bytes - 1 - $0) * 8)) }
    }

    /// RFC 7541, section 5.1, with a prefix of seven bits.
    private static func integer(_ value: Int) -> [UInt8] {
        guard value >= 127 else { return [UInt8(value)] }
        var bytes: [UInt8] = [127]
        var rest = value - 127
        while rest >= 128 {
            bytes.append(UInt8(rest % 128) | 0x80)
            rest /= 128
        }
        return bytes + [UInt8(rest)]
    }
}

extension HARTalk.Body {
    var isEmpty: Bool { bytes.isEmpty && missing == 0 }
}

extension HARTalk.Head {
    /// Fields that say how the body came, which is not how it stands in an archive; compression of WebSocket's messages is undone, too.
    private static let framing: Set<String> = [
        "content-length", "transfer-encoding", "content-encoding", "sec-websocket-extensions",
    ]

    /// The head of a message with this body.
    /// - Parameter keepsLength: the answer has none, whatever it says.
    func framed(_ body: HARTalk.Body, keepsLength: Bool) -> HARTalk.Head {
        guard !keepsLength else { return self }
        var head = self
        head.fields.removeAll { Self.framing.contains($0.name.lowercased()) }
        var isAnswer = false
        if case .answer = start { isAnswer = true }
        let length = UInt64(body.bytes.count) + body.missing
        if length > 0 || isAnswer { head.fields.append(("Content-Length", "\(length)")) }
        return head
    }

    /// Says what the connection goes on as (RFC 9110, section 7.8), if an archive leaves that out.
    mutating func agrees(on name: String) {
        guard !fields.contains(where: { $0.name.lowercased() == "upgrade" }) else { return }
        fields += [("Upgrade", name), ("Connection", "Upgrade")]
    }

    /// As HTTP/1.1 has it.
    var text: [UInt8] {
        let version = isOld ? "HTTP/1.0" : "HTTP/1.1"
        let first =
            switch start {
            case .request(let method, let target, _, _): "\(method) \(target) \(version)"
            case .answer(let status, let reason): "\(version) \(status) \(reason)"
            }
        return Array(([first] + fields.map { "\($0.name): \($0.value)" }).joined(separator: "\r\n").utf8)
            + Array("\r\n\r\n".utf8)
    }

    /// What HTTP/2 has in place of the first line.
    var pseudoFields: [HARTalk.Field] {
        switch start {
        case .request(let method, let target, let isSecure, let tunnel):
            // Section 8.5.
            if method == "CONNECT", tunnel == nil { return [(":method", method), (":authority", target)] }
            let host = fields.first { $0.name.lowercased() == "host" }?.value ?? ""
            let asked = tunnel.map { [(":protocol", $0)] } ?? []
            return [(":method", tunnel == nil ? method : "CONNECT")] + asked + [
                (":scheme", isSecure ? "https" : "http"), (":authority", host), (":path", target),
            ]
        case .answer(let status, _): return [(":status", "\(status)")]
        }
    }
}
