/// What is published, asked for and delivered.
extension NATSAnalyzer {
    // MARK: Messages

    /// How many bytes of a payload are looked at.
    func wanted(_ line: NATSLine, _ bytes: RawSpan, _ side: Side) -> Int {
        let size = line.size ?? 0
        let subject = bytes.extracting(line.subject)
        if side == .client {
            return subject.has("$JS.ACK.") ? Swift.min(size, 8) : 0
        }
        if line.headers > 0 { return Swift.min(line.headers, 16) }
        guard let entry = requests.find(subject), entry.kind != .receive else { return 0 }
        return Swift.min(size, NATSOutcome.longest)
    }

    /// Keeps what is needed of a message until its payload has ended.
    func keep(_ line: NATSLine, _ bytes: RawSpan, _ length: Int, _ payload: RawSpan, _ side: Side, _ at: Arrival) {
        let subject = bytes.extracting(line.subject)
        if side == .client {
            said.set(line, bytes, length, at)
            said.outcome = NATSOutcome(acknowledgement: payload)
        } else {
            heard.set(line, bytes, length, at)
            let isInterface = requests.find(subject)?.kind == .interface
            heard.outcome = NATSOutcome(message: payload, headers: line.headers, isInterface: isInterface)
        }
    }

    /// A message is whole.
    func end(_ side: Side, _ last: Timestamp, _ out: any Output) {
        if side == .client {
            said.text.withBytes {
                publish($0.extracting(said.subject), $0.extracting(said.reply), last, out)
            }
        } else {
            heard.text.withBytes {
                deliver($0.extracting(heard.subject), $0.extracting(heard.reply), last, out)
            }
        }
    }

    // MARK: By the client

    private func publish(_ subject: RawSpan, _ reply: RawSpan, _ last: Timestamp, _ out: any Output) {
        if let entry = deliveries.find(subject) {
            // It goes on: the answer is still to come.
            guard said.outcome.kind != .progress else { return }
            entry.setResponse(said.bytes, said.first, last)
            entry.operation.pairing = .id
            if let payload = said.payload { entry.operation.payloads.answer = payload.end(out) }
            if said.outcome.kind == .nak { entry.setCode("-NAK") }
            if said.outcome.kind == .term { entry.setCode("+TERM") }
            tell(entry, .ok, out)
            return deliveries.remove(entry)
        }
        let isAwaited = reply.byteCount > 0 && (reply.has("_INBOX.") || subscriptions.find(reply) != nil)
        let entry = requests.take()
        describe(entry, subject, isAwaited: isAwaited)
        entry.operation.context = said.context
        // What is asked of JetStream's interface is no message of anybody's.
        if let payload = said.payload, entry.kind == .message { entry.operation.payloads.message = payload.end(out) }
        entry.setRequest(said.bytes, said.first, last)
        guard isAwaited else {
            entry.operation.pairing = .none
            return tellOnly(entry, .oneWay, out)
        }
        entry.subject = entry.store { $0.append(reply) }
        entry.subscription = subscriptions.find(reply) ?? 0
        if requests.isFull, let oldest = requests.oldest {
            out.reached(.pipelinedRequests)
            giveUp(oldest, out)
        }
        requests.add(entry)
    }

    private func describe(_ entry: NATSWaiting.Entry, _ subject: RawSpan, isAwaited: Bool) {
        switch NATSSubject(subject) {
        case .plain:
            entry.setName(isAwaited ? "request" : "publish")
            entry.setTarget(subject, isWhole: run.statements == .full)
        case .inbox: entry.setName("reply")
        case .interface(let verb, let rest):
            entry.kind = .interface
            if verb.isEmpty { entry.setName("request") } else { entry.setName(subject.extracting(verb)) }
            if rest < subject.byteCount {
                entry.setTarget(subject.extracting(rest...), isWhole: run.statements == .full)
            }
        case .next(let rest):
            entry.kind = .receive
            entry.operation.isWaiting = true
            entry.setName("receive")
            if rest < subject.byteCount {
                entry.setTarget(subject.extracting(rest...), isWhole: run.statements == .full)
            }
        case .acknowledgement:
            entry.setName("settle")
            if let consumer = Self.consumer(subject) {
                entry.setTarget(subject.extracting(consumer), isWhole: run.statements == .full)
            }
        }
    }

    /// Stream and consumer of `$JS.ACK.<stream>.<consumer>.…`, or of the form with domain and account before them.
    private static func consumer(_ subject: RawSpan) -> Range<Int>? {
        var dots = InlineArray<12, Int>(repeating: 0)
        var count = 0
        for place in 0..<subject.byteCount where subject.byte(place) == UInt8(ascii: ".") {
            guard count < 12 else { return nil }
            dots[count] = place
            count &+= 1
        }
        // Nine words, or eleven and more.
        let first = count >= 10 ? 3 : 1
        guard count > first &+ 2 else { return nil }
        return dots[first] &+ 1..<dots[first &+ 2]
    }

    func subscribe(_ line: NATSLine, _ bytes: RawSpan, _ length: Int, _ at: Arrival, _ out: any Output) {
        let subject = bytes.extracting(line.subject)
        subscriptions.add(bytes.decimal(line.subscription) ?? 0, subject)
        let entry = requests.take()
        entry.setName("subscribe")
        if case .inbox = NATSSubject(subject) {
            entry.operation.isHousekeeping = true
        } else {
            entry.setTarget(subject, isWhole: run.statements == .full)
        }
        entry.operation.pairing = .none
        entry.setRequest(UInt64(length), at.first, at.last)
        tellOnly(entry, .oneWay, out)
    }

