/// Methods of AMQP 0-9-1 (amqp0-9-1.extended.xml), by class and number.
enum AMQPMethod {
    static let header: UInt16 = 2
    static let body: UInt16 = 3

    /// What a client asks for and the server answers by the next number.
    struct Ask {
        var name: StaticString
        var isHousekeeping = false
        var targets = Targets.none
        /// Where its targets begin: behind a reserved number.
        var start = 6
        /// The bit that says that it wants no answer, in the byte behind its targets; 0: it always has one.
        var noWait: UInt8 = 0

        enum Targets {
            case none
            /// One short text.
            case one
            /// A source and a destination, which is an exchange or a queue, and the routing key that joins them.
            case binding
            /// A queue, and then the consumer's tag.
            case consumer
        }
    }

    static func ask(_ method: UInt32) -> Ask? {
        switch method {
        case 0x000A_0028: Ask(name: "connect", isHousekeeping: true)
        case 0x000A_0032: Ask(name: "connection.close", isHousekeeping: true)
        case 0x0014_000A: Ask(name: "channel.open", isHousekeeping: true)
        case 0x0014_0014: Ask(name: "channel.flow", isHousekeeping: true)
        case 0x0014_0028: Ask(name: "channel.close", isHousekeeping: true)
        case 0x001E_000A: Ask(name: "access.request", isHousekeeping: true)
        case 0x0028_000A: Ask(name: "exchange.declare", targets: .one)
        case 0x0028_0014: Ask(name: "exchange.delete", targets: .one, noWait: 2)
        case 0x0028_001E: Ask(name: "exchange.bind", targets: .binding, noWait: 1)
        case 0x0028_0028: Ask(name: "exchange.unbind", targets: .binding, noWait: 1)
        case 0x0032_000A: Ask(name: "queue.declare", targets: .one, noWait: 16)
        case 0x0032_0014: Ask(name: "queue.bind", targets: .binding, noWait: 1)
        case 0x0032_001E: Ask(name: "queue.purge", targets: .one, noWait: 1)
        case 0x0032_0028: Ask(name: "queue.delete", targets: .one, noWait: 4)
        case 0x0032_0032: Ask(name: "queue.unbind", targets: .binding)
        case 0x003C_000A: Ask(name: "basic.qos", isHousekeeping: true)
        case 0x003C_0014: Ask(name: "consume", targets: .consumer, noWait: 8)
        case 0x003C_001E: Ask(name: "cancel", start: 4)
        case 0x003C_0046: Ask(name: "get", targets: .one)
        case 0x003C_006E: Ask(name: "basic.recover", isHousekeeping: true)
        case 0x0055_000A: Ask(name: "confirm.select", isHousekeeping: true, start: 4, noWait: 1)
        case 0x005A_000A: Ask(name: "tx.select")
        case 0x005A_0014: Ask(name: "tx.commit")
        case 0x005A_001E: Ask(name: "tx.rollback")
        default: nil
        }
    }

    /// exchange.declare has its type between its name and its bits.
    static let exchangeDeclare: UInt32 = 0x0028_000A
    static let connectionOpen: UInt32 = 0x000A_0028
    static let connectionClose: UInt32 = 0x000A_0032
    static let channelClose: UInt32 = 0x0014_0028
    static let channelOpen: UInt32 = 0x0014_000A
    static let queueDeclare: UInt32 = 0x0032_000A
    static let confirmSelect: UInt32 = 0x0055_000A
    static let consume: UInt32 = 0x003C_0014
    static let publish: UInt32 = 0x003C_0028
    static let returned: UInt32 = 0x003C_0032
    static let deliver: UInt32 = 0x003C_003C
    static let get: UInt32 = 0x003C_0046
    static let getOK: UInt32 = 0x003C_0047
    static let getEmpty: UInt32 = 0x003C_0048
    static let ack: UInt32 = 0x003C_0050
    static let reject: UInt32 = 0x003C_005A
    static let nack: UInt32 = 0x003C_0078
    static let cancel: UInt32 = 0x003C_001E
    /// Nothing is asked behind it on its channel, so that its answer is no other's.
    static func isLast(_ method: UInt32) -> Bool { method == channelClose || method == connectionClose }

