/// What methods mean, and what follows them.
extension AMQPAnalyzer {
    func hear(
        _ method: UInt32, _ bytes: RawSpan, _ frame: Frame, _ side: Side, _ at: Arrival, _ out: any Output
    ) {
        // Nothing was asked on a channel before it is opened.
        let opens = method == AMQPMethod.channelOpen && side == .client
        if opens, let old = channels.removeValue(forKey: frame.channel) { close(old, out) }
        guard let channel = channel(frame.channel, isKnown: isKnown || opens, out) else { return }
        let length = UInt64(frame.size &+ AMQPFraming.headerBytes &+ 1)
        if side == .client {
            client(method, bytes, length, channel, at, out)
        } else {
            server(method, bytes, length, channel, frame.channel, at, out)
        }
    }

    // MARK: By the client

    private func client(
        _ method: UInt32, _ bytes: RawSpan, _ length: UInt64, _ channel: AMQPChannel, _ at: Arrival, _ out: any Output
    ) {
        switch method {
        case AMQPMethod.publish: return publish(bytes, length, channel, at, out)
        case AMQPMethod.ack, AMQPMethod.nack, AMQPMethod.reject:
            return settle(method, bytes, length, channel, at, out)
        case AMQPMethod.startOK: return startLogin(length, channel, at)
        default: break
        }
        guard let ask = AMQPMethod.ask(method) else { return }
        let operation = take(method)
        operation.setName(ask.name)
        operation.operation.isHousekeeping = ask.isHousekeeping
        operation.setRequest(length, at.first, at.last)
        let noWait = read(ask, method, bytes, operation, channel)
        if method == AMQPMethod.connectionOpen { open(bytes, operation, channel) }
        if ask.noWait > 0, noWait & ask.noWait != 0 {
            operation.operation.pairing = .none
            return tell(operation, .oneWay, out)
        }
        // The login is one with what the client said before it.
        if method != AMQPMethod.connectionOpen, channel.order.ask(channel.asks.count) { giveUp(channel, out) }
        if waiting >= Self.mostWaiting, !channel.asks.isEmpty {
            // The answer to one that is let go of would be given to the next of its kind.
            out.reached(.pipelinedRequests)
            giveUp(channel, out)
            channel.order.overflow()
        }
        channel.asks.append(operation)
        waiting &+= 1
    }

    private func giveUp(_ channel: AMQPChannel, _ out: any Output) {
        for operation in channel.asks { tell(operation, .unanswered, out) }
        waiting &-= channel.asks.count
        channel.asks.removeAll(keepingCapacity: true)
    }

    /// - Returns: the bits behind the targets.
    private func read(
        _ ask: AMQPMethod.Ask, _ method: UInt32, _ bytes: RawSpan, _ operation: AMQPOperation, _ channel: AMQPChannel
    ) -> UInt8 {
        var arguments = AMQPArguments(ask.start)
        let isWhole = run.statements == .full
        switch ask.targets {
        case .none: break
        case .one:
            guard let name = arguments.shortText(bytes) else { return 0 }
            if method == AMQPMethod.queueDeclare { operation.named = [UInt8](bytes.extracting(name)) }
            if !name.isEmpty {
                operation.setDestination(bytes.extracting(name), RawSpan(), RawSpan(), isWhole: isWhole)
            }
            if method == AMQPMethod.exchangeDeclare { return 0 }
        case .binding:
            guard let first = arguments.shortText(bytes), let second = arguments.shortText(bytes),
                let key = arguments.shortText(bytes)
            else { return 0 }
            // queue.bind names the queue first; `{exchange}:{routing key}:{queue}`.
            let isQueue = method &>> 16 == 0x32
            operation.setDestination(
                bytes.extracting(isQueue ? second : first), bytes.extracting(key),
                bytes.extracting(isQueue ? first : second), isWhole: isWhole)
        case .consumer:
            guard let queue = arguments.shortText(bytes), let tag = arguments.shortText(bytes) else { return 0 }
            operation.named = [UInt8](bytes.extracting(tag))
            if !queue.isEmpty {
                operation.setDestination(bytes.extracting(queue), RawSpan(), RawSpan(), isWhole: isWhole)
            }
            let bits = bytes.u8(at: arguments.at) ?? 0
            if channel.consumers.count < Self.mostConsumers {
                channel.consumers.append(
                    ([UInt8](bytes.extracting(tag)), [UInt8](bytes.extracting(queue)), bits & 2 != 0))
            }
            return bits
        }
        // cancel has its consumer's tag before its bit; it names nothing.
        if method == AMQPMethod.cancel, let tag = arguments.shortText(bytes) {
            operation.named = [UInt8](bytes.extracting(tag))
        }
        return arguments.octet(bytes) ?? 0
    }