    // MARK: By the server

    private func deliver(_ subject: RawSpan, _ reply: RawSpan, _ last: Timestamp, _ out: any Output) {
        let isStored = reply.has("$JS.ACK.")
        if let entry = requests.find(subject) {
            answer(entry, heard.outcome, last, out)
            guard isStored else { return }
        } else if isStored, let entry = requests.find(subscription: heard.subscription) {
            // A pull consumer's messages come under their own subjects.
            answer(entry, NATSOutcome(), last, out)
        } else if heard.outcome.kind == .status {
            // What the server says of a consumer that is idle, or ends.
            return
        }
        let entry = requests.take()
        entry.operation.side = .server
        entry.operation.pairing = .none
        entry.setName("process")
        entry.operation.context = heard.context
        if let payload = heard.payload { entry.operation.payloads.message = payload.end(out) }
        if case .plain = NATSSubject(subject) { entry.setTarget(subject, isWhole: run.statements == .full) }
        entry.setRequest(heard.bytes, heard.first, last)
        guard reply.byteCount > 0 else { return tellOnly(entry, .ok, out) }
        entry.subject = entry.store { $0.append(reply) }
        if deliveries.isFull, let oldest = deliveries.oldest { giveUp(oldest, out) }
        deliveries.add(entry)
    }

    private func answer(
        _ entry: NATSWaiting.Entry, _ outcome: NATSOutcome, _ last: Timestamp, _ out: any Output
    ) {
        var isError = false
        switch outcome.kind {
        case .status:
            // Nothing is there, or nothing came in time: no errors of who waits for messages.
            isError = entry.kind != .receive || outcome.code != 404 && outcome.code != 408
            if outcome.code >= 100 { entry.setCode(outcome.code) }
            if outcome.code < 400 { return }
        case .error:
            isError = true
            entry.setCode(outcome.code)
            if entry.kind == .message { entry.setName("publish") }
        case .stored: if entry.kind == .message { entry.setName("publish") }
        default: break
        }
        entry.operation.pairing = .id
        if let payload = heard.payload, entry.kind == .message, outcome.kind == .none {
            entry.operation.payloads.answer = payload.end(out)
        }
        entry.setResponse(heard.bytes, heard.first, last)
        tell(entry, isError ? .error : .ok, out)
        requests.remove(entry)
    }

    /// -ERR is an error of the connection: its text's first words are the code, what they speak of is not told.
    func fail(_ bytes: RawSpan, _ line: Range<Int>, _ length: Int, _ at: Arrival, _ out: any Output) {
        var start = line.lowerBound &+ 4
        while start < line.upperBound, !ASCII.isLetter(bytes.byte(start)) { start &+= 1 }
        var end = start
        while end < line.upperBound, ASCII.isLetter(bytes.byte(end)) || bytes.byte(end) == ASCII.space,
            end &- start < 48, !bytes.has(" for ", at: end)
        {
            end &+= 1
        }
        let code = bytes.extracting(start..<end)
        guard connect == nil else { return tellConnect(.error, code: code, out) }
        let entry = requests.take()
        entry.operation.side = .server
        entry.operation.pairing = .none
        entry.setName("error")
        entry.setCode(code)
        entry.setRequest(UInt64(length), at.first, at.last)
        tellOnly(entry, .error, out)
    }

    // MARK: The session

    func begin(connect length: Int, _ at: Arrival) {
        var operation = ServiceOperation()
        operation.isHousekeeping = true
        operation.requestBytes = UInt64(length)
        operation.requestFirst = at.first
        operation.requestLast = at.last
        operation.ended = at.last
        connect = operation
    }

    func tellConnect(_ status: ServiceOperation.Status, code: RawSpan = RawSpan(), _ out: any Output) {
        guard let operation = connect else { return }
        connect = nil
        let entry = requests.take()
        entry.operation = operation
        entry.operation.isHousekeeping = status != .error
        entry.operation.ended = lastMoment
        entry.setName("connect")
        if code.byteCount > 0 { entry.setCode(code) }
        tellOnly(entry, status, out)
    }

    // MARK: Telling

    /// What waits is told of as it is: of messages that were delivered nobody need have answered.
    func giveUp(_ entry: NATSWaiting.Entry, _ out: any Output) {
        guard entry.operation.side == .client else {
            tell(entry, .ok, out)
            return deliveries.remove(entry)
        }
        entry.operation.ended = lastMoment
        tell(entry, .unanswered, out)
        requests.remove(entry)
    }

    private func tell(_ entry: NATSWaiting.Entry, _ status: ServiceOperation.Status, _ out: any Output) {
        entry.tell(status, "nats", out)
    }

    /// Tells of what has no answer.
    private func tellOnly(_ entry: NATSWaiting.Entry, _ status: ServiceOperation.Status, _ out: any Output) {
        entry.tell(status, "nats", out)
        requests.giveBack(entry)
    }
}

extension NATSMessage {
    fileprivate mutating func set(_ line: NATSLine, _ bytes: RawSpan, _ length: Int, _ at: Arrival) {
        text.removeAll(keepingAtMost: 4 << 10)
        text.append(bytes.extracting(line.subject))
        subject = ByteRange(0, text.count)
        if let range = line.reply { text.append(bytes.extracting(range)) }
        reply = ByteRange(subject.range.upperBound, text.count)
        subscription = bytes.decimal(line.subscription) ?? 0
        self.bytes = UInt64(length)
        first = at.first
        context = nil
        headersLeft = line.headers
        payload?.begin()
    }
}
