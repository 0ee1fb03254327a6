/// AMQP 0-9-1 (RabbitMQ): what is declared, published, delivered, fetched and acknowledged (amqp0-9-1.extended.xml).
///
/// A synchronous method is answered in order on its channel. A message is a method, a header and its contents; what is published
/// is confirmed by its number where the client asked for that, what is delivered is acknowledged by its own. Contents and
/// credentials are stepped over. AMQP 1.0 is recognised and not read.
final class AMQPAnalyzer: Analyzer {
    let run: Run
    var channels: [UInt16: AMQPChannel] = [:]
    /// The virtual host.
    var namespace: [UInt8] = []
    var isKnown = false
    var lastMoment = Timestamp(nanoseconds: 0)
    private var isForeign = false
    private var isLost: InlineArray<2, Bool> = [false, false]
    private var frames: InlineArray<2, Frame> = [Frame(), Frame()]
    private var spare: [AMQPOperation] = []
    private var sparePayloads: [PayloadReader] = []
    /// Properties of the messages of both sides, behind the sizes of their contents.
    private var saidProperties = GatheredHeaders()
    private var heardProperties = GatheredHeaders()
    /// Of each side what reads the contents that its frame has.
    private var bodies: InlineArray<2, PayloadReader?> = [nil, nil]
    var waiting = 0

    /// The frame of a side whose end comes.
    struct Frame {
        var type: UInt8 = 0
        var channel: UInt16 = 0
        var size = 0
        var first = Timestamp(nanoseconds: 0)
        var isAtEnd = false
    }

    /// Of a method what is read of it: names are 255 bytes at the most, and publish has two.
    private static let longestMethod = 1024

    init(_ run: Run) { self.run = run }

    func begin(_ start: Start) {
        channels.removeAll()
        namespace = []
        isKnown = start != .middle
        isForeign = false
        isLost = [start == .middle, start == .middle]
        frames = [Frame(), Frame()]
        bodies = [nil, nil]
        saidProperties.close()
        heardProperties.close()
        waiting = 0
    }

    // MARK: From the channel

    func consume(_ bytes: RawSpan, _ side: Side, _ at: Arrival, _ out: any Output) -> Step {
        lastMoment = at.last
        let place = side == .client ? 0 : 1
        guard !isForeign else { return foreign(bytes, out) }
        if isLost[place] { return .lost(took: 0, .betweenMessages) }
        var used = 0
        var began = at.first
        while used < bytes.byteCount {
            if place == 0 ? saidProperties.areOpen : heardProperties.areOpen {
                let (taken, end) = gather(bytes.extracting(used...), side)
                used &+= taken
                guard let behind = end else { continue }
                let here = Swift.min(behind, bytes.byteCount &- used)
                used &+= here
                guard here == behind else { return .skip(took: used, UInt64(behind &- here)) }
            } else if let payload = bodies[place], payload.isOpen {
                used &+= payload.take(bytes.extracting(used...))
            } else if frames[place].isAtEnd {
                bodies[place] = nil
                guard bytes.byte(used) == AMQPFraming.end else { return lose(place, used, out) }
                used &+= 1
                frames[place].isAtEnd = false
                ended(frames[place], side, at.last, out)
            } else if bytes.byte(used) == UInt8(ascii: "A") {
                guard bytes.byteCount &- used >= 8 else { return .took(used, next: used &+ 8 &- bytes.byteCount) }
                guard bytes.has("AMQP", at: used) else { return lose(place, used, out) }
                // The server's own says that it does not speak the client's version.
                isForeign = !bytes.has("AMQP\0\0\u{9}\u{1}", at: used) && side == .client
                used &+= 8
                if isForeign { return .took(used, next: 0) }
            } else {
                let step = frame(bytes, used, side, Arrival(first: began, last: at.last), out)
                guard case .took(let count, 0) = step else { return step }
                used = count
            }
            began = at.last
        }
        return .took(used)
    }

    private func foreign(_ bytes: RawSpan, _ out: any Output) -> Step {
        out.unparsed(bytes.byteCount, .betweenMessages)
        return .took(bytes.byteCount)
    }