    private static let mostConsumers = 256

    private func startLogin(_ length: UInt64, _ channel: AMQPChannel, _ at: Arrival) {
        let operation = take(AMQPMethod.connectionOpen)
        operation.setName("connect")
        operation.operation.isHousekeeping = true
        operation.setRequest(length, at.first, at.last)
        channel.asks.append(operation)
        waiting &+= 1
    }

    /// The login is over when the virtual host is open.
    private func open(_ bytes: RawSpan, _ operation: AMQPOperation, _ channel: AMQPChannel) {
        var arguments = AMQPArguments(4)
        if let host = arguments.shortText(bytes) { namespace = [UInt8](bytes.extracting(host)) }
        guard let login = channel.asks.first, login.method == AMQPMethod.connectionOpen else { return }
        operation.setName("connect")
        operation.operation.requestFirst = login.operation.requestFirst
        operation.operation.requestBytes &+= login.operation.requestBytes
        channel.asks.removeFirst()
        waiting &-= 1
    }

    private func publish(
        _ bytes: RawSpan, _ length: UInt64, _ channel: AMQPChannel, _ at: Arrival, _ out: any Output
    ) {
        var arguments = AMQPArguments(6)
        let operation = take(AMQPMethod.publish)
        operation.setName("publish")
        operation.setRequest(length, at.first, at.last)
        if let exchange = arguments.shortText(bytes), let key = arguments.shortText(bytes) {
            operation.setDestination(
                bytes.extracting(exchange), bytes.extracting(key), RawSpan(), isWhole: run.statements == .full)
        }
        channel.published &+= 1
        operation.tag = channel.published
        channel.saying = operation
        channel.sayingLeft = nil
    }

    /// Acknowledgements of what was delivered: `multiple` is of all up to the number.
    private func settle(
        _ method: UInt32, _ bytes: RawSpan, _ length: UInt64, _ channel: AMQPChannel, _ at: Arrival, _ out: any Output
    ) {
        guard let tag = bytes.big(UInt64.self, at: 4) else { return }
        let isMultiple = method != AMQPMethod.reject && (bytes.u8(at: 12) ?? 0) & 1 != 0
        let told = take(&channel.unacknowledged, tag, isMultiple)
        for operation in told {
            operation.setResponse(length, at.first, at.last)
            operation.operation.pairing = .id
            if method != AMQPMethod.ack { operation.setCode(method == AMQPMethod.nack ? "nack" : "reject") }
            tell(operation, .ok, out)
        }
        guard told.isEmpty else { return }
        // Of a message that was fetched, or delivered in what is missing.
        let operation = take(method)
        operation.setName(method == AMQPMethod.ack ? "ack" : method == AMQPMethod.nack ? "nack" : "reject")
        operation.operation.pairing = .none
        operation.setRequest(length, at.first, at.last)
        tell(operation, .oneWay, out)
    }

    /// Takes the operation of a number out, or all up to it; 0 is all there are.
    private func take(_ waiting: inout [AMQPOperation], _ tag: UInt64, _ isMultiple: Bool) -> [AMQPOperation] {
        var taken: [AMQPOperation] = []
        if isMultiple {
            let count = tag == 0 ? waiting.count : waiting.firstIndex { $0.tag > tag } ?? waiting.count
            taken = Array(waiting[..<count])
            waiting.removeFirst(count)
        } else if let place = waiting.firstIndex(where: { $0.tag == tag }) {
            taken = [waiting.remove(at: place)]
        }
        self.waiting &-= taken.count
        return taken
    }

