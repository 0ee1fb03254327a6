/// What a socket carries: messages of its own, or the stream of another protocol, which its first binary messages show.
///
/// Only services are looked for: what a message says that looks like HTTP is said within a socket, and is none.
struct WebSocketContent: ~Copyable {
    /// It is still open what the socket carries.
    private(set) var isOpen = false
    /// A protocol of message buses that is known by name; what is said in it is not shown.
    private(set) var name: StaticString?
    private var bytes: InlineArray<2, [UInt8]> = [[], []]
    private var first: Side?
    private var messages = 0

    /// The first messages show it, or nothing does.
    private static let looked = 4
    private static let kept = 16 << 10

    /// Subprotocols of message buses (IANA's registry of "WebSocket Subprotocol Names"), and how their names begin.
    private static let buses: [(start: StaticString, name: StaticString)] = [
        ("mqtt", "mqtt"), ("v10.stomp", "stomp"), ("v11.stomp", "stomp"), ("v12.stomp", "stomp"), ("stomp", "stomp"),
        ("amqp", "amqp"), ("AMQPWSB10", "amqp"), ("nats", "nats"),
    ]

    init() {}

    mutating func begin(_ agreement: WebSocketAgreement) {
        isOpen = !agreement.isUnknown && !agreement.isExtended && !agreement.isGraphQL
        bytes = [[], []]
        first = nil
        messages = 0
        let subprotocol = agreement.subprotocol.span.bytes
        name = Self.buses.first { subprotocol.has($0.start, at: 0) }?.name
    }

    /// Its messages' content is not shown.
    var isHidden: Bool { name != nil }

    var held: Int { bytes[0].count &+ bytes[1].count }

    mutating func keep(_ piece: RawSpan, _ side: Side) {
        if first == nil { first = side }
        guard held &+ piece.byteCount <= Self.kept else { return giveUp() }
        bytes[Int(side.rawValue)].append(piece)
    }

    /// What was said until now is no beginning of anything else.
    mutating func giveUp() {
        guard isOpen else { return }
        isOpen = false
        bytes = [[], []]
    }

    /// A message is complete.
    /// - Returns: whether the messages are the stream of a service.
    mutating func judge(_ opcode: UInt8, _ registry: Registry) -> Bool {
        messages &+= 1
        guard opcode == WebSocketFrame.Opcode.binary else {
            if name == nil, bytes[0].starts(with: Self.connect) || bytes[0].starts(with: Self.stomp) { name = "stomp" }
            giveUp()
            return false
        }
        let context = DetectionContext(isStreamStart: true, isFinal: false)
        for entry in registry.detectors where registry[entry.row].role == .service {
            let finding = entry.detector.examine(
                client: bytes[0].span.bytes, server: bytes[1].span.bytes, context)
            if case .yes = finding {
                isOpen = false
                return true
            }
        }
        if name == nil, Self.isMQTT(bytes[0].span.bytes) { name = "mqtt" }
        if messages >= Self.looked || name != nil { giveUp() }
        return false
    }

    private static let connect = Array("CONNECT\n".utf8)
    private static let stomp = Array("STOMP\n".utf8)

    /// CONNECT (MQTT 5.0, section 3.1): its type, its length, and the protocol's name.
    private static func isMQTT(_ bytes: RawSpan) -> Bool {
        guard bytes.u8(at: 0) == 0x10 else { return false }
        for start in 2...5 where bytes.has("\u{0}\u{4}MQTT", at: start) || bytes.has("\u{0}\u{6}MQIsdp", at: start) {
            return true
        }
        return false
    }

    /// Gives what was kept to whose it is, and forgets it.
    mutating func hand(_ body: (RawSpan, Side) -> Void) {
        let order: [Side] = first == .server ? [.server, .client] : [.client, .server]
        for side in order { body(bytes[Int(side.rawValue)].span.bytes, side) }
        bytes = [[], []]
    }
}