    private func frame(_ bytes: RawSpan, _ used: Int, _ side: Side, _ at: Arrival, _ out: any Output) -> Step {
        let place = side == .client ? 0 : 1
        let header = AMQPFraming.headerBytes
        guard bytes.byteCount &- used >= header else { return .took(used, next: used &+ header &- bytes.byteCount) }
        guard let size = AMQPFraming.size(bytes, at: used), let type = bytes.u8(at: used),
            let channel = bytes.big(UInt16.self, at: used &+ 1)
        else { return lose(place, used, out) }
        let wanted = type == 1 ? Swift.min(size, Self.longestMethod) : type == 2 ? Swift.min(size, 12) : 0
        let next = used &+ header
        guard bytes.byteCount &- next >= wanted else { return .took(used, next: next &+ wanted &- bytes.byteCount) }
        frames[place] = Frame(type: type, channel: channel, size: size, first: at.first, isAtEnd: true)
        let payload = bytes.extracting(next..<next &+ wanted)
        if type == 1, let method = payload.big(UInt32.self, at: 0) {
            hear(method, payload, frames[place], side, at, out)
        } else if type == 2 {
            head(payload.big(UInt64.self, at: 4) ?? 0, channel, side)
            let rest = size &- wanted
            if rest > 0, run.needs.contains(.traces) {
                if side == .client {
                    saidProperties.begin(rest, of: rest)
                } else {
                    heardProperties.begin(rest, of: rest)
                }
                return .took(next &+ wanted, next: 0)
            }
        }
        if type == 3, let payload = self.payload(of: channel, side) {
            payload.expect(size)
            bodies[place] = payload
            return .took(next, next: 0)
        }
        let end = next &+ size
        guard end > bytes.byteCount else { return .took(end, next: 0) }
        return .skip(took: bytes.byteCount, UInt64(end &- bytes.byteCount))
    }

    /// What reads a message whose contents come, where somebody wants that.
    private func payload(of channel: UInt16, _ side: Side) -> PayloadReader? {
        guard run.needs.contains(.payloads), let channel = channels[channel] else { return nil }
        return side == .client
            ? channel.sayingLeft.flatMap { _ in channel.saying?.payload }
            : channel.hearingLeft.flatMap { _ in channel.hearing?.payload }
    }

    /// Properties of a message, as they come.
    /// - Returns: how many of the bytes were theirs, and where they are whole, how many of their frame's are behind them.
    private func gather(_ bytes: RawSpan, _ side: Side) -> (taken: Int, behind: Int?) {
        let channel = channels[frames[side == .client ? 0 : 1].channel]
        if side == .client {
            let taken = saidProperties.take(bytes)
            guard !saidProperties.areOpen else { return (taken, nil) }
            saidProperties.bytes.withBytes { channel?.saying?.operation.context = AMQPProperties.context($0) }
            return (taken, saidProperties.behind)
        }
        let taken = heardProperties.take(bytes)
        guard !heardProperties.areOpen else { return (taken, nil) }
        heardProperties.bytes.withBytes { channel?.hearing?.operation.context = AMQPProperties.context($0) }
        return (taken, heardProperties.behind)
    }

    private func lose(_ place: Int, _ used: Int, _ out: any Output) -> Step {
        lose(place == 0 ? .client : .server, out)
        return .lost(took: used, .betweenMessages)
    }

    func gap(_ length: UInt64, _ side: Side, after tail: RawSpan, _ at: Arrival, _ out: any Output) -> Step {
        lastMoment = at.last
        guard !isForeign else { return .took(tail.byteCount) }
        if let rest = side == .client
            ? saidProperties.lose(length, behind: tail.byteCount) : heardProperties.lose(length, behind: tail.byteCount)
        {
            return .skip(took: tail.byteCount, UInt64(rest))
        }
        if let payload = bodies[side == .client ? 0 : 1], let rest = payload.lose(length, behind: tail.byteCount) {
            return .skip(took: tail.byteCount, UInt64(rest))
        }
        lose(side, out)
        return .lost(took: 0, .betweenMessages)
    }