    /// Whether a side says a method.
    ///
    /// What either does, as close, flow, ack, nack and cancel, is of both; RabbitMQ's extensions (blocked, update-secret) are here, too.
    static func isOf(_ side: Side, _ method: UInt32) -> Bool {
        switch method {
        case 0x000A_000B, 0x000A_0015, 0x000A_001F, 0x000A_0028, 0x000A_0046, 0x0014_000A, 0x001E_000A, 0x0028_000A,
            0x0028_0014, 0x0028_001E, 0x0028_0028, 0x0032_000A, 0x0032_0014, 0x0032_001E, 0x0032_0028, 0x0032_0032,
            0x003C_000A, consume, publish, get, reject, 0x003C_0064, 0x003C_006E, confirmSelect, 0x005A_000A,
            0x005A_0014, 0x005A_001E:
            side == .client
        case 0x000A_000A, 0x000A_0014, 0x000A_001E, 0x000A_0029, 0x000A_003C, 0x000A_003D, 0x000A_0047, 0x0014_000B,
            0x001E_000B, 0x0028_000B, 0x0028_0015, 0x0028_001F, 0x0028_0033, 0x0032_000B, 0x0032_0015, 0x0032_001F,
            0x0032_0029, 0x0032_0033, 0x003C_000B, 0x003C_0015, returned, deliver, getOK, getEmpty, 0x003C_006F,
            0x0055_000B, 0x005A_000B, 0x005A_0015, 0x005A_001F:
            side == .server
        default: true
        }
    }

    /// What the answer to a method names: the queue that is declared, the consumer that consumes or has ceased to.
    static func named(_ asked: UInt32, _ answer: RawSpan) -> [UInt8]? {
        guard asked == queueDeclare || asked == consume || asked == cancel else { return nil }
        var arguments = AMQPArguments(4)
        return arguments.shortText(answer).map { [UInt8](answer.extracting($0)) }
    }

    /// What a client says to log in, before it opens.
    static let startOK: UInt32 = 0x000A_000B
}

/// Reads a method's arguments (AMQP 0-9-1, 4.2.5).
struct AMQPArguments {
    private(set) var at: Int

    init(_ start: Int) { at = start }

    mutating func shortText(_ bytes: RawSpan) -> Range<Int>? {
        guard let size = bytes.u8(at: at), at &+ 1 &+ Int(size) <= bytes.byteCount else { return nil }
        let range = at &+ 1..<at &+ 1 &+ Int(size)
        at = range.upperBound
        return range
    }

    mutating func octet(_ bytes: RawSpan) -> UInt8? {
        defer { at &+= 1 }
        return bytes.u8(at: at)
    }

    mutating func short(_ bytes: RawSpan) -> UInt16? {
        defer { at &+= 2 }
        return bytes.big(UInt16.self, at: at)
    }

    mutating func longLong(_ bytes: RawSpan) -> UInt64? {
        defer { at &+= 8 }
        return bytes.big(UInt64.self, at: at)
    }
}

/// Where frames lie in a stream (AMQP 0-9-1, 4.2.3): a type, a channel, a size, the payload, 0xCE.
enum AMQPFraming {
    static let headerBytes = 7
    static let end: UInt8 = 0xCE
    /// RabbitMQ's default frame-max is 128 KiB; it may be raised.
    static let longest = 16 << 20

    /// The size of a payload; `nil` where no frame begins so.
    static func size(_ bytes: RawSpan, at offset: Int) -> Int? {
        guard let type = bytes.u8(at: offset), 1...3 ~= type || type == 8,
            let size = bytes.big(UInt32.self, at: offset &+ 3), size <= longest
        else { return nil }
        return Int(size)
    }

    /// The first method or heartbeat behind `from` that ends where it says.
    static func search(_ bytes: RawSpan, from: Int) -> Found {
        var at = from
        while at < bytes.byteCount {
            switch begins(bytes, at) {
            case .yes: return .at(at)
            case .open: return .none(Search(start: at, next: at))
            case .no: at &+= 1
            }
        }
        return .none(Search(start: bytes.byteCount, next: bytes.byteCount))
    }

    private static func begins(_ bytes: RawSpan, _ at: Int) -> Fit {
        guard bytes.byte(at) == 1 || bytes.byte(at) == 8 else { return .no }
        guard let size = bytes.big(UInt32.self, at: at &+ 3) else {
            return bytes.fit(byteAt: at &+ 3) { $0 == 0 }.and(.open)
        }
        let end = bytes.fit(byteAt: at &+ headerBytes &+ Int(size)) { $0 == Self.end }
        guard bytes.byte(at) == 1 else {
            return Fit(size == 0).and(bytes.fit(0 as UInt16, at: at &+ 1)).and(end)
        }
        return Fit(4...longestProof ~= size)
            .and(bytes.fit(big: UInt16.self, at: at &+ headerBytes) { 10...90 ~= $0 })
            .and(bytes.fit(big: UInt16.self, at: at &+ headerBytes &+ 2) { 10...121 ~= $0 })
            .and(end)
    }

    private static let longestProof: UInt32 = 128 << 10
}