    // MARK: By the server

    private func server(
        _ method: UInt32, _ bytes: RawSpan, _ length: UInt64, _ channel: AMQPChannel, _ number: UInt16, _ at: Arrival,
        _ out: any Output
    ) {
        switch method {
        case AMQPMethod.deliver: deliver(bytes, length, channel, at)
        case AMQPMethod.returned: giveBack(bytes, length, channel, at)
        case AMQPMethod.ack, AMQPMethod.nack: confirm(method, bytes, length, channel, at, out)
        case AMQPMethod.channelClose, AMQPMethod.connectionClose:
            fail(method, bytes, length, channel, number, at, out)
        case AMQPMethod.getOK: fetch(bytes, length, channel, at, out)
        default:
            // An answer has the number behind its method's, or that of get's other answer.
            let asked = method == AMQPMethod.getEmpty ? AMQPMethod.get : method &- 1
            guard let operation = answered(asked, AMQPMethod.named(asked, bytes), channel, out) else { return }
            operation.setResponse(length, at.first, at.last)
            if asked == AMQPMethod.get {
                operation.operation.hits = 0
                operation.operation.misses = 1
            }
            if asked == AMQPMethod.confirmSelect {
                channel.confirms = true
                channel.published = 0
            }
            if asked == AMQPMethod.consume { name(bytes, channel) }
            tell(operation, .ok, out)
            if asked == AMQPMethod.channelClose {
                close(channel, out)
                channels[number] = nil
            }
        }
    }

    /// The synchronous method that is answered: those before it that have none are told of.
    /// - Parameter name: what the answer says that it is of.
    private func answered(
        _ method: UInt32, _ name: [UInt8]?, _ channel: AMQPChannel, _ out: any Output
    ) -> AMQPOperation? {
        guard AMQPMethod.ask(method) != nil else { return nil }
        let isSurplus = channel.asks.isEmpty
        // One that left the name open is told which it has.
        func fits(_ operation: AMQPOperation) -> Bool {
            operation.method == method && (name == nil || operation.named.isEmpty || operation.named == name)
        }
        var place = channel.asks[..<channel.order.ordered(channel.asks.count)].firstIndex(where: fits)
        var isFirm = false
        if place == nil, AMQPMethod.isLast(method) {
            place = channel.asks.firstIndex { $0.method == method }
        } else if place == nil, let name, !name.isEmpty {
            place = channel.asks.firstIndex { $0.method == method && $0.named == name }
            isFirm = place.map { channel.asks[$0].isBehindLoss } ?? false
        }
        channel.order.answer(place.map { $0 &+ 1 } ?? 0, isFirm: isFirm, isSurplus: isSurplus)
        guard let place else { return nil }
        for operation in channel.asks[..<place] { tell(operation, .unanswered, out) }
        let operation = channel.asks[place]
        channel.asks.removeFirst(place &+ 1)
        waiting &-= place &+ 1
        return operation
    }

    /// consume-ok gives the tag that the client left open.
    private func name(_ bytes: RawSpan, _ channel: AMQPChannel) {
        var arguments = AMQPArguments(4)
        guard let tag = arguments.shortText(bytes),
            let place = channel.consumers.firstIndex(where: { $0.tag.isEmpty })
        else { return }
        channel.consumers[place].tag = [UInt8](bytes.extracting(tag))
    }

    private func deliver(_ bytes: RawSpan, _ length: UInt64, _ channel: AMQPChannel, _ at: Arrival) {
        var arguments = AMQPArguments(4)
        let operation = take(AMQPMethod.deliver)
        operation.setName("deliver")
        operation.operation.side = .server
        operation.operation.pairing = .none
        operation.setRequest(length, at.first, at.last)
        channel.hearing = operation
        channel.hearingLeft = nil
        guard let tag = arguments.shortText(bytes), let number = arguments.longLong(bytes),
            arguments.octet(bytes) != nil, let exchange = arguments.shortText(bytes),
            let key = arguments.shortText(bytes)
        else { return }
        operation.tag = number
        let isWhole = run.statements == .full
        if let consumer = channel.consumers.first(where: { $0.tag.span.bytes.equals(bytes.extracting(tag)) }) {
            operation.isSilent = consumer.isSilent
            let queue = consumer.queue
            operation.setDestination(
                bytes.extracting(exchange), bytes.extracting(key), queue.span.bytes, isWhole: isWhole)
        } else {
            operation.setDestination(bytes.extracting(exchange), bytes.extracting(key), RawSpan(), isWhole: isWhole)
        }
    }