    /// Methods of a side are missing, of any channel.
    private func lose(_ side: Side, _ out: any Output) {
        let place = side == .client ? 0 : 1
        isLost[place] = true
        frames[place] = Frame()
        bodies[place] = nil
        if side == .client { saidProperties.close() } else { heardProperties.close() }
        for number in channels.keys.sorted() {
            guard let channel = channels[number] else { continue }
            channel.order.lose(side, waiting: channel.asks.count)
            if side == .client {
                for operation in channel.asks { operation.isBehindLoss = false }
                if let operation = channel.saying { tell(operation, .unanswered, out) }
                channel.saying = nil
                channel.sayingLeft = nil
                // What was published in what is missing has numbers, too.
                if channel.confirms == true || channel.published > 0 { channel.confirms = nil }
                channel.consumers.removeAll()
            } else {
                channel.hearing = nil
                channel.hearingLeft = nil
            }
        }
        isKnown = false
    }

    func search(_ bytes: RawSpan, _ side: Side, from: Search) -> Found {
        let found = AMQPFraming.search(bytes, from: from.next)
        if case .at = found { isLost[side == .client ? 0 : 1] = false }
        return found
    }

    func end(_ side: Side, after tail: RawSpan, _ at: Timestamp, _ out: any Output) -> Int {
        lastMoment = Swift.max(lastMoment, at)
        return 0
    }

    func finish(_ out: any Output) {
        for number in channels.keys.sorted() {
            guard let channel = channels[number] else { continue }
            close(channel, out)
        }
        channels.removeAll()
    }

    var held: Int { waiting &* 256 }

    // MARK: Operations

    func take(_ method: UInt32) -> AMQPOperation {
        let operation = spare.popLast() ?? AMQPOperation()
        operation.removeAll()
        operation.payload = nil
        operation.method = method
        operation.tag = 0
        operation.named = []
        operation.isBehindLoss = true
        operation.isSilent = false
        return operation
    }

    /// What reads the contents of a message that begins; `nil`: nobody wants that.
    func takePayload() -> PayloadReader? {
        guard let payload = sparePayloads.popLast() ?? .wanted(run) else { return nil }
        payload.begin()
        return payload
    }

    /// The contents of a message are over.
    func endPayload(_ operation: AMQPOperation, _ out: any Output) {
        guard let payload = operation.payload else { return }
        operation.payload = nil
        operation.operation.payloads.message = payload.end(out)
        if sparePayloads.count < 16 { sparePayloads.append(payload) }
    }

    func tell(_ operation: AMQPOperation, _ status: ServiceOperation.Status, _ out: any Output) {
        if status == .unanswered { operation.operation.ended = lastMoment }
        if !namespace.isEmpty {
            let bytes = namespace
            operation.operation.namespace = operation.store { $0.append(bytes.span.bytes) }
        }
        operation.tell(status, "rabbitmq", out)
        if spare.count < 16 { spare.append(operation) }
    }

    /// A channel ends: what waits on it has no answer.
    func close(_ channel: AMQPChannel, _ out: any Output) {
        for operation in channel.asks { tell(operation, .unanswered, out) }
        if let operation = channel.saying { tell(operation, .unanswered, out) }
        for operation in channel.unconfirmed { tell(operation, .unanswered, out) }
        // What was delivered goes back to its queue.
        for operation in channel.unacknowledged { tell(operation, .ok, out) }
        waiting &-= channel.asks.count &+ channel.unconfirmed.count &+ channel.unacknowledged.count
    }

    /// - Parameter isKnown: of one that was not heard of: nothing was said on it before.
    func channel(_ number: UInt16, isKnown: Bool, _ out: any Output) -> AMQPChannel? {
        if let known = channels[number] { return known }
        guard channels.count < Self.mostChannels else {
            out.reached(.pipelinedRequests)
            return nil
        }
        let channel = AMQPChannel(isKnown: isKnown)
        channels[number] = channel
        return channel
    }

    /// RabbitMQ's default channel-max is 2,047.
    private static let mostChannels = 2048
    static let mostWaiting = 4096
}