    private func giveBack(_ bytes: RawSpan, _ length: UInt64, _ channel: AMQPChannel, _ at: Arrival) {
        var arguments = AMQPArguments(4)
        let operation = take(AMQPMethod.returned)
        operation.setName("return")
        operation.operation.side = .server
        operation.operation.pairing = .none
        operation.setRequest(length, at.first, at.last)
        channel.hearing = operation
        channel.hearingLeft = nil
        guard let code = arguments.short(bytes), arguments.shortText(bytes) != nil,
            let exchange = arguments.shortText(bytes), let key = arguments.shortText(bytes)
        else { return }
        operation.setCode(Int(code))
        operation.setDestination(
            bytes.extracting(exchange), bytes.extracting(key), RawSpan(), isWhole: run.statements == .full)
    }

    private func fetch(_ bytes: RawSpan, _ length: UInt64, _ channel: AMQPChannel, _ at: Arrival, _ out: any Output) {
        guard let operation = answered(AMQPMethod.get, nil, channel, out) else { return }
        operation.operation.hits = 1
        operation.operation.misses = 0
        operation.setResponse(length, at.first, at.last)
        channel.hearing = operation
        channel.hearingLeft = nil
    }

    /// What was published is taken, or refused.
    private func confirm(
        _ method: UInt32, _ bytes: RawSpan, _ length: UInt64, _ channel: AMQPChannel, _ at: Arrival, _ out: any Output
    ) {
        guard let tag = bytes.big(UInt64.self, at: 4) else { return }
        for operation in take(&channel.unconfirmed, tag, (bytes.u8(at: 12) ?? 0) & 1 != 0) {
            operation.setResponse(length, at.first, at.last)
            operation.operation.pairing = .id
            if method == AMQPMethod.nack { operation.setCode("nack") }
            tell(operation, method == AMQPMethod.nack ? .error : .ok, out)
        }
    }

    /// The server closes, and says why: the text may hold anything, the code is kept.
    private func fail(
        _ method: UInt32, _ bytes: RawSpan, _ length: UInt64, _ channel: AMQPChannel, _ number: UInt16, _ at: Arrival,
        _ out: any Output
    ) {
        var arguments = AMQPArguments(4)
        guard let code = arguments.short(bytes), arguments.shortText(bytes) != nil,
            let failed = bytes.big(UInt32.self, at: arguments.at)
        else { return }
        let isLogin = channel.asks.first.map { $0.method == AMQPMethod.connectionOpen } ?? false
        let asked = isLogin && method == AMQPMethod.connectionClose ? AMQPMethod.connectionOpen : failed
        let isError = code >= 300
        if let operation = answered(asked, nil, channel, out) {
            operation.setCode(Int(code))
            operation.setResponse(length, at.first, at.last)
            operation.operation.isHousekeeping = operation.operation.isHousekeeping && !isError
            tell(operation, isError ? .error : .ok, out)
        } else {
            let operation = take(method)
            operation.setName(method == AMQPMethod.channelClose ? "channel.close" : "connection.close")
            operation.operation.side = .server
            operation.operation.pairing = .none
            operation.operation.isHousekeeping = !isError
            operation.setCode(Int(code))
            operation.setRequest(length, at.first, at.last)
            tell(operation, isError ? .error : .ok, out)
        }
        if method == AMQPMethod.channelClose {
            close(channel, out)
            channels[number] = nil
        }
    }

    // MARK: Contents

    /// A content header: the size of what follows.
    func head(_ size: UInt64, _ number: UInt16, _ side: Side) {
        guard let channel = channels[number] else { return }
        if side == .client {
            guard channel.saying != nil, channel.sayingLeft == nil else { return }
            channel.sayingLeft = size
            channel.saying?.payload = takePayload()
        } else if channel.hearing != nil, channel.hearingLeft == nil {
            channel.hearingLeft = size
            channel.hearing?.payload = takePayload()
        }
    }

    /// A frame has ended.
    func ended(_ frame: Frame, _ side: Side, _ last: Timestamp, _ out: any Output) {
        guard frame.type == 2 || frame.type == 3, let channel = channels[frame.channel] else { return }
        let length = UInt64(frame.size &+ AMQPFraming.headerBytes &+ 1)
        let body = frame.type == 3 ? UInt64(frame.size) : 0
        if side == .client {
            guard let operation = channel.saying, let left = channel.sayingLeft else { return }
            operation.operation.requestBytes &+= length
            operation.operation.requestLast = last
            operation.operation.ended = last
            channel.sayingLeft = left &- Swift.min(left, body)
            guard left <= body else { return }
            channel.saying = nil
            channel.sayingLeft = nil
            endPayload(operation, out)
            endPublish(operation, channel, out)
        } else {
            guard let operation = channel.hearing, let left = channel.hearingLeft else { return }
            if operation.method == AMQPMethod.get {
                operation.operation.responseBytes &+= length
            } else {
                operation.operation.requestBytes &+= length
                operation.operation.requestLast = last
            }
            operation.operation.ended = last
            channel.hearingLeft = left &- Swift.min(left, body)
            guard left <= body else { return }
            channel.hearing = nil
            channel.hearingLeft = nil
            endPayload(operation, out)
            endDelivery(operation, channel, out)
        }
    }

    private func endPublish(_ operation: AMQPOperation, _ channel: AMQPChannel, _ out: any Output) {
        guard channel.confirms == true else {
            operation.operation.pairing = .none
            return tell(operation, .oneWay, out)
        }
        channel.unconfirmed.append(operation)
        waiting &+= 1
        makeRoom(&channel.unconfirmed, out)
    }

    private func endDelivery(_ operation: AMQPOperation, _ channel: AMQPChannel, _ out: any Output) {
        switch operation.method {
        case AMQPMethod.returned: tell(operation, .error, out)
        case AMQPMethod.deliver where !operation.isSilent:
            channel.unacknowledged.append(operation)
            waiting &+= 1
            makeRoom(&channel.unacknowledged, out)
        default: tell(operation, .ok, out)
        }
    }

    /// Of too many that wait the oldest is told of as it is.
    private func makeRoom(_ operations: inout [AMQPOperation], _ out: any Output) {
        guard waiting > Self.mostWaiting, let oldest = operations.first else { return }
        out.reached(.pipelinedRequests)
        operations.removeFirst()
        waiting &-= 1
        tell(oldest, oldest.operation.side == .client ? .unanswered : .ok, out)
    }
}

extension AMQPOperation {
    /// `{exchange}:{routing key}:{queue}`, of which what is empty or the same falls away (OpenTelemetry's conventions for RabbitMQ).
    fileprivate func setDestination(_ exchange: RawSpan, _ key: RawSpan, _ queue: RawSpan, isWhole: Bool) {
        operation.targets = store { text in
            let start = text.count
            Self.append(exchange, isWhole, &text)
            if key.byteCount > 0, !key.equals(exchange) {
                if text.count > start { text.append(UInt8(ascii: ":")) }
                Self.append(key, isWhole, &text)
            }
            if queue.byteCount > 0, !queue.equals(key), !queue.equals(exchange) {
                if text.count > start { text.append(UInt8(ascii: ":")) }
                Self.append(queue, isWhole, &text)
            }
        }
    }
    /// The names that RabbitMQ gives to queues of which the client left the name open are all one.
    private static func append(_ name: RawSpan, _ isWhole: Bool, _ text: inout UniqueBytes) {
        if !isWhole, name.has("amq.gen-") {
            text.append("amq.gen-{id}" as StaticString)
        } else {
            KeyPattern.append(name, isWhole: isWhole, to: &text)
        }
    }
}
